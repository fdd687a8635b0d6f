//! A stream brought from one sample rate to another, in pieces of any length.

use crate::limits::RATES;
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler};

/// Why a stream cannot be converted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot convert sound from {from} Hz to {to} Hz")]
pub struct Unconvertible {
    /// Rate given.
    pub from: u32,
    /// Rate wanted.
    pub to: u32,
}

/// Interleaved samples at one rate in, at another out, by FFT (rubato's synchronous resampler). Equal rates pass untouched.
pub struct RateConverter {
    inner: Option<Fft<f32>>,
    channels: usize,
    pending: Vec<f32>,
    converted: Vec<f32>,
}

impl RateConverter {
    /// Works in pieces of about 10 ms; the delay is about half of one.
    ///
    /// # Errors
    ///
    /// [`Unconvertible`] for a rate outside [`RATES`] or no channels.
    pub fn new(from: u32, to: u32, channels: usize) -> Result<Self, Unconvertible> {
        let refused = Unconvertible { from, to };
        if !RATES.contains(&from) || !RATES.contains(&to) || channels == 0 {
            return Err(refused);
        }
        let inner = if from == to {
            None
        } else {
            let piece = (from / 100).max(1) as usize;
            Some(Fft::new(from as usize, to as usize, piece, channels, FixedSync::Both).map_err(|_| refused)?)
        };
        let converted = inner.as_ref().map_or(0, Resampler::output_frames_max) * channels;
        Ok(Self { inner, channels, pending: Vec::new(), converted: vec![0.0; converted] })
    }

    /// Takes interleaved samples and puts what they became at the end of `out`.
    pub fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        let Some(inner) = &mut self.inner else {
            out.extend_from_slice(samples);
            return;
        };
        self.pending.extend_from_slice(samples);
        let mut used = 0;
        loop {
            let frames = inner.input_frames_next();
            let Some(piece) = self.pending.get(used..used + frames * self.channels) else { break };
            let space = self.converted.len() / self.channels;
            let (Ok(input), Ok(mut output)) = (
                InterleavedSlice::new(piece, self.channels, frames),
                InterleavedSlice::new_mut(&mut self.converted, self.channels, space),
            ) else {
                break;
            };
            let written = inner.process_into_buffer(&input, &mut output, None).map_or(0, |(_, written)| written);
            out.extend_from_slice(&self.converted[..written * self.channels]);
            used += frames * self.channels;
        }
        self.pending.drain(..used);
    }
}
