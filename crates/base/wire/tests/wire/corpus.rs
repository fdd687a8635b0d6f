//! Replays what the fuzzers in `tests/fuzz` found worth keeping.

use crate::properties::all_decoders;
use std::path::PathBuf;

#[test]
fn everything_the_fuzzers_kept_is_read_or_refused_without_harm() {
    let folder = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../../../tests/fuzz/corpus");
    let mut replayed = 0;
    for target in ["entry", "control", "content", "frame", "gossip", "invite", "identity"] {
        let files: Vec<_> =
            std::fs::read_dir(folder.join(target)).unwrap_or_else(|e| panic!("no corpus of {target}: {e}")).collect();
        assert!(!files.is_empty(), "the corpus of {target} is empty");
        for file in files {
            all_decoders(&std::fs::read(file.unwrap().path()).unwrap());
            replayed += 1;
        }
    }
    assert!(replayed > 100);
}
