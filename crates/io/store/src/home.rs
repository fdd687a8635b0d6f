//! The home folder: where everything of one person on this computer lies, held by one process at a time.

use std::{
    fs::{self, DirBuilder, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

/// An open home folder. The lock on it lasts as long as this value, and goes with the process however it ends.
#[derive(Debug)]
pub struct Home {
    path: PathBuf,
    _lock: File,
}

/// Why a home folder could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// Another process holds it.
    #[error("Hearth is already open with this folder ({}). Use the window that is open, or start with another folder (--home DIR).", .0.display())]
    InUse(PathBuf),
    /// The path names something else.
    #[error("{} is not a folder. Start with another one (--home DIR).", .0.display())]
    NotAFolder(PathBuf),
    /// The system refused.
    #[error("The folder {} can't be used: {cause}.", .path.display())]
    Refused {
        /// The folder.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

impl Home {
    /// Opens the folder, made now with access for its owner alone if it is not there, and locks it.
    /// An existing folder keeps its permissions; every file made in it is private by itself.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, HomeError> {
        let path = path.into();
        if path.exists() && !path.is_dir() {
            return Err(HomeError::NotAFolder(path));
        }
        match create_and_lock(&path) {
            Ok(lock) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(HomeError::InUse(path)),
            Err(TryLockError::Error(cause)) => Err(HomeError::Refused { path, cause }),
        }
    }
    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }
    /// The database file; SQLite keeps its log beside it.
    pub fn database(&self) -> PathBuf {
        self.path.join("hearth.db")
    }
    /// The control socket.
    pub fn socket(&self) -> PathBuf {
        self.path.join("hearth.sock")
    }
    /// The keys file.
    pub fn keys(&self) -> PathBuf {
        self.path.join("keys")
    }
}

fn create_and_lock(path: &Path) -> Result<File, TryLockError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(TryLockError::Error)?;
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let lock = options.open(path.join("lock")).map_err(TryLockError::Error)?;
    lock.try_lock()?;
    Ok(lock)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_new_home_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let home = Home::open(dir.path().join("deep/home")).unwrap();
        assert_eq!(fs::metadata(home.path()).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_home_is_free_again_once_let_go() {
        let dir = tempfile::tempdir().unwrap();
        let first = Home::open(dir.path()).unwrap();
        let error = Home::open(dir.path()).unwrap_err();
        assert!(matches!(error, HomeError::InUse(_)));
        assert!(error.to_string().starts_with("Hearth is already open with this folder ("), "{error}");
        drop(first);
        Home::open(dir.path()).unwrap();
    }

    #[test]
    fn a_file_is_no_home() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(matches!(Home::open(file.path()), Err(HomeError::NotAFolder(_))));
    }
}
