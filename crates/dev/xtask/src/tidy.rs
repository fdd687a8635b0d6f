//! The house rules. [`Tree::read`] takes the repository in; [`check`] judges it without touching the disk.

mod architecture;
mod code;
mod layers;
mod read;
mod source;
mod tags;
mod top;

use std::{collections::BTreeMap, fmt};

/// The repository, as far as the rules look at it.
#[derive(Debug, Default)]
pub struct Tree {
    /// Workspace members.
    pub crates: Vec<Crate>,
    /// Text of every source file and table, by path from the root with `/`. Files that are not text are empty here.
    pub files: BTreeMap<String, String>,
    /// Names at the top level, build output left out.
    pub top: Vec<String>,
}

/// A workspace member.
#[derive(Debug, Clone)]
pub struct Crate {
    /// Package name.
    pub name: String,
    /// Folder from the root, such as `crates/base/types`.
    pub folder: String,
    /// Direct dependencies.
    pub dependencies: Vec<Dependency>,
}

/// One direct dependency.
#[derive(Debug, Clone)]
pub struct Dependency {
    /// Package name.
    pub name: String,
    /// True for `[dev-dependencies]`.
    pub only_tests: bool,
}

/// A broken rule, or something to watch.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where: a path, with a line number where there is one.
    pub place: String,
    /// What is wrong and what to do.
    pub what: String,
    /// Whether it fails the run.
    pub fails: bool,
}

impl Finding {
    fn fail(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into(), fails: true }
    }
    fn warn(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into(), fails: false }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.fails { "error" } else { "note" };
        write!(f, "{kind}: {}: {}", self.place, self.what)
    }
}

/// All rules over the whole tree.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(layers::check(&tree.crates));
    findings.extend(source::check(tree));
    findings.extend(architecture::check(tree));
    findings.extend(tags::check(tree));
    findings.extend(top::check(tree));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::unwrap_used)]
    fn the_repository_can_be_read() {
        let tree = Tree::read().unwrap();
        assert!(tree.crates.iter().any(|c| c.folder == "crates/dev/xtask"));
        assert!(tree.files.contains_key("crates/dev/xtask/src/tidy.rs"));
        assert!(tree.top.iter().any(|name| name == "Cargo.toml"));
        assert!(!tree.files.keys().any(|path| path.contains("/node_modules/")));
    }
}
