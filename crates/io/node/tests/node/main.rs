//! What a running node promises, one file a promise. `support` drives it as a program does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod power_cut;
mod support;
