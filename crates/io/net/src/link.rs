//! One link per peer, however many connections there are.
//!
//! The dialer of every connection opens one stream on it (`/hearth/link/1`). Of the streams between two peers one becomes
//! the link. Both sides must pick the same one, also when each dialled the other at the same moment, so only one of them
//! picks: the **chooser**, the peer with the smaller key. It sends [`GO`] on its choice and counts the link as standing;
//! the other side counts it as standing when `GO` arrives. Streams not chosen wait as spares until their connection is
//! closed. Who opened the chosen stream is the link's dialer.
//!
//! After `GO`, each direction carries frames: length as big-endian u32, 1 to `limits::FRAME_BYTES`, then the bytes.

pub mod handler;
pub mod pump;

use libp2p::StreamProtocol;

/// The protocol on the stream.
pub const PROTOCOL: StreamProtocol = StreamProtocol::new("/hearth/link/1");
/// The chooser's mark on the stream that is the link.
pub const GO: u8 = 1;
