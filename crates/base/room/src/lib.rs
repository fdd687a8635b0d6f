//! A voice room as a place: where people sit, what stands between them, and how a voice carries from seat to seat.
//!
//! Picture and sound are both made from this, so that they agree. Lengths are metres, right and forward of the middle of the
//! room; on screen, forward is up. Pure functions: nothing here knows who sits where, only where one can sit.
//! Start with [`Plan`], then [`Plan::carry`].

mod built_in;
mod carry;
mod seat;

pub use built_in::BuiltIn;
pub use carry::{AT_TABLE_M, Carried, FROM_STAGE_M};
pub use seat::{APART_M, REACH_M};

/// A point of the room: right and forward, metres.
pub type Spot = [f32; 2];

/// What a part of a room is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneKind {
    /// Who sits here hears each other as if side by side, and the rest of the room a little less.
    Table,
    /// Little comes in and little gets out.
    Quiet,
    /// Who stands here is heard everywhere.
    Stage,
}

/// A part of a room: a disc.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Zone {
    /// What for.
    pub kind: ZoneKind,
    /// Its middle.
    pub at: Spot,
    /// Metres.
    pub radius: f32,
}

/// A wall, seen from above.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wall {
    /// One end.
    pub from: Spot,
    /// The other.
    pub to: Spot,
}

/// The plan of a room.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// How far the room reaches to the right and forward of its middle.
    pub half: Spot,
    /// Where one can sit, the best seats first.
    pub seats: Vec<Spot>,
    /// Parts that are apart from the rest; where two overlap, the first counts.
    pub zones: Vec<Zone>,
    /// Walls inside the room.
    pub walls: Vec<Wall>,
    /// Where the fire burns.
    pub fire: Option<Spot>,
}

impl Plan {
    /// The zone around a spot, by its place in the list.
    pub fn zone_at(&self, spot: Spot) -> Option<usize> {
        self.zones.iter().position(|zone| distance(zone.at, spot) <= zone.radius)
    }
    /// The nearest spot inside the room.
    pub fn inside(&self, spot: Spot) -> Spot {
        let within = |x: f32, half: f32| if x.is_finite() { x.clamp(-half, half) } else { 0.0 };
        [within(spot[0], self.half[0]), within(spot[1], self.half[1])]
    }
}

/// Metres between two spots.
pub fn distance(a: Spot, b: Spot) -> f32 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}
