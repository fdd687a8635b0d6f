//! Sender keys (research, 5.5): 32 fresh random bytes per sender, stay and set of listeners.
//!
//! A key has an id: the upper bits are a tag of the device, then a generation, then a ratchet step. Whenever somebody
//! leaves, a new generation is made and told to the rest; whenever somebody joins, the key goes one step of a hash ratchet
//! forward, which those who hold it follow by themselves and the newcomer cannot turn back. A whisper has generations of
//! its own, which only its listeners get. One frame counter runs through all keys of a stay.

mod receive;
mod send;

pub use receive::{OpenFault, ReceiveKeys};
pub use send::{Offer, SendKeys};

use crate::CallId;
use hearth_crypto::{Secret32, hash};
use hearth_types::DeviceId;

/// Parts of an SFrame key id: `tag (32 bits) | whisper (1) | generation (15) | step (8)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId {
    /// See [`device_tag`].
    pub tag: u32,
    /// Whether only some hold it.
    pub whisper: bool,
    /// 15 bits; starts at random and rises.
    pub generation: u16,
    /// Of the ratchet.
    pub step: u8,
}

impl KeyId {
    /// As SFrame spells it.
    pub fn to_u64(self) -> u64 {
        u64::from(self.tag) << 24
            | u64::from(self.whisper) << 23
            | u64::from(self.generation & 0x7fff) << 8
            | u64::from(self.step)
    }
    /// Nothing for a number over 56 bits.
    pub fn from_u64(id: u64) -> Option<Self> {
        let tag = u32::try_from(id >> 24).ok()?;
        let generation = (id >> 8) as u16 & 0x7fff;
        Some(Self { tag, whisper: id >> 23 & 1 == 1, generation, step: id as u8 })
    }
}

/// What a device's key ids begin with in a call. Two devices can share one on purpose, so it only narrows the search:
/// keys are held by (device, id).
pub fn device_tag(call: CallId, device: DeviceId) -> u32 {
    let full = hash("hearth/call/tag/1", &[&call.0, &device.0]);
    u32::from_be_bytes([full[0], full[1], full[2], full[3]])
}

/// The next step's secret. Cannot be turned back.
pub fn ratchet(secret: &Secret32) -> Secret32 {
    Secret32::new(hash("hearth/call/ratchet/1", &[secret.expose()]))
}

#[cfg(test)]
mod tests;
