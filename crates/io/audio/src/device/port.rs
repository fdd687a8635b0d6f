//! What runs in a device's callback: copying between its buffer and a ring. No lock, no allocation, no system call.

use crate::playout::sink::PlaybackMeter;
use cpal::{FromSample, Sample};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A microphone's callback: channels averaged into a ring.
pub struct InputPort {
    ring: rtrb::Producer<f32>,
    channels: usize,
    dropped: Arc<AtomicU64>,
}

impl InputPort {
    /// `dropped` counts frames for which the ring had no place.
    pub fn new(ring: rtrb::Producer<f32>, channels: u16, dropped: Arc<AtomicU64>) -> Self {
        Self { ring, channels: usize::from(channels.max(1)), dropped }
    }

    /// Takes interleaved samples of any format.
    pub fn take<T: Sample>(&mut self, samples: &[T])
    where
        f32: FromSample<T>,
    {
        let frames = samples.len() / self.channels;
        let fits = frames.min(self.ring.slots());
        if let Ok(chunk) = self.ring.write_chunk_uninit(fits) {
            let scale = 1.0 / self.channels as f32;
            let mono = samples.chunks_exact(self.channels);
            chunk.fill_from_iter(
                mono.map(|frame| frame.iter().map(|sample| f32::from_sample(*sample)).sum::<f32>() * scale),
            );
        }
        if fits < frames {
            self.dropped.fetch_add((frames - fits) as u64, Ordering::Relaxed);
        }
    }
}

/// A speaker's callback: a ring of stereo into however many channels there are.
pub struct OutputPort {
    ring: rtrb::Consumer<f32>,
    channels: usize,
    meter: Arc<PlaybackMeter>,
    /// Last frame played, faded out when the ring runs dry so that it does not click.
    last: [f32; 2],
    began: bool,
}

/// Share of the last sample left a sample later when the ring is dry: gone in about 3 ms.
const DRY: f32 = 0.97;

impl OutputPort {
    /// `meter` learns how much is asked for and how often it was not there.
    pub fn new(ring: rtrb::Consumer<f32>, channels: u16, meter: Arc<PlaybackMeter>) -> Self {
        Self { ring, channels: usize::from(channels.max(1)), meter, last: [0.0; 2], began: false }
    }

    /// Fills interleaved samples of any format. One channel gets both sides; more than two get silence beyond the second.
    pub fn fill<T: Sample + FromSample<f32>>(&mut self, samples: &mut [T]) {
        let frames = samples.len() / self.channels;
        self.meter.largest.fetch_max(u32::try_from(frames).unwrap_or(u32::MAX), Ordering::Relaxed);
        let ready = (self.ring.slots() / 2).min(frames);
        let mut out = samples.chunks_exact_mut(self.channels);
        if let Ok(chunk) = self.ring.read_chunk(2 * ready) {
            let (first, second) = chunk.as_slices();
            let mut stereo = first.iter().chain(second).copied();
            for frame in out.by_ref().take(ready) {
                self.last = [stereo.next().unwrap_or(0.0), stereo.next().unwrap_or(0.0)];
                put(frame, self.last);
            }
            chunk.commit_all();
        }
        for frame in out {
            self.last = self.last.map(|sample| sample * DRY);
            put(frame, self.last);
        }
        self.began |= ready > 0;
        if ready < frames && self.began {
            self.meter.underruns.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn put<T: Sample + FromSample<f32>>(frame: &mut [T], [left, right]: [f32; 2]) {
    match frame {
        [] => {}
        [one] => *one = T::from_sample(0.5 * (left + right)),
        [first, second, rest @ ..] => {
            *first = T::from_sample(left);
            *second = T::from_sample(right);
            rest.fill(T::EQUILIBRIUM);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_averaged_and_what_does_not_fit_is_counted() {
        let (producer, mut consumer) = rtrb::RingBuffer::new(4);
        let dropped = Arc::new(AtomicU64::new(0));
        let mut port = InputPort::new(producer, 2, Arc::clone(&dropped));
        port.take::<i16>(&[16_384, 0, -16_384, -16_384, 0, 0, 0, 0, 0, 0]);
        assert!((consumer.pop().unwrap_or(9.0) - 0.25).abs() < 1e-3);
        assert!((consumer.pop().unwrap_or(9.0) + 0.5).abs() < 1e-3);
        assert_eq!(dropped.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_dry_ring_fades_out_and_is_counted_once_sound_has_begun() {
        let (mut producer, consumer) = rtrb::RingBuffer::new(64);
        let meter = Arc::new(PlaybackMeter::default());
        let mut port = OutputPort::new(consumer, 3, Arc::clone(&meter));
        let mut out = [9.0_f32; 12];
        port.fill(&mut out);
        assert_eq!(out, [0.0; 12]);
        assert_eq!(meter.underruns.load(Ordering::Relaxed), 0, "silence before the beginning is no underrun");
        for sample in [0.5, -0.5, 0.25, -0.25] {
            assert!(producer.push(sample).is_ok());
        }
        port.fill(&mut out);
        assert_eq!(out[..6], [0.5, -0.5, 0.0, 0.25, -0.25, 0.0]);
        assert!(out[6] < 0.25 && out[9] < out[6] && out[9] > 0.2);
        assert_eq!(meter.underruns.load(Ordering::Relaxed), 1);
        assert_eq!(meter.largest.load(Ordering::Relaxed), 4);
    }
}
