//! One talker in the mix: a ring of blocks read, made louder or softer, muffled, and put in its place.

use super::space::Heard;
use crate::limits::{RATE, RENDER};
use kira::Frame;
use kira::info::Info;
use kira::sound::{Sound, SoundData};
use sofar::render::RealtimeRenderer;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Share of the way to a new value made each sample, twice in a row: about 10 ms to get there.
const GLIDE: f32 = 1.0 / 100.0;
/// Renders the ears hear before anything of theirs is played: longer than their filters.
const WARM_UP: u8 = 4;
/// Gain behind a closed wall: -15 dB.
const WALL_GAIN: f32 = 0.178;
/// What passes a closed wall, in Hz.
const WALL_HZ: f32 = 500.0;

/// A number set by one thread and read by another.
#[derive(Debug, Default)]
struct Number(AtomicU32);

impl Number {
    fn new(value: f32) -> Self {
        Self(AtomicU32::new(value.to_bits()))
    }

    fn set(&self, value: f32) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    fn get(&self) -> f32 {
        f32::from_bits(self.0.load(Ordering::Relaxed))
    }
}

/// How a talker is to sound; read by the mix once a render.
#[derive(Debug)]
pub struct Controls {
    gain: Number,
    left: Number,
    right: Number,
    binaural: Number,
    occlusion: Number,
    gone: AtomicBool,
}

impl Default for Controls {
    fn default() -> Self {
        Self {
            gain: Number::new(1.0),
            left: Number::new(1.0),
            right: Number::new(1.0),
            binaural: Number::default(),
            occlusion: Number::default(),
            gone: AtomicBool::new(false),
        }
    }
}

impl Controls {
    /// Volume, place and muffling; `headphones` chooses ears over panning.
    pub fn set(&self, volume: f32, heard: Heard, occlusion: f32, headphones: bool) {
        let (left, right) = heard.pan();
        self.gain.set(volume * heard.gain);
        self.left.set(left);
        self.right.set(right);
        self.binaural.set(if headphones { heard.directed } else { 0.0 });
        self.occlusion.set(occlusion);
    }

    /// The sound ends at the next render.
    pub fn end(&self) {
        self.gone.store(true, Ordering::Relaxed);
    }
}

/// A value on its way to another, without a corner (two one-pole low-passes).
#[derive(Debug, Clone, Copy, Default)]
struct Glide {
    ahead: f32,
    now: f32,
}

impl Glide {
    fn at(value: f32) -> Self {
        Self { ahead: value, now: value }
    }

    fn step(&mut self, to: f32) -> f32 {
        self.ahead += (to - self.ahead) * GLIDE;
        self.now += (self.ahead - self.now) * GLIDE;
        self.now
    }

    fn is_near(self, value: f32) -> bool {
        (self.ahead - value).abs() < 1e-4 && (self.now - value).abs() < 1e-4
    }
}

/// A talker's sound before it is in the mix.
pub struct TalkerSound {
    /// Mono at 48 kHz.
    pub ring: rtrb::Consumer<f32>,
    /// How it is to sound.
    pub controls: Arc<Controls>,
    /// For headphones.
    pub ears: Option<RealtimeRenderer>,
    /// More samples than this waiting are too old to be heard.
    pub backlog: usize,
}

impl SoundData for TalkerSound {
    type Error = std::convert::Infallible;
    type Handle = ();

    fn into_sound(self) -> Result<(Box<dyn Sound>, ()), Self::Error> {
        let controls = &self.controls;
        let playing = Playing {
            gain: Glide::at(controls.gain.get()),
            left: Glide::at(controls.left.get()),
            right: Glide::at(controls.right.get()),
            binaural: Glide::at(if self.ears.is_some() { controls.binaural.get() } else { 0.0 }),
            open: Glide::at(1.0 - controls.occlusion.get()),
            // Before its first sample a voice was silent, and so it is for its ears.
            warm: WARM_UP,
            walls: [0.0; 2],
            mono: [0.0; RENDER],
            sides: [[0.0; RENDER]; 2],
            sound: self,
        };
        Ok((Box::new(playing), ()))
    }
}

struct Playing {
    sound: TalkerSound,
    gain: Glide,
    left: Glide,
    right: Glide,
    binaural: Glide,
    open: Glide,
    /// Renders the ears have heard in a row.
    warm: u8,
    walls: [f32; 2],
    mono: [f32; RENDER],
    sides: [[f32; RENDER]; 2],
}

impl Playing {
    /// Fills the front of `mono`; what is not there is silence.
    fn read(&mut self, samples: usize) {
        let waiting = self.sound.ring.slots();
        if waiting > self.sound.backlog
            && let Ok(chunk) = self.sound.ring.read_chunk(waiting - self.sound.backlog)
        {
            chunk.commit_all();
        }
        let there = self.sound.ring.slots().min(samples);
        let (filled, rest) = self.mono[..samples].split_at_mut(there);
        rest.fill(0.0);
        if let Ok(chunk) = self.sound.ring.read_chunk(there) {
            let (first, second) = chunk.as_slices();
            filled[..first.len()].copy_from_slice(first);
            filled[first.len()..].copy_from_slice(second);
            chunk.commit_all();
        }
    }

    /// Two one-pole low-passes and a gain: nothing in the open, a wall when closed.
    fn muffle(&mut self, samples: usize) {
        let open = 1.0 - self.sound.controls.occlusion.get();
        if open >= 1.0 && self.open.is_near(1.0) {
            self.open = Glide::at(1.0);
            if let Some(last) = self.mono[..samples].last() {
                self.walls = [*last; 2];
            }
            return;
        }
        let closed = 1.0 - (-std::f32::consts::TAU * WALL_HZ / RATE as f32).exp();
        for sample in &mut self.mono[..samples] {
            let open = self.open.step(open);
            let speed = closed + (1.0 - closed) * open * open * open;
            self.walls[0] += (*sample - self.walls[0]) * speed;
            self.walls[1] += (self.walls[0] - self.walls[1]) * speed;
            *sample = self.walls[1] * (WALL_GAIN + (1.0 - WALL_GAIN) * open);
        }
    }
}

impl Sound for Playing {
    fn process(&mut self, out: &mut [Frame], _dt: f64, _info: &Info) {
        let samples = out.len().min(RENDER);
        self.read(samples);
        self.muffle(samples);
        let controls = &self.sound.controls;
        let gain = controls.gain.get();
        for sample in &mut self.mono[..samples] {
            *sample *= self.gain.step(gain);
        }
        let wanted = controls.binaural.get();
        let [left, right] = &mut self.sides;
        let heard = match &mut self.sound.ears {
            Some(ears) if samples == RENDER && (wanted > 0.0 || !self.binaural.is_near(0.0)) => {
                ears.process_block(&self.mono, left, right).is_ok()
            }
            _ => false,
        };
        if heard {
            self.warm = self.warm.saturating_add(1).min(WARM_UP);
        } else {
            self.warm = 0;
            left.fill(0.0);
            right.fill(0.0);
        }
        let binaural = if self.warm == WARM_UP { wanted } else { 0.0 };
        let (to_left, to_right) = (controls.left.get(), controls.right.get());
        for (n, frame) in out[..samples].iter_mut().enumerate() {
            let (to_left, to_right) = (self.left.step(to_left), self.right.step(to_right));
            let (mono, ears) = (self.mono[n], self.binaural.step(binaural));
            *frame = Frame::new(
                mono * to_left * (1.0 - ears) + left[n] * ears,
                mono * to_right * (1.0 - ears) + right[n] * ears,
            );
        }
        out[samples..].fill(Frame::ZERO);
    }

    fn finished(&self) -> bool {
        self.sound.controls.gone.load(Ordering::Relaxed)
    }
}
