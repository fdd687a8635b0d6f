//! Founding, leaving, naming, inviting, roles.

use super::{channel::new_channel, clean_name};
use crate::{
    author::{bad, not_allowed, unknown_community},
    kernel::{Kernel, Pending, Then},
    space::Space,
};
use hearth_crypto::{Entropy, EpochSecret, Secret32, identity};
use hearth_ports::{ErrorCode, InviteView, NodeError, NodeEvent, NodeReply, SpaceRecord, StoreRequest};
use hearth_replica::{OwnLog, Replica};
use hearth_types::{
    ChannelKind, ControlBody, EntryId, EpochFields, Hlc, InviteFields, Permissions, RoleFields, SpaceId, UserId, limits,
};
use hearth_wire::{CheckedEntry, InviteLink, cbor::Codec};

impl Kernel {
    pub(crate) fn community_create(&mut self, request: u64, name: &str) {
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
    pub(crate) fn founding_entries(
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

    pub(crate) fn community_leave(&mut self, request: u64, space: SpaceId) {
        if !self.spaces.contains_key(&space) {
            return self.reply(request, Err(unknown_community()));
        }
        match self.author_control(space, ControlBody::Leave, None) {
            Ok(entry) => self.put_own(space, vec![entry], Then::Left { request }),
            Err(error) => self.reply(request, Err(error)),
        }
    }

    pub(crate) fn left(&mut self, request: u64, space: SpaceId) {
        if self.voice.as_ref().is_some_and(|v| v.space == space) {
            self.voice_out(true);
            self.voice_left();
        }
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

    pub(crate) fn setting(&mut self, request: u64, space: SpaceId, key: &str, value: &str) {
        let value = match clean_name(value) {
            Ok(value) => value,
            Err(error) => return self.reply(request, Err(error)),
        };
        let Some(s) = self.spaces.get(&space) else { return self.reply(request, Err(unknown_community())) };
        let replaces = s.replica.setting_heads(key);
        let body = ControlBody::Setting { key: key.into(), value, replaces };
        self.act(request, space, body, Some(Permissions::MANAGE_COMMUNITY), |_| NodeReply::Done);
    }

    pub(crate) fn invite_create(
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
    pub(crate) fn link_text(
        &self,
        space: SpaceId,
        secret: hearth_crypto::Secret16,
        expires_at_ms: Option<u64>,
    ) -> String {
        let expires_at_s = expires_at_ms.map(|ms| u32::try_from(ms / 1_000).unwrap_or(u32::MAX));
        InviteLink { space, secret, expires_at_s, peers: self.invite_peers(space) }.to_link()
    }

    pub(crate) fn invite_list(&mut self, request: u64, space: SpaceId) {
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

    pub(crate) fn invite_revoke(&mut self, request: u64, invite: EntryId) {
        let user = self.user;
        let found =
            self.spaces.values().find_map(|s| s.replica.state().invites.get(&invite).map(|i| (s.id, i.creator)));
        let Some((space, creator)) = found else {
            return self.reply(request, Err(NodeError::new(ErrorCode::NotFound, "There is no such invite here.")));
        };
        let need = if creator == user { Permissions::CREATE_INVITE } else { Permissions::MANAGE_COMMUNITY };
        self.act(request, space, ControlBody::InviteRevoke { invite }, Some(need), |_| NodeReply::Done);
    }

    pub(crate) fn role_create(&mut self, request: u64, space: SpaceId, name: &str, permissions: Permissions) {
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

    pub(crate) fn role_grant(&mut self, request: u64, space: SpaceId, user: UserId, role: EntryId) {
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

    pub(crate) fn member_mute(&mut self, request: u64, space: SpaceId, user: UserId, on: bool) {
        let Some(s) = self.spaces.get(&space) else { return self.reply(request, Err(unknown_community())) };
        let Some(member) = s.replica.state().members.get(&user) else {
            return self.reply(request, Err(NodeError::new(ErrorCode::NotFound, "There is no such member here.")));
        };
        if s.replica.rank(&user) <= s.replica.rank(&self.user) {
            return self.reply(request, Err(not_allowed()));
        }
        if member.muted == on {
            return self.reply(request, Ok(NodeReply::Done));
        }
        let body = ControlBody::Mute { user, on, replaces: member.mute_heads.clone() };
        self.act(request, space, body, Some(Permissions::MUTE_MEMBERS), |_| NodeReply::Done);
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
