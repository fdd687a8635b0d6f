//! What drivers ask, one function a family.

use crate::{
    author::{bad, not_allowed, unknown_channel, unknown_community, unknown_message},
    kernel::{Kernel, Pending, Then},
    space::Space,
};
use hearth_crypto::{Entropy, EpochSecret, Secret32, identity};
use hearth_ports::{
    ErrorCode, IdentityView, InviteView, NodeCommand, NodeError, NodeEvent, NodeReply, SpaceRecord, StoreRequest,
};
use hearth_replica::{OwnLog, Replica};
use hearth_types::{
    ChannelFields, ChannelId, ChannelKind, ContentBody, ControlBody, EntryId, EntryRow, EpochFields, Hlc, InviteFields,
    Permissions, RoleFields, Scope, SpaceId, Target, UserId, limits,
};
use hearth_wire::{CheckedEntry, InviteLink, cbor::Codec};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Why a row is being looked for.
pub(crate) enum Found {
    Reply { channel: ChannelId, text: String },
    Amend { content: ContentBody },
    Mark { channel: ChannelId },
    ListBefore { channel: ChannelId, limit: usize },
    Window { window: u32, channel: ChannelId },
}

impl Kernel {
    pub(crate) fn command(&mut self, request: u64, command: NodeCommand) {
        use NodeCommand as C;
        match command {
            C::IdentityShow => {
                let me = self.me.clone();
                self.reply(request, Ok(NodeReply::Identity(me)));
            }
            C::IdentitySet { name, color } => self.identity_set(request, name, color),
            C::CommunityCreate { name } => self.community_create(request, &name),
            C::CommunityList => {
                let all = self.spaces.keys().copied().collect::<Vec<_>>();
                let views = all.iter().filter_map(|id| self.community_view(*id)).collect();
                self.reply(request, Ok(NodeReply::Communities(views)));
            }
            C::CommunityState { community } => {
                let view = self.community_view(community).ok_or_else(unknown_community);
                self.reply(request, view.map(|v| NodeReply::Community(Box::new(v))));
            }
            C::CommunityJoin { link } => self.community_join(request, &link),
            C::CommunityLeave { community } => self.community_leave(request, community),
            C::CommunityUpdate { community, name } => self.setting(request, community, "name", &name),
            C::InviteCreate { community, expires_s, max_uses, role } => {
                self.invite_create(request, community, expires_s, max_uses, role)
            }
            C::InviteRevoke { invite } => self.invite_revoke(request, invite),
            C::InviteList { community } => self.invite_list(request, community),
            C::ChannelCreate { community, name, kind, sealed } => {
                self.channel_create(request, community, name, kind, sealed)
            }
            C::ChannelUpdate { channel, name, topic, position } => self.channel_change(request, channel, |f| {
                f.name = name.unwrap_or_else(|| f.name.clone());
                f.topic = topic.unwrap_or_else(|| f.topic.clone());
                f.position = position.unwrap_or(f.position);
            }),
            C::ChannelDelete { channel } => self.channel_change(request, channel, |f| f.deleted = true),
            C::MessageSend { channel, text, reply_to } => self.message_send(request, channel, text, reply_to),
            C::MessageEdit { message, text } => match clean_text(text) {
                Ok(text) => self.amend(request, message, ContentBody::Edit { text }),
                Err(error) => self.reply(request, Err(error)),
            },
            C::MessageDelete { message } => self.amend(request, message, ContentBody::Delete),
            C::MessageReact { message, emoji, on } => {
                if emoji.trim().is_empty() || emoji.len() > limits::EMOJI_BYTES {
                    self.reply(request, Err(bad("A reaction is one short symbol.")));
                } else {
                    self.amend(request, message, ContentBody::React { emoji, on });
                }
            }
            C::MessagePin { message, on } => self.amend(request, message, ContentBody::Pin { on }),
            C::MessageList { channel, before, limit } => self.message_list(request, channel, before, limit),
            C::RoleCreate { community, name, permissions } => self.role_create(request, community, &name, permissions),
            C::RoleGrant { community, user, role } => self.role_grant(request, community, user, role),
            C::PresenceSet { presence } => {
                self.presence = presence;
                self.publish_presence();
                self.reply(request, Ok(NodeReply::Done));
            }
            C::TypingSend { channel } => self.typing_send(request, channel),
            C::ReadMark { channel, message } => self.find(request, message, Found::Mark { channel }),
            C::PeersList => {
                let peers = self.peer_views();
                self.reply(request, Ok(NodeReply::Peers(peers)));
            }
            C::NetStatus => {
                let status = self.net_status();
                self.reply(request, Ok(NodeReply::Net(status)));
            }
            C::WindowOpen { window, channel, anchor } => self.window_open(request, window, channel, anchor),
            C::WindowMove { window, anchor } => self.window_move(request, window, anchor),
            C::WindowClose { window } => {
                self.windows.remove(&window);
                self.reply(request, Ok(NodeReply::Done));
            }
            C::Snapshot => {
                self.snapshot();
                self.reply(request, Ok(NodeReply::Done));
            }
            C::Shutdown => self.shutdown(request),
        }
    }
}

impl Kernel {
    fn identity_set(&mut self, request: u64, name: Option<String>, color: Option<u32>) {
        let name = match name.map(|n| clean_name(&n)).transpose() {
            Ok(name) => name.unwrap_or_else(|| self.me.name.clone()),
            Err(error) => return self.reply(request, Err(error)),
        };
        let color = color.unwrap_or(self.me.color) & 0x00ff_ffff;
        let me = IdentityView { user: self.user, name, color };
        if me == self.me {
            return self.reply(request, Ok(NodeReply::Identity(me)));
        }
        self.me = me.clone();
        let mut value = color.to_be_bytes().to_vec();
        value.extend_from_slice(me.name.as_bytes());
        self.event(NodeEvent::Identity(me.clone()));
        let token = self.token(Pending::Value { request, reply: NodeReply::Identity(me) });
        self.store(StoreRequest::PutValue { token: Some(token), name: "identity".into(), value: Some(value) });
        for space in self.spaces.keys().copied().collect::<Vec<_>>() {
            self.write_profile(space, Then::Nothing);
        }
    }

    /// Writes own name and colour into a space, where they differ; `then` follows at once where they do not.
    pub(crate) fn write_profile(&mut self, space: SpaceId, then: Then) {
        match self.profile_entry(space) {
            Some(entry) => self.put_own(space, vec![entry], then),
            None => self.follow(space, then),
        }
    }

    fn profile_entry(&mut self, space: SpaceId) -> Option<CheckedEntry> {
        let member = self.spaces.get(&space)?.replica.state().members.get(&self.user)?;
        if self.me.name.is_empty() || (member.name == self.me.name && member.color == self.me.color) {
            return None;
        }
        let body = ControlBody::Profile {
            name: self.me.name.clone(),
            color: self.me.color,
            replaces: member.profile_heads.clone(),
        };
        self.author_control(space, body, None).ok()
    }

    fn community_create(&mut self, request: u64, name: &str) {
        let name = match clean_name(name) {
            Ok(name) => name,
            Err(error) => return self.reply(request, Err(error)),
        };
        if self.spaces.len() >= limits::SPACES {
            return self.reply(
                request,
                Err(NodeError::new(ErrorCode::TooMuch, "You are in as many communities as Hearth can hold.")),
            );
        }
        let (genesis, id, genesis_seed) = identity::found(None, self.user, &mut self.entropy);
        let Some(replica) = Replica::new(id, genesis.clone()) else {
            return self.reply(request, Err(bad("This community could not be made.")));
        };
        let genesis = genesis.to_bytes();
        let own = OwnLog::new(id, self.keys.device.id());
        self.spaces.insert(id, Space::new(id, genesis.clone(), replica, own));
        let secret = EpochSecret::new(id, Secret32::new(self.entropy.array()));
        let built = self.founding_entries(id, &name, &secret);
        let (entries, epoch) = match built {
            Ok(built) => built,
            Err(error) => {
                self.spaces.remove(&id);
                return self.reply(request, Err(error));
            }
        };
        let token = self.token(Pending::Setup { space: id });
        self.store(StoreRequest::PutSpace { token, record: SpaceRecord { space: id, genesis, joined: true } });
        let token = self.token(Pending::Setup { space: id });
        self.store(StoreRequest::PutSecret {
            token,
            space: id,
            epoch: epoch.into(),
            secret: *secret.secret().expose(),
        });
        self.store(StoreRequest::PutValue {
            token: None,
            name: format!("genesis:{id}"),
            value: Some(genesis_seed.expose().to_vec()),
        });
        if let Some(s) = self.spaces.get_mut(&id) {
            s.secrets.insert(epoch.into(), secret);
        }
        self.put_own(id, entries, Then::Created { request });
    }

    /// What a founder writes, in one go.
    fn founding_entries(
        &mut self,
        space: SpaceId,
        name: &str,
        secret: &EpochSecret,
    ) -> Result<(Vec<CheckedEntry>, EntryId), NodeError> {
        let mut out = Vec::new();
        let mut write = |k: &mut Self, body| -> Result<EntryId, NodeError> {
            let entry = k.author_control(space, body, None)?;
            let id = entry.id();
            out.push(entry);
            Ok(id)
        };
        write(self, ControlBody::DeviceAdd { certificate: self.certificate.clone() })?;
        write(self, ControlBody::Setting { key: "name".into(), value: name.into(), replaces: vec![] })?;
        let epoch = EpochFields {
            depth: 0,
            parents: vec![],
            covers: vec![],
            commitment: secret.commitment(),
            seals: None,
            parent_secrets: vec![],
        };
        let epoch = write(self, ControlBody::Epoch(epoch))?;
        if !self.me.name.is_empty() {
            write(self, ControlBody::Profile { name: self.me.name.clone(), color: self.me.color, replaces: vec![] })?;
        }
        let admin = RoleFields {
            role: None,
            name: "admin".into(),
            rank: 1,
            permissions: Permissions::ADMINISTRATOR,
            replaces: vec![],
        };
        write(self, ControlBody::Role(admin))?;
        for (position, (name, kind)) in
            [("general", ChannelKind::Text), ("lounge", ChannelKind::Voice)].into_iter().enumerate()
        {
            write(self, ControlBody::Channel(new_channel(name.into(), kind, position as u32, false)))?;
        }
        Ok((out, epoch))
    }

    pub(crate) fn created(&mut self, request: u64, space: SpaceId) {
        if let Some(s) = self.spaces.get_mut(&space) {
            s.joined_at = Hlc::from_ms(self.now);
        }
        self.subscribe(space);
        let reply = self.community_view(space).ok_or_else(unknown_community);
        self.reply(request, reply.map(|v| NodeReply::Community(Box::new(v))));
    }

    fn community_leave(&mut self, request: u64, space: SpaceId) {
        if !self.spaces.contains_key(&space) {
            return self.reply(request, Err(unknown_community()));
        }
        match self.author_control(space, ControlBody::Leave, None) {
            Ok(entry) => self.put_own(space, vec![entry], Then::Left { request }),
            Err(error) => self.reply(request, Err(error)),
        }
    }

    pub(crate) fn left(&mut self, request: u64, space: SpaceId) {
        if let Some(s) = self.spaces.get_mut(&space) {
            // Kept a moment longer, so that the others hear of it.
            s.leaving = true;
            let record = SpaceRecord { space, genesis: s.genesis.clone(), joined: false };
            let token = self.token(Pending::Fetched);
            self.store(StoreRequest::PutSpace { token, record });
        }
        self.event(NodeEvent::CommunityGone { community: space });
        self.reply(request, Ok(NodeReply::Done));
        self.tell_heads(space);
        self.set_timer(crate::kernel::Timer::Sweep, 5_000);
    }

    fn setting(&mut self, request: u64, space: SpaceId, key: &str, value: &str) {
        let value = match clean_name(value) {
            Ok(value) => value,
            Err(error) => return self.reply(request, Err(error)),
        };
        let Some(s) = self.spaces.get(&space) else { return self.reply(request, Err(unknown_community())) };
        let replaces = s.replica.setting_heads(key);
        let body = ControlBody::Setting { key: key.into(), value, replaces };
        self.act(request, space, body, Some(Permissions::MANAGE_COMMUNITY), |_| NodeReply::Done);
    }

    fn invite_create(
        &mut self,
        request: u64,
        space: SpaceId,
        expires_s: Option<u64>,
        max_uses: Option<u32>,
        role: Option<EntryId>,
    ) {
        if max_uses == Some(0) || expires_s == Some(0) {
            return self.reply(request, Err(bad("An invite needs at least one use and one second.")));
        }
        let secret = hearth_crypto::InviteSecret::new(hearth_crypto::Secret16::new(self.entropy.array()));
        let expires_at_ms = expires_s.map(|s| self.now.saturating_add(s.saturating_mul(1_000)));
        let fields = InviteFields { key: secret.public(space), expires_at_ms, max_uses, role };
        match self.author_control(space, ControlBody::Invite(fields.clone()), Some(Permissions::CREATE_INVITE)) {
            Ok(entry) => {
                let invite = entry.id();
                self.store(StoreRequest::PutValue {
                    token: None,
                    name: format!("invite:{invite}"),
                    value: Some(secret.secret().expose().to_vec()),
                });
                let link = self.link_text(space, secret.secret().duplicate(), expires_at_ms);
                self.invite_secrets.insert(invite, secret);
                let view = InviteView { invite, link, expires_at_ms, max_uses, uses: 0 };
                self.put_own(space, vec![entry], Then::Reply { request, reply: NodeReply::Invite(view) });
            }
            Err(error) => self.reply(request, Err(error)),
        }
    }

    /// The link of an invite, naming where this node and the members linked now can be reached.
    fn link_text(&self, space: SpaceId, secret: hearth_crypto::Secret16, expires_at_ms: Option<u64>) -> String {
        let expires_at_s = expires_at_ms.map(|ms| u32::try_from(ms / 1_000).unwrap_or(u32::MAX));
        InviteLink { space, secret, expires_at_s, peers: self.invite_peers(space) }.to_link()
    }

    fn invite_list(&mut self, request: u64, space: SpaceId) {
        let Some(s) = self.spaces.get(&space) else { return self.reply(request, Err(unknown_community())) };
        let views = s
            .replica
            .state()
            .invites
            .iter()
            .filter(|(_, i)| i.open(self.now))
            .map(|(id, i)| {
                let secret = self.invite_secrets.get(id).map(|s| s.secret().duplicate());
                let link = secret.map(|s| self.link_text(space, s, i.fields.expires_at_ms)).unwrap_or_default();
                InviteView {
                    invite: *id,
                    link,
                    expires_at_ms: i.fields.expires_at_ms,
                    max_uses: i.fields.max_uses,
                    uses: i.uses(),
                }
            })
            .collect();
        self.reply(request, Ok(NodeReply::Invites(views)));
    }

    fn invite_revoke(&mut self, request: u64, invite: EntryId) {
        let user = self.user;
        let found =
            self.spaces.values().find_map(|s| s.replica.state().invites.get(&invite).map(|i| (s.id, i.creator)));
        let Some((space, creator)) = found else {
            return self.reply(request, Err(NodeError::new(ErrorCode::NotFound, "There is no such invite here.")));
        };
        let need = if creator == user { Permissions::CREATE_INVITE } else { Permissions::MANAGE_COMMUNITY };
        self.act(request, space, ControlBody::InviteRevoke { invite }, Some(need), |_| NodeReply::Done);
    }

    fn channel_create(&mut self, request: u64, space: SpaceId, name: String, kind: ChannelKind, sealed: bool) {
        if sealed {
            return self.reply(request, Err(bad("Channels that newcomers cannot read back are not built yet.")));
        }
        let name = match clean_name(&name) {
            Ok(name) => name,
            Err(error) => return self.reply(request, Err(error)),
        };
        let Some(s) = self.spaces.get(&space) else { return self.reply(request, Err(unknown_community())) };
        let position = s.replica.state().channels.values().map(|c| c.fields.position + 1).max().unwrap_or(0);
        let body = ControlBody::Channel(new_channel(name, kind, position, sealed));
        self.act(request, space, body, Some(Permissions::MANAGE_CHANNELS), |id| NodeReply::Channel {
            channel: id.into(),
        });
    }

    fn channel_change(&mut self, request: u64, channel: ChannelId, change: impl FnOnce(&mut ChannelFields)) {
        let found = self.space_of_channel(channel);
        let Some((space, state)) =
            found.and_then(|id| Some((id, self.spaces.get(&id)?.replica.state().channels.get(&channel)?)))
        else {
            return self.reply(request, Err(unknown_channel()));
        };
        let mut fields = state.fields.clone();
        fields.channel = Some(channel.into());
        fields.replaces = state.heads.clone();
        change(&mut fields);
        match clean_name(&fields.name) {
            Ok(name) => fields.name = name,
            Err(error) => return self.reply(request, Err(error)),
        }
        if fields.topic.chars().count() > limits::TOPIC_CHARS {
            return self.reply(request, Err(bad("A topic has at most 512 characters.")));
        }
        self.act(request, space, ControlBody::Channel(fields), Some(Permissions::MANAGE_CHANNELS), |_| NodeReply::Done);
    }

    fn role_create(&mut self, request: u64, space: SpaceId, name: &str, permissions: Permissions) {
        let name = match clean_name(name) {
            Ok(name) => name,
            Err(error) => return self.reply(request, Err(error)),
        };
        let Some(s) = self.spaces.get(&space) else { return self.reply(request, Err(unknown_community())) };
        let lowest = s.replica.state().roles.values().map(|r| r.fields.rank).max().unwrap_or(0);
        let rank = lowest.saturating_add(1).max(s.replica.rank(&self.user).saturating_add(1)).min(u16::MAX - 1);
        let fields = RoleFields { role: None, name, rank, permissions, replaces: vec![] };
        self.act(request, space, ControlBody::Role(fields), Some(Permissions::MANAGE_ROLES), |role| NodeReply::Role {
            role,
        });
    }

    fn role_grant(&mut self, request: u64, space: SpaceId, user: UserId, role: EntryId) {
        let Some(s) = self.spaces.get(&space) else { return self.reply(request, Err(unknown_community())) };
        let Some(standing) = s.replica.state().roles.get(&role) else {
            return self.reply(request, Err(NodeError::new(ErrorCode::NotFound, "There is no such role here.")));
        };
        if !s.replica.is_member(&user) {
            return self.reply(request, Err(NodeError::new(ErrorCode::NotFound, "There is no such member here.")));
        }
        if standing.fields.rank <= s.replica.rank(&self.user) {
            return self.reply(request, Err(not_allowed()));
        }
        let body = ControlBody::Grant { user, role: standing.version };
        self.act(request, space, body, Some(Permissions::MANAGE_ROLES), |_| NodeReply::Done);
    }

    fn message_send(&mut self, request: u64, channel: ChannelId, text: String, reply_to: Option<EntryId>) {
        match clean_text(text) {
            Err(error) => self.reply(request, Err(error)),
            Ok(text) => match reply_to {
                Some(id) => self.find(request, id, Found::Reply { channel, text }),
                None => self.message_write(request, channel, text, None),
            },
        }
    }

    fn message_write(&mut self, request: u64, channel: ChannelId, text: String, reply_to: Option<(Target, Hlc)>) {
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

    fn amend(&mut self, request: u64, message: EntryId, content: ContentBody) {
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

    fn amend_found(&mut self, request: u64, row: &EntryRow, channel: ChannelId, target: Target, content: &ContentBody) {
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

    fn mark_read(&mut self, request: u64, space: SpaceId, channel: ChannelId, mark: (Hlc, EntryId)) {
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

    fn shutdown(&mut self, request: u64) {
        self.presence = hearth_ports::Presence::Offline;
        self.publish_presence();
        self.reply(request, Ok(NodeReply::Done));
        self.event(NodeEvent::Stopped);
        self.stopping = true;
    }

    pub(crate) fn space_of_channel(&self, channel: ChannelId) -> Option<SpaceId> {
        self.spaces.values().find(|s| !s.leaving && s.replica.state().channels.contains_key(&channel)).map(|s| s.id)
    }

    pub(crate) fn forget_space(&mut self, space: SpaceId) {
        if let Some(s) = self.spaces.remove(&space) {
            for secret in s.secrets.values() {
                for class in crate::gossip::TOPICS {
                    let topic = secret.topic(class);
                    self.topics.remove(&topic);
                    self.net(hearth_ports::NetCommand::Unsubscribe { topic });
                }
            }
        }
    }
}

impl Space {
    pub(crate) fn new(id: SpaceId, genesis: Vec<u8>, replica: Replica, own: OwnLog) -> Self {
        Self {
            id,
            genesis,
            replica,
            own,
            secrets: BTreeMap::new(),
            control: BTreeMap::new(),
            newest_control: Hlc(0),
            introductions: BTreeMap::new(),
            channels: BTreeMap::new(),
            links: BTreeMap::new(),
            fetching: BTreeSet::new(),
            notices: BTreeMap::new(),
            delivered: 0,
            joined_at: Hlc(u64::MAX),
            admits: VecDeque::new(),
            leaving: false,
        }
    }
}

fn new_channel(name: String, kind: ChannelKind, position: u32, sealed: bool) -> ChannelFields {
    ChannelFields {
        channel: None,
        name,
        kind,
        topic: String::new(),
        position,
        sealed,
        deleted: false,
        replaces: vec![],
    }
}

/// A name without white space around it, or why it is none.
pub(crate) fn clean_name(name: &str) -> Result<String, NodeError> {
    let name: String = name.trim().chars().filter(|c| !c.is_control()).collect();
    if name.is_empty() {
        return Err(bad("A name needs at least one letter."));
    }
    if name.chars().count() > limits::NAME_CHARS {
        return Err(bad("A name has at most 64 characters."));
    }
    Ok(name)
}

fn clean_text(text: String) -> Result<String, NodeError> {
    if text.trim().is_empty() {
        return Err(bad("There is nothing to send."));
    }
    if text.chars().count() > limits::MESSAGE_CHARS {
        return Err(bad("A message has at most 4,000 characters."));
    }
    Ok(text)
}
