//! ARCHITECTURE.md has a row for every crate, and no row for one that is gone.

use super::{Finding, Tree};

const MAP: &str = "ARCHITECTURE.md";

/// Compares the code map with the workspace. A row begins with `` | `folder` | ``.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let Some(text) = tree.files.get(MAP) else {
        return Vec::new(); // The rule about the top level says that it is missing.
    };
    let rows: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(name, _)| name))
        .filter(|name| name.starts_with("crates/") || name.starts_with("plugins/"))
        .collect();
    let missing = tree.crates.iter().filter(|c| !rows.contains(&c.folder.as_str()));
    let gone = rows.iter().filter(|row| !tree.crates.iter().any(|c| c.folder == **row));
    missing
        .map(|c| Finding::fail(MAP, format!("no row for `{}` in the code map", c.folder)))
        .chain(gone.map(|row| Finding::fail(MAP, format!("a row for `{row}`, which does not exist"))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::Crate;

    fn said(map: &str) -> Vec<String> {
        let krate = Crate { name: "hearth-types".into(), folder: "crates/base/types".into(), dependencies: Vec::new() };
        let tree = Tree { crates: vec![krate], files: [(MAP.to_owned(), map.to_owned())].into(), ..Tree::default() };
        check(&tree).into_iter().map(|f| f.what).collect()
    }

    #[test]
    fn every_crate_has_a_row_and_every_row_a_crate() {
        assert!(said("| `crates/base/types` | the nouns |\n| `tests/net` | not a crate |").is_empty());
        assert_eq!(said("It is in `crates/base/types`."), ["no row for `crates/base/types` in the code map"]);
        assert_eq!(
            said("| `crates/base/types` | a |\n| `plugins/gone` | b |"),
            ["a row for `plugins/gone`, which does not exist"]
        );
    }
}
