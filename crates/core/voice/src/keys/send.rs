//! Keys that one speaks with.

use super::{KeyId, ratchet};
use crate::{limits, seal::Sealer};
use hearth_crypto::{Entropy, Secret32};
use hearth_types::PeerKey;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A key to be told to a listener.
#[derive(Debug)]
pub struct Offer {
    /// To whom.
    pub peer: PeerKey,
    /// [`KeyId`].
    pub id: u64,
    /// The key.
    pub secret: Secret32,
}

struct SendKey {
    id: KeyId,
    secret: Secret32,
    sealer: Option<Sealer>,
    used: bool,
    made_us: u64,
    offered: BTreeMap<PeerKey, u64>,
    acked: BTreeSet<PeerKey>,
}

impl SendKey {
    fn new(id: KeyId, entropy: &mut impl Entropy, now_us: u64) -> Self {
        let secret = Secret32::new(entropy.array());
        let sealer = Sealer::new(id.to_u64(), &secret);
        Self { id, secret, sealer, used: false, made_us: now_us, offered: BTreeMap::new(), acked: BTreeSet::new() }
    }
    fn step(&mut self) {
        self.secret = ratchet(&self.secret);
        self.id.step += 1;
        self.sealer = Sealer::new(self.id.to_u64(), &self.secret);
        self.used = false;
    }
    fn offers(&mut self, listeners: &BTreeSet<PeerKey>, now_us: u64, out: &mut Vec<Offer>) {
        self.offered.retain(|p, _| listeners.contains(p));
        self.acked.retain(|p| listeners.contains(p));
        for peer in listeners.difference(&self.acked) {
            let due = self.offered.get(peer).is_none_or(|at| now_us >= at + limits::KEY_RETRY_US);
            if due {
                self.offered.insert(*peer, now_us);
                out.push(Offer { peer: *peer, id: self.id.to_u64(), secret: self.secret.duplicate() });
            }
        }
    }
}

/// One's own keys: the one in use, those to come, and a whisper's.
pub struct SendKeys {
    tag: u32,
    generation: u16,
    current: SendKey,
    pending: VecDeque<SendKey>,
    whisper: Option<(BTreeSet<PeerKey>, SendKey)>,
    /// A leave asks for a new generation then.
    rotate_at: Option<u64>,
    counter: u64,
}

impl SendKeys {
    /// Keys of a new stay.
    pub fn new(tag: u32, entropy: &mut impl Entropy, now_us: u64) -> Self {
        let generation = u16::from_be_bytes(entropy.array()) & 0x7fff;
        let id = KeyId { tag, whisper: false, generation, step: 0 };
        let current = SendKey::new(id, entropy, now_us);
        Self { tag, generation, current, pending: VecDeque::new(), whisper: None, rotate_at: None, counter: 0 }
    }
    /// Somebody came: what was said before must not open with what they get.
    pub fn joined(&mut self, now_us: u64) {
        if !self.current.used {
            return;
        }
        if self.current.id.step == u8::MAX {
            self.left(now_us);
        } else {
            self.current.step();
        }
    }
    /// Somebody went: what will be said must not open with what they have.
    pub fn left(&mut self, now_us: u64) {
        self.rotate_at.get_or_insert(now_us + limits::KEY_COALESCE_US);
    }
    /// A listener began anew and holds nothing.
    pub fn forget(&mut self, peer: &PeerKey) {
        for key in self.all() {
            key.offered.remove(peer);
            key.acked.remove(peer);
        }
    }
    /// A listener holds a key.
    pub fn acked(&mut self, peer: PeerKey, id: u64) {
        let Some(id) = KeyId::from_u64(id) else { return };
        for key in self.all() {
            if (key.id.whisper, key.id.generation) == (id.whisper, id.generation) && key.offered.contains_key(&peer) {
                key.acked.insert(peer);
            }
        }
    }
    /// A listener misses a key: it is told all again.
    pub fn wanted(&mut self, peer: &PeerKey) {
        self.forget(peer);
    }
    /// Be heard by these alone from now on, by a key of their own; by all again without.
    pub fn set_whisper(&mut self, listeners: Option<BTreeSet<PeerKey>>, entropy: &mut impl Entropy, now_us: u64) {
        if self.whisper.as_ref().map(|(l, _)| l) == listeners.as_ref() {
            return;
        }
        self.whisper = listeners.map(|listeners| {
            let id = self.next_id(true);
            (listeners, SendKey::new(id, entropy, now_us))
        });
    }
    /// What is due: new generations, offers, and the switch to the next key.
    /// `listeners` are all talkers, `reachable` those that can be told now.
    pub fn tick(
        &mut self,
        listeners: &BTreeSet<PeerKey>,
        reachable: &BTreeSet<PeerKey>,
        entropy: &mut impl Entropy,
        now_us: u64,
    ) -> Vec<Offer> {
        if self.rotate_at.is_some_and(|at| now_us >= at) {
            self.rotate_at = None;
            if self.pending.len() >= limits::PENDING_KEYS {
                self.use_next();
            }
            let id = self.next_id(false);
            self.pending.push_back(SendKey::new(id, entropy, now_us));
        }
        while let Some(next) = self.pending.front() {
            let all = listeners.iter().all(|p| next.acked.contains(p));
            if !all && now_us < next.made_us + limits::KEY_SWITCH_US {
                break;
            }
            self.use_next();
        }
        let mut out = Vec::new();
        self.current.offers(reachable, now_us, &mut out);
        for key in &mut self.pending {
            key.offers(reachable, now_us, &mut out);
        }
        if let Some((whisper, key)) = &mut self.whisper {
            let reachable = whisper.intersection(reachable).copied().collect();
            key.offers(&reachable, now_us, &mut out);
        }
        out
    }
    /// Whether something waits for its time.
    pub fn is_changing(&self) -> bool {
        self.rotate_at.is_some() || !self.pending.is_empty()
    }
    /// Who hears a whisper.
    pub fn whisper(&self) -> Option<&BTreeSet<PeerKey>> {
        self.whisper.as_ref().map(|(listeners, _)| listeners)
    }
    /// Seals under the key in use: counter and SFrame bytes.
    pub fn seal(&mut self, plain: &[u8]) -> Option<(u64, Vec<u8>)> {
        let key = self.whisper.as_mut().map_or(&mut self.current, |(_, key)| key);
        let counter = self.counter;
        let sealed = key.sealer.as_ref()?.seal(counter, plain)?;
        key.used = true;
        self.counter += 1;
        Some((counter, sealed))
    }
    /// The key in use, for who seals by itself. It counts as used from now on.
    pub fn lend(&mut self) -> (u64, Secret32) {
        let key = self.whisper.as_mut().map_or(&mut self.current, |(_, key)| key);
        key.used = true;
        (key.id.to_u64(), key.secret.duplicate())
    }
    /// Takes note of a frame that was sealed by such; false when its counter is not the next.
    pub fn take_counter(&mut self, counter: u64) -> bool {
        let next = counter == self.counter;
        self.counter += u64::from(next);
        next
    }
    /// Counter of the next frame.
    pub fn counter(&self) -> u64 {
        self.counter
    }

    fn next_id(&mut self, whisper: bool) -> KeyId {
        self.generation = (self.generation + 1) & 0x7fff;
        KeyId { tag: self.tag, whisper, generation: self.generation, step: 0 }
    }
    fn use_next(&mut self) {
        if let Some(next) = self.pending.pop_front() {
            self.current = next;
        }
    }
    fn all(&mut self) -> impl Iterator<Item = &mut SendKey> {
        let whisper = self.whisper.as_mut().map(|(_, key)| key);
        std::iter::once(&mut self.current).chain(&mut self.pending).chain(whisper)
    }
}
