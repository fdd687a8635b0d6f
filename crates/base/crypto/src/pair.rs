//! Keys between two devices for a while: both sides bring a fresh X25519 key, and each way has a key of its own.

use crate::{AgreementKey, Secret32, hash::derive};
use hearth_types::{ChannelId, DeviceId, SpaceId};
use x25519_dalek::PublicKey;

/// What one side seals with, and what it opens with.
#[derive(Debug, PartialEq, Eq)]
pub struct PairKeys {
    /// For what this side says.
    pub send: Secret32,
    /// For what the other side says.
    pub receive: Secret32,
}

impl PairKeys {
    /// Agrees with `them` about a room; nothing where their key is of low order. Whose key `theirs` is, is for a signature
    /// to say: this alone proves nothing.
    pub fn agree(
        (space, room): (SpaceId, ChannelId),
        (us, own): (DeviceId, &AgreementKey),
        (them, theirs): (DeviceId, &[u8; 32]),
    ) -> Option<Self> {
        let shared = own.secret().diffie_hellman(&PublicKey::from(*theirs));
        if !shared.was_contributory() {
            return None;
        }
        let public = own.public();
        let way = |sender: (DeviceId, &[u8; 32]), receiver: (DeviceId, &[u8; 32])| {
            let parts: [&[u8]; 6] = [&space.0, &room.0, &sender.0.0, sender.1, &receiver.0.0, receiver.1];
            derive(shared.as_bytes(), "hearth/pair/1", &parts)
        };
        Some(Self { send: way((us, &public), (them, theirs)), receive: way((them, theirs), (us, &public)) })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::HashEntropy;

    #[test]
    fn both_sides_agree_and_every_part_counts() {
        let mut entropy = HashEntropy::new([1; 32]);
        let mut key = || AgreementKey::generate(&mut entropy).0;
        let (a, b, eve) = (key(), key(), key());
        let (ada, bo) = (DeviceId([1; 32]), DeviceId([2; 32]));
        let room = (SpaceId([3; 32]), ChannelId([4; 32]));
        let at_ada = PairKeys::agree(room, (ada, &a), (bo, &b.public())).unwrap();
        let at_bo = PairKeys::agree(room, (bo, &b), (ada, &a.public())).unwrap();
        assert_eq!((&at_ada.send, &at_ada.receive), (&at_bo.receive, &at_bo.send));
        assert_ne!(at_ada.send, at_ada.receive, "nothing said can be given back as an answer");
        let others = [
            PairKeys::agree((room.0, ChannelId([5; 32])), (ada, &a), (bo, &b.public())),
            PairKeys::agree((SpaceId([5; 32]), room.1), (ada, &a), (bo, &b.public())),
            PairKeys::agree(room, (ada, &eve), (bo, &b.public())),
            PairKeys::agree(room, (ada, &a), (DeviceId([5; 32]), &b.public())),
            PairKeys::agree(room, (DeviceId([5; 32]), &a), (bo, &b.public())),
        ];
        assert!(others.into_iter().all(|other| other.unwrap().send != at_ada.send));
        assert_eq!(PairKeys::agree(room, (ada, &a), (bo, &[0; 32])), None, "a low-order key is refused");
    }
}
