//! Calls among many, in virtual time, on a network that delays, loses and parts as a seed says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod failover;
mod hearing;
mod leaving;
mod lies;
mod messages;
mod outside;
mod third;
mod topology;
mod uplink;
mod world;
