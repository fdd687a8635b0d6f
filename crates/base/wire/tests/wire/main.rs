//! What the bytes are, and what happens to every other bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod attacks;
mod corpus;
mod golden;
mod limits;
mod properties;
mod samples;
