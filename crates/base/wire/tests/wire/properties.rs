//! What holds of any bytes, and of the bytes of any value.

use crate::samples;
use hearth_crypto::{DeviceKey, EpochSecret, Secret32};
use hearth_types::{
    Certificate, ChannelId, Class, ContentBody, ControlAct, ControlBody, Day, DeviceId, EntryId, EntryRow, Envelope,
    EpochId, Genesis, Hlc, KeyRef, Scope, SignedJoin, SpaceId, Target, UserId,
};
use hearth_wire::{
    CheckedEntry, DecodeError, Frame, GossipBody, InviteLink, PairMessage, PairWord, Unopened, cbor::Codec,
    entry::seal_content, gossip,
};
use proptest::prelude::*;
use std::fmt::Debug;

/// One value has one byte string: whatever is read is written again as it was.
fn strict<T: Codec + PartialEq + Debug>(bytes: &[u8]) {
    if let Ok(value) = T::from_bytes(bytes) {
        assert_eq!(value.to_bytes(), bytes, "{value:?} has a second spelling");
    }
}

fn strict_control(bytes: &[u8]) {
    if !matches!(ControlAct::from_bytes(bytes), Ok(ControlAct { body: ControlBody::Unknown { .. }, .. })) {
        strict::<ControlAct>(bytes);
    }
}

fn strict_content(bytes: &[u8]) {
    if !matches!(ContentBody::from_bytes(bytes), Ok(ContentBody::Unknown { .. })) {
        strict::<ContentBody>(bytes);
    }
}

/// Every decoder on the same bytes.
pub fn all_decoders(bytes: &[u8]) {
    strict::<Envelope>(bytes);
    strict::<Frame>(bytes);
    strict::<GossipBody>(bytes);
    strict::<PairMessage>(bytes);
    strict::<PairWord>(bytes);
    strict::<Certificate>(bytes);
    strict::<SignedJoin>(bytes);
    strict::<Genesis>(bytes);
    strict_control(bytes);
    strict_content(bytes);
    if let Ok(entry) = CheckedEntry::from_bytes(bytes) {
        assert_eq!(entry.to_bytes(), bytes);
    }
    if let Ok((device, signature)) = hearth_wire::frame::read_proof(bytes) {
        assert_eq!(hearth_wire::frame::proof_bytes(device, &signature), bytes);
    }
    let _ = gossip::unwrap(bytes, [&samples::secret()]);
    let _ = InviteLink::from_payload(bytes);
    let _ = InviteLink::parse(&String::from_utf8_lossy(bytes));
}

/// Good bytes of every kind.
fn good() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = samples::entries().iter().map(|(_, e)| e.to_bytes()).collect();
    all.extend(samples::entries().iter().map(|(_, e)| e.envelope_bytes().to_vec()));
    all.extend(samples::acts().iter().map(Codec::to_bytes));
    all.extend(samples::contents().iter().map(Codec::to_bytes));
    all.extend(samples::frames().iter().map(Codec::to_bytes));
    all.extend(samples::gossips().iter().map(Codec::to_bytes));
    all.extend(samples::pair_messages().iter().map(Codec::to_bytes));
    all.push(samples::pair_word().to_bytes());
    all.extend([samples::certificate().to_bytes(), samples::join().to_bytes(), samples::genesis().to_bytes()]);
    all.extend(samples::links().iter().map(InviteLink::to_payload));
    all
}

#[test]
fn every_sample_comes_back() {
    fn same<T: Codec + PartialEq + Debug>(value: &T) {
        assert_eq!(T::from_bytes(&value.to_bytes()).as_ref(), Ok(value));
    }
    for (name, entry) in samples::entries() {
        assert_eq!(CheckedEntry::from_bytes(&entry.to_bytes()).as_ref(), Ok(&entry), "{name}");
        assert_eq!(CheckedEntry::from_row(entry.to_row()).as_ref(), Ok(&entry), "{name}");
        same(entry.envelope());
    }
    samples::acts().iter().for_each(same);
    samples::contents().iter().for_each(same);
    samples::frames().iter().for_each(same);
    samples::gossips().iter().for_each(same);
    same(&samples::certificate());
    same(&samples::join());
    same(&samples::genesis());
    for link in samples::links() {
        assert_eq!(InviteLink::from_payload(&link.to_payload()).as_ref(), Ok(&link));
        assert_eq!(InviteLink::parse(&link.to_link()).as_ref(), Ok(&link));
        assert_eq!(InviteLink::parse(&link.to_qr_text()).as_ref(), Ok(&link));
        assert_eq!(InviteLink::parse(&format!(" <{}>\n", link.to_link())).as_ref(), Ok(&link));
    }
}

#[test]
fn nothing_cut_short_or_with_a_byte_behind_it_is_read() {
    for bytes in good() {
        let long = [bytes.clone(), vec![0]].concat();
        for bad in (0..bytes.len()).map(|n| &bytes[..n]).chain([&long[..]]) {
            // A cut frame could at best be another whole value, which none of these begins with.
            assert!(
                CheckedEntry::from_bytes(bad).is_err()
                    && Envelope::from_bytes(bad).is_err()
                    && Frame::from_bytes(bad).is_err()
            );
            assert!(
                GossipBody::from_bytes(bad).is_err()
                    && Certificate::from_bytes(bad).is_err()
                    && SignedJoin::from_bytes(bad).is_err()
            );
            assert!(Genesis::from_bytes(bad).is_err() && InviteLink::from_payload(bad).is_err());
            all_decoders(bad);
        }
    }
}

#[test]
fn every_change_of_one_bit_is_a_refusal_or_another_value_with_its_own_bytes() {
    for bytes in good() {
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut bad = bytes.clone();
                bad[at] ^= 1 << bit;
                if bytes.len() < 200 {
                    all_decoders(&bad);
                }
                if bit == at % 8 {
                    assert!(CheckedEntry::from_bytes(&bad).is_err(), "an entry with byte {at} changed still stands");
                }
            }
        }
    }
}

#[test]
fn a_longer_head_than_needed_is_refused() {
    for act in samples::acts() {
        let mut bytes = act.to_bytes();
        // The kind, 0 to 10 or 77, in two bytes instead of one, or three instead of two.
        let kind = bytes[1];
        if kind < 24 {
            bytes.splice(1..2, [0x18, kind]);
            assert_eq!(ControlAct::from_bytes(&bytes), Err(DecodeError::NotCanonical));
        }
    }
    let hello = Frame::Hello { version: 1, nonce: [0; 32] }.to_bytes();
    let mut indefinite = hello.clone();
    indefinite[0] = 0x9f;
    indefinite.push(0xff);
    assert!(Frame::from_bytes(&indefinite).is_err(), "an array without an announced end");
}

#[test]
fn a_body_opens_under_its_own_envelope_only() {
    let entry = samples::content_entry(5, Class::Message, &samples::message());
    assert_eq!(entry.content(&samples::secret()), Ok(samples::message()));
    let other = EpochSecret::new(samples::SPACE, Secret32::new([99; 32]));
    assert_eq!(entry.content(&other), Err(Unopened::Sealed));

    // Each field before length and hash, changed to something that passes every other check, and signed again.
    type Change = fn(&mut Envelope);
    let changes: [(&str, Change); 15] = [
        ("space", |e| e.space.0[0] ^= 1),
        ("seq", |e| (e.seq, e.skip) = (6, None)),
        ("prev", |e| e.prev = Some(EntryId([77; 32]))),
        ("hlc", |e| e.hlc = Hlc(e.hlc.0 + 1)),
        ("scope", |e| e.scope = Scope::Channel(ChannelId([77; 32]))),
        ("day", |e| (e.hlc, e.day) = (Hlc::from_ms(e.hlc.ms() + 86_400_000), Day(e.day.0 + 1))),
        ("entries in the scope", |e| e.counters.scope_entries -= 1),
        ("entries", |e| e.counters.entries += 1),
        ("bytes", |e| e.counters.body_bytes += 1),
        ("scopes", |e| e.counters.scopes -= 1),
        ("class", |e| e.class = Class::File),
        ("class and target", |e| {
            (e.class, e.target) = (Class::Amendment, Some(Target { day: Day(1), id: EntryId([1; 32]) }))
        }),
        ("basis", |e| e.basis = Some(EntryId([77; 32]))),
        ("epoch", |e| e.key = e.key.map(|k| KeyRef { epoch: EpochId([77; 32]), ..k })),
        ("index", |e| e.key = e.key.map(|k| KeyRef { index: k.index + 1, ..k })),
    ];
    for (name, change) in changes {
        let mut envelope = entry.envelope().clone();
        change(&mut envelope);
        assert_ne!(&envelope, entry.envelope(), "{name}");
        let moved = CheckedEntry::sign(envelope, entry.body().unwrap().to_vec(), samples::device());
        assert!(CheckedEntry::from_bytes(&moved.to_bytes()).is_ok(), "{name}: the rest holds");
        assert_eq!(moved.content(&samples::secret()), Err(Unopened::Sealed), "{name}");
    }
    // Another author cannot carry it in their own log.
    let thief = DeviceKey::from_seed(&Secret32::new([55; 32]));
    let stolen = CheckedEntry::sign(
        Envelope { device: thief.id(), ..entry.envelope().clone() },
        entry.body().unwrap().to_vec(),
        &thief,
    );
    assert_eq!(stolen.content(&samples::secret()), Err(Unopened::Sealed));
    // Length and hash are not sealed in: they say what the body is.
    let mut envelope = entry.envelope().clone();
    (envelope.body_len, envelope.body_hash) = (0, [0; 32]);
    assert_eq!(
        seal_content(&envelope, &samples::message(), &samples::secret(), &mut samples::entropy()),
        entry.body().unwrap()
    );
}

#[test]
fn flipping_any_bit_of_the_envelope_but_length_and_hash_fails_to_open() {
    let entry = samples::content_entry(5, Class::Message, &samples::message());
    let (bytes, body) = (entry.envelope_bytes(), entry.body().unwrap());
    let mut opened = 0;
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.to_vec();
            flipped[at] ^= 1 << bit;
            let Ok(envelope) = Envelope::from_bytes(&flipped) else { continue };
            let key = envelope.key.map_or(0, |k| k.index);
            let key = samples::secret().message_key(envelope.scope, envelope.device, key);
            let opens =
                hearth_crypto::aead::open(&key, &hearth_wire::envelope::associated_bytes(&envelope), body).is_ok();
            let free = envelope.body_len != entry.envelope().body_len
                || envelope.body_hash != entry.envelope().body_hash
                || envelope.ext != entry.envelope().ext;
            assert_eq!(opens, free, "byte {at} bit {bit}");
            opened += usize::from(opens);
        }
    }
    assert!(opened >= 256, "hash bits at least");
}

#[test]
fn an_entry_of_one_space_stands_in_no_other() {
    for (name, entry) in samples::entries() {
        let moved = Envelope { space: SpaceId([200; 32]), ..entry.envelope().clone() };
        let row = EntryRow {
            envelope: moved.to_bytes(),
            id: hearth_wire::entry::id_of(&moved.to_bytes(), entry.signature()),
            ..entry.to_row()
        };
        let replay = CheckedEntry::from_row(row).expect("everything but the signature").to_bytes();
        assert_eq!(CheckedEntry::from_bytes(&replay), Err(DecodeError::Signature), "{name}");
    }
}

#[test]
fn gossip_and_notices_hold_for_one_space_and_epoch() {
    for body in samples::gossips() {
        let payload = gossip::wrap(&body, &samples::secret(), &mut samples::entropy());
        for at in 0..payload.len() {
            let mut bad = payload.clone();
            bad[at] ^= 0x10;
            assert!(gossip::unwrap(&bad, [&samples::secret()]).is_err(), "byte {at}");
        }
        let other = EpochSecret::new(samples::SPACE, Secret32::new([99; 32]));
        assert_eq!(gossip::unwrap(&payload, [&other]), Err(DecodeError::Signature));
        if let GossipBody::Ephemeral(e) = body {
            assert!(e.holds(samples::SPACE) && !e.holds(SpaceId([2; 32])));
            let mut later = e;
            later.counter += 1;
            assert!(!later.holds(samples::SPACE));
        }
    }
}

prop_compose! {
    fn any_envelope()(
        seq in 1u64..1 << 40, hlc in 0u64..1 << 62, (a, b, c) in (any::<[u8; 32]>(), any::<[u8; 32]>(), any::<[u8; 32]>()), class in 0u8..6,
        n in 1u32..1000, index in any::<u64>(), basis in any::<bool>(), ext in prop::collection::vec(any::<u8>(), 0..40),
    ) -> Envelope {
        let class = Class::from_code(class);
        let control = class == Class::Control;
        let plain = samples::envelope(seq, class);
        let hlc = Hlc(hlc);
        Envelope {
            space: SpaceId(a), prev: (seq > 1).then_some(EntryId(b)), skip: plain.skip.map(|_| EntryId(c)), hlc, day: hlc.day(),
            scope: if control { Scope::Control } else { Scope::Channel(ChannelId(b)) },
            counters: hearth_types::DayCounters { scope_entries: n, entries: n + 3, body_bytes: 20_000 + u64::from(n), scopes: 1 + n % 3 },
            target: (class == Class::Amendment).then_some(Target { day: Day(n), id: EntryId(c) }), basis: basis.then_some(EntryId(a)),
            key: (!control).then_some(KeyRef { epoch: EpochId(c), index }), ext, ..plain
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_entry_comes_back_as_it_was(envelope in any_envelope(), body in prop::collection::vec(any::<u8>(), 0..2000), here in any::<bool>()) {
        let signed = CheckedEntry::sign(envelope, body, samples::device());
        let row = signed.to_row();
        let entry = CheckedEntry::from_row(EntryRow { body: row.body.clone().filter(|_| here), ..row }).unwrap();
        let read = CheckedEntry::from_bytes(&entry.to_bytes()).unwrap();
        prop_assert_eq!(&read, &entry);
        prop_assert_eq!(read.id(), signed.id(), "the id does not depend on whether the body is here");
    }

    #[test]
    fn any_content_comes_back_through_its_seal(text in "\\PC{1,300}", emoji in "\\PC{1,12}", on in any::<bool>(), day in any::<u32>(), id in any::<[u8; 32]>()) {
        prop_assume!(!text.trim().is_empty());
        let reply_to = on.then_some(Target { day: Day(day), id: EntryId(id) });
        for (class, content) in [
            (Class::Message, ContentBody::Message { text: text.clone(), reply_to }),
            (Class::Amendment, ContentBody::Edit { text }),
            (Class::Amendment, ContentBody::React { emoji, on }),
            (Class::Amendment, ContentBody::Pin { on }),
        ] {
            let entry = samples::content_entry(u64::from(day) + 2, class, &content);
            prop_assert_eq!(CheckedEntry::from_bytes(&entry.to_bytes()).unwrap().content(&samples::secret()), Ok(content));
        }
    }

    #[test]
    fn content_of_the_wrong_class_is_senseless(seq in 2u64..1000) {
        let edit = samples::content_entry(seq, Class::Message, &ContentBody::Delete);
        prop_assert_eq!(edit.content(&samples::secret()), Err(Unopened::Senseless));
        let message = samples::content_entry(seq, Class::Amendment, &samples::message());
        prop_assert_eq!(message.content(&samples::secret()), Err(Unopened::Senseless));
    }

    #[test]
    fn any_mutation_is_refused_or_has_its_own_bytes(
        which in any::<prop::sample::Index>(), cuts in prop::collection::vec((any::<prop::sample::Index>(), 0usize..4, prop::collection::vec(any::<u8>(), 0..4)), 1..4)
    ) {
        let all = good();
        let mut bytes = which.get(&all).clone();
        for (at, remove, insert) in cuts {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            let end = (at + remove).min(bytes.len());
            bytes.splice(at..end, insert);
        }
        all_decoders(&bytes);
    }

    #[test]
    fn random_bytes_harm_nobody(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        all_decoders(&bytes);
    }

    #[test]
    fn any_link_comes_back_in_every_form(
        space in any::<[u8; 32]>(), secret in any::<[u8; 16]>(), expiry in prop::option::of(1u32..), peers in prop::collection::vec((any::<[u8; 32]>(), any::<std::net::SocketAddr>(), any::<bool>()), 0..=8)
    ) {
        let peers = peers.into_iter().map(|(key, socket, quic)| {
            let socket = std::net::SocketAddr::new(socket.ip(), socket.port());
            hearth_wire::InvitePeer { key: hearth_types::PeerKey(key), address: hearth_wire::PeerAddress { socket, quic } }
        }).collect();
        let link = InviteLink { space: SpaceId(space), secret: hearth_crypto::Secret16::new(secret), expires_at_s: expiry, peers };
        for text in [link.to_link(), link.to_qr_text(), link.to_qr_text().to_lowercase(), format!("https://x.org/a/#{}", &link.to_link()[14..])] {
            let read = InviteLink::parse(&text);
            prop_assert_eq!(read.as_ref(), Ok(&link));
            prop_assert!(text.len() <= hearth_types::limits::LINK_CHARS);
        }
        for peer in &link.peers {
            prop_assert_eq!(hearth_wire::PeerAddress::from_multiaddr(&peer.address.to_multiaddr()), Some(peer.address));
        }
    }
}

#[test]
fn certificates_users_and_devices_are_what_they_were_made_of() {
    let c = samples::certificate();
    assert_eq!(
        hearth_crypto::identity::check_certificate(&Certificate::from_bytes(&c.to_bytes()).unwrap()),
        Some(samples::root().user())
    );
    assert_ne!(samples::root().user(), UserId([0; 32]));
    assert_ne!(samples::device().id(), DeviceId([0; 32]));
}
