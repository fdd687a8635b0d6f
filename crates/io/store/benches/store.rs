//! What the disk costs. `cargo bench -p hearth-store`.
#![allow(clippy::unwrap_used, clippy::panic)]

use divan::{Bencher, counter::ItemsCount};
use hearth_ports::{StoreReply, StoreRequest};
use hearth_store::{Secret32, StoreConfig, StoreHandle, start};
use hearth_types::{ChannelId, Class, Day, DeviceId, EntryId, EntryRow, Hlc, Scope, SpaceId, limits, time::DAY_MS};

const SPACE: SpaceId = SpaceId([1; 32]);
const SCOPE: Scope = Scope::Channel(ChannelId([2; 32]));

fn main() {
    divan::main();
}

fn open(home: &tempfile::TempDir) -> StoreHandle {
    start(StoreConfig::new(home.path().join("hearth.db"), Secret32::new([7; 32]))).unwrap()
}

/// Entry `seq` of one of fifty devices, `per_day` of them on each day, with ids spread as hashes are.
fn row(device: u8, seq: u64, n: u64, per_day: u64) -> EntryRow {
    let mut id = [device; 32];
    for (at, byte) in id.iter_mut().enumerate().take(16) {
        *byte = (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (n << 7)).rotate_left(at as u32 * 11) as u8;
    }
    id[16..24].copy_from_slice(&n.to_be_bytes());
    let hlc = Hlc::from_ms((20_000 + n / per_day) * DAY_MS + n % per_day);
    EntryRow {
        id: EntryId(id),
        space: SPACE,
        device: DeviceId([device; 32]),
        seq,
        hlc,
        scope: SCOPE,
        day: hlc.day(),
        target: None,
        class: Class::Message,
        envelope: vec![3; 280],
        signature: [4; 64],
        body: Some(vec![5; 150]),
    }
}

fn rows(count: u64, per_day: u64) -> Vec<EntryRow> {
    (0..count).map(|n| row((n % 50) as u8, n / 50 + 1, n, per_day)).collect()
}

fn put(store: &StoreHandle, batches: Vec<Vec<EntryRow>>) {
    let count = batches.len();
    for (token, rows) in (0..).zip(batches) {
        store.requests.send_blocking(StoreRequest::PutFetched { token, rows }).unwrap();
    }
    (0..count).for_each(|_| stored(store));
}

fn stored(store: &StoreHandle) {
    match store.replies.recv_blocking().unwrap() {
        StoreReply::Stored { .. } => {}
        other => panic!("{other:?}"),
    }
}

fn batches(rows: &[EntryRow]) -> Vec<Vec<EntryRow>> {
    rows.chunks(limits::SYNC_BATCH_ENTRIES).map(<[_]>::to_vec).collect()
}

/// One own entry, on the disk before the answer.
#[divan::bench(sample_count = 500, sample_size = 1)]
fn put_own(bencher: Bencher) {
    let home = tempfile::tempdir().unwrap();
    let store = open(&home);
    let mut seq = 0;
    bencher
        .with_inputs(|| {
            seq += 1;
            vec![row(0, seq, seq, 10_000)]
        })
        .bench_local_values(|rows| {
            store.requests.send_blocking(StoreRequest::PutOwn { token: 0, rows }).unwrap();
            stored(&store);
        });
    store.join();
}

/// A hundred own entries queued at once, which share flushes.
#[divan::bench(sample_count = 50, sample_size = 1)]
fn put_own_queued(bencher: Bencher) {
    let home = tempfile::tempdir().unwrap();
    let store = open(&home);
    let mut seq = 0;
    bencher
        .counter(ItemsCount::new(100_u32))
        .with_inputs(|| {
            let rows: Vec<_> = (seq + 1..=seq + 100).map(|seq| vec![row(0, seq, seq, 10_000)]).collect();
            seq += 100;
            rows
        })
        .bench_local_values(|requests| {
            for rows in requests {
                store.requests.send_blocking(StoreRequest::PutOwn { token: 0, rows }).unwrap();
            }
            (0..100).for_each(|_| stored(&store));
        });
    store.join();
}

/// Others' entries into an empty database, in batches as they come over a link.
#[divan::bench(args = [50_000, 100_000], sample_count = 5, sample_size = 1)]
fn put_fetched(bencher: Bencher, count: u64) {
    let rows = rows(count, 5_000);
    bencher
        .counter(ItemsCount::new(count))
        .with_inputs(|| {
            let home = tempfile::tempdir().unwrap();
            (open(&home), home, batches(&rows))
        })
        .bench_local_refs(|(store, _, batches)| put(store, std::mem::take(batches)));
}

fn filled(count: u64) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let store = open(&home);
    put(&store, batches(&rows(count, 5_000)));
    store.join();
    home
}

/// A day of 5,000 messages among 100,000, bodies opened.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn load_day_of_5_000(bencher: Bencher) {
    let home = filled(100_000);
    let store = open(&home);
    bencher.counter(ItemsCount::new(5_000_u32)).bench_local(|| {
        let request = StoreRequest::LoadDay { token: 0, space: SPACE, scope: SCOPE, day: Day(20_007) };
        store.requests.send_blocking(request).unwrap();
        match store.replies.recv_blocking().unwrap() {
            StoreReply::Rows { rows, .. } => assert_eq!(rows.len(), 5_000),
            other => panic!("{other:?}"),
        }
    });
    store.join();
}

/// The newest hundred of a day, as a window opens.
#[divan::bench(sample_count = 100, sample_size = 1)]
fn load_newest_100(bencher: Bencher) {
    let home = filled(100_000);
    let store = open(&home);
    bencher.bench_local(|| {
        let (day, before, limit, bytes) = (Day(20_019), None, 100, usize::MAX);
        let request = StoreRequest::LoadBefore { token: 0, space: SPACE, scope: SCOPE, day, before, limit, bytes };
        store.requests.send_blocking(request).unwrap();
        match store.replies.recv_blocking().unwrap() {
            StoreReply::Rows { rows, .. } => assert_eq!(rows.len(), 100),
            other => panic!("{other:?}"),
        }
    });
    store.join();
}

/// From a closed file of 100,000 messages to the kernel's start: open, checks, `Start`.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn start_with_100_000(bencher: Bencher) {
    starts(bencher, |_| {});
}

/// The same after a crash, with every page looked at first.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn start_with_100_000_checked(bencher: Bencher) {
    starts(bencher, |home| std::fs::write(home.path().join("hearth.db.check"), b"").unwrap());
}

fn starts(bencher: Bencher, prepare: impl Fn(&tempfile::TempDir)) {
    let home = filled(100_000);
    println!("database of {} MB", std::fs::metadata(home.path().join("hearth.db")).unwrap().len() / 1_000_000);
    bencher.with_inputs(|| prepare(&home)).bench_local_values(|()| {
        let store = open(&home);
        store.requests.send_blocking(StoreRequest::Start).unwrap();
        match store.replies.recv_blocking().unwrap() {
            StoreReply::Started(startup) => assert_eq!(startup.content.len(), 100_000),
            other => panic!("{other:?}"),
        }
        store.join();
    });
}
