//! Entries going in.

use crate::{
    database::{Database, Durability, Writing, hlc_to_sql},
    fault::Fault,
    seal::{Table, seal},
};
use hearth_types::{DeviceId, EntryId, EntryRow, SpaceId};
use std::{collections::BTreeMap, slice};

/// One request to store rows: its token and the rows.
pub(crate) type PutRequest = (u64, Vec<EntryRow>);

/// Whose rows they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Each must follow its predecessor, and is flushed before the answer.
    Own,
    /// Gaps and forks are kept as they come; what a power cut takes is fetched again.
    Fetched,
}

impl Database {
    /// Stores several requests in one transaction: own ones share a flush, fetched ones share the index pages that
    /// spread ids touch, which is most of what they write. Each request stands or falls alone, in order: one that
    /// follows a failed predecessor fails too, because its predecessor is not there.
    pub(crate) fn put(&mut self, origin: Origin, group: &[PutRequest]) -> Vec<Result<usize, Fault>> {
        match self.put_together(origin, group) {
            Ok(results) => results,
            Err(fault) if group.len() == 1 => vec![Err(fault)],
            // The disk said no to the whole; a smaller part may still fit.
            Err(_) => group
                .iter()
                .map(|one| self.put_together(origin, slice::from_ref(one))?.pop().unwrap_or(Ok(0)))
                .collect(),
        }
    }

    fn put_together(&mut self, origin: Origin, group: &[PutRequest]) -> Result<Vec<Result<usize, Fault>>, Fault> {
        let durability = match origin {
            Origin::Own => Durability::Flushed,
            Origin::Fetched => Durability::Written,
        };
        self.write(durability, |writing| {
            let mut results = Vec::with_capacity(group.len());
            for (_, rows) in group {
                let refused = if origin == Origin::Own { writing.check_follows(rows)? } else { None };
                results.push(match refused {
                    Some(why) => Err(Fault::Refused(why)),
                    None => Ok(writing.put_rows(rows)?),
                });
            }
            Ok(results)
        })
    }

    /// Forgets bodies that did not open, so that they are fetched again. Says how many.
    pub(crate) fn drop_spoiled(&mut self) -> Result<usize, Fault> {
        if self.state.spoiled.is_empty() {
            return Ok(0);
        }
        let spoiled = std::mem::take(&mut self.state.spoiled);
        self.write(Durability::Written, |writing| {
            let mut forget = writing.tx.prepare_cached("UPDATE entries SET body = NULL WHERE id = ?1")?;
            spoiled.iter().try_for_each(|id| forget.execute([id.0]).map(drop))?;
            Ok(())
        })?;
        Ok(spoiled.len())
    }
}

impl Writing<'_> {
    /// Why these rows may not be appended, if so. Nothing is written.
    fn check_follows(&mut self, rows: &[EntryRow]) -> Result<Option<String>, Fault> {
        let mut coming: BTreeMap<(SpaceId, DeviceId, u64), EntryId> = BTreeMap::new();
        for row in rows {
            let (log, at) = ((row.space, row.device), format!("entry {} of log {}", row.seq, row.device.short()));
            let Some(before) = row.seq.checked_sub(1) else {
                return Ok(Some(format!("{at}: a log starts at 1")));
            };
            if let Some(taken) = self.at(&coming, log, row.seq)?.into_iter().find(|id| *id != row.id) {
                return Ok(Some(format!("{at}: its place is taken by {}", taken.short())));
            }
            if before > 0 && self.at(&coming, log, before)?.is_empty() {
                return Ok(Some(format!("{at}: entry {before} is not here")));
            }
            coming.insert((row.space, row.device, row.seq), row.id);
        }
        Ok(None)
    }

    /// Entries at one place of a log, in the database and among those about to be written.
    fn at(
        &mut self,
        coming: &BTreeMap<(SpaceId, DeviceId, u64), EntryId>,
        (space, device): (SpaceId, DeviceId),
        seq: u64,
    ) -> Result<Vec<EntryId>, Fault> {
        let mut found: Vec<EntryId> = coming.get(&(space, device, seq)).copied().into_iter().collect();
        if let Some(log) = self.state.find_log(&self.tx, space, device)? {
            let mut query = self.tx.prepare_cached("SELECT id FROM entries WHERE log = ?1 AND seq = ?2")?;
            for id in query.query_map((log, seq.cast_signed()), |row| row.get(0))? {
                found.push(EntryId(id?));
            }
        }
        Ok(found)
    }

    /// Inserts rows, skips those already here, fills in bodies that were missing. Counts the new ones.
    fn put_rows(&mut self, rows: &[EntryRow]) -> Result<usize, Fault> {
        let mut new = 0;
        for row in rows {
            let place = self.place(row.space, row.scope)?;
            let log = self.log(row.space, row.device)?;
            let body = match &row.body {
                Some(body) => {
                    let key = self.day_key(row.day.0)?;
                    Some(seal(&key, &mut self.state.nonces, Table::Entries, row.id.as_bytes(), body)?)
                }
                None => None,
            };
            let inserted = self
                .tx
                .prepare_cached(
                    "INSERT INTO entries (id, place, log, seq, hlc, day, target_day, target_id, class, envelope, signature, body)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT (id) DO NOTHING",
                )?
                .execute((
                    row.id.0,
                    place,
                    log,
                    row.seq.cast_signed(),
                    hlc_to_sql(row.hlc),
                    row.day.0,
                    row.target.map(|target| target.day.0),
                    row.target.map(|target| target.id.0),
                    row.class.code(),
                    &row.envelope,
                    row.signature,
                    &body,
                ))?;
            new += inserted;
            if inserted == 0 && body.is_some() {
                self.tx
                    .prepare_cached("UPDATE entries SET body = ?2 WHERE id = ?1 AND body IS NULL AND day = ?3")?
                    .execute((row.id.0, body, row.day.0))?;
            }
        }
        Ok(new)
    }
}
