//! What drivers see: views built from the spaces, told when they change.

use crate::{admit::Dirty, kernel::Kernel};
use hearth_ports::{
    ChannelView, CommunityHead, CommunityView, Health, MemberView, MessageView, NetStatus, NodeEvent, PeerView,
    RoleView, SendState,
};
use hearth_timeline::Opened;
use hearth_types::{ChannelId, ContentBody, EntryId, PeerKey, SpaceId, Target, UserId};

/// After so long without a link, people are told that nobody is reachable, in milliseconds.
const ALONE_MS: u64 = 20_000;

impl Kernel {
    pub(crate) fn head_view(&self, space: SpaceId) -> Option<CommunityHead> {
        let s = self.spaces.get(&space).filter(|s| !s.leaving)?;
        let state = s.replica.state();
        Some(CommunityHead {
            community: space,
            name: state.name().to_owned(),
            owner: state.owner,
            permissions: s.replica.permissions(&self.user),
            member_count: state.members.len() as u32,
        })
    }

    pub(crate) fn community_view(&self, space: SpaceId) -> Option<CommunityView> {
        let head = self.head_view(space)?;
        let s = self.spaces.get(&space)?;
        let state = s.replica.state();
        let role = |(id, r): (&EntryId, &hearth_replica::RoleState)| RoleView {
            role: *id,
            name: r.fields.name.clone(),
            rank: r.fields.rank,
            permissions: r.fields.permissions,
        };
        let mut channels: Vec<ChannelView> =
            state.channels.keys().filter_map(|c| self.channel_view(space, *c)).collect();
        channels.sort_by_key(|c| (c.position, c.channel));
        Some(CommunityView {
            head,
            channels,
            roles: state.roles.iter().map(role).collect(),
            members: state.members.keys().filter_map(|u| self.member_view(space, *u)).collect(),
            settings: state.settings.clone(),
            heads: s.replica.heads(),
        })
    }

    pub(crate) fn channel_view(&self, space: SpaceId, channel: ChannelId) -> Option<ChannelView> {
        let f = &self.spaces.get(&space).filter(|s| !s.leaving)?.replica.state().channels.get(&channel)?.fields;
        Some(ChannelView {
            community: space,
            channel,
            name: f.name.clone(),
            kind: f.kind,
            topic: f.topic.clone(),
            position: f.position,
            sealed: f.sealed,
            plan: self.plan(space, channel),
        })
    }

    pub(crate) fn member_view(&self, space: SpaceId, user: UserId) -> Option<MemberView> {
        let replica = &self.spaces.get(&space).filter(|s| !s.leaving)?.replica;
        let state = replica.state();
        let m = state.members.get(&user)?;
        Some(MemberView {
            community: space,
            user,
            name: m.name.clone(),
            color: m.color,
            roles: m.roles.iter().map(|r| r.role).collect(),
            rank: replica.rank(&user),
            owner: state.owner == user,
            presence: self.presence_of(user),
            playing: self.playing_of(user),
        })
    }

    pub(crate) fn peer_view(&self, peer: PeerKey) -> Option<PeerView> {
        let link = self.links.get(&peer)?;
        let user = self.spaces.values().find_map(|s| s.link_user(&peer));
        Some(PeerView {
            peer,
            user,
            linked: true,
            route: Some(link.route),
            address: Some(link.address.clone()),
            rtt_ms: link.rtt_ms,
        })
    }

    pub(crate) fn peer_views(&self) -> Vec<PeerView> {
        self.links.keys().filter_map(|p| self.peer_view(*p)).collect()
    }

    pub(crate) fn net_status(&self) -> NetStatus {
        let proven = |p: &PeerKey| self.spaces.values().any(|s| s.links.get(p).is_some_and(|l| l.proven));
        let members_linked = self.links.keys().filter(|p| proven(p)).count() as u32;
        let others = self.spaces.values().any(|s| !s.leaving && s.replica.state().members.len() > 1);
        let anywhere = self.listening.iter().any(|a| !a.contains("/127.0.0.1/") && !a.contains("/::1/"));
        let (health, sentence) = if members_linked > 0 {
            (Health::Fine, "Connected. Messages arrive as they are written.")
        } else if !self.joins.is_empty() {
            (Health::Connecting, "Joining. Looking for somebody of this community.")
        } else if !anywhere && self.listening.is_empty() {
            (
                Health::NoNetwork,
                "This computer has no network right now. Your messages are saved and go out by themselves.",
            )
        } else if !others {
            (Health::Fine, "Ready. Invite somebody and talk.")
        } else if self.now < self.started_ms.max(self.alone_since_ms) + ALONE_MS {
            (Health::Connecting, "Looking for the others.")
        } else {
            (Health::Alone, "Can't reach anyone yet. Your message is saved and goes out by itself.")
        };
        NetStatus {
            health,
            sentence: sentence.into(),
            links: self.links.len() as u32,
            members_linked,
            listen: self.listening.iter().cloned().collect(),
        }
    }

    /// Tells the connection dot when it changed.
    pub(crate) fn tell_net(&mut self) {
        let status = self.net_status();
        if status.members_linked > 0 {
            self.alone_since_ms = self.now;
        } else if status.health == Health::Connecting {
            self.set_timer(crate::kernel::Timer::Alone, ALONE_MS + 100);
        }
        if self.told_net.as_ref() != Some(&status) {
            self.told_net = Some(status.clone());
            self.event(NodeEvent::Net(status));
        }
    }

    pub(crate) fn announce_ready(&mut self) {
        if !self.ready_told {
            self.ready_told = true;
            let listen = self.listening.iter().cloned().collect();
            self.event(NodeEvent::Ready { user: self.user, peer: self.keys.peer, listen });
            let me = self.me.clone();
            self.event(NodeEvent::Identity(me));
        }
    }

    pub(crate) fn tell(&mut self, dirty: Dirty) {
        match dirty {
            Dirty::Head(space) => {
                if let Some(head) = self.head_view(space) {
                    self.event(NodeEvent::Community(head));
                }
            }
            Dirty::Channel(space, channel) => match self.channel_view(space, channel) {
                Some(view) => self.event(NodeEvent::Channel(view)),
                None => self.event(NodeEvent::ChannelGone { community: space, channel }),
            },
            Dirty::Member(space, user) => match self.member_view(space, user) {
                Some(view) => self.event(NodeEvent::Member(view)),
                None => self.event(NodeEvent::MemberGone { community: space, user }),
            },
            Dirty::Unread(space, channel) => self.tell_unread(space, channel, false),
            Dirty::Window(_, channel) => self.update_windows(channel),
        }
    }

    fn tell_unread(&mut self, space: SpaceId, channel: ChannelId, always: bool) {
        let Some(s) = self.spaces.get_mut(&space) else { return };
        if !s.replica.state().channels.contains_key(&channel) {
            return;
        }
        let since = s.joined_at;
        let cache = s.channel(channel);
        let unread = cache.unread(since);
        if always || cache.unread_told != Some(unread) {
            cache.unread_told = Some(unread);
            let mark = cache.mark.map(|(_, id)| id);
            let mentions = cache.unread_mentions(since);
            self.event(NodeEvent::Unread { channel, unread, mentions, mark });
        }
    }

    /// Everything about one space.
    pub(crate) fn tell_space(&mut self, space: SpaceId) {
        self.tell(Dirty::Head(space));
        let Some(s) = self.spaces.get(&space) else { return };
        let (channels, members): (Vec<_>, Vec<_>) = {
            let state = s.replica.state();
            (state.channels.keys().copied().collect(), state.members.keys().copied().collect())
        };
        for channel in &channels {
            self.tell(Dirty::Channel(space, *channel));
        }
        for user in members {
            self.tell(Dirty::Member(space, user));
        }
        for channel in channels {
            self.tell_unread(space, channel, true);
        }
    }

    /// Everything, between two marks; windows start anew.
    pub(crate) fn snapshot(&mut self) {
        self.event(NodeEvent::SnapshotBegin);
        let me = self.me.clone();
        self.event(NodeEvent::Identity(me));
        for space in self.spaces.keys().copied().collect::<Vec<_>>() {
            self.tell_space(space);
        }
        for view in self.peer_views() {
            self.event(NodeEvent::Peer(view));
        }
        for view in self.told_voice.values().copied().collect::<Vec<_>>() {
            self.event(NodeEvent::VoiceMember(view));
        }
        let status = self.net_status();
        self.event(NodeEvent::Net(status));
        self.event(NodeEvent::SnapshotEnd);
        self.reset_windows();
    }

    /// A message that is news, as it stands in the timeline, or as it was written if its day is not loaded.
    pub(crate) fn tell_message(&mut self, space: SpaceId, channel: ChannelId, opened: &Opened) {
        let Some(s) = self.spaces.get(&space) else { return };
        let folded = s.channels.get(&channel).and_then(|c| c.timeline.view(opened.id));
        let message = folded.unwrap_or_else(|| plain_view(opened, s.delivered));
        self.event(NodeEvent::Message { community: space, channel, message });
    }

    /// An amendment that is news: tells the message it changed, loading its day if need be.
    pub(crate) fn tell_change(&mut self, space: SpaceId, channel: ChannelId, target: Target) {
        if !self.tell_message_changed(space, channel, target.id) {
            self.change_job(space, channel, target);
        }
    }

    pub(crate) fn tell_message_changed(&mut self, space: SpaceId, channel: ChannelId, id: EntryId) -> bool {
        let view = self.spaces.get(&space).and_then(|s| s.channels.get(&channel)?.timeline.view(id));
        let Some(message) = view else { return false };
        self.event(NodeEvent::MessageChanged { community: space, channel, message });
        true
    }
}

fn plain_view(opened: &Opened, delivered: u64) -> MessageView {
    let (text, reply_to, readable) = match &opened.content {
        Some(ContentBody::Message { text, reply_to }) => (text.clone(), reply_to.map(|t| t.id), true),
        _ => (String::new(), None, false),
    };
    let state = match opened.own {
        false => SendState::Received,
        true if opened.seq <= delivered => SendState::Sent,
        true => SendState::Saved,
    };
    MessageView {
        message: opened.id,
        author: opened.author,
        at: opened.hlc.ms(),
        text,
        reply_to,
        edited: false,
        deleted: false,
        pinned: false,
        reactions: Vec::new(),
        state,
        readable,
    }
}
