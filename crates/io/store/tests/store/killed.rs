//! The process is killed: what was acknowledged is there.

use crate::support::*;
use hearth_ports::{StoreReply, StoreRequest};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

const HOME: &str = "HEARTH_STORE_TEST_CHILD_HOME";
const MOMENTS: u64 = 20;

/// Not a test of its own: the process that is killed. Writes for ever and says what was acknowledged.
#[test]
fn child_that_writes() {
    let Some(home) = std::env::var_os(HOME) else { return };
    let mut store = Store::open(Path::new(&home));
    let mut own = own_log(&mut store).len() as u64;
    let mut fetched = store.startup().content.len() as u64 - own;
    loop {
        let count = 1 + scatter(own) % 5;
        (1..=count).for_each(|n| store.send(StoreRequest::PutOwn { token: own + n, rows: vec![row(ME, own + n)] }));
        store.send(StoreRequest::PutFetched { token: fetched + 3, rows: log(THEY, fetched + 1..=fetched + 3) });
        for _ in 0..count {
            match store.next() {
                StoreReply::Stored { token, .. } => println!("acknowledged own {token}"),
                other => panic!("{other:?}"),
            }
        }
        match store.next() {
            StoreReply::Stored { token, .. } => println!("acknowledged fetched {token}"),
            other => panic!("{other:?}"),
        }
        (own, fetched) = (own + count, fetched + 3);
    }
}

#[test]
fn what_was_acknowledged_survives_kill_minus_nine() {
    let home = tempfile::tempdir().unwrap();
    let (mut own, mut fetched) = (0, 0);
    for moment in 0..MOMENTS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed::child_that_writes", "--nocapture"])
            .env(HOME, home.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut left = scatter(moment) % 120;
        for line in lines {
            let line = line.unwrap();
            // The test runner's own words may stand before ours on the first line.
            if let Some((_, seq)) = line.rsplit_once("acknowledged own ") {
                own = seq.parse().unwrap();
            } else if let Some((_, seq)) = line.rsplit_once("acknowledged fetched ") {
                fetched = seq.parse().unwrap();
            }
            match left.checked_sub(1) {
                Some(fewer) => left = fewer,
                // Lines already said are still read to their end.
                None => drop(child.kill()),
            }
        }
        child.wait().unwrap();

        let mut store = Store::open(home.path());
        let there = own_log(&mut store);
        assert!(there.keys().copied().eq(1..=there.len() as u64), "moment {moment}: a gap");
        assert!(there.len() as u64 >= own, "moment {moment}: {own} acknowledged, {} there", there.len());
        let rows = store.load_day(CHANNEL, DAY);
        assert!(rows.iter().all(|there| *there == row(there.device, there.seq)));
        assert!((rows.len() - there.len()) as u64 >= fetched, "moment {moment}");
        let notices = if moment % 2 == 0 { store.close() } else { std::mem::take(&mut store.notices) };
        assert!(notices.is_empty(), "moment {moment}: {notices:?}");
    }
    assert!(own > MOMENTS, "the child must get to write");
}
