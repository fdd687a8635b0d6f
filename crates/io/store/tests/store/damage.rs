//! A damaged file: set aside, told, and what can be read of it kept.

use crate::support::*;
use hearth_ports::{SpaceRecord, StoreRequest};
use hearth_store::StoreConfig;
use hearth_types::{EntryRow, EpochId, Scope};
use std::{collections::BTreeMap, fs, path::Path};

const ROWS: u64 = 2_000;

/// A closed database with some of everything.
fn database() -> Vec<u8> {
    let home = tempfile::tempdir().unwrap();
    let mut store = Store::open(home.path());
    let record = SpaceRecord { space: SPACE, genesis: vec![1, 2, 3], joined: true };
    stored(store.ask(StoreRequest::PutSpace { token: 1, record })).unwrap();
    let epoch = EpochId([1; 32]);
    stored(store.ask(StoreRequest::PutSecret { token: 1, space: SPACE, epoch, secret: [2; 32] })).unwrap();
    store.put_value("read", Some(b"here")).unwrap();
    store.put_fetched(all_rows()).unwrap();
    store.close();
    fs::read(home.path().join("hearth.db")).unwrap()
}

fn all_rows() -> Vec<EntryRow> {
    let mut rows = log(THEY, 1..=ROWS);
    rows.iter_mut().step_by(10).for_each(|row| row.scope = Scope::Control);
    rows
}

/// Opens a home with this database in it: what was kept is true, and the store works on. Answers the count kept.
fn opens_with(bytes: &[u8], what: &str) -> (usize, Vec<String>) {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("hearth.db"), bytes).unwrap();
    let mut store = Store::open(home.path());
    let true_rows: BTreeMap<_, _> = all_rows().into_iter().map(|row| (row.id, row)).collect();
    let startup = store.startup();
    let kept = startup.control.len() + startup.content.len();
    let ids = startup.control.iter().map(|row| row.id).chain(startup.content.iter().map(|entry| entry.id)).collect();
    for row in store.load_rows(ids) {
        let mut expected = true_rows[&row.id].clone();
        if row.body.is_none() {
            expected.body = None;
        }
        assert_eq!(row, expected, "{what}");
    }
    let told = store.notices.len();
    store.put_fetched(all_rows()).unwrap();
    store.put_own(log(ME, 1..=3)).unwrap();
    assert_eq!(store.load_day(Scope::Control, DAY).len(), ROWS as usize / 10, "{what}");
    assert_eq!(store.load_day(CHANNEL, DAY).len(), ROWS as usize * 9 / 10 + 3, "{what}");
    store.close();

    let aside = home.path().join("hearth.db.damaged-1");
    assert_eq!(aside.exists(), told > 0 && !bytes.is_empty(), "{what}");
    if aside.exists() {
        assert_eq!(fs::read(aside).unwrap(), bytes, "{what}: the damaged file is kept as it was");
    }
    let mut again = Store::open(home.path());
    assert_eq!(again.startup().content.len(), ROWS as usize * 9 / 10 + 3, "{what}");
    let later = again.close();
    assert!(later.is_empty(), "{what}: {later:?}");
    (kept, store_notices(told, startup.spaces.len()))
}

/// One line for each notice, and how many spaces were kept, for the assertions below.
fn store_notices(told: usize, spaces: usize) -> Vec<String> {
    (0..told).map(|_| format!("{spaces} spaces")).collect()
}

#[test]
fn a_truncated_database_is_set_aside_and_what_is_readable_is_kept() {
    let whole = database();
    assert_eq!(opens_with(&whole, "whole"), (ROWS as usize, vec![]));
    let mut last = 0;
    for cut in
        [0, 1, 99, 100, 4_095, 4_096, 8_192, whole.len() / 4, whole.len() / 2, whole.len() * 3 / 4, whole.len() - 4_096]
    {
        let (kept, told) = opens_with(&whole[..cut], &format!("cut to {cut} of {}", whole.len()));
        assert_eq!(told.len(), 1, "cut to {cut}");
        println!("cut to {cut} of {}: {kept} of {ROWS} kept", whole.len());
        assert!(kept >= last, "cut to {cut}: {kept}");
        last = kept;
    }
    assert!(last as u64 > ROWS * 9 / 10, "nearly everything is readable in all but the last page: {last}");
    // A last page that is cut short is read as if zeros followed: either that does no harm or it is told.
    let (kept, told) = opens_with(&whole[..whole.len() - 1], "cut by one byte");
    assert!(kept as u64 == ROWS || told.len() == 1, "{kept} {told:?}");
    let (half, told) = opens_with(&whole[..whole.len() / 2], "half");
    assert!(half as u64 > ROWS / 4, "{half} of {ROWS} from half the file");
    assert_eq!(told, ["1 spaces"]);
}

#[test]
fn a_scribbled_database_is_set_aside_and_what_is_readable_is_kept() {
    let whole = database();
    for (at, len) in [(0, 16), (0, 4_096), (whole.len() / 3, 4_096), (whole.len() / 2, 40_000), (4_096 * 9 + 100, 8)] {
        let mut bytes = whole.clone();
        bytes[at..at + len].fill(0xa5);
        let (kept, told) = opens_with(&bytes, &format!("{len} bytes at {at}"));
        println!("{len} bytes scribbled over at {at}: {kept} of {ROWS} kept, {} told", told.len());
        assert!(kept as u64 > ROWS / 2, "{len} bytes at {at}: {kept}");
    }
    let (kept, told) = opens_with(&b"this is no database at all. ".repeat(1_000), "text");
    assert_eq!((kept, told.len()), (0, 1));
}

#[test]
fn damage_in_a_large_file_is_found_at_start_and_repaired_on_the_spot() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("hearth.db");
    let mut store = Store::open(home.path());
    let mut rows = log(THEY, 1..=3_000);
    rows.iter_mut().for_each(|row| row.body = Some(vec![1; 16_000]));
    rows.chunks(500).for_each(|rows| assert_eq!(store.put_fetched(rows.to_vec()), Ok(500)));
    store.close();
    let mut bytes = fs::read(&path).unwrap();
    assert!(bytes.len() > 40 * 1024 * 1024, "larger than what is checked at every start");
    // Every page of the index that a start walks.
    let conn = rusqlite::Connection::open(&path).unwrap();
    let root: i64 = conn
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'entries_by_day'", [], |row| row.get(0))
        .unwrap();
    conn.close().unwrap();
    bytes[(root as usize - 1) * 4_096..][..4_096].fill(0xa5);
    fs::write(&path, bytes).unwrap();

    let mut store = Store::open(home.path());
    assert_eq!(store.startup().content.len(), 3_000);
    assert_eq!(store.notices.len(), 1, "{:?}", store.notices);
    assert!(store.notices[0].contains("3000 entries could be read"), "{:?}", store.notices);
    assert!(home.path().join("hearth.db.damaged-1").exists());
    assert!(store.close().len() == 1);
}

#[test]
fn each_damaged_file_gets_a_name_of_its_own() {
    let home = tempfile::tempdir().unwrap();
    for n in 1..=3 {
        fs::write(home.path().join("hearth.db"), format!("damage {n} ").repeat(900)).unwrap();
        let mut store = Store::open(home.path());
        store.startup();
        assert!(store.notices[0].contains(&format!("hearth.db.damaged-{n}")), "{:?}", store.notices);
        store.close();
        let kept = fs::read_to_string(home.path().join(format!("hearth.db.damaged-{n}"))).unwrap();
        assert!(kept.starts_with(&format!("damage {n} ")));
    }
}

#[test]
fn a_repair_cut_short_is_finished_or_begun_again() {
    let home = tempfile::tempdir().unwrap();
    let (path, rebuilt) = (home.path().join("hearth.db"), home.path().join("hearth.db.rebuilt"));
    // Cut after the damaged file was moved away: the rebuilt one is whole.
    fs::write(&rebuilt, database()).unwrap();
    let mut store = Store::open(home.path());
    assert_eq!(store.startup().control.len() as u64, ROWS / 10);
    assert!(store.close().is_empty());
    assert!(!rebuilt.exists());
    // Cut before that: the rebuilt one may be half.
    fs::write(&rebuilt, b"half").unwrap();
    assert_eq!(Store::open(home.path()).startup().control.len() as u64, ROWS / 10);
    assert!(path.exists() && !rebuilt.exists());
}

/// Copies database and log as a crash would leave them, with the log cut or scribbled over.
fn with_log(from: &Path, change: impl Fn(Vec<u8>) -> Vec<u8>) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    fs::copy(from.join("hearth.db"), to.path().join("hearth.db")).unwrap();
    fs::write(to.path().join("hearth.db-wal"), change(fs::read(from.join("hearth.db-wal")).unwrap())).unwrap();
    to
}

#[test]
fn a_torn_log_loses_its_tail_and_nothing_else() {
    let home = tempfile::tempdir().unwrap();
    let mut store = Store::open(home.path());
    store.put_own(log(ME, 1..=20)).unwrap();
    store.close();
    let mut store = Store::open(home.path());
    (21..=60).for_each(|seq| assert_eq!(store.put_own(vec![row(ME, seq)]), Ok(1)));
    let length = fs::metadata(home.path().join("hearth.db-wal")).unwrap().len() as usize;

    for cut in (0..=length).step_by(length / 37) {
        let torn = with_log(home.path(), |log| log[..cut].to_vec());
        let scribbled = with_log(home.path(), |mut log| {
            log[cut..].fill(0x5a);
            log
        });
        for copy in [torn, scribbled] {
            let mut store = Store::open(copy.path());
            let there = own_log(&mut store);
            assert!(there.keys().copied().eq(1..=there.len() as u64) && there.len() >= 20, "{cut}: {}", there.len());
            assert!(store.load_day(CHANNEL, DAY).iter().all(|there| *there == row(ME, there.seq)));
            assert!(store.close().is_empty(), "nothing was damaged");
        }
    }
    let behind = with_log(home.path(), |log| [log, vec![0x5a; 5_000]].concat());
    assert_eq!(own_log(&mut Store::open(behind.path())).len(), 60);
}

#[test]
fn damage_does_not_let_another_key_in() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("hearth.db");
    let whole = database();
    fs::write(&path, &whole[..whole.len() - 4_096]).unwrap();
    let config = StoreConfig::new(&path, hearth_store::Secret32::new([9; 32]));
    assert_eq!(Store::try_open(config).err(), Some(hearth_store::StoreError::WrongKey));
}
