//! The bytes of `struct input_event` (`linux/input.h`): two longs of time, then type, code and value.

use crate::key::Key;
use crate::machine::Input;

const TIME: usize = 2 * size_of::<usize>();
/// Bytes of one event.
pub const SIZE: usize = TIME + 8;

const EV_SYN: u16 = 0;
const EV_KEY: u16 = 1;
const SYN_REPORT: u16 = 0;
const SYN_DROPPED: u16 = 3;

/// One device's bytes to inputs.
#[derive(Debug, Default)]
pub struct Reader {
    /// An event that is not whole yet.
    rest: Vec<u8>,
    /// Events were lost; all are void until the next report.
    dropped: bool,
}

impl Reader {
    /// What `bytes` say of `device`. Of repetition (value 2) nothing; after lost events, that all its keys are up.
    pub fn read(&mut self, device: u32, bytes: &[u8]) -> Vec<Input> {
        self.rest.extend_from_slice(bytes);
        let whole = self.rest.len() / SIZE * SIZE;
        let events: Vec<u8> = self.rest.drain(..whole).collect();
        events.chunks_exact(SIZE).filter_map(|event| self.event(device, event)).collect()
    }

    fn event(&mut self, device: u32, event: &[u8]) -> Option<Input> {
        let (kind, rest) = event.get(TIME..)?.split_first_chunk()?;
        let (code, value) = rest.split_first_chunk()?;
        let (kind, code) = (u16::from_ne_bytes(*kind), u16::from_ne_bytes(*code));
        let value = i32::from_ne_bytes(value.try_into().ok()?);
        match (kind, code, value) {
            (EV_SYN, SYN_DROPPED, _) => {
                self.dropped = true;
                Some(Input::Gone { device })
            }
            (EV_SYN, SYN_REPORT, _) => {
                self.dropped = false;
                None
            }
            (EV_KEY, code, 0 | 1) if !self.dropped => match Key::from_scancode(code) {
                Some(key) => Some(Input::Key { device, key, down: value == 1 }),
                None => (value == 1).then_some(Input::Unnamed),
            },
            _ => None,
        }
    }
}

/// The keys of a bitmap as sysfs prints it: longs in hexadecimal, the highest first.
pub fn keys_of(bitmap: &str) -> Vec<Key> {
    let longs: Vec<usize> =
        bitmap.split_ascii_whitespace().rev().map_while(|w| usize::from_str_radix(w, 16).ok()).collect();
    let has = |key: &Key| {
        let (long, bit) = (u32::from(key.scancode()) / usize::BITS, u32::from(key.scancode()) % usize::BITS);
        longs.get(long as usize).is_some_and(|long| long >> bit & 1 == 1)
    };
    Key::all().filter(has).collect()
}

#[cfg(all(test, target_pointer_width = "64"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(name: &str, down: bool) -> Input {
        Input::Key { device: 7, key: Key::from_name(name).unwrap(), down }
    }

    fn event(kind: u16, code: u16, value: i32) -> Vec<u8> {
        let mut bytes = vec![0xA5; TIME];
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(code.to_ne_bytes());
        bytes.extend(value.to_ne_bytes());
        bytes
    }

    /// V pressed, repeated and let go, as a keyboard of a little-endian machine says it.
    #[cfg(target_endian = "little")]
    #[test]
    fn the_bytes_of_a_key() {
        let hex = "6b7a5f6600000000 8d2b0a0000000000 0400 0400 19000700 6b7a5f6600000000 8d2b0a0000000000 0100 2f00 01000000 \
                   6b7a5f6600000000 8d2b0a0000000000 0000 0000 00000000 6b7a5f6600000000 6e0d0e0000000000 0100 2f00 02000000 \
                   6b7a5f6600000000 6e0d0e0000000000 0000 0000 01000000 6c7a5f6600000000 11a0010000000000 0100 2f00 00000000";
        let digits: Vec<u32> = hex.chars().filter_map(|c| c.to_digit(16)).collect();
        let bytes: Vec<u8> = digits.chunks(2).map(|two| u8::try_from(two[0] * 16 + two[1]).unwrap()).collect();
        assert_eq!(bytes.len(), 6 * SIZE);
        assert_eq!(Reader::default().read(7, &bytes), [key("KeyV", true), key("KeyV", false)]);
    }

    #[test]
    fn events_in_pieces_are_put_together() {
        let bytes = [event(1, 47, 1), event(1, 0x113, 1), event(1, 47, 0)].concat();
        let mut reader = Reader::default();
        let told: Vec<_> = bytes.chunks(5).flat_map(|piece| reader.read(7, piece)).collect();
        assert_eq!(told, [key("KeyV", true), key("Mouse4", true), key("KeyV", false)]);
    }

    #[test]
    fn lost_events_let_all_keys_go() {
        let bytes = [event(1, 47, 1), event(0, 3, 0), event(1, 48, 1), event(0, 0, 0), event(1, 49, 1)].concat();
        let told = Reader::default().read(7, &bytes);
        assert_eq!(told, [key("KeyV", true), Input::Gone { device: 7 }, key("KeyN", true)]);
    }

    #[test]
    fn other_events_say_nothing() {
        let bytes = [event(2, 47, 1), event(4, 4, 1), event(1, 47, 3), event(1, 47, -1)].concat();
        assert_eq!(Reader::default().read(7, &bytes), []);
        let click = [event(1, 0x110, 1), event(1, 0x110, 0)].concat();
        assert_eq!(Reader::default().read(7, &click), [Input::Unnamed]);
    }

    #[test]
    fn a_device_is_known_by_its_bitmap() {
        // A mouse with two side buttons, and a keyboard.
        let mouse = keys_of("1f0000 0 0 0 0\n");
        assert_eq!(mouse.iter().map(|key| key.name()).collect::<Vec<_>>(), ["Mouse3", "Mouse4", "Mouse5"]);
        let keyboard = keys_of("1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe");
        assert!(keyboard.contains(&Key::from_name("KeyV").unwrap()));
        assert!(keyboard.contains(&Key::from_name("F13").unwrap()));
        assert!(!keyboard.iter().any(|key| key.is_button()));
        assert_eq!(keys_of("no bitmap"), []);
        assert_eq!(keys_of(""), []);
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..8)) {
            let mut reader = Reader::default();
            for piece in pieces {
                reader.read(1, &piece);
                prop_assert!(reader.rest.len() < SIZE);
            }
        }
    }
}
