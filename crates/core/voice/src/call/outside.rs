//! A media stack outside this engine that encodes, seals and opens by itself, as a browser does: it is lent the keys, and
//! gives back what it sealed and what came, so that all else stays as it is.

use super::Call;
use crate::{Role, seal};
use hearth_crypto::Secret32;
use hearth_types::DeviceId;

/// A sender key, lent.
#[derive(Debug, PartialEq, Eq)]
pub struct LentKey {
    /// Whose frames it opens.
    pub device: DeviceId,
    /// As SFrame spells it; see [`crate::keys::KeyId`].
    pub id: u64,
    /// The key.
    pub secret: Secret32,
}

impl Call {
    /// The key to seal one's own frames with from now on, and the counter of the next frame. Ask again after every
    /// [`Call::handle`]. Who seals goes on counting by itself while the stay lasts, across keys, and gives each sealed
    /// frame back as [`crate::Input::Sealed`], in order; it never takes [`crate::Input::Own`] in the same stay.
    pub fn lend_sealing(&mut self) -> (LentKey, u64) {
        let (id, secret) = self.send.lend();
        (LentKey { device: self.me.device, id, secret }, self.send.counter())
    }

    /// The keys that others' frames open with: of each generation the farthest step known. Old steps stay good for
    /// [`crate::limits::KEY_KEEP_US`], and a step ahead is one of [`crate::keys::ratchet`] away.
    pub fn lend_opening(&self) -> Vec<LentKey> {
        self.receive.lend(self.now).map(|(device, id, secret)| LentKey { device, id, secret }).collect()
    }

    /// A frame that was sealed and sent outside is signed like one's own. One that does not follow the last is passed
    /// over, and so is what comes after it: it stays unproven.
    pub(super) fn sealed_outside(&mut self, sealed: &[u8]) {
        let Some((_, counter)) = seal::header(sealed) else { return };
        if self.me.role != Role::Talker || !self.send.take_counter(counter) {
            return;
        }
        if self.own.proofs.is_full() {
            self.prove();
        }
        self.own.proofs.sealed(counter, sealed, self.now);
    }
}
