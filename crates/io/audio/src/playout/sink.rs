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

/// Kept ready beyond what a device takes at once, at the least; as much again after each underrun.
const SPARE_MS: usize = 5;
/// Devices that are just opening run dry without meaning anything.
const OPENING: Duration = Duration::from_secs(2);
/// After this long without an underrun a millisecond less is kept ready.
const CALM: Duration = Duration::from_secs(10);

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
    opened: Instant,
    /// Since when `spare` is as it is.
    calm_since: Instant,
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
        Ok(Self {
            ring,
            converter,
            converted: Vec::new(),
            meter,
            underruns: 0,
            spare: rate * SPARE_MS / 1000,
            rate,
            last_slots: 0,
            moved: now,
            opened: now,
            calm_since: now,
        })
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
            self.calm_since = now;
            if now.duration_since(self.opened) > OPENING {
                self.spare = (self.spare + self.rate * SPARE_MS / 1000).min(self.rate * MOST_READY_MS / 1000);
            }
        } else if now.duration_since(self.calm_since) > CALM {
            self.calm_since = now;
            self.spare = self.spare.saturating_sub(self.rate / 1000).max(self.rate * SPARE_MS / 1000);
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_underrun_has_more_kept_ready_but_not_while_opening_and_not_for_good() {
        let (ring, _device) = rtrb::RingBuffer::new(PLAYBACK_RING);
        let meter = Arc::new(PlaybackMeter::default());
        let start = Instant::now();
        let mut speakers = Speakers::new(ring, 48_000, Arc::clone(&meter), start).unwrap();
        let least = 48 * SPARE_MS;
        meter.underruns.store(3, Ordering::Relaxed);
        speakers.hungry(start + OPENING / 2);
        assert_eq!(speakers.spare, least, "it is opening");
        meter.underruns.store(4, Ordering::Relaxed);
        let later = start + OPENING * 2;
        speakers.hungry(later);
        assert_eq!(speakers.spare, 2 * least);
        speakers.hungry(later + CALM / 2);
        assert_eq!(speakers.spare, 2 * least);
        for calm in 1..=20 {
            speakers.hungry(later + (CALM + Duration::from_millis(1)) * calm);
        }
        assert_eq!(speakers.spare, least, "after a calm time it is as before, and never less");
    }
}
