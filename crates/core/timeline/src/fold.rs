//! The fold: entries in, messages in order out.

use crate::{Message, Opened, Place};
use hearth_ports::{MessageView, SendState};
use hearth_types::{ChannelId, ContentBody, Day, DeviceId, EntryId, Hlc, limits};
use std::collections::{BTreeMap, BTreeSet};

/// The loaded days of one channel.
#[derive(Debug, Clone)]
pub struct Timeline {
    channel: ChannelId,
    days: BTreeMap<Day, DayFold>,
    /// Messages of all loaded days in the order they are shown.
    order: BTreeMap<Place, Day>,
    /// Day of every message here.
    whereabouts: BTreeMap<EntryId, Day>,
    /// Days being read from disk, and what was folded in meanwhile, which the read may miss.
    awaited: BTreeMap<Day, Vec<Opened>>,
    /// Own log positions known to be with somebody else.
    delivered: BTreeMap<DeviceId, u64>,
    revision: u64,
}

/// Everything that belongs to one day, by the message concerned.
#[derive(Debug, Clone, Default)]
struct DayFold {
    rows: BTreeMap<EntryId, Row>,
    messages: usize,
}

/// A message entry and its amendments, whichever came first.
#[derive(Debug, Clone, Default)]
struct Row {
    entry: Option<Opened>,
    amendments: BTreeMap<EntryId, Opened>,
    message: Option<Message>,
    revision: u64,
}

impl Row {
    fn rebuild(&mut self, place: Place) {
        self.message = self.entry.as_ref().filter(|e| stands(e)).map(|entry| {
            let mut message = Message::new(entry, place);
            for amendment in self.amendments.values() {
                message.amend(amendment);
            }
            message
        });
    }
}

impl Timeline {
    /// Nothing is loaded yet.
    pub fn new(channel: ChannelId) -> Self {
        Self {
            channel,
            days: BTreeMap::new(),
            order: BTreeMap::new(),
            whereabouts: BTreeMap::new(),
            awaited: BTreeMap::new(),
            delivered: BTreeMap::new(),
            revision: 0,
        }
    }
    /// Whose messages these are.
    pub fn channel(&self) -> ChannelId {
        self.channel
    }
    /// Days that are loaded, oldest first.
    pub fn loaded(&self) -> impl DoubleEndedIterator<Item = Day> + '_ {
        self.days.keys().copied()
    }
    /// Whether a day is loaded.
    pub fn is_loaded(&self, day: Day) -> bool {
        self.days.contains_key(&day)
    }
    /// Messages shown of a loaded day.
    pub fn count(&self, day: Day) -> usize {
        self.days.get(&day).map_or(0, |d| d.messages)
    }

    /// Say this when a day begins to be read from disk: what is applied to it until [`Self::set_day`] is kept and folded
    /// into what was read. If the read fails, [`Self::unload`] the day.
    pub fn await_day(&mut self, day: Day) {
        self.awaited.entry(day).or_default();
    }

    /// Loads a day, or loads it again: `entries` is everything that belongs to it (its messages, and amendments of them
    /// from any day) and replaces what was known. What belongs to another day is folded in if that one is loaded.
    pub fn set_day(&mut self, day: Day, entries: Vec<Opened>, now_ms: u64) {
        let mut old = self.take_day(day);
        self.days.insert(day, DayFold::default());
        let mut touched = BTreeSet::new();
        for entry in entries {
            if entry.home() == day {
                // Folded below, once for each message instead of once for each entry.
                touched.insert(entry.concerns());
                self.keep(entry);
            } else {
                self.apply(entry, now_ms);
            }
        }
        for id in touched {
            self.rebuild(day, id, old.rows.remove(&id), now_ms);
        }
        for entry in self.awaited.remove(&day).unwrap_or_default() {
            self.apply(entry, now_ms);
        }
    }

    /// Folds one entry in, or in again with more known about it. Gives the message that appeared, changed or went:
    /// none if the day it belongs to is not loaded, or if nothing shown changes.
    pub fn apply(&mut self, entry: Opened, now_ms: u64) -> Vec<EntryId> {
        let (day, id) = (entry.home(), entry.concerns());
        if let Some(missed) = self.awaited.get_mut(&day) {
            missed.push(entry.clone());
        }
        let Some(row) = self.days.get_mut(&day).map(|d| d.rows.entry(id).or_default()) else { return Vec::new() };
        let changed = match &mut row.message {
            Some(message) if entry.target.is_some() && !row.amendments.contains_key(&entry.id) => {
                let changed = message.amend(&entry);
                row.amendments.insert(entry.id, entry);
                if changed {
                    self.revision += 1;
                    row.revision = self.revision;
                }
                changed
            }
            _ => {
                let old = Row { message: row.message.clone(), revision: row.revision, ..Row::default() };
                self.keep(entry);
                self.rebuild(day, id, Some(old), now_ms)
            }
        };
        if changed { vec![id] } else { Vec::new() }
    }

    /// Forgets a day.
    pub fn unload(&mut self, day: Day) {
        self.awaited.remove(&day);
        self.take_day(day);
    }

    /// The messages of all loaded days, oldest first.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Message> + '_ {
        self.order.iter().filter_map(|(place, day)| self.days.get(day)?.rows.get(&place.id)?.message.as_ref())
    }
    /// One of them.
    pub fn message(&self, id: EntryId) -> Option<&Message> {
        self.row(id)?.message.as_ref()
    }
    /// One of them as people see it.
    pub fn view(&self, id: EntryId) -> Option<MessageView> {
        let message = self.message(id)?;
        Some(MessageView {
            message: id,
            author: message.author,
            at: message.place.hlc.ms(),
            text: message.text().unwrap_or_default().to_owned(),
            reply_to: message.reply_to,
            edited: message.edited(),
            deleted: message.deleted(),
            pinned: message.pinned(),
            reactions: message.reactions(),
            state: self.state(message),
            readable: message.readable(),
        })
    }

    /// Somebody else has this device's log up to and with `seq`. Gives the messages whose state changed.
    pub fn set_delivered(&mut self, device: DeviceId, seq: u64) -> Vec<EntryId> {
        let mark = self.delivered.entry(device).or_default();
        if seq <= *mark {
            return Vec::new();
        }
        let from = std::mem::replace(mark, seq);
        let mut changed = Vec::new();
        for row in self.days.values_mut().flat_map(|d| d.rows.values_mut()) {
            if let Some(m) = &row.message
                && (m.own && m.device == device && m.seq > from && m.seq <= seq)
            {
                self.revision += 1;
                row.revision = self.revision;
                changed.push((m.place, m.id));
            }
        }
        changed.sort_unstable();
        changed.into_iter().map(|(_, id)| id).collect()
    }

    /// Places of messages before `at` (exclusive; all of them without one), newest first, with the day each is kept under.
    pub(crate) fn before(&self, at: Option<Place>) -> impl Iterator<Item = (Place, Day)> + '_ {
        let range = match at {
            Some(at) => self.order.range(..at),
            None => self.order.range(..),
        };
        range.rev().map(|(place, day)| (*place, *day))
    }
    /// Places of messages from `at` on (inclusive), oldest first, with the day each is kept under.
    pub(crate) fn from(&self, at: Place) -> impl Iterator<Item = (Place, Day)> + '_ {
        self.order.range(at..).map(|(place, day)| (*place, *day))
    }
    /// Rises whenever the message changes.
    pub(crate) fn revision(&self, id: EntryId) -> u64 {
        self.row(id).map_or(0, |r| r.revision)
    }

    fn row(&self, id: EntryId) -> Option<&Row> {
        self.days.get(self.whereabouts.get(&id)?)?.rows.get(&id)
    }

    fn state(&self, message: &Message) -> SendState {
        match (message.own, self.delivered.get(&message.device)) {
            (false, _) => SendState::Received,
            (true, Some(seq)) if *seq >= message.seq => SendState::Sent,
            (true, _) => SendState::Saved,
        }
    }

    /// Puts an entry beside the message it concerns.
    fn keep(&mut self, entry: Opened) {
        let Some(day) = self.days.get_mut(&entry.home()) else { return };
        let row = day.rows.entry(entry.concerns()).or_default();
        if entry.target.is_some() {
            row.amendments.insert(entry.id, entry);
        } else {
            row.entry = Some(entry);
        }
    }

    /// Folds one message again from everything kept about it. What it was before keeps its place, and its revision if
    /// it is still the same. True if it is not.
    fn rebuild(&mut self, day: Day, id: EntryId, old: Option<Row>, now_ms: u64) -> bool {
        let Some(fold) = self.days.get_mut(&day) else { return false };
        let Some(row) = fold.rows.get_mut(&id) else { return false };
        if let Some(gone) = row.message.take() {
            self.order.remove(&gone.place);
            self.whereabouts.remove(&id);
            fold.messages -= 1;
        }
        let (was, revision) = old.map_or((None, 0), |old| (old.message, old.revision));
        let hlc = row.entry.as_ref().map_or(Hlc::default(), |e| e.hlc);
        row.rebuild(was.as_ref().map_or(Place { hlc: shown_at(hlc, now_ms), id }, |m| m.place));
        if let Some(message) = &row.message {
            self.order.insert(message.place, day);
            self.whereabouts.insert(id, day);
            fold.messages += 1;
        }
        if row.message == was {
            row.revision = revision;
            return false;
        }
        self.revision += 1;
        row.revision = self.revision;
        true
    }

    fn take_day(&mut self, day: Day) -> DayFold {
        let fold = self.days.remove(&day).unwrap_or_default();
        for (id, row) in &fold.rows {
            if let Some(message) = &row.message {
                self.order.remove(&message.place);
                self.whereabouts.remove(id);
            }
        }
        fold
    }
}

/// A message entry that is shown: it counts, and it is not something senseless.
fn stands(entry: &Opened) -> bool {
    entry.counts && matches!(entry.content, None | Some(ContentBody::Message { .. } | ContentBody::Unknown { .. }))
}

/// A stamp further ahead than anybody follows is shown where the clock stood when it was first seen, and stays there.
fn shown_at(hlc: Hlc, now_ms: u64) -> Hlc {
    if hlc.ms() > now_ms.saturating_add(limits::HLC_FOLLOW_MS) { Hlc::from_ms(now_ms) } else { hlc }
}

#[cfg(test)]
mod tests;
