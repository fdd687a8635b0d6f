//! One peer in one call.

mod agree;
mod control;
mod failover;
mod hear;
mod held;
pub(crate) mod line;
pub(crate) mod outside;
mod paths;
mod roster;
mod speak;
mod tell;

use crate::{
    CallConfig, CallId, Epoch, Input, Member, Output, Role, Topology, Warning, code::safety_code, epoch::Reason,
    forward::Forwarder, keys, limits, links::Links, message::Session,
};
use hearth_crypto::{DeviceKey, Entropy, HashEntropy};
use hearth_ports::{
    audio::Encoding,
    rtc::{MediaRoute, RtcCommand, RtcEvent},
};
use hearth_types::{DeviceId, PeerKey};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The state machine. Feed [`Call::handle`], drain [`Call::drain`], and come back at [`Call::next_wake_us`].
pub struct Call {
    call: CallId,
    me: Member,
    key: DeviceKey,
    entropy: HashEntropy,
    session: Session,
    started_us: u64,
    now: u64,
    ticked_us: u64,
    members: BTreeMap<PeerKey, roster::Peer>,
    /// Who said goodbye, by the stay it ended, until the roster agrees.
    gone: BTreeMap<PeerKey, u64>,
    /// Replay windows of senders that are out, should they come back in the same stay.
    past: BTreeMap<DeviceId, (Session, crate::replay::ReplayWindow)>,
    links: Links,
    agreed: agree::Agreement,
    forwarder: Forwarder,
    send: keys::SendKeys,
    receive: keys::ReceiveKeys,
    hearing: BTreeMap<DeviceId, hear::Hearing>,
    early: VecDeque<hear::Early>,
    own: speak::OwnState,
    line: line::OwnLine,
    told: tell::Told,
    leaving_us: Option<u64>,
    left: bool,
    out: VecDeque<Output>,
}

impl Call {
    /// Goes into a call. Nobody is known before the first [`Input::Roster`].
    pub fn new(config: CallConfig, now_us: u64) -> Self {
        let CallConfig { call, me, key, mut entropy, uplink_kbps, measured_kbps, may_relay, relay_only } = config;
        let session: Session = entropy.array();
        let stagger = (u64::from(u16::from_be_bytes([session[0], session[1]])) * limits::PROBE_SETTLE_US) >> 16;
        let probe_us = now_us + limits::PROBE_SETTLE_US + stagger;
        let send = keys::SendKeys::new(keys::device_tag(call, me.device), &mut entropy, now_us);
        Self {
            call,
            me,
            key,
            entropy,
            session,
            started_us: now_us,
            now: now_us,
            ticked_us: now_us,
            members: BTreeMap::new(),
            gone: BTreeMap::new(),
            past: BTreeMap::new(),
            links: Links::default(),
            agreed: agree::Agreement::default(),
            forwarder: Forwarder::default(),
            send,
            receive: keys::ReceiveKeys::default(),
            hearing: BTreeMap::new(),
            early: VecDeque::new(),
            own: speak::OwnState::new(may_relay, relay_only, me.server_muted),
            line: line::OwnLine::new(uplink_kbps, measured_kbps, probe_us),
            told: tell::Told::default(),
            leaving_us: None,
            left: false,
            out: VecDeque::new(),
        }
    }

    /// Takes one input. Time never goes back; an earlier one counts as the last.
    pub fn handle(&mut self, input: Input, now_us: u64) {
        self.now = self.now.max(now_us);
        if self.left {
            return;
        }
        match input {
            Input::Roster(members) => self.roster(members),
            Input::Message { peer, device, bytes } => self.message(peer, device, &bytes),
            Input::Rtc(event) => self.rtc(event),
            Input::Own(frame) => self.own_frame(&frame),
            Input::Sealed(sealed) => self.sealed_outside(&sealed),
            Input::Mute(on) => self.own.muted = on,
            Input::Deafen(on) => self.own.deafened = on,
            Input::Allowed { speak, prioritise } => self.allowed(speak, prioritise),
            Input::Priority(on) => self.set_priority(on),
            Input::Whisper(to) => self.set_whisper(to),
            Input::Position(position) => self.own.position = position,
            Input::Uplink { kbps, may_relay } => {
                self.line.say(kbps);
                self.own.may_relay = may_relay;
            }
            Input::NetworkChanged => {
                self.line.forget(self.now + limits::PROBE_SETTLE_US);
                self.links.restart(&mut self.out);
            }
            Input::Leave => self.leave(),
            Input::Tick => {}
        }
        self.tend_line();
        if self.now >= self.ticked_us + limits::TICK_US {
            self.tick();
        }
    }

    /// What is to be done, in order.
    pub fn drain(&mut self) -> impl Iterator<Item = Output> + use<> {
        std::mem::take(&mut self.out).into_iter()
    }

    /// When to call [`Self::handle`] with [`Input::Tick`] at the latest; nothing once out.
    pub fn next_wake_us(&self) -> Option<u64> {
        let tick = self.ticked_us + limits::TICK_US;
        (!self.left).then(|| self.line.wake_us().map_or(tick, |due| due.min(tick)))
    }

    /// How the call runs.
    pub fn topology(&self) -> Topology {
        let epoch = self.agreed.epoch.as_ref();
        Topology {
            epoch: epoch.map_or(0, |e| e.n),
            relay: epoch.and_then(|e| e.relay),
            backup: epoch.and_then(|e| e.backup),
            reason: epoch.map_or(Reason::Start, |e| e.reason),
        }
    }

    /// Thirty digits, equal at everybody who sees the same people.
    pub fn safety_code(&self) -> String {
        let mut devices: BTreeSet<_> = self.talkers().map(|p| p.m.device).collect();
        if self.me.role == Role::Talker {
            devices.insert(self.me.device);
        }
        safety_code(self.call, &devices)
    }

    /// The media route to a peer, if there is a link.
    pub fn route(&self, peer: &PeerKey) -> Option<MediaRoute> {
        self.links.route(peer)
    }

    /// Whether what was lately heard of a device is signed by it.
    pub fn is_proven(&self, device: &DeviceId) -> bool {
        self.hearing.get(device).is_some_and(|h| h.proven)
    }

    /// Whether a device's key is held.
    pub fn has_key_of(&self, device: &DeviceId) -> bool {
        self.receive.has(device)
    }

    /// How one should encode now.
    pub fn advice(&self) -> Option<Encoding> {
        self.told.advice
    }

    /// The agreement in force, if any was made.
    pub fn epoch(&self) -> Option<&Epoch> {
        self.agreed.epoch.as_ref()
    }

    fn rtc(&mut self, event: RtcEvent) {
        match event {
            RtcEvent::Signal { peer, bytes } => self.own_signal(peer, bytes),
            RtcEvent::State { peer, state } => {
                self.links.state(peer, state, self.now);
                self.tend_links();
            }
            RtcEvent::Frame { peer, frame } => self.frame(peer, frame),
            RtcEvent::Datagram { peer, bytes } => self.datagram(peer, &bytes),
            RtcEvent::Stats { peer, rtt_ms, received, lost } => self.links.stats(&peer, rtt_ms, received, lost),
        }
    }

    fn tick(&mut self) {
        self.ticked_us = self.now;
        self.greet_again();
        self.tend_keys();
        self.failover();
        self.consider();
        self.tend_links();
        self.tend_transition();
        self.heartbeat();
        self.prove();
        self.report();
        self.consider_line();
        self.tend_hearing();
        self.tend_leave();
    }

    fn leave(&mut self) {
        if self.leaving_us.is_none() {
            self.leaving_us = Some(self.now);
            self.hand_over();
            self.tend_leave();
        }
    }

    fn tend_leave(&mut self) {
        let Some(since) = self.leaving_us else { return };
        let passed = self.now - since;
        let in_use = self.agreed.forwarded_us + limits::OVERLAP_US > self.now && passed < limits::LEAVE_MAX_US;
        if self.agreed.ex_relay_until > self.now && (passed < limits::LEAVE_MIN_US || in_use) {
            return;
        }
        self.say_to_all(&crate::CallMessage::Bye);
        for peer in self.links.peers() {
            self.links.close(&peer, &mut self.out);
        }
        self.out.push_back(Output::Left);
        self.left = true;
    }

    fn warn(&mut self, warning: Warning) {
        self.told.warn(warning, self.now, &mut self.out);
    }

    fn command(&mut self, command: RtcCommand) {
        if let RtcCommand::Send { peers, frame } = &command {
            self.line.sends(peers.len(), frame.payload.len());
        }
        self.out.push_back(Output::Rtc(command));
    }
}
