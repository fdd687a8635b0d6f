//! Ed25519 with domain tags. Verification is always strict: small-order keys and non-canonical values fail.

use crate::{Entropy, Secret32};
use ed25519_dalek::{Signature, Signer, VerifyingKey};

/// An Ed25519 private key.
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// The key of a seed (RFC 8032).
    pub fn from_seed(seed: &Secret32) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed.expose()))
    }
    /// A fresh key and its seed.
    pub fn generate(entropy: &mut impl Entropy) -> (Self, Secret32) {
        let seed = Secret32::new(entropy.array());
        (Self::from_seed(&seed), seed)
    }
    /// The public half.
    pub fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }
    /// Signs `tag` and `parts`, encoded as in [`signed_bytes`].
    pub fn sign(&self, tag: &str, parts: &[&[u8]]) -> [u8; 64] {
        self.0.sign(&signed_bytes(tag, parts)).to_bytes()
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// What a signature covers: the tag, a zero byte, and each part behind its length (u32, big-endian).
pub fn signed_bytes(tag: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(tag.len() + 1 + parts.iter().map(|p| p.len() + 4).sum::<usize>());
    out.extend_from_slice(tag.as_bytes());
    out.push(0);
    for part in parts {
        out.extend_from_slice(&(part.len() as u32).to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}

/// Whether `signature` by `public` over `tag` and `parts` holds, by the strict rules.
pub fn verify(public: &[u8; 32], tag: &str, parts: &[&[u8]], signature: &[u8; 64]) -> bool {
    VerifyingKey::from_bytes(public)
        .is_ok_and(|key| key.verify_strict(&signed_bytes(tag, parts), &Signature::from_bytes(signature)).is_ok())
}
