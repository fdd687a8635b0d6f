#![allow(clippy::unwrap_used)]

use super::*;
use hearth_crypto::Secret32;
use hearth_types::{ChannelId, Class, ControlBody, Day, DayCounters, EpochId, Hlc, KeyRef, Scope, SpaceId, Target};

fn key() -> DeviceKey {
    DeviceKey::from_seed(&Secret32::new([2; 32]))
}

fn envelope(class: Class) -> Envelope {
    let hlc = Hlc::from_ms(1_700_000_000_000);
    let control = class == Class::Control;
    Envelope {
        version: 1,
        space: SpaceId([1; 32]),
        device: key().id(),
        seq: 1,
        prev: None,
        skip: None,
        hlc,
        scope: if control { Scope::Control } else { Scope::Channel(ChannelId([3; 32])) },
        day: hlc.day(),
        counters: DayCounters { scope_entries: 2, entries: 3, body_bytes: 100, scopes: 2 },
        class,
        target: (class == Class::Amendment).then_some(Target { day: Day(1), id: EntryId([4; 32]) }),
        basis: None,
        key: (!control).then_some(KeyRef { epoch: EpochId([5; 32]), index: 0 }),
        body_len: 0,
        body_hash: [0; 32],
        ext: Vec::new(),
    }
}

fn read(e: Envelope, body: &[u8]) -> Result<CheckedEntry, DecodeError> {
    CheckedEntry::from_bytes(&CheckedEntry::sign(e, body.to_vec(), &key()).to_bytes())
}

#[test]
fn parts_that_contradict_each_other_are_refused_though_rightly_signed() {
    type Change = fn(&mut Envelope);
    let table: [(&str, Class, Change); 22] = [
        ("version 0", Class::Control, |e| e.version = 0),
        ("place 0", Class::Control, |e| e.seq = 0),
        ("a day that is not the stamp's", Class::Control, |e| e.day = Day(e.day.0 + 1)),
        ("a first entry with a predecessor", Class::Control, |e| e.prev = Some(EntryId([9; 32]))),
        ("a second entry without one", Class::Control, |e| e.seq = 2),
        ("a skip link where there is none", Class::Control, |e| {
            (e.seq, e.prev, e.skip) = (2, Some(EntryId([9; 32])), Some(EntryId([9; 32])))
        }),
        ("no skip link where there is one", Class::Control, |e| (e.seq, e.prev) = (4, Some(EntryId([9; 32])))),
        ("no entry in the scope, itself included", Class::Control, |e| e.counters.scope_entries = 0),
        ("no scope", Class::Control, |e| e.counters.scopes = 0),
        ("fewer entries than in the scope", Class::Control, |e| (e.counters.scope_entries, e.counters.scopes) = (4, 1)),
        ("fewer entries than scopes", Class::Control, |e| e.counters.scopes = 4),
        ("fewer bytes than the body", Class::Control, |e| e.counters.body_bytes = 2),
        ("a control entry in a channel", Class::Control, |e| e.scope = Scope::Channel(ChannelId([3; 32]))),
        ("a sealed control entry", Class::Control, |e| e.key = Some(KeyRef { epoch: EpochId([5; 32]), index: 0 })),
        ("a message in the control log", Class::Message, |e| e.scope = Scope::Control),
        ("a message without a key", Class::Message, |e| e.key = None),
        ("a message with a target", Class::Message, |e| e.target = Some(Target { day: Day(1), id: EntryId([4; 32]) })),
        ("an amendment without a target", Class::Amendment, |e| e.target = None),
        ("an amendment without a key", Class::Amendment, |e| e.key = None),
        ("a file without a key", Class::File, |e| e.key = None),
        ("a file with a target", Class::File, |e| e.target = Some(Target { day: Day(1), id: EntryId([4; 32]) })),
        ("a later class in the control log", Class::Other(9), |e| e.scope = Scope::Control),
    ];
    for (name, class, change) in table {
        let good = envelope(class);
        assert!(read(good.clone(), b"body").is_ok(), "{name}: without the change it stands");
        let mut bad = good;
        change(&mut bad);
        assert!(
            matches!(read(bad.clone(), b"body"), Err(DecodeError::Contradiction(_))),
            "{name}: {:?}",
            read(bad, b"body")
        );
    }
}

#[test]
fn an_entry_without_its_body_is_the_same_entry() {
    let whole = read(envelope(Class::Message), b"sealed").unwrap();
    let bare = CheckedEntry::from_row(EntryRow { body: None, ..whole.to_row() }).unwrap();
    assert_eq!((bare.id(), bare.body()), (whole.id(), None));
    assert_eq!(CheckedEntry::from_bytes(&bare.to_bytes()).unwrap(), bare);
    assert_eq!(bare.control(), Err(Unopened::Absent));
}

#[test]
fn another_body_or_a_forged_signature_is_refused() {
    let entry = read(envelope(Class::Message), b"sealed").unwrap();
    let other_body = frame(entry.envelope_bytes(), entry.signature(), Some(b"sEaled"));
    assert_eq!(CheckedEntry::from_bytes(&other_body), Err(DecodeError::Contradiction("body")));
    let longer = frame(entry.envelope_bytes(), entry.signature(), Some(b"sealed "));
    assert_eq!(CheckedEntry::from_bytes(&longer), Err(DecodeError::Contradiction("body")));
    for at in [0, 31, 32, 63] {
        let mut signature = *entry.signature();
        signature[at] ^= 1;
        let forged = frame(entry.envelope_bytes(), &signature, entry.body());
        assert_eq!(CheckedEntry::from_bytes(&forged), Err(DecodeError::Signature), "byte {at}");
    }
    let other = DeviceKey::from_seed(&Secret32::new([8; 32]));
    let stranger = CheckedEntry::sign(envelope(Class::Message), b"sealed".to_vec(), &other);
    assert_eq!(
        CheckedEntry::from_bytes(&stranger.to_bytes()),
        Err(DecodeError::Signature),
        "signed by another device than it names"
    );
}

#[test]
fn many_entries_get_the_results_each_gets_alone() {
    let good: Vec<Vec<u8>> = (0..6u8).map(|n| read(envelope(Class::Message), &[n]).unwrap().to_bytes()).collect();
    let alone = |all: &[Vec<u8>]| all.iter().map(|b| CheckedEntry::from_bytes(b)).collect::<Vec<_>>();
    let whole = CheckedEntry::many_from_bytes(&good);
    assert!(whole.iter().all(Result::is_ok));
    assert_eq!(whole, alone(&good));
    for (at, what) in [(0, 5), (3, 200), (5, 250)] {
        let mut some = good.clone();
        some[at][what] ^= 1;
        some.push(b"no entry".to_vec());
        let results = CheckedEntry::many_from_bytes(&some);
        assert_eq!(results, alone(&some));
        assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 5);
    }
    assert!(CheckedEntry::many_from_bytes(&[]).is_empty());
}

#[test]
fn a_row_is_believed_about_its_signature_and_about_nothing_else() {
    let entry = read(envelope(Class::Message), b"sealed").unwrap();
    assert_eq!(CheckedEntry::from_row(entry.to_row()).as_ref(), Ok(&entry));
    let mut row = entry.to_row();
    row.id.0[0] ^= 1;
    assert_eq!(CheckedEntry::from_row(row), Err(DecodeError::Contradiction("id")));
    let mut row = entry.to_row();
    row.body = Some(b"other!".to_vec());
    assert_eq!(CheckedEntry::from_row(row), Err(DecodeError::Contradiction("body")));
    let mut row = entry.to_row();
    row.envelope.push(0);
    assert_eq!(CheckedEntry::from_row(row), Err(DecodeError::NotCanonical));
}

#[test]
fn a_later_version_is_kept_and_says_so_and_an_unknown_act_is_void_by_name() {
    let later = read(Envelope { version: 2, ..envelope(Class::Control) }, b"whatever").unwrap();
    assert_eq!(later.control(), Err(Unopened::Later));
    let act = ControlAct { by: None, body: ControlBody::Unknown { kind: 500 } };
    assert_eq!(read(envelope(Class::Control), &act.to_bytes()).unwrap().control(), Ok(act));
    assert_eq!(read(envelope(Class::Control), b"whatever").unwrap().control(), Err(Unopened::Senseless));
    let other_class = read(envelope(Class::Other(200)), b"whatever").unwrap();
    assert_eq!(other_class.envelope().class, Class::Other(200));
}
