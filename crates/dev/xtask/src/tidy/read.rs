//! Takes the repository in: members from `cargo metadata`, texts from the folders.

use super::{Crate, Dependency, Tree};
use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, MetadataCommand};
use std::{collections::BTreeMap, fs, path::Path};

/// Build output and fetched packages, at any depth.
const NOT_OURS: &[&str] = &["target", "node_modules", ".git"];
/// Read as text; other files are known by name only.
const TEXT: &[&str] = &["rs", "wgsl", "py", "sh", "js", "mjs", "ts", "sql", "md", "toml", "html"];

impl Tree {
    /// The workspace that the current folder belongs to.
    pub fn read() -> Result<Self> {
        let metadata = MetadataCommand::new().no_deps().other_options(["--offline".to_owned()]).exec()?;
        let root = metadata.workspace_root.clone().into_std_path_buf();
        let mut crates: Vec<Crate> = metadata
            .workspace_packages()
            .into_iter()
            .map(|package| Crate {
                name: package.name.to_string(),
                folder: package
                    .manifest_path
                    .parent()
                    .and_then(|folder| folder.strip_prefix(&metadata.workspace_root).ok())
                    .map(|folder| folder.as_str().replace('\\', "/"))
                    .unwrap_or_default(),
                dependencies: package
                    .dependencies
                    .iter()
                    .map(|d| Dependency { name: d.name.clone(), only_tests: d.kind == DependencyKind::Development })
                    .collect(),
            })
            .collect();
        crates.sort_by(|a, b| a.folder.cmp(&b.folder));
        let mut tree = Self { crates, ..Self::default() };
        for entry in fs::read_dir(&root).with_context(|| format!("cannot list {}", root.display()))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if !NOT_OURS.contains(&name.as_str()) {
                tree.top.push(name);
            }
        }
        tree.top.sort();
        walk(&root, "", &mut tree.files)?;
        Ok(tree)
    }
}

fn walk(folder: &Path, inside: &str, files: &mut BTreeMap<String, String>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if inside.is_empty() { name.clone() } else { format!("{inside}/{name}") };
        let kind = entry.file_type()?;
        if kind.is_dir() {
            if !NOT_OURS.contains(&name.as_str()) {
                walk(&entry.path(), &path, files)?;
            }
        } else if kind.is_file() {
            let is_text = name.rsplit_once('.').is_some_and(|(_, ending)| TEXT.contains(&ending));
            // A file that vanishes while it is read, or holds no text, counts as known by name only.
            let text = if is_text { fs::read_to_string(entry.path()).unwrap_or_default() } else { String::new() };
            files.insert(path, text);
        }
    }
    Ok(())
}
