//! From keys to actions, as a state machine without a thread or a clock.
//!
//! It keeps nothing of a key that no chord contains.

use crate::Action;
use crate::chord::{Chord, Modifiers};
use crate::key::{Key, Modifier};
use crate::limits::{BINDINGS, HELD};
use std::collections::BTreeSet;

/// What an adapter tells. Devices are numbered as it likes, each in its own way on every start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// A key went down or up. Repetition may come as further presses.
    Key { device: u32, key: Key, down: bool },
    /// A key without a name, or the left or right button, went down. Told only while a chord is captured.
    Unnamed,
    /// A device went away, or lost count; what was down on it is not any more.
    Gone { device: u32 },
}

/// What follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// An action begins or ends.
    Action { action: Action, down: bool },
    /// The chord that was waited for, or `None` for Escape.
    Captured(Option<Chord>),
}

/// Which keys an adapter must tell of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interest {
    keys: BTreeSet<Key>,
    all: bool,
}

impl Interest {
    /// Whether `key` is asked for.
    pub fn wants(&self, key: Key) -> bool {
        self.all || self.keys.contains(&key)
    }

    /// Whether every key is, because a chord is captured.
    pub fn all(&self) -> bool {
        self.all
    }

    /// Whether any key of a keyboard is.
    pub fn any_key(&self) -> bool {
        self.all || self.keys.iter().any(|key| !key.is_button())
    }

    /// Whether any button of a mouse is.
    pub fn any_button(&self) -> bool {
        self.all || self.keys.iter().any(|key| key.is_button())
    }
}

/// Keys down now, each with the device it is down on: the same key on two keyboards is down until both are up.
#[derive(Debug, Default, PartialEq, Eq)]
struct Held(BTreeSet<(Key, u32)>);

impl Held {
    fn has(&self, key: Key) -> bool {
        self.0.range((key, 0)..=(key, u32::MAX)).next().is_some()
    }

    /// True when the key was up before.
    fn press(&mut self, key: Key, device: u32) -> bool {
        let before = self.has(key);
        let room = self.0.len() < HELD;
        if room {
            self.0.insert((key, device));
        }
        room && !before
    }

    /// True when the key was down and is up now.
    fn release(&mut self, key: Key, device: u32) -> bool {
        self.0.remove(&(key, device)) && !self.has(key)
    }

    fn keys_of(&self, device: u32) -> Vec<Key> {
        self.0.iter().filter(|(_, d)| *d == device).map(|(key, _)| *key).collect()
    }

    fn modifiers(&self) -> Modifiers {
        self.0.iter().filter_map(|(key, _)| key.modifier()).fold(Modifiers::default(), Modifiers::with)
    }
}

/// Watched chords, what is down, and what is begun.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Machine {
    bindings: BTreeSet<(Action, Chord)>,
    interest: Interest,
    held: Held,
    begun: BTreeSet<(Action, Chord)>,
    capture: Option<Capturing>,
}

/// A chord is waited for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Capturing {
    /// What went down since.
    pressed: Held,
    /// Whether a key without a name came with what is held, so that a modifier was not meant by itself.
    unnamed: bool,
}

impl Machine {
    /// Which keys must be told of.
    pub fn interest(&self) -> &Interest {
        &self.interest
    }

    /// Watches these chords and no others. What is begun and no longer bound ends.
    pub fn set(&mut self, bindings: Vec<(Action, Chord)>, told: &mut Vec<Told>) {
        self.bindings = bindings.into_iter().take(BINDINGS).collect();
        self.end(told, |(action, chord), bindings| !bindings.contains(&(action, chord)));
        self.refresh();
    }

    /// Waits for the next chord, and tells no action until it came. What is begun ends.
    pub fn capture(&mut self, told: &mut Vec<Told>) {
        self.end(told, |_, _| true);
        self.capture = Some(Capturing::default());
        self.refresh();
    }

    /// Waits for it no more.
    pub fn capture_ends(&mut self) {
        self.capture = None;
        self.refresh();
    }

    /// Nothing can be known any more: what is begun ends, and no key is taken for down.
    pub fn lost(&mut self, told: &mut Vec<Told>) {
        self.held = Held::default();
        if let Some(capture) = &mut self.capture {
            *capture = Capturing::default();
        }
        self.end(told, |_, _| true);
    }

    /// One event.
    pub fn handle(&mut self, input: Input, told: &mut Vec<Told>) {
        match input {
            Input::Key { key, .. } if !self.interest.wants(key) => {}
            Input::Key { device, key, down: true } => self.down(device, key, told),
            Input::Key { device, key, down: false } => self.up(device, key, told),
            Input::Unnamed => {
                if let Some(capture) = &mut self.capture {
                    capture.unnamed |= !capture.pressed.0.is_empty();
                }
            }
            Input::Gone { device } => {
                if let Some(capture) = &mut self.capture {
                    capture.pressed.0.retain(|(_, d)| *d != device);
                }
                for key in self.held.keys_of(device) {
                    self.up(device, key, told);
                }
            }
        }
    }

    fn down(&mut self, device: u32, key: Key, told: &mut Vec<Told>) {
        let fresh = !self.interest.keys.contains(&key) || self.held.press(key, device);
        if let Some(Capturing { pressed, .. }) = &mut self.capture {
            if fresh && pressed.press(key, device) && key.modifier().is_none() {
                let chord = Chord::held(pressed.modifiers(), key);
                self.captured((!key.is_escape()).then_some(chord), told);
            }
        } else if fresh {
            self.pressed(key, told);
        }
    }

    fn up(&mut self, device: u32, key: Key, told: &mut Vec<Told>) {
        let released = self.held.release(key, device);
        if let Some(Capturing { pressed, unnamed }) = &mut self.capture {
            let released = pressed.release(key, device);
            let alone = !*unnamed;
            *unnamed &= !pressed.0.is_empty();
            // A modifier that goes up before any other key came was meant by itself.
            if released && alone && key.modifier().is_some() {
                let chord = Chord::held(pressed.modifiers(), key);
                self.captured(Some(chord), told);
            }
        } else if released {
            let held = self.held.modifiers();
            self.end(told, |(_, chord), _| chord.key() == key || !held.cover(chord.set()));
        }
    }

    /// Further modifiers do not matter, so that one can talk while running; but of two chords that both fit, as Ctrl+V and
    /// V, the one that says more is meant alone.
    fn pressed(&mut self, key: Key, told: &mut Vec<Told>) {
        let held = self.held.modifiers();
        let fits = |chord: &Chord| chord.key() == key && held.cover(chord.set());
        let all: Vec<_> = self.bindings.iter().filter(|(_, chord)| fits(chord)).copied().collect();
        let says_more = |other: &Chord, than: &Chord| other.set() != than.set() && other.set().cover(than.set());
        for (action, chord) in &all {
            if all.iter().any(|(_, other)| says_more(other, chord)) {
                continue;
            }
            if !self.is_begun(*action) {
                told.push(Told::Action { action: *action, down: true });
            }
            self.begun.insert((*action, *chord));
        }
    }

    /// Ends what is begun where `over` says so. An action ends with the last of its chords.
    fn end(&mut self, told: &mut Vec<Told>, over: impl Fn((Action, Chord), &BTreeSet<(Action, Chord)>) -> bool) {
        let before: BTreeSet<Action> = self.begun.iter().map(|(action, _)| *action).collect();
        let bindings = &self.bindings;
        self.begun.retain(|binding| !over(*binding, bindings));
        let ended = before.into_iter().filter(|action| !self.is_begun(*action));
        told.extend(ended.map(|action| Told::Action { action, down: false }));
    }

    fn is_begun(&self, action: Action) -> bool {
        self.begun.iter().any(|(a, _)| *a == action)
    }

    fn captured(&mut self, chord: Option<Chord>, told: &mut Vec<Told>) {
        self.capture_ends();
        told.push(Told::Captured(chord));
    }

    fn refresh(&mut self) {
        let mut keys: BTreeSet<Key> = self.bindings.iter().map(|(_, chord)| chord.key()).collect();
        let needed: BTreeSet<Modifier> = self.bindings.iter().flat_map(|(_, chord)| chord.modifiers()).collect();
        keys.extend(Key::all().filter(|key| key.modifier().is_some_and(|m| needed.contains(&m))));
        self.held.0.retain(|(key, _)| keys.contains(key));
        self.interest = Interest { keys, all: self.capture.is_some() };
    }
}

#[cfg(test)]
mod tests;
