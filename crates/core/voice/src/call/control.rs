//! Call messages of members.

use super::Call;
use crate::{CallMessage, Role, Warning, limits, message::Session};
use hearth_crypto::{Secret32, verify};
use hearth_ports::rtc::RtcCommand;
use hearth_types::{DeviceId, PeerKey};
use hearth_wire::cbor::Codec;

const KEY: &str = "hearth/call/key/1";
const SIGNAL: &str = "hearth/call/signal/1";

impl Call {
    pub(super) fn message(&mut self, peer: PeerKey, device: DeviceId, bytes: &[u8]) {
        let now = self.now;
        let Some(p) = self.members.get_mut(&peer).filter(|p| p.m.device == device) else { return };
        if !p.messages.take(limits::MESSAGES_PER_SECOND, limits::MESSAGES_BURST, now) {
            return self.warn(Warning::Flood { peer });
        }
        let Ok(message) = CallMessage::from_bytes(bytes) else { return self.warn(Warning::BadMessage { peer }) };
        let role = p.m.role;
        match message {
            CallMessage::Hello { session, role: said, known } => {
                if said == role {
                    self.heard_hello(peer, session, known);
                }
            }
            CallMessage::Report(report) => self.heard_report(peer, report),
            CallMessage::Epoch(epoch) => self.heard_epoch(peer, epoch),
            CallMessage::Suspect { epoch } => p.suspects = Some((epoch, now)),
            CallMessage::Key { id, secret, signature } => self.heard_key(peer, id, secret, &signature),
            CallMessage::KeyAck { id } => self.send.acked(peer, id),
            CallMessage::KeyWant => self.send.wanted(&peer),
            CallMessage::Signal { counter, bytes, signature } => self.heard_signal(peer, counter, bytes, &signature),
            CallMessage::Bye => {
                self.gone.insert(peer, p.m.since_ms);
                self.member_out(&peer);
                self.tick();
            }
            CallMessage::Priority(on) => {
                let on = on && p.m.may_prioritise;
                self.forwarder.set_priority(peer, on);
            }
            CallMessage::ProofWant { counter } => self.proof_wanted(peer, counter),
            CallMessage::Proof(proof) => self.heard_proof(peer, &proof),
            CallMessage::Probed { train, came, grown_us } => self.heard_probed(peer, train, came, grown_us),
            CallMessage::Unknown { .. } => {}
        }
    }

    fn heard_hello(&mut self, peer: PeerKey, session: Session, known: Option<Session>) {
        let Some(p) = self.members.get_mut(&peer) else { return };
        let device = p.m.device;
        if p.session != Some(session) {
            let before = p.session.replace(session);
            (p.signals_in, p.signals_out) = (0, 0);
            self.send.forget(&peer);
            self.receive.clear_sender(&device);
            self.stop_hearing(&device, before);
            self.start_hearing(device, session);
            // A link of an earlier stay is of no use to the new one.
            if before.is_some() {
                self.links.close(&peer, &mut self.out);
            }
        }
        if known != Some(self.session) {
            self.send.forget(&peer);
            // It took no signal of ours so far: what was said is said again.
            if !self.links.is_up(&peer) {
                self.links.close(&peer, &mut self.out);
            }
            self.hello(peer);
        }
        let waiting = self.members.get_mut(&peer).map(|p| std::mem::take(&mut p.waiting)).unwrap_or_default();
        for bytes in waiting {
            self.own_signal(peer, bytes);
        }
        self.tend_keys();
        self.tend_links();
    }

    /// Offers and switches of one's own keys.
    pub(super) fn tend_keys(&mut self) {
        self.receive.expire(self.now);
        if self.me.role != Role::Talker {
            return;
        }
        let listeners = self.talker_peers();
        let ready = |p: &&super::roster::Peer| p.m.linked && p.session.is_some();
        let reachable = self.talkers().filter(ready).map(|p| p.m.peer).collect();
        for offer in self.send.tick(&listeners, &reachable, &mut self.entropy, self.now) {
            let Some((device, Some(session))) = self.members.get(&offer.peer).map(|p| (p.m.device, p.session)) else {
                continue;
            };
            let id = offer.id.to_be_bytes();
            let signature =
                self.key.sign(KEY, &[&self.call.0, &self.me.device.0, &device.0, &session, &id, offer.secret.expose()]);
            let secret = *offer.secret.expose();
            self.say(offer.peer, &CallMessage::Key { id: offer.id, secret, signature });
        }
    }

    fn heard_key(&mut self, peer: PeerKey, id: u64, secret: [u8; 32], signature: &[u8; 64]) {
        let Some(p) = self.members.get(&peer) else { return };
        let (from, me) = (p.m.device, self.me.device);
        // A volunteer must hold no key even when it is given one.
        if p.m.role != Role::Talker || self.me.role != Role::Talker {
            return;
        }
        let parts: [&[u8]; 6] = [&self.call.0, &from.0, &me.0, &self.session, &id.to_be_bytes(), &secret];
        if !verify(&from.0, KEY, &parts, signature) || !self.receive.insert(&from, id, Secret32::new(secret), self.now)
        {
            return self.warn(Warning::BadMessage { peer });
        }
        self.say(peer, &CallMessage::KeyAck { id });
        self.open_early();
    }

    /// Bytes of our transport for a peer's.
    pub(super) fn own_signal(&mut self, peer: PeerKey, bytes: Vec<u8>) {
        let Some(p) = self.members.get_mut(&peer) else { return };
        let Some(session) = p.session.filter(|_| p.m.linked) else {
            if p.waiting.len() < limits::WAITING_SIGNALS {
                p.waiting.push(bytes);
            }
            return;
        };
        p.signals_out += 1;
        let (counter, device) = (p.signals_out, p.m.device);
        let count = counter.to_be_bytes();
        let parts: [&[u8]; 7] = [&self.call.0, &self.me.device.0, &device.0, &self.session, &session, &count, &bytes];
        let signature = self.key.sign(SIGNAL, &parts);
        self.say(peer, &CallMessage::Signal { counter, bytes, signature });
    }

    fn heard_signal(&mut self, peer: PeerKey, counter: u64, bytes: Vec<u8>, signature: &[u8; 64]) {
        let Some(p) = self.members.get_mut(&peer) else { return };
        let Some(theirs) = p.session else { return };
        let count = counter.to_be_bytes();
        let parts: [&[u8]; 7] =
            [&self.call.0, &p.m.device.0, &self.me.device.0, &theirs, &self.session, &count, &bytes];
        if counter <= p.signals_in || !verify(&p.m.device.0, SIGNAL, &parts, signature) {
            return self.warn(Warning::BadMessage { peer });
        }
        p.signals_in = counter;
        self.links.open(peer, self.me.peer, self.own.relay_only, self.now, &mut self.out);
        self.links.touch(&peer);
        self.command(RtcCommand::Signal { peer, bytes });
    }
}
