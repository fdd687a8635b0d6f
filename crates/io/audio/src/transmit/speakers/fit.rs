//! Finds the curve before an unknown room: least squares over averaged spectra, in turns for the room and for the curve.
//!
//! In every bin the room is one number: the microphone's spectrum over that of the bent sound, as far as they go together. With
//! the rooms of all bins held, the curve's bends are a small linear problem; bins are trusted as far as the echo explains
//! them, so a voice in the room widens the error and moves nothing.

use super::curve::{Curve, KNEES};
use crate::limits::RATE;
use realfft::num_complex::Complex;

/// The sound itself, and what of it is beyond each knee.
pub const WAYS: usize = KNEES + 1;
/// Pairs of them.
const PAIRS: usize = WAYS * (WAYS + 1) / 2;
/// Hz between which speakers and voices are worth looking at.
const BAND_HZ: [usize; 2] = [200, 6_000];
/// Of what was known, this is kept after a look of 50 ms: half is forgotten in two seconds.
const KEPT: f32 = 0.983;
/// Looks overlap; one counts as so many.
const INDEPENDENT: f64 = 0.3;
/// A curve must be so much likelier than a straight line, as a logarithm, before it is believed.
const LIKELIER: f64 = 30.0;
/// The power of an echo that no curve explains is at least this part of the whole.
const LEAST_LEFT: f64 = 1e-3;
const RIDGE: f64 = 1e-3;
/// Part of the way to a new curve that is gone at each look.
const PACE: f32 = 0.3;

#[derive(Clone)]
struct Bin {
    products: [Complex<f32>; PAIRS],
    crossed: [Complex<f32>; WAYS],
    heard: f32,
}

const EMPTY: Bin =
    Bin { products: [Complex { re: 0.0, im: 0.0 }; PAIRS], crossed: [Complex { re: 0.0, im: 0.0 }; WAYS], heard: 0.0 };

/// Place of a pair, the first not before the second.
const fn pair(first: usize, second: usize) -> usize {
    first * (first + 1) / 2 + second
}

impl Bin {
    /// Power of the sound put together from its parts, and how it goes with what was heard.
    fn together(&self, weights: &[f64; WAYS]) -> (f64, Complex<f64>) {
        let (mut power, mut crossed) = (0.0, Complex::new(0.0, 0.0));
        for first in 0..WAYS {
            let with = &self.crossed[first];
            crossed += Complex::new(f64::from(with.re), f64::from(with.im)) * weights[first];
            for second in 0..=first {
                let twice = if first == second { 1.0 } else { 2.0 };
                power += twice * weights[first] * weights[second] * f64::from(self.products[pair(first, second)].re);
            }
        }
        (power.max(1e-12), crossed)
    }

    /// Power that the echo of such a sound does not explain.
    fn left(&self, weights: &[f64; WAYS]) -> f64 {
        let (power, crossed) = self.together(weights);
        let heard = f64::from(self.heard);
        (heard - crossed.norm_sqr() / power).max(LEAST_LEFT * heard).max(1e-12)
    }
}

/// Averaged spectra, and the best curve so far.
pub struct Fit {
    bins: Vec<Bin>,
    first_bin: usize,
    looks: f64,
    best: [f64; WAYS],
}

const STRAIGHT: [f64; WAYS] = {
    let mut weights = [0.0; WAYS];
    weights[0] = 1.0;
    weights
};

impl Fit {
    /// Nothing is known. Windows are so long.
    pub fn new(window: usize) -> Self {
        let [first_bin, end] = BAND_HZ.map(|hz| hz * window / RATE as usize);
        Self { bins: vec![EMPTY; end - first_bin], first_bin, looks: 0.0, best: STRAIGHT }
    }

    /// The echo comes another way now: what was averaged is of no use.
    pub fn forget(&mut self) {
        self.bins.fill(EMPTY);
        self.looks = 0.0;
    }

    /// Spectra of a stretch: of each way, and of what was heard of it.
    pub fn add(&mut self, ways: &[Vec<Complex<f32>>], heard: &[Complex<f32>]) {
        self.looks = self.looks * f64::from(KEPT) + 1.0;
        for (n, bin) in self.bins.iter_mut().enumerate() {
            let at = self.first_bin + n;
            for (first, way) in ways.iter().enumerate() {
                let own = way[at];
                bin.crossed[first] = bin.crossed[first] * KEPT + heard[at] * own.conj();
                for (second, other) in ways[..=first].iter().enumerate() {
                    let product = &mut bin.products[pair(first, second)];
                    *product = *product * KEPT + own * other[at].conj();
                }
            }
            bin.heard = bin.heard * KEPT + heard[at].norm_sqr();
        }
    }

    /// A step nearer to the truth; `curve` follows where the truth is likely enough.
    pub fn improve(&mut self, curve: &mut Curve) {
        let Some(bends) = self.solve() else { return };
        self.best[1..].copy_from_slice(&bends);
        let found = Curve::new(bends.map(|bend| bend as f32));
        let straight = Curve::default();
        if self.likelier(&found) > LIKELIER {
            curve.approach(&found, PACE);
        } else if self.likelier(curve) < 0.0 {
            curve.approach(&straight, PACE);
        }
    }

    /// How much likelier what was heard is if it went through a curve than if it did not, as a logarithm.
    fn likelier(&self, curve: &Curve) -> f64 {
        let mut weights = STRAIGHT;
        for (weight, bend) in weights[1..].iter_mut().zip(curve.bends()) {
            *weight = f64::from(bend);
        }
        let sum: f64 = self.bins.iter().map(|bin| (bin.left(&STRAIGHT) / bin.left(&weights)).ln()).sum();
        sum * self.looks * INDEPENDENT
    }

    fn solve(&self) -> Option<[f64; KNEES]> {
        let (mut matrix, mut wanted) = ([[0.0; WAYS]; WAYS], [0.0; WAYS]);
        for bin in &self.bins {
            let (power, crossed) = bin.together(&self.best);
            let room = crossed / power;
            let trust = 1.0 / bin.left(&self.best);
            for first in 0..WAYS {
                let with = bin.crossed[first];
                wanted[first] += trust * (room.re * f64::from(with.re) + room.im * f64::from(with.im));
                for (second, sum) in matrix[first][..=first].iter_mut().enumerate() {
                    let product = f64::from(bin.products[pair(first, second)].re);
                    *sum += trust * room.norm_sqr() * product;
                }
            }
        }
        let whole = matrix[0][0];
        (whole > 0.0).then(|| {
            let mut small = [[0.0; KNEES]; KNEES];
            let mut rest = [0.0; KNEES];
            for first in 0..KNEES {
                small[first][..=first].copy_from_slice(&matrix[first + 1][1..=first + 1]);
                small[first][first] += RIDGE * small[first][first] + 1e-6 * whole;
                rest[first] = wanted[first + 1] - matrix[first + 1][0];
            }
            cholesky(small, rest)
        })
    }
}

/// Solves a symmetric positive system of which the lower half is given.
fn cholesky(mut matrix: [[f64; KNEES]; KNEES], mut right: [f64; KNEES]) -> [f64; KNEES] {
    for row in 0..KNEES {
        for column in 0..=row {
            let known: f64 = (0..column).map(|n| matrix[row][n] * matrix[column][n]).sum();
            let left = matrix[row][column] - known;
            matrix[row][column] = if row == column { left.max(1e-30).sqrt() } else { left / matrix[column][column] };
        }
        let known: f64 = (0..row).map(|n| matrix[row][n] * right[n]).sum();
        right[row] = (right[row] - known) / matrix[row][row];
    }
    for row in (0..KNEES).rev() {
        let known: f64 = (row + 1..KNEES).map(|n| matrix[n][row] * right[n]).sum();
        right[row] = (right[row] - known) / matrix[row][row];
    }
    right
}
