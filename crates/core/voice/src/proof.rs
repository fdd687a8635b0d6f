//! Who spoke (PROTOCOL 11): every member holds every sender's key, so only a signature tells who sealed a frame.
//!
//! A sender signs, once a second, the hashes of its sealed frames by counter. A receiver compares them with what it got:
//! a frame whose hash is another was made by somebody else, and one that is never signed is not proven.

use crate::{CallId, limits, message::Session};
use hearth_crypto::{DeviceKey, hash, verify};
use hearth_types::{DeviceId, PeerKey};
use hearth_wire::cbor::{Codec, DecodeError, Reader, Writer};
use std::collections::{BTreeMap, VecDeque};

const TAG: &str = "hearth/call/proof/1";
const HASH_BYTES: usize = 8;

/// The first eight bytes of a sealed frame's hash. To match one needs a second preimage within seconds.
pub type FrameHash = [u8; HASH_BYTES];

/// The hash of a sealed frame.
pub fn frame_hash(sealed: &[u8]) -> FrameHash {
    let full = hash("hearth/call/frame/1", &[sealed]);
    let mut out = [0; HASH_BYTES];
    out.copy_from_slice(&full[..HASH_BYTES]);
    out
}

/// A sender's signature over some of its frames, counters without a gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Who signs.
    pub device: DeviceId,
    /// In which stay.
    pub session: Session,
    /// Counter of the first.
    pub first: u64,
    /// In order of counter.
    pub hashes: Vec<FrameHash>,
    signature: [u8; 64],
}

impl Proof {
    /// Signs.
    pub fn sign(call: CallId, session: Session, first: u64, hashes: Vec<FrameHash>, key: &DeviceKey) -> Self {
        let mut proof = Self { device: key.id(), session, first, hashes, signature: [0; 64] };
        proof.signature = key.sign(TAG, &[&call.0, &proof.signed_part()]);
        proof
    }
    /// Whether its device wrote it for `call`.
    pub fn holds(&self, call: CallId) -> bool {
        verify(&self.device.0, TAG, &[&call.0, &self.signed_part()], &self.signature)
    }
    fn signed_part(&self) -> Vec<u8> {
        let mut w = Writer::default();
        w.array(3).bytes(&self.session).uint(self.first).bytes(&self.hashes.concat());
        w.finish()
    }
}

impl Codec for Proof {
    fn write(&self, w: &mut Writer) {
        w.array(5).bytes(&self.device.0).bytes(&self.session).uint(self.first);
        w.bytes(&self.hashes.concat()).bytes(&self.signature);
    }
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array(5)?;
        let (device, session, first) = (Codec::read(r)?, r.fixed()?, r.uint::<u64>()?);
        let (hashes, rest) = r.bytes(limits::PROOF_FRAMES * HASH_BYTES, "hashes")?.as_chunks();
        if hashes.is_empty() || !rest.is_empty() || first.checked_add(hashes.len() as u64).is_none() {
            return Err(DecodeError::Malformed);
        }
        Ok(Self { device, session, first, hashes: hashes.to_vec(), signature: r.fixed()? })
    }
}

/// Gathers one's own frames into proofs.
#[derive(Debug, Default)]
pub struct ProofMaker {
    first: u64,
    hashes: Vec<FrameHash>,
    since_us: u64,
    /// Proofs to send again, with the copies left and when.
    again: VecDeque<(Proof, u8, u64)>,
    /// The last proofs, for those who ask.
    made: VecDeque<Proof>,
}

impl ProofMaker {
    /// Takes note of a frame just sealed.
    pub fn sealed(&mut self, counter: u64, sealed: &[u8], now_us: u64) {
        if self.hashes.is_empty() {
            (self.first, self.since_us) = (counter, now_us);
        }
        self.hashes.push(frame_hash(sealed));
    }
    /// What is due now.
    pub fn due(&mut self, call: CallId, session: Session, key: &DeviceKey, now_us: u64) -> Vec<Proof> {
        let mut out = Vec::new();
        for _ in 0..self.again.len() {
            let Some((proof, copies, at)) = self.again.pop_front() else { break };
            if at > now_us {
                self.again.push_back((proof, copies, at));
                continue;
            }
            if copies > 1 {
                self.again.push_back((proof.clone(), copies - 1, now_us + limits::PROOF_US));
            }
            out.push(proof);
        }
        let full = self.hashes.len() >= limits::PROOF_FRAMES;
        if full || !self.hashes.is_empty() && now_us >= self.since_us + limits::PROOF_US {
            let proof = Proof::sign(call, session, self.first, std::mem::take(&mut self.hashes), key);
            self.again.push_back((proof.clone(), limits::PROOF_COPIES - 1, now_us + limits::PROOF_US));
            if self.made.len() >= limits::PROOFS_KEPT {
                self.made.pop_front();
            }
            self.made.push_back(proof.clone());
            out.push(proof);
        }
        out
    }
    /// The proof of a frame, if it is not too old.
    pub fn of(&self, counter: u64) -> Option<&Proof> {
        self.made.iter().find(|p| counter >= p.first && counter - p.first < p.hashes.len() as u64)
    }
    /// Whether a proof must be made before the next frame.
    pub fn is_full(&self) -> bool {
        self.hashes.len() >= limits::PROOF_FRAMES
    }
}

/// What a proof, or its absence, shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// Frames that were heard are signed.
    Proven,
    /// A frame that came by this link was made by somebody else.
    Forged(PeerKey),
    /// Frames that came by this link were never signed.
    Unsigned(PeerKey),
}

/// Compares the frames of one sender with its proofs.
#[derive(Debug, Default)]
pub struct ProofChecker {
    frames: BTreeMap<u64, (FrameHash, PeerKey, u64)>,
    unsigned: u32,
    last_first: Option<u64>,
    asked_us: u64,
}

impl ProofChecker {
    /// Takes note of a frame that opened.
    pub fn opened(&mut self, counter: u64, sealed: &[u8], via: PeerKey, now_us: u64) {
        if self.frames.len() >= limits::UNPROVEN_FRAMES {
            self.frames.pop_first();
            self.unsigned = self.unsigned.saturating_add(1);
        }
        self.frames.insert(counter, (frame_hash(sealed), via, now_us));
    }
    /// Whether a proof may say something new; a copy of the last one does not.
    pub fn is_news(&self, proof: &Proof) -> bool {
        self.last_first != Some(proof.first) || self.frames.range(proof.first..).next().is_some()
    }
    /// A proof whose signature holds.
    pub fn proof(&mut self, proof: &Proof) -> Option<Finding> {
        self.last_first = Some(proof.first);
        let mut finding = None;
        // The hashes first: they end before the counters could run over.
        for (hash, counter) in proof.hashes.iter().zip(proof.first..) {
            match self.frames.remove(&counter) {
                Some((seen, _, _)) if seen == *hash => {
                    self.unsigned = 0;
                    finding = finding.or(Some(Finding::Proven));
                }
                Some((_, via, _)) => finding = Some(Finding::Forged(via)),
                None => {}
            }
        }
        finding
    }
    /// A frame whose proof should have come by now and is worth asking for.
    pub fn missing(&mut self, now_us: u64) -> Option<u64> {
        let (counter, (_, _, at)) = self.frames.first_key_value()?;
        if now_us < at + limits::PROOF_ASK_US || now_us < self.asked_us + limits::PROOF_US / 2 {
            return None;
        }
        self.asked_us = now_us;
        Some(*counter)
    }
    /// Frames whose proof did not even come when asked for.
    pub fn overdue(&mut self, now_us: u64) -> Option<Finding> {
        let mut last = None;
        while let Some(first) = self.frames.first_entry() {
            if first.get().2 + limits::PROOF_WAIT_US > now_us {
                break;
            }
            last = Some(first.remove().1);
            self.unsigned = self.unsigned.saturating_add(1);
        }
        let via = last.filter(|_| self.unsigned >= limits::UNSIGNED_FRAMES)?;
        self.unsigned = 0;
        Some(Finding::Unsigned(via))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hearth_crypto::Secret32;

    #[test]
    fn the_last_counters_of_all_are_compared_like_others() {
        let key = DeviceKey::from_seed(&Secret32::new([1; 32]));
        let last = u64::MAX - 1;
        let proof = Proof::sign(CallId([2; 32]), [3; 16], last, vec![frame_hash(b"said")], &key);
        assert_eq!(Proof::from_bytes(&proof.to_bytes()).as_ref(), Ok(&proof));
        let mut checker = ProofChecker::default();
        checker.opened(last, b"said", PeerKey([4; 32]), 0);
        assert_eq!(checker.proof(&proof), Some(Finding::Proven));
    }
}
