//! What others say: forwarded unopened, opened once, compared with what they sign.

use super::Call;
use crate::{
    CallMessage, Datagram, OpenedFrame, Output, Role, Warning,
    keys::OpenFault,
    limits,
    message::Session,
    proof::{Finding, Proof, ProofChecker},
    replay::ReplayWindow,
    seal::{self, Plain},
    uplink::ProbeFrame,
};
use hearth_ports::rtc::{MediaFrame, RtcCommand};
use hearth_types::{DeviceId, PeerKey};
use hearth_wire::cbor::Codec;

/// One sender as one hears it.
#[derive(Default)]
pub(crate) struct Hearing {
    pub window: ReplayWindow,
    checker: ProofChecker,
    pub proven: bool,
    proven_us: u64,
    pub speaking: bool,
    pub level: u8,
    pub voice_us: u64,
    pub told_us: u64,
    last: Option<u64>,
    pub received: u32,
    pub lost: u32,
    pub loss_permille: u16,
}

/// A frame whose key has not come yet.
pub(crate) struct Early {
    pub via: PeerKey,
    at_us: u64,
    payload: Vec<u8>,
}

impl Call {
    pub(super) fn start_hearing(&mut self, device: DeviceId, session: Session) {
        let known = self.past.remove(&device).filter(|(s, _)| *s == session);
        let window = known.map(|(_, window)| window).unwrap_or_default();
        self.hearing.insert(device, Hearing { window, ..Hearing::default() });
    }

    pub(super) fn stop_hearing(&mut self, device: &DeviceId, session: Option<Session>) {
        let Some(hearing) = self.hearing.remove(device) else { return };
        if hearing.speaking {
            self.out.push_back(Output::Speaking { talker: *device, on: false, level: 127 });
        }
        if let Some(session) = session {
            if self.past.len() >= limits::MEMBERS {
                self.past.pop_first();
            }
            self.past.insert(*device, (session, hearing.window));
        }
    }

    pub(super) fn frame(&mut self, via: PeerKey, frame: MediaFrame) {
        let now = self.now;
        self.links.heard(&via, now);
        if let Some(probe) = ProbeFrame::from_bytes(&frame.payload) {
            return self.heard_probe(via, probe);
        }
        let Some(p) = self.members.get_mut(&via) else { return };
        let within = if frame.slot == 0 {
            p.frames.take(limits::FRAMES_PER_SECOND, limits::FRAMES_BURST, now)
        } else {
            p.forwarded.take(limits::RELAY_FRAMES_PER_SECOND, limits::RELAY_FRAMES_BURST, now)
        };
        if !within {
            return self.warn(Warning::Flood { peer: via });
        }
        if frame.payload.len() > limits::FRAME_BYTES {
            return;
        }
        let from = p.m;
        if frame.slot == 0 && from.role == Role::Talker && !from.server_muted && self.may_forward() {
            self.agreed.forwarded_us = now;
            let Some(for_me) = self.forward(via, &frame) else { return self.warn(Warning::Flood { peer: via }) };
            // A relay hears what it would send to itself: no more than any listener.
            if !for_me && self.relay().is_some() {
                return;
            }
        } else if frame.slot != 0 && self.relay() == Some(via) {
            let peers = self.refugees();
            if !peers.is_empty() {
                self.command(RtcCommand::Send { peers, frame: frame.clone() });
            }
        }
        if self.listens() {
            let own = (frame.slot == 0).then_some(from.device);
            self.open(via, own, frame.payload, true);
        }
    }

    /// Opens a frame. `own`: the only device it may be of, when its sender gave it as its own.
    fn open(&mut self, via: PeerKey, own: Option<DeviceId>, payload: Vec<u8>, may_wait: bool) {
        let Some((id, counter)) = seal::header(&payload) else { return self.bad_frame(via) };
        let mut candidates = self.receive.candidates(id);
        if let Some(own) = own {
            if !candidates.contains(&own) {
                return match candidates.first() {
                    Some(claimed) => self.warn(Warning::SpokeAsAnother { claimed: *claimed, via }),
                    None => self.bad_frame(via),
                };
            }
            candidates = vec![own];
        }
        let mut fault = None;
        for device in candidates {
            let Some(hearing) = self.hearing.get(&device) else { continue };
            if !hearing.window.is_new(counter) {
                // Most often the same frame by a second way.
                return;
            }
            match self.receive.open(&device, id, &payload, self.now) {
                Ok(plain) => return self.opened(via, device, counter, &payload, &plain),
                Err(f) => fault = Some((f, device)),
            }
        }
        match fault {
            Some((OpenFault::Bad, _)) => self.bad_frame(via),
            Some((OpenFault::NoKey, device)) if may_wait => self.wait_for_key(via, device, id, payload),
            _ => {}
        }
    }

    fn wait_for_key(&mut self, via: PeerKey, device: DeviceId, id: u64, payload: Vec<u8>) {
        if self.early.len() >= limits::EARLY_FRAMES {
            self.early.pop_front();
        }
        self.early.push_back(Early { via, at_us: self.now, payload });
        // A whisper is not for everybody.
        if crate::keys::KeyId::from_u64(id).is_none_or(|id| id.whisper) {
            return;
        }
        let now = self.now;
        let Some(p) = self.members.values_mut().find(|p| p.m.device == device) else { return };
        if now >= p.wanted_us + limits::KEY_WANT_US {
            p.wanted_us = now;
            let peer = p.m.peer;
            self.say(peer, &CallMessage::KeyWant);
        }
    }

    /// A key came: frames that waited may open, unless one went deaf meanwhile.
    pub(super) fn open_early(&mut self) {
        for Early { via, at_us, payload } in std::mem::take(&mut self.early) {
            if self.listens() && self.now < at_us + limits::EARLY_US {
                let before = self.out.len();
                self.open(via, None, payload.clone(), false);
                if self.out.len() == before {
                    self.early.push_back(Early { via, at_us, payload });
                }
            }
        }
    }

    fn opened(&mut self, via: PeerKey, device: DeviceId, counter: u64, sealed: &[u8], plain: &[u8]) {
        let muted = self.talkers().any(|p| p.m.device == device && p.m.server_muted);
        let now = self.now;
        let Some(h) = self.hearing.get_mut(&device) else { return };
        h.window.mark(counter);
        h.checker.opened(counter, sealed, via, now);
        let Some(plain) = Plain::from_bytes(plain) else { return self.bad_frame(via) };
        if muted {
            return;
        }
        // What is said after a while of silence is somebody's until it is signed.
        if h.proven && now >= h.proven_us + limits::PROVEN_US {
            h.proven = false;
            self.out.push_back(Output::Proven { talker: device, proven: false });
        }
        // A gap of more than a few frames is silence or a relay's choice, no loss.
        match h.last.map(|last| counter.checked_sub(last)) {
            Some(Some(gap @ 2..=10)) => h.lost += gap as u32 - 1,
            Some(None) => h.lost = h.lost.saturating_sub(1),
            _ => {}
        }
        h.received += 1;
        h.last = h.last.max(Some(counter));
        h.level = plain.level;
        if plain.voice {
            h.voice_us = now;
            if !h.speaking || now >= h.told_us + limits::SPEAKING_US {
                (h.speaking, h.told_us) = (true, now);
                self.out.push_back(Output::Speaking { talker: device, on: true, level: plain.level });
            }
        }
        self.out.push_back(Output::Voice(OpenedFrame {
            talker: device,
            seq: counter,
            timestamp: plain.timestamp,
            position: plain.position,
            whisper: plain.whisper,
            priority: plain.priority,
            opus: plain.opus,
        }));
    }

    fn bad_frame(&mut self, via: PeerKey) {
        let now = self.now;
        let Some(p) = self.members.get_mut(&via) else { return };
        if now >= p.bad.1 + 5_000_000 {
            p.bad = (0, now);
        }
        p.bad.0 += 1;
        if p.bad.0 >= limits::BAD_FRAMES {
            self.warn(Warning::BadFrames { via });
        }
    }

    pub(super) fn datagram(&mut self, via: PeerKey, bytes: &[u8]) {
        let now = self.now;
        self.links.heard(&via, now);
        let Some(p) = self.members.get_mut(&via) else { return };
        if !p.datagrams.take(limits::DATAGRAMS_PER_SECOND, limits::DATAGRAMS_BURST, now) {
            return self.warn(Warning::Flood { peer: via });
        }
        match Datagram::from_bytes(bytes) {
            Ok(Datagram::Heartbeat { epoch, ready }) => self.heard_beat(via, epoch, ready),
            Ok(Datagram::Alive { epoch }) => p.alive = (epoch, now),
            Ok(Datagram::Proof(proof)) => {
                self.pass_proof(via, &proof, bytes);
                self.heard_proof(via, &proof);
            }
            Ok(Datagram::Unknown { .. }) => {}
            Err(_) => self.warn(Warning::BadMessage { peer: via }),
        }
    }

    fn pass_proof(&mut self, via: PeerKey, proof: &Proof, bytes: &[u8]) {
        let Some(from) = self.members.get(&via).map(|p| p.m) else { return };
        let is_own = from.device == proof.device && from.role == Role::Talker;
        let peers = if is_own && self.may_forward() {
            let others = self.talkers().map(|p| p.m.peer).filter(|p| *p != via && self.links.is_up(p));
            others.collect()
        } else if self.relay() == Some(via) {
            self.refugees()
        } else {
            Vec::new()
        };
        if !peers.is_empty() {
            self.command(RtcCommand::Datagram { peers, bytes: bytes.to_vec() });
        }
    }

    pub(super) fn heard_proof(&mut self, via: PeerKey, proof: &Proof) {
        if self.me.role != Role::Talker {
            return;
        }
        let sender = self.talkers().find(|p| p.m.device == proof.device);
        if sender.is_none_or(|p| p.session != Some(proof.session)) {
            return;
        }
        let Some(h) = self.hearing.get_mut(&proof.device) else { return };
        if !h.checker.is_news(proof) {
            return;
        }
        if !proof.holds(self.call) {
            return self.warn(Warning::BadMessage { peer: via });
        }
        let finding = h.checker.proof(proof);
        self.found(proof.device, finding);
    }

    pub(super) fn found(&mut self, device: DeviceId, finding: Option<Finding>) {
        let Some(finding) = finding else { return };
        let Some(h) = self.hearing.get_mut(&device) else { return };
        let proven = finding == Finding::Proven;
        h.proven_us = self.now;
        if h.proven != proven {
            h.proven = proven;
            self.out.push_back(Output::Proven { talker: device, proven });
        }
        match finding {
            Finding::Proven => {}
            Finding::Forged(via) => self.warn(Warning::Forged { claimed: device, via }),
            Finding::Unsigned(via) => self.warn(Warning::Unsigned { claimed: device, via }),
        }
    }

    /// Who fell silent, and whose signatures are overdue.
    pub(super) fn tend_hearing(&mut self) {
        let now = self.now;
        while self.early.front().is_some_and(|e| now >= e.at_us + limits::EARLY_US) {
            self.early.pop_front();
        }
        let mut findings = Vec::new();
        let mut missing = Vec::new();
        for (device, h) in &mut self.hearing {
            missing.extend(h.checker.missing(now).map(|counter| (*device, counter)));
            if h.speaking && now >= h.voice_us + limits::SILENT_US {
                h.speaking = false;
                self.out.push_back(Output::Speaking { talker: *device, on: false, level: 127 });
            }
            findings.push((*device, h.checker.overdue(now)));
        }
        for (device, counter) in missing {
            let peer = self.talkers().find(|p| p.m.device == device).map(|p| p.m.peer);
            if let Some(peer) = peer {
                self.say(peer, &CallMessage::ProofWant { counter });
            }
        }
        for (device, finding) in findings {
            self.found(device, finding);
        }
    }
}
