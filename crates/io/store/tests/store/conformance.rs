//! Every request, and what comes back.

use crate::support::*;
use hearth_ports::{PeerRecord, SpaceRecord, StoreFault, StoreReply, StoreRequest};
use hearth_store::{StoreConfig, StoreError};
use hearth_types::{ChannelId, Class, Day, DeviceId, EntryId, EpochId, Hlc, PeerKey, Scope, SpaceId, Target, limits};

#[test]
fn a_new_home_starts_empty() {
    let home = tempfile::tempdir().unwrap();
    let mut store = Store::open(home.path());
    assert_eq!(store.startup(), Default::default());
    assert!(store.close().is_empty());
}

#[test]
fn rows_come_back_as_they_went_in() {
    let home = tempfile::tempdir().unwrap();
    let mut rows = log(THEY, 1..=5);
    rows[0].scope = Scope::Control;
    rows[0].class = Class::Control;
    rows[1].body = None;
    rows[2].class = Class::Other(250);
    rows[3].hlc = Hlc(u64::MAX);
    rows[3].day = Day(u32::MAX);
    rows[3].seq = u64::MAX;
    rows[4].target = Some(Target { day: Day(u32::MAX), id: EntryId([0xff; 32]) });
    rows[4].body = Some(Vec::new());
    rows[4].envelope = Vec::new();
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let mut store = Store::open(home.path());
    assert_eq!(store.put_fetched(rows.clone()), Ok(5));
    assert_eq!(store.load_rows(ids.clone()), rows);
    assert!(store.close().is_empty());
    assert_eq!(Store::open(home.path()).load_rows(ids), rows);
}

#[test]
fn rows_are_found_by_id_in_the_order_asked_and_unknown_ids_are_left_out() {
    let home = tempfile::tempdir().unwrap();
    let mut store = Store::open(home.path());
    let rows = log(THEY, 1..=3);
    store.put_fetched(rows.clone()).unwrap();
    let asked = vec![rows[2].id, EntryId([9; 32]), rows[0].id];
    assert_eq!(store.load_rows(asked), [rows[2].clone(), rows[0].clone()]);
}

#[test]
fn every_request_with_a_token_is_answered_once_in_order() {
    let home = tempfile::tempdir().unwrap();
    let mut store = Store::open(home.path());
    let (space, scope, day) = (SPACE, CHANNEL, DAY);
    let requests = [
        StoreRequest::PutOwn { token: 10, rows: log(ME, 1..=1) },
        StoreRequest::PutPeer { record: peer(1) },
        StoreRequest::PutFetched { token: 11, rows: log(THEY, 1..=2) },
        StoreRequest::PutValue { token: None, name: "quiet".into(), value: None },
        StoreRequest::LoadDay { token: 12, space, scope, day },
        StoreRequest::ListDay { token: 13, space, scope, day },
        StoreRequest::LoadBefore { token: 14, space, scope, day, before: None, limit: 1, bytes: 1 },
        StoreRequest::LoadRows { token: 15, ids: vec![] },
        StoreRequest::PutSpace { token: 16, record: SpaceRecord { space, genesis: vec![1], joined: true } },
        StoreRequest::PutSecret { token: 17, space, epoch: EpochId([1; 32]), secret: [2; 32] },
        StoreRequest::PutValue { token: Some(18), name: "name".into(), value: Some(vec![3]) },
        StoreRequest::PutOwn { token: 19, rows: log(ME, 5..=5) },
        StoreRequest::PutOwn { token: 20, rows: vec![] },
    ];
    requests.into_iter().for_each(|request| store.send(request));
    for expected in 10..=20 {
        let token = match store.next() {
            StoreReply::Stored { token, .. } | StoreReply::Rows { token, .. } => token,
            StoreReply::Ids { token, .. } | StoreReply::Failed { token, .. } => token,
            other => panic!("{other:?}"),
        };
        assert_eq!(token, expected);
    }
    store.handle.requests.send_blocking(StoreRequest::Shutdown).unwrap();
    assert!(store.handle.replies.recv_blocking().is_err(), "nothing comes after the last answer");
}

#[test]
fn what_is_queued_when_the_handle_is_let_go_is_still_written() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(home.path());
    (1..=50).for_each(|seq| store.send(StoreRequest::PutOwn { token: seq, rows: log(ME, seq..=seq) }));
    store.handle.join();
    assert_eq!(own_log(&mut Store::open(home.path())).len(), 50);
}

// Own entries.

#[test]
fn an_own_entry_needs_its_predecessor() {
    let home = tempfile::tempdir().unwrap();
    let mut store = Store::open(home.path());
    assert_eq!(store.put_own(log(ME, 1..=3)), Ok(3));
    let refused = store.put_own(log(ME, 5..=6));
    assert!(matches!(&refused, Err(StoreFault::Failed(why)) if why.contains("entry 4 is not here")), "{refused:?}");
    assert_eq!(store.put_own(log(ME, 4..=6)), Ok(3));
    let mut elsewhere = row(ME, 7);
    elsewhere.space = SpaceId([1; 32]);
    assert!(store.put_own(vec![elsewhere]).is_err(), "a log of another space is another log");
    assert!(store.put_own(vec![row(ME, 0)]).is_err(), "a log starts at 1");
}

#[test]
fn a_request_with_one_bad_row_leaves_nothing_behind() {
    let home = tempfile::tempdir().unwrap();
    let mut store = Store::open(home.path());
    let mut rows = log(ME, 1..=3);
    rows.push(row(ME, 9));
    assert!(store.put_own(rows).is_err());
    assert!(store.list_day(CHANNEL, DAY).is_empty());
    assert_eq!(store.put_own(log(ME, 1..=3)), Ok(3));
}

#[test]
fn an_own_log_cannot_fork() {
    let home = tempfile::tempdir().unwrap();
    let mut store = Store::open(home.path());
    store.put_own(log(ME, 1..=2)).unwrap();
    let mut other = row(ME, 2);
    other.id = EntryId([0xee; 32]);
    assert!(store.put_own(vec![other.clone()]).is_err());
    let mut third = row(ME, 3);
    third.id = EntryId([0xdd; 32]);
    assert!(store.put_own(vec![row(ME, 3), third]).is_err(), "nor within one request");
    assert_eq!(store.put_own(log(ME, 1..=3)), Ok(1), "the same entries again are no fork");
    assert_eq!(store.put_fetched(vec![other]), Ok(1), "a fork that others hold is kept");
}

#[test]
fn appends_that_share_a_flush_stand_or_fall_alone() {
    let home = tempfile::tempdir().unwrap();
    let mut store = Store::open(home.path());
    let requests = [1..=2, 3..=3, 9..=9, 4..=4, 10..=10, 5..=6];
    for (token, seqs) in (0..).zip(requests) {
        store.send(StoreRequest::PutOwn { token, rows: log(ME, seqs) });
    }
    let answers: Vec<_> = (0..6).map(|_| stored(store.next()).ok()).collect();
    assert_eq!(answers, [Some(2), Some(1), None, Some(1), None, Some(2)]);
    assert_eq!(own_log(&mut store).into_keys().collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn what_follows_a_failed_append_fails_too() {
    let home = tempfile::tempdir().unwrap();
    let mut store = Store::open(home.path());
    for (token, seq) in [(1, 1), (2, 3), (3, 4), (4, 5)] {
        store.send(StoreRequest::PutOwn { token, rows: vec![row(ME, seq)] });
    }
    let answers: Vec<_> = (0..4).map(|_| stored(store.next()).is_ok()).collect();
    assert_eq!(answers, [true, false, false, false]);
}

#[test]
fn a_group_longer_than_the_limit_is_answered_whole() {
    let home = tempfile::tempdir().unwrap();
    let mut store = Store::open(home.path());
    let count = limits::STORE_GROUP as u64 * 2 + 1;
    (1..=count).for_each(|seq| store.send(StoreRequest::PutOwn { token: seq, rows: vec![row(ME, seq)] }));
    for seq in 1..=count {
        assert_eq!(store.next(), StoreReply::Stored { token: seq, new: 1 });
    }
}

// Fetched entries.

#[test]
fn batches_that_share_a_transaction_are_counted_alone() {
    let home = tempfile::tempdir().unwrap();
    let mut store = Store::open(home.path());
    let count = limits::STORE_GROUP_ROWS as u64 / 1_000 + 3;
    let batch = |n: u64| log(THEY, n * 1_000 + 1..=n * 1_000 + 1_100);
    (0..count).for_each(|n| store.send(StoreRequest::PutFetched { token: n, rows: batch(n) }));
    store.send(StoreRequest::PutOwn { token: 99, rows: log(ME, 1..=1) });
    for token in 0..count {
        // Each batch begins with a hundred rows that the one before it brought.
        assert_eq!(store.next(), StoreReply::Stored { token, new: if token == 0 { 1_100 } else { 1_000 } });
    }
    assert_eq!(store.next(), StoreReply::Stored { token: 99, new: 1 });
}

#[test]
fn rows_already_here_are_skipped_and_not_counted() {
    let home = tempfile::tempdir().unwrap();
    let mut store = Store::open(home.path());
    assert_eq!(store.put_fetched(log(THEY, 1..=3)), Ok(3));
    assert_eq!(store.put_fetched(log(THEY, 2..=5)), Ok(2));
    assert_eq!(store.put_fetched(log(THEY, 7..=7)), Ok(1), "gaps are for fetched rows");
    assert_eq!(store.put_fetched([log(THEY, 8..=8), log(THEY, 8..=8)].concat()), Ok(1));
}

#[test]
fn a_missing_body_is_filled_in_and_a_present_one_is_kept() {
    let home = tempfile::tempdir().unwrap();
    let mut store = Store::open(home.path());
    let (full, mut bare, mut other) = (row(THEY, 1), row(THEY, 1), row(THEY, 1));
    bare.body = None;
    other.body = Some(b"something else".to_vec());
    assert_eq!(store.put_fetched(vec![bare.clone()]), Ok(1));
    assert_eq!(store.load_rows(vec![full.id]), [bare.clone()]);
    assert_eq!(store.put_fetched(vec![full.clone()]), Ok(0));
    assert_eq!(store.load_rows(vec![full.id]), std::slice::from_ref(&full));
    assert_eq!(store.put_fetched(vec![bare, other]), Ok(0));
    assert_eq!(store.load_rows(vec![full.id]), [full]);
}

// Days.

#[test]
fn a_day_comes_by_stamp_then_id_with_its_amendments_of_later_days() {
    let home = tempfile::tempdir().unwrap();
    let mut store = Store::open(home.path());
    let (first, second) = (row(THEY, 1), row(THEY, 2));
    let mut twin = row(ME, 1);
    twin.hlc = first.hlc;
    let same_day = amending(row(THEY, 3), &first);
    let next_day = amending(on_day(row(THEY, 4), Day(DAY.0 + 1)), &first);
    let plain_next_day = on_day(row(THEY, 5), Day(DAY.0 + 1));
    let mut elsewhere = row(THEY, 6);
    elsewhere.scope = Scope::Channel(ChannelId([0xaa; 32]));
    let all = [&first, &second, &twin, &same_day, &next_day, &plain_next_day, &elsewhere].map(Clone::clone);
    store.put_fetched(all.to_vec()).unwrap();

    let mut day = vec![first.clone(), twin, second, same_day, next_day.clone()];
    day.sort_by_key(|row| (row.hlc, row.id));
    assert_eq!(store.load_day(CHANNEL, DAY), day);
    assert_eq!(store.list_day(CHANNEL, DAY), keys(&day));
    assert_eq!(store.load_day(CHANNEL, Day(DAY.0 + 1)), [next_day, plain_next_day]);
    assert_eq!(store.load_day(elsewhere.scope, DAY), [elsewhere]);
    assert!(store.load_day(Scope::Control, DAY).is_empty());
    assert!(store.load_day(CHANNEL, Day(0)).is_empty());
}

#[test]
fn pages_run_newest_first_through_rows_and_amendments_without_gap_or_repeat() {
    let home = tempfile::tempdir().unwrap();
    let mut store = Store::open(home.path());
    let mut rows = log(THEY, 1..=40);
    for at in 20..30 {
        rows[at] = amending(on_day(rows[at].clone(), Day(DAY.0 + at as u32 % 3)), &rows[0].clone());
    }
    (30..34).for_each(|at| rows[at].hlc = rows[30].hlc);
    store.put_fetched(rows).unwrap();
    let mut expected = store.load_day(CHANNEL, DAY);
    expected.reverse();
    assert_eq!(expected.len(), 40);

    for limit in [1, 7, 39, 40, 41] {
        let (mut paged, mut before) = (Vec::new(), None);
        loop {
            let (rows, more) = store.load_before(before, limit, usize::MAX);
            assert_eq!(rows.len(), limit.min(40 - paged.len()), "limit {limit}");
            before = rows.last().map(|row| (row.hlc, row.id));
            paged.extend(rows);
            assert_eq!(more, paged.len() < 40);
            if !more {
                break;
            }
        }
        assert_eq!(paged, expected, "limit {limit}");
    }
}

#[test]
fn a_page_ends_at_its_byte_limit_and_still_moves_on() {
    let home = tempfile::tempdir().unwrap();
    let mut store = Store::open(home.path());
    store.put_fetched(log(THEY, 1..=9)).unwrap();
    let one = row(THEY, 9);
    let bytes = one.envelope.len() + 64 + one.body.unwrap().len();
    assert_eq!(seqs(&store.load_before(None, 100, bytes * 3)), (vec![9, 8, 7], true));
    assert_eq!(seqs(&store.load_before(None, 100, bytes * 3 - 1)), (vec![9, 8], true));
    assert_eq!(seqs(&store.load_before(None, 100, 0)), (vec![9], true));
    assert_eq!(seqs(&store.load_before(None, 0, 0)), (vec![], true));
    assert_eq!(seqs(&store.load_before(Some((row(THEY, 1).hlc, EntryId([0; 32]))), 9, 0)), (vec![], false));
}

fn seqs((rows, more): &(Vec<hearth_types::EntryRow>, bool)) -> (Vec<u64>, bool) {
    (rows.iter().map(|row| row.seq).collect(), *more)
}

#[test]
fn more_channels_days_and_authors_than_are_held_open_are_all_told_apart() {
    let home = tempfile::tempdir().unwrap();
    let mut store = Store::open(home.path());
    let count = limits::STORE_OPEN_KEYS as u64 * 2 + 10;
    let number = |n: u64| std::array::from_fn(|at| n.to_be_bytes()[at % 8]);
    let one = |n: u64| {
        let mut one = on_day(row(DeviceId(number(n)), 1), Day(n as u32));
        one.scope = Scope::Channel(ChannelId(number(n + 1)));
        one
    };
    let rows: Vec<_> = (1..=count).map(one).collect();
    assert_eq!(store.put_fetched(rows.clone()), Ok(rows.len()));
    for row in rows {
        assert_eq!(store.load_day(row.scope, row.day), [row]);
    }
}

#[test]
fn full_queues_hold_the_sender_back_and_lose_nothing() {
    let home = tempfile::tempdir().unwrap();
    let mut store = Store::open(home.path());
    // Nobody reads: the answers fill up, then the store stands still, then the requests fill up.
    let mut sent = 0;
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !(store.handle.replies.is_full() && store.handle.requests.is_full()) {
        let request = StoreRequest::PutOwn { token: sent + 1, rows: vec![row(ME, sent + 1)] };
        if store.handle.requests.try_send(request).is_ok() {
            sent += 1;
        } else {
            std::thread::yield_now();
        }
        assert!(std::time::Instant::now() < deadline, "{sent} sent");
    }
    assert!(sent as usize >= limits::STORE_QUEUE * 2);
    for token in 1..=sent {
        assert_eq!(store.next(), StoreReply::Stored { token, new: 1 });
    }
}

// Start.

#[test]
fn start_gives_control_rows_whole_and_summaries_of_the_rest() {
    let home = tempfile::tempdir().unwrap();
    let mut store = Store::open(home.path());
    let mut rows = log(THEY, 1..=30);
    for row in &mut rows[..10] {
        row.scope = Scope::Control;
        row.class = Class::Control;
    }
    for row in &mut rows[5..25] {
        row.space = SpaceId([row.seq as u8 % 3; 32]);
        row.hlc = Hlc(row.hlc.0 ^ (row.seq << 5));
    }
    rows[20] = amending(rows[20].clone(), &rows[19].clone());
    let mut control: Vec<_> = rows[..10].to_vec();
    let mut content: Vec<_> = rows[10..].to_vec();
    rows.reverse();
    store.put_fetched(rows).unwrap();

    control.sort_by_key(|row| (row.space, row.hlc, row.id));
    content.sort_by_key(|row| (row.space, row.hlc, row.id));
    let startup = store.startup();
    assert_eq!(startup.control, control);
    assert_eq!(startup.content.len(), content.len());
    for (summary, row) in startup.content.iter().zip(&content) {
        assert_eq!((summary.id, summary.space, summary.device), (row.id, row.space, row.device));
        assert_eq!((summary.seq, summary.hlc, summary.scope), (row.seq, row.hlc, row.scope));
        assert_eq!(summary.target, row.target);
    }
}

#[test]
fn spaces_secrets_and_values_are_remembered() {
    let home = tempfile::tempdir().unwrap();
    let mut store = Store::open(home.path());
    let mut space = SpaceRecord { space: SPACE, genesis: b"genesis".to_vec(), joined: true };
    let put = |record: &SpaceRecord| StoreRequest::PutSpace { token: 1, record: record.clone() };
    assert_eq!(stored(store.ask(put(&space))), Ok(1));
    space.joined = false;
    assert_eq!(stored(store.ask(put(&space))), Ok(0));
    let epoch = EpochId([5; 32]);
    let secret = |secret| StoreRequest::PutSecret { token: 1, space: SPACE, epoch, secret };
    assert_eq!(stored(store.ask(secret([6; 32]))), Ok(1));
    assert_eq!(stored(store.ask(secret([7; 32]))), Ok(0));
    assert_eq!(store.put_value("read", Some(b"one")), Ok(1));
    assert_eq!(store.put_value("read", Some(b"two")), Ok(0));
    assert_eq!(store.put_value("gone", Some(b"three")), Ok(1));
    assert_eq!(store.put_value("gone", None), Ok(0));
    store.send(StoreRequest::PutValue { token: None, name: "quiet".into(), value: Some(vec![]) });
    store.close();

    let startup = Store::open(home.path()).startup();
    assert_eq!(startup.spaces, [space]);
    assert_eq!(startup.secrets, [(SPACE, epoch, [7; 32])]);
    assert_eq!(startup.values, [("quiet".into(), vec![]), ("read".into(), b"two".to_vec())]);
}

fn peer(n: usize) -> PeerRecord {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&n.to_be_bytes());
    PeerRecord {
        peer: PeerKey(key),
        addresses: vec![format!("/ip4/10.0.0.{n}/udp/4001/quic-v1"), String::new()],
        device: n.is_multiple_of(2).then_some(DeviceId(key)),
        last_seen_ms: n as u64,
    }
}

#[test]
fn the_peer_book_keeps_the_latest_and_forgets_the_longest_unseen() {
    let home = tempfile::tempdir().unwrap();
    let mut store = Store::open(home.path());
    let count = limits::PEER_BOOK + 3;
    (0..count).for_each(|n| store.send(StoreRequest::PutPeer { record: peer(n) }));
    let mut back = peer(3);
    back.last_seen_ms = 1 << 40;
    back.addresses = (0..limits::PEER_ADDRESSES + 2).map(|n| format!("/dns4/host-{n}/tcp/1")).collect();
    store.send(StoreRequest::PutPeer { record: back.clone() });
    back.addresses.truncate(limits::PEER_ADDRESSES);

    let peers = store.startup().peers;
    assert_eq!(peers.len(), limits::PEER_BOOK);
    assert_eq!(peers[0], back);
    assert_eq!(peers[1], peer(count - 1));
    assert_eq!(peers.last(), Some(&peer(4)));
}

// Opening.

#[test]
fn another_key_is_refused_and_changes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let mut store = Store::open(home.path());
    store.put_own(log(ME, 1..=1)).unwrap();
    store.close();
    let mut config = StoreConfig::new(home.path().join("hearth.db"), hearth_store::Secret32::new([1; 32]));
    assert_eq!(Store::try_open(config.clone()).err(), Some(StoreError::WrongKey));
    config.key = key();
    assert_eq!(own_log(&mut Store::try_open(config).unwrap()).len(), 1);
}

#[test]
fn a_database_in_use_is_refused_at_once() {
    let home = tempfile::tempdir().unwrap();
    let mut store = Store::open(home.path());
    store.startup();
    let second = Store::try_open(StoreConfig::new(home.path().join("hearth.db"), key()));
    assert_eq!(second.err(), Some(StoreError::InUse));
}

#[test]
fn a_database_of_a_newer_hearth_is_refused_and_left_as_it_is() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("hearth.db");
    Store::open(home.path()).close();
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.execute("INSERT INTO migrations VALUES (99, 'of the future')", []).unwrap();
    newer.close().unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = Store::try_open(StoreConfig::new(&path, key())).err().unwrap();
    assert_eq!(error, StoreError::Newer { found: 99, known: 1 });
    assert!(error.to_string().contains("Update Hearth"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn the_database_and_its_log_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let mut store = Store::open(home.path());
    store.put_own(log(ME, 1..=1)).unwrap();
    for name in ["hearth.db", "hearth.db-wal"] {
        let mode = std::fs::metadata(home.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}
