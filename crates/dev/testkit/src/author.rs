//! The account of one log, kept the plain way: all of it.

use hearth_crypto::DeviceKey;
use hearth_types::{Class, Day, DayCounters, DeviceId, EntryId, Envelope, Hlc, KeyRef, Scope, SpaceId, Target, limits};
use hearth_wire::CheckedEntry;
use std::collections::BTreeMap;

/// What is to be written.
#[derive(Debug, Clone, Copy)]
pub struct Draft {
    /// Control log or channel.
    pub scope: Scope,
    /// Sort of body.
    pub class: Class,
    /// What it amends.
    pub target: Option<Target>,
    /// Key of a sealed body.
    pub key: Option<KeyRef>,
    /// Stamp it must be later than.
    pub after: Option<Hlc>,
}

/// One device's log in one space.
#[derive(Debug, Clone)]
pub struct Author {
    space: SpaceId,
    device: DeviceId,
    /// Ids of all entries; entry `seq` is at `seq - 1`.
    ids: Vec<EntryId>,
    last: Option<Hlc>,
    /// Entries and body bytes of the day, by scope.
    day: (Day, BTreeMap<Scope, (u32, u64)>),
}

impl Author {
    /// An empty log.
    pub fn new(space: SpaceId, device: DeviceId) -> Self {
        Self { space, device, ids: Vec::new(), last: None, day: (Day(0), BTreeMap::new()) }
    }
    /// Entries so far.
    pub fn len(&self) -> u64 {
        self.ids.len() as u64
    }
    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Writes the next entry at `now_ms`. `body` makes the body for an envelope that lacks only its length and hash, of
    /// the length given. None if the day has no room for it.
    pub fn write(
        &mut self,
        now_ms: u64,
        draft: Draft,
        body_len: usize,
        key: &DeviceKey,
        body: impl FnOnce(&Envelope) -> Vec<u8>,
    ) -> Option<CheckedEntry> {
        let stamps = [Some(Hlc::from_ms(now_ms)), self.last.map(Hlc::next), draft.after.map(Hlc::next)];
        let hlc = stamps.into_iter().flatten().max()?;
        let mut scopes = if self.day.0 == hlc.day() { self.day.1.clone() } else { BTreeMap::new() };
        let of_scope = scopes.entry(draft.scope).or_default();
        *of_scope = (of_scope.0 + 1, of_scope.1 + body_len as u64);
        let counters = DayCounters {
            scope_entries: of_scope.0,
            entries: scopes.values().map(|(n, _)| n).sum(),
            body_bytes: scopes.values().map(|(_, bytes)| bytes).sum(),
            scopes: scopes.len() as u32,
        };
        let full = counters.scope_entries > limits::DAY_SCOPE_ENTRIES
            || counters.entries > limits::DAY_ENTRIES
            || counters.body_bytes > limits::DAY_BODY_BYTES;
        if full || body_len > limits::BODY_BYTES {
            return None;
        }
        let seq = self.len() + 1;
        let skip = skip_of(seq);
        let entry = |n: u64| self.ids.get(usize::try_from(n.checked_sub(1)?).ok()?).copied();
        let envelope = Envelope {
            version: limits::ENTRY_VERSION,
            space: self.space,
            device: self.device,
            seq,
            prev: entry(seq - 1),
            skip: if skip + 1 < seq { entry(skip) } else { None },
            hlc,
            scope: draft.scope,
            day: hlc.day(),
            counters,
            class: draft.class,
            target: draft.target,
            basis: None,
            key: draft.key,
            body_len: body_len as u32,
            body_hash: [0; 32],
            ext: Vec::new(),
        };
        let body = body(&envelope);
        let entry = CheckedEntry::sign(envelope, body, key);
        self.ids.push(entry.id());
        self.last = Some(hlc);
        self.day = (hlc.day(), scopes);
        Some(entry)
    }
}

/// Bamboo's link by its published definition: f(n) = n - 3^(k-1) where n = (3^k - 1) / 2, else n - (3^g(n) - 1) / 2.
fn skip_of(n: u64) -> u64 {
    if n == 0 {
        return 0;
    }
    let k = block_of(n);
    let gap = if n == whole(k) { 3u64.pow(k - 1) } else { whole(level(n)) };
    n - gap
}

/// g(n) = k where n = (3^k - 1) / 2, else g(n - (3^(k-1) - 1) / 2).
fn level(n: u64) -> u32 {
    let k = block_of(n);
    if n == whole(k) { k } else { level(n - whole(k - 1)) }
}

fn whole(k: u32) -> u64 {
    (3u64.pow(k) - 1) / 2
}

/// The smallest k with n <= (3^k - 1) / 2.
fn block_of(n: u64) -> u32 {
    (1..).find(|k| n <= whole(*k)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_link_agrees_with_the_format() {
        for n in 1..20_000 {
            assert_eq!(super::skip_of(n), hearth_types::entry::lipmaa(n), "{n}");
        }
    }
}
