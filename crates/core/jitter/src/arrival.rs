//! How late packets come: the histogram of relative arrival delays that the target is read from
//! (NetEQ `delay_manager.cc`, `relative_arrival_delay_tracker.cc`, `histogram.cc`).

use std::collections::VecDeque;

use crate::MAX_TARGET_MS;

/// Width of a bucket. NetEQ has 20 ms; finer ones let a quiet line settle at one frame.
const BUCKET_US: i64 = 5_000;
/// Buckets: two seconds of delay.
const BUCKETS: usize = 400;
/// The share of packets that must come in time.
const QUANTILE: f32 = 0.97;
/// What is left of an old packet's weight after each new one.
const FORGET: f32 = 0.9993;
/// How quickly forgetting begins: the first packets count for more.
const START_WEIGHT: f32 = 2.0;
/// A packet's delay is relative to the fastest within this time.
const WINDOW_US: i64 = 2_000_000;
/// Across a silence the last packets are remembered this long.
const LONG_WINDOW_US: i64 = 30_000_000;
/// Packets remembered through a silence, and at most.
const WINDOW_KEEP: usize = 50;
const WINDOW_MAX: usize = 256;
/// A transit time this far off belongs to another clock.
const CLOCK_JUMP_US: i64 = 10_000_000;

#[derive(Debug)]
pub(crate) struct Arrival {
    histogram: Box<[f32; BUCKETS]>,
    added: u32,
    /// Arrival and transit time of the last packets.
    window: VecDeque<(i64, i64)>,
    base: Option<i64>,
    last_transit: Option<i64>,
    jitter_us: f32,
}

impl Arrival {
    pub fn new() -> Self {
        Self {
            histogram: Box::new([0.0; BUCKETS]),
            added: 0,
            window: VecDeque::new(),
            base: None,
            last_transit: None,
            jitter_us: 0.0,
        }
    }

    /// A packet of media time `media_us` came.
    pub fn packet(&mut self, now_us: i64, media_us: i64) {
        let transit = now_us.saturating_sub(media_us);
        if self.base.is_some_and(|base| base.saturating_sub(transit).saturating_abs() > CLOCK_JUMP_US) {
            self.other_clock();
        }
        if let Some(last) = self.last_transit {
            // RFC 3550, 6.4.1.
            self.jitter_us += ((transit - last).abs() as f32 - self.jitter_us) / 16.0;
        }
        self.last_transit = Some(transit);
        while self.window.front().is_some_and(|(at, _)| {
            let age = now_us.saturating_sub(*at);
            age > LONG_WINDOW_US
                || (age > WINDOW_US && self.window.len() > WINDOW_KEEP)
                || self.window.len() >= WINDOW_MAX
        }) {
            self.window.pop_front();
        }
        self.window.push_back((now_us, transit));
        let base = self.window.iter().map(|(_, transit)| *transit).min().unwrap_or(transit);
        self.base = Some(base);
        self.add(transit - base);
    }

    /// What comes next is timed by another clock.
    pub fn other_clock(&mut self) {
        self.window.clear();
        self.last_transit = None;
    }

    fn add(&mut self, delay_us: i64) {
        let bucket = usize::try_from(delay_us / BUCKET_US).unwrap_or(0).min(BUCKETS - 1);
        self.added = self.added.saturating_add(1);
        let forget = FORGET.min(1.0 - START_WEIGHT / self.added as f32).max(0.0);
        for weight in self.histogram.iter_mut() {
            *weight *= forget;
        }
        if let Some(weight) = self.histogram.get_mut(bucket) {
            *weight += 1.0 - forget;
        }
    }

    /// The delay within which [`QUANTILE`] of all packets come, in microseconds; a bucket's upper edge.
    pub fn quantile_us(&self) -> i64 {
        let mut above = 1.0 - QUANTILE;
        for (bucket, weight) in self.histogram.iter().enumerate().rev() {
            above -= weight;
            if above < 0.0 {
                return ((bucket as i64 + 1) * BUCKET_US).min(MAX_TARGET_MS as i64 * 1000);
            }
        }
        BUCKET_US
    }

    /// The transit time of the fastest packet lately.
    pub fn base(&self) -> Option<i64> {
        self.base
    }

    pub fn jitter_us(&self) -> f32 {
        self.jitter_us
    }
}
