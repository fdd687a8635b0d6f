//! Who somebody is, as data: certificates, joins and the genesis object. Signing and checking are in `hearth-crypto`.

use crate::{DeviceId, SpaceId, UserId};

/// A root key vouches for a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Ed25519 public key of the user's root; the user id is its hash.
    pub root: [u8; 32],
    /// The device's signing key.
    pub device: DeviceId,
    /// The device's X25519 key, which secrets are sealed to.
    pub agreement: [u8; 32],
    /// 0 to 63.
    pub number: u8,
    /// By the root key.
    pub signature: [u8; 64],
}

/// A joiner's claim on an invite, embedded whole in the `Admit` that answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedJoin {
    /// The joining device.
    pub certificate: Certificate,
    /// Public key of the invite record it uses.
    pub invite_key: [u8; 32],
    /// By that key, over space, key and certificate.
    pub signature: [u8; 64],
}

/// What a space is made of. Its hash is the space id; the founder holds rank 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Genesis {
    /// Format version.
    pub version: u8,
    /// The community, for a private group in it.
    pub parent: Option<SpaceId>,
    /// Holder of rank 0.
    pub founder: UserId,
    /// Genesis public key: signs this object, and an ownership transfer, and nothing else.
    pub key: [u8; 32],
    /// Makes the id unique.
    pub random: [u8; 32],
    /// By the genesis key.
    pub signature: [u8; 64],
}
