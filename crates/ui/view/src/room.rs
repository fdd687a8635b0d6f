//! A voice room, opened: everybody in it as a tile, and the way in and out.

use crate::dock::{self, Shape};
use crate::icons::{self, Icon};
use crate::voice::{self, Touch, person_menu, ring, sign, signs, touch};
use crate::widgets::{self, Rank, medium};
use crate::{Frame, Intent, Intents, MainView, UiState, VoicePerson, avatar};
use egui::{Align2, FontId, Id, Rect, ScrollArea, Sense, Ui, UiBuilder, Vec2, WidgetInfo, WidgetType, pos2, vec2};
use hearth_ports::ChannelView;

const GAP: f32 = 12.0;
const TILE_MAX: Vec2 = vec2(264.0, 196.0);
const TILE_MIN: Vec2 = vec2(104.0, 96.0);
const FOOT_H: f32 = 112.0;
const DISC: f32 = 46.0;

/// Columns and the size of a tile, as large as fits; past the smallest, the tiles scroll.
fn grid(people: usize, room: Vec2) -> (usize, Vec2) {
    let people = people.max(1);
    let mut best = (1, Vec2::ZERO);
    for columns in 1..=people.min(16) {
        let rows = people.div_ceil(columns);
        let share = |all: f32, parts: usize| (all - GAP * (parts - 1) as f32) / parts as f32;
        let height = share(room.y, rows).min(TILE_MAX.y);
        let width = share(room.x, columns).min(TILE_MAX.x);
        let size = vec2(width.min(height * 1.5), height.min(width * 0.9));
        // Of two ways as good, the wider: people sit beside each other.
        if size.x * size.y >= best.1.x * best.1.y * 0.98 && size.x > 0.0 && size.y > 0.0 {
            best = (columns, size);
        }
    }
    if best.1.x >= TILE_MIN.x && best.1.y >= TILE_MIN.y {
        return (best.0, best.1.floor());
    }
    let columns = (((room.x + GAP) / (TILE_MIN.x + GAP)) as usize).clamp(1, people);
    let width = ((room.x - GAP * (columns - 1) as f32) / columns as f32).clamp(1.0, TILE_MIN.x * 1.5);
    (columns, vec2(width.floor(), TILE_MIN.y))
}

/// Draws the room into all of `ui`.
pub(crate) fn room_ui(
    ui: &mut Ui,
    view: &MainView<'_>,
    channel: &ChannelView,
    state: &mut UiState,
    frame: &Frame<'_>,
    intents: &mut Intents,
) {
    let t = frame.tokens;
    let all = ui.max_rect();
    let people = view.voice.in_room(channel.channel);
    let split = all.bottom() - FOOT_H;
    let stage = Rect::from_min_max(all.min + vec2(t.space.xl, t.space.xl), pos2(all.right() - t.space.xl, split));
    if people.is_empty() {
        return empty(ui, view, channel, frame, all, intents);
    }
    tiles(ui, view, people, state, frame, stage, intents);
    foot(ui, view, channel, frame, Rect::from_min_max(pos2(all.left(), split), all.max), intents);
}

fn tiles(
    ui: &mut Ui,
    view: &MainView<'_>,
    people: &[VoicePerson],
    state: &mut UiState,
    frame: &Frame<'_>,
    stage: Rect,
    intents: &mut Intents,
) {
    let (columns, size) = grid(people.len(), stage.size());
    let rows = people.len().div_ceil(columns);
    let tall = rows as f32 * (size.y + GAP) - GAP;
    let above = ((stage.height() - tall) / 2.0).max(0.0).floor();
    let mut inner = ui.new_child(UiBuilder::new().id_salt("tiles").max_rect(stage));
    ScrollArea::vertical().auto_shrink(false).show(&mut inner, |ui| {
        ui.spacing_mut().item_spacing = Vec2::ZERO;
        ui.add_space(above);
        for (n, list) in people.chunks(columns).enumerate() {
            let gap = if n + 1 < rows { GAP } else { 0.0 };
            let (slot, _) = ui.allocate_exact_size(vec2(stage.width(), size.y + gap), Sense::hover());
            if !ui.is_rect_visible(slot) {
                continue;
            }
            let wide = list.len() as f32 * (size.x + GAP) - GAP;
            let left = (slot.center().x - wide / 2.0).round();
            for (k, person) in list.iter().enumerate() {
                let at = pos2(left + k as f32 * (size.x + GAP), slot.top());
                tile(ui, view, person, state, frame, Rect::from_min_size(at, size), intents);
            }
        }
    });
}

fn tile(
    ui: &mut Ui,
    view: &MainView<'_>,
    person: &VoicePerson,
    state: &mut UiState,
    frame: &Frame<'_>,
    rect: Rect,
    intents: &mut Intents,
) {
    let t = frame.tokens;
    let c = &t.color;
    let Touch { r, name, color, mine, hot } = touch(ui, view, person, "voice-tile", rect);
    let ground = if hot { c.selected } else { c.raised };
    ui.painter().rect_filled(rect, t.radius.card, ground);
    let size = (rect.height() * 0.46).clamp(40.0, 88.0).round();
    let text = if rect.height() > 140.0 { t.text_size.body } else { t.text_size.list };
    let above = ((rect.height() - size - 12.0 - text * 1.3) / 2.0).round();
    let at = pos2(rect.center().x, rect.top() + above + size / 2.0);
    avatar::person(ui.painter(), at, size, name, color);
    ring(ui, state, frame, person, "tile-ring", at, size);
    if let Some(icon) = signs(person).next() {
        sign(ui.painter(), frame, icon, at, size, ground);
    }
    let room = rect.width() - 2.0 * t.space.sm;
    let galley = widgets::elided(ui.painter(), name, medium(text), c.text, room);
    let top = at.y + size / 2.0 + 12.0;
    let left = (rect.center().x - galley.size().x / 2.0).round();
    ui.painter().galley(pos2(left, top.round()), galley, c.text);
    widgets::focus_ring(ui.painter(), &r, rect, t.radius.card, t);
    if !mine {
        person_menu(&r, view, person, name, frame, intents);
    }
}

/// Leaving and muting when one is in the room, else joining.
fn foot(ui: &mut Ui, view: &MainView<'_>, channel: &ChannelView, frame: &Frame<'_>, rect: Rect, intents: &mut Intents) {
    let t = frame.tokens;
    let c = &t.color;
    let line = pos2(rect.center().x, rect.bottom() - 26.0);
    let y = rect.top() + 24.0 + DISC / 2.0;
    let Some(call) = view.voice.call_in(channel.channel) else {
        let at = Rect::from_center_size(pos2(rect.center().x, y), vec2(200.0, 36.0));
        join(ui, view, channel, frame, at, intents);
        return;
    };
    let slot = |n: f32| Rect::from_center_size(pos2(rect.center().x + n * (DISC + GAP), y), vec2(DISC, DISC));
    dock::senses(ui, &call, frame, Shape::Disc, [slot(-1.0), slot(0.0)], intents);
    dock::leave(ui, frame, Shape::Disc, slot(1.0), intents);
    let (_, _, sentence) = dock::condition(view, &call, frame);
    let words = match dock::hint(view, &call) {
        Some(hint) if !call.muted && !call.deafened => hint.to_owned(),
        _ => sentence,
    };
    let heard = view.voice.talking && view.voice.push_to_talk() && !call.muted && !call.deafened;
    let ink = if heard { c.speak } else { c.faint };
    let at = widgets::text_at(
        ui.painter(),
        line,
        Align2::CENTER_CENTER,
        &words,
        FontId::proportional(t.text_size.list),
        ink,
    );
    let r = ui.interact(at, Id::new("room-line"), Sense::hover());
    r.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, &words));
}

fn join(ui: &mut Ui, view: &MainView<'_>, channel: &ChannelView, frame: &Frame<'_>, at: Rect, intents: &mut Intents) {
    let mut inner = ui.new_child(UiBuilder::new().id_salt("join").max_rect(at));
    let may = voice::may_enter(view);
    if widgets::button(&mut inner, frame.tokens, Rank::Main, "Join", may, Some(at.width())).clicked() {
        intents.push(Intent::JoinVoice(channel.channel));
    }
}

fn empty(
    ui: &mut Ui,
    view: &MainView<'_>,
    channel: &ChannelView,
    frame: &Frame<'_>,
    rect: Rect,
    intents: &mut Intents,
) {
    let t = frame.tokens;
    let at = rect.center() - vec2(0.0, 16.0);
    ui.painter().circle_filled(at - vec2(0.0, 60.0), 34.0, t.color.raised);
    icons::icon(ui.painter(), Icon::Speaker, at - vec2(0.0, 60.0), 30.0, t.color.muted);
    let (title, text) = ("Nobody is here yet.", "Sit down, others see you.");
    let bold = widgets::bold(t.text_size.title + 2.0);
    widgets::text_at(ui.painter(), at, Align2::CENTER_CENTER, title, bold, t.color.text);
    let body = FontId::proportional(t.text_size.body);
    widgets::text_at(ui.painter(), at + vec2(0.0, 26.0), Align2::CENTER_CENTER, text, body, t.color.muted);
    let r = ui.interact(Rect::from_center_size(at, vec2(300.0, 80.0)), Id::new("room-empty"), Sense::hover());
    r.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, format!("{title} {text}")));
    join(ui, view, channel, frame, Rect::from_center_size(at + vec2(0.0, 78.0), vec2(200.0, 36.0)), intents);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_fit_or_scroll_and_never_leave_the_room() {
        for room in [vec2(604.0, 376.0), vec2(776.0, 520.0), vec2(1_400.0, 900.0), vec2(90.0, 40.0)] {
            for people in 1..=100 {
                let (columns, size) = grid(people, room);
                assert!(columns >= 1 && columns <= people);
                let wide = columns as f32 * (size.x + GAP) - GAP;
                assert!(wide <= room.x + 0.5 || columns == 1, "{people} in {room:?}: {columns} of {size:?}");
                assert!(size.y <= TILE_MAX.y && size.x <= TILE_MAX.x);
                let tall = people.div_ceil(columns) as f32 * (size.y + GAP) - GAP;
                assert!(tall <= room.y + 0.5 || size.y == TILE_MIN.y);
            }
        }
    }
}
