//! Whether a block holds a voice (earshot, a small trained network at 16 kHz).

use crate::level;
use crate::limits::{BLOCK, RATE};
use crate::resample::RateConverter;
use earshot::Detector;

/// Samples the network looks at: 16 ms at 16 kHz.
const WINDOW: usize = 256;
/// Score from which it is a voice.
const VOICE: f32 = 0.5;
/// Below this nothing is a voice, in dBFS.
const FLOOR_DBFS: f32 = -60.0;

/// Finds voices in a stream of blocks.
pub struct VoiceDetector {
    down: Option<RateConverter>,
    narrow: Vec<f32>,
    network: Box<Detector>,
    score: f32,
}

impl Default for VoiceDetector {
    fn default() -> Self {
        Self {
            down: RateConverter::new(RATE, 16_000, 1).ok(),
            narrow: Vec::with_capacity(2 * WINDOW),
            network: Detector::default_boxed(),
            score: 0.0,
        }
    }
}

impl VoiceDetector {
    /// Takes the next 10 ms and says whether a voice is in what was heard of late.
    pub fn block(&mut self, block: &[f32; BLOCK]) -> bool {
        if let Some(down) = &mut self.down {
            down.push(block, &mut self.narrow);
        }
        while let Some(window) = self.narrow.first_chunk::<WINDOW>() {
            self.score = self.network.predict_f32(&window.map(|sample| sample.clamp(-1.0, 1.0)));
            self.narrow.drain(..WINDOW);
        }
        self.score >= VOICE && level::dbfs(level::rms(block)) > FLOOR_DBFS
    }
}
