//! Who is here, and the first words with each.

use super::Call;
use crate::{CallMessage, Member, Report, Role, keys, limits, message::Session, rate::Rate};
use hearth_types::PeerKey;
use hearth_wire::cbor::Codec;
use std::collections::{BTreeMap, BTreeSet};

/// Another peer of the call.
pub(crate) struct Peer {
    pub m: Member,
    pub session: Option<Session>,
    pub report: Option<(Report, u64)>,
    /// The epoch whose relay it does not hear, and when it last said so.
    pub suspects: Option<(u64, u64)>,
    /// By which epoch it hears us, and when it last said so.
    pub alive: (u64, u64),
    pub signals_in: u64,
    pub signals_out: u64,
    pub waiting: Vec<Vec<u8>>,
    pub wanted_us: u64,
    pub nudged_us: u64,
    /// When it was greeted last.
    greeted_us: u64,
    pub bad: (u32, u64),
    pub messages: Rate,
    pub frames: Rate,
    pub forwarded: Rate,
    pub datagrams: Rate,
    pub probes: Rate,
    pub train: Option<crate::uplink::Arriving>,
    pub epochs: (u32, u64),
}

impl Peer {
    fn new(m: Member, now_us: u64) -> Self {
        Self {
            m,
            session: None,
            report: None,
            suspects: None,
            alive: (0, 0),
            signals_in: 0,
            signals_out: 0,
            waiting: Vec::new(),
            wanted_us: 0,
            nudged_us: 0,
            greeted_us: 0,
            bad: (0, 0),
            messages: Rate::new(limits::MESSAGES_BURST, now_us),
            frames: Rate::new(limits::FRAMES_BURST, now_us),
            forwarded: Rate::new(limits::RELAY_FRAMES_BURST, now_us),
            datagrams: Rate::new(limits::DATAGRAMS_BURST, now_us),
            probes: Rate::new(limits::PROBES_BURST, now_us),
            train: None,
            epochs: (0, 0),
        }
    }
}

impl Call {
    /// Everybody else who is in the room.
    pub(crate) fn talkers(&self) -> impl Iterator<Item = &Peer> {
        self.members.values().filter(|p| p.m.role == Role::Talker)
    }
    /// How many speak and hear, oneself among them.
    pub(crate) fn talker_count(&self) -> usize {
        self.talkers().count() + usize::from(self.me.role == Role::Talker)
    }
    pub(crate) fn talker_peers(&self) -> BTreeSet<PeerKey> {
        self.talkers().map(|p| p.m.peer).collect()
    }

    pub(super) fn roster(&mut self, members: Vec<Member>) {
        let mut here: BTreeMap<PeerKey, Member> = BTreeMap::new();
        let mut devices = BTreeSet::from([self.me.device]);
        self.gone.retain(|peer, since| members.iter().any(|m| m.peer == *peer && m.since_ms == *since));
        for m in members.into_iter().take(limits::MEMBERS) {
            let gone = self.gone.get(&m.peer) == Some(&m.since_ms);
            if !gone && m.peer != self.me.peer && devices.insert(m.device) {
                here.insert(m.peer, m);
            }
        }
        let same = |old: &Member, new: &Member| {
            (old.device, old.user, old.since_ms, old.role) == (new.device, new.user, new.since_ms, new.role)
        };
        let out: Vec<_> = self
            .members
            .values()
            .filter(|p| here.get(&p.m.peer).is_none_or(|new| !same(&p.m, new)))
            .map(|p| p.m.peer)
            .collect();
        for peer in out {
            self.member_out(&peer);
        }
        for m in here.values().filter(|m| !m.may_prioritise) {
            self.forwarder.set_priority(m.peer, false);
        }
        let mut greet = Vec::new();
        let mut joined = false;
        for (peer, m) in here {
            let known = self.members.get_mut(&peer);
            let was_linked = known.as_ref().is_some_and(|p| p.m.linked);
            match known {
                Some(known) => known.m = m,
                None => {
                    joined |= m.role == Role::Talker;
                    if m.role == Role::Talker {
                        self.receive.add_sender(m.device, keys::device_tag(self.call, m.device));
                    }
                    self.members.insert(peer, Peer::new(m, self.now));
                }
            }
            if m.linked && !was_linked {
                greet.push(peer);
            }
        }
        if joined {
            self.send.joined(self.now);
        }
        for peer in greet {
            // Signals may have been lost on the way: a link that is not up yet begins anew, as it does at the other end.
            if !self.links.is_up(&peer) {
                self.links.close(&peer, &mut self.out);
            }
            self.greet(peer);
        }
        self.resolve_whisper();
        self.tick();
    }

    /// Somebody is out: by the roster, or by its own word.
    pub(super) fn member_out(&mut self, peer: &PeerKey) {
        let Some(old) = self.members.remove(peer) else { return };
        self.links.close(peer, &mut self.out);
        self.forwarder.retain(&self.forwardable());
        if old.m.role == Role::Talker {
            self.send.forget(peer);
            self.send.left(self.now);
        }
        self.receive.remove_sender(&old.m.device);
        self.stop_hearing(&old.m.device, old.session);
        self.early.retain(|e| e.via != *peer);
    }

    /// Hello, how the call runs, and how one's links are.
    fn greet(&mut self, peer: PeerKey) {
        self.hello(peer);
        if let Some(epoch) = self.agreed.epoch {
            self.say(peer, &CallMessage::Epoch(epoch));
        }
        if let Some(report) = self.agreed.own_report.clone() {
            self.say(peer, &CallMessage::Report(report));
        }
        if self.own.priority {
            self.say(peer, &CallMessage::Priority(true));
        }
    }

    /// A greeting or its answer may be lost while a link takes another's place, and nothing follows without them: whoever
    /// did not greet is greeted again, and answers since it is not known.
    pub(super) fn greet_again(&mut self) {
        let late = self.now.saturating_sub(limits::GREET_AGAIN_US);
        let silent = self.members.values().filter(|p| p.m.linked && p.session.is_none() && p.greeted_us <= late);
        for peer in silent.map(|p| p.m.peer).collect::<Vec<_>>() {
            self.hello(peer);
        }
    }

    pub(super) fn hello(&mut self, peer: PeerKey) {
        let Some(p) = self.members.get_mut(&peer) else { return };
        p.greeted_us = self.now;
        let known = p.session;
        self.say(peer, &CallMessage::Hello { session: self.session, role: self.me.role, known });
    }

    pub(super) fn say(&mut self, peer: PeerKey, message: &CallMessage) {
        if self.members.get(&peer).is_some_and(|p| p.m.linked) {
            self.out.push_back(crate::Output::Message { peer, bytes: message.to_bytes() });
        }
    }

    pub(super) fn say_to_all(&mut self, message: &CallMessage) {
        let bytes = message.to_bytes();
        for p in self.members.values().filter(|p| p.m.linked) {
            self.out.push_back(crate::Output::Message { peer: p.m.peer, bytes: bytes.clone() });
        }
    }

    /// Who may be forwarded: oneself too.
    pub(super) fn forwardable(&self) -> BTreeSet<PeerKey> {
        let mut all = self.talker_peers();
        all.insert(self.me.peer);
        all
    }
}
