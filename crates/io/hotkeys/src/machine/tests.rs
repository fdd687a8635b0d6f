#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;

/// A machine, and short words for what is done to it.
struct Desk(Machine);

fn chord(text: &str) -> Chord {
    text.parse().unwrap()
}

fn key(name: &str) -> Key {
    Key::from_name(name).unwrap()
}

fn begins(action: Action) -> Told {
    Told::Action { action, down: true }
}

fn ends(action: Action) -> Told {
    Told::Action { action, down: false }
}

impl Desk {
    fn with(bindings: &[(Action, &str)]) -> Self {
        let mut desk = Self(Machine::default());
        assert_eq!(desk.set(bindings), []);
        desk
    }

    fn set(&mut self, bindings: &[(Action, &str)]) -> Vec<Told> {
        let mut told = Vec::new();
        self.0.set(bindings.iter().map(|(action, text)| (*action, chord(text))).collect(), &mut told);
        told
    }

    fn input(&mut self, input: Input) -> Vec<Told> {
        let mut told = Vec::new();
        self.0.handle(input, &mut told);
        told
    }

    fn down(&mut self, name: &str) -> Vec<Told> {
        self.down_on(1, name)
    }

    fn up(&mut self, name: &str) -> Vec<Told> {
        self.up_on(1, name)
    }

    fn down_on(&mut self, device: u32, name: &str) -> Vec<Told> {
        self.input(Input::Key { device, key: key(name), down: true })
    }

    fn up_on(&mut self, device: u32, name: &str) -> Vec<Told> {
        self.input(Input::Key { device, key: key(name), down: false })
    }

    fn capture(&mut self) -> Vec<Told> {
        let mut told = Vec::new();
        self.0.capture(&mut told);
        told
    }
}

use Action::{Deafen, Mute, Overlay, Talk};

#[test]
fn a_key_begins_and_ends_its_action() {
    let mut desk = Desk::with(&[(Talk, "KeyV"), (Mute, "F13")]);
    assert_eq!(desk.down("KeyV"), [begins(Talk)]);
    assert_eq!(desk.down("F13"), [begins(Mute)]);
    assert_eq!(desk.up("KeyV"), [ends(Talk)]);
    assert_eq!(desk.up("F13"), [ends(Mute)]);
}

#[test]
fn a_held_key_is_one_press_however_often_it_repeats() {
    let mut desk = Desk::with(&[(Talk, "KeyV")]);
    assert_eq!(desk.down("KeyV"), [begins(Talk)]);
    for _ in 0..50 {
        assert_eq!(desk.down("KeyV"), []);
    }
    assert_eq!(desk.up("KeyV"), [ends(Talk)]);
    assert_eq!(desk.up("KeyV"), []);
}

#[test]
fn the_same_event_of_two_devices_is_one() {
    let mut desk = Desk::with(&[(Talk, "KeyV")]);
    assert_eq!([desk.down_on(3, "KeyV"), desk.down_on(10, "KeyV")].concat(), [begins(Talk)]);
    assert_eq!([desk.up_on(3, "KeyV"), desk.up_on(10, "KeyV")].concat(), [ends(Talk)]);
}

#[test]
fn two_keyboards_hold_a_key_until_both_let_go() {
    let mut desk = Desk::with(&[(Talk, "KeyV"), (Mute, "Ctrl+KeyM")]);
    assert_eq!(desk.down_on(1, "KeyV"), [begins(Talk)]);
    assert_eq!(desk.down_on(2, "KeyV"), []);
    assert_eq!(desk.up_on(1, "KeyV"), []);
    assert_eq!(desk.up_on(2, "KeyV"), [ends(Talk)]);
    desk.down_on(1, "ControlLeft");
    assert_eq!(desk.down_on(2, "KeyM"), [begins(Mute)]);
}

#[test]
fn a_keyboard_that_is_unplugged_lets_go() {
    let mut desk = Desk::with(&[(Talk, "KeyV")]);
    desk.down_on(1, "KeyV");
    assert_eq!(desk.input(Input::Gone { device: 2 }), []);
    assert_eq!(desk.input(Input::Gone { device: 1 }), [ends(Talk)]);
    assert_eq!(desk.down_on(1, "KeyV"), [begins(Talk)]);
}

#[test]
fn of_other_keys_nothing_is_told_and_nothing_kept() {
    let mut desk = Desk::with(&[(Talk, "KeyV")]);
    for other in Key::all().filter(|k| *k != key("KeyV")) {
        assert!(!desk.0.interest().wants(other));
        assert_eq!(desk.down(other.name()), []);
        assert_eq!(desk.0, Desk::with(&[(Talk, "KeyV")]).0, "{other} is kept");
        desk.up(other.name());
    }
    assert!(!desk.0.interest().any_button());
    assert!(!Machine::default().interest().any_key());
}

#[test]
fn after_a_capture_nothing_of_it_is_kept() {
    let mut desk = Desk::with(&[(Talk, "KeyV")]);
    desk.capture();
    desk.down("ShiftLeft");
    desk.down("KeyP");
    assert_eq!(desk.0, Desk::with(&[(Talk, "KeyV")]).0);
}

#[test]
fn a_chord_needs_its_modifiers_of_either_side() {
    let mut desk = Desk::with(&[(Mute, "Ctrl+Shift+KeyM")]);
    assert_eq!(desk.down("KeyM"), []);
    desk.up("KeyM");
    desk.down("ControlRight");
    assert_eq!(desk.down("KeyM"), []);
    desk.up("KeyM");
    desk.down("ShiftLeft");
    assert_eq!(desk.down("KeyM"), [begins(Mute)]);
    assert_eq!(desk.up("KeyM"), [ends(Mute)]);
}

#[test]
fn a_chord_is_over_with_its_first_key_that_goes_up() {
    let mut desk = Desk::with(&[(Talk, "Ctrl+KeyV")]);
    desk.down("ControlLeft");
    desk.down("ControlRight");
    assert_eq!(desk.down("KeyV"), [begins(Talk)]);
    assert_eq!(desk.up("ControlLeft"), [], "the right one is still held");
    assert_eq!(desk.up("ControlRight"), [ends(Talk)]);
    assert_eq!(desk.down("ControlLeft"), [], "begins anew with its key alone");
    assert_eq!(desk.up("KeyV"), []);
}

#[test]
fn one_can_talk_while_running() {
    let mut desk = Desk::with(&[(Talk, "KeyV"), (Deafen, "Shift+KeyD")]);
    desk.down("ShiftLeft");
    assert_eq!(desk.down("KeyV"), [begins(Talk)]);
    assert_eq!(desk.up("ShiftLeft"), []);
    assert_eq!(desk.up("KeyV"), [ends(Talk)]);
}

#[test]
fn the_chord_that_says_more_is_meant_alone() {
    let mut desk = Desk::with(&[(Talk, "KeyV"), (Mute, "Ctrl+KeyV"), (Overlay, "Ctrl+Shift+KeyV")]);
    desk.down("ControlLeft");
    assert_eq!(desk.down("KeyV"), [begins(Mute)]);
    assert_eq!(desk.up("KeyV"), [ends(Mute)]);
    desk.down("ShiftLeft");
    assert_eq!(desk.down("KeyV"), [begins(Overlay)]);
}

#[test]
fn modifiers_and_side_buttons_are_keys_like_others() {
    let mut desk =
        Desk::with(&[(Talk, "ControlLeft"), (Mute, "Ctrl+KeyM"), (Deafen, "Mouse4"), (Overlay, "Ctrl+ShiftLeft")]);
    assert!(desk.0.interest().any_button());
    assert_eq!(desk.down("ControlRight"), [], "the right one was not asked for");
    desk.up("ControlRight");
    assert_eq!(desk.down("ControlLeft"), [begins(Talk)]);
    assert_eq!(desk.down("KeyM"), [begins(Mute)]);
    assert_eq!(desk.down("ShiftLeft"), [begins(Overlay)]);
    assert_eq!(desk.down("Mouse4"), [begins(Deafen)]);
    assert_eq!(desk.up("ControlLeft"), [ends(Talk), ends(Mute), ends(Overlay)]);
    assert_eq!(desk.up("Mouse4"), [ends(Deafen)]);
}

#[test]
fn an_action_with_two_chords_ends_with_the_last() {
    let mut desk = Desk::with(&[(Talk, "KeyV"), (Talk, "Mouse5")]);
    assert_eq!(desk.down("KeyV"), [begins(Talk)]);
    assert_eq!(desk.down("Mouse5"), []);
    assert_eq!(desk.up("KeyV"), []);
    assert_eq!(desk.up("Mouse5"), [ends(Talk)]);
}

#[test]
fn a_chord_that_is_bound_no_more_ends_and_others_go_on() {
    let mut desk = Desk::with(&[(Talk, "KeyV"), (Mute, "KeyM")]);
    desk.down("KeyV");
    desk.down("KeyM");
    assert_eq!(desk.set(&[(Talk, "KeyV"), (Mute, "KeyN")]), [ends(Mute)]);
    assert_eq!(desk.up("KeyM"), []);
    assert_eq!(desk.set(&[(Talk, "Ctrl+KeyV")]), [ends(Talk)]);
    assert_eq!(desk.up("KeyV"), []);
    assert_eq!(desk.set(&[]), []);
    assert_eq!(desk.0, Machine::default());
}

#[test]
fn when_all_is_lost_what_is_begun_ends() {
    let mut desk = Desk::with(&[(Talk, "KeyV"), (Mute, "KeyM")]);
    desk.down("KeyV");
    let mut told = Vec::new();
    desk.0.lost(&mut told);
    assert_eq!(told, [ends(Talk)]);
    assert_eq!(desk.up("KeyV"), []);
    assert_eq!(desk.down("KeyV"), [begins(Talk)]);
}

#[test]
fn a_capture_gives_the_chord_to_nobody_else() {
    let mut desk = Desk::with(&[(Talk, "KeyV"), (Mute, "Ctrl+KeyM")]);
    assert_eq!(desk.down("KeyV"), [begins(Talk)]);
    assert_eq!(desk.capture(), [ends(Talk)]);
    assert!(desk.0.interest().wants(key("KeyP")) && desk.0.interest().any_button());
    assert_eq!(desk.down("KeyV"), [], "a key held from before is not the one that is wanted");
    assert_eq!(desk.up("KeyV"), []);
    assert_eq!(desk.down("ControlLeft"), []);
    assert_eq!(desk.down("KeyM"), [Told::Captured(Some(chord("Ctrl+KeyM")))]);
    assert_eq!([desk.down("KeyM"), desk.up("KeyM"), desk.up("ControlLeft")].concat(), []);
    assert_eq!(desk.down("KeyV"), [begins(Talk)], "and then all is as before");
}

#[test]
fn a_capture_takes_modifiers_by_themselves_when_they_go_up() {
    let mut desk = Desk::with(&[]);
    desk.capture();
    assert_eq!(desk.up("ShiftLeft"), [], "went down before");
    assert_eq!(desk.down("ControlRight"), []);
    assert_eq!(desk.up("ControlRight"), [Told::Captured(Some(chord("ControlRight")))]);
    desk.capture();
    desk.down("ControlLeft");
    desk.down("ControlRight");
    desk.down("ShiftLeft");
    assert_eq!(desk.up("ControlLeft"), [Told::Captured(Some(chord("Shift+ControlLeft")))]);
    desk.capture();
    assert_eq!(desk.down("Mouse4"), [Told::Captured(Some(chord("Mouse4")))]);
}

#[test]
fn a_modifier_with_a_click_or_an_unnamed_key_was_not_meant_by_itself() {
    let mut desk = Desk::with(&[]);
    desk.capture();
    desk.down("ControlLeft");
    desk.down("ShiftLeft");
    assert_eq!(desk.input(Input::Unnamed), []);
    assert_eq!([desk.up("ShiftLeft"), desk.up("ControlLeft")].concat(), []);
    assert_eq!(desk.input(Input::Unnamed), [], "with nothing held it says nothing");
    desk.down("ControlLeft");
    assert_eq!(desk.up("ControlLeft"), [Told::Captured(Some(chord("ControlLeft")))]);
}

#[test]
fn escape_gives_a_capture_up() {
    let mut desk = Desk::with(&[(Talk, "Escape")]);
    desk.capture();
    assert_eq!(desk.down("Escape"), [Told::Captured(None)]);
    assert_eq!(desk.up("Escape"), []);
    assert_eq!(desk.down("Escape"), [begins(Talk)]);
}

#[test]
fn no_more_is_held_or_bound_than_the_limits_say() {
    let mut desk = Desk::with(&[(Talk, "KeyV"), (Mute, "KeyM")]);
    for device in 0..2 * u32::try_from(HELD).unwrap() {
        desk.down_on(device, "KeyV");
    }
    assert_eq!(desk.0.held.0.len(), HELD);
    assert_eq!(desk.down("KeyM"), [], "beyond the limit a press is not told");
    let every: Vec<_> = Key::all().map(|key| (Talk, Chord::from(key))).collect();
    desk.0.set(every, &mut Vec::new());
    assert_eq!(desk.0.bindings.len(), BINDINGS);
}

fn inputs() -> impl Strategy<Value = Vec<(u32, usize, u8)>> {
    prop::collection::vec((0..3u32, 0..Key::all().count(), 0..12u8), 0..200)
}

proptest! {
    /// Whatever comes in whatever order: beginnings and ends of an action take turns, and at the end nothing is left open.
    #[test]
    fn each_beginning_has_one_end(inputs in inputs()) {
        let mut desk = Desk::with(&[(Talk, "KeyV"), (Talk, "Ctrl+KeyV"), (Mute, "ControlLeft"), (Deafen, "Shift+Mouse4")]);
        let few = ["KeyV", "ControlLeft", "ControlRight", "ShiftLeft", "Mouse4", "KeyP"];
        let mut told = Vec::new();
        for (device, number, kind) in inputs {
            let name = few[number % few.len()];
            told.extend(match kind {
                0 => desk.input(Input::Gone { device }),
                1 => desk.capture(),
                2 => desk.set(&[(Talk, "KeyV"), (Mute, "Ctrl+KeyV")]),
                3 => desk.set(&[(Talk, "KeyV"), (Talk, "Ctrl+KeyV"), (Mute, "ControlLeft"), (Deafen, "Shift+Mouse4")]),
                4 => desk.input(Input::Unnamed),
                5..8 => desk.down_on(device, name),
                _ => desk.up_on(device, name),
            });
        }
        desk.0.lost(&mut told);
        for action in [Talk, Mute, Deafen, Overlay] {
            let turns: Vec<bool> = told.iter().filter_map(|told| match told {
                Told::Action { action: a, down } if *a == action => Some(*down),
                _ => None,
            }).collect();
            prop_assert!(turns.iter().enumerate().all(|(i, down)| *down == (i % 2 == 0)), "{:?} {:?}", action, turns);
            prop_assert!(turns.len().is_multiple_of(2));
        }
    }
}
