//! The disk is full: said so, nothing left behind, and all is well once there is space.

use crate::support::*;
use hearth_lossy::Disk;
use hearth_ports::{SpaceRecord, StoreFault, StoreRequest};
use hearth_store::{StoreConfig, StoreError};
use hearth_types::EpochId;
use std::{fs, path::Path, process::Command};

/// Appends until there is no more room; answers the last entry acknowledged.
fn fill(store: &mut Store, from: u64) -> u64 {
    for seq in from.. {
        match store.put_own(vec![row(ME, seq)]) {
            Ok(1) => {}
            Err(StoreFault::Full) => return seq - 1,
            other => panic!("{other:?}"),
        }
    }
    unreachable!()
}

#[test]
fn a_full_disk_is_said_leaves_nothing_behind_and_passes() {
    let disk = Disk::new("hearth-full");
    let config = StoreConfig { path: "/full/hearth.db".into(), key: key(), vfs: Some(disk.vfs.clone()) };
    let mut store = Store::try_open(config.clone()).unwrap();
    store.put_own(log(ME, 1..=5)).unwrap();
    disk.set_capacity(Some(disk.used() + 100_000));
    let last = fill(&mut store, 6);
    assert!(last > 6);

    disk.set_capacity(Some(0));
    let before = store.startup();
    assert_eq!(before.content.len() as u64, last);
    let requests = [
        StoreRequest::PutOwn { token: 1, rows: log(ME, last + 1..=last + 3) },
        StoreRequest::PutFetched { token: 2, rows: log(THEY, 1..=9) },
        StoreRequest::PutSpace { token: 3, record: SpaceRecord { space: SPACE, genesis: vec![1], joined: true } },
        StoreRequest::PutSecret { token: 4, space: SPACE, epoch: EpochId([1; 32]), secret: [2; 32] },
        StoreRequest::PutValue { token: Some(5), name: "name".into(), value: Some(vec![3]) },
    ];
    for request in &requests {
        assert_eq!(stored(store.ask(request.clone())), Err(StoreFault::Full), "{request:?}");
    }
    store.send(StoreRequest::PutValue { token: None, name: "quiet".into(), value: Some(vec![3]) });
    assert_eq!(store.startup(), before);
    assert_eq!(store.notices.len(), 1, "a loss without an answer is told: {:?}", store.notices);

    // A group that does not fit fails one by one, in order.
    (1..=4).for_each(|n| store.send(StoreRequest::PutOwn { token: n, rows: vec![row(ME, last + n)] }));
    assert!((0..4).all(|_| stored(store.next()).is_err()));

    disk.set_capacity(None);
    for (request, new) in requests.iter().zip([3, 9, 1, 1, 1]) {
        assert_eq!(stored(store.ask(request.clone())), Ok(new), "{request:?}");
    }
    store.handle.join();
    let mut store = Store::try_open(config).unwrap();
    let rows = store.load_day(CHANNEL, DAY);
    assert_eq!(rows.len() as u64, last + 3 + 9);
    assert!(
        rows.iter().all(|there| *there == row(there.device, there.seq)),
        "every body opens, new days' keys included"
    );
}

/// A day key made in a transaction that failed must not be used for rows that come later.
#[test]
fn the_first_entry_of_a_day_may_fail_and_come_again() {
    let disk = Disk::new("hearth-full-day");
    let config = StoreConfig { path: "/full/hearth.db".into(), key: key(), vfs: Some(disk.vfs.clone()) };
    let mut store = Store::try_open(config.clone()).unwrap();
    disk.set_capacity(Some(disk.used()));
    assert_eq!(store.put_own(log(ME, 1..=1)), Err(StoreFault::Full));
    disk.set_capacity(None);
    assert_eq!(store.put_own(log(ME, 1..=1)), Ok(1));
    store.handle.join();
    assert_eq!(Store::try_open(config).unwrap().load_day(CHANNEL, DAY), log(ME, 1..=1));
}

#[test]
fn a_disk_too_full_to_open_on_is_said() {
    let disk = Disk::new("hearth-full-open");
    disk.set_capacity(Some(5_000));
    let config = StoreConfig { path: "/full/hearth.db".into(), key: key(), vfs: Some(disk.vfs.clone()) };
    assert_eq!(Store::try_open(config.clone()).err(), Some(StoreError::Full));
    disk.set_capacity(None);
    Store::try_open(config).unwrap().put_own(log(ME, 1..=1)).unwrap();
}

/// A file system of a few megabytes, gone when dropped.
struct SmallDisk<'a>(&'a Path);

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

#[test]
fn a_real_full_file_system_is_said_and_passes() {
    let dir = tempfile::tempdir().unwrap();
    let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]).arg(dir.path()).output();
    if !mount.is_ok_and(|output| output.status.success()) {
        println!("SKIP: not allowed to mount a small file system here");
        return;
    }
    let small = SmallDisk(dir.path());
    fs::write(small.0.join("ballast"), vec![0; 1 << 20]).unwrap();
    let mut store = Store::open(small.0);
    let last = fill(&mut store, 1);
    assert_eq!(store.put_fetched(log(THEY, 1..=50)), Err(StoreFault::Full));
    assert!(store.list_day(CHANNEL, DAY).len() as u64 == last);
    fs::remove_file(small.0.join("ballast")).unwrap();
    store.put_own(log(ME, last + 1..=last + 1)).unwrap();
    assert!(store.notices.iter().any(|notice| notice.contains("nearly full")), "{:?}", store.notices);
    store.close();
    let mut store = Store::open(small.0);
    assert_eq!(own_log(&mut store).len() as u64, last + 1);
    store.close();
}
