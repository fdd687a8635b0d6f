//! What a line can send: trains of padding, and what their receivers saw of them.
//!
//! A train is 200 ms of padding at a known rate, dealt out to the links that are up anyway. A line that is narrower drops
//! the rest or makes it wait, so the share of the second half that came (what a burst allowance let through is in the
//! first) and how far the arrivals spread say what it can send (research, 5.3).

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
    first: (u64, u32),
    last: (u64, u32),
    came: u16,
    pub told: bool,
}

impl Arriving {
    pub fn new(frame: ProbeFrame, now_us: u64) -> Self {
        let at = (now_us, frame.at_us);
        let mut all = Self { train: frame.train, first: at, last: at, came: 0, told: false };
        all.take(frame, now_us);
        all
    }
    pub fn take(&mut self, frame: ProbeFrame, now_us: u64) {
        if self.is_over(now_us) {
            return;
        }
        self.last = (now_us, frame.at_us);
        self.came += u16::from(frame.index >= frame.count / 2 && self.came < frame.count);
    }
    pub fn is_over(&self, now_us: u64) -> bool {
        now_us >= self.first.0 + limits::PROBE_SEEN_US
    }
    /// How many of the second half came, and by how much longer the train took to come than to be sent.
    pub fn seen(&self) -> (u16, u32) {
        let took = self.last.0 - self.first.0;
        let grown = took.saturating_sub(u64::from(self.last.1.saturating_sub(self.first.1)));
        (self.came, grown as u32)
    }
}

/// What a train says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finding {
    /// The line carries its rate.
    Carries,
    /// It carries about so much, kbit/s; whether that is beyond doubt.
    Narrow { kbps: u32, certain: bool },
}

/// What one receiver saw of a train.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Packets of the second half that were sent to it, and that it says came.
    pub sent: u16,
    pub came: u16,
    /// How much longer the train took to come than to be sent, microseconds.
    pub grown_us: u32,
}

/// From the rate of a train and what each of its receivers saw. Where there are three or more, the one that saw least does
/// not count: it may be busy elsewhere, or lie.
pub(crate) fn judge(rate_kbps: u32, seen: &[Seen]) -> Finding {
    let mut seen = seen.to_vec();
    seen.iter_mut().for_each(|s| s.came = s.came.min(s.sent));
    seen.sort_by_key(|s| u32::from(s.came) * 1000 / u32::from(s.sent.max(1)));
    let counted = if seen.len() > 2 { &seen[1..] } else { &seen[..] };
    let sum = |of: fn(&Seen) -> u16| counted.iter().map(|s| u64::from(of(s))).sum::<u64>();
    let share = sum(|s| s.came) * 1000 / sum(|s| s.sent).max(1);
    let mut grown: Vec<_> = counted.iter().filter(|s| s.came > 0).map(|s| s.grown_us).collect();
    grown.sort_unstable();
    // Of one receiver that was slow to look, nobody's line is to blame.
    let grown = u64::from(grown.get((grown.len().max(1) - 1) / 2).copied().unwrap_or(0));
    if share >= limits::PROBE_SHARE && grown <= limits::PROBE_GROWN_US {
        return Finding::Carries;
    }
    let spread = if grown > limits::PROBE_GROWN_US { grown } else { 0 };
    let kbps = u64::from(rate_kbps) * share * limits::PROBE_US / (1000 * (limits::PROBE_US + spread));
    Finding::Narrow { kbps: kbps as u32, certain: share < limits::PROBE_SHARE_CERTAIN }
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
    }

    fn seen(sent: u16, came: u16, grown_us: u32) -> Seen {
        Seen { sent, came, grown_us }
    }

    #[test]
    fn loss_and_waiting_say_what_a_line_carries() {
        assert_eq!(judge(3_200, &[seen(20, 20, 1_000), seen(20, 20, 3_000)]), Finding::Carries);
        // A policer lets through a third of the second half.
        assert_eq!(judge(3_000, &[seen(21, 7, 0); 2]), Finding::Narrow { kbps: 999, certain: true });
        // A queue sends all of it, in three times the time.
        assert_eq!(judge(3_000, &[seen(20, 20, 400_000); 2]), Finding::Narrow { kbps: 1_000, certain: false });
        // One receiver of three that was busy elsewhere.
        assert_eq!(judge(3_000, &[seen(10, 10, 0), seen(10, 10, 400_000), seen(10, 10, 2_000)]), Finding::Carries);
        assert_eq!(judge(3_000, &[seen(10, 0, 0); 3]), Finding::Narrow { kbps: 0, certain: true });
    }

    #[test]
    fn one_receiver_of_three_makes_no_line_narrow_and_none_wide() {
        let honest = seen(10, 10, 0);
        assert_eq!(judge(3_000, &[honest, seen(10, 0, 0), honest]), Finding::Carries);
        assert_eq!(judge(3_000, &[honest, seen(10, 10, u32::MAX), honest]), Finding::Carries);
        let narrow = seen(10, 3, 0);
        let Finding::Narrow { kbps, certain: true } = judge(3_000, &[narrow, seen(10, u16::MAX, 0), narrow, narrow])
        else {
            panic!("a word made a line wide");
        };
        assert!(kbps < 1_800, "{kbps}");
    }

    #[test]
    fn a_train_is_over_after_a_while_whatever_still_comes() {
        let frame = |index, at_us| ProbeFrame { train: 1, index, count: 10, at_us };
        let mut seen = Arriving::new(frame(0, 0), 1_000_000);
        seen.take(frame(5, 100_000), 1_110_000);
        seen.take(frame(9, 180_000), 1_230_000);
        assert_eq!(seen.seen(), (2, 50_000));
        seen.take(frame(8, 160_000), 1_000_000 + limits::PROBE_SEEN_US);
        assert_eq!(seen.seen(), (2, 50_000));
    }
}
