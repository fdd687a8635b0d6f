//! One channel's messages, folded from its opened content entries.
//!
//! The fold is a function of the set of entries it was given: order of arrival, repeats and a fold from scratch make no
//! difference. It never opens, verifies or fetches anything, never reads a clock (`now_ms` is passed in) and never
//! decides who may do what: the caller says so in [`Opened`]. Start with [`Timeline`], then [`Window`], which follows a
//! reader through it by diffs.

pub mod entry;
pub mod fold;
pub mod message;
pub mod window;

pub use entry::Opened;
pub use fold::Timeline;
pub use message::{Message, Place};
pub use window::{DayCount, Focus, Window};

#[cfg(test)]
mod tests;
