//! Keys that one hears with, by (device, id).

use super::{KeyId, ratchet};
use crate::{limits, seal::Opener};
use hearth_crypto::Secret32;
use hearth_types::DeviceId;
use std::collections::BTreeMap;

/// Why a frame does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenFault {
    /// No key of that device has this id.
    NoKey,
    /// The key is there and the frame is not of it.
    Bad,
}

struct Generation {
    whisper: bool,
    number: u16,
    /// The farthest step known.
    step: u8,
    secret: Secret32,
    openers: Vec<(u8, Opener, Option<u64>)>,
    expires_us: Option<u64>,
}

/// Keys of all other senders.
#[derive(Default)]
pub struct ReceiveKeys {
    senders: BTreeMap<DeviceId, (u32, Vec<Generation>)>,
    tags: BTreeMap<u32, Vec<DeviceId>>,
}

impl ReceiveKeys {
    /// A sender that may give keys whose ids begin with `tag`.
    pub fn add_sender(&mut self, device: DeviceId, tag: u32) {
        self.senders.entry(device).or_insert_with(|| {
            self.tags.entry(tag).or_default().push(device);
            (tag, Vec::new())
        });
    }
    /// A sender that is out: none of its keys is kept.
    pub fn remove_sender(&mut self, device: &DeviceId) {
        if let Some((tag, _)) = self.senders.remove(device)
            && let Some(devices) = self.tags.get_mut(&tag)
        {
            devices.retain(|d| d != device);
            if devices.is_empty() {
                self.tags.remove(&tag);
            }
        }
    }
    /// A sender began anew: its old keys are nothing.
    pub fn clear_sender(&mut self, device: &DeviceId) {
        if let Some((_, generations)) = self.senders.get_mut(device) {
            generations.clear();
        }
    }
    /// Takes a key; false when its id is not one of the device's.
    pub fn insert(&mut self, device: &DeviceId, id: u64, secret: Secret32, now_us: u64) -> bool {
        let Some(id) = KeyId::from_u64(id) else { return false };
        let Some((tag, generations)) = self.senders.get_mut(device) else { return false };
        if id.tag != *tag {
            return false;
        }
        let known = generations.iter_mut().find(|g| (g.whisper, g.number) == (id.whisper, id.generation));
        if let Some(known) = known {
            if id.step > known.step {
                known.advance(id, secret, now_us);
            } else if id.step == known.step && known.secret != secret {
                // Two stays may draw the same number.
                known.openers.clear();
                known.advance(id, secret, now_us);
            }
            return true;
        }
        for g in generations.iter_mut().filter(|g| g.whisper == id.whisper) {
            g.expires_us.get_or_insert(now_us + limits::KEY_KEEP_US);
        }
        if generations.len() >= limits::SENDER_KEYS {
            generations.remove(0);
        }
        let mut generation = Generation {
            whisper: id.whisper,
            number: id.generation,
            step: id.step,
            secret: secret.duplicate(),
            openers: Vec::new(),
            expires_us: None,
        };
        generation.advance(id, secret, now_us);
        generations.push(generation);
        true
    }
    /// Devices whose keys an id may be of.
    pub fn candidates(&self, id: u64) -> Vec<DeviceId> {
        let devices = KeyId::from_u64(id).and_then(|id| self.tags.get(&id.tag));
        devices.map(|d| d.iter().copied().take(limits::TAG_CANDIDATES).collect()).unwrap_or_default()
    }
    /// Opens a frame as one of `device`.
    pub fn open(&mut self, device: &DeviceId, id: u64, sealed: &[u8], now_us: u64) -> Result<Vec<u8>, OpenFault> {
        let id = KeyId::from_u64(id).ok_or(OpenFault::NoKey)?;
        let (tag, generations) = self.senders.get_mut(device).ok_or(OpenFault::NoKey)?;
        let g = generations
            .iter_mut()
            .find(|g| (g.whisper, g.number) == (id.whisper, id.generation) && g.expires_us.is_none_or(|at| now_us < at))
            .filter(|_| *tag == id.tag)
            .ok_or(OpenFault::NoKey)?;
        if let Some((_, opener, expires)) = g.openers.iter().find(|(step, _, _)| *step == id.step) {
            if expires.is_some_and(|at| now_us >= at) {
                return Err(OpenFault::NoKey);
            }
            return opener.open(sealed).ok_or(OpenFault::Bad);
        }
        if id.step < g.step || id.step - g.step > limits::RATCHET_AHEAD {
            return Err(OpenFault::NoKey);
        }
        let mut secret = ratchet(&g.secret);
        for _ in g.step + 1..id.step {
            secret = ratchet(&secret);
        }
        // The step counts only once a frame shows that its sender went there.
        let opened = Opener::new(id.to_u64(), &secret).and_then(|o| o.open(sealed)).ok_or(OpenFault::Bad)?;
        g.advance(id, secret, now_us);
        Ok(opened)
    }
    /// The farthest step known of every generation that still holds, for who opens by itself.
    pub fn lend(&self, now_us: u64) -> impl Iterator<Item = (DeviceId, u64, Secret32)> {
        self.senders.iter().flat_map(move |(device, (tag, generations))| {
            let held = generations.iter().filter(move |g| g.expires_us.is_none_or(|at| now_us < at));
            held.map(move |g| {
                let id = KeyId { tag: *tag, whisper: g.whisper, generation: g.number, step: g.step };
                (*device, id.to_u64(), g.secret.duplicate())
            })
        })
    }
    /// Drops what is old.
    pub fn expire(&mut self, now_us: u64) {
        for (_, generations) in self.senders.values_mut() {
            generations.retain(|g| g.expires_us.is_none_or(|at| now_us < at));
            for g in generations {
                g.openers.retain(|(_, _, at)| at.is_none_or(|at| now_us < at));
            }
        }
    }
    /// Keys held, of all senders.
    pub fn len(&self) -> usize {
        self.senders.values().map(|(_, g)| g.iter().map(|g| g.openers.len()).sum::<usize>()).sum()
    }
    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Whether a sender's key is held.
    pub fn has(&self, device: &DeviceId) -> bool {
        self.senders.get(device).is_some_and(|(_, g)| g.iter().any(|g| !g.whisper))
    }
}

impl Generation {
    fn advance(&mut self, id: KeyId, secret: Secret32, now_us: u64) {
        for (_, _, expires) in &mut self.openers {
            expires.get_or_insert(now_us + limits::KEY_KEEP_US);
        }
        if self.openers.len() >= limits::OPEN_STEPS {
            self.openers.remove(0);
        }
        if let Some(opener) = Opener::new(id.to_u64(), &secret) {
            self.openers.push((id.step, opener, None));
        }
        (self.step, self.secret) = (id.step, secret);
    }
}
