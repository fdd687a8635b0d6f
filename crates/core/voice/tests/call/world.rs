//! A world of calls: virtual time, a seeded network, a roster that everybody hears of a little late.

mod ears;
mod network;

use hearth_crypto::{DeviceKey, HashEntropy, Secret32};
use hearth_ports::{
    audio::OwnFrame,
    rtc::{MediaFrame, RtcEvent},
};
use hearth_types::{DeviceId, PeerKey, UserId};
use hearth_voice::{Call, CallConfig, CallId, CallMessage, Input, Member, Output, Role, Warning};
use hearth_wire::cbor::Codec;
use std::collections::{BTreeMap, BTreeSet};

pub const MS: u64 = 1_000;
pub const SECOND: u64 = 1_000_000;
pub const CALL: CallId = CallId([42; 32]);

/// How the network treats packets.
#[derive(Debug, Clone, Copy)]
pub struct Net {
    /// One way, microseconds: at least, and at most so much more.
    pub delay: (u64, u64),
    /// Media lost, of a thousand.
    pub loss: u64,
    /// Control messages one way.
    pub control: (u64, u64),
    /// From both ends signalled to connected.
    pub ice: (u64, u64),
}

impl Default for Net {
    fn default() -> Self {
        Self { delay: (10 * MS, 30 * MS), loss: 0, control: (15 * MS, 60 * MS), ice: (60 * MS, 150 * MS) }
    }
}

#[derive(Debug, Clone)]
enum Event {
    Wake(usize),
    Own(usize),
    Roster(usize),
    Control { from: usize, to: usize, bytes: Vec<u8> },
    Rtc { to: usize, event: RtcEvent, needs_link: Option<usize> },
}

/// A frame that reached an ear.
#[derive(Debug, Clone)]
pub struct Heard {
    pub at: u64,
    pub listener: usize,
    pub talker: usize,
    pub seq: u64,
    pub timestamp: u32,
    pub position: Option<[i16; 2]>,
}

pub struct Node {
    pub call: Option<Call>,
    pub member: Member,
    pub speaks: bool,
    pub level: u8,
    pub killed: bool,
    pub inside: bool,
    clock: u32,
    stay: u64,
    pub warnings: Vec<(u64, Warning)>,
    pub proven: BTreeMap<DeviceId, bool>,
    pub topologies: Vec<(u64, hearth_voice::Topology)>,
    pub frames_out: u64,
    pub left_at: Option<u64>,
}

type Passes = Box<dyn FnMut(usize, usize) -> bool>;
type Tap = Box<dyn FnMut(u64, usize, usize, &MediaFrame) -> Vec<MediaFrame>>;

type Letters = Box<dyn FnMut(usize, Vec<u8>) -> Vec<u8>>;

/// A line out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Narrow {
    pub kbps: u64,
    /// What would wait longer than this is dropped.
    pub queue_us: u64,
    /// What goes through at once, as time at its rate.
    pub burst_us: u64,
    pub free_us: u64,
}

pub struct World {
    pub now: u64,
    pub net: Net,
    pub nodes: Vec<Node>,
    pub heard: Vec<Heard>,
    /// Everything that crossed a media link: when, from, to, frame. Only while `record` is on.
    pub wire: Vec<(u64, usize, usize, MediaFrame)>,
    pub record: bool,
    /// Pairs whose media is cut, and pairs whose control channel stands still.
    pub cut_media: BTreeSet<(usize, usize)>,
    pub cut_control: BTreeSet<(usize, usize)>,
    /// Pairs without a link of their own, and who passes on what they say, if anybody does. What is said without is lost.
    pub thirds: BTreeMap<(usize, usize), Option<usize>>,
    /// What a third does to what it passes on: from and to in; whether it goes on out.
    pub passes: Option<Passes>,
    /// Sender keys as they were last told: (from, to) to id and secret. What a member could do with them is tested.
    pub keys: BTreeMap<(usize, usize), (u64, [u8; 32])>,
    /// What a peer's transport does to frames it sends: a liar. Sees (time, from, to, frame).
    pub tap: Option<Tap>,
    /// The same for call messages. Sees (from, bytes).
    pub letters: Option<Letters>,
    /// Lines that are no wider, by whose they are.
    pub lines: BTreeMap<usize, Narrow>,
    /// Frames that came and that did not, by from and to, for the transport's counts; told while there are `lines`.
    counts: BTreeMap<(usize, usize), (u64, u64)>,
    counted_us: u64,
    events: BTreeMap<(u64, u64), Event>,
    order: u64,
    random: u64,
    opened: BTreeSet<(usize, usize)>,
    signalled: BTreeSet<(usize, usize)>,
    up: BTreeSet<(usize, usize)>,
    control_at: BTreeMap<(usize, usize), u64>,
    held: Vec<(usize, usize, Vec<u8>)>,
}

fn pair(a: usize, b: usize) -> (usize, usize) {
    (a.min(b), a.max(b))
}

impl World {
    pub fn new(seed: u64, net: Net) -> Self {
        Self {
            now: SECOND,
            net,
            nodes: Vec::new(),
            heard: Vec::new(),
            wire: Vec::new(),
            record: false,
            cut_media: BTreeSet::new(),
            cut_control: BTreeSet::new(),
            thirds: BTreeMap::new(),
            passes: None,
            keys: BTreeMap::new(),
            tap: None,
            letters: None,
            lines: BTreeMap::new(),
            counts: BTreeMap::new(),
            counted_us: 0,
            events: BTreeMap::new(),
            order: 0,
            random: seed,
            opened: BTreeSet::new(),
            signalled: BTreeSet::new(),
            up: BTreeSet::new(),
            control_at: BTreeMap::new(),
            held: Vec::new(),
        }
    }
    /// `n` talkers who come in together.
    pub fn of(n: usize, seed: u64) -> Self {
        let mut world = Self::new(seed, Net::default());
        for _ in 0..n {
            let node = world.add(Role::Talker);
            world.enter(node);
        }
        world
    }
    pub fn random(&mut self, below: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below.max(1)
    }
    fn between(&mut self, (least, more): (u64, u64)) -> u64 {
        least + self.random(more + 1)
    }
    fn at(&mut self, time: u64, event: Event) {
        self.order += 1;
        self.events.insert((time, self.order), event);
    }
    pub fn secret(n: usize) -> Secret32 {
        Secret32::new(hearth_crypto::hash("test/device", &[&n.to_be_bytes()]))
    }
    pub fn device_key(n: usize) -> DeviceKey {
        DeviceKey::from_seed(&Self::secret(n))
    }
    /// A device outside the room.
    pub fn add(&mut self, role: Role) -> usize {
        let n = self.nodes.len();
        let key = DeviceKey::from_seed(&Self::secret(n));
        let member = Member {
            peer: PeerKey(hearth_crypto::hash("test/peer", &[&n.to_be_bytes()])),
            device: key.id(),
            user: UserId([n as u8; 32]),
            since_ms: 0,
            muted: false,
            deafened: false,
            server_muted: false,
            may_prioritise: true,
            linked: true,
            role,
        };
        self.nodes.push(Node {
            call: None,
            member,
            speaks: false,
            level: 30,
            killed: false,
            inside: false,
            clock: 0,
            stay: 0,
            warnings: Vec::new(),
            proven: BTreeMap::new(),
            topologies: Vec::new(),
            frames_out: 0,
            left_at: None,
        });
        n
    }
    /// Into the room, with a new process.
    pub fn enter(&mut self, n: usize) {
        self.enter_with(n, 20_000, true);
    }
    pub fn enter_with(&mut self, n: usize, uplink_kbps: u32, may_relay: bool) {
        self.enter_on(n, Some(uplink_kbps), may_relay);
    }
    /// On a line that nobody said anything of, unless `uplink_kbps`.
    pub fn enter_on(&mut self, n: usize, uplink_kbps: Option<u32>, may_relay: bool) {
        let seed = self.random(u64::MAX);
        let now = self.now;
        let node = &mut self.nodes[n];
        node.stay += 1;
        node.member.since_ms = now / MS;
        let config = CallConfig {
            call: CALL,
            me: node.member,
            key: DeviceKey::from_seed(&Self::secret(n)),
            entropy: HashEntropy::new(hearth_crypto::hash("test/entropy", &[&seed.to_be_bytes(), &n.to_be_bytes()])),
            uplink_kbps,
            measured_kbps: None,
            may_relay,
            relay_only: false,
        };
        node.call = Some(Call::new(config, now));
        (node.inside, node.killed, node.left_at) = (true, false, None);
        self.at(now, Event::Wake(n));
        self.at(now, Event::Own(n));
        self.roster_news();
    }
    /// Everybody hears who is inside, a little late.
    pub fn roster_news(&mut self) {
        for n in 0..self.nodes.len() {
            if self.nodes[n].call.is_some() {
                let at = self.now + self.between((30 * MS, 90 * MS));
                self.at(at, Event::Roster(n));
            }
        }
    }
    /// Asks to leave; the roster follows when it is out.
    pub fn leave(&mut self, n: usize) {
        self.input(n, Input::Leave);
    }
    /// As `kill -9`: nothing more comes from it; the roster finds out after twelve seconds.
    pub fn kill(&mut self, n: usize) {
        self.nodes[n].killed = true;
    }
    /// A new process of a device that the roster never missed.
    pub fn restart(&mut self, n: usize) {
        self.opened.retain(|(a, _)| *a != n);
        self.signalled.retain(|(a, b)| *a != n && *b != n);
        self.up.retain(|(a, b)| *a != n && *b != n);
        let since = self.nodes[n].member.since_ms;
        self.enter(n);
        self.nodes[n].member.since_ms = since;
    }
    /// Out of the room by everybody's roster but its own: put out, with a client that goes on.
    pub fn put_out(&mut self, n: usize) {
        self.nodes[n].inside = false;
        self.roster_news();
    }
    pub fn index(&self, peer: &PeerKey) -> Option<usize> {
        self.nodes.iter().position(|n| n.member.peer == *peer)
    }
    pub fn of_device(&self, device: &DeviceId) -> Option<usize> {
        self.nodes.iter().position(|n| n.member.device == *device)
    }
    pub fn relay(&self, at: usize) -> Option<usize> {
        self.nodes[at].call.as_ref()?.topology().relay.and_then(|p| self.index(&p))
    }
    pub fn backup(&self, at: usize) -> Option<usize> {
        self.nodes[at].call.as_ref()?.topology().backup.and_then(|p| self.index(&p))
    }
    pub fn live(&self) -> Vec<usize> {
        (0..self.nodes.len()).filter(|n| self.nodes[*n].call.is_some() && !self.nodes[*n].killed).collect()
    }

    pub fn run(&mut self, time: u64) {
        let end = self.now + time;
        while let Some(entry) = self.events.first_entry() {
            if entry.key().0 > end {
                break;
            }
            let ((at, _), event) = entry.remove_entry();
            self.now = self.now.max(at);
            self.tell_counts();
            self.event(event);
        }
        self.now = end;
    }
    pub fn run_until(&mut self, most: u64, mut done: impl FnMut(&Self) -> bool) -> bool {
        let end = self.now + most;
        while self.now < end {
            if done(self) {
                return true;
            }
            self.run(20 * MS);
        }
        done(self)
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Wake(n) => {
                if let Some(at) = self.nodes[n].call.as_ref().and_then(Call::next_wake_us) {
                    if at <= self.now {
                        self.input(n, Input::Tick);
                    }
                    let next = self.nodes[n].call.as_ref().and_then(Call::next_wake_us);
                    if let Some(next) = next.filter(|_| !self.nodes[n].killed) {
                        self.at(next.max(self.now + 1), Event::Wake(n));
                    }
                }
            }
            Event::Own(n) => {
                let node = &mut self.nodes[n];
                if node.call.is_none() || node.killed {
                    return;
                }
                node.clock = node.clock.wrapping_add(960);
                if node.speaks {
                    let opus = [&(n as u64).to_be_bytes()[..], &node.clock.to_be_bytes(), &[0; 68]].concat();
                    let frame = OwnFrame { timestamp: node.clock, level: node.level, voice: true, opus };
                    self.input(n, Input::Own(frame));
                }
                self.at(self.now + 20 * MS, Event::Own(n));
            }
            Event::Roster(n) => {
                if !self.nodes[n].inside {
                    return;
                }
                let others = self.nodes.iter().filter(|m| m.inside && m.member.peer != self.nodes[n].member.peer);
                let third = |m: &Node| self.index(&m.member.peer).and_then(|m| self.thirds.get(&pair(n, m)));
                let linked = |m: &Node| third(m).is_none_or(Option::is_some);
                let members = others.map(|m| Member { linked: linked(m), ..m.member }).collect();
                self.input(n, Input::Roster(members));
            }
            Event::Control { from, to, bytes } => {
                if self.cut_control.contains(&pair(from, to)) {
                    self.held.push((from, to, bytes));
                    return;
                }
                let m = self.nodes[from].member;
                self.input(to, Input::Message { peer: m.peer, device: m.device, bytes });
            }
            Event::Rtc { to, event, needs_link } => {
                if needs_link.is_none_or(|from| self.up.contains(&pair(from, to))) {
                    self.input(to, Input::Rtc(event));
                }
            }
        }
    }
    /// Control channels that stood still go on, in order.
    pub fn heal(&mut self) {
        self.cut_media.clear();
        self.cut_control.clear();
        for (from, to, bytes) in std::mem::take(&mut self.held) {
            self.control(from, to, bytes);
        }
    }
    fn control(&mut self, from: usize, to: usize, bytes: Vec<u8>) {
        let bytes = match &mut self.letters {
            Some(letters) => letters(from, bytes),
            None => bytes,
        };
        let mut delay = self.between(self.net.control);
        match self.thirds.get(&pair(from, to)) {
            Some(None) => return,
            Some(Some(_)) if self.passes.as_mut().is_some_and(|passes| !passes(from, to)) => return,
            Some(Some(_)) => delay += self.between(self.net.control),
            None => {}
        }
        let at = self.control_at.entry((from, to)).or_insert(0);
        *at = (self.now + delay).max(*at);
        let at = *at;
        self.at(at, Event::Control { from, to, bytes });
    }

    pub fn input(&mut self, n: usize, input: Input) {
        let now = self.now;
        let node = &mut self.nodes[n];
        if node.killed {
            return;
        }
        let Some(call) = &mut node.call else { return };
        call.handle(input, now);
        for output in call.drain().collect::<Vec<_>>() {
            self.output(n, output);
        }
    }
    fn output(&mut self, n: usize, output: Output) {
        match output {
            Output::Message { peer, bytes } => {
                if let Some(to) = self.index(&peer) {
                    if let Ok(CallMessage::Key { id, secret, .. }) = CallMessage::from_bytes(&bytes) {
                        self.keys.insert((n, to), (id, secret));
                    }
                    self.control(n, to, bytes);
                }
            }
            Output::Rtc(command) => self.command(n, command),
            Output::Voice(frame) => {
                let talker = self.of_device(&frame.talker).expect("a known device");
                assert_eq!(frame.opus[..8], (talker as u64).to_be_bytes(), "who the frame is of");
                assert_eq!(frame.opus[8..12], frame.timestamp.to_be_bytes(), "when it was said");
                self.heard.push(Heard {
                    at: self.now,
                    listener: n,
                    talker,
                    seq: frame.seq,
                    timestamp: frame.timestamp,
                    position: frame.position,
                });
            }
            Output::Warning(w) => self.nodes[n].warnings.push((self.now, w)),
            Output::Proven { talker, proven } => {
                self.nodes[n].proven.insert(talker, proven);
            }
            Output::Topology(t) => self.nodes[n].topologies.push((self.now, t)),
            Output::Left => {
                self.nodes[n].left_at = Some(self.now);
                self.nodes[n].inside = false;
                self.nodes[n].call = None;
                self.roster_news();
            }
            Output::Speaking { .. } | Output::Advice(_) => {}
        }
    }
}
