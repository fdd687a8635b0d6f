//! The mix: kira driven by a backend of our own that renders when asked.
//!
//! One backend serves a device, a file and a test: whoever needs sound pulls it. What leaves [`Mix::render`] is after the
//! limiter, so it is also what the echo canceller must know.

use super::cues::{self, CueStarter};
use super::head::{Head, HeadError};
use super::limiter::EndingBuilder;
use super::sound::{Controls, TalkerSound};
use crate::limits::{MAX_DECODED, RATE, RENDER};
use hearth_ports::audio::Cue;
use kira::backend::{Backend, Renderer};
use kira::track::MainTrackBuilder;
use kira::{AudioManager, AudioManagerSettings, Capacities};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Holds kira's renderer until it is asked for sound.
#[derive(Default)]
struct Pulled(Option<Renderer>);

impl Backend for Pulled {
    type Settings = ();
    type Error = Infallible;

    fn setup((): (), _internal_buffer_size: usize) -> Result<(Self, u32), Infallible> {
        Ok((Self::default(), RATE))
    }

    fn start(&mut self, renderer: Renderer) -> Result<(), Infallible> {
        self.0 = Some(renderer);
        Ok(())
    }
}

/// A talker's hold on the mix: blocks go in here.
pub struct Voice {
    /// Mono at 48 kHz, two blocks at most.
    pub ring: rtrb::Producer<f32>,
    /// How it sounds.
    pub controls: Arc<Controls>,
    /// Where it is heard from, on headphones.
    pub direction: Option<super::head::Direction>,
}

impl Drop for Voice {
    fn drop(&mut self) {
        self.controls.end();
    }
}

/// Everybody together, in stereo at 48 kHz.
pub struct Mix {
    manager: AudioManager<Pulled>,
    deafened: Arc<AtomicBool>,
    cues: CueStarter,
}

impl Mix {
    /// Silence, until a voice is added.
    pub fn new() -> Self {
        let deafened = Arc::new(AtomicBool::new(false));
        let (starter, player) = cues::pair();
        let main = MainTrackBuilder::new()
            .sound_capacity(2 * MAX_DECODED + 2)
            .with_effect(EndingBuilder { deafened: Arc::clone(&deafened), cues: player });
        let settings = AudioManagerSettings {
            capacities: Capacities {
                sub_track_capacity: 8,
                send_track_capacity: 8,
                clock_capacity: 1,
                modulator_capacity: 1,
                listener_capacity: 1,
            },
            main_track_builder: main,
            internal_buffer_size: RENDER,
            backend_settings: (),
        };
        match AudioManager::new(settings) {
            Ok(manager) => Self { manager, deafened, cues: starter },
            Err(never) => match never {},
        }
    }

    /// Adds a voice that sounds as `controls` say from its first sample; `None` when there are too many. With a head it can
    /// be heard from a direction.
    pub fn add(&mut self, head: Option<&Head>, capacity: usize, backlog: usize, controls: Controls) -> Option<Voice> {
        let ears = head.map(Head::ears).transpose().unwrap_or_else(|error: HeadError| {
            tracing::warn!(%error, "a talker is heard without ears");
            None
        });
        let (direction, ears) = ears.unzip();
        let (ring, consumer) = rtrb::RingBuffer::new(capacity);
        let controls = Arc::new(controls);
        let sound = TalkerSound { ring: consumer, controls: Arc::clone(&controls), ears, backlog };
        self.manager.play(sound).ok()?;
        Some(Voice { ring, controls, direction })
    }

    /// Plays a ring filled elsewhere, from the middle, until the controls end it.
    pub fn add_ring(&mut self, ring: rtrb::Consumer<f32>, backlog: usize) -> Option<Arc<Controls>> {
        let controls = Arc::new(Controls::default());
        let sound = TalkerSound { ring, controls: Arc::clone(&controls), ears: None, backlog };
        self.manager.play(sound).ok()?;
        Some(controls)
    }

    /// A cue, dry and in the middle, also for who is deafened. Allocates nothing.
    pub fn cue(&mut self, cue: Cue) {
        self.cues.start(cue);
    }

    /// Falls silent, or not, within 5 ms. Streams go on.
    pub fn set_deafened(&mut self, deafened: bool) {
        self.deafened.store(deafened, Ordering::Relaxed);
    }

    /// The next [`RENDER`] frames, interleaved left and right. Allocates nothing.
    pub fn render(&mut self, out: &mut [f32; 2 * RENDER]) {
        match &mut self.manager.backend_mut().0 {
            Some(renderer) => {
                renderer.on_start_processing();
                renderer.process(out, 2);
            }
            None => out.fill(0.0),
        }
    }
}

impl Default for Mix {
    fn default() -> Self {
        Self::new()
    }
}
