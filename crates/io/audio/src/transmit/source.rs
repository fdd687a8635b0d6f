//! Where blocks come from: a device's ring, a file, or nothing.

use crate::limits::{BLOCK, CAPTURE_BACKLOG_MS, RATE};
use crate::resample::{RateConverter, Unconvertible};
use crate::wav::WavSource;
use std::time::{Duration, Instant};

/// Length of a block.
const BLOCK_TIME: Duration = Duration::from_millis(10);
/// A file further behind than this goes on from now.
const LATE: Duration = Duration::from_millis(200);

/// For this long after it opened, a microphone that gives more than real time is giving what is old.
const SETTLING: Duration = Duration::from_secs(2);
/// How much more than real time is let through meanwhile.
const AHEAD: Duration = Duration::from_millis(40);

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
    rate: u32,
    backlog: usize,
    /// When its first sample came, and how many came since.
    began: Option<(Instant, u64)>,
}

impl Microphone {
    /// Reads mono samples at `rate` from `ring`.
    ///
    /// # Errors
    ///
    /// [`Unconvertible`] for a rate out of bounds.
    pub fn new(ring: rtrb::Consumer<f32>, rate: u32) -> Result<Self, Unconvertible> {
        let converter = RateConverter::new(rate, RATE, 1)?;
        let backlog = rate as usize * CAPTURE_BACKLOG_MS / 1000;
        Ok(Self { ring, converter, ready: Vec::new(), rate, backlog, began: None })
    }

    /// Sound systems tend to begin with a burst of what they held back; it would be delay for good.
    fn settle(&mut self, now: Instant) {
        let waiting = self.ring.slots();
        if waiting == 0 {
            return;
        }
        let (began, taken) = *self.began.get_or_insert((now, 0));
        let elapsed = now.duration_since(began);
        if elapsed > SETTLING {
            return;
        }
        let due = ((elapsed + AHEAD).as_secs_f64() * f64::from(self.rate)) as u64;
        let surplus = usize::try_from((taken + waiting as u64).saturating_sub(due)).unwrap_or(0).min(waiting);
        self.discard(surplus);
        self.began = Some((began, taken + (waiting - surplus) as u64));
    }

    fn block(&mut self, now: Instant, out: &mut [f32; BLOCK]) -> Block {
        self.settle(now);
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
            Self::Microphone(microphone) => microphone.block(now, out),
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_burst_a_microphone_begins_with_is_not_kept_as_delay() {
        let (mut producer, consumer) = rtrb::RingBuffer::new(96_000);
        let microphone = Microphone::new(consumer, RATE).unwrap();
        let mut source = Source::Microphone(Box::new(microphone));
        let (began, mut out, mut blocks) = (Instant::now(), [0.0; BLOCK], 0_u32);
        // 800 ms at once, in pieces of 10 ms, each looked at before the next comes; then a second in real time.
        for n in 0..180_u32 {
            for _ in 0..BLOCK {
                assert!(producer.push(0.1).is_ok());
            }
            let now = began + Duration::from_millis(10) * n.saturating_sub(80);
            while source.block(now, &mut out) == Block::Ready {
                blocks += 1;
            }
        }
        assert!((100..=106).contains(&blocks), "{blocks} blocks in a second");
    }
}
