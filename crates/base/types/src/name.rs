//! Names of people and communities.

/// Up to two initials, for a picture of who has none.
pub fn initials(name: &str) -> String {
    let mut words = name
        .split(|c: char| c.is_whitespace() || matches!(c, '-' | '_' | '.'))
        .filter(|w| w.chars().any(char::is_alphanumeric));
    let first = words.next().and_then(|w| w.chars().find(|c| c.is_alphanumeric()));
    let last = words.next_back().and_then(|w| w.chars().find(|c| c.is_alphanumeric()));
    let out: String = first.into_iter().chain(last).flat_map(char::to_uppercase).take(2).collect();
    if out.is_empty() { "?".into() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_of_all_sorts_of_names() {
        for (name, want) in [
            ("Ada Lovelace", "AL"),
            ("ada", "A"),
            ("the night shift", "TS"),
            ("  ", "?"),
            ("🎉🎉", "?"),
            ("ßeta", "SS"),
            ("李 小龙", "李小"),
            ("a_b-c", "AC"),
        ] {
            assert_eq!(initials(name), want, "{name}");
        }
    }
}
