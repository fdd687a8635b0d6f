//! What drivers ask, one function a family.

mod channel;
mod community;
mod message;

use crate::{
    author::{bad, unknown_community},
    kernel::{Kernel, Pending, Then},
};
use hearth_ports::{IdentityView, NodeCommand, NodeError, NodeEvent, NodeReply, StoreRequest};
use hearth_types::{ChannelId, ContentBody, ControlBody, SpaceId, limits};
use hearth_wire::CheckedEntry;

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
            C::ChannelPlan { channel, plan } => self.channel_plan(request, channel, plan),
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
            C::MemberMute { community, user, on } => self.member_mute(request, community, user, on),
            C::PresenceSet { presence, playing } => {
                self.presence_set(presence, playing);
                self.reply(request, Ok(NodeReply::Done));
            }
            C::TypingSend { channel } => self.typing_send(request, channel),
            C::ReadMark { channel, message } => self.find(request, message, Found::Mark { channel }),
            C::VoiceJoin { channel } => self.voice_join(request, channel),
            C::VoiceLeave => self.voice_leave(request),
            C::Voice(ask) => self.voice_ask(request, ask),
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

    fn shutdown(&mut self, request: u64) {
        self.voice_out(true);
        self.voice_left();
        self.presence = hearth_ports::Presence::Offline;
        self.publish_presence();
        self.reply(request, Ok(NodeReply::Done));
        self.event(NodeEvent::Stopped);
        self.stopping = true;
    }

    pub(crate) fn space_of_channel(&self, channel: ChannelId) -> Option<SpaceId> {
        self.spaces.values().find(|s| !s.leaving && s.replica.state().channels.contains_key(&channel)).map(|s| s.id)
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

pub(crate) fn clean_text(text: String) -> Result<String, NodeError> {
    if text.trim().is_empty() {
        return Err(bad("There is nothing to send."));
    }
    if text.chars().count() > limits::MESSAGE_CHARS {
        return Err(bad("A message has at most 4,000 characters."));
    }
    Ok(text)
}
