//! Writing one's own log.

use hearth_types::{Class, DeviceId, EntryId, Envelope, Hlc, KeyRef, Scope, SpaceId, Target};
use hearth_wire::CheckedEntry;

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
        Self { scope: Scope::Control, class: Class::Control, target: None, basis: None, key: None, body_len, answered: None }
    }
}

/// The state of one's own log of one space: what the next entry has to say. `next` does not change it, `commit` does;
/// `saved` and `rewind` follow the disk.
#[derive(Debug, Clone)]
pub struct OwnLog {
    _space: SpaceId,
}

impl OwnLog {
    /// An empty log.
    pub fn new(space: SpaceId, device: DeviceId) -> Self {
        todo!("{space:?} {device:?}")
    }
    /// The log as its own entries on disk leave it (any order, all of them; of bodies none is needed). None if an entry is
    /// of another log, or two stand at one place: such a log must not be written on.
    pub fn restore<'a>(space: SpaceId, device: DeviceId, entries: impl IntoIterator<Item = &'a CheckedEntry>) -> Option<Self> {
        let _ = entries.into_iter();
        todo!("{space:?} {device:?}")
    }
    /// Whose log it is.
    pub fn device(&self) -> DeviceId {
        todo!()
    }
    /// Place of the next entry.
    pub fn next_seq(&self) -> u64 {
        todo!()
    }
    /// The envelope of the next entry at `now_ms`, complete but for body length and hash, which signing fills in.
    /// `draft.body_len` must be the length the body will have.
    pub fn next(&self, now_ms: u64, draft: &Draft) -> Result<Envelope, Quota> {
        todo!("{now_ms} {draft:?}")
    }
    /// The entry was signed and goes to the disk. False, and nothing changed, if it does not follow on this log.
    #[must_use]
    pub fn commit(&mut self, entry: &CheckedEntry) -> bool {
        todo!("{entry:?}")
    }
    /// Everything up to `seq` is safely on disk.
    pub fn saved(&mut self, seq: u64) {
        todo!("{seq}")
    }
    /// A write failed: back to what is safely on disk. Entries signed past it must never be shown to anybody.
    pub fn rewind(&mut self) {
        todo!()
    }
}
