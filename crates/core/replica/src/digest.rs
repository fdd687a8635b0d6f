//! Digests by (scope, day): what two peers compare to find out where they differ.
//!
//! An entry is counted on its own day and, if it is another, on its target's day. The root is
//! `H("hearth/root-digest/1", scope, H("hearth/root-digest/scope/1", day, count, sum, ...), ...)` over scopes and days in order, a scope
//! being one zero byte for control or a one and the channel's id, numbers big-endian, sums mod 2^256 big-endian.

use hearth_crypto::hash;
use hearth_types::{ChannelId, Day, EntryId, Scope};
use hearth_wire::frame::DayDigest;
use std::{collections::BTreeMap, ops::Bound, sync::OnceLock};

#[derive(Debug, Clone, Default)]
pub(crate) struct Digests {
    scopes: BTreeMap<Scope, ScopeDays>,
    root: OnceLock<[u8; 32]>,
    entries: u64,
}

#[derive(Debug, Clone, Default)]
struct ScopeDays {
    days: BTreeMap<Day, DayRow>,
    digest: OnceLock<[u8; 32]>,
}

#[derive(Debug, Clone, Default)]
struct DayRow {
    count: u64,
    sum: [u8; 32],
    /// Entries whose own day this is.
    own: u32,
    /// Of those, the ones that amend nothing.
    first_hand: u32,
}

impl DayRow {
    fn add(&mut self, id: &EntryId) {
        self.count += 1;
        let mut carry = 0u16;
        for (sum, byte) in self.sum.iter_mut().zip(id.0).rev() {
            let total = u16::from(*sum) + u16::from(byte) + carry;
            *sum = total.to_be_bytes()[1];
            carry = total >> 8;
        }
    }
}

impl Digests {
    pub(crate) fn add(&mut self, id: &EntryId, scope: Scope, day: Day, target: Option<Day>) {
        self.root = OnceLock::new();
        self.entries += 1;
        let s = self.scopes.entry(scope).or_default();
        s.digest = OnceLock::new();
        let row = s.days.entry(day).or_default();
        row.add(id);
        row.own += 1;
        match target {
            None => row.first_hand += 1,
            Some(other) if other != day => s.days.entry(other).or_default().add(id),
            Some(_) => {}
        }
    }

    pub(crate) fn entries(&self) -> u64 {
        self.entries
    }

    pub(crate) fn root(&self) -> [u8; 32] {
        *self.root.get_or_init(|| {
            let parts: Vec<(Vec<u8>, [u8; 32])> =
                self.scopes.iter().map(|(scope, s)| (scope_bytes(*scope), s.digest())).collect();
            let parts: Vec<&[u8]> =
                parts.iter().flat_map(|(scope, digest)| [scope.as_slice(), digest.as_slice()]).collect();
            hash("hearth/root-digest/1", &parts)
        })
    }

    pub(crate) fn days(&self, after: Option<(Scope, Day)>) -> impl Iterator<Item = DayDigest> + '_ {
        let from = after.map_or(Bound::Unbounded, |(scope, _)| Bound::Included(scope));
        self.scopes.range((from, Bound::Unbounded)).flat_map(move |(scope, s)| {
            let from = match after {
                Some((cut, day)) if cut == *scope => Bound::Excluded(day),
                _ => Bound::Unbounded,
            };
            s.days.range((from, Bound::Unbounded)).map(|(day, row)| digest_of(*scope, *day, row))
        })
    }

    pub(crate) fn day(&self, scope: Scope, day: Day) -> Option<DayDigest> {
        self.scopes.get(&scope)?.days.get(&day).map(|row| digest_of(scope, day, row))
    }

    pub(crate) fn newest_day(&self, scope: Scope) -> Option<Day> {
        self.scopes.get(&scope)?.days.iter().rev().find(|(_, row)| row.own > 0).map(|(day, _)| *day)
    }

    pub(crate) fn channel_days(&self, channel: ChannelId) -> impl DoubleEndedIterator<Item = (Day, u32)> + '_ {
        let days = self.scopes.get(&Scope::Channel(channel)).map(|s| s.days.iter());
        days.into_iter().flatten().filter(|(_, row)| row.first_hand > 0).map(|(day, row)| (*day, row.first_hand))
    }
}

impl ScopeDays {
    fn digest(&self) -> [u8; 32] {
        *self.digest.get_or_init(|| {
            let mut bytes = Vec::with_capacity(self.days.len() * 44);
            for (day, row) in &self.days {
                bytes.extend_from_slice(&day.0.to_be_bytes());
                bytes.extend_from_slice(&row.count.to_be_bytes());
                bytes.extend_from_slice(&row.sum);
            }
            hash("hearth/root-digest/scope/1", &[&bytes])
        })
    }
}

fn digest_of(scope: Scope, day: Day, row: &DayRow) -> DayDigest {
    DayDigest { scope, day, count: row.count, sum: row.sum }
}

/// One zero byte for control; a one and the channel's id.
pub(crate) fn scope_bytes(scope: Scope) -> Vec<u8> {
    match scope {
        Scope::Control => vec![0],
        Scope::Channel(id) => [&[1], id.0.as_slice()].concat(),
    }
}
