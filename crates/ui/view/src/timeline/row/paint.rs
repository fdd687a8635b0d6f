//! Puts a row that was laid out onto the screen.

use super::{CODE_PAD, DIVIDER_H, GUTTER, HEAD_H, INTRO_H, PILL_H, Paint, Part, REPLY_H, RIGHT, Row, Rows};
use crate::icons::{self, Icon};
use crate::markup::{self, Link};
use crate::timeline::{Jump, TimelineState};
use crate::tokens::contrast::{mix, readable, rgb};
use crate::widgets::{self, bold, medium};
use crate::{Intent, Intents, Tokens, avatar};
use egui::{
    Align2, Color32, FontId, Id, Pos2, Rect, Sense, Stroke, StrokeKind, Ui, WidgetInfo, WidgetType, pos2, vec2,
};
use hearth_ports::{MessageView, SendState};
use hearth_types::UserId;

impl Rows<'_> {
    /// Paints row `i`; true when the pointer is on it.
    pub fn paint(&self, ui: &mut Ui, i: usize, paint: Paint, state: &mut TimelineState, intents: &mut Intents) -> bool {
        let (Some(row), Some(m)) = (self.seen(i), self.message(i)) else { return false };
        let t = self.tokens();
        let c = &t.color;
        let ppp = ui.pixels_per_point();
        let top = paint.rect.top() + ((paint.top as f32) * ppp).round() / ppp;
        let left = paint.rect.left();
        let whole = Rect::from_min_size(pos2(left, top), vec2(paint.rect.width(), row.height() as f32));
        if row.intro {
            crate::timeline::bars::intro(
                ui.painter(),
                Rect::from_min_size(whole.min, vec2(whole.width(), INTRO_H)),
                self.view,
                self.frame,
            );
        }
        let mut y = top + if row.intro { INTRO_H } else { 0.0 };
        if row.day.is_some() || row.unread {
            divider(
                ui,
                Rect::from_min_size(pos2(left, y), vec2(whole.width(), DIVIDER_H)),
                row.day.as_deref(),
                row.unread,
                t,
            );
            y += DIVIDER_H;
        }
        let gap = if row.head && row.lead() == 0.0 { t.space.lg - 4.0 } else { 0.0 };
        let lit = Rect::from_min_max(pos2(left, y + gap), pos2(whole.right(), whole.bottom()));
        let hot = ui.rect_contains_pointer(lit.intersect(paint.rect)) && state.menu_row.is_none_or(|id| id == row.id);
        let mention = mentions(m, &self.view.me.name) && m.author != self.view.me.user;
        let mut ground = c.bg2;
        if mention {
            ground = mix(c.bg2, c.accent, 0.10);
            ui.painter().rect_filled(lit, 0.0, ground);
            ui.painter().rect_filled(Rect::from_min_size(lit.min, vec2(2.0, lit.height())), 0.0, c.accent);
        }
        if hot || paint.active {
            ground = if mention { mix(c.bg2, c.accent, 0.14) } else { c.hover };
            ui.painter().rect_filled(lit, 0.0, ground);
        }
        if paint.flash > 0.0 {
            ui.painter().rect_filled(lit, 0.0, c.accent.gamma_multiply(0.22 * paint.flash));
        }
        let body_y = top + row.above;
        let x = left + GUTTER;
        if row.reply {
            self.reply_line(ui, m, pos2(x, body_y - HEAD_H - REPLY_H), whole.width() - GUTTER - RIGHT, state);
        }
        if row.head {
            self.head(ui, m, x, body_y, whole.width() - GUTTER - RIGHT, ground);
        } else if hot {
            let time = self.civil(m).time();
            ui.painter().text(
                pos2(x - 16.0, body_y + t.body_line() / 2.0),
                Align2::RIGHT_CENTER,
                time,
                FontId::proportional(11.0),
                c.faint,
            );
        }
        self.body(ui, row, m, pos2(x, body_y), intents);
        self.reactions(ui, row, m, pos2(x, body_y + row.body), intents);
        let mut mark_x = whole.right() - 20.0;
        if m.state == SendState::Saved && !m.deleted {
            let rect = Rect::from_center_size(pos2(mark_x, body_y + t.body_line() / 2.0), vec2(18.0, 18.0));
            icons::icon(ui.painter(), Icon::Clock, rect.center(), 14.0, c.faint);
            let r = ui.interact(rect, Id::new(("saved", m.message)), Sense::hover());
            r.widget_info(|| WidgetInfo::labeled(WidgetType::Image, true, "Saved, not delivered yet"));
            widgets::tip(r, t, "Saved. It goes out by itself as soon as somebody can be reached.");
            mark_x -= 20.0;
        }
        if m.pinned {
            let rect = Rect::from_center_size(pos2(mark_x, body_y + t.body_line() / 2.0), vec2(18.0, 18.0));
            icons::icon(ui.painter(), Icon::Pin, rect.center(), 14.0, c.faint);
            let r = ui.interact(rect, Id::new(("pinned", m.message)), Sense::hover());
            r.widget_info(|| WidgetInfo::labeled(WidgetType::Image, true, "Pinned"));
            widgets::tip(r, t, "Pinned");
        }
        hot
    }

    fn head(&self, ui: &Ui, m: &MessageView, x: f32, body_y: f32, width: f32, ground: Color32) {
        let t = self.tokens();
        let (name, color) = self.who(m.author);
        let middle = body_y - HEAD_H / 2.0;
        avatar::person(
            ui.painter(),
            pos2(x - GUTTER + 16.0 + t.size.avatar / 2.0, body_y - HEAD_H + 2.0 + t.size.avatar / 2.0),
            t.size.avatar,
            name,
            color,
        );
        let ink = readable(mix(rgb(color), t.color.text, 0.15), ground, t.color.text);
        let used = widgets::line_at(ui.painter(), x, middle, name, bold(t.text_size.body), ink, width - 150.0);
        widgets::line_at(
            ui.painter(),
            x + used + 8.0,
            middle + 1.0,
            &self.civil(m).stamp(self.today),
            FontId::proportional(t.text_size.meta),
            t.color.faint,
            160.0,
        );
    }

    fn reply_line(&self, ui: &mut Ui, m: &MessageView, at: Pos2, width: f32, state: &mut TimelineState) {
        let t = self.tokens();
        let c = &t.color;
        let target = m.reply_to.and_then(|id| self.window.messages.iter().find(|o| o.message == id));
        let y = at.y + REPLY_H / 2.0 - 1.0;
        let stroke = Stroke::new(1.5, mix(c.line, c.faint, 0.35));
        let ax = at.x - GUTTER + 16.0 + t.size.avatar / 2.0;
        let curve: Vec<Pos2> = (0..=6)
            .map(|s| (s as f32 * 15.0).to_radians())
            .map(|a| pos2(ax + 6.0 - 6.0 * a.cos(), y + 6.0 - 6.0 * a.sin()))
            .collect();
        ui.painter().line_segment([pos2(ax, y + 6.0), pos2(ax, y + 11.0)], stroke);
        ui.painter().add(egui::Shape::line(curve, stroke));
        ui.painter().line_segment([pos2(ax + 6.0, y), pos2(at.x - 6.0, y)], stroke);
        let (text, name) = match target {
            Some(o) => {
                let text = match (o.deleted, o.readable) {
                    (true, _) => "This message was deleted.".to_owned(),
                    (_, false) => "You can’t read this message yet.".to_owned(),
                    _ => markup::one_line(&o.text, t),
                };
                (text, Some(self.who(o.author)))
            }
            None => ("An earlier message".to_owned(), None),
        };
        let rect = Rect::from_min_size(at, vec2(width, REPLY_H - 2.0));
        let r = ui
            .interact(rect, Id::new(("reply-line", m.message)), Sense::click())
            .on_hover_cursor(egui::CursorIcon::PointingHand);
        let label = name.map_or_else(|| format!("In reply to: {text}"), |(n, _)| format!("In reply to {n}: {text}"));
        r.widget_info(|| WidgetInfo::labeled(WidgetType::Link, true, &label));
        let ink = if r.hovered() { c.text } else { c.muted };
        let mut x = at.x;
        if let Some((name, color)) = name {
            avatar::person(ui.painter(), pos2(x + 8.0, y), 16.0, name, color);
            x += 21.0;
            let name_ink = readable(mix(rgb(color), c.text, 0.15), c.hover, c.text);
            x += widgets::line_at(ui.painter(), x, y, name, medium(t.text_size.list), name_ink, 160.0) + 6.0;
        }
        widgets::line_at(ui.painter(), x, y, &text, FontId::proportional(t.text_size.list), ink, at.x + width - x);
        if let (true, Some(target)) = (r.clicked(), m.reply_to) {
            state.jump = Some(Jump::Message(target));
            state.asked = None;
        }
    }

    fn body(&self, ui: &mut Ui, row: &Row, m: &MessageView, at: Pos2, intents: &mut Intents) {
        let t = self.tokens();
        let c = &t.color;
        let who = if m.author == self.view.me.user { "You" } else { self.who(m.author).0 };
        let mut y = at.y;
        for (n, part) in row.parts.iter().enumerate() {
            let (galley, dx, dy, links): (_, f32, f32, &[Link]) = match part {
                Part::Text(g, links) => (g, 0.0, 0.0, links),
                Part::Quote(g, links) => {
                    let bar = Rect::from_min_size(pos2(at.x, y + 1.0), vec2(3.0, g.size().y - 2.0));
                    ui.painter().rect_filled(bar, 1.5, mix(c.line, c.faint, 0.4));
                    (g, 14.0, 0.0, links)
                }
                Part::Code(g) => {
                    let frame = Rect::from_min_size(
                        pos2(at.x, y + 4.0),
                        vec2((self.width - GUTTER - RIGHT).max(40.0), g.size().y + 2.0 * CODE_PAD),
                    );
                    ui.painter().rect_filled(frame, t.radius.control, c.code_bg);
                    ui.painter().rect_stroke(frame, t.radius.control, Stroke::new(1.0, c.line), StrokeKind::Inside);
                    (g, CODE_PAD + 2.0, CODE_PAD + 4.0, &[])
                }
                Part::Note(g, icon) => {
                    if let Some(icon) = icon {
                        icons::icon(ui.painter(), *icon, pos2(at.x + 7.0, y + t.body_line() / 2.0), 14.0, c.faint);
                    }
                    (g, if icon.is_some() { 22.0 } else { 0.0 }, 0.0, &[])
                }
            };
            let pos = pos2(at.x + dx, y + dy);
            let rect = Rect::from_min_size(pos, galley.size());
            let response = ui.interact(rect, Id::new(("body", m.message, n)), Sense::click_and_drag());
            let text = galley.text();
            let label = if n == 0 { format!("{who}, {}: {text}", self.civil(m).time()) } else { text.to_owned() };
            response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, &label));
            let over = response.hover_pos().map(|p| galley.cursor_from_pos(p - pos).index.0);
            let link = over.and_then(|at| links.iter().find(|l| l.chars.contains(&at)));
            egui::text_selection::LabelSelectionState::label_text_selection(
                ui,
                &response,
                pos,
                galley.clone(),
                c.text,
                Stroke::NONE,
            );
            if let Some(link) = link {
                ui.ctx().set_cursor_icon(egui::CursorIcon::PointingHand);
                if response.clicked() {
                    intents.push(Intent::OpenLink(link.url.clone()));
                }
            }
            y += part.height();
        }
    }

    fn reactions(&self, ui: &mut Ui, row: &Row, m: &MessageView, at: Pos2, intents: &mut Intents) {
        let t = self.tokens();
        let c = &t.color;
        for pill in &row.pills {
            let Some(r) = m.reactions.get(pill.index) else { continue };
            let mine = r.users.contains(&self.view.me.user);
            let rect = Rect::from_min_size(at + pill.at, vec2(pill.width, PILL_H));
            let response = ui
                .interact(rect, Id::new(("reaction", m.message, &r.emoji)), Sense::click())
                .on_hover_cursor(egui::CursorIcon::PointingHand);
            let count = r.users.len();
            response.widget_info(|| {
                WidgetInfo::selected(WidgetType::Button, true, mine, format!("Reaction {}, {count}", r.emoji))
            });
            let (fill, edge, ink) = if mine {
                (mix(c.bg2, c.accent, 0.2), c.accent, if t.dark { c.link } else { c.text })
            } else {
                (c.raised, if response.hovered() { c.control } else { c.line }, c.muted)
            };
            ui.painter().rect_filled(rect, PILL_H / 2.0, fill);
            ui.painter().rect_stroke(rect, PILL_H / 2.0, Stroke::new(1.0, edge), StrokeKind::Inside);
            let used = widgets::line_at(
                ui.painter(),
                rect.left() + 8.0,
                rect.center().y,
                &r.emoji,
                FontId::proportional(15.0),
                if mine { c.link } else { c.text },
                120.0,
            );
            widgets::line_at(
                ui.painter(),
                rect.left() + 8.0 + used + 6.0,
                rect.center().y,
                &count.to_string(),
                medium(12.0),
                ink,
                60.0,
            );
            widgets::focus_ring(ui.painter(), &response, rect, PILL_H / 2.0, t);
            if response.clicked() {
                intents.push(Intent::React { message: m.message, emoji: r.emoji.clone(), on: !mine });
            }
            let names = self.names(&r.users);
            widgets::tip(response, t, &names);
        }
    }

    fn names(&self, users: &[UserId]) -> String {
        let mut names: Vec<&str> =
            users.iter().take(8).map(|u| if *u == self.view.me.user { "You" } else { self.who(*u).0 }).collect();
        let more = format!("{} more", users.len().saturating_sub(8));
        if users.len() > 8 {
            names.push(&more);
        }
        match names.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
            Some((last, _)) => (*last).to_owned(),
            None => String::new(),
        }
    }
}

/// Whether the text names `me` after an @.
fn mentions(m: &MessageView, me: &str) -> bool {
    !me.is_empty()
        && m.text.match_indices('@').any(|(at, _)| {
            let rest = m.text.get(at + 1..).unwrap_or("");
            rest.strip_prefix(me).is_some_and(|after| after.chars().next().is_none_or(|c| !c.is_alphanumeric()))
        })
}

fn divider(ui: &mut Ui, rect: Rect, day: Option<&str>, unread: bool, t: &Tokens) {
    let c = &t.color;
    let y = rect.center().y.round() + 0.5;
    let line = if unread { c.accent } else { c.line };
    let (left, right) = (rect.left() + 16.0, rect.right() - 16.0);
    ui.painter().hline(left..=right, y, Stroke::new(1.0, line));
    if let Some(day) = day {
        let galley = ui.painter().layout_no_wrap(
            day.to_owned(),
            medium(t.text_size.meta),
            if unread { c.link } else { c.faint },
        );
        let plate = Rect::from_center_size(pos2(rect.center().x, y), galley.size() + vec2(20.0, 0.0));
        ui.painter().rect_filled(plate, 0.0, c.bg2);
        ui.painter().galley((plate.center() - galley.size() / 2.0).round(), galley, c.faint);
        let r = ui.interact(plate, Id::new(("day", day)), Sense::hover());
        r.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, day));
    }
    if unread {
        let galley = ui.painter().layout_no_wrap("New".to_owned(), bold(11.0), c.on_accent);
        let plate =
            Rect::from_min_size(pos2(right - galley.size().x - 14.0, y - 9.0), vec2(galley.size().x + 14.0, 18.0));
        ui.painter().rect_filled(plate, 4.0, c.accent);
        ui.painter().galley((plate.center() - galley.size() / 2.0).round(), galley, c.on_accent);
        let r = ui.interact(plate, Id::new("new-line"), Sense::hover());
        r.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, "New messages below"));
    }
}
