//! What derives from an epoch secret.

use crate::{
    Secret32,
    hash::{derive, hash},
};
use hearth_types::{DeviceId, Scope, SpaceId};

/// The secret that all members hold for one epoch of a space.
#[derive(Debug, PartialEq, Eq)]
pub struct EpochSecret {
    space: SpaceId,
    secret: Secret32,
}

impl EpochSecret {
    /// The secret of an epoch of `space`.
    pub fn new(space: SpaceId, secret: Secret32) -> Self {
        Self { space, secret }
    }
    /// The bytes, for sealing to a member or to the disk.
    pub fn secret(&self) -> &Secret32 {
        &self.secret
    }
    /// Public commitment of the `Epoch` entry.
    pub fn commitment(&self) -> [u8; 32] {
        hash("hearth/epoch/commitment/1", &[&self.space.0, self.secret.expose()])
    }
    /// Key of one message of an open-history channel. Each opens alone.
    pub fn message_key(&self, scope: Scope, device: DeviceId, index: u64) -> Secret32 {
        let scope = match scope {
            Scope::Control => Vec::new(),
            Scope::Channel(id) => id.0.to_vec(),
        };
        self.derive("hearth/epoch/message/1", &[&scope, &device.0, &index.to_be_bytes()])
    }
    /// Key that wraps gossip payloads of the space.
    pub fn gossip_key(&self) -> Secret32 {
        self.derive("hearth/epoch/gossip/1", &[])
    }
    /// Key that boxes a hello.
    pub fn hello_key(&self) -> Secret32 {
        self.derive("hearth/epoch/hello/1", &[])
    }
    /// Opaque name of a gossip topic: 64 hex digits.
    pub fn topic(&self, class: &str) -> String {
        let name = self.derive("hearth/epoch/topic/1", &[class.as_bytes()]);
        name.expose().iter().map(|b| format!("{b:02x}")).collect()
    }
    /// Key under which this epoch carries its parent's secret.
    pub fn parent_key(&self) -> Secret32 {
        self.derive("hearth/epoch/parent/1", &[])
    }

    fn derive(&self, tag: &str, parts: &[&[u8]]) -> Secret32 {
        let mut all: Vec<&[u8]> = vec![&self.space.0];
        all.extend_from_slice(parts);
        derive(self.secret.expose(), tag, &all)
    }
}
