//! Which media links there should be, and by which of them own frames go. A new way is made before the old one ends.

use super::Call;
use crate::{Epoch, Role, epoch::Reason, limits};
use hearth_types::PeerKey;
use std::collections::BTreeSet;

/// A way to everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Path {
    /// To each by its own link.
    Mesh,
    /// Through one; oneself, when one relays.
    Relay(PeerKey),
}

impl Path {
    fn of(epoch: Option<&Epoch>) -> Self {
        epoch.and_then(|e| e.relay).map_or(Self::Mesh, Self::Relay)
    }
}

/// From one way to another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Transition {
    from: Path,
    since_us: u64,
    ready_us: Option<u64>,
}

impl Call {
    pub(super) fn change_path(&mut self, before: Option<&Epoch>, epoch: &Epoch) {
        let from = self.agreed.transition.map_or(Path::of(before), |t| t.from);
        let changes = from != Path::of(Some(epoch)) && !(before.is_none() && self.links.peers().is_empty());
        let failed = epoch.reason == Reason::Failure;
        self.agreed.transition =
            (changes && !failed).then_some(Transition { from, since_us: self.now, ready_us: None });
        // A pulse is of one relay; with the same relay it goes on.
        if before.and_then(|e| e.relay) != epoch.relay {
            self.agreed.heart = super::failover::Heart::default();
        } else {
            self.agreed.heart.suspect = None;
            self.agreed.heart.lost_us = None;
        }
    }

    pub(super) fn tend_transition(&mut self) {
        let Some(mut t) = self.agreed.transition else { return };
        let ready = match Path::of(self.agreed.epoch.as_ref()) {
            Path::Mesh => self.talkers().filter(|p| p.m.linked).all(|p| self.links.is_up(&p.m.peer)),
            Path::Relay(relay) if relay == self.me.peer => {
                self.talkers().filter(|p| p.m.linked).all(|p| self.links.is_up(&p.m.peer))
            }
            Path::Relay(relay) => self.agreed.heart.ready && self.links.is_up(&relay),
        };
        if ready {
            t.ready_us.get_or_insert(self.now);
        }
        let done = t.ready_us.is_some_and(|at| self.now >= at + limits::OVERLAP_US)
            || self.now >= t.since_us + limits::TRANSITION_US;
        self.agreed.transition = (!done).then_some(t);
    }

    pub(super) fn tend_links(&mut self) {
        let wanted = self.wanted_links();
        let members = &self.members;
        let reachable = |p: &PeerKey| members.get(p).is_some_and(|m| m.m.linked && m.session.is_some());
        let hold = self.agreed.transition.is_some();
        let me = (self.me.peer, self.own.relay_only);
        self.links.tend(me, &wanted, reachable, hold, self.now, &mut self.out);
    }

    fn wanted_links(&self) -> BTreeSet<PeerKey> {
        let talkers = self.talker_peers();
        match self.agreed.epoch.and_then(|e| e.relay.map(|r| (r, e.backup))) {
            None if self.me.role == Role::Volunteer => BTreeSet::new(),
            None => {
                // In a big room a newcomer is about to hear of a relay.
                let cold = self.now < self.started_us + limits::COLD_START_US + 2 * limits::RANK_DELAY_US;
                let wait = self.agreed.epoch.is_none() && talkers.len() >= limits::MESH_MAX && cold;
                if wait { BTreeSet::new() } else { talkers }
            }
            Some((relay, backup)) => {
                let centre: BTreeSet<_> = std::iter::once(relay).chain(backup).collect();
                // Volunteers too: who does not hear the relay takes it for dead.
                let everybody = || self.members.keys().copied().collect();
                let mut all = if centre.contains(&self.me.peer) { everybody() } else { BTreeSet::new() };
                all.extend(centre.into_iter().filter(|p| self.members.contains_key(p)));
                all
            }
        }
    }

    /// Whether frames of others are passed on now: by the relay, by the stand-by (only who lost the relay sends to it),
    /// and for a while by whoever was the relay.
    pub(super) fn may_forward(&self) -> bool {
        self.is_relay() || self.is_backup() || self.now < self.agreed.ex_relay_until
    }

    /// Where own frames go: straight to these peers, and whether through one's own forwarding too.
    pub(super) fn own_targets(&self) -> (BTreeSet<PeerKey>, bool) {
        let mut paths = vec![Path::of(self.agreed.epoch.as_ref())];
        paths.extend(self.agreed.transition.map(|t| t.from));
        self.failover_paths(&mut paths);
        let mut direct = BTreeSet::new();
        let mut forward = false;
        for path in paths {
            match path {
                Path::Mesh => direct.extend(self.direct_listeners()),
                Path::Relay(relay) if relay == self.me.peer => forward = true,
                Path::Relay(relay) => direct.extend(self.links.is_up(&relay).then_some(relay)),
            }
        }
        if direct.is_empty() && !forward {
            direct = self.direct_listeners();
        }
        (direct, forward)
    }

    /// Talkers with a link; of a whisper, only those it is for.
    fn direct_listeners(&self) -> BTreeSet<PeerKey> {
        let whisper = self.send.whisper();
        let wanted = |p: &PeerKey| self.links.is_up(p) && whisper.is_none_or(|w| w.contains(p));
        self.talkers().map(|p| p.m.peer).filter(wanted).collect()
    }
}
