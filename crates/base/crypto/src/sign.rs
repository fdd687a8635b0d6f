//! Ed25519 with domain tags.
//!
//! A signature holds when key and `R` are canonical points that are not of small order, `s` is below the group order, and
//! the equation of RFC 8032 holds times the cofactor (section 5.1.7; ZIP 215). Only with the cofactor do many signatures
//! checked together and each checked alone always get the same verdict, and replicas must never differ over one; together
//! they cost a fifth. An entry's id covers its signature, so a second signature under one key is another entry, no forgery.

use crate::{Entropy, HashEntropy, Secret32};
use ed25519_dalek::Signer;
use ed25519_zebra::{Signature, VerificationKey, VerificationKeyBytes, batch};
use sha2::{Digest, Sha256};

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

/// Whether `signature` by `public` over `tag` and `parts` holds.
pub fn verify(public: &[u8; 32], tag: &str, parts: &[&[u8]], signature: &[u8; 64]) -> bool {
    are_sound(public, signature)
        && VerificationKey::try_from(*public)
            .is_ok_and(|key| key.verify(&Signature::from(*signature), &signed_bytes(tag, parts)).is_ok())
}

/// Signatures that are checked together, at a fifth of the price: [`SignatureBatch::holds`] if and only if [`verify`]
/// says so of each. Which of them fail is not known then; ask each.
pub struct SignatureBatch {
    queue: batch::Verifier,
    /// Over all that was pushed: the weights are drawn from it, so that whoever chose a signature could not know its own.
    transcript: Sha256,
    sound: bool,
}

impl SignatureBatch {
    /// An empty batch, which holds.
    pub fn new() -> Self {
        Self { queue: batch::Verifier::new(), transcript: Sha256::new(), sound: true }
    }
    /// Adds what [`verify`] takes.
    pub fn push(&mut self, public: &[u8; 32], tag: &str, parts: &[&[u8]], signature: &[u8; 64]) {
        let message = signed_bytes(tag, parts);
        self.sound &= are_sound(public, signature);
        self.transcript.update(public);
        self.transcript.update(signature);
        self.transcript.update((message.len() as u64).to_be_bytes());
        self.transcript.update(&message);
        self.queue.queue((VerificationKeyBytes::from(*public), Signature::from(*signature), &message));
    }
    /// Whether every one of them holds.
    pub fn holds(self) -> bool {
        let weights = Weights(HashEntropy::new(self.transcript.finalize().into()));
        self.sound && self.queue.verify(weights).is_ok()
    }
}

impl Default for SignatureBatch {
    fn default() -> Self {
        Self::new()
    }
}

struct Weights(HashEntropy);

impl rand_core::TryRng for Weights {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(u32::from_le_bytes(self.0.array()))
    }
    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(u64::from_le_bytes(self.0.array()))
    }
    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        self.0.fill(out);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Weights {}

/// Whether the key and `R` are spelled the one way they have, and are not of small order.
fn are_sound(public: &[u8; 32], signature: &[u8; 64]) -> bool {
    let (r, _) = signature.split_at(32);
    is_sound(public) && r.try_into().is_ok_and(is_sound)
}

/// The second coordinates of the eight points of small order, little-endian: 0, 1, -1 and those of order eight.
const SMALL_ORDER: [[u8; 32]; 5] = [
    [0; 32],
    [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
    ],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
        0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
        0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

fn is_sound(point: &[u8; 32]) -> bool {
    let mut y = *point;
    // The topmost bit is the sign of the other coordinate.
    y[31] &= 0x7f;
    // 2^255 - 19 and above spell a smaller number a second time.
    let canonical = !(y[31] == 0x7f && y[1..31].iter().all(|b| *b == 0xff) && y[0] >= 0xed);
    canonical && !SMALL_ORDER.contains(&y)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn hex<const N: usize>(text: &str) -> [u8; N] {
        let bytes: Vec<u8> =
            (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect();
        bytes.try_into().unwrap()
    }

    /// RFC 8032, section 7.1: tests 1, 2, 3 and SHA(abc).
    #[test]
    fn keys_and_signatures_are_those_of_the_rfc() {
        let abc: [u8; 64] = hex(
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        );
        for (seed, public, message, signature) in [
            (
                "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
                &[][..],
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
            ),
            (
                "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
                &[0x72],
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
            ),
            (
                "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
                "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
                &[0xaf, 0x82],
                "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
            ),
            (
                "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
                "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
                &abc,
                "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
            ),
        ] {
            let key = SigningKey::from_seed(&Secret32::new(hex(seed)));
            assert_eq!(key.public(), hex::<32>(public));
            assert_eq!(key.0.sign(message).to_bytes(), hex::<64>(signature));
        }
    }
}
