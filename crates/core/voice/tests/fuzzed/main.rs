//! Replays what the fuzzer of calls in `tests/fuzz` kept, and its first inputs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bytes;
mod live;
mod lives;
mod people;

use std::path::PathBuf;

#[test]
fn everything_the_fuzzer_kept_is_taken_without_harm() {
    let folder = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../../../tests/fuzz/corpus/call");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(files.len() > 50);
    for file in files {
        bytes::check(&std::fs::read(&file).unwrap());
    }
}

#[test]
fn the_first_inputs_of_the_fuzzer_reach_far() {
    bytes::seeds().iter().for_each(|seed| bytes::check(seed));
    let all: Vec<_> = lives::seeds().iter().map(|seed| live::run(seed)).collect();
    let most = |count: fn(&lives::Seen) -> usize| all.iter().map(count).max().unwrap();
    assert!(most(|s| s.heard) >= 16 && most(|s| s.said) >= 70 && most(|s| s.forwarded) >= 70, "{all:?}");
    assert!(most(|s| s.proven) >= 2 && most(|s| s.keys) >= 2 && most(|s| s.left) == 1, "{all:?}");
}
