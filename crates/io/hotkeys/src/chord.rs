//! A key with the modifiers held beside it, and how it is written.

use crate::key::{Key, Modifier};
use crate::limits::CHORD_BYTES;
use std::fmt;
use std::str::FromStr;

/// Modifiers held together.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Modifiers(u8);

impl Modifiers {
    pub fn with(self, modifier: Modifier) -> Self {
        Self(self.0 | 1 << modifier as u8)
    }

    pub fn without(self, modifier: Modifier) -> Self {
        Self(self.0 & !(1 << modifier as u8))
    }

    pub fn has(self, modifier: Modifier) -> bool {
        self.0 & (1 << modifier as u8) != 0
    }

    /// Whether all of `others` are among these.
    pub fn cover(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    pub fn iter(self) -> impl Iterator<Item = Modifier> {
        Modifier::ALL.into_iter().filter(move |m| self.has(*m))
    }
}

/// A key, and the modifiers that must be held when it goes down. A modifier alone is a key like any other.
///
/// Written as "Ctrl+Shift+KeyM", "ControlLeft", "Mouse4".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chord {
    modifiers: Modifiers,
    key: Key,
}

impl Chord {
    /// `key` with `modifiers`.
    ///
    /// # Errors
    /// [`BadChord::WithItself`] for a modifier beside its own kind, as in "Ctrl+ControlLeft".
    pub fn new(modifiers: impl IntoIterator<Item = Modifier>, key: Key) -> Result<Self, BadChord> {
        let modifiers = modifiers.into_iter().fold(Modifiers::default(), Modifiers::with);
        match key.modifier() {
            Some(own) if modifiers.has(own) => Err(BadChord::WithItself(own.name())),
            _ => Ok(Self { modifiers, key }),
        }
    }

    /// `key` with those of `modifiers` that are not its own kind.
    pub(crate) fn held(modifiers: Modifiers, key: Key) -> Self {
        let modifiers = key.modifier().map_or(modifiers, |own| modifiers.without(own));
        Self { modifiers, key }
    }

    /// The key that goes down last.
    pub fn key(self) -> Key {
        self.key
    }

    /// What must be held by then.
    pub fn modifiers(self) -> impl Iterator<Item = Modifier> {
        self.modifiers.iter()
    }

    pub(crate) fn set(self) -> Modifiers {
        self.modifiers
    }

    /// Its name for people: "Ctrl+Shift+M", "Left Ctrl".
    pub fn label(self) -> String {
        self.written(self.key.label())
    }

    fn written(self, key: &str) -> String {
        let mut parts: Vec<&str> = self.modifiers.iter().map(Modifier::name).collect();
        parts.push(key);
        parts.join("+")
    }
}

impl From<Key> for Chord {
    fn from(key: Key) -> Self {
        Self { modifiers: Modifiers::default(), key }
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written(self.key.name()))
    }
}

impl fmt::Debug for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Chord {
    type Err = BadChord;

    fn from_str(text: &str) -> Result<Self, BadChord> {
        if text.len() > CHORD_BYTES {
            return Err(BadChord::TooLong);
        }
        let mut parts = text.split('+');
        let key = parts.next_back().unwrap_or_default();
        let key = match key {
            "" => return Err(BadChord::NoKey),
            "Mouse1" | "Mouse2" => return Err(BadChord::MainButton),
            name => Key::from_name(name).ok_or_else(|| BadChord::Unknown(name.to_owned()))?,
        };
        let modifier = |name: &str| {
            let found = Modifier::ALL.into_iter().find(|m| m.name() == name);
            found.ok_or_else(|| BadChord::NotHeld(name.to_owned()))
        };
        Self::new(parts.map(modifier).collect::<Result<Vec<_>, _>>()?, key)
    }
}

/// Why a text is no chord.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadChord {
    /// Nothing after the last "+".
    #[error("There is no key in it.")]
    NoKey,
    /// Longer than [`CHORD_BYTES`].
    #[error("That is too long for a key.")]
    TooLong,
    /// No such key.
    #[error("No key is called \u{201c}{0}\u{201d}.")]
    Unknown(String),
    /// Something else than a modifier before a "+".
    #[error("\u{201c}{0}\u{201d} can't be held with another key. Use Ctrl, Shift, Alt or Super.")]
    NotHeld(String),
    /// A modifier beside its own kind.
    #[error("{0} can't be held with itself.")]
    WithItself(&'static str),
    /// Left or right.
    #[error("The left and right mouse buttons are needed for everything else. Use the middle one or a side button.")]
    MainButton,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_is_read_back() {
        for text in
            ["KeyV", "Ctrl+Shift+KeyM", "ControlLeft", "Mouse4", "Ctrl+Shift+Alt+Super+F24", "Shift+ControlRight"]
        {
            assert_eq!(text.parse::<Chord>().unwrap().to_string(), text);
        }
        for key in Key::all() {
            assert_eq!(key.name().parse::<Chord>().unwrap(), Chord::from(key));
        }
        assert_eq!("Shift+Ctrl+KeyM".parse::<Chord>().unwrap().to_string(), "Ctrl+Shift+KeyM");
    }

    #[test]
    fn people_read_a_label() {
        let label = |text: &str| text.parse::<Chord>().unwrap().label();
        assert_eq!(label("Ctrl+Shift+KeyM"), "Ctrl+Shift+M");
        assert_eq!(label("ControlLeft"), "Left Ctrl");
        assert_eq!(label("Alt+Mouse5"), "Alt+Mouse button 5");
    }

    #[test]
    fn what_is_no_chord_is_refused_in_a_plain_sentence() {
        let refused = |text: &str| text.parse::<Chord>().unwrap_err();
        assert_eq!(refused(""), BadChord::NoKey);
        assert_eq!(refused("Ctrl+"), BadChord::NoKey);
        assert_eq!(refused("keyv"), BadChord::Unknown("keyv".into()));
        assert_eq!(refused("KeyA+KeyB"), BadChord::NotHeld("KeyA".into()));
        assert_eq!(refused("Ctrl+ControlLeft"), BadChord::WithItself("Ctrl"));
        assert_eq!(refused("Mouse1"), BadChord::MainButton);
        assert_eq!(refused("Ctrl+Mouse2"), BadChord::MainButton);
        assert_eq!(refused(&"Ctrl+".repeat(13)), BadChord::TooLong);
        let said = BadChord::MainButton.to_string();
        assert_eq!(
            said,
            "The left and right mouse buttons are needed for everything else. Use the middle one or a side button."
        );
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_parser(text in "\\PC{0,80}") {
            if let Ok(chord) = text.parse::<Chord>() {
                prop_assert_eq!(chord.to_string().parse::<Chord>(), Ok(chord));
            }
        }
    }
}
