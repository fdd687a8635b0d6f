//! What a frame costs, how long the start takes, how much memory is held: each beside an empty app of the same engine.
//!
//! `cargo bench -p hearth-desktop --bench client`. The start and the memory are those of a real window on a virtual screen
//! (Xvfb), over a real node.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod frames;
#[path = "../../tests/support/screen.rs"]
mod screen;
#[path = "../../tests/support/support.rs"]
mod support;
mod windows;

use std::process::Command;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    if words.first().is_some_and(|scene| frames::scene(scene) || windows::scene(scene, words.get(1))) {
        return;
    }
    for scene in frames::SCENES {
        let status = Command::new(std::env::current_exe().unwrap()).arg(scene).status().unwrap();
        assert!(status.success(), "{scene}");
    }
    windows::compare();
}
