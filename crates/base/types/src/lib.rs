//! The nouns of Hearth: ids, stamps, envelopes, bodies, permissions and limits.
//!
//! Plain data only. This crate must never do input or output, hash, sign, encode bytes for the wire or read a clock.
//! Start with [`entry::Envelope`], the thing every peer stores, and [`limits`], the bound on everything else.

pub mod body;
pub mod entry;
pub mod identity;
pub mod ids;
pub mod limits;
pub mod name;
pub mod permissions;
pub mod pii;
pub mod playing;
pub mod time;

pub use body::{
    ChannelFields, ChannelKind, ContentBody, ControlAct, ControlBody, EpochFields, InviteFields, RoleFields,
};
pub use entry::{Class, DayCounters, EntryRow, Envelope, KeyRef, Scope, Target};
pub use identity::{Certificate, Genesis, SignedJoin};
pub use ids::{ChannelId, DeviceId, EntryId, EpochId, ParseIdError, PeerKey, SpaceId, UserId};
pub use permissions::Permissions;
pub use pii::Pii;
pub use playing::Playing;
pub use time::{Day, Hlc};
