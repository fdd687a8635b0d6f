//! XChaCha20-Poly1305 with a random nonce in front.

use crate::{Entropy, Secret32};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};

/// Bytes that sealing adds.
pub const OVERHEAD: usize = 24 + 16;

/// The box does not open with this key and associated data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sealed bytes do not open")]
pub struct OpenError;

/// `nonce(24) | ciphertext | tag(16)`.
pub fn seal(key: &Secret32, associated: &[u8], plain: &[u8], entropy: &mut impl Entropy) -> Vec<u8> {
    let nonce: [u8; 24] = entropy.array();
    let cipher = XChaCha20Poly1305::new(key.expose().into());
    let mut out = nonce.to_vec();
    // Encryption fails only past 256 GiB.
    if let Ok(sealed) = cipher.encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: associated }) {
        out.extend_from_slice(&sealed);
    }
    out
}

/// Opens what [`seal`] made.
pub fn open(key: &Secret32, associated: &[u8], sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
    let Some((nonce, rest)) = sealed.split_first_chunk::<24>() else { return Err(OpenError) };
    let cipher = XChaCha20Poly1305::new(key.expose().into());
    cipher.decrypt(&XNonce::from(*nonce), Payload { msg: rest, aad: associated }).map_err(|_| OpenError)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::HashEntropy;

    #[test]
    fn opens_only_with_the_same_key_and_associated_data() {
        let mut entropy = HashEntropy::new([1; 32]);
        let key = Secret32::new([2; 32]);
        let sealed = seal(&key, b"a", b"text", &mut entropy);
        assert_eq!(sealed.len(), 4 + OVERHEAD);
        assert_eq!(open(&key, b"a", &sealed).unwrap(), b"text");
        assert_eq!(open(&key, b"b", &sealed), Err(OpenError));
        assert_eq!(open(&Secret32::new([3; 32]), b"a", &sealed), Err(OpenError));
        for at in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[at] ^= 1;
            assert_eq!(open(&key, b"a", &bad), Err(OpenError), "byte {at}");
        }
        assert_eq!(open(&key, b"a", &sealed[..10]), Err(OpenError));
    }
}
