//! How much later than it is given to the speakers a sound is heard by the microphone: where the correlation of the two, each
//! made white, has its peak (GCC-PHAT; Knapp and Carter, 1976), at 8 kHz.

use super::history::History;
use super::{ASTRAY, BEHIND};
use crate::limits::{BLOCK, RATE};
use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use std::sync::Arc;

/// 48 kHz over 8 kHz.
const THIN: usize = 6;
/// Samples of what was played, of which the second half is looked for: two seconds.
const WINDOW: usize = 16_384;
const HALF: usize = WINDOW / 2;
/// No echo comes later than half a second.
const MOST: usize = 4_096;
/// Blocks between searches.
const EVERY: usize = 25;
/// Hz in which echoes are looked for.
const BAND_HZ: [usize; 2] = [150, 3_500];
/// What is kept of a correlation for the next.
const KEPT: f32 = 0.6;
/// A peak stands out of the rest by this factor.
const CLEAR: f32 = 7.0;
/// Samples by which two peaks differ at most and are the same: 1 ms.
const SAME: usize = 8;
/// Mean power under which the speakers are silent.
const SILENT: f32 = 1e-5;

/// Samples kept of either sound.
const KEPT_SAMPLES: usize = WINDOW + (2 * BEHIND + 2 * ASTRAY) as usize / THIN;

/// Looks for the echo a few times a second.
pub struct LagFinder {
    far: History,
    near: History,
    apart: i64,
    forward: Arc<dyn RealToComplex<f32>>,
    back: Arc<dyn ComplexToReal<f32>>,
    sound: Vec<f32>,
    played: Vec<Complex<f32>>,
    heard: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    alike: Vec<f32>,
    waited: usize,
    /// The last peak, and the one that was believed.
    peak: Option<usize>,
    lag: Option<usize>,
}

impl LagFinder {
    /// Has heard nothing.
    pub fn new() -> Self {
        let mut planner = RealFftPlanner::new();
        let (forward, back) = (planner.plan_fft_forward(WINDOW), planner.plan_fft_inverse(WINDOW));
        let scratch = forward.get_scratch_len().max(back.get_scratch_len());
        Self {
            far: History::new(KEPT_SAMPLES),
            near: History::new(KEPT_SAMPLES),
            apart: 0,
            sound: vec![0.0; WINDOW],
            played: forward.make_output_vec(),
            heard: forward.make_output_vec(),
            scratch: vec![Complex::default(); scratch],
            alike: vec![0.0; MOST],
            forward,
            back,
            waited: 0,
            peak: None,
            lag: None,
        }
    }

    /// What is played.
    pub fn far(&mut self, sound: &[f32; BLOCK]) {
        thin(&mut self.far, sound);
    }

    /// What is heard.
    pub fn near(&mut self, sound: &[f32; BLOCK]) {
        thin(&mut self.near, sound);
    }

    /// A stream was interrupted: the far one has now so many samples of 48 kHz more.
    pub fn restart(&mut self, apart: i64) {
        self.apart = apart / THIN as i64;
        self.alike.fill(0.0);
        (self.peak, self.lag) = (None, None);
    }

    /// How late the echo is, in samples of 48 kHz, once that is clear.
    pub fn samples(&self) -> Option<u64> {
        self.lag.map(|lag| (lag * THIN) as u64)
    }

    /// Called each block. Whether the echo is another one now.
    pub fn search(&mut self) -> bool {
        self.waited += 1;
        if self.waited < EVERY {
            return false;
        }
        self.waited = 0;
        let Some(peak) = self.correlate() else { return false };
        let twice = self.peak.replace(peak).is_some_and(|before| before.abs_diff(peak) <= SAME);
        if !twice || self.lag.is_some_and(|lag| lag.abs_diff(peak) <= SAME) {
            return false;
        }
        self.lag = Some(peak);
        true
    }

    /// Where the correlation has its peak, if that is clear.
    fn correlate(&mut self) -> Option<usize> {
        let end = self.near.total().checked_sub(BEHIND / THIN as u64)?;
        if !self.far.copy(end.checked_add_signed(self.apart)?, &mut self.sound) {
            return None;
        }
        let power = |sound: &[f32]| sound.iter().map(|sample| sample * sample).sum::<f32>();
        if power(&self.sound[HALF..]) < SILENT * HALF as f32 {
            return None;
        }
        self.forward.process_with_scratch(&mut self.sound, &mut self.played, &mut self.scratch).ok()?;
        self.sound[..HALF].fill(0.0);
        if !self.near.copy(end, &mut self.sound[HALF..]) {
            return None;
        }
        self.forward.process_with_scratch(&mut self.sound, &mut self.heard, &mut self.scratch).ok()?;
        let [first, last] = BAND_HZ.map(|hz| hz * THIN * WINDOW / RATE as usize);
        for (n, (heard, played)) in self.heard.iter_mut().zip(&self.played).enumerate() {
            let both = *heard * played.conj();
            *heard = if (first..last).contains(&n) { both / (both.norm() + 1e-12) } else { Complex::default() };
        }
        self.back.process_with_scratch(&mut self.heard, &mut self.sound, &mut self.scratch).ok()?;
        for (alike, now) in self.alike.iter_mut().zip(&self.sound) {
            *alike = *alike * KEPT + now;
        }
        let mean = (power(&self.alike) / MOST as f32).sqrt();
        let (peak, height) = self.alike.iter().enumerate().fold((0, 0.0_f32), |(peak, height), (n, alike)| {
            if alike.abs() > height { (n, alike.abs()) } else { (peak, height) }
        });
        (height > CLEAR * mean).then_some(peak)
    }
}

fn thin(stream: &mut History, sound: &[f32; BLOCK]) {
    for six in sound.as_chunks::<THIN>().0 {
        stream.push(six.iter().sum::<f32>() / THIN as f32);
    }
}

impl Default for LagFinder {
    fn default() -> Self {
        Self::new()
    }
}
