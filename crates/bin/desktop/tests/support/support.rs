//! What tests and the gallery share.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod fake_node;

pub mod furnished;
