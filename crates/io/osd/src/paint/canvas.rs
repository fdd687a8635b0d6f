//! Shapes in points on a pixmap.

use crate::Picture;
use tiny_skia::{Color, FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, PixmapPaint, Stroke, Transform};

/// A quarter of a circle as a cubic, distance of its handles by the radius.
const ARC: f32 = 0.552_284_8;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Rect {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) w: f32,
    pub(crate) h: f32,
}

impl Rect {
    pub(crate) fn right(self) -> f32 {
        self.x + self.w
    }
    pub(crate) fn middle(self) -> f32 {
        self.y + self.h / 2.0
    }
    pub(crate) fn grown(self, by: f32) -> Self {
        Self { x: self.x - by, y: self.y - by, w: self.w + 2.0 * by, h: self.h + 2.0 * by }
    }
}

pub(crate) struct Canvas {
    pixmap: Pixmap,
    pub(crate) scale: f32,
    /// Nothing behind shines through.
    pub(crate) solid: bool,
}

impl Canvas {
    /// `None` if there is no memory for it.
    pub(crate) fn new(width: f32, height: f32, scale: f32, solid: bool) -> Option<Self> {
        let pixmap = Pixmap::new((width * scale).round() as u32, (height * scale).round() as u32)?;
        Some(Self { pixmap, scale, solid })
    }

    /// An empty one of the same size.
    pub(crate) fn layer(&self) -> Option<Self> {
        let pixmap = Pixmap::new(self.pixmap.width(), self.pixmap.height())?;
        Some(Self { pixmap, ..*self })
    }

    pub(crate) fn lay(&mut self, over: &Self, strength: f32) {
        let paint = PixmapPaint { opacity: strength, ..PixmapPaint::default() };
        self.pixmap.draw_pixmap(0, 0, over.pixmap.as_ref(), &paint, Transform::identity(), None);
    }

    pub(crate) fn finish(mut self, opacity: f32) -> Picture {
        let (width, height) = (self.pixmap.width(), self.pixmap.height());
        if opacity < 1.0 {
            let by = (opacity * 256.0).round() as u32;
            self.pixmap.data_mut().iter_mut().for_each(|v| *v = ((u32::from(*v) * by + 128) >> 8) as u8);
        }
        Picture { width, height, pixels: self.pixmap.take() }
    }

    /// Lays `cover` (0 to 1) of a colour over one pixel.
    pub(crate) fn cover(&mut self, x: i32, y: i32, rgb: u32, cover: f32) {
        let (w, h) = (self.pixmap.width() as i32, self.pixmap.height() as i32);
        if cover <= 0.0 || x < 0 || y < 0 || x >= w || y >= h {
            return;
        }
        let at = (y * w + x) as usize * 4;
        let over = [rgb >> 16 & 255, rgb >> 8 & 255, rgb & 255, 255];
        let cover = cover.min(1.0);
        for (under, over) in self.pixmap.data_mut()[at..at + 4].iter_mut().zip(over) {
            *under = (over as f32 * cover + f32::from(*under) * (1.0 - cover)).round() as u8;
        }
    }

    pub(crate) fn fill_round(&mut self, rect: Rect, radius: f32, rgb: u32, alpha: f32) {
        self.fill(round_rect(rect, radius), &paint(rgb, alpha));
    }

    pub(crate) fn stroke_round(&mut self, rect: Rect, radius: f32, width: f32, rgb: u32, alpha: f32) {
        self.stroke(round_rect(rect, radius), width, rgb, alpha);
    }

    pub(crate) fn fill_circle(&mut self, x: f32, y: f32, radius: f32, rgb: u32, alpha: f32) {
        self.fill(PathBuilder::from_circle(x, y, radius), &paint(rgb, alpha));
    }

    pub(crate) fn stroke_circle(&mut self, x: f32, y: f32, radius: f32, width: f32, rgb: u32, alpha: f32) {
        self.stroke(PathBuilder::from_circle(x, y, radius), width, rgb, alpha);
    }

    fn fill(&mut self, path: Option<Path>, paint: &Paint<'_>) {
        if let Some(path) = path {
            let to_pixels = Transform::from_scale(self.scale, self.scale);
            self.pixmap.fill_path(&path, paint, FillRule::Winding, to_pixels, None);
        }
    }

    pub(crate) fn stroke(&mut self, path: Option<Path>, width: f32, rgb: u32, alpha: f32) {
        if let Some(path) = path {
            let to_pixels = Transform::from_scale(self.scale, self.scale);
            let stroke = Stroke { width, line_cap: LineCap::Round, line_join: LineJoin::Round, ..Stroke::default() };
            self.pixmap.stroke_path(&path, &paint(rgb, alpha), &stroke, to_pixels, None);
        }
    }
}

fn paint(rgb: u32, alpha: f32) -> Paint<'static> {
    let [_, r, g, b] = rgb.to_be_bytes();
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color(Color::from_rgba8(r, g, b, (alpha * 255.0).round() as u8));
    paint
}

pub(crate) fn round_rect(rect: Rect, radius: f32) -> Option<Path> {
    let Rect { x, y, w, h } = rect;
    let r = radius.min(w / 2.0).min(h / 2.0).max(0.0);
    let (right, bottom, c) = (x + w, y + h, r * (1.0 - ARC));
    let mut path = PathBuilder::new();
    path.move_to(x + r, y);
    path.line_to(right - r, y);
    path.cubic_to(right - c, y, right, y + c, right, y + r);
    path.line_to(right, bottom - r);
    path.cubic_to(right, bottom - c, right - c, bottom, right - r, bottom);
    path.line_to(x + r, bottom);
    path.cubic_to(x + c, bottom, x, bottom - c, x, bottom - r);
    path.line_to(x, y + r);
    path.cubic_to(x, y + c, x + c, y, x + r, y);
    path.close();
    path.finish()
}

/// Relative luminance of an opaque sRGB colour, 0 to 1 (WCAG 2.2, "relative luminance").
pub(crate) fn luminance(rgb: u32) -> f32 {
    let linear = |v: u32| {
        let v = (v & 255) as f32 / 255.0;
        if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(rgb >> 16) + 0.7152 * linear(rgb >> 8) + 0.0722 * linear(rgb)
}

/// Contrast ratio, 1 to 21.
pub(crate) fn contrast(a: u32, b: u32) -> f32 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Mixes two opaque colours; `t` 0 is `a`.
pub(crate) fn mix(a: u32, b: u32, t: f32) -> u32 {
    let one = |shift: u32| {
        let (a, b) = ((a >> shift & 255) as f32, (b >> shift & 255) as f32);
        ((a + (b - a) * t).round() as u32) << shift
    };
    one(16) | one(8) | one(0)
}

/// Black or white, whichever reads better on `bg`; softened so that initials do not glare.
pub(crate) fn ink_on(bg: u32) -> u32 {
    let (dark, light) = (0x1a_14_10, 0xff_ff_ff);
    if contrast(dark, bg) >= contrast(light, bg) { dark } else { light }
}
