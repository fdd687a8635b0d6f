//! From a game's socket to the command for the node, by choice only.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bevy_app::App;
use bevy_ecs::message::Messages;
use hearth_bridge::WakeUp;
use hearth_playing::PlayingPlugin;
use hearth_ports::NodeCommand;
use hearth_types::Playing;
use hearth_ui::{Prefs, Voices};
use hearth_world::{SendCommand, WorldPlugin};
use std::io::Write as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::{Duration, Instant};

fn client(folder: &Path) -> App {
    let mut app = App::new();
    app.add_plugins(WorldPlugin)
        .init_resource::<Voices>()
        .insert_resource(Prefs::open(None))
        .add_plugins(PlayingPlugin { wake_up: WakeUp::default(), folder: Some(folder.to_owned()) });
    app
}

fn choose(app: &mut App, on: bool) {
    app.world_mut().resource_mut::<Prefs>().change(|values| values.voice.games = on);
    app.update();
}

/// What the node is told to say.
fn said(app: &mut App) -> Vec<Option<Playing>> {
    app.update();
    let sent: Vec<SendCommand> = app.world_mut().resource_mut::<Messages<SendCommand>>().drain().collect();
    sent.into_iter()
        .map(|sent| match sent.command {
            NodeCommand::PresenceSet { presence: None, playing: Some(playing) } => playing,
            other => panic!("{other:?}"),
        })
        .collect()
}

fn game(folder: &Path) -> UnixStream {
    let mut stream = UnixStream::connect(folder.join("discord-ipc-0")).unwrap();
    for (op, body) in [
        (0u32, r#"{"v":1,"client_id":"9"}"#),
        (1, r#"{"cmd":"SET_ACTIVITY","nonce":"1","args":{"activity":{"name":"Deep Sea","details":"The reef"}}}"#),
    ] {
        stream.write_all(&op.to_le_bytes()).unwrap();
        stream.write_all(&(body.len() as u32).to_le_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
    }
    stream
}

#[test]
fn games_are_heard_by_choice_and_the_node_says_what_they_tell() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("discord-ipc-0");
    let mut app = client(dir.path());
    app.update();
    assert!(!socket.exists(), "nobody chose it");
    choose(&mut app, true);
    assert!(socket.exists());
    let _game = game(dir.path());
    let until = Instant::now() + Duration::from_secs(20);
    let first = loop {
        if let Some(first) = said(&mut app).pop() {
            break first;
        }
        assert!(Instant::now() < until, "nothing was said");
        std::thread::yield_now();
    };
    assert_eq!(first, Playing::new("Deep Sea", "The reef", None));
    choose(&mut app, false);
    assert_eq!(said(&mut app), [None], "its end is said too");
    assert!(!socket.exists());
}

#[test]
fn a_place_that_is_taken_is_said_and_nothing_else_happens() {
    let dir = tempfile::tempdir().unwrap();
    let others: Vec<_> =
        (0..10).map(|n| UnixListener::bind(dir.path().join(format!("discord-ipc-{n}"))).unwrap()).collect();
    let mut app = client(dir.path());
    choose(&mut app, true);
    let word = |app: &App| app.world().resource::<Voices>().no_games.clone();
    assert!(word(&app).unwrap().contains("Close one of them"));
    choose(&mut app, false);
    assert_eq!(word(&app), None);
    drop(others);
    let _first = {
        std::fs::remove_file(dir.path().join("discord-ipc-0")).unwrap();
        UnixListener::bind(dir.path().join("discord-ipc-0")).unwrap()
    };
    choose(&mut app, true);
    assert!(word(&app).unwrap().contains("hears games first"), "it listens at the next place");
    assert_eq!(said(&mut app), []);
}
