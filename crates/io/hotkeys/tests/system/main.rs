//! The watcher on a real display, with real programs beside it; and on pipes in place of devices.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod devices;
mod display;
mod screen;
mod servers;
#[path = "../support/xtest.rs"]
mod xtest;
