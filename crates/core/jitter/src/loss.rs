//! What is lost and in which runs, to decide how far ahead redundancy is worth waiting for.

/// Weight of one packet in the loss rate.
const RATE_WEIGHT: f32 = 0.01;
/// Weight of one hole in the mean run.
const RUN_WEIGHT: f32 = 0.1;
/// Above this rate redundancy is waited for, below the second no longer.
const WAIT_ABOVE: f32 = 0.015;
const WAIT_BELOW: f32 = 0.004;
/// Holes without redundancy after which none is expected: quiet frames carry none even when the sender is willing.
const WITHOUT: u32 = 8;
/// Frames waited for at most.
const MAX_FRAMES: f32 = 4.0;

#[derive(Debug, Default)]
pub(crate) struct Loss {
    rate: f32,
    run: f32,
    waiting: bool,
    /// The packet after the last hole.
    after: u64,
    /// For how many holes to come a copy of the frame, or deep redundancy, is expected.
    fec: u32,
    dred: u32,
}

impl Loss {
    pub fn came(&mut self) {
        self.note(0.0);
    }

    pub fn missed(&mut self) {
        self.note(1.0);
    }

    /// Whether no hole before the packet `after` was seen yet.
    pub fn is_new(&self, after: u64) -> bool {
        after != self.after
    }

    /// A hole of this many frames before the packet `after`, which carries a copy or deep redundancy or not.
    pub fn hole(&mut self, frames: u64, after: u64, fec: bool, dred: bool) {
        self.after = after;
        let weight = if self.run == 0.0 { 1.0 } else { RUN_WEIGHT };
        self.run += (frames.min(16) as f32 - self.run) * weight;
        self.fec = if fec { WITHOUT } else { self.fec.saturating_sub(1) };
        self.dred = if dred { WITHOUT } else { self.dred.saturating_sub(1) };
    }

    fn note(&mut self, lost: f32) {
        self.rate += (lost - self.rate) * RATE_WEIGHT;
        self.waiting = self.rate > if self.waiting { WAIT_BELOW } else { WAIT_ABOVE };
    }

    /// Frames beyond the next that are worth waiting for.
    pub fn frames_ahead(&self) -> i64 {
        match (self.waiting, self.fec > 0, self.dred > 0) {
            (true, _, true) => (self.run * 2.0).round().clamp(2.0, MAX_FRAMES) as i64,
            (true, true, false) => 1,
            _ => 0,
        }
    }
}
