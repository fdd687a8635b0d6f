use std::ffi::c_int;
use std::ptr::{self, NonNull};

use hearth_jitter::{Undecodable, VoiceDecoder};

use crate::error::{done, length};
use crate::packet::{self, checked_length};
use crate::{MAX_PACKET_SAMPLES, OpusError, SAMPLE_RATE};

/// The grain of concealment: libopus makes sound up in multiples of 2.5 ms.
const GRAIN: usize = 120;
/// How far back DRED is unpacked, in samples: one second, all that libopus ever sends.
const DRED_SPAN: i32 = 48_000;

/// How much the decoder may think.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Complexity {
    /// Concealment by repeating the pitch.
    Classic,
    /// Concealment by a neural vocoder (deep PLC, libopus complexity 5); about 1 % of a core only while concealing.
    #[default]
    Deep,
    /// Deep, and LACE smooths the speech of low rates (complexity 6).
    Lace,
    /// Deep, and NoLACE smooths the speech of low rates (complexity 7).
    NoLace,
}

impl Complexity {
    const fn level(self) -> c_int {
        match self {
            Self::Classic => 0,
            Self::Deep => 5,
            Self::Lace => 6,
            Self::NoLace => 7,
        }
    }
}

/// One voice on its way in.
pub struct Decoder {
    state: NonNull<opusic_sys::OpusDecoder>,
    dred: Dred,
}

// SAFETY: libopus keeps everything in the states this value alone owns; nothing in them belongs to a thread.
unsafe impl Send for Decoder {}

impl Decoder {
    /// A fresh decoder for one voice.
    ///
    /// # Errors
    ///
    /// [`OpusError::NoMemory`].
    pub fn new(complexity: Complexity) -> Result<Self, OpusError> {
        let mut error = opusic_sys::OPUS_OK;
        // SAFETY: rate and channels are among the allowed ones and `error` outlives the call.
        let state = unsafe { opusic_sys::opus_decoder_create(SAMPLE_RATE as i32, 1, &mut error) };
        let state = NonNull::new(state).ok_or(OpusError::NoMemory)?;
        let dred = match Dred::new() {
            Ok(dred) => dred,
            Err(failed) => {
                // SAFETY: the state was just created and nobody else holds it.
                unsafe { opusic_sys::opus_decoder_destroy(state.as_ptr()) };
                return Err(failed);
            }
        };
        let decoder = Self { state, dred };
        done(error)?;
        // SAFETY: the state is live and this request takes one `opus_int32` by value.
        let answer = unsafe {
            opusic_sys::opus_decoder_ctl(
                decoder.state.as_ptr(),
                opusic_sys::OPUS_SET_COMPLEXITY_REQUEST,
                complexity.level(),
            )
        };
        done(answer)?;
        Ok(decoder)
    }

    /// Decodes a packet into exactly its duration of mono samples.
    ///
    /// # Errors
    ///
    /// [`OpusError::Malformed`]; [`OpusError::BlockLength`] when `out` is not as long as the packet.
    pub fn decode_packet(&mut self, packet: &[u8], out: &mut [f32]) -> Result<(), OpusError> {
        let wanted = packet::duration(packet)?;
        if out.len() != wanted {
            return Err(OpusError::BlockLength { given: out.len(), wanted });
        }
        self.decode_raw(packet, out, false)
    }

    fn decode_raw(&mut self, packet: &[u8], out: &mut [f32], fec: bool) -> Result<(), OpusError> {
        let bytes = checked_length(packet)?;
        let samples = block(out)?;
        // SAFETY: the state is live and exclusively ours, `packet` is readable for `bytes` bytes and `out` writable for
        // `samples` mono samples.
        let answer = unsafe {
            opusic_sys::opus_decode_float(
                self.state.as_ptr(),
                packet.as_ptr(),
                bytes,
                out.as_mut_ptr(),
                samples,
                c_int::from(fec),
            )
        };
        filled(answer, out)
    }
}

impl VoiceDecoder for Decoder {
    fn duration(&self, payload: &[u8]) -> Option<usize> {
        packet::duration(payload).ok()
    }

    fn has_fec(&self, payload: &[u8]) -> bool {
        packet::has_fec(payload)
    }

    fn decode(&mut self, payload: &[u8], out: &mut [f32]) -> Result<(), Undecodable> {
        self.decode_packet(payload, out).map_err(|_| Undecodable)
    }

    fn decode_fec(&mut self, next: &[u8], out: &mut [f32]) -> Result<(), Undecodable> {
        if !packet::has_fec(next) {
            return Err(Undecodable);
        }
        self.decode_raw(next, out, true).map_err(|_| Undecodable)
    }

    fn dred_reach(&mut self, later: &[u8]) -> usize {
        self.dred.reach(later)
    }

    fn decode_dred(&mut self, later: &[u8], distance: usize, out: &mut [f32]) -> Result<(), Undecodable> {
        let samples = block(out).map_err(|_| Undecodable)?;
        if distance < out.len() || self.dred.reach(later) < distance || !self.dred.process() {
            return Err(Undecodable);
        }
        let offset = i32::try_from(distance).map_err(|_| Undecodable)?;
        // SAFETY: both states are live and exclusively ours, the DRED state was parsed by `reach` and processed by `process`, and `out`
        // is writable for `samples` mono samples.
        let answer = unsafe {
            opusic_sys::opus_decoder_dred_decode_float(
                self.state.as_ptr(),
                self.dred.parsed.as_ptr(),
                offset,
                out.as_mut_ptr(),
                samples,
            )
        };
        filled(answer, out).map_err(|_| Undecodable)
    }

    fn conceal(&mut self, out: &mut [f32]) {
        let Ok(samples) = block(out) else {
            out.fill(0.0);
            return;
        };
        // SAFETY: the state is live and exclusively ours, a null packet asks for concealment, and `out` is writable for
        // `samples` mono samples.
        let answer =
            unsafe { opusic_sys::opus_decode_float(self.state.as_ptr(), ptr::null(), 0, out.as_mut_ptr(), samples, 0) };
        if filled(answer, out).is_err() {
            out.fill(0.0);
        }
    }

    fn reset(&mut self) {
        // SAFETY: the state is live and this request takes no argument.
        unsafe { opusic_sys::opus_decoder_ctl(self.state.as_ptr(), opusic_sys::OPUS_RESET_STATE) };
        self.dred.of.clear();
        self.dred.reach = 0;
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: the state came from `opus_decoder_create` and is freed once.
        unsafe { opusic_sys::opus_decoder_destroy(self.state.as_ptr()) }
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").finish_non_exhaustive()
    }
}

/// The unpacked redundancy of one packet, kept because several lost frames are drawn from the same.
struct Dred {
    decoder: NonNull<opusic_sys::OpusDREDDecoder>,
    parsed: NonNull<opusic_sys::OpusDRED>,
    of: Vec<u8>,
    reach: usize,
    processed: bool,
}

impl Dred {
    fn new() -> Result<Self, OpusError> {
        let mut error = opusic_sys::OPUS_OK;
        // SAFETY: `error` outlives the call.
        let decoder = unsafe { opusic_sys::opus_dred_decoder_create(&mut error) };
        let decoder = NonNull::new(decoder).ok_or(OpusError::NoMemory)?;
        // SAFETY: as above.
        let parsed = unsafe { opusic_sys::opus_dred_alloc(&mut error) };
        let Some(parsed) = NonNull::new(parsed) else {
            // SAFETY: the decoder was just created and nobody else holds it.
            unsafe { opusic_sys::opus_dred_decoder_destroy(decoder.as_ptr()) };
            return Err(OpusError::NoMemory);
        };
        Ok(Self { decoder, parsed, of: Vec::new(), reach: 0, processed: false })
    }

    /// Unpacks the redundancy of a packet, once, and says how many samples before it are covered.
    fn reach(&mut self, packet: &[u8]) -> usize {
        if self.of == packet {
            return self.reach;
        }
        self.of.clear();
        self.reach = 0;
        self.processed = false;
        let Ok(bytes) = checked_length(packet) else { return 0 };
        if packet::duration(packet).is_err() {
            return 0;
        }
        let mut end: c_int = 0;
        // SAFETY: both states are live and exclusively ours, `packet` is readable for `bytes` bytes, its framing was found
        // sound, and `end` outlives the call. The costly part is deferred until something is decoded.
        let answer = unsafe {
            opusic_sys::opus_dred_parse(
                self.decoder.as_ptr(),
                self.parsed.as_ptr(),
                packet.as_ptr(),
                bytes,
                DRED_SPAN,
                SAMPLE_RATE as i32,
                &mut end,
                1,
            )
        };
        self.of.extend_from_slice(packet);
        self.reach = usize::try_from(answer).unwrap_or(0);
        self.reach
    }

    /// Runs the costly part of what was unpacked, once.
    fn process(&mut self) -> bool {
        if self.reach > 0 && !self.processed {
            // SAFETY: both states are live and exclusively ours; source and destination may be the same by its contract, and
            // a reach above 0 says that the state was parsed.
            let answer = unsafe {
                opusic_sys::opus_dred_process(self.decoder.as_ptr(), self.parsed.as_ptr(), self.parsed.as_ptr())
            };
            self.processed = answer == opusic_sys::OPUS_OK;
        }
        self.processed
    }
}

impl Drop for Dred {
    fn drop(&mut self) {
        // SAFETY: both states came from their constructors and are freed once.
        unsafe {
            opusic_sys::opus_dred_free(self.parsed.as_ptr());
            opusic_sys::opus_dred_decoder_destroy(self.decoder.as_ptr());
        }
    }
}

/// The length of a block to be filled, as libopus wants it.
fn block(out: &[f32]) -> Result<c_int, OpusError> {
    let samples = out.len();
    if samples == 0 || samples > MAX_PACKET_SAMPLES || !samples.is_multiple_of(GRAIN) {
        return Err(OpusError::BlockLength { given: samples, wanted: MAX_PACKET_SAMPLES });
    }
    Ok(samples as c_int)
}

/// The whole block must have been written; sound that is no number is none.
fn filled(answer: c_int, out: &mut [f32]) -> Result<(), OpusError> {
    let given = length(answer)?;
    if given != out.len() {
        return Err(OpusError::BlockLength { given, wanted: out.len() });
    }
    for sample in out {
        if !sample.is_finite() {
            *sample = 0.0;
        }
    }
    Ok(())
}
