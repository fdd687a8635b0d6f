//! Where blocks come from: a device's ring, a file, or nothing.

use crate::limits::{BLOCK, CAPTURE_BACKLOG_MS, RATE};
use crate::resample::{RateConverter, Unconvertible};
use crate::wav::WavSource;
use std::time::{Duration, Instant};

/// Length of a block.
const BLOCK_TIME: Duration = Duration::from_millis(10);
/// A file further behind than this goes on from now.
const LATE: Duration = Duration::from_millis(200);

/// The next block, or why there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block {
    /// The buffer was filled.
    Ready,
    /// Not yet.
    Later,
    /// The buffer was filled, and that was the last.
    Last,
}

/// A microphone's ring as the transmit thread sees it.
pub struct Microphone {
    ring: rtrb::Consumer<f32>,
    converter: RateConverter,
    ready: Vec<f32>,
    backlog: usize,
}

impl Microphone {
    /// Reads mono samples at `rate` from `ring`.
    ///
    /// # Errors
    ///
    /// [`Unconvertible`] for a rate out of bounds.
    pub fn new(ring: rtrb::Consumer<f32>, rate: u32) -> Result<Self, Unconvertible> {
        let converter = RateConverter::new(rate, RATE, 1)?;
        Ok(Self { ring, converter, ready: Vec::new(), backlog: rate as usize * CAPTURE_BACKLOG_MS / 1000 })
    }

    fn block(&mut self, out: &mut [f32; BLOCK]) -> Block {
        let waiting = self.ring.slots();
        if waiting > self.backlog {
            self.discard(waiting - self.backlog / 2);
        }
        let waiting = self.ring.slots();
        if let Ok(chunk) = self.ring.read_chunk(waiting) {
            let (first, second) = chunk.as_slices();
            self.converter.push(first, &mut self.ready);
            self.converter.push(second, &mut self.ready);
            chunk.commit_all();
        }
        if self.ready.len() < BLOCK {
            return Block::Later;
        }
        out.copy_from_slice(&self.ready[..BLOCK]);
        self.ready.drain(..BLOCK);
        Block::Ready
    }

    fn discard(&mut self, samples: usize) {
        if let Ok(chunk) = self.ring.read_chunk(samples) {
            chunk.commit_all();
        }
    }
}

/// Where one's own voice comes from, now.
pub enum Source {
    /// Nowhere.
    None,
    /// A device.
    Microphone(Box<Microphone>),
    /// A file, in real time.
    File {
        /// It.
        file: Box<WavSource>,
        /// When its next block is due.
        due: Instant,
    },
}

impl Source {
    /// A file from now on.
    pub fn file(file: WavSource, now: Instant) -> Self {
        Self::File { file: Box::new(file), due: now }
    }

    /// Gives the next block if it is time.
    pub fn block(&mut self, now: Instant, out: &mut [f32; BLOCK]) -> Block {
        match self {
            Self::None => Block::Later,
            Self::Microphone(microphone) => microphone.block(out),
            Self::File { file, due } => {
                if now < *due {
                    return Block::Later;
                }
                if now.duration_since(*due) > LATE {
                    *due = now;
                }
                *due += BLOCK_TIME;
                if file.block(out) { Block::Ready } else { Block::Last }
            }
        }
    }
}
