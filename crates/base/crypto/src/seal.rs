//! Sealing a few bytes to a device's X25519 key, so that only that device opens them.

use crate::{AgreementKey, Entropy, OpenError, Secret32, aead, hash::derive};
use x25519_dalek::{PublicKey, StaticSecret};

/// `ephemeral public(32) | nonce | ciphertext`. `context` must be the same on both sides.
pub fn seal_to(recipient: &[u8; 32], context: &[u8], plain: &[u8], entropy: &mut impl Entropy) -> Option<Vec<u8>> {
    let ephemeral = StaticSecret::from(entropy.array::<32>());
    let public = PublicKey::from(&ephemeral);
    let shared = ephemeral.diffie_hellman(&PublicKey::from(*recipient));
    if !shared.was_contributory() {
        return None;
    }
    let key = key_of(shared.as_bytes(), public.as_bytes(), recipient, context);
    let mut out = public.as_bytes().to_vec();
    out.extend_from_slice(&aead::seal(&key, context, plain, entropy));
    Some(out)
}

/// Opens what [`seal_to`] made for `own`.
pub fn open_from(own: &AgreementKey, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
    let Some((ephemeral, rest)) = sealed.split_first_chunk::<32>() else { return Err(OpenError) };
    let shared = own.secret().diffie_hellman(&PublicKey::from(*ephemeral));
    if !shared.was_contributory() {
        return Err(OpenError);
    }
    aead::open(&key_of(shared.as_bytes(), ephemeral, &own.public(), context), context, rest)
}

fn key_of(shared: &[u8], ephemeral: &[u8; 32], recipient: &[u8; 32], context: &[u8]) -> Secret32 {
    derive(shared, "hearth/seal/1", &[ephemeral, recipient, context])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::HashEntropy;

    #[test]
    fn only_the_recipient_opens_and_only_in_the_same_context() {
        let mut entropy = HashEntropy::new([1; 32]);
        let (ada, eve) = (AgreementKey::generate(&mut entropy).0, AgreementKey::generate(&mut entropy).0);
        let sealed = seal_to(&ada.public(), b"epoch", b"secret", &mut entropy).unwrap();
        assert_eq!(open_from(&ada, b"epoch", &sealed).unwrap(), b"secret");
        assert_eq!(open_from(&eve, b"epoch", &sealed), Err(OpenError));
        assert_eq!(open_from(&ada, b"other", &sealed), Err(OpenError));
        assert_eq!(open_from(&ada, b"epoch", &sealed[..31]), Err(OpenError));
        assert_eq!(seal_to(&[0; 32], b"", b"", &mut entropy), None, "a low-order key is refused");
    }
}
