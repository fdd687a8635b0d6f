//! Texts of games, made fit for one line.

use hearth_types::limits::{PLAYING_BYTES, PLAYING_CHARS};

/// One line of at most [`PLAYING_CHARS`] and [`PLAYING_BYTES`]: runs of white space become one space, marks that no one sees
/// or that turn the line around are left out. A longer text ends in an ellipsis. None if nothing is left.
pub fn line(text: &str) -> Option<String> {
    let mut line = String::new();
    let mut chars = 0;
    let mut gap = false;
    for c in text.chars().filter(|c| c.is_whitespace() || !hidden(*c)) {
        if c.is_whitespace() {
            gap = !line.is_empty();
            continue;
        }
        let more = if gap { 2 } else { 1 };
        // The last place is the ellipsis's, which takes three bytes.
        if chars + more >= PLAYING_CHARS || line.len() + more + c.len_utf8() + 3 > PLAYING_BYTES {
            line.push('…');
            break;
        }
        if std::mem::take(&mut gap) {
            line.push(' ');
        }
        line.push(c);
        chars += more;
    }
    (!line.is_empty()).then_some(line)
}

/// Control characters, and those that order or join others without being seen.
fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_becomes_one_line_without_marks_that_turn_it() {
        assert_eq!(line("  Deep \n\t Sea  "), Some("Deep Sea".into()));
        assert_eq!(line("ab\u{202e}cd\u{0}\u{200b}"), Some("abcd".into()));
        assert_eq!(line(" \u{200b}\u{7}"), None);
        assert_eq!(line(&"x".repeat(63)), Some("x".repeat(63)));
        assert_eq!(line(&"x".repeat(64)), Some("x".repeat(63) + "…"));
        assert_eq!(line(&"漢".repeat(64)).map(|l| l.len() <= PLAYING_BYTES), Some(true));
    }

    proptest! {
        #[test]
        fn no_text_goes_beyond(text in any::<String>()) {
            if let Some(line) = line(&text) {
                prop_assert!(!line.is_empty() && line.len() <= PLAYING_BYTES);
                prop_assert!(line.chars().count() <= PLAYING_CHARS && !line.chars().any(hidden));
                prop_assert_eq!(line.trim(), line.as_str());
            }
        }
    }
}
