//! What the screens are drawn from: borrowed slices of the projections in `hearth-ports`, cheap to put together each frame.

use crate::{KeysView, Talk, Tokens, VoiceChoices};
use hearth_ports::{ChannelView, CommunityHead, IdentityView, MemberView, MessageView, NetStatus, RoleView};
use hearth_room::Spot;
use hearth_types::{ChannelId, EntryId, SpaceId, UserId};

/// How much moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Motion {
    /// Springs.
    #[default]
    Full,
    /// Short fades instead.
    Reduced,
}

/// What changes from frame to frame and is no fact of the program: time, motion, colours.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// Unix milliseconds.
    pub now_ms: u64,
    /// Minutes to add to UTC for the wall clock.
    pub utc_offset_min: i32,
    /// Seconds since the frame before; clamped inside.
    pub dt: f32,
    /// How much moves.
    pub motion: Motion,
    /// Whether the window has the keyboard: messages are marked read only then.
    pub focused: bool,
    /// Colours and sizes.
    pub tokens: &'a Tokens,
}

/// What the caller owes the screen after a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Activity {
    /// Something moves: draw another frame at once.
    pub moving: bool,
    /// Draw another frame at this time (Unix milliseconds) even if nothing happens.
    pub wake_at_ms: Option<u64>,
}

impl Activity {
    /// Both wishes together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let wake_at_ms = match (self.wake_at_ms, other.wake_at_ms) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Self { moving: self.moving || other.moving, wake_at_ms }
    }
}

/// Which of the screens before the main view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnboardingStep {
    /// Name and colour.
    #[default]
    Identity,
    /// Paste a link, or start a community.
    JoinOrCreate,
}

/// Facts of onboarding.
#[derive(Debug, Clone, Copy)]
pub struct OnboardingView<'a> {
    /// Screen.
    pub step: OnboardingStep,
    /// Name chosen so far, to greet by.
    pub me: Option<&'a IdentityView>,
    /// An invite link found on the clipboard or given at start: offered, never used by itself.
    pub offered_link: Option<&'a str>,
    /// Leave the background to the caller's own backdrop.
    pub backdrop: bool,
}

/// One place in the rail.
#[derive(Debug, Clone, Copy)]
pub struct CommunityItem<'a> {
    /// The community.
    pub head: &'a CommunityHead,
    /// Unread messages in all its channels.
    pub unread: u32,
    /// Mentions among them.
    pub mentions: u32,
}

/// One line of the channel list.
#[derive(Debug, Clone, Copy)]
pub struct ChannelItem<'a> {
    /// The channel.
    pub channel: &'a ChannelView,
    /// Unread messages.
    pub unread: u32,
    /// Mentions among them.
    pub mentions: u32,
}

/// The loaded part of the open channel, at most `limits::WINDOW_MESSAGES`, oldest first.
#[derive(Debug, Clone, Copy)]
pub struct WindowView<'a> {
    /// Whose messages these are; while it differs from the selected channel, the window counts as not here yet.
    pub channel: ChannelId,
    /// Messages.
    pub messages: &'a [MessageView],
    /// Older ones exist.
    pub before: bool,
    /// Newer ones exist.
    pub after: bool,
    /// Newest message read before the channel was opened; the new-messages line stands after it.
    pub mark: Option<EntryId>,
    /// Unread messages in the channel.
    pub unread: u32,
}

/// Somebody types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypingView {
    /// Who.
    pub user: UserId,
    /// Shown until then, Unix milliseconds.
    pub until_ms: u64,
}

/// Somebody in a voice room.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VoicePerson {
    /// Room.
    pub channel: ChannelId,
    /// Who.
    pub user: UserId,
    /// Says nothing.
    pub muted: bool,
    /// Hears nothing.
    pub deafened: bool,
    /// Nobody hears them: they may not speak there, or somebody senior muted them.
    pub silenced: bool,
    /// Where they sit, in metres of the room; who has said nothing of it sits where there is room.
    pub seat: Option<Spot>,
    /// Speaks now; known only of the room one is in.
    pub speaking: bool,
    /// How loud, 0.0 to 1.0.
    pub level: f32,
    /// How loud one lets them be: 0.0 is silence, 1.0 as they are, 2.0 the most.
    pub volume: f32,
}

/// The call one is in, in whichever community.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CallView<'a> {
    /// Where.
    pub community: SpaceId,
    /// Its name.
    pub community_name: &'a str,
    /// Room.
    pub channel: ChannelId,
    /// Its name.
    pub channel_name: &'a str,
    /// One says nothing.
    pub muted: bool,
    /// One hears nothing.
    pub deafened: bool,
    /// One may not be heard.
    pub silenced: bool,
    /// Others in the room.
    pub others: usize,
    /// Whose computer passes the voices on, if one does.
    pub relay: Option<&'a str>,
    /// Whom alone one speaks to; empty for everybody.
    pub whisper: &'a [UserId],
}

/// One's own microphone during a test.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct MicView {
    /// How loud, 0.0 to 1.0.
    pub level: f32,
    /// What it takes in would be sent.
    pub open: bool,
}

/// Voice rooms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VoiceView<'a> {
    /// Everybody in the rooms of the open community, **sorted by `channel`** (looked up by binary search), within a room in
    /// the order to be shown.
    pub people: &'a [VoicePerson],
    /// The call one is in.
    pub call: Option<CallView<'a>>,
    /// How one is heard and hears.
    pub choices: &'a VoiceChoices,
    /// One's own keys.
    pub keys: KeysView<'a>,
    /// It is held.
    pub talking: bool,
    /// Why there is no overlay, if there is none on this computer.
    pub no_overlay: Option<&'a str>,
    /// Why games are not heard, or not all, if so.
    pub no_games: Option<&'a str>,
    /// One's own microphone, for the test of it.
    pub mic: MicView,
    /// Somebody paints [`crate::UiState::lounge`] beneath; without, the room is drawn plainly.
    pub painted: bool,
}

impl<'a> VoiceView<'a> {
    /// One is heard only while the key is held.
    pub fn push_to_talk(&self) -> bool {
        self.choices.talk == Talk::Key
    }
    /// Everybody in a room.
    pub fn in_room(&self, channel: ChannelId) -> &'a [VoicePerson] {
        let start = self.people.partition_point(|p| p.channel < channel);
        let rest = self.people.get(start..).unwrap_or_default();
        rest.get(..rest.partition_point(|p| p.channel == channel)).unwrap_or_default()
    }
    /// The call, if it is in this room.
    pub fn call_in(&self, channel: ChannelId) -> Option<CallView<'a>> {
        self.call.filter(|call| call.channel == channel)
    }
}

/// Catching up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncView {
    /// Here.
    pub fetched: u64,
    /// Still missing, not 0.
    pub missing: u64,
}

/// How loud a toast is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToastLevel {
    /// Good to know.
    Info,
    /// Something did not work.
    Warning,
}

/// A short notice. The caller decides how long it stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// For `DismissToast`.
    pub id: u64,
    /// How loud.
    pub level: ToastLevel,
    /// A plain sentence.
    pub text: String,
}

/// Facts of the main view. Slices may be rebuilt each frame; references into them are not kept.
#[derive(Debug, Clone, Copy)]
pub struct MainView<'a> {
    /// Oneself.
    pub me: &'a IdentityView,
    /// The rail, in its order.
    pub communities: &'a [CommunityItem<'a>],
    /// The open community.
    pub community: Option<&'a CommunityHead>,
    /// Its channels by (position, id).
    pub channels: &'a [ChannelItem<'a>],
    /// The open channel.
    pub channel: Option<&'a ChannelView>,
    /// Members of the open community, **sorted by `user`** (looked up by binary search).
    pub members: &'a [&'a MemberView],
    /// Changes whenever any member changed or another community was opened; the people list is sorted anew only then.
    pub members_revision: u64,
    /// Roles known here, in any order; may be empty.
    pub roles: &'a [RoleView],
    /// Messages of the open channel; none while it loads.
    pub window: Option<WindowView<'a>>,
    /// Who types in the open channel.
    pub typing: &'a [TypingView],
    /// Voice rooms and the call one is in.
    pub voice: VoiceView<'a>,
    /// Connection.
    pub net: &'a NetStatus,
    /// Catching up, while it lasts.
    pub sync: Option<SyncView>,
    /// Notices, oldest first.
    pub toasts: &'a [Toast],
}

impl<'a> MainView<'a> {
    /// A member by id.
    pub fn member(&self, user: UserId) -> Option<&'a MemberView> {
        self.members.binary_search_by(|m| m.user.cmp(&user)).ok().and_then(|i| self.members.get(i).copied())
    }
}
