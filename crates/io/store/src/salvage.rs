//! Reading what can be read of a damaged database into a new one.

use crate::fault::Fault;
use rusqlite::{Connection, OpenFlags, Row, Transaction, config::DbConfig, types::Value};
use std::path::Path;

/// Tables worth saving, small and needed ones first. Rows go over as they are, sealed values unopened.
const TABLES: &[(&str, &[&str])] = &[
    ("meta", &["name", "value"]),
    ("day_keys", &["day", "sealed"]),
    ("spaces", &["space", "genesis", "joined"]),
    ("places", &["place", "space", "scope"]),
    ("logs", &["log", "space", "device"]),
    ("secrets", &["space", "epoch", "sealed"]),
    ("peers", &["peer", "seen_ms", "sealed"]),
    ("kept_values", &["name", "sealed"]),
    (
        "entries",
        &[
            "id",
            "place",
            "log",
            "seq",
            "hlc",
            "day",
            "target_day",
            "target_id",
            "class",
            "envelope",
            "signature",
            "body",
        ],
    ),
];
/// Unreadable stretches of one table after which the rest of it is given up.
const STRETCHES: usize = 100_000;

/// Copies every readable row; says how many were entries. Errors are those of the new database only.
pub(crate) fn copy(damaged: &Path, fresh: &mut Connection) -> Result<usize, Fault> {
    let from = match open_damaged(damaged) {
        Ok(conn) => conn,
        Err(error) => {
            tracing::warn!(%error, "nothing of the damaged database can be read");
            return Ok(0);
        }
    };
    let tx = fresh.transaction()?;
    for (table, columns) in TABLES {
        let rows = copy_table(&from, &tx, table, columns)?;
        tracing::info!(table, rows, "salvaged");
    }
    // Without its place or log a row belongs nowhere.
    tx.execute_batch(
        "DELETE FROM entries WHERE place NOT IN (SELECT place FROM places) OR log NOT IN (SELECT log FROM logs)",
    )?;
    let entries: i64 = tx.query_row("SELECT count(*) FROM entries", [], |row| row.get(0))?;
    tx.commit()?;
    Ok(usize::try_from(entries).unwrap_or(0))
}

fn open_damaged(path: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    // Left exactly as it is, log included. A writable schema is what makes SQLite read a file that is too short.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    conn.execute_batch("PRAGMA locking_mode = EXCLUSIVE; PRAGMA writable_schema = ON; PRAGMA temp_store = MEMORY")?;
    Ok(conn)
}

/// Walks a table by row number, jumping ever further over what cannot be read.
fn copy_table(from: &Connection, to: &Transaction<'_>, table: &str, columns: &[&str]) -> Result<usize, Fault> {
    let list = columns.join(", ");
    let marks = vec!["?"; columns.len()].join(", ");
    let select = format!("SELECT rowid, {list} FROM {table} NOT INDEXED WHERE rowid > ?1 ORDER BY rowid");
    let mut insert = to.prepare(&format!("INSERT OR IGNORE INTO {table} ({list}) VALUES ({marks})"))?;
    let Ok(mut select) = from.prepare(&select) else { return Ok(0) };

    let (mut last, mut jump, mut copied) = (i64::MIN, 1_i64, 0);
    for _ in 0..STRETCHES {
        let Ok(mut rows) = select.query([last]) else { break };
        loop {
            match rows.next() {
                Ok(None) => return Ok(copied),
                Ok(Some(row)) => {
                    let Ok((rowid, values)) = values(row, columns.len()) else { continue };
                    (last, jump) = (rowid, 1);
                    match insert.execute(rusqlite::params_from_iter(values)) {
                        Ok(added) => copied += added,
                        // A damaged row that broke a rule of the table.
                        Err(rusqlite::Error::SqliteFailure(e, _))
                            if e.code == rusqlite::ErrorCode::ConstraintViolation => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                Err(_) => break,
            }
        }
        last = last.max(0).saturating_add(jump);
        jump = jump.saturating_mul(2);
        if jump > 1 << 40 {
            break;
        }
    }
    Ok(copied)
}

fn values(row: &Row<'_>, columns: usize) -> rusqlite::Result<(i64, Vec<Value>)> {
    let values = (1..=columns).map(|at| row.get(at)).collect::<Result<_, _>>()?;
    Ok((row.get(0)?, values))
}
