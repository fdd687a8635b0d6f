//! Frames as the kernel takes them: decoded, and every entry in them checked. Pure, so that it can run on other threads.

use hearth_types::{EntryId, Hlc, SpaceId};
use hearth_wire::{CheckedEntry, DecodeError, Frame, cbor::Codec};

/// A frame once parsed.
#[derive(Debug)]
pub enum Incoming {
    /// Anything without entries.
    Frame(Frame),
    /// `Frame::Entries`, checked. `bad` counts entries that did not hold.
    Entries { space: SpaceId, request: u32, entries: Vec<CheckedEntry>, bad: usize, next: Option<(Hlc, EntryId)> },
    /// `Frame::Push`, checked.
    Push { space: SpaceId, entries: Vec<CheckedEntry>, bad: usize },
    /// Not a frame.
    Malformed(DecodeError),
}

impl Incoming {
    /// Parses on this thread.
    pub fn parse(bytes: &[u8]) -> Self {
        Self::parse_with(bytes, CheckedEntry::many_from_bytes)
    }

    /// Parses, handing the costly part, checking entries, to `check`, which must keep their order.
    pub fn parse_with(bytes: &[u8], check: impl FnOnce(&[Vec<u8>]) -> Vec<Result<CheckedEntry, DecodeError>>) -> Self {
        let split = |results: Vec<Result<CheckedEntry, DecodeError>>, space: SpaceId| {
            let total = results.len();
            let entries: Vec<_> = results.into_iter().flatten().filter(|e| e.envelope().space == space).collect();
            let bad = total - entries.len();
            (entries, bad)
        };
        match Frame::from_bytes(bytes) {
            Ok(Frame::Entries { space, request, entries, next }) => {
                let (entries, bad) = split(check(&entries), space);
                Self::Entries { space, request, entries, bad, next }
            }
            Ok(Frame::Push { space, entries }) => {
                let (entries, bad) = split(check(&entries), space);
                Self::Push { space, entries, bad }
            }
            Ok(frame) => Self::Frame(frame),
            Err(why) => Self::Malformed(why),
        }
    }
}
