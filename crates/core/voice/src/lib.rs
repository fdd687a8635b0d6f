//! A voice room as a state machine: who is inside, who sends to whom, who relays, which keys hold.
//!
//! [`Call::handle`] takes one [`Input`] and the time; the caller then drains [`Call::drain`], and calls again at
//! [`Call::next_wake_us`]. It must never touch a socket, a clock or a sound, and what forwards ([`forward`]) never holds a
//! key. Start reading at [`Call`], then [`epoch`] for how all agree on a relay, [`keys`] for who can open what, and
//! [`proof`] for why nobody can speak as somebody else.

pub mod advice;
mod call;
pub mod code;
pub mod epoch;
pub mod forward;
mod io;
pub mod keys;
pub mod limits;
mod links;
mod member;
pub mod message;
pub mod proof;
pub mod rank;
mod rate;
pub mod replay;
pub mod report;
pub mod seal;
pub mod uplink;

pub use call::{Call, line::Line, outside::LentKey};
pub use epoch::{Epoch, Reason};
pub use io::{Input, OpenedFrame, Output, Topology, Warning};
pub use member::{CallConfig, CallId, Member, Role};
pub use message::{CallMessage, Datagram};
pub use report::Report;
