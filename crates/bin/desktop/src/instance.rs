//! One running client per home folder, and how to find it.

use anyhow::{Context, Result, anyhow};
use interprocess::local_socket::{Name, prelude::*};
use std::{
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
};

/// Held for as long as this process is the client of its home folder.
pub struct Lock(#[allow(dead_code, reason = "held, not read")] File);

/// Takes the home folder for this process; `None` when another client has it.
pub fn lock(home: &Path) -> Result<Option<Lock>> {
    let path = home.join("client.lock");
    let file =
        OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(|why| {
            anyhow!("{} cannot be written ({why}). Choose another folder with --home.", path.display())
        })?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("{} cannot be locked", path.display())),
    }
}

/// Makes the folder, for its owner alone.
pub fn make_home(home: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(home)
        .map_err(|why| anyhow!("{} cannot be made ({why}). Choose another folder with --home.", home.display()))
}

/// The folder used when none is named.
pub fn default_home() -> Result<PathBuf> {
    let dirs = directories::ProjectDirs::from("", "", "hearth")
        .context("This account has no home folder. Name one with --home.")?;
    Ok(dirs.data_local_dir().to_owned())
}

/// Longest path that every system takes for a socket.
#[cfg(unix)]
const SOCKET_PATH_BYTES: usize = 100;

/// Where the client of a home folder listens.
pub fn socket_name(home: &Path) -> Result<Name<'static>> {
    #[cfg(unix)]
    {
        use interprocess::local_socket::GenericFilePath;
        let path = home.join("client.sock");
        let path = if path.as_os_str().len() <= SOCKET_PATH_BYTES {
            path
        } else {
            let runtime = std::env::var_os("XDG_RUNTIME_DIR").context(
                "The path of the home folder is too long for a local socket, and XDG_RUNTIME_DIR is not set. \
                 Choose a shorter folder with --home.",
            )?;
            Path::new(&runtime).join(format!("hearth-{:016x}.sock", name_hash(home)))
        };
        Ok(path.to_fs_name::<GenericFilePath>()?)
    }
    #[cfg(not(unix))]
    {
        use interprocess::local_socket::GenericNamespaced;
        Ok(format!("hearth-{:016x}", name_hash(home)).to_ns_name::<GenericNamespaced>()?)
    }
}

/// FNV-1a of the path: a name, not a secret.
fn name_hash(home: &Path) -> u64 {
    let bytes = home.as_os_str().as_encoded_bytes();
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_home_folder_has_one_client_at_a_time() {
        let home = tempfile::tempdir().unwrap();
        let first = lock(home.path()).unwrap();
        assert!(first.is_some());
        assert!(lock(home.path()).unwrap().is_none());
        drop(first);
        assert!(lock(home.path()).unwrap().is_some());
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = make_home(&file.path().join("home")).unwrap_err();
        assert!(error.to_string().contains("--home"), "{error}");
    }
}
