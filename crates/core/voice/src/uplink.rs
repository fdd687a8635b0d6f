//! What a line can send: trains of padding, and what their receivers saw of them.
//!
//! A train is a quarter of a second of padding at a known rate, dealt at random to some of the links that are up anyway. A
//! line that is narrower drops the rest or makes it wait, so the share of the second half that came (what a burst
//! allowance let through is in the first) and how far its arrivals spread say what it can send (research, 5.3). The median
//! of the receivers is believed, so no single one makes a line wide or narrow.

use crate::limits;

/// A packet of a train. Its first byte is an SFrame header of key 0, which no sender has, so whoever knows no trains
/// opens nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProbeFrame {
    /// Which train of its sender.
    pub train: u32,
    /// Which packet of the train.
    pub index: u16,
    /// Packets of the train.
    pub count: u16,
    /// When it was sent, counted from the train's start.
    pub at_us: u32,
}

const MARK: [u8; 4] = [0, b'u', b'p', 1];
const HEAD: usize = MARK.len() + 12;

impl ProbeFrame {
    /// With its padding.
    pub fn to_bytes(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(limits::PROBE_BYTES);
        out.extend_from_slice(&MARK);
        out.extend_from_slice(&self.train.to_be_bytes());
        out.extend_from_slice(&self.index.to_be_bytes());
        out.extend_from_slice(&self.count.to_be_bytes());
        out.extend_from_slice(&self.at_us.to_be_bytes());
        out.resize(limits::PROBE_BYTES, 0);
        out
    }
    /// Nothing for what is no such packet.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(&MARK)?;
        let (train, rest) = rest.split_first_chunk()?;
        let (index, rest) = rest.split_first_chunk()?;
        let (count, rest) = rest.split_first_chunk()?;
        let at_us = rest.first_chunk()?;
        let index = u16::from_be_bytes(*index);
        let count = u16::from_be_bytes(*count);
        let fits = bytes.len() == limits::PROBE_BYTES && index < count && count <= limits::PROBE_PACKETS;
        let (train, at_us) = (u32::from_be_bytes(*train), u32::from_be_bytes(*at_us));
        fits.then_some(Self { train, index, count, at_us })
    }
}

const _: () = assert!(HEAD < limits::PROBE_BYTES);

/// A train as one of its receivers sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arriving {
    pub train: u32,
    begun_us: u64,
    /// First and last of the second half: when it came, and when it was sent.
    ends: Option<((u64, u32), (u64, u32))>,
    came: u16,
    pub told: bool,
}

impl Arriving {
    pub fn new(frame: ProbeFrame, now_us: u64) -> Self {
        let mut all = Self { train: frame.train, begun_us: now_us, ends: None, came: 0, told: false };
        all.take(frame, now_us);
        all
    }
    pub fn take(&mut self, frame: ProbeFrame, now_us: u64) {
        if self.is_over(now_us) || frame.index < frame.count / 2 {
            return;
        }
        let at = (now_us, frame.at_us);
        self.ends = Some((self.ends.map_or(at, |(first, _)| first), at));
        self.came = self.came.saturating_add(1);
    }
    pub fn is_over(&self, now_us: u64) -> bool {
        now_us >= self.begun_us + limits::PROBE_SEEN_US
    }
    /// How many of the second half came, and by how much longer they took to come than to be sent.
    pub fn seen(&self) -> (u16, u32) {
        let grown = self
            .ends
            .map_or(0, |(first, last)| (last.0 - first.0).saturating_sub(u64::from(last.1.saturating_sub(first.1))));
        (self.came, grown.min(u64::from(u32::MAX)) as u32)
    }
}

/// What one receiver says of a train.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    /// Packets of the second half that were sent to it.
    pub sent: u32,
    pub came: u32,
    pub grown_us: u32,
}

/// What a line carried of a train of `rate_kbps` by the median of its receivers; nothing where too few of them say.
pub(crate) fn carried_kbps(rate_kbps: u32, seen: &[Seen]) -> Option<u32> {
    if seen.len() < limits::PROBE_PEERS_MIN {
        return None;
    }
    let half_us = limits::PROBE_US / 2;
    let carried = |s: &Seen| {
        // Less is how threads wake.
        let grown = if s.grown_us > limits::PROBE_GROWN_US { u64::from(s.grown_us) } else { 0 };
        let came = u64::from(s.came.min(s.sent));
        u64::from(rate_kbps) * came * half_us / (u64::from(s.sent.max(1)) * (half_us + grown))
    };
    let mut all: Vec<_> = seen.iter().map(carried).collect();
    all.sort_unstable();
    all.get((all.len() - 1) / 2).map(|kbps| *kbps as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_read_back_and_nothing_else_is_one() {
        let frame = ProbeFrame { train: 7, index: 3, count: 40, at_us: 15_000 };
        let bytes = frame.to_bytes();
        assert_eq!(ProbeFrame::from_bytes(&bytes), Some(frame));
        assert_eq!(ProbeFrame::from_bytes(&bytes[1..]), None);
        assert_eq!(ProbeFrame::from_bytes(&bytes[..100]), None);
        assert_eq!(ProbeFrame::from_bytes(&ProbeFrame { index: 40, ..frame }.to_bytes()), None);
        let long = ProbeFrame { count: limits::PROBE_PACKETS + 1, ..frame };
        assert_eq!(ProbeFrame::from_bytes(&long.to_bytes()), None);
    }

    const ALL: Seen = Seen { sent: 20, came: 20, grown_us: 3_000 };

    #[test]
    fn loss_and_waiting_say_what_a_line_carries() {
        assert_eq!(carried_kbps(3_200, &[ALL; 3]), Some(3_200));
        assert_eq!(carried_kbps(3_000, &[Seen { came: 5, ..ALL }; 4]), Some(750));
        // A queue sends all of it, in three times the time.
        assert_eq!(carried_kbps(3_000, &[Seen { grown_us: 250_000, ..ALL }; 3]), Some(1_000));
        assert_eq!(carried_kbps(3_000, &[Seen { came: 0, ..ALL }; 3]), Some(0));
    }

    #[test]
    fn no_receiver_alone_makes_a_line_wide_or_narrow() {
        let (nothing, far_too_much) = (Seen { came: 0, ..ALL }, Seen { came: u32::MAX, grown_us: 0, ..ALL });
        let slow = Seen { grown_us: u32::MAX, ..ALL };
        let narrow = Seen { came: 5, ..ALL };
        for others in 2..5 {
            let among = |lie, truth| {
                let mut all = vec![truth; others];
                all.push(lie);
                carried_kbps(4_000, &all)
            };
            assert_eq!(among(nothing, ALL), Some(4_000));
            assert_eq!(among(slow, ALL), Some(4_000));
            assert_eq!(among(far_too_much, narrow), Some(1_000));
        }
        assert_eq!(carried_kbps(4_000, &[far_too_much; 2]), None, "two say nothing");
    }

    #[test]
    fn the_second_half_counts_and_a_train_ends_whatever_still_comes() {
        let frame = |index, at_us| ProbeFrame { train: 1, index, count: 10, at_us };
        let mut seen = Arriving::new(frame(0, 0), 1_000_000);
        seen.take(frame(4, 80_000), 1_500_000);
        assert_eq!(seen.seen(), (0, 0));
        seen.take(frame(5, 100_000), 1_510_000);
        seen.take(frame(9, 180_000), 1_595_000);
        assert_eq!(seen.seen(), (2, 5_000));
        seen.take(frame(8, 160_000), 1_000_000 + limits::PROBE_SEEN_US);
        assert_eq!(seen.seen(), (2, 5_000));
    }
}
