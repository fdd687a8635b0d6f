//! A call on every kernel, and media that arrives at once between whoever signalled each other.

use hearth_crypto::HashEntropy;
use hearth_ports::{
    VoiceOrder, VoiceSay,
    audio::OwnFrame,
    rtc::{MediaRoute, MediaState, RtcCommand, RtcEvent},
};
use hearth_sim::World;
use hearth_types::PeerKey;
use hearth_voice::{Call, CallConfig, CallId, Input, Output};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

const FRAME_MS: u64 = 20;

pub struct Calls {
    pub w: World,
    calls: BTreeMap<usize, Call>,
    /// Ends that were opened, and those that were signalled to.
    opened: BTreeSet<(usize, usize)>,
    signalled: BTreeSet<(usize, usize)>,
    clock: u32,
    /// Frames opened: listener and talker.
    pub heard: BTreeMap<(usize, usize), u32>,
    count: usize,
}

impl Calls {
    pub fn of(w: World, count: usize) -> Self {
        let (opened, signalled) = (BTreeSet::new(), BTreeSet::new());
        Self { w, calls: BTreeMap::new(), opened, signalled, clock: 0, heard: BTreeMap::new(), count }
    }
    /// Everybody in a call speaks all the time.
    pub fn run(&mut self, ms: u64) {
        for _ in 0..ms / FRAME_MS {
            self.w.run(FRAME_MS);
            self.clock = self.clock.wrapping_add(960);
            for i in 0..self.count {
                for order in self.w.orders(i) {
                    self.order(i, order);
                }
                let frame = OwnFrame { timestamp: self.clock, level: 30, voice: true, opus: vec![i as u8; 60] };
                self.input(i, Input::Own(frame));
            }
        }
    }
    /// Frames of `talker` that `listener` heard in `ms` from now.
    pub fn hears(&mut self, pairs: &[(usize, usize)], ms: u64) -> Vec<u32> {
        self.heard.clear();
        self.run(ms);
        pairs.iter().map(|pair| self.heard.get(pair).copied().unwrap_or(0)).collect()
    }

    fn order(&mut self, i: usize, order: VoiceOrder) {
        match order {
            VoiceOrder::Enter { space, channel, me, .. } => {
                let config = CallConfig {
                    call: CallId::new(space, channel),
                    me: me.into(),
                    key: self.w.keys(i).device,
                    entropy: HashEntropy::new(hearth_crypto::hash(
                        "test",
                        &[&self.w.now_ms().to_be_bytes(), &[i as u8]],
                    )),
                    uplink_kbps: Some(20_000),
                    measured_kbps: None,
                    may_relay: true,
                    relay_only: false,
                };
                self.calls.insert(i, Call::new(config, self.w.now_ms() * 1_000));
            }
            VoiceOrder::Exit { .. } => self.input(i, Input::Leave),
            VoiceOrder::Roster(roster) => {
                self.input(i, Input::Roster(roster.into_iter().map(Into::into).collect()));
            }
            VoiceOrder::Message { peer, device, bytes } => self.input(i, Input::Message { peer, device, bytes }),
            VoiceOrder::Me(_) | VoiceOrder::Plan(_) | VoiceOrder::Ask { .. } => {}
        }
    }
    fn input(&mut self, i: usize, input: Input) {
        let now_us = self.w.now_ms() * 1_000;
        let mut inputs = VecDeque::from([(i, input)]);
        while let Some((i, input)) = inputs.pop_front() {
            let Some(call) = self.calls.get_mut(&i) else { continue };
            call.handle(input, now_us);
            for output in call.drain().collect::<Vec<_>>() {
                match output {
                    Output::Message { peer, bytes } => self.w.say(i, VoiceSay::Message { peer, bytes }),
                    Output::Voice(frame) => {
                        *self.heard.entry((i, usize::from(frame.opus[0]))).or_default() += 1;
                    }
                    Output::Left => {
                        self.calls.remove(&i);
                        self.w.say(i, VoiceSay::Left);
                    }
                    Output::Rtc(command) => self.media(i, command, &mut inputs),
                    _ => {}
                }
            }
        }
    }
    fn media(&mut self, i: usize, command: RtcCommand, inputs: &mut VecDeque<(usize, Input)>) {
        let own = self.w.peer(i);
        let mut tell = |to: usize, event| inputs.push_back((to, Input::Rtc(event)));
        match command {
            RtcCommand::Open { peer, .. } => {
                let way = (i, self.index(&peer));
                self.opened.insert(way);
                self.signalled.remove(&way);
                tell(i, RtcEvent::Signal { peer, bytes: b"fingerprint".to_vec() });
            }
            RtcCommand::Signal { peer, .. } => {
                let to = self.index(&peer);
                self.signalled.insert((i, to));
                if self.is_up(i, to) {
                    let state = MediaState::Connected(MediaRoute::Turn);
                    tell(i, RtcEvent::State { peer, state: state.clone() });
                    tell(to, RtcEvent::State { peer: own, state });
                }
            }
            RtcCommand::Close { peer } => {
                let to = self.index(&peer);
                let was_up = self.is_up(i, to);
                for way in [(i, to), (to, i)].into_iter().take(1 + usize::from(was_up)) {
                    self.opened.remove(&way);
                    self.signalled.remove(&way);
                }
                if was_up {
                    tell(to, RtcEvent::State { peer: own, state: MediaState::Failed("closed".into()) });
                }
            }
            RtcCommand::Send { peers, frame } => {
                for to in peers.iter().map(|peer| self.index(peer)).filter(|to| self.is_up(i, *to)) {
                    tell(to, RtcEvent::Frame { peer: own, frame: frame.clone() });
                }
            }
            RtcCommand::Datagram { peers, bytes } => {
                for to in peers.iter().map(|peer| self.index(peer)).filter(|to| self.is_up(i, *to)) {
                    tell(to, RtcEvent::Datagram { peer: own, bytes: bytes.clone() });
                }
            }
            RtcCommand::Restart { .. } | RtcCommand::Shutdown => {}
        }
    }
    fn is_up(&self, i: usize, j: usize) -> bool {
        [(i, j), (j, i)].iter().all(|way| self.opened.contains(way) && self.signalled.contains(way))
    }
    fn index(&self, peer: &PeerKey) -> usize {
        (0..self.count).find(|i| self.w.peer(*i) == *peer).unwrap()
    }
}
