//! People with keys known to everybody.

use crate::Dice;
use hearth_crypto::{AgreementKey, DeviceKey, RecoverySeed, RootKey, Secret32};
use hearth_types::{Certificate, DeviceId, UserId};

/// Somebody with one device.
#[derive(Debug)]
pub struct Person {
    /// Name shown.
    pub name: String,
    /// 0xRRGGBB.
    pub color: u32,
    /// Vouches for devices.
    pub root: RootKey,
    /// Signs entries.
    pub device: DeviceKey,
    /// Secrets are sealed to it.
    pub agreement: AgreementKey,
    /// Root's word for the device.
    pub certificate: Certificate,
    /// Seed bytes as a home folder keeps them: recovery, device, agreement.
    pub seeds: [[u8; 32]; 3],
}

impl Person {
    /// Number `n` of the people of `seed`.
    pub fn new(seed: u64, n: usize) -> Self {
        let mut dice = Dice::new(seed ^ (n as u64 + 1).wrapping_mul(0xd134_2543_de82_ef95));
        let seeds = [dice.bytes32(), dice.bytes32(), dice.bytes32()];
        let mut name = dice.word();
        if let Some(first) = name.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Self::from_seeds(name, dice.below(0x100_0000) as u32, seeds)
    }
    /// Somebody whose keys come from elsewhere: recovery, device, agreement.
    pub fn from_seeds(name: String, color: u32, seeds: [[u8; 32]; 3]) -> Self {
        let root = RecoverySeed::new(Secret32::new(seeds[0])).root();
        let device = DeviceKey::from_seed(&Secret32::new(seeds[1]));
        let agreement = AgreementKey::from_seed(&Secret32::new(seeds[2]));
        let certificate = root.certify(device.id(), agreement.public(), 0);
        Self { name, color, root, device, agreement, certificate, seeds }
    }
    /// Their id.
    pub fn user(&self) -> UserId {
        self.root.user()
    }
    /// Their device's id.
    pub fn device_id(&self) -> DeviceId {
        self.device.id()
    }
}
