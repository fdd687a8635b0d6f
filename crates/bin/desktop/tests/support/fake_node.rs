//! A node of one process, for tests and the gallery: answers commands from memory as the real one would from its log.

use async_channel::{Receiver, Sender, bounded};
use hearth_ports::*;
use hearth_types::{ChannelId, ChannelKind, EntryId, PeerKey, Permissions, SpaceId, UserId, limits};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

pub const ME: UserId = UserId([0xaa; 32]);
const BEFORE: usize = 120;

pub struct Room {
    pub view: ChannelView,
    pub messages: Vec<MessageView>,
    pub unread: u32,
    pub mark: Option<EntryId>,
}

pub struct Home {
    pub head: CommunityHead,
    pub rooms: Vec<Room>,
    pub members: Vec<MemberView>,
}

/// Everything it knows. Change it before it is started, or through `tell`.
pub struct State {
    pub me: IdentityView,
    pub homes: Vec<Home>,
    pub net: NetStatus,
    pub now_ms: u64,
    pub fail: BTreeMap<&'static str, NodeError>,
    /// Who is in which voice room.
    pub seats: Vec<VoiceMemberView>,
    /// Who speaks there, heard by those inside.
    pub speakers: Vec<(UserId, f32)>,
    next: u32,
    windows: BTreeMap<u32, (ChannelId, usize, usize)>,
}

pub fn id(kind: u8, n: u32) -> [u8; 32] {
    let mut id = [kind; 32];
    id[..4].copy_from_slice(&n.to_be_bytes());
    id
}

impl State {
    pub fn empty() -> Self {
        Self {
            me: IdentityView { user: ME, name: String::new(), color: 0xe0_7a_3f },
            homes: vec![],
            net: NetStatus {
                health: Health::Fine,
                sentence: "Connected.".into(),
                links: 0,
                members_linked: 0,
                listen: vec!["/ip4/127.0.0.1/udp/4001/quic-v1".into()],
            },
            now_ms: 1_790_000_000_000,
            fail: BTreeMap::new(),
            seats: vec![],
            speakers: vec![],
            next: 1_000_000,
            windows: BTreeMap::new(),
        }
    }

    fn fresh(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    pub fn found(&mut self, name: &str) -> SpaceId {
        let n = self.fresh();
        let space = SpaceId(id(1, n));
        let me = MemberView {
            community: space,
            user: ME,
            name: self.me.name.clone(),
            color: self.me.color,
            roles: vec![],
            rank: 0,
            owner: true,
            presence: Presence::Online,
            playing: None,
        };
        let head = CommunityHead {
            community: space,
            name: name.into(),
            owner: ME,
            permissions: Permissions::ADMINISTRATOR,
            member_count: 1,
        };
        self.homes.push(Home { head, rooms: vec![], members: vec![me] });
        self.add_room(space, "general", ChannelKind::Text, "");
        self.add_room(space, "lounge", ChannelKind::Voice, "");
        space
    }

    pub fn add_room(&mut self, space: SpaceId, name: &str, kind: ChannelKind, topic: &str) -> ChannelId {
        let n = self.fresh();
        let channel = ChannelId(id(2, n));
        let home = self.homes.iter_mut().find(|h| h.head.community == space).expect("community");
        let position = home.rooms.len() as u32;
        let view = ChannelView {
            community: space,
            channel,
            name: name.into(),
            kind,
            topic: topic.into(),
            position,
            sealed: false,
            plan: Default::default(),
        };
        home.rooms.push(Room { view, messages: vec![], unread: 0, mark: None });
        channel
    }

    pub fn room(&mut self, channel: ChannelId) -> Option<&mut Room> {
        self.homes.iter_mut().flat_map(|h| h.rooms.iter_mut()).find(|r| r.view.channel == channel)
    }

    pub fn say(&mut self, channel: ChannelId, author: UserId, at: u64, text: &str) -> EntryId {
        let n = self.fresh();
        let message = EntryId(id(3, n));
        let view = MessageView {
            message,
            author,
            at,
            text: text.into(),
            reply_to: None,
            edited: false,
            deleted: false,
            pinned: false,
            reactions: vec![],
            state: if author == ME { SendState::Sent } else { SendState::Received },
            readable: true,
        };
        self.room(channel).expect("channel").messages.push(view);
        message
    }

    pub fn message(&mut self, message: EntryId) -> Option<(SpaceId, ChannelId, usize, &mut MessageView)> {
        self.homes.iter_mut().flat_map(|h| h.rooms.iter_mut()).find_map(|room| {
            let at = room.messages.iter().position(|m| m.message == message)?;
            Some((room.view.community, room.view.channel, at, &mut room.messages[at]))
        })
    }

    fn snapshot(&self, out: &mut Vec<NodeEvent>) {
        out.push(NodeEvent::SnapshotBegin);
        out.push(NodeEvent::Identity(self.me.clone()));
        for home in &self.homes {
            self.home_events(home, out);
        }
        out.extend(self.seats.iter().copied().map(NodeEvent::VoiceMember));
        out.push(NodeEvent::Net(self.net.clone()));
        out.push(NodeEvent::SnapshotEnd);
        self.heard(out);
        for window in self.windows.keys() {
            out.extend(self.window_reset(*window));
        }
    }

    /// Somebody goes into a voice room.
    pub fn seat(&mut self, channel: ChannelId, user: UserId, muted: bool) {
        let community = self.room(channel).expect("room").view.community;
        self.seats.retain(|seat| (seat.community, seat.user) != (community, user));
        self.seats.push(VoiceMemberView {
            community,
            channel,
            user,
            inside: true,
            muted,
            deafened: false,
            silenced: false,
            seat: None,
        });
    }

    fn my_seat(&mut self) -> Option<&mut VoiceMemberView> {
        self.seats.iter_mut().find(|seat| seat.user == ME)
    }

    /// What is heard in the room one is in.
    fn heard(&self, out: &mut Vec<NodeEvent>) {
        let Some(channel) = self.seats.iter().find(|seat| seat.user == ME).map(|seat| seat.channel) else { return };
        for (user, level) in &self.speakers {
            out.push(NodeEvent::VoiceSpeaking { channel, user: *user, speaking: true, level: *level });
        }
        out.push(NodeEvent::VoiceRelay { channel, topology: VoiceTopology::Mesh, relay: None });
    }

    fn get_up(&mut self, out: &mut Vec<NodeEvent>) {
        if let Some(at) = self.seats.iter().position(|seat| seat.user == ME) {
            out.push(NodeEvent::VoiceMember(VoiceMemberView { inside: false, ..self.seats.remove(at) }));
        }
    }

    fn home_events(&self, home: &Home, out: &mut Vec<NodeEvent>) {
        out.push(NodeEvent::Community(home.head.clone()));
        for room in &home.rooms {
            out.push(NodeEvent::Channel(room.view.clone()));
            let channel = room.view.channel;
            out.push(NodeEvent::Unread { channel, unread: room.unread, mentions: 0, mark: room.mark });
        }
        out.extend(home.members.iter().cloned().map(NodeEvent::Member));
    }

    fn messages(&self, channel: ChannelId) -> &[MessageView] {
        let mut rooms = self.homes.iter().flat_map(|h| h.rooms.iter());
        rooms.find(|r| r.view.channel == channel).map_or(&[], |r| &r.messages)
    }

    fn window_reset(&self, window: u32) -> Option<NodeEvent> {
        let (channel, start, end) = *self.windows.get(&window)?;
        let all = self.messages(channel);
        let (start, end) = (start.min(all.len()), end.min(all.len()));
        let messages = all[start..end].to_vec();
        let diff = WindowDiff::Reset { channel, messages, before: start > 0, after: end < all.len() };
        Some(NodeEvent::Window { window, diffs: vec![diff] })
    }

    fn place(&mut self, window: u32, channel: ChannelId, anchor: Anchor) {
        let mark = self.room(channel).and_then(|room| room.mark);
        let all = self.messages(channel);
        let at = |wanted: EntryId| all.iter().position(|m| m.message == wanted);
        let centre = match anchor {
            Anchor::Newest => None,
            Anchor::Message(wanted) => at(wanted),
            Anchor::Unread => mark.and_then(at),
        };
        let end = centre.map_or(all.len(), |c| (c + limits::WINDOW_MESSAGES - BEFORE).min(all.len()));
        let start = end.saturating_sub(limits::WINDOW_MESSAGES);
        self.windows.insert(window, (channel, start, end));
    }

    /// Diffs for windows that follow the newest message of a channel.
    fn appended(&mut self, channel: ChannelId, out: &mut Vec<NodeEvent>) {
        let all = self.messages(channel).to_vec();
        let Some(message) = all.last().cloned() else { return };
        for (window, (of, start, end)) in &mut self.windows {
            if *of != channel || *end + 1 != all.len() {
                continue;
            }
            *end += 1;
            let mut diffs = vec![WindowDiff::Insert { index: *end - *start - 1, message: message.clone() }];
            if *end - *start > limits::WINDOW_MESSAGES {
                *start += 1;
                diffs.push(WindowDiff::Remove { index: 0 });
                diffs.push(WindowDiff::Edges { before: true, after: false });
            }
            out.push(NodeEvent::Window { window: *window, diffs });
        }
    }

    fn changed(&mut self, message: EntryId, out: &mut Vec<NodeEvent>) {
        let Some((community, channel, at, view)) = self.message(message) else { return };
        let message = view.clone();
        out.push(NodeEvent::MessageChanged { community, channel, message: message.clone() });
        for (window, (of, start, end)) in &self.windows {
            if *of == channel && (*start..*end).contains(&at) {
                let diff = WindowDiff::Set { index: at - start, message: message.clone() };
                out.push(NodeEvent::Window { window: *window, diffs: vec![diff] });
            }
        }
    }

    /// A message by somebody, as if it had just arrived.
    pub fn arrive(&mut self, channel: ChannelId, author: UserId, text: &str) -> Vec<NodeEvent> {
        let mut out = vec![];
        self.now_ms += 1_000;
        let at = self.now_ms;
        self.say(channel, author, at, text);
        let room = self.room(channel).expect("channel");
        let message = room.messages.last().cloned().expect("just said");
        out.push(NodeEvent::Message { community: room.view.community, channel, message });
        self.appended(channel, &mut out);
        out
    }

    fn answer(&mut self, command: NodeCommand, out: &mut Vec<NodeEvent>) -> Result<NodeReply, NodeError> {
        use NodeCommand as C;
        let gone = || NodeError::new(ErrorCode::UnknownMessage, "This message is not here any more.");
        let name = format!("{command:?}");
        if let Some(error) = self.fail.iter().find(|(start, _)| name.starts_with(**start)).map(|(_, e)| e.clone()) {
            return Err(error);
        }
        match command {
            C::Snapshot => self.snapshot(out),
            C::IdentityShow => return Ok(NodeReply::Identity(self.me.clone())),
            C::IdentitySet { name, color } => {
                self.me.name = name.unwrap_or(self.me.name.clone());
                self.me.color = color.unwrap_or(self.me.color);
                out.push(NodeEvent::Identity(self.me.clone()));
                return Ok(NodeReply::Identity(self.me.clone()));
            }
            C::CommunityCreate { name } => {
                let space = self.found(&name);
                return Ok(self.announce(space, out));
            }
            C::CommunityJoin { link } => {
                if !link.starts_with("mesh://") {
                    let message = "This is not an invite link. One begins with mesh:// or https://";
                    return Err(NodeError::new(ErrorCode::BadLink, message));
                }
                let community = self.found("Joined by link");
                self.announce(community, out);
                return Ok(NodeReply::Joined { community });
            }
            C::CommunityLeave { community } => {
                self.homes.retain(|h| h.head.community != community);
                out.push(NodeEvent::CommunityGone { community });
            }
            C::CommunityUpdate { community, name } => {
                for home in self.homes.iter_mut().filter(|h| h.head.community == community) {
                    home.head.name.clone_from(&name);
                    out.push(NodeEvent::Community(home.head.clone()));
                }
            }
            C::InviteCreate { expires_s, max_uses, .. } => {
                let n = self.fresh();
                let link = format!("mesh://join?c={}", "pGFjWCDv3wYt0m8Lx5r2Kq9hZ7aB4nE1sT6uV3".repeat(3));
                let expires_at_ms = expires_s.map(|s| self.now_ms + s * 1_000);
                let invite = InviteView { invite: EntryId(id(5, n)), link, expires_at_ms, max_uses, uses: 0 };
                return Ok(NodeReply::Invite(invite));
            }
            C::ChannelCreate { community, name, kind, .. } => {
                let channel = self.add_room(community, &name, kind, "");
                out.push(NodeEvent::Channel(self.room(channel).expect("new").view.clone()));
                return Ok(NodeReply::Channel { channel });
            }
            C::ChannelUpdate { channel, name, topic, .. } => {
                if let Some(room) = self.room(channel) {
                    room.view.name = name.unwrap_or(room.view.name.clone());
                    room.view.topic = topic.unwrap_or(room.view.topic.clone());
                    out.push(NodeEvent::Channel(room.view.clone()));
                }
            }
            C::ChannelDelete { channel } => {
                for home in &mut self.homes {
                    home.rooms.retain(|r| r.view.channel != channel);
                    out.push(NodeEvent::ChannelGone { community: home.head.community, channel });
                }
            }
            C::MessageSend { channel, text, reply_to } => {
                out.extend(self.arrive(channel, ME, &text));
                let message = self.room(channel).and_then(|r| r.messages.last_mut()).ok_or_else(gone)?;
                message.reply_to = reply_to;
                let id = message.message;
                self.changed(id, out);
                return Ok(NodeReply::Message { message: id });
            }
            C::MessageEdit { message, text } => {
                let view = self.message(message).ok_or_else(gone)?.3;
                view.text = text;
                view.edited = true;
                self.changed(message, out);
            }
            C::MessageDelete { message } => {
                let view = self.message(message).ok_or_else(gone)?.3;
                view.text.clear();
                view.deleted = true;
                self.changed(message, out);
            }
            C::MessagePin { message, on } => {
                self.message(message).ok_or_else(gone)?.3.pinned = on;
                self.changed(message, out);
            }
            C::MessageReact { message, emoji, on } => {
                let view = self.message(message).ok_or_else(gone)?.3;
                let at = view.reactions.iter().position(|r| r.emoji == emoji).unwrap_or_else(|| {
                    view.reactions.push(ReactionView { emoji, users: vec![] });
                    view.reactions.len() - 1
                });
                view.reactions[at].users.retain(|u| *u != ME);
                if on {
                    view.reactions[at].users.push(ME);
                }
                view.reactions.retain(|r| !r.users.is_empty());
                self.changed(message, out);
            }
            C::ReadMark { channel, message } => {
                if let Some(room) = self.room(channel) {
                    room.mark = Some(message);
                    room.unread = 0;
                    out.push(NodeEvent::Unread { channel, unread: 0, mentions: 0, mark: Some(message) });
                }
            }
            C::WindowOpen { window, channel, anchor } => {
                self.place(window, channel, anchor);
                out.extend(self.window_reset(window));
            }
            C::WindowMove { window, anchor } => {
                if let Some((channel, ..)) = self.windows.get(&window).copied() {
                    self.place(window, channel, anchor);
                    out.extend(self.window_reset(window));
                }
            }
            C::WindowClose { window } => {
                self.windows.remove(&window);
            }
            C::VoiceJoin { channel } => {
                self.get_up(out);
                self.seat(channel, ME, false);
                out.extend(self.my_seat().copied().map(NodeEvent::VoiceMember));
                self.heard(out);
            }
            C::VoiceLeave => self.get_up(out),
            C::ChannelPlan { channel, plan } => {
                if let Some(room) = self.room(channel) {
                    room.view.plan = plan;
                    out.push(NodeEvent::Channel(room.view.clone()));
                }
            }
            C::Voice(VoiceAsk::Set(settings)) => {
                if let Some(seat) = self.my_seat() {
                    let before = *seat;
                    seat.muted = settings.mute.unwrap_or(seat.muted);
                    seat.deafened = settings.deafen.unwrap_or(seat.deafened);
                    let put = settings.position.map(|at| at.map(|x| (x * 100.0) as i16));
                    seat.seat = put.or(seat.seat);
                    if *seat != before {
                        out.push(NodeEvent::VoiceMember(*seat));
                    }
                }
            }
            C::Voice(VoiceAsk::Devices) => {
                let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
                return Ok(NodeReply::VoiceDevices(VoiceDevicesView {
                    inputs: names(&["Built-in Audio Analog Stereo", "USB Camera Mono"]),
                    outputs: names(&["Built-in Audio Analog Stereo", "HDMI / DisplayPort 1 Output"]),
                    input: String::new(),
                    output: String::new(),
                }));
            }
            C::Voice(VoiceAsk::Test { on: true } | VoiceAsk::Meter { on: true }) => {
                out.push(NodeEvent::VoiceLevels { own: 0.62, open: true, users: self.speakers.clone() });
            }
            C::NetStatus => return Ok(NodeReply::Net(self.net.clone())),
            _ => {}
        }
        Ok(NodeReply::Done)
    }

    fn announce(&mut self, space: SpaceId, out: &mut Vec<NodeEvent>) -> NodeReply {
        let home = self.homes.iter().find(|h| h.head.community == space).expect("community");
        self.home_events(home, out);
        NodeReply::Community(Box::new(CommunityView {
            head: home.head.clone(),
            channels: home.rooms.iter().map(|r| r.view.clone()).collect(),
            roles: vec![],
            members: home.members.clone(),
            settings: BTreeMap::new(),
            heads: String::new(),
        }))
    }
}

/// A running fake.
#[derive(Clone)]
pub struct FakeNode {
    pub state: Arc<Mutex<State>>,
    pub asked: Arc<Mutex<Vec<NodeCommand>>>,
    events: Sender<NodeEvent>,
    waker: Waker,
}

impl FakeNode {
    pub fn start(state: State, waker: Waker) -> (Self, NodeHandle) {
        let (command_tx, commands): (_, Receiver<(u64, NodeCommand)>) = bounded(limits::COMMAND_QUEUE);
        let (events, event_rx) = bounded(limits::EVENT_QUEUE);
        let fake = Self { state: Arc::new(Mutex::new(state)), asked: Arc::default(), events, waker };
        let node = fake.clone();
        std::thread::spawn(move || {
            node.emit(vec![NodeEvent::Ready { user: ME, peer: PeerKey([7; 32]), listen: vec![] }]);
            while let Ok((request, command)) = commands.recv_blocking() {
                node.asked.lock().expect("asked").push(command.clone());
                if command == NodeCommand::Shutdown {
                    node.emit(vec![NodeEvent::Reply { request, result: Ok(NodeReply::Done) }, NodeEvent::Stopped]);
                    return;
                }
                let mut out = vec![];
                let result = node.state.lock().expect("state").answer(command, &mut out);
                out.push(NodeEvent::Reply { request, result });
                node.emit(out);
            }
        });
        (fake, NodeHandle::new(command_tx, event_rx))
    }

    /// Events as if the network had brought them.
    pub fn emit(&self, events: Vec<NodeEvent>) {
        for event in events {
            if self.events.send_blocking(event).is_err() {
                return;
            }
            (self.waker)();
        }
    }

    pub fn tell(&self, change: impl FnOnce(&mut State) -> Vec<NodeEvent>) {
        let events = change(&mut self.state.lock().expect("state"));
        self.emit(events);
    }
}
