//! The fixed keys of the samples, so that every input can be signed and sealed again and every run is the same.

pub use crate::samples::{SPACE, device, entropy, message, root, secret, sign_genesis};

/// `n` bytes that depend on `salt`.
pub fn filler(n: usize, salt: u8) -> Vec<u8> {
    (0..n).map(|i| salt.wrapping_mul(31).wrapping_add(i as u8)).collect()
}
