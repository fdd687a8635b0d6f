//! What one reader sees of a timeline: at most `limits::WINDOW_MESSAGES` messages, moved by diffs.

use crate::{Place, Timeline};
use hearth_ports::{MessageView, WindowDiff};
use hearth_types::{Day, EntryId, Hlc, Target, limits};
use std::collections::{BTreeMap, BTreeSet};

/// Messages wanted on each side of what the reader looks at.
const HALF: usize = limits::WINDOW_MESSAGES / 2;

/// A day of the channel and the entries it holds (messages and amendments).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DayCount {
    /// The day.
    pub day: Day,
    /// Its entries.
    pub entries: u64,
}

/// What the reader looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// The newest messages, following new ones.
    Newest,
    /// Around this message, with the day it stands on.
    Message(Target),
}

/// A window on one channel.
#[derive(Debug, Clone)]
pub struct Window {
    focus: Focus,
    /// Where the focused message was last seen.
    seen_at: Option<Place>,
    /// What the reader has: messages and the revision of each.
    shown: Vec<(EntryId, u64)>,
    edges: (bool, bool),
    whole: bool,
}

impl Window {
    /// Empty; its first update is a `Reset`.
    pub fn new(focus: Focus) -> Self {
        Self { focus, seen_at: None, shown: Vec::new(), edges: (false, false), whole: true }
    }
    /// What the reader looks at.
    pub fn focus(&self) -> Focus {
        self.focus
    }
    /// The reader looks elsewhere.
    pub fn move_to(&mut self, focus: Focus) {
        if self.focus != focus {
            self.focus = focus;
            self.seen_at = None;
        }
    }
    /// The next update is a `Reset`: the reader lost track, or asked for a snapshot.
    pub fn lost(&mut self) {
        self.whole = true;
    }
    /// Ids of what the reader has.
    pub fn shown(&self) -> impl ExactSizeIterator<Item = EntryId> + '_ {
        self.shown.iter().map(|(id, _)| *id)
    }

    /// The days this window needs loaded, most urgent first, at most `limits::TIMELINE_DAYS`. `days` are all days of the
    /// channel, oldest first. How many messages a day holds shows only once it is loaded, so ask again after loading.
    pub fn wanted_days(&self, timeline: &Timeline, days: &[DayCount]) -> Vec<Day> {
        let _ = (timeline, days, HALF);
        Vec::new()
    }

    /// Diffs from what the reader has to what it should have. While the focused day is not loaded, nothing changes.
    pub fn update(&mut self, timeline: &Timeline, days: &[DayCount]) -> Vec<WindowDiff> {
        let _ = (timeline, days, self.seen_at, self.edges, self.whole, Hlc::default(), BTreeMap::<u8, BTreeSet<u8>>::new(), None::<MessageView>);
        Vec::new()
    }
}
