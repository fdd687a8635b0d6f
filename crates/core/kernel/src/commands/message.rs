//! Writing, amending, reading up to a mark.

use super::{Found, clean_text};
use crate::{
    author::{bad, not_allowed, unknown_channel, unknown_message},
    kernel::{Kernel, Pending, Then},
};
use hearth_ports::{NodeReply, StoreRequest};
use hearth_types::{ChannelId, ChannelKind, ContentBody, EntryId, EntryRow, Hlc, Permissions, Scope, SpaceId, Target};

impl Kernel {
    pub(crate) fn message_send(&mut self, request: u64, channel: ChannelId, text: String, reply_to: Option<EntryId>) {
        match clean_text(text) {
            Err(error) => self.reply(request, Err(error)),
            Ok(text) => match reply_to {
                Some(id) => self.find(request, id, Found::Reply { channel, text }),
                None => self.message_write(request, channel, text, None),
            },
        }
    }

    pub(crate) fn message_write(
        &mut self,
        request: u64,
        channel: ChannelId,
        text: String,
        reply_to: Option<(Target, Hlc)>,
    ) {
        let Some(space) = self.space_of_channel(channel) else { return self.reply(request, Err(unknown_channel())) };
        let kind =
            self.spaces.get(&space).and_then(|s| s.replica.state().channels.get(&channel)).map(|c| c.fields.kind);
        if kind == Some(ChannelKind::Voice) {
            return self.reply(request, Err(bad("This is a voice channel. Write in a text channel.")));
        }
        let content = ContentBody::Message { text, reply_to: reply_to.map(|(t, _)| t) };
        // Whatever stands in the channel is answered: a conversation keeps its order though clocks differ.
        let newest = self.spaces.get_mut(&space).and_then(|s| s.channel(channel).stamps.last().map(|(hlc, _)| *hlc));
        let answered = reply_to.map(|(_, hlc)| hlc).max(newest);
        match self.author_content(space, channel, &content, None, answered) {
            Ok(entry) => {
                let reply = NodeReply::Message { message: entry.id() };
                self.put_own(space, vec![entry], Then::Reply { request, reply });
            }
            Err(error) => self.reply(request, Err(error)),
        }
    }

    pub(crate) fn amend(&mut self, request: u64, message: EntryId, content: ContentBody) {
        self.find(request, message, Found::Amend { content });
    }

    /// Looks a message up on disk and goes on in [`Kernel::found`].
    pub(crate) fn find(&mut self, request: u64, id: EntryId, what: Found) {
        let token = self.token(Pending::Find { request, what });
        self.store(StoreRequest::LoadRows { token, ids: vec![id] });
    }

    pub(crate) fn found(&mut self, request: u64, what: Found, rows: Vec<EntryRow>) {
        let found = rows.into_iter().next().filter(|r| r.target.is_none() && self.spaces.contains_key(&r.space));
        let Some((row, channel)) = found.and_then(|row| match row.scope {
            Scope::Channel(channel) => Some((row, channel)),
            Scope::Control => None,
        }) else {
            return self.reply(request, Err(unknown_message()));
        };
        let target = Target { day: row.day, id: row.id };
        match what {
            Found::Reply { channel: wanted, .. }
            | Found::Mark { channel: wanted }
            | Found::ListBefore { channel: wanted, .. }
            | Found::Window { channel: wanted, .. }
                if wanted != channel =>
            {
                self.reply(request, Err(unknown_message()));
            }
            Found::Reply { text, .. } => self.message_write(request, channel, text, Some((target, row.hlc))),
            Found::Amend { content } => self.amend_found(request, &row, channel, target, &content),
            Found::Mark { .. } => self.mark_read(request, row.space, channel, (row.hlc, row.id)),
            Found::ListBefore { limit, .. } => {
                self.list_job(request, row.space, channel, Some((row.hlc, row.id)), limit)
            }
            Found::Window { window, .. } => self.window_focus(request, window, channel, target),
        }
    }

    pub(crate) fn amend_found(
        &mut self,
        request: u64,
        row: &EntryRow,
        channel: ChannelId,
        target: Target,
        content: &ContentBody,
    ) {
        let Some(s) = self.spaces.get(&row.space) else { return self.reply(request, Err(unknown_message())) };
        let own = s.replica.user_of(&row.device) == Some(self.user);
        let manages = s.replica.may(&self.user, Permissions::MANAGE_MESSAGES);
        let allowed = match content {
            ContentBody::Edit { .. } => own,
            ContentBody::Delete => own || manages,
            ContentBody::Pin { .. } => manages,
            _ => s.replica.may(&self.user, Permissions::ADD_REACTIONS),
        };
        if !allowed {
            return self.reply(request, Err(not_allowed()));
        }
        match self.author_content(row.space, channel, content, Some(target), Some(row.hlc)) {
            Ok(entry) => self.put_own(row.space, vec![entry], Then::Reply { request, reply: NodeReply::Done }),
            Err(error) => self.reply(request, Err(error)),
        }
    }

    pub(crate) fn mark_read(&mut self, request: u64, space: SpaceId, channel: ChannelId, mark: (Hlc, EntryId)) {
        let Some(cache) = self.spaces.get_mut(&space).map(|s| s.channel(channel)) else { return };
        if cache.mark.is_none_or(|m| m < mark) {
            cache.mark = Some(mark);
            let mut value = mark.0.0.to_be_bytes().to_vec();
            value.extend_from_slice(&mark.1.0);
            self.store(StoreRequest::PutValue { token: None, name: format!("mark:{channel}"), value: Some(value) });
            self.dirty.insert(crate::admit::Dirty::Unread(space, channel));
        }
        self.reply(request, Ok(NodeReply::Done));
    }
}
