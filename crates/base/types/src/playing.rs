//! What somebody plays.

use crate::limits::{PLAYING_BYTES, PLAYING_CHARS};
use serde::Serialize;

/// A game, as its player's computer tells it. Every text is one line, see [`Playing::new`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Playing {
    name: String,
    details: Option<String>,
    since_ms: Option<u64>,
}

impl Playing {
    /// Makes each text one line of at most [`PLAYING_CHARS`] and [`PLAYING_BYTES`]: runs of white space become one space,
    /// marks that no one sees or that turn a line around are left out, a longer text ends in an ellipsis. None if nothing is
    /// left of the name. `since_ms` is in Unix milliseconds.
    pub fn new(name: &str, details: &str, since_ms: Option<u64>) -> Option<Self> {
        Some(Self { name: line(name)?, details: line(details), since_ms })
    }
    /// What the game is called.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// What goes on in it.
    pub fn details(&self) -> Option<&str> {
        self.details.as_deref()
    }
    /// Since when, Unix milliseconds of the player's clock.
    pub fn since_ms(&self) -> Option<u64> {
        self.since_ms
    }
}

fn line(text: &str) -> Option<String> {
    let mut line = String::new();
    let shown = text.chars().filter(|c| c.is_whitespace() || !hidden(*c));
    for c in shown {
        match c.is_whitespace() {
            true if line.is_empty() || line.ends_with(' ') => continue,
            true => line.push(' '),
            false => line.push(c),
        }
        // More than enough to see that it is too long.
        if line.len() > PLAYING_BYTES + 1 {
            break;
        }
    }
    let fits = |line: &str| line.len() <= PLAYING_BYTES && line.chars().count() <= PLAYING_CHARS;
    line.truncate(line.trim_end().len());
    if !fits(&line) {
        line = line.chars().take(PLAYING_CHARS - 1).collect();
        while line.len() + '…'.len_utf8() > PLAYING_BYTES {
            line.pop();
        }
        line.truncate(line.trim_end().len());
        line.push('…');
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
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn cleaned(name: &str) -> Option<String> {
        Playing::new(name, "", None).map(|p| p.name)
    }

    #[test]
    fn a_text_becomes_one_line_without_marks_that_turn_it() {
        assert_eq!(cleaned("  Deep \n\t Sea  ").unwrap(), "Deep Sea");
        assert_eq!(cleaned("ab\u{202e}cd\u{0}\u{200b}").unwrap(), "abcd");
        assert_eq!(cleaned(" \u{200b}\u{7}"), None);
        assert_eq!(Playing::new("a", " \n", None).unwrap().details, None);
    }

    #[test]
    fn a_long_text_is_cut_and_what_was_cut_stays_as_it_is() {
        assert_eq!(cleaned(&"x".repeat(64)).unwrap(), "x".repeat(64));
        assert_eq!(cleaned(&"x".repeat(65)).unwrap(), "x".repeat(63) + "…");
        for letter in ["x", "é", "漢", "🙂", "x ", "漢 🙂"] {
            for n in 0..200 {
                let Some(once) = cleaned(&letter.repeat(n)) else { continue };
                assert!(once.len() <= PLAYING_BYTES && once.chars().count() <= PLAYING_CHARS, "{once}");
                assert_eq!(cleaned(&once).unwrap(), once);
            }
        }
    }
}
