//! The devices of Linux, as pipes that carry the same bytes.

use crate::screen::Ears;
use hearth_hotkeys::Action::{Mute, Overlay, Talk};
use hearth_hotkeys::{Captured, Hotkeys, Key, Source, Unavailable};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// A device: a named pipe, held open so that it lasts.
struct Device(File);

impl Device {
    fn new(folder: &Path, name: &str) -> Self {
        let path = folder.join(name);
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        let flags = rustix::fs::OFlags::NONBLOCK.bits();
        Self(OpenOptions::new().read(true).write(true).custom_flags(flags.cast_signed()).open(path).unwrap())
    }

    fn event(&mut self, kind: u16, code: u16, value: i32) {
        let mut bytes = vec![0; 2 * size_of::<usize>()];
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(code.to_ne_bytes());
        bytes.extend(value.to_ne_bytes());
        self.0.write_all(&bytes).unwrap();
    }

    fn key(&mut self, name: &str, value: i32) {
        self.event(1, Key::from_name(name).unwrap().scancode(), value);
        self.event(0, 0, 0);
    }
}

fn settle(ears: &Ears, device: &std::cell::RefCell<Device>) {
    ears.ready(Overlay, |down| device.borrow_mut().key("F13", down.into()));
}

#[test]
fn keys_of_all_devices_are_told_also_of_one_that_comes_later() {
    let folder = tempfile::tempdir().unwrap();
    let keyboard = std::cell::RefCell::new(Device::new(folder.path(), "event0"));
    let mut mouse = Device::new(folder.path(), "event1");
    std::fs::write(folder.path().join("mice"), [1; 240]).unwrap();
    let bindings = [(Talk, "KeyV"), (Mute, "Ctrl+Mouse4"), (Overlay, "F13")];
    let ears = Ears::on(Source::Evdev(folder.path().to_owned()), &bindings);
    settle(&ears, &keyboard);

    let mut device = keyboard.borrow_mut();
    device.key("KeyB", 1);
    device.key("KeyV", 1);
    device.key("KeyV", 2);
    device.key("KeyV", 2);
    assert_eq!(ears.next(), (Talk, true));
    device.key("ControlLeft", 1);
    device.key("KeyV", 0);
    assert_eq!(ears.next(), (Talk, false));
    mouse.key("Mouse4", 1);
    mouse.key("Mouse4", 0);
    assert_eq!([ears.next(), ears.next()], [(Mute, true), (Mute, false)]);
    drop(device);

    let later = std::cell::RefCell::new(Device::new(folder.path(), "event7"));
    settle(&ears, &later);
    assert_eq!(ears.end(), []);
}

#[test]
fn a_device_that_is_unplugged_or_loses_count_lets_go() {
    let folder = tempfile::tempdir().unwrap();
    let mut stays = Device::new(folder.path(), "event0");
    let pulled = std::cell::RefCell::new(Device::new(folder.path(), "event1"));
    let ears = Ears::on(Source::Evdev(folder.path().to_owned()), &[(Talk, "KeyV"), (Overlay, "F13")]);
    settle(&ears, &pulled);
    pulled.borrow_mut().key("KeyV", 1);
    assert_eq!(ears.next(), (Talk, true));
    drop(pulled);
    assert_eq!(ears.next(), (Talk, false));
    stays.key("KeyV", 1);
    assert_eq!(ears.next(), (Talk, true));
    stays.event(0, 3, 0);
    assert_eq!(ears.next(), (Talk, false));
}

#[test]
fn while_nothing_is_asked_for_no_device_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let keyboard = std::cell::RefCell::new(Device::new(folder.path(), "event0"));
    let path = folder.path().join("event0");
    let opened = || {
        let open = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
        open.filter(|fd| std::fs::read_link(fd.path()).is_ok_and(|link| link == path)).count()
    };
    let ears = Ears::on(Source::Evdev(folder.path().to_owned()), &[(Overlay, "F13")]);
    settle(&ears, &keyboard);
    assert_eq!(opened(), 2, "the test's own, and the watcher's");
    ears.set(&[]);
    crate::screen::until("it is closed", || opened() == 1);
    let capture = ears.hotkeys.capture(crate::screen::SOON);
    crate::screen::until("it is open", || opened() == 2);
    keyboard.borrow_mut().key("KeyP", 1);
    assert_eq!(capture.wait(), Captured::Chord(crate::screen::chord("KeyP")));
    crate::screen::until("it is closed again", || opened() == 1);
    assert_eq!(ears.hotkeys.capture(Duration::from_millis(1)).wait(), Captured::TimedOut);
}

#[test]
fn what_may_not_be_read_is_answered_with_the_group() {
    let folder = tempfile::tempdir().unwrap();
    let source = || Source::Evdev(folder.path().to_owned());
    let none = Hotkeys::start(source(), |_| {}).expect_err("it started");
    assert_eq!(none, Unavailable::NoDevices(folder.path().to_owned()));
    let path = folder.path().join("event0");
    std::fs::write(&path, []).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if File::open(&path).is_ok() {
        // Who may read everything asks as nobody.
        as_nobody(folder.path());
        return;
    }
    refused(folder.path());
}

fn refused(folder: &Path) {
    let refused = Hotkeys::start(Source::Evdev(folder.to_owned()), |_| {}).expect_err("it started");
    assert_eq!(refused, Unavailable::NotAllowed(folder.to_owned()));
}

fn as_nobody(folder: &Path) {
    let mut own = folder.to_owned();
    own.push("test");
    std::fs::copy(std::env::current_exe().unwrap(), &own).unwrap();
    for path in [folder, &own] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = Command::new(own);
    command.args(["--exact", "--ignored", "devices::a_person_without_the_group_is_refused"]);
    let done = command.env(FOLDER, folder).current_dir("/").uid(65_534).output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && said.contains("1 passed"), "{said}");
}

const FOLDER: &str = "HEARTH_TEST_FOLDER";

#[test]
#[ignore = "run by another test, as somebody else"]
fn a_person_without_the_group_is_refused() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        refused(Path::new(&folder));
    }
}
