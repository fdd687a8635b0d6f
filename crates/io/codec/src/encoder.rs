use std::ffi::c_int;
use std::ptr::NonNull;

use crate::error::{done, length};
use crate::{MAX_PACKET, OpusError, SAMPLE_RATE};

/// How much sound one packet holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FrameLength {
    /// 10 ms: least delay, most headers.
    Ms10,
    /// 20 ms.
    #[default]
    Ms20,
    /// 40 ms.
    Ms40,
    /// 60 ms: for narrow uplinks.
    Ms60,
}

impl FrameLength {
    /// Samples at 48 kHz.
    #[must_use]
    pub const fn samples(self) -> usize {
        match self {
            Self::Ms10 => 480,
            Self::Ms20 => 960,
            Self::Ms40 => 1920,
            Self::Ms60 => 2880,
        }
    }

    const fn request(self) -> c_int {
        match self {
            Self::Ms10 => opusic_sys::OPUS_FRAMESIZE_10_MS,
            Self::Ms20 => opusic_sys::OPUS_FRAMESIZE_20_MS,
            Self::Ms40 => opusic_sys::OPUS_FRAMESIZE_40_MS,
            Self::Ms60 => opusic_sys::OPUS_FRAMESIZE_60_MS,
        }
    }
}

/// How to encode. Values beyond their range are brought into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Bit/s, 6,000 to 510,000.
    pub bitrate: u32,
    /// Effort, 0 to 10.
    pub complexity: u8,
    /// Carry the last frame again in the next (LBRR). Emitted only with an expected loss above 0.
    pub fec: bool,
    /// Loss to prepare for, percent.
    pub loss_percent: u8,
    /// Fall quiet in silence: packets of one or two bytes, which need not be sent.
    pub dtx: bool,
    /// Deep redundancy in frames of 10 ms, 0 to 100. libopus spends bits on it only above 12 kbit/s, with FEC above 20 kbit/s
    /// times 3 x the loss, and only with an expected loss above 0.
    pub dred: u8,
    /// Sound in a packet.
    pub frame: FrameLength,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            bitrate: 32_000,
            complexity: 9,
            fec: true,
            loss_percent: 5,
            dtx: true,
            dred: 0,
            frame: FrameLength::Ms20,
        }
    }
}

/// One voice on its way out.
pub struct Encoder {
    state: NonNull<opusic_sys::OpusEncoder>,
    settings: Settings,
    packet: Box<[u8; MAX_PACKET]>,
}

// SAFETY: libopus keeps everything in the state this value alone owns; nothing in it belongs to a thread.
unsafe impl Send for Encoder {}

impl Encoder {
    /// A fresh encoder for one voice.
    ///
    /// # Errors
    ///
    /// [`OpusError::NoMemory`].
    pub fn new(settings: Settings) -> Result<Self, OpusError> {
        let mut error = opusic_sys::OPUS_OK;
        // SAFETY: rate, channels and application are among the allowed ones and `error` outlives the call.
        let state = unsafe {
            opusic_sys::opus_encoder_create(SAMPLE_RATE as i32, 1, opusic_sys::OPUS_APPLICATION_VOIP, &mut error)
        };
        let state = NonNull::new(state).ok_or(OpusError::NoMemory)?;
        let mut encoder = Self { state, settings, packet: Box::new([0; MAX_PACKET]) };
        done(error)?;
        encoder.control(opusic_sys::OPUS_SET_SIGNAL_REQUEST, opusic_sys::OPUS_SIGNAL_VOICE)?;
        encoder.set(settings)?;
        Ok(encoder)
    }

    /// Encode otherwise from the next frame on.
    ///
    /// # Errors
    ///
    /// [`OpusError::Refused`]; then some of the settings may hold and others not.
    pub fn set(&mut self, settings: Settings) -> Result<(), OpusError> {
        use opusic_sys as sys;
        self.control(sys::OPUS_SET_BITRATE_REQUEST, settings.bitrate.clamp(6_000, 510_000) as c_int)?;
        self.control(sys::OPUS_SET_COMPLEXITY_REQUEST, c_int::from(settings.complexity.min(10)))?;
        self.control(sys::OPUS_SET_INBAND_FEC_REQUEST, c_int::from(settings.fec))?;
        self.control(sys::OPUS_SET_PACKET_LOSS_PERC_REQUEST, c_int::from(settings.loss_percent.min(100)))?;
        self.control(sys::OPUS_SET_DTX_REQUEST, c_int::from(settings.dtx))?;
        self.control(sys::OPUS_SET_DRED_DURATION_REQUEST, c_int::from(settings.dred.min(100)))?;
        self.control(sys::OPUS_SET_EXPERT_FRAME_DURATION_REQUEST, settings.frame.request())?;
        self.settings = settings;
        Ok(())
    }

    /// What holds now.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.settings
    }

    /// Encodes one frame of [`FrameLength::samples`] mono samples, -1.0 to 1.0, into a packet that holds until the next call.
    /// With DTX a packet of one or two bytes says that nothing need be sent.
    ///
    /// # Errors
    ///
    /// [`OpusError::BlockLength`] for another number of samples, [`OpusError::Refused`].
    pub fn encode(&mut self, pcm: &[f32]) -> Result<&[u8], OpusError> {
        let wanted = self.settings.frame.samples();
        if pcm.len() != wanted {
            return Err(OpusError::BlockLength { given: pcm.len(), wanted });
        }
        // SAFETY: the state is live and exclusively ours, `pcm` holds `wanted` mono samples and `packet` is writable for
        // its whole length.
        let answer = unsafe {
            opusic_sys::opus_encode_float(
                self.state.as_ptr(),
                pcm.as_ptr(),
                wanted as c_int,
                self.packet.as_mut_ptr(),
                MAX_PACKET as i32,
            )
        };
        let written = length(answer)?;
        self.packet.get(..written).ok_or(OpusError::Refused(answer))
    }

    /// Samples by which decoded sound lags behind what was encoded, at 48 kHz.
    ///
    /// # Errors
    ///
    /// [`OpusError::Refused`].
    pub fn lookahead(&mut self) -> Result<usize, OpusError> {
        let mut samples: i32 = 0;
        // SAFETY: the state is live and this request takes one pointer to an `opus_int32`, which outlives the call.
        let answer = unsafe {
            opusic_sys::opus_encoder_ctl(
                self.state.as_ptr(),
                opusic_sys::OPUS_GET_LOOKAHEAD_REQUEST,
                &mut samples as *mut i32,
            )
        };
        done(answer)?;
        length(samples)
    }

    fn control(&mut self, request: c_int, value: c_int) -> Result<(), OpusError> {
        // SAFETY: the state is live and every request passed here takes exactly one `opus_int32` by value.
        done(unsafe { opusic_sys::opus_encoder_ctl(self.state.as_ptr(), request, value) })
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: the state came from `opus_encoder_create` and is freed once.
        unsafe { opusic_sys::opus_encoder_destroy(self.state.as_ptr()) }
    }
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("settings", &self.settings).finish_non_exhaustive()
    }
}
