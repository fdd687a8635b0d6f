//! The disk: one SQLite database on its own thread, the home folder it lies in, and the keys at home.
//!
//! Entry rows are canonical and everything else is derived from them elsewhere. This crate must never decode an
//! entry, judge one, or let a rusqlite type out; it answers [`hearth_ports::StoreRequest`] and nothing more. A body,
//! an epoch secret, a peer's address or a kept value never reaches a file unsealed.
//!
//! Start with [`start`], then `actor.rs` for the order of work, `migrations/` for the tables and `open.rs` for what
//! happens to a damaged file. [`Home`] and [`keys`] come before it when a node starts.

mod actor;
mod book;
mod database;
mod fault;
pub mod home;
mod keychain;
pub mod keys;
mod migrations;
mod open;
mod reading;
mod salvage;
mod seal;
mod secret;
mod writing;

pub use actor::{StoreConfig, StoreHandle, start};
pub use fault::StoreError;
pub use home::{Home, HomeError};
pub use keys::{HomeSecrets, KeyError, KeyPlace, KeychainUse};
pub use secret::Secret32;
