//! How the audio side behaves, seen from outside.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bounds;
mod cues;
mod devices;
mod echo;
mod fake_host;
mod gating;
mod round_trip;
mod signal;
mod spatial;
mod speakers;
