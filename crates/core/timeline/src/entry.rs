//! What the fold is fed with.

use hearth_types::{ContentBody, Day, DeviceId, EntryId, Hlc, Target, UserId};

/// A content entry of the channel, opened as far as it can be, with the verdicts of the space's state beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Its id.
    pub id: EntryId,
    /// The user whose device wrote it.
    pub author: UserId,
    /// That device.
    pub device: DeviceId,
    /// Place in the device's log.
    pub seq: u64,
    /// Stamp.
    pub hlc: Hlc,
    /// Day of the stamp.
    pub day: Day,
    /// What it amends; none for a message.
    pub target: Option<Target>,
    /// What it says; none while its key or its body is not here.
    pub content: Option<ContentBody>,
    /// The author may delete and pin others' messages.
    pub manages: bool,
    /// The entry stands: its author was in, and allowed to write it.
    pub counts: bool,
    /// Written by this device.
    pub own: bool,
}

impl Opened {
    /// The day it belongs to: its target's, or its own. A day is loaded with everything that belongs to it.
    pub fn home(&self) -> Day {
        self.target.map_or(self.day, |t| t.day)
    }
    /// The message it is about: its target, or itself.
    pub fn concerns(&self) -> EntryId {
        self.target.map_or(self.id, |t| t.id)
    }
}
