//! What a space looks like: the projection of all control acts that stand.

use hearth_types::{
    ChannelFields, ChannelId, DeviceId, EntryId, EpochFields, EpochId, Hlc, InviteFields, Permissions, RoleFields,
    UserId,
};
use std::collections::BTreeMap;

/// A space as its standing control acts make it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpaceState {
    /// Holder of rank 0.
    pub owner: UserId,
    /// Settings by key; the community's name is `name`.
    pub settings: BTreeMap<String, String>,
    /// Channels that are not deleted.
    pub channels: BTreeMap<ChannelId, ChannelState>,
    /// Who is in.
    pub members: BTreeMap<UserId, MemberState>,
    /// Who was in and left; their names still stand beside what they wrote.
    pub former: BTreeMap<UserId, MemberState>,
    /// Roles by their first version.
    pub roles: BTreeMap<EntryId, RoleState>,
    /// Invites by the entry that opened them, revoked ones too.
    pub invites: BTreeMap<EntryId, InviteState>,
    /// Epochs that stand.
    pub epochs: BTreeMap<EpochId, EpochState>,
}

/// A channel's standing fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelState {
    /// Fields; `kind` and `sealed` are those of the creating version.
    pub fields: ChannelFields,
    /// The standing version: what a change has to name in `replaces`, with `heads`.
    pub version: EntryId,
    /// All versions nothing replaces, `version` among them; a change names them all.
    pub heads: Vec<EntryId>,
}

/// A member.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemberState {
    /// Name in this space; empty until a profile arrives.
    pub name: String,
    /// 0xRRGGBB.
    pub color: u32,
    /// Profile entries nothing replaces; a new profile names them all.
    pub profile_heads: Vec<EntryId>,
    /// Standing devices: at most `limits::DEVICES_PER_USER`, smallest certificate number first, then id.
    pub devices: Vec<DeviceId>,
    /// Roles held beside `member`.
    pub roles: Vec<RoleHeld>,
    /// Nobody is to hear them, by an act of somebody senior.
    pub muted: bool,
    /// Mute acts nothing replaces; a new one names them all.
    pub mute_heads: Vec<EntryId>,
    /// Stamp of the first standing `Admit`; zero for the founder.
    pub joined_at: Hlc,
}

/// One role of one member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleHeld {
    /// Seniority of the version held.
    pub rank: u16,
    /// First version: the role.
    pub role: EntryId,
    /// The version granted, whose permissions hold.
    pub version: EntryId,
    /// What gives it and an act cites: a `Grant`, or the `Invite` that names it and that the member came by.
    pub by: EntryId,
    /// What it allows.
    pub permissions: Permissions,
}

/// A role's standing version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleState {
    /// The standing version: what a `Grant` names.
    pub version: EntryId,
    /// Its fields.
    pub fields: RoleFields,
    /// All versions nothing replaces; a change names them all.
    pub heads: Vec<EntryId>,
}

/// An invite record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InviteState {
    /// The record.
    pub fields: InviteFields,
    /// Who made it.
    pub creator: UserId,
    /// Users let in under its key.
    pub used: u32,
    /// Whether honest members refuse it.
    pub revoked: bool,
}

impl InviteState {
    /// How many used it.
    pub fn uses(&self) -> u32 {
        self.used
    }
    /// Whether an honest member still lets people in by it at `now_ms`.
    pub fn open(&self, now_ms: u64) -> bool {
        !self.revoked
            && self.fields.expires_at_ms.is_none_or(|end| now_ms < end)
            && self.fields.max_uses.is_none_or(|max| self.used < max)
    }
}

/// An epoch that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochState {
    /// Its record.
    pub fields: EpochFields,
    /// Who made it.
    pub maker: UserId,
}

impl SpaceState {
    /// The space's name; empty until it is set.
    pub fn name(&self) -> &str {
        self.settings.get("name").map_or("", String::as_str)
    }
    /// The epoch to send under among those `held`: the deepest, then the larger id.
    pub fn newest_epoch(&self, held: impl Fn(&EpochId) -> bool) -> Option<EpochId> {
        self.epochs.iter().filter(|(id, _)| held(id)).max_by_key(|(id, e)| (e.fields.depth, **id)).map(|(id, _)| *id)
    }
}
