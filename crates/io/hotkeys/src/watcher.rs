//! The watcher's thread: events from an adapter into the machine, what it tells into the sink.

use crate::adapter::{Waker, Watch, open};
use crate::capture::{Ask, Captured};
use crate::chord::Chord;
use crate::error::Unavailable;
use crate::limits::{OPEN, RETRY};
use crate::machine::{Input, Interest, Machine, Told};
use crate::{Action, Pressed, Reach, Source};
use std::fmt;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

type Sink = Box<dyn Fn(Pressed) + Send>;

/// What is wished of the watcher; only the newest wish of a kind counts, so nothing queues.
#[derive(Debug, Default)]
pub struct Wishes {
    pub bindings: Option<Vec<(Action, Chord)>>,
    pub capture: Option<Ask>,
    pub end: bool,
}

#[derive(Default)]
struct State {
    wishes: Wishes,
    waker: Option<Waker>,
    trouble: Option<Unavailable>,
    ended: bool,
}

/// What the handle and the thread share.
#[derive(Default)]
pub struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared")
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves a wish and has it looked at.
    pub fn wish(&self, write: impl FnOnce(&mut Wishes)) {
        write(&mut self.lock().wishes);
        self.wake();
    }

    /// Has the watcher look around.
    pub fn wake(&self) {
        if let Some(wake) = &self.lock().waker {
            wake();
        }
        self.changed.notify_all();
    }

    pub fn trouble(&self) -> Option<Unavailable> {
        self.lock().trouble.clone()
    }

    /// Waits until the thread is over, or `longest`.
    pub fn wait_for_end(&self, longest: Duration) {
        let wait = self.changed.wait_timeout_while(self.lock(), longest, |state| !state.ended);
        drop(wait.unwrap_or_else(PoisonError::into_inner));
    }

    fn take(&self) -> Wishes {
        let wishes = &mut self.lock().wishes;
        // An end stays wished: it may be looked at more than once.
        Wishes { bindings: wishes.bindings.take(), capture: wishes.capture.take(), end: wishes.end }
    }

    /// Waits for a wish, or until `until`.
    fn wait(&self, until: Instant) {
        let longest = until.saturating_duration_since(Instant::now());
        let idle = |s: &mut State| !s.wishes.end && s.wishes.bindings.is_none() && s.wishes.capture.is_none();
        let wait = self.changed.wait_timeout_while(self.lock(), longest, idle);
        drop(wait.unwrap_or_else(PoisonError::into_inner));
    }
}

/// Says that the thread is over, whatever ended it.
struct Ending(Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.lock().ended = true;
        self.0.changed.notify_all();
    }
}

/// Starts the thread and waits until it watches.
pub fn start(source: Source, sink: Sink) -> Result<(Arc<Shared>, JoinHandle<()>, Reach), Unavailable> {
    let shared = Arc::new(Shared::default());
    let (ready, answer) = sync_channel(1);
    let body = {
        let shared = shared.clone();
        move || {
            let _ending = Ending(shared.clone());
            begin(source, sink, shared, &ready);
        }
    };
    let thread = std::thread::Builder::new().name("hotkeys".into()).spawn(body);
    let thread = thread.map_err(|error| Unavailable::System(error.to_string()))?;
    match answer.recv_timeout(OPEN) {
        Ok(reach) => Ok((shared, thread, reach?)),
        Err(_) => {
            shared.wish(|wishes| wishes.end = true);
            Err(Unavailable::NoAnswer)
        }
    }
}

fn begin(source: Source, sink: Sink, shared: Arc<Shared>, ready: &SyncSender<Result<Reach, Unavailable>>) {
    let watch = match open(&source) {
        Ok(watch) => watch,
        Err(why) => {
            let _ = ready.try_send(Err(why));
            return;
        }
    };
    let reach = watch.reach();
    let mut watcher = Watcher {
        source,
        sink,
        shared,
        watch: None,
        interest: Interest::default(),
        machine: Machine::default(),
        ask: None,
        told: Vec::new(),
    };
    watcher.attach(watch);
    let _ = ready.try_send(Ok(reach));
    watcher.run();
}

struct Watcher {
    source: Source,
    sink: Sink,
    shared: Arc<Shared>,
    watch: Option<Box<dyn Watch>>,
    /// What `watch` was asked for.
    interest: Interest,
    machine: Machine,
    ask: Option<Ask>,
    told: Vec<Told>,
}

impl Watcher {
    fn run(mut self) {
        let mut inputs = Vec::new();
        let mut retry = Instant::now();
        while self.heed() {
            let until = self.ask.as_ref().map(|ask| ask.until);
            match &mut self.watch {
                Some(watch) => {
                    let end = watch.wait(until, &mut inputs);
                    self.feed(&mut inputs);
                    if let Err(why) = end {
                        self.lose(why);
                        retry = Instant::now() + RETRY;
                    }
                }
                None if Instant::now() >= retry => {
                    match open(&self.source) {
                        Ok(watch) => self.attach(watch),
                        Err(why) => tracing::trace!(%why, "keys are still not heard"),
                    }
                    retry = Instant::now() + RETRY;
                }
                None => self.shared.wait(until.map_or(retry, |until| until.min(retry))),
            }
        }
        self.machine.lost(&mut self.told);
        self.tell();
    }

    /// Does what is wished and has the adapter tell of what matters now. False at the end.
    fn heed(&mut self) -> bool {
        let wishes = self.shared.take();
        if let Some(bindings) = wishes.bindings {
            self.machine.set(bindings, &mut self.told);
        }
        if let Some(ask) = wishes.capture {
            self.answer(Captured::GaveUp);
            self.machine.capture(&mut self.told);
            self.ask = Some(ask);
        }
        if self.ask.as_ref().is_some_and(|ask| !ask.is_alive() || Instant::now() >= ask.until) {
            self.machine.capture_ends();
            self.answer(Captured::TimedOut);
        }
        self.tell();
        if let Some(watch) = &mut self.watch
            && self.interest != *self.machine.interest()
        {
            self.interest = self.machine.interest().clone();
            if let Err(why) = watch.want(&self.interest) {
                self.lose(why);
            }
        }
        !wishes.end
    }

    fn feed(&mut self, inputs: &mut Vec<Input>) {
        for input in inputs.drain(..) {
            self.machine.handle(input, &mut self.told);
            self.tell();
        }
    }

    fn tell(&mut self) {
        let at = Instant::now();
        for told in std::mem::take(&mut self.told) {
            match told {
                Told::Action { action, down } => (self.sink)(Pressed { action, down, at }),
                Told::Captured(Some(chord)) => self.answer(Captured::Chord(chord)),
                Told::Captured(None) => self.answer(Captured::GaveUp),
            }
        }
    }

    fn answer(&mut self, captured: Captured) {
        if let Some(ask) = self.ask.take() {
            ask.answer(captured);
        }
    }

    fn attach(&mut self, watch: Box<dyn Watch>) {
        let mut state = self.shared.lock();
        state.waker = Some(watch.waker());
        if state.trouble.take().is_some() {
            tracing::info!("keys are heard again");
        }
        drop(state);
        self.interest = Interest::default();
        self.watch = Some(watch);
    }

    /// What is begun ends, and the loss is told once.
    fn lose(&mut self, why: Unavailable) {
        self.watch = None;
        self.machine.lost(&mut self.told);
        self.tell();
        tracing::warn!(%why, "keys are not heard any more");
        let mut state = self.shared.lock();
        state.waker = None;
        state.trouble = Some(why);
    }
}
