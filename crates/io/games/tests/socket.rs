//! Real sockets, and a real library of games at the other end of one.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use discord_rich_presence::{
    DiscordIpc as _, DiscordIpcClient,
    activity::{Activity, Party, Timestamps},
};
use hearth_games::{Games, Playing, Unavailable, limits};
use serde_json::{Value, json};
use std::fs::{self, Permissions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use tempfile::{TempDir, tempdir};

const WAIT: Duration = Duration::from_secs(20);

struct House {
    dir: TempDir,
    games: Option<Games>,
    told: Receiver<Option<Playing>>,
}

impl House {
    fn new() -> Self {
        Self::in_dir(tempdir().unwrap())
    }
    fn in_dir(dir: TempDir) -> Self {
        let (tell, told) = channel();
        let games = Games::start(dir.path(), move |playing| drop(tell.send(playing))).unwrap();
        Self { dir, games: Some(games), told }
    }
    fn game(&self) -> Game {
        Game::at(&self.dir.path().join("discord-ipc-0"))
    }
    fn next(&self) -> Option<Playing> {
        self.told.recv_timeout(WAIT).expect("a change is told")
    }
}

struct Game(UnixStream);

impl Game {
    fn at(path: &Path) -> Self {
        let stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(WAIT)).unwrap();
        stream.set_write_timeout(Some(WAIT)).unwrap();
        Self(stream)
    }
    fn frame(op: u32, body: &str) -> Vec<u8> {
        [&op.to_le_bytes(), &(body.len() as u32).to_le_bytes(), body.as_bytes()].concat()
    }
    fn say(&self, op: u32, body: &Value) {
        (&self.0).write_all(&Self::frame(op, &body.to_string())).unwrap();
    }
    fn hear(&self) -> Option<(u32, Value)> {
        let mut head = [0; 8];
        (&self.0).read_exact(&mut head).ok()?;
        let number = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().unwrap());
        let mut body = vec![0; number(4) as usize];
        (&self.0).read_exact(&mut body).ok()?;
        Some((number(0), serde_json::from_slice(&body).unwrap()))
    }
    fn hello(&self) {
        self.say(0, &json!({"v": 1, "client_id": "9"}));
        assert_eq!(self.hear().expect("an answer").1["evt"], "READY");
    }
    fn play(&self, name: &str) {
        self.say(1, &json!({"cmd": "SET_ACTIVITY", "nonce": "1", "args": {"pid": 1, "activity": {"name": name}}}));
        assert_eq!(self.hear().expect("an answer").1["data"]["name"], name);
    }
    /// Whether the other side closes it, whatever it says before.
    fn closed(&self) -> bool {
        while self.hear().is_some() {}
        match (&self.0).read(&mut [0; 1]) {
            Ok(n) => n == 0,
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    }
}

fn named(game: &str) -> Option<Playing> {
    Playing::new(game, "", None)
}

#[test]
fn what_a_game_says_is_told_and_ends_with_its_connection() {
    let house = House::new();
    let game = house.game();
    game.hello();
    game.play("Deep Sea");
    assert_eq!(house.next(), named("Deep Sea"));
    let begun = Instant::now();
    drop(game);
    assert_eq!(house.next(), None);
    assert!(
        begun.elapsed() + Duration::from_millis(200) > limits::BETWEEN,
        "not faster than one change in four seconds"
    );
}

#[test]
fn only_this_person_may_connect_and_the_place_is_given_back() {
    let mut house = House::new();
    let path = house.dir.path().join("discord-ipc-0");
    let meta = fs::symlink_metadata(&path).unwrap();
    assert!(meta.file_type().is_socket() && meta.permissions().mode() & 0o777 == 0o600);
    let game = house.game();
    game.hello();
    game.play("Deep Sea");
    assert_eq!(house.next(), named("Deep Sea"));
    house.games = None;
    assert_eq!(house.next(), None, "nothing is played once nobody listens");
    assert!(!path.exists() && game.closed());
    drop(Games::start(house.dir.path(), |_| {}).unwrap());
}

#[test]
fn a_place_left_behind_is_taken_and_one_that_is_lived_in_is_not() {
    let dir = tempdir().unwrap();
    let path = |n: usize| dir.path().join(format!("discord-ipc-{n}"));
    drop(UnixListener::bind(path(0)).unwrap());
    let games = Games::start(dir.path(), |_| {}).unwrap();
    assert!(games.first(), "nobody listened there any more");
    Game::at(&path(0)).hello();
    drop(games);

    let _other = UnixListener::bind(path(0)).unwrap();
    fs::write(path(1), "a file of somebody's").unwrap();
    let games = Games::start(dir.path(), |_| {}).unwrap();
    assert!(!games.first());
    Game::at(&path(2)).hello();
    drop(games);
    assert!(path(0).exists() && path(1).exists() && !path(2).exists(), "what is others' is left alone");

    let _all: Vec<_> = (2..10).map(|n| UnixListener::bind(path(n)).unwrap()).collect();
    assert_eq!(Games::start(dir.path(), |_| {}).unwrap_err(), Unavailable::Taken);
}

#[test]
fn a_living_one_that_takes_nobody_in_is_not_waited_for() {
    let dir = tempdir().unwrap();
    let _deaf = UnixListener::bind(dir.path().join("discord-ipc-0")).unwrap();
    let mut waiting = Vec::new();
    // Until its queue is full.
    while let Some(stream) = connect_at_once(&dir.path().join("discord-ipc-0")) {
        waiting.push(stream);
    }
    let begun = Instant::now();
    assert!(!Games::start(dir.path(), |_| {}).unwrap().first());
    assert!(begun.elapsed() < Duration::from_secs(2));
}

/// None: it would have to wait.
fn connect_at_once(path: &Path) -> Option<std::os::fd::OwnedFd> {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::NONBLOCK, None).unwrap();
    connect(&socket, &SocketAddrUnix::new(path).unwrap()).ok().map(|()| socket)
}

#[test]
fn a_folder_that_is_not_there_is_said_plainly() {
    let dir = tempdir().unwrap();
    let why = Games::start(&dir.path().join("nowhere"), |_| {}).unwrap_err();
    assert!(matches!(why, Unavailable::Folder(_)) && why.to_string().contains("nothing can be put there"), "{why}");
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(matches!(Games::start(&file, |_| {}), Err(Unavailable::Folder(_))));
    let long = dir.path().join("x".repeat(120));
    fs::create_dir(&long).unwrap();
    assert!(matches!(Games::start(&long, |_| {}), Err(Unavailable::Folder(_))), "longer than a socket's name may be");
    // Root may write anywhere, so nothing is shown by it there.
    fs::set_permissions(dir.path(), Permissions::from_mode(0o500)).unwrap();
    if fs::write(dir.path().join("probe"), "").is_err() {
        assert!(matches!(Games::start(dir.path(), |_| {}), Err(Unavailable::Folder(_))));
    }
    fs::set_permissions(dir.path(), Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn of_a_hundred_games_eight_are_heard_and_the_rest_turned_away() {
    let house = House::new();
    let all: Vec<Game> = (0..100).map(|_| house.game()).collect();
    let hello = Game::frame(0, &json!({"v": 1, "client_id": "9"}).to_string());
    let heard = all.iter().filter(|game| (&game.0).write_all(&hello).is_ok() && game.hear().is_some()).count();
    assert_eq!(heard, limits::CONNECTIONS);
    drop(all);
    let until = Instant::now() + WAIT;
    loop {
        let game = house.game();
        let heard = (&game.0).write_all(&hello).is_ok() && game.hear().is_some();
        if heard {
            break game.play("Deep Sea");
        }
        assert!(Instant::now() < until, "there is room again");
    }
    assert_eq!(house.next(), named("Deep Sea"));
}

#[test]
fn a_byte_at_a_time_is_heard_all_the_same() {
    let house = House::new();
    let game = house.game();
    let said = json!({"cmd": "SET_ACTIVITY", "nonce": 1, "args": {"activity": {"name": "Deep Sea"}}});
    let hello = Game::frame(0, &json!({"v": 1, "client_id": "9"}).to_string());
    for byte in hello.iter().chain(&Game::frame(1, &said.to_string())) {
        (&game.0).write_all(&[*byte]).unwrap();
    }
    assert_eq!(house.next(), named("Deep Sea"));
}

#[test]
fn nonsense_ends_its_own_connection_and_no_other() {
    let house = House::new();
    let good = house.game();
    good.hello();
    good.play("Deep Sea");
    let deep = Game::frame(1, &"[".repeat(60_000));
    let huge = [1u32.to_le_bytes(), u32::MAX.to_le_bytes()].concat();
    for bytes in [b"GET / HTTP/1.1\r\n\r\n".to_vec(), Game::frame(1, "{"), deep, huge, Game::frame(7, "{}")] {
        let bad = house.game();
        let _ = (&bad.0).write_all(&bytes);
        assert!(bad.closed());
    }
    let torn = house.game();
    (&torn.0).write_all(&Game::frame(0, "{}")[..9]).unwrap();
    drop(torn);
    good.say(3, &json!({"still": "here"}));
    assert_eq!(good.hear(), Some((4, json!({"still": "here"}))));
    assert_eq!(house.next(), named("Deep Sea"));
}

#[test]
fn who_never_says_hello_is_shown_out() {
    let house = House::new();
    let (silent, pinging) = (house.game(), house.game());
    pinging.say(3, &json!({}));
    let begun = Instant::now();
    assert!(silent.closed() && pinging.closed());
    assert!(begun.elapsed() + Duration::from_secs(1) > limits::HELLO);
}

#[test]
fn who_floods_and_never_reads_slows_nobody_down() {
    let house = House::new();
    let flood = house.game();
    flood.hello();
    flood.0.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
    let pings = Game::frame(3, "{}").repeat(4_000);
    while (&flood.0).write_all(&pings).is_ok() {}
    let good = house.game();
    let begun = Instant::now();
    good.hello();
    good.play("Deep Sea");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(house.next(), named("Deep Sea"));
}

#[test]
fn the_newest_game_counts_and_the_older_one_comes_back() {
    let house = House::new();
    let (first, second) = (house.game(), house.game());
    first.hello();
    second.hello();
    first.play("Deep Sea");
    assert_eq!(house.next(), named("Deep Sea"));
    second.play("High Sky");
    assert_eq!(house.next(), named("High Sky"));
    drop(second);
    assert_eq!(house.next(), named("Deep Sea"));
}

#[test]
fn a_library_that_games_use_is_understood() {
    let house = House::new();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_game", "--ignored", "--nocapture"])
        .env("XDG_RUNTIME_DIR", house.dir.path())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let first = house.next().expect("something is played");
    // It gives no name, so it is called what its program is.
    assert!(first.name().starts_with("socket"), "{first:?}");
    assert_eq!(first.details(), Some("The reef · In a group · 2 of 4"));
    assert_eq!(first.since_ms(), Some(1_700_000_000_000));
    let second = house.next().expect("something else is played");
    assert_eq!((second.name(), second.details()), ("Deep Sea", None));
    let mut go_on = child.stdin.take().unwrap();
    go_on.write_all(b"\n").unwrap();
    assert_eq!(house.next(), None, "cleared while it stays connected");
    go_on.write_all(b"\n").unwrap();
    assert!(child.wait().unwrap().success());
}

/// The game of the test above, in a process of its own.
#[test]
#[ignore = "started by a_library_that_games_use_is_understood"]
fn a_game() {
    let mut game = DiscordIpcClient::new("123456789");
    game.connect().unwrap();
    let party = Party::new().id("p").size([2, 4]);
    let activity = Activity::new().details("The reef").state("In a group").party(party);
    game.set_activity(activity.timestamps(Timestamps::new().start(1_700_000_000))).unwrap();
    assert_eq!(game.recv().unwrap().1["data"]["details"], "The reef");
    game.set_activity(Activity::new().name("Deep Sea")).unwrap();
    assert_eq!(game.recv().unwrap().1["data"]["name"], "Deep Sea");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    game.clear_activity().unwrap();
    assert_eq!(game.recv().unwrap().1["evt"], Value::Null);
    std::io::stdin().read_line(&mut String::new()).unwrap();
    game.close().unwrap();
}
