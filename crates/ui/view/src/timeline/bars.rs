//! What stands around the messages: the scroll bar, the jump bars, and what is shown when there are none.

use super::{Jump, Rows, TimelineState, UnreadLine, height_or_guess};
use crate::civil::Civil;
use crate::icons::{self, Icon};
use crate::tokens::contrast::mix;
use crate::widgets::{self, bold, medium};
use crate::{Frame, Intent, Intents, MainView, WindowView};
use egui::{Align2, FontId, Id, Key, Modifiers, Painter, Rect, Sense, Stroke, Ui, WidgetInfo, WidgetType, pos2, vec2};

/// How far wheel and keys scroll this frame; positive moves content down (towards older messages).
pub fn wheel_and_keys(ui: &Ui, rect: Rect, state: &mut TimelineState, frame: &Frame<'_>) -> f64 {
    let _ = frame;
    if ui.ctx().current_pass_index() != 0 {
        return 0.0;
    }
    let mut delta = 0.0;
    if ui.rect_contains_pointer(rect) {
        delta += f64::from(ui.input(|i| i.smooth_scroll_delta().y));
    }
    let page = f64::from(rect.height()) * 0.85;
    ui.input_mut(|i| {
        if i.consume_key(Modifiers::NONE, Key::PageUp) {
            delta += page;
        }
        if i.consume_key(Modifiers::NONE, Key::PageDown) {
            delta -= page;
        }
    });
    if let Some(grab) = state.bar_grab {
        delta -= f64::from(std::mem::take(state.bar_grab.get_or_insert(grab)));
    }
    delta
}

/// Nothing is here yet because it is on its way.
pub fn loading(ui: &mut Ui, rect: Rect, frame: &Frame<'_>) {
    let c = &frame.tokens.color;
    let at = rect.center();
    widgets::text_at(
        ui.painter(),
        at,
        Align2::CENTER_CENTER,
        "Opening…",
        FontId::proportional(frame.tokens.text_size.body),
        c.faint,
    );
}

/// A channel nobody has written in.
pub fn nothing_here(ui: &mut Ui, rect: Rect, view: &MainView<'_>, frame: &Frame<'_>) {
    let block = Rect::from_min_size(pos2(rect.left(), rect.bottom() - 156.0), vec2(rect.width(), 132.0));
    intro(ui.painter(), block, view, frame);
    let name = view.channel.map_or("", |c| c.name.as_str());
    let r = ui.interact(block, Id::new("channel-start"), Sense::hover());
    r.widget_info(|| {
        WidgetInfo::labeled(
            WidgetType::Label,
            true,
            format!("This is the start of {name}. Nobody has written here yet."),
        )
    });
}

/// The beginning of a channel.
pub fn intro(painter: &Painter, rect: Rect, view: &MainView<'_>, frame: &Frame<'_>) {
    let t = frame.tokens;
    let c = &t.color;
    let name = view.channel.map_or("", |ch| ch.name.as_str());
    let x = rect.left() + 16.0;
    let disc = pos2(x + 28.0, rect.top() + 32.0);
    painter.circle_filled(disc, 28.0, c.raised);
    icons::icon(painter, Icon::Hash, disc, 30.0, c.muted);
    widgets::line_at(
        painter,
        x,
        rect.top() + 82.0,
        &format!("Welcome to #{name}"),
        bold(t.text_size.display),
        c.text,
        rect.width() - 48.0,
    );
    let topic = view.channel.map_or("", |ch| ch.topic.as_str());
    let text = if topic.is_empty() { "This is where the conversation starts." } else { topic };
    widgets::line_at(
        painter,
        x,
        rect.top() + 110.0,
        text,
        FontId::proportional(t.text_size.body),
        c.muted,
        rect.width() - 48.0,
    );
}

/// The thumb of the loaded part. It stands for what is loaded, as no one knows the length of the whole.
pub fn scroll_bar(
    ui: &mut Ui,
    rect: Rect,
    window: &WindowView<'_>,
    rows: &Rows<'_>,
    first: usize,
    state: &mut TimelineState,
    frame: &Frame<'_>,
) {
    let height_of = |i: usize| {
        rows.seen(i).map_or_else(
            || rows.message(i).map_or(0.0, |m| height_or_guess(state, m, rect.width())),
            |r| r.height() as f32,
        )
    };
    let total: f32 = (0..window.messages.len()).map(height_of).sum();
    if total <= rect.height() {
        state.bar_grab = None;
        return;
    }
    let above: f32 = (0..first).map(height_of).sum();
    let top = rows.seen(first).zip(state.visible.first()).map_or(0.0, |(r, p)| p.y as f32 - r.above() as f32);
    let track =
        Rect::from_min_max(pos2(rect.right() - 10.0, rect.top() + 4.0), pos2(rect.right() - 2.0, rect.bottom() - 4.0));
    let thumb_h = (track.height() * rect.height() / total).clamp(32.0, track.height());
    let part = ((above - top) / (total - rect.height()).max(1.0)).clamp(0.0, 1.0);
    let thumb = Rect::from_min_size(
        pos2(track.left(), track.top() + part * (track.height() - thumb_h)),
        vec2(track.width(), thumb_h),
    );
    let response = ui.interact(thumb.expand2(vec2(2.0, 0.0)), Id::new("timeline-bar"), Sense::drag());
    if response.dragged() {
        state.bar_grab = Some(response.drag_delta().y * (total - rect.height()) / (track.height() - thumb_h).max(1.0));
        if response.drag_delta().y != 0.0 {
            ui.ctx().request_repaint();
        }
    } else {
        state.bar_grab = None;
    }
    let c = &frame.tokens.color;
    let hot = response.hovered() || response.dragged();
    if hot || ui.rect_contains_pointer(rect) {
        let shown = thumb.shrink2(vec2(if hot { 1.0 } else { 2.0 }, 0.0));
        ui.painter().rect_filled(shown, 4.0, mix(c.bg2, c.faint, if hot { 0.65 } else { 0.35 }));
    }
}

/// "12 new messages since 14:03": stands at the top while the first unread one is above. True while it moves.
#[allow(clippy::too_many_arguments)]
pub fn unread_bar(
    ui: &mut Ui,
    rect: Rect,
    view: &MainView<'_>,
    window: &WindowView<'_>,
    line_at: Option<usize>,
    first: usize,
    state: &mut TimelineState,
    frame: &Frame<'_>,
    intents: &mut Intents,
) -> bool {
    let _ = view;
    let Some(line) = state.line.filter(|l| !l.dismissed) else { return false };
    let above = match line_at {
        Some(at) => at < first || (at == first && state.visible.first().is_some_and(|p| p.y < 0.0)),
        None => window.before,
    };
    if !above {
        if line_at.is_some() {
            // It was seen: the bar does not come back, the line in the list stays.
            state.line = Some(UnreadLine { dismissed: true, ..line });
        }
        return false;
    }
    let t = frame.tokens;
    let c = &t.color;
    let bar = Rect::from_min_size(rect.min + vec2(16.0, 8.0), vec2(rect.width() - 32.0, 32.0));
    let since = line_at.and_then(|i| window.messages.get(i)).map(|m| {
        let at = Civil::from_ms(m.at, frame.utc_offset_min);
        format!(" since {}", at.stamp(Civil::from_ms(frame.now_ms, frame.utc_offset_min)).replace("Today at ", ""))
    });
    let plural = if line.count == 1 { "message" } else { "messages" };
    let text = format!("{} new {plural}{}", line.count, since.unwrap_or_default());
    ui.painter().rect_filled(bar, t.radius.card, c.accent);
    let main = Rect::from_min_max(bar.min, pos2(bar.right() - 128.0, bar.bottom()));
    let jump =
        ui.interact(main, Id::new("unread-jump"), Sense::click()).on_hover_cursor(egui::CursorIcon::PointingHand);
    jump.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, format!("{text}. Jump to the first")));
    widgets::line_at(
        ui.painter(),
        bar.left() + 12.0,
        bar.center().y,
        &text,
        medium(t.text_size.list),
        c.on_accent,
        main.width() - 16.0,
    );
    widgets::focus_ring(ui.painter(), &jump, bar, t.radius.card, t);
    if jump.clicked() {
        state.jump = Some(Jump::Unread);
        state.asked = None;
    }
    let done = Rect::from_min_max(pos2(bar.right() - 128.0, bar.top()), bar.max);
    let read =
        ui.interact(done, Id::new("unread-done"), Sense::click()).on_hover_cursor(egui::CursorIcon::PointingHand);
    read.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, "Mark as read"));
    widgets::text_at(
        ui.painter(),
        pos2(bar.right() - 32.0, bar.center().y),
        Align2::RIGHT_CENTER,
        "Mark as read",
        medium(t.text_size.list),
        c.on_accent,
    );
    icons::icon(ui.painter(), Icon::Check, pos2(bar.right() - 18.0, bar.center().y), 14.0, c.on_accent);
    if read.clicked() {
        state.line = None;
        if let Some(newest) = window.messages.last() {
            intents.push(Intent::MarkRead { channel: window.channel, message: newest.message });
        }
    }
    false
}

/// "Jump to newest", while the reader is elsewhere. True while it moves.
pub fn newest_pill(
    ui: &mut Ui,
    rect: Rect,
    window: &WindowView<'_>,
    state: &mut TimelineState,
    frame: &Frame<'_>,
    intents: &mut Intents,
) -> bool {
    let far = state.unpinned
        && (window.after
            || window.messages.last().is_none_or(|m| state.visible.iter().all(|p| p.message != m.message)));
    if !far {
        return false;
    }
    let t = frame.tokens;
    let c = &t.color;
    let text = if window.unread > 0 { "New messages" } else { "Jump to newest" };
    let galley = ui.painter().layout_no_wrap(text.to_owned(), medium(t.text_size.list), c.text);
    let size = vec2(galley.size().x + 46.0, 32.0);
    let pill = Rect::from_center_size(pos2(rect.center().x, rect.bottom() - 26.0), size);
    let r = ui.interact(pill, Id::new("jump-newest"), Sense::click()).on_hover_cursor(egui::CursorIcon::PointingHand);
    r.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, text));
    let fill = if r.hovered() { c.selected } else { c.raised };
    ui.painter().rect_filled(pill, 16.0, fill);
    ui.painter().rect_stroke(pill, 16.0, Stroke::new(1.0, mix(c.line, c.faint, 0.25)), egui::StrokeKind::Inside);
    ui.painter().galley(pos2(pill.left() + 14.0, pill.center().y - galley.size().y / 2.0).round(), galley, c.text);
    icons::icon(ui.painter(), Icon::ArrowDown, pos2(pill.right() - 18.0, pill.center().y), 14.0, c.link);
    widgets::focus_ring(ui.painter(), &r, pill, 16.0, t);
    if r.clicked() {
        state.jump_to_newest(Some(window), intents);
    }
    false
}
