//! A token bucket.

/// So many a second in the long run, so many at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    /// Millionths of a token.
    tokens: u64,
    last_us: u64,
}

impl Rate {
    pub fn new(burst: u64, now_us: u64) -> Self {
        Self { tokens: burst * 1_000_000, last_us: now_us }
    }
    /// Whether one more is within the limit.
    pub fn take(&mut self, per_second: u64, burst: u64, now_us: u64) -> bool {
        let passed = now_us.saturating_sub(self.last_us).min(60_000_000);
        self.last_us = self.last_us.max(now_us);
        self.tokens = (self.tokens + passed * per_second).min(burst * 1_000_000);
        let enough = self.tokens >= 1_000_000;
        if enough {
            self.tokens -= 1_000_000;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_the_rate() {
        let mut rate = Rate::new(10, 0);
        assert_eq!((0..50).filter(|_| rate.take(100, 10, 0)).count(), 10);
        assert_eq!((0..50).filter(|_| rate.take(100, 10, 50_000)).count(), 5);
    }
}
