//! What one reader sees of a timeline: at most `limits::WINDOW_MESSAGES` messages, moved by diffs.

use crate::{Place, Timeline};
use hearth_ports::WindowDiff;
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
        let Some(at) = self.focused(days) else { return Vec::new() };
        let here = days[at].day;
        let messages = |i: usize| {
            if timeline.is_loaded(days[i].day) { timeline.count(days[i].day) } else { days[i].entries as usize }
        };
        let (mut older, mut newer) = match self.focus {
            Focus::Newest => (messages(at), 0),
            Focus::Message(_) if !timeline.is_loaded(here) => return vec![here],
            Focus::Message(target) => {
                let place = self.place(timeline, target);
                let newer = timeline.from(place).filter(|(_, day)| *day == here).count();
                (messages(at) - newer, newer)
            }
        };
        let (mut first, mut last) = (at, at);
        let room = |first: usize, last: usize| last - first + 1 < limits::TIMELINE_DAYS;
        // Half the days at most on the newer side, so that a sparse channel shows both.
        while newer < HALF && last + 1 < days.len() && last - at < limits::TIMELINE_DAYS / 2 {
            last += 1;
            newer += messages(last);
        }
        while older < limits::WINDOW_MESSAGES - newer.min(HALF) && first > 0 && room(first, last) {
            first -= 1;
            older += messages(first);
        }
        while newer < limits::WINDOW_MESSAGES - older.min(HALF) && last + 1 < days.len() && room(first, last) {
            last += 1;
            newer += messages(last);
        }
        let mut wanted: Vec<usize> = (first..=last).collect();
        wanted.sort_by_key(|i| i.abs_diff(at));
        wanted.into_iter().map(|i| days[i].day).collect()
    }

    /// Diffs from what the reader has to what it should have: messages around the focus, of those days loaded without a
    /// gap around it. While the focused day is not loaded, nothing changes.
    pub fn update(&mut self, timeline: &Timeline, days: &[DayCount]) -> Vec<WindowDiff> {
        let (ids, edges) = match self.focused(days) {
            None => (Vec::new(), (false, false)),
            Some(at) if !timeline.is_loaded(days[at].day) => return Vec::new(),
            Some(at) => self.choose(timeline, days, at),
        };
        if let Focus::Message(target) = self.focus
            && let Some(message) = timeline.message(target.id)
        {
            self.seen_at = Some(message.place);
        }
        let next: Vec<(EntryId, u64)> = ids.into_iter().map(|id| (id, timeline.revision(id))).collect();
        let old = std::mem::replace(&mut self.shown, next);
        let old_edges = std::mem::replace(&mut self.edges, edges);
        if !std::mem::replace(&mut self.whole, false)
            && let Some(mut diffs) = difference(&old, &self.shown, timeline)
        {
            if old_edges != edges {
                diffs.push(WindowDiff::Edges { before: edges.0, after: edges.1 });
            }
            return diffs;
        }
        let messages = self.shown.iter().filter_map(|(id, _)| timeline.view(*id)).collect();
        vec![WindowDiff::Reset { channel: timeline.channel(), messages, before: edges.0, after: edges.1 }]
    }

    /// Index of the focused day, or of the one nearest below it.
    fn focused(&self, days: &[DayCount]) -> Option<usize> {
        let last = days.len().checked_sub(1)?;
        Some(match self.focus {
            Focus::Newest => last,
            Focus::Message(target) => days.partition_point(|d| d.day <= target.day).saturating_sub(1),
        })
    }

    /// Where the focus is: the message, or where it was before it went, or the start of its day.
    fn place(&self, timeline: &Timeline, target: Target) -> Place {
        let known = timeline.message(target.id).map(|m| m.place).or(self.seen_at);
        known.unwrap_or(Place { hlc: Hlc::from_ms(target.day.start_ms()), id: EntryId([0; 32]) })
    }

    fn choose(&self, timeline: &Timeline, days: &[DayCount], at: usize) -> (Vec<EntryId>, (bool, bool)) {
        let loaded = |d: &&DayCount| timeline.is_loaded(d.day);
        let first = at - days[..at].iter().rev().take_while(loaded).count();
        let last = at + days[at + 1..].iter().take_while(loaded).count();
        let span = days[first].day..=days[last].day;
        let inside = |(_, day): &(Place, Day)| span.contains(day);
        // One more than fits, to know whether there are more.
        const TAKE: usize = limits::WINDOW_MESSAGES + 1;
        let (older, newer): (Vec<_>, Vec<_>) = match self.focus {
            Focus::Newest => (timeline.before(None).filter(inside).take(TAKE).collect(), Vec::new()),
            Focus::Message(target) => {
                let place = self.place(timeline, target);
                (
                    timeline.before(Some(place)).filter(inside).take(TAKE).collect(),
                    timeline.from(place).filter(inside).take(TAKE).collect(),
                )
            }
        };
        let ahead = newer.len().min(HALF);
        let behind = older.len().min(limits::WINDOW_MESSAGES - ahead);
        let ahead = newer.len().min(limits::WINDOW_MESSAGES - behind);
        let chosen = older[..behind].iter().rev().chain(&newer[..ahead]).map(|(place, _)| place.id).collect();
        (chosen, (older.len() > behind || first > 0, newer.len() > ahead || last + 1 < days.len()))
    }
}

/// Fewest diffs from `old` to `new`; none if a `Reset` is better: more than half a window changed, or messages that
/// stay changed their order.
fn difference(old: &[(EntryId, u64)], new: &[(EntryId, u64)], timeline: &Timeline) -> Option<Vec<WindowDiff>> {
    let before: BTreeMap<EntryId, u64> = old.iter().copied().collect();
    let after: BTreeSet<EntryId> = new.iter().map(|(id, _)| *id).collect();
    let stay = old.iter().map(|(id, _)| *id).filter(|id| after.contains(id));
    if !stay.eq(new.iter().map(|(id, _)| *id).filter(|id| before.contains_key(id))) {
        return None;
    }
    let mut diffs = Vec::new();
    // From the end, so that the indices before stay what they are.
    for (index, (id, _)) in old.iter().enumerate().rev() {
        if !after.contains(id) {
            diffs.push(WindowDiff::Remove { index });
        }
    }
    for (index, (id, revision)) in new.iter().enumerate() {
        match before.get(id) {
            None => diffs.push(WindowDiff::Insert { index, message: timeline.view(*id)? }),
            Some(was) if was != revision => diffs.push(WindowDiff::Set { index, message: timeline.view(*id)? }),
            Some(_) => {}
        }
        if diffs.len() > HALF {
            return None;
        }
    }
    (diffs.len() <= HALF).then_some(diffs)
}

#[cfg(test)]
mod tests;
