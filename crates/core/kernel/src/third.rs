//! The way between two members of a call who have no link of their own: a third member passes sealed words on, once.
//!
//! Two greetings, each signed and naming the other's fresh key, agree on keys for both stays in the room. From then on
//! words are numbered and sealed. The third can lose them, and nothing else. A direct link is always preferred.

mod passing;

use crate::{
    kernel::{Kernel, KernelKeys, Link, Timer},
    space::Space,
    voice::OwnVoice,
};
use hearth_crypto::{AgreementKey, Entropy, PairKeys};
use hearth_ports::{VoiceMember, VoiceOrder};
use hearth_types::{ChannelId, DeviceId, PeerKey, SpaceId, limits};
use hearth_wire::{Frame, Greeting, GreetingPlace, PairMessage, PairWord, cbor::Codec};
pub(crate) use passing::PassCount;
use std::collections::BTreeMap;

/// The ways by third members in one stay in a room.
pub(crate) struct Ways {
    key: AgreementKey,
    pairs: Pairs,
}

/// What is agreed with whom. Kept until the stay ends, so that no number of a word counts twice under one key.
#[derive(Default)]
struct Pairs(BTreeMap<DeviceId, Pair>);

/// What is agreed with one device, for its stay.
#[derive(Default)]
struct Pair {
    since_ms: u64,
    /// The key it greeted with last; with `keys`, the one agreed on.
    theirs: Option<[u8; 32]>,
    keys: Option<PairKeys>,
    /// Who passes on.
    via: Option<PeerKey>,
    /// Who passed on until words were missing, and until when they are not asked again.
    shunned: BTreeMap<PeerKey, u64>,
    /// Who passed the last word on.
    heard_by: Option<PeerKey>,
    /// A word was missing before one that came: others are to be asked.
    missed: bool,
    /// Others were asked, so that the first word to come may not be the first that was said.
    asked: bool,
    /// How often a way was asked for since there was one.
    tries: u32,
    /// Numbers of the last words out and in, and when those were.
    sent: (u64, u64),
    heard: (u64, u64),
    /// Where among the third members to go on asking.
    turn: usize,
    /// A word came over a direct link: what is still on its way by others is out of order.
    overtaken: bool,
}

impl Ways {
    pub fn new(entropy: &mut impl Entropy) -> Self {
        Self { key: AgreementKey::generate(entropy).0, pairs: Pairs::default() }
    }
    /// Who passes words on to `m`.
    pub fn via(&self, m: &VoiceMember) -> Option<PeerKey> {
        self.pairs.0.get(&m.device).filter(|p| p.since_ms == m.since_ms)?.via
    }
    pub fn went_back(&mut self, ms: u64) {
        for pair in self.pairs.0.values_mut() {
            pair.sent.1 = pair.sent.1.saturating_sub(ms);
            pair.heard.1 = pair.heard.1.saturating_sub(ms);
        }
    }
    fn greeting(&self, pair: (&DeviceId, &Pair), place: (SpaceId, ChannelId, u64), keys: &KernelKeys) -> PairMessage {
        let ((to, pair), (space, room, since_ms)) = (pair, place);
        let place = GreetingPlace { space, room, from: keys.device.id(), since_ms, to: *to };
        let asks = pair.keys.is_none();
        PairMessage::Greeting(Greeting::sign(self.key.public(), pair.theirs, asks, &place, &keys.device))
    }
}

impl Pairs {
    /// What is agreed with a member, for its present stay; nothing when there are too many.
    fn with(&mut self, m: &VoiceMember) -> Option<&mut Pair> {
        let full = self.0.len() >= limits::PASS_PAIRS;
        let pair = match self.0.get(&m.device) {
            Some(known) if known.since_ms == m.since_ms => None,
            None if full => return None,
            _ => Some(Pair { since_ms: m.since_ms, ..Pair::default() }),
        };
        if let Some(pair) = pair {
            self.0.insert(m.device, pair);
        }
        self.0.get_mut(&m.device)
    }
}

impl Pair {
    fn word(
        &mut self,
        asks: bool,
        message: Option<Vec<u8>>,
        now: u64,
        random: &mut impl Entropy,
    ) -> Option<PairMessage> {
        let keys = self.keys.as_ref()?;
        self.sent = (self.sent.0 + 1, now);
        Some(PairWord { asks, message }.seal(self.sent.0, keys, random))
    }
    /// A good word came. One missing is held against who passed on what was before it, and not against who takes over.
    fn counted(&mut self, via: PeerKey, counter: u64, now: u64) {
        let same = self.heard_by == Some(via) || (self.heard.0 == 0 && !self.asked);
        self.missed |= same && counter > self.heard.0 + 1;
        (self.heard, self.heard_by) = ((counter, now), Some(via));
    }
    /// Whom to answer by, after a word that `via` passed on; whether the other side has missed words.
    fn choose(&mut self, via: PeerKey, asks: bool, mut thirds: Vec<PeerKey>, now: u64) -> bool {
        if self.missed {
            self.shun(via, now);
            self.via = None;
        } else if asks || self.via.is_none() {
            // Who asks hears nothing by whom this side takes, whoever is the first to say so.
            let failed = self.via.take();
            failed.inspect(|failed| self.shun(*failed, now));
            self.spare(&mut thirds, now);
            self.via = thirds.iter().find(|third| **third == via).or(thirds.first()).copied();
            return failed.is_some();
        }
        false
    }
    /// Leaves out who lost words, unless that is everybody.
    fn spare(&self, thirds: &mut Vec<PeerKey>, now: u64) {
        let shunned = |third: &PeerKey| self.shunned.get(third).is_some_and(|until| now < *until);
        if !thirds.iter().all(shunned) {
            thirds.retain(|third| !shunned(third));
        }
    }
    /// Gives up a third member who lost words.
    fn shun(&mut self, third: PeerKey, now: u64) {
        self.via.take_if(|via| *via == third);
        self.heard_by = None;
        self.shunned.retain(|_, until| now < *until);
        if self.shunned.len() >= limits::PASS_TRIES {
            self.shunned.pop_first();
        }
        self.shunned.insert(third, now + limits::PASS_SHUN_MS);
    }
}

impl Space {
    pub(crate) fn is_linked(&self, m: &VoiceMember) -> bool {
        self.links.get(&m.peer).is_some_and(|l| l.proven && l.device == Some(m.device))
    }
    /// Who may know the way to `m`: first those in the room.
    fn thirds(&self, links: &BTreeMap<PeerKey, Link>, m: &VoiceMember, room: ChannelId) -> Vec<PeerKey> {
        let passes = |peer: &PeerKey| links.get(peer).is_some_and(|l| l.passes);
        let inside = |d: DeviceId| self.notices.get(&d).and_then(|n| n.voice).is_some_and(|(p, _)| p.channel == room);
        let proven = self.links.iter().filter(|(_, l)| l.proven).filter_map(|(peer, l)| Some((*peer, l.device?)));
        let others = proven.filter(|(peer, device)| *device != m.device && passes(peer));
        let mut thirds: Vec<_> = others.map(|(p, d)| (!inside(d), p)).collect();
        thirds.sort();
        thirds.into_iter().map(|(_, p)| p).collect()
    }
}

/// The room one is in, or still on the way out of.
fn call<'a>(leaving: &'a mut Option<OwnVoice>, voice: &'a mut Option<OwnVoice>) -> Option<&'a mut OwnVoice> {
    leaving.as_mut().or(voice.as_mut())
}

impl Kernel {
    /// A word of the voice engine for a member without a link.
    pub(crate) fn say_by_third(&mut self, peer: PeerKey, bytes: Vec<u8>) {
        let Some(own) = call(&mut self.voice_leaving, &mut self.voice) else { return };
        let Some(m) = own.told.iter().find(|m| m.peer == peer).copied() else { return };
        let (space, Some(via)) = (own.space, own.ways.via(&m)) else { return };
        let pair = own.ways.pairs.with(&m);
        let word = pair.and_then(|p| p.word(false, Some(bytes), self.now, &mut self.entropy));
        self.pass_out(space, via, m.device, word);
    }

    fn pass_out(&mut self, space: SpaceId, via: PeerKey, to: DeviceId, message: Option<PairMessage>) {
        if let Some(message) = message {
            self.send(via, &Frame::Pass { space, to, message: message.to_bytes() });
        }
    }

    /// Looks for ways to whom there is no link, says on those in use that one is there, and gives up silent ones.
    pub(crate) fn ways_due(&mut self) {
        let now = self.now;
        let Some(own) = call(&mut self.voice_leaving, &mut self.voice) else { return };
        let (space, room, since_ms) = (own.space, own.place.channel, own.place.since_ms);
        let Some(s) = self.spaces.get(&space) else { return };
        let unlinked: Vec<VoiceMember> = own.told.iter().filter(|m| !s.is_linked(m)).copied().collect();
        let (mut out, mut again_ms) = (Vec::new(), limits::PASS_EVERY_MS);
        for m in &unlinked {
            let Some(pair) = own.ways.pairs.with(m) else { continue };
            pair.missed = false;
            if let Some(via) = pair.via {
                pair.tries = 0;
                if now < pair.heard.1 + limits::PASS_SILENT_MS {
                    if now >= pair.sent.1 + limits::PASS_EVERY_MS / 2 {
                        out.push((via, m.device, pair.word(false, None, now, &mut self.entropy)));
                    }
                    continue;
                }
                pair.via = None;
                pair.heard_by.inspect(|silent| pair.shun(*silent, now));
            }
            let mut thirds = s.thirds(&self.links, m, room);
            pair.spare(&mut thirds, now);
            let turn = pair.turn % thirds.len().max(1);
            pair.turn = turn + limits::PASS_TRIES;
            // The third may not know of both yet, as all came in just now.
            pair.tries = pair.tries.saturating_add(1);
            (pair.heard_by, pair.asked) = (None, pair.keys.is_some());
            if pair.tries < limits::PASS_SOON {
                again_ms = limits::PASS_AFTER_MS;
            }
            let word = pair.word(true, None, now, &mut self.entropy);
            let pair = own.ways.pairs.0.get(&m.device);
            let greeting = || pair.map(|p| own.ways.greeting((&m.device, p), (space, room, since_ms), &self.keys));
            let message = word.or_else(greeting);
            let asked = thirds.iter().cycle().skip(turn).take(thirds.len().min(limits::PASS_TRIES));
            out.extend(asked.map(|via| (*via, m.device, message.clone())));
        }
        for (via, to, message) in out {
            self.pass_out(space, via, to, message);
        }
        if !unlinked.is_empty() {
            self.reset_timer(Timer::Ways, again_ms);
        }
        self.voice_news(space);
    }

    /// What a third member passed on; only what is said in the room one is in counts.
    pub(crate) fn passed(&mut self, via: PeerKey, space: SpaceId, from: DeviceId, bytes: &[u8]) {
        if self.spaces.get(&space).and_then(|s| s.links.get(&via)).is_none_or(|l| !l.proven) {
            return self.fault(via, 1);
        }
        let own = call(&mut self.voice_leaving, &mut self.voice).filter(|own| own.space == space);
        let Some(m) = own.and_then(|own| own.told.iter().find(|m| m.device == from).copied()) else { return };
        match PairMessage::from_bytes(bytes) {
            Ok(PairMessage::Greeting(greeting)) => self.greeted(via, &m, &greeting),
            Ok(PairMessage::Sealed { counter, sealed }) => self.pair_word(via, &m, counter, &sealed),
            // Whoever passes it on cannot know what it is.
            Err(why) => tracing::debug!(%why, "a word by way of another was refused"),
        }
    }

    fn greeted(&mut self, via: PeerKey, m: &VoiceMember, greeting: &Greeting) {
        let Some(own) = call(&mut self.voice_leaving, &mut self.voice) else { return };
        let (space, room, since_ms, me) = (own.space, own.place.channel, own.place.since_ms, self.keys.device.id());
        let place = GreetingPlace { space, room, from: m.device, since_ms: m.since_ms, to: me };
        let (Some(s), true) = (self.spaces.get(&space), greeting.holds(&place)) else { return };
        let Ways { key, pairs } = &mut own.ways;
        let Some(pair) = pairs.with(m) else { return };
        if pair.keys.is_none() {
            pair.theirs = Some(greeting.key);
            // Naming the fresh key of this stay, it cannot be an old one.
            if greeting.known == Some(key.public()) {
                pair.keys = PairKeys::agree((space, room), (me, key), (m.device, &greeting.key));
                pair.via = Some(via).filter(|_| pair.keys.is_some() && !s.is_linked(m));
                pair.heard.1 = self.now;
            }
        }
        if greeting.asks && pair.theirs == Some(greeting.key) {
            let pair = own.ways.pairs.0.get(&m.device);
            let answer = pair.map(|p| own.ways.greeting((&m.device, p), (space, room, since_ms), &self.keys));
            self.pass_out(space, via, m.device, answer);
        }
        self.voice_news(space);
    }

    fn pair_word(&mut self, via: PeerKey, m: &VoiceMember, counter: u64, sealed: &[u8]) {
        let now = self.now;
        let Some(own) = call(&mut self.voice_leaving, &mut self.voice) else { return };
        let (space, room) = (own.space, own.place.channel);
        let (Some(s), Some(pair)) = (self.spaces.get(&space), own.ways.pairs.with(m)) else { return };
        let Some(keys) = pair.keys.as_ref().filter(|_| counter > pair.heard.0) else { return };
        let Ok(word) = PairWord::open(counter, sealed, keys) else { return };
        pair.counted(via, counter, now);
        let linked = s.is_linked(m);
        let again = !linked && pair.choose(via, word.asks, s.thirds(&self.links, m, room), now);
        let late = linked && pair.overtaken;
        let way = pair.via.unwrap_or(via);
        let answer = if word.asks { pair.word(false, None, now, &mut self.entropy) } else { None };
        if pair.missed {
            self.set_timer(Timer::Ways, limits::PASS_AFTER_MS);
        }
        if again {
            self.was_away(space, m);
        }
        self.pass_out(space, way, m.device, answer);
        self.voice_news(space);
        if let Some(bytes) = word.message.filter(|_| !late) {
            self.order(VoiceOrder::Message { peer: m.peer, device: m.device, bytes });
        }
    }

    /// Who asks again has missed words: for the call they were away, so that it greets them once more.
    fn was_away(&mut self, space: SpaceId, m: &VoiceMember) {
        let mut via = None;
        for _ in 0..2 {
            let own = call(&mut self.voice_leaving, &mut self.voice);
            let Some(pair) = own.and_then(|own| own.ways.pairs.with(m)) else { return };
            std::mem::swap(&mut pair.via, &mut via);
            self.voice_news(space);
        }
    }

    /// A link is gone or worth nothing: so are the ways by it, and its device is to be reached by others.
    pub(crate) fn ways_lost(&mut self, space: SpaceId, link: &PeerKey, device: DeviceId) {
        let own = call(&mut self.voice_leaving, &mut self.voice);
        let Some(own) = own.filter(|own| own.space == space) else { return };
        for pair in own.ways.pairs.0.values_mut() {
            pair.via.take_if(|via| via == link);
        }
        if let Some(pair) = own.ways.pairs.0.get_mut(&device) {
            (pair.overtaken, pair.missed) = (false, false);
        }
        self.set_timer(Timer::Ways, limits::PASS_AFTER_MS);
    }

    /// A link stands: no other way to its device is needed, and it may lead to others.
    pub(crate) fn ways_found(&mut self, space: SpaceId, device: DeviceId) {
        let own = call(&mut self.voice_leaving, &mut self.voice);
        let Some(own) = own.filter(|own| own.space == space) else { return };
        if let Some(pair) = own.ways.pairs.0.get_mut(&device) {
            pair.via = None;
        }
        self.set_timer(Timer::Ways, limits::PASS_AFTER_MS);
    }

    /// A word of the device came over its own link.
    pub(crate) fn ways_overtaken(&mut self, device: &DeviceId) {
        let own = call(&mut self.voice_leaving, &mut self.voice);
        if let Some(pair) = own.and_then(|own| own.ways.pairs.0.get_mut(device)) {
            pair.overtaken = true;
        }
    }
}
