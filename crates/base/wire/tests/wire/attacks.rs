//! Bytes that break yrs, Yjs or careless decoders (research on which this format stands), fed to ours: refused, and no harm.

use crate::properties::all_decoders;
use hearth_types::{Certificate, ContentBody, ControlAct, Envelope, Genesis, SignedJoin};
use hearth_wire::{CheckedEntry, Frame, GossipBody, InviteLink, cbor::Codec};

fn hex(text: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
}

/// Updates of lib0 version 1, by what they do to a document that applies them.
fn updates() -> Vec<(&'static str, Vec<u8>)> {
    let nested = |n: usize| [hex("010101000801016d01"), hex("7501").repeat(n), hex("7e00")].concat();
    vec![
        ("deletes what others wrote", hex("0001070100e807")),
        ("takes a victim's places in advance", hex("0101070100c0843d00")),
        ("makes every later export panic", hex("0103072801816d026b31027d0188050101770276314405020361626300")),
        ("nests 5,000 deep", nested(5_000)),
        ("nests 50,000 deep", nested(50_000)),
        // The number 120,000,000 as lib0 writes it, and two zeros.
        ("claims 120 million items", hex("808e9c390000")),
        ("is empty", hex("0000")),
    ]
}

/// The like in CBOR.
fn cbor_bombs() -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for (name, head) in [
        ("array", 0x80u8),
        ("map", 0xa0),
        ("bytes", 0x40),
        ("text", 0x60),
        ("tag", 0xc0),
        ("number", 0x00),
        ("negative", 0x20),
    ] {
        for (width, length) in [(24u8, 1usize), (25, 2), (26, 4), (27, 8)] {
            for fill in [0xff, 0x7f, 0x00] {
                all.push((
                    format!("a {name} that claims {fill:02x} x {length}"),
                    [vec![head | width], vec![fill; length]].concat(),
                ));
            }
        }
        for low in [28u8, 29, 30, 31] {
            all.push((format!("a {name} with head {low}"), vec![head | low, 0, 0xff]));
        }
    }
    for deep in [10, 10_000, 500_000] {
        all.push((format!("{deep} arrays in one another"), vec![0x81; deep]));
        all.push((format!("{deep} endless arrays"), vec![0x9f; deep]));
        all.push((format!("{deep} tags"), vec![0xc1; deep]));
        all.push((format!("{deep} endless strings"), vec![0x5f; deep]));
    }
    for simple in 0xe0..=0xff {
        all.push((format!("simple value {simple:02x}"), vec![0x83, simple, simple, simple]));
    }
    all
}

fn refused_by_all(name: &str, bytes: &[u8]) {
    all_decoders(bytes);
    assert!(CheckedEntry::from_bytes(bytes).is_err(), "{name} as an entry");
    assert!(Envelope::from_bytes(bytes).is_err(), "{name} as an envelope");
    assert!(Frame::from_bytes(bytes).is_err(), "{name} as a frame");
    assert!(GossipBody::from_bytes(bytes).is_err(), "{name} as gossip");
    assert!(ControlAct::from_bytes(bytes).is_err(), "{name} as an act");
    assert!(ContentBody::from_bytes(bytes).is_err(), "{name} as content");
    assert!(
        Certificate::from_bytes(bytes).is_err()
            && SignedJoin::from_bytes(bytes).is_err()
            && Genesis::from_bytes(bytes).is_err()
    );
    assert!(InviteLink::from_payload(bytes).is_err(), "{name} as an invite");
}

#[test]
fn poisoned_documents_are_refused_by_every_decoder() {
    for (name, bytes) in updates() {
        refused_by_all(name, &bytes);
    }
}

#[test]
fn lengths_that_lie_and_endless_nesting_are_refused_by_every_decoder() {
    for (name, bytes) in cbor_bombs() {
        refused_by_all(&name, &bytes);
    }
}

#[test]
fn the_same_bytes_inside_good_shapes_are_refused_too() {
    let bombs: Vec<Vec<u8>> =
        updates().into_iter().map(|(_, b)| b).chain(cbor_bombs().into_iter().map(|(_, b)| b)).collect();
    for bomb in bombs.iter().filter(|b| b.len() < 20_000) {
        // As a body rightly signed: held as an entry, senseless as an act.
        let envelope = crate::samples::envelope(1, hearth_types::Class::Control);
        let entry = CheckedEntry::sign(envelope, bomb.clone(), crate::samples::device());
        if bomb.len() <= hearth_types::limits::BODY_BYTES {
            assert_eq!(
                CheckedEntry::from_bytes(&entry.to_bytes()).unwrap().control(),
                Err(hearth_wire::Unopened::Senseless)
            );
        } else {
            assert!(CheckedEntry::from_bytes(&entry.to_bytes()).is_err());
        }
        // As what follows a frame's, an act's and a message's opening bytes.
        for start in [
            &[0x83, 0x00][..],
            &[0x84, 0x07],
            &[0x82, 0x01],
            &[0x83, 0x08, 0xf6],
            &[0x82, 0x00, 0x82],
            &[0x83, 0x01, 0x00],
        ] {
            all_decoders(&[start, bomb].concat());
        }
    }
}

#[test]
fn what_is_not_text_is_no_text() {
    for bad in [&b"\xff"[..], b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"] {
        // [0, [text, null]]
        let bytes = [&[0x82, 0x00, 0x82, 0x60 | bad.len() as u8], bad, &[0xf6]].concat();
        assert!(ContentBody::from_bytes(&bytes).is_err(), "{bad:02x?}");
    }
}

#[test]
fn an_unknown_kind_is_kept_but_only_in_its_own_words() {
    use hearth_types::ControlBody;
    // [77, null, {1: 2}]: a later build's act, in a form this build does not know.
    let act = ControlAct::from_bytes(&[0x83, 0x18, 77, 0xf6, 0xa1, 0x01, 0x02]).unwrap();
    assert_eq!(act.body, ControlBody::Unknown { kind: 77 });
    assert_eq!(ContentBody::from_bytes(&[0x82, 0x18, 77, 0x01]).unwrap(), ContentBody::Unknown { kind: 77 });
    // A known kind is not unknown because it is spelled at length.
    assert!(ControlAct::from_bytes(&[0x83, 0x18, 2, 0xf6, 0x80]).is_err());
    assert!(ContentBody::from_bytes(&[0x82, 0x18, 2, 0x80]).is_err());
}
