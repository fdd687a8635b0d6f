//! What the threads see of one another: the newest wishes, a few flags, no queues.
//!
//! Wishes are whole and versioned: a thread that was busy finds the last one, and nothing piles up. The locks are held for
//! a copy only and never taken in a callback; the key and mute are plain flags that wait for nobody.

use crate::limits::MAX_TALKERS;
use hearth_ports::audio::{Encoding, Gate, Place, Processing, TalkerId};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Where one's voice is to come from.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum SourceWanted {
    /// Nowhere.
    #[default]
    None,
    /// Whatever the device thread opens.
    Device,
    /// A file.
    File {
        /// Which.
        path: PathBuf,
        /// From the start again at its end.
        repeat: bool,
    },
}

/// Where the mix is to go.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum SinkWanted {
    /// Nowhere.
    #[default]
    None,
    /// Whatever the device thread opens.
    Device,
    /// A file.
    File(PathBuf),
}

/// What the transmit thread is to do.
#[derive(Debug, Clone)]
pub struct TransmitWants {
    /// Where from.
    pub source: SourceWanted,
    /// One more every time a source is chosen, the same one too.
    pub source_version: u64,
    /// When open.
    pub gate: Gate,
    /// Which stages.
    pub processing: Processing,
    /// Which noise suppressor.
    pub strong_noise: bool,
    /// How to encode.
    pub encoding: Encoding,
    /// Microphone test.
    pub loopback: bool,
}

impl Default for TransmitWants {
    fn default() -> Self {
        Self {
            source: SourceWanted::None,
            source_version: 0,
            gate: Gate::Voice,
            processing: Processing { echo: true, noise: true, gain: true },
            strong_noise: false,
            encoding: Encoding { bitrate: 32_000, loss_percent: 5, fec: true, dred: 0, dtx: false },
            loopback: false,
        }
    }
}

/// One talker as wanted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TalkerWanted {
    /// Another number for somebody who left and came back.
    pub visit: u64,
    /// 0.0 to 2.0.
    pub volume: f32,
    /// Where, or in the middle.
    pub place: Option<Place>,
    /// 0.0 to 1.0.
    pub occlusion: f32,
}

/// What the playout thread is to do.
#[derive(Debug, Clone, Default)]
pub struct PlayoutWants {
    /// Where to.
    pub sink: SinkWanted,
    /// One more every time a sink is chosen.
    pub sink_version: u64,
    /// Binaural.
    pub headphones: bool,
    /// Play nothing.
    pub deafened: bool,
    /// Tell levels.
    pub meter: bool,
    /// Everybody, at most [`MAX_TALKERS`].
    pub talkers: BTreeMap<TalkerId, TalkerWanted>,
    visits: u64,
}

impl PlayoutWants {
    /// A talker came or changed.
    pub fn talker(&mut self, talker: TalkerId, volume: f32, place: Option<Place>) {
        let volume = if volume.is_finite() { volume.clamp(0.0, 2.0) } else { 1.0 };
        let place = place.filter(|place| place.x.is_finite() && place.y.is_finite());
        if let Some(known) = self.talkers.get_mut(&talker) {
            known.volume = volume;
            known.place = place;
        } else if self.talkers.len() < MAX_TALKERS {
            self.visits += 1;
            self.talkers.insert(talker, TalkerWanted { visit: self.visits, volume, place, occlusion: 0.0 });
        } else {
            tracing::warn!(talker, "a talker is not heard: there are too many");
        }
    }

    /// Something came between.
    pub fn occlude(&mut self, talker: TalkerId, amount: f32) {
        if let Some(known) = self.talkers.get_mut(&talker)
            && amount.is_finite()
        {
            known.occlusion = amount.clamp(0.0, 1.0);
        }
    }
}

/// What the device thread is to hold open. `Some(None)` is the system's choice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeviceWants {
    /// The microphone.
    pub input: Option<Option<String>>,
    /// The speakers.
    pub output: Option<Option<String>>,
    /// One more every time names are asked for.
    pub lists: u64,
    /// One more every time a microphone is chosen, the same one too: the transmit thread dropped its end.
    pub inputs: u64,
    /// Idem for the speakers.
    pub outputs: u64,
}

#[derive(Debug, Default)]
struct Versioned<T> {
    version: AtomicU64,
    value: Mutex<T>,
}

impl<T: Clone> Versioned<T> {
    fn lock(&self) -> MutexGuard<'_, T> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut T)) {
        let mut value = self.lock();
        change(&mut value);
        self.version.fetch_add(1, Ordering::Release);
    }

    fn newer_than(&self, seen: u64) -> Option<(u64, T)> {
        if self.version.load(Ordering::Acquire) == seen {
            return None;
        }
        let value = self.lock();
        Some((self.version.load(Ordering::Acquire), value.clone()))
    }
}

/// One for all threads of a handle.
#[derive(Debug, Default)]
pub struct Shared {
    transmit: Versioned<TransmitWants>,
    playout: Versioned<PlayoutWants>,
    devices: Versioned<DeviceWants>,
    end: AtomicBool,
    ready: AtomicBool,
    key: AtomicBool,
    key_pressed: AtomicBool,
    mute: AtomicBool,
    /// Own level, a root mean square as the bits of an `f32`.
    pub own_level: AtomicU32,
    /// Whether the gate let the last frame out.
    pub gate_open: AtomicBool,
}

impl Shared {
    /// Changes what the transmit thread is to do.
    pub fn transmit(&self, change: impl FnOnce(&mut TransmitWants)) {
        self.transmit.change(change);
    }

    /// Changes what the playout thread is to do.
    pub fn playout(&self, change: impl FnOnce(&mut PlayoutWants)) {
        self.playout.change(change);
    }

    /// Changes what the device thread is to do.
    pub fn devices(&self, change: impl FnOnce(&mut DeviceWants)) {
        self.devices.change(change);
    }

    /// What changed since `seen`, with its number.
    pub fn transmit_wants(&self, seen: u64) -> Option<(u64, TransmitWants)> {
        self.transmit.newer_than(seen)
    }

    /// What changed since `seen`, with its number.
    pub fn playout_wants(&self, seen: u64) -> Option<(u64, PlayoutWants)> {
        self.playout.newer_than(seen)
    }

    /// What changed since `seen`, with its number.
    pub fn device_wants(&self, seen: u64) -> Option<(u64, DeviceWants)> {
        self.devices.newer_than(seen)
    }

    /// Tells every thread to end.
    pub fn end(&self) {
        self.end.store(true, Ordering::Release);
    }

    /// The mix runs.
    pub fn set_ready(&self) {
        self.ready.store(true, Ordering::Release);
    }

    /// Whether the mix runs; before that nothing is sent, so that a file is heard from its first word.
    pub fn ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// Whether all is to end.
    pub fn ended(&self) -> bool {
        self.end.load(Ordering::Acquire)
    }

    /// The key went down or up.
    pub fn set_key(&self, down: bool) {
        self.key.store(down, Ordering::Release);
        if down {
            self.key_pressed.store(true, Ordering::Release);
        }
    }

    /// Whether the key is down, or was since last asked: the shortest press is heard.
    pub fn key(&self) -> bool {
        let pressed = self.key_pressed.swap(false, Ordering::AcqRel);
        self.key.load(Ordering::Acquire) || pressed
    }

    /// Send nothing.
    pub fn set_muted(&self, muted: bool) {
        self.mute.store(muted, Ordering::Release);
    }

    /// Whether nothing is to be sent.
    pub fn muted(&self) -> bool {
        self.mute.load(Ordering::Acquire)
    }
}
