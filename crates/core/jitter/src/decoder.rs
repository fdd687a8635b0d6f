/// The packet or its redundancy does not decode; nothing useful was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undecodable;

/// A voice codec at 48 kHz mono, as the jitter buffer needs one. Calls come in the order of the sound.
pub trait VoiceDecoder {
    /// Samples the packet holds, if it is a packet of this codec at all. At most [`crate::MAX_FRAME`].
    fn duration(&self, payload: &[u8]) -> Option<usize>;

    /// Whether the packet carries the frame before it a second time.
    fn has_fec(&self, payload: &[u8]) -> bool;

    /// Decodes a packet; `out` is as long as [`Self::duration`] said.
    ///
    /// # Errors
    ///
    /// [`Undecodable`] for a packet that is none.
    fn decode(&mut self, payload: &[u8], out: &mut [f32]) -> Result<(), Undecodable>;

    /// Decodes the lost frame directly before `next` from the copy `next` carries; `out` is as long as `next`.
    ///
    /// # Errors
    ///
    /// [`Undecodable`] without a copy.
    fn decode_fec(&mut self, next: &[u8], out: &mut [f32]) -> Result<(), Undecodable>;

    /// Samples before `later` that its deep redundancy covers; 0 for none.
    fn dred_reach(&mut self, later: &[u8]) -> usize;

    /// Decodes lost sound that begins `distance` samples before `later`, from the deep redundancy of `later`. `out` is a
    /// multiple of 120 samples.
    ///
    /// # Errors
    ///
    /// [`Undecodable`] if it does not reach that far.
    fn decode_dred(&mut self, later: &[u8], distance: usize, out: &mut [f32]) -> Result<(), Undecodable>;

    /// Makes up what may have followed. `out` is a multiple of 120 samples.
    fn conceal(&mut self, out: &mut [f32]);

    /// Forgets everything heard.
    fn reset(&mut self);
}
