//! An X display: who hears what, and what is told.

use crate::screen::{Ears, OtherProgram, SOON, Screen, chord, lacks, until};
use crate::xtest::Fingers;
use hearth_hotkeys::Action::{Deafen, Mute, Overlay, Talk};
use hearth_hotkeys::{Action, Captured, Reach, Unavailable};
use std::time::Duration;
use x11rb::connection::Connection as _;
use x11rb::protocol::xinput::{
    ChangeMode, ConnectionExt as _, HierarchyChange, HierarchyChangeData, HierarchyChangeDataAddMaster,
    HierarchyChangeDataRemoveMaster,
};
use x11rb::protocol::xproto::{ConnectionExt as _, GrabMode, GrabStatus};

const ALL_DEVICES: u16 = 0;

/// Keycodes of X.
const V: u8 = 55;
const B: u8 = 56;
const CTRL: u8 = 37;
const SHIFT: u8 = 50;
const M: u8 = 58;
const F13: u8 = 191;
const ESCAPE: u8 = 9;

const TALKS: [(Action, &str); 1] = [(Talk, "KeyV")];

/// Waits until the watcher hears, by way of a key that no test uses otherwise.
fn settle(ears: &Ears, fingers: &Fingers) {
    ears.ready(Overlay, |down| fingers.key(F13, down).unwrap());
}

/// Somebody who types on a screen, and ears that hear these chords and are ready.
fn watch(screen: &Screen, bindings: &[(Action, &str)]) -> (Fingers, Ears) {
    let fingers = Fingers::on(Some(&screen.name)).unwrap();
    let ears = Ears::on(screen.source(), &[bindings, &[(Overlay, "F13")]].concat());
    settle(&ears, &fingers);
    (fingers, ears)
}

/// Holds the key to talk.
fn hold(ears: &Ears, fingers: &Fingers) {
    fingers.key(V, true).unwrap();
    assert_eq!(ears.next(), (Talk, true));
}

#[test]
fn another_program_has_the_focus_and_gets_the_key_too() {
    if lacks(&["Xvfb", "xdotool", "xev"]) {
        return;
    }
    let screen = Screen::new();
    let other = OtherProgram::on(&screen);
    let (_, ears) = watch(&screen, &TALKS);
    assert_eq!(ears.hotkeys.reach(), Reach::Everywhere);
    screen.xdotool(&["keydown", "v"]);
    assert_eq!(ears.next(), (Talk, true));
    until("the other program sees the press", || other.saw("KeyPress", V) > 0);
    assert_eq!(ears.rest(), []);
    screen.xdotool(&["keyup", "v"]);
    assert_eq!(ears.next(), (Talk, false));
    until("the other program sees the release", || other.saw("KeyRelease", V) > 0);
    assert_eq!(ears.end(), []);
}

#[test]
fn keys_that_were_not_asked_for_are_not_told() {
    if lacks(&["Xvfb", "xdotool", "xev"]) {
        return;
    }
    let screen = Screen::new();
    let other = OtherProgram::on(&screen);
    let (_, ears) = watch(&screen, &TALKS);
    screen.xdotool(&["key", "b", "ctrl+b", "shift+m", "F5", "space"]);
    until("the other program sees them", || other.saw("KeyRelease", B) >= 2 && other.saw("KeyRelease", 65) >= 1);
    screen.xdotool(&["key", "v"]);
    assert_eq!([ears.next(), ears.next()], [(Talk, true), (Talk, false)]);
    assert_eq!(ears.end(), []);
}

#[test]
fn a_key_that_repeats_is_one_press() {
    if lacks(&["Xvfb", "xdotool", "xev"]) {
        return;
    }
    let screen = Screen::new();
    let other = OtherProgram::on(&screen);
    let (fingers, ears) = watch(&screen, &TALKS);
    screen.xdotool(&["keydown", "v"]);
    until("the server repeats it for the other program", || other.saw("KeyPress", V) >= 5);
    // And as a keyboard does that repeats by itself.
    for _ in 0..5 {
        fingers.key(V, true).unwrap();
    }
    screen.xdotool(&["keyup", "v"]);
    assert_eq!([ears.next(), ears.next()], [(Talk, true), (Talk, false)]);
    assert_eq!(ears.end(), []);
}

#[test]
fn nothing_has_the_focus_or_a_game_has_the_keyboard_to_itself() {
    if lacks(&["Xvfb"]) {
        return;
    }
    let screen = Screen::new();
    let (fingers, ears) = watch(&screen, &TALKS);
    let game = Fingers::on(Some(&screen.name)).unwrap();
    let root = game.display().setup().roots[0].root;
    let grabbed = game.display().grab_keyboard(false, root, x11rb::CURRENT_TIME, GrabMode::ASYNC, GrabMode::ASYNC);
    assert_eq!(grabbed.unwrap().reply().unwrap().status, GrabStatus::SUCCESS);
    for down in [true, false] {
        fingers.key(V, down).unwrap();
        assert_eq!(ears.next(), (Talk, down));
    }
}

#[test]
fn chords_side_buttons_and_lone_modifiers() {
    if lacks(&["Xvfb"]) {
        return;
    }
    let screen = Screen::new();
    let bindings = [(Mute, "Ctrl+Shift+KeyM"), (Deafen, "Mouse4"), (Talk, "ControlLeft")];
    let (fingers, ears) = watch(&screen, &bindings);
    for (button, down) in [(1, true), (1, false), (8, true), (8, false), (2, true), (2, false)] {
        fingers.button(button, down).unwrap();
    }
    assert_eq!([ears.next(), ears.next()], [(Deafen, true), (Deafen, false)]);
    fingers.key(M, true).unwrap();
    fingers.key(M, false).unwrap();
    for code in [CTRL, SHIFT, M] {
        fingers.key(code, true).unwrap();
    }
    assert_eq!([ears.next(), ears.next()], [(Talk, true), (Mute, true)]);
    fingers.key(M, false).unwrap();
    assert_eq!(ears.next(), (Mute, false));
    fingers.key(CTRL, false).unwrap();
    assert_eq!(ears.next(), (Talk, false));
    assert_eq!(ears.end(), []);
}

#[test]
fn what_is_held_ends_when_it_is_bound_no_more_and_when_the_watcher_ends() {
    if lacks(&["Xvfb"]) {
        return;
    }
    let screen = Screen::new();
    let (fingers, ears) = watch(&screen, &TALKS);
    hold(&ears, &fingers);
    ears.set(&[(Talk, "KeyB"), (Overlay, "F13")]);
    assert_eq!(ears.next(), (Talk, false));
    fingers.key(V, false).unwrap();
    fingers.key(B, true).unwrap();
    assert_eq!(ears.next(), (Talk, true));
    assert_eq!(ears.end(), [(Talk, false)]);
}

#[test]
fn a_chord_is_captured_and_told_to_nobody_else() {
    if lacks(&["Xvfb"]) {
        return;
    }
    let screen = Screen::new();
    // With a button among them, so that the display tells of clicks from the start.
    let (fingers, ears) = watch(&screen, &[(Talk, "KeyV"), (Mute, "Mouse4")]);

    // The end of what is begun shows that the capture has begun.
    hold(&ears, &fingers);
    let capture = ears.hotkeys.capture(SOON);
    assert_eq!(ears.next(), (Talk, false));
    fingers.key(V, false).unwrap();
    assert_eq!(capture.poll(), None);
    // Shift and a click are no chord.
    fingers.key(SHIFT, true).unwrap();
    fingers.button(1, true).unwrap();
    fingers.button(1, false).unwrap();
    fingers.key(SHIFT, false).unwrap();
    for (code, down) in [(CTRL, true), (V, true), (V, false), (CTRL, false)] {
        fingers.key(code, down).unwrap();
    }
    assert_eq!(capture.wait(), Captured::Chord(chord("Ctrl+KeyV")));

    settle(&ears, &fingers);
    hold(&ears, &fingers);
    let capture = ears.hotkeys.capture(SOON);
    assert_eq!(ears.next(), (Talk, false));
    for down in [true, false] {
        fingers.key(ESCAPE, down).unwrap();
    }
    assert_eq!(capture.wait(), Captured::GaveUp);

    assert_eq!(ears.hotkeys.capture(Duration::from_millis(20)).wait(), Captured::TimedOut);
    let first = ears.hotkeys.capture(SOON);
    let second = ears.hotkeys.capture(SOON);
    assert_eq!(first.wait(), Captured::GaveUp);
    drop(second);
    fingers.key(V, false).unwrap();
    settle(&ears, &fingers);
    assert_eq!(ears.end(), []);
}

#[test]
fn a_keyboard_that_goes_while_a_key_is_held_lets_go() {
    if lacks(&["Xvfb"]) {
        return;
    }
    let screen = Screen::new();
    let (fingers, ears) = watch(&screen, &TALKS);
    let second = Second::on(&screen);
    second.0.key(V, true).unwrap();
    assert_eq!(ears.next(), (Talk, true));

    // The first keyboard presses and lets go of the same key, which is held all the same.
    fingers.key(V, true).unwrap();
    fingers.key(V, false).unwrap();
    fingers.key(F13, true).unwrap();
    assert_eq!(ears.next(), (Overlay, true));

    let remove = HierarchyChangeDataRemoveMaster {
        deviceid: second.device(b"second pointer"),
        return_mode: ChangeMode::FLOAT,
        return_pointer: 0,
        return_keyboard: 0,
    };
    second.change(3, HierarchyChangeData::RemoveMaster(remove));
    assert_eq!(ears.next(), (Talk, false));
    hold(&ears, &fingers);
}

/// Somebody with a mouse and a keyboard of their own on the same screen.
struct Second(Fingers);

impl Second {
    fn on(screen: &Screen) -> Self {
        let second = Self(Fingers::on(Some(&screen.name)).unwrap());
        let add = HierarchyChangeDataAddMaster { send_core: true, enable: true, name: b"second".to_vec() };
        second.0.display().xinput_xi_query_version(2, 2).unwrap().reply().unwrap();
        second.change(4, HierarchyChangeData::AddMaster(add));
        let pointer = second.device(b"second pointer");
        second.0.display().xinput_xi_set_client_pointer(x11rb::NONE, pointer).unwrap().check().unwrap();
        second
    }

    /// `len` in units of four bytes.
    fn change(&self, len: u16, data: HierarchyChangeData) {
        let change = HierarchyChange { len, data };
        self.0.display().xinput_xi_change_hierarchy(&[change]).unwrap().check().unwrap();
    }

    fn device(&self, name: &[u8]) -> u16 {
        let devices = self.0.display().xinput_xi_query_device(ALL_DEVICES).unwrap().reply().unwrap();
        devices.infos.iter().find(|device| device.name == name).unwrap().deviceid
    }
}

#[test]
fn a_display_that_dies_lets_go_and_is_heard_again_when_it_is_back() {
    if lacks(&["Xvfb"]) {
        return;
    }
    let screen = Screen::new();
    let (fingers, ears) = watch(&screen, &TALKS);
    hold(&ears, &fingers);
    let name = screen.kill();
    assert_eq!(ears.next(), (Talk, false));
    until("the loss is told", || ears.hotkeys.trouble() == Some(Unavailable::NoAnswer));
    ears.set(&[(Mute, "KeyB"), (Overlay, "F13")]);

    let screen = Screen::again(&name);
    until("the display is back", || ears.hotkeys.trouble().is_none());
    let fingers = Fingers::on(Some(&screen.name)).unwrap();
    settle(&ears, &fingers);
    fingers.key(B, true).unwrap();
    assert_eq!(ears.next(), (Mute, true));
    assert_eq!(ears.end(), [(Mute, false)]);
}
