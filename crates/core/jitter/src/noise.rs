//! Comfort noise: what silence sounded like when it was last heard.

/// The loudest comfort noise, as RMS: -40 dBFS. Louder is no background.
const LOUDEST: f32 = 0.01;
/// How quickly the floor follows louder sound, a frame: about 3 dB a second.
const RISE: f32 = 1.007;
/// Sound below twice the floor is background.
const BACKGROUND: f32 = 2.0;
/// Sound below this is silence whatever the floor, as RMS: -72 dBFS.
const SILENT: f32 = 0.000_25;
/// One-pole low-pass: rooms hum rather than hiss.
const SMOOTH: f32 = 0.7;

#[derive(Debug)]
pub(crate) struct Noise {
    /// RMS of the quietest sound lately.
    floor: Option<f32>,
    last: f32,
    quiet: bool,
    seed: u32,
}

impl Noise {
    pub fn new() -> Self {
        Self { floor: None, last: 0.0, quiet: true, seed: 0x9E37_79B9 }
    }

    /// Decoded sound, to learn from.
    pub fn hear(&mut self, pcm: &[f32]) {
        let mean_square = pcm.iter().map(|x| x * x).sum::<f32>() / pcm.len().max(1) as f32;
        let rms = mean_square.sqrt();
        let floor = self.floor.map_or(rms, |floor| (floor * RISE).max(1e-6).min(rms)).min(LOUDEST);
        self.floor = Some(floor);
        self.quiet = rms < SILENT.max(floor * BACKGROUND);
    }

    /// Whether what was heard last was background.
    pub fn quiet(&self) -> bool {
        self.quiet
    }

    /// The next sample.
    pub fn sample(&mut self) -> f32 {
        let Some(floor) = self.floor else { return 0.0 };
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 17;
        self.seed ^= self.seed << 5;
        // Uniform in -1..1 has an RMS of 1/sqrt(3); the low-pass takes sqrt((1-a)/(1+a)) of it.
        let white = self.seed as f32 / u32::MAX as f32 * 2.0 - 1.0;
        self.last = SMOOTH * self.last + (1.0 - SMOOTH) * white;
        let unity = (3.0 * (1.0 + SMOOTH) / (1.0 - SMOOTH)).sqrt();
        self.last * unity * floor
    }
}
