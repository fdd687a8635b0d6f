//! Painting: a pure function of the frame, the look and the time.
//!
//! Everything is laid out in points from the chosen corner outwards: push-to-talk, people, toasts. Whoever speaks stands
//! nearest the corner, so that those who fade away behind them move nobody.

mod canvas;
mod order;
mod signs;
mod text;

#[cfg(test)]
mod tests;

use crate::limits::{FADE_MS, RING_STEPS};
use crate::{Look, OverlayFrame, Person, Picture, Talk, Toast};
use canvas::{Canvas, Rect, ink_on, mix};
use hearth_types::name::initials;
use text::{Face, Fonts};

/// Width of a picture, in points; its frame, if it can be dragged, lies outside.
const WIDTH: f32 = 240.0;
/// Room around plates for their soft edge.
const EDGE: f32 = 3.0;
const GAP: f32 = 4.0;
/// What can be dragged shows its edges this far outside.
const FRAME: f32 = 6.0;
const ROW: f32 = 38.0;
const DISC: f32 = 28.0;
const DOT: f32 = 28.0;
const NAME: f32 = 13.0;
const SIGN: f32 = 15.0;
/// A plate lets so much of the game through that its text still reads on white: at least 4.5:1.
const PLATE: f32 = 0.84;
const HINT: &str = "Drag to another corner";
const HINT_H: f32 = 30.0;
/// Between these levels people talk: the ring has its least and its greatest width there, as in the client.
const QUIET: f32 = 0.35;
const LOUD: f32 = 0.85;

/// What is stacked from the corner outwards.
enum Item<'a> {
    Talk { open: bool },
    Person(&'a Person),
    Toast { title: String, lines: Vec<String> },
    Hint,
}

/// An item, its height, the gap behind it, and how much of it is there.
struct Slot<'a> {
    item: Item<'a>,
    height: f32,
    gap: f32,
    strength: f32,
}

/// Paints what is to be seen at `now_ms`; nothing to see is `None`.
pub fn paint(frame: &OverlayFrame, look: &Look, now_ms: u64) -> Option<Picture> {
    painted(frame, &look.clone().checked(), now_ms, false)
}

/// The same; `solid` is for a display that blends nothing: every pixel is there or is not.
pub(crate) fn painted(frame: &OverlayFrame, look: &Look, now_ms: u64, solid: bool) -> Option<Picture> {
    let fonts = Fonts::load(&look.fallback)?;
    let slots = stack(frame, look, now_ms, &fonts);
    let last = slots.last()?;
    let inset = EDGE + if look.interactive { FRAME } else { 0.0 };
    let content: f32 = slots.iter().map(|slot| slot.height + slot.gap).sum::<f32>() - last.gap;
    let (width, height) = (WIDTH + 2.0 * (inset - EDGE), content + 2.0 * inset);
    let mut canvas = Canvas::new(width, height, look.scale, solid)?;
    let mut from_corner = inset;
    if look.interactive {
        edges(&mut canvas, look, Rect { x: 0.0, y: 0.0, w: width, h: height });
    }
    for slot in &slots {
        let top = if look.corner.bottom() { height - from_corner - slot.height } else { from_corner };
        let rect = Rect { x: inset, y: top, w: WIDTH - 2.0 * EDGE, h: slot.height };
        if slot.strength < 1.0 && !solid {
            let mut layer = canvas.layer()?;
            draw(&mut layer, &fonts, look, rect, &slot.item);
            canvas.lay(&layer, slot.strength);
        } else {
            draw(&mut canvas, &fonts, look, rect, &slot.item);
        }
        from_corner += slot.height + slot.gap;
    }
    Some(canvas.finish(if solid { 1.0 } else { look.opacity }))
}

fn draw(canvas: &mut Canvas, fonts: &Fonts, look: &Look, rect: Rect, item: &Item<'_>) {
    match item {
        Item::Talk { open } => talk_dot(canvas, look, rect, *open),
        Item::Person(person) => row(canvas, fonts, look, rect, person),
        Item::Toast { title, lines } => toast(canvas, fonts, look, rect, title, lines),
        Item::Hint => hint(canvas, fonts, look, rect),
    }
}

/// When the picture next changes by itself; `None` while time changes nothing.
pub fn next_change(frame: &OverlayFrame, now_ms: u64) -> Option<u64> {
    let step = crate::limits::BETWEEN_PICTURES.as_millis() as u64;
    let people = order::people(frame, now_ms).into_iter().filter_map(|(person, _)| order::leaves_ms(person));
    let toasts = order::toasts(frame, now_ms).into_iter().map(|(toast, _)| toast.until_ms);
    let begins = people.chain(toasts);
    begins.map(|at| if at > now_ms { at } else { (now_ms + step).min(at + FADE_MS).max(now_ms + 1) }).min()
}

fn stack<'a>(frame: &'a OverlayFrame, look: &Look, now_ms: u64, fonts: &Fonts) -> Vec<Slot<'a>> {
    let mut slots = Vec::new();
    let mut push = |item, height, strength| slots.push(Slot { item, height, gap: GAP, strength });
    match frame.talk {
        Talk::Off => {}
        Talk::Ready => push(Item::Talk { open: false }, DOT, 1.0),
        Talk::Open => push(Item::Talk { open: true }, DOT, 1.0),
    }
    for (person, strength) in order::people(frame, now_ms) {
        push(Item::Person(person), ROW, strength);
    }
    let toasts = order::toasts(frame, now_ms);
    if let (Some(last), false) = (slots.last_mut(), toasts.is_empty()) {
        last.gap = 2.0 * GAP;
    }
    let mut push = |item, height, strength| slots.push(Slot { item, height, gap: GAP, strength });
    for (told, strength) in toasts {
        let (item, height) = toast_item(told, fonts);
        push(item, height, strength);
    }
    if look.interactive {
        push(Item::Hint, HINT_H, 1.0);
    }
    slots
}

/// A soft dark plate: it reads on snow and does not glare in a cave.
fn plate(canvas: &mut Canvas, look: &Look, rect: Rect, radius: f32) {
    let c = &look.colors;
    if !canvas.solid {
        // Three bands outside the plate, one over the other.
        for (width, alpha) in [(2.5, 0.05), (1.5, 0.09), (0.75, 0.13)] {
            canvas.stroke_round(rect.grown(width / 2.0), radius + width / 2.0, width, c.bg0, alpha);
        }
    }
    canvas.fill_round(rect, radius, c.bg0, if canvas.solid { 1.0 } else { PLATE });
    // One line a shade above the plate, as everywhere in the client.
    canvas.stroke_round(rect.grown(-0.5), radius - 0.5, 1.0, mix(c.line, c.text, 0.12), 0.7);
}

/// Somebody: picture and ring on the side of the corner, then the name, then what they do not hear or say.
fn row(canvas: &mut Canvas, fonts: &Fonts, look: &Look, slot: Rect, person: &Person) {
    let c = &look.colors;
    let signs: &[signs::Sign] = match (person.deafened, person.muted) {
        (true, _) => &[signs::Sign::HeadphonesOff, signs::Sign::MicOff],
        (false, true) => &[signs::Sign::MicOff],
        (false, false) => &[],
    };
    let signs_w = signs.len() as f32 * (SIGN + 4.0) + if signs.is_empty() { 0.0 } else { 3.0 };
    let before = ROW / 2.0 + DISC / 2.0 + 9.0;
    let after = 14.0;
    let name = fonts.elide(Face::Medium, NAME, &person.name, slot.w - before - after - signs_w);
    let name_w = fonts.width(Face::Medium, NAME, &name);
    // Whole pixels, so that both ends of a plate are equally sharp.
    let width = ((before + name_w + signs_w + after) * canvas.scale).ceil() / canvas.scale;
    let x = if look.corner.right() { slot.right() - width } else { slot.x };
    let rect = Rect { x, w: width, ..slot };
    plate(canvas, look, rect, ROW / 2.0);

    let (mirror, y) = (look.corner.right(), rect.middle());
    // From the edge of the corner inwards.
    let inwards = |at: f32, w: f32| if mirror { rect.right() - at - w } else { rect.x + at };
    let disc_x = inwards(ROW / 2.0, 0.0);
    disc(canvas, fonts, look, disc_x, y, person);
    let ink = if person.speaking { c.text } else { c.muted };
    fonts.draw(canvas, Face::Medium, NAME, (inwards(before, name_w), y), &name, ink);
    let mut at = before + name_w + 7.0;
    for sign in signs {
        signs::draw(canvas, *sign, inwards(at, SIGN) + SIGN / 2.0, y, SIGN, c.danger);
        at += SIGN + 4.0;
    }
}

fn disc(canvas: &mut Canvas, fonts: &Fonts, look: &Look, x: f32, y: f32, person: &Person) {
    canvas.fill_circle(x, y, DISC / 2.0, person.color, 1.0);
    let text = initials(&person.name);
    let size = (DISC * if text.chars().count() > 1 { 0.38 } else { 0.44 }).round();
    let w = fonts.width(Face::Bold, size, &text);
    fonts.draw(canvas, Face::Bold, size, (x - w / 2.0, y), &text, ink_on(person.color));
    if !person.speaking {
        return;
    }
    let loud = ((person.level - QUIET) / (LOUD - QUIET)).clamp(0.0, 1.0);
    let loud =
        if person.level.is_nan() || look.reduced_motion { 0.5 } else { (loud * RING_STEPS).round() / RING_STEPS };
    // Its inner edge stands still, so that it grows away from the picture.
    let inner = DISC / 2.0 + 0.75;
    let outer = (inner + 1.75) * (1.0 + 0.06 * loud);
    canvas.stroke_circle(x, y, (inner + outer) / 2.0, outer - inner, look.colors.speak, 1.0);
}

fn talk_dot(canvas: &mut Canvas, look: &Look, slot: Rect, open: bool) {
    let c = &look.colors;
    // In one line with the pictures below it.
    let inset = (ROW - DOT) / 2.0;
    let x = if look.corner.right() { slot.right() - DOT - inset } else { slot.x + inset };
    let rect = Rect { x, w: DOT, ..slot };
    plate(canvas, look, rect, DOT / 2.0);
    let (x, y) = (rect.x + DOT / 2.0, rect.middle());
    if open {
        canvas.fill_circle(x, y, DOT / 2.0, c.speak, 1.0);
        signs::draw(canvas, signs::Sign::Mic, x, y, 17.0, ink_on(c.speak));
    } else {
        signs::draw(canvas, signs::Sign::Mic, x, y, 17.0, c.muted);
    }
}

const TOAST_PAD: f32 = 12.0;
const TOAST_LINE: f32 = 17.0;
const BAR: f32 = 3.0;

fn toast_item<'a>(told: &Toast, fonts: &Fonts) -> (Item<'a>, f32) {
    let room = WIDTH - 2.0 * EDGE - 2.0 * TOAST_PAD - BAR - 8.0;
    let title = fonts.elide(Face::Bold, 13.0, &told.title, room);
    let lines = fonts.wrap(Face::Medium, 12.0, &told.line, room, 2);
    let height = 2.0 * 9.0 + TOAST_LINE * (1 + lines.len()) as f32;
    (Item::Toast { title, lines }, height)
}

fn toast(canvas: &mut Canvas, fonts: &Fonts, look: &Look, rect: Rect, title: &str, lines: &[String]) {
    let c = &look.colors;
    plate(canvas, look, rect, 8.0);
    let bar = Rect { x: rect.x + 8.0, y: rect.y + 10.0, w: BAR, h: rect.h - 20.0 };
    canvas.fill_round(bar, BAR / 2.0, c.accent, 1.0);
    let x = bar.right() + TOAST_PAD - 2.0;
    let mut y = rect.y + 9.0 + TOAST_LINE / 2.0;
    fonts.draw(canvas, Face::Bold, 13.0, (x, y), title, c.text);
    for line in lines {
        y += TOAST_LINE;
        fonts.draw(canvas, Face::Medium, 12.0, (x, y), line, mix(c.muted, c.text, 0.35));
    }
}

fn hint(canvas: &mut Canvas, fonts: &Fonts, look: &Look, rect: Rect) {
    let w = fonts.width(Face::Medium, 12.0, HINT);
    fonts.draw(canvas, Face::Medium, 12.0, (rect.x + (rect.w - w) / 2.0, rect.middle()), HINT, look.colors.text);
}

/// What can be taken hold of.
fn edges(canvas: &mut Canvas, look: &Look, all: Rect) {
    let c = &look.colors;
    canvas.fill_round(all, 12.0, c.bg0, if canvas.solid { 1.0 } else { 0.62 });
    canvas.stroke_round(all.grown(-1.0), 11.0, 2.0, c.accent, 1.0);
}
