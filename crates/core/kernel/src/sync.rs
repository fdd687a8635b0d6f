//! Pulling what is missing from one link: compare heads, then days, then ranges; control first, newest day next.
//!
//! Each side only pulls. One mechanism heals loss, churn, sleep, partition and late joining.

use crate::{
    admit::{Outcome, Source},
    kernel::{Kernel, Pending, Timer},
    serve::storage,
};
use hearth_crypto::Entropy;
use hearth_ports::{NodeEvent, StoreRequest};
use hearth_types::{ChannelId, Day, EntryId, Hlc, PeerKey, Scope, SpaceId, limits};
use hearth_wire::{CheckedEntry, Frame, frame::DayDigest};
use negentropy::{Negentropy, NegentropyStorageVector};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Days fetched side by side from one link.
const PARALLEL: usize = 3;
/// A request unanswered for so long is given up.
const ANSWER_MS: u64 = 15_000;
/// Heads are told on one link at most this often, in milliseconds.
const HEADS_GAP_MS: u64 = 400;

/// What is being pulled from one link.
pub(crate) struct Pull {
    control: VecDeque<(Scope, Day)>,
    content: VecDeque<(Scope, Day)>,
    days: Vec<DayDigest>,
    /// Frames of digests that came.
    listings: usize,
    /// Days it named that turned out empty.
    empty: usize,
    /// Days that another link left to this one, because it had passed them by before.
    insists: BTreeSet<(Scope, Day)>,
    jobs: BTreeMap<u32, Job>,
    /// New entries since it began.
    fetched: u64,
    expected: u64,
}

enum Job {
    Days,
    Day {
        scope: Scope,
        day: Day,
        before: Option<(Hlc, EntryId)>,
    },
    Listing {
        scope: Scope,
        day: Day,
    },
    Reconcile {
        scope: Scope,
        day: Day,
        salt: [u8; 16],
        state: Box<Negentropy<'static, NegentropyStorageVector>>,
        need: BTreeSet<[u8; 32]>,
        rounds: u32,
    },
    Entries {
        scope: Scope,
        day: Day,
        salt: [u8; 16],
        rest: Vec<[u8; 32]>,
    },
}

impl Job {
    fn scope_day(&self) -> Option<(Scope, Day)> {
        match self {
            Self::Days => None,
            Self::Day { scope, day, .. }
            | Self::Listing { scope, day }
            | Self::Reconcile { scope, day, .. }
            | Self::Entries { scope, day, .. } => Some((*scope, *day)),
        }
    }
}

impl Pull {
    /// Whether days or the control log are still being fetched.
    pub(crate) fn in_control(&self) -> bool {
        !self.control.is_empty()
            || self.jobs.values().any(|j| j.scope_day().is_none_or(|(scope, _)| scope == Scope::Control))
    }
}

impl Kernel {
    /// Every 20 s, jittered: compare heads with everybody.
    pub(crate) fn all_heads(&mut self) {
        self.release_due();
        for space in self.spaces.keys().copied().collect::<Vec<_>>() {
            self.tell_heads(space);
        }
        let jitter = self.jitter(limits::HEADS_EVERY_MS / 4);
        self.set_timer(Timer::Heads, limits::HEADS_EVERY_MS + jitter);
    }

    pub(crate) fn tell_heads(&mut self, space: SpaceId) {
        let Some(s) = self.spaces.get(&space) else { return };
        for peer in s.links.iter().filter(|(_, l)| l.proven).map(|(p, _)| *p).collect::<Vec<_>>() {
            self.tell_heads_to(peer, space);
        }
    }

    pub(crate) fn tell_heads_to(&mut self, peer: PeerKey, space: SpaceId) {
        let now = self.now;
        let Some(s) = self.spaces.get_mut(&space) else { return };
        let (root, entries) = (s.replica.root(), s.replica.entries());
        let Some(link) = s.links.get_mut(&peer) else { return };
        if now < link.told_ms + HEADS_GAP_MS {
            return self.set_timer(Timer::SoonHeads(space), HEADS_GAP_MS);
        }
        link.told_root = Some(root);
        link.told_ms = now;
        self.send(peer, &Frame::Heads { space, root, entries });
    }

    pub(crate) fn heads(&mut self, peer: PeerKey, space: SpaceId, root: [u8; 32]) {
        let Some(s) = self.spaces.get_mut(&space) else { return };
        let own = s.replica.root();
        let Some(link) = s.links.get_mut(&peer).filter(|l| l.device.is_some()) else { return };
        link.their_root = Some(root);
        let (proven, told) = (link.proven, link.told_root);
        if root == own {
            if proven {
                self.mark_delivered(space);
            }
        } else {
            self.pull(peer, space);
        }
        if told != Some(own) && proven {
            self.tell_heads_to(peer, space);
        }
    }

    /// Starts pulling from a link that claims membership, unless it is under way.
    pub(crate) fn pull(&mut self, peer: PeerKey, space: SpaceId) {
        let Some(link) = self.spaces.get_mut(&space).and_then(|s| s.links.get_mut(&peer)) else { return };
        if link.pull.is_some() || link.device.is_none() {
            return;
        }
        let insists = std::mem::take(&mut link.skipped);
        link.pull = Some(Pull {
            control: VecDeque::new(),
            content: VecDeque::new(),
            days: Vec::new(),
            listings: 0,
            empty: 0,
            insists,
            jobs: BTreeMap::new(),
            fetched: 0,
            expected: 0,
        });
        self.ask(peer, space, Job::Days, |request| Frame::AskDays { space, request, after: None });
    }

    /// Sends a request and notes what its answer continues.
    fn ask(&mut self, peer: PeerKey, space: SpaceId, job: Job, frame: impl FnOnce(u32) -> Frame) {
        let request = self.note(peer, space, job);
        self.send(peer, &frame(request));
    }

    fn note(&mut self, peer: PeerKey, space: SpaceId, job: Job) -> u32 {
        self.next_request = self.next_request.wrapping_add(1);
        let request = self.next_request;
        if let Some(pull) =
            self.spaces.get_mut(&space).and_then(|s| s.links.get_mut(&peer)).and_then(|l| l.pull.as_mut())
        {
            pull.jobs.insert(request, job);
        }
        self.reset_timer(Timer::Pull(peer, space), ANSWER_MS);
        request
    }

    fn take_job(&mut self, peer: PeerKey, space: SpaceId, request: u32) -> Option<Job> {
        self.spaces.get_mut(&space)?.links.get_mut(&peer)?.pull.as_mut()?.jobs.remove(&request)
    }

    pub(crate) fn days(&mut self, peer: PeerKey, space: SpaceId, request: u32, days: &[DayDigest], more: bool) {
        let Some(Job::Days) = self.take_job(peer, space, request) else { return };
        let Some(s) = self.spaces.get_mut(&space) else { return };
        let Some(pull) = s.links.get_mut(&peer).and_then(|l| l.pull.as_mut()) else { return };
        // Digests come in order and each once; whoever repeats itself is not listened to further.
        let known = pull.days.last().map(|d| (d.scope, d.day));
        let ascends = days.is_sorted_by(|a, b| (a.scope, a.day) < (b.scope, b.day))
            && days.first().is_none_or(|d| known.is_none_or(|k| k < (d.scope, d.day)));
        if !ascends {
            self.fault(peer, 1);
            return self.drop_pull(peer, space);
        }
        pull.days.extend_from_slice(days);
        pull.listings += 1;
        let after = days.last().map(|d| (d.scope, d.day));
        if more && after.is_some() && pull.listings < limits::SYNC_LISTINGS {
            return self.ask(peer, space, Job::Days, |request| Frame::AskDays { space, request, after });
        }
        let theirs = std::mem::take(&mut pull.days);
        let mut wanted: Vec<(Scope, Day, u64)> = Vec::new();
        for d in theirs {
            let ours = s.replica.day(d.scope, d.day);
            if ours.as_ref().is_none_or(|o| o.count != d.count || o.sum != d.sum) {
                wanted.push((d.scope, d.day, d.count.saturating_sub(ours.map_or(0, |o| o.count))));
            }
        }
        let looked_at: BTreeSet<ChannelId> = self.windows.values().map(|w| w.channel).collect();
        let rank = |scope: &Scope| match scope {
            Scope::Control => 0,
            Scope::Channel(c) if looked_at.contains(c) => 1,
            Scope::Channel(_) => 2,
        };
        wanted.sort_by_key(|(scope, day, _)| (rank(scope), std::cmp::Reverse(*day), *scope));
        if let Some(pull) =
            self.spaces.get_mut(&space).and_then(|s| s.links.get_mut(&peer)).and_then(|l| l.pull.as_mut())
        {
            pull.expected = wanted.iter().map(|(_, _, n)| n).sum();
            for (scope, day, _) in wanted {
                match scope {
                    // Oldest first: entries then find their authors introduced.
                    Scope::Control => pull.control.push_front((scope, day)),
                    Scope::Channel(_) => pull.content.push_back((scope, day)),
                }
            }
        }
        self.advance(peer, space);
    }

    /// Starts as many jobs as may run side by side; ends the pull when there are none.
    fn advance(&mut self, peer: PeerKey, space: SpaceId) {
        loop {
            let Some(s) = self.spaces.get_mut(&space) else { return };
            let Some(pull) = s.links.get_mut(&peer).and_then(|l| l.pull.as_mut()) else { return };
            let room = if pull.in_control() { 1 } else { PARALLEL };
            if pull.jobs.len() >= room {
                return;
            }
            let next = pull.control.pop_front().or_else(|| pull.content.pop_front());
            let Some((scope, day)) = next else {
                if pull.jobs.is_empty() {
                    self.pull_done(peer, space);
                }
                return;
            };
            // Another link is fetching this day. It gets one chance: whoever stalls cannot keep the day from others.
            let insists = pull.insists.contains(&(scope, day));
            if !s.fetching.insert((scope, day)) && !insists {
                if let Some(link) = s.links.get_mut(&peer)
                    && link.skipped.len() < limits::SYNC_DAYS
                {
                    link.skipped.insert((scope, day));
                }
                continue;
            }
            if s.replica.day(scope, day).is_none() {
                self.ask(peer, space, Job::Day { scope, day, before: None }, |request| Frame::AskDay {
                    space,
                    request,
                    scope,
                    day,
                    before: None,
                });
            } else {
                let request = self.note(peer, space, Job::Listing { scope, day });
                let token = self.token(Pending::Reconcile { link: peer, space, request });
                // Own rows in flight to the disk are behind this in its queue; they are not missing, only listed late.
                self.flush_fetched();
                self.store(StoreRequest::ListDay { token, space, scope, day });
            }
        }
    }

    /// Own ids of a day arrived from the disk: open the reconciliation.
    pub(crate) fn reconcile_ids(&mut self, peer: PeerKey, space: SpaceId, request: u32, ids: Vec<(Hlc, EntryId)>) {
        let Some(Job::Listing { scope, day }) = self.take_job(peer, space, request) else { return };
        let salt: [u8; 16] = self.entropy.array();
        let opened = storage(&ids, &salt)
            .and_then(|s| Negentropy::owned(s, limits::RECONCILE_BYTES as u64))
            .and_then(|mut n| Ok((n.initiate()?, n)));
        let Ok((message, state)) = opened else { return self.job_done(peer, space, scope, day) };
        let job = Job::Reconcile { scope, day, salt, state: Box::new(state), need: BTreeSet::new(), rounds: 0 };
        self.ask(peer, space, job, |request| Frame::Reconcile { space, request, scope, day, salt, message });
    }

    pub(crate) fn reconciled(&mut self, peer: PeerKey, space: SpaceId, request: u32, message: &[u8]) {
        let Some(Job::Reconcile { scope, day, salt, mut state, mut need, rounds }) =
            self.take_job(peer, space, request)
        else {
            return;
        };
        let (mut have_ids, mut need_ids) = (Vec::new(), Vec::new());
        let step = state.reconcile_with_ids(message, &mut have_ids, &mut need_ids);
        need.extend(need_ids.iter().map(|id| *id.as_bytes()));
        match step {
            Ok(Some(message)) if rounds < limits::RECONCILE_ROUNDS && need.len() <= limits::DAY_IDS => {
                let job = Job::Reconcile { scope, day, salt, state, need, rounds: rounds + 1 };
                self.ask(peer, space, job, |request| Frame::Reconcile { space, request, scope, day, salt, message });
            }
            Ok(_) => self.ask_rest(peer, space, scope, day, salt, need.into_iter().collect()),
            Err(_) => {
                self.fault(peer, 2);
                self.job_done(peer, space, scope, day);
            }
        }
    }

    fn ask_rest(
        &mut self,
        peer: PeerKey,
        space: SpaceId,
        scope: Scope,
        day: Day,
        salt: [u8; 16],
        mut rest: Vec<[u8; 32]>,
    ) {
        if rest.is_empty() {
            return self.job_done(peer, space, scope, day);
        }
        let ids = rest.split_off(rest.len().saturating_sub(limits::SYNC_IDS));
        self.ask(peer, space, Job::Entries { scope, day, salt, rest }, |request| Frame::AskEntries {
            space,
            request,
            scope,
            day,
            salt,
            ids,
        });
    }

    pub(crate) fn entries(
        &mut self,
        peer: PeerKey,
        space: SpaceId,
        request: u32,
        entries: &[CheckedEntry],
        next: Option<(Hlc, EntryId)>,
    ) {
        let Some(job) = self.take_job(peer, space, request) else { return self.fault(peer, 1) };
        let mut new = 0;
        for entry in entries {
            new += u64::from(self.admit(space, entry, Source::Sync) == Outcome::New);
        }
        self.progress(peer, space, new);
        if new > 0 {
            self.after_entries(space);
        }
        match job {
            Job::Day { scope, day, before } => match next {
                // Each cursor lies before the last and names the last entry sent, so a day ends whatever the peer says.
                Some(cursor)
                    if before.is_none_or(|b| cursor < b)
                        && new > 0
                        && entries.last().is_some_and(|e| (e.envelope().hlc, e.id()) == cursor) =>
                {
                    let before = Some(cursor);
                    self.ask(peer, space, Job::Day { scope, day, before }, |request| Frame::AskDay {
                        space,
                        request,
                        scope,
                        day,
                        before,
                    });
                }
                _ if new == 0 && before.is_none() => self.empty_day(peer, space, scope, day),
                _ => self.job_done(peer, space, scope, day),
            },
            Job::Entries { scope, day, salt, rest } => self.ask_rest(peer, space, scope, day, salt, rest),
            Job::Days | Job::Listing { .. } | Job::Reconcile { .. } => self.fault(peer, 1),
        }
    }

    /// A day that the peer named brought nothing. Happens where its disk failed; a peer that goes on so is left alone.
    fn empty_day(&mut self, peer: PeerKey, space: SpaceId, scope: Scope, day: Day) {
        let pull = self.spaces.get_mut(&space).and_then(|s| s.links.get_mut(&peer)).and_then(|l| l.pull.as_mut());
        let Some(pull) = pull else { return };
        pull.empty += 1;
        let enough = pull.empty >= limits::SYNC_EMPTY_DAYS;
        if let Some(s) = self.spaces.get_mut(&space) {
            s.fetching.remove(&(scope, day));
        }
        if enough {
            self.drop_pull(peer, space);
        } else {
            self.advance(peer, space);
        }
    }

    fn progress(&mut self, peer: PeerKey, space: SpaceId, new: u64) {
        let Some(pull) = self.spaces.get_mut(&space).and_then(|s| s.links.get_mut(&peer)).and_then(|l| l.pull.as_mut())
        else {
            return;
        };
        pull.fetched += new;
        let (fetched, missing) = (pull.fetched, pull.expected.saturating_sub(pull.fetched));
        // Small gaps heal unseen; only a real catching-up is shown.
        if pull.expected > 100 && new > 0 {
            self.event(NodeEvent::SyncProgress { community: space, fetched, missing: missing.max(1) });
        }
    }

    fn job_done(&mut self, peer: PeerKey, space: SpaceId, scope: Scope, day: Day) {
        if let Some(s) = self.spaces.get_mut(&space) {
            s.fetching.remove(&(scope, day));
        }
        self.advance(peer, space);
    }

    fn pull_done(&mut self, peer: PeerKey, space: SpaceId) {
        let Some(pull) = self.spaces.get_mut(&space).and_then(|s| s.links.get_mut(&peer)).and_then(|l| l.pull.take())
        else {
            return;
        };
        self.timers.retain(|(_, t)| *t != Timer::Pull(peer, space));
        if pull.expected > 100 {
            self.event(NodeEvent::SyncProgress { community: space, fetched: pull.fetched, missing: 0 });
        }
        if self.spaces.get(&space).and_then(|s| s.links.get(&peer)).is_some_and(|l| !l.skipped.is_empty()) {
            self.set_timer(Timer::PullAgain(peer, space), limits::PULL_AGAIN_MS);
        }
        self.check_secrets(space);
        if pull.fetched > 0 {
            self.set_timer(Timer::SoonHeads(space), 50);
        }
    }

    /// A peer cannot or will not answer: what it was asked for is left to the next comparison.
    pub(crate) fn declined(&mut self, peer: PeerKey, request: u32) {
        for space in self.spaces.keys().copied().collect::<Vec<_>>() {
            let Some(job) = self.take_job(peer, space, request) else { continue };
            match job.scope_day() {
                Some((scope, day)) => self.job_done(peer, space, scope, day),
                None => self.drop_pull(peer, space),
            }
        }
    }

    /// Days were left to another link a moment ago; if this peer still differs, it is asked for them itself.
    pub(crate) fn pull_again(&mut self, peer: PeerKey, space: SpaceId) {
        let Some(s) = self.spaces.get(&space) else { return };
        let own = s.replica.root();
        if s.links.get(&peer).is_some_and(|l| l.their_root.is_some_and(|root| root != own)) {
            self.pull(peer, space);
        }
    }

    pub(crate) fn pull_overdue(&mut self, peer: PeerKey, space: SpaceId) {
        self.drop_pull(peer, space);
        self.set_timer(Timer::SoonHeads(space), 1_000);
    }

    /// Forgets what was being pulled from a link, so that another may fetch it.
    pub(crate) fn drop_pull(&mut self, peer: PeerKey, space: SpaceId) {
        let Some(s) = self.spaces.get_mut(&space) else { return };
        let Some(pull) = s.links.get_mut(&peer).and_then(|l| l.pull.take()) else { return };
        for job in pull.jobs.values() {
            if let Some(at) = job.scope_day() {
                s.fetching.remove(&at);
            }
        }
        self.timers
            .retain(|(_, t)| !matches!(t, Timer::Pull(p, s) | Timer::PullAgain(p, s) if (*p, *s) == (peer, space)));
    }

    /// Sends fetched rows to the disk before something that must find them there.
    pub(crate) fn flush_fetched(&mut self) {
        if !self.fetched.is_empty() {
            let rows = std::mem::take(&mut self.fetched);
            let token = self.token(Pending::Fetched);
            self.store(StoreRequest::PutFetched { token, rows });
        }
    }
}
