//! The logs held, one a device: where entries stand, and where a log contradicts itself.
//!
//! A log is broken at the lowest place where two held entries contradict each other: two at one place; a `prev` or `skip`
//! that names another entry than the one held there; a stamp that does not rise; counters that do not follow on. Checks look
//! at held neighbours only, so a log may have gaps, and the verdict depends on the set held and not on its order: every
//! contradiction in a set is also one in any larger set, and the lowest wins.
//!
//! One record is 72 bytes, its id among them, and its index row 16. Links are compared by their first four bytes: an honest
//! link always agrees, and somebody who grinds a false one that does gains nothing, since the true neighbour makes it two
//! entries at one place.

use hearth_types::{DeviceId, EntryId, Envelope, Hlc, Scope, entry::lipmaa, limits};
use hearth_wire::envelope::needs_skip;
use std::collections::{BTreeMap, BTreeSet};

/// Places in one chunk of a log.
const CHUNK: u64 = 64;

#[derive(Debug, Clone, Default)]
pub(crate) struct Logs {
    devices: BTreeMap<DeviceId, u32>,
    logs: Vec<Log>,
    /// Scopes written to, by number.
    scopes: BTreeMap<Scope, u32>,
    /// (first bytes of the id, log, place).
    index: BTreeSet<(u32, u32, u64)>,
}

#[derive(Debug, Clone, Default)]
struct Log {
    /// Records by place / `CHUNK`, each chunk by (place, id), none empty.
    chunks: BTreeMap<u64, Vec<Record>>,
    broken: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    id: EntryId,
    hlc: Hlc,
    prev: u32,
    skip: u32,
    scope: u32,
    body_bytes: u32,
    entries: u16,
    scope_entries: u16,
    scopes: u16,
    body_len: u16,
    /// Place in the chunk.
    offset: u8,
    /// Restored from a summary: links and counters are not known.
    bare: bool,
}

/// What putting a record in its log brought to light.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// The log is now broken from here on; lower than before.
    pub(crate) broke: Option<u64>,
    /// Bare neighbours that have to be looked at again.
    pub(crate) recheck: Vec<EntryId>,
}

impl Record {
    fn of(id: EntryId, e: &Envelope, scope: u32) -> Self {
        let short = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
        Self {
            id,
            hlc: e.hlc,
            prev: e.prev.map_or(0, |id| prefix(&id)),
            skip: e.skip.map_or(0, |id| prefix(&id)),
            scope,
            body_bytes: u32::try_from(e.counters.body_bytes).unwrap_or(u32::MAX),
            entries: short(e.counters.entries),
            scope_entries: short(e.counters.scope_entries),
            scopes: short(e.counters.scopes),
            body_len: short(e.body_len),
            offset: offset(e.seq),
            bare: false,
        }
    }

    /// What a summary tells.
    pub(crate) fn bare(id: EntryId, seq: u64, hlc: Hlc) -> Self {
        let (prev, skip, scope, body_bytes) = (0, 0, 0, 0);
        let (entries, scope_entries, scopes, body_len) = (0, 0, 0, 0);
        Self {
            id,
            hlc,
            prev,
            skip,
            scope,
            body_bytes,
            entries,
            scope_entries,
            scopes,
            body_len,
            offset: offset(seq),
            bare: true,
        }
    }

    /// Whether `next` may stand at the place after this one. Both are whole.
    fn leads_to(&self, next: &Self) -> bool {
        let (entries, scopes, bytes) =
            if self.hlc.day() == next.hlc.day() { (self.entries, self.scopes, self.body_bytes) } else { (0, 0, 0) };
        let new_scope = u16::from(next.scope_entries == 1);
        let scope_entries_follow = if entries == 0 {
            next.scope_entries == 1
        } else if self.scope == next.scope {
            next.scope_entries == self.scope_entries.saturating_add(1)
        } else {
            next.scope_entries.saturating_add(self.scope_entries) <= next.entries
        };
        next.entries == entries.saturating_add(1)
            && next.scopes == scopes.saturating_add(new_scope)
            && next.body_bytes == bytes.saturating_add(u32::from(next.body_len))
            && scope_entries_follow
    }
}

impl Logs {
    /// What an entry's own envelope tells.
    pub(crate) fn record(&mut self, id: EntryId, e: &Envelope) -> Record {
        let next = u32::try_from(self.scopes.len()).unwrap_or(u32::MAX);
        Record::of(id, e, *self.scopes.entry(e.scope).or_insert(next))
    }

    /// Whether a place of a log is still kept: not where it lies past a break with enough kept there.
    pub(crate) fn takes(&self, device: &DeviceId, seq: u64) -> bool {
        self.log(device).is_none_or(|log| log.broken.is_none_or(|b| seq < b || !log.tail_full(b)))
    }

    /// Puts an admitted entry, of a place that [`Self::takes`] it, there.
    pub(crate) fn insert(&mut self, device: DeviceId, seq: u64, record: Record) -> Found {
        let number = self.number(device);
        let Some(log) = self.logs.get_mut(number as usize) else { return Found::default() };
        let found = log.check(seq, &record, true);
        log.put(seq, record);
        log.broken = found.broke.or(log.broken);
        self.index.insert((prefix(&record.id), number, seq));
        found
    }

    /// Fills in a bare record.
    pub(crate) fn complete(&mut self, device: DeviceId, seq: u64, record: Record) -> Found {
        let Some(log) = self.devices.get(&device).and_then(|n| self.logs.get_mut(*n as usize)) else {
            return Found::default();
        };
        let Some(held) = log.record_mut(seq, &record.id) else { return Found::default() };
        if !held.bare {
            return Found::default();
        }
        *held = record;
        // Between two bare records everything was checked before they were restored.
        let found = log.check(seq, &record, false);
        log.broken = found.broke.or(log.broken);
        found
    }

    /// Fills empty logs. What can be seen without links is checked; the rest was, and is in `broken`.
    pub(crate) fn restore(&mut self, mut records: Vec<(DeviceId, u64, Record)>, broken: &[(DeviceId, u64)]) {
        records.sort_unstable_by_key(|(device, seq, record)| (*device, *seq, record.id));
        let mut index = Vec::with_capacity(records.len());
        let mut last: Option<(DeviceId, u32, u64, Hlc)> = None;
        for (device, seq, record) in records {
            let number = match last {
                Some((d, number, ..)) if d == device => number,
                _ => self.number(device),
            };
            let Some(log) = self.logs.get_mut(number as usize) else { continue };
            if let Some((d, _, before, hlc)) = last
                && d == device
                && (before == seq || hlc >= record.hlc)
                && log.broken.is_none()
            {
                log.broken = Some(seq);
            }
            log.chunks.entry(seq / CHUNK).or_default().push(record);
            index.push((prefix(&record.id), number, seq));
            last = Some((device, number, seq, record.hlc));
        }
        for log in &mut self.logs {
            log.chunks.values_mut().for_each(Vec::shrink_to_fit);
        }
        for (device, seq) in broken {
            let number = self.number(*device);
            if let Some(log) = self.logs.get_mut(number as usize) {
                log.broken = Some(log.broken.map_or(*seq, |b| b.min(*seq)));
            }
        }
        index.sort_unstable();
        self.index = index.into_iter().collect();
    }

    pub(crate) fn contains(&self, id: &EntryId) -> bool {
        let p = prefix(id);
        self.index.range((p, 0, 0)..=(p, u32::MAX, u64::MAX)).any(|(_, log, seq)| {
            self.logs.get(*log as usize).is_some_and(|l| l.level(*seq).iter().any(|r| r.id == *id))
        })
    }

    pub(crate) fn broken(&self, device: &DeviceId) -> Option<u64> {
        self.log(device)?.broken
    }

    /// Stamp of the entry at a place; the smaller id's where there are two.
    pub(crate) fn hlc(&self, device: &DeviceId, seq: u64) -> Option<Hlc> {
        self.log(device)?.level(seq).first().map(|r| r.hlc)
    }

    pub(crate) fn top(&self, device: &DeviceId) -> Option<(u64, EntryId)> {
        let (chunk, records) = self.log(device)?.chunks.last_key_value()?;
        records.last().map(|r| (chunk * CHUNK + u64::from(r.offset), r.id))
    }

    fn log(&self, device: &DeviceId) -> Option<&Log> {
        self.logs.get(*self.devices.get(device)? as usize)
    }

    fn number(&mut self, device: DeviceId) -> u32 {
        let next = u32::try_from(self.logs.len()).unwrap_or(u32::MAX);
        let number = *self.devices.entry(device).or_insert(next);
        if number == next {
            self.logs.push(Log::default());
        }
        number
    }
}

impl Log {
    /// What `record` at `seq` contradicts among its held neighbours, itself left out.
    fn check(&self, seq: u64, record: &Record, ask: bool) -> Found {
        let limit = self.broken.unwrap_or(u64::MAX);
        let mut found = Found::default();
        if seq >= limit {
            return found;
        }
        let mut broke = limit;
        if self.level(seq).iter().any(|r| r.id != record.id)
            || self.below(seq).is_some_and(|(_, r)| r.hlc >= record.hlc)
        {
            broke = seq;
        }
        // Where two stand at one place the log is broken there, and what lies above cannot lower that.
        if let [p] = self.level(seq.wrapping_sub(1)) {
            if record.prev != prefix(&p.id) || (!p.bare && !p.leads_to(record)) {
                broke = seq;
            } else if p.bare && ask {
                found.recheck.push(p.id);
            }
        }
        if needs_skip(seq)
            && let [s] = self.level(lipmaa(seq))
            && record.skip != prefix(&s.id)
        {
            broke = seq;
        }
        if broke > seq
            && let Some((above, next)) = self.above(seq)
        {
            if next.hlc <= record.hlc {
                broke = broke.min(above);
            }
            if let Some(after) = seq.checked_add(1)
                && let [n] = self.level(after)
            {
                if n.bare {
                    found.recheck.extend(ask.then_some(n.id));
                } else if n.prev != prefix(&record.id) || !record.leads_to(n) {
                    broke = broke.min(after);
                }
            }
            let top = self.chunks.last_key_value().map_or(0, |(chunk, _)| chunk * CHUNK + (CHUNK - 1));
            for from in skips_to(seq, top.min(broke.saturating_sub(1))) {
                let [s] = self.level(from) else { continue };
                if s.bare {
                    found.recheck.extend(ask.then_some(s.id));
                } else if s.skip != prefix(&record.id) {
                    broke = broke.min(from);
                }
            }
        }
        found.broke = (broke < limit).then_some(broke);
        found
    }

    fn put(&mut self, seq: u64, record: Record) {
        let chunk = self.chunks.entry(seq / CHUNK).or_default();
        let at = chunk.partition_point(|r| (r.offset, r.id) < (record.offset, record.id));
        chunk.insert(at, record);
        if chunk.len() as u64 == CHUNK {
            chunk.shrink_to_fit();
        }
    }

    fn level(&self, seq: u64) -> &[Record] {
        let Some(chunk) = self.chunks.get(&(seq / CHUNK)) else { return &[] };
        let offset = offset(seq);
        let from = chunk.partition_point(|r| r.offset < offset);
        let to = chunk.partition_point(|r| r.offset <= offset);
        chunk.get(from..to).unwrap_or(&[])
    }

    fn record_mut(&mut self, seq: u64, id: &EntryId) -> Option<&mut Record> {
        let offset = offset(seq);
        self.chunks.get_mut(&(seq / CHUNK))?.iter_mut().find(|r| r.offset == offset && r.id == *id)
    }

    /// The nearest record before a place.
    fn below(&self, seq: u64) -> Option<(u64, &Record)> {
        let offset = offset(seq);
        let near =
            self.chunks.get(&(seq / CHUNK)).and_then(|c| c.get(..c.partition_point(|r| r.offset < offset))?.last());
        match near {
            Some(r) => Some((seq / CHUNK * CHUNK + u64::from(r.offset), r)),
            None => self
                .chunks
                .range(..seq / CHUNK)
                .next_back()
                .and_then(|(chunk, c)| c.last().map(|r| (chunk * CHUNK + u64::from(r.offset), r))),
        }
    }

    /// The nearest record after a place.
    fn above(&self, seq: u64) -> Option<(u64, &Record)> {
        let offset = offset(seq);
        let near = self.chunks.get(&(seq / CHUNK)).and_then(|c| c.get(c.partition_point(|r| r.offset <= offset)));
        match near {
            Some(r) => Some((seq / CHUNK * CHUNK + u64::from(r.offset), r)),
            None => self
                .chunks
                .range(seq / CHUNK + 1..)
                .next()
                .and_then(|(chunk, c)| c.first().map(|r| (chunk * CHUNK + u64::from(r.offset), r))),
        }
    }

    /// Whether `limits::BROKEN_TAIL` records lie at or past `broken`.
    fn tail_full(&self, broken: u64) -> bool {
        let first = broken / CHUNK;
        let mut count = 0;
        for (chunk, records) in self.chunks.range(first..) {
            count += if *chunk == first {
                records.len() - records.partition_point(|r| r.offset < offset(broken))
            } else {
                records.len()
            };
            if count >= limits::BROKEN_TAIL {
                return true;
            }
        }
        false
    }
}

/// Places up to `top` whose skip link leads to `seq`: they lie 3^k or (3^k - 1) / 2 above it.
pub(crate) fn skips_to(seq: u64, top: u64) -> impl Iterator<Item = u64> {
    std::iter::successors(Some(1u64), |power| power.checked_mul(3))
        .take_while(move |power| seq.checked_add((power - 1) / 2).is_some_and(|at| at <= top))
        .flat_map(move |power| [seq.checked_add(power), seq.checked_add((power - 1) / 2)])
        .flatten()
        .filter(move |at| *at > seq && *at <= top && needs_skip(*at) && lipmaa(*at) == seq)
}

fn offset(seq: u64) -> u8 {
    (seq % CHUNK).to_le_bytes()[0]
}

fn prefix(id: &EntryId) -> u32 {
    let [a, b, c, d, ..] = id.0;
    u32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests;
