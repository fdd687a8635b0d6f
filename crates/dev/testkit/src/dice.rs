//! Chance from a seed, and words made of it.

/// A small fast generator (SplitMix64, Steele and others 2014). Not for keys.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The same seed gives the same numbers.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }
    /// 64 random bits.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// Below `n`; 0 if `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        self.roll().checked_rem(n).unwrap_or(0)
    }
    /// True `percent` times in a hundred.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
    /// One of `items`, the earlier the likelier.
    pub fn leaning(&mut self, items: usize) -> usize {
        let (a, b) = (self.below(items as u64), self.below(items as u64));
        a.min(b) as usize
    }
    /// 32 bytes for a key in a test.
    pub fn bytes32(&mut self) -> [u8; 32] {
        let mut out = [0; 32];
        out.chunks_exact_mut(8).for_each(|c| c.copy_from_slice(&self.roll().to_le_bytes()));
        out
    }

    /// A made-up word of one to four syllables, short ones the likelier.
    pub fn word(&mut self) -> String {
        const HEADS: [&str; 20] =
            ["b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "st", "tr", "ch", "sh", ""];
        const TAILS: [&str; 14] = ["a", "e", "i", "o", "u", "an", "en", "in", "or", "et", "ea", "ou", "al", "ing"];
        let syllables = 1 + self.leaning(4);
        (0..syllables)
            .map(|_| format!("{}{}", HEADS[self.below(20) as usize], TAILS[self.below(14) as usize]))
            .collect()
    }

    /// Text as long as people write in chat: mostly a few words, now and then a paragraph, rarely an essay.
    pub fn text(&mut self) -> String {
        let words = match self.below(100) {
            0..45 => 1 + self.below(6),
            45..80 => 4 + self.below(14),
            80..96 => 12 + self.below(40),
            96..99 => 40 + self.below(120),
            _ => 150 + self.below(350),
        };
        let mut out = String::new();
        for n in 0..words {
            if n > 0 {
                out.push_str(if self.below(12) == 0 { ", " } else { " " });
            }
            out.push_str(&self.word());
        }
        let end = ["", "", "", ".", ".", "!", "?", " 🙂"];
        out.push_str(end[self.below(8) as usize]);
        // Bytes and characters are the same but for the end, which the limit leaves room for.
        out.truncate(out.floor_char_boundary(hearth_types::limits::MESSAGE_CHARS - 8));
        out
    }
}
