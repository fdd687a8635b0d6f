//! Rooms that come with the program.

use crate::{Plan, Spot, Wall, Zone, ZoneKind, distance};
use std::f32::consts::{FRAC_PI_2, TAU};

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BuiltIn {
    /// Two rings of seats around a fire.
    #[default]
    Fireside,
    /// A sofa, a table, a bar, and a quiet corner behind a wall.
    LivingRoom,
    /// A stage and three rows before it.
    Theatre,
    /// Four tables with walls between them.
    Squads,
}

impl BuiltIn {
    /// In the order they are offered.
    pub const ALL: [Self; 4] = [Self::Fireside, Self::LivingRoom, Self::Theatre, Self::Squads];

    /// Its name, for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fireside => "Fireside",
            Self::LivingRoom => "Living room",
            Self::Theatre => "Theatre",
            Self::Squads => "Squads",
        }
    }

    /// Its name, for programs.
    pub fn key(self) -> &'static str {
        match self {
            Self::Fireside => "fireside",
            Self::LivingRoom => "living_room",
            Self::Theatre => "theatre",
            Self::Squads => "squads",
        }
    }

    /// The room of that name.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|room| room.key() == key)
    }

    /// What it is like, in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Fireside => "Everybody around one fire",
            Self::LivingRoom => "A sofa, a table and a quiet corner",
            Self::Theatre => "A stage that all can hear",
            Self::Squads => "Four tables, apart from each other",
        }
    }

    /// Its plan.
    pub fn plan(self) -> Plan {
        match self {
            Self::Fireside => fireside(),
            Self::LivingRoom => living_room(),
            Self::Theatre => theatre(),
            Self::Squads => squads(),
        }
    }
}

/// `n` spots on an ellipse, evenly, from `from` on (radians, to the left of forward).
fn ring(middle: Spot, reach: Spot, n: usize, from: f32) -> impl Iterator<Item = Spot> {
    (0..n).map(move |i| {
        let turn = from + TAU * i as f32 / n as f32;
        [middle[0] - reach[0] * turn.sin(), middle[1] + reach[1] * turn.cos()]
    })
}

/// The seats of a ring in an order that fills it evenly: opposite ones first.
fn spread(ring: Vec<Spot>) -> Vec<Spot> {
    let n = ring.len();
    let half = n.div_ceil(2);
    let order = (0..half).flat_map(|i| [i, i + half]).filter(|i| *i < n);
    order.filter_map(|i| ring.get(i).copied()).collect()
}

/// `n` spots on an ellipse around the middle, as far from each other along it, beginning in front.
fn along(reach: Spot, n: usize) -> Vec<Spot> {
    const STEPS: usize = 2_048;
    let fine: Vec<Spot> = ring([0.0, 0.0], reach, STEPS, 0.0).collect();
    let steps: Vec<f32> = (0..STEPS).map(|i| distance(fine[i], fine[(i + 1) % STEPS])).collect();
    let whole: f32 = steps.iter().sum();
    let (mut spots, mut gone) = (Vec::with_capacity(n), 0.0);
    for (spot, step) in fine.into_iter().zip(steps) {
        if spots.len() < n && gone >= whole * spots.len() as f32 / n as f32 {
            spots.push(spot);
        }
        gone += step;
    }
    spots
}

/// Six around a table, three and three, so that a name has room beneath everybody. Opposite ones first.
fn facing([x, y]: Spot) -> [Spot; 6] {
    [[0.0, 0.72], [0.0, -0.62], [-1.08, 0.56], [1.08, -0.66], [1.08, 0.56], [-1.08, -0.66]].map(|[a, b]| [x + a, y + b])
}

fn fireside() -> Plan {
    let mut seats = spread(ring([0.0, 0.0], [2.3, 1.5], 8, FRAC_PI_2).collect());
    seats.extend(spread(along([4.25, 2.78], 17)));
    Plan {
        half: [4.9, 3.2],
        seats,
        zones: vec![Zone { kind: ZoneKind::Table, at: [0.0, 0.0], radius: 2.72 }],
        walls: Vec::new(),
        fire: Some([0.0, 0.0]),
    }
}

fn living_room() -> Plan {
    let (sofa, table, corner) = ([-2.9, 0.75], [1.15, 0.75], [3.75, -1.95]);
    let mut seats: Vec<Spot> = facing(sofa).to_vec();
    seats.extend(facing(table));
    seats.extend((0..6).map(|i| [-4.2 + 1.2 * i as f32, -2.45]));
    seats.extend([[3.25, -1.6], [4.25, -1.6], [3.75, -2.72]]);
    seats.extend((0..3).map(|i| [4.3, 2.6 - 1.25 * i as f32]));
    seats.extend([[-2.25, 2.75], [0.5, 2.75]]);
    Plan {
        half: [4.9, 3.2],
        seats,
        zones: vec![
            Zone { kind: ZoneKind::Table, at: sofa, radius: 1.6 },
            Zone { kind: ZoneKind::Table, at: table, radius: 1.6 },
            Zone { kind: ZoneKind::Quiet, at: corner, radius: 1.12 },
        ],
        walls: vec![Wall { from: [2.5, -3.1], to: [2.5, -0.9] }],
        fire: Some([-0.88, 2.5]),
    }
}

fn theatre() -> Plan {
    let stage = [0.0, 1.95];
    let mut seats = Vec::new();
    for (row, count) in [(0u8, 7), (1, 8), (2, 9)] {
        let forward = 0.02 - 1.22 * f32::from(row);
        let wide = 1.1;
        // From the middle outwards.
        let mut across: Vec<f32> = (0..count).map(|i| (i as f32 - (count as f32 - 1.0) / 2.0) * wide).collect();
        across.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
        seats.extend(across.into_iter().map(|x| [x, forward - 0.03 * x * x]));
    }
    seats.extend([[0.0, 2.25], [-1.05, 2.0], [1.05, 2.0]]);
    Plan {
        half: [4.9, 3.35],
        seats,
        zones: vec![Zone { kind: ZoneKind::Stage, at: stage, radius: 1.55 }],
        walls: Vec::new(),
        fire: None,
    }
}

fn squads() -> Plan {
    let middles = [[-2.5, 1.65], [2.5, 1.65], [-2.5, -1.65], [2.5, -1.65]];
    let seats = middles.into_iter().flat_map(facing).collect();
    Plan {
        half: [4.9, 3.2],
        seats,
        zones: middles.into_iter().map(|at| Zone { kind: ZoneKind::Table, at, radius: 1.5 }).collect(),
        walls: vec![
            Wall { from: [0.0, 0.55], to: [0.0, 2.9] },
            Wall { from: [0.0, -2.9], to: [0.0, -0.55] },
            Wall { from: [-4.5, 0.0], to: [-0.75, 0.0] },
            Wall { from: [0.75, 0.0], to: [4.5, 0.0] },
        ],
        fire: Some([0.0, 0.0]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::APART_M;

    #[test]
    fn every_plan_seats_twenty_four_apart_from_each_other_and_inside() {
        for room in BuiltIn::ALL {
            let plan = room.plan();
            assert!(plan.seats.len() >= 24, "{room:?}: {}", plan.seats.len());
            for (n, a) in plan.seats.iter().enumerate() {
                assert_eq!(plan.inside(*a), *a, "{room:?} {n}");
                for (m, b) in plan.seats.iter().enumerate().take(n) {
                    assert!(distance(*a, *b) >= APART_M, "{room:?}: {m} and {n}");
                }
            }
        }
    }
}
