//! What a person asked for. Views only ever push to [`Intents`]; the caller turns them into commands.

use crate::{KeyFor, VoiceChoices};
use hearth_ports::Anchor;
use hearth_room::{BuiltIn, Spot};
use hearth_types::{ChannelId, ChannelKind, EntryId, SpaceId, UserId};

/// Dark or light.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThemeChoice {
    /// Dark surfaces.
    #[default]
    Dark,
    /// Light surfaces.
    Light,
}

/// One wish.
#[derive(Debug, Clone, PartialEq)]
pub enum Intent {
    /// Onboarding 1: name and colour (0xRRGGBB) were chosen. The caller moves to [`crate::OnboardingStep::JoinOrCreate`].
    SetIdentity { name: String, color: u32 },
    /// Onboarding 2: go back to name and colour.
    Back,
    /// Show this community.
    SelectCommunity(SpaceId),
    /// Show this channel.
    SelectChannel(ChannelId),
    /// Found a community. Answer with `dialog_done` or `dialog_failed` on the state that asked, or `failed` in onboarding.
    CreateCommunity { name: String },
    /// Join by a link; answered like `CreateCommunity`.
    Join { link: String },
    /// Leave a community, confirmed.
    Leave(SpaceId),
    /// Rename a community; answered like `CreateCommunity`.
    RenameCommunity { community: SpaceId, name: String },
    /// New channel; answered like `CreateCommunity`.
    CreateChannel { community: SpaceId, name: String, kind: ChannelKind },
    /// Change a channel's name or topic; answered like `CreateCommunity`.
    UpdateChannel { channel: ChannelId, name: String, topic: String },
    /// Delete a channel, confirmed.
    DeleteChannel(ChannelId),
    /// Make an invite link. Answer with [`crate::UiState::invite_ready`] or `dialog_failed`.
    CreateInvite { community: SpaceId, expires_s: Option<u64> },
    /// Write a message.
    Send { channel: ChannelId, text: String, reply_to: Option<EntryId> },
    /// Change one's own.
    Edit { message: EntryId, text: String },
    /// Delete, confirmed.
    Delete { message: EntryId },
    /// Set or take back a reaction.
    React { message: EntryId, emoji: String, on: bool },
    /// Pin or unpin.
    Pin { message: EntryId, on: bool },
    /// One's own typing; repeated at most once in `limits::TYPING_EVERY_MS`.
    Typing { channel: ChannelId },
    /// The reader nears an edge of the window or jumps: centre it here.
    MoveWindow { anchor: Anchor },
    /// Back to the newest messages.
    OpenNewest,
    /// Everything up to this message was seen.
    MarkRead { channel: ChannelId, message: EntryId },
    /// Put this on the clipboard.
    CopyText(String),
    /// Open a web link that a person clicked.
    OpenLink(String),
    /// A toast was closed by hand.
    DismissToast(u64),
    /// The people list was shown or hidden by hand; [`crate::UiState`] has changed already, remember it for the next start.
    PeopleShown(bool),
    /// Dark or light.
    SetTheme(ThemeChoice),
    /// Go into a voice room, out of any other.
    JoinVoice(ChannelId),
    /// Go out of it.
    LeaveVoice,
    /// Sit there, in the room one is in. Comes often while one is dragged.
    Sit(Spot),
    /// Speak to these people alone, in the room one is in; to everybody again when there are none.
    Whisper(Vec<UserId>),
    /// Change what a voice room is like.
    SetPlan { channel: ChannelId, plan: BuiltIn },
    /// Say nothing, or speak again.
    SetMute(bool),
    /// Hear nothing, or hear again.
    SetDeafen(bool),
    /// How loud somebody is, for oneself alone: 0.0 to 2.0. Comes often while a slider is dragged; remember it.
    SetVolume { user: UserId, gain: f32 },
    /// Have everybody in the community drop somebody's voice, or hear it again.
    MuteMember { user: UserId, on: bool },
    /// How one wants to be heard and to hear; remember it.
    SetVoice(VoiceChoices),
    /// Find the microphones and speakers. Answer with [`crate::UiState::devices_ready`] or `sound_failed`.
    ListDevices,
    /// Let one hear oneself, and tell [`crate::MicView`] meanwhile; answer a refusal with `sound_failed`.
    TestMicrophone(bool),
    /// Right Ctrl went down or up. Pushed by the caller's own reading of the keyboard: egui does not tell left from right.
    PushToTalk(bool),
    /// Wait for the key that is to do this.
    AskKey(KeyFor),
    /// End the program.
    Quit,
}

/// The wishes of one frame, in order.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Intents(pub Vec<Intent>);

impl Intents {
    /// Adds one.
    pub fn push(&mut self, intent: Intent) {
        self.0.push(intent);
    }
    /// Takes all out, in order.
    pub fn drain(&mut self) -> impl Iterator<Item = Intent> + '_ {
        self.0.drain(..)
    }
}
