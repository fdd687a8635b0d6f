//! What is sealed never lies in a file in the clear.

use crate::support::*;
use hearth_ports::{PeerRecord, StoreRequest};
use hearth_types::{EpochId, PeerKey};
use std::{fs, path::Path};

const WORDS: &[u8] = b"the quick brown fox wrote this body";
const SECRET: [u8; 32] = *b"an epoch secret of 32 bytes long";
const VALUE: &[u8] = b"a value of the kernel, read to here";
const ADDRESS: &str = "/dns4/where-i-live.example/tcp/4001";

fn assert_nowhere(home: &Path, when: &str) {
    let mut bytes_seen = 0;
    for file in fs::read_dir(home).unwrap() {
        let path = file.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        bytes_seen += bytes.len();
        for plain in [WORDS, &SECRET, VALUE, ADDRESS.as_bytes(), key().expose()] {
            let found = bytes.windows(plain.len()).any(|window| window == plain);
            assert!(!found, "{when}: {:?} in {}", String::from_utf8_lossy(plain), path.display());
        }
    }
    assert!(bytes_seen > 10_000, "{when}: there must be something to look at");
}

#[test]
fn bodies_secrets_values_and_addresses_never_lie_in_the_clear() {
    let home = tempfile::tempdir().unwrap();
    let mut store = Store::open(home.path());
    let mut mine = row(ME, 1);
    mine.body = Some(WORDS.to_vec());
    let mut theirs = row(THEY, 1);
    theirs.body = Some(WORDS.to_vec());
    store.put_own(vec![mine.clone()]).unwrap();
    store.put_fetched(vec![theirs]).unwrap();
    let epoch = EpochId([1; 32]);
    stored(store.ask(StoreRequest::PutSecret { token: 1, space: SPACE, epoch, secret: SECRET })).unwrap();
    store.put_value("read", Some(VALUE)).unwrap();
    let peer = PeerRecord { peer: PeerKey([1; 32]), addresses: vec![ADDRESS.into()], device: None, last_seen_ms: 1 };
    store.send(StoreRequest::PutPeer { record: peer });
    // The row's own clear part is there, so the search does look where the rows are.
    store.load_rows(vec![mine.id]);
    let log = fs::read(home.path().join("hearth.db-wal")).unwrap();
    assert!(log.windows(mine.envelope.len()).any(|window| window == mine.envelope));
    assert_nowhere(home.path(), "while open");

    store.put_value("read", None).unwrap();
    store.close();
    assert_nowhere(home.path(), "closed");
    assert_eq!(Store::open(home.path()).load_rows(vec![mine.id]), [mine]);
}

#[test]
fn a_body_moved_to_another_row_does_not_open_and_is_fetched_again() {
    let home = tempfile::tempdir().unwrap();
    let mut store = Store::open(home.path());
    let rows = log(THEY, 1..=3);
    store.put_fetched(rows.clone()).unwrap();
    store.close();
    let conn = rusqlite::Connection::open(home.path().join("hearth.db")).unwrap();
    let (one, two) = (rows[0].id.0, rows[1].id.0);
    conn.execute("UPDATE entries SET body = (SELECT body FROM entries WHERE id = ?2) WHERE id = ?1", (one, two))
        .unwrap();
    conn.close().unwrap();

    let mut store = Store::open(home.path());
    let mut without = rows.clone();
    without[0].body = None;
    assert_eq!(store.load_day(CHANNEL, DAY), without);
    assert_eq!(store.load_day(CHANNEL, DAY), without);
    assert_eq!(store.notices.len(), 1, "said once: {:?}", store.notices);
    assert_eq!(store.put_fetched(rows.clone()), Ok(0));
    assert_eq!(store.load_day(CHANNEL, DAY), rows);
}
