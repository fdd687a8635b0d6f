//! One of everything that the format can say, from fixed keys: for golden vectors here, and as the first inputs of the
//! fuzzers in `tests/fuzz`.
#![allow(dead_code, clippy::expect_used)]

use hearth_crypto::{
    AgreementKey, DeviceKey, EpochSecret, HashEntropy, InviteSecret, PairKeys, RecoverySeed, RootKey, Secret16,
    Secret32, SigningKey, identity::found,
};
use hearth_types::{
    Certificate, ChannelFields, ChannelId, ChannelKind, Class, ContentBody, ControlAct, ControlBody, Day, DayCounters,
    DeviceId, EntryId, EntryRow, Envelope, EpochFields, EpochId, Genesis, Hlc, InviteFields, KeyRef, PeerKey,
    Permissions, Playing, RoleFields, Scope, SignedJoin, SpaceId, Target, UserId, time::DAY_MS,
};
use hearth_wire::{
    CheckedEntry, Ephemeral, Frame, GossipBody, Greeting, GreetingPlace, InviteLink, InvitePeer, PairMessage, PairWord,
    PeerAddress, Signal, VoicePlace,
    cbor::Codec,
    entry::seal_content,
    envelope::needs_skip,
    frame::{DayDigest, PASSES},
};
use std::sync::LazyLock;

/// The space of all inputs.
pub const SPACE: SpaceId = SpaceId([1; 32]);

/// The device that signs.
pub fn device() -> &'static DeviceKey {
    static KEY: LazyLock<DeviceKey> = LazyLock::new(|| DeviceKey::from_seed(&Secret32::new([2; 32])));
    &KEY
}

/// The secret bodies and gossip are sealed under.
pub fn secret() -> EpochSecret {
    EpochSecret::new(SPACE, Secret32::new([4; 32]))
}

/// Always the same bytes, so that an input can be made again.
pub fn entropy() -> HashEntropy {
    HashEntropy::new([5; 32])
}

/// The root that certifies.
pub fn root() -> RootKey {
    RecoverySeed::new(Secret32::new([6; 32])).root()
}

/// Signs a genesis object with a fixed key, whatever it says.
pub fn sign_genesis(mut g: Genesis) -> Genesis {
    let key = SigningKey::from_seed(&Secret32::new([7; 32]));
    g.key = key.public();
    let parent: &[u8] = g.parent.as_ref().map_or(&[], |p| &p.0);
    g.signature = key.sign("hearth/genesis/1", &[&[g.version], parent, &g.founder.0, &g.key, &g.random]);
    g
}

/// Some message.
pub fn message() -> ContentBody {
    ContentBody::Message { text: "hello".into(), reply_to: None }
}

pub fn certificate() -> Certificate {
    root().certify(device().id(), [8; 32], 3)
}

pub fn join() -> SignedJoin {
    InviteSecret::new(Secret16::new([3; 16])).join(SPACE, certificate())
}

pub fn genesis() -> Genesis {
    sign_genesis(found(Some(SPACE), UserId([9; 32]), &mut entropy()).0)
}

pub fn acts() -> Vec<ControlAct> {
    let id = EntryId([10; 32]);
    let bodies = vec![
        ControlBody::DeviceAdd { certificate: certificate() },
        ControlBody::Admit { join: join() },
        ControlBody::Leave,
        ControlBody::Profile { name: "Ada".into(), color: 0x33_66_99, replaces: vec![id] },
        ControlBody::Role(RoleFields {
            role: Some(id),
            name: "admin".into(),
            rank: 1,
            permissions: Permissions::ADMINISTRATOR,
            replaces: vec![id, id],
        }),
        ControlBody::Grant { user: UserId([9; 32]), role: id },
        ControlBody::Invite(InviteFields {
            key: [3; 32],
            expires_at_ms: Some(1_900_000_000_000),
            max_uses: Some(25),
            role: Some(id),
        }),
        ControlBody::InviteRevoke { invite: id },
        ControlBody::Channel(ChannelFields {
            channel: None,
            name: "general".into(),
            kind: ChannelKind::Voice,
            topic: "all".into(),
            position: 2,
            sealed: true,
            deleted: false,
            replaces: vec![],
        }),
        ControlBody::Setting { key: "name".into(), value: "Club".into(), replaces: vec![] },
        ControlBody::Epoch(EpochFields {
            depth: 1,
            parents: vec![EpochId([11; 32])],
            covers: vec![id],
            commitment: [12; 32],
            seals: Some([13; 32]),
            parent_secrets: vec![vec![14; 72]],
        }),
        ControlBody::Unknown { kind: 77 },
        ControlBody::Mute { user: UserId([15; 32]), on: true, replaces: vec![id] },
    ];
    bodies.into_iter().enumerate().map(|(n, body)| ControlAct { by: (n % 2 == 0).then_some(id), body }).collect()
}

pub fn contents() -> Vec<ContentBody> {
    vec![
        ContentBody::Message { text: "hello".into(), reply_to: Some(target()) },
        message(),
        ContentBody::Edit { text: "hello again".into() },
        ContentBody::Delete,
        ContentBody::React { emoji: "🙂".into(), on: true },
        ContentBody::Pin { on: true },
        ContentBody::Unknown { kind: 9 },
    ]
}

pub fn target() -> Target {
    Target { day: Day(20_000), id: EntryId([15; 32]) }
}

pub fn envelope(seq: u64, class: Class) -> Envelope {
    let hlc = Hlc::from_ms(20_000 * DAY_MS + 12_345);
    let control = class == Class::Control;
    Envelope {
        version: 1,
        space: SPACE,
        device: device().id(),
        seq,
        prev: (seq > 1).then_some(EntryId([5; 32])),
        skip: needs_skip(seq).then_some(EntryId([6; 32])),
        hlc,
        scope: if control { Scope::Control } else { Scope::Channel(ChannelId([16; 32])) },
        day: hlc.day(),
        counters: DayCounters { scope_entries: 2, entries: 3, body_bytes: 20_000, scopes: 2 },
        class,
        target: (class == Class::Amendment).then(target),
        basis: control.then_some(EntryId([17; 32])),
        key: (!control).then_some(KeyRef { epoch: EpochId([11; 32]), index: seq }),
        body_len: 0,
        body_hash: [0; 32],
        ext: Vec::new(),
    }
}

/// Entries of every kind, with a name each.
pub fn entries() -> Vec<(String, CheckedEntry)> {
    let mut out = Vec::new();
    for (n, act) in acts().iter().enumerate() {
        let entry = CheckedEntry::sign(envelope(n as u64 + 1, Class::Control), act.to_bytes(), device());
        out.push((format!("control {n}"), entry));
    }
    for (n, content) in contents().iter().enumerate() {
        let class = if matches!(content, ContentBody::Message { .. }) { Class::Message } else { Class::Amendment };
        out.push((format!("content {n}"), content_entry(n as u64 + 3, class, content)));
    }
    let later = Envelope { version: 2, ext: vec![1, 2, 3], ..envelope(13, Class::Other(40)) };
    out.push(("of a later version".into(), CheckedEntry::sign(later, vec![18; 9], device())));
    let bare = EntryRow { body: None, ..out[0].1.to_row() };
    out.push(("without its body".into(), CheckedEntry::from_row(bare).expect("a good row")));
    out
}

/// A sealed entry.
pub fn content_entry(seq: u64, class: Class, content: &ContentBody) -> CheckedEntry {
    let mut envelope = envelope(seq, class);
    // Length and hash are not sealed in; they are filled in by signing.
    envelope.body_len = 0;
    let body = seal_content(&envelope, content, &secret(), &mut entropy());
    CheckedEntry::sign(envelope, body, device())
}

/// Every frame.
pub fn frames() -> Vec<Frame> {
    let some = |n: usize| entries().iter().take(n).map(|(_, e)| e.to_bytes()).collect();
    let (space, request, scope, day) = (SPACE, 7, Scope::Channel(ChannelId([16; 32])), Day(20_000));
    let cursor = Some((Hlc(1 << 50), EntryId([15; 32])));
    vec![
        Frame::Hello { version: 1, nonce: [1; 32] },
        Frame::Prove { boxes: vec![([2; 8], vec![3; 120])] },
        Frame::Knock { tag: [4; 16] },
        Frame::Door { tag: [4; 16], device: DeviceId([5; 32]), signature: [6; 64] },
        Frame::Join { space, join: join() },
        Frame::Welcome { space, genesis: genesis().to_bytes(), seals: vec![(EpochId([11; 32]), vec![7; 104])] },
        Frame::Refused { tag: [4; 16], reason: 3 },
        Frame::Heads { space, root: [8; 32], entries: 1000 },
        Frame::AskDays { space, request, after: Some((scope, day)) },
        Frame::Days { space, request, days: vec![DayDigest { scope, day, count: 9, sum: [10; 32] }], more: true },
        Frame::AskDay { space, request, scope: Scope::Control, day, before: cursor },
        Frame::AskEntries { space, request, scope, day, salt: [11; 16], ids: vec![[15; 32]; 2] },
        Frame::Entries { space, request, entries: some(2), next: cursor },
        Frame::Reconcile { space, request, scope, day, salt: [11; 16], message: vec![0x61; 9] },
        Frame::Reconciled { space, request, message: vec![0x61; 9] },
        Frame::Push { space, entries: some(1) },
        Frame::Peers {
            space,
            peers: vec![(PeerKey([12; 32]), vec!["/ip4/10.0.0.1/udp/4001/quic-v1".into(), "/ip6/::1/tcp/9".into()])],
        },
        Frame::AskSeals { space, epochs: vec![EpochId([11; 32])] },
        Frame::Declined { request },
        Frame::Call { space, message: b"a message about a call".to_vec() },
        Frame::Pass { space, to: DeviceId([5; 32]), message: pair_messages()[0].to_bytes() },
        Frame::Passed { space, from: device().id(), message: pair_messages()[1].to_bytes() },
        Frame::Passed { space, from: device().id(), message: pair_messages()[2].to_bytes() },
        Frame::Prove { boxes: vec![([7; 8], vec![8; 60]), (PASSES, Vec::new())] },
    ]
}

/// Where the greetings of [`pair_messages`] hold.
pub fn greeting_place() -> GreetingPlace {
    let (room, to) = (ChannelId([16; 32]), DeviceId([5; 32]));
    GreetingPlace { space: SPACE, room, from: device().id(), since_ms: 1_800_000_000_000, to }
}

/// The keys of both sides: who greets, and who is greeted.
pub fn pair_keys() -> [PairKeys; 2] {
    let key = |n| AgreementKey::from_seed(&Secret32::new([n; 32]));
    let (place, [own, theirs]) = (greeting_place(), [key(19), key(20)]);
    let agree = |us: (DeviceId, &AgreementKey), them: (DeviceId, &AgreementKey)| {
        PairKeys::agree((place.space, place.room), us, (them.0, &them.1.public())).expect("a good key")
    };
    [agree((place.from, &own), (place.to, &theirs)), agree((place.to, &theirs), (place.from, &own))]
}

/// The word in the last of [`pair_messages`].
pub fn pair_word() -> PairWord {
    PairWord { asks: true, message: Some(b"a message about a call".to_vec()) }
}

/// A first greeting, an answer to one, and a sealed word.
pub fn pair_messages() -> [PairMessage; 3] {
    let public = |n| AgreementKey::from_seed(&Secret32::new([n; 32])).public();
    let greeting =
        |known, asks| PairMessage::Greeting(Greeting::sign(public(19), known, asks, &greeting_place(), device()));
    let sealed = pair_word().seal(7, &pair_keys()[0], &mut entropy());
    [greeting(None, true), greeting(Some(public(20)), false), sealed]
}

pub fn gossips() -> Vec<GossipBody> {
    let notice = |signal| GossipBody::Ephemeral(Ephemeral::sign(SPACE, 5, 1_900_000_000_000, signal, device()));
    let place = VoicePlace {
        channel: ChannelId([16; 32]),
        peer: PeerKey([12; 32]),
        since_ms: 1_800_000_000_000,
        muted: true,
        deafened: false,
        relay: true,
        seat: Some([-225, 160]),
    };
    let signals = [
        Signal::Presence(2),
        Signal::Typing(ChannelId([16; 32])),
        Signal::Voice(Some(place)),
        Signal::Voice(None),
        Signal::Playing(Playing::new("Deep Sea", "The reef · 2 of 4", Some(1_800_000_000_000))),
        Signal::Playing(None),
        Signal::Unknown(9),
    ];
    let mut bodies: Vec<GossipBody> = signals.into_iter().map(notice).collect();
    bodies.extend(entries().iter().step_by(4).map(|(_, e)| GossipBody::Entry(e.to_bytes())));
    bodies
}

/// A link with two peers, and one with nothing.
pub fn links() -> [InviteLink; 2] {
    let peer = |socket: &str, quic| InvitePeer {
        key: PeerKey([12; 32]),
        address: PeerAddress { socket: socket.parse().expect("an address"), quic },
    };
    let link = |expires_at_s, peers| InviteLink { space: SPACE, secret: Secret16::new([3; 16]), expires_at_s, peers };
    [link(Some(1_900_000_000), vec![peer("10.0.0.1:4001", true), peer("[::1]:9", false)]), link(None, vec![])]
}
