//! A world of kernels: virtual clock, seeded delays, links that can be cut, disks that can fail. Never shipped.
//!
//! Nothing here waits or draws real randomness: a seed gives one run. The network floods gossip and keeps frames in order
//! per link, as the real one does; the disk answers in order. Start with [`World`].

mod disk;
mod world;

pub use disk::Disk;
pub use world::World;
