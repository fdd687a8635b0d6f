//! Contrast between two colours, as WCAG 2.2 defines it.

use egui::Color32;

/// Relative luminance of an opaque sRGB colour, 0 to 1 (WCAG 2.2, "relative luminance").
pub fn luminance(c: Color32) -> f32 {
    fn linear(v: u8) -> f32 {
        let v = f32::from(v) / 255.0;
        if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    }
    0.2126 * linear(c.r()) + 0.7152 * linear(c.g()) + 0.0722 * linear(c.b())
}

/// Contrast ratio, 1 to 21.
pub fn contrast(a: Color32, b: Color32) -> f32 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Mixes two opaque colours; `t` 0 is `a`.
pub fn mix(a: Color32, b: Color32, t: f32) -> Color32 {
    let one = |a: u8, b: u8| (f32::from(a) + (f32::from(b) - f32::from(a)) * t.clamp(0.0, 1.0)).round() as u8;
    Color32::from_rgb(one(a.r(), b.r()), one(a.g(), b.g()), one(a.b(), b.b()))
}

/// `wish`, moved towards `text` until it reads as text on `bg` (4.5:1). People choose their colours; everybody must read them.
pub fn readable(wish: Color32, bg: Color32, text: Color32) -> Color32 {
    (0..=10).map(|step| mix(wish, text, step as f32 / 10.0)).find(|c| contrast(*c, bg) >= 4.5).unwrap_or(text)
}

/// Black or white, whichever reads better on `bg`; softened so that initials do not glare.
pub fn ink_on(bg: Color32) -> Color32 {
    let (dark, light) = (Color32::from_rgb(0x1a, 0x14, 0x10), Color32::WHITE);
    if contrast(dark, bg) >= contrast(light, bg) { dark } else { light }
}

/// 0xRRGGBB as a colour.
pub fn rgb(value: u32) -> Color32 {
    Color32::from_rgb((value >> 16) as u8, (value >> 8) as u8, value as u8)
}
