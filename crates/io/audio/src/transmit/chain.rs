//! What is done to the microphone's sound: high-pass, echo out, noise out, gain evened out. Blocks of 10 ms.
//!
//! The order is WebRTC's own; the stages are sonora's ports of its AEC3, NS and AGC2, and nnnoiseless (RNNoise) as the strong
//! noise suppressor. The far end is the finished mix, tapped after its limiter.

use super::bands::{Bands, INT16};
use crate::limits::{BLOCK, RATE};
use hearth_ports::audio::Processing;
use nnnoiseless::DenoiseState;
use sonora::config::{AdaptiveDigital, GainController2, MaxProcessingRate, Pipeline};
use sonora::high_pass_filter::HighPassFilter;
use sonora::{AudioProcessing, Config, StreamConfig};

/// The stages that are switched on, and their state.
pub struct Chain {
    high_pass: Option<HighPass>,
    bands: Option<Box<Bands>>,
    strong: Option<Box<DenoiseState<'static>>>,
    gain: Option<AudioProcessing>,
    scratch: [f32; BLOCK],
}

/// Rumble out; the filter and the one channel it works on.
struct HighPass(HighPassFilter, [Vec<f32>; 1]);

impl HighPass {
    fn new() -> Self {
        Self(HighPassFilter::new(RATE as i32, 1), [vec![0.0; BLOCK]])
    }

    fn block(&mut self, block: &mut [f32; BLOCK]) {
        self.1[0].copy_from_slice(block);
        self.0.process_channels(&mut self.1);
        block.copy_from_slice(&self.1[0]);
    }
}

impl Chain {
    /// With nothing switched on, sound passes untouched.
    pub fn new(wanted: Processing, strong_noise: bool) -> Self {
        let any = wanted.echo || wanted.noise || wanted.gain;
        let strong = wanted.noise && strong_noise;
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
        Self {
            high_pass: any.then(HighPass::new),
            bands: Bands::new(Processing { noise: wanted.noise && !strong, ..wanted }).map(Box::new),
            strong: strong.then(DenoiseState::new),
            gain,
            scratch: [0.0; BLOCK],
        }
    }

    /// Whether [`Self::far`] has any use.
    pub fn cancels_echo(&self) -> bool {
        self.bands.as_ref().is_some_and(|bands| bands.cancels_echo())
    }

    /// What the speakers are about to play.
    pub fn far(&mut self, block: &[f32; BLOCK]) {
        if let Some(bands) = &mut self.bands {
            bands.far(block);
        }
    }

    /// What the microphone heard, changed in place.
    pub fn near(&mut self, block: &mut [f32; BLOCK]) {
        if let Some(high_pass) = &mut self.high_pass {
            high_pass.block(block);
        }
        if let Some(bands) = &mut self.bands {
            bands.near(block);
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
