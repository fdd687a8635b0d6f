//! Domain tags: every hash, signature and derivation has one of its own, so a tag stands in one place of the code.

use super::{Finding, Tree};
use std::collections::BTreeMap;

/// All of it.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (path, text) in tree.files.iter().filter(|(path, _)| is_shipped(path)) {
        // Tests below the code name tags to check them.
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in code.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            for tag in line.split('"').filter(|part| is_tag(part)) {
                places.entry(tag).or_default().push(format!("{path}:{}", number + 1));
            }
        }
    }
    let shared = places.into_iter().filter(|(_, places)| places.len() > 1);
    shared
        .map(|(tag, places)| {
            let (first, rest) = places.split_first().map_or((String::new(), &[][..]), |(f, r)| (f.clone(), r));
            Finding::fail(
                first,
                format!("the domain tag {tag:?} stands in {} too: give each use its own", rest.join(", ")),
            )
        })
        .collect()
}

fn is_shipped(path: &str) -> bool {
    let layers = ["crates/base/", "crates/core/", "crates/io/"];
    path.ends_with(".rs")
        && path.contains("/src/")
        && !path.contains("/tests")
        && layers.iter().any(|layer| path.starts_with(layer))
}

fn is_tag(text: &str) -> bool {
    let numbered = text.rsplit_once('/').is_some_and(|(_, n)| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    text.starts_with("hearth/") && numbered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(files: &[(&str, &str)]) -> usize {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        check(&Tree { files, ..Tree::default() }).len()
    }

    #[test]
    fn a_tag_in_two_places_fails_and_in_one_does_not() {
        let (one, two) = ("crates/base/a/src/lib.rs", "crates/core/b/src/lib.rs");
        assert_eq!(findings(&[(one, "hash(\"hearth/x/1\")"), (two, "hash(\"hearth/y/1\")")]), 0);
        assert_eq!(findings(&[(one, "hash(\"hearth/x/1\")"), (two, "hash(\"hearth/x/1\")")]), 1);
        assert_eq!(findings(&[(one, "hash(\"hearth/x/1\")\n/// \"hearth/x/1\""), ("web/x.rs", "\"hearth/x/1\"")]), 0);
        assert_eq!(findings(&[(one, "hash(\"hearth/x/1\")\n#[cfg(test)]\n\"hearth/x/1\"")]), 0);
    }
}
