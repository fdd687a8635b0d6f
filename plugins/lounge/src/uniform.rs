//! Shapes as the shader reads them.

use bevy::{
    color::{Color, LinearRgba},
    math::{Vec2, Vec4},
    render::render_resource::ShaderType,
};
use bevy_egui::egui;
use hearth_view::lounge::{Kind, SHAPES_MAX, Scene, Shape};

/// One shape.
#[derive(ShaderType, Debug, Clone, Copy, PartialEq, Default)]
pub struct Item {
    /// Middle and reach, in points of the window, down being more.
    pub rect: Vec4,
    /// What it is, and three numbers about it.
    pub kind: Vec4,
    /// Linear colour; 0 in the last number paints nothing.
    pub color: Vec4,
}

/// Everything the shader reads.
#[derive(ShaderType, Debug, Clone, PartialEq)]
pub struct Uniform {
    /// Size of the window in points, seconds, pixels to a point.
    pub window: Vec4,
    /// Corners of the stage, in points.
    pub stage: Vec4,
    /// Linear colour around the room, and 1 where that is dark.
    pub ground: Vec4,
    /// Back to front; the rest paints nothing.
    pub items: [Item; SHAPES_MAX],
}

impl Default for Uniform {
    fn default() -> Self {
        Self { window: Vec4::ONE, stage: Vec4::ZERO, ground: Vec4::ZERO, items: [Item::default(); SHAPES_MAX] }
    }
}

/// Seconds that fit a shader's numbers: they begin again every quarter of an hour.
pub fn seconds(now_ms: u64) -> f32 {
    (now_ms % 900_000) as f32 / 1_000.0
}

/// A scene for the shader.
pub fn uniform(scene: &Scene, window: Vec2, density: f32, seconds: f32) -> Uniform {
    let moved = if scene.lively { seconds } else { 0.0 };
    let mut out = Uniform {
        window: Vec4::new(window.x, window.y, moved, density),
        stage: Vec4::new(scene.stage.min.x, scene.stage.min.y, scene.stage.max.x, scene.stage.max.y),
        ground: vec(linear(scene.ground)).truncate().extend(if scene.dark { 1.0 } else { 0.0 }),
        ..Uniform::default()
    };
    for (item, shape) in out.items.iter_mut().zip(&scene.shapes) {
        *item = of(shape);
    }
    out
}

fn linear(c: egui::Color32) -> LinearRgba {
    Color::srgb_u8(c.r(), c.g(), c.b()).to_linear()
}

fn vec(c: LinearRgba) -> Vec4 {
    Vec4::new(c.red, c.green, c.blue, c.alpha)
}

fn of(shape: &Shape) -> Item {
    let kind = match shape.kind {
        Kind::Floor { fire, heat } => {
            let way = fire.map_or(egui::vec2(1e6, 1e6), |fire| fire - shape.at);
            Vec4::new(1.0, way.x, way.y, heat)
        }
        Kind::Zone { edge } => Vec4::new(2.0, edge, 0.0, 0.0),
        Kind::Wall { turn } => Vec4::new(3.0, turn.cos(), turn.sin(), 0.0),
        Kind::Seat { lit } => Vec4::new(4.0, lit, 0.0, 0.0),
        Kind::Fire { heat } => Vec4::new(5.0, heat, 0.0, 0.0),
        Kind::Range { strength } => Vec4::new(6.0, strength, 0.0, 0.0),
        Kind::Bubble { turn } => Vec4::new(8.0, turn.cos(), turn.sin(), shape.half.y),
        Kind::Person { radius, shown, loud } => Vec4::new(7.0, radius, shown, loud),
    };
    // A wall is turned, so what holds it is a square around it.
    let half = match shape.kind {
        Kind::Bubble { .. } => egui::Vec2::splat(shape.half.x + shape.half.y + 2.0),
        Kind::Wall { .. } => egui::Vec2::splat(shape.half.x + shape.half.y + 12.0),
        _ => shape.half,
    };
    let mut color = vec(linear(shape.color));
    if let Kind::Wall { .. } | Kind::Bubble { .. } = shape.kind {
        // Its own half lengths, for the shader.
        color.w = shape.half.x;
    }
    Item { rect: Vec4::new(shape.at.x, shape.at.y, half.x, half.y), kind, color }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_shader_reads_fits_a_uniform_buffer() {
        // The least that every graphics card takes.
        assert!(Uniform::min_size().get() <= 16_384, "{}", Uniform::min_size());
    }

    #[test]
    fn a_silent_room_is_the_same_at_any_time() {
        let scene = Scene {
            stage: egui::Rect::from_min_size(egui::pos2(288.0, 48.0), egui::vec2(700.0, 600.0)),
            ground: egui::Color32::BLACK,
            dark: true,
            shapes: vec![Shape {
                kind: Kind::Person { radius: 20.0, shown: 0.0, loud: 0.0 },
                at: egui::pos2(300.0, 300.0),
                half: egui::vec2(60.0, 60.0),
                color: egui::Color32::GREEN,
            }],
            lively: false,
        };
        let at = |seconds| uniform(&scene, Vec2::new(1280.0, 720.0), 1.0, seconds);
        assert_eq!(at(1.0), at(2.0));
        let lively = Scene { lively: true, ..scene.clone() };
        let at = |seconds| uniform(&lively, Vec2::new(1280.0, 720.0), 1.0, seconds);
        assert_ne!(at(1.0), at(2.0));
        assert_eq!(at(1.0).items[0].kind.x, 7.0);
        assert_eq!(at(1.0).items[1].color, Vec4::ZERO);
    }
}
