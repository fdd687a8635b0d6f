//! A host that keeps no rule: it speaks the protocol's bytes, but a test decides what it says.

use hearth_crypto::{EpochSecret, HashEntropy, Secret32, aead};
use hearth_kernel::KernelKeys;
use hearth_ports::{Direction, NetEvent};
use hearth_replica::{Draft, OwnLog};
use hearth_sim::World;
use hearth_types::{Certificate, Class, ControlBody, DeviceId, Envelope, EpochId, PeerKey, Scope, SpaceId};
use hearth_wire::{
    CheckedEntry, Frame,
    cbor::Codec,
    frame::{Proof, knock_tag, proof_bytes},
};
use std::collections::BTreeMap;

const NONCE: [u8; 32] = [7; 32];

pub struct Puppet {
    pub i: usize,
    pub keys: KernelKeys,
    pub entropy: HashEntropy,
    pub frames: Vec<(usize, Frame)>,
    theirs: BTreeMap<usize, [u8; 32]>,
    /// Links it dialled.
    dialled: BTreeMap<usize, bool>,
}

impl Puppet {
    pub fn of(w: &mut World, i: usize) -> Self {
        w.puppet(i);
        let entropy = HashEntropy::new([i as u8; 32]);
        Self { i, keys: w.keys(i), entropy, frames: Vec::new(), theirs: BTreeMap::new(), dialled: BTreeMap::new() }
    }
    /// Links to `j`, whoever dials first, and greets.
    pub fn link(&mut self, w: &mut World, j: usize) {
        self.theirs.remove(&j);
        w.connect(self.i, j);
        w.run(6);
        self.send(w, j, &Frame::Hello { version: 1, nonce: NONCE });
        for _ in 0..50 {
            w.run(2);
            self.pump(w);
            if self.theirs.contains_key(&j) {
                return;
            }
        }
        panic!("no greeting from {j}");
    }
    pub fn send(&mut self, w: &mut World, to: usize, frame: &Frame) {
        w.send_raw(self.i, to, frame.to_bytes());
    }
    pub fn pump(&mut self, w: &mut World) {
        for (from, event) in w.inbox(self.i) {
            let Some(from) = from else { continue };
            if let NetEvent::LinkUp { direction, .. } = event {
                self.dialled.insert(from, direction == Direction::Dialer);
            } else if let NetEvent::Frame { frame, .. } = event {
                let frame = Frame::from_bytes(&frame).unwrap();
                if let Frame::Hello { nonce, .. } = &frame {
                    self.theirs.insert(from, *nonce);
                }
                self.frames.push((from, frame));
            }
        }
    }
    /// Runs the world, answering each frame as `answer` says; how many frames came.
    pub fn play(
        &mut self,
        w: &mut World,
        ms: u64,
        mut answer: impl FnMut(&mut Self, usize, &Frame) -> Vec<Frame>,
    ) -> usize {
        let until = w.now_ms() + ms;
        let mut seen = 0;
        while w.now_ms() < until {
            w.run(4);
            self.pump(w);
            for (from, frame) in std::mem::take(&mut self.frames) {
                seen += 1;
                for reply in answer(self, from, &frame) {
                    self.send(w, from, &reply);
                }
            }
        }
        seen
    }
    /// All frames that came within `ms`.
    pub fn heard(&mut self, w: &mut World, ms: u64) -> Vec<Frame> {
        w.run(ms);
        self.pump(w);
        std::mem::take(&mut self.frames).into_iter().map(|(_, f)| f).collect()
    }
    pub fn proof_to(&self, peer: PeerKey, j: usize, space: SpaceId) -> Proof {
        Proof { space, peers: [self.keys.peer, peer], nonces: [NONCE, self.theirs[&j]], dialer: self.dialled[&j] }
    }
    /// Proves membership under `secret`, in the name of `device`, with its own key.
    pub fn prove_as(&mut self, w: &mut World, j: usize, secret: &EpochSecret, space: SpaceId, device: DeviceId) {
        let proof = self.proof_to(w.peer(j), j, space);
        let plain = proof_bytes(device, &proof.sign(&self.keys.device));
        let sealed = aead::seal(&secret.hello_key(), &proof.associated(), &plain, &mut self.entropy);
        self.send(w, j, &Frame::Prove { boxes: vec![(proof.tag(secret), sealed)] });
    }
    pub fn prove(&mut self, w: &mut World, j: usize, space: SpaceId) {
        let (_, secret) = secret_of(w, self.i, space);
        let device = self.keys.device.id();
        self.prove_as(w, j, &secret, space, device);
    }
    pub fn knock(&self, j: usize, space: SpaceId) -> [u8; 16] {
        knock_tag(space, &NONCE, &self.theirs[&j])
    }
    /// Recognises a knock of `j`.
    pub fn knocked(&self, j: usize, space: SpaceId) -> [u8; 16] {
        knock_tag(space, &self.theirs[&j], &NONCE)
    }
    pub fn certificate(&self) -> Certificate {
        self.keys.seed.root().certify(self.keys.device.id(), self.keys.agreement.public(), 0)
    }
    /// The next entry of its own log, as `change` wants it, signed.
    pub fn next_entry(
        &self,
        w: &mut World,
        space: SpaceId,
        draft: &Draft,
        body: Vec<u8>,
        change: impl FnOnce(&mut Envelope),
    ) -> CheckedEntry {
        let device = self.keys.device.id();
        let own: Vec<CheckedEntry> =
            entries(w, self.i, space).into_iter().filter(|e| e.envelope().device == device).collect();
        let log = OwnLog::restore(space, device, &own).unwrap();
        let mut envelope = log.next(w.now_ms(), draft).unwrap();
        change(&mut envelope);
        CheckedEntry::sign(envelope, body, &self.keys.device)
    }
}

/// Everything of a space on a host's disk.
pub fn entries(w: &mut World, i: usize, space: SpaceId) -> Vec<CheckedEntry> {
    let startup = w.disk(i).startup();
    let content: Vec<_> = startup.content.iter().filter(|s| s.space == space).map(|s| s.id).collect();
    let mut rows: Vec<_> = startup.control.into_iter().filter(|r| r.space == space).collect();
    rows.extend(w.disk(i).rows(&content));
    rows.into_iter().map(|r| CheckedEntry::from_row(r).unwrap()).collect()
}

pub fn secret_of(w: &mut World, i: usize, space: SpaceId) -> (EpochId, EpochSecret) {
    let held = w.disk(i).startup().secrets;
    let (_, epoch, bytes) = held.into_iter().find(|(s, _, _)| *s == space).unwrap();
    (epoch, EpochSecret::new(space, Secret32::new(bytes)))
}

pub fn control_draft(len: usize) -> Draft {
    Draft::control(len)
}

pub fn is_admit(entry: &CheckedEntry) -> bool {
    matches!(entry.control().map(|a| a.body), Ok(ControlBody::Admit { .. }))
}

pub fn content_draft(scope: Scope, epoch: EpochId, index: u64, len: usize) -> Draft {
    Draft {
        scope,
        class: Class::Message,
        target: None,
        basis: None,
        key: Some(hearth_types::KeyRef { epoch, index }),
        body_len: len,
        answered: None,
    }
}
