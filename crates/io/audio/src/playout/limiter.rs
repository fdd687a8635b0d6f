//! The end of the mix: deafen, cues, then a limiter that looks ahead 1.3 ms and never lets a sample past its ceiling.
//!
//! The needed gain is held over the look-ahead and then averaged over it, so that it is down before the peak comes and moves
//! without a step (the usual look-ahead peak limiter; every average covers only gains that are low enough for the sample).

use super::cues::CuePlayer;
use kira::Frame;
use kira::effect::{Effect, EffectBuilder};
use kira::info::Info;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// No sample leaves louder: -1 dBFS.
pub const CEILING: f32 = 0.891;
/// Samples looked ahead.
pub const LOOK_AHEAD: usize = 64;
/// Share of the way back to unity gain made each sample: 80 ms at 48 kHz.
const RELEASE: f32 = 1.0 / 3_840.0;
/// Share of the way to silence, or back, made each sample: 5 ms.
const DEAFEN: f32 = 1.0 / 240.0;

/// Keeps both channels below [`CEILING`] with one gain, so that the image stays where it is.
pub struct Limiter {
    waiting: [Frame; LOOK_AHEAD],
    needed: [f32; LOOK_AHEAD],
    held: [f32; LOOK_AHEAD],
    at: usize,
    gain: f32,
}

impl Default for Limiter {
    fn default() -> Self {
        Self {
            waiting: [Frame::ZERO; LOOK_AHEAD],
            needed: [1.0; LOOK_AHEAD],
            held: [1.0; LOOK_AHEAD],
            at: 0,
            gain: 1.0,
        }
    }
}

impl Limiter {
    /// One sample in, the one of [`LOOK_AHEAD`] samples ago out.
    pub fn frame(&mut self, frame: Frame) -> Frame {
        let frame = if frame.left.is_finite() && frame.right.is_finite() { frame } else { Frame::ZERO };
        let peak = frame.left.abs().max(frame.right.abs());
        self.needed[self.at] = if peak > CEILING { CEILING / peak } else { 1.0 };
        let lowest = self.needed.iter().copied().fold(1.0, f32::min);
        self.gain = lowest.min(self.gain + (1.0 - self.gain) * RELEASE);
        self.held[self.at] = self.gain;
        let oldest = (self.at + 1) % LOOK_AHEAD;
        let gain = self.held.iter().sum::<f32>() / LOOK_AHEAD as f32;
        let out = self.waiting[oldest] * gain;
        self.waiting[self.at] = frame;
        self.at = oldest;
        // The average is rounded; the ceiling is not.
        Frame::new(out.left.clamp(-CEILING, CEILING), out.right.clamp(-CEILING, CEILING))
    }
}

/// What ends the main track.
pub struct Ending {
    limiter: Limiter,
    deafened: Arc<AtomicBool>,
    cues: CuePlayer,
    open: f32,
}

/// Makes an [`Ending`] that falls silent while the flag is up, but for cues.
pub struct EndingBuilder {
    /// The flag.
    pub deafened: Arc<AtomicBool>,
    /// The cues.
    pub cues: CuePlayer,
}

impl EffectBuilder for EndingBuilder {
    type Handle = ();

    fn build(self) -> (Box<dyn Effect>, ()) {
        (Box::new(Ending { limiter: Limiter::default(), deafened: self.deafened, cues: self.cues, open: 1.0 }), ())
    }
}

impl Effect for Ending {
    fn process(&mut self, frames: &mut [Frame], _dt: f64, _info: &Info) {
        let step = if self.deafened.load(Ordering::Relaxed) { -DEAFEN } else { DEAFEN };
        self.cues.heed();
        for frame in frames {
            self.open = (self.open + step).clamp(0.0, 1.0);
            *frame = self.limiter.frame(*frame * self.open + Frame::from_mono(self.cues.sample()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sample_passes_the_ceiling_and_quiet_sound_passes_untouched() {
        let mut limiter = Limiter::default();
        let mut seed = 1_u32;
        for n in 0..48_000_usize {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (seed >> 8) as f32 / 8_388_608.0 - 1.0;
            let loud = if (n / 4_800) % 2 == 0 { 0.3 } else { 8.0 };
            let out = limiter.frame(Frame::from_mono(noise * loud));
            assert!(out.left.abs() <= CEILING, "sample {n}: {}", out.left);
        }
        let mut limiter = Limiter::default();
        let wave = |n: usize| (n as f32 * 0.05).sin() * 0.8;
        for n in 0..1_000 {
            let out = limiter.frame(Frame::from_mono(wave(n)));
            if n >= LOOK_AHEAD {
                assert!((out.left - wave(n + 1 - LOOK_AHEAD)).abs() < 1e-4, "sample {n}");
            }
        }
    }

    #[test]
    fn a_loud_tone_keeps_its_shape() {
        let mut limiter = Limiter::default();
        let out: Vec<f32> =
            (0..48_000).map(|n| limiter.frame(Frame::from_mono((n as f32 * 0.0576).sin() * 3.0)).left).collect();
        let settled = &out[24_000..];
        let peak = settled.iter().copied().fold(0.0, f32::max);
        let clipped = settled.iter().filter(|sample| sample.abs() > 0.999 * CEILING).count();
        assert!(peak > 0.8 * CEILING, "it was turned down more than needed: {peak}");
        assert!(clipped < settled.len() / 20, "it was clipped and not turned down: {clipped}");
    }

    #[test]
    fn what_is_no_number_becomes_silence() {
        let mut limiter = Limiter::default();
        for _ in 0..LOOK_AHEAD {
            limiter.frame(Frame::from_mono(f32::NAN));
        }
        assert_eq!(limiter.frame(Frame::ZERO).left, 0.0);
    }
}
