//! Components and resources that hold facts. All are written by `Apply` alone.

use bevy_ecs::prelude::*;
use hearth_ports::{Address, IdentityView, NetStatus, Presence, ReactionView, Route, SendState, VoiceTopology};
use hearth_room::{BuiltIn, Spot};
use hearth_types::{ChannelId, ChannelKind, EntryId, PeerKey, Permissions, Playing, SpaceId, UserId};
use std::collections::BTreeMap;

/// Oneself; nothing before the node has said so.
#[derive(Resource, Debug, Default, Clone, PartialEq)]
pub struct Me(pub Option<IdentityView>);

/// State of the network; nothing before the node has said so.
#[derive(Resource, Debug, Default, Clone, PartialEq)]
pub struct Network(pub Option<NetStatus>);

/// Counters that grow when something of their kind changed, so that what is drawn is put together only then.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Revisions {
    /// Communities, channels, unread counts, catching up.
    pub lists: u64,
    /// Members and their presence.
    pub members: u64,
    /// Windows and their messages.
    pub windows: u64,
    /// Who is in which voice room, who speaks, how one's call runs.
    pub voices: u64,
    /// How loud somebody is.
    pub levels: u64,
}

impl Revisions {
    /// Everything may have changed.
    pub fn touch_all(&mut self) {
        self.lists += 1;
        self.members += 1;
        self.windows += 1;
        self.voices += 1;
        self.levels += 1;
    }
}

/// One's own microphone as a meter last told it. Of the moment, like [`Speaking`].
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq)]
pub struct Microphone {
    /// 0.0 to 1.0.
    pub level: f32,
    /// What it takes in is sent.
    pub open: bool,
}

/// Which snapshot last named this entity. What an ended snapshot did not name is gone.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedBy(pub u32);

/// Name shown to people, of a community, channel or member.
#[derive(Component, Debug, Clone, PartialEq, Eq)]
pub struct DisplayName(pub String);

/// A community one is in.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
#[require(CatchUp)]
pub struct Community(pub SpaceId);

/// Holder of a community's rank 0.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnedBy(pub UserId);

/// What oneself may do in a community.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct MyPermissions(pub Permissions);

/// Members of a community, those not shown included.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberCount(pub u32);

/// Entries still missing from a community, and fetched since catching up began. `missing` 0: nothing to show.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CatchUp {
    /// Already here.
    pub fetched: u64,
    /// Still to come.
    pub missing: u64,
}

/// A channel.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
#[require(Unread, Typers)]
pub struct Channel(pub ChannelId);

/// The community a channel stands in.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
#[relationship(relationship_target = Channels)]
pub struct InCommunity(pub Entity);

/// Channels of a community, in no order: [`crate::ChannelRows`] is the list people see.
#[derive(Component, Debug, Default)]
#[relationship_target(relationship = InCommunity, linked_spawn)]
pub struct Channels(Vec<Entity>);

/// Text or voice.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind(pub ChannelKind);

/// One line about a channel.
#[derive(Component, Debug, Clone, PartialEq, Eq)]
pub struct Topic(pub String);

/// Place in the channel list.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(pub u32);

/// Newcomers cannot read back.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed(pub bool);

/// Unread messages of a channel and the last one read.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Unread {
    /// Messages after the mark.
    pub messages: u32,
    /// Those that name oneself.
    pub mentions: u32,
    /// Last one read.
    pub mark: Option<EntryId>,
}

/// Who types in a channel, and until when (Unix milliseconds).
#[derive(Component, Debug, Clone, PartialEq, Eq, Default)]
pub struct Typers(pub BTreeMap<UserId, u64>);

/// Somebody in a voice room. A person is in one room of a community at most.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
#[require(Speaking)]
pub struct VoiceStream(pub UserId);

/// The room somebody is in.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
#[relationship(relationship_target = VoiceStreams)]
pub struct InRoom(pub Entity);

/// People in a voice room, in no order, at most `limits::VOICE_MEMBERS`.
#[derive(Component, Debug, Default)]
#[relationship_target(relationship = InRoom, linked_spawn)]
pub struct VoiceStreams(Vec<Entity>);

/// Says nothing.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct Muted(pub bool);

/// Hears nothing.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deafened(pub bool);

/// Nobody hears them: they may not speak there, or somebody senior muted them.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct Silenced(pub bool);

/// Where somebody in a voice room sits: right and forward of its middle, metres.
#[derive(Component, Debug, Clone, Copy, PartialEq)]
pub struct Seat(pub Option<Spot>);

/// What a voice room is like.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct Furnished(pub BuiltIn);

/// Whether somebody speaks, and how loud. Known only of one's own room, and only since one came in: like [`Typers`], no
/// snapshot repeats it.
#[derive(Component, Debug, Clone, Copy, PartialEq, Default)]
pub struct Speaking {
    /// Now.
    pub on: bool,
    /// 0.0 to 1.0.
    pub level: f32,
}

/// How one's call in this room runs. Absent until the call has said so, and again after one has left; no snapshot repeats
/// it.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallPath {
    /// Everybody to everybody, or through one.
    pub topology: VoiceTopology,
    /// Whose computer passes the voices on.
    pub relay: Option<UserId>,
}

/// A person's membership of one community.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member(pub UserId);

/// The community of a membership.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
#[relationship(relationship_target = Members)]
pub struct MemberOf(pub Entity);

/// Memberships of a community, in no order.
#[derive(Component, Debug, Default)]
#[relationship_target(relationship = MemberOf, linked_spawn)]
pub struct Members(Vec<Entity>);

/// Colour of a person, 0xRRGGBB.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct AvatarColor(pub u32);

/// Roles held beside `member`.
#[derive(Component, Debug, Clone, PartialEq, Eq)]
pub struct Roles(pub Vec<EntryId>);

/// Most senior rank of a member: 0 for the owner, `u16::MAX` for who holds no role.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rank(pub u16);

/// Whether this member founded the community.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct IsOwner(pub bool);

/// Whether somebody is there.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct There(pub Presence);

/// What somebody plays.
#[derive(Component, Debug, Clone, PartialEq, Eq)]
pub struct Plays(pub Option<Playing>);

/// A machine known to the network.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub PeerKey);

/// How a peer is reached.
#[derive(Component, Debug, Clone, PartialEq, Eq)]
pub struct LinkQuality {
    /// Whom it proved to be.
    pub user: Option<UserId>,
    /// Whether a link stands.
    pub linked: bool,
    /// How it runs.
    pub route: Option<Route>,
    /// Where it is.
    pub address: Option<Address>,
    /// Round trip in milliseconds.
    pub rtt_ms: Option<u32>,
}

/// A window on a channel's history, by the number it was opened under.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
#[require(MessageOrder, Edges)]
pub struct MessageWindow(pub u32);

/// The channel that a window looks at.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
#[relationship(relationship_target = Windows)]
pub struct WindowOf(pub Entity);

/// Windows on a channel.
#[derive(Component, Debug, Default)]
#[relationship_target(relationship = WindowOf, linked_spawn)]
pub struct Windows(Vec<Entity>);

/// Messages of a window, oldest first.
#[derive(Component, Debug, Clone, PartialEq, Eq, Default)]
pub struct MessageOrder(pub Vec<Entity>);

/// Whether messages exist beyond a window.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Edges {
    /// Older ones.
    pub before: bool,
    /// Newer ones.
    pub after: bool,
}

/// A message inside a window.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChatMessage(pub EntryId);

/// The window a message entity belongs to.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
#[relationship(relationship_target = WindowMessages)]
pub struct InWindow(pub Entity);

/// Message entities of a window, in no order: [`MessageOrder`] holds that.
#[derive(Component, Debug, Default)]
#[relationship_target(relationship = InWindow, linked_spawn)]
pub struct WindowMessages(Vec<Entity>);

/// Who wrote a message.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct Author(pub UserId);

/// Unix milliseconds of a message's stamp.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentAt(pub u64);

/// What a message says, and in which state.
#[derive(Component, Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// Empty when deleted or unreadable.
    pub text: String,
    /// Changed by its author.
    pub edited: bool,
    /// Taken away.
    pub deleted: bool,
    /// Kept at hand for everybody.
    pub pinned: bool,
    /// False when the key for it is not here yet.
    pub readable: bool,
}

/// The message answered.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplyTo(pub Option<EntryId>);

/// Reactions on a message.
#[derive(Component, Debug, Clone, PartialEq, Eq)]
pub struct Reactions(pub Vec<ReactionView>);

/// How far a message got.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery(pub SendState);
