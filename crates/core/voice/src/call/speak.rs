//! One's own voice: what may be said, sealed for whom, sent where, and signed.

use super::Call;
use crate::{CallMessage, Datagram, Role, forward::Verdict, limits, proof::ProofMaker, seal::Plain};
use hearth_ports::{
    audio::OwnFrame,
    rtc::{MediaFrame, RtcCommand},
};
use hearth_types::{DeviceId, PeerKey};
use std::collections::BTreeSet;

/// What one wishes, and what one may.
pub(crate) struct OwnState {
    pub muted: bool,
    pub deafened: bool,
    pub server_muted: bool,
    pub priority: bool,
    pub may_relay: bool,
    pub relay_only: bool,
    pub position: Option<[i16; 2]>,
    whisper: Option<BTreeSet<DeviceId>>,
    pub(super) proofs: ProofMaker,
}

impl OwnState {
    pub fn new(may_relay: bool, relay_only: bool, server_muted: bool) -> Self {
        Self {
            muted: false,
            deafened: false,
            server_muted,
            priority: false,
            may_relay,
            relay_only,
            position: None,
            whisper: None,
            proofs: ProofMaker::default(),
        }
    }
}

impl Call {
    pub(super) fn own_frame(&mut self, frame: &OwnFrame) {
        let own = &self.own;
        let silent = own.muted || own.deafened || own.server_muted || self.leaving_us.is_some();
        let fits = !frame.opus.is_empty() && frame.opus.len() <= limits::OPUS_BYTES;
        if silent || self.me.role != Role::Talker || !fits {
            return;
        }
        if frame.voice {
            self.line.spoke(self.now);
        }
        let whisper = self.send.whisper().is_some();
        let level = frame.level.min(127);
        let plain = Plain {
            timestamp: frame.timestamp,
            level,
            voice: frame.voice,
            whisper,
            priority: own.priority && self.me.may_prioritise,
            position: own.position,
            opus: frame.opus.clone(),
        };
        if self.own.proofs.is_full() {
            self.prove();
        }
        let Some((counter, payload)) = self.send.seal(&plain.to_bytes()) else { return };
        self.own.proofs.sealed(counter, &payload, self.now);
        let sealed = MediaFrame { slot: 0, timestamp: frame.timestamp, level, voice: frame.voice, payload };
        let (direct, forward) = self.own_targets();
        if forward {
            self.forward(self.me.peer, &sealed);
        }
        if !direct.is_empty() {
            self.command(RtcCommand::Send { peers: direct.into_iter().collect(), frame: sealed });
        }
    }

    /// Passes a sealed frame of `from` on to the others. Whether oneself is among those who should hear it; nothing when
    /// it is over the sender's limit.
    pub(super) fn forward(&mut self, from: PeerKey, frame: &MediaFrame) -> Option<bool> {
        let me = self.me.peer;
        let hears = |p: &&super::roster::Peer| !p.m.deafened && self.links.is_up(&p.m.peer);
        let mut receivers: Vec<_> = self.talkers().filter(hears).map(|p| p.m.peer).collect();
        receivers.push(me);
        let Verdict::Send(sends) = self.forwarder.frame(from, frame.level, frame.voice, &receivers, self.now) else {
            return None;
        };
        let mut for_me = false;
        for (slot, mut peers) in sends {
            for_me |= peers.contains(&me);
            peers.retain(|p| *p != me);
            if !peers.is_empty() {
                self.command(RtcCommand::Send { peers, frame: MediaFrame { slot, ..frame.clone() } });
            }
        }
        Some(for_me)
    }

    /// Sends a proof again, past every relay.
    pub(super) fn proof_wanted(&mut self, peer: PeerKey, counter: u64) {
        if let Some(proof) = self.own.proofs.of(counter).cloned() {
            self.say(peer, &CallMessage::Proof(proof));
        }
    }

    /// Signs what was said, and says it again for those who missed it.
    pub(super) fn prove(&mut self) {
        let due = self.own.proofs.due(self.call, self.session, &self.key, self.now);
        if due.is_empty() {
            return;
        }
        let (mut to, forward) = self.own_targets();
        if forward {
            to.extend(self.talkers().map(|p| p.m.peer).filter(|p| self.links.is_up(p)));
        }
        for proof in due {
            self.send_datagram(to.iter().copied().collect(), &Datagram::Proof(proof));
        }
    }

    pub(super) fn allowed(&mut self, speak: bool, prioritise: bool) {
        self.own.server_muted = !speak;
        if !prioritise {
            self.set_priority(false);
        }
        self.me.may_prioritise = prioritise;
    }

    pub(super) fn set_priority(&mut self, on: bool) {
        if self.own.priority != on {
            self.own.priority = on;
            self.forwarder.set_priority(self.me.peer, on && self.me.may_prioritise);
            self.say_to_all(&CallMessage::Priority(on));
        }
    }

    pub(super) fn set_whisper(&mut self, to: Option<BTreeSet<DeviceId>>) {
        self.own.whisper = to;
        self.resolve_whisper();
        self.tend_keys();
    }

    /// The wish is by device; keys and links are by peer, who come and go.
    pub(super) fn resolve_whisper(&mut self) {
        let peers = self.own.whisper.as_ref().map(|wanted| {
            let here = self.talkers().filter(|p| wanted.contains(&p.m.device));
            here.map(|p| p.m.peer).collect()
        });
        self.send.set_whisper(peers, &mut self.entropy, self.now);
    }
}
