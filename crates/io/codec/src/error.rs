use std::ffi::c_int;

/// What Opus would not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpusError {
    /// There was no memory for the state.
    #[error("there is no memory left for the voice codec")]
    NoMemory,
    /// The packet is not Opus (RFC 6716, 3.4), or longer than [`crate::MAX_PACKET`].
    #[error("this is no Opus packet")]
    Malformed,
    /// The block of samples has another length than the frame asked for.
    #[error("the block holds {given} samples where {wanted} belong")]
    BlockLength {
        /// Samples given.
        given: usize,
        /// Samples that belong there.
        wanted: usize,
    },
    /// Anything else libopus says no to.
    #[error("libopus refused with code {0}")]
    Refused(i32),
}

/// A negative answer of libopus as an error, any other as a length.
pub(crate) fn length(answer: c_int) -> Result<usize, OpusError> {
    match usize::try_from(answer) {
        Ok(length) => Ok(length),
        Err(_) => Err(match answer {
            opusic_sys::OPUS_ALLOC_FAIL => OpusError::NoMemory,
            opusic_sys::OPUS_INVALID_PACKET => OpusError::Malformed,
            other => OpusError::Refused(other),
        }),
    }
}

/// As [`length`], for calls that answer with nothing but success.
pub(crate) fn done(answer: c_int) -> Result<(), OpusError> {
    length(answer).map(|_| ())
}
