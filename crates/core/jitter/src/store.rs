//! The packets waiting, in order, and which were seen before.

use std::collections::BTreeMap;

use crate::{MAX_BYTES, MAX_PACKETS, MAX_SPAN_MS, SAMPLES_PER_MS};

/// A packet as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// One more with every frame sent.
    pub seq: u64,
    /// The sender's 48 kHz clock at the frame's first sample; goes on through silence.
    pub timestamp: u32,
    /// For the decoder.
    pub payload: Vec<u8>,
}

/// A packet that waits.
#[derive(Debug)]
pub(crate) struct Stored {
    /// Unwrapped timestamp.
    pub at: i64,
    pub samples: usize,
    pub payload: Vec<u8>,
}

#[derive(Debug, Default)]
pub(crate) struct Store {
    packets: BTreeMap<u64, Stored>,
    bytes: usize,
}

impl Store {
    pub fn contains(&self, seq: u64) -> bool {
        self.packets.contains_key(&seq)
    }

    /// Takes a packet in. When that is too much, the oldest go: the first packet that stays is given back then.
    pub fn insert(&mut self, seq: u64, stored: Stored) -> Option<u64> {
        self.bytes += stored.payload.len();
        if let Some(replaced) = self.packets.insert(seq, stored) {
            self.bytes -= replaced.payload.len();
        }
        let mut dropped = false;
        while self.packets.len() > MAX_PACKETS || self.bytes > MAX_BYTES || self.span() > MAX_SPAN_MS * SAMPLES_PER_MS {
            let Some((_, oldest)) = self.packets.pop_first() else { break };
            self.bytes -= oldest.payload.len();
            dropped = true;
        }
        if dropped { self.first().map(|(first, _)| first) } else { None }
    }

    pub fn first(&self) -> Option<(u64, &Stored)> {
        self.packets.first_key_value().map(|(seq, stored)| (*seq, stored))
    }

    pub fn take_first(&mut self) -> Option<(u64, Stored)> {
        let (seq, stored) = self.packets.pop_first()?;
        self.bytes -= stored.payload.len();
        Some((seq, stored))
    }

    pub fn clear(&mut self) {
        self.packets.clear();
        self.bytes = 0;
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.packets.len()
    }

    /// From the oldest packet to the newest, in samples.
    fn span(&self) -> usize {
        match (self.packets.first_key_value(), self.packets.last_key_value()) {
            (Some((_, first)), Some((_, last))) => usize::try_from(last.at.abs_diff(first.at)).unwrap_or(usize::MAX),
            _ => 0,
        }
    }
}

/// The last 128 sequence numbers taken in, so that a late packet can be told from a copy.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    newest: u64,
    bits: u128,
    /// The last number too old to tell, and how many such came in a row.
    old: Option<(u64, u8)>,
}

/// So many numbers in a row that are too old are those of a sender that counts anew.
const ANEW: u8 = 3;

impl Seen {
    /// Whether this number is a copy, or too old to tell.
    pub fn is_copy(&self, seq: u64) -> bool {
        if self.bits == 0 || seq > self.newest {
            return false;
        }
        match self.newest - seq {
            age @ 0..128 => self.bits >> age & 1 == 1,
            _ => true,
        }
    }

    /// Whether a number that [`Self::is_copy`] refused is that of a sender that counts anew.
    pub fn is_anew(&mut self, seq: u64) -> bool {
        if self.newest.saturating_sub(seq) < 128 {
            return false;
        }
        let run = self.old.filter(|(last, _)| seq > *last).map_or(1, |(_, run)| run + 1);
        self.old = Some((seq, run));
        run >= ANEW
    }

    pub fn note(&mut self, seq: u64) {
        self.old = None;
        if self.bits == 0 || seq > self.newest {
            let ahead = seq - self.newest;
            self.bits = if self.bits != 0 && ahead < 128 { self.bits << ahead } else { 0 } | 1;
            self.newest = seq;
        } else if self.newest - seq < 128 {
            self.bits |= 1 << (self.newest - seq);
        }
    }
}
