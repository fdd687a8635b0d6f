//! A key by its place on the keyboard, or a button of the mouse.

mod table;

use std::fmt;
use table::{KEYS, Row};

/// A key by its place, whatever the layout prints on it, or a button of the mouse. Left and right are not among them.
///
/// Its name is the `code` of W3C UI Events ("KeyV", "F13", "ControlLeft"); buttons are called "Mouse3" (middle) to "Mouse8".
/// Its number is the scancode of Linux (`input-event-codes.h`), which X keycodes exceed by eight.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(&'static Row);

/// Codes of mouse buttons begin here.
const BUTTONS: u16 = 0x110;
const ESCAPE: u16 = 1;

impl Key {
    /// The key with this scancode of Linux, if it has a name.
    pub fn from_scancode(code: u16) -> Option<Self> {
        let at = KEYS.binary_search_by_key(&code, |row| row.code).ok()?;
        KEYS.get(at).map(Self)
    }

    /// The key called `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        KEYS.iter().find(|row| row.name == name).map(Self)
    }

    /// The key with this keycode of an X server.
    pub fn from_x_keycode(code: u32) -> Option<Self> {
        let code = u16::try_from(code.checked_sub(8)?).ok()?;
        (code < BUTTONS).then(|| Self::from_scancode(code))?
    }

    /// The button with this number of an X server, where 1 is left, 3 is right and 4 to 7 are the wheel.
    pub fn from_x_button(button: u32) -> Option<Self> {
        let code = match button {
            2 => BUTTONS + 2,
            8..=12 => BUTTONS + u16::try_from(button).ok()? - 5,
            _ => return None,
        };
        Self::from_scancode(code)
    }

    /// Every key there is a name for.
    pub fn all() -> impl Iterator<Item = Self> {
        KEYS.iter().map(Self)
    }

    /// Its scancode.
    pub fn scancode(self) -> u16 {
        self.0.code
    }

    /// Its name in settings and files.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// Its name for people, as printed on a keyboard of the United States: "V", "Left Ctrl", "Mouse button 4".
    pub fn label(self) -> &'static str {
        self.0.label
    }

    /// True for a button of the mouse.
    pub fn is_button(self) -> bool {
        self.0.code >= BUTTONS
    }

    /// Which modifier it is, if it is one.
    pub fn modifier(self) -> Option<Modifier> {
        match self.0.code {
            29 | 97 => Some(Modifier::Ctrl),
            42 | 54 => Some(Modifier::Shift),
            56 | 100 => Some(Modifier::Alt),
            125 | 126 => Some(Modifier::Super),
            _ => None,
        }
    }

    pub(crate) fn is_escape(self) -> bool {
        self.0.code == ESCAPE
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A key that is held while another one is pressed. Left and right count alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Modifier {
    /// Control.
    Ctrl,
    /// Shift.
    Shift,
    /// Alt, and AltGr where there is one.
    Alt,
    /// The key with the Windows sign, Command on a Mac.
    Super,
}

impl Modifier {
    /// All of them, in the order in which they are written.
    pub const ALL: [Self; 4] = [Self::Ctrl, Self::Shift, Self::Alt, Self::Super];

    /// Its name, the same in files and for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ctrl => "Ctrl",
            Self::Shift => "Shift",
            Self::Alt => "Alt",
            Self::Super => "Super",
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_key_is_found_by_code_and_name_and_none_twice() {
        assert!(KEYS.windows(2).all(|pair| pair[0].code < pair[1].code));
        assert_eq!(KEYS.iter().map(|row| row.name).collect::<BTreeSet<_>>().len(), KEYS.len());
        assert_eq!(KEYS.iter().map(|row| row.label).collect::<BTreeSet<_>>().len(), KEYS.len());
        for key in Key::all() {
            assert_eq!(Key::from_scancode(key.scancode()), Some(key));
            assert_eq!(Key::from_name(key.name()), Some(key));
        }
    }

    #[test]
    fn x_counts_keys_eight_higher_and_buttons_in_its_own_way() {
        assert_eq!(Key::from_x_keycode(55), Key::from_name("KeyV"));
        assert_eq!(Key::from_x_keycode(191), Key::from_name("F13"));
        assert_eq!(Key::from_x_keycode(37), Key::from_name("ControlLeft"));
        assert_eq!(Key::from_x_keycode(9), Key::from_name("Escape"));
        let buttons: Vec<_> = (0..=13).map(|b| Key::from_x_button(b).map(Key::name)).collect();
        let named = ["Mouse4", "Mouse5", "Mouse6", "Mouse7", "Mouse8"].map(Some);
        assert_eq!(buttons[..8], [None, None, Some("Mouse3"), None, None, None, None, None]);
        assert_eq!(buttons[8..13], named);
        assert_eq!(buttons[13], None);
    }

    #[test]
    fn no_number_of_a_server_is_taken_for_another_key() {
        for code in (0..8).chain([BUTTONS.into(), u32::from(BUTTONS) + 8, u32::from(BUTTONS) + 10, 70_000, u32::MAX]) {
            assert_eq!(Key::from_x_keycode(code), None, "{code}");
        }
        assert_eq!(Key::from_x_button(u32::MAX), None);
        assert_eq!(Key::from_scancode(BUTTONS), None);
        assert_eq!(Key::from_scancode(BUTTONS + 1), None);
        assert!(Key::from_x_keycode(255).is_none());
    }

    #[test]
    fn people_read_plain_words() {
        let label = |name| Key::from_name(name).unwrap().label();
        assert_eq!(label("KeyV"), "V");
        assert_eq!(label("F13"), "F13");
        assert_eq!(label("ControlLeft"), "Left Ctrl");
        assert_eq!(label("Mouse4"), "Mouse button 4");
        assert_eq!(label("Mouse3"), "Middle mouse button");
    }
}
