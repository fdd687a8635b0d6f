//! A call in a room of three, and others around it: any inputs in any order. After each it must be bounded, must tell
//! nothing to anybody outside, and must open nothing of theirs.

use crate::lives::Seen;
use crate::people::{self, CALL, Cursor, Known, PEOPLE};
use hearth_crypto::{DeviceKey, HashEntropy, Secret32};
use hearth_ports::{
    audio::OwnFrame,
    rtc::{MediaRoute, MediaState, RtcCommand, RtcEvent},
};
use hearth_types::{DeviceId, PeerKey};
use hearth_voice::{
    Call, CallConfig, CallMessage, Datagram, Input, Member, Output, Role, keys::KeyId, limits, seal::Sealer,
};
use hearth_wire::cbor::Codec;
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of one operation.
pub const OP: usize = 12;
/// Bytes before the first.
pub const HEAD: usize = 2;
/// Operations of an input, and with those that are repeated.
const OPS: usize = 150;
const TURNS: usize = 500;

// What an operation begins with.
pub const TIME: u8 = 0;
pub const ROSTER: u8 = 1;
pub const MESSAGE: u8 = 2;
pub const FRAME: u8 = 3;
pub const DATAGRAM: u8 = 4;
pub const STATE: u8 = 5;
pub const STATS: u8 = 6;
pub const SIGNAL: u8 = 7;
pub const OWN: u8 = 8;
pub const SEALED: u8 = 9;
pub const WISH: u8 = 10;
pub const REPEAT: u8 = 11;
pub const LEAVE: u8 = 12;

struct Room {
    call: Call,
    seen: Seen,
    me: Member,
    now: u64,
    known: Known,
    /// Who is in the room, as the call should see it, by peer.
    inside: BTreeMap<PeerKey, Member>,
    gone: BTreeMap<PeerKey, u64>,
    /// Whose key came since they are inside.
    given: BTreeSet<DeviceId>,
    /// Who ever signed for frames.
    signed: BTreeSet<DeviceId>,
    whisper: Option<BTreeSet<DeviceId>>,
    muted: bool,
    deafened: bool,
    silenced: bool,
    left: bool,
}

/// Runs all operations of an input.
pub fn run(bytes: &[u8]) -> Seen {
    let Some((&[flags, kbps], ops)) = bytes.split_first_chunk::<HEAD>() else { return Seen::default() };
    let mut room = Room::new(flags, kbps);
    let mut turns = 0;
    let mut before: &[u8] = &[];
    for op in ops.chunks(OP).take(OPS) {
        let (times, op) = match (op[0] % 13, op.get(1)) {
            (REPEAT, times) => (usize::from(times.copied().unwrap_or(0)), before),
            _ => (1, op),
        };
        for turn in 0..times {
            turns += 1;
            if turns > TURNS {
                return room.seen;
            }
            room.op(&mut Cursor::new(op, turn as u64));
        }
        before = op;
    }
    room.seen
}

impl Room {
    fn new(flags: u8, kbps: u8) -> Self {
        let role = if flags & 1 == 1 { Role::Volunteer } else { Role::Talker };
        let me = Member { role, server_muted: flags & 2 == 2, ..people::member(0, 1) };
        let config = CallConfig {
            call: CALL,
            me,
            key: DeviceKey::from_seed(&Secret32::new([1; 32])),
            entropy: HashEntropy::new([flags; 32]),
            uplink_kbps: (kbps > 0).then(|| u32::from(kbps) * 100),
            measured_kbps: None,
            may_relay: flags & 4 == 0,
            relay_only: flags & 8 == 8,
        };
        assert!(config.key.id() == people::device(0));
        Self {
            call: Call::new(config, 0),
            seen: Seen::default(),
            me,
            now: 0,
            known: Known::default(),
            inside: BTreeMap::new(),
            gone: BTreeMap::new(),
            given: BTreeSet::new(),
            signed: BTreeSet::new(),
            whisper: None,
            muted: false,
            deafened: false,
            silenced: me.server_muted,
            left: false,
        }
    }

    fn op(&mut self, c: &mut Cursor<'_>) {
        match c.byte() % 13 {
            TIME => self.time(c),
            ROSTER => self.roster(c),
            MESSAGE => self.message(c),
            FRAME => {
                let n = c.below(PEOPLE);
                let frame = self.known.frame(n, c);
                self.from(n, Input::Rtc(RtcEvent::Frame { peer: people::peer(n), frame }));
            }
            DATAGRAM => {
                let n = c.below(PEOPLE);
                let bytes = self.known.datagram(n, c);
                if let Ok(Datagram::Proof(proof)) = Datagram::from_bytes(&bytes) {
                    self.signed.extend(proof.holds(CALL).then_some(proof.device));
                }
                self.from(n, Input::Rtc(RtcEvent::Datagram { peer: people::peer(n), bytes }));
            }
            STATE => {
                let peer = people::peer(c.below(PEOPLE));
                let state = match c.byte() % 6 {
                    0 | 1 => MediaState::Connected(MediaRoute::Lan),
                    2 => MediaState::Connected(MediaRoute::Turn),
                    3 => MediaState::Connecting,
                    4 => MediaState::Interrupted,
                    _ => MediaState::Failed(String::new()),
                };
                self.input(Input::Rtc(RtcEvent::State { peer, state }));
            }
            STATS => {
                let (peer, rtt_ms) = (people::peer(c.below(PEOPLE)), c.number() as u32);
                let (received, lost) = (c.number(), c.number());
                self.input(Input::Rtc(RtcEvent::Stats { peer, rtt_ms, received, lost }));
            }
            SIGNAL => {
                let (peer, bytes) = (people::peer(c.below(PEOPLE)), vec![c.byte(); c.below(256)]);
                self.input(Input::Rtc(RtcEvent::Signal { peer, bytes }));
            }
            OWN => {
                let (timestamp, level, voice) = (c.number() as u32, c.byte(), c.flag());
                let opus = vec![0; [60, 1, 0, limits::OPUS_BYTES, limits::OPUS_BYTES + 1][c.below(5)]];
                self.input(Input::Own(OwnFrame { timestamp, level, voice, opus }));
            }
            SEALED => {
                let (lent, counter) = self.call.lend_sealing();
                let counter = if c.flag() { c.number() } else { counter };
                let sealed = Sealer::new(lent.id, &lent.secret).and_then(|s| s.seal(counter, &[c.byte(); 60]));
                self.input(Input::Sealed(sealed.unwrap_or_default()));
            }
            WISH => self.wish(c),
            LEAVE => self.input(Input::Leave),
            _ => {}
        }
    }

    fn time(&mut self, c: &mut Cursor<'_>) {
        const STEPS: [u64; 16] = [
            20_000,
            0,
            1,
            19_999,
            50_000,
            100_000,
            300_000,
            400_000,
            500_000,
            1_000_000,
            2_500_000,
            5_000_000,
            10_000_000,
            15_000_000,
            60_000_000,
            3_600_000_000,
        ];
        let how = c.byte();
        for _ in 0..=how >> 4 {
            let step = STEPS[usize::from(how & 15)];
            self.now += step;
            // Time that stands still goes back at times.
            self.call.handle(Input::Tick, if step == 0 { self.now / 2 } else { self.now });
            self.settle();
        }
        let next = self.call.next_wake_us();
        assert!(next.is_none() == self.left && next.is_none_or(|at| at > self.now), "woken for nothing");
    }

    fn roster(&mut self, c: &mut Cursor<'_>) {
        let here = u16::from_le_bytes([c.byte(), c.byte()]);
        let (volunteers, unlinked, silenced, other) = (c.byte(), c.byte(), c.byte(), c.byte());
        let since_ms = u64::from(c.byte());
        let flag = |mask: u8, n: usize| n < 8 && mask >> n & 1 == 1;
        let mut members: Vec<_> = (0..PEOPLE)
            .filter(|n| here >> n & 1 == 1)
            .map(|n| Member {
                role: if flag(volunteers, n) { Role::Volunteer } else { Role::Talker },
                linked: !flag(unlinked, n),
                server_muted: flag(silenced, n),
                deafened: other & 2 == 2,
                may_prioritise: other & 4 == 0,
                // Somebody under another's device.
                device: people::device(if n == 3 && other & 1 == 1 { 1 } else { n }),
                ..people::member(n, since_ms)
            })
            .collect();
        if other & 8 == 8 {
            members.reverse();
        }
        self.gone.retain(|peer, since| members.iter().any(|m| m.peer == *peer && m.since_ms == *since));
        let mut devices = BTreeSet::from([self.me.device]);
        let mut inside = BTreeMap::new();
        for m in &members {
            let gone = self.gone.get(&m.peer) == Some(&m.since_ms);
            if !gone && m.peer != self.me.peer && devices.insert(m.device) {
                inside.insert(m.peer, *m);
            }
        }
        let stays = |m: &Member| {
            inside.get(&m.peer).is_some_and(|n| (n.device, n.role, n.since_ms) == (m.device, m.role, m.since_ms))
        };
        for m in self.inside.values().filter(|m| !stays(m)) {
            self.given.remove(&m.device);
        }
        if !self.left {
            self.inside = inside;
        }
        self.input(Input::Roster(members));
    }

    fn message(&mut self, c: &mut Cursor<'_>) {
        let n = c.below(PEOPLE);
        let bytes = self.known.message(n, c);
        let peer = people::peer(n);
        let device = self.inside.get(&peer).filter(|_| c.byte() < 250).map_or(people::device(n), |m| m.device);
        let message = CallMessage::from_bytes(&bytes);
        if message.as_ref().is_ok_and(|m| self.known.is_key_of(device, m)) {
            self.given.insert(device);
        }
        if let Ok(CallMessage::Proof(proof)) = &message {
            self.signed.extend(proof.holds(CALL).then_some(proof.device));
        }
        let input = Input::Message { peer, device, bytes };
        let Some(m) = self.inside.get(&peer).copied().filter(|m| m.device == device) else {
            return self.foreign(input);
        };
        self.call.handle(input, self.now);
        // A goodbye counts unless there were too many messages before.
        if message == Ok(CallMessage::Bye) && self.call.held()[0].1 < self.inside.len() {
            self.inside.remove(&peer);
            self.gone.insert(peer, m.since_ms);
            self.given.remove(&device);
        }
        self.settle();
    }

    fn wish(&mut self, c: &mut Cursor<'_>) {
        let (kind, on, mask) = (c.byte() % 9, c.flag(), c.byte());
        let input = match kind {
            0 => {
                self.muted = on;
                Input::Mute(on)
            }
            1 => {
                self.deafened = on;
                Input::Deafen(on)
            }
            2 => {
                self.silenced = !on;
                Input::Allowed { speak: on, prioritise: mask & 1 == 0 }
            }
            3 => Input::Priority(on),
            4 | 5 => {
                let some = (0..8).filter(|n| mask >> n & 1 == 1).map(people::device).collect();
                self.whisper = on.then_some(some);
                Input::Whisper(self.whisper.clone())
            }
            6 => Input::Position(on.then_some([i16::from(mask), i16::MIN])),
            7 => Input::Uplink { kbps: u32::from(mask) << (mask % 25), may_relay: on },
            _ => Input::NetworkChanged,
        };
        self.input(input);
    }

    /// An input by way of somebody, inside or not.
    fn from(&mut self, n: usize, input: Input) {
        if self.inside.contains_key(&people::peer(n)) { self.input(input) } else { self.foreign(input) }
    }

    /// Whatever somebody outside sends, nothing follows.
    fn foreign(&mut self, input: Input) {
        self.call.handle(input, self.now);
        assert!(self.call.drain().next().is_none(), "somebody outside was answered");
        self.settle();
    }

    fn input(&mut self, input: Input) {
        let own = matches!(input, Input::Own(_));
        self.call.handle(input, self.now);
        let silent = self.muted || self.deafened || self.silenced || self.me.role == Role::Volunteer;
        if own && silent {
            let sent = self.call.drain().any(|o| matches!(o, Output::Rtc(RtcCommand::Send { .. })));
            assert!(!sent, "one was heard against one's will or right");
        }
        self.settle();
    }

    fn settle(&mut self) {
        let out: Vec<_> = self.call.drain().collect();
        assert!(!self.left || out.is_empty(), "words after the last");
        assert!(out.len() <= 300 + 40 * self.inside.len(), "{} outputs of one input", out.len());
        self.left |= out.contains(&Output::Left);
        for output in out {
            self.output(output);
        }
        for (name, count, bound) in self.call.held() {
            assert!(count <= bound, "{count} {name}, at most {bound}");
        }
        if self.left {
            return;
        }
        assert!(self.call.held()[0].1 == self.inside.len(), "another room than the roster says");
        let talkers: BTreeSet<_> = self.inside.values().filter(|m| m.role == Role::Talker).map(|m| m.device).collect();
        for lent in self.call.lend_opening() {
            assert!(self.me.role == Role::Talker && talkers.contains(&lent.device), "a key of somebody outside");
            assert!(self.given.contains(&lent.device), "a key from before");
        }
        let epoch = self.call.epoch().copied();
        assert!(epoch == self.known.epoch || epoch.is_some_and(|e| e.holds(CALL)), "an agreement that nobody signed");
        self.known.epoch = epoch;
    }

    fn output(&mut self, output: Output) {
        let is_inside = |p: &PeerKey| self.inside.contains_key(p);
        let is_inside_device = |d| self.inside.values().any(|m| m.device == d);
        match output {
            Output::Message { peer, bytes } => {
                let to = self.inside.get(&peer).expect("only who is inside is told anything");
                assert!(to.linked, "to somebody without a link");
                match CallMessage::from_bytes(&bytes).expect("own words can be read") {
                    CallMessage::Hello { session, .. } => self.known.session = Some(session),
                    CallMessage::Key { id, .. } => {
                        assert!(to.role == Role::Talker && self.me.role == Role::Talker, "a key for a volunteer");
                        let whisper = KeyId::from_u64(id).is_none_or(|id| id.whisper);
                        let meant = self.whisper.as_ref().is_some_and(|w| w.contains(&to.device));
                        assert!(!whisper || meant, "a whisper's key for somebody else");
                        self.known.own_key = id;
                        self.seen.keys += 1;
                    }
                    _ => {}
                }
            }
            Output::Rtc(RtcCommand::Send { peers, frame }) => {
                assert!(peers.iter().all(is_inside), "sound to somebody outside");
                assert!(frame.payload.len() <= limits::FRAME_BYTES);
                self.seen.said += usize::from(frame.slot == 0);
                self.seen.forwarded += usize::from(frame.slot > 0);
            }
            Output::Rtc(RtcCommand::Datagram { peers, bytes }) => {
                assert!(peers.iter().all(is_inside) && bytes.len() <= limits::DATAGRAM_BYTES);
            }
            Output::Rtc(
                RtcCommand::Open { peer, .. } | RtcCommand::Signal { peer, .. } | RtcCommand::Restart { peer },
            ) => assert!(is_inside(&peer), "a link to somebody outside"),
            Output::Voice(frame) => {
                assert!(self.me.role == Role::Talker && !self.deafened, "heard by who does not listen");
                let of = self.inside.values().find(|m| m.device == frame.talker && m.role == Role::Talker);
                assert!(of.is_some_and(|m| !m.server_muted), "the voice of somebody outside, or silenced");
                assert!(self.given.contains(&frame.talker), "opened with a key from before");
                self.seen.heard += 1;
                let sealer = usize::from(frame.opus[0]);
                assert!(people::device(sealer) == frame.talker, "a voice under another's name");
            }
            Output::Proven { talker, proven: true } => {
                assert!(is_inside_device(talker) && self.signed.contains(&talker), "proven by nothing");
                self.seen.proven += 1;
            }
            Output::Speaking { talker, on: true, .. } => {
                assert!(is_inside_device(talker), "news of somebody outside");
            }
            Output::Left => self.seen.left += 1,
            _ => {}
        }
    }
}
