//! Stamps and days. Wall-clock values are always Unix milliseconds handed in by the caller.

use serde::{Deserialize, Serialize};

/// Milliseconds in one UTC day.
pub const DAY_MS: u64 = 86_400_000;

/// Hybrid logical stamp: Unix milliseconds in the upper 48 bits, a counter in the lower 16.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Hlc(pub u64);

impl Hlc {
    /// The stamp at `ms` with counter zero. Milliseconds past 48 bits saturate.
    pub fn from_ms(ms: u64) -> Self {
        Self(ms.min((1 << 48) - 1) << 16)
    }
    /// Unix milliseconds of the stamp.
    pub fn ms(self) -> u64 {
        self.0 >> 16
    }
    /// The UTC day the stamp falls on.
    pub fn day(self) -> Day {
        Day::from_ms(self.ms())
    }
    /// The next stamp after this one.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// UTC days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Day(pub u32);

impl Day {
    /// The day that Unix milliseconds fall on.
    pub fn from_ms(ms: u64) -> Self {
        Self((ms / DAY_MS) as u32)
    }
    /// Unix milliseconds of its first instant.
    pub fn start_ms(self) -> u64 {
        u64::from(self.0) * DAY_MS
    }
}
