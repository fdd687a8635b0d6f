//! Peer keys are libp2p peer ids: the identity multihash of an Ed25519 public key holds the key itself.

use crate::NetFault;
use hearth_types::PeerKey;
use libp2p::{
    PeerId,
    identity::{Keypair, PublicKey, ed25519},
};

/// Identity multihash (code 0, length 36) of a protobuf public key (type Ed25519, 32 bytes).
const PREFIX: [u8; 6] = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];

/// The transport key pair of a seed, which is wiped.
pub fn keypair(seed: &mut [u8; 32]) -> Result<Keypair, NetFault> {
    Keypair::ed25519_from_bytes(seed).map_err(|_| NetFault::BadKey)
}

/// The key inside a peer id; none for ids of other key types, which Hearth does not use.
pub fn peer_key(id: &PeerId) -> Option<PeerKey> {
    let bytes = id.to_bytes();
    let key = bytes.strip_prefix(&PREFIX)?;
    key.try_into().ok().map(PeerKey)
}

/// The peer id of a key; none when the bytes are no point on the curve.
pub fn peer_id(key: &PeerKey) -> Option<PeerId> {
    let public = ed25519::PublicKey::try_from_bytes(&key.0).ok()?;
    Some(PublicKey::from(public).to_peer_id())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_key_survives_the_way_to_a_peer_id_and_back() {
        for n in 0..32 {
            let pair = keypair(&mut [n; 32]).unwrap();
            let id = pair.public().to_peer_id();
            let key = peer_key(&id).unwrap();
            assert_eq!(key.0, pair.public().try_into_ed25519().unwrap().to_bytes());
            assert_eq!(peer_id(&key), Some(id));
        }
    }

    #[test]
    fn ids_of_other_kinds_have_no_key_and_bad_keys_no_id() {
        let hashed: PeerId = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N".parse().unwrap();
        assert_eq!(peer_key(&hashed), None);
        let bad = (0..=255).map(|n| PeerKey([n; 32])).filter(|k| peer_id(k).is_none()).count();
        assert!(bad > 50, "about half of all byte strings are no points, got {bad} of 256");
    }

    #[test]
    fn the_seed_is_wiped() {
        let mut seed = [7; 32];
        keypair(&mut seed).unwrap();
        assert_eq!(seed, [0; 32]);
    }
}
