//! Sheets over the main view: one at a time, Esc or a click beside it closes.

use crate::icons::{self, Icon};
use crate::join_form::{JoinForm, join_form_ui};
use crate::spring::{SNAP, Springs};
use crate::voice_settings::{self, VoiceForm, voice_settings_ui};
use crate::widgets::{self, Rank, medium};
use crate::{Frame, Intent, Intents, MainView, UiState, avatar};
use egui::{FontId, Id, Key, Modal, Sense, Stroke, StrokeKind, Ui, WidgetInfo, WidgetType, pos2, vec2};
use hearth_ports::CommunityHead;
use hearth_types::{ChannelId, ChannelKind, EntryId, SpaceId, limits};

const WIDTH: f32 = 440.0;
const DAY_S: u64 = 86_400;
const EXPIRIES: [(&str, Option<u64>); 4] =
    [("1 day", Some(DAY_S)), ("7 days", Some(7 * DAY_S)), ("30 days", Some(30 * DAY_S)), ("Always", None)];

/// Which sheet, with what was typed in it.
#[derive(Debug)]
pub(crate) enum Kind {
    Add(JoinForm),
    Channel { community: SpaceId, name: String, kind: ChannelKind },
    EditChannel { channel: ChannelId, name: String, topic: String },
    Invite { community: SpaceId, name: String, expiry: usize, link: Option<String>, copied: bool, asked: bool },
    Rename { community: SpaceId, name: String },
    Leave { community: SpaceId, name: String },
    DeleteChannel { channel: ChannelId, name: String },
    DeleteMessage { message: EntryId },
    Profile { name: String, color: u32 },
    Voice(VoiceForm),
}

impl Kind {
    pub fn invite(head: &CommunityHead) -> Self {
        Self::Invite {
            community: head.community,
            name: head.name.clone(),
            expiry: 1,
            link: None,
            copied: false,
            asked: false,
        }
    }
    pub fn channel(head: &CommunityHead, kind: ChannelKind) -> Self {
        Self::Channel { community: head.community, name: String::new(), kind }
    }
    fn title(&self) -> String {
        match self {
            Self::Add(f) if f.creating => "Start a community".into(),
            Self::Add(_) => "Join a community".into(),
            Self::Channel { .. } => "Create a channel".into(),
            Self::EditChannel { .. } => "Edit channel".into(),
            Self::Invite { name, .. } => format!("Invite people to {name}"),
            Self::Rename { .. } => "Rename community".into(),
            Self::Leave { name, .. } => format!("Leave {name}?"),
            Self::DeleteChannel { name, .. } => format!("Delete #{name}?"),
            Self::DeleteMessage { .. } => "Delete message?".into(),
            Self::Profile { .. } => "Your profile".into(),
            Self::Voice(_) => "Voice settings".into(),
        }
    }
}

/// An open sheet.
#[derive(Debug)]
pub(crate) struct Dialog {
    pub kind: Kind,
    pub busy: bool,
    pub error: Option<String>,
    fresh: bool,
}

impl Dialog {
    pub fn new(kind: Kind) -> Self {
        Self { kind, busy: false, error: None, fresh: true }
    }
}

enum After {
    Stay,
    Close,
    Open(Kind),
}

/// Draws the open sheet, if there is one.
pub(crate) fn dialog_ui(
    ui: &mut Ui,
    view: &MainView<'_>,
    state: &mut UiState,
    frame: &Frame<'_>,
    intents: &mut Intents,
) {
    let Some(mut dialog) = state.dialog.take() else { return };
    let t = frame.tokens;
    let shown = state.springs.to(ui.ctx(), frame, "dialog", 0.0, 100.0, SNAP) / 100.0;
    let mut after = After::Stay;
    let scrim = t.color.scrim.gamma_multiply(0.62 * shown.clamp(0.0, 1.0));
    let sheet = egui::Frame::NONE
        .fill(t.color.bg2)
        .stroke(Stroke::new(1.0, t.color.line))
        .corner_radius(t.radius.sheet)
        .shadow(ui.visuals().window_shadow)
        .inner_margin(t.space.xl);
    let out = Modal::new(Id::new("hearth-dialog")).backdrop_color(scrim).frame(sheet).show(ui.ctx(), |ui| {
        ui.set_opacity(shown.clamp(0.0, 1.0));
        let width = if let Kind::Voice(_) = dialog.kind { voice_settings::WIDTH } else { WIDTH };
        ui.set_width((ui.ctx().content_rect().width() - 80.0).clamp(200.0, width));
        let title = dialog.kind.title();
        ui.horizontal(|ui| {
            let room = ui.available_width() - 40.0;
            ui.scope(|ui| {
                ui.set_max_width(room);
                widgets::heading(ui, t, &title, 19.0);
            });
        });
        let close =
            egui::Rect::from_min_size(pos2(ui.max_rect().right() - 26.0, ui.min_rect().top() - 2.0), vec2(28.0, 28.0));
        if widgets::icon_button(ui, t, close, Icon::Close, "Close", false).clicked() {
            after = After::Close;
        }
        ui.add_space(t.space.md);
        if let After::Stay = after {
            after = body(ui, view, &mut dialog, &mut state.springs, frame, intents);
        }
        dialog.fresh = false;
    });
    // While a key is waited for, Escape is about that.
    let escapes = ui.input(|i| i.key_pressed(Key::Escape)) && view.voice.keys.asked.is_some();
    if out.should_close() && !escapes {
        after = After::Close;
    }
    // An answer may have come while the sheet was out; nothing else opens one in between.
    match after {
        After::Stay => state.dialog = Some(dialog),
        After::Close => state.composer.focus(),
        After::Open(kind) => state.dialog = Some(Dialog::new(kind)),
    }
}

fn body(
    ui: &mut Ui,
    view: &MainView<'_>,
    dialog: &mut Dialog,
    springs: &mut Springs,
    frame: &Frame<'_>,
    intents: &mut Intents,
) -> After {
    let t = frame.tokens;
    let fresh = dialog.fresh;
    match &mut dialog.kind {
        Kind::Add(form) => {
            form.fresh |= fresh;
            join_form_ui(ui, t, form, None, false, intents);
            After::Stay
        }
        Kind::Channel { community, name, kind } => {
            kind_choice(ui, t, kind);
            ui.add_space(t.space.md);
            let hint = if *kind == ChannelKind::Text { "weekend-plans" } else { "Living room" };
            let (_, enter) =
                widgets::field(ui, t, Id::new("channel-name"), "Name", hint, name, limits::NAME_CHARS, fresh);
            let intent = Intent::CreateChannel { community: *community, name: clean(name, *kind), kind: *kind };
            finish(
                ui,
                t,
                dialog_parts(&mut dialog.busy, &dialog.error),
                "Create",
                !clean_text(&intent).is_empty(),
                enter,
                intent,
                intents,
            )
        }
        Kind::EditChannel { channel, name, topic } => {
            let (_, enter) = widgets::field(
                ui,
                t,
                Id::new("channel-name"),
                "Name",
                "weekend-plans",
                name,
                limits::NAME_CHARS,
                fresh,
            );
            ui.add_space(t.space.sm);
            let (_, enter2) = widgets::field(
                ui,
                t,
                Id::new("channel-topic-field"),
                "Topic",
                "What is it about?",
                topic,
                limits::TOPIC_CHARS,
                false,
            );
            let go = enter || enter2;
            let intent = Intent::UpdateChannel {
                channel: *channel,
                name: name.trim().to_owned(),
                topic: topic.trim().to_owned(),
            };
            let ready = !name.trim().is_empty();
            let delete = Kind::DeleteChannel { channel: *channel, name: name.clone() };
            let mut after =
                finish(ui, t, dialog_parts(&mut dialog.busy, &dialog.error), "Save", ready, go, intent, intents);
            ui.add_space(t.space.sm);
            if danger_link(ui, t, "Delete this channel") {
                after = After::Open(delete);
            }
            after
        }
        Kind::Rename { community, name } => {
            let (_, enter) = widgets::field(
                ui,
                t,
                Id::new("community-name"),
                "Community name",
                "The Night Shift",
                name,
                limits::NAME_CHARS,
                fresh,
            );
            let intent = Intent::RenameCommunity { community: *community, name: name.trim().to_owned() };
            let ready = !name.trim().is_empty();
            finish(ui, t, dialog_parts(&mut dialog.busy, &dialog.error), "Save", ready, enter, intent, intents)
        }
        Kind::Profile { name, color } => {
            profile_preview(ui, name, *color);
            ui.add_space(t.space.md);
            let (_, enter) =
                widgets::field(ui, t, Id::new("profile-name"), "Name", "Your name", name, limits::NAME_CHARS, fresh);
            ui.add_space(t.space.sm);
            swatches(ui, frame, color);
            let intent = Intent::SetIdentity { name: name.trim().to_owned(), color: *color };
            let ready = !name.trim().is_empty();
            finish(ui, t, dialog_parts(&mut dialog.busy, &dialog.error), "Save", ready, enter, intent, intents)
        }
        Kind::Invite { .. } => invite(ui, dialog, frame, intents),
        Kind::Voice(form) => {
            voice_settings_ui(ui, view, form, &mut dialog.error, springs, frame, intents);
            After::Stay
        }
        Kind::Leave { community, .. } => {
            widgets::paragraph(
                ui,
                t,
                "You will no longer get messages from it. To come back you need a new invite link.",
                t.color.muted,
            );
            let intent = Intent::Leave(*community);
            confirm(ui, t, "Leave community", "Stay", intent, intents)
        }
        Kind::DeleteChannel { channel, .. } => {
            widgets::paragraph(
                ui,
                t,
                "It disappears from everybody’s list, with all that was written in it.",
                t.color.muted,
            );
            let intent = Intent::DeleteChannel(*channel);
            confirm(ui, t, "Delete channel", "Keep it", intent, intents)
        }
        Kind::DeleteMessage { message } => {
            widgets::paragraph(
                ui,
                t,
                "It is shown as deleted to everybody. Copies that somebody made cannot be called back.",
                t.color.muted,
            );
            if let Some(m) = view.window.and_then(|w| w.messages.iter().find(|m| m.message == *message)) {
                quoted(ui, frame, &crate::markup::one_line(&m.text, t));
            }
            let intent = Intent::Delete { message: *message };
            confirm(ui, t, "Delete message", "Keep it", intent, intents)
        }
    }
}

fn clean(name: &str, kind: ChannelKind) -> String {
    let name = name.trim().trim_start_matches('#').trim();
    if kind == ChannelKind::Text { name.split_whitespace().collect::<Vec<_>>().join("-") } else { name.to_owned() }
}

fn clean_text(intent: &Intent) -> &str {
    if let Intent::CreateChannel { name, .. } = intent { name } else { "" }
}

struct Parts<'a> {
    busy: &'a mut bool,
    error: &'a Option<String>,
}

fn dialog_parts<'a>(busy: &'a mut bool, error: &'a Option<String>) -> Parts<'a> {
    Parts { busy, error }
}

#[allow(clippy::too_many_arguments)]
fn finish(
    ui: &mut Ui,
    t: &crate::Tokens,
    parts: Parts<'_>,
    text: &str,
    ready: bool,
    enter: bool,
    intent: Intent,
    intents: &mut Intents,
) -> After {
    if let Some(error) = parts.error {
        ui.add_space(t.space.sm);
        widgets::error_line(ui, t, error);
    }
    ui.add_space(t.space.lg);
    let ready = ready && !*parts.busy;
    let mut after = After::Stay;
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Min), |ui| {
        let go =
            widgets::button(ui, t, Rank::Main, if *parts.busy { "One moment…" } else { text }, ready, None).clicked();
        if (go || enter) && ready {
            *parts.busy = true;
            intents.push(intent);
        }
        if widgets::button(ui, t, Rank::Quiet, "Cancel", true, None).clicked() {
            after = After::Close;
        }
    });
    after
}

fn confirm(ui: &mut Ui, t: &crate::Tokens, yes: &str, no: &str, intent: Intent, intents: &mut Intents) -> After {
    ui.add_space(t.space.lg);
    let mut after = After::Stay;
    let enter = ui.input(|i| i.key_pressed(Key::Enter)) && ui.memory(|m| m.focused().is_none());
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Min), |ui| {
        if widgets::button(ui, t, Rank::Danger, yes, true, None).clicked() || enter {
            intents.push(intent);
            after = After::Close;
        }
        if widgets::button(ui, t, Rank::Quiet, no, true, None).clicked() {
            after = After::Close;
        }
    });
    after
}

fn danger_link(ui: &mut Ui, t: &crate::Tokens, text: &str) -> bool {
    let galley = ui.painter().layout_no_wrap(text.to_owned(), medium(t.text_size.list), t.color.danger);
    let (rect, r) = ui.allocate_exact_size(vec2(galley.size().x + 8.0, t.size.hit), Sense::click());
    r.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, text));
    let at = pos2(rect.left(), rect.center().y - galley.size().y / 2.0);
    if r.hovered() {
        ui.painter().hline(
            rect.left()..=rect.right() - 8.0,
            at.y + galley.size().y + 1.0,
            Stroke::new(1.0, t.color.danger),
        );
    }
    ui.painter().galley(at, galley, t.color.danger);
    widgets::focus_ring(ui.painter(), &r, rect, t.radius.control, t);
    r.on_hover_cursor(egui::CursorIcon::PointingHand).clicked()
}

fn kind_choice(ui: &mut Ui, t: &crate::Tokens, kind: &mut ChannelKind) {
    let all = [
        (ChannelKind::Text, Icon::Hash, "Text", "Write, share, react"),
        (ChannelKind::Voice, Icon::Speaker, "Voice", "A room that is always open"),
    ];
    let c = &t.color;
    ui.horizontal(|ui| {
        let width = (ui.available_width() - t.space.sm) / 2.0;
        for (value, icon, title, about) in all {
            let (rect, r) = ui.allocate_exact_size(vec2(width, 58.0), Sense::click());
            let on = *kind == value;
            r.widget_info(|| WidgetInfo::selected(WidgetType::RadioButton, true, on, format!("{title}. {about}")));
            ui.painter().rect_filled(rect, t.radius.card, if on || r.hovered() { c.selected } else { c.raised });
            if on {
                ui.painter().rect_stroke(rect, t.radius.card, Stroke::new(1.0, c.control), StrokeKind::Inside);
            }
            icons::icon(
                ui.painter(),
                icon,
                pos2(rect.left() + 24.0, rect.center().y),
                20.0,
                if on { c.link } else { c.muted },
            );
            let x = rect.left() + 46.0;
            widgets::line_at(
                ui.painter(),
                x,
                rect.center().y - 9.0,
                title,
                medium(t.text_size.body),
                c.text,
                width - 54.0,
            );
            widgets::line_at(
                ui.painter(),
                x,
                rect.center().y + 10.0,
                about,
                FontId::proportional(t.text_size.meta),
                c.muted,
                width - 54.0,
            );
            widgets::focus_ring(ui.painter(), &r, rect, t.radius.card, t);
            if r.clicked() {
                *kind = value;
            }
        }
    });
}

/// The colours one may have, as a row of discs.
pub(crate) fn swatches(ui: &mut Ui, frame: &Frame<'_>, color: &mut u32) {
    const NAMES: [&str; 8] = ["Ember", "Gold", "Leaf", "Teal", "Sky", "Indigo", "Violet", "Rose"];
    let t = frame.tokens;
    widgets::caption(ui, t, "Colour");
    ui.horizontal(|ui| {
        // From edge to edge, as the fields above and below.
        let gaps = (avatar::SWATCHES.len() - 1) as f32;
        let free = ui.available_width() - 32.0 * avatar::SWATCHES.len() as f32;
        ui.spacing_mut().item_spacing.x = (free / gaps).max(0.0);
        for (value, name) in avatar::SWATCHES.into_iter().zip(NAMES) {
            let (rect, r) = ui.allocate_exact_size(vec2(32.0, 32.0), Sense::click());
            let on = *color == value;
            r.widget_info(|| WidgetInfo::selected(WidgetType::RadioButton, true, on, name));
            let fill = crate::tokens::contrast::rgb(value);
            ui.painter().circle_filled(rect.center(), if on { 11.0 } else { 13.0 }, fill);
            if on {
                ui.painter().circle_stroke(rect.center(), 14.5, Stroke::new(2.0, t.color.text));
            } else if r.hovered() {
                ui.painter().circle_stroke(rect.center(), 14.5, Stroke::new(1.5, t.color.control));
            }
            widgets::focus_ring(ui.painter(), &r, rect.shrink(0.5), 16.0, t);
            if r.on_hover_cursor(egui::CursorIcon::PointingHand).clicked() {
                *color = value;
            }
        }
    });
}

fn profile_preview(ui: &mut Ui, name: &str, color: u32) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 64.0), Sense::hover());
    avatar::person(ui.painter(), pos2(rect.left() + 32.0, rect.center().y), 64.0, name, color);
}

fn quoted(ui: &mut Ui, frame: &Frame<'_>, text: &str) {
    let t = frame.tokens;
    ui.add_space(t.space.md);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 40.0), Sense::hover());
    ui.painter().rect_filled(rect, t.radius.control + 2.0, t.color.raised);
    widgets::line_at(
        ui.painter(),
        rect.left() + 12.0,
        rect.center().y,
        text,
        FontId::proportional(t.text_size.body),
        t.color.text,
        rect.width() - 24.0,
    );
}

fn invite(ui: &mut Ui, dialog: &mut Dialog, frame: &Frame<'_>, intents: &mut Intents) -> After {
    let t = frame.tokens;
    let c = &t.color;
    let Kind::Invite { community, expiry, link, copied, asked, .. } = &mut dialog.kind else { return After::Stay };
    widgets::paragraph(
        ui,
        t,
        "Anybody with this link can join. It works as long as somebody in the community is online.",
        c.muted,
    );
    ui.add_space(t.space.md);
    widgets::caption(ui, t, "Works for");
    let names = EXPIRIES.map(|(name, _)| name);
    let chosen = widgets::choice_row(ui, t, &names, *expiry);
    *expiry = chosen.unwrap_or(*expiry);
    let again = !*asked || chosen.is_some();
    if again {
        *asked = true;
        *link = None;
        *copied = false;
        dialog.busy = true;
        dialog.error = None;
        let expires_s = EXPIRIES.get(*expiry).and_then(|e| e.1);
        intents.push(Intent::CreateInvite { community: *community, expires_s });
    }
    ui.add_space(t.space.md);
    widgets::caption(ui, t, "Invite link");
    let (rect, r) = ui.allocate_exact_size(vec2(ui.available_width(), 44.0), Sense::hover());
    ui.painter().rect_filled(rect, t.radius.control + 2.0, c.bg1);
    ui.painter().rect_stroke(rect, t.radius.control + 2.0, Stroke::new(1.0, c.line), StrokeKind::Inside);
    let room = rect.width() - 120.0;
    let shown = link.as_deref().unwrap_or(if dialog.busy { "Making a link…" } else { "" });
    r.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, shown));
    widgets::line_at(
        ui.painter(),
        rect.left() + 12.0,
        rect.center().y,
        shown,
        FontId::proportional(t.text_size.list),
        if link.is_some() { c.text } else { c.faint },
        room,
    );
    let mut at = ui.new_child(
        egui::UiBuilder::new()
            .max_rect(egui::Rect::from_min_max(pos2(rect.right() - 96.0, rect.top() + 4.0), rect.max - vec2(4.0, 4.0))),
    );
    let text = if *copied { "Copied" } else { "Copy" };
    let button = widgets::button(&mut at, t, Rank::Main, text, link.is_some(), Some(92.0));
    if let (true, Some(link)) = (button.clicked(), link.as_ref()) {
        *copied = true;
        intents.push(Intent::CopyText(link.clone()));
    }
    if let Some(error) = &dialog.error {
        ui.add_space(t.space.sm);
        widgets::error_line(ui, t, error);
    }
    ui.add_space(t.space.xs);
    After::Stay
}
