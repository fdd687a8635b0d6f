#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::{Screen, Toasts, WallClock, intents::carry_out, replies};
use bevy::{ecs::message::Messages, state::app::StatesPlugin};
use bevy_egui::EguiClipboard;
use hearth_ports::{
    ChannelView, CommunityHead, ErrorCode, IdentityView, MemberView, NodeError, NodeEvent, Noise, Presence,
    VoiceMemberView,
};
use hearth_types::{ChannelKind, Permissions};
use hearth_view::{ThemeChoice, Tokens};
use hearth_world::{HearthSystems, Ingested, ReplyArrived, SendCommand, WorldPlugin};
use std::{path::PathBuf, sync::Arc};

const SPACE: SpaceId = SpaceId([1; 32]);
const ROOM: ChannelId = ChannelId([2; 32]);
const ME: UserId = UserId([9; 32]);
const BO: UserId = UserId([8; 32]);

/// The parts of the client that voice goes through, with a window but nothing drawn.
fn client(prefs: Prefs) -> App {
    let mut app = App::new();
    app.add_plugins((StatesPlugin, WorldPlugin))
        .insert_resource(prefs)
        .insert_resource(WallClock(Arc::new(|| 1_000)))
        .insert_resource(Look {
            choice: ThemeChoice::Dark,
            tokens: Tokens::built_in(ThemeChoice::Dark),
            motion: Motion::Full,
            utc_offset_min: 0,
            lounge: false,
        })
        .init_resource::<Selection>()
        .init_resource::<Voices>()
        .init_resource::<Faces>()
        .init_resource::<Wishes>()
        .init_resource::<Toasts>()
        .init_resource::<replies::Asked>()
        .init_resource::<EguiClipboard>()
        .init_resource::<ButtonInput<KeyCode>>()
        .init_state::<Screen>()
        .add_systems(Startup, tell_choices)
        .add_systems(Update, (replies::settle, rebuild, settle_in, talk, meter).chain().in_set(HearthSystems::Derive))
        .add_systems(Last, carry_out.in_set(HearthSystems::Intent));
    app.world_mut().resource_mut::<Selection>().open_community(SPACE);
    app.world_mut().spawn((Window { focused: true, ..Window::default() }, PrimaryWindow));
    app.update();
    app
}

fn feed(app: &mut App, events: impl IntoIterator<Item = NodeEvent>) {
    for event in events {
        app.world_mut().write_message(Ingested(event));
    }
    app.update();
}

fn sits(user: UserId) -> NodeEvent {
    let place = VoiceMemberView {
        community: SPACE,
        channel: ROOM,
        user,
        inside: true,
        muted: false,
        deafened: false,
        silenced: false,
        seat: None,
    };
    NodeEvent::VoiceMember(place)
}

fn member(user: UserId, name: &str) -> NodeEvent {
    NodeEvent::Member(MemberView {
        community: SPACE,
        user,
        name: name.into(),
        color: 0,
        roles: vec![],
        rank: u16::MAX,
        owner: false,
        presence: Presence::Online,
        playing: None,
    })
}

/// A community with one room, Bo in it.
fn furnish(app: &mut App) {
    let head = CommunityHead {
        community: SPACE,
        name: "den".into(),
        owner: BO,
        permissions: Permissions::MEMBER,
        member_count: 2,
    };
    let room = ChannelView {
        community: SPACE,
        channel: ROOM,
        name: "lounge".into(),
        kind: ChannelKind::Voice,
        topic: String::new(),
        position: 0,
        sealed: false,
        plan: Default::default(),
    };
    let me = IdentityView { user: ME, name: "Ada".into(), color: 0 };
    let events = [NodeEvent::Identity(me), NodeEvent::Community(head), NodeEvent::Channel(room)];
    feed(app, events.into_iter().chain([member(ME, "Ada"), member(BO, "Bo"), sits(BO)]));
}

fn in_call() -> App {
    let mut app = client(Prefs::open(None));
    furnish(&mut app);
    feed(&mut app, [sits(ME)]);
    sent(&mut app);
    app
}

/// What went to the node about voice since it was last asked.
fn sent(app: &mut App) -> Vec<VoiceAsk> {
    let mut commands = app.world_mut().resource_mut::<Messages<SendCommand>>();
    commands.drain().filter_map(|s| if let NodeCommand::Voice(ask) = s.command { Some(ask) } else { None }).collect()
}

fn wish(app: &mut App, intent: Intent) -> Vec<VoiceAsk> {
    app.world_mut().resource_mut::<Wishes>().0.push(intent);
    app.update();
    sent(app)
}

fn choose(app: &mut App, talk: Talk) -> Vec<VoiceAsk> {
    wish(app, Intent::SetVoice(VoiceChoices { talk, ..VoiceChoices::default() }))
}

fn hold(app: &mut App, down: bool) -> Vec<VoiceAsk> {
    let mut keys = app.world_mut().resource_mut::<ButtonInput<KeyCode>>();
    if down {
        keys.press(TALK_KEY)
    } else {
        keys.release(TALK_KEY)
    };
    app.update();
    sent(app)
}

fn focus(app: &mut App, focused: bool) -> Vec<VoiceAsk> {
    let world = app.world_mut();
    world.query::<&mut Window>().single_mut(world).unwrap().focused = focused;
    app.update();
    sent(app)
}

fn key(held: bool, gate: Gate) -> Vec<VoiceAsk> {
    vec![VoiceAsk::Set(VoiceSettings { ptt: Some(held), gate: Some(gate), ..VoiceSettings::default() })]
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("hearth-ui-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

#[test]
fn choices_are_kept_and_the_node_knows_them_at_the_next_start() {
    let folder = folder("choices");
    let choices = VoiceChoices {
        input: "Blue Yeti".into(),
        output: "Headset".into(),
        talk: Talk::Always,
        noise: Noise::Strong,
        echo: false,
        gain: false,
        headphones: false,
        lend: true,
        cues: false,
        ..VoiceChoices::default()
    };
    let want = VoiceSettings {
        input: Some("Blue Yeti".into()),
        output: Some("Headset".into()),
        gate: Some(Gate::Continuous),
        noise: Some(Noise::Strong),
        echo: Some(false),
        gain: Some(false),
        headphones: Some(false),
        lend: Some(true),
        cues: Some(false),
        ..VoiceSettings::default()
    };
    let mut app = client(Prefs::open(Some(&folder)));
    assert_eq!(sent(&mut app), [VoiceAsk::Set(wanted(&VoiceChoices::default()))]);
    assert_eq!(wish(&mut app, Intent::SetVoice(choices.clone())), [VoiceAsk::Set(want.clone())]);
    drop(app);
    let mut app = client(Prefs::open(Some(&folder)));
    assert_eq!(app.world().resource::<Prefs>().values.voice, choices);
    assert_eq!(sent(&mut app), [VoiceAsk::Set(want)]);
    drop(app);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn push_to_talk_opens_the_microphone_while_the_key_is_held() {
    let mut app = in_call();
    assert_eq!(hold(&mut app, true), [], "not before it was chosen");
    hold(&mut app, false);
    let [VoiceAsk::Set(told)] = &choose(&mut app, Talk::Key)[..] else { panic!() };
    assert_eq!((told.gate, told.ptt), (Some(Gate::PushToTalk), None));
    assert_eq!(hold(&mut app, true), key(true, Gate::PushToTalk));
    assert!(app.world().resource::<Voices>().talking);
    assert_eq!(hold(&mut app, true), [], "a held key is told once");
    assert_eq!(hold(&mut app, false), key(false, Gate::PushToTalk));
}

#[test]
fn a_key_let_go_after_push_to_talk_was_left_does_not_bring_it_back() {
    let mut app = in_call();
    choose(&mut app, Talk::Key);
    hold(&mut app, true);
    let [VoiceAsk::Set(told)] = &choose(&mut app, Talk::Voice)[..] else { panic!() };
    assert_eq!(told.gate, Some(Gate::Voice));
    app.update();
    assert_eq!(sent(&mut app), key(false, Gate::Voice), "let go, and the voice still opens it");
    assert_eq!(hold(&mut app, false), []);
}

#[test]
fn the_key_counts_only_in_a_call_and_in_a_window_with_the_keyboard() {
    let mut app = client(Prefs::open(None));
    furnish(&mut app);
    choose(&mut app, Talk::Key);
    sent(&mut app);
    assert_eq!(hold(&mut app, true), [], "nobody is there to hear it");
    hold(&mut app, false);
    feed(&mut app, [sits(ME)]);
    sent(&mut app);
    hold(&mut app, true);
    assert_eq!(focus(&mut app, false), key(false, Gate::PushToTalk));
    assert!(!app.world().resource::<Voices>().talking);
}

fn speaks(on: bool) -> NodeEvent {
    NodeEvent::VoiceSpeaking { channel: ROOM, user: BO, speaking: on, level: 0.5 }
}

#[test]
fn levels_are_asked_for_only_while_a_ring_is_seen_to_move() {
    let mut app = in_call();
    app.update();
    assert_eq!(sent(&mut app), [], "a silent room tells nothing");
    feed(&mut app, [speaks(true)]);
    assert_eq!(sent(&mut app), [VoiceAsk::Meter { on: true }]);
    app.update();
    assert_eq!(sent(&mut app), []);
    assert_eq!(focus(&mut app, false), [VoiceAsk::Meter { on: false }]);
    assert_eq!(focus(&mut app, true), [VoiceAsk::Meter { on: true }]);
    feed(&mut app, [speaks(false)]);
    assert_eq!(sent(&mut app), [VoiceAsk::Meter { on: false }]);
    app.world_mut().resource_mut::<Look>().motion = Motion::Reduced;
    feed(&mut app, [speaks(true)]);
    assert_eq!(sent(&mut app), [], "steady rings need none");
}

#[test]
fn a_level_reaches_the_ring_and_nothing_is_put_together_again() {
    let mut app = in_call();
    feed(&mut app, [speaks(true)]);
    let level = |app: &App| app.world().resource::<Voices>().people.iter().find(|p| p.user == BO).unwrap().level;
    assert_eq!(level(&app), 0.5);
    // A mark that only a new list would lose.
    app.world_mut().resource_mut::<Voices>().people.iter_mut().for_each(|p| p.volume = 1.5);
    feed(&mut app, [NodeEvent::VoiceLevels { own: 0.1, open: false, users: vec![(BO, 0.9)] }]);
    assert_eq!(level(&app), 0.9);
    assert!(app.world().resource::<Voices>().people.iter().all(|p| p.volume == 1.5));
    assert_eq!(app.world().resource::<Voices>().mic, MicView::default(), "no test, no meter");
    feed(&mut app, [speaks(false)]);
    assert_eq!(level(&app), 0.0);
    assert!(app.world().resource::<Voices>().people.iter().all(|p| p.volume == 1.0));
}

#[test]
fn a_refused_test_is_a_notice_when_the_settings_are_closed() {
    let mut app = client(Prefs::open(None));
    app.world_mut().resource_mut::<Faces>().main.offer_link("mesh://join#x");
    app.world_mut().resource_mut::<Wishes>().0.push(Intent::TestMicrophone(true));
    app.update();
    let asked: Vec<SendCommand> = app.world_mut().resource_mut::<Messages<SendCommand>>().drain().collect();
    let request = asked.last().unwrap().request;
    let error = NodeError::new(ErrorCode::NotFound, "Sound cannot start.");
    app.world_mut().write_message(ReplyArrived { request, result: Err(error) });
    app.update();
    assert_eq!(app.world().resource::<Toasts>().shown.last().unwrap().text, "Sound cannot start.");
}
