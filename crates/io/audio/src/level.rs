//! Loudness: root mean square, decibels, and an envelope for meters.

/// Root mean square of a block, 0.0 to 1.0 for a full-scale square wave.
pub fn rms(block: &[f32]) -> f32 {
    if block.is_empty() {
        return 0.0;
    }
    (block.iter().map(|sample| sample * sample).sum::<f32>() / block.len() as f32).sqrt()
}

/// Decibels below full scale, as a negative number; -127 for silence.
pub fn dbfs(rms: f32) -> f32 {
    if rms <= 4.5e-7 { -127.0 } else { (20.0 * rms.log10()).clamp(-127.0, 0.0) }
}

/// RFC 6464: 0 for the loudest, 127 for silence.
pub fn rfc6464(rms: f32) -> u8 {
    (-dbfs(rms)).round() as u8
}

/// For a meter: 0.0 at -60 dBFS and below, 1.0 at 0 dBFS.
pub fn meter(rms: f32) -> f32 {
    ((dbfs(rms) + 60.0) / 60.0).clamp(0.0, 1.0)
}

/// Follows a level up at once and down in about 150 ms.
#[derive(Debug, Clone, Copy, Default)]
pub struct Envelope(f32);

impl Envelope {
    /// Takes the level of the next 10 ms.
    pub fn block(&mut self, rms: f32) {
        const RELEASE_PER_BLOCK: f32 = 0.935;
        self.0 = rms.max(self.0 * RELEASE_PER_BLOCK);
    }

    /// What it stands at, as a root mean square.
    pub fn value(self) -> f32 {
        self.0
    }
}
