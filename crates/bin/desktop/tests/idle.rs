//! Idle means idle: with nothing moving, the client does not run. Needs Xvfb, openbox and xdotool, else it says SKIP; a minute.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/screen.rs"]
mod screen;

use screen::{Ended, Screen};
use std::{
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{ChildStdin, ChildStdout, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

const WATCHED: Duration = Duration::from_secs(20);

struct Client {
    process: Ended,
    ask: ChildStdin,
    told: BufReader<ChildStdout>,
}

fn gallery() -> PathBuf {
    std::env::var_os("HEARTH_GALLERY").map(PathBuf::from).unwrap_or_else(|| {
        let here = std::env::current_exe().unwrap();
        here.parent().unwrap().parent().unwrap().join("examples/gallery")
    })
}

impl Client {
    fn open(screen: &Screen, words: &[&str]) -> Self {
        let others = screen.xdotool(&["search", "--onlyvisible", "--name", "Hearth"]).lines().count();
        let mut child = Command::new(gallery())
            .args(words)
            .env("DISPLAY", &screen.display)
            .env_remove("WAYLAND_DISPLAY")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the gallery example, which cargo test builds too; alone: cargo build --workspace --examples");
        let ask = child.stdin.take().unwrap();
        let told = BufReader::new(child.stdout.take().unwrap());
        let client = Self { process: Ended(child), ask, told };
        let deadline = Instant::now() + Duration::from_secs(120);
        while screen.xdotool(&["search", "--onlyvisible", "--name", "Hearth"]).lines().count() <= others {
            assert!(Instant::now() < deadline, "no window");
            sleep(Duration::from_millis(100));
        }
        client
    }

    fn updates(&mut self) -> u64 {
        self.ask.write_all(b"updates\n").unwrap();
        let mut line = String::new();
        self.told.read_line(&mut line).unwrap();
        line.trim().parse().unwrap()
    }

    fn cpu_ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.0.id())).unwrap();
        let after = stat.rsplit(')').next().unwrap();
        let fields: Vec<&str> = after.split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }

    /// Waits until a second goes by without an update.
    fn settle(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let before = self.updates();
            sleep(Duration::from_secs(1));
            if self.updates() == before {
                return;
            }
            assert!(Instant::now() < deadline, "the client never comes to rest");
        }
    }

    fn watch(&mut self) -> (u64, f64) {
        let (updates, ticks) = (self.updates(), self.cpu_ticks());
        sleep(WATCHED);
        // Linux counts a hundred ticks a second for every program.
        let share = (self.cpu_ticks() - ticks) as f64 / 100.0 / WATCHED.as_secs_f64();
        (self.updates() - updates, share)
    }
}

#[test]
fn idle_app_does_not_update() {
    let Some(screen) = Screen::open() else { return };
    let mut client = Client::open(&screen, &["lived-in"]);
    let window = screen.xdotool(&["search", "--onlyvisible", "--name", "Hearth"]);
    screen.xdotool(&["windowfocus", "--sync", &window]);
    client.settle();
    let (focused, share) = client.watch();
    println!("focused: {focused} updates in 20 s, {:.2} % of a core", share * 100.0);
    assert!(focused <= 5, "{focused} updates while focused");
    assert_eq!(screen.xdotool(&["getwindowfocus"]), window, "the window had the focus all the time");

    // Another window takes the focus.
    let _other = Client::open(&screen, &["named", "--size", "640x480"]);
    let deadline = Instant::now() + Duration::from_secs(60);
    while screen.xdotool(&["getwindowfocus"]) == window {
        assert!(Instant::now() < deadline, "the other window never got the focus");
        sleep(Duration::from_millis(200));
    }
    client.settle();
    assert_ne!(screen.xdotool(&["getwindowfocus"]), window, "the window lost the focus");
    let (unfocused, share) = client.watch();
    println!("unfocused: {unfocused} updates in 20 s, {:.2} % of a core", share * 100.0);
    assert_eq!(unfocused, 0);
    assert!(share < 0.003, "{share}");
}

#[test]
fn without_the_fixes_the_same_app_never_rests() {
    let Some(screen) = Screen::open() else { return };
    let mut client = Client::open(&screen, &["lived-in", "--egui-fix", "off"]);
    sleep(Duration::from_secs(10));
    let (updates, share) = client.watch();
    println!("without the fixes: {updates} updates in 20 s, {:.1} % of a core", share * 100.0);
    assert!(updates > 50, "{updates}: the fixes are no longer needed");
}
