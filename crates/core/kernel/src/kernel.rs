//! The kernel's state and its one entrance.

use crate::{
    Incoming,
    dialer::Dialer,
    join::Joining,
    reader::{OpenWindow, ReadJob},
    space::Space,
};
use hearth_crypto::{AgreementKey, DeviceKey, Entropy, HashEntropy, RecoverySeed};
use hearth_ports::{
    Direction, IdentityView, NetCommand, NetEvent, NodeCommand, NodeError, NodeEvent, NodeReply, Presence, Route,
    StoreFault, StoreReply, StoreRequest, VoiceMemberView, VoiceOrder, VoiceSay,
};
use hearth_types::{Certificate, PeerKey, Playing, SpaceId, UserId};
use hearth_wire::CheckedEntry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The secrets a kernel speaks with.
pub struct KernelKeys {
    /// Makes the root key, which certifies the device.
    pub seed: RecoverySeed,
    /// Signs entries.
    pub device: DeviceKey,
    /// Opens what is sealed to this device.
    pub agreement: AgreementKey,
    /// Transport key, as the network knows this node.
    pub peer: PeerKey,
}

/// What goes in.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "inputs are taken one at a time and never stored in numbers")]
pub enum Input {
    /// A driver's wish.
    Command { request: u64, command: NodeCommand },
    /// A frame of a link, parsed and checked.
    Incoming { link: PeerKey, incoming: Incoming },
    /// Anything else of the network. `NetEvent::Frame` is parsed on the spot.
    Net(NetEvent),
    /// An answer of the disk.
    Store(StoreReply),
    /// A wish of the voice engine.
    Voice(VoiceSay),
    /// Events were dropped because the reader is slow: tell everything again.
    Resync,
    /// Time has passed.
    Tick,
}

/// What comes out.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// To the network.
    Net(NetCommand),
    /// To the disk.
    Store(StoreRequest),
    /// To the voice engine.
    Voice(VoiceOrder),
    /// To the driver.
    Event(NodeEvent),
}

/// The peer.
pub struct Kernel {
    pub(crate) keys: KernelKeys,
    pub(crate) certificate: Certificate,
    pub(crate) user: UserId,
    pub(crate) me: IdentityView,
    pub(crate) entropy: HashEntropy,
    /// The computer's clock at this input.
    pub(crate) wall: u64,
    /// The same, corrected by what the members agree on.
    pub(crate) now: u64,
    pub(crate) clock_off_ms: i64,
    /// How far each member's clock is ahead of this one's.
    pub(crate) clocks: BTreeMap<UserId, i64>,
    pub(crate) started_ms: u64,
    /// When a member was last linked.
    pub(crate) alone_since_ms: u64,
    pub(crate) spaces: BTreeMap<SpaceId, Space>,
    pub(crate) links: BTreeMap<PeerKey, Link>,
    pub(crate) topics: BTreeMap<String, SpaceId>,
    pub(crate) pending: BTreeMap<u64, Pending>,
    pub(crate) next_token: u64,
    pub(crate) next_request: u32,
    pub(crate) timers: BTreeSet<(u64, Timer)>,
    pub(crate) joins: Vec<Joining>,
    pub(crate) windows: BTreeMap<u32, OpenWindow>,
    pub(crate) read_jobs: Vec<ReadJob>,
    pub(crate) dialer: Dialer,
    pub(crate) listening: BTreeSet<String>,
    pub(crate) presence: Presence,
    pub(crate) notice_counter: u64,
    pub(crate) told_presence: BTreeMap<UserId, (Presence, Option<Playing>)>,
    /// What one plays.
    pub(crate) playing: Option<Playing>,
    /// Until when somebody may believe that one plays.
    pub(crate) played_until_ms: u64,
    /// The voice room one is in.
    pub(crate) voice: Option<crate::voice::OwnVoice>,
    /// While in no room, this node passes on the voices of large ones.
    pub(crate) lends: bool,
    /// Where one sits, in whichever voice room; centimetres.
    pub(crate) seat: Option<[i16; 2]>,
    /// The room that the voice engine is on its way out of: what it says there still goes.
    pub(crate) voice_leaving: Option<crate::voice::OwnVoice>,
    /// What was passed on between others.
    pub(crate) passed: crate::third::PassCount,
    pub(crate) told_voice: BTreeMap<(SpaceId, UserId), VoiceMemberView>,
    pub(crate) told_net: Option<hearth_ports::NetStatus>,
    pub(crate) told_warnings: BTreeMap<&'static str, u64>,
    pub(crate) fetched: Vec<hearth_types::EntryRow>,
    pub(crate) dirty: BTreeSet<crate::admit::Dirty>,
    pub(crate) invite_secrets: BTreeMap<hearth_types::EntryId, hearth_crypto::InviteSecret>,
    /// Devices that answered a knock, by link and space.
    pub(crate) doors: BTreeMap<(PeerKey, SpaceId), hearth_types::DeviceId>,
    /// Spaces whose epochs changed.
    pub(crate) epoch_news: Vec<SpaceId>,
    pub(crate) ready_told: bool,
    pub(crate) stopping: bool,
    pub(crate) out: VecDeque<Output>,
}

/// One link, whatever is proven on it.
pub(crate) struct Link {
    pub direction: Direction,
    pub address: String,
    pub route: Route,
    pub rtt_ms: Option<u32>,
    pub own_nonce: [u8; 32],
    pub their_nonce: Option<[u8; 32]>,
    pub addresses: Vec<String>,
    pub up_since_ms: u64,
    /// Requests of the peer being served.
    pub serving: usize,
    pub faults: u32,
    /// Entries pushed by it where it was not proven.
    pub pushed: usize,
    /// Costly frames since `costly_since_ms`.
    pub costly: u32,
    pub costly_since_ms: u64,
    /// It knows what to do with frames of others that are passed on.
    pub passes: bool,
    /// What of it was passed on to others, and what of others to it.
    pub passed_from: crate::third::PassCount,
    pub passed_to: crate::third::PassCount,
}

/// What an answer of the disk continues.
pub(crate) enum Pending {
    Own {
        space: SpaceId,
        entries: Vec<CheckedEntry>,
        then: Then,
    },
    Fetched,
    /// A first step of founding or joining; when it fails, the whole does.
    Setup {
        space: SpaceId,
    },
    Value {
        request: u64,
        reply: NodeReply,
    },
    Recheck {
        space: SpaceId,
    },
    Day {
        space: SpaceId,
        channel: hearth_types::ChannelId,
        day: hearth_types::Day,
    },
    Find {
        request: u64,
        what: crate::commands::Found,
    },
    Serve(crate::serve::Serving),
    Reconcile {
        link: PeerKey,
        space: SpaceId,
        request: u32,
    },
}

/// What follows once own entries are on disk.
pub(crate) enum Then {
    Nothing,
    Reply { request: u64, reply: NodeReply },
    Created { request: u64 },
    Left { request: u64 },
    Welcome { link: PeerKey, device: hearth_types::DeviceId },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// Compare heads with everybody.
    Heads,
    /// Compare heads of one space soon, after own entries.
    SoonHeads(SpaceId),
    /// A request on a link is overdue.
    Pull(PeerKey, SpaceId),
    /// Days were left to another link: see whether it brought them.
    PullAgain(PeerKey, SpaceId),
    Presence,
    /// Somebody's word may have run out.
    PresenceEnds,
    /// Say again where one's voice is.
    Voice,
    /// Somebody's word about a voice room may have run out.
    VoiceEnds,
    /// A call should have ended.
    VoiceLeft,
    /// Ways to members of the call by third ones.
    Ways,
    Dial,
    Join,
    Sweep,
    /// Nobody was reachable for a while: say so.
    Alone,
    Ready,
}

impl Kernel {
    /// Takes one input at `now_ms` (Unix milliseconds of the wall clock) and works it off. Drain the outputs afterwards.
    pub fn handle(&mut self, input: Input, now_ms: u64) {
        // Also a correction of the clock may set it back, and what is timed has to follow.
        let now = now_ms.saturating_add_signed(self.clock_off_ms);
        if now < self.now {
            self.clock_went_back(self.now - now);
        }
        self.wall = now_ms;
        self.now = now;
        match input {
            Input::Command { request, command } => self.command(request, command),
            Input::Incoming { link, incoming } => self.incoming(link, incoming),
            Input::Net(event) => self.net_event(event),
            Input::Store(reply) => self.store_reply(reply),
            Input::Voice(say) => self.voice_say(say),
            Input::Resync => {
                self.warn_once("events_dropped", "This window fell behind and was brought up to date.");
                self.snapshot();
            }
            Input::Tick => {}
        }
        self.run_timers();
        self.settle();
        self.tell_net();
    }

    /// Everything to be done since the last call, in order.
    pub fn drain(&mut self) -> impl Iterator<Item = Output> + '_ {
        self.out.drain(..)
    }

    /// When to call with [`Input::Tick`] at the latest, in Unix milliseconds.
    pub fn next_wake_ms(&self) -> Option<u64> {
        self.timers.first().map(|(at, _)| at.saturating_add_signed(-self.clock_off_ms))
    }

    /// Whether the node should end once the outputs are drained.
    pub fn is_stopping(&self) -> bool {
        self.stopping
    }

    /// Whose kernel this is.
    pub fn user(&self) -> UserId {
        self.user
    }

    fn net_event(&mut self, event: NetEvent) {
        match event {
            NetEvent::Frame { link, frame } => self.incoming(link, Incoming::parse(&frame)),
            NetEvent::LinkUp { link, direction, address, route } => self.link_up(link, direction, address, route),
            NetEvent::LinkDown { link } => self.link_down(link),
            NetEvent::Gossip { topic, from, payload, token } => self.gossip(&topic, from, &payload, token),
            NetEvent::Discovered { peer, addresses } => self.discovered(peer, addresses),
            NetEvent::PeerAddresses { link, addresses } => self.peer_addresses(link, addresses),
            NetEvent::DialFailed { peer, .. } => self.dial_failed(peer),
            NetEvent::Rtt { link, rtt_ms } => {
                if let Some(l) = self.links.get_mut(&link) {
                    l.rtt_ms = Some(rtt_ms);
                }
            }
            NetEvent::Listening { address } => {
                self.listening.insert(address);
                // A moment later, so that the other addresses are named too.
                self.reset_timer(Timer::Ready, 120);
            }
            NetEvent::ListenEnded { address } => {
                self.listening.remove(&address);
            }
            NetEvent::Trouble { code, why } => self.event(NodeEvent::Warning { code, message: why }),
        }
    }

    fn store_reply(&mut self, reply: StoreReply) {
        match reply {
            StoreReply::Started(_) => {}
            StoreReply::Notice(message) => self.event(NodeEvent::Warning { code: "store", message }),
            StoreReply::Stored { token, .. } => match self.pending.remove(&token) {
                Some(Pending::Own { space, entries, then }) => self.own_stored(space, entries, then),
                Some(Pending::Value { request, reply }) => self.reply(request, Ok(reply)),
                _ => {}
            },
            StoreReply::Rows { token, rows, more } => match self.pending.remove(&token) {
                Some(Pending::Day { space, channel, day }) => self.day_loaded(space, channel, day, rows),
                Some(Pending::Find { request, what }) => self.found(request, what, rows),
                Some(Pending::Recheck { space }) => self.recheck(space, rows),
                Some(Pending::Serve(serving)) => self.serve_rows(serving, rows, more),
                _ => {}
            },
            StoreReply::Ids { token, ids } => match self.pending.remove(&token) {
                Some(Pending::Serve(serving)) => self.serve_ids(serving, ids),
                Some(Pending::Reconcile { link, space, request }) => self.reconcile_ids(link, space, request, ids),
                _ => {}
            },
            StoreReply::Failed { token, fault } => self.store_failed(token, fault),
        }
    }

    fn store_failed(&mut self, token: u64, fault: StoreFault) {
        let error = disk_error(&fault);
        match self.pending.remove(&token) {
            Some(Pending::Own { space, then, .. }) => {
                if let Some(s) = self.spaces.get_mut(&space) {
                    s.own.rewind();
                }
                match then {
                    Then::Reply { request, .. } | Then::Left { request } => self.reply(request, Err(error)),
                    Then::Created { request } => {
                        self.forget_space(space);
                        self.reply(request, Err(error));
                    }
                    Then::Nothing | Then::Welcome { .. } => {
                        self.event(NodeEvent::Warning { code: error.code.as_str(), message: error.message })
                    }
                }
            }
            Some(Pending::Value { request, .. } | Pending::Find { request, .. }) => self.reply(request, Err(error)),
            Some(Pending::Fetched) => self.warn_once(error.code.as_str(), &error.message),
            Some(Pending::Setup { space }) => {
                self.warn_once(error.code.as_str(), &error.message);
                self.fail_join(space, error);
            }
            Some(Pending::Day { space, channel, day }) => self.day_loaded(space, channel, day, Vec::new()),
            Some(Pending::Serve(serving)) => self.decline(&serving),
            Some(Pending::Reconcile { link, space, .. }) => self.drop_pull(link, space),
            Some(Pending::Recheck { .. }) | None => {}
        }
    }

    fn run_timers(&mut self) {
        while let Some(&(at, timer)) = self.timers.first()
            && at <= self.now
        {
            self.timers.pop_first();
            match timer {
                Timer::Heads => self.all_heads(),
                Timer::SoonHeads(space) => self.tell_heads(space),
                Timer::Pull(link, space) => self.pull_overdue(link, space),
                Timer::PullAgain(link, space) => self.pull_again(link, space),
                Timer::Presence => self.presence_due(),
                Timer::PresenceEnds => self.presence_ends(),
                Timer::Voice => self.publish_voice(),
                Timer::VoiceEnds => self.voice_ends(),
                Timer::VoiceLeft => self.voice_left(),
                Timer::Ways => self.ways_due(),
                Timer::Dial => self.dial_due(),
                Timer::Join => self.joins_due(),
                Timer::Sweep => self.sweep(),
                Timer::Alone => {}
                Timer::Ready => self.announce_ready(),
            }
        }
    }

    /// The clock was set back: what was to happen in a second still happens in a second.
    fn clock_went_back(&mut self, back: u64) {
        self.timers = self.timers.iter().map(|(at, timer)| (at.saturating_sub(back), *timer)).collect();
        for link in self.spaces.values_mut().flat_map(|s| s.links.values_mut()) {
            link.told_ms = link.told_ms.saturating_sub(back);
        }
        for link in self.links.values_mut() {
            link.up_since_ms = link.up_since_ms.saturating_sub(back);
            for since in [&mut link.costly_since_ms, &mut link.passed_from.since_ms, &mut link.passed_to.since_ms] {
                *since = since.saturating_sub(back);
            }
        }
        self.passed.since_ms = self.passed.since_ms.saturating_sub(back);
        for own in self.voice.iter_mut().chain(&mut self.voice_leaving) {
            own.ways.went_back(back);
        }
        self.alone_since_ms = self.alone_since_ms.saturating_sub(back);
        self.joins_went_back(back);
        self.dialer.went_back(back);
        self.told_warnings.clear();
    }

    /// Sets a timer; an earlier one of the same kind stays, a later one is brought forward.
    pub(crate) fn set_timer(&mut self, timer: Timer, in_ms: u64) {
        let at = self.now + in_ms;
        if !self.timers.iter().any(|(set, t)| *t == timer && *set <= at) {
            self.reset_timer(timer, in_ms);
        }
    }
    /// Moves a timer.
    pub(crate) fn reset_timer(&mut self, timer: Timer, in_ms: u64) {
        self.timers.retain(|(_, t)| *t != timer);
        self.timers.insert((self.now + in_ms, timer));
    }
    pub(crate) fn token(&mut self, pending: Pending) -> u64 {
        self.next_token += 1;
        self.pending.insert(self.next_token, pending);
        self.next_token
    }
    pub(crate) fn net(&mut self, command: NetCommand) {
        self.out.push_back(Output::Net(command));
    }
    pub(crate) fn store(&mut self, request: StoreRequest) {
        self.out.push_back(Output::Store(request));
    }
    pub(crate) fn event(&mut self, event: NodeEvent) {
        self.out.push_back(Output::Event(event));
    }
    pub(crate) fn reply(&mut self, request: u64, result: Result<NodeReply, NodeError>) {
        self.event(NodeEvent::Reply { request, result });
    }
    pub(crate) fn send(&mut self, link: PeerKey, frame: &hearth_wire::Frame) {
        use hearth_wire::cbor::Codec;
        let frame = frame.to_bytes();
        self.net(NetCommand::Send { link, frame });
    }
    /// Warns at most once a minute for each code.
    pub(crate) fn warn_once(&mut self, code: &'static str, message: &str) {
        let quiet = self.told_warnings.get(code).is_some_and(|at| self.now < at + 60_000);
        if !quiet {
            self.told_warnings.insert(code, self.now);
            self.event(NodeEvent::Warning { code, message: message.to_owned() });
        }
    }
    /// A number below `below`, for jitter.
    pub(crate) fn jitter(&mut self, below: u64) -> u64 {
        u64::from_be_bytes(self.entropy.array()) % below.max(1)
    }
}

/// A disk fault in plain words.
pub(crate) fn disk_error(fault: &StoreFault) -> NodeError {
    use hearth_ports::ErrorCode;
    match fault {
        StoreFault::Full => NodeError::new(
            ErrorCode::DiskFull,
            "The disk is full, so this was not saved. Free some space and try again.",
        ),
        StoreFault::Failed(why) => NodeError::new(ErrorCode::Disk, format!("This could not be saved: {why}")),
    }
}
