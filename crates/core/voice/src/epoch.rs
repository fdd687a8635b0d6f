//! What the members agree on: who relays, who stands by. The higher number wins, then the lower hash, whatever the order
//! in which they arrive.

use crate::CallId;
use hearth_crypto::{DeviceKey, hash, verify};
use hearth_types::{DeviceId, PeerKey};
use hearth_wire::cbor::{Codec, DecodeError, Reader, Writer};

const TAG: &str = "hearth/call/epoch/1";

/// Why the call runs another way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// There was no agreement before.
    Start,
    /// Too many for a mesh.
    Many,
    /// Few enough for a mesh.
    Few,
    /// The relay went silent.
    Failure,
    /// The relay hands over: it leaves, or another is better.
    HandOver,
    /// Same relay, another stand-by.
    Backup,
    /// The relay was called dead but most still hear it.
    Reassert,
}

impl Reason {
    const ALL: [Self; 7] =
        [Self::Start, Self::Many, Self::Few, Self::Failure, Self::HandOver, Self::Backup, Self::Reassert];
}

/// A signed agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epoch {
    /// Rises.
    pub n: u64,
    /// Through whom; a mesh without.
    pub relay: Option<PeerKey>,
    /// Who stands by.
    pub backup: Option<PeerKey>,
    /// Hash over the peers that the proposer saw in the room.
    pub members: [u8; 32],
    /// Hash over the reports that the proposer ranked by.
    pub reports: [u8; 32],
    /// Why.
    pub reason: Reason,
    /// Who signs.
    pub proposer: DeviceId,
    signature: [u8; 64],
}

impl Epoch {
    /// Signs a proposal. `members` and `reports` are hashes of what it rests on.
    pub fn sign(
        call: CallId,
        n: u64,
        (relay, backup): (Option<PeerKey>, Option<PeerKey>),
        (members, reports): ([u8; 32], [u8; 32]),
        reason: Reason,
        key: &DeviceKey,
    ) -> Self {
        let mut e = Self { n, relay, backup, members, reports, reason, proposer: key.id(), signature: [0; 64] };
        e.signature = key.sign(TAG, &[&call.0, &e.signed_part()]);
        e
    }
    /// Whether its proposer wrote it for `call`.
    pub fn holds(&self, call: CallId) -> bool {
        verify(&self.proposer.0, TAG, &[&call.0, &self.signed_part()], &self.signature)
    }
    /// Of two with the same number the lower of these stands. Without the signature, of which one key can make many.
    pub fn hash(&self) -> [u8; 32] {
        hash("hearth/call/epoch-hash/1", &[&self.signed_part()])
    }
    /// Whether this one stands when both are known.
    pub fn supersedes(&self, other: &Self) -> bool {
        (self.n, std::cmp::Reverse(self.hash())) > (other.n, std::cmp::Reverse(other.hash()))
    }
    fn signed_part(&self) -> Vec<u8> {
        let mut w = Writer::default();
        self.write_signed(&mut w);
        w.finish()
    }
    fn write_signed(&self, w: &mut Writer) {
        w.array(7).uint(self.n);
        w.option(self.relay.as_ref(), |w, p| p.write(w)).option(self.backup.as_ref(), |w, p| p.write(w));
        w.bytes(&self.members).bytes(&self.reports).uint(self.reason as u8).bytes(&self.proposer.0);
    }
}

impl Codec for Epoch {
    fn write(&self, w: &mut Writer) {
        w.array(2);
        self.write_signed(w);
        w.bytes(&self.signature);
    }
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array(2)?;
        r.array(7)?;
        let (n, relay, backup) = (r.uint()?, r.option(Codec::read)?, r.option(Codec::read)?);
        let (members, reports) = (r.fixed()?, r.fixed()?);
        let reason = *Reason::ALL.get(r.uint::<usize>()?).ok_or(DecodeError::Malformed)?;
        let proposer = Codec::read(r)?;
        if relay.is_none() && backup.is_some() || relay.is_some() && relay == backup {
            return Err(DecodeError::Contradiction("stand-by"));
        }
        Ok(Self { n, relay, backup, members, reports, reason, proposer, signature: r.fixed()? })
    }
}
