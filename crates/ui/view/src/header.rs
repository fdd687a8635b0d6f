//! What stands above the conversation: channel, topic, people, catching up, and the offline sentence.

use crate::icons::{self, Icon};
use crate::spring::MOVE;
use crate::tokens::contrast::mix;
use crate::widgets::{self, bold};
use crate::{Frame, Intent, Intents, MainView, UiState};
use egui::{FontId, Id, Rect, Sense, Stroke, Ui, WidgetInfo, WidgetType, pos2, vec2};
use hearth_ports::Health;
use hearth_types::ChannelKind;

/// Height of the offline sentence.
pub(crate) const BANNER_H: f32 = 34.0;

/// Draws the header into all of `ui`. `people` says whether the list has room to be shown.
pub fn header_ui(
    ui: &mut Ui,
    view: &MainView<'_>,
    state: &mut UiState,
    frame: &Frame<'_>,
    people: Option<bool>,
    intents: &mut Intents,
) {
    let t = frame.tokens;
    let c = &t.color;
    let rect = ui.max_rect();
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, c.line));
    let y = rect.center().y;
    if let Some(ch) = view.channel {
        let glyph = if ch.kind == ChannelKind::Text { Icon::Hash } else { Icon::Speaker };
        icons::icon(ui.painter(), glyph, pos2(rect.left() + 26.0, y), 20.0, c.faint);
        let right = rect.right() - 60.0;
        let mut x = rect.left() + 44.0;
        x += widgets::line_at(
            ui.painter(),
            x,
            y,
            &ch.name,
            bold(t.text_size.title - 0.5),
            c.text,
            (right - x).min(360.0),
        );
        let r = ui.interact(
            Rect::from_min_max(pos2(rect.left() + 16.0, rect.top()), pos2(x, rect.bottom())),
            Id::new("channel-title"),
            Sense::hover(),
        );
        r.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, format!("Channel {}", ch.name)));
        if !ch.topic.is_empty() && right - x > 80.0 {
            x += 14.0;
            ui.painter().vline(x, y - 10.0..=y + 10.0, Stroke::new(1.0, c.line));
            x += 14.0;
            let used = widgets::line_at(
                ui.painter(),
                x,
                y,
                &ch.topic,
                FontId::proportional(t.text_size.list),
                c.muted,
                right - x,
            );
            let at = Rect::from_min_max(pos2(x, rect.top() + 8.0), pos2(x + used, rect.bottom() - 8.0));
            let r = ui.interact(at, Id::new("channel-topic"), Sense::hover());
            r.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, format!("Topic: {}", ch.topic)));
            widgets::tip(r, t, &ch.topic);
        }
    }
    if let Some(shown) = people {
        let at = Rect::from_center_size(pos2(rect.right() - 30.0, y), vec2(32.0, 32.0));
        let name = if shown { "Hide people" } else { "Show people" };
        if widgets::icon_button(ui, t, at, Icon::People, name, shown).clicked() {
            state.people_hidden = !state.people_hidden;
            intents.push(Intent::PeopleShown(!state.people_hidden));
        }
    }
    sync_line(ui, view, state, frame, rect);
}

fn sync_line(ui: &mut Ui, view: &MainView<'_>, state: &mut UiState, frame: &Frame<'_>, rect: Rect) {
    let Some(sync) = view.sync.filter(|s| s.missing > 0) else { return };
    let c = &frame.tokens.color;
    let part = sync.fetched as f32 / (sync.fetched + sync.missing) as f32;
    let wide = state.springs.to(ui.ctx(), frame, "sync", 0.0, part * rect.width(), MOVE);
    let line = Rect::from_min_size(pos2(rect.left(), rect.bottom() - 2.0), vec2(wide, 2.0));
    ui.painter().rect_filled(line, 0.0, c.accent);
    let r = ui.interact(
        Rect::from_min_size(pos2(rect.left(), rect.bottom() - 3.0), vec2(rect.width(), 3.0)),
        Id::new("sync"),
        Sense::hover(),
    );
    r.widget_info(|| {
        WidgetInfo::labeled(WidgetType::ProgressIndicator, true, format!("Catching up, {:.0} percent", part * 100.0))
    });
}

/// The sentence of being alone, if it is to be shown.
pub(crate) fn offline_words(view: &MainView<'_>) -> Option<&'static str> {
    let room = view.channel.is_some_and(|ch| ch.kind == ChannelKind::Voice);
    match view.net.health {
        Health::Fine | Health::Connecting => None,
        Health::Alone if room => Some("Can’t reach anyone yet. Until then, nobody hears you."),
        Health::NoNetwork if room => Some("This computer has no network. Until it has, nobody hears you."),
        Health::Alone => Some("Can’t reach anyone yet. Your message is saved and goes out by itself."),
        Health::NoNetwork => Some("This computer has no network. Your message is saved and goes out by itself."),
    }
}

/// Draws the offline sentence into `rect`.
pub(crate) fn offline_ui(ui: &mut Ui, frame: &Frame<'_>, rect: Rect, words: &str) {
    let t = frame.tokens;
    let c = &t.color;
    ui.painter().rect_filled(rect, 0.0, mix(c.bg2, c.warn, 0.12));
    ui.painter().circle_filled(pos2(rect.left() + 26.0, rect.center().y), 4.0, c.warn);
    widgets::line_at(
        ui.painter(),
        rect.left() + 44.0,
        rect.center().y,
        words,
        FontId::proportional(t.text_size.list),
        c.text,
        rect.width() - 60.0,
    );
    let r = ui.interact(rect, Id::new("offline"), Sense::hover());
    r.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, words));
}
