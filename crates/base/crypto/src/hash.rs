//! Domain-separated SHA-256.

use sha2::{Digest, Sha256};

/// SHA-256 over `tag`, a zero byte, and each part behind its length (u32, big-endian).
pub fn hash(tag: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut h = Sha256::new();
    h.update(tag.as_bytes());
    h.update([0]);
    for part in parts {
        h.update((part.len() as u32).to_be_bytes());
        h.update(part);
    }
    h.finalize().into()
}

/// Plain SHA-256, for body hashes and checksums.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// 32 bytes derived by HKDF-SHA-256 (RFC 5869) from `secret`, with `tag` and `parts` (as in [`hash`]) as the info.
pub(crate) fn derive(secret: &[u8], tag: &str, parts: &[&[u8]]) -> crate::Secret32 {
    let mut out = [0; 32];
    let info = hash(tag, parts);
    // 32 bytes are one block, which HKDF always yields.
    let _ = hkdf::Hkdf::<Sha256>::new(Some(b"hearth/1"), secret).expand(&info, &mut out);
    crate::Secret32::new(out)
}
