//! Coverage-guided, structure-aware fuzzing of every decoder: what the targets share.
//!
//! A mutation works on the CBOR tree (for control lines, on the JSON object), so that most inputs get past the outer shape; then hashes, signatures, seals and
//! checksums are made again, so that they get past those too. Never shipped. Start with [`tree`], then [`checks`], which
//! say what must hold of any input, then `targets/`.

#[path = "../../../crates/base/control/tests/lines/answer.rs"]
pub mod answer;
#[path = "../../../crates/core/voice/tests/fuzzed/bytes.rs"]
pub mod bytes;
pub mod checks;
pub mod json;
pub mod keys;
#[path = "../../../crates/core/voice/tests/fuzzed/live.rs"]
pub mod live;
#[path = "../../../crates/core/voice/tests/fuzzed/lives.rs"]
pub mod lives;
pub mod mutate;
#[path = "../../../crates/core/voice/tests/fuzzed/people.rs"]
pub mod people;
#[path = "../../../crates/base/wire/tests/wire/samples.rs"]
pub mod samples;
pub mod seeds;
pub mod tree;
