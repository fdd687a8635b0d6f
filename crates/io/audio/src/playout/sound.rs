//! One talker in the mix: a ring of blocks read, made louder or softer, muffled, and put in its place.

use super::space::Heard;
use crate::limits::{RATE, RENDER};
use kira::Frame;
use kira::info::Info;
use kira::sound::{Sound, SoundData};
use sofar::render::RealtimeRenderer;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Share of the way to a new gain made each sample: about 10 ms to get there.
const GLIDE: f32 = 1.0 / 160.0;
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

/// What has glided where.
#[derive(Debug, Clone, Copy, Default)]
struct Glide {
    gain: f32,
    left: f32,
    right: f32,
    binaural: f32,
    open: f32,
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
        let now = Glide {
            gain: self.controls.gain.get(),
            left: self.controls.left.get(),
            right: self.controls.right.get(),
            binaural: self.controls.binaural.get(),
            open: 1.0 - self.controls.occlusion.get(),
        };
        let playing = Playing { sound: self, now, walls: [0.0; 2], mono: [0.0; RENDER], sides: [[0.0; RENDER]; 2] };
        Ok((Box::new(playing), ()))
    }
}

struct Playing {
    sound: TalkerSound,
    now: Glide,
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
        if open >= 1.0 && self.now.open > 0.9999 {
            self.now.open = 1.0;
            if let Some(last) = self.mono[..samples].last() {
                self.walls = [*last; 2];
            }
            return;
        }
        let closed = 1.0 - (-std::f32::consts::TAU * WALL_HZ / RATE as f32).exp();
        for sample in &mut self.mono[..samples] {
            self.now.open += (open - self.now.open) * GLIDE;
            let open = self.now.open;
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
            self.now.gain += (gain - self.now.gain) * GLIDE;
            *sample *= self.now.gain;
        }
        let mut binaural = controls.binaural.get();
        let heard = binaural > 0.0 || self.now.binaural > 1e-4;
        let [left, right] = &mut self.sides;
        match &mut self.sound.ears {
            Some(ears) if heard && samples == RENDER => {
                if ears.process_block(&self.mono, left, right).is_err() {
                    binaural = 0.0;
                }
            }
            _ => {
                binaural = 0.0;
                left.fill(0.0);
                right.fill(0.0);
            }
        }
        let (to_left, to_right) = (controls.left.get(), controls.right.get());
        for (n, frame) in out[..samples].iter_mut().enumerate() {
            let now = &mut self.now;
            now.left += (to_left - now.left) * GLIDE;
            now.right += (to_right - now.right) * GLIDE;
            now.binaural += (binaural - now.binaural) * GLIDE;
            let (mono, ears) = (self.mono[n], now.binaural);
            *frame = Frame::new(
                mono * now.left * (1.0 - ears) + left[n] * ears,
                mono * now.right * (1.0 - ears) + right[n] * ears,
            );
        }
        out[samples..].fill(Frame::ZERO);
    }

    fn finished(&self) -> bool {
        self.sound.controls.gone.load(Ordering::Relaxed)
    }
}
