//! Where one writes.

use crate::icons::{self, Icon};
use crate::tokens::contrast::mix;
use crate::widgets::{self, medium};
use crate::{Frame, Intent, Intents, MainView, markup};
use egui::{
    Event, FontId, Id, ImeEvent, Key, KeyboardShortcut, Margin, Modifiers, Rect, ScrollArea, Sense, Stroke, StrokeKind,
    TextEdit, Ui, UiBuilder, WidgetInfo, WidgetType, pos2, vec2,
};
use hearth_ports::MessageView;
use hearth_types::{ChannelId, ChannelKind, EntryId, Permissions, limits};
use std::collections::BTreeMap;

/// Lines it grows to before it scrolls.
const LINES: f32 = 8.0;
/// Characters left at which the count shows.
const COUNT_FROM: usize = 200;
const BANNER_H: f32 = 34.0;
const TYPING_H: f32 = 24.0;

/// What is being written, per channel.
#[derive(Debug, Default)]
pub struct Composer {
    channel: Option<ChannelId>,
    text: String,
    reply: Option<EntryId>,
    edit: Option<(EntryId, String)>,
    drafts: BTreeMap<ChannelId, String>,
    focus: bool,
    composing: bool,
    typing_sent_ms: u64,
    text_height: f32,
}

/// The composer's text field, for focus.
pub fn composer_id() -> Id {
    Id::new("hearth-composer")
}

impl Composer {
    /// What stands in the field.
    pub fn text(&self) -> &str {
        &self.text
    }
    /// Answer this message.
    pub fn reply_to(&mut self, message: EntryId) {
        self.cancel();
        self.reply = Some(message);
        self.focus = true;
    }
    /// Change this message; what was being written comes back afterwards.
    pub fn edit(&mut self, message: &MessageView) {
        self.cancel();
        self.edit = Some((message.message, std::mem::replace(&mut self.text, message.text.clone())));
        self.reply = None;
        self.focus = true;
    }
    /// Take the keyboard on the next frame.
    pub fn focus(&mut self) {
        self.focus = true;
    }
    /// Whether Esc has something to drop here.
    pub(crate) fn would_cancel(&self) -> bool {
        self.edit.is_some() || self.reply.is_some()
    }
    /// Drops reply or edit; true when there was one.
    fn cancel(&mut self) -> bool {
        if let Some((_, draft)) = self.edit.take() {
            self.text = draft;
            return true;
        }
        self.reply.take().is_some()
    }
    fn switch(&mut self, channel: Option<ChannelId>) {
        if self.channel == channel {
            return;
        }
        self.cancel();
        if let Some(old) = self.channel {
            let draft = std::mem::take(&mut self.text);
            if draft.is_empty() || (self.drafts.len() >= limits::UI_DRAFTS && !self.drafts.contains_key(&old)) {
                self.drafts.remove(&old);
            } else {
                self.drafts.insert(old, draft);
            }
        }
        self.channel = channel;
        self.text = channel.and_then(|c| self.drafts.remove(&c)).unwrap_or_default();
        self.focus = true;
        self.typing_sent_ms = 0;
    }
    /// Points it needs this frame at `width`, the typing line included.
    pub(crate) fn height(&mut self, ui: &Ui, view: &MainView<'_>, frame: &Frame<'_>, width: f32) -> f32 {
        self.switch(view.channel.filter(|c| c.kind == ChannelKind::Text).map(|c| c.channel));
        let t = frame.tokens;
        let wrap = (width - 2.0 * t.space.lg - 2.0 * t.space.lg - 36.0).max(40.0);
        let job = layout(&self.text, t, wrap);
        let rows = ui.painter().layout_job(job).size().y;
        self.text_height = rows.clamp(t.body_line(), t.body_line() * LINES).ceil();
        let banner = if self.reply.is_some() || self.edit.is_some() { BANNER_H } else { 0.0 };
        banner + self.text_height + 22.0 + TYPING_H
    }
}

fn layout(text: &str, t: &crate::Tokens, wrap: f32) -> egui::text::LayoutJob {
    let mut job =
        egui::text::LayoutJob::simple(text.to_owned(), FontId::proportional(t.text_size.body), t.color.text, wrap);
    for s in &mut job.sections {
        s.format.line_height = Some(t.body_line());
        s.format.valign = egui::Align::Center;
    }
    job
}

/// Draws it into all of `ui`, which is as high as [`Composer`] asked for. `quiet` while a dialog has the keyboard.
pub fn composer_ui(
    ui: &mut Ui,
    view: &MainView<'_>,
    composer: &mut Composer,
    frame: &Frame<'_>,
    quiet: bool,
    intents: &mut Intents,
) {
    let t = frame.tokens;
    let c = &t.color;
    let all = ui.max_rect();
    let Some(channel) = view.channel else { return };
    let may = view.community.is_some_and(|h| h.permissions.allow(Permissions::SEND_MESSAGES));
    let plate = Rect::from_min_max(
        pos2(all.left() + t.space.lg, all.top()),
        pos2(all.right() - t.space.lg, all.bottom() - TYPING_H),
    );
    typing_line(ui, view, frame, Rect::from_min_max(pos2(plate.left(), plate.bottom()), all.max));
    ui.painter().rect_filled(plate, t.radius.card, c.raised);
    if !may {
        widgets::line_at(
            ui.painter(),
            plate.left() + t.space.lg,
            plate.center().y,
            "You can read here but not write.",
            FontId::proportional(t.text_size.body),
            c.faint,
            plate.width() - 32.0,
        );
        return;
    }
    let mut field = plate;
    if composer.reply.is_some() || composer.edit.is_some() {
        field.min.y += BANNER_H;
        banner(ui, view, composer, frame, Rect::from_min_max(plate.min, pos2(plate.right(), field.top())));
    }
    let id = composer_id();
    let keep = !quiet
        && ui.memory(|m| m.focused().is_none())
        && ui.input(|i| i.events.iter().any(|e| matches!(e, Event::Text(_) | Event::Paste(_) | Event::Ime(_))));
    if (composer.focus && !quiet) || keep {
        ui.memory_mut(|m| m.request_focus(id));
        composer.focus = false;
    }
    let focused = ui.memory(|m| m.has_focus(id)) && !quiet;
    let keys = if focused { keys(ui, composer) } else { Keys::default() };
    let ghost = format!("Message #{}", channel.name);
    let inner = Rect::from_min_max(
        pos2(field.left() + t.space.lg, field.top() + 11.0),
        pos2(field.right() - t.space.lg - 36.0, field.bottom() - 11.0),
    );
    let mut child = ui.new_child(UiBuilder::new().id_salt("composer").max_rect(inner));
    child.shrink_clip_rect(inner.expand(4.0));
    let before = composer.text.len();
    ScrollArea::vertical().id_salt("composer-scroll").max_height(inner.height()).auto_shrink(false).show(
        &mut child,
        |ui| {
            let mut layouter = |ui: &Ui, text: &dyn egui::TextBuffer, wrap: f32| {
                ui.fonts_mut(|f| f.layout_job(layout(text.as_str(), t, wrap)))
            };
            let font = egui::FontId::proportional(t.text_size.body);
            let hint =
                egui::WidgetText::from(widgets::elided(ui.painter(), &ghost, font, c.faint, ui.available_width()));
            let edit = TextEdit::multiline(&mut composer.text)
                .id(id)
                .frame(egui::Frame::NONE)
                .margin(Margin::ZERO)
                .desired_width(f32::INFINITY)
                .desired_rows(1)
                .char_limit(limits::MESSAGE_CHARS)
                .hint_text(hint)
                .event_filter(egui::EventFilter {
                    tab: false,
                    horizontal_arrows: true,
                    vertical_arrows: true,
                    escape: true,
                })
                .return_key(KeyboardShortcut::new(Modifiers::SHIFT, Key::Enter))
                .layouter(&mut layouter);
            let response = ui.add(edit);
            let name = ghost.clone();
            ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(name));
        },
    );
    if composer.text.len() > before
        && composer.edit.is_none()
        && frame.now_ms.saturating_sub(composer.typing_sent_ms) >= limits::TYPING_EVERY_MS
    {
        composer.typing_sent_ms = frame.now_ms;
        intents.push(Intent::Typing { channel: channel.channel });
    }
    let send_at = Rect::from_center_size(pos2(field.right() - 24.0, field.bottom() - 21.0), vec2(32.0, 32.0));
    let ready = !composer.text.trim().is_empty();
    let sent = send_button(ui, frame, send_at, ready, composer.edit.is_some());
    count(ui, composer, frame, pos2(field.right() - 48.0, field.bottom() - 11.0));
    if (keys.enter || sent) && ready {
        submit(ui, view, composer, channel.channel, intents);
    } else if keys.enter && composer.edit.is_some() {
        composer.cancel();
    }
    if keys.up {
        edit_last(view, composer);
    }
    if focused && ui.input(|i| i.key_pressed(Key::Escape)) {
        composer.cancel();
    }
}

#[derive(Default)]
struct Keys {
    enter: bool,
    up: bool,
}

/// Takes the keys that mean something else here than in a plain field. While an input method composes, they are its own.
fn keys(ui: &Ui, composer: &mut Composer) -> Keys {
    let mut ime_now = false;
    ui.input(|i| {
        for event in &i.events {
            if let Event::Ime(ime) = event {
                match ime {
                    ImeEvent::Preedit { text, .. } => composer.composing = !text.is_empty(),
                    ImeEvent::Commit(_) => (composer.composing, ime_now) = (false, true),
                    _ => {}
                }
            }
        }
    });
    if composer.composing || ime_now {
        return Keys::default();
    }
    let empty = composer.text.is_empty() && composer.edit.is_none() && composer.reply.is_none();
    Keys { enter: take(ui, Key::Enter), up: empty && take(ui, Key::ArrowUp) }
}

/// Takes a bare key out of the input; with Shift, Ctrl or Alt it is another key and stays.
fn take(ui: &Ui, wanted: Key) -> bool {
    let mut taken = false;
    ui.input_mut(|i| {
        i.events.retain(|e| {
            let hit =
                matches!(e, Event::Key { key, pressed: true, modifiers, .. } if *key == wanted && modifiers.is_none());
            taken |= hit;
            !hit
        });
    });
    taken
}

fn submit(ui: &Ui, view: &MainView<'_>, composer: &mut Composer, channel: ChannelId, intents: &mut Intents) {
    let text = composer.text.trim().to_owned();
    match composer.edit.take() {
        Some((message, draft)) => {
            let unchanged =
                view.window.is_some_and(|w| w.messages.iter().any(|m| m.message == message && m.text == text));
            if !unchanged {
                intents.push(Intent::Edit { message, text });
            }
            composer.text = draft;
        }
        None => {
            intents.push(Intent::Send { channel, text, reply_to: composer.reply.take() });
            composer.text.clear();
            composer.typing_sent_ms = 0;
        }
    }
    // The cursor and undo history belonged to the text that is gone.
    TextEdit::store_state(ui.ctx(), composer_id(), egui::text_edit::TextEditState::default());
}

fn edit_last(view: &MainView<'_>, composer: &mut Composer) {
    let last = view
        .window
        .and_then(|w| w.messages.iter().rev().find(|m| m.author == view.me.user && !m.deleted && m.readable));
    if let Some(m) = last {
        composer.edit(m);
    }
}

fn banner(ui: &mut Ui, view: &MainView<'_>, composer: &mut Composer, frame: &Frame<'_>, rect: Rect) {
    let t = frame.tokens;
    let c = &t.color;
    let (what, target) = match (composer.reply, &composer.edit) {
        (_, Some((id, _))) => ("Editing your message", *id),
        (Some(id), None) => ("Replying to", id),
        (None, None) => return,
    };
    let message = view.window.and_then(|w| w.messages.iter().find(|m| m.message == target));
    ui.painter().rect_filled(
        rect,
        egui::CornerRadius { nw: t.radius.card as u8, ne: t.radius.card as u8, sw: 0, se: 0 },
        mix(c.bg2, c.raised, 0.45),
    );
    let y = rect.center().y;
    let mut x = rect.left() + t.space.lg;
    icons::icon(
        ui.painter(),
        if composer.edit.is_some() { Icon::Pencil } else { Icon::Reply },
        pos2(x + 7.0, y),
        14.0,
        c.link,
    );
    x += 22.0;
    x += widgets::line_at(ui.painter(), x, y, what, FontId::proportional(t.text_size.list), c.muted, 200.0) + 5.0;
    if let (Some(m), None) = (message, &composer.edit) {
        let name = if m.author == view.me.user {
            "yourself"
        } else {
            view.member(m.author).map_or("a former member", |m| m.name.as_str())
        };
        x += widgets::line_at(ui.painter(), x, y, name, medium(t.text_size.list), c.text, 180.0) + 10.0;
        widgets::line_at(
            ui.painter(),
            x,
            y,
            &markup::one_line(&m.text, t),
            FontId::proportional(t.text_size.list),
            c.faint,
            rect.right() - 110.0 - x,
        );
    }
    widgets::text_at(
        ui.painter(),
        pos2(rect.right() - 44.0, y),
        egui::Align2::RIGHT_CENTER,
        "Esc",
        FontId::proportional(t.text_size.meta),
        c.faint,
    );
    let close = Rect::from_center_size(pos2(rect.right() - 24.0, y), vec2(28.0, 28.0));
    let name = if composer.edit.is_some() { "Stop editing" } else { "Stop replying" };
    if widgets::icon_button(ui, t, close, Icon::Close, name, false).clicked() {
        composer.cancel();
        composer.focus = true;
    }
}

fn send_button(ui: &mut Ui, frame: &Frame<'_>, rect: Rect, ready: bool, editing: bool) -> bool {
    let t = frame.tokens;
    let c = &t.color;
    let name = if editing { "Save changes" } else { "Send message" };
    let r = ui.interact(rect, Id::new("composer-send"), if ready { Sense::click() } else { Sense::hover() });
    r.widget_info(|| WidgetInfo::labeled(WidgetType::Button, ready, name));
    if r.hovered() && ready {
        ui.painter().rect_filled(rect, t.radius.control, c.selected);
    }
    icons::icon(
        ui.painter(),
        if editing { Icon::Check } else { Icon::Send },
        rect.center(),
        18.0,
        if ready { c.link } else { mix(c.raised, c.faint, 0.6) },
    );
    widgets::focus_ring(ui.painter(), &r, rect, t.radius.control, t);
    r.clicked()
}

fn count(ui: &Ui, composer: &Composer, frame: &Frame<'_>, at: egui::Pos2) {
    let left = limits::MESSAGE_CHARS.saturating_sub(composer.text.chars().count());
    if left > COUNT_FROM {
        return;
    }
    let c = &frame.tokens.color;
    let ink = if left == 0 { c.danger } else { c.warn };
    let galley = ui.painter().layout_no_wrap(left.to_string(), medium(12.0), ink);
    let plate = Rect::from_min_max(at - galley.size() - vec2(8.0, 4.0), at + vec2(0.0, 2.0));
    ui.painter().rect_filled(plate, 4.0, c.raised);
    ui.painter().rect_stroke(plate, 4.0, Stroke::new(1.0, c.line), StrokeKind::Inside);
    ui.painter().galley(plate.min + vec2(4.0, 2.0), galley, ink);
}

fn typing_line(ui: &mut Ui, view: &MainView<'_>, frame: &Frame<'_>, rect: Rect) {
    let t = frame.tokens;
    let names: Vec<&str> = view
        .typing
        .iter()
        .filter(|y| y.until_ms > frame.now_ms && y.user != view.me.user)
        .filter_map(|y| view.member(y.user))
        .map(|m| m.name.as_str())
        .take(4)
        .collect();
    let text = match names.as_slice() {
        [] => return,
        [a] => format!("{a} is typing"),
        [a, b] => format!("{a} and {b} are typing"),
        [a, b, c] => format!("{a}, {b} and {c} are typing"),
        _ => "Several people are typing".to_owned(),
    };
    for n in 0..3 {
        ui.painter().circle_filled(pos2(rect.left() + 3.0 + n as f32 * 7.0, rect.center().y), 2.2, t.color.faint);
    }
    widgets::line_at(
        ui.painter(),
        rect.left() + 26.0,
        rect.center().y,
        &text,
        FontId::proportional(t.text_size.meta),
        t.color.muted,
        rect.width() - 30.0,
    );
    let r = ui.interact(rect, Id::new("typing"), Sense::hover());
    r.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, &text));
}

/// When the typing line next changes.
pub(crate) fn typing_wake(view: &MainView<'_>, frame: &Frame<'_>) -> Option<u64> {
    view.typing.iter().map(|y| y.until_ms).filter(|u| *u > frame.now_ms).min()
}
