//! The replica: admission, queries, digests.

use crate::{
    digest::Digests,
    fold::{Act, Context, Fold, project},
    log::{Found, Logs, Record},
    people::{Introduced, People},
    state::SpaceState,
    waiting::Waiting,
};
use hearth_crypto::identity::{check_certificate, check_genesis, check_join};
use hearth_ports::store::EntrySummary;
use hearth_types::{
    ChannelId, Class, ControlAct, ControlBody, Day, DeviceId, EntryId, EpochId, Genesis, SpaceId, UserId, limits,
};
use hearth_wire::CheckedEntry;
use std::collections::BTreeSet;

/// What became of an entry handed to [`Replica::admit`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// Admitted: store it.
    New {
        /// What changed, each at most once. Control changes of `released` entries are among them.
        changes: Vec<Change>,
        /// Entries that waited for this one and are admitted now too: store them, and open those that are content.
        released: Vec<CheckedEntry>,
    },
    /// Held already. If it carries a body that the store lacks, storing it fills that in.
    Known,
    /// Kept aside until its device is introduced or its day comes. Do not store or relay it.
    Waiting,
    /// Not admitted and not kept.
    Refused(Refusal),
}

/// Why an entry is not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It was written in another space.
    #[error("it belongs to another community")]
    OtherSpace,
    /// A control entry without its body. Control bodies are never dropped, so somebody has it whole.
    #[error("a control entry came without its body")]
    BodyMissing,
    /// Its log is broken, and enough of what lies past the break is kept.
    #[error("its author's log contradicts itself, and no more of it is kept")]
    PastBreak,
    /// Too much is waiting for introductions already.
    #[error("too many entries wait for their author to be introduced")]
    WaitingFull,
}

/// What an admission changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// A setting.
    Settings,
    /// Somebody came in, or a member's name, devices or roles changed.
    Member(UserId),
    /// Somebody is no longer a member.
    MemberGone(UserId),
    /// A role, by its first version, appeared or changed.
    Role(EntryId),
    /// A role no longer stands.
    RoleGone(EntryId),
    /// A channel appeared or changed.
    Channel(ChannelId),
    /// A channel was deleted, or no longer stands.
    ChannelGone(ChannelId),
    /// An invite appeared, was used, was revoked or no longer stands.
    Invite(EntryId),
    /// An epoch stands.
    Epoch(EpochId),
    /// An epoch no longer stands: never send under it.
    EpochGone(EpochId),
    /// A log contradicts itself from `seq` on; what lies there no longer counts. Remember it for [`Replica::restore`].
    LogBroken {
        /// Whose log.
        device: DeviceId,
        /// First place that does not count.
        seq: u64,
    },
    /// The entry is content: open it, and show it if [`Replica::counts`].
    Content,
    /// What somebody may do changed.
    Standing(UserId),
    /// An entry restored from a summary has a new neighbour: load it and hand it to [`Replica::recheck`].
    Recheck(EntryId),
}

/// One space's replica.
#[derive(Debug, Clone)]
pub struct Replica {
    pub(crate) space: SpaceId,
    pub(crate) genesis: Genesis,
    pub(crate) logs: Logs,
    pub(crate) digests: Digests,
    pub(crate) people: People,
    pub(crate) waiting: Waiting,
    pub(crate) fold: Fold,
    pub(crate) state: SpaceState,
}

impl Replica {
    /// An empty replica; none if `genesis` does not check out for `space`.
    pub fn new(space: SpaceId, genesis: Genesis) -> Option<Self> {
        if check_genesis(&genesis) != Some(space) {
            return None;
        }
        let state = project::empty(genesis.founder);
        Some(Self {
            space,
            genesis,
            logs: Logs::default(),
            digests: Digests::default(),
            people: People::default(),
            waiting: Waiting::default(),
            fold: Fold::default(),
            state,
        })
    }

    /// A replica as it was: control entries whole, content by its summaries (any order; fastest by log or by stamp), and
    /// the breaks that [`Change::LogBroken`] reported. Entries of other spaces, and control entries without a body, are left
    /// out.
    pub fn restore(
        space: SpaceId,
        genesis: Genesis,
        control: &[CheckedEntry],
        content: &[EntrySummary],
        broken: &[(DeviceId, u64)],
    ) -> Option<Self> {
        let mut replica = Self::new(space, genesis)?;
        let mut seen = BTreeSet::new();
        let control: Vec<&CheckedEntry> = control
            .iter()
            .filter(|e| {
                e.envelope().space == space
                    && e.envelope().class == Class::Control
                    && e.body().is_some()
                    && seen.insert(e.id())
            })
            .collect();
        let mut content: Vec<&EntrySummary> = content.iter().filter(|s| s.space == space).collect();
        content.sort_unstable_by_key(|s| (s.device, s.seq, s.id));
        content.dedup_by_key(|s| s.id);
        let mut records: Vec<_> = control
            .iter()
            .map(|e| (e.envelope().device, e.envelope().seq, replica.logs.record(e.id(), e.envelope())))
            .collect();
        records.extend(content.iter().map(|s| (s.device, s.seq, Record::bare(s.id, s.seq, s.hlc))));
        replica.logs.restore(records, broken);
        for s in content {
            replica.digests.add(&s.id, s.scope, s.hlc.day(), s.target.map(|t| t.day));
        }
        for entry in control {
            let e = entry.envelope();
            replica.digests.add(&entry.id(), e.scope, e.day, e.target.map(|t| t.day));
            if let Ok(act) = entry.control() {
                let user = replica.named_user(&act);
                replica.learn(entry, &act, user);
                replica
                    .fold
                    .acts
                    .insert(entry.id(), Act { device: e.device, seq: e.seq, hlc: e.hlc, act, user, stands: None });
            }
        }
        replica.fold.reassigned();
        replica.settle();
        Some(replica)
    }

    /// Takes one entry in. `today` is the reader's own UTC day.
    pub fn admit(&mut self, entry: &CheckedEntry, today: Day) -> Admission {
        let e = entry.envelope();
        if e.space != self.space {
            return Admission::Refused(Refusal::OtherSpace);
        }
        if self.logs.contains(&entry.id()) {
            return Admission::Known;
        }
        if e.class == Class::Control && entry.body().is_none() {
            return Admission::Refused(Refusal::BodyMissing);
        }
        let act = Self::read(entry);
        let user = act.as_ref().and_then(|act| self.named_user(act));
        let introduced = self.people.user(&e.device).is_some() || self.introduces_itself(entry, act.as_ref(), user);
        if !introduced || e.day > last_day(today) {
            return if self.waiting.keep(entry) {
                Admission::Waiting
            } else {
                Admission::Refused(Refusal::WaitingFull)
            };
        }
        let mut changes = BTreeSet::new();
        let mut introduced = Vec::new();
        if !self.take(entry, act, user, &mut changes, &mut introduced) {
            return Admission::Refused(Refusal::PastBreak);
        }
        if e.class != Class::Control {
            changes.insert(Change::Content);
        }
        let released = self.release(introduced, today, &mut changes);
        changes.extend(self.settle());
        Admission::New { changes: changes.into_iter().collect(), released }
    }

    /// Lets in what waited for its day or, after a restart of the caller, for anything else that has come meanwhile. Treat
    /// the entries as [`Admission::New`]'s `released`.
    pub fn advance(&mut self, today: Day) -> (Vec<Change>, Vec<CheckedEntry>) {
        let mut changes = BTreeSet::new();
        let introduced = self.waiting.devices().into_iter().filter(|d| self.people.user(d).is_some()).collect();
        let released = self.release(introduced, today, &mut changes);
        changes.extend(self.settle());
        (changes.into_iter().collect(), released)
    }

    /// Completes an entry that was restored from its summary; answers [`Change::Recheck`].
    pub fn recheck(&mut self, entry: &CheckedEntry) -> Vec<Change> {
        let e = entry.envelope();
        if e.space != self.space {
            return Vec::new();
        }
        let record = self.logs.record(entry.id(), e);
        let found = self.logs.complete(e.device, e.seq, record);
        let mut changes = BTreeSet::new();
        self.found(e.device, found, &mut changes);
        changes.extend(self.settle());
        changes.into_iter().collect()
    }

    fn read(entry: &CheckedEntry) -> Option<ControlAct> {
        if entry.envelope().class == Class::Control { entry.control().ok() } else { None }
    }

    /// The user whom an act introduces, if its certificate (and join) hold.
    fn named_user(&self, act: &ControlAct) -> Option<UserId> {
        match &act.body {
            ControlBody::DeviceAdd { certificate } => check_certificate(certificate),
            ControlBody::Admit { join } => check_join(self.space, join),
            _ => None,
        }
    }

    /// Whether an entry is the founder's own first: its author's certificate, by the founder's root.
    fn introduces_itself(&self, entry: &CheckedEntry, act: Option<&ControlAct>, user: Option<UserId>) -> bool {
        user == Some(self.genesis.founder) && act.is_some_and(|act| matches!(&act.body, ControlBody::DeviceAdd { certificate } if certificate.device == entry.envelope().device))
    }

    /// Puts an entry that is admitted in its place. False if its log takes no more.
    fn take(
        &mut self,
        entry: &CheckedEntry,
        act: Option<ControlAct>,
        user: Option<UserId>,
        changes: &mut BTreeSet<Change>,
        introduced: &mut Vec<DeviceId>,
    ) -> bool {
        let e = entry.envelope();
        if !self.logs.takes(&e.device, e.seq) {
            return false;
        }
        let record = self.logs.record(entry.id(), e);
        let found = self.logs.insert(e.device, e.seq, record);
        self.digests.add(&entry.id(), e.scope, e.day, e.target.map(|t| t.day));
        if let Some(act) = &act {
            introduced.extend(self.learn(entry, act, user));
        }
        self.found(e.device, found, changes);
        if let Some(act) = act {
            let context = Context { founder: self.genesis.founder, logs: &self.logs, people: &self.people };
            self.fold.add(
                entry.id(),
                Act { device: e.device, seq: e.seq, hlc: e.hlc, act, user, stands: None },
                context,
            );
        }
        true
    }

    /// Learns who is who from a control entry; the device if it was unknown.
    fn learn(&mut self, entry: &CheckedEntry, act: &ControlAct, user: Option<UserId>) -> Option<DeviceId> {
        let author = entry.envelope().device;
        if let Some(by) = act.by
            && self.people.cite(author, entry.envelope().seq, by) == Introduced::Other
        {
            self.fold.reassigned();
        }
        let certificate = match &act.body {
            ControlBody::DeviceAdd { certificate } => certificate,
            ControlBody::Admit { join } => &join.certificate,
            _ => return None,
        };
        let own = certificate.device == author;
        match self.people.introduce(entry.id(), user?, certificate.clone(), own) {
            Introduced::New => Some(certificate.device),
            Introduced::Same => None,
            Introduced::Other => {
                self.fold.reassigned();
                None
            }
        }
    }

    fn found(&mut self, device: DeviceId, found: Found, changes: &mut BTreeSet<Change>) {
        changes.extend(found.recheck.into_iter().map(Change::Recheck));
        if let Some(seq) = found.broke {
            self.fold.broke(&device, seq);
            changes.insert(Change::LogBroken { device, seq });
        }
    }

    /// Admits what waited for these devices, and for the devices that those introduce.
    fn release(
        &mut self,
        mut introduced: Vec<DeviceId>,
        today: Day,
        changes: &mut BTreeSet<Change>,
    ) -> Vec<CheckedEntry> {
        let mut released = Vec::new();
        while let Some(device) = introduced.pop() {
            for entry in self.waiting.release(&device, last_day(today)) {
                let act = Self::read(&entry);
                let user = act.as_ref().and_then(|act| self.named_user(act));
                if !self.logs.contains(&entry.id()) && self.take(&entry, act, user, changes, &mut introduced) {
                    released.push(entry);
                }
            }
        }
        released
    }

    fn settle(&mut self) -> BTreeSet<Change> {
        let context = Context { founder: self.genesis.founder, logs: &self.logs, people: &self.people };
        self.fold.settle(&mut self.state, context)
    }
}

/// The last day whose entries do not wait.
fn last_day(today: Day) -> Day {
    Day(today.0.saturating_add(limits::DAYS_AHEAD))
}
