//! The client over a made-up node, to look at: `gallery SCENE [--theme light] [--size 1920x1080] [--picture FILE]
//! [--hidden on] [--egui-fix off]`.
//!
//! Scenes: `first` (empty home), `named` (no community yet), `lived-in`, `call` (the same, in a voice room), `talk` (the same,
//! and somebody's voice rises and falls), `crowd` (100,000 messages), `alone` (nobody reachable), `lounge` (the voice room is
//! open; `--people N`, `--speaking N`, `--plan fireside|living_room|theatre|squads`, `--still on` for reduced motion).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../tests/support/support.rs"]
mod support;

use bevy::prelude::{App, Last};
use hearth_bridge::WakeUp;
use hearth_desktop::{AppConfig, Surface, app};
use hearth_ports::{Health, NodeCommand, NodeEvent, Presence, VoiceAsk};
use hearth_room::BuiltIn;
use hearth_types::UserId;
use hearth_ui::{Selection, UiConfig, WallClock};
use hearth_view::ThemeChoice;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use support::{
    fake_node::{FakeNode, ME, State},
    furnished,
};

fn main() {
    let mut args = std::env::args().skip(1);
    let scene = args.next().unwrap_or_else(|| "lived-in".into());
    let (mut theme, mut size, mut picture, mut egui_fix) = (ThemeChoice::Dark, (1280, 720), None, true);
    let (mut people, mut speaking, mut plan, mut still) = (8, 2, BuiltIn::default(), false);
    let mut hidden = false;
    while let Some(flag) = args.next() {
        let value = args.next().expect("a value after each option");
        match flag.as_str() {
            "--theme" => theme = if value == "light" { ThemeChoice::Light } else { ThemeChoice::Dark },
            "--size" => {
                let (w, h) = value.split_once('x').expect("WIDTHxHEIGHT");
                size = (w.parse().unwrap(), h.parse().unwrap());
            }
            "--picture" => picture = Some(value.into()),
            "--people" => people = value.parse().unwrap(),
            "--speaking" => speaking = value.parse().unwrap(),
            "--plan" => plan = BuiltIn::from_key(&value).expect("a plan"),
            "--still" => still = value == "on",
            "--hidden" => hidden = value == "on",
            "--egui-fix" => egui_fix = value == "on",
            other => panic!("{other}?"),
        }
    }
    let state = match scene.as_str() {
        "first" => State::empty(),
        "named" => {
            let mut state = State::empty();
            state.me.name = "Ada".into();
            state
        }
        "lounge" => furnished::lounge(people, speaking, plan),
        "call" | "talk" => furnished::in_call(),
        "crowd" => furnished::crowded(100_000, 40).0,
        "alone" => {
            let mut state = furnished::lived_in();
            for member in state.homes.iter_mut().flat_map(|home| &mut home.members).filter(|m| m.user != ME) {
                member.presence = Presence::Offline;
            }
            state.net.health = Health::Alone;
            state.net.sentence = "Can't reach anyone yet. Your messages are saved and go out by themselves.".into();
            state
        }
        _ => furnished::lived_in(),
    };
    let now_ms = state.now_ms;
    let wake_up = WakeUp::default();
    let room = state.seats.first().filter(|_| scene == "lounge").map(|seat| (seat.community, seat.channel));
    let speaker = state.speakers.first().map(|(user, _)| *user);
    let (fake, handle) = FakeNode::start(state, wake_up.waker());
    if let Some(user) = speaker.filter(|_| scene == "talk") {
        std::thread::spawn(move || rise_and_fall(&fake, user));
    }
    let surface = match picture {
        Some(file) => Surface::Picture { file, size },
        None => Surface::Window { hidden, size },
    };
    let config = AppConfig {
        surface,
        ui: UiConfig { theme: Some(theme), reduced_motion: still, ..UiConfig::default() },
        wake_up,
        egui_fix,
        ..AppConfig::default()
    };
    let mut app = app(config, handle);
    app.insert_resource(WallClock(Arc::new(move || now_ms)));
    if let Some((community, channel)) = room {
        app.world_mut().resource_mut::<Selection>().last_channels.insert(community, channel);
    }
    count_updates(&mut app);
    app.run();
}

/// Levels as a node tells them, while they are asked for.
fn rise_and_fall(fake: &FakeNode, user: UserId) {
    for tick in 0.. {
        std::thread::sleep(Duration::from_millis(66));
        let metered = fake.asked.lock().unwrap().iter().rev().find_map(|command| match command {
            NodeCommand::Voice(VoiceAsk::Meter { on }) => Some(*on),
            _ => None,
        });
        if metered == Some(true) {
            let level = 0.6 + 0.25 * (tick as f32 * 0.7).sin();
            fake.emit(vec![NodeEvent::VoiceLevels { own: 0.0, open: false, users: vec![(user, level)] }]);
        }
    }
}

/// Answers every line on the standard input with the number of updates so far.
fn count_updates(app: &mut App) {
    let updates = Arc::new(AtomicU64::new(0));
    let counter = updates.clone();
    app.add_systems(Last, move || {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    std::thread::spawn(move || {
        for _ in std::io::stdin().lines().map_while(Result::ok) {
            println!("{}", updates.load(Ordering::Relaxed));
        }
    });
}
