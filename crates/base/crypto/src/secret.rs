//! Secret bytes as types.

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// `N` secret bytes: wiped on drop, `***` in Debug, compared in constant time, not `Clone`.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Secret<const N: usize>([u8; N]);

/// A key, a seed or an epoch secret.
pub type Secret32 = Secret<32>;
/// The secret of an invite link.
pub type Secret16 = Secret<16>;

impl<const N: usize> Secret<N> {
    /// Takes over the bytes.
    pub fn new(bytes: [u8; N]) -> Self {
        Self(bytes)
    }
    /// Looks at the bytes. Name the reason at the call.
    pub fn expose(&self) -> &[u8; N] {
        &self.0
    }
    /// A second copy, made on purpose.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(self.0)
    }
}

impl<const N: usize> std::fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}
impl<const N: usize> PartialEq for Secret<N> {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}
impl<const N: usize> Eq for Secret<N> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_print_as_stars() {
        assert_eq!(format!("{:?}", Secret32::new([7; 32])), "***");
        assert_eq!(format!("{:?}", Some(Secret16::new([7; 16]))), "Some(***)");
    }
}
