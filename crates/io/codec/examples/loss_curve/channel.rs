//! A seeded line: Gilbert-Elliott loss and uniform jitter, with whatever reordering follows from it.

/// A packet that came.
pub struct Arrival {
    pub packet: usize,
    pub at_us: u64,
}

pub struct Channel {
    /// Share lost.
    pub loss: f64,
    /// Mean packets lost in a row.
    pub burst: f64,
    pub jitter_us: u64,
    pub seed: u64,
}

impl Channel {
    /// What becomes of so many packets sent every 20 ms, in order of arrival.
    pub fn carry(&self, packets: usize) -> Vec<Arrival> {
        let mut state = self.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5DEE_CE66;
        let mut roll = move || {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut mixed = state;
            mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
            ((mixed ^ mixed >> 31) >> 11) as f64 / (1u64 << 53) as f64
        };
        let recover = 1.0 / self.burst;
        let fail = recover * self.loss / (1.0 - self.loss);
        let mut bad = false;
        let mut arrivals = Vec::new();
        for packet in 0..packets {
            bad = if bad { roll() >= recover } else { roll() < fail };
            let jitter = (roll() * self.jitter_us as f64) as u64;
            if !bad {
                arrivals.push(Arrival { packet, at_us: (packet as u64 + 1) * 20_000 + 3_000 + jitter });
            }
        }
        arrivals.sort_by_key(|arrival| arrival.at_us);
        arrivals
    }
}
