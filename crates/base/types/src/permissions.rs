//! What a role may do: Discord's bits, so that people know the names.

use serde::{Deserialize, Serialize};

/// A set of permission bits, numbered as Discord numbers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Permissions(pub u64);

macro_rules! bits {
    ($($(#[$doc:meta])* $name:ident = $bit:expr, $text:literal;)*) => {
        impl Permissions {
            $($(#[$doc])* pub const $name: Self = Self(1 << $bit);)*
            /// Every bit with its name in snake case.
            pub const NAMED: &'static [(Self, &'static str)] = &[$((Self::$name, $text)),*];
        }
    };
}

bits! {
    /// Make invites.
    CREATE_INVITE = 0, "create_invite";
    /// Put members out until they are invited again.
    KICK_MEMBERS = 1, "kick_members";
    /// Put members out for good.
    BAN_MEMBERS = 2, "ban_members";
    /// Everything.
    ADMINISTRATOR = 3, "administrator";
    /// Create, change and delete channels.
    MANAGE_CHANNELS = 4, "manage_channels";
    /// Change the community's settings.
    MANAGE_COMMUNITY = 5, "manage_community";
    /// React to messages.
    ADD_REACTIONS = 6, "add_reactions";
    /// Be heard over others in voice rooms.
    PRIORITY_SPEAKER = 8, "priority_speaker";
    /// See channels.
    VIEW_CHANNEL = 10, "view_channel";
    /// Write messages.
    SEND_MESSAGES = 11, "send_messages";
    /// Delete and pin others' messages.
    MANAGE_MESSAGES = 13, "manage_messages";
    /// Join voice rooms.
    CONNECT = 20, "connect";
    /// Speak in them.
    SPEAK = 21, "speak";
    /// Have others' voices dropped in every room, until it is taken back.
    MUTE_MEMBERS = 22, "mute_members";
    /// Make and give roles below one's own.
    MANAGE_ROLES = 28, "manage_roles";
    /// Time members out.
    MODERATE_MEMBERS = 40, "moderate_members";
}

impl Permissions {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// What every member holds.
    pub const MEMBER: Self = Self(
        Self::CREATE_INVITE.0
            | Self::ADD_REACTIONS.0
            | Self::VIEW_CHANNEL.0
            | Self::SEND_MESSAGES.0
            | Self::CONNECT.0
            | Self::SPEAK.0,
    );

    /// Whether all of `other` is granted; administrators hold everything.
    pub fn allow(self, other: Self) -> bool {
        self.0 & Self::ADMINISTRATOR.0 != 0 || self.0 & other.0 == other.0
    }
    /// Both sets together.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    /// The bit of a snake-case name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMED.iter().find(|(_, text)| *text == name).map(|(bit, _)| *bit)
    }
    /// Snake-case names of the bits set.
    pub fn names(self) -> Vec<&'static str> {
        Self::NAMED.iter().filter(|(bit, _)| self.0 & bit.0 != 0).map(|(_, text)| *text).collect()
    }
}
