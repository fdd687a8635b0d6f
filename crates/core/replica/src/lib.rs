//! One space's replica: which entries are held, and what they add up to.
//!
//! State is the fold of the set of admitted entries, in any order, the same whether it was reached entry by entry or from
//! scratch. Everything is in memory and sans-IO: this crate must never do input or output, read a clock, draw randomness,
//! or open what is sealed. Start with [`Replica::admit`]; `fold` has the rules of authority, `log` those of one log, `digest`
//! what peers compare, [`own`] what a device needs to write its own log, [`page`] the Yjs document of one day.

mod digest;
mod fold;
mod log;
pub mod own;
pub mod page;
mod people;
mod query;
pub mod replica;
pub mod state;
mod waiting;

pub use own::{Draft, OwnLog, Quota};
pub use page::Page;
pub use replica::{Admission, Change, Refusal, Replica};
pub use state::{ChannelState, EpochState, InviteState, MemberState, RoleHeld, RoleState, SpaceState};
