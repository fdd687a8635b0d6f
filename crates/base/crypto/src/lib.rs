//! Keys, signatures, hashes and sealing. Randomness is always passed in, as [`Entropy`].
//!
//! Secrets are types: they are wiped when dropped, print as `***` and compare in constant time. Every hash, signature
//! and derivation has a domain tag of its own. This crate must never read a clock, a file or the system's randomness,
//! and never decode what peers send beyond fixed-size fields. Start with [`identity`] for who signs, [`epoch`] for what
//! channels are sealed under.

pub mod aead;
pub mod entropy;
pub mod epoch;
pub mod hash;
pub mod identity;
pub mod pair;
pub mod seal;
pub mod secret;
pub mod sign;

pub use aead::OpenError;
pub use entropy::{Entropy, HashEntropy};
pub use epoch::EpochSecret;
pub use hash::hash;
pub use identity::{AgreementKey, DeviceKey, InviteSecret, RecoverySeed, RootKey};
pub use pair::PairKeys;
pub use secret::{Secret16, Secret32};
pub use sign::{SignatureBatch, SigningKey, verify};
