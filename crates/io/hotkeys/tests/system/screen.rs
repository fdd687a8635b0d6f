//! A screen of its own, a program on it, and a watcher whose words are kept.

use hearth_hotkeys::{Action, Chord, Hotkeys, Pressed, Source};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Deadline of whatever must happen.
pub const SOON: Duration = Duration::from_secs(20);

/// Names what is missing here, and says that the test is skipped.
pub fn lacks(tools: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = |tool: &&&str| std::env::split_paths(&path).any(|folder| folder.join(tool).exists());
    let missing: Vec<_> = tools.iter().filter(|tool| !found(tool)).collect();
    if !missing.is_empty() {
        eprintln!("skipped: not installed here: {missing:?}");
    }
    !missing.is_empty()
}

pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + SOON;
    while !holds() {
        assert!(Instant::now() < end, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A program that ends with the test.
pub struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An Xvfb.
pub struct Screen {
    server: Program,
    pub name: String,
}

impl Screen {
    pub fn new() -> Self {
        Self::start(None)
    }

    /// On the number that another one had.
    pub fn again(name: &str) -> Self {
        Self::start(Some(name))
    }

    fn start(name: Option<&str>) -> Self {
        let mut command = Command::new("Xvfb");
        command.args(name).args(["-displayfd", "1", "-screen", "0", "320x240x24", "-nolisten", "tcp", "-noreset"]);
        let mut server = Program(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
        let mut line = String::new();
        BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let name = format!(":{}", line.trim().parse::<u16>().unwrap());
        Self { server, name }
    }

    /// Ends it as a crash does.
    pub fn kill(mut self) -> String {
        self.server.0.kill().unwrap();
        self.server.0.wait().unwrap();
        self.name.clone()
    }

    pub fn source(&self) -> Source {
        Source::X11(self.name.clone())
    }

    pub fn xdotool(&self, args: &[&str]) {
        let done = Command::new("xdotool").env("DISPLAY", &self.name).args(args).status().unwrap();
        assert!(done.success(), "xdotool {args:?}");
    }
}

/// An `xev` with the focus, and what it prints.
pub struct OtherProgram {
    _program: Program,
    lines: Arc<Mutex<Vec<String>>>,
}

impl OtherProgram {
    pub fn on(screen: &Screen) -> Self {
        let mut command = Command::new("xev");
        command.env("DISPLAY", &screen.name).args(["-geometry", "200x100+0+0"]);
        let mut program = Program(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
        let lines = Arc::new(Mutex::new(Vec::new()));
        let output = BufReader::new(program.0.stdout.take().unwrap());
        let write = lines.clone();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                write.lock().unwrap().push(line);
            }
        });
        let other = Self { _program: program, lines };
        until("the window is there", || other.count(|line| line.starts_with("MapNotify")) > 0);
        let window = other.line(|line| line.starts_with("Outer window is")).unwrap();
        let window = window.split([' ', ',']).find(|word| word.starts_with("0x")).unwrap().to_owned();
        screen.xdotool(&["windowfocus", "--sync", &window]);
        until("the window has the focus", || other.count(|line| line.starts_with("FocusIn")) > 0);
        other
    }

    fn count(&self, is: impl Fn(&str) -> bool) -> usize {
        self.lines.lock().unwrap().iter().filter(|line| is(line)).count()
    }

    fn line(&self, is: impl Fn(&str) -> bool) -> Option<String> {
        self.lines.lock().unwrap().iter().find(|line| is(line)).cloned()
    }

    /// How often it saw this keycode go down or up; a key that is held repeats.
    pub fn saw(&self, kind: &str, code: u8) -> usize {
        let lines = self.lines.lock().unwrap();
        let mut seen = 0;
        let mut event = "";
        for line in lines.iter() {
            if !line.starts_with(' ') {
                event = line;
            } else if event.starts_with(kind) && line.contains(&format!("keycode {code} ")) {
                seen += 1;
            }
        }
        seen
    }
}

/// A watcher, and what it told.
pub struct Ears {
    pub hotkeys: Hotkeys,
    told: Receiver<Pressed>,
}

impl Ears {
    pub fn on(source: Source, bindings: &[(Action, &str)]) -> Self {
        let (sink, told) = channel();
        let hotkeys = Hotkeys::start(source, move |pressed| {
            let _ = sink.send(pressed);
        });
        let ears = Self { hotkeys: hotkeys.unwrap(), told };
        ears.set(bindings);
        ears
    }

    pub fn set(&self, bindings: &[(Action, &str)]) {
        self.hotkeys.set(bindings.iter().map(|(action, text)| (*action, text.parse().unwrap())).collect());
    }

    /// The next thing told.
    pub fn next(&self) -> (Action, bool) {
        let pressed = self.told.recv_timeout(SOON).expect("nothing was told in time");
        (pressed.action, pressed.down)
    }

    /// Everything told that was not asked for yet.
    pub fn rest(&self) -> Vec<(Action, bool)> {
        self.told.try_iter().map(|pressed| (pressed.action, pressed.down)).collect()
    }

    /// Presses until it is told, since the display hears of a wish a moment later; then lets go.
    pub fn ready(&self, action: Action, press: impl Fn(bool)) {
        let end = Instant::now() + SOON;
        loop {
            press(true);
            press(false);
            match self.told.recv_timeout(Duration::from_millis(200)) {
                Ok(pressed) => {
                    assert_eq!((pressed.action, pressed.down), (action, true));
                    assert_eq!(self.next(), (action, false));
                    return;
                }
                Err(RecvTimeoutError::Timeout) => assert!(Instant::now() < end, "keys are not heard"),
                Err(RecvTimeoutError::Disconnected) => panic!("the watcher ended"),
            }
        }
    }

    /// Ends the watcher; what it told until then.
    pub fn end(self) -> Vec<(Action, bool)> {
        drop(self.hotkeys);
        self.told.iter().map(|pressed| (pressed.action, pressed.down)).collect()
    }
}

pub fn chord(text: &str) -> Chord {
    text.parse().unwrap()
}
