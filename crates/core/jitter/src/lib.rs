//! The adaptive jitter buffer: packets of one talker in, ten milliseconds of sound out whenever asked.
//!
//! It behaves as NetEQ does (WebRTC `modules/audio_coding/neteq`): the delay aimed at is a quantile of a forgetting histogram
//! of arrival delays; what is held is drawn towards it by stretching or shortening the sound by whole pitch periods; a hole is
//! filled from the redundancy of later packets if there is any, else made up; silence is comfort noise.
//!
//! Pure: time is an argument, the decoder is a trait. It must never wait, read a clock or know a codec, and whatever a sender
//! does it holds at most [`MAX_PACKETS`] packets, [`MAX_BYTES`] bytes and [`MAX_SPAN_MS`] of sound.
//!
//! Start reading at [`JitterBuffer::pull`].

mod arrival;
mod buffer;
mod decoder;
mod loss;
mod noise;
mod store;
mod stretch;

pub use buffer::{JitterBuffer, Kind, Pulled, Stats};
pub use decoder::{Undecodable, VoiceDecoder};
pub use store::Packet;

/// Samples in a millisecond: everything here is mono at 48 kHz.
pub const SAMPLES_PER_MS: usize = 48;
/// Samples given by one pull: 10 ms.
pub const BLOCK: usize = 10 * SAMPLES_PER_MS;
/// Packets held at most.
pub const MAX_PACKETS: usize = 256;
/// Bytes held at most.
pub const MAX_BYTES: usize = 256 * 1024;
/// The largest packet taken.
pub const MAX_PAYLOAD: usize = 4096;
/// The longest packet taken, in samples: 120 ms.
pub const MAX_FRAME: usize = 120 * SAMPLES_PER_MS;
/// Sound held at most, from the oldest packet to the newest.
pub const MAX_SPAN_MS: usize = 3000;
/// A timestamp further than this from the last begins the stream anew.
pub const RESET_JUMP_MS: usize = 10_000;
/// The most that is ever waited for.
pub const MAX_TARGET_MS: usize = 500;
