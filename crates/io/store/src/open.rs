//! Opening the file: the settings it runs under, what is checked, and what happens when it is damaged.

use crate::{
    actor::StoreConfig,
    database::Database,
    fault::{Fault, StoreError},
    migrations, salvage,
    seal::{Nonces, Table, seal, unseal},
    secret::Secret32,
};
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::Duration,
};

/// Files up to this size are checked whole at every start; larger ones only after a crash or a read that failed.
/// A check reads everything, at several hundred MB a second.
const CHECK_ALWAYS_BYTES: u64 = 32 * 1024 * 1024;
/// Bytes of the smallest page SQLite knows.
const PAGE_LEAST: u64 = 512;
/// Bytes of a page of ours, SQLite's usual.
const PAGE: usize = 4_096;
const KEY_CHECK: &str = "key-check";
const KEY_CHECK_TEXT: &[u8] = b"this key fits";

/// An open database, and what the reader should know about how it was opened.
pub(crate) struct Opened {
    pub(crate) database: Database,
    pub(crate) notices: Vec<String>,
}

/// Opens, checks and migrates; a damaged file is set aside and a new one filled with what can be read of it.
pub(crate) fn open(config: &StoreConfig) -> Result<Opened, StoreError> {
    let mut notices = Vec::new();
    let full_check = match &config.vfs {
        // The files of another file layer are its own affair.
        Some(_) => false,
        None => prepare(&config.path, &mut notices).map_err(Fault::from)?,
    };
    let conn = match try_open(config, full_check) {
        Ok(conn) => conn?,
        Err(fault) if fault.is_damage() && config.vfs.is_none() => {
            tracing::warn!(%fault, "the database is damaged");
            notices.push(repair(config)?);
            try_open(config, true)??
        }
        Err(fault) => return Err(fault.into()),
    };
    let _ = fs::remove_file(beside(&config.path, ".check"));
    Ok(Opened { database: Database::new(conn, config.key.clone()), notices })
}

/// Asks for a full check at the next start.
pub(crate) fn ask_for_check(path: &Path) {
    if let Err(error) = File::create(beside(path, ".check")) {
        tracing::warn!(%error, "could not ask for a check at the next start");
    }
}

/// `path` with something behind its name.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn size(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().map(|meta| meta.len())
}

/// Finishes a repair that was cut short, makes sure the file is private, and says whether it needs a full check.
fn prepare(path: &Path, notices: &mut Vec<String>) -> io::Result<bool> {
    let rebuilt = beside(path, ".rebuilt");
    remove_database(&beside(&rebuilt, ".patched"));
    if rebuilt.exists() {
        // A repair moves the damaged file away only once the rebuilt one is whole.
        if path.exists() { remove_database(&rebuilt) } else { fs::rename(&rebuilt, path)? }
    }
    if size(path) == Some(0) {
        notices.push("The saved history was an empty file, so a new one was started. What others still have comes back by itself.".into());
    }
    create_private(path)?;
    Ok(beside(path, ".check").exists()
        || size(&beside(path, "-wal")).is_some_and(|bytes| bytes > 0)
        || size(path).is_some_and(|bytes| bytes <= CHECK_ALWAYS_BYTES))
}

/// SQLite gives its log the permissions of the database, so making this one private is enough.
fn create_private(path: &Path) -> io::Result<()> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?;
    sync_folder(path)
}

pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        #[cfg(unix)]
        Some(folder) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

fn remove_database(path: &Path) {
    for suffix in ["", "-wal", "-journal", "-shm"] {
        let _ = fs::remove_file(beside(path, suffix));
    }
}

/// A connection with the settings every database runs under.
pub(crate) fn connect(path: &Path, vfs: Option<&str>) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = match vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs)?,
        None => Connection::open_with_flags(path, flags)?,
    };
    conn.busy_timeout(Duration::ZERO)?;
    // EXTRA until the first write: turning the log on deletes a rollback journal, and if a power cut brought that one
    // back, SQLite would undo the whole database with it. EXTRA flushes the folder after the deletion.
    // Exclusive locking keeps the index of the log in memory: no shared-memory file, which a full disk could tear.
    conn.execute_batch(
        "PRAGMA page_size = 4096;
         PRAGMA locking_mode = EXCLUSIVE;
         PRAGMA synchronous = EXTRA;
         PRAGMA secure_delete = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA cache_size = -4096;
         PRAGMA wal_autocheckpoint = 4000;
         PRAGMA journal_size_limit = 16777216;",
    )?;
    Ok(conn)
}

/// The inner error is final; the outer one may be damage.
fn try_open(config: &StoreConfig, full_check: bool) -> Result<Result<Connection, StoreError>, Fault> {
    if config.vfs.is_none() && size(&config.path).is_some_and(|bytes| (1..PAGE_LEAST).contains(&bytes)) {
        // SQLite takes such a stump for a new file.
        return Err(damage("the file is shorter than one page"));
    }
    let mut conn = connect(&config.path, config.vfs.as_deref())?;
    let mode: String = conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(Fault::Refused(format!("the file system allows no write-ahead log (it says {mode})")));
    }
    if let Err(error) = migrations::check(&conn)? {
        return Ok(Err(error));
    }
    if full_check {
        let verdict: String = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if verdict != "ok" {
            tracing::warn!(verdict, "quick check");
            return Err(damage(&verdict));
        }
    }
    migrations::apply(&mut conn)?;
    settle_key(conn, &config.key)
}

fn damage(what: &str) -> Fault {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    Fault::Sql(rusqlite::Error::SqliteFailure(code, Some(what.into())))
}

/// Refuses a key that opens nothing here; leaves proof of a key that does.
fn settle_key(conn: Connection, key: &Secret32) -> Result<Result<Connection, StoreError>, Fault> {
    match key_fits(&conn, key)? {
        Some(true) => {}
        Some(false) => return Ok(Err(StoreError::WrongKey)),
        None => {
            let proof = seal(key, &mut Nonces::default(), Table::Meta, KEY_CHECK.as_bytes(), KEY_CHECK_TEXT)?;
            conn.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)", (KEY_CHECK, proof))?;
        }
    }
    Ok(Ok(conn))
}

/// Whether the key opens what is sealed here; nothing when nothing is.
fn key_fits(conn: &Connection, key: &Secret32) -> Result<Option<bool>, Fault> {
    let proof: Option<Vec<u8>> =
        conn.query_row("SELECT value FROM meta WHERE name = ?1", [KEY_CHECK], |row| row.get(0)).optional()?;
    if let Some(proof) = &proof
        && unseal(key, Table::Meta, KEY_CHECK.as_bytes(), proof).is_ok()
    {
        return Ok(Some(true));
    }
    // The proof itself may be what was damaged: any day key will do.
    let mut query = conn.prepare("SELECT day, sealed FROM day_keys ORDER BY day DESC LIMIT 16")?;
    let days: Vec<(u32, Vec<u8>)> =
        query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    if days.is_empty() && proof.is_none() {
        return Ok(None);
    }
    if days.iter().any(|(day, sealed)| unseal(key, Table::DayKeys, &day.to_be_bytes(), sealed).is_ok()) {
        // Fits, but the proof has to be written anew.
        conn.execute("DELETE FROM meta WHERE name = ?1", [KEY_CHECK])?;
        return Ok(None);
    }
    Ok(Some(false))
}

/// Builds a new database beside the damaged one from what can be read, then lets them change places.
fn repair(config: &StoreConfig) -> Result<String, StoreError> {
    let path = &config.path;
    let rebuilt = beside(path, ".rebuilt");
    remove_database(&rebuilt);
    let saved = rebuild(path, &rebuilt).inspect_err(|_| remove_database(&rebuilt))?;
    let aside = set_aside(path).map_err(Fault::from)?;
    fs::rename(&rebuilt, path).map_err(Fault::from)?;
    sync_folder(path).map_err(Fault::from)?;
    let name = aside.file_name().unwrap_or_default().to_string_lossy().into_owned();
    tracing::warn!(saved, name, "damaged database set aside");
    Ok(format!(
        "The saved history was damaged. {saved} entries could be read and were kept; the damaged file is still here as {name}. \
         What is missing comes back by itself from others who have it."
    ))
}

fn rebuild(damaged: &Path, rebuilt: &Path) -> Result<usize, Fault> {
    create_private(rebuilt)?;
    let mut fresh = connect(rebuilt, None)?;
    migrations::apply(&mut fresh)?;
    let mut saved = salvage::copy(damaged, &mut fresh)?;
    if saved == 0 {
        // Often it is the first page alone that is gone; it says where the tables are, and that is the same in every
        // database of this format.
        let patched = beside(rebuilt, ".patched");
        let copied = patch_first_page(damaged, rebuilt, &patched).and_then(|()| salvage::copy(&patched, &mut fresh));
        remove_database(&patched);
        saved = copied?;
    }
    fresh.close().map_err(|(_, error)| error)?;
    File::open(rebuilt)?.sync_all()?;
    Ok(saved)
}

fn patch_first_page(damaged: &Path, whole: &Path, patched: &Path) -> Result<(), Fault> {
    create_private(patched)?;
    fs::copy(damaged, patched)?;
    let mut page = [0; PAGE];
    File::open(whole)?.read_exact(&mut page)?;
    // The page count in the header holds only while bytes 92.. equal the change counter at 24.. (SQLite file format,
    // 1.3.8); made unequal, the size of the file counts.
    page[92] = page[24] ^ 1;
    File::options().write(true).open(patched)?.write_all(&page)?;
    Ok(())
}

/// Moves the file away under the first free name. Its log goes with it.
fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let aside = (1_u32..).map(|n| beside(path, &format!(".damaged-{n}"))).find(|aside| !aside.exists());
    let aside = aside.ok_or_else(|| io::Error::other("no free name for the damaged file"))?;
    for suffix in ["-wal", "-journal", "-shm"] {
        let from = beside(path, suffix);
        if from.exists() {
            fs::rename(from, beside(&aside, suffix))?;
        }
    }
    fs::rename(path, &aside)?;
    Ok(aside)
}
