//! Keys that work whatever program is in front: one row each, and one way to choose any.

use super::hint;
use crate::widgets::{self, medium};
use crate::{Intent, Intents, KeyFor, KeysView, MainView, Talk, Tokens, VoiceChoices};
use egui::{Align2, Color32, CursorIcon, FontId, Id, Rect, Sense, Stroke, StrokeKind, Ui, WidgetInfo, WidgetType};
use egui::{pos2, vec2};

const ROW_H: f32 = 42.0;
const BUTTON_H: f32 = 30.0;
const CHOOSE_W: f32 = 116.0;
const REMOVE_W: f32 = 76.0;
/// Widest a key is drawn.
const CAP_W: f32 = 132.0;

/// Draws all of them. Push to talk has one only while it opens the microphone.
pub(super) fn keys_ui(ui: &mut Ui, view: &MainView<'_>, t: &Tokens, choices: &mut VoiceChoices, intents: &mut Intents) {
    let keys = &view.voice.keys;
    for which in KeyFor::ALL {
        if which != KeyFor::Talk || choices.talk == Talk::Key {
            row(ui, t, keys, which, choices, intents);
        }
    }
    match keys.word {
        Some(word) => hint(ui, t, word),
        None => hint(ui, t, "Games get these keys too. In this window, Ctrl+Shift+M and Ctrl+Shift+D do it as well."),
    }
}

/// What a key does, or what is to be done about it now.
fn about(keys: &KeysView<'_>, which: KeyFor) -> String {
    if keys.asked == Some(which) {
        return "Press the key you want. Escape keeps things as they are.".into();
    }
    if let Some((_, by)) = keys.taken.filter(|(tried, _)| *tried == which) {
        return format!("Already used for {}", by.name());
    }
    match which {
        KeyFor::Talk if keys.everywhere => {
            format!("Hold {} to talk, whatever is in front.", keys.label(which))
        }
        KeyFor::Talk => format!("Hold {} to talk, while this window is in front.", keys.label(which)),
        KeyFor::Mute => "Turns your microphone off and on.".into(),
        KeyFor::Deafen => "Turns all sound off and on.".into(),
        KeyFor::Overlay => "Lets you drag it, until pressed again.".into(),
    }
}

fn row(ui: &mut Ui, t: &Tokens, keys: &KeysView<'_>, which: KeyFor, choices: &mut VoiceChoices, intents: &mut Intents) {
    let c = &t.color;
    let (rect, r) = ui.allocate_exact_size(vec2(ui.available_width(), ROW_H), Sense::hover());
    let (name, label) = (which.name(), keys.label(which));
    let has = !label.is_empty();
    r.widget_info(|| {
        let key = if has { label } else { "no key" };
        WidgetInfo::labeled(WidgetType::Label, true, format!("{name}: {key}"))
    });
    let y = rect.center().y;
    let waits = keys.asked == Some(which);
    // Where none can be watched there is nothing to choose, but there may be something to take away.
    let can = keys.asked.is_none() && (keys.everywhere || keys.word.is_none());
    let idle = keys.asked.is_none();
    let mut right = rect.right();
    let mut place = |width: f32| {
        let at = Rect::from_center_size(pos2(right - width / 2.0, y), vec2(width, BUTTON_H));
        right -= width + t.space.sm;
        at
    };
    let (text, spoken) = match (waits, has) {
        (true, _) => ("Waiting…", format!("Waiting for the key of {name}")),
        (_, true) => ("Change", format!("Choose another key for {name}")),
        (_, false) => ("Choose a key", format!("Choose a key for {name}")),
    };
    if small_button(ui, t, Id::new(("choose-key", which as u8)), place(CHOOSE_W), (text, &spoken), can) {
        intents.push(Intent::AskKey(which));
    }
    if has && which != KeyFor::Talk {
        let words = ("Remove", format!("Remove the key of {name}"));
        let gone =
            small_button(ui, t, Id::new(("remove-key", which as u8)), place(REMOVE_W), (words.0, &words.1), idle);
        if gone {
            choices.key_for_mut(which).clear();
        }
    }
    if has {
        let galley = widgets::elided(ui.painter(), label, medium(t.text_size.list), c.text, CAP_W - 20.0);
        let cap = place((galley.size().x + 20.0).max(BUTTON_H));
        let fill = if t.dark { c.bg1 } else { c.bg0 };
        ui.painter().rect_filled(cap, t.radius.control, fill);
        ui.painter().rect_stroke(cap, t.radius.control, Stroke::new(1.0, c.line), StrokeKind::Inside);
        ui.painter().galley((cap.center() - galley.size() / 2.0).round(), galley, c.text);
    }
    let room = right - rect.left() - t.space.sm;
    let taken = keys.taken.is_some_and(|(tried, _)| tried == which);
    let ink = match (waits, taken) {
        (true, _) => c.text,
        (_, true) => c.warn,
        _ => c.muted,
    };
    let x = rect.left();
    widgets::line_at(ui.painter(), x, y - 10.0, name, medium(t.text_size.list + 0.5), c.text, room);
    let about = about(keys, which);
    widgets::line_at(ui.painter(), x, y + 9.0, &about, FontId::proportional(t.text_size.meta), ink, room);
    let under = Rect::from_min_max(pos2(x, y), pos2(x + room.max(0.0), rect.bottom()));
    let r = ui.interact(under, Id::new(("key-about", which as u8)), Sense::hover());
    r.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, about.as_str()));
}

/// A button of a row; `spoken` says of what it is one.
fn small_button(ui: &Ui, t: &Tokens, id: Id, rect: Rect, (text, spoken): (&str, &str), can: bool) -> bool {
    let c = &t.color;
    // One that can do nothing now keeps the keyboard.
    let r = ui.interact(rect, id, Sense::click());
    r.widget_info(|| WidgetInfo::labeled(WidgetType::Button, can, spoken));
    let radius = t.radius.control;
    let fill = if can && r.hovered() { c.selected } else { Color32::TRANSPARENT };
    ui.painter().rect_filled(rect, radius, fill);
    ui.painter().rect_stroke(rect, radius, Stroke::new(1.0, c.control.gamma_multiply(0.6)), StrokeKind::Inside);
    let ink = if can { c.text } else { c.muted };
    widgets::text_at(ui.painter(), rect.center(), Align2::CENTER_CENTER, text, medium(t.text_size.list), ink);
    widgets::focus_ring(ui.painter(), &r, rect, radius, t);
    let r = if can { r.on_hover_cursor(CursorIcon::PointingHand) } else { r };
    can && r.clicked()
}
