//! The power fails: what was acknowledged as an own entry is there.

use crate::support::*;
use hearth_lossy::{Disk, Unsynced};
use hearth_ports::{StoreReply, StoreRequest};
use hearth_store::StoreConfig;
use std::collections::BTreeMap;

fn open(disk: &Disk) -> Result<Store, hearth_store::StoreError> {
    Store::try_open(StoreConfig { path: "/lossy/hearth.db".into(), key: key(), vfs: Some(disk.vfs.clone()) })
}

/// What the store has acknowledged and so must never lose.
#[derive(Default)]
struct Acknowledged {
    own: u64,
    values: BTreeMap<String, Vec<u8>>,
    fetched: u64,
}

/// Writes until the power fails, three appends in the queue at a time.
fn write(store: &mut Store, acknowledged: &mut Acknowledged, next: u64, rounds: u64) {
    let mut seq = next;
    for round in 0..rounds {
        let sizes = [1, 1 + scatter(seq) % 3, 1];
        for size in sizes {
            store.send(StoreRequest::PutOwn { token: seq + size - 1, rows: log(ME, seq..=seq + size - 1) });
            seq += size;
        }
        let value = seq.to_be_bytes().to_vec();
        let name = format!("value {}", round % 4);
        store.send(StoreRequest::PutValue { token: Some(0), name: name.clone(), value: Some(value.clone()) });
        let fetched: Vec<_> = (0..8).map(|n| row(THEY, acknowledged.fetched + n + 1)).collect();
        acknowledged.fetched += 8;
        store.send(StoreRequest::PutFetched { token: 0, rows: fetched });
        let mut failed = false;
        for _ in sizes {
            match store.next() {
                StoreReply::Stored { token, .. } => acknowledged.own = token,
                _ => failed = true,
            }
        }
        match store.next() {
            StoreReply::Stored { .. } => drop(acknowledged.values.insert(name, value)),
            _ => failed = true,
        }
        store.next();
        if failed {
            return;
        }
    }
}

/// Everything acknowledged is there, whole; answers the last own entry there is.
fn check(store: &mut Store, acknowledged: &Acknowledged) -> u64 {
    let log = own_log(store);
    assert!(log.keys().copied().eq(1..=log.len() as u64), "a gap in the own log: {:?}", log.keys());
    let last = log.len() as u64;
    assert!(last >= acknowledged.own, "entry {} was acknowledged, {last} is the last there", acknowledged.own);
    for row_there in store.load_day(CHANNEL, DAY) {
        assert_eq!(row_there, row(row_there.device, row_there.seq));
    }
    let values: BTreeMap<_, _> = store.startup().values.into_iter().collect();
    for (name, value) in &acknowledged.values {
        let (there, value) = (values.get(name).expect(name), value);
        assert!(there >= value, "{name} is older than what was acknowledged");
    }
    assert!(store.notices.is_empty(), "{:?}", store.notices);
    last
}

fn rounds(name: &str, count: u64, unsynced: impl Fn(u64) -> Unsynced) {
    let disk = Disk::new(name);
    let (mut acknowledged, mut cuts) = (Acknowledged::default(), 0);
    for seed in 0..count {
        // From the first few changes to well past a copy of the log into the database.
        let length = 1 << (scatter(seed) % 13);
        disk.fail_after(1 + scatter(seed + 1_000) % length);
        if let Ok(mut store) = open(&disk) {
            let request = StoreRequest::Start;
            store.send(request);
            let last = match store.handle.replies.recv_blocking() {
                Ok(StoreReply::Started(startup)) => {
                    startup.content.iter().filter(|entry| entry.device == ME).map(|entry| entry.seq).max()
                }
                _ => None,
            };
            if let Some(last) = last.or((acknowledged.own == 0).then_some(0)) {
                write(&mut store, &mut acknowledged, last + 1, 60);
            }
            // Some are cut off while closing.
            store.handle.join();
        }
        cuts += 1;
        disk.power_cut(unsynced(seed));
        let mut store = open(&disk).unwrap_or_else(|error| panic!("round {seed}: {error}"));
        check(&mut store, &acknowledged);
        // Half the rounds begin with a log to recover, half with a clean file.
        if seed % 2 == 0 {
            store.handle.join();
        } else {
            disk.fail_after(1);
            store.handle.join();
            disk.power_cut(unsynced(seed));
        }
    }
    println!("{cuts} power cuts over {} changes, {} own entries acknowledged", disk.changes(), acknowledged.own);
    assert!(acknowledged.own > count, "most rounds must get to write");
}

#[test]
fn acknowledged_own_entries_survive_a_disk_that_drops_what_was_not_synced() {
    rounds("hearth-power-lost", 60, |_| Unsynced::Lost);
}

#[test]
fn acknowledged_own_entries_survive_a_disk_that_writes_sectors_as_it_likes() {
    rounds("hearth-power-chance", 60, Unsynced::ByChance);
}

/// Keeps the tests above honest: this disk does lose what nobody synced.
#[test]
fn fetched_entries_may_go_with_the_power_and_an_own_entry_behind_them_saves_them() {
    let disk = Disk::new("hearth-power-fetched");
    let mut store = open(&disk).unwrap();
    store.put_own(log(ME, 1..=1)).unwrap();
    store.put_fetched(log(THEY, 1..=3)).unwrap();
    disk.fail_after(1);
    store.handle.join();
    disk.power_cut(Unsynced::Lost);

    let mut store = open(&disk).unwrap();
    assert_eq!(store.load_day(CHANNEL, DAY), log(ME, 1..=1));
    store.put_fetched(log(THEY, 1..=3)).unwrap();
    store.put_own(log(ME, 2..=2)).unwrap();
    disk.fail_after(1);
    store.handle.join();
    disk.power_cut(Unsynced::Lost);

    assert_eq!(open(&disk).unwrap().load_day(CHANNEL, DAY).len(), 5);
}
