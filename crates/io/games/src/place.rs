//! The place games look in: the first of ten names that no living program has.

use crate::{Unavailable, limits};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use std::fs::{self, Metadata, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

/// A socket that is listened on. Its file goes with it, unless another program's is there by then.
#[derive(Debug)]
pub struct Place {
    pub listener: UnixListener,
    pub slot: u8,
    path: PathBuf,
    file: (u64, u64),
}

impl Place {
    pub fn take(folder: &Path) -> Result<Self, Unavailable> {
        for slot in 0..limits::SLOTS {
            let path = folder.join(format!("discord-ipc-{slot}"));
            match bind(&path) {
                Ok(listener) => return Self::settle(listener, slot, path),
                Err(error) if error.kind() == ErrorKind::AddrInUse => {}
                // A name too long, a folder that is none or takes nothing: the other names fare no better.
                Err(error) => {
                    tracing::debug!(%error, "no socket for games");
                    return Err(Unavailable::Folder(folder.to_owned()));
                }
            }
        }
        Err(Unavailable::Taken)
    }

    fn settle(listener: UnixListener, slot: u8, path: PathBuf) -> Result<Self, Unavailable> {
        let settled = fs::set_permissions(&path, Permissions::from_mode(0o600))
            .and_then(|()| listener.set_nonblocking(true))
            .and_then(|()| fs::symlink_metadata(&path));
        match settled {
            Ok(meta) => Ok(Self { listener, slot, path, file: identity(&meta) }),
            Err(error) => {
                let _ = fs::remove_file(&path);
                Err(Unavailable::System(error.to_string()))
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|meta| identity(&meta) == self.file) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(meta: &Metadata) -> (u64, u64) {
    (meta.dev(), meta.ino())
}

/// Binds, in the place of a socket of one's own that nobody listens on too. `AddrInUse`: somebody else has it.
fn bind(path: &Path) -> io::Result<UnixListener> {
    match UnixListener::bind(path) {
        Err(error) if error.kind() == ErrorKind::AddrInUse && left_behind(path) => {
            fs::remove_file(path)?;
            UnixListener::bind(path)
        }
        bound => bound,
    }
}

/// Whether a program that is gone left this socket, and it was this person's.
fn left_behind(path: &Path) -> bool {
    let ours = fs::symlink_metadata(path)
        .is_ok_and(|meta| meta.file_type().is_socket() && meta.uid() == rustix::process::geteuid().as_raw());
    ours && refused(path).unwrap_or(false)
}

/// Whether nobody listens. Does not wait for who listens and takes nobody in.
fn refused(path: &Path) -> rustix::io::Result<bool> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    Ok(connect(&socket, &SocketAddrUnix::new(path)?) == Err(rustix::io::Errno::CONNREFUSED))
}
