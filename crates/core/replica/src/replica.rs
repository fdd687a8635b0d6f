//! The replica: admission, queries, digests.

use crate::state::SpaceState;
use hearth_ports::store::EntrySummary;
use hearth_types::{Certificate, ChannelId, Day, DeviceId, EntryId, EpochFields, EpochId, Genesis, Permissions, Scope, SpaceId, UserId};
use hearth_wire::{CheckedEntry, frame::DayDigest};

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
    _space: SpaceId,
}

impl Replica {
    /// An empty replica; none if `genesis` does not check out for `space`.
    pub fn new(space: SpaceId, genesis: Genesis) -> Option<Self> {
        todo!("{space:?} {genesis:?}")
    }

    /// A replica as it was: control entries whole, content by its summaries (any order; fastest by log or by stamp), and
    /// the breaks that [`Change::LogBroken`] reported.
    pub fn restore(space: SpaceId, genesis: Genesis, control: &[CheckedEntry], content: &[EntrySummary], broken: &[(DeviceId, u64)]) -> Option<Self> {
        todo!("{space:?} {genesis:?} {control:?} {content:?} {broken:?}")
    }

    /// Takes one entry in. `today` is the reader's own UTC day.
    pub fn admit(&mut self, entry: &CheckedEntry, today: Day) -> Admission {
        todo!("{entry:?} {today:?}")
    }

    /// Entries whose day has come; treat them as [`Admission::New`]'s `released`.
    pub fn advance(&mut self, today: Day) -> (Vec<Change>, Vec<CheckedEntry>) {
        todo!("{today:?}")
    }

    /// Completes an entry that was restored from its summary; answers [`Change::Recheck`].
    pub fn recheck(&mut self, entry: &CheckedEntry) -> Vec<Change> {
        todo!("{entry:?}")
    }

    /// The space.
    pub fn space(&self) -> SpaceId {
        todo!()
    }
    /// Its genesis object.
    pub fn genesis(&self) -> &Genesis {
        todo!()
    }
    /// What the standing control acts make.
    pub fn state(&self) -> &SpaceState {
        todo!()
    }
    /// Whether an entry is held.
    pub fn contains(&self, id: &EntryId) -> bool {
        todo!("{id}")
    }
    /// The user of an introduced device.
    pub fn user_of(&self, device: &DeviceId) -> Option<UserId> {
        todo!("{device}")
    }
    /// The certificate of an introduced device.
    pub fn certificate(&self, device: &DeviceId) -> Option<&Certificate> {
        todo!("{device}")
    }
    /// Whether `user` is in.
    pub fn is_member(&self, user: &UserId) -> bool {
        todo!("{user}")
    }
    /// Whether `device` speaks for a current member: its user is in, and it is among the user's standing devices.
    pub fn is_member_device(&self, device: &DeviceId) -> bool {
        todo!("{device}")
    }
    /// Whether the held entry `seq` of `device` counts: its author was in when it was written, and its log is not broken
    /// there.
    pub fn counts(&self, device: &DeviceId, seq: u64) -> bool {
        todo!("{device} {seq}")
    }
    /// Everything `user` may do.
    pub fn permissions(&self, user: &UserId) -> Permissions {
        todo!("{user}")
    }
    /// Most senior rank of `user`: 0 for the owner, `u16::MAX` for a plain member.
    pub fn rank(&self, user: &UserId) -> u16 {
        todo!("{user}")
    }
    /// Whether `user` is in and may do all of `need`.
    pub fn may(&self, user: &UserId, need: Permissions) -> bool {
        todo!("{user} {need:?}")
    }
    /// What an act of `user` that needs `need` has to cite as `by`: `Some(None)` for the owner, `Some(Some(grant or admit))`
    /// for others, `None` if it is not allowed.
    pub fn grant_for(&self, user: &UserId, need: Permissions) -> Option<Option<EntryId>> {
        todo!("{user} {need:?}")
    }
    /// A held epoch record, standing or void; void ones still open what was sent under them.
    pub fn epoch(&self, id: &EpochId) -> Option<&EpochFields> {
        todo!("{id}")
    }
    /// The standing invite with this public key.
    pub fn invite_by_key(&self, key: &[u8; 32]) -> Option<EntryId> {
        todo!("{key:?}")
    }
    /// The entries a new `Setting` of `key` has to name in `replaces`.
    pub fn setting_heads(&self, key: &str) -> Vec<EntryId> {
        todo!("{key}")
    }
    /// The standing `Admit` that lets `user` in, most senior first; none for the founder and for strangers.
    pub fn admit_of(&self, user: &UserId) -> Option<EntryId> {
        todo!("{user}")
    }

    /// Digest over everything held: equal on two replicas exactly when they hold the same entries.
    pub fn root(&self) -> [u8; 32] {
        todo!()
    }
    /// [`Self::root`] in hex.
    pub fn heads(&self) -> String {
        todo!()
    }
    /// How many entries are held.
    pub fn entries(&self) -> u64 {
        todo!()
    }
    /// Day digests in order, strictly after a place.
    pub fn days(&self, after: Option<(Scope, Day)>) -> impl Iterator<Item = DayDigest> + '_ {
        let _ = after;
        std::iter::empty()
    }
    /// One day's digest; none if nothing is held of it.
    pub fn day(&self, scope: Scope, day: Day) -> Option<DayDigest> {
        todo!("{scope:?} {day:?}")
    }
    /// Newest day with an entry of its own in a scope.
    pub fn newest_day(&self, scope: Scope) -> Option<Day> {
        todo!("{scope:?}")
    }
    /// Days of a channel that have messages, oldest first, with how many.
    pub fn channel_days(&self, channel: ChannelId) -> impl DoubleEndedIterator<Item = (Day, u32)> + '_ {
        let _ = channel;
        std::iter::empty()
    }
    /// The highest held place of a log, with its entry (the larger id where a broken log has two).
    pub fn top(&self, device: &DeviceId) -> Option<(u64, EntryId)> {
        todo!("{device}")
    }
    /// First place of a log that does not count, if it is broken.
    pub fn broken(&self, device: &DeviceId) -> Option<u64> {
        todo!("{device}")
    }
    /// Entries kept aside.
    pub fn waiting(&self) -> usize {
        todo!()
    }
}
