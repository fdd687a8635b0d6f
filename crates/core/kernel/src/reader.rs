//! Windows and lists: days are loaded from the disk as somebody looks at them.

use crate::{
    admit::{Dirty, mentions, open},
    author::unknown_channel,
    commands::Found,
    kernel::{Kernel, Pending},
};
use hearth_ports::{Anchor, ErrorCode, MessageView, NodeError, NodeEvent, NodeReply, StoreRequest};
use hearth_timeline::{DayCount, Focus, Opened, Window};
use hearth_types::{ChannelId, Day, EntryId, EntryRow, Hlc, SpaceId, Target, limits};
use hearth_wire::CheckedEntry;
use std::collections::BTreeSet;

/// A window a driver has open.
pub(crate) struct OpenWindow {
    pub space: SpaceId,
    pub channel: ChannelId,
    pub window: Window,
}

/// Something that goes on once days are loaded.
pub(crate) enum ReadJob {
    List {
        request: u64,
        space: SpaceId,
        channel: ChannelId,
        before: Option<(Hlc, EntryId)>,
        limit: usize,
    },
    /// Tell that a message changed.
    Change {
        space: SpaceId,
        channel: ChannelId,
        target: Target,
    },
    /// Find the first unread message and focus the window on it.
    Unread {
        window: u32,
        space: SpaceId,
        channel: ChannelId,
        mark: Hlc,
    },
}

/// Jobs kept at once; beyond, changes of old messages are not told.
const READ_JOBS: usize = 64;

impl Kernel {
    pub(crate) fn window_open(&mut self, request: u64, id: u32, channel: ChannelId, anchor: Anchor) {
        let Some(space) = self.space_of_channel(channel) else { return self.reply(request, Err(unknown_channel())) };
        if self.windows.len() >= limits::WINDOWS && !self.windows.contains_key(&id) {
            return self
                .reply(request, Err(NodeError::new(ErrorCode::Busy, "Too many conversations are open at once.")));
        }
        self.windows.insert(id, OpenWindow { space, channel, window: Window::new(Focus::Newest) });
        self.window_anchor(request, id, anchor);
    }

    pub(crate) fn window_move(&mut self, request: u64, id: u32, anchor: Anchor) {
        if self.windows.contains_key(&id) {
            self.window_anchor(request, id, anchor);
        } else {
            self.reply(request, Err(NodeError::new(ErrorCode::NotFound, "That conversation is not open.")));
        }
    }

    fn window_anchor(&mut self, request: u64, id: u32, anchor: Anchor) {
        let Some(open) = self.windows.get_mut(&id) else { return };
        let (space, channel) = (open.space, open.channel);
        match anchor {
            Anchor::Newest => open.window.move_to(Focus::Newest),
            Anchor::Message(message) => {
                let day = self
                    .spaces
                    .get(&space)
                    .and_then(|s| s.channels.get(&channel)?.timeline.message(message))
                    .map(|m| m.day);
                match day {
                    Some(day) => open.window.move_to(Focus::Message(Target { day, id: message })),
                    None => return self.find(request, message, Found::Window { window: id, channel }),
                }
            }
            Anchor::Unread => {
                open.window.move_to(Focus::Newest);
                let Some(s) = self.spaces.get_mut(&space) else { return };
                let since = s.joined_at;
                let cache = s.channel(channel);
                let mark = cache.mark.map_or(since, |(h, _)| h.max(since));
                if cache.unread(since) > 0 {
                    self.read_jobs.push(ReadJob::Unread { window: id, space, channel, mark });
                }
            }
        }
        self.dirty.insert(Dirty::Window(space, channel));
        self.reply(request, Ok(NodeReply::Done));
    }

    pub(crate) fn window_focus(&mut self, request: u64, id: u32, channel: ChannelId, target: Target) {
        if let Some(open) = self.windows.get_mut(&id).filter(|w| w.channel == channel) {
            open.window.move_to(Focus::Message(target));
            let space = open.space;
            self.dirty.insert(Dirty::Window(space, channel));
        }
        self.reply(request, Ok(NodeReply::Done));
    }

    /// Brings all windows on a channel up to date, asking the disk for days they lack.
    pub(crate) fn update_windows(&mut self, channel: ChannelId) {
        for id in self.windows.iter().filter(|(_, w)| w.channel == channel).map(|(id, _)| *id).collect::<Vec<_>>() {
            let Some(open) = self.windows.get_mut(&id) else { continue };
            let Some(s) = self.spaces.get_mut(&open.space) else { continue };
            let space = open.space;
            let days = day_counts(s, channel);
            let cache = s.channel(channel);
            let wanted = open.window.wanted_days(&cache.timeline, &days);
            let missing: Vec<Day> = wanted.iter().copied().filter(|d| !cache.timeline.is_loaded(*d)).collect();
            wanted.iter().for_each(|d| cache.touch(*d));
            let diffs = open.window.update(&cache.timeline, &days);
            if !diffs.is_empty() {
                self.event(NodeEvent::Window { window: id, diffs });
            }
            for day in missing {
                self.load_day(space, channel, day);
            }
        }
    }

    pub(crate) fn reset_windows(&mut self) {
        for open in self.windows.values_mut() {
            open.window.lost();
            self.dirty.insert(Dirty::Window(open.space, open.channel));
        }
        // Resets follow the snapshot at once.
        let channels: BTreeSet<ChannelId> = self.windows.values().map(|w| w.channel).collect();
        for channel in channels {
            self.update_windows(channel);
        }
    }

    /// Asks the disk for a day, unless that is under way.
    pub(crate) fn load_day(&mut self, space: SpaceId, channel: ChannelId, day: Day) {
        let Some(s) = self.spaces.get_mut(&space) else { return };
        let cache = s.channel(channel);
        if !cache.loading.insert(day) {
            return;
        }
        cache.timeline.await_day(day);
        self.flush_fetched();
        let token = self.token(Pending::Day { space, channel, day });
        let scope = hearth_types::Scope::Channel(channel);
        self.store(StoreRequest::LoadDay { token, space, scope, day });
    }

    pub(crate) fn day_loaded(&mut self, space: SpaceId, channel: ChannelId, day: Day, rows: Vec<EntryRow>) {
        let own = self.keys.device.id();
        let now = self.now;
        let Some(s) = self.spaces.get_mut(&space) else { return };
        // A damaged row is left out; sync brings it again.
        let opened: Vec<Opened> =
            rows.into_iter().filter_map(|row| CheckedEntry::from_row(row).ok()).map(|e| open(s, &e, own)).collect();
        let delivered = s.delivered;
        let cache = s.channel(channel);
        let named = opened.iter().filter(|o| o.counts && mentions(o, &self.me.name)).map(|o| o.hlc);
        cache.mentions.extend(named);
        cache.loading.remove(&day);
        cache.timeline.set_day(day, opened, now);
        cache.timeline.set_delivered(own, delivered);
        cache.touch(day);
        self.dirty.insert(Dirty::Window(space, channel));
        self.forget_days(space, channel);
    }

    /// Unloads the days longest unused that no window shows.
    fn forget_days(&mut self, space: SpaceId, channel: ChannelId) {
        let Some(s) = self.spaces.get_mut(&space) else { return };
        let days = day_counts(s, channel);
        let cache = s.channel(channel);
        let held: BTreeSet<Day> = self
            .windows
            .values()
            .filter(|w| w.channel == channel)
            .flat_map(|w| w.window.wanted_days(&cache.timeline, &days))
            .collect();
        let listing = self.read_jobs.iter().any(|j| matches!(j, ReadJob::List { channel: c, .. } if *c == channel));
        let mut at = 0;
        while cache.recent.len() > limits::TIMELINE_DAYS && at < cache.recent.len() && !listing {
            match cache.recent.get(at).copied() {
                Some(day) if !held.contains(&day) => {
                    cache.timeline.unload(day);
                    cache.recent.remove(at);
                }
                _ => at += 1,
            }
        }
    }

    pub(crate) fn message_list(&mut self, request: u64, channel: ChannelId, before: Option<EntryId>, limit: usize) {
        if limit == 0 || limit > limits::LIST_MESSAGES {
            return self.reply(request, Err(crate::author::bad("A list holds between 1 and 500 messages.")));
        }
        let Some(space) = self.space_of_channel(channel) else { return self.reply(request, Err(unknown_channel())) };
        match before {
            Some(id) => self.find(request, id, Found::ListBefore { channel, limit }),
            None => self.list_job(request, space, channel, None, limit),
        }
    }

    pub(crate) fn list_job(
        &mut self,
        request: u64,
        space: SpaceId,
        channel: ChannelId,
        before: Option<(Hlc, EntryId)>,
        limit: usize,
    ) {
        self.read_jobs.push(ReadJob::List { request, space, channel, before, limit });
    }

    pub(crate) fn change_job(&mut self, space: SpaceId, channel: ChannelId, target: Target) {
        let known = self.read_jobs.iter().any(|j| matches!(j, ReadJob::Change { target: t, .. } if *t == target));
        if !known && self.read_jobs.len() < READ_JOBS {
            self.read_jobs.push(ReadJob::Change { space, channel, target });
        }
    }

    /// Works off whatever has its days loaded.
    pub(crate) fn step_reads(&mut self) {
        for job in std::mem::take(&mut self.read_jobs) {
            if let Some(waiting) = self.step_read(job) {
                self.read_jobs.push(waiting);
            }
        }
    }

    /// Gives the job back while it waits for a day.
    fn step_read(&mut self, job: ReadJob) -> Option<ReadJob> {
        match job {
            ReadJob::Change { space, channel, target } => {
                let cache = self.spaces.get_mut(&space)?.channel(channel);
                if cache.timeline.is_loaded(target.day) {
                    self.tell_message_changed(space, channel, target.id);
                    return None;
                }
                self.load_day(space, channel, target.day);
                Some(ReadJob::Change { space, channel, target })
            }
            ReadJob::List { request, space, channel, before, limit } => {
                let Some(s) = self.spaces.get_mut(&space) else {
                    self.reply(request, Err(unknown_channel()));
                    return None;
                };
                let newest = before.map_or(Day(u32::MAX), |(hlc, _)| hlc.day());
                let days: Vec<Day> =
                    s.replica.channel_days(channel).map(|(day, _)| day).filter(|d| *d <= newest).collect();
                let cache = s.channel(channel);
                let older =
                    |m: &hearth_timeline::Message| before.is_none_or(|(hlc, id)| (m.place.hlc, m.id) < (hlc, id));
                let mut found = 0;
                for day in days.iter().rev() {
                    if found > limit {
                        break;
                    }
                    if !cache.timeline.is_loaded(*day) {
                        let day = *day;
                        self.load_day(space, channel, day);
                        return Some(ReadJob::List { request, space, channel, before, limit });
                    }
                    found += cache.timeline.messages().filter(|m| m.day == *day && older(m)).count();
                }
                let ids: Vec<EntryId> =
                    cache.timeline.messages().rev().filter(|m| older(m)).take(limit + 1).map(|m| m.id).collect();
                let more = ids.len() > limit;
                let messages: Vec<MessageView> =
                    ids.iter().take(limit).rev().filter_map(|id| cache.timeline.view(*id)).collect();
                self.reply(request, Ok(NodeReply::Messages { messages, more }));
                None
            }
            ReadJob::Unread { window, space, channel, mark } => {
                let s = self.spaces.get_mut(&space)?;
                let first =
                    s.channel(channel).stamps.iter().find(|(h, own)| *h > mark && !own).map(|(h, _)| h.day())?;
                let cache = s.channel(channel);
                if !cache.timeline.is_loaded(first) {
                    self.load_day(space, channel, first);
                    return Some(ReadJob::Unread { window, space, channel, mark });
                }
                let target = cache
                    .timeline
                    .messages()
                    .find(|m| m.place.hlc > mark && !m.own)
                    .map(|m| Target { day: m.day, id: m.id });
                if let (Some(open), Some(target)) =
                    (self.windows.get_mut(&window).filter(|w| w.channel == channel), target)
                {
                    open.window.move_to(Focus::Message(target));
                    self.dirty.insert(Dirty::Window(space, channel));
                }
                None
            }
        }
    }
}

fn day_counts(s: &crate::space::Space, channel: ChannelId) -> Vec<DayCount> {
    s.replica.channel_days(channel).map(|(day, entries)| DayCount { day, entries: u64::from(entries) }).collect()
}
