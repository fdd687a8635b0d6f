//! What a packet says about itself, read before anything is decoded.

use std::ffi::c_int;
use std::ptr;

use crate::{MAX_PACKET, MAX_PACKET_SAMPLES, OpusError, SAMPLE_RATE};

/// The most frames one packet may hold (RFC 6716, 3.2.5).
const MAX_FRAMES: usize = 48;

/// A packet's length as libopus wants it.
pub(crate) fn checked_length(packet: &[u8]) -> Result<i32, OpusError> {
    match i32::try_from(packet.len()) {
        Ok(length) if length > 0 && packet.len() <= MAX_PACKET => Ok(length),
        _ => Err(OpusError::Malformed),
    }
}

/// Samples at 48 kHz, once the whole framing was found sound.
pub(crate) fn duration(packet: &[u8]) -> Result<usize, OpusError> {
    let length = checked_length(packet)?;
    let mut sizes = [0i16; MAX_FRAMES];
    // SAFETY: `packet` is readable for `length` bytes, `sizes` holds the 48 entries the call may write, and the other
    // outputs may be null by its contract.
    let frames = unsafe {
        opusic_sys::opus_packet_parse(
            packet.as_ptr(),
            length,
            ptr::null_mut(),
            ptr::null_mut(),
            sizes.as_mut_ptr(),
            ptr::null_mut(),
        )
    };
    if frames <= 0 {
        return Err(OpusError::Malformed);
    }
    // SAFETY: `packet` is readable for `length` bytes and not empty.
    let samples = unsafe { opusic_sys::opus_packet_get_nb_samples(packet.as_ptr(), length, SAMPLE_RATE as c_int) };
    match usize::try_from(samples) {
        Ok(samples) if samples > 0 && samples <= MAX_PACKET_SAMPLES => Ok(samples),
        _ => Err(OpusError::Malformed),
    }
}

/// Whether the packet carries the frame before it a second time.
pub(crate) fn has_fec(packet: &[u8]) -> bool {
    let Ok(length) = checked_length(packet) else { return false };
    if duration(packet).is_err() {
        return false;
    }
    // SAFETY: `packet` is readable for `length` bytes and its framing was just found sound.
    unsafe { opusic_sys::opus_packet_has_lbrr(packet.as_ptr(), length) == 1 }
}
