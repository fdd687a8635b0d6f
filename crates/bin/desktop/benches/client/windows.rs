//! From start to a picture, and what is held at rest: a real window over a real node, beside an empty window.

use crate::screen::{Ended, Screen};
use bevy::{
    prelude::*,
    render::{Extract, ExtractSchedule, Render, RenderApp, RenderSystems, view::ExtractedWindows},
    winit::WinitSettings,
};
use bevy_egui::{EguiContexts, EguiPlugin, EguiPrimaryContextPass};
use hearth_bridge::WakeUp;
use hearth_desktop::{AppConfig, engine, node::NodeThread, window};
use hearth_node::{KeychainUse, NodeConfig};
use hearth_ui::{Screen as Shown, UiConfig};
use std::{
    io::{BufRead, BufReader, Lines},
    path::Path,
    process::{ChildStdout, Command, Stdio},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

const ROUNDS: usize = 9;
const PEOPLE: usize = 1_000;
const MESSAGES: u64 = 100_000;
/// After this long a client has come to rest.
const REST: Duration = Duration::from_secs(15);

/// Opens a window and says when it showed something; false when there is no such scene.
pub fn scene(name: &str, home: Option<&String>) -> bool {
    let mut app = match (name, home) {
        ("window-empty", _) => empty(),
        ("window-client", Some(home)) => client(Path::new(home)),
        _ => return false,
    };
    app.sub_app_mut(RenderApp)
        .init_resource::<MainShown>()
        .add_systems(ExtractSchedule, |screen: Extract<Option<Res<State<Shown>>>>, mut shown: ResMut<MainShown>| {
            shown.0 = screen.as_ref().is_some_and(|screen| *screen.get() == Shown::Main);
        })
        .add_systems(Render, tell.in_set(RenderSystems::Cleanup));
    app.run();
    true
}

#[derive(Resource, Default)]
struct MainShown(bool);

/// Prints a line once a window was first presented, and one once the main view was.
fn tell(windows: Res<ExtractedWindows>, main: Res<MainShown>, mut said: Local<(bool, bool)>) {
    if !said.0 && windows.values().any(|window| !window.needs_initial_present) {
        said.0 = true;
        println!("picture");
    }
    if said.0 && !said.1 && main.0 {
        said.1 = true;
        println!("main");
    }
}

/// The same engine and window with an interface that shows nothing.
fn empty() -> App {
    let mut app = App::new();
    app.add_plugins(engine().set(WindowPlugin { primary_window: Some(window(false, (1280, 720))), ..default() }))
        .add_plugins(EguiPlugin::default())
        .insert_resource(WinitSettings::desktop_app())
        .add_systems(Startup, |mut commands: Commands| {
            commands.spawn((Camera2d, Msaa::Off));
        })
        .add_systems(EguiPrimaryContextPass, |mut contexts: EguiContexts| -> Result {
            let _ = contexts.ctx_mut()?;
            Ok(())
        });
    app
}

fn client(home: &Path) -> App {
    let wake_up = WakeUp::default();
    let name = Some("Ada".into());
    let node = NodeConfig { name, mdns: false, keychain: KeychainUse::Off, ..NodeConfig::new(home) };
    let node = NodeThread::start(node, wake_up.clone()).unwrap();
    let door = node.door.clone();
    // It is ended from outside, as a power cut would.
    std::mem::forget(node);
    let ui = UiConfig { prefs_dir: Some(home.join("preferences")), ..UiConfig::default() };
    hearth_desktop::app(AppConfig { ui, wake_up, ..AppConfig::default() }, door)
}

struct Opened {
    process: Ended,
    said: Lines<BufReader<ChildStdout>>,
    start: Instant,
}

impl Opened {
    fn new(screen: &Screen, words: &[&str]) -> Self {
        let start = Instant::now();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(words)
            .env("DISPLAY", &screen.display)
            .env_remove("WAYLAND_DISPLAY")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { process: Ended(child), said, start }
    }
    /// Milliseconds from the start until it said `what`.
    fn until(&mut self, what: &str) -> f64 {
        while self.said.next().expect("it goes on").unwrap() != what {}
        self.start.elapsed().as_secs_f64() * 1e3
    }
    /// Resident and anonymous memory, in MB.
    fn memory(&self) -> (f64, f64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.0.id())).unwrap();
        let read = |key: &str| {
            let line = status.lines().find(|line| line.starts_with(key)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() * 1024.0 / 1e6
        };
        (read("VmRSS:"), read("RssAnon:"))
    }
}

/// Prints the figures of the client beside those of the empty window.
pub fn compare() {
    let Some(screen) = Screen::open() else { return };
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
    hearth_makehome::make(&home, hearth_makehome::before(now_ms, MESSAGES, 20, PEOPLE), |_| {}).unwrap();
    let client = ["window-client", home.to_str().unwrap()];

    let (mut empty, mut first, mut main) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let bare = Opened::new(&screen, &["window-empty"]).until("picture");
        let mut ours = Opened::new(&screen, &client);
        let (picture, shown) = (ours.until("picture"), ours.until("main"));
        // The first round fills the driver's cache of shaders and the system's of files.
        if round > 0 {
            empty.push(bare);
            first.push(picture);
            main.push(shown);
        }
    }
    let middle = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let (empty, first, main) = (middle(&mut empty), middle(&mut first), middle(&mut main));
    let line = |name: &str, value: String| println!("{name:<38} {value}");
    line("start to first frame, empty window", format!("p50 of {ROUNDS} {empty:.0} ms"));
    line("start to first frame", format!("p50 of {ROUNDS} {first:.0} ms, {:+.0} ms", first - empty));
    line("start to the main view", format!("p50 of {ROUNDS} {main:.0} ms, {:+.0} ms", main - empty));

    let at_rest = |words: &[&str], last: &str| {
        let mut opened = Opened::new(&screen, words);
        opened.until(last);
        std::thread::sleep(REST);
        opened.memory()
    };
    let (bare, bare_anonymous) = at_rest(&["window-empty"], "picture");
    let (ours, ours_anonymous) = at_rest(&client, "main");
    line("memory, empty window", format!("{bare:.0} MB, anonymous {bare_anonymous:.0} MB"));
    line(
        "memory, idle, 1,000 people, 100,000 messages",
        format!("{ours:.0} MB, {:+.0} MB, anonymous {ours_anonymous:.0} MB", ours - bare),
    );
}
