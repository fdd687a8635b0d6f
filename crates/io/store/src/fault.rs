//! What can go wrong inside, and how it is said outside.

use hearth_ports::StoreFault;
use rusqlite::ErrorCode;

/// Why the disk could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A later build has changed the tables.
    #[error(
        "This folder was last used by a newer Hearth (its history is in format {found}, this one reads up to {known}). Update Hearth and start again; nothing was changed."
    )]
    Newer {
        /// Format on disk.
        found: i64,
        /// Newest format of this build.
        known: i64,
    },
    /// The database was sealed with another key.
    #[error(
        "The keys in this folder do not open its history. Put back the keys file that belongs to it, or start with an empty folder; nothing was changed."
    )]
    WrongKey,
    /// Somebody else holds the file.
    #[error("Another program is using the history in this folder. Close it and start again.")]
    InUse,
    /// No space left.
    #[error("The disk is full. Free some space and start again.")]
    Full,
    /// Anything else.
    #[error("The history in this folder could not be opened: {0}")]
    Failed(String),
}

/// Anything that stops a request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// SQLite said no.
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
    /// The file system said no.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The request breaks a rule of the store.
    #[error("{0}")]
    Refused(String),
    /// The system's random generator failed.
    #[error("the system's random generator failed: {0}")]
    Random(#[from] getrandom::Error),
    /// Sealed bytes that do not open.
    #[error("a sealed value does not open with this key")]
    Sealed,
}

impl Fault {
    fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Sql(rusqlite::Error::SqliteFailure(e, _)) => Some(e.code),
            _ => None,
        }
    }
    /// The disk is full.
    pub(crate) fn is_full(&self) -> bool {
        self.code() == Some(ErrorCode::DiskFull)
            || matches!(self, Self::Io(e) if matches!(e.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded))
    }
    /// The file is not what was written to it.
    pub(crate) fn is_damage(&self) -> bool {
        matches!(self.code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
            || matches!(self, Self::Sql(rusqlite::Error::SqliteFailure(e, _)) if e.extended_code == rusqlite::ffi::SQLITE_IOERR_SHORT_READ)
    }
    /// The device could not be read or written; whether it is full only the file system can say.
    pub(crate) fn is_device(&self) -> bool {
        self.code() == Some(ErrorCode::SystemIoFailure)
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault.code() {
            _ if fault.is_full() => Self::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::InUse,
            _ => Self::Failed(fault.to_string()),
        }
    }
}

impl From<Fault> for StoreFault {
    fn from(fault: Fault) -> Self {
        if fault.is_full() {
            return Self::Full;
        }
        Self::Failed(match &fault {
            Fault::Refused(why) => why.clone(),
            _ if fault.is_damage() => {
                "The saved history is damaged. Close Hearth and start it again: it will save what can be read.".into()
            }
            other => format!("The disk refused: {other}."),
        })
    }
}
