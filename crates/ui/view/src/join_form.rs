//! "Paste a link, or start a community": screen 2 of onboarding and the dialog behind +.

use crate::widgets::{self, Rank, medium};
use crate::{Intent, Intents, Tokens};
use egui::{Id, Sense, Stroke, StrokeKind, Ui, WidgetInfo, WidgetType, pos2, vec2};
use hearth_types::limits;

/// What was typed in it.
#[derive(Debug, Default)]
pub(crate) struct JoinForm {
    pub link: String,
    pub name: String,
    pub creating: bool,
    pub busy: bool,
    pub error: Option<String>,
    pub fresh: bool,
}

impl JoinForm {
    /// A form whose field takes the keyboard when first drawn.
    pub fn fresh() -> Self {
        Self { fresh: true, ..Self::default() }
    }
}

/// Whether a text can be an invite link at all; the node says why when it is not a good one.
pub(crate) fn looks_like_link(text: &str) -> bool {
    let text = text.trim();
    (text.starts_with("mesh:") || text.contains('#'))
        && text.len() > 12
        && text.len() <= limits::LINK_CHARS
        && !text.contains(char::is_whitespace)
}

/// Draws the form. `back` offers a way back; true when it was taken.
pub(crate) fn join_form_ui(
    ui: &mut Ui,
    t: &Tokens,
    form: &mut JoinForm,
    offered: Option<&str>,
    back: bool,
    intents: &mut Intents,
) -> bool {
    let focus = std::mem::take(&mut form.fresh);
    if form.creating {
        let id = Id::new("create-name");
        let (_, entered) =
            widgets::field(ui, t, id, "Community name", "The Night Shift", &mut form.name, limits::NAME_CHARS, focus);
        ui.add_space(t.space.sm);
        widgets::paragraph(
            ui,
            t,
            "It starts with one channel to write in and one room to talk in. You can add more at any time.",
            t.color.muted,
        );
        feedback(ui, t, form);
        ui.add_space(t.space.md);
        let ready = !form.name.trim().is_empty() && !form.busy;
        let text = if form.busy { "Starting…" } else { "Start community" };
        let go = widgets::button(ui, t, Rank::Main, text, ready, Some(ui.available_width())).clicked() || entered;
        if go && ready {
            form.busy = true;
            form.error = None;
            intents.push(Intent::CreateCommunity { name: form.name.trim().to_owned() });
        }
        ui.add_space(t.space.sm);
        // Where there is a way back, it leads to the same place.
        if !back && quiet_link(ui, t, "I have an invite link instead", !form.busy) {
            form.creating = false;
            form.error = None;
            form.fresh = true;
        }
    } else {
        let offered = offered.filter(|o| looks_like_link(o) && form.link.trim() != *o);
        let id = Id::new("join-link");
        let (_, entered) =
            widgets::field(ui, t, id, "Invite link", "Paste an invite link", &mut form.link, limits::LINK_CHARS, focus);
        if let Some(link) = offered {
            ui.add_space(t.space.sm);
            if offer(ui, t, link) {
                form.link = link.to_owned();
            }
        }
        feedback(ui, t, form);
        ui.add_space(t.space.md);
        let ready = looks_like_link(&form.link) && !form.busy;
        let text = if form.busy { "Joining…" } else { "Join" };
        let go = widgets::button(ui, t, Rank::Main, text, ready, Some(ui.available_width())).clicked() || entered;
        if go && ready {
            form.busy = true;
            form.error = None;
            intents.push(Intent::Join { link: form.link.trim().to_owned() });
        } else if entered && !form.busy && !form.link.trim().is_empty() {
            form.error = Some("That is not an invite link. Ask for a new one and paste all of it.".to_owned());
        }
        ui.add_space(t.space.sm);
        or_line(ui, t);
        ui.add_space(t.space.sm);
        if widgets::button(ui, t, Rank::Quiet, "Start a community", !form.busy, Some(ui.available_width())).clicked() {
            form.creating = true;
            form.error = None;
            form.fresh = true;
        }
    }
    let mut gone_back = false;
    if back {
        ui.add_space(t.space.xs);
        gone_back = quiet_link(ui, t, "Back", !form.busy);
    }
    gone_back
}

fn feedback(ui: &mut Ui, t: &Tokens, form: &JoinForm) {
    if let Some(error) = &form.error {
        ui.add_space(t.space.sm);
        widgets::error_line(ui, t, error);
    } else if form.busy && !form.creating {
        ui.add_space(t.space.sm);
        widgets::paragraph(ui, t, "Looking for somebody who can let you in. This can take a moment.", t.color.muted);
    }
}

/// A line of text that acts, centred.
pub(crate) fn quiet_link(ui: &mut Ui, t: &Tokens, text: &str, enabled: bool) -> bool {
    let (rect, r) = ui.allocate_exact_size(
        vec2(ui.available_width(), t.size.hit),
        if enabled { Sense::click() } else { Sense::hover() },
    );
    r.widget_info(|| WidgetInfo::labeled(WidgetType::Button, enabled, text));
    let ink = if r.hovered() && enabled { t.color.text } else { t.color.muted };
    let drawn =
        widgets::text_at(ui.painter(), rect.center(), egui::Align2::CENTER_CENTER, text, medium(t.text_size.list), ink);
    widgets::focus_ring(ui.painter(), &r, drawn.expand2(vec2(8.0, 4.0)), t.radius.control, t);
    r.on_hover_cursor(egui::CursorIcon::PointingHand).clicked()
}

fn or_line(ui: &mut Ui, t: &Tokens) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 16.0), Sense::hover());
    let y = rect.center().y;
    let stroke = Stroke::new(1.0, t.color.line);
    ui.painter().hline(rect.left()..=rect.center().x - 18.0, y, stroke);
    ui.painter().hline(rect.center().x + 18.0..=rect.right(), y, stroke);
    widgets::text_at(
        ui.painter(),
        rect.center(),
        egui::Align2::CENTER_CENTER,
        "or",
        egui::FontId::proportional(t.text_size.list),
        t.color.faint,
    );
}

fn offer(ui: &mut Ui, t: &Tokens, link: &str) -> bool {
    let (rect, r) = ui.allocate_exact_size(vec2(ui.available_width(), 44.0), Sense::click());
    r.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, "Use the link you copied"));
    let c = &t.color;
    let fill = if r.hovered() { c.selected } else { crate::tokens::contrast::mix(c.raised, c.accent, 0.10) };
    ui.painter().rect_filled(rect, t.radius.control + 2.0, fill);
    ui.painter().rect_stroke(
        rect,
        t.radius.control + 2.0,
        Stroke::new(1.0, c.accent.gamma_multiply(0.5)),
        StrokeKind::Inside,
    );
    crate::icons::icon(ui.painter(), crate::icons::Icon::Link, pos2(rect.left() + 20.0, rect.center().y), 16.0, c.link);
    widgets::line_at(
        ui.painter(),
        rect.left() + 38.0,
        rect.center().y - 8.0,
        "Use the link you copied",
        medium(t.text_size.list),
        c.text,
        rect.width() - 50.0,
    );
    widgets::line_at(
        ui.painter(),
        rect.left() + 38.0,
        rect.center().y + 9.0,
        link,
        egui::FontId::proportional(t.text_size.meta),
        c.muted,
        rect.width() - 50.0,
    );
    widgets::focus_ring(ui.painter(), &r, rect, t.radius.control + 2.0, t);
    r.on_hover_cursor(egui::CursorIcon::PointingHand).clicked()
}
