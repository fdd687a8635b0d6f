//! The top level is fixed, its folders hold something, and each asset has its licence beside it.

use super::{Finding, Tree};

const FOLDERS: &[&str] = &["crates", "assets", "plugins", "shaders", "tests", "web"];
const FILES: &[&str] =
    &["Cargo.toml", "Cargo.lock", "Makefile", "README.md", "ARCHITECTURE.md", "LICENSE-MIT", "LICENSE-APACHE"];
const LICENCES: &str = "LICENSES.md";
/// Name, version, source package, licence.
const CELLS: usize = 4;

/// All of it.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = top_level(tree);
    let assets = tree.files.keys().filter(|path| path.starts_with("assets/") && !path.ends_with(LICENCES));
    findings.extend(assets.filter_map(|path| licence(tree, path)));
    findings
}

fn top_level(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in &tree.top {
        if !name.starts_with('.') && !FOLDERS.contains(&name.as_str()) && !FILES.contains(&name.as_str()) {
            findings.push(Finding::fail(name, "does not belong at the top level"));
        }
    }
    for name in FILES.iter().filter(|name| !tree.top.iter().any(|n| n == *name)) {
        findings.push(Finding::fail(*name, "is missing at the top level"));
    }
    for name in FOLDERS {
        let inside = format!("{name}/");
        if !tree.files.keys().any(|path| path.starts_with(&inside)) {
            findings.push(Finding::fail(*name, "is missing or holds nothing"));
        }
    }
    findings
}

fn licence(tree: &Tree, path: &str) -> Option<Finding> {
    let (folder, name) = path.rsplit_once('/')?;
    let table = tree.files.get(&format!("{folder}/{LICENCES}")).map(String::as_str).unwrap_or_default();
    let row = table.lines().find_map(|line| {
        let cells: Vec<&str> = line.strip_prefix('|')?.trim_end_matches('|').split('|').map(str::trim).collect();
        (cells.first()?.trim_matches('`') == name).then_some(cells)
    });
    match row {
        None => Some(Finding::fail(path, format!("no row in {folder}/{LICENCES}"))),
        Some(cells) if cells.len() < CELLS || cells.iter().any(|cell| cell.is_empty()) => {
            Some(Finding::fail(path, format!("its row in {folder}/{LICENCES} needs name, version, source and licence")))
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> Tree {
        let top = FOLDERS.iter().chain(FILES).map(|n| (*n).to_owned()).chain([".gitignore".to_owned()]).collect();
        let mut tree = Tree { top, ..Tree::default() };
        for folder in FOLDERS.iter().filter(|f| **f != "assets") {
            tree.files.insert(format!("{folder}/x.rs"), String::new());
        }
        tree.files.insert("assets/fonts/Inter.ttf".into(), String::new());
        tree.files.insert(
            "assets/fonts/LICENSES.md".into(),
            "| File | Version | Source | Licence |\n|---|---|---|---|\n| `Inter.ttf` | 4.0 | fonts-inter | OFL-1.1 |\n"
                .into(),
        );
        tree
    }

    #[test]
    fn a_whole_tree_passes() {
        assert_eq!(check(&whole()), []);
    }

    #[test]
    fn strangers_and_gaps_at_the_top_level_are_found() {
        let mut tree = whole();
        tree.top.push("scripts".into());
        assert_eq!(check(&tree).len(), 1);
        for name in FILES {
            let mut tree = whole();
            tree.top.retain(|n| n != name);
            assert_eq!(check(&tree).len(), 1, "{name}");
        }
        for name in FOLDERS {
            let mut tree = whole();
            tree.files.retain(|path, _| !path.starts_with(&format!("{name}/")));
            assert_eq!(check(&tree).len(), 1, "{name}");
        }
    }

    #[test]
    fn an_asset_without_a_full_licence_row_is_found() {
        let mut tree = whole();
        tree.files.insert("assets/fonts/Other.ttf".into(), String::new());
        assert_eq!(check(&tree).len(), 1);
        tree.files.insert(
            "assets/fonts/LICENSES.md".into(),
            "| Inter.ttf | 4.0 | x | OFL |\n| Other.ttf | 1 | | OFL |\n".into(),
        );
        assert_eq!(check(&tree).len(), 1);
        tree.files.insert("assets/icon.png".into(), String::new());
        assert_eq!(check(&tree).len(), 2, "a table in another folder does not count");
    }
}
