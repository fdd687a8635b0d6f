//! The Yjs document of one (scope, day).

use hearth_types::{Day, Scope, SpaceId};
use hearth_wire::CheckedEntry;

/// One day of one scope as a yrs document.
pub struct Page {}

impl Page {
    /// Builds the page of a day from its entries (own or target day; others are left out), in any order, doubles too.
    pub fn build(space: SpaceId, scope: Scope, day: Day, entries: &[CheckedEntry]) -> Self {
        todo!("{space:?} {scope:?} {day:?} {entries:?}")
    }
    /// The page as one Yjs update (v1): equal sets give equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        todo!()
    }
    /// The entries, by (stamp, id).
    pub fn entries(&self) -> Vec<CheckedEntry> {
        todo!()
    }
    /// Zero while no two items fell on one slot; else a number that changes whenever an item takes another slot, so that
    /// copies of an older generation are dropped and not merged.
    pub fn generation(&self) -> u64 {
        todo!()
    }
}
