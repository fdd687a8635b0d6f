//! A virtual screen for tests and benches that need a real window.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
};

/// A process that ends when this goes.
pub struct Ended(pub Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A screen in memory with a window manager on it.
pub struct Screen {
    /// What DISPLAY has to be.
    pub display: String,
    _parts: Vec<Ended>,
}

impl Screen {
    /// None, with a line that says so, where the tools are missing.
    pub fn open() -> Option<Self> {
        for tool in ["Xvfb", "openbox", "xdotool"] {
            if Command::new("which").arg(tool).output().map_or(true, |o| !o.status.success()) {
                println!("SKIP: {tool} is not installed");
                return None;
            }
        }
        // Where no server ever ran, two that start at once both want to make the folder of sockets, and one loses.
        static STARTING: Mutex<()> = Mutex::new(());
        let _one = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        // A server that does not answer at once has not come up; another takes another number.
        let mut screen = (0..5).find_map(|_| Self::server()).unwrap();
        let openbox = Command::new("openbox").env("DISPLAY", &screen.display).stderr(Stdio::null()).spawn().unwrap();
        screen._parts.insert(0, Ended(openbox));
        Some(screen)
    }

    fn server() -> Option<Self> {
        let mut xvfb = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1400x900x24", "-nolisten", "tcp", "-noreset"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut number = String::new();
        BufReader::new(xvfb.stdout.take().unwrap()).read_line(&mut number).unwrap();
        let screen = Self { display: format!(":{}", number.trim()), _parts: vec![Ended(xvfb)] };
        let answers = |_| !screen.xdotool(&["getdisplaygeometry"]).is_empty();
        (0..20).any(answers).then_some(screen)
    }

    /// What xdotool prints.
    pub fn xdotool(&self, words: &[&str]) -> String {
        let out = Command::new("xdotool").args(words).env("DISPLAY", &self.display).output().unwrap();
        String::from_utf8(out.stdout).unwrap().trim().to_owned()
    }
}
