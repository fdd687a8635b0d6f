//! A disk in memory with the store's rules: in order, all or nothing, own entries only behind their predecessor.

use hearth_ports::{EntrySummary, PeerRecord, SpaceRecord, Startup, StoreFault, StoreReply, StoreRequest};
use hearth_types::{Day, EntryId, EntryRow, EpochId, PeerKey, Scope, SpaceId};
use std::collections::BTreeMap;

/// What survives a restart.
#[derive(Debug, Clone, Default)]
pub struct Disk {
    rows: BTreeMap<EntryId, EntryRow>,
    spaces: BTreeMap<SpaceId, SpaceRecord>,
    secrets: BTreeMap<(SpaceId, EpochId), [u8; 32]>,
    peers: BTreeMap<PeerKey, PeerRecord>,
    values: BTreeMap<String, Vec<u8>>,
    /// Refuse to write.
    pub full: bool,
}

impl Disk {
    /// Entries held.
    pub fn len(&self) -> usize {
        self.rows.len()
    }
    /// Whether none are.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
    /// Whether an entry is held.
    pub fn contains(&self, id: &EntryId) -> bool {
        self.rows.contains_key(id)
    }
    /// Everything a kernel starts from.
    pub fn startup(&self) -> Startup {
        let mut rows: Vec<&EntryRow> = self.rows.values().collect();
        rows.sort_by_key(|r| (r.space, r.hlc, r.id));
        let summary = |r: &&EntryRow| EntrySummary {
            id: r.id,
            space: r.space,
            device: r.device,
            seq: r.seq,
            hlc: r.hlc,
            scope: r.scope,
            target: r.target,
        };
        Startup {
            spaces: self.spaces.values().cloned().collect(),
            control: rows.iter().filter(|r| r.scope == Scope::Control).map(|r| (*r).clone()).collect(),
            content: rows.iter().filter(|r| r.scope != Scope::Control).map(summary).collect(),
            secrets: self.secrets.iter().map(|((s, e), k)| (*s, *e, *k)).collect(),
            peers: self.peers.values().cloned().collect(),
            values: self.values.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
        }
    }
    /// Rows by id.
    pub fn rows(&self, ids: &[EntryId]) -> Vec<EntryRow> {
        ids.iter().filter_map(|id| self.rows.get(id).cloned()).collect()
    }

    /// Runs one request.
    pub fn run(&mut self, request: StoreRequest) -> Option<StoreReply> {
        use StoreRequest as R;
        let writes = matches!(
            request,
            R::PutOwn { .. } | R::PutFetched { .. } | R::PutSpace { .. } | R::PutSecret { .. } | R::PutValue { .. }
        );
        if self.full && writes {
            return match request {
                R::PutOwn { token, .. }
                | R::PutFetched { token, .. }
                | R::PutSpace { token, .. }
                | R::PutSecret { token, .. } => Some(StoreReply::Failed { token, fault: StoreFault::Full }),
                R::PutValue { token, .. } => token.map(|token| StoreReply::Failed { token, fault: StoreFault::Full }),
                _ => None,
            };
        }
        Some(match request {
            R::Start => StoreReply::Started(Box::new(self.startup())),
            R::PutOwn { token, rows } => {
                let mut after = self.rows.clone();
                for row in rows {
                    let follows = row.seq == 1
                        || after
                            .values()
                            .any(|r| r.space == row.space && r.device == row.device && r.seq + 1 == row.seq);
                    if !follows {
                        return Some(StoreReply::Failed {
                            token,
                            fault: StoreFault::Failed("its predecessor is not here".into()),
                        });
                    }
                    after.insert(row.id, row);
                }
                let new = after.len() - self.rows.len();
                self.rows = after;
                StoreReply::Stored { token, new }
            }
            R::PutFetched { token, rows } => {
                let before = self.rows.len();
                for row in rows {
                    self.rows.entry(row.id).or_insert(row);
                }
                StoreReply::Stored { token, new: self.rows.len() - before }
            }
            R::LoadDay { token, space, scope, day } => {
                StoreReply::Rows { token, rows: self.day(space, scope, day), more: false }
            }
            R::ListDay { token, space, scope, day } => {
                StoreReply::Ids { token, ids: self.day(space, scope, day).iter().map(|r| (r.hlc, r.id)).collect() }
            }
            R::LoadBefore { token, space, scope, day, before, limit, bytes } => {
                let mut rows = self.day(space, scope, day);
                rows.retain(|r| before.is_none_or(|b| (r.hlc, r.id) < b));
                rows.reverse();
                let mut size = 0;
                let keep = rows.iter().take(limit).take_while(|r| {
                    size += r.envelope.len() + r.body.as_ref().map_or(0, Vec::len) + 64;
                    size <= bytes
                });
                let keep = keep.count().max(1).min(rows.len());
                let more = keep < rows.len();
                rows.truncate(keep);
                StoreReply::Rows { token, rows, more }
            }
            R::LoadRows { token, ids } => StoreReply::Rows { token, rows: self.rows(&ids), more: false },
            R::PutSpace { token, record } => {
                self.spaces.insert(record.space, record);
                StoreReply::Stored { token, new: 0 }
            }
            R::PutSecret { token, space, epoch, secret } => {
                self.secrets.insert((space, epoch), secret);
                StoreReply::Stored { token, new: 0 }
            }
            R::PutPeer { record } => {
                self.peers.insert(record.peer, record);
                return None;
            }
            R::PutValue { token, name, value } => {
                match value {
                    Some(value) => self.values.insert(name, value),
                    None => self.values.remove(&name),
                };
                return token.map(|token| StoreReply::Stored { token, new: 0 });
            }
            R::Shutdown => return None,
        })
    }

    fn day(&self, space: SpaceId, scope: Scope, day: Day) -> Vec<EntryRow> {
        let mut rows: Vec<EntryRow> = self
            .rows
            .values()
            .filter(|r| {
                r.space == space && r.scope == scope && (r.day == day || r.target.is_some_and(|t| t.day == day))
            })
            .cloned()
            .collect();
        rows.sort_by_key(|r: &EntryRow| (r.hlc, r.id));
        rows
    }
}
