//! What entries say.

use crate::{Certificate, EntryId, EpochId, Permissions, SignedJoin, Target, UserId};
use serde::{Deserialize, Serialize};

/// Text or voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// Messages.
    Text,
    /// An always-open voice room.
    Voice,
}

/// A control entry: an act, and the grant that entitles its author to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlAct {
    /// The `Grant` (or `Admit`) entry used; none for the founder's rank 0 and for acts that need no grant.
    pub by: Option<EntryId>,
    /// The act.
    pub body: ControlBody,
}

/// Acts on a space. `replaces` names the register entries that an act supersedes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ControlBody {
    /// Introduces another device of a user already in, or the founder's own first device.
    DeviceAdd { certificate: Certificate },
    /// Lets somebody in.
    Admit { join: SignedJoin },
    /// The author leaves.
    Leave,
    /// The author's display name and colour (0xRRGGBB) in this space.
    Profile { name: String, color: u32, replaces: Vec<EntryId> },
    /// One immutable version of a role.
    Role(RoleFields),
    /// Gives a user a role version.
    Grant { user: UserId, role: EntryId },
    /// Opens a way in.
    Invite(InviteFields),
    /// Closes it.
    InviteRevoke { invite: EntryId },
    /// Creates or changes a channel.
    Channel(ChannelFields),
    /// A named setting of the space.
    Setting { key: String, value: String, replaces: Vec<EntryId> },
    /// A new epoch secret exists.
    Epoch(EpochFields),
    /// Everybody drops a user's voice, in every room, or hears it again.
    Mute { user: UserId, on: bool, replaces: Vec<EntryId> },
    /// An act of a later build: kept, void.
    Unknown { kind: u64 },
}

/// A role version. Rank 0 is the owner's alone; larger is more junior.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleFields {
    /// First version of the role; none when this is it.
    pub role: Option<EntryId>,
    /// Name shown to people.
    pub name: String,
    /// Seniority, from 1.
    pub rank: u16,
    /// What holders may do.
    pub permissions: Permissions,
    /// Versions superseded.
    pub replaces: Vec<EntryId>,
}

/// An invite record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InviteFields {
    /// Ed25519 public key; the link's secret derives the private half.
    pub key: [u8; 32],
    /// Unix milliseconds after which members refuse it.
    pub expires_at_ms: Option<u64>,
    /// How many may use it.
    pub max_uses: Option<u32>,
    /// Role version given on joining, beside `member`.
    pub role: Option<EntryId>,
}

/// One version of a channel's fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelFields {
    /// The channel changed; none creates one.
    pub channel: Option<EntryId>,
    /// Name shown to people.
    pub name: String,
    /// Text or voice; of the creating version, later ones cannot change it.
    pub kind: ChannelKind,
    /// One line about it.
    pub topic: String,
    /// Order in the list, then id.
    pub position: u32,
    /// Newcomers cannot read back.
    pub sealed: bool,
    /// Gone from the list.
    pub deleted: bool,
    /// Versions superseded.
    pub replaces: Vec<EntryId>,
}

/// A new epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochFields {
    /// Longest chain of parents; 0 for the first.
    pub depth: u32,
    /// Epochs it follows.
    pub parents: Vec<EpochId>,
    /// Removals it answers.
    pub covers: Vec<EntryId>,
    /// Hash of the secret, so that nobody can be handed another.
    pub commitment: [u8; 32],
    /// Root hash over the seals; none when it is handed over in person.
    pub seals: Option<[u8; 32]>,
    /// Parents' secrets sealed under this one, in the order of `parents`; empty bytes where the maker holds none.
    pub parent_secrets: Vec<Vec<u8>>,
}

/// What people write. Sealed on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContentBody {
    /// A message.
    Message { text: String, reply_to: Option<Target> },
    /// New text of the target.
    Edit { text: String },
    /// The target is to be shown as deleted.
    Delete,
    /// Sets or takes back one reaction of the author to the target.
    React { emoji: String, on: bool },
    /// Pins or unpins the target.
    Pin { on: bool },
    /// Of a later build.
    Unknown { kind: u64 },
}
