//! The call one is in, above the foot of the channel list: where, whether it works, and the three things to do about it.

use crate::dialogs::{Dialog, Kind};
use crate::icons::{self, Icon};
use crate::tokens::contrast::mix;
use crate::voice::{self, toggle_mute};
use crate::widgets::{self, medium};
use crate::{CallView, Frame, Intent, Intents, KeyFor, MainView, UiState};
use egui::{Color32, FontId, Id, Rect, Response, Sense, Stroke, Ui, WidgetInfo, WidgetType, pos2, vec2};
use hearth_ports::Health;

const TOP_H: f32 = 50.0;
const BUTTONS_H: f32 = 42.0;
const HINT_H: f32 = 24.0;

/// Height of the dock; 0 outside of a call.
pub(crate) fn height(view: &MainView<'_>) -> f32 {
    match view.voice.call {
        None => 0.0,
        Some(_) if view.voice.push_to_talk() => TOP_H + HINT_H + BUTTONS_H,
        Some(_) => TOP_H + BUTTONS_H,
    }
}

/// Dot, title and sentence about a call.
pub(crate) fn condition(
    view: &MainView<'_>,
    call: &CallView<'_>,
    frame: &Frame<'_>,
) -> (Color32, &'static str, String) {
    let c = &frame.tokens.color;
    let (dot, title) = match view.net.health {
        Health::NoNetwork => (c.danger, "No network"),
        Health::Alone | Health::Connecting if call.others > 0 => (c.warn, "Connecting…"),
        _ if !call.whisper.is_empty() => (c.quiet, "Whispering"),
        _ => (c.ok, "Voice connected"),
    };
    let sentence = if view.net.health == Health::NoNetwork {
        "This computer has no network. Nobody hears you.".to_owned()
    } else if call.deafened {
        "You hear nobody, and nobody hears you.".to_owned()
    } else if call.silenced {
        "A moderator muted you here. Nobody hears you.".to_owned()
    } else if call.muted {
        "You are muted. Nobody hears you.".to_owned()
    } else if !call.whisper.is_empty() {
        whispered(view, call)
    } else if call.others == 0 {
        "Nobody else is here yet. Others see you in the list.".to_owned()
    } else if let Some(name) = call.relay.filter(|name| *name == view.me.name) {
        format!("{name}, your computer passes the voices on.")
    } else if let Some(name) = call.relay {
        format!("{name}’s computer passes the voices on.")
    } else {
        "Voices go straight from one computer to the other.".to_owned()
    };
    (dot, title, sentence)
}

/// Who alone hears one.
fn whispered(view: &MainView<'_>, call: &CallView<'_>) -> String {
    let here = view.voice.in_room(call.channel).iter().filter(|p| call.whisper.contains(&p.user));
    let names: Vec<&str> = here.map(|person| voice::name_of(view, person.user).0).collect();
    match names.as_slice() {
        [] => "Whom you whisper to is not here. Nobody hears you.".to_owned(),
        [one] => format!("Only {one} hears you."),
        [most @ .., last] => format!("Only {} and {last} hear you.", most.join(", ")),
    }
}

/// What to do to be heard, under push to talk.
pub(crate) fn hint(view: &MainView<'_>, call: &CallView<'_>) -> Option<String> {
    match (view.voice.push_to_talk(), call.muted || call.deafened || call.silenced, view.voice.talking) {
        (false, ..) => None,
        (_, true, _) => Some("Muted".into()),
        (.., true) => Some("You are heard".into()),
        _ => Some(format!("Hold {} to talk", view.voice.keys.label(KeyFor::Talk))),
    }
}

/// Draws the dock into all of `ui`.
pub(crate) fn dock_ui(ui: &mut Ui, view: &MainView<'_>, state: &mut UiState, frame: &Frame<'_>, intents: &mut Intents) {
    let Some(call) = view.voice.call else { return };
    let t = frame.tokens;
    let c = &t.color;
    let rect = ui.max_rect();
    let ground = mix(c.bg1, c.bg0, 0.6);
    ui.painter().rect_filled(rect, 0.0, ground);
    ui.painter().hline(rect.x_range(), rect.top() + 0.5, Stroke::new(1.0, c.line));
    let (dot, title, sentence) = condition(view, &call, frame);

    let top = Rect::from_min_max(rect.min + vec2(6.0, 6.0), pos2(rect.right() - 6.0, rect.top() + TOP_H));
    let r = ui.interact(top, Id::new("call"), Sense::click()).on_hover_cursor(egui::CursorIcon::PointingHand);
    let words = format!("{title} in {}, {}. {sentence}", call.channel_name, call.community_name);
    r.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, &words));
    if r.hovered() {
        ui.painter().rect_filled(top, t.radius.control + 2.0, c.hover);
    }
    let x = top.left() + 24.0;
    let y = top.top() + 13.0;
    ui.painter().circle_filled(pos2(top.left() + 12.0, y), 4.5, dot);
    let room = top.right() - x - 6.0;
    widgets::line_at(ui.painter(), x, y, title, medium(t.text_size.list + 0.5), dot, room);
    let place = format!("{} · {}", call.channel_name, call.community_name);
    let ink = if r.hovered() { c.text } else { c.muted };
    widgets::line_at(ui.painter(), x, y + 18.0, &place, FontId::proportional(t.text_size.meta), ink, room);
    widgets::focus_ring(ui.painter(), &r, top, t.radius.control + 2.0, t);
    if r.clicked() {
        if view.community.is_none_or(|h| h.community != call.community) {
            intents.push(Intent::SelectCommunity(call.community));
        }
        intents.push(Intent::SelectChannel(call.channel));
    }
    widgets::tip(r, t, &sentence);

    let mut y = rect.top() + TOP_H;
    if let Some(hint) = hint(view, &call) {
        let line = Rect::from_min_size(pos2(top.left(), y), vec2(top.width(), HINT_H));
        let r = ui.interact(line, Id::new("talk-hint"), Sense::hover());
        r.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, &hint));
        let on = view.voice.talking && !call.muted && !call.deafened;
        let ink = if on { c.speak } else { c.faint };
        icons::icon(ui.painter(), Icon::Mic, pos2(top.left() + 12.0, line.center().y), 13.0, ink);
        widgets::line_at(ui.painter(), x, line.center().y, &hint, FontId::proportional(t.text_size.meta), ink, room);
        y += HINT_H;
    }
    let left = rect.left() + 10.0;
    let width = (rect.width() - 20.0 - 3.0 * t.space.sm) / 4.0;
    let slot = |n: f32| Rect::from_min_size(pos2(left + n * (width + t.space.sm), y + 4.0), vec2(width, 32.0));
    senses(ui, &call, frame, Shape::Plate, [slot(0.0), slot(1.0)], intents);
    if control(ui, frame, Shape::Plate, slot(2.0), Icon::Gear, "Voice settings", "", Part::Plain).clicked() {
        state.dialog = Some(Dialog::new(Kind::Voice(Default::default())));
    }
    leave(ui, frame, Shape::Plate, slot(3.0), intents);
}

/// How a button of the call looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// In the dock.
    Plate,
    /// Under the people of a room.
    Disc,
}

/// What a button of the call is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// A sense, and whether it is switched off.
    Sense { off: bool },
    /// Something that is no state of the call.
    Plain,
    /// The way out.
    Leave,
}

/// Mute and deafen, each in its own rectangle.
pub(crate) fn senses(
    ui: &mut Ui,
    call: &CallView<'_>,
    frame: &Frame<'_>,
    shape: Shape,
    [mute, deafen]: [Rect; 2],
    intents: &mut Intents,
) {
    let silent = call.muted || call.deafened;
    let (icon, name) = if silent { (Icon::MicOff, "Unmute") } else { (Icon::Mic, "Mute") };
    if control(ui, frame, shape, mute, icon, name, "Ctrl+Shift+M", Part::Sense { off: silent }).clicked() {
        toggle_mute(call, intents);
    }
    let (icon, name) = if call.deafened { (Icon::HeadphonesOff, "Undeafen") } else { (Icon::Headphones, "Deafen") };
    let part = Part::Sense { off: call.deafened };
    if control(ui, frame, shape, deafen, icon, name, "Ctrl+Shift+D", part).clicked() {
        intents.push(Intent::SetDeafen(!call.deafened));
    }
}

/// The way out of the room.
pub(crate) fn leave(ui: &mut Ui, frame: &Frame<'_>, shape: Shape, rect: Rect, intents: &mut Intents) {
    if control(ui, frame, shape, rect, Icon::HangUp, "Leave the room", "", Part::Leave).clicked() {
        intents.push(Intent::LeaveVoice);
    }
}

#[expect(clippy::too_many_arguments, reason = "a button is where, how, with what on it and what it is called")]
fn control(
    ui: &mut Ui,
    frame: &Frame<'_>,
    shape: Shape,
    rect: Rect,
    icon: Icon,
    name: &str,
    press: &str,
    part: Part,
) -> Response {
    let t = frame.tokens;
    let c = &t.color;
    let id = Id::new(("call-control", shape == Shape::Disc, rect.left() as i32));
    let r = ui.interact(rect, id, Sense::click()).on_hover_cursor(egui::CursorIcon::PointingHand);
    r.widget_info(|| match part {
        Part::Sense { off } => WidgetInfo::selected(WidgetType::Button, true, off, name),
        Part::Plain | Part::Leave => WidgetInfo::labeled(WidgetType::Button, true, name),
    });
    let hot = r.hovered();
    let (fill, ink) = match part {
        Part::Sense { off: true } => (mix(c.raised, c.danger, if hot { 0.30 } else { 0.20 }), c.danger),
        Part::Sense { off: false } | Part::Plain => {
            (if hot { c.selected } else { c.raised }, if hot { c.text } else { c.muted })
        }
        Part::Leave if shape == Shape::Disc || hot => (c.danger_fill, c.on_danger),
        Part::Leave => (c.raised, c.danger),
    };
    let radius = if shape == Shape::Disc { rect.height() / 2.0 } else { t.radius.control + 2.0 };
    ui.painter().rect_filled(rect, radius, fill);
    icons::icon(ui.painter(), icon, rect.center(), if shape == Shape::Disc { 22.0 } else { 18.0 }, ink);
    widgets::focus_ring(ui.painter(), &r, rect, radius, t);
    let words = if press.is_empty() { name.to_owned() } else { format!("{name}  ({press})") };
    widgets::tip(r, t, &words)
}
