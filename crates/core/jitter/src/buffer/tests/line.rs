//! A line between a sender of a known tone and the buffer, in virtual time.

use std::collections::BTreeMap;

use super::super::*;
use crate::Undecodable;

/// A 200 Hz tone by the sender's clock.
pub fn tone(at: i64) -> f32 {
    (at.rem_euclid(240) as f32 / 240.0 * std::f32::consts::TAU).sin() * 0.4
}

/// A seeded source of numbers.
pub fn dice(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state >> 11
    }
}

/// A codec whose packets say where in the tone they are.
#[derive(Debug, Default)]
pub struct Tone {
    next: i64,
    pub resets: u32,
}

impl Tone {
    pub fn packet(frame_ms: u64, at: i64, fec: bool, dred: bool) -> Vec<u8> {
        let mut bytes = vec![0x70, frame_ms as u8, u8::from(fec), u8::from(dred)];
        bytes.extend_from_slice(&at.to_le_bytes());
        bytes
    }

    fn at(payload: &[u8]) -> i64 {
        i64::from_le_bytes(payload[4..12].try_into().unwrap())
    }

    fn play(&mut self, at: i64, out: &mut [f32]) {
        for (i, slot) in out.iter_mut().enumerate() {
            *slot = tone(at + i as i64);
        }
        self.next = at + out.len() as i64;
    }
}

impl VoiceDecoder for Tone {
    fn duration(&self, payload: &[u8]) -> Option<usize> {
        (payload.len() >= 12 && payload[0] == 0x70 && payload[1] > 0 && payload[1] <= 120)
            .then(|| usize::from(payload[1]) * 48)
    }

    fn has_fec(&self, payload: &[u8]) -> bool {
        payload.get(2) == Some(&1)
    }

    fn decode(&mut self, payload: &[u8], out: &mut [f32]) -> Result<(), Undecodable> {
        assert_eq!(Some(out.len()), self.duration(payload));
        self.play(Self::at(payload), out);
        Ok(())
    }

    fn decode_fec(&mut self, next: &[u8], out: &mut [f32]) -> Result<(), Undecodable> {
        if !self.has_fec(next) {
            return Err(Undecodable);
        }
        assert_eq!(Some(out.len()), self.duration(next));
        self.play(Self::at(next) - out.len() as i64, out);
        Ok(())
    }

    fn dred_reach(&mut self, later: &[u8]) -> usize {
        if later.get(3) == Some(&1) { 24_000 } else { 0 }
    }

    fn decode_dred(&mut self, later: &[u8], distance: usize, out: &mut [f32]) -> Result<(), Undecodable> {
        if distance > 24_000 {
            return Err(Undecodable);
        }
        assert_eq!(out.len() % 120, 0);
        self.play(Self::at(later) - distance as i64, out);
        Ok(())
    }

    fn conceal(&mut self, out: &mut [f32]) {
        assert_eq!(out.len() % 120, 0);
        self.play(self.next, out);
    }

    fn reset(&mut self) {
        self.resets += 1;
    }
}

/// Sender, line and listener.
pub struct Line {
    pub buffer: JitterBuffer<Tone>,
    pub offset: u32,
    pub dred: bool,
    pub last: Option<Kind>,
    frame_ms: u64,
    coming: BTreeMap<(u64, usize), Packet>,
    now_us: u64,
}

impl Line {
    pub fn new(frame_ms: u64) -> Self {
        Self {
            buffer: JitterBuffer::new(Tone::default()),
            offset: 0,
            dred: false,
            last: None,
            frame_ms,
            coming: BTreeMap::new(),
            now_us: 0,
        }
    }

    /// The frame `n` is sent in its turn and comes `delay_us` later than it might.
    pub fn send(&mut self, n: u64, delay_us: u64) {
        self.send_as(n, n, delay_us);
    }

    /// The frame `n` carries the number `seq`.
    pub fn send_as(&mut self, seq: u64, n: u64, delay_us: u64) {
        self.send_at(seq, n, n * self.frame_ms * 1000 + delay_us);
    }

    /// The frame `n` comes at a given time.
    pub fn send_at(&mut self, seq: u64, n: u64, at_us: u64) {
        let at = n * self.frame_ms * 48;
        let timestamp = (at as u32).wrapping_add(self.offset);
        let payload = Tone::packet(self.frame_ms, at as i64, true, self.dred);
        let order = self.coming.len();
        self.coming.insert((at_us + 3_000, order), Packet { seq, timestamp, payload });
    }

    /// Plays for so long; what was heard.
    pub fn run(&mut self, ms: u64) -> Vec<f32> {
        let mut heard = Vec::new();
        let mut out = [0.0; BLOCK];
        for _ in 0..ms / 10 {
            while let Some(entry) = self.coming.first_entry()
                && entry.key().0 <= self.now_us
            {
                let (at_us, _) = *entry.key();
                let packet = entry.remove();
                self.buffer.insert(packet, at_us);
            }
            self.last = Some(self.buffer.pull(self.now_us, &mut out).kind);
            heard.extend_from_slice(&out);
            self.now_us += 10_000;
        }
        heard
    }
}
