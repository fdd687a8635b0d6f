//! People in voice rooms: as rows under a room's name, the ring that shows who speaks, and how loud one lets them be.

use crate::icons::{self, Icon};
use crate::widgets::{self, medium};
use crate::{CallView, Frame, Intent, Intents, MainView, Motion, UiState, VoicePerson, avatar};
use egui::{
    FontId, Id, Key, KeyboardShortcut, Modifiers, Painter, Popup, PopupCloseBehavior, Pos2, Rect, Response, Sense,
    Stroke, Ui, WidgetInfo, WidgetType, pos2, vec2,
};
use hearth_types::{ChannelId, Permissions, UserId};

/// Height of a person's row under a room.
pub(crate) const ROW_H: f32 = 30.0;
/// Loudest that anybody may be made.
const VOLUME_MAX: f32 = 2.0;
/// Steps of the volume, in percent.
const VOLUME_STEP: f64 = 5.0;
/// A ring that is shown, in the units of its spring; loudness adds as much again.
const RING: f32 = 10.0;
/// Between these levels people talk: the ring has its least and its greatest width there.
const QUIET: f32 = 0.35;
const LOUD: f32 = 0.85;

/// Name and colour of somebody in a room; who is not known yet has none.
pub(crate) fn name_of<'a>(view: &MainView<'a>, user: UserId) -> (&'a str, u32) {
    if user == view.me.user {
        return (&view.me.name, view.me.color);
    }
    view.member(user).map_or(("Somebody", avatar::swatch_of(user.as_bytes())), |m| (&m.name, m.color))
}

/// Goes into a room and shows it; who may not go in sees it all the same.
pub(crate) fn enter(view: &MainView<'_>, channel: ChannelId, intents: &mut Intents) {
    if view.voice.call_in(channel).is_none() && may_enter(view) {
        intents.push(Intent::JoinVoice(channel));
    }
    if view.channel.is_none_or(|open| open.channel != channel) {
        intents.push(Intent::SelectChannel(channel));
    }
}

pub(crate) fn may_enter(view: &MainView<'_>) -> bool {
    view.community.is_some_and(|h| h.permissions.allow(Permissions::CONNECT))
}

/// Mute on or off. Who hears nothing says nothing either, so speaking again brings hearing back.
pub(crate) fn toggle_mute(call: &CallView<'_>, intents: &mut Intents) {
    if call.deafened {
        intents.push(Intent::SetDeafen(false));
        if call.muted {
            intents.push(Intent::SetMute(false));
        }
    } else {
        intents.push(Intent::SetMute(!call.muted));
    }
}

/// Ctrl+Shift+M and Ctrl+Shift+D.
pub(crate) fn shortcuts(ui: &Ui, view: &MainView<'_>, intents: &mut Intents) {
    let Some(call) = &view.voice.call else { return };
    let pressed = |key| {
        let shortcut = KeyboardShortcut::new(Modifiers::COMMAND | Modifiers::SHIFT, key);
        ui.input_mut(|i| i.consume_shortcut(&shortcut))
    };
    if pressed(Key::M) {
        toggle_mute(call, intents);
    }
    if pressed(Key::D) {
        intents.push(Intent::SetDeafen(!call.deafened));
    }
}

/// Whether somebody's ring is lit and how loud they are, each 0.0 to 1.0. It breathes with loudness, but only while somebody
/// looks at the window.
pub(crate) fn lit(
    ui: &Ui,
    state: &mut UiState,
    frame: &Frame<'_>,
    person: &VoicePerson,
    name: &'static str,
) -> (f32, f32) {
    let lively = frame.focused && frame.motion == Motion::Full;
    let loud = if lively { ((person.level - QUIET) / (LOUD - QUIET)).clamp(0.0, 1.0) } else { 0.5 };
    let target = if person.speaking { RING + RING * loud } else { 0.0 };
    let x = state.springs.breathe(ui.ctx(), frame, (name, person.channel, person.user), RING, target);
    ((x / RING).clamp(0.0, 1.0), (x / RING - 1.0).clamp(0.0, 1.0))
}

/// The ring around a picture of `size`.
pub(crate) fn ring(
    ui: &Ui,
    state: &mut UiState,
    frame: &Frame<'_>,
    person: &VoicePerson,
    name: &'static str,
    at: Pos2,
    size: f32,
) {
    let (shown, loud) = lit(ui, state, frame, person, name);
    if shown > 0.01 {
        ring_at(ui.painter(), frame, at, size, shown, loud);
    }
}

/// The same, of somebody whose light is known.
pub(crate) fn ring_at(painter: &Painter, frame: &Frame<'_>, at: Pos2, size: f32, shown: f32, loud: f32) {
    let color = frame.tokens.color.speak;
    // Its inner edge stands still, so that it grows away from the picture.
    let width = (size * 0.035).max(2.0) * (0.75 + 0.75 * loud);
    let radius = size / 2.0 + 1.0 + width / 2.0;
    if size > 40.0 {
        let (edge, band) = (radius + width / 2.0, size * 0.022 * (0.4 + loud));
        for (n, strength) in [0.30, 0.17, 0.07].into_iter().enumerate() {
            let glow = color.gamma_multiply(strength * shown * (0.35 + 0.65 * loud));
            painter.circle_stroke(at, edge + band * (n as f32 + 0.5), Stroke::new(band, glow));
        }
    }
    painter.circle_stroke(at, radius, Stroke::new(width, color.gamma_multiply(shown)));
}

/// Somebody in a room who can be pointed at.
pub(crate) struct Touch<'a> {
    pub(crate) r: Response,
    pub(crate) name: &'a str,
    pub(crate) color: u32,
    pub(crate) mine: bool,
    /// Pointed at, or with their menu open; never oneself, who has none.
    pub(crate) hot: bool,
}

/// Lets `rect` be clicked for a person's menu, and read out.
pub(crate) fn touch<'a>(
    ui: &Ui,
    view: &MainView<'a>,
    person: &VoicePerson,
    place: &'static str,
    rect: Rect,
) -> Touch<'a> {
    let (name, color) = name_of(view, person.user);
    let mine = person.user == view.me.user;
    let (sense, kind) = if mine { (Sense::hover(), WidgetType::Label) } else { (Sense::click(), WidgetType::Button) };
    let r = ui.interact(rect, Id::new((place, person.channel, person.user)), sense);
    r.widget_info(|| WidgetInfo::labeled(kind, true, spoken(name, person)));
    let r = if mine { r } else { r.on_hover_cursor(egui::CursorIcon::PointingHand) };
    let hot = !mine && (r.hovered() || Popup::is_id_open(ui.ctx(), Popup::default_response_id(&r)));
    Touch { r, name, color, mine, hot }
}

/// What a screen reader says of somebody.
fn spoken(name: &str, person: &VoicePerson) -> String {
    let mut out = format!("{name}, in the room");
    let parts = [
        (person.speaking, ", speaking"),
        (person.deafened, ", hears nothing"),
        (person.silenced, ", muted for everyone"),
        (person.muted && !person.deafened && !person.silenced, ", muted"),
        (person.volume <= 0.0, ", muted for you"),
    ];
    parts.iter().filter(|p| p.0).for_each(|p| out.push_str(p.1));
    out
}

/// The sign of somebody who says nothing or is not heard, and whether it is their own doing.
pub(crate) fn signs(person: &VoicePerson) -> impl Iterator<Item = Icon> {
    let deaf = person.deafened.then_some(Icon::HeadphonesOff);
    let mute = (person.muted || person.deafened || person.silenced).then_some(Icon::MicOff);
    let unheard = (person.volume <= 0.0).then_some(Icon::SpeakerOff);
    [deaf, mute, unheard].into_iter().flatten()
}

/// Everybody in a room, as rows under its name.
pub(crate) fn rows_ui(
    ui: &mut Ui,
    view: &MainView<'_>,
    channel: ChannelId,
    state: &mut UiState,
    frame: &Frame<'_>,
    intents: &mut Intents,
) {
    let people = view.voice.in_room(channel);
    let width = ui.available_width();
    for person in people {
        let (slot, _) = ui.allocate_exact_size(vec2(width, ROW_H), Sense::hover());
        if ui.is_rect_visible(slot) {
            row(ui, view, person, state, frame, slot, intents);
        }
    }
    if !people.is_empty() {
        ui.add_space(frame.tokens.space.xs);
    }
}

fn row(
    ui: &mut Ui,
    view: &MainView<'_>,
    person: &VoicePerson,
    state: &mut UiState,
    frame: &Frame<'_>,
    slot: Rect,
    intents: &mut Intents,
) {
    let t = frame.tokens;
    let c = &t.color;
    let rect = Rect::from_min_max(slot.min + vec2(t.space.sm + 26.0, 0.0), slot.max - vec2(t.space.sm, 0.0));
    let Touch { r, name, color, mine, hot } = touch(ui, view, person, "voice-row", rect);
    if hot {
        ui.painter().rect_filled(rect, t.radius.control + 2.0, c.hover);
    }
    let y = rect.center().y;
    let at = pos2(rect.left() + 18.0, y);
    avatar::person(ui.painter(), at, t.size.avatar_small, name, color);
    ring(ui, state, frame, person, "row-ring", at, t.size.avatar_small);
    let mut right = rect.right() - 10.0;
    for icon in signs(person) {
        // Not their own doing.
        let ink = if person.silenced && icon == Icon::MicOff { c.danger } else { c.faint };
        icons::icon(ui.painter(), icon, pos2(right - 7.0, y), 15.0, ink);
        right -= 20.0;
    }
    let x = rect.left() + 37.0;
    let ink = if person.speaking || hot { c.text } else { c.muted };
    widgets::line_at(ui.painter(), x, y, name, FontId::proportional(t.text_size.list), ink, right - x);
    widgets::focus_ring(ui.painter(), &r, rect, t.radius.control + 2.0, t);
    if !mine {
        person_menu(&r, view, person, name, frame, intents);
    }
}

/// Whether one may have everybody drop somebody's voice: equals never touch each other.
fn may_mute(view: &MainView<'_>, user: UserId) -> bool {
    let rank = |user| view.member(user).map(|member| member.rank);
    let senior = rank(view.me.user).zip(rank(user)).is_some_and(|(mine, theirs)| mine < theirs);
    senior && view.community.is_some_and(|h| h.permissions.allow(Permissions::MUTE_MEMBERS))
}

/// How loud somebody is for oneself, on a click at them.
pub(crate) fn person_menu(
    r: &Response,
    view: &MainView<'_>,
    person: &VoicePerson,
    name: &str,
    frame: &Frame<'_>,
    intents: &mut Intents,
) {
    let t = frame.tokens;
    let c = &t.color;
    Popup::menu(r).gap(4.0).close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
        const WIDTH: f32 = 220.0;
        ui.set_width(WIDTH);
        ui.spacing_mut().item_spacing.y = 2.0;
        let (head, _) = ui.allocate_exact_size(vec2(WIDTH, 30.0), Sense::hover());
        let (left, y) = (head.left() + t.space.sm, head.center().y);
        widgets::line_at(ui.painter(), left, y, name, medium(t.text_size.list + 0.5), c.text, WIDTH - 2.0 * t.space.sm);
        let (line, _) = ui.allocate_exact_size(vec2(WIDTH, 24.0), Sense::hover());
        let percent = (person.volume.clamp(0.0, VOLUME_MAX) * 100.0).round();
        let y = line.center().y;
        widgets::line_at(ui.painter(), left, y, "Volume", FontId::proportional(t.text_size.meta), c.muted, 100.0);
        widgets::text_at(
            ui.painter(),
            pos2(line.right() - t.space.sm, y),
            egui::Align2::RIGHT_CENTER,
            &format!("{percent:.0} %"),
            FontId::proportional(t.text_size.meta),
            c.muted,
        );
        let mut value = f64::from(percent);
        ui.horizontal(|ui| {
            ui.add_space(t.space.sm);
            ui.spacing_mut().slider_width = WIDTH - 2.0 * t.space.sm;
            ui.visuals_mut().selection.bg_fill = c.accent;
            ui.visuals_mut().widgets.inactive.bg_fill = c.control;
            ui.visuals_mut().widgets.inactive.fg_stroke = Stroke::NONE;
            let range = 0.0..=f64::from(VOLUME_MAX) * 100.0;
            let slider =
                egui::Slider::new(&mut value, range).step_by(VOLUME_STEP).show_value(false).trailing_fill(true);
            let r = ui.add(slider);
            r.widget_info(|| WidgetInfo::slider(true, value, format!("Volume of {name}, percent")));
            if r.double_clicked() {
                value = 100.0;
            }
        });
        if (value - f64::from(percent)).abs() > 0.1 {
            intents.push(Intent::SetVolume { user: person.user, gain: value as f32 / 100.0 });
        }
        widgets::menu_line(ui, t);
        if let Some(call) = view.voice.call_in(person.channel) {
            let on = call.whisper.contains(&person.user);
            if widgets::menu_switch(ui, t, Icon::Mic, "Whisper", on) {
                let mut to: Vec<UserId> = call.whisper.to_vec();
                if on {
                    to.retain(|user| *user != person.user);
                } else {
                    to.push(person.user);
                }
                intents.push(Intent::Whisper(to));
            }
            if let Some(spot) = crate::lounge::beside(view, person)
                && widgets::menu_item(ui, t, Some(Icon::People), "Sit beside", false)
            {
                intents.push(Intent::Sit(spot));
            }
            widgets::menu_line(ui, t);
        }
        let silent = person.volume <= 0.0;
        if widgets::menu_switch(ui, t, Icon::SpeakerOff, "Mute for me", silent) {
            let gain = if silent { 1.0 } else { 0.0 };
            intents.push(Intent::SetVolume { user: person.user, gain });
        }
        let muted = person.silenced;
        if may_mute(view, person.user) && widgets::menu_switch(ui, t, Icon::MicOff, "Mute for everyone", muted) {
            intents.push(Intent::MuteMember { user: person.user, on: !muted });
        }
    });
}

/// A sign on the lower right of a picture of `size`, cut out of `ground`.
pub(crate) fn sign(painter: &Painter, frame: &Frame<'_>, icon: Icon, at: Pos2, size: f32, ground: egui::Color32) {
    let at = at + egui::Vec2::splat(size * 0.35);
    let radius = (size * 0.16).clamp(9.5, 13.0);
    painter.circle_filled(at, radius, ground);
    icons::icon(painter, icon, at, (radius * 1.3).round(), frame.tokens.color.danger);
}
