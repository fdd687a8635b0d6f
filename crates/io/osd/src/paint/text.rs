//! Text: Inter, and what the client offers for characters that it lacks. Not shaped: a character is a glyph.

use super::canvas::Canvas;
use crate::limits::TEXT;
use ab_glyph::{Font, FontRef, GlyphId, PxScale, point};

static MEDIUM: &[u8] = include_bytes!("../../../../../assets/fonts/Inter-Medium.otf");
static BOLD: &[u8] = include_bytes!("../../../../../assets/fonts/Inter-SemiBold.otf");
/// Height of a capital by the size, in Inter; lines are centred by it.
const CAPITAL: f32 = 0.727;
const MORE: char = '\u{2026}';

#[derive(Debug, Clone, Copy)]
pub(crate) enum Face {
    Medium,
    Bold,
}

pub(crate) struct Fonts {
    medium: FontRef<'static>,
    bold: FontRef<'static>,
    fallback: Vec<FontRef<'static>>,
}

impl Fonts {
    /// Only looks at tables' heads: cheap enough for every picture. A fallback that is no font is left out.
    pub(crate) fn load(fallback: &[&'static [u8]]) -> Option<Self> {
        let medium = FontRef::try_from_slice(MEDIUM).ok()?;
        let bold = FontRef::try_from_slice(BOLD).ok()?;
        let fallback = fallback.iter().filter_map(|bytes| FontRef::try_from_slice(bytes).ok()).collect();
        Some(Self { medium, bold, fallback })
    }

    fn glyph(&self, face: Face, c: char) -> (&FontRef<'static>, GlyphId) {
        let first = match face {
            Face::Medium => &self.medium,
            Face::Bold => &self.bold,
        };
        let has = |font: &FontRef<'static>| font.glyph_id(c).0 != 0;
        let font = std::iter::once(first).chain(&self.fallback).find(|font| has(font)).unwrap_or(first);
        (font, font.glyph_id(c))
    }

    fn advance(&self, face: Face, size: f32, c: char) -> f32 {
        let (font, id) = self.glyph(face, c);
        font.h_advance_unscaled(id) * size / font.units_per_em().unwrap_or(1000.0)
    }

    /// In points.
    pub(crate) fn width(&self, face: Face, size: f32, text: &str) -> f32 {
        text.chars().map(|c| self.advance(face, size, c)).sum()
    }

    /// As much as fits into `room` points, with an ellipsis if that is not all.
    pub(crate) fn elide(&self, face: Face, size: f32, text: &str, room: f32) -> String {
        let text = plain(text);
        if self.width(face, size, &text) <= room {
            return text;
        }
        let mut left = room - self.advance(face, size, MORE);
        let fits = text.chars().take_while(|c| {
            left -= self.advance(face, size, *c);
            left >= 0.0
        });
        let mut out: String = fits.collect();
        out.truncate(out.trim_end().len());
        out.push(MORE);
        out
    }

    /// At most `most` lines, broken between words, the last one elided.
    pub(crate) fn wrap(&self, face: Face, size: f32, text: &str, room: f32, most: usize) -> Vec<String> {
        let text = plain(text);
        let mut words = text.split(' ').filter(|w| !w.is_empty()).peekable();
        let mut lines = Vec::new();
        while words.peek().is_some() {
            if lines.len() + 1 == most {
                let rest: Vec<_> = words.collect();
                lines.push(self.elide(face, size, &rest.join(" "), room));
                break;
            }
            let mut line = String::new();
            while let Some(word) = words.peek() {
                let longer = if line.is_empty() { (*word).to_owned() } else { format!("{line} {word}") };
                if !line.is_empty() && self.width(face, size, &longer) > room {
                    break;
                }
                line = longer;
                words.next();
            }
            // One word that is too long alone.
            lines.push(self.elide(face, size, &line, room));
        }
        lines
    }

    /// Draws from `at` rightwards, in the middle of capitals there.
    pub(crate) fn draw(&self, canvas: &mut Canvas, face: Face, size: f32, at: (f32, f32), text: &str, rgb: u32) {
        let px = size * canvas.scale;
        let (mut x, y) = (at.0 * canvas.scale, at.1 * canvas.scale);
        // On a whole pixel, so that the feet of letters are sharp.
        let base = (y + px * CAPITAL / 2.0).round();
        for c in text.chars() {
            let (font, id) = self.glyph(face, c);
            let em = font.units_per_em().unwrap_or(1000.0);
            let scale = PxScale::from(px * font.height_unscaled() / em);
            let glyph = id.with_scale_and_position(scale, point(x, base));
            if let Some(outline) = font.outline_glyph(glyph) {
                let bounds = outline.px_bounds();
                let (left, top) = (bounds.min.x as i32, bounds.min.y as i32);
                outline.draw(|dx, dy, cover| canvas.cover(left + dx as i32, top + dy as i32, rgb, cover));
            }
            x += font.h_advance_unscaled(id) * px / em;
        }
    }
}

/// One line of what can be seen: nothing that joins, varies or turns around, and no more than [`TEXT`] characters.
fn plain(text: &str) -> String {
    let hidden = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}');
    let seen = text.trim().chars().filter(|c| !hidden(*c)).take(TEXT);
    seen.map(|c| if c.is_whitespace() || c.is_control() { ' ' } else { c }).collect()
}
