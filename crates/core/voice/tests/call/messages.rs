//! Foreign bytes never panic, and one value has one spelling.

use crate::world::{CALL, SECOND, World};
use hearth_crypto::{DeviceKey, Secret32};
use hearth_ports::rtc::{MediaFrame, RtcEvent};
use hearth_types::PeerKey;
use hearth_voice::{
    CallMessage, Datagram, Epoch, Input, Reason, Report, Role, proof::Proof, report::LinkReport, uplink::ProbeFrame,
};
use hearth_wire::cbor::Codec;
use proptest::prelude::*;

fn key() -> DeviceKey {
    DeviceKey::from_seed(&Secret32::new([4; 32]))
}

fn message() -> impl Strategy<Value = CallMessage> {
    let session = any::<[u8; 16]>();
    let known = proptest::option::of(any::<[u8; 16]>());
    let signature = any::<u8>().prop_map(|b| [b; 64]);
    let links = proptest::collection::btree_map(any::<u8>(), (proptest::option::of(any::<u16>()), any::<bool>()), 0..5);
    prop_oneof![
        (session, any::<bool>(), known).prop_map(|(session, talker, known)| {
            let role = if talker { Role::Talker } else { Role::Volunteer };
            CallMessage::Hello { session, role, known }
        }),
        (any::<u64>(), any::<u32>(), links).prop_map(|(counter, uplink, links)| {
            let links = links.into_iter().map(|(peer, (rtt_ms, failed))| LinkReport {
                peer: PeerKey([peer; 32]),
                rtt_ms,
                failed,
                loss_permille: 3,
                voice_loss_permille: 4,
            });
            CallMessage::Report(Report::unsigned(counter, uplink, true, 5, links.collect()).sign(CALL, &key()))
        }),
        (any::<u64>(), any::<bool>()).prop_map(|(n, mesh)| {
            let ends = if mesh { (None, None) } else { (Some(PeerKey([1; 32])), Some(PeerKey([2; 32]))) };
            CallMessage::Epoch(Epoch::sign(CALL, n, ends, ([1; 32], [2; 32]), Reason::Few, &key()))
        }),
        any::<u64>().prop_map(|epoch| CallMessage::Suspect { epoch }),
        (any::<u64>(), any::<[u8; 32]>(), signature.clone()).prop_map(|(id, secret, signature)| CallMessage::Key {
            id,
            secret,
            signature
        }),
        any::<u64>().prop_map(|id| CallMessage::KeyAck { id }),
        Just(CallMessage::KeyWant),
        Just(CallMessage::Bye),
        any::<bool>().prop_map(CallMessage::Priority),
        any::<u64>().prop_map(|counter| CallMessage::ProofWant { counter }),
        (0u64..u64::MAX / 2, proptest::collection::vec(any::<[u8; 8]>(), 1..64))
            .prop_map(|(first, hashes)| CallMessage::Proof(Proof::sign(CALL, [3; 16], first, hashes, &key()))),
        (any::<u64>(), proptest::collection::vec(any::<u8>(), 0..300), signature)
            .prop_map(|(counter, bytes, signature)| CallMessage::Signal { counter, bytes, signature }),
        (any::<u32>(), any::<u16>(), any::<u32>()).prop_map(|(train, came, grown_us)| CallMessage::Probed {
            train,
            came,
            grown_us
        }),
        (13u64.., proptest::collection::vec(any::<u8>(), 0..50))
            .prop_map(|(kind, body)| CallMessage::Unknown { kind, body }),
    ]
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

#[test]
fn what_is_told_of_lines_keeps_its_bytes() {
    let probed = CallMessage::Probed { train: 7, came: 21, grown_us: 25_000 };
    assert_eq!(probed.to_bytes(), hex("83 01 0c 46 83 07 15 1961a8"));
    let frame = ProbeFrame { train: 7, index: 3, count: 40, at_us: 15_000 }.to_bytes();
    assert_eq!(frame[..16], hex("00757001 00000007 0003 0028 00003a98"));
    assert!(frame.len() == 200 && frame[16..].iter().all(|b| *b == 0));
    for (known, flag) in [(false, "f4"), (true, "f5")] {
        let mut blank = Report::unsigned(5, 5_000, true, 60, Vec::new());
        blank.uplink_known = known;
        let bytes = CallMessage::Report(blank.sign(CALL, &key())).to_bytes();
        let zeros = "00".repeat(32);
        let mut all = hex(&format!("83 01 01 5892 82 89 05 00 5820{zeros} 191388 {flag} f5 183c 80 5820"));
        all.extend_from_slice(&key().id().0);
        all.extend_from_slice(&hex("5840"));
        assert_eq!(bytes[..all.len()], all);
        assert_eq!(bytes.len(), all.len() + 64);
    }
}

proptest! {
    #[test]
    fn a_message_comes_back_as_it_was_and_has_one_spelling(m in message(), at: usize, to: u8) {
        let bytes = m.to_bytes();
        let read = CallMessage::from_bytes(&bytes);
        prop_assert_eq!(read.as_ref(), Ok(&m));
        let mut other = bytes.clone();
        let at = at % other.len();
        other[at] = to;
        if let Ok(read) = CallMessage::from_bytes(&other) {
            prop_assert_eq!(read == m, other == bytes);
        }
        other.push(0);
        prop_assert!(CallMessage::from_bytes(&other).is_err());
    }

    #[test]
    fn foreign_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), kind in 0u8..14) {
        let _ = CallMessage::from_bytes(&bytes);
        let _ = Datagram::from_bytes(&bytes);
        // Behind a good envelope, so that every kind's reader is reached.
        let mut w = hearth_wire::cbor::Writer::default();
        w.array(3).uint(1u8).uint(kind).bytes(&bytes);
        let framed = w.finish();
        if let Ok(m) = CallMessage::from_bytes(&framed) {
            prop_assert_eq!(m.to_bytes(), framed.clone());
        }
        if let Ok(d) = Datagram::from_bytes(&framed) {
            prop_assert_eq!(d.to_bytes(), framed);
        }
    }
}

#[test]
fn a_call_takes_any_bytes_from_a_member_and_goes_on() {
    let mut world = World::of(3, 800);
    world.run(2 * SECOND);
    let m = world.nodes[1].member;
    for _ in 0..3_000 {
        let len = world.random(120) as usize;
        let mut bytes: Vec<u8> = (0..len).map(|_| world.random(256) as u8).collect();
        if world.random(2) == 0 {
            let mut w = hearth_wire::cbor::Writer::default();
            w.array(3).uint(1u8).uint(world.random(13)).bytes(&bytes);
            bytes = w.finish();
        }
        let slot = world.random(6) as u8;
        world.input(0, Input::Message { peer: m.peer, device: m.device, bytes: bytes.clone() });
        world.input(0, Input::Rtc(RtcEvent::Datagram { peer: m.peer, bytes: bytes.clone() }));
        let frame = MediaFrame { slot, timestamp: 0, level: 200, voice: true, payload: bytes };
        world.input(0, Input::Rtc(RtcEvent::Frame { peer: m.peer, frame }));
        world.run(20_000);
    }
    world.nodes[2].speaks = true;
    let since = world.now;
    world.run(SECOND);
    assert!(world.count(0, 2, since) > 45);
}
