//! Kernels on emulated links.

mod puppet;

use crate::Disk;
use hearth_crypto::{AgreementKey, DeviceKey, Entropy, HashEntropy, RecoverySeed, Secret32, SigningKey, hash};
use hearth_kernel::{Input, Kernel, KernelKeys, Output};
use hearth_ports::{
    Direction, NetCommand, NetEvent, NodeCommand, NodeError, NodeEvent, NodeReply, Route, StoreReply, Verdict,
    VoiceOrder, VoiceSay,
};
use hearth_types::PeerKey;
use std::collections::{BTreeMap, BTreeSet};

/// Virtual time starts at noon of a day in 2026.
const START_MS: u64 = 1_790_000_000_000;

/// One emulated computer.
struct Host {
    kernel: Option<Kernel>,
    disk: Disk,
    peer: PeerKey,
    seed: [u8; 32],
    boots: u8,
    /// Hosts of other groups cannot be reached.
    group: u32,
    topics: BTreeSet<String>,
    seen: BTreeSet<[u8; 32]>,
    /// Gossip waiting for a verdict.
    judged: BTreeMap<u64, (usize, String, Vec<u8>)>,
    events: Vec<NodeEvent>,
    orders: Vec<VoiceOrder>,
    replies: BTreeMap<u64, Result<NodeReply, NodeError>>,
    /// Wrong clock, in milliseconds.
    skew_ms: i64,
    /// Driven by a test, frame by frame, and not by a kernel.
    puppet: bool,
    /// What came to a puppet.
    inbox: Vec<NetEvent>,
}

enum Event {
    Net(usize, u8, NetEvent),
    Store(usize, u8, StoreReply),
}

/// Sender, receiver and bytes of a frame in; frames that arrive instead out.
type Tamper = Box<dyn FnMut(usize, usize, Vec<u8>) -> Vec<Vec<u8>>>;

/// Everything.
pub struct World {
    now: u64,
    hosts: Vec<Host>,
    queue: BTreeMap<(u64, u64), Event>,
    next: u64,
    /// When the last frame of a link arrives, so that frames keep their order.
    busy: BTreeMap<(usize, usize), u64>,
    links: BTreeSet<(usize, usize)>,
    /// Pairs that cannot reach each other whatever their groups.
    walls: BTreeSet<(usize, usize)>,
    tamper: Option<Tamper>,
    entropy: HashEntropy,
    request: u64,
    /// Share of gossip messages lost, in percent.
    pub gossip_loss: u64,
}

impl World {
    /// `count` computers that can all reach each other, but know of nobody.
    pub fn new(count: usize, seed: u64) -> Self {
        let mut entropy = HashEntropy::new(hash("hearth/sim/1", &[&seed.to_be_bytes()]));
        let hosts = (0..count).map(|_| Host::new(entropy.array())).collect();
        let mut world = Self {
            now: START_MS,
            hosts,
            queue: BTreeMap::new(),
            next: 0,
            busy: BTreeMap::new(),
            links: BTreeSet::new(),
            walls: BTreeSet::new(),
            tamper: None,
            entropy,
            request: 0,
            gossip_loss: 0,
        };
        (0..count).for_each(|i| world.boot(i));
        world
    }
    /// Virtual Unix milliseconds.
    pub fn now_ms(&self) -> u64 {
        self.now
    }
    /// Disk of a computer.
    pub fn disk(&mut self, i: usize) -> &mut Disk {
        &mut self.hosts[i].disk
    }
    /// Events told on a computer since it was last asked.
    pub fn events(&mut self, i: usize) -> Vec<NodeEvent> {
        std::mem::take(&mut self.hosts[i].events)
    }
    /// Orders to a computer's voice engine since it was last asked.
    pub fn orders(&mut self, i: usize) -> Vec<VoiceOrder> {
        std::mem::take(&mut self.hosts[i].orders)
    }
    /// What a computer's voice engine says to its kernel.
    pub fn say(&mut self, i: usize, say: VoiceSay) {
        self.input(i, Input::Voice(say));
    }
    /// Sets a computer's clock off.
    pub fn skew(&mut self, i: usize, ms: i64) {
        self.hosts[i].skew_ms = ms;
    }
    /// Starts a computer from its disk.
    pub fn boot(&mut self, i: usize) {
        let host = &mut self.hosts[i];
        host.boots = host.boots.wrapping_add(1);
        host.puppet = false;
        let keys = host.keys();
        let startup = host.disk.startup();
        let own = host.disk.rows(&Kernel::own_ids(&startup, keys.device.id()));
        let seed = hash("hearth/sim/boot/1", &[&host.seed, &[host.boots]]);
        let now = self.now.saturating_add_signed(host.skew_ms);
        let mut kernel = Kernel::new(keys, startup, own, seed, now);
        kernel.handle(
            Input::Net(NetEvent::Listening { address: format!("/ip4/10.0.0.{}/udp/4001/quic-v1", i + 1) }),
            now,
        );
        host.kernel = Some(kernel);
        self.drain(i);
    }
    /// Cuts the power: what was not on disk is gone, links drop at the others.
    pub fn kill(&mut self, i: usize) {
        self.hosts[i].kernel = None;
        self.hosts[i].topics.clear();
        for j in 0..self.hosts.len() {
            self.unlink(i, j);
        }
    }
    /// Puts computers into groups that cannot reach each other.
    pub fn partition(&mut self, groups: &[&[usize]]) {
        for (group, members) in groups.iter().enumerate() {
            members.iter().for_each(|i| self.hosts[*i].group = group as u32);
        }
        for (i, j) in self.links.clone() {
            if self.hosts[i].group != self.hosts[j].group {
                self.unlink(i, j);
            }
        }
    }
    /// Everybody reaches everybody again.
    pub fn heal(&mut self) {
        self.hosts.iter_mut().for_each(|h| h.group = 0);
    }
    /// Two computers cannot reach each other, as behind two closed routers; or can again.
    pub fn wall(&mut self, i: usize, j: usize, stands: bool) {
        let pair = (i.min(j), i.max(j));
        if stands {
            self.walls.insert(pair);
            self.unlink(i, j);
        } else {
            self.walls.remove(&pair);
        }
    }
    /// Every frame goes through `tamper` from now on: sender, receiver and bytes in, what arrives instead out.
    pub fn tamper(&mut self, tamper: impl FnMut(usize, usize, Vec<u8>) -> Vec<Vec<u8>> + 'static) {
        self.tamper = Some(Box::new(tamper));
    }
    /// Lets two computers find each other as on one network.
    pub fn discover(&mut self, i: usize, j: usize) {
        let (peer, address) = (self.hosts[j].peer, address(j));
        let boots = self.hosts[i].boots;
        self.at(1, Event::Net(i, boots, NetEvent::Discovered { peer, addresses: vec![address] }));
    }
    /// Links that stand.
    pub fn links(&self) -> usize {
        self.links.len()
    }

    /// Gives a command; its answer is awaited by [`World::reply`].
    pub fn command(&mut self, i: usize, command: NodeCommand) -> u64 {
        self.request += 1;
        let request = self.request;
        self.input(i, Input::Command { request, command });
        request
    }
    /// The answer, if it came.
    pub fn reply(&mut self, i: usize, request: u64) -> Option<Result<NodeReply, NodeError>> {
        self.hosts[i].replies.remove(&request)
    }
    /// Gives a command and runs the world until it is answered, a virtual minute at most.
    pub fn ask(&mut self, i: usize, command: NodeCommand) -> Result<NodeReply, NodeError> {
        let request = self.command(i, command);
        let until = self.now + 60_000;
        loop {
            if let Some(reply) = self.reply(i, request) {
                return reply;
            }
            assert!(self.now < until, "no answer on {i} within a minute");
            self.step();
        }
    }
    /// Runs until `done` or for `ms` virtual milliseconds; whether it was done.
    pub fn run_until(&mut self, ms: u64, mut done: impl FnMut(&mut Self) -> bool) -> bool {
        let until = self.now + ms;
        loop {
            if done(self) {
                return true;
            }
            if self.now >= until {
                return false;
            }
            self.step();
        }
    }
    /// Runs for `ms` virtual milliseconds.
    pub fn run(&mut self, ms: u64) {
        self.run_until(ms, |_| false);
    }

    /// Works off the next event, or moves the clock to the next timer.
    fn step(&mut self) {
        let event = self.queue.first_key_value().map(|((at, _), _)| *at);
        let timer = self
            .hosts
            .iter()
            .filter_map(|h| Some(h.kernel.as_ref()?.next_wake_ms()?.saturating_add_signed(-h.skew_ms)))
            .min();
        let next = [event, timer].into_iter().flatten().min().unwrap_or(self.now + 1_000);
        // At most a second at a time, so that conditions are looked at.
        self.now = self.now.max(next.min(self.now + 1_000));
        while let Some(entry) = self.queue.first_entry()
            && entry.key().0 <= self.now
        {
            match entry.remove() {
                Event::Net(i, boots, event) if self.hosts[i].boots == boots => {
                    // Frames of a link that is gone are gone with it.
                    let dead = match &event {
                        NetEvent::Frame { link, .. } => !self.index(link).is_some_and(|j| self.linked(i, j)),
                        _ => false,
                    };
                    if !dead {
                        self.input(i, Input::Net(event));
                    }
                }
                Event::Store(i, boots, reply) if self.hosts[i].boots == boots => self.input(i, Input::Store(reply)),
                _ => {}
            }
        }
        for i in 0..self.hosts.len() {
            let host = &self.hosts[i];
            let due = host
                .kernel
                .as_ref()
                .and_then(Kernel::next_wake_ms)
                .is_some_and(|at| at <= self.now.saturating_add_signed(host.skew_ms));
            if due {
                self.input(i, Input::Tick);
            }
        }
    }

    fn input(&mut self, i: usize, input: Input) {
        let now = self.now.saturating_add_signed(self.hosts[i].skew_ms);
        if self.hosts[i].puppet {
            if let Input::Net(event) = input {
                self.hosts[i].inbox.push(event);
            }
            return;
        }
        if let Some(kernel) = &mut self.hosts[i].kernel {
            kernel.handle(input, now);
        }
        self.drain(i);
    }

    fn drain(&mut self, i: usize) {
        let outputs: Vec<Output> = self.hosts[i].kernel.as_mut().map(|k| k.drain().collect()).unwrap_or_default();
        for output in outputs {
            match output {
                Output::Event(NodeEvent::Reply { request, result }) => {
                    self.hosts[i].replies.insert(request, result);
                }
                Output::Event(event) => self.hosts[i].events.push(event),
                Output::Voice(order) => self.hosts[i].orders.push(order),
                Output::Store(request) => {
                    let boots = self.hosts[i].boots;
                    if let Some(reply) = self.hosts[i].disk.run(request) {
                        // Constant, so that answers keep the order of requests.
                        self.at(2, Event::Store(i, boots, reply));
                    }
                }
                Output::Net(command) => self.net(i, command),
            }
        }
    }

    fn net(&mut self, i: usize, command: NetCommand) {
        match command {
            NetCommand::Dial { peer, addresses } => {
                let target = addresses.iter().find_map(|a| (0..self.hosts.len()).find(|j| address(*j) == *a));
                let peer_fits = |j: &usize| peer.is_none_or(|p| self.hosts[*j].peer == p);
                let reached = target.filter(|j| {
                    *j != i
                        && peer_fits(j)
                        && self.hosts[*j].group == self.hosts[i].group
                        && !self.walls.contains(&(i.min(*j), i.max(*j)))
                        && (self.hosts[*j].kernel.is_some() || self.hosts[*j].puppet)
                });
                match reached {
                    Some(j) if !self.linked(i, j) => self.link(i, j),
                    Some(_) => {}
                    None => self.tell(i, 20, NetEvent::DialFailed { peer, why: "nobody there".into() }),
                }
            }
            NetCommand::Send { link, frame } => {
                if let Some(j) = self.index(&link).filter(|j| self.linked(i, *j)) {
                    let frames = match &mut self.tamper {
                        Some(tamper) => tamper(i, j, frame),
                        None => vec![frame],
                    };
                    for frame in frames {
                        let delay = 2 + self.random(8);
                        let at = (self.now + delay).max(self.busy.get(&(i, j)).copied().unwrap_or(0));
                        self.busy.insert((i, j), at);
                        let from = self.hosts[i].peer;
                        self.tell(j, at - self.now, NetEvent::Frame { link: from, frame });
                    }
                }
            }
            NetCommand::Close { link } => {
                if let Some(j) = self.index(&link) {
                    self.unlink(i, j);
                }
            }
            NetCommand::Subscribe { topic } => {
                self.hosts[i].topics.insert(topic);
            }
            NetCommand::Unsubscribe { topic } => {
                self.hosts[i].topics.remove(&topic);
            }
            NetCommand::Publish { topic, payload } => {
                self.hosts[i].seen.insert(hash("sim", &[&payload]));
                self.flood(i, None, &topic, &payload);
            }
            NetCommand::Judge { token, verdict } => {
                if let Some((from, topic, payload)) = self.hosts[i].judged.remove(&token)
                    && verdict == Verdict::Accept
                {
                    self.flood(i, Some(from), &topic, &payload);
                }
            }
            NetCommand::SetMember { .. } | NetCommand::Shutdown => {}
        }
    }

    fn flood(&mut self, i: usize, except: Option<usize>, topic: &str, payload: &[u8]) {
        for j in 0..self.hosts.len() {
            if Some(j) == except
                || !self.linked(i, j)
                || !self.hosts[j].topics.contains(topic)
                || !self.hosts[j].seen.insert(hash("sim", &[payload]))
            {
                continue;
            }
            if self.random(100) < self.gossip_loss {
                continue;
            }
            self.next += 1;
            let (token, from) = (self.next, self.hosts[i].peer);
            self.hosts[j].judged.insert(token, (i, topic.to_owned(), payload.to_vec()));
            let delay = 2 + self.random(8);
            self.tell(j, delay, NetEvent::Gossip { topic: topic.to_owned(), from, payload: payload.to_vec(), token });
        }
    }

    fn link(&mut self, i: usize, j: usize) {
        self.links.insert((i.min(j), i.max(j)));
        for (a, b, direction) in [(i, j, Direction::Dialer), (j, i, Direction::Listener)] {
            let peer = self.hosts[b].peer;
            let up = NetEvent::LinkUp { link: peer, direction, address: address(b), route: Route::Lan };
            // No later than a `LinkDown` that follows at once: a link is told up before it is told down.
            self.busy.insert((b, a), self.now + 1);
            self.tell(a, 1, up);
            self.tell(a, 1, NetEvent::PeerAddresses { link: peer, addresses: vec![address(b)] });
        }
    }
    fn unlink(&mut self, i: usize, j: usize) {
        if self.links.remove(&(i.min(j), i.max(j))) {
            for (a, b) in [(i, j), (j, i)] {
                let peer = self.hosts[b].peer;
                self.tell(a, 1, NetEvent::LinkDown { link: peer });
            }
        }
    }
    fn linked(&self, i: usize, j: usize) -> bool {
        self.links.contains(&(i.min(j), i.max(j)))
    }
    fn index(&self, peer: &PeerKey) -> Option<usize> {
        self.hosts.iter().position(|h| h.peer == *peer)
    }
    fn tell(&mut self, i: usize, in_ms: u64, event: NetEvent) {
        let boots = self.hosts[i].boots;
        self.at(in_ms, Event::Net(i, boots, event));
    }
    fn at(&mut self, in_ms: u64, event: Event) {
        self.next += 1;
        self.queue.insert((self.now + in_ms, self.next), event);
    }
    fn random(&mut self, below: u64) -> u64 {
        u64::from_be_bytes(self.entropy.array()) % below
    }
}

impl Host {
    fn new(seed: [u8; 32]) -> Self {
        let mut host = Self {
            kernel: None,
            disk: Disk::default(),
            peer: PeerKey([0; 32]),
            seed,
            boots: 0,
            group: 0,
            topics: BTreeSet::new(),
            seen: BTreeSet::new(),
            judged: BTreeMap::new(),
            events: Vec::new(),
            orders: Vec::new(),
            replies: BTreeMap::new(),
            skew_ms: 0,
            puppet: false,
            inbox: Vec::new(),
        };
        host.peer = host.keys().peer;
        host
    }
    fn keys(&self) -> KernelKeys {
        let key = |name: &str| Secret32::new(hash("hearth/sim/key/1", &[&self.seed, name.as_bytes()]));
        KernelKeys {
            seed: RecoverySeed::new(key("seed")),
            device: DeviceKey::from_seed(&key("device")),
            agreement: AgreementKey::from_seed(&key("agreement")),
            peer: PeerKey(SigningKey::from_seed(&key("peer")).public()),
        }
    }
}

fn address(i: usize) -> String {
    format!("/ip4/10.0.0.{}/udp/4001/quic-v1", i + 1)
}
