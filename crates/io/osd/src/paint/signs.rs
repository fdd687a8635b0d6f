//! The few signs, the same strokes in a 20-point box as in the client (`crates/ui/view/src/icons.rs`).

use super::canvas::{Canvas, Rect, round_rect};
use tiny_skia::PathBuilder;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Sign {
    Mic,
    MicOff,
    HeadphonesOff,
}

/// Draws a sign centred at x and y, `size` points wide.
pub(crate) fn draw(canvas: &mut Canvas, sign: Sign, x: f32, y: f32, size: f32, rgb: u32) {
    let scale = size / 20.0;
    let width = 1.6 * scale.max(0.75);
    let at = |px: f32, py: f32| (x + (px - 10.0) * scale, y + (py - 10.0) * scale);
    let boxed = |canvas: &mut Canvas, (left, top, right, bottom): (f32, f32, f32, f32), radius: f32| {
        let (x, y) = at(left, top);
        let rect = Rect { x, y, w: (right - left) * scale, h: (bottom - top) * scale };
        canvas.stroke(round_rect(rect, radius * scale), width, rgb, 1.0);
    };
    let line = |canvas: &mut Canvas, points: &[(f32, f32)]| {
        let mut path = PathBuilder::new();
        for (n, (px, py)) in points.iter().enumerate() {
            let (x, y) = at(*px, *py);
            if n == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
        }
        canvas.stroke(path.finish(), width, rgb, 1.0);
    };
    let half_circle = |canvas: &mut Canvas, x: f32, y: f32, r: f32, from_deg: f32| {
        const STEPS: u8 = 16;
        let angle = |n: u8| (from_deg + 180.0 * f32::from(n) / f32::from(STEPS)).to_radians();
        let points: Vec<_> = (0..=STEPS).map(|n| (x + r * angle(n).cos(), y + r * angle(n).sin())).collect();
        line(canvas, &points);
    };
    match sign {
        Sign::Mic | Sign::MicOff => {
            boxed(canvas, (7.3, 2.6, 12.7, 11.8), 2.7);
            half_circle(canvas, 10.0, 9.4, 5.6, 0.0);
            line(canvas, &[(10.0, 15.0), (10.0, 17.6)]);
        }
        Sign::HeadphonesOff => {
            half_circle(canvas, 10.0, 10.6, 7.2, 180.0);
            for (left, right) in [(2.8, 6.0), (14.0, 17.2)] {
                boxed(canvas, (left, 10.6, right, 16.6), 1.4);
            }
        }
    }
    if !matches!(sign, Sign::Mic) {
        line(canvas, &[(3.2, 3.2), (16.8, 16.8)]);
    }
}
