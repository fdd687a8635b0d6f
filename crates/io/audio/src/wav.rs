//! Files in place of a microphone and of speakers.

use crate::limits::{BLOCK, MAX_CHANNELS, MAX_SINK_SECONDS, RATE};
use crate::resample::{RateConverter, Unconvertible};
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;

/// What can be wrong with a sound file.
#[derive(Debug, thiserror::Error)]
pub enum WavError {
    /// It cannot be opened, is no WAV, or the disk is full.
    #[error("{0}")]
    File(#[from] hound::Error),
    /// Its rate is out of bounds.
    #[error(transparent)]
    Rate(#[from] Unconvertible),
    /// More channels than [`MAX_CHANNELS`], or none.
    #[error("the sound file has {0} channels")]
    Channels(u16),
}

/// A WAV file read block by block as 48 kHz mono; channels are averaged.
pub struct WavSource {
    reader: hound::WavReader<BufReader<File>>,
    converter: RateConverter,
    ready: Vec<f32>,
    repeat: bool,
}

impl WavSource {
    /// Opens a file of 8 to 32 bit or float.
    ///
    /// # Errors
    ///
    /// [`WavError`] if it is no such file.
    pub fn open(path: &Path, repeat: bool) -> Result<Self, WavError> {
        let reader = hound::WavReader::open(path)?;
        let spec = reader.spec();
        if spec.channels == 0 || spec.channels > MAX_CHANNELS {
            return Err(WavError::Channels(spec.channels));
        }
        let converter = RateConverter::new(spec.sample_rate, RATE, 1)?;
        Ok(Self { reader, converter, ready: Vec::new(), repeat })
    }

    /// Fills the next 10 ms; silence after the end. Gives whether there is more to come.
    pub fn block(&mut self, out: &mut [f32; BLOCK]) -> bool {
        let mut more = true;
        let mut rewound = false;
        while self.ready.len() < BLOCK {
            let mono = self.read_piece();
            if !mono.is_empty() {
                rewound = false;
                self.converter.push(&mono, &mut self.ready);
            } else if self.repeat && !rewound && self.reader.seek(0).is_ok() {
                rewound = true;
            } else {
                more = !self.ready.is_empty();
                self.ready.resize(BLOCK, 0.0);
            }
        }
        out.copy_from_slice(&self.ready[..BLOCK]);
        self.ready.drain(..BLOCK);
        more
    }

    fn read_piece(&mut self) -> Vec<f32> {
        let spec = self.reader.spec();
        let channels = usize::from(spec.channels);
        let wanted = BLOCK * channels;
        let samples: Vec<f32> = match spec.sample_format {
            hound::SampleFormat::Float => self.reader.samples::<f32>().take(wanted).map_while(Result::ok).collect(),
            hound::SampleFormat::Int => {
                let scale = 1.0 / (1_i64 << (spec.bits_per_sample.clamp(1, 32) - 1)) as f32;
                let samples = self.reader.samples::<i32>().take(wanted);
                samples.map_while(Result::ok).map(|sample| sample as f32 * scale).collect()
            }
        };
        samples.chunks_exact(channels).map(|frame| frame.iter().sum::<f32>() / channels as f32).collect()
    }
}

/// A 48 kHz stereo 16-bit WAV file that is readable at any moment: its header is brought up to date every second.
pub struct WavSink {
    writer: hound::WavWriter<BufWriter<File>>,
    written: u64,
}

impl WavSink {
    /// Makes or replaces the file.
    ///
    /// # Errors
    ///
    /// [`WavError::File`].
    pub fn create(path: &Path) -> Result<Self, WavError> {
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: RATE,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(path, spec)?;
        writer.flush()?;
        Ok(Self { writer, written: 0 })
    }

    /// Adds interleaved stereo. Beyond [`MAX_SINK_SECONDS`] nothing more is kept.
    ///
    /// # Errors
    ///
    /// [`WavError::File`], as on a full disk.
    pub fn write(&mut self, stereo: &[f32]) -> Result<(), WavError> {
        let second = u64::from(RATE);
        if self.written >= MAX_SINK_SECONDS * second {
            return Ok(());
        }
        for sample in stereo {
            self.writer.write_sample((sample.clamp(-1.0, 1.0) * 32_767.0).round() as i16)?;
        }
        let before = self.written / second;
        self.written += stereo.len() as u64 / 2;
        if self.written / second != before {
            self.writer.flush()?;
        }
        Ok(())
    }
}
