//! Who is in a call, and who one is oneself.

use hearth_crypto::{DeviceKey, HashEntropy, hash};
use hearth_ports::VoiceMember;
use hearth_types::{ChannelId, DeviceId, PeerKey, SpaceId, UserId};

/// A voice room, as signatures name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallId(pub [u8; 32]);

impl CallId {
    /// The call of a room.
    pub fn new(space: SpaceId, room: ChannelId) -> Self {
        Self(hash("hearth/call/1", &[&space.0, &room.0]))
    }
}

/// What a peer is to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// In the room: speaks, hears, holds keys.
    Talker,
    /// Outside, but ready to forward. Holds no key.
    Volunteer,
}

/// A device in a call, as the roster tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Where media goes.
    pub peer: PeerKey,
    /// Whose keys sign.
    pub device: DeviceId,
    /// Whose device.
    pub user: UserId,
    /// When it came in, Unix milliseconds by its own clock.
    pub since_ms: u64,
    /// Says nothing, by its own wish.
    pub muted: bool,
    /// Hears nothing.
    pub deafened: bool,
    /// May not be heard, by the room's authority: all others drop its frames.
    pub server_muted: bool,
    /// May speak with priority.
    pub may_prioritise: bool,
    /// Call messages reach it.
    pub linked: bool,
    /// What it is here.
    pub role: Role,
}

impl From<VoiceMember> for Member {
    fn from(m: VoiceMember) -> Self {
        Self {
            peer: m.peer,
            device: m.device,
            user: m.user,
            since_ms: m.since_ms,
            muted: m.muted,
            deafened: m.deafened,
            server_muted: m.silenced,
            may_prioritise: m.may_prioritise,
            linked: m.linked,
            role: if m.relay { Role::Volunteer } else { Role::Talker },
        }
    }
}

/// What a call needs to begin.
pub struct CallConfig {
    /// Which.
    pub call: CallId,
    /// Oneself; `linked` says nothing here.
    pub me: Member,
    /// Signs reports, epochs, keys, signals and proofs.
    pub key: DeviceKey,
    /// Randomness of this process; never the same twice.
    pub entropy: HashEntropy,
    /// What this device can send as somebody said, kbit/s; measured without.
    pub uplink_kbps: Option<u32>,
    /// What it could send as an earlier call on this line found.
    pub measured_kbps: Option<u32>,
    /// Whether this device may relay: not on battery, not metered.
    pub may_relay: bool,
    /// Only through TURN, to hide the address.
    pub relay_only: bool,
}
