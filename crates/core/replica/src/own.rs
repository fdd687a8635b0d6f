//! Writing one's own log.

use crate::log::skips_to;
use hearth_types::{
    Class, Day, DayCounters, DeviceId, EntryId, Envelope, Hlc, KeyRef, Scope, SpaceId, Target, entry::lipmaa, limits,
};
use hearth_wire::{CheckedEntry, envelope::needs_skip};
use std::collections::{BTreeMap, VecDeque};

/// One's own day is full. Nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Quota {
    /// `limits::BODY_BYTES`.
    #[error("this is too long to send")]
    Body,
    /// `limits::DAY_SCOPE_ENTRIES`.
    #[error("you have written as much in this channel today as anybody may")]
    ScopeEntries,
    /// `limits::DAY_ENTRIES`.
    #[error("you have written as much today as anybody may")]
    Entries,
    /// `limits::DAY_BODY_BYTES`.
    #[error("you have sent as many bytes today as anybody may")]
    Bytes,
    /// `limits::DAY_SCOPES`.
    #[error("you have written in as many channels today as anybody may")]
    Scopes,
}

/// What [`OwnLog::next`] needs to know about an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draft {
    /// Control log or channel.
    pub scope: Scope,
    /// Sort of body.
    pub class: Class,
    /// What it amends.
    pub target: Option<Target>,
    /// Newest policy entry of the scope one knows.
    pub basis: Option<EntryId>,
    /// Key of a sealed body.
    pub key: Option<KeyRef>,
    /// Bytes the body will have.
    pub body_len: usize,
    /// Stamp of what it answers: the reply's or amendment's target, the act it follows.
    pub answered: Option<Hlc>,
}

impl Draft {
    /// A control act of `body_len` bytes.
    pub fn control(body_len: usize) -> Self {
        Self {
            scope: Scope::Control,
            class: Class::Control,
            target: None,
            basis: None,
            key: None,
            body_len,
            answered: None,
        }
    }
}

/// The state of one's own log of one space: what the next entry has to say. `next` does not change it, `commit` does;
/// `saved` and `rewind` follow the disk.
#[derive(Debug, Clone)]
pub struct OwnLog {
    space: SpaceId,
    device: DeviceId,
    now: Tip,
    /// As of what is safely on disk.
    safe: Tip,
    /// Committed since.
    unsaved: VecDeque<Step>,
}

/// Where a log stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Tip {
    seq: u64,
    last: Option<(EntryId, Hlc)>,
    /// Ids that a later entry's skip link may name, by place.
    links: BTreeMap<u64, EntryId>,
    day: Day,
    totals: DayCounters,
    /// Entries of the day by scope.
    scopes: BTreeMap<Scope, u32>,
}

/// What one entry adds.
#[derive(Debug, Clone, Copy)]
struct Step {
    seq: u64,
    id: EntryId,
    hlc: Hlc,
    scope: Scope,
    body_len: u32,
}

impl OwnLog {
    /// An empty log.
    pub fn new(space: SpaceId, device: DeviceId) -> Self {
        Self { space, device, now: Tip::default(), safe: Tip::default(), unsaved: VecDeque::new() }
    }

    /// The log as its own entries on disk leave it (any order, all of them; of bodies none is needed). None if an entry is
    /// of another log, or they are not one unbroken chain from place 1: such a log must not be written on.
    pub fn restore<'a>(
        space: SpaceId,
        device: DeviceId,
        entries: impl IntoIterator<Item = &'a CheckedEntry>,
    ) -> Option<Self> {
        let mut entries: Vec<&CheckedEntry> = entries.into_iter().collect();
        entries.sort_unstable_by_key(|e| e.envelope().seq);
        let mut log = Self::new(space, device);
        for entry in entries {
            if !log.commit(entry) {
                return None;
            }
            log.saved(entry.envelope().seq);
        }
        Some(log)
    }

    /// Whose log it is.
    pub fn device(&self) -> DeviceId {
        self.device
    }
    /// Place of the next entry.
    pub fn next_seq(&self) -> u64 {
        self.now.seq + 1
    }
    /// Stamp of the last entry.
    pub fn last_hlc(&self) -> Option<Hlc> {
        self.now.last.map(|(_, hlc)| hlc)
    }

    /// The envelope of the next entry at `now_ms`, complete but for body length and hash, which signing fills in.
    /// `draft.body_len` must be the length the body will have.
    ///
    /// Its stamp is the largest of now, the last entry's and the answered entry's plus one; an answered stamp more than
    /// `limits::HLC_FOLLOW_MS` ahead of now is not followed.
    pub fn next(&self, now_ms: u64, draft: &Draft) -> Result<Envelope, Quota> {
        let body_len =
            u32::try_from(draft.body_len).ok().filter(|n| *n as usize <= limits::BODY_BYTES).ok_or(Quota::Body)?;
        let tip = &self.now;
        let followed = draft.answered.filter(|a| a.ms() <= now_ms.saturating_add(limits::HLC_FOLLOW_MS));
        let hlc = [Some(Hlc::from_ms(now_ms)), tip.last.map(|(_, hlc)| hlc.next()), followed.map(Hlc::next)]
            .into_iter()
            .flatten()
            .max()
            .unwrap_or_default();
        let counters = tip.counted(hlc.day(), draft.scope, body_len).1;
        if counters.scope_entries > limits::DAY_SCOPE_ENTRIES {
            return Err(Quota::ScopeEntries);
        }
        if counters.entries > limits::DAY_ENTRIES {
            return Err(Quota::Entries);
        }
        if counters.body_bytes > limits::DAY_BODY_BYTES {
            return Err(Quota::Bytes);
        }
        if counters.scopes > limits::DAY_SCOPES {
            return Err(Quota::Scopes);
        }
        let seq = self.next_seq();
        Ok(Envelope {
            version: limits::ENTRY_VERSION,
            space: self.space,
            device: self.device,
            seq,
            prev: tip.last.map(|(id, _)| id),
            skip: if needs_skip(seq) { tip.links.get(&lipmaa(seq)).copied() } else { None },
            hlc,
            scope: draft.scope,
            day: hlc.day(),
            counters,
            class: draft.class,
            target: draft.target,
            basis: draft.basis,
            key: draft.key,
            body_len,
            body_hash: [0; 32],
            ext: Vec::new(),
        })
    }

    /// The entry was signed and goes to the disk. False, and nothing changed, if it does not follow on this log.
    #[must_use]
    pub fn commit(&mut self, entry: &CheckedEntry) -> bool {
        let e = entry.envelope();
        let tip = &self.now;
        let links_hold = e.prev == tip.last.map(|(id, _)| id)
            && (!needs_skip(e.seq) || e.skip == tip.links.get(&lipmaa(e.seq)).copied());
        let follows = e.space == self.space
            && e.device == self.device
            && e.seq == self.next_seq()
            && links_hold
            && tip.last.is_none_or(|(_, hlc)| hlc < e.hlc)
            && tip.counted(e.day, e.scope, e.body_len).1 == e.counters;
        if follows {
            let step = Step { seq: e.seq, id: entry.id(), hlc: e.hlc, scope: e.scope, body_len: e.body_len };
            self.now.step(&step);
            self.unsaved.push_back(step);
        }
        follows
    }

    /// Everything up to `seq` is safely on disk.
    pub fn saved(&mut self, seq: u64) {
        while let Some(step) = self.unsaved.front().filter(|s| s.seq <= seq).copied() {
            self.safe.step(&step);
            self.unsaved.pop_front();
        }
    }

    /// A write failed: back to what is safely on disk. Entries signed past it must never be shown to anybody.
    pub fn rewind(&mut self) {
        self.now = self.safe.clone();
        self.unsaved.clear();
    }
}

impl Tip {
    /// Whether a day begins, and the counters of one more entry.
    fn counted(&self, day: Day, scope: Scope, body_len: u32) -> (bool, DayCounters) {
        let new_day = self.seq == 0 || self.day != day;
        let (totals, of_scope) = if new_day {
            (DayCounters::default(), 0)
        } else {
            (self.totals, self.scopes.get(&scope).copied().unwrap_or(0))
        };
        let counters = DayCounters {
            scope_entries: of_scope.saturating_add(1),
            entries: totals.entries.saturating_add(1),
            body_bytes: totals.body_bytes.saturating_add(u64::from(body_len)),
            scopes: totals.scopes.saturating_add(u32::from(of_scope == 0)),
        };
        (new_day, counters)
    }

    fn step(&mut self, step: &Step) {
        let (new_day, counters) = self.counted(step.hlc.day(), step.scope, step.body_len);
        if new_day {
            self.scopes.clear();
        }
        self.day = step.hlc.day();
        self.totals = counters;
        self.scopes.insert(step.scope, counters.scope_entries);
        self.seq = step.seq;
        self.last = Some((step.id, step.hlc));
        self.links.insert(step.seq, step.id);
        // What no later skip link can name any more goes, now and then.
        if step.seq.is_multiple_of(64) {
            self.links.retain(|place, _| skips_to(*place, u64::MAX / 4).any(|from| from > step.seq));
        }
    }
}
