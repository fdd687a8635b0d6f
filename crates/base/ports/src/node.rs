//! Node to its driver: the client, the control protocol, tests.

use crate::{
    NodeError,
    net::{Address, Route},
    voice::{VoiceAsk, VoiceDevicesView, VoiceMemberView, VoiceStatsView, VoiceTopology},
};
use hearth_room::BuiltIn;
use hearth_types::{ChannelId, ChannelKind, EntryId, PeerKey, Permissions, Playing, SpaceId, UserId};
use serde::Serialize;

/// What a driver asks. Each is answered by one [`NodeEvent::Reply`] with its request id.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeCommand {
    /// Who am I.
    IdentityShow,
    /// Change name or colour, here and in every community.
    IdentitySet { name: Option<String>, color: Option<u32> },
    /// Found a community with one text and one voice channel.
    CommunityCreate { name: String },
    /// Communities.
    CommunityList,
    /// One of them, whole.
    CommunityState { community: SpaceId },
    /// Join by a link; answered when its state has arrived.
    CommunityJoin { link: String },
    /// Leave.
    CommunityLeave { community: SpaceId },
    /// Rename.
    CommunityUpdate { community: SpaceId, name: String },
    /// Make a link.
    InviteCreate { community: SpaceId, expires_s: Option<u64>, max_uses: Option<u32>, role: Option<EntryId> },
    /// Close one.
    InviteRevoke { invite: EntryId },
    /// Links that stand.
    InviteList { community: SpaceId },
    /// New channel.
    ChannelCreate { community: SpaceId, name: String, kind: ChannelKind, sealed: bool },
    /// Furnish a voice room.
    ChannelPlan { channel: ChannelId, plan: BuiltIn },
    /// Change fields that are given.
    ChannelUpdate { channel: ChannelId, name: Option<String>, topic: Option<String>, position: Option<u32> },
    /// Take it off the list.
    ChannelDelete { channel: ChannelId },
    /// Write; answered with the id once it is safely on disk, whether or not anybody is reachable.
    MessageSend { channel: ChannelId, text: String, reply_to: Option<EntryId> },
    /// Change one's own.
    MessageEdit { message: EntryId, text: String },
    /// Delete one's own, or anybody's with `manage_messages`.
    MessageDelete { message: EntryId },
    /// Set or take back a reaction.
    MessageReact { message: EntryId, emoji: String, on: bool },
    /// Pin or unpin.
    MessagePin { message: EntryId, on: bool },
    /// Oldest first, the newest `limit` before `before`.
    MessageList { channel: ChannelId, before: Option<EntryId>, limit: usize },
    /// New role.
    RoleCreate { community: SpaceId, name: String, permissions: Permissions },
    /// Give a role.
    RoleGrant { community: SpaceId, user: UserId, role: EntryId },
    /// Have everybody drop a member's voice, or hear it again.
    MemberMute { community: SpaceId, user: UserId, on: bool },
    /// Online, idle, or unseen; and what one plays, `Some(None)` for nothing. What is none stays as it is.
    PresenceSet { presence: Option<Presence>, playing: Option<Option<Playing>> },
    /// Say that one is typing.
    TypingSend { channel: ChannelId },
    /// Everything up to here is read.
    ReadMark { channel: ChannelId, message: EntryId },
    /// Go into a voice room, out of any other.
    VoiceJoin { channel: ChannelId },
    /// Go out of it.
    VoiceLeave,
    /// Anything else about one's voice.
    Voice(VoiceAsk),
    /// Links and known peers.
    PeersList,
    /// State of the network.
    NetStatus,
    /// Open a window on a channel; `WindowDiff`s follow until it is closed. Reopening an id moves it.
    WindowOpen { window: u32, channel: ChannelId, anchor: Anchor },
    /// Centre the window around what the reader sees.
    WindowMove { window: u32, anchor: Anchor },
    /// Close it.
    WindowClose { window: u32 },
    /// Send every projection again: `SnapshotBegin`, all facts, `SnapshotEnd`, then `Reset` of each window.
    Snapshot,
    /// Finish and stop.
    Shutdown,
}

/// Where a window stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// The newest messages, following new ones.
    Newest,
    /// Around this one.
    Message(EntryId),
    /// Around the first unread one.
    Unread,
}

/// Whether somebody is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Here.
    Online,
    /// Away from the keyboard.
    Idle,
    /// Not here.
    Offline,
}

/// What a command gives back.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeReply {
    /// Nothing more to say.
    Done,
    /// `IdentityShow`, `IdentitySet`.
    Identity(IdentityView),
    /// `CommunityCreate`, `CommunityState`.
    Community(Box<CommunityView>),
    /// `CommunityList`.
    Communities(Vec<CommunityView>),
    /// `CommunityJoin`.
    Joined { community: SpaceId },
    /// `InviteCreate`.
    Invite(InviteView),
    /// `InviteList`.
    Invites(Vec<InviteView>),
    /// `ChannelCreate`.
    Channel { channel: ChannelId },
    /// `MessageSend`.
    Message { message: EntryId },
    /// `MessageList`.
    Messages { messages: Vec<MessageView>, more: bool },
    /// `RoleCreate`.
    Role { role: EntryId },
    /// `Voice(Stats)`.
    VoiceStats(VoiceStatsView),
    /// `Voice(Devices)`.
    VoiceDevices(VoiceDevicesView),
    /// `PeersList`.
    Peers(Vec<PeerView>),
    /// `NetStatus`.
    Net(NetStatus),
}

/// What a node says unasked, and its replies.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeEvent {
    /// It runs.
    Ready { user: UserId, peer: PeerKey, listen: Vec<Address> },
    /// Answer to a command.
    Reply { request: u64, result: Result<NodeReply, NodeError> },
    /// Own identity, at start and on change. `name` is empty before onboarding.
    Identity(IdentityView),
    /// Start of a full projection: what is not repeated before `SnapshotEnd` is gone.
    SnapshotBegin,
    /// End of it.
    SnapshotEnd,
    /// A community appeared or changed (its own fields; channels and members have events of their own).
    Community(CommunityHead),
    /// One was left.
    CommunityGone { community: SpaceId },
    /// A channel appeared or changed.
    Channel(ChannelView),
    /// It was deleted.
    ChannelGone { community: SpaceId, channel: ChannelId },
    /// A member appeared or changed.
    Member(MemberView),
    /// One left.
    MemberGone { community: SpaceId, user: UserId },
    /// Somebody came or went, or plays something else.
    PresenceChanged { user: UserId, presence: Presence, playing: Option<Playing> },
    /// Somebody types, until then.
    Typing { channel: ChannelId, user: UserId, until_ms: u64 },
    /// Somebody went into a voice room, out of it, or muted.
    VoiceMember(VoiceMemberView),
    /// Somebody in the same voice room began or stopped to speak. `level` from 0.0 to 1.0.
    VoiceSpeaking { channel: ChannelId, user: UserId, speaking: bool, level: f32 },
    /// Loudness while a meter is on, about 15 a second and only when it changed: 0.0 at -60 dBFS and below, 1.0 at 0 dBFS.
    /// `open` says whether one's own voice passes the gate.
    VoiceLevels { own: f32, open: bool, users: Vec<(UserId, f32)> },
    /// How the call runs changed; `relay` is the person whose computer passes the voices on.
    VoiceRelay { channel: ChannelId, topology: VoiceTopology, relay: Option<UserId> },
    /// A message was written, by anybody, oneself too.
    Message { community: SpaceId, channel: ChannelId, message: MessageView },
    /// One changed: edited, deleted, reacted to, pinned, delivered.
    MessageChanged { community: SpaceId, channel: ChannelId, message: MessageView },
    /// A window's content changed.
    Window { window: u32, diffs: Vec<WindowDiff> },
    /// Unread count and mark of a channel.
    Unread { channel: ChannelId, unread: u32, mentions: u32, mark: Option<EntryId> },
    /// Catching up: entries still missing, and fetched since it began. `missing` 0 ends it.
    SyncProgress { community: SpaceId, fetched: u64, missing: u64 },
    /// A peer's link or name changed.
    Peer(PeerView),
    /// A peer is no longer linked.
    PeerGone { peer: PeerKey },
    /// The state behind the connection dot.
    Net(NetStatus),
    /// Something to tell the person, in plain words.
    Warning { code: &'static str, message: String },
    /// The node is about to end.
    Stopped,
}

/// Oneself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IdentityView {
    pub user: UserId,
    pub name: String,
    /// 0xRRGGBB.
    pub color: u32,
}

/// A community's own fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommunityHead {
    pub community: SpaceId,
    pub name: String,
    pub owner: UserId,
    /// What oneself may do.
    pub permissions: Permissions,
    pub member_count: u32,
}

/// A community, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommunityView {
    #[serde(flatten)]
    pub head: CommunityHead,
    pub channels: Vec<ChannelView>,
    pub roles: Vec<RoleView>,
    pub members: Vec<MemberView>,
    pub settings: std::collections::BTreeMap<String, String>,
    /// Hex digest: equal on two peers exactly when their state is equal.
    pub heads: String,
}

/// A channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChannelView {
    pub community: SpaceId,
    pub channel: ChannelId,
    pub name: String,
    pub kind: ChannelKind,
    pub topic: String,
    pub position: u32,
    pub sealed: bool,
    /// What a voice room is like.
    pub plan: BuiltIn,
}

/// A role's standing version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoleView {
    pub role: EntryId,
    pub name: String,
    pub rank: u16,
    #[serde(serialize_with = "permission_names")]
    pub permissions: Permissions,
}

fn permission_names<S: serde::Serializer>(p: &Permissions, s: S) -> Result<S::Ok, S::Error> {
    s.collect_seq(p.names())
}

/// A member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MemberView {
    pub community: SpaceId,
    pub user: UserId,
    pub name: String,
    pub color: u32,
    /// Roles held beside `member`.
    pub roles: Vec<EntryId>,
    /// Most senior of them: 0 for the owner, `u16::MAX` for who holds none. One acts only on those of a larger rank.
    pub rank: u16,
    pub owner: bool,
    pub presence: Presence,
    /// What they play.
    pub playing: Option<Playing>,
}

/// An invite that stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InviteView {
    pub invite: EntryId,
    /// Empty when its secret is not on this device.
    pub link: String,
    pub expires_at_ms: Option<u64>,
    pub max_uses: Option<u32>,
    pub uses: u32,
}

/// How far a message got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SendState {
    /// On this disk; nobody reachable has it yet.
    Saved,
    /// Given to at least one other member.
    Sent,
    /// Written by somebody else.
    Received,
}

/// A reaction on a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReactionView {
    pub emoji: String,
    pub users: Vec<UserId>,
}

/// A message as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MessageView {
    pub message: EntryId,
    pub author: UserId,
    /// Unix milliseconds.
    pub at: u64,
    /// Empty when deleted or unreadable.
    pub text: String,
    pub reply_to: Option<EntryId>,
    pub edited: bool,
    pub deleted: bool,
    pub pinned: bool,
    pub reactions: Vec<ReactionView>,
    pub state: SendState,
    /// False when the key for it is not here yet.
    pub readable: bool,
}

/// A change of a window's list, to be applied in order.
#[derive(Debug, Clone, PartialEq)]
pub enum WindowDiff {
    /// The whole window. `before`, `after`: whether older and newer messages exist beyond it.
    Reset { channel: ChannelId, messages: Vec<MessageView>, before: bool, after: bool },
    /// One appeared at `index`.
    Insert { index: usize, message: MessageView },
    /// The one at `index` changed.
    Set { index: usize, message: MessageView },
    /// The one at `index` left the window.
    Remove { index: usize },
    /// Whether more exist beyond the window changed.
    Edges { before: bool, after: bool },
}

/// A linked or remembered peer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PeerView {
    pub peer: PeerKey,
    /// Whom it proved to be.
    pub user: Option<UserId>,
    pub linked: bool,
    pub route: Option<Route>,
    pub address: Option<Address>,
    pub rtt_ms: Option<u32>,
}

/// The connection dot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Linked to at least one member, or alone by right (no community, or nobody else in it).
    Fine,
    /// Looking for the others.
    Connecting,
    /// Nobody reachable for a while.
    Alone,
    /// No network address at all.
    NoNetwork,
}

/// State of the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NetStatus {
    pub health: Health,
    /// A plain sentence for people.
    pub sentence: String,
    pub links: u32,
    pub members_linked: u32,
    pub listen: Vec<Address>,
}
