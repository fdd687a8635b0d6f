//! "Press the key you want": one chord, told to who asked alone.

use crate::chord::Chord;
use crate::watcher::Shared;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Captured {
    /// This was pressed.
    Chord(Chord),
    /// Escape, another capture, or the end of the watcher.
    GaveUp,
    /// Nothing was pressed in time.
    TimedOut,
}

/// A chord that is waited for. Dropping it ends the waiting.
#[derive(Debug)]
pub struct Capture {
    answer: Receiver<Captured>,
    until: Instant,
    alive: Option<Arc<()>>,
    shared: Weak<Shared>,
}

impl Capture {
    /// What came of it, as soon as something did; to be asked once a frame.
    pub fn poll(&self) -> Option<Captured> {
        match self.answer.try_recv() {
            Ok(captured) => Some(captured),
            // The watcher may hang with its display.
            Err(TryRecvError::Empty) => (Instant::now() > self.until + GRACE).then_some(Captured::TimedOut),
            Err(TryRecvError::Disconnected) => Some(Captured::GaveUp),
        }
    }

    /// Waits for it.
    pub fn wait(self) -> Captured {
        match self.answer.recv_timeout(self.until.saturating_duration_since(Instant::now()) + GRACE) {
            Ok(captured) => captured,
            Err(RecvTimeoutError::Timeout) => Captured::TimedOut,
            Err(RecvTimeoutError::Disconnected) => Captured::GaveUp,
        }
    }
}

const GRACE: Duration = Duration::from_millis(500);
/// Longest time a capture may ask for.
const LONGEST: Duration = Duration::from_secs(3600);

impl Drop for Capture {
    fn drop(&mut self) {
        self.alive = None;
        if let Some(shared) = self.shared.upgrade() {
            shared.wake();
        }
    }
}

/// The watcher's end of a capture.
#[derive(Debug)]
pub struct Ask {
    answer: SyncSender<Captured>,
    pub until: Instant,
    alive: Weak<()>,
}

impl Ask {
    /// False when nobody waits any more.
    pub fn is_alive(&self) -> bool {
        self.alive.strong_count() > 0
    }

    pub fn answer(self, captured: Captured) {
        // Who no longer waits needs no answer.
        let _ = self.answer.try_send(captured);
    }
}

pub fn pair(timeout: Duration, shared: &Arc<Shared>) -> (Capture, Ask) {
    let (sender, receiver) = sync_channel(1);
    let until = Instant::now() + timeout.min(LONGEST);
    let alive = Arc::new(());
    let ask = Ask { answer: sender, until, alive: Arc::downgrade(&alive) };
    (Capture { answer: receiver, until, alive: Some(alive), shared: Arc::downgrade(shared) }, ask)
}
