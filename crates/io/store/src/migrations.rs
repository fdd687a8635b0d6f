//! Numbered SQL files, applied once each, in order.

use crate::{fault::Fault, fault::StoreError};
use rusqlite::{Connection, OptionalExtension};

/// All of them; the number of a migration is its place here, from 1.
const MIGRATIONS: &[(&str, &str)] = &[("0001_first", include_str!("../migrations/0001_first.sql"))];

/// Newest format of this build.
fn known() -> i64 {
    MIGRATIONS.len() as i64
}

/// The format on disk; 0 for an empty file.
fn found(conn: &Connection) -> Result<i64, Fault> {
    let there = conn
        .query_row("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migrations'", [], |_| Ok(()))
        .optional()?;
    if there.is_none() {
        return Ok(0);
    }
    Ok(conn.query_row("SELECT coalesce(max(version), 0) FROM migrations", [], |row| row.get(0))?)
}

/// Refuses a database of a later build.
pub(crate) fn check(conn: &Connection) -> Result<Result<(), StoreError>, Fault> {
    let found = found(conn)?;
    Ok(if found > known() { Err(StoreError::Newer { found, known: known() }) } else { Ok(()) })
}

/// Brings the tables up to date, each step in a transaction of its own.
pub(crate) fn apply(conn: &mut Connection) -> Result<(), Fault> {
    let from = found(conn)?;
    for (version, (name, sql)) in (1..).zip(MIGRATIONS).filter(|(version, _)| *version > from) {
        let tx = conn.transaction()?;
        tx.execute_batch(
            "CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT",
        )?;
        tx.execute_batch(sql)?;
        tx.execute("INSERT INTO migrations (version, name) VALUES (?1, ?2)", (version, name))?;
        tx.commit()?;
        tracing::info!(name, "database migrated");
    }
    Ok(())
}
