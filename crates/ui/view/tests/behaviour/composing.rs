//! Writing, answering, changing, reacting.

use crate::cast::{self, Cast};
use crate::stage::Stage;
use egui::{Event, ImeEvent, Key, Modifiers};
use egui_kittest::kittest::Queryable;
use hearth_types::limits;
use hearth_view::Intent;

fn sent(s: &Stage) -> Vec<&str> {
    s.log().iter().filter_map(|i| if let Intent::Send { text, .. } = i { Some(text.as_str()) } else { None }).collect()
}

#[test]
fn enter_sends_and_shift_enter_breaks_the_line() {
    let mut s = Stage::main(Cast::usual());
    s.write("one");
    s.key_with(Modifiers::SHIFT, Key::Enter);
    s.write("two");
    s.key(Key::Enter);
    assert_eq!(sent(&s), ["one\ntwo"]);
    assert_eq!(s.world().ui.composer.text(), "");
    s.write("   ");
    s.key(Key::Enter);
    assert_eq!(sent(&s).len(), 1, "blank text is not sent");
}

#[test]
fn an_input_method_keeps_its_enter() {
    let mut s = Stage::main(Cast::usual());
    s.0.event(Event::Ime(ImeEvent::Preedit { text: "にほ".into(), active_range_chars: None }));
    s.wait(2);
    s.key(Key::Enter);
    assert!(sent(&s).is_empty());
    s.0.event(Event::Ime(ImeEvent::Commit("日本".into())));
    s.wait(2);
    s.key(Key::Enter);
    assert_eq!(sent(&s), ["日本"]);
}

#[test]
fn up_edits_the_last_own_message_and_esc_brings_the_draft_back() {
    let mut s = Stage::main(Cast::usual());
    s.key(Key::ArrowUp);
    assert_eq!(s.world().ui.composer.text(), "Deal. Room opens in five.");
    s.key(Key::Escape);
    assert_eq!(s.world().ui.composer.text(), "");
    s.key(Key::ArrowUp);
    s.key(Key::End);
    s.write(" Bring tea.");
    s.key(Key::Enter);
    assert!(
        matches!(s.log().last(), Some(Intent::Edit { message, text }) if *message == cast::entry(13) && text == "Deal. Room opens in five. Bring tea."),
        "{:?}",
        s.log()
    );
    assert_eq!(s.world().ui.composer.text(), "");
}

#[test]
fn a_reply_starts_at_the_toolbar_and_names_its_message() {
    let mut s = Stage::main(Cast::usual());
    let at = s.0.get_by_label_contains("New map, and we report").rect().center();
    s.point(at.x, at.y);
    assert!(s.has("Reply"), "{at:?} {:?}", s.names());
    s.click("Reply");
    assert!(s.painted().contains("Replying to"));
    s.write("agreed");
    s.key(Key::Enter);
    assert!(
        s.log().iter().any(
            |i| matches!(i, Intent::Send { text, reply_to: Some(id), .. } if text == "agreed" && *id == cast::entry(11))
        ),
        "{:?}",
        s.log()
    );
}

#[test]
fn a_reaction_is_toggled_by_its_pill_and_set_by_the_picker() {
    let mut s = Stage::main(Cast::usual());
    s.click("Reaction 🔥, 2");
    assert_eq!(s.log(), [Intent::React { message: cast::entry(11), emoji: "🔥".into(), on: false }]);
    s.click("Reaction 👍, 2");
    assert_eq!(s.log()[1], Intent::React { message: cast::entry(9), emoji: "👍".into(), on: true });
    let at = s.0.get_by_label_contains("Deal. Room opens").rect().center();
    s.point(at.x, at.y);
    s.click("React");
    s.click("React with 🎉");
    assert_eq!(s.log()[2], Intent::React { message: cast::entry(13), emoji: "🎉".into(), on: true });
}

#[test]
fn deleting_asks_first() {
    let mut s = Stage::main(Cast::usual());
    let at = s.0.get_by_label_contains("Deal. Room opens").rect().center();
    s.point(at.x, at.y);
    s.click("More");
    s.click("Delete message");
    s.settle();
    assert!(s.world().ui.dialog_open() && s.log().is_empty());
    s.click("Delete message");
    assert_eq!(s.log(), [Intent::Delete { message: cast::entry(13) }]);
}

#[test]
fn typing_is_told_once_in_a_while() {
    let mut s = Stage::main(Cast::usual());
    for _ in 0..20 {
        s.write("a");
    }
    let told = || s.log().iter().filter(|i| matches!(i, Intent::Typing { .. })).count();
    assert_eq!(told(), 1);
    s.world_mut().now_ms += limits::TYPING_EVERY_MS;
    s.write("b");
    assert_eq!(s.log().iter().filter(|i| matches!(i, Intent::Typing { .. })).count(), 2);
}

#[test]
fn a_text_stops_at_the_limit_and_says_so_before() {
    let mut s = Stage::main(Cast::usual());
    s.write(&"x".repeat(limits::MESSAGE_CHARS - 10));
    assert!(s.painted().lines().any(|l| l == "10"));
    s.write(&"y".repeat(50));
    assert_eq!(s.world().ui.composer.text().chars().count(), limits::MESSAGE_CHARS);
}

#[test]
fn drafts_stay_with_their_channels() {
    let mut s = Stage::main(Cast::usual());
    s.write("half a thou");
    s.world_mut().cast.channel = Some(1);
    s.wait(3);
    assert_eq!(s.world().ui.composer.text(), "");
    s.world_mut().cast.channel = Some(0);
    s.wait(3);
    assert_eq!(s.world().ui.composer.text(), "half a thou");
}

#[test]
fn words_find_the_composer_wherever_one_clicked() {
    let mut s = Stage::main(Cast::usual());
    s.0.drag_at(egui::pos2(700.0, 300.0));
    s.0.drop_at(egui::pos2(700.0, 300.0));
    s.wait(3);
    s.write("hello");
    assert_eq!(s.world().ui.composer.text(), "hello");
}
