//! One line for each limit: what just fits is read, one more is refused.

use crate::samples;
use hearth_types::{
    ChannelFields, ChannelKind, ContentBody, ControlAct, ControlBody, DeviceId, EntryId, EpochFields, EpochId,
    InviteFields, PeerKey, Permissions, RoleFields, Scope,
    limits::{self, *},
};
use hearth_wire::{
    CheckedEntry, DecodeError, Frame, GossipBody, InviteLink, PairWord,
    cbor::{Codec, Writer},
    frame::DayDigest,
    gossip,
};

fn act(body: ControlBody) -> Result<ControlAct, DecodeError> {
    ControlAct::from_bytes(&ControlAct { by: None, body }.to_bytes())
}

fn ids(n: usize) -> Vec<EntryId> {
    vec![EntryId([1; 32]); n]
}

/// Checks that `make(max)` is read and `make(max + 1)` is not.
fn edge<T: std::fmt::Debug>(what: &str, max: usize, read: impl Fn(usize) -> Result<T, DecodeError>) {
    assert!(read(max).is_ok(), "{what}: {max} should fit: {:?}", read(max));
    assert!(
        matches!(read(max + 1), Err(DecodeError::Limit(_))),
        "{what}: {} should not fit: {:?}",
        max + 1,
        read(max + 1)
    );
}

#[test]
fn control_bodies() {
    let profile = |name: String, color, n| act(ControlBody::Profile { name, color, replaces: ids(n) });
    edge("letters of a name", NAME_CHARS, |n| profile("é".repeat(n), 0, 0));
    edge("letters of a name, of four bytes", NAME_CHARS, |n| profile("🙂".repeat(n), 0, 0));
    edge("colour", 0xff_ffff, |n| profile("a".into(), n as u32, 0));
    edge("replaced entries", REPLACES, |n| profile("a".into(), 0, n));
    for bad in ["", " ", "a\nb", "\u{0}", "\u{85}"] {
        assert!(profile(bad.into(), 0, 0).is_err(), "{bad:?} is no name");
    }
    let role = |rank, replaces| {
        act(ControlBody::Role(RoleFields {
            role: None,
            name: "a".into(),
            rank,
            permissions: Permissions::NONE,
            replaces,
        }))
    };
    assert_eq!(role(0, vec![]), Err(DecodeError::Contradiction("rank 0 is the owner's")));
    assert!(role(u16::MAX, vec![]).is_ok());
    edge("replaced roles", REPLACES, |n| role(1, ids(n)));
    let channel = |topic: String, n| {
        let fields = ChannelFields {
            channel: None,
            name: "a".into(),
            kind: ChannelKind::Text,
            topic,
            position: u32::MAX,
            sealed: false,
            deleted: false,
            replaces: ids(n),
        };
        act(ControlBody::Channel(fields))
    };
    edge("letters of a topic", TOPIC_CHARS, |n| channel("é".repeat(n), 0));
    edge("replaced channels", REPLACES, |n| channel(String::new(), n));
    let setting = |key: usize, value: usize, n| {
        act(ControlBody::Setting { key: "k".repeat(key), value: "v".repeat(value), replaces: ids(n) })
    };
    edge("a setting's key", SETTING_KEY_BYTES, |n| setting(n, 0, 0));
    edge("a setting's value", SETTING_VALUE_BYTES, |n| setting(1, n, 0));
    edge("replaced settings", REPLACES, |n| setting(1, 1, n));
    let epoch = |parents: usize, covers, secret: usize| {
        let (parents, parent_secrets) = (vec![EpochId([1; 32]); parents], vec![vec![0; secret]; parents]);
        act(ControlBody::Epoch(EpochFields {
            depth: 1,
            parents,
            covers: ids(covers),
            commitment: [0; 32],
            seals: None,
            parent_secrets,
        }))
    };
    edge("parents of an epoch", EPOCH_LINKS, |n| epoch(n, 0, 72));
    edge("removals an epoch answers", EPOCH_LINKS, |n| epoch(1, n, 72));
    edge("a parent's secret", 128, |n| epoch(1, 0, n));
    let lopsided = EpochFields {
        depth: 1,
        parents: vec![EpochId([1; 32])],
        covers: vec![],
        commitment: [0; 32],
        seals: None,
        parent_secrets: vec![],
    };
    assert!(act(ControlBody::Epoch(lopsided)).is_err());
    assert!(
        act(ControlBody::Invite(InviteFields {
            key: [0; 32],
            expires_at_ms: Some(u64::MAX),
            max_uses: Some(u32::MAX),
            role: None
        }))
        .is_ok()
    );
    assert!(
        epoch(EPOCH_LINKS, EPOCH_LINKS, 72).unwrap().to_bytes().len() <= BODY_BYTES,
        "the fullest epoch fits a body"
    );
}

#[test]
fn content_bodies() {
    let read = |c: ContentBody| ContentBody::from_bytes(&c.to_bytes());
    edge("letters of a message", MESSAGE_CHARS, |n| {
        read(ContentBody::Message { text: "é".repeat(n), reply_to: None })
    });
    edge("letters of an edit, of four bytes", MESSAGE_CHARS, |n| read(ContentBody::Edit { text: "🙂".repeat(n) }));
    edge("bytes of a reaction", EMOJI_BYTES, |n| read(ContentBody::React { emoji: "a".repeat(n), on: true }));
    for blank in ["", " ", "\n\t", "\u{2003}"] {
        assert!(read(ContentBody::Message { text: blank.into(), reply_to: None }).is_err(), "{blank:?} says nothing");
    }
    assert!(read(ContentBody::React { emoji: String::new(), on: true }).is_err());
    let longest = ContentBody::Message { text: "🙂".repeat(MESSAGE_CHARS), reply_to: Some(samples::target()) };
    assert!(longest.to_bytes().len() + hearth_crypto::aead::OVERHEAD <= BODY_BYTES, "the longest message fits a body");
}

#[test]
fn entries() {
    let plain = || samples::envelope(1, hearth_types::Class::Control);
    let signed =
        |e, body: usize| CheckedEntry::from_bytes(&CheckedEntry::sign(e, vec![7; body], samples::device()).to_bytes());
    edge("bytes of a body", BODY_BYTES, |n| signed(plain(), n));
    edge("bytes of ext", EXT_BYTES, |n| signed(hearth_types::Envelope { ext: vec![1; n], ..plain() }, 1));
    let counted = |change: fn(&mut hearth_types::DayCounters, u64)| {
        move |n: usize| {
            let mut e = plain();
            e.counters =
                hearth_types::DayCounters { scope_entries: 1, entries: DAY_ENTRIES, body_bytes: 10, scopes: 1 };
            change(&mut e.counters, n as u64);
            signed(e, 1)
        }
    };
    edge("entries of a day in one scope", DAY_SCOPE_ENTRIES as usize, counted(|c, n| c.scope_entries = n as u32));
    edge("entries of a day", DAY_ENTRIES as usize, counted(|c, n| c.entries = n as u32));
    edge("bytes of a day", DAY_BODY_BYTES as usize, counted(|c, n| c.body_bytes = n));
    edge("scopes of a day", DAY_SCOPES as usize, counted(|c, n| c.scopes = n as u32));

    let fullest = hearth_types::Envelope {
        ext: vec![1; EXT_BYTES],
        seq: 1 << 60,
        hlc: hearth_types::Hlc(u64::MAX),
        day: hearth_types::Hlc(u64::MAX).day(),
        basis: Some(EntryId([1; 32])),
        prev: Some(EntryId([1; 32])),
        skip: Some(EntryId([1; 32])),
        key: Some(hearth_types::KeyRef { epoch: EpochId([1; 32]), index: u64::MAX }),
        ..samples::envelope(2, hearth_types::Class::Amendment)
    };
    assert!(fullest.to_bytes().len() <= ENVELOPE_BYTES, "the fullest envelope fits: {}", fullest.to_bytes().len());
    const { assert!(ENTRY_BYTES >= ENVELOPE_BYTES + 64 + BODY_BYTES + 12, "the fullest entry fits") };
    assert!(CheckedEntry::from_bytes(&vec![0; ENTRY_BYTES + 1]) == Err(DecodeError::Limit("entry")));
}

#[test]
fn frames() {
    let space = samples::SPACE;
    let read = |f: Frame| Frame::from_bytes(&f.to_bytes());
    edge("spaces proven", SPACES, |n| read(Frame::Prove { boxes: vec![([0; 8], vec![0; 120]); n] }));
    edge("a proof", 256, |n| read(Frame::Prove { boxes: vec![([0; 8], vec![0; n])] }));
    edge("a genesis object", 512, |n| read(Frame::Welcome { space, genesis: vec![0; n], seals: vec![] }));
    edge("secrets handed over", WELCOME_SEALS, |n| {
        read(Frame::Welcome { space, genesis: vec![], seals: vec![(EpochId([0; 32]), vec![0; 104]); n] })
    });
    edge("a sealed secret", 256, |n| {
        read(Frame::Welcome { space, genesis: vec![], seals: vec![(EpochId([0; 32]), vec![0; n])] })
    });
    let digest = DayDigest { scope: Scope::Control, day: hearth_types::Day(1), count: 1, sum: [0; 32] };
    edge("digests", SYNC_DAYS, |n| read(Frame::Days { space, request: 1, days: vec![digest.clone(); n], more: false }));
    let ask = |n| Frame::AskEntries {
        space,
        request: 1,
        scope: Scope::Control,
        day: hearth_types::Day(1),
        salt: [0; 16],
        ids: vec![[0; 32]; n],
    };
    edge("ids asked for", SYNC_IDS, |n| read(ask(n)));
    edge("entries sent", SYNC_BATCH_ENTRIES, |n| read(Frame::Push { space, entries: vec![vec![0; 9]; n] }));
    edge("bytes of an entry sent", ENTRY_BYTES, |n| {
        read(Frame::Entries { space, request: 1, entries: vec![vec![0; n]], next: None })
    });
    edge("bytes of a reconciliation", RECONCILE_BYTES, |n| {
        read(Frame::Reconciled { space, request: 1, message: vec![0; n] })
    });
    edge("bytes of a call message", CALL_MESSAGE_BYTES, |n| read(Frame::Call { space, message: vec![0; n] }));
    let device = DeviceId([0; 32]);
    edge("bytes to pass on", PASS_BYTES, |n| read(Frame::Pass { space, to: device, message: vec![0; n] }));
    edge("bytes passed on", PASS_BYTES, |n| read(Frame::Passed { space, from: device, message: vec![0; n] }));
    edge("bytes of a word", CALL_MESSAGE_BYTES, |n| {
        PairWord::from_bytes(&PairWord { asks: true, message: Some(vec![0; n]) }.to_bytes())
    });
    let word = PairWord { asks: true, message: Some(vec![0; CALL_MESSAGE_BYTES]) };
    let longest = word.seal(u64::MAX, &samples::pair_keys()[0], &mut samples::entropy()).to_bytes();
    assert!(longest.len() <= PASS_BYTES, "the longest word of a call can be passed on: {} bytes", longest.len());
    edge("peers named", PEERS_SHARED, |n| read(Frame::Peers { space, peers: vec![(PeerKey([0; 32]), vec![]); n] }));
    edge("addresses of a peer", PEER_ADDRESSES, |n| {
        read(Frame::Peers { space, peers: vec![(PeerKey([0; 32]), vec!["a".into(); n])] })
    });
    edge("bytes of an address", ADDRESS_BYTES, |n| {
        read(Frame::Peers { space, peers: vec![(PeerKey([0; 32]), vec!["a".repeat(n)])] })
    });
    edge("seals asked for", WELCOME_SEALS, |n| read(Frame::AskSeals { space, epochs: vec![EpochId([0; 32]); n] }));
    let largest = [
        Frame::Days {
            space,
            request: 1,
            days: vec![
                DayDigest {
                    scope: Scope::Channel(hearth_types::ChannelId([0; 32])),
                    day: hearth_types::Day(u32::MAX),
                    count: u64::MAX,
                    sum: [0; 32]
                };
                SYNC_DAYS
            ],
            more: true,
        },
        Frame::Welcome { space, genesis: vec![0; 512], seals: vec![(EpochId([0; 32]), vec![0; 256]); WELCOME_SEALS] },
        Frame::Peers {
            space,
            peers: vec![(PeerKey([0; 32]), vec!["a".repeat(ADDRESS_BYTES); PEER_ADDRESSES]); PEERS_SHARED],
        },
        ask(SYNC_IDS),
        Frame::Prove { boxes: vec![([0; 8], vec![0; 256]); SPACES] },
    ];
    for frame in largest {
        let (name, length) = (format!("{frame:?}"), frame.to_bytes().len());
        assert!(length <= FRAME_BYTES, "{} of {length} bytes does not fit a frame", &name[..12]);
    }
}

#[test]
fn gossip_and_links() {
    let body = |n| GossipBody::from_bytes(&GossipBody::Entry(vec![0; n]).to_bytes());
    edge("an entry by gossip", ENTRY_BYTES, body);
    let unwrap = |bytes: usize| gossip::unwrap(&vec![1; bytes], [&samples::secret()]);
    assert_eq!(unwrap(GOSSIP_BYTES + 1), Err(DecodeError::Limit("gossip")));
    assert_eq!(unwrap(GOSSIP_BYTES), Err(DecodeError::Signature));
    let fullest = gossip::wrap(&GossipBody::Entry(vec![0; ENTRY_BYTES]), &samples::secret(), &mut samples::entropy());
    assert!(fullest.len() <= GOSSIP_BYTES);

    // By what a game is called, and what goes on in it: as long as they may be, and one byte more.
    let played = |name: &str, details: &str, since: &[u8]| {
        let mut w = Writer::default();
        w.array(3).uint(1u8).uint(1u8).array(2).array(4).bytes(&[1; 32]).uint(5u8).uint(u64::MAX).array(2).uint(3u8);
        w.array(3).text(name).text(details);
        let mut bytes = w.finish();
        bytes.extend_from_slice(since);
        bytes.extend_from_slice(&[0x58, 64]);
        bytes.extend_from_slice(&[0; 64]);
        GossipBody::from_bytes(&bytes)
    };
    let (most, null) = ("🙂".repeat(PLAYING_BYTES / 4), [0xf6]);
    let mut largest = Writer::default();
    largest.uint(u64::MAX);
    let largest = largest.finish();
    let body = played(&most, &most, &largest).unwrap();
    assert!(body.to_bytes().len() <= 512, "{} bytes of a notice", body.to_bytes().len());
    assert!(played(&"x".repeat(PLAYING_CHARS), "a", &null).is_ok());
    for (name, details) in [(format!("{most}x"), "a"), ("x".repeat(PLAYING_CHARS + 1), "a")] {
        assert!(played(&name, details, &null).is_err(), "{name}");
        assert!(played(details, &name, &null).is_err(), "{name}");
    }
    for odd in ["", " ", " a", "a  b", "a\nb", "a\u{202e}b", "\u{200b}"] {
        assert_eq!(played(odd, "a", &null), Err(DecodeError::Malformed), "{odd:?}");
        assert_eq!(played("a", odd, &null), Err(DecodeError::Malformed), "{odd:?}");
    }

    let peer = samples::links()[0].peers[1];
    let link = InviteLink {
        peers: vec![peer; limits::INVITE_PEERS + 3],
        ..samples::links()[1..].iter().map(copy).next().unwrap()
    };
    assert_eq!(
        InviteLink::parse(&link.to_link()).unwrap().peers.len(),
        limits::INVITE_PEERS,
        "no more peers are written than are read"
    );
    assert!(link.to_link().len() <= LINK_CHARS && link.to_qr_text().len() <= LINK_CHARS);
}

fn copy(l: &InviteLink) -> InviteLink {
    InviteLink { space: l.space, secret: l.secret.duplicate(), expires_at_s: l.expires_at_s, peers: l.peers.clone() }
}
