//! Taking entries in: admission, and everything that follows from what changed.

use crate::kernel::{Kernel, Pending, Timer};
use hearth_ports::{EntrySummary, StoreRequest};
use hearth_replica::{Admission, Change};
use hearth_timeline::Opened;
use hearth_types::{
    ChannelId, Class, ContentBody, ControlBody, Day, EntryId, EntryRow, Hlc, Permissions, Scope, SpaceId, UserId,
};
use hearth_wire::CheckedEntry;

/// How an entry came here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// Written here; already stored.
    Own,
    /// Heard live.
    Gossip,
    /// Fetched or pushed on a link.
    Sync,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    New,
    Known,
    Waiting,
    Refused,
}

/// A projection that changed and is told once at the end of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Dirty {
    Head(SpaceId),
    Channel(SpaceId, ChannelId),
    Member(SpaceId, UserId),
    Unread(SpaceId, ChannelId),
    Window(SpaceId, ChannelId),
}

impl Kernel {
    /// Admits one entry. What is new and not one's own goes to the disk when the input is worked off.
    pub(crate) fn admit(&mut self, space: SpaceId, entry: &CheckedEntry, source: Source) -> Outcome {
        let today = Day::from_ms(self.now);
        let Some(s) = self.spaces.get_mut(&space) else { return Outcome::Refused };
        match s.replica.admit(entry, today) {
            Admission::New { changes, released } => {
                self.take(space, entry, source);
                for entry in &released {
                    self.take(space, entry, Source::Sync);
                }
                for change in changes {
                    self.changed(space, change);
                }
                Outcome::New
            }
            Admission::Known => Outcome::Known,
            Admission::Waiting => Outcome::Waiting,
            Admission::Refused(_) => Outcome::Refused,
        }
    }

    fn take(&mut self, space: SpaceId, entry: &CheckedEntry, source: Source) {
        if source != Source::Own {
            self.fetched.push(entry.to_row());
        }
        match entry.envelope().scope {
            Scope::Control => self.take_control(space, entry),
            Scope::Channel(channel) => self.take_content(space, channel, entry, source),
        }
    }

    fn take_control(&mut self, space: SpaceId, entry: &CheckedEntry) {
        let Some(s) = self.spaces.get_mut(&space) else { return };
        let introduced = match entry.control().map(|act| act.body) {
            Ok(ControlBody::Admit { join }) => Some(join.certificate.device),
            Ok(ControlBody::DeviceAdd { certificate }) => Some(certificate.device),
            _ => None,
        };
        if let Some(device) = introduced {
            s.introductions.entry(device).or_insert(entry.id());
        }
        s.newest_control = s.newest_control.max(entry.envelope().hlc);
        s.control.insert(entry.id(), entry.clone());
    }

    fn take_content(&mut self, space: SpaceId, channel: ChannelId, entry: &CheckedEntry, source: Source) {
        let now = self.now;
        let own_device = self.keys.device.id();
        let Some(s) = self.spaces.get_mut(&space) else { return };
        let e = entry.envelope();
        let is_message = matches!(e.class, Class::Message | Class::File);
        let opened = open(s, entry, own_device);
        let joined_at = s.joined_at;
        let cache = s.channel(channel);
        if mentions(&opened, &self.me.name) {
            cache.mentions.insert(e.hlc);
        }
        if is_message && opened.counts {
            cache.stamp(e.hlc, e.device == own_device);
            self.dirty.insert(Dirty::Unread(space, channel));
        }
        let cache = self.spaces.get_mut(&space).map(|s| s.channel(channel));
        let changed = cache.map(|c| c.timeline.apply(opened.clone(), now)).unwrap_or_default();
        // A window on a channel that was empty learns of its first day this way.
        if !changed.is_empty() || self.windows.values().any(|w| w.channel == channel) {
            self.dirty.insert(Dirty::Window(space, channel));
        }
        // History that was there before one joined is not news.
        let news = source != Source::Sync || e.hlc > joined_at;
        if news && opened.counts {
            match opened.target {
                None if is_message => self.tell_message(space, channel, &opened),
                Some(target) => self.tell_change(space, channel, target),
                None => {}
            }
        }
    }

    fn changed(&mut self, space: SpaceId, change: Change) {
        match change {
            Change::Settings => {
                self.dirty.insert(Dirty::Head(space));
                self.plans_changed(space);
            }
            Change::Member(user) | Change::MemberGone(user) | Change::Standing(user) => {
                self.dirty.insert(Dirty::Member(space, user));
                self.dirty.insert(Dirty::Head(space));
                self.reload_timelines(space);
                self.judge_links(space);
                self.voice_news(space);
            }
            Change::Channel(channel) | Change::ChannelGone(channel) => {
                self.dirty.insert(Dirty::Channel(space, channel));
            }
            Change::Recheck(id) => {
                self.flush_fetched();
                let token = self.token(Pending::Recheck { space });
                self.store(StoreRequest::LoadRows { token, ids: vec![id] });
            }
            Change::LogBroken { device, seq } => {
                let name = format!("broken:{space}:{device}");
                self.store(StoreRequest::PutValue { token: None, name, value: Some(seq.to_be_bytes().to_vec()) });
                self.reload_timelines(space);
            }
            Change::Role(_) | Change::RoleGone(_) => {
                self.dirty.insert(Dirty::Head(space));
            }
            Change::Epoch(_) => self.epoch_news.push(space),
            Change::Invite(_) | Change::EpochGone(_) | Change::Content => {}
        }
    }

    /// Verdicts changed: fold the loaded days again. Rare, so from the disk.
    fn reload_timelines(&mut self, space: SpaceId) {
        let Some(s) = self.spaces.get_mut(&space) else { return };
        let days: Vec<(ChannelId, Day)> =
            s.channels.iter().flat_map(|(c, cache)| cache.timeline.loaded().map(|d| (*c, d))).collect();
        for (channel, day) in days {
            self.load_day(space, channel, day);
        }
    }

    /// Sends what was fetched to the disk, then tells what changed. Last in every input.
    pub(crate) fn settle(&mut self) {
        self.flush_fetched();
        for space in std::mem::take(&mut self.epoch_news) {
            self.check_secrets(space);
        }
        // Answers that wait for a day are worked off first: they may change windows.
        self.step_reads();
        while let Some(dirty) = self.dirty.pop_first() {
            self.tell(dirty);
        }
        self.joins_progress();
    }

    /// Neighbours of entries that were restored from summaries came back from the disk.
    pub(crate) fn recheck(&mut self, space: SpaceId, rows: Vec<EntryRow>) {
        for entry in rows.into_iter().filter_map(|r| CheckedEntry::from_row(r).ok()) {
            let changes = self.spaces.get_mut(&space).map(|s| s.replica.recheck(&entry)).unwrap_or_default();
            for change in changes {
                self.changed(space, change);
            }
        }
    }

    /// Entries that waited for their day, which has come.
    pub(crate) fn release_due(&mut self) {
        let today = Day::from_ms(self.now);
        for space in self.spaces.keys().copied().collect::<Vec<_>>() {
            let Some((changes, released)) = self.spaces.get_mut(&space).map(|s| s.replica.advance(today)) else {
                continue;
            };
            for entry in &released {
                self.take(space, entry, Source::Sync);
            }
            for change in changes {
                self.changed(space, change);
            }
        }
    }

    /// Notes the stamps of stored content at start.
    pub(crate) fn note_summary(&mut self, summary: &EntrySummary) {
        let own = summary.device == self.keys.device.id();
        if let (Some(s), Scope::Channel(channel), None) =
            (self.spaces.get_mut(&summary.space), summary.scope, summary.target)
            && s.replica.counts(&summary.device, summary.seq)
        {
            s.channel(channel).stamp(summary.hlc, own);
        }
    }

    /// Marks own entries delivered when a member's root equals ours.
    pub(crate) fn mark_delivered(&mut self, space: SpaceId) {
        let device = self.keys.device.id();
        let Some(s) = self.spaces.get_mut(&space) else { return };
        let top = s.replica.top(&device).map_or(0, |(seq, _)| seq);
        if top <= s.delivered {
            return;
        }
        s.delivered = top;
        let mut changed: Vec<(ChannelId, Vec<EntryId>)> = Vec::new();
        for (channel, cache) in &mut s.channels {
            let ids = cache.timeline.set_delivered(device, top);
            if !ids.is_empty() {
                changed.push((*channel, ids));
            }
        }
        self.store(StoreRequest::PutValue {
            token: None,
            name: format!("delivered:{space}"),
            value: Some(top.to_be_bytes().to_vec()),
        });
        for (channel, ids) in changed {
            self.dirty.insert(Dirty::Window(space, channel));
            for id in ids {
                self.tell_message_changed(space, channel, id);
            }
        }
    }

    /// After entries came in: is anything still missing, and do the others know?
    pub(crate) fn after_entries(&mut self, space: SpaceId) {
        self.set_timer(Timer::SoonHeads(space), 300);
    }
}

/// Opens a content entry as far as its key allows, with the verdicts of the space.
pub(crate) fn open(s: &crate::space::Space, entry: &CheckedEntry, own: hearth_types::DeviceId) -> Opened {
    let e = entry.envelope();
    let author = s.replica.user_of(&e.device);
    let secret = e.key.and_then(|k| s.secrets.get(&k.epoch));
    Opened {
        id: entry.id(),
        author: author.unwrap_or(UserId([0; 32])),
        device: e.device,
        seq: e.seq,
        hlc: e.hlc,
        day: e.day,
        target: e.target,
        content: secret.and_then(|secret| entry.content(secret).ok()),
        manages: author.is_some_and(|u| s.replica.may(&u, Permissions::MANAGE_MESSAGES)),
        counts: s.replica.counts(&e.device, e.seq),
        own: e.device == own,
    }
}

/// Whether a message of somebody else names this user, as `@name`, whatever the case.
pub(crate) fn mentions(opened: &Opened, name: &str) -> bool {
    match &opened.content {
        Some(ContentBody::Message { text, .. }) if !opened.own && !name.is_empty() && text.contains('@') => {
            text.to_lowercase().contains(&format!("@{}", name.to_lowercase()))
        }
        _ => false,
    }
}

/// The stamp of a member's joining, or the end of time for somebody who is not in.
pub(crate) fn joined_at(s: &crate::space::Space, user: &UserId) -> Hlc {
    s.replica.state().members.get(user).map_or(Hlc(u64::MAX), |m| m.joined_at)
}
