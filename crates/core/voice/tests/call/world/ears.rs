//! What was heard, by whom, and how long it was quiet.

use super::World;
use std::collections::BTreeSet;

impl World {
    /// Whether all live talkers hold the same agreement.
    pub fn agrees(&self) -> bool {
        let mut all = self.live().into_iter().map(|n| self.nodes[n].call.as_ref().unwrap().topology());
        let first = all.next();
        all.all(|t| Some(t) == first)
    }
    /// Frames of `talker` that `listener` heard since `since`.
    pub fn count(&self, listener: usize, talker: usize, since: u64) -> usize {
        self.heard.iter().filter(|h| h.at >= since && (h.listener, h.talker) == (listener, talker)).count()
    }
    /// The longest silence of `talker` at `listener` in a span of time.
    pub fn gap(&self, listener: usize, talker: usize, from: u64, to: u64) -> u64 {
        let mut last = from;
        let mut longest = 0;
        for h in &self.heard {
            if (h.listener, h.talker) == (listener, talker) && h.at >= from && h.at <= to {
                longest = longest.max(h.at - last);
                last = h.at;
            }
        }
        longest.max(to - last)
    }
    /// Every frame reached an ear at most once.
    pub fn assert_no_duplicates(&self) {
        let mut seen = BTreeSet::new();
        for h in &self.heard {
            assert!(seen.insert((h.listener, h.talker, h.timestamp, h.seq)), "heard twice: {h:?}");
        }
    }
}
