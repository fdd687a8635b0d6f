//! What the speakers make of the sound they are given: past some loudness they bend or cut it, and an adaptive filter, being
//! linear, finds no echo of what they add. So the curve they bend by is found while they play, and what the echo canceller is
//! told is played has gone through it (a memoryless preprocessor; Stenger and Kellermann, 2000).

pub mod curve;
pub mod fit;
mod history;
pub mod lag;

use crate::limits::{BLOCK, RATE};
use curve::{Curve, KNEES};
use fit::{Fit, WAYS};
use history::History;
use lag::LagFinder;
use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};
use std::sync::Arc;

/// Samples looked at together: 171 ms, longer than most of a room's answer.
const WINDOW: usize = 8_192;
/// Spectra taken a block: in five blocks all of them, the microphone's too.
const SPECTRA_A_BLOCK: usize = (WAYS + 1).div_ceil(BLOCKS_A_LOOK);
const BLOCKS_A_LOOK: usize = 5;
/// The microphone is looked at so much later, for the mix may come in bursts.
const BEHIND: u64 = RATE as u64 / 10;
/// The echo begins so much after a window's own beginning, for the lag is not known to a sample.
const AHEAD: u64 = RATE as u64 / 200;
/// Two streams that have drifted apart by so much were interrupted.
const ASTRAY: u64 = RATE as u64 / 4;
/// Mean power under which the speakers are silent (-50 dBFS).
const SILENT: f32 = 1e-5;

/// Samples kept of either sound: enough for a window, the latest echo, and streams that have drifted apart.
const KEPT: usize = 65_536;

/// Watches what is played and what is heard, and tells what comes out of the speakers.
pub struct Speakers {
    curve: Curve,
    fit: Fit,
    lag: LagFinder,
    far: History,
    near: History,
    /// What the far stream has counted more than the near one.
    apart: i64,
    transform: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    far_sound: Vec<f32>,
    near_sound: Vec<f32>,
    bent: Vec<f32>,
    scratch: Vec<Complex<f32>>,
    spectra: [Vec<Complex<f32>>; WAYS + 1],
    step: usize,
    looking: bool,
}

impl Speakers {
    /// Speakers that bend nothing, until more is known.
    pub fn new() -> Self {
        let transform = RealFftPlanner::new().plan_fft_forward(WINDOW);
        let turn = std::f32::consts::TAU / WINDOW as f32;
        Self {
            curve: Curve::default(),
            fit: Fit::new(WINDOW),
            lag: LagFinder::new(),
            far: History::new(KEPT),
            near: History::new(KEPT),
            apart: 0,
            window: (0..WINDOW).map(|n| 0.5 - 0.5 * (turn * n as f32).cos()).collect(),
            far_sound: vec![0.0; WINDOW],
            near_sound: vec![0.0; WINDOW],
            bent: vec![0.0; WINDOW],
            scratch: transform.make_scratch_vec(),
            spectra: std::array::from_fn(|_| transform.make_output_vec()),
            transform,
            step: 0,
            looking: false,
        }
    }

    /// Takes what the speakers are given; gives what they make of it.
    pub fn far(&mut self, sound: &[f32; BLOCK]) -> [f32; BLOCK] {
        sound.iter().for_each(|sample| self.far.push(*sample));
        self.lag.far(sound);
        sound.map(|sample| self.curve.at(sample))
    }

    /// Takes what the microphone heard, rumble taken out.
    pub fn near(&mut self, sound: &[f32; BLOCK]) {
        sound.iter().for_each(|sample| self.near.push(*sample));
        self.lag.near(sound);
        let apart = self.far.total() as i64 - self.near.total() as i64;
        if apart.abs_diff(self.apart) > ASTRAY {
            self.apart = apart;
            self.lag.restart(apart);
            self.fit.forget();
        }
        if self.lag.search() {
            self.fit.forget();
        }
        if self.step == 0 {
            self.looking = self.look();
        }
        if self.looking {
            for way in self.step * SPECTRA_A_BLOCK..((self.step + 1) * SPECTRA_A_BLOCK).min(WAYS + 1) {
                self.spectrum(way);
            }
        }
        self.step = (self.step + 1) % BLOCKS_A_LOOK;
        if self.step == 0 && self.looking {
            let [ways @ .., heard] = &self.spectra;
            self.fit.add(ways, heard);
            self.fit.improve(&mut self.curve);
        }
    }

    /// Slopes the curve gains at its knees.
    pub fn bends(&self) -> [f32; KNEES] {
        self.curve.bends()
    }

    /// Gets both sounds ready, where there is an echo to look at.
    fn look(&mut self) -> bool {
        let Some(lag) = self.lag.samples() else { return false };
        let end = self.near.total().saturating_sub(BEHIND);
        let Some(played) = end.checked_add_signed(self.apart).and_then(|at| (at + AHEAD).checked_sub(lag)) else {
            return false;
        };
        self.near.copy(end, &mut self.near_sound)
            && self.far.copy(played, &mut self.far_sound)
            && self.far_sound.iter().map(|sample| sample * sample).sum::<f32>() > SILENT * WINDOW as f32
    }

    fn spectrum(&mut self, way: usize) {
        let sound = if way == WAYS { &self.near_sound } else { &self.far_sound };
        for ((bent, sample), window) in self.bent.iter_mut().zip(sound).zip(&self.window) {
            *bent = window * if way == WAYS { *sample } else { curve::part(way, *sample) };
        }
        if let Err(error) =
            self.transform.process_with_scratch(&mut self.bent, &mut self.spectra[way], &mut self.scratch)
        {
            tracing::debug!(%error, "a spectrum of the speakers' sound could not be taken");
        }
    }
}

impl Default for Speakers {
    fn default() -> Self {
        Self::new()
    }
}
