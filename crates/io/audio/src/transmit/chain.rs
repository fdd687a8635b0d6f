//! What is done to the microphone's sound: high-pass, echo out, noise out, gain evened out. Blocks of 10 ms.
//!
//! The order is WebRTC's own; the stages are sonora's ports of its AEC3, NS and AGC2, and nnnoiseless (RNNoise) as the strong
//! noise suppressor. The far end is the finished mix, tapped after its limiter.

use crate::limits::{BLOCK, RATE};
use hearth_ports::audio::Processing;
use nnnoiseless::DenoiseState;
use sonora::config::{
    AdaptiveDigital, EchoCanceller, GainController2, HighPassFilter, MaxProcessingRate, NoiseSuppression,
    NoiseSuppressionLevel, Pipeline,
};
use sonora::{AudioProcessing, Config, StreamConfig};

/// RNNoise works on the scale of 16-bit samples.
const INT16: f32 = 32_768.0;

/// The stages that are switched on, and their state.
pub struct Chain {
    front: Option<AudioProcessing>,
    strong: Option<Box<DenoiseState<'static>>>,
    gain: Option<AudioProcessing>,
    echo: bool,
    scratch: [f32; BLOCK],
}

impl Chain {
    /// With nothing switched on, sound passes untouched.
    pub fn new(wanted: Processing, strong_noise: bool) -> Self {
        let any = wanted.echo || wanted.noise || wanted.gain;
        let strong = wanted.noise && strong_noise;
        let front = any.then(|| {
            processor(Config {
                high_pass_filter: Some(HighPassFilter::default()),
                echo_canceller: wanted.echo.then(EchoCanceller::default),
                noise_suppression: (wanted.noise && !strong)
                    .then(|| NoiseSuppression { level: NoiseSuppressionLevel::High, ..Default::default() }),
                ..Default::default()
            })
        });
        let gain = wanted.gain.then(|| {
            processor(Config {
                gain_controller2: Some(GainController2 {
                    adaptive_digital: Some(AdaptiveDigital {
                        initial_gain_db: 6.0,
                        max_gain_db: 30.0,
                        ..Default::default()
                    }),
                    ..Default::default()
                }),
                ..Default::default()
            })
        });
        Self { front, strong: strong.then(DenoiseState::new), gain, echo: wanted.echo, scratch: [0.0; BLOCK] }
    }

    /// Whether [`Self::far`] has any use.
    pub fn cancels_echo(&self) -> bool {
        self.echo
    }

    /// What the speakers are about to play.
    pub fn far(&mut self, block: &[f32; BLOCK]) {
        if let (true, Some(front)) = (self.echo, &mut self.front)
            && let Err(error) = front.process_render_f32(&[block], &mut [&mut self.scratch])
        {
            tracing::debug!(?error, "the echo canceller refused a block of the mix");
        }
    }

    /// What the microphone heard, changed in place.
    pub fn near(&mut self, block: &mut [f32; BLOCK]) {
        if let Some(front) = &mut self.front {
            through(front, block, &mut self.scratch);
        }
        if let Some(strong) = &mut self.strong {
            let scaled = block.map(|sample| sample * INT16);
            strong.process_frame(&mut self.scratch, &scaled);
            *block = self.scratch.map(|sample| sample / INT16);
        }
        if let Some(gain) = &mut self.gain {
            through(gain, block, &mut self.scratch);
        }
    }
}

fn processor(stages: Config) -> AudioProcessing {
    let pipeline = Pipeline {
        maximum_internal_processing_rate: MaxProcessingRate::Rate48kHz,
        multi_channel_render: false,
        multi_channel_capture: false,
        ..Default::default()
    };
    AudioProcessing::builder()
        .config(Config { pipeline, ..stages })
        .capture_config(StreamConfig::new(RATE, 1))
        .render_config(StreamConfig::new(RATE, 1))
        .build()
}

fn through(stage: &mut AudioProcessing, block: &mut [f32; BLOCK], scratch: &mut [f32; BLOCK]) {
    match stage.process_capture_f32(&[&block[..]], &mut [&mut scratch[..]]) {
        Ok(()) => *block = *scratch,
        Err(error) => tracing::debug!(?error, "a stage of the microphone's chain refused a block"),
    }
}
