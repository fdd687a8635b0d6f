//! What a shader paints beneath the names: a list of soft shapes, back to front.

use egui::{Color32, Pos2, Rect, Vec2};

/// Most shapes at once: the floor, what stands in the room, and more people than anybody has friends.
pub const SHAPES_MAX: usize = 192;

/// What a shape is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// All of the stage; `fire` is where the light comes from, in points, and `heat` how bright, 0.0 to 1.0.
    Floor { fire: Option<Pos2>, heat: f32 },
    /// A part of the room; `edge` is how strong its rim is, 0.0 to 1.0.
    Zone { edge: f32 },
    /// A wall, turned by so many radians.
    Wall { turn: f32 },
    /// A seat nobody has; `lit` under the pointer.
    Seat { lit: f32 },
    /// The fire, 0.0 embers to 1.0 ablaze.
    Fire { heat: f32 },
    /// How far one is heard.
    Range { strength: f32 },
    /// Around two of whom one whispers to the other, turned by so many radians.
    Bubble { turn: f32 },
    /// The light of a person: `shown` 0.0 to 1.0 says whether they speak, `loud` how loud. `radius` is their picture's.
    Person { radius: f32, shown: f32, loud: f32 },
}

/// One shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// What.
    pub kind: Kind,
    /// Its middle, in points of the window.
    pub at: Pos2,
    /// How far it reaches.
    pub half: Vec2,
    /// Its colour.
    pub color: Color32,
}

/// The room, for the shader.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    /// Nothing is painted outside of it.
    pub stage: Rect,
    /// The colour around it.
    pub ground: Color32,
    /// On dark ground light glows, on light ground it tints.
    pub dark: bool,
    /// Back to front, at most [`SHAPES_MAX`].
    pub shapes: Vec<Shape>,
    /// Ripples run and the fire flickers.
    pub lively: bool,
}
