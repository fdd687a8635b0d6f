//! The peer itself, sans-IO: commands, frames, replies of the disk and the clock go in; commands to the network and the
//! disk, orders to the voice engine, and events for whoever drives the node, come out.
//!
//! [`Kernel::handle`] takes one [`Input`] and the time; the caller then drains [`Kernel::drain`] before the next input.
//! The kernel owns the truth and must never block, read a clock, draw randomness of its own or touch a socket or a file.
//! Start with [`Kernel::handle`]; each module below holds one conversation it has with the world.

mod admit;
mod author;
mod commands;
mod dialer;
mod gossip;
mod hello;
mod incoming;
mod join;
mod kernel;
mod notices;
mod project;
mod reader;
mod serve;
mod space;
mod startup;
mod sync;
mod third;
mod voice;

pub use incoming::Incoming;
pub use kernel::{Input, Kernel, KernelKeys, Output};
