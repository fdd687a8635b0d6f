//! All bytes that peers exchange, and invite links: bounded, canonical, schema-driven.
//!
//! Every decoder reads deterministic CBOR (RFC 8949, section 4.2) into checked types, then encodes again and compares, so
//! one value has one byte string. Nothing here recurses, allocates from a claimed length, or trusts an order. This crate
//! must never decide what an entry means or whether it counts. Start with [`entry::CheckedEntry`].

pub mod body;
pub mod cbor;
pub mod entry;
pub mod envelope;
pub mod frame;
pub mod gossip;
pub mod identity;
pub mod invite;
pub mod pair;

pub use cbor::DecodeError;
pub use entry::{CheckedEntry, Unopened};
pub use frame::Frame;
pub use gossip::{Ephemeral, GossipBody, Signal, VoicePlace};
pub use invite::{InviteLink, InvitePeer, LinkError, PeerAddress};
pub use pair::{Greeting, GreetingPlace, PairMessage, PairWord};
