//! A curve of straight pieces through zero, the same upwards and downwards.

/// Places where the curve may bend, 3 dB apart.
pub const KNEES: usize = 8;
/// The knees, as parts of full scale: -3 to -24 dBFS.
pub const AT: [f32; KNEES] =
    [0.707_945_8, 0.501_187_2, 0.354_813_4, 0.251_188_6, 0.177_827_9, 0.125_892_5, 0.089_125_1, 0.063_095_7];

/// The `way`th part a curve is made of: the sound itself, or what of it lies beyond a knee.
pub fn part(way: usize, sample: f32) -> f32 {
    match way.checked_sub(1).and_then(|knee| AT.get(knee)) {
        Some(at) => (sample.abs() - at).max(0.0).copysign(sample),
        None => sample,
    }
}

/// What is added to the slope at each knee; the slope is 1 below all of them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Curve([f32; KNEES]);

impl Curve {
    /// Speakers that get softer with loudness and never louder, and do not fold back: other bends are what they can be.
    pub fn new(bends: [f32; KNEES]) -> Self {
        let (mut kept, mut slope, mut asked) = ([0.0; KNEES], 1.0, 1.0);
        for (kept, bend) in kept.iter_mut().zip(bends).rev() {
            asked += bend;
            let possible = f32::clamp(asked, 0.0, 1.0);
            *kept = possible - slope;
            slope = possible;
        }
        Self(kept)
    }

    /// What comes of a sample.
    pub fn at(&self, sample: f32) -> f32 {
        sample + self.0.iter().enumerate().map(|(knee, bend)| bend * part(knee + 1, sample)).sum::<f32>()
    }

    /// Slopes gained.
    pub fn bends(&self) -> [f32; KNEES] {
        self.0
    }

    /// Goes a part of the way to another.
    pub fn approach(&mut self, other: &Self, part: f32) {
        for (own, other) in self.0.iter_mut().zip(other.0) {
            *own += part * (other - *own);
        }
    }
}
