//! Opus at 48 kHz, mono: encoder and decoder with forward error correction, deep concealment and DRED.
//!
//! The only crate with `unsafe`: a thin, checked wrapper over libopus 1.6.1. It must never decide when to conceal: that is
//! the jitter buffer's affair. No pointer leaves it, and no byte that came from elsewhere makes it crash: a malformed packet
//! is an error.
//!
//! Start reading at [`Encoder`] and [`Decoder`].
#![allow(unsafe_code)]

mod decoder;
mod encoder;
mod error;
mod packet;

pub use decoder::{Complexity, Decoder};
pub use encoder::{Encoder, FrameLength, Settings};
pub use error::OpusError;

/// The only sample rate spoken here, in Hz.
pub const SAMPLE_RATE: usize = 48_000;
/// The longest packet taken or made: three 20 ms frames of the largest size, with their framing (RFC 6716, 3.2.1).
pub const MAX_PACKET: usize = 3 * 1275 + 8;
/// The longest duration of one packet, in samples: 120 ms (RFC 6716, 3.2.5).
pub const MAX_PACKET_SAMPLES: usize = 5760;
