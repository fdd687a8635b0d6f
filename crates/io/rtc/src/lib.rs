//! Media between peers over WebRTC, behind plain commands and events.
//!
//! No webrtc type leaves this crate, and it holds no key of a call and no rule of a room.
