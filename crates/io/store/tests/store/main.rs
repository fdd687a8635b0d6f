//! What the store promises, one file a promise. `support` drives it as the node does: requests in, answers out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod conformance;
mod damage;
mod full;
mod keychain;
mod killed;
mod power;
mod sealed;
mod support;
mod two_processes;
