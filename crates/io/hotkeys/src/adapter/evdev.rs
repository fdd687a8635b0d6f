//! The devices of Linux themselves, for desktops that tell nothing. Chosen only on explicit wish.
//!
//! Only devices with a key that is asked for are open, and only as long as it is.

mod event;

use super::wake::Wake;
use super::{Waker, Watch};
use crate::Reach;
use crate::error::Unavailable;
use crate::key::Key;
use crate::limits::{DEVICES, EVENTS};
use crate::machine::{Input, Interest};
use event::{Reader, SIZE, keys_of};
use rustix::fs::{Mode, OFlags, inotify};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Where the system says what a device can do, for those of `/dev/input`.
const SYSTEM: (&str, &str) = ("/dev/input", "/sys/class/input");

pub struct Evdev {
    folder: PathBuf,
    wake: Wake,
    /// Tells when devices come, or when their permissions are set, which is a moment later.
    changes: OwnedFd,
    interest: Interest,
    devices: BTreeMap<String, Device>,
    numbered: u32,
}

struct Device {
    number: u32,
    file: File,
    reader: Reader,
}

impl Evdev {
    /// Watches `folder`, if at least one device in it may be read.
    pub fn open(folder: &Path) -> Result<Self, Unavailable> {
        let (mut seen, mut refused, mut may) = (false, false, false);
        for name in names(folder) {
            if keys(folder, &name).is_some_and(|keys| keys.is_empty()) {
                continue;
            }
            seen = true;
            match device(&folder.join(name)) {
                Ok(_) => may = true,
                Err(Errno::ACCESS | Errno::PERM) => refused = true,
                Err(error) => tracing::debug!(%error, "a device does not open"),
            }
        }
        match (may, refused, seen) {
            (true, ..) => {}
            (false, true, _) => return Err(Unavailable::NotAllowed(folder.to_owned())),
            (false, false, _) => return Err(Unavailable::NoDevices(folder.to_owned())),
        }
        let watched = || {
            let changes = inotify::init(inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC)?;
            inotify::add_watch(&changes, folder, inotify::WatchFlags::CREATE | inotify::WatchFlags::ATTRIB)?;
            Ok(changes)
        };
        let changes = watched().map_err(|error: Errno| Unavailable::System(error.to_string()))?;
        Ok(Self {
            folder: folder.to_owned(),
            wake: Wake::new()?,
            changes,
            interest: Interest::default(),
            devices: BTreeMap::new(),
            numbered: 0,
        })
    }

    fn matters(&self, name: &str) -> bool {
        let wants = |key| self.interest.wants(key);
        keys(&self.folder, name).map_or_else(|| Key::all().any(wants), |keys| keys.into_iter().any(wants))
    }

    /// Opens what matters and is not open.
    fn look(&mut self) {
        for name in names(&self.folder) {
            if self.devices.len() >= DEVICES || self.devices.contains_key(&name) || !self.matters(&name) {
                continue;
            }
            match device(&self.folder.join(&name)) {
                Ok(file) => {
                    self.numbered = self.numbered.wrapping_add(1);
                    self.devices.insert(name, Device { number: self.numbered, file, reader: Reader::default() });
                }
                Err(error) => tracing::debug!(%error, "a device does not open"),
            }
        }
    }

    fn read(&mut self, name: &str, into: &mut Vec<Input>) {
        let Some(device) = self.devices.get_mut(name) else { return };
        let mut bytes = [0; SIZE * EVENTS];
        match device.file.read(&mut bytes) {
            Ok(read) if read > 0 => {
                let wants = |input: &Input| match input {
                    Input::Key { key, .. } => self.interest.wants(*key),
                    Input::Unnamed => self.interest.all(),
                    Input::Gone { .. } => true,
                };
                let inputs = device.reader.read(device.number, bytes.get(..read).unwrap_or_default());
                into.extend(inputs.into_iter().filter(wants));
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            _ => {
                into.push(Input::Gone { device: device.number });
                self.devices.remove(name);
            }
        }
    }
}

impl Watch for Evdev {
    fn want(&mut self, interest: &Interest) -> Result<(), Unavailable> {
        self.interest = interest.clone();
        let idle: Vec<_> = self.devices.keys().filter(|name| !self.matters(name)).cloned().collect();
        for name in idle {
            self.devices.remove(&name);
        }
        self.look();
        Ok(())
    }

    fn wait(&mut self, until: Option<Instant>, into: &mut Vec<Input>) -> Result<(), Unavailable> {
        let mut fds = vec![self.changes.as_fd()];
        fds.extend(self.devices.values().map(|device| device.file.as_fd()));
        let ready = self.wake.poll(&fds, until).map_err(|error| Unavailable::System(error.to_string()))?;
        let names: Vec<_> = self.devices.keys().cloned().collect();
        for (name, ready) in names.iter().zip(ready.iter().skip(1)) {
            if *ready {
                self.read(name, into);
            }
        }
        if ready.first() == Some(&true) {
            let mut bytes = [0; 4096];
            while rustix::io::read(&self.changes, &mut bytes).is_ok_and(|read| read > 0) {}
            self.look();
        }
        Ok(())
    }

    fn waker(&self) -> Waker {
        self.wake.waker()
    }

    fn reach(&self) -> Reach {
        Reach::Everywhere
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| name.starts_with("event")).take(4 * DEVICES).collect()
}

/// Which keys a device has, where the system says it.
fn keys(folder: &Path, name: &str) -> Option<Vec<Key>> {
    if folder != Path::new(SYSTEM.0) {
        return None;
    }
    let file = Path::new(SYSTEM.1).join(name).join("device/capabilities/key");
    Some(keys_of(&std::fs::read_to_string(file).ok()?))
}

fn device(path: &Path) -> Result<File, Errno> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?.into())
}
