//! Real sockets on loopback. Every wait has a deadline; nothing sleeps.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod dialing;
mod discovery;
mod gossip;
mod harness;
mod hostile;
mod links;
mod listening;
mod storm;
