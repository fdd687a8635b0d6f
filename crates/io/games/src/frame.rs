//! Frames of the socket: two little-endian numbers, kind and length, then so many bytes of JSON.

use crate::limits;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Hello,
    Frame,
    Close,
    Ping,
    Pong,
}

impl Op {
    fn number(self) -> u32 {
        match self {
            Self::Hello => 0,
            Self::Frame => 1,
            Self::Close => 2,
            Self::Ping => 3,
            Self::Pong => 4,
        }
    }
    fn of(number: u32) -> Option<Self> {
        [Self::Hello, Self::Frame, Self::Close, Self::Ping, Self::Pong].into_iter().find(|op| op.number() == number)
    }
}

/// Bytes that are no frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoFrame;

/// Puts pieces together. Holds at most one frame that is not whole, and what one read brought.
#[derive(Debug, Default)]
pub struct Frames {
    bytes: Vec<u8>,
}

impl Frames {
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole frame.
    pub fn next(&mut self) -> Result<Option<(Op, Vec<u8>)>, NoFrame> {
        let Some((&[a, b, c, d, e, f, g, h], rest)) = self.bytes.split_first_chunk::<8>() else { return Ok(None) };
        let op = Op::of(u32::from_le_bytes([a, b, c, d])).ok_or(NoFrame)?;
        let length = usize::try_from(u32::from_le_bytes([e, f, g, h])).map_err(|_| NoFrame)?;
        if length > limits::FRAME_BYTES {
            return Err(NoFrame);
        }
        let Some(body) = rest.get(..length).map(<[u8]>::to_vec) else { return Ok(None) };
        self.bytes.drain(..8 + length);
        Ok(Some((op, body)))
    }
}

/// Writes a frame after what is there.
pub fn write(out: &mut Vec<u8>, op: Op, body: &[u8]) {
    // What is answered is made here and never near the bound of the number.
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&op.number().to_le_bytes());
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(body);
}
