//! Which frame counters of a sender were seen (RFC 9605, 9.3; a sliding window as in RFC 4303, 3.4.3).

use crate::limits::{REPLAY_JUMP, REPLAY_WINDOW};

const WORDS: usize = (REPLAY_WINDOW / 64) as usize;

/// The window of one sender. It spans all its keys: the counter never goes back.
#[derive(Debug, Clone)]
pub struct ReplayWindow {
    /// One more than the highest seen; 0 before the first.
    next: u64,
    /// Bit `c % REPLAY_WINDOW` for counter `c`.
    seen: [u64; WORDS],
}

impl Default for ReplayWindow {
    fn default() -> Self {
        Self { next: 0, seen: [0; WORDS] }
    }
}

impl ReplayWindow {
    /// Whether `counter` is new and near. Says nothing about the frame: ask before opening, [`Self::mark`] after.
    pub fn is_new(&self, counter: u64) -> bool {
        if counter >= self.next {
            return counter < u64::MAX && (self.next == 0 || counter - self.next < REPLAY_JUMP);
        }
        self.next - counter <= REPLAY_WINDOW && self.seen[word(counter)] & bit(counter) == 0
    }
    /// Takes note of a counter whose frame opened.
    pub fn mark(&mut self, counter: u64) {
        if counter >= self.next {
            let fresh = (counter - self.next).min(REPLAY_WINDOW);
            for c in counter - fresh..counter {
                self.seen[word(c)] &= !bit(c);
            }
            self.next = counter.saturating_add(1);
        }
        self.seen[word(counter)] |= bit(counter);
    }
}

fn word(counter: u64) -> usize {
    (counter % REPLAY_WINDOW / 64) as usize
}
fn bit(counter: u64) -> u64 {
    1 << (counter % 64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        /// Whatever the order, nothing passes twice, and what is near and new passes.
        #[test]
        fn nothing_passes_twice(counters in proptest::collection::vec(0u64..5_000, 0..400)) {
            let (mut window, mut model, mut highest) = (ReplayWindow::default(), BTreeSet::new(), None::<u64>);
            for c in counters {
                let near = highest.is_none_or(|h| c + REPLAY_WINDOW > h);
                prop_assert_eq!(window.is_new(c), near && !model.contains(&c));
                if window.is_new(c) {
                    window.mark(c);
                    model.insert(c);
                    highest = highest.max(Some(c));
                }
            }
        }
    }

    #[test]
    fn a_far_jump_is_refused() {
        let mut window = ReplayWindow::default();
        window.mark(7);
        assert!(!window.is_new(8 + REPLAY_JUMP));
        assert!(window.is_new(7 + REPLAY_JUMP));
    }
}
