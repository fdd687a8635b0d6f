//! Heartbeats, suspicion, and what is done when a relay is silent.

use super::{Call, paths::Path};
use crate::{CallMessage, Datagram, Role, epoch::Reason, limits};
use hearth_ports::rtc::RtcCommand;
use hearth_types::PeerKey;
use hearth_wire::cbor::Codec;

/// The pulse of the call as one feels it.
#[derive(Default)]
pub(crate) struct Heart {
    beat_us: u64,
    /// Since when the relay is suspected, and when that was last said.
    pub suspect: Option<(u64, u64)>,
    /// Since when it is given up.
    pub lost_us: Option<u64>,
    /// A heartbeat of the current relay in the current epoch said that it is linked with everybody.
    pub ready: bool,
    /// Any heartbeat of the current relay in the current epoch came.
    pub heard: bool,
}

impl Call {
    /// Heartbeats of a relay and a stand-by; signs of life of the others to them.
    pub(super) fn heartbeat(&mut self) {
        let acting = self.is_relay() || self.is_backup() && self.agreed.heart.suspect.is_some();
        let period = if acting { limits::HEARTBEAT_US } else { limits::IDLE_BEAT_US };
        // A tick is a fifth of a beat: without this slack each beat would be late by up to one.
        if self.now + limits::TICK_US / 2 < self.agreed.heart.beat_us + period || self.relay().is_none() {
            return;
        }
        self.agreed.heart.beat_us = self.now;
        let epoch = self.epoch_number();
        let (relay, backup) = (self.relay(), self.backup());
        let up = |p: &PeerKey| self.links.is_up(p) && *p != self.me.peer;
        let ends: Vec<_> = [relay, backup].into_iter().flatten().filter(up).collect();
        if self.is_relay() || self.is_backup() {
            let peers: Vec<_> = self.members.keys().copied().filter(|p| self.links.is_up(p)).collect();
            let ready = self.is_ready();
            self.send_datagram(peers, &Datagram::Heartbeat { epoch, ready });
        }
        if !ends.is_empty() {
            self.send_datagram(ends, &Datagram::Alive { epoch });
        }
    }

    pub(super) fn send_datagram(&mut self, peers: Vec<PeerKey>, datagram: &Datagram) {
        if !peers.is_empty() {
            self.command(RtcCommand::Datagram { peers, bytes: datagram.to_bytes() });
        }
    }

    /// Whether this relay is linked with everybody who can be linked.
    fn is_ready(&self) -> bool {
        self.now >= self.agreed.adopted_us + limits::READY_US
            || self.talkers().filter(|p| p.m.linked).all(|p| self.links.is_up(&p.m.peer))
    }

    pub(super) fn heard_beat(&mut self, peer: PeerKey, epoch: u64, ready: bool) {
        if epoch > self.epoch_number() {
            // It knows more than we do: a report shows it where we are.
            if let Some(report) = self.agreed.own_report.clone()
                && let Some(p) = self.members.get_mut(&peer)
                && self.now >= p.nudged_us + limits::IDLE_BEAT_US / 2
            {
                p.nudged_us = self.now;
                self.say(peer, &CallMessage::Report(report));
            }
            return;
        }
        if self.relay() == Some(peer) && epoch == self.epoch_number() {
            self.agreed.heart.heard = true;
            self.agreed.heart.ready |= ready;
        }
    }

    /// Whether nothing came from the relay for so long that one may take part in replacing it.
    pub(super) fn relay_is_silent(&self) -> bool {
        let Some(relay) = self.relay().filter(|r| *r != self.me.peer) else { return false };
        if !self.members.contains_key(&relay) {
            return true;
        }
        let heard = self.links.heard_us(&relay);
        let grace = if self.agreed.heart.heard { 0 } else { self.agreed.adopted_us + limits::RELAY_GRACE_US };
        self.now >= heard + limits::SUSPECT_US && self.now >= grace
    }

    pub(super) fn failover(&mut self) {
        if self.relay().is_none() || self.is_relay() || !self.relay_is_silent() {
            (self.agreed.heart.suspect, self.agreed.heart.lost_us) = (None, None);
            return;
        }
        let now = self.now;
        let n = self.epoch_number();
        let (since, said) = self.agreed.heart.suspect.unwrap_or((now, 0));
        if said == 0 || now >= said + limits::SUSPECT_REPEAT_US {
            self.say_to_all(&CallMessage::Suspect { epoch: n });
            self.agreed.heart.suspect = Some((since, now));
        }
        let fresh = |p: &&super::roster::Peer| {
            p.suspects.is_some_and(|(epoch, at)| epoch == n && at + 2 * limits::SUSPECT_REPEAT_US > now)
        };
        let relay_is_out = self.relay().is_some_and(|r| !self.members.contains_key(&r));
        let confirmed = relay_is_out
            || now >= since + limits::CONFIRM_US
            || self.members.values().filter(fresh).count() + 1 >= limits::CONFIRM_MEMBERS;
        if !confirmed {
            return;
        }
        let lost = *self.agreed.heart.lost_us.get_or_insert(now);
        if self.leaving_us.is_some() {
            return;
        }
        let (relay, backup) = (self.relay(), self.backup());
        if self.is_backup() {
            let next = self.candidates_without([relay, backup]).first().map(|r| r.peer);
            self.propose(Some(self.me.peer), next, Reason::Failure);
            return;
        }
        // A stand-by that lives takes over, or serves those who lost the relay; only when it is silent too others may.
        let heard = backup.filter(|b| self.members.contains_key(b)).map_or(0, |b| self.links.heard_us(&b));
        let start = lost.max(heard + limits::BACKUP_SILENT_US);
        if now >= start {
            let ranking = self.candidates_without([relay, backup]);
            self.propose_in_turn(&ranking, start, Reason::Failure);
        }
    }

    /// Members that lost the relay while this stand-by hears it: what the relay sends is passed on to them.
    pub(super) fn refugees(&self) -> Vec<PeerKey> {
        if !self.is_backup() || self.agreed.heart.suspect.is_some() {
            return Vec::new();
        }
        let n = self.epoch_number();
        let flees = |p: &&super::roster::Peer| {
            p.suspects.is_some_and(|(epoch, at)| epoch == n && at + limits::REFUGE_US > self.now)
        };
        self.talkers().filter(flees).map(|p| p.m.peer).filter(|p| self.links.is_up(p)).collect()
    }

    /// By which ways own frames go while the relay is suspected: the stand-by too; once it is given up, no more to it.
    pub(super) fn failover_paths(&self, paths: &mut Vec<Path>) {
        let (Some(relay), Some(_)) = (self.relay(), self.agreed.heart.suspect) else { return };
        if self.agreed.heart.lost_us.is_some() {
            paths.retain(|p| *p != Path::Relay(relay));
        }
        if let Some(backup) = self.backup() {
            paths.push(Path::Relay(backup));
        }
    }

    pub(super) fn listens(&self) -> bool {
        self.me.role == Role::Talker && !self.own.deafened
    }
}
