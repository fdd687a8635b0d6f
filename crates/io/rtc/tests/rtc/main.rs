//! Real WebRTC between peers of one process, on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bounds;
mod harness;
mod links;
mod mesh;
mod negotiation;
mod tcp;
