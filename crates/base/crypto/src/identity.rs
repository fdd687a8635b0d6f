//! Root, device and invite keys: who may speak for whom.

use crate::{Entropy, Secret16, Secret32, SigningKey, hash, hash::derive, verify};
use hearth_types::{Certificate, DeviceId, Genesis, SignedJoin, SpaceId, UserId, limits};
use x25519_dalek::{PublicKey, StaticSecret};

const CERTIFICATE: &str = "hearth/certificate/1";
const JOIN: &str = "hearth/join/1";
const GENESIS: &str = "hearth/genesis/1";

/// What the recovery phrase will stand for. The root key derives from it, so it alone restores a user.
#[derive(Debug)]
pub struct RecoverySeed(Secret32);

impl RecoverySeed {
    /// From stored bytes.
    pub fn new(seed: Secret32) -> Self {
        Self(seed)
    }
    /// The root key.
    pub fn root(&self) -> RootKey {
        RootKey(SigningKey::from_seed(&derive(self.0.expose(), "hearth/root/1", &[])))
    }
}

/// Signs device certificates and nothing else.
#[derive(Debug)]
pub struct RootKey(SigningKey);

impl RootKey {
    /// The user it stands for.
    pub fn user(&self) -> UserId {
        user_of_root(&self.0.public())
    }
    /// Vouches for a device. `number` must be below `limits::DEVICE_NUMBERS`.
    pub fn certify(&self, device: DeviceId, agreement: [u8; 32], number: u8) -> Certificate {
        let root = self.0.public();
        let signature = self.0.sign(CERTIFICATE, &[&root, &device.0, &agreement, &[number]]);
        Certificate { root, device, agreement, number, signature }
    }
}

/// The user of a root public key.
pub fn user_of_root(root: &[u8; 32]) -> UserId {
    UserId(hash("hearth/user/1", &[root]))
}

/// The user a certificate speaks for, if it holds.
pub fn check_certificate(c: &Certificate) -> Option<UserId> {
    let good = c.number < limits::DEVICE_NUMBERS
        && verify(&c.root, CERTIFICATE, &[&c.root, &c.device.0, &c.agreement, &[c.number]], &c.signature);
    good.then(|| user_of_root(&c.root))
}

/// Signs a device's entries and hellos.
#[derive(Debug)]
pub struct DeviceKey(SigningKey);

impl DeviceKey {
    /// From its stored seed.
    pub fn from_seed(seed: &Secret32) -> Self {
        Self(SigningKey::from_seed(seed))
    }
    /// Its public half.
    pub fn id(&self) -> DeviceId {
        DeviceId(self.0.public())
    }
    /// Signs with a domain tag.
    pub fn sign(&self, tag: &str, parts: &[&[u8]]) -> [u8; 64] {
        self.0.sign(tag, parts)
    }
}

/// A device's X25519 key, which secrets are sealed to.
pub struct AgreementKey(StaticSecret);

impl AgreementKey {
    /// From its stored seed.
    pub fn from_seed(seed: &Secret32) -> Self {
        Self(StaticSecret::from(*seed.expose()))
    }
    /// A fresh key and its seed.
    pub fn generate(entropy: &mut impl Entropy) -> (Self, Secret32) {
        let seed = Secret32::new(entropy.array());
        (Self::from_seed(&seed), seed)
    }
    /// Its public half.
    pub fn public(&self) -> [u8; 32] {
        PublicKey::from(&self.0).to_bytes()
    }
    pub(crate) fn secret(&self) -> &StaticSecret {
        &self.0
    }
}

impl std::fmt::Debug for AgreementKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// Makes a space's genesis object and its id. The genesis key is given back to be kept for a transfer.
pub fn found(parent: Option<SpaceId>, founder: UserId, entropy: &mut impl Entropy) -> (Genesis, SpaceId, Secret32) {
    let (key, seed) = SigningKey::generate(entropy);
    let mut genesis =
        Genesis { version: 1, parent, founder, key: key.public(), random: entropy.array(), signature: [0; 64] };
    genesis.signature = key.sign(GENESIS, &genesis_parts(&genesis));
    let space = space_of(&genesis);
    (genesis, space, seed)
}

/// The id of a genesis object.
pub fn space_of(g: &Genesis) -> SpaceId {
    let mut parts = genesis_parts(g).to_vec();
    parts.push(&g.signature);
    SpaceId(hash("hearth/space/1", &parts))
}

/// The id of a genesis object, if its signature holds and its version is known.
pub fn check_genesis(g: &Genesis) -> Option<SpaceId> {
    (g.version == 1 && verify(&g.key, GENESIS, &genesis_parts(g), &g.signature)).then(|| space_of(g))
}

fn genesis_parts(g: &Genesis) -> [&[u8]; 5] {
    const NO_PARENT: &[u8] = &[];
    let version: &[u8] = std::slice::from_ref(&g.version);
    [version, g.parent.as_ref().map_or(NO_PARENT, |p| &p.0), &g.founder.0, &g.key, &g.random]
}

/// The secret in an invite link; the private half of the invite record's key derives from it.
#[derive(Debug, PartialEq, Eq)]
pub struct InviteSecret(Secret16);

impl InviteSecret {
    /// From a link or the disk.
    pub fn new(secret: Secret16) -> Self {
        Self(secret)
    }
    /// The bytes, for the link.
    pub fn secret(&self) -> &Secret16 {
        &self.0
    }
    /// Public key of the invite record.
    pub fn public(&self, space: SpaceId) -> [u8; 32] {
        self.key(space).public()
    }
    /// The joiner's claim.
    pub fn join(&self, space: SpaceId, certificate: Certificate) -> SignedJoin {
        let key = self.key(space);
        let mut join = SignedJoin { certificate, invite_key: key.public(), signature: [0; 64] };
        join.signature = key.sign(JOIN, &join_parts(&space, &join));
        join
    }
    fn key(&self, space: SpaceId) -> SigningKey {
        SigningKey::from_seed(&derive(self.0.expose(), "hearth/invite/1", &[&space.0]))
    }
}

/// The user who joins, if the certificate holds and the join was made with the secret of `invite_key`.
/// Whether such an invite stands is for the space's state to say.
pub fn check_join(space: SpaceId, join: &SignedJoin) -> Option<UserId> {
    let user = check_certificate(&join.certificate)?;
    verify(&join.invite_key, JOIN, &join_parts(&space, join), &join.signature).then_some(user)
}

fn join_parts<'a>(space: &'a SpaceId, join: &'a SignedJoin) -> [&'a [u8]; 7] {
    let c = &join.certificate;
    [&space.0, &join.invite_key, &c.root, &c.device.0, &c.agreement, std::slice::from_ref(&c.number), &c.signature]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::HashEntropy;

    #[test]
    fn certificates_bind_every_field() {
        let mut entropy = HashEntropy::new([9; 32]);
        let root = RecoverySeed::new(Secret32::new(entropy.array())).root();
        let good = root.certify(DeviceId(entropy.array()), entropy.array(), 3);
        assert_eq!(check_certificate(&good), Some(root.user()));
        let flips: [fn(&mut Certificate); 5] = [
            |c| c.root[0] ^= 1,
            |c| c.device.0[0] ^= 1,
            |c| c.agreement[0] ^= 1,
            |c| c.number ^= 1,
            |c| c.signature[0] ^= 1,
        ];
        for flip in flips {
            let mut bad = good.clone();
            flip(&mut bad);
            assert_eq!(check_certificate(&bad), None);
        }
        assert_eq!(check_certificate(&root.certify(good.device, good.agreement, 64)), None, "numbers end at 63");
    }

    #[test]
    fn a_join_holds_for_its_space_invite_and_device_only() {
        let mut entropy = HashEntropy::new([9; 32]);
        let root = RecoverySeed::new(Secret32::new(entropy.array())).root();
        let space = SpaceId(entropy.array());
        let secret = InviteSecret::new(Secret16::new(entropy.array()));
        let join = secret.join(space, root.certify(DeviceId([4; 32]), [5; 32], 0));
        assert_eq!(join.invite_key, secret.public(space));
        assert_eq!(check_join(space, &join), Some(root.user()));
        assert_eq!(check_join(SpaceId([0; 32]), &join), None);
        let other_key = SignedJoin { invite_key: secret.public(SpaceId([0; 32])), ..join.clone() };
        assert_eq!(check_join(space, &other_key), None);
        let other_device = SignedJoin { certificate: root.certify(DeviceId([6; 32]), [5; 32], 0), ..join };
        assert_eq!(check_join(space, &other_device), None);
    }

    #[test]
    fn a_space_id_is_bound_to_its_genesis() {
        let mut entropy = HashEntropy::new([9; 32]);
        let (genesis, space, _) = found(None, UserId([1; 32]), &mut entropy);
        assert_eq!(check_genesis(&genesis), Some(space));
        let mut bad = genesis.clone();
        bad.founder.0[0] ^= 1;
        assert_eq!(check_genesis(&bad), None);
        bad = genesis;
        bad.version = 2;
        assert_eq!(check_genesis(&bad), None);
    }
}
