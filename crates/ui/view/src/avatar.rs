//! Pictures of people and communities: initials over a colour of their own.

use crate::Tokens;
use crate::tokens::BOLD;
use crate::tokens::contrast::{ink_on, mix, rgb};
use egui::{Align2, Color32, FontFamily, FontId, Painter, Pos2, Rect};
use hearth_ports::Presence;
use hearth_types::name::initials;

/// Colours offered in onboarding and given to communities: one lightness, evenly round the wheel.
pub const SWATCHES: [u32; 8] =
    [0xe8_84_4a, 0xd9_a4_3b, 0x7f_b2_5a, 0x3f_b0_9a, 0x4c_a3_d9, 0x7c_8d_ea, 0xb5_7c_dd, 0xe0_73_9c];

/// A colour for an id that has chosen none, the same everywhere.
pub fn swatch_of(id: &[u8; 32]) -> u32 {
    // FNV-1a; its upper bits are well mixed.
    let sum = id.iter().fold(0xcbf2_9ce4_8422_2325u64, |a, b| (a ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3));
    SWATCHES[(sum >> 40) as usize % SWATCHES.len()]
}

fn draw_initials(painter: &Painter, center: Pos2, size: f32, name: &str, fill: Color32) {
    let text = initials(name);
    let scale = if text.chars().count() > 1 { 0.38 } else { 0.44 };
    painter.text(
        center,
        Align2::CENTER_CENTER,
        text,
        FontId::new((size * scale).round().max(8.0), FontFamily::Name(BOLD.into())),
        ink_on(fill),
    );
}

/// A round picture of a person.
pub fn person(painter: &Painter, center: Pos2, size: f32, name: &str, color: u32) {
    disc(painter, center, size, name, rgb(color));
}

/// The same over any colour.
pub fn disc(painter: &Painter, center: Pos2, size: f32, name: &str, fill: Color32) {
    painter.circle_filled(center, size / 2.0, fill);
    draw_initials(painter, center, size, name, fill);
}

/// A person with a presence dot cut out of `bg`; somebody away is dimmed.
#[expect(clippy::too_many_arguments, reason = "a picture is where, how large, of whom and on what")]
pub fn person_with_presence(
    painter: &Painter,
    center: Pos2,
    size: f32,
    name: &str,
    color: u32,
    presence: Presence,
    bg: Color32,
    tokens: &Tokens,
) {
    if presence == Presence::Offline {
        let fill = mix(rgb(color), bg, 0.55);
        painter.circle_filled(center, size / 2.0, fill);
        draw_initials(painter, center, size, name, fill);
        return;
    }
    person(painter, center, size, name, color);
    presence_dot(painter, center + egui::Vec2::splat(size * 0.35), presence, bg, tokens);
}

/// The dot alone: filled is here, a ring is away.
pub fn presence_dot(painter: &Painter, at: Pos2, presence: Presence, bg: Color32, tokens: &Tokens) {
    painter.circle_filled(at, 6.5, bg);
    match presence {
        Presence::Online => painter.circle_filled(at, 4.5, tokens.color.ok),
        Presence::Idle => painter.circle_stroke(at, 3.5, egui::Stroke::new(2.0, tokens.color.warn)),
        Presence::Offline => painter.circle_stroke(at, 3.5, egui::Stroke::new(2.0, tokens.color.faint)),
    };
}

/// A community's square with round corners.
pub fn community(painter: &Painter, rect: Rect, radius: f32, name: &str, fill: Color32, ink: Color32) {
    painter.rect_filled(rect, radius, fill);
    let text = initials(name);
    painter.text(rect.center(), Align2::CENTER_CENTER, text, FontId::new(15.0, FontFamily::Name(BOLD.into())), ink);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_id_has_the_same_colour() {
        assert_eq!(swatch_of(&[7; 32]), swatch_of(&[7; 32]));
        let used: std::collections::BTreeSet<u32> =
            (0..=255u8).map(|b| swatch_of(&std::array::from_fn(|i| b.wrapping_add(i as u8)))).collect();
        assert!(used.len() > 4);
    }
}
