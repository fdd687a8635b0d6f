//! How one is heard and hears: microphone and speakers, a test of both, what opens the microphone and what is done to its
//! sound. Everything holds at once and in every room.

mod keys;
mod overlay;

use crate::icons::{self, Icon};
use crate::spring::{SNAP, SOFT, Springs};
use crate::widgets::{self, Rank, medium};
use crate::{Frame, Intent, Intents, KeyFor, MainView, Talk, Tokens};
use egui::{
    FontId, Id, Popup, Rect, ScrollArea, Sense, Stroke, StrokeKind, Ui, UiBuilder, WidgetInfo, WidgetType, pos2, vec2,
};
use hearth_ports::{Noise, VoiceDevicesView};

pub(crate) const WIDTH: f32 = 560.0;
/// What of a window's height is not for the settings: the sheet's margins, its title, and some air around it.
const AROUND_H: f32 = 148.0;
/// The bar of a window too small for all of it stands in the margin.
const GUTTER: f32 = 16.0;
const PICKER_H: f32 = 40.0;
const LIST_H: f32 = 244.0;
const BUTTON_W: f32 = 160.0;
const SYSTEM: &str = "System default";

/// What only this sheet knows.
#[derive(Debug, Default)]
pub(crate) struct VoiceForm {
    /// What this computer has; none while it is being looked for.
    pub devices: Option<VoiceDevicesView>,
    /// One hears oneself.
    pub testing: bool,
    asked: bool,
}

/// Draws all settings below the title of the sheet.
pub(crate) fn voice_settings_ui(
    ui: &mut Ui,
    view: &MainView<'_>,
    form: &mut VoiceForm,
    error: &mut Option<String>,
    springs: &mut Springs,
    frame: &Frame<'_>,
    intents: &mut Intents,
) {
    let t = frame.tokens;
    let mut choices = view.voice.choices.clone();
    let mut look = !std::mem::replace(&mut form.asked, true);
    let room = (ui.ctx().content_rect().height() - AROUND_H).max(160.0);
    let at = ui.available_rect_before_wrap();
    let wide = Rect::from_min_size(at.min, vec2(at.width() + GUTTER, room));
    let mut inner = ui.new_child(UiBuilder::new().id_salt("voice-settings").max_rect(wide));
    let shown = ScrollArea::vertical().max_height(room).auto_shrink([false, true]).show(&mut inner, |ui| {
        ui.set_max_width(at.width());
        ui.spacing_mut().item_spacing = vec2(t.space.lg, t.space.sm);
        let devices = form.devices.as_ref();
        let failed = error.is_some();
        ui.columns_const(|[left, right]| {
            let list = devices.map(|d| d.inputs.as_slice());
            let none = "No microphone found";
            look |= picker(left, t, "Microphone", none, list, failed, &mut choices.input);
            let list = devices.map(|d| d.outputs.as_slice());
            let none = "No speakers found";
            look |= picker(right, t, "Speakers or headphones", none, list, failed, &mut choices.output);
        });
        if let Some(error) = error.as_ref() {
            widgets::error_line(ui, t, error);
        }
        ui.add_space(t.space.xs);
        if test(ui, view, form, springs, frame) {
            *error = None;
        }
        section(ui, t, "Others hear me");
        let all = [(Talk::Voice, "When I speak"), (Talk::Key, "Push to talk"), (Talk::Always, "Always")];
        choose(ui, t, &all, &mut choices.talk);
        match choices.talk {
            Talk::Voice => hint(ui, t, "The microphone opens by itself when you speak."),
            Talk::Key => hint(ui, t, "The microphone is open while you hold a key: see below."),
            Talk::Always => hint(ui, t, "The microphone is open all the time: others hear all that you do."),
        }
        section(ui, t, "Keys while a game is in front");
        keys::keys_ui(ui, view, t, &mut choices, intents);
        section(ui, t, "My voice");
        widgets::caption(ui, t, "Take out noise");
        let all = [(Noise::Off, "Off"), (Noise::Usual, "Usual"), (Noise::Strong, "Strong")];
        choose(ui, t, &all, &mut choices.noise);
        hint(
            ui,
            t,
            match choices.noise {
                Noise::Off => "Others hear the room around you.",
                Noise::Usual => "Quiets fans and hum.",
                Noise::Strong => "Quiets keys and clatter too. Music suffers.",
            },
        );
        let echo = "Others do not hear themselves out of your speakers.";
        if widgets::switch_row(ui, t, "Take out echo", echo, choices.echo) {
            choices.echo = !choices.echo;
        }
        let gain = "A quiet voice is lifted, a loud one tamed.";
        if widgets::switch_row(ui, t, "Even out loudness", gain, choices.gain) {
            choices.gain = !choices.gain;
        }
        section(ui, t, "What I hear");
        widgets::caption(ui, t, "I listen with");
        choose(ui, t, &[(true, "Headphones"), (false, "Speakers")], &mut choices.headphones);
        hint(
            ui,
            t,
            match choices.headphones {
                true => "Voices come from where people sit.",
                false => "Voices come from left and right.",
            },
        );
        let cues = "And when you mute, deafen, join or leave. Nobody else hears them.";
        if widgets::switch_row(ui, t, "Sounds when people come and go", cues, choices.cues) {
            choices.cues = !choices.cues;
        }
        section(ui, t, "Overlay");
        overlay::overlay_ui(ui, view, t, &mut choices);
        section(ui, t, "Large rooms");
        let lend = "While you are in no room. This computer hears nothing of what it passes on.";
        if widgets::switch_row(ui, t, "Pass on the voices of large rooms", lend, choices.lend) {
            choices.lend = !choices.lend;
        }
        section(ui, t, "Games");
        let about =
            view.voice.no_games.unwrap_or("Your communities see what games tell by themselves. Nothing is looked up.");
        if widgets::switch_row(ui, t, "Show which game I play", about, choices.games) {
            choices.games = !choices.games;
        }
    });
    let high = shown.content_size.y.min(room);
    ui.allocate_rect(Rect::from_min_size(at.min, vec2(at.width(), high)), Sense::hover());
    if look {
        *error = None;
        intents.push(Intent::ListDevices);
    }
    if choices != *view.voice.choices {
        intents.push(Intent::SetVoice(choices));
    }
}

/// A line across, and what stands below it.
fn section(ui: &mut Ui, t: &Tokens, title: &str) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), t.space.md), Sense::hover());
    ui.painter().hline(rect.x_range(), rect.center().y, Stroke::new(1.0, t.color.line));
    widgets::heading(ui, t, title, t.text_size.body);
}

fn hint(ui: &mut Ui, t: &Tokens, text: &str) {
    let (rect, r) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), Sense::hover());
    r.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, text));
    let font = FontId::proportional(t.text_size.meta);
    widgets::line_at(ui.painter(), rect.left(), rect.center().y, text, font, t.color.muted, rect.width());
}

fn choose<T: Copy + PartialEq>(ui: &mut Ui, t: &Tokens, all: &[(T, &str)], taken: &mut T) {
    let names: Vec<&str> = all.iter().map(|(_, name)| *name).collect();
    let at = all.iter().position(|(value, _)| value == taken).unwrap_or(all.len());
    if let Some((value, _)) = widgets::choice_row(ui, t, &names, at).and_then(|n| all.get(n)) {
        *taken = *value;
    }
}

/// A list to choose a device from. `true`: look for devices again, because the list was opened or there is none.
fn picker(
    ui: &mut Ui,
    t: &Tokens,
    label: &str,
    none: &str,
    list: Option<&[String]>,
    failed: bool,
    chosen: &mut String,
) -> bool {
    let c = &t.color;
    widgets::caption(ui, t, label);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), PICKER_H), Sense::hover());
    let radius = t.radius.control + 2.0;
    let y = rect.center().y;
    let font = FontId::proportional(t.text_size.body);
    let left = rect.left() + t.space.md;
    ui.painter().rect_filled(rect, radius, if t.dark { c.bg1 } else { c.bg2 });
    let list = match list {
        Some([]) | None => {
            let (text, ink) = match list {
                Some(_) => (none, c.warn),
                None if failed => ("Unknown", c.muted),
                None => ("Looking…", c.faint),
            };
            ui.painter().rect_stroke(rect, radius, Stroke::new(1.0, c.line), StrokeKind::Inside);
            let r = ui.interact(rect, Id::new(("no-device", label)), Sense::hover());
            r.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, format!("{label}: {text}")));
            let again = list.is_some() || failed;
            let room = if again { 84.0 } else { 0.0 };
            widgets::line_at(ui.painter(), left, y, text, font, ink, rect.width() - 2.0 * t.space.md - room);
            return again && link(ui, t, Id::new(("look-again", label)), rect, "Look again");
        }
        Some(list) => list,
    };
    let here = chosen.is_empty() || list.contains(chosen);
    let text = match (chosen.is_empty(), here) {
        (true, _) => SYSTEM.to_owned(),
        (_, true) => chosen.clone(),
        _ => format!("Not connected: {chosen}"),
    };
    let r = ui.interact(rect, Id::new(("device", label)), Sense::click());
    r.widget_info(|| WidgetInfo::labeled(WidgetType::ComboBox, true, format!("{label}: {text}")));
    let open = Popup::is_id_open(ui.ctx(), Popup::default_response_id(&r));
    let edge = if r.hovered() || open { c.text } else { c.control };
    ui.painter().rect_stroke(rect, radius, Stroke::new(1.0, edge), StrokeKind::Inside);
    let ink = if here { c.text } else { c.warn };
    widgets::line_at(ui.painter(), left, y, &text, font, ink, rect.width() - t.space.md - 36.0);
    icons::icon(ui.painter(), Icon::Chevron, pos2(rect.right() - 18.0, y), 16.0, c.muted);
    widgets::focus_ring(ui.painter(), &r, rect, radius, t);
    let r = r.on_hover_cursor(egui::CursorIcon::PointingHand);
    let look = r.clicked() && !open;
    Popup::menu(&r).gap(4.0).width(rect.width()).show(|ui| {
        ui.set_width(rect.width() - ui.spacing().menu_margin.sum().x - 2.0);
        ui.spacing_mut().item_spacing.y = 2.0;
        ScrollArea::vertical().max_height(LIST_H).show(ui, |ui| {
            if device(ui, t, SYSTEM, chosen.is_empty()) {
                chosen.clear();
            }
            for name in list {
                if device(ui, t, name, name == chosen) {
                    chosen.clone_from(name);
                }
            }
        });
    });
    look
}

/// A line of the list; `true` when chosen.
fn device(ui: &mut Ui, t: &Tokens, name: &str, on: bool) -> bool {
    let c = &t.color;
    let (rect, r) = ui.allocate_exact_size(vec2(ui.available_width(), t.size.row), Sense::click());
    r.widget_info(|| WidgetInfo::selected(WidgetType::RadioButton, true, on, name));
    if r.hovered() || r.has_focus() {
        ui.painter().rect_filled(rect, t.radius.control, c.selected);
    }
    let (left, y) = (rect.left() + t.space.sm, rect.center().y);
    let font = if on { medium(t.text_size.list + 0.5) } else { FontId::proportional(t.text_size.list + 0.5) };
    let galley = widgets::elided(ui.painter(), name, font, c.text, rect.width() - 44.0);
    let cut = galley.elided;
    ui.painter().galley(pos2(left, (y - galley.size().y / 2.0).round()), galley, c.text);
    if on {
        icons::icon(ui.painter(), Icon::Check, pos2(rect.right() - 18.0, y), 16.0, c.link);
    }
    let r = if cut { widgets::tip(r, t, name) } else { r };
    if r.clicked() {
        ui.close();
    }
    r.clicked()
}

/// Words to click at the right end of a box.
fn link(ui: &mut Ui, t: &Tokens, id: Id, inside: Rect, text: &str) -> bool {
    let galley = ui.painter().layout_no_wrap(text.to_owned(), medium(t.text_size.list), t.color.link);
    let size = galley.size();
    let at = pos2(inside.right() - t.space.md - size.x, (inside.center().y - size.y / 2.0).round());
    let rect = Rect::from_min_size(at, size);
    let r = ui.interact(rect.expand(4.0), id, Sense::click()).on_hover_cursor(egui::CursorIcon::PointingHand);
    r.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, text));
    if r.hovered() {
        ui.painter().hline(rect.x_range(), rect.bottom() + 1.0, Stroke::new(1.0, t.color.link));
    }
    ui.painter().galley(at, galley, t.color.link);
    widgets::focus_ring(ui.painter(), &r, rect.expand(4.0), t.radius.control, t);
    r.clicked()
}

/// The button, the meter beside it, and what the meter means. `true` when a test was begun or ended by hand.
fn test(ui: &mut Ui, view: &MainView<'_>, form: &mut VoiceForm, springs: &mut Springs, frame: &Frame<'_>) -> bool {
    let t = frame.tokens;
    let c = &t.color;
    let mic = view.voice.mic;
    let can = form.testing || form.devices.as_ref().is_some_and(|d| !d.inputs.is_empty());
    let mut clicked = false;
    ui.horizontal(|ui| {
        let (rank, text) = if form.testing { (Rank::Quiet, "Stop the test") } else { (Rank::Main, "Test microphone") };
        clicked = widgets::button(ui, t, rank, text, can, Some(BUTTON_W)).clicked();
        let (slot, r) = ui.allocate_exact_size(vec2(ui.available_width(), 36.0), Sense::hover());
        let level = if form.testing { mic.level.clamp(0.0, 1.0) } else { 0.0 };
        let percent = (level * 100.0).round();
        r.widget_info(|| {
            WidgetInfo::labeled(WidgetType::ProgressIndicator, true, format!("Microphone level, {percent:.0} percent"))
        });
        let bar = Rect::from_center_size(slot.center(), vec2(slot.width(), 12.0));
        ui.painter().rect_filled(bar, 6.0, c.selected);
        let rising = springs.at("mic-level").is_none_or(|x| x < level * 100.0);
        let x = springs.to(ui.ctx(), frame, "mic-level", 0.0, level * 100.0, if rising { SNAP } else { SOFT });
        // Rounded at both ends, so nothing shorter than it is wide.
        let width = bar.width() * (x / 100.0).clamp(0.0, 1.0);
        if form.testing && width >= 1.0 {
            let filled = Rect::from_min_size(bar.min, vec2(width.max(bar.height()), bar.height()));
            ui.painter().rect_filled(filled, 6.0, if mic.open { c.speak } else { c.control });
        }
    });
    if clicked {
        form.testing = !form.testing;
    }
    let held = format!("Others hear nothing. Hold {} to talk.", view.voice.keys.label(KeyFor::Talk));
    let (text, ink) = match (form.testing, mic.open, view.voice.choices.talk) {
        (false, ..) => ("You hear yourself as others would. Nobody else hears it.", c.muted),
        (_, true, _) => ("Others would hear this.", c.speak),
        (.., Talk::Key) => (held.as_str(), c.muted),
        _ => ("Others hear nothing: this is too quiet, or no voice.", c.muted),
    };
    let (rect, r) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), Sense::hover());
    r.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, text));
    let font = FontId::proportional(t.text_size.meta);
    widgets::line_at(ui.painter(), rect.left(), rect.center().y, text, font, ink, rect.width());
    clicked
}
