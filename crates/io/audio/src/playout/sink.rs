//! Where the mix goes, and by whose clock it is made.

use crate::limits::{PLAYBACK_RING, RATE, RENDER};
use crate::resample::{RateConverter, Unconvertible};
use crate::wav::WavSink;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Length of a render.
const RENDER_TIME: Duration = Duration::from_millis(5);
/// Further behind than this, the clock goes on from now.
const LATE: Duration = Duration::from_millis(500);
/// A device that takes nothing for this long does not set the clock any more.
const STALLED: Duration = Duration::from_millis(200);
/// Most frames kept ready for a device, in milliseconds.
const MOST_READY_MS: usize = 200;

/// What the playback callback tells of itself.
#[derive(Debug, Default)]
pub struct PlaybackMeter {
    /// Most frames it ever asked for at once.
    pub largest: AtomicU32,
    /// How often there was too little.
    pub underruns: AtomicU64,
}

/// A device's ring as the playout thread sees it.
pub struct Speakers {
    ring: rtrb::Producer<f32>,
    converter: RateConverter,
    converted: Vec<f32>,
    meter: Arc<PlaybackMeter>,
    underruns: u64,
    /// Frames kept ready beyond what the device takes at once, at the device's rate.
    spare: usize,
    rate: usize,
    last_slots: usize,
    moved: Instant,
}

impl Speakers {
    /// Writes interleaved stereo at `rate` to `ring`.
    ///
    /// # Errors
    ///
    /// [`Unconvertible`] for a rate out of bounds.
    pub fn new(
        ring: rtrb::Producer<f32>,
        rate: u32,
        meter: Arc<PlaybackMeter>,
        now: Instant,
    ) -> Result<Self, Unconvertible> {
        let converter = RateConverter::new(RATE, rate, 2)?;
        let rate = rate as usize;
        let spare = rate * 5 / 1000;
        Ok(Self { ring, converter, converted: Vec::new(), meter, underruns: 0, spare, rate, last_slots: 0, moved: now })
    }

    fn hungry(&mut self, now: Instant) -> bool {
        let slots = self.ring.slots();
        if slots > self.last_slots {
            self.moved = now;
        }
        self.last_slots = slots;
        let underruns = self.meter.underruns.load(Ordering::Relaxed);
        if underruns > self.underruns {
            self.underruns = underruns;
            self.spare = (self.spare + self.rate * 5 / 1000).min(self.rate * MOST_READY_MS / 1000);
        }
        let ready = (PLAYBACK_RING - slots) / 2;
        let largest = self.meter.largest.load(Ordering::Relaxed) as usize;
        ready < (largest.max(self.rate / 200) + self.spare).min(PLAYBACK_RING / 4)
    }

    fn write(&mut self, stereo: &[f32]) {
        self.converted.clear();
        self.converter.push(stereo, &mut self.converted);
        let fits = self.converted.len().min(self.ring.slots()) & !1;
        if let Ok(chunk) = self.ring.write_chunk_uninit(fits) {
            chunk.fill_from_iter(self.converted.iter().copied());
        }
        self.last_slots = self.ring.slots();
    }
}

/// Where the mix goes, now.
pub enum Out {
    /// Nowhere.
    None,
    /// A device.
    Speakers(Box<Speakers>),
    /// A file.
    File(Box<WavSink>),
}

/// The sink and the clock that stands in for a device.
pub struct Sink {
    /// Where to.
    pub out: Out,
    due: Instant,
}

impl Sink {
    /// By the clock from now on.
    pub fn new(now: Instant) -> Self {
        Self { out: Out::None, due: now }
    }

    /// Another place to go.
    pub fn set(&mut self, out: Out, now: Instant) {
        self.out = out;
        self.due = now;
    }

    /// Whether it is time for the next render.
    pub fn wants(&mut self, now: Instant) -> bool {
        if let Out::Speakers(speakers) = &mut self.out {
            let hungry = speakers.hungry(now);
            if hungry || now.duration_since(speakers.moved) < STALLED {
                self.due = now;
                return hungry;
            }
        }
        if now < self.due {
            return false;
        }
        if now.duration_since(self.due) > LATE {
            self.due = now;
        }
        self.due += RENDER_TIME;
        true
    }

    /// Takes the render.
    ///
    /// # Errors
    ///
    /// What the file said; it is closed then.
    pub fn write(&mut self, stereo: &[f32; 2 * RENDER]) -> Result<(), crate::wav::WavError> {
        match &mut self.out {
            Out::None => Ok(()),
            Out::Speakers(speakers) => {
                speakers.write(stereo);
                Ok(())
            }
            Out::File(file) => file.write(stereo).inspect_err(|_| self.out = Out::None),
        }
    }
}
