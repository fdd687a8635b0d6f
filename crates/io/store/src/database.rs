//! The open database: one connection, what is held open beside it, and the one way to write.

use crate::{
    fault::Fault,
    seal::{DayKeys, Nonces, Table, seal, unseal},
    secret::Secret32,
};
use hearth_types::{DeviceId, EntryId, Scope, SpaceId, limits};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};
use std::collections::BTreeMap;

/// How far a commit must have gone before it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// On the disk: survives a power cut.
    Flushed,
    /// In the write-ahead log: survives a killed process, and can be fetched again after a power cut.
    Written,
}

/// The connection and everything kept beside it.
pub(crate) struct Database {
    pub(crate) conn: Connection,
    pub(crate) state: State,
}

/// What is kept beside the connection.
pub(crate) struct State {
    pub(crate) store_key: Secret32,
    pub(crate) nonces: Nonces,
    pub(crate) days: DayKeys,
    numbers: Numbers,
    durability: Option<Durability>,
    /// Entries whose body did not open, found while reading.
    pub(crate) spoiled: Vec<EntryId>,
}

/// Short numbers of places and logs, so that most rows need no look-up. Cleared on every roll-back.
#[derive(Default)]
struct Numbers {
    places: BTreeMap<(SpaceId, Scope), i64>,
    logs: BTreeMap<(SpaceId, DeviceId), i64>,
}

/// A transaction under way.
pub(crate) struct Writing<'a> {
    pub(crate) tx: Transaction<'a>,
    pub(crate) state: &'a mut State,
}

impl Database {
    pub(crate) fn new(conn: Connection, store_key: Secret32) -> Self {
        let state = State {
            store_key,
            nonces: Nonces::default(),
            days: DayKeys::default(),
            numbers: Numbers::default(),
            durability: None,
            spoiled: Vec::new(),
        };
        conn.set_prepared_statement_cache_capacity(48);
        Self { conn, state }
    }

    /// Runs `work` in a transaction: all of it is kept, or none.
    pub(crate) fn write<T>(
        &mut self,
        durability: Durability,
        work: impl FnOnce(&mut Writing<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        // With FULL the log is flushed after the commit, with NORMAL only before it is copied back into the database.
        // The pragma takes effect between transactions. A flush covers the whole log, so rows written earlier under
        // NORMAL are safe once a later own entry is.
        if self.state.durability != Some(durability) {
            self.conn.execute_batch(match durability {
                Durability::Flushed => "PRAGMA synchronous = FULL",
                Durability::Written => "PRAGMA synchronous = NORMAL",
            })?;
            self.state.durability = Some(durability);
        }
        let Self { conn, state } = self;
        let mut writing = Writing { tx: conn.transaction_with_behavior(TransactionBehavior::Immediate)?, state };
        let worked = work(&mut writing);
        let Writing { tx, state } = writing;
        // Dropped on failure, a transaction rolls back, unless SQLite already did so itself.
        let done = worked.and_then(|value| Ok(tx.commit().map(|()| value)?));
        if done.is_err() {
            state.days.clear();
            state.numbers = Numbers::default();
        }
        done
    }

    /// Copies the log back into the database and closes both.
    pub(crate) fn close(self) {
        let Self { conn, state } = self;
        drop(state);
        if let Err(error) = conn.execute_batch("PRAGMA synchronous = FULL; PRAGMA wal_checkpoint(TRUNCATE)") {
            tracing::warn!(%error, "the write-ahead log stays for the next start");
        }
        if let Err((_, error)) = conn.close() {
            tracing::warn!(%error, "the database did not close cleanly");
        }
    }
}

impl State {
    /// The number of a place, if rows of it were ever stored.
    pub(crate) fn find_place(&mut self, conn: &Connection, space: SpaceId, scope: Scope) -> Result<Option<i64>, Fault> {
        if let Some(&place) = self.numbers.places.get(&(space, scope)) {
            return Ok(Some(place));
        }
        let found = conn
            .prepare_cached("SELECT place FROM places WHERE space = ?1 AND scope = ?2")?
            .query_row((space.0, scope_bytes(&scope)), |row| row.get(0))
            .optional()?;
        if let Some(place) = found {
            hold(&mut self.numbers.places, (space, scope), place);
        }
        Ok(found)
    }

    /// The number of a device's log in a space, if rows of it were ever stored.
    pub(crate) fn find_log(
        &mut self,
        conn: &Connection,
        space: SpaceId,
        device: DeviceId,
    ) -> Result<Option<i64>, Fault> {
        if let Some(&log) = self.numbers.logs.get(&(space, device)) {
            return Ok(Some(log));
        }
        let found = conn
            .prepare_cached("SELECT log FROM logs WHERE space = ?1 AND device = ?2")?
            .query_row((space.0, device.0), |row| row.get(0))
            .optional()?;
        if let Some(log) = found {
            hold(&mut self.numbers.logs, (space, device), log);
        }
        Ok(found)
    }

    /// The key of a day, if there is one that opens.
    pub(crate) fn find_day_key(&mut self, conn: &Connection, day: u32) -> Result<Option<Secret32>, Fault> {
        if let Some(key) = self.days.get(day) {
            return Ok(Some(key));
        }
        let sealed: Option<Vec<u8>> = conn
            .prepare_cached("SELECT sealed FROM day_keys WHERE day = ?1")?
            .query_row([day], |row| row.get(0))
            .optional()?;
        let key = sealed
            .and_then(|sealed| unseal(&self.store_key, Table::DayKeys, &day.to_be_bytes(), &sealed).ok())
            .and_then(|plain| Secret32::from_slice(&plain));
        if let Some(key) = &key {
            self.days.hold(day, key.clone());
        }
        Ok(key)
    }
}

impl Writing<'_> {
    /// The number of a place, given out now if need be.
    pub(crate) fn place(&mut self, space: SpaceId, scope: Scope) -> Result<i64, Fault> {
        if let Some(place) = self.state.find_place(&self.tx, space, scope)? {
            return Ok(place);
        }
        self.tx
            .prepare_cached("INSERT INTO places (space, scope) VALUES (?1, ?2)")?
            .execute((space.0, scope_bytes(&scope)))?;
        let place = self.tx.last_insert_rowid();
        hold(&mut self.state.numbers.places, (space, scope), place);
        Ok(place)
    }

    /// The number of a log, given out now if need be.
    pub(crate) fn log(&mut self, space: SpaceId, device: DeviceId) -> Result<i64, Fault> {
        if let Some(log) = self.state.find_log(&self.tx, space, device)? {
            return Ok(log);
        }
        self.tx.prepare_cached("INSERT INTO logs (space, device) VALUES (?1, ?2)")?.execute((space.0, device.0))?;
        let log = self.tx.last_insert_rowid();
        hold(&mut self.state.numbers.logs, (space, device), log);
        Ok(log)
    }

    /// The key of a day, made now if need be. A stored key that no longer opens is replaced.
    pub(crate) fn day_key(&mut self, day: u32) -> Result<Secret32, Fault> {
        if let Some(key) = self.state.find_day_key(&self.tx, day)? {
            return Ok(key);
        }
        let key = Secret32::random()?;
        let sealed =
            seal(&self.state.store_key, &mut self.state.nonces, Table::DayKeys, &day.to_be_bytes(), key.expose())?;
        self.tx
            .prepare_cached("INSERT OR REPLACE INTO day_keys (day, sealed) VALUES (?1, ?2)")?
            .execute((day, sealed))?;
        self.state.days.hold(day, key.clone());
        Ok(key)
    }
}

fn hold<K: Ord>(numbers: &mut BTreeMap<K, i64>, key: K, number: i64) {
    if numbers.len() >= limits::STORE_OPEN_KEYS {
        numbers.clear();
    }
    numbers.insert(key, number);
}

/// The control log is the empty scope.
pub(crate) fn scope_bytes(scope: &Scope) -> &[u8] {
    match scope {
        Scope::Control => &[],
        Scope::Channel(channel) => channel.as_bytes(),
    }
}

/// Stamps keep their order as signed numbers with the top bit flipped.
pub(crate) fn hlc_to_sql(hlc: hearth_types::Hlc) -> i64 {
    (hlc.0 ^ (1 << 63)).cast_signed()
}

/// Back from [`hlc_to_sql`].
pub(crate) fn hlc_from_sql(value: i64) -> hearth_types::Hlc {
    hearth_types::Hlc(value.cast_unsigned() ^ (1 << 63))
}

#[cfg(test)]
mod tests {
    use super::{hlc_from_sql, hlc_to_sql};
    use hearth_types::Hlc;

    #[test]
    fn stamps_keep_their_order_in_sql() {
        let stamps = [0, 1, 1 << 16, (1 << 63) - 1, 1 << 63, u64::MAX].map(Hlc);
        assert!(stamps.map(hlc_to_sql).is_sorted());
        assert_eq!(stamps.map(hlc_to_sql).map(hlc_from_sql), stamps);
    }
}
