//! The log entry: an envelope in the clear, a signature over its bytes, a body that hangs off.

use crate::{ChannelId, Day, DeviceId, EntryId, EpochId, Hlc, SpaceId};
use serde::{Deserialize, Serialize};

/// Where an entry belongs: the control log of the space, or one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// Settings, roster, roles, channels, invites, epochs.
    Control,
    /// Messages and their amendments.
    Channel(ChannelId),
}

/// What sort of thing the body is. Fixed in the envelope so that a peer without keys can apply quotas and pruning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Class {
    /// Body is a [`crate::ControlAct`], in the clear.
    Control,
    /// Body is a sealed [`crate::ContentBody::Message`].
    Message,
    /// Body is a sealed edit, deletion, reaction or pin of `target`.
    Amendment,
    /// Body is a sealed file reference.
    File,
    /// A class of a later version: kept, relayed, not understood.
    Other(u8),
}

impl Class {
    /// The number on the wire.
    pub fn code(self) -> u8 {
        match self {
            Self::Control => 0,
            Self::Message => 1,
            Self::Amendment => 2,
            Self::File => 3,
            Self::Other(code) => code,
        }
    }
    /// The class of a wire number.
    pub fn from_code(code: u8) -> Self {
        match code {
            0 => Self::Control,
            1 => Self::Message,
            2 => Self::Amendment,
            3 => Self::File,
            other => Self::Other(other),
        }
    }
}

/// Running totals of one device's log on one UTC day, this entry included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DayCounters {
    /// Entries in this entry's scope.
    pub scope_entries: u32,
    /// Entries in all scopes.
    pub entries: u32,
    /// Bytes of bodies in all scopes.
    pub body_bytes: u64,
    /// Scopes written to.
    pub scopes: u32,
}

/// The entry that an amendment changes, with the day it stands on, so that a day can be fetched with its amendments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Target {
    /// Day of the target's stamp.
    pub day: Day,
    /// The target.
    pub id: EntryId,
}

/// Which key sealed the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct KeyRef {
    /// Epoch whose secret the message key derives from.
    pub epoch: EpochId,
    /// Index under (epoch, scope, device).
    pub index: u64,
}

/// The clear part of an entry, the same in all versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Format version of `ext` and body.
    pub version: u8,
    /// The space it was written in.
    pub space: SpaceId,
    /// Author.
    pub device: DeviceId,
    /// Place in the author's log of this space, from 1.
    pub seq: u64,
    /// Entry `seq - 1`; none at 1.
    pub prev: Option<EntryId>,
    /// Entry `lipmaa(seq)`; none where that is `prev` or nothing.
    pub skip: Option<EntryId>,
    /// Stamp, strictly rising within a log.
    pub hlc: Hlc,
    /// Control log or channel.
    pub scope: Scope,
    /// UTC day of `hlc`.
    pub day: Day,
    /// Totals of that day.
    pub counters: DayCounters,
    /// Sort of body.
    pub class: Class,
    /// What it amends.
    pub target: Option<Target>,
    /// Newest policy entry of the scope its author knew.
    pub basis: Option<EntryId>,
    /// Key of a sealed body.
    pub key: Option<KeyRef>,
    /// Bytes of the body.
    pub body_len: u32,
    /// SHA-256 of the body.
    pub body_hash: [u8; 32],
    /// Room for later versions.
    pub ext: Vec<u8>,
}

/// An entry as it is stored: raw signed bytes, with the columns that queries need beside them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRow {
    /// Id of the entry.
    pub id: EntryId,
    /// Envelope fields that queries select by.
    pub space: SpaceId,
    /// Author.
    pub device: DeviceId,
    /// Place in its log.
    pub seq: u64,
    /// Stamp.
    pub hlc: Hlc,
    /// Control log or channel.
    pub scope: Scope,
    /// Day of the stamp.
    pub day: Day,
    /// Day of the target, when it amends something.
    pub target: Option<Target>,
    /// Sort of body.
    pub class: Class,
    /// Canonical envelope bytes.
    pub envelope: Vec<u8>,
    /// Signature over the envelope bytes.
    pub signature: [u8; 64],
    /// The body, if it is here.
    pub body: Option<Vec<u8>>,
}

/// The skip link of Bamboo logs: `lipmaa(n)` lies below `n` so that any two entries are joined by O(log n) links.
///
/// Source: Helger Lipmaa, "Secure and Efficient Time-Stamping Systems" (1999), as used by Bamboo. `lipmaa(1)` is 0.
pub fn lipmaa(n: u64) -> u64 {
    // Works on m = (3^k - 1) / 2, the largest such number not below n, in 128 bits so that no n overflows.
    let n = u128::from(n);
    let (mut m, mut po3, mut x) = (1u128, 3u128, n);
    while m < n {
        po3 *= 3;
        m = (po3 - 1) / 2;
    }
    po3 /= 3;
    if m != n {
        while x != 0 {
            m = (po3 - 1) / 2;
            po3 /= 3;
            x %= m;
        }
        if m != po3 {
            po3 = m;
        }
    }
    u64::try_from(n.saturating_sub(po3)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::lipmaa;

    #[test]
    fn lipmaa_matches_the_published_table() {
        let known = [0, 1, 2, 1, 4, 5, 6, 4, 8, 9, 10, 8, 4, 13, 14, 15, 13, 17, 18, 19, 17, 21, 22, 23, 21, 13, 26];
        for (n, want) in (2..).zip(known.into_iter().skip(1)) {
            assert_eq!(lipmaa(n), want, "lipmaa({n})");
        }
        assert_eq!((lipmaa(1), lipmaa(40)), (0, 13));
        assert!(lipmaa(u64::MAX) < u64::MAX);
    }

    #[test]
    fn any_entry_reaches_the_first_in_few_steps() {
        let mut at = 1_000_000;
        let mut steps = 0;
        while at > 1 {
            at = lipmaa(at);
            steps += 1;
        }
        assert!(steps < 60, "{steps}");
    }
}
