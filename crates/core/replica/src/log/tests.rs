#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;

#[test]
fn a_record_stays_small() {
    assert_eq!((size_of::<Record>(), size_of::<(u32, u32, u64)>()), (72, 16));
}

#[test]
fn the_places_that_skip_to_a_place_are_all_found() {
    const TOP: u64 = 3_000;
    let mut want = BTreeMap::<u64, Vec<u64>>::new();
    for from in 1..=TOP {
        if needs_skip(from) {
            want.entry(lipmaa(from)).or_default().push(from);
        }
    }
    for seq in 1..=TOP {
        let found: BTreeSet<u64> = skips_to(seq, TOP).collect();
        assert_eq!(found.into_iter().collect::<Vec<_>>(), want.remove(&seq).unwrap_or_default(), "{seq}");
    }
    assert!(skips_to(u64::MAX - 1, u64::MAX).count() < 3 && skips_to(1, u64::MAX).count() < 128);
}

fn bare(seq: u64, n: u8) -> Record {
    Record::bare(EntryId([n; 32]), seq, Hlc(seq))
}

#[test]
fn places_are_found_across_chunks_and_gaps() {
    let mut log = Log::default();
    for seq in [500, 3, 64, 63, 1_000_000, u64::MAX] {
        log.put(seq, bare(seq, seq.to_le_bytes()[0]));
    }
    let at = |r: Option<(u64, &Record)>| r.map(|(seq, _)| seq);
    assert_eq!(
        [3, 64, 65, 500, u64::MAX].map(|s| at(log.below(s))),
        [None, Some(63), Some(64), Some(64), Some(1_000_000)]
    );
    assert_eq!(
        [0, 63, 64, 500, u64::MAX].map(|s| at(log.above(s))),
        [Some(3), Some(64), Some(500), Some(1_000_000), None]
    );
    assert_eq!((log.level(64).len(), log.level(65).len()), (1, 0));
}

#[test]
fn ids_that_begin_alike_are_told_apart() {
    let mut logs = Logs::default();
    let id = |last: u8| EntryId(std::array::from_fn(|i| if i == 31 { last } else { 7 }));
    for n in 0..50u8 {
        logs.insert(
            DeviceId([n % 3; 32]),
            u64::from(n) + 1,
            Record::bare(id(n), u64::from(n) + 1, Hlc(u64::from(n) + 1)),
        );
    }
    assert!((0..50).all(|n| logs.contains(&id(n))) && !logs.contains(&id(50)));
}
