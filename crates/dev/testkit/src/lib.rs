//! Communities made to measure, for tests, benches and demonstrations: seeded people, signed entries, long histories.
//!
//! Everything follows from a seed and a clock that is passed in, so the same call always gives the same bytes. It keeps
//! its own account of logs and counters and shares no code with the replica, so that the two check each other. Never
//! shipped: keys made here are known to everybody. Start with [`Community`], then [`Crowd`] for long histories.

pub mod author;
pub mod community;
pub mod crowd;
pub mod dice;
pub mod person;

pub use author::{Author, Draft};
pub use community::{Community, Member};
pub use crowd::{Crowd, CrowdConfig};
pub use dice::Dice;
pub use person::Person;
