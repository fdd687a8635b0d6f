//! Every value that crosses a boundary: kernel to network, kernel to store, node to whoever drives it.
//!
//! Plain enums with public fields. libp2p, rusqlite, webrtc and Bevy types never appear here, so adapters, the core and
//! the client compile beside one another. This crate does no work of its own. Start with [`node::NodeCommand`].

pub mod audio;
pub mod corner;
pub mod error;
pub mod handle;
pub mod net;
pub mod node;
pub mod rtc;
pub mod store;
pub mod voice;

pub use corner::Corner;
pub use error::{ErrorCode, NodeError};
pub use handle::{NodeHandle, Waker};
pub use net::{Address, Direction, NetCommand, NetEvent, Route, Verdict};
pub use node::*;
pub use store::{EntrySummary, PeerRecord, SpaceRecord, Startup, StoreFault, StoreReply, StoreRequest};
pub use voice::{
    Noise, UplinkBy, VoiceAsk, VoiceDevicesView, VoiceMember, VoiceMemberView, VoiceOrder, VoicePeerStats, VoiceSay,
    VoiceSettings, VoiceStatsView, VoiceTopology, VoiceUplink,
};
