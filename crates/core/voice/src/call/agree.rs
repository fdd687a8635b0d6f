//! Agreement on a relay: who proposes when, and whose proposal counts.

use super::Call;
use crate::{
    CallMessage, Epoch, Output, Report, Warning,
    epoch::Reason,
    limits,
    rank::{Ranked, rank, reports_hash},
};
use hearth_crypto::hash;
use hearth_types::PeerKey;
use std::collections::BTreeMap;

/// What is agreed and what stirs.
#[derive(Default)]
pub(crate) struct Agreement {
    pub epoch: Option<Epoch>,
    pub adopted_us: u64,
    pub own_report: Option<Report>,
    pub reported_us: u64,
    /// A failure of a relay that one still hears, and until when to wait.
    pub doubt: Option<(Epoch, u64, u64)>,
    pub shunned: BTreeMap<PeerKey, u64>,
    /// Since when there are too many for a mesh, or few enough for one.
    many_since: Option<u64>,
    few_since: Option<u64>,
    /// A peer that would relay better, and since when.
    better: Option<(PeerKey, u64)>,
    pub transition: Option<super::paths::Transition>,
    pub ex_relay_until: u64,
    /// When one last forwarded a frame of another.
    pub forwarded_us: u64,
    pub heart: super::failover::Heart,
    reasserted_us: u64,
}

impl Call {
    pub(super) fn relay(&self) -> Option<PeerKey> {
        self.agreed.epoch.and_then(|e| e.relay)
    }
    pub(super) fn backup(&self) -> Option<PeerKey> {
        self.agreed.epoch.and_then(|e| e.backup)
    }
    pub(super) fn is_relay(&self) -> bool {
        self.relay() == Some(self.me.peer)
    }
    pub(super) fn is_backup(&self) -> bool {
        self.backup() == Some(self.me.peer)
    }
    pub(super) fn epoch_number(&self) -> u64 {
        self.agreed.epoch.map_or(0, |e| e.n)
    }

    /// Fresh reports of all, one's own among them.
    fn reports(&self) -> BTreeMap<PeerKey, Report> {
        let fresh = self.now.saturating_sub(limits::REPORT_FRESH_US);
        let mut all: BTreeMap<_, _> = self
            .members
            .values()
            .filter_map(|p| p.report.as_ref().filter(|(_, at)| *at >= fresh).map(|(r, _)| (p.m.peer, r.clone())))
            .collect();
        if let Some(own) = self.agreed.own_report.clone().filter(|_| self.leaving_us.is_none()) {
            all.insert(self.me.peer, own);
        }
        all
    }

    /// Who could relay now, best first.
    fn ranking(&self) -> Vec<Ranked> {
        let mut all = rank(self.call, self.epoch_number() + 1, self.talker_count(), &self.reports());
        all.retain(|r| !self.agreed.shunned.contains_key(&r.peer));
        all
    }

    /// The best stand-by beside `relay`, one that can be told.
    fn best_backup(&self, relay: PeerKey, not: Option<PeerKey>) -> Option<PeerKey> {
        let can = |p: &PeerKey| *p == self.me.peer || self.members.get(p).is_some_and(|m| m.m.linked);
        let suits = |r: &Ranked| r.peer != relay && Some(r.peer) != not && can(&r.peer);
        self.ranking().into_iter().find(suits).map(|r| r.peer)
    }

    pub(super) fn propose(&mut self, relay: Option<PeerKey>, backup: Option<PeerKey>, reason: Reason) {
        let n = self.epoch_number().max(self.agreed.doubt.as_ref().map_or(0, |(e, _, _)| e.n)) + 1;
        let mut peers: Vec<_> = self.members.keys().copied().collect();
        peers.push(self.me.peer);
        peers.sort_unstable();
        let parts: Vec<&[u8]> = peers.iter().map(|p| &p.0[..]).collect();
        let basis = (hash("hearth/call/members/1", &parts), reports_hash(&self.reports()));
        let epoch = Epoch::sign(self.call, n, (relay, backup), basis, reason, &self.key);
        self.say_to_all(&CallMessage::Epoch(epoch));
        self.adopt(epoch);
    }

    pub(super) fn heard_epoch(&mut self, peer: PeerKey, epoch: Epoch) {
        let now = self.now;
        let current = self.agreed.epoch;
        if current.is_some_and(|c| !epoch.supersedes(&c)) {
            // Who lags is told, unless it only says again what both know.
            if current.is_some_and(|c| c.n > epoch.n) {
                self.nudge_with_epoch(peer);
            }
            return;
        }
        let Some(p) = self.members.get_mut(&peer) else { return };
        if now >= p.epochs.1 + limits::EPOCH_WINDOW_US {
            p.epochs = (0, now);
        }
        p.epochs.0 += 1;
        if p.epochs.0 > limits::EPOCHS_PER_LINK {
            return self.warn(Warning::Flood { peer });
        }
        // The relay may have to go beyond the number somebody else jumped to.
        let most = limits::EPOCH_JUMP * if self.is_by_relay(&epoch) { 2 } else { 1 };
        let jump = current.is_some_and(|c| epoch.n - c.n > most);
        if jump || epoch.n == 0 || epoch.n > limits::EPOCH_MAX || !epoch.holds(self.call) {
            return self.warn(Warning::BadMessage { peer });
        }
        // A relay one does not know of yet will be in the roster soon; the epoch comes again.
        let known = |p: &PeerKey| *p == self.me.peer || self.members.contains_key(p);
        if !epoch.relay.as_ref().is_none_or(known) {
            return;
        }
        if self.is_doubtful(&epoch) {
            let wait = if self.is_relay() { limits::RELAY_DOUBT_US } else { limits::DOUBT_US };
            if self.agreed.doubt.as_ref().is_none_or(|(d, _, _)| epoch.supersedes(d)) {
                let since = self.agreed.doubt.as_ref().map_or(now, |(_, since, _)| *since);
                self.agreed.doubt = Some((epoch, since, since + wait));
            }
            return;
        }
        self.adopt(epoch);
    }

    /// PROTOCOL 11: a relay is replaced as failed only when one's own heartbeats are missing too. In any other way only
    /// by its own word, unless few are left or two proposed at once: a high number alone makes nobody a relay.
    fn is_doubtful(&self, epoch: &Epoch) -> bool {
        let (Some(current), Some(relay)) = (self.agreed.epoch, self.relay()) else { return false };
        if epoch.relay == Some(relay) {
            return false;
        }
        let few = epoch.relay.is_none() && self.talker_count() <= limits::MESH_MAX;
        let at_once = epoch.n == current.n && self.now < self.agreed.adopted_us + limits::EPOCH_COOLDOWN_US;
        if epoch.reason != Reason::Failure && (self.is_by_relay(epoch) || few || at_once) {
            return false;
        }
        relay == self.me.peer || !self.relay_is_silent()
    }

    /// Whether the relay itself signed it.
    fn is_by_relay(&self, epoch: &Epoch) -> bool {
        self.relay().and_then(|relay| self.members.get(&relay)).is_some_and(|p| p.m.device == epoch.proposer)
    }

    /// Whether more than half of the others say that they live by it.
    fn most_live_by(&self, epoch: &Epoch) -> bool {
        let fresh = self.now.saturating_sub(limits::REPORT_FRESH_US);
        let hash = epoch.hash();
        let lives = |p: &&super::roster::Peer| {
            p.report.as_ref().is_some_and(|(r, at)| *at >= fresh && r.epoch == epoch.n && r.epoch_hash == hash)
        };
        self.talkers().filter(lives).count() * 2 > self.talkers().count()
    }

    fn adopt(&mut self, epoch: Epoch) {
        let before = self.agreed.epoch.replace(epoch);
        let now = self.now;
        let old_relay = before.and_then(|e| e.relay);
        if old_relay == Some(self.me.peer) && epoch.relay != old_relay {
            self.agreed.ex_relay_until = now + limits::EX_RELAY_US;
        }
        if let Some(old) = old_relay.filter(|old| epoch.reason == Reason::Failure && epoch.relay != Some(*old)) {
            self.agreed.shunned.insert(old, now + limits::SHUN_US);
            self.warn(Warning::RelayLost { relay: old });
        }
        self.agreed.adopted_us = now;
        self.agreed.doubt = None;
        (self.agreed.many_since, self.agreed.few_since, self.agreed.better) = (None, None, None);
        self.change_path(before.as_ref(), &epoch);
        self.out.push_back(Output::Topology(self.topology()));
        self.agreed.reported_us = 0;
        self.tend_links();
    }

    /// Tells a peer by which agreement the call runs.
    fn nudge_with_epoch(&mut self, peer: PeerKey) {
        let Some(epoch) = self.agreed.epoch else { return };
        let now = self.now;
        let Some(p) = self.members.get_mut(&peer) else { return };
        if now >= p.nudged_us + limits::IDLE_BEAT_US / 2 {
            p.nudged_us = now;
            self.say(peer, &CallMessage::Epoch(epoch));
        }
    }

    pub(super) fn heard_report(&mut self, peer: PeerKey, report: Report) {
        let Some(p) = self.members.get_mut(&peer) else { return };
        let old = p.report.as_ref().is_some_and(|(r, _)| r.counter >= report.counter && p.session.is_some());
        if report.device != p.m.device || !report.holds(self.call) {
            return self.warn(Warning::BadMessage { peer });
        }
        let (n, their_hash) = (report.epoch, report.epoch_hash);
        if !old {
            p.report = Some((report, self.now));
        }
        let behind = self.agreed.epoch.is_some_and(|c| n < c.n || n == c.n && their_hash != c.hash());
        if behind {
            self.nudge_with_epoch(peer);
        }
    }

    /// Whether the call should run another way, and whether it is on oneself to say so.
    pub(super) fn consider(&mut self) {
        let now = self.now;
        self.agreed.shunned.retain(|_, until| *until > now);
        self.resolve_doubt();
        if self.leaving_us.is_some() {
            return;
        }
        match self.relay() {
            None => self.consider_mesh(),
            Some(relay) => {
                self.consider_few();
                if relay == self.me.peer && self.is_relay() {
                    self.consider_relay();
                }
            }
        }
    }

    fn resolve_doubt(&mut self) {
        let Some((epoch, since, until)) = self.agreed.doubt else { return };
        if self.is_relay() {
            if self.now < until {
                return;
            }
            let held = |p: &&super::roster::Peer| p.alive.1 >= since && p.alive.0 == self.epoch_number();
            let faithful = self.talkers().filter(held).count();
            let others = self.talkers().count();
            if faithful * 2 >= others && self.now >= self.agreed.reasserted_us + limits::EPOCH_COOLDOWN_US {
                self.agreed.reasserted_us = self.now;
                let backup = self.best_backup(self.me.peer, epoch.relay);
                self.propose(Some(self.me.peer), backup, Reason::Reassert);
            } else {
                self.adopt(epoch);
            }
        } else if self.relay_is_silent() || self.most_live_by(&epoch) {
            self.adopt(epoch);
        } else if self.now >= until {
            self.agreed.doubt = None;
        }
    }

    fn consider_mesh(&mut self) {
        let talkers = self.talker_count();
        if talkers <= limits::MESH_MAX {
            self.agreed.many_since = None;
            return;
        }
        let since = *self.agreed.many_since.get_or_insert(self.now);
        let cold = self.agreed.epoch.is_none().then_some(self.started_us + limits::COLD_START_US);
        let start = (since + limits::ELECTION_SETTLE_US).max(cold.unwrap_or(0));
        if self.now < start {
            return;
        }
        let ranking = self.ranking();
        let fit = ranking.first().is_some_and(|r| r.fit);
        if !fit && talkers <= limits::MESH_HARD_MAX {
            return;
        }
        self.propose_in_turn(&ranking, start, Reason::Many);
    }

    /// Proposes oneself as relay when one's turn has come: the first in rank at once, each next one later.
    pub(super) fn propose_in_turn(&mut self, ranking: &[Ranked], start_us: u64, reason: Reason) {
        let Some(place) = ranking.iter().take(limits::PROPOSERS).position(|r| r.peer == self.me.peer) else { return };
        if self.now >= start_us + place as u64 * limits::RANK_DELAY_US {
            let backup = self.best_backup(self.me.peer, None);
            self.propose(Some(self.me.peer), backup, reason);
        }
    }

    pub(super) fn candidates_without(&self, out: [Option<PeerKey>; 2]) -> Vec<Ranked> {
        self.ranking().into_iter().filter(|r| !out.contains(&Some(r.peer))).collect()
    }

    fn consider_few(&mut self) {
        if self.talker_count() > limits::MESH_BACK {
            self.agreed.few_since = None;
            return;
        }
        let since = *self.agreed.few_since.get_or_insert(self.now);
        // The relay says it; should it not, the stand-by does, then the first talker.
        let first = self.talkers().map(|p| p.m.peer).min().is_none_or(|p| self.me.peer < p);
        let turn = match () {
            () if self.is_relay() => 0,
            () if self.is_backup() => 1_000_000,
            () if first => 2_000_000,
            () => return,
        };
        if self.now >= since + limits::MESH_BACK_US + turn {
            self.propose(None, None, Reason::Few);
        }
    }

    /// What a relay sees to: a stand-by that lives, and a better relay if there is one.
    fn consider_relay(&mut self) {
        let now = self.now;
        if now < self.agreed.adopted_us + limits::EPOCH_COOLDOWN_US {
            return;
        }
        if !self.own.may_relay && self.backup_is_well() {
            return self.hand_over();
        }
        if !self.backup_is_well() {
            let best = self.best_backup(self.me.peer, self.backup()).or(self.backup());
            if best != self.backup() {
                self.propose(Some(self.me.peer), best, Reason::Backup);
            }
            return;
        }
        let ranking = self.ranking();
        let own = ranking.iter().find(|r| r.peer == self.me.peer);
        let (carries, own) = own.map_or((true, 0), |r| (r.carries, r.score));
        // Who cannot carry the room relays only until somebody comes who can.
        let (margin, wait_us) =
            if carries { (limits::QUALITY_MARGIN, limits::QUALITY_US) } else { (0, limits::UNFIT_US) };
        let better = ranking.first().filter(|r| r.fit && r.peer != self.me.peer && r.score >= own + margin);
        let better = better.map(|r| r.peer);
        self.agreed.better = match (better, self.agreed.better) {
            (Some(peer), Some((before, since))) if peer == before => Some((peer, since)),
            (Some(peer), _) => Some((peer, now)),
            (None, _) => None,
        };
        let Some((peer, since)) = self.agreed.better else { return };
        if now < since + wait_us {
            return;
        }
        if self.backup() == Some(peer) {
            self.hand_over();
        } else {
            self.propose(Some(self.me.peer), Some(peer), Reason::Backup);
        }
    }

    fn backup_is_well(&self) -> bool {
        self.backup().is_some_and(|b| {
            let young = self.now < self.agreed.adopted_us + limits::RELAY_GRACE_US;
            let alive = self.members.get(&b).is_some_and(|p| p.alive.1 + limits::BACKUP_SILENT_US > self.now);
            self.members.contains_key(&b) && (alive || young)
        })
    }

    /// Gives relaying to the stand-by, if one relays and it is well.
    pub(super) fn hand_over(&mut self) {
        if !self.is_relay() {
            return;
        }
        let Some(next) = self.backup().filter(|b| self.members.contains_key(b)) else { return };
        let backup = self.best_backup(next, Some(self.me.peer));
        self.propose(Some(next), backup, Reason::HandOver);
    }
}
