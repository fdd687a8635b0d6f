//! Echo and noise taken out of the microphone's sound, in three bands that are split and put together once.

use super::echo::EchoCanceller;
use crate::limits::BLOCK;
use hearth_ports::audio::Processing;
use sonora::three_band_filter_bank::ThreeBandFilterBank;
use sonora_ns::config::{NsConfig, SuppressionLevel};
use sonora_ns::noise_suppressor::NoiseSuppressor;

/// Bands of 8 kHz in 48 kHz.
pub const BANDS: usize = 3;
/// Samples of a band in 10 ms.
pub const SPLIT: usize = BLOCK / BANDS;
/// A block in bands, on the scale of 16-bit samples.
pub type Split = [[f32; SPLIT]; BANDS];

/// WebRTC's stages work on the scale of 16-bit samples.
pub const INT16: f32 = 32_768.0;
/// A sample as loud as this was cut off by the microphone.
const SATURATED: f32 = 32_700.0;

/// The stages that are switched on, and their state.
pub struct Bands {
    apart: ThreeBandFilterBank,
    echo: Option<EchoCanceller>,
    noise: Option<NoiseSuppressor>,
    together: ThreeBandFilterBank,
}

impl Bands {
    /// `None` where there is nothing to do in bands.
    pub fn new(wanted: Processing) -> Option<Self> {
        let level = NsConfig { target_level: SuppressionLevel::K18dB };
        (wanted.echo || wanted.noise).then(|| Self {
            apart: ThreeBandFilterBank::new(),
            echo: wanted.echo.then(EchoCanceller::new),
            noise: wanted.noise.then(|| NoiseSuppressor::new_with_bands(level, BANDS)),
            together: ThreeBandFilterBank::new(),
        })
    }

    /// Whether [`Self::far`] has any use.
    pub fn cancels_echo(&self) -> bool {
        self.echo.is_some()
    }

    /// What the speakers are about to play.
    pub fn far(&mut self, sound: &[f32; BLOCK]) {
        if let Some(echo) = &mut self.echo {
            echo.far(sound);
        }
    }

    /// What the microphone heard, changed in place.
    pub fn near(&mut self, sound: &mut [f32; BLOCK]) {
        let scaled = sound.map(|sample| sample * INT16);
        let mut bands = [[0.0; SPLIT]; BANDS];
        self.apart.analysis(&scaled, &mut bands);
        let mut to_measure = bands[0];
        if let Some(echo) = &mut self.echo {
            echo.heard(sound);
            to_measure = echo.near(&mut bands, scaled.iter().any(|sample| sample.abs() >= SATURATED));
        }
        if let Some(noise) = &mut self.noise {
            // Not the echo, and not the comfort noise that stands where the echo was.
            noise.analyze(&to_measure);
            let [low, high @ ..] = &mut bands;
            noise.process(low);
            let gain = noise.upper_band_gain();
            for (n, band) in high.iter_mut().enumerate() {
                noise.process_upper_band(band, n, gain);
            }
        }
        self.together.synthesis(&bands, sound);
        *sound = sound.map(|sample| sample / INT16);
    }
}
