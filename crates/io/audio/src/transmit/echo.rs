//! The speakers' sound taken out of the microphone's: sonora's port of WebRTC's AEC3, tuned for a voice that speaks meanwhile.

use super::bands::{BANDS, INT16, SPLIT, Split};
use super::speakers::Speakers;
use crate::limits::{BLOCK, RATE};
use sonora::three_band_filter_bank::ThreeBandFilterBank;
use sonora_aec3::block::Block;
use sonora_aec3::block_processor::BlockProcessor;
use sonora_aec3::common::BLOCK_SIZE;
use sonora_aec3::config::EchoCanceller3Config;

/// Bands cut into AEC3's blocks of 4 ms.
#[derive(Default)]
struct Blocks([Vec<f32>; BANDS]);

impl Blocks {
    fn push(&mut self, bands: &Split) {
        for (waiting, band) in self.0.iter_mut().zip(bands) {
            waiting.extend_from_slice(band);
        }
    }

    fn pull(&mut self, block: &mut Block) -> bool {
        if self.0[0].len() < BLOCK_SIZE {
            return false;
        }
        for (band, waiting) in self.0.iter_mut().enumerate() {
            block.view_mut(band, 0).copy_from_slice(&waiting[..BLOCK_SIZE]);
            waiting.drain(..BLOCK_SIZE);
        }
        true
    }
}

/// An echo canceller for one microphone and one mix.
pub struct EchoCanceller {
    processor: BlockProcessor,
    speakers: Speakers,
    apart: ThreeBandFilterBank,
    far: Blocks,
    near: Blocks,
    block: Block,
    /// Bands done and not yet given back.
    done: [Vec<f32>; BANDS],
    /// What is left of the lowest band by the adaptive filter alone.
    linear: Block,
    linear_done: Vec<f32>,
}

impl EchoCanceller {
    /// Knows nothing of the room yet.
    pub fn new() -> Self {
        Self {
            processor: BlockProcessor::new(&tuning(), RATE as usize, 1, 1),
            speakers: Speakers::new(),
            apart: ThreeBandFilterBank::new(),
            far: Blocks::default(),
            near: Blocks::default(),
            block: Block::new(BANDS, 1),
            // In 10 ms there are two and a half of AEC3's blocks: one is always in hand.
            done: std::array::from_fn(|_| vec![0.0; BLOCK_SIZE]),
            linear: Block::new(1, 1),
            linear_done: vec![0.0; BLOCK_SIZE],
        }
    }

    /// What the speakers are about to play.
    pub fn far(&mut self, sound: &[f32; BLOCK]) {
        let mut bands = [[0.0; SPLIT]; BANDS];
        let played = self.speakers.far(sound);
        self.apart.analysis(&played.map(|sample| sample * INT16), &mut bands);
        self.far.push(&bands);
        while self.far.pull(&mut self.block) {
            self.processor.buffer_render(&self.block);
        }
    }

    /// What the microphone heard, before it is split: from it the speakers' curve is found.
    pub fn heard(&mut self, sound: &[f32; BLOCK]) {
        self.speakers.near(sound);
    }

    /// What the microphone heard, changed in place and 4 ms late; `saturated` if it was too loud for the microphone. Gives the
    /// lowest band with only the adaptive filter's echo taken out: nothing is softer in it, and no comfort noise put in.
    pub fn near(&mut self, bands: &mut Split, saturated: bool) -> [f32; SPLIT] {
        self.near.push(bands);
        while self.near.pull(&mut self.block) {
            self.processor.process_capture(false, saturated, Some(&mut self.linear), &mut self.block);
            self.linear_done.extend_from_slice(self.linear.view(0, 0));
            for (band, done) in self.done.iter_mut().enumerate() {
                done.extend_from_slice(self.block.view(band, 0));
            }
        }
        for (band, done) in bands.iter_mut().zip(&mut self.done) {
            band.copy_from_slice(&done[..SPLIT]);
            done.drain(..SPLIT);
        }
        let mut linear = [0.0; SPLIT];
        linear.copy_from_slice(&self.linear_done[..SPLIT]);
        self.linear_done.drain(..SPLIT);
        linear
    }
}

impl Default for EchoCanceller {
    fn default() -> Self {
        Self::new()
    }
}

/// AEC3's own tuning takes half of a voice along with the echo while both speak. Here:
///
/// - the adaptive filter is believed when it finds that 13 dB of the echo are gone (8 dB above 4 kHz), and not at most 6 and 2:
///   it is told what the speakers made of the sound, so what it leaves is no distortion;
/// - the tail of the room is as strong as its spectrum says, and not everywhere as strong as where it is strongest;
/// - a voice in the room is noticed after 32 ms and not 48, and then covers what is left of an echo up to twice its power.
///
/// The price is that more is heard of the speakers for a second or two after the microphone was moved.
fn tuning() -> EchoCanceller3Config {
    let mut config = EchoCanceller3Config::default();
    config.filter.export_linear_aec_output = true;
    config.erle.max_l = 20.0;
    config.erle.max_h = 6.0;
    config.ep_strength.use_conservative_tail_frequency_response = false;
    let suppressor = &mut config.suppressor;
    suppressor.dominant_nearend_detection.trigger_threshold = 8;
    let voice = &mut suppressor.nearend_tuning;
    (voice.mask_lf.enr_transparent, voice.mask_lf.enr_suppress) = (2.0, 3.0);
    (voice.mask_hf.enr_transparent, voice.mask_hf.enr_suppress) = (1.0, 2.0);
    config
}
