//! Buttons, fields and rows that every screen shares. Each names itself for screen readers.

use crate::Tokens;
use crate::icons::{self, Icon};
use crate::tokens::MEDIUM;
use egui::{
    Align2, Color32, CornerRadius, FontFamily, FontId, Galley, Id, Margin, Painter, Pos2, Rect, Response, Sense,
    Stroke, StrokeKind, TextEdit, Ui, UiBuilder, Vec2, WidgetInfo, WidgetType, pos2, text::LayoutJob, vec2,
};
use std::sync::Arc;

/// Rank of a button.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rank {
    /// The one thing to do here.
    Main,
    /// Everything else.
    Quiet,
    /// Cannot be undone.
    Danger,
}

/// A font of weight 500.
pub fn medium(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(MEDIUM.into()))
}

/// A font of weight 600.
pub fn bold(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(crate::tokens::BOLD.into()))
}

/// A region of its own inside `ui`, clipped to `rect`.
pub fn region<R>(ui: &mut Ui, salt: &str, rect: Rect, add: impl FnOnce(&mut Ui) -> R) -> R {
    let mut child = ui.new_child(UiBuilder::new().id_salt(salt).max_rect(rect));
    child.shrink_clip_rect(rect);
    add(&mut child)
}

/// One line of text, cut with an ellipsis at `width`.
pub fn elided(painter: &Painter, text: &str, font: FontId, color: Color32, width: f32) -> Arc<Galley> {
    let mut job = LayoutJob::simple_singleline(text.replace('\n', " "), font, color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width.max(0.0));
    painter.layout_job(job)
}

/// Draws one line with its middle on `y`; gives its width.
pub fn line_at(painter: &Painter, x: f32, y: f32, text: &str, font: FontId, color: Color32, width: f32) -> f32 {
    let galley = elided(painter, text, font, color, width);
    let size = galley.size();
    painter.galley(pos2(x, (y - size.y / 2.0).round()), galley, color);
    size.x
}

/// The ring around what has the keyboard.
pub fn focus_ring(painter: &Painter, response: &Response, rect: Rect, radius: f32, tokens: &Tokens) {
    if response.has_focus() {
        painter.rect_stroke(rect, radius, Stroke::new(2.0, tokens.color.accent), StrokeKind::Outside);
    }
}

/// A button with words, `width` wide or as wide as its words.
pub fn button(ui: &mut Ui, tokens: &Tokens, rank: Rank, text: &str, enabled: bool, width: Option<f32>) -> Response {
    let font = medium(tokens.text_size.body);
    let galley = ui.painter().layout_no_wrap(text.to_owned(), font, Color32::PLACEHOLDER);
    let size = vec2(width.unwrap_or(galley.size().x + 2.0 * tokens.space.lg), 36.0);
    let (rect, response) = ui.allocate_exact_size(size, if enabled { Sense::click() } else { Sense::hover() });
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, enabled, text));
    let c = &tokens.color;
    let hot = enabled && response.hovered();
    let (fill, ink) = match rank {
        Rank::Main if !enabled => (c.selected, c.faint),
        Rank::Main => (if hot { c.accent_hover } else { c.accent }, c.on_accent),
        Rank::Danger => (
            if hot { crate::tokens::contrast::mix(c.danger_fill, Color32::BLACK, 0.12) } else { c.danger_fill },
            c.on_danger,
        ),
        Rank::Quiet => (if hot { c.selected } else { Color32::TRANSPARENT }, if enabled { c.text } else { c.faint }),
    };
    let radius = tokens.radius.control + 2.0;
    let painter = ui.painter();
    painter.rect_filled(rect, radius, fill);
    if rank == Rank::Quiet {
        painter.rect_stroke(rect, radius, Stroke::new(1.0, c.control.gamma_multiply(0.6)), StrokeKind::Inside);
    }
    painter.galley((rect.center() - galley.size() / 2.0).round(), galley, ink);
    focus_ring(painter, &response, rect, radius, tokens);
    if enabled { response.on_hover_cursor(egui::CursorIcon::PointingHand) } else { response }
}

/// A square button with a picture; `name` is read out and shown as a tooltip.
pub fn icon_button(ui: &mut Ui, tokens: &Tokens, rect: Rect, which: Icon, name: &str, on: bool) -> Response {
    let id = ui.id().with(("icon", name, rect.min.y as i32));
    let response = ui.interact(rect, id, Sense::click());
    response.widget_info(|| WidgetInfo::selected(WidgetType::Button, true, on, name));
    let c = &tokens.color;
    if response.hovered() {
        ui.painter().rect_filled(rect, tokens.radius.control, c.selected);
    }
    let ink = if on || response.hovered() { c.text } else { c.muted };
    icons::icon(ui.painter(), which, rect.center(), 18.0, ink);
    focus_ring(ui.painter(), &response, rect, tokens.radius.control, tokens);
    tip(response.on_hover_cursor(egui::CursorIcon::PointingHand), tokens, name)
}

/// A small dark tooltip.
pub fn tip(response: Response, tokens: &Tokens, text: &str) -> Response {
    response.on_hover_ui(|ui| {
        ui.set_max_width(280.0);
        ui.label(egui::RichText::new(text).size(tokens.text_size.list).color(tokens.color.text));
    })
}

/// A labelled field of one line. The label stands above it and names it. True with the response when Enter was pressed in
/// it; the field keeps the keyboard then, as what was written may have to be put right.
#[allow(clippy::too_many_arguments)]
pub fn field(
    ui: &mut Ui,
    tokens: &Tokens,
    id: Id,
    label: &str,
    hint: &str,
    text: &mut String,
    limit: usize,
    focus: bool,
) -> (Response, bool) {
    let c = &tokens.color;
    let width = ui.available_width();
    ui.spacing_mut().item_spacing.y = tokens.space.sm;
    let label_response =
        ui.add(egui::Label::new(egui::RichText::new(label).font(medium(tokens.text_size.list)).color(c.muted)));
    let (rect, _) = ui.allocate_exact_size(vec2(width, 40.0), Sense::hover());
    let painter = ui.painter().clone();
    let bg = if tokens.dark { c.bg1 } else { c.bg2 };
    painter.rect_filled(rect, tokens.radius.control + 2.0, bg);
    let mut inner = ui.new_child(
        UiBuilder::new()
            .max_rect(rect.shrink2(vec2(tokens.space.md, 0.0)))
            .layout(egui::Layout::left_to_right(egui::Align::Center)),
    );
    let response = inner.add(
        TextEdit::singleline(text)
            .id(id)
            .frame(egui::Frame::NONE)
            .margin(Margin::ZERO)
            .desired_width(f32::INFINITY)
            .char_limit(limit)
            .font(FontId::proportional(tokens.text_size.body))
            .vertical_align(egui::Align::Center)
            .hint_text(egui::RichText::new(hint).color(c.faint)),
    );
    let entered = response.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter));
    if focus || entered {
        response.request_focus();
    }
    let edge = if response.has_focus() { Stroke::new(2.0, c.accent) } else { Stroke::new(1.0, c.control) };
    painter.rect_stroke(rect, tokens.radius.control + 2.0, edge, StrokeKind::Inside);
    (response.labelled_by(label_response.id), entered)
}

/// A line of a menu. `true` when chosen.
pub fn menu_item(ui: &mut Ui, tokens: &Tokens, which: Option<Icon>, text: &str, danger: bool) -> bool {
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width().max(188.0), tokens.size.row), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, text));
    let c = &tokens.color;
    let ink = if danger { c.danger } else { c.text };
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, tokens.radius.control, c.selected);
    }
    let mut x = rect.left() + tokens.space.sm;
    if let Some(which) = which {
        icons::icon(ui.painter(), which, pos2(x + 8.0, rect.center().y), 16.0, if danger { c.danger } else { c.muted });
        x += 26.0;
    }
    line_at(
        ui.painter(),
        x,
        rect.center().y,
        text,
        FontId::proportional(tokens.text_size.list + 0.5),
        ink,
        rect.right() - x - 4.0,
    );
    if response.clicked() {
        ui.close();
    }
    response.clicked()
}

/// A line of a menu that is on or off. `true` when chosen.
pub fn menu_switch(ui: &mut Ui, tokens: &Tokens, which: Icon, text: &str, on: bool) -> bool {
    let chosen = menu_item(ui, tokens, Some(which), text, false);
    let at = pos2(ui.min_rect().right() - 16.0, ui.min_rect().bottom() - tokens.size.row / 2.0);
    if on {
        icons::icon(ui.painter(), Icon::Check, at, 16.0, tokens.color.link);
    }
    chosen
}

/// A menu row with a line about it, one of several. `true` when it was chosen.
pub fn menu_choice(ui: &mut Ui, tokens: &Tokens, title: &str, about: &str, on: bool) -> bool {
    let c = &tokens.color;
    let (rect, r) = ui.allocate_exact_size(vec2(ui.available_width(), 46.0), Sense::click());
    r.widget_info(|| WidgetInfo::selected(WidgetType::RadioButton, true, on, format!("{title}. {about}")));
    if r.hovered() {
        ui.painter().rect_filled(rect, tokens.radius.control, c.hover);
    }
    let (left, room) = (rect.left() + tokens.space.sm, rect.width() - 40.0);
    line_at(ui.painter(), left, rect.top() + 15.0, title, medium(tokens.text_size.list), c.text, room);
    let small = FontId::proportional(tokens.text_size.meta);
    line_at(ui.painter(), left, rect.top() + 32.0, about, small, c.muted, room);
    if on {
        icons::icon(ui.painter(), Icon::Check, pos2(rect.right() - 16.0, rect.center().y), 16.0, c.link);
    }
    focus_ring(ui.painter(), &r, rect, tokens.radius.control, tokens);
    r.on_hover_cursor(egui::CursorIcon::PointingHand).clicked()
}

/// A row of choices as wide as `ui`, one of them taken. Gives the one that is chosen instead.
pub fn choice_row(ui: &mut Ui, tokens: &Tokens, names: &[&str], taken: usize) -> Option<usize> {
    let c = &tokens.color;
    let radius = tokens.radius.control + 2.0;
    let mut chosen = None;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = tokens.space.sm;
        let gaps = tokens.space.sm * names.len().saturating_sub(1) as f32;
        let width = (ui.available_width() - gaps) / names.len().max(1) as f32;
        for (n, name) in names.iter().enumerate() {
            let (rect, r) = ui.allocate_exact_size(vec2(width, 34.0), Sense::click());
            let on = n == taken;
            r.widget_info(|| WidgetInfo::selected(WidgetType::RadioButton, true, on, *name));
            ui.painter().rect_filled(rect, radius, if on || r.hovered() { c.selected } else { c.raised });
            if on {
                ui.painter().rect_stroke(rect, radius, Stroke::new(1.0, c.control), StrokeKind::Inside);
            }
            let ink = if on { c.text } else { c.muted };
            let galley = elided(ui.painter(), name, medium(tokens.text_size.list), ink, width - tokens.space.md);
            ui.painter().galley((rect.center() - galley.size() / 2.0).round(), galley, ink);
            focus_ring(ui.painter(), &r, rect, radius, tokens);
            if r.on_hover_cursor(egui::CursorIcon::PointingHand).clicked() && !on {
                chosen = Some(n);
            }
        }
    });
    chosen
}

/// Something to switch on and off, with a line about it. `true` when it was switched.
pub fn switch_row(ui: &mut Ui, tokens: &Tokens, title: &str, about: &str, on: bool) -> bool {
    const PILL: Vec2 = vec2(38.0, 22.0);
    let c = &tokens.color;
    let (rect, r) = ui.allocate_exact_size(vec2(ui.available_width(), 40.0), Sense::click());
    r.widget_info(|| WidgetInfo::selected(WidgetType::Checkbox, true, on, format!("{title}. {about}")));
    let hot = r.hovered();
    let room = rect.width() - PILL.x - tokens.space.lg;
    let (x, y) = (rect.left(), rect.center().y);
    line_at(ui.painter(), x, y - 10.0, title, medium(tokens.text_size.list + 0.5), c.text, room);
    line_at(ui.painter(), x, y + 9.0, about, FontId::proportional(tokens.text_size.meta), c.muted, room);
    let pill = Rect::from_center_size(pos2(rect.right() - PILL.x / 2.0, y), PILL);
    let fill = match (on, hot) {
        (true, false) => c.accent,
        (true, true) => c.accent_hover,
        (false, false) => c.raised,
        (false, true) => c.selected,
    };
    ui.painter().rect_filled(pill, PILL.y / 2.0, fill);
    if !on {
        ui.painter().rect_stroke(pill, PILL.y / 2.0, Stroke::new(1.5, c.control), StrokeKind::Inside);
    }
    let reach = (PILL.x - PILL.y) / 2.0;
    let knob = pos2(pill.center().x + if on { reach } else { -reach }, y);
    ui.painter().circle_filled(knob, if on { 7.5 } else { 6.5 }, if on { c.on_accent } else { c.control });
    focus_ring(ui.painter(), &r, pill, PILL.y / 2.0, tokens);
    r.on_hover_cursor(egui::CursorIcon::PointingHand).clicked()
}

/// A hairline across a menu.
pub fn menu_line(ui: &mut Ui, tokens: &Tokens) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 9.0), Sense::hover());
    ui.painter().hline(rect.x_range(), rect.center().y, Stroke::new(1.0, tokens.color.line));
}

/// A wrapped paragraph.
pub fn paragraph(ui: &mut Ui, tokens: &Tokens, text: &str, color: Color32) -> Response {
    let mut job =
        LayoutJob::simple(text.to_owned(), FontId::proportional(tokens.text_size.body), color, ui.available_width());
    for s in &mut job.sections {
        s.format.line_height = Some(tokens.body_line());
    }
    ui.add(egui::Label::new(job).wrap())
}

/// What the controls under it are about.
pub fn caption(ui: &mut Ui, tokens: &Tokens, text: &str) -> Response {
    let text = egui::RichText::new(text).font(medium(tokens.text_size.list)).color(tokens.color.muted);
    ui.add(egui::Label::new(text).truncate())
}

/// A heading.
pub fn heading(ui: &mut Ui, tokens: &Tokens, text: &str, size: f32) -> Response {
    ui.add(egui::Label::new(egui::RichText::new(text).font(bold(size)).color(tokens.color.text)).wrap())
}

/// A sentence about what went wrong, with its sign.
pub fn error_line(ui: &mut Ui, tokens: &Tokens, text: &str) {
    ui.horizontal_top(|ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(16.0, tokens.body_line()), Sense::hover());
        icons::icon(ui.painter(), Icon::Alert, rect.center(), 16.0, tokens.color.danger);
        ui.vertical(|ui| paragraph(ui, tokens, text, tokens.color.danger));
    });
}

/// Text centred at a point, for badges.
pub fn badge(painter: &Painter, right_center: Pos2, count: u32, fill: Color32, ink: Color32) -> f32 {
    let text = if count > 99 { "99+".to_owned() } else { count.to_string() };
    let galley = painter.layout_no_wrap(text, bold(11.0), ink);
    let width = (galley.size().x + 10.0).max(18.0);
    let rect = Rect::from_min_size(pos2(right_center.x - width, right_center.y - 9.0), vec2(width, 18.0));
    painter.rect_filled(rect, CornerRadius::same(9), fill);
    painter.galley((rect.center() - galley.size() / 2.0).round(), galley, ink);
    width
}

/// Text aligned around a point.
pub fn text_at(painter: &Painter, at: Pos2, align: Align2, text: &str, font: FontId, color: Color32) -> Rect {
    painter.text(at, align, text, font, color)
}
