#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::{ChannelRows, UnreadTotal, WorldPlugin, dump};
use bevy_app::App;
use hearth_ports::{IdentityView, MessageView, ReactionView, SendState, VoiceMemberView, VoiceTopology, WindowDiff};
use hearth_types::{ChannelKind, EntryId, PeerKey, Permissions};

const SPACE: SpaceId = SpaceId([1; 32]);

fn app() -> App {
    let mut app = App::new();
    app.add_plugins(WorldPlugin);
    app
}

fn feed(app: &mut App, events: impl IntoIterator<Item = NodeEvent>) {
    for event in events {
        app.world_mut().write_message(Ingested(event));
    }
    app.update();
}

fn head(space: SpaceId, name: &str) -> NodeEvent {
    NodeEvent::Community(CommunityHead {
        community: space,
        name: name.into(),
        owner: UserId([9; 32]),
        permissions: Permissions::MEMBER,
        member_count: 2,
    })
}

fn room(n: u8, position: u32) -> NodeEvent {
    NodeEvent::Channel(ChannelView {
        community: SPACE,
        channel: ChannelId([n; 32]),
        name: format!("room {n}"),
        kind: ChannelKind::Text,
        topic: String::new(),
        position,
        sealed: false,
        plan: Default::default(),
    })
}

fn person(n: u8, name: &str, presence: Presence) -> NodeEvent {
    NodeEvent::Member(MemberView {
        community: SPACE,
        user: UserId([n; 32]),
        name: name.into(),
        color: 0x123456,
        roles: vec![],
        rank: if n == 9 { 0 } else { u16::MAX },
        owner: n == 9,
        presence,
        playing: None,
    })
}

fn said(n: u8, text: &str) -> MessageView {
    MessageView {
        message: EntryId([n; 32]),
        author: UserId([9; 32]),
        at: u64::from(n) * 1_000,
        text: text.into(),
        reply_to: None,
        edited: false,
        deleted: false,
        pinned: false,
        reactions: vec![],
        state: SendState::Sent,
        readable: true,
    }
}

fn window(diffs: Vec<WindowDiff>) -> NodeEvent {
    NodeEvent::Window { window: 1, diffs }
}

fn reset(messages: Vec<MessageView>) -> WindowDiff {
    WindowDiff::Reset { channel: ChannelId([1; 32]), messages, before: true, after: false }
}

fn shown(app: &App) -> Vec<String> {
    let world = app.world();
    let window = world.resource::<EntityIndex>().window(1).expect("window");
    world.get::<MessageOrder>(window).unwrap().0.iter().map(|e| world.get::<Body>(*e).unwrap().text.clone()).collect()
}

fn furnished() -> Vec<NodeEvent> {
    vec![
        NodeEvent::Identity(IdentityView { user: UserId([9; 32]), name: "ada".into(), color: 7 }),
        head(SPACE, "den"),
        room(1, 1),
        room(2, 0),
        person(9, "ada", Presence::Online),
        person(8, "Bo", Presence::Offline),
        NodeEvent::Unread { channel: ChannelId([2; 32]), unread: 3, mentions: 1, mark: None },
        NodeEvent::Peer(PeerView {
            peer: PeerKey([4; 32]),
            user: None,
            linked: true,
            route: None,
            address: None,
            rtt_ms: Some(3),
        }),
        sits(9, 1),
        NodeEvent::VoiceMember(VoiceMemberView { muted: true, ..place(8, 1) }),
        sits(7, 2),
    ]
}

fn place(user: u8, room: u8) -> VoiceMemberView {
    VoiceMemberView {
        community: SPACE,
        channel: ChannelId([room; 32]),
        user: UserId([user; 32]),
        inside: true,
        muted: false,
        deafened: false,
        silenced: false,
        seat: None,
    }
}

fn sits(user: u8, room: u8) -> NodeEvent {
    NodeEvent::VoiceMember(place(user, room))
}

fn gets_up(user: u8, room: u8) -> NodeEvent {
    NodeEvent::VoiceMember(VoiceMemberView { inside: false, ..place(user, room) })
}

fn speaks(user: u8, room: u8, speaking: bool, level: f32) -> NodeEvent {
    NodeEvent::VoiceSpeaking { channel: ChannelId([room; 32]), user: UserId([user; 32]), speaking, level }
}

/// Users in a room, with whether they speak.
fn in_room(app: &mut App, room: u8) -> Vec<(u8, bool)> {
    let world = app.world_mut();
    let room = world.resource::<EntityIndex>().channel(ChannelId([room; 32])).expect("room");
    let mut people = world.query::<(&VoiceStream, &InRoom, &Speaking)>();
    let mut here: Vec<(u8, bool)> =
        people.iter(world).filter(|(_, r, _)| r.0 == room).map(|(who, _, now)| (who.0.0[0], now.on)).collect();
    here.sort_unstable();
    let linked = world.get::<VoiceStreams>(room).map_or(0, |list| list.iter().count());
    assert_eq!(linked, here.len());
    here
}

#[test]
fn diffs_keep_order_and_entities() {
    let mut app = app();
    feed(&mut app, furnished());
    feed(&mut app, [window(vec![reset(vec![said(1, "a"), said(3, "c")])])]);
    assert_eq!(shown(&app), ["a", "c"]);
    let first = {
        let world = app.world();
        world.get::<MessageOrder>(world.resource::<EntityIndex>().window(1).unwrap()).unwrap().0[0]
    };
    let mut edited = said(3, "c!");
    edited.reactions = vec![ReactionView { emoji: "👍".into(), users: vec![UserId([9; 32])] }];
    feed(
        &mut app,
        [window(vec![
            WindowDiff::Insert { index: 1, message: said(2, "b") },
            WindowDiff::Insert { index: 3, message: said(4, "d") },
            WindowDiff::Set { index: 2, message: edited },
            WindowDiff::Edges { before: false, after: true },
        ])],
    );
    assert_eq!(shown(&app), ["a", "b", "c!", "d"]);
    feed(
        &mut app,
        [window(vec![WindowDiff::Remove { index: 3 }, reset(vec![said(0, "0"), said(1, "a"), said(2, "b")])])],
    );
    assert_eq!(shown(&app), ["0", "a", "b"]);
    let world = app.world_mut();
    let window = world.resource::<EntityIndex>().window(1).unwrap();
    assert_eq!(world.get::<MessageOrder>(window).unwrap().0[1], first, "a message that stays keeps its entity");
    let mut all = world.query::<&ChatMessage>();
    assert_eq!(all.iter(world).count(), 3, "messages that left are despawned");
}

#[test]
fn a_diff_that_does_not_fit_asks_for_the_window_again() {
    for bad in [
        WindowDiff::Insert { index: 9, message: said(2, "b") },
        WindowDiff::Set { index: 1, message: said(2, "b") },
        WindowDiff::Remove { index: 1 },
    ] {
        let mut app = app();
        feed(&mut app, furnished());
        feed(&mut app, [window(vec![reset(vec![said(1, "a")])])]);
        feed(&mut app, [window(vec![bad])]);
        let lost: Vec<WindowLost> = app.world_mut().resource_mut::<Messages<WindowLost>>().drain().collect();
        assert_eq!(lost, [WindowLost(1)]);
        assert_eq!(shown(&app), ["a"]);
    }
}

#[test]
fn a_window_refuses_to_grow_without_bound() {
    let mut app = app();
    feed(&mut app, furnished());
    feed(&mut app, [window(vec![reset(vec![])])]);
    let flood =
        (0..3 * limits::WINDOW_MESSAGES).map(|_| WindowDiff::Insert { index: 0, message: said(1, "x") }).collect();
    feed(&mut app, [window(flood)]);
    assert_eq!(shown(&app).len(), 2 * limits::WINDOW_MESSAGES);
    assert!(!app.world().resource::<Messages<WindowLost>>().is_empty());
}

#[test]
fn channels_are_listed_in_reading_order() {
    let mut app = app();
    feed(&mut app, furnished());
    let name = |app: &App, e: &Entity| app.world().get::<DisplayName>(*e).unwrap().0.clone();
    let home = app.world().resource::<EntityIndex>().community(SPACE).unwrap();
    let rooms: Vec<String> = app.world().get::<ChannelRows>(home).unwrap().0.iter().map(|e| name(&app, e)).collect();
    assert_eq!(rooms, ["room 2", "room 1"]);
    feed(&mut app, [room(2, 5)]);
    let rooms: Vec<String> = app.world().get::<ChannelRows>(home).unwrap().0.iter().map(|e| name(&app, e)).collect();
    assert_eq!(rooms, ["room 1", "room 2"]);
    assert_eq!(app.world().get::<UnreadTotal>(home), Some(&UnreadTotal { messages: 3, mentions: 1 }));
    feed(&mut app, [NodeEvent::ChannelGone { community: SPACE, channel: ChannelId([1; 32]) }]);
    feed(&mut app, [NodeEvent::ChannelGone { community: SPACE, channel: ChannelId([2; 32]) }]);
    assert_eq!(app.world().get::<ChannelRows>(home).unwrap().0.len(), 0);
    assert_eq!(app.world().get::<UnreadTotal>(home), Some(&UnreadTotal::default()));
}

#[test]
fn presence_reaches_every_membership() {
    let mut app = app();
    feed(&mut app, furnished());
    let before = *app.world().resource::<Revisions>();
    let playing = hearth_types::Playing::new("Deep Sea", "", None);
    let user = UserId([8; 32]);
    feed(&mut app, [NodeEvent::PresenceChanged { user, presence: Presence::Idle, playing: playing.clone() }]);
    let member = app.world().resource::<EntityIndex>().member(SPACE, UserId([8; 32])).unwrap();
    assert_eq!(app.world().get::<There>(member), Some(&There(Presence::Idle)));
    assert_eq!(app.world().get::<Plays>(member), Some(&Plays(playing)));
    let after = *app.world().resource::<Revisions>();
    assert!(after.members > before.members);
    assert_eq!((after.lists, after.windows), (before.lists, before.windows));
}

#[test]
fn leaving_a_community_takes_everything_in_it() {
    let mut app = app();
    feed(&mut app, furnished());
    feed(&mut app, [window(vec![reset(vec![said(1, "a")])])]);
    feed(&mut app, [NodeEvent::CommunityGone { community: SPACE }]);
    let world = app.world_mut();
    let mut left = world.query_filtered::<Entity, Or<(
        With<Community>,
        With<Channel>,
        With<Member>,
        With<MessageWindow>,
        With<ChatMessage>,
        With<VoiceStream>,
    )>>();
    assert_eq!(left.iter(world).count(), 0);
    assert!(world.resource::<EntityIndex>().window(1).is_none());
    // Late events about it are harmless.
    feed(&mut app, [room(1, 0), person(9, "ada", Presence::Online), window(vec![reset(vec![said(1, "a")])])]);
    assert!(app.world().resource::<EntityIndex>().channel(ChannelId([1; 32])).is_none());
    assert_eq!(app.world().resource::<EntityIndex>().voices().count(), 0);
}

#[test]
fn dropping_every_entity_and_a_snapshot_rebuild_an_equal_world() {
    let mut app = app();
    let messages = window(vec![reset(vec![said(1, "a"), said(2, "b")])]);
    feed(&mut app, furnished().into_iter().chain([messages.clone()]));
    // Who speaks is of the moment; it is no fact that has to come back.
    feed(&mut app, [speaks(8, 1, true, 0.5)]);
    let before = dump(app.world());
    assert!(before.lines().count() > 10);
    assert_eq!(before.lines().filter(|l| l.starts_with("voice ")).count(), 3);
    drop_projection(app.world_mut());
    assert_ne!(dump(app.world()), before);
    let snapshot = [NodeEvent::SnapshotBegin].into_iter().chain(furnished()).chain([NodeEvent::SnapshotEnd, messages]);
    feed(&mut app, snapshot);
    assert_eq!(dump(app.world()), before);
}

#[test]
fn what_a_snapshot_does_not_repeat_is_gone() {
    let mut app = app();
    let other = SpaceId([2; 32]);
    feed(&mut app, furnished().into_iter().chain([head(other, "gone soon")]));
    feed(
        &mut app,
        [
            NodeEvent::SnapshotBegin,
            head(SPACE, "den"),
            room(1, 1),
            person(9, "ada", Presence::Online),
            sits(9, 1),
            NodeEvent::SnapshotEnd,
        ],
    );
    assert_eq!(in_room(&mut app, 1), [(9, false)]);
    let index = app.world().resource::<EntityIndex>();
    assert!(index.community(other).is_none());
    assert!(index.channel(ChannelId([2; 32])).is_none());
    assert!(index.channel(ChannelId([1; 32])).is_some());
    assert!(index.member(SPACE, UserId([8; 32])).is_none());
    assert!(index.peer(PeerKey([4; 32])).is_none());
    assert_eq!(index.voices().count(), 1);
}

#[test]
fn typing_ends_with_the_message_and_is_bounded() {
    let mut app = app();
    feed(&mut app, furnished());
    let channel = ChannelId([1; 32]);
    let notices = (0..40u8).map(|n| NodeEvent::Typing { channel, user: UserId([n; 32]), until_ms: 100 + u64::from(n) });
    feed(&mut app, notices);
    let entity = app.world().resource::<EntityIndex>().channel(channel).unwrap();
    assert_eq!(app.world().get::<Typers>(entity).unwrap().0.len(), MAX_TYPERS);
    let mut done = said(5, "there");
    done.author = UserId([39; 32]);
    feed(&mut app, [NodeEvent::Message { community: SPACE, channel, message: done }]);
    assert!(!app.world().get::<Typers>(entity).unwrap().0.contains_key(&UserId([39; 32])));
}

#[test]
fn people_go_in_and_out_of_rooms_and_speak_there() {
    let mut app = app();
    feed(&mut app, furnished());
    let before = *app.world().resource::<Revisions>();
    feed(&mut app, [speaks(8, 1, true, 4.0), speaks(8, 2, true, 0.5), speaks(1, 1, true, 0.5)]);
    assert_eq!(in_room(&mut app, 1), [(8, true), (9, false)], "only who is in the room can speak there");
    let bo = app.world().resource::<EntityIndex>().voice(SPACE, UserId([8; 32])).unwrap();
    assert_eq!(app.world().get::<Speaking>(bo), Some(&Speaking { on: true, level: 1.0 }));
    assert_eq!(app.world().get::<Muted>(bo), Some(&Muted(true)));
    let after = *app.world().resource::<Revisions>();
    assert!(after.voices > before.voices);
    assert_eq!((after.lists, after.members, after.windows), (before.lists, before.members, before.windows));
    // The other room is said before or after the one that was left.
    feed(&mut app, [sits(8, 2), gets_up(8, 1), gets_up(7, 2), sits(7, 1)]);
    assert_eq!(in_room(&mut app, 1), [(7, false), (9, false)]);
    assert_eq!(in_room(&mut app, 2), [(8, false)]);
    feed(&mut app, [NodeEvent::MemberGone { community: SPACE, user: UserId([8; 32]) }]);
    assert_eq!(in_room(&mut app, 2), []);
}

#[test]
fn levels_follow_who_speaks_in_one_s_own_room_alone() {
    let mut app = app();
    feed(&mut app, furnished());
    feed(&mut app, [speaks(8, 1, true, 0.5)]);
    let level = |app: &App, n: u8| {
        let who = app.world().resource::<EntityIndex>().voice(SPACE, UserId([n; 32])).unwrap();
        app.world().get::<Speaking>(who).unwrap().level
    };
    let told = |own: f32, users: &[(u8, f32)]| {
        let users = users.iter().map(|(n, level)| (UserId([*n; 32]), *level)).collect();
        NodeEvent::VoiceLevels { own, open: own > 0.5, users }
    };
    let before = *app.world().resource::<Revisions>();
    feed(&mut app, [told(0.2, &[(8, 0.8), (7, 0.9), (3, 0.9)])]);
    assert_eq!(level(&app, 8), 0.8);
    assert_eq!((level(&app, 9), level(&app, 7)), (0.0, 0.0), "silent, and in another room");
    assert_eq!(*app.world().resource::<Microphone>(), Microphone { level: 0.2, open: false });
    let after = *app.world().resource::<Revisions>();
    assert_eq!(after, Revisions { levels: before.levels + 1, ..before });
    feed(&mut app, [told(0.2, &[(8, 0.81)])]);
    assert_eq!(*app.world().resource::<Revisions>(), after, "nobody sees so small a change");
    assert_eq!(level(&app, 8), 0.8);
    feed(&mut app, [speaks(9, 1, true, 0.1), told(0.7, &[(8, 0.3), (8, f32::NAN), (8, 9.0)])]);
    assert_eq!((level(&app, 9), level(&app, 8)), (0.7, 1.0));
    assert!(app.world().resource::<Microphone>().open);
    feed(&mut app, [told(0.7, &[])]);
    assert_eq!(level(&app, 8), 0.0, "who is not named is silent");
    feed(&mut app, [speaks(8, 1, false, 0.0), told(0.7, &[(8, 0.9)])]);
    assert_eq!(level(&app, 8), 0.0, "who does not speak has no level");
}

#[test]
fn leaving_a_room_ends_what_was_heard_of_it() {
    let relayed = || NodeEvent::VoiceRelay {
        channel: ChannelId([1; 32]),
        topology: VoiceTopology::Relay,
        relay: Some(UserId([8; 32])),
    };
    let gone_by = [
        vec![gets_up(9, 1)],
        vec![sits(9, 2)],
        furnished().into_iter().filter(|e| *e != sits(9, 1)).chain([NodeEvent::SnapshotEnd]).collect(),
    ];
    for mut events in gone_by {
        if events.len() > 2 {
            events.insert(0, NodeEvent::SnapshotBegin);
        }
        let mut app = app();
        feed(&mut app, furnished().into_iter().chain([relayed(), speaks(8, 1, true, 0.5)]));
        let room = app.world().resource::<EntityIndex>().channel(ChannelId([1; 32])).unwrap();
        let path = CallPath { topology: VoiceTopology::Relay, relay: Some(UserId([8; 32])) };
        assert_eq!(app.world().get::<CallPath>(room), Some(&path));
        feed(&mut app, [NodeEvent::SnapshotBegin].into_iter().chain(furnished()).chain([NodeEvent::SnapshotEnd]));
        assert_eq!(app.world().get::<CallPath>(room), Some(&path), "a call outlives a snapshot");
        assert_eq!(in_room(&mut app, 1), [(8, true), (9, false)]);
        feed(&mut app, events);
        assert_eq!(app.world().get::<CallPath>(room), None);
        assert!(in_room(&mut app, 1).contains(&(8, false)));
    }
}

#[test]
fn a_room_has_no_more_people_than_fit() {
    let mut app = app();
    feed(&mut app, furnished());
    let crowd = (0..2 * limits::VOICE_MEMBERS as u16).map(|n| {
        let mut user = [50; 32];
        user[..2].copy_from_slice(&n.to_be_bytes());
        NodeEvent::VoiceMember(VoiceMemberView { user: UserId(user), ..place(0, 2) })
    });
    feed(&mut app, crowd);
    assert_eq!(in_room(&mut app, 2).len(), limits::VOICE_MEMBERS);
    feed(&mut app, [NodeEvent::ChannelGone { community: SPACE, channel: ChannelId([2; 32]) }]);
    assert_eq!(app.world().resource::<EntityIndex>().voices().count(), 2);
}
