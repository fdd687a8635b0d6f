//! What stands in the files: crate docs, `mod.rs`, length, and words that base and core must do without.

use super::{Finding, Tree, code};

/// Longer files are named; a file that long usually does two things.
const LONG: usize = 400;
/// Longer files fail.
const TOO_LONG: usize = 800;
const COUNTED: &[&str] = &[".rs", ".wgsl", ".py", ".sh", ".js", ".mjs", ".ts", ".sql", ".html"];

/// Words that shipped code in base and core does without, and what to do in their place.
const IMPURE: &[(&str, &str)] = &[
    ("Instant::now", "take the time as an argument"),
    ("SystemTime::now", "take the time as an argument"),
    ("HashMap", "use a BTreeMap: its order is the same everywhere"),
    ("HashSet", "use a BTreeSet: its order is the same everywhere"),
    ("OsRng", "take the random bytes as an argument"),
    ("getrandom::", "take the random bytes as an argument"),
    ("std::fs", "files belong to crates/io"),
    ("TcpStream", "sockets belong to crates/io"),
    ("TcpListener", "sockets belong to crates/io"),
    ("UdpSocket", "sockets belong to crates/io"),
    ("std::thread", "threads belong to crates/io"),
];

/// All of it.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for krate in &tree.crates {
        findings.extend(crate_docs(tree, &krate.folder));
    }
    for (path, text) in &tree.files {
        findings.extend(mod_file(path));
        findings.extend(length(path, text));
        if path.starts_with("crates/base/") || path.starts_with("crates/core/") {
            findings.extend(impure(path, text));
        }
    }
    findings
}

fn crate_docs(tree: &Tree, folder: &str) -> Vec<Finding> {
    let roots = ["src/lib.rs", "src/main.rs"].map(|file| format!("{folder}/{file}"));
    let found: Vec<_> = roots.iter().filter_map(|path| tree.files.get(path).map(|text| (path, text))).collect();
    if found.is_empty() {
        return vec![Finding::fail(folder, "no src/lib.rs or src/main.rs")];
    }
    found
        .into_iter()
        .filter(|(_, text)| {
            text.lines().take_while(|l| l.starts_with("//!")).filter(|l| l.len() > "//! ".len()).count() < 2
        })
        .map(|(path, _)| {
            Finding::fail(path, "begin with `//!`: what this is, what it must never do, where to start reading")
        })
        .collect()
}

fn mod_file(path: &str) -> Option<Finding> {
    let wrong = path.ends_with("/mod.rs");
    wrong.then(|| Finding::fail(path, "a module `foo` is foo.rs beside foo/, never mod.rs"))
}

fn length(path: &str, text: &str) -> Option<Finding> {
    if !COUNTED.iter().any(|ending| path.ends_with(ending)) || path.contains("/fixtures/") {
        return None;
    }
    let lines = text.lines().count();
    if lines > TOO_LONG {
        Some(Finding::fail(path, format!("{lines} lines: over {TOO_LONG} it wants to be two")))
    } else if lines > LONG {
        Some(Finding::warn(path, format!("{lines} lines, aim under {LONG}")))
    } else {
        None
    }
}

fn impure(path: &str, text: &str) -> Vec<Finding> {
    let shipped =
        path.ends_with(".rs") && path.contains("/src/") && !path.ends_with("/tests.rs") && !path.contains("/tests/");
    if !shipped {
        return Vec::new();
    }
    let lines = code::shipped_lines(text);
    let hits = lines.iter().enumerate().flat_map(|(i, line)| {
        IMPURE.iter().filter(move |(word, _)| line.contains(word)).map(move |(word, advice)| {
            Finding::fail(format!("{path}:{}", i + 1), format!("no `{word}` here: {advice}"))
        })
    });
    hits.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::Crate;

    fn docs(text: &str) -> usize {
        let mut tree = Tree::default();
        tree.files.insert("crates/base/types/src/lib.rs".into(), text.into());
        tree.crates.push(Crate {
            name: "hearth-types".into(),
            folder: "crates/base/types".into(),
            dependencies: Vec::new(),
        });
        check(&tree).len()
    }

    #[test]
    fn crate_docs_are_more_than_a_line() {
        assert_eq!(docs("//! The nouns.\n//!\n//! Plain data only.\n"), 0);
        assert_eq!(docs("//! The nouns.\n"), 1);
        assert_eq!(docs("//! The nouns.\n//!\n"), 1);
        assert_eq!(docs("\n//! The nouns.\n//! Plain.\n"), 1);
        assert_eq!(docs("use std::fmt;\n//! The nouns.\n//! Plain.\n"), 1);
        let bare = Crate { name: "hearth-x".into(), folder: "crates/base/x".into(), dependencies: Vec::new() };
        assert_eq!(check(&Tree { crates: vec![bare], ..Tree::default() }).len(), 1);
    }

    #[test]
    fn mod_rs_is_found() {
        assert!(mod_file("crates/base/types/src/ids/mod.rs").is_some());
        assert!(mod_file("crates/base/types/src/ids.rs").is_none());
    }

    #[test]
    fn long_files_are_named_and_longer_ones_fail() {
        let fails = |lines: usize, path: &str| length(path, &"x\n".repeat(lines)).map(|f| f.fails);
        assert_eq!(fails(400, "a/b.rs"), None);
        assert_eq!(fails(401, "a/b.rs"), Some(false));
        assert_eq!(fails(800, "a/b.rs"), Some(false));
        assert_eq!(fails(801, "a/b.rs"), Some(true));
        assert_eq!(fails(801, "tests/net/a.py"), Some(true));
        assert_eq!(fails(801, "tests/fixtures/a.sql"), None);
        assert_eq!(fails(801, "README.md"), None);
    }

    #[test]
    fn clocks_and_unordered_maps_are_found_in_base_and_core_alone() {
        let found = |path: &str, text: &str| {
            check(&Tree { files: [(path.to_owned(), text.to_owned())].into(), ..Tree::default() })
        };
        for word in [
            "Instant::now()",
            "SystemTime::now()",
            "HashMap::new()",
            "HashSet::new()",
            "OsRng",
            "getrandom::fill(b)",
            "std::fs::read(p)",
            "TcpStream::connect(a)",
            "std::net::UdpSocket",
            "std::thread::spawn(f)",
        ] {
            let text = format!("\nfn f() {{ let x = {word}; }}");
            let hits = found("crates/core/kernel/src/lib.rs", &text);
            assert_eq!(
                hits.iter().map(|f| f.place.as_str()).collect::<Vec<_>>(),
                ["crates/core/kernel/src/lib.rs:2"],
                "{word}"
            );
            assert_eq!(found("crates/base/wire/src/codec.rs", &text).len(), 1, "{word}");
            assert!(found("crates/io/net/src/lib.rs", &text).is_empty());
            assert!(found("crates/core/kernel/src/link/tests.rs", &text).is_empty());
            assert!(found("crates/core/kernel/tests/heals.rs", &text).is_empty());
        }
        assert!(
            found("crates/core/kernel/src/lib.rs", "// HashMap\n#[cfg(test)]\nmod tests { use std::fs; }").is_empty()
        );
    }
}
