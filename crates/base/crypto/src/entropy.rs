//! Randomness as a value.

use crate::hash::hash;
use zeroize::Zeroize;

/// A source of random bytes.
pub trait Entropy {
    /// Fills `out`.
    fn fill(&mut self, out: &mut [u8]);
    /// `N` random bytes.
    fn array<const N: usize>(&mut self) -> [u8; N]
    where
        Self: Sized,
    {
        let mut out = [0; N];
        self.fill(&mut out);
        out
    }
}

/// A generator that hashes its way forward from a seed; a captured state does not reveal earlier output.
///
/// Fed from the operating system's randomness by `io/node`, from a fixed seed by tests.
#[derive(Zeroize)]
#[zeroize(drop)]
pub struct HashEntropy {
    state: [u8; 32],
}

impl HashEntropy {
    /// Starts from 32 bytes.
    pub fn new(seed: [u8; 32]) -> Self {
        Self { state: hash("hearth/entropy/seed/1", &[&seed]) }
    }
}

impl Entropy for HashEntropy {
    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            let block = hash("hearth/entropy/out/1", &[&self.state]);
            chunk.copy_from_slice(&block[..chunk.len()]);
            self.state = hash("hearth/entropy/next/1", &[&self.state]);
        }
    }
}
