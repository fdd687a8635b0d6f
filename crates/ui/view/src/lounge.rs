//! A voice room as a place, seen from above: who sits where, who speaks, how far one is heard.
//!
//! Light (floor, zones, rings, the fire) is a [`Scene`] that a shader paints beneath; pictures, names and menus are egui's.
//! Without a shader the same shapes are drawn plainly.

mod scene;

pub use scene::{Kind, SHAPES_MAX, Scene, Shape};

use crate::spring::MOVE;
use crate::tokens::contrast::{mix, rgb};
use crate::voice::{self, Touch, lit, person_menu, sign, signs, touch};
use crate::widgets::{self, medium};
use crate::{Frame, Intent, Intents, MainView, Motion, UiState, VoicePerson, avatar};
use egui::{
    Align2, Color32, CursorIcon, FontId, Id, Key, Pos2, Rect, Sense, Stroke, Ui, Vec2, WidgetInfo, WidgetType, pos2,
    vec2,
};
use hearth_ports::ChannelView;
use hearth_room::{APART_M, Plan, REACH_M, Spot, ZoneKind, distance};
use hearth_types::ChannelId;

/// Free floor around the room's plan, in points: names stand below the lowest seats.
const MARGIN: Vec2 = vec2(44.0, 40.0);
/// A picture of a person, in metres and at least and at most in points.
const PICTURE_M: f32 = 0.78;
const PICTURE: (f32, f32) = (34.0, 84.0);
/// Light reaches so many radii of the picture.
const LIGHT: f32 = 3.4;
/// With more people than this, only those who speak or are pointed at have their names shown.
const NAMED_MAX: usize = 30;
/// Points between the pictures of two who stand side by side, and the least size of one.
const STANDING_GAP: f32 = 5.0;
const STANDING_LEAST: f32 = 22.0;
/// A name is at least and at most so wide, in points, so far from the next in its row, and rows are so far apart in metres.
const NAME: (f32, f32) = (56.0, 110.0);
const NAME_GAP: f32 = 15.0;
const NAME_ROW_M: f32 = 0.45;
/// A step by arrow key.
const STEP_M: f32 = 0.25;
/// Between two tellings of where one is dragged to.
const TELL_MS: u64 = 100;
/// One's own seat as one left it holds until the room says so too, or this has passed.
const HOLD_MS: u64 = 2_000;
/// A voice is half as loud from here, and gone from there.
const HEARD_M: f32 = 4.0;

/// One's own seat while it is moved.
#[derive(Debug, Clone, Copy, Default)]
pub struct OwnSeat {
    dragged: bool,
    spot: Option<Spot>,
    told: Option<Spot>,
    told_ms: u64,
}

/// Points of the screen for metres of the room.
#[derive(Debug, Clone, Copy)]
struct Scale {
    middle: Pos2,
    points: f32,
}

impl Scale {
    fn fit(plan: &Plan, stage: Rect) -> Self {
        let room = (stage.size() - 2.0 * MARGIN).max(vec2(60.0, 60.0));
        let points = (room.x / (2.0 * plan.half[0])).min(room.y / (2.0 * plan.half[1]));
        Self { middle: stage.center() - vec2(0.0, 8.0), points }
    }
    fn to_screen(self, spot: Spot) -> Pos2 {
        self.middle + vec2(spot[0], -spot[1]) * self.points
    }
    fn to_room(self, at: Pos2) -> Spot {
        let way = (at - self.middle) / self.points;
        [way.x, -way.y]
    }
    /// How large people are drawn; where some have to stand, so that nobody stands before anybody.
    fn picture(self, standing: bool) -> f32 {
        let usual = (PICTURE_M * self.points).clamp(PICTURE.0, PICTURE.1);
        let room = if standing { APART_M * self.points - STANDING_GAP } else { f32::INFINITY };
        usual.min(room).max(STANDING_LEAST).round()
    }
}

/// A room with its people, as it is drawn.
struct Place<'a> {
    view: &'a MainView<'a>,
    people: &'a [VoicePerson],
    /// Where each of them sits.
    spots: Vec<Spot>,
    plan: Plan,
    scale: Scale,
    /// Across somebody's picture, in points.
    size: f32,
    /// One is in the room oneself.
    inside: bool,
}

impl Place<'_> {
    fn others(&self) -> Vec<Spot> {
        let me = self.view.me.user;
        self.people.iter().zip(&self.spots).filter(|(p, _)| p.user != me).map(|(_, spot)| *spot).collect()
    }
    /// Points that a name may take without running into the one beside it.
    fn name_width(&self, spot: Spot) -> f32 {
        let beside = |other: &&Spot| **other != spot && (other[1] - spot[1]).abs() < NAME_ROW_M;
        let apart = self.spots.iter().filter(beside).map(|other| (other[0] - spot[0]).abs());
        let room = apart.fold(f32::INFINITY, f32::min) * self.scale.points - NAME_GAP;
        room.clamp(NAME.0, NAME.1)
    }
    fn is_free(&self, seat: Spot) -> bool {
        self.spots.iter().all(|taken| distance(*taken, seat) >= APART_M)
    }
}

/// Draws the room into `stage`.
pub(crate) fn lounge_ui(
    ui: &mut Ui,
    view: &MainView<'_>,
    channel: &ChannelView,
    state: &mut UiState,
    frame: &Frame<'_>,
    stage: Rect,
    intents: &mut Intents,
) {
    let people = view.voice.in_room(channel.channel);
    let plan = channel.plan.plan();
    let scale = Scale::fit(&plan, stage);
    let inside = view.voice.call_in(channel.channel).is_some();
    let wishes: Vec<Option<Spot>> = people.iter().map(|p| wish(state, view, p, frame)).collect();
    let size = scale.picture(people.len() > plan.seats.len());
    let place = Place { view, people, spots: plan.seated(&wishes), plan, scale, size, inside };
    let lively = frame.focused && frame.motion == Motion::Full;

    let hovered = if inside { floor(ui, state, &place, stage, frame, intents) } else { None };
    let mut shapes = furniture(&place, hovered, frame);
    let beneath = shapes.len();
    let whisper = view.voice.call_in(channel.channel).map_or(&[][..], |call| call.whisper);
    let (mut own_at, mut whispered) = (None, Vec::new());
    let mut heat: f32 = 0.0;
    let mut seated = Vec::with_capacity(people.len());
    for (person, spot) in people.iter().zip(&place.spots) {
        let target = scale.to_screen(*spot);
        let name = (person.channel, person.user);
        // A drag follows the hand; everything else goes by springs.
        let held = person.user == view.me.user && state.own_seat.dragged;
        let at = if held {
            state.springs.put(("seat-x", name), target.x);
            state.springs.put(("seat-y", name), target.y);
            target
        } else {
            let x = state.springs.to(ui.ctx(), frame, ("seat-x", name), target.x, target.x, MOVE);
            let y = state.springs.to(ui.ctx(), frame, ("seat-y", name), target.y, target.y, MOVE);
            pos2(x, y)
        };
        let (shown, loud) = lit(ui, state, frame, person, "lounge-ring");
        heat += shown * (0.4 + 0.6 * loud);
        let (_, color) = voice::name_of(view, person.user);
        if person.user == view.me.user {
            // While one moves, and fainter while one points at oneself or has the keyboard there.
            let own = ui.ctx().read_response(own_id(channel.channel));
            let asked = own.is_some_and(|r| r.hovered() || r.has_focus());
            let strength = if held || state.own_seat.spot.is_some() { 1.0 } else { 0.6 * f32::from(u8::from(asked)) };
            if strength > 0.0 {
                let half = Vec2::splat(HEARD_M * scale.points);
                shapes.push(Shape { kind: Kind::Range { strength }, at, half, color: frame.tokens.color.accent });
            }
        }
        if person.user == view.me.user {
            own_at = Some(at);
        } else if whisper.contains(&person.user) {
            whispered.push(at);
        }
        let kind = Kind::Person { radius: size / 2.0, shown, loud };
        let glow = mix(frame.tokens.color.speak, rgb(color), 0.25);
        shapes.push(Shape { kind, at, half: Vec2::splat(size / 2.0 * LIGHT), color: glow });
        seated.push((person, *spot, at));
    }
    if let Some(own) = own_at {
        let bubbles = whispered.into_iter().map(|other| bubble(own, other, size, frame.tokens.color.quiet));
        shapes.splice(beneath..beneath, bubbles);
    }
    let heat = (heat / 2.0).min(1.0);
    let heat = state.springs.breathe(ui.ctx(), frame, ("fire", channel.channel), f32::INFINITY, 10.0 * heat) / 10.0;
    warm(&mut shapes, heat);
    shapes.truncate(SHAPES_MAX);
    let speaking = people.iter().any(|p| p.speaking);
    state.springs.keep_breathing(view.voice.painted && lively && speaking);
    if view.voice.painted {
        let c = &frame.tokens.color;
        let dark = frame.tokens.dark;
        state.lounge = Some(Scene { stage: ui.max_rect(), ground: c.bg2, dark, shapes, lively: lively && speaking });
    } else {
        plainly(ui, frame, &shapes);
    }
    for (person, spot, at) in seated {
        seat_of(ui, &place, (person, spot, at), state, frame, intents);
    }
}

/// Where somebody wishes to sit: oneself as one has just put it, others as they say.
fn wish(state: &mut UiState, view: &MainView<'_>, person: &VoicePerson, frame: &Frame<'_>) -> Option<Spot> {
    if person.user != view.me.user {
        return person.seat;
    }
    let own = &mut state.own_seat;
    let agreed = own.spot.zip(person.seat).is_some_and(|(mine, told)| distance(mine, told) < 0.02);
    let stale = frame.now_ms.saturating_sub(own.told_ms) > HOLD_MS;
    if !own.dragged && own.spot.is_some() && (agreed || stale) {
        own.spot = None;
    }
    own.spot.or(person.seat)
}

/// The floor takes clicks at free seats. Returns the seat under the pointer.
fn floor(
    ui: &Ui,
    state: &mut UiState,
    place: &Place<'_>,
    stage: Rect,
    frame: &Frame<'_>,
    intents: &mut Intents,
) -> Option<Spot> {
    let r = ui.interact(stage, Id::new("lounge-floor"), Sense::click());
    r.widget_info(|| WidgetInfo::labeled(WidgetType::Other, true, "The room. Click a free seat to sit there."));
    let at = r.hover_pos().filter(|_| r.hovered())?;
    let spot = place.scale.to_room(at);
    let free = place.plan.seats.iter().filter(|seat| place.is_free(**seat));
    let near = free.min_by(|a, b| distance(**a, spot).total_cmp(&distance(**b, spot))).copied();
    let seat = near.filter(|seat| distance(*seat, spot) <= REACH_M)?;
    ui.ctx().set_cursor_icon(CursorIcon::PointingHand);
    if r.clicked() {
        sit(state, seat, frame, intents);
    }
    Some(seat)
}

/// One sits down there, and says so.
fn sit(state: &mut UiState, spot: Spot, frame: &Frame<'_>, intents: &mut Intents) {
    let own = &mut state.own_seat;
    (own.spot, own.told, own.told_ms) = (Some(spot), Some(spot), frame.now_ms);
    intents.push(Intent::Sit(spot));
}

/// What stands in the room, back to front.
fn furniture(place: &Place<'_>, hovered: Option<Spot>, frame: &Frame<'_>) -> Vec<Shape> {
    let Place { plan, scale, .. } = place;
    let c = &frame.tokens.color;
    let fire = plan.fire.map(|fire| scale.to_screen(fire));
    let whole = vec2(plan.half[0], plan.half[1]) * scale.points + MARGIN;
    let ember = if frame.tokens.dark { c.accent } else { mix(c.accent, Color32::WHITE, 0.35) };
    let mut shapes = vec![Shape { kind: Kind::Floor { fire, heat: 0.0 }, at: scale.middle, half: whole, color: ember }];
    for zone in &plan.zones {
        let (color, edge) = match zone.kind {
            ZoneKind::Table => (mix(c.control, c.zone, 0.4), 0.7),
            ZoneKind::Quiet => (c.quiet, 1.0),
            ZoneKind::Stage => (c.zone, 1.0),
        };
        let half = Vec2::splat(zone.radius * scale.points);
        shapes.push(Shape { kind: Kind::Zone { edge }, at: scale.to_screen(zone.at), half, color });
    }
    let wall = mix(c.raised, c.control, 0.25);
    for wall_of in &plan.walls {
        let (from, to) = (scale.to_screen(wall_of.from), scale.to_screen(wall_of.to));
        let way = to - from;
        let half = vec2(way.length() / 2.0, 3.5);
        let kind = Kind::Wall { turn: way.angle() };
        shapes.push(Shape { kind, at: from + way / 2.0, half, color: wall });
    }
    if let Some(at) = fire {
        let half = Vec2::splat(0.62 * scale.points);
        shapes.push(Shape { kind: Kind::Fire { heat: 0.0 }, at, half, color: ember });
    }
    let size = place.size;
    for seat in &plan.seats {
        if !place.is_free(*seat) {
            continue;
        }
        let lit = if hovered == Some(*seat) { 1.0 } else { 0.0 };
        let color = if lit > 0.0 { c.accent } else { c.control };
        let half = Vec2::splat(size * 0.30);
        shapes.push(Shape { kind: Kind::Seat { lit }, at: scale.to_screen(*seat), half, color });
    }
    shapes
}

/// Around two who whisper.
fn bubble(own: Pos2, other: Pos2, size: f32, color: Color32) -> Shape {
    let way = other - own;
    let half = vec2(way.length() / 2.0, size * 0.72);
    Shape { kind: Kind::Bubble { turn: way.angle() }, at: own + way / 2.0, half, color }
}

/// The free seat nearest to somebody, for whoever wants to sit beside them; none for who sits there already.
pub(crate) fn beside(view: &MainView<'_>, person: &VoicePerson) -> Option<Spot> {
    let plan = view.channels.iter().find(|c| c.channel.channel == person.channel)?.channel.plan.plan();
    let people = view.voice.in_room(person.channel);
    let spots = plan.seated(&people.iter().map(|p| p.seat).collect::<Vec<_>>());
    let seat_of = |user| people.iter().position(|p| p.user == user).and_then(|n| spots.get(n).copied());
    let (there, mine) = (seat_of(person.user)?, seat_of(view.me.user)?);
    let taken = spots.iter().filter(|spot| **spot != mine);
    let free = |seat: &&Spot| taken.clone().all(|other| distance(*other, **seat) >= APART_M);
    let nearest = plan.seats.iter().filter(free).min_by(|a, b| distance(**a, there).total_cmp(&distance(**b, there)));
    nearest.copied().filter(|seat| distance(*seat, mine) > 0.05)
}

/// The fire burns as much as is said.
fn warm(shapes: &mut [Shape], now: f32) {
    for shape in shapes {
        match &mut shape.kind {
            Kind::Floor { heat, .. } | Kind::Fire { heat } => *heat = now,
            _ => {}
        }
    }
}

/// The shapes without a shader.
fn plainly(ui: &Ui, frame: &Frame<'_>, shapes: &[Shape]) {
    let painter = ui.painter();
    for shape in shapes {
        let (at, color) = (shape.at, shape.color);
        match shape.kind {
            Kind::Floor { .. } => {}
            Kind::Zone { edge } => {
                painter.circle_filled(at, shape.half.x, color.gamma_multiply(0.10));
                painter.circle_stroke(at, shape.half.x, Stroke::new(1.0, color.gamma_multiply(0.4 * edge)));
            }
            Kind::Wall { turn } => {
                let way = Vec2::angled(turn) * shape.half.x;
                painter.line_segment([at - way, at + way], Stroke::new(2.0 * shape.half.y, color));
            }
            Kind::Seat { lit } => {
                let stroke = Stroke::new(1.5, color.gamma_multiply(0.5 + 0.5 * lit));
                painter.circle_stroke(at, shape.half.x, stroke);
            }
            Kind::Fire { heat } => {
                painter.circle_filled(at, shape.half.x * 0.4, color.gamma_multiply(0.35 + 0.5 * heat));
            }
            Kind::Bubble { turn } => {
                let way = Vec2::angled(turn) * shape.half.x;
                let stroke = Stroke::new(2.0 * shape.half.y, color.gamma_multiply(0.18));
                painter.line_segment([at - way, at + way], stroke);
            }
            Kind::Range { strength } => {
                let stroke = Stroke::new(1.0, color.gamma_multiply(0.35 * strength));
                painter.circle_stroke(at, shape.half.x, stroke);
            }
            Kind::Person { radius, shown, loud } if shown > 0.01 => {
                voice::ring_at(painter, frame, at, 2.0 * radius, shown, loud);
            }
            Kind::Person { .. } => {}
        }
    }
}

/// Somebody's picture and name, on a spot that is drawn at a point; one's own can be moved by hand and by key.
fn seat_of(
    ui: &mut Ui,
    place: &Place<'_>,
    (person, spot, at): (&VoicePerson, Spot, Pos2),
    state: &mut UiState,
    frame: &Frame<'_>,
    intents: &mut Intents,
) {
    let view = place.view;
    let size = place.size;
    let named = place.people.len() <= NAMED_MAX;
    let t = frame.tokens;
    let c = &t.color;
    let rect = Rect::from_center_size(at, Vec2::splat(size + 4.0));
    let Touch { r, name, color, mine, hot } = touch(ui, view, person, "voice-tile", rect);
    let faded = person.deafened || person.volume <= 0.0;
    let shade = if faded { mix(rgb(color), c.bg2, 0.55) } else { rgb(color) };
    // A rim of ground keeps the picture apart from its light and from its neighbour.
    ui.painter().circle_filled(at, size / 2.0 + 2.0, c.bg2);
    avatar::disc(ui.painter(), at, size, name, shade);
    if hot {
        ui.painter().circle_stroke(at, size / 2.0 + 3.5, Stroke::new(2.0, c.text.gamma_multiply(0.8)));
    }
    if let Some(icon) = signs(person).next() {
        sign(ui.painter(), frame, icon, at, size, c.bg2);
    }
    if named || hot || mine || person.speaking {
        let words = if mine { "You" } else { name };
        let ink = if person.speaking || hot { c.text } else { c.muted };
        let width = if hot { 2.0 * NAME.1 } else { place.name_width(spot) };
        let galley = widgets::elided(ui.painter(), words, medium(t.text_size.meta + 0.5), ink, width);
        let left = (at.x - galley.size().x / 2.0).round();
        let top = (at.y + size / 2.0 + 6.0).round();
        let plate = Rect::from_min_size(pos2(left, top), galley.size()).expand2(vec2(6.0, 1.5));
        // On light ground half a colour would come out grey.
        let back = if t.dark { c.bg2.gamma_multiply(0.72) } else { c.bg2 };
        ui.painter().rect_filled(plate, plate.height() / 2.0, back);
        ui.painter().galley(pos2(left, top), galley, ink);
    }
    widgets::focus_ring(ui.painter(), &r, rect, rect.height() / 2.0, t);
    if !mine {
        person_menu(&r, view, person, name, frame, intents);
        return;
    }
    if place.inside {
        own_hands(ui, place, (person, spot), rect, state, frame, intents);
    }
}

fn own_id(room: ChannelId) -> Id {
    Id::new(("own-seat", room))
}

/// One's own seat follows the pointer, and the arrow keys while it has the focus.
fn own_hands(
    ui: &Ui,
    place: &Place<'_>,
    (person, spot): (&VoicePerson, Spot),
    rect: Rect,
    state: &mut UiState,
    frame: &Frame<'_>,
    intents: &mut Intents,
) {
    let r = ui.interact(rect, own_id(person.channel), Sense::click_and_drag());
    let words = "Your seat. Drag it, or move it with the arrows.";
    r.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, words));
    let r = r.on_hover_cursor(if state.own_seat.dragged { CursorIcon::Grabbing } else { CursorIcon::Grab });
    widgets::focus_ring(ui.painter(), &r, rect, rect.height() / 2.0, frame.tokens);
    if r.dragged()
        && let Some(at) = r.interact_pointer_pos()
    {
        let here = place.plan.inside(place.scale.to_room(at));
        let own = &mut state.own_seat;
        (own.dragged, own.spot) = (true, Some(here));
        let moved = own.told.is_none_or(|told| distance(told, here) > 0.05);
        if moved && frame.now_ms >= own.told_ms + TELL_MS {
            (own.told, own.told_ms) = (Some(here), frame.now_ms);
            intents.push(Intent::Sit(here));
        }
    }
    if r.drag_stopped() {
        // Where it was let go: a slow frame holds the last of the way and the end of it.
        let let_go = r.interact_pointer_pos().or_else(|| ui.input(|i| i.pointer.latest_pos()));
        let here = let_go.map_or(spot, |at| place.plan.inside(place.scale.to_room(at)));
        state.own_seat.dragged = false;
        sit(state, place.plan.settle(here, &place.others()), frame, intents);
    }
    if r.has_focus() {
        ui.memory_mut(|m| {
            m.set_focus_lock_filter(
                r.id,
                egui::EventFilter { horizontal_arrows: true, vertical_arrows: true, ..egui::EventFilter::default() },
            );
        });
        let way = ui.input(|i| {
            let pressed = |key| f32::from(u8::from(i.key_pressed(key)));
            let right = pressed(Key::ArrowRight) - pressed(Key::ArrowLeft);
            [right, pressed(Key::ArrowUp) - pressed(Key::ArrowDown)]
        });
        if way != [0.0, 0.0] {
            let here = place.plan.inside([spot[0] + STEP_M * way[0], spot[1] + STEP_M * way[1]]);
            sit(state, here, frame, intents);
        }
    }
}

/// Which room it is, with others to choose from.
pub(crate) fn plan_menu(
    ui: &mut Ui,
    channel: &ChannelView,
    may: bool,
    frame: &Frame<'_>,
    at: Pos2,
    intents: &mut Intents,
) {
    let t = frame.tokens;
    let c = &t.color;
    let words = channel.plan.name();
    let font = FontId::proportional(t.text_size.meta + 0.5);
    let width = ui.painter().layout_no_wrap(words.to_owned(), font.clone(), c.muted).size().x + 28.0;
    let rect = Rect::from_min_size(at, vec2(width, 26.0));
    if !may {
        widgets::text_at(ui.painter(), rect.left_center() + vec2(10.0, 0.0), Align2::LEFT_CENTER, words, font, c.faint);
        return;
    }
    let r = ui.interact(rect, Id::new("plan"), Sense::click()).on_hover_cursor(CursorIcon::PointingHand);
    r.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, format!("Layout of the room: {words}")));
    let ink = if r.hovered() { c.text } else { c.muted };
    ui.painter().rect_filled(rect, rect.height() / 2.0, if r.hovered() { c.hover } else { c.raised });
    widgets::text_at(ui.painter(), rect.center(), Align2::CENTER_CENTER, words, font, ink);
    widgets::focus_ring(ui.painter(), &r, rect, rect.height() / 2.0, t);
    egui::Popup::menu(&r).gap(4.0).show(|ui| {
        ui.set_width(264.0);
        for room in hearth_room::BuiltIn::ALL {
            if widgets::menu_choice(ui, t, room.name(), room.words(), room == channel.plan) {
                intents.push(Intent::SetPlan { channel: channel.channel, plan: room });
                ui.close();
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use hearth_room::BuiltIn;

    #[test]
    fn every_seat_of_every_room_is_on_the_stage_at_every_size() {
        for size in [vec2(604.0, 376.0), vec2(776.0, 520.0), vec2(1_400.0, 900.0)] {
            let stage = Rect::from_min_size(pos2(288.0, 48.0), size);
            for room in BuiltIn::ALL {
                let plan = room.plan();
                let scale = Scale::fit(&plan, stage);
                for seat in &plan.seats {
                    let at = scale.to_screen(*seat);
                    assert!(stage.shrink(12.0).contains(at), "{room:?} {seat:?} at {at:?} in {stage:?}");
                    let back = scale.to_room(at);
                    assert!(distance(back, *seat) < 1e-3);
                }
            }
        }
    }
}
