//! Keys and mouse buttons while any program is in front: for push-to-talk, mute, deafen and the overlay.
//!
//! A thread of its own watches and calls the sink right from the event, so nothing waits for a frame. No key is taken: who
//! has the focus gets it as if nobody watched. It must never grab, send or change a key, and never tell, keep or log a key
//! that was not asked for. Displays tell of all keys or of none, so the others do arrive; the adapter drops each one before
//! it looks at the next. While no chord is bound and none is waited for, the display is asked for nothing at all. The one
//! exception is [`Hotkeys::capture`], for which every key counts until the first chord came.
//!
//! | Where | How | State |
//! |---|---|---|
//! | X11 | raw events of XInput 2 on the root window | built |
//! | XWayland | the same | hears keys only while an X11 program is in front, see [`Reach`] |
//! | Linux, [`Source::Evdev`] | reads `/dev/input`, only on explicit wish: needs the group `input` | built, tried with pipes only |
//! | Wayland alone | the desktop tells no program | [`Unavailable::Wayland`] |
//! | Windows | Raw Input with `RIDEV_INPUTSINK` is the way | not built, [`Unavailable::NotBuilt`] |
//! | macOS | an event tap that listens only is the way | not built, [`Unavailable::NotBuilt`] |
//!
//! Start reading at [`Hotkeys`], then `machine.rs`, which decides everything, and `watcher.rs`, which feeds it.

mod adapter;
mod capture;
mod chord;
mod error;
mod key;
pub mod limits;
// Without an adapter nothing feeds it.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
mod machine;
mod watcher;

pub use capture::{Capture, Captured};
pub use chord::{BadChord, Chord};
pub use error::Unavailable;
pub use key::{Key, Modifier};

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use watcher::Shared;

/// What a chord does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Opens the microphone as long as it is held.
    Talk,
    /// Microphone off and on.
    Mute,
    /// Sound off and on.
    Deafen,
    /// Makes the overlay take clicks, and again not.
    Overlay,
}

/// An action begins or ends. Each beginning is followed by exactly one end, also when the display goes away, the keyboard is
/// unplugged, the chord is bound no more or the watcher ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pressed {
    /// Which.
    pub action: Action,
    /// True when it begins.
    pub down: bool,
    /// When the event was read.
    pub at: Instant,
}

/// Where keys come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Source {
    /// The desktop this program runs in.
    #[default]
    Desktop,
    /// This X display, such as ":1".
    X11(String),
    /// The devices in this folder, `/dev/input` for those of the machine. Works on every Linux desktop, but only for members
    /// of the group `input`, whose every program can then read every key. So ask before, and say that.
    Evdev(PathBuf),
}

/// How far keys are heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Whatever is in front.
    Everywhere,
    /// While a program of X11 is in front, as most games are; not over programs of Wayland.
    X11Programs,
}

/// The watcher. Dropping it ends what is begun, and the thread.
///
/// A chord fits when its modifiers are held, whatever else is; of chords with the same key the ones that say most fit alone.
/// A chord is over when its key or one of its modifiers goes up. Several chords may have one action, which lasts until the
/// last of them is over.
#[derive(Debug)]
pub struct Hotkeys {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
    reach: Reach,
}

impl Hotkeys {
    /// Begins to watch, with nothing bound. `sink` is called on the watcher's thread and must not wait.
    ///
    /// A display that goes away later is tried again every second; [`trouble`](Self::trouble) tells of it.
    ///
    /// # Errors
    /// Why there is nothing to watch, in a sentence for people.
    pub fn start(source: Source, sink: impl Fn(Pressed) + Send + 'static) -> Result<Self, Unavailable> {
        let (shared, thread, reach) = watcher::start(source, Box::new(sink))?;
        Ok(Self { shared, thread, reach })
    }

    /// Watches these chords and no others, from the next event on. What is begun and no longer bound ends. Of more than
    /// [`limits::BINDINGS`] the rest is left out.
    pub fn set(&self, bindings: Vec<(Action, Chord)>) {
        self.shared.wish(|wishes| wishes.bindings = Some(bindings));
    }

    /// Waits for the next chord, for "press the key you want". Until it came or `timeout` is over no action is told, and what
    /// is begun ends. Escape gives up, a modifier counts when it goes up with no other key between, left and right clicks do
    /// not count. A second capture replaces the first. The program in front gets the keys all the same.
    pub fn capture(&self, timeout: Duration) -> Capture {
        let (capture, ask) = capture::pair(timeout, &self.shared);
        self.shared.wish(|wishes| wishes.capture = Some(ask));
        capture
    }

    /// Why no keys are heard right now, if they are not.
    pub fn trouble(&self) -> Option<Unavailable> {
        self.shared.trouble()
    }

    /// How far keys are heard.
    pub fn reach(&self) -> Reach {
        self.reach
    }
}

impl Drop for Hotkeys {
    fn drop(&mut self) {
        self.shared.wish(|wishes| wishes.end = true);
        if self.thread.thread().id() != std::thread::current().id() {
            self.shared.wait_for_end(limits::END);
        }
    }
}
