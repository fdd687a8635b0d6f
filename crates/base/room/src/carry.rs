//! How a voice carries from one spot to another.

use crate::{Plan, Spot, Wall, ZoneKind, distance};

/// Within one table, nobody is heard from farther than this.
pub const AT_TABLE_M: f32 = 1.4;
/// Who stands on a stage is heard from no farther than this.
pub const FROM_STAGE_M: f32 = 1.6;

/// What a quiet corner takes from a voice that goes in or out.
const QUIET: f32 = 0.85;
/// What the edge of a table takes.
const TABLE: f32 = 0.2;
/// What one wall takes.
const WALL: f32 = 0.55;

/// A voice as it arrives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Carried {
    /// Where it seems to come from, relative to the listener: its direction is the true one.
    pub place: Spot,
    /// What stands between: 0.0 open air, 1.0 a closed wall.
    pub occlusion: f32,
}

impl Plan {
    /// A voice from `talker` as it is heard at `listener`.
    pub fn carry(&self, talker: Spot, listener: Spot) -> Carried {
        let way = [talker[0] - listener[0], talker[1] - listener[1]];
        let (there, here) = (self.zone_at(talker), self.zone_at(listener));
        let kind = |zone: Option<usize>| zone.and_then(|n| self.zones.get(n)).map(|zone| zone.kind);
        if kind(there) == Some(ZoneKind::Stage) {
            return Carried { place: at_most(way, FROM_STAGE_M), occlusion: 0.0 };
        }
        if there.is_some() && there == here {
            let far = if kind(there) == Some(ZoneKind::Table) { AT_TABLE_M } else { f32::INFINITY };
            return Carried { place: at_most(way, far), occlusion: 0.0 };
        }
        let edges = [kind(there), kind(here)].map(|kind| match kind {
            Some(ZoneKind::Quiet) => QUIET,
            Some(ZoneKind::Table) => TABLE,
            Some(ZoneKind::Stage) | None => 0.0,
        });
        let walls = self.walls.iter().filter(|wall| crosses(**wall, talker, listener)).map(|_| WALL);
        let through = edges.into_iter().chain(walls).fold(1.0, |through, taken| through * (1.0 - taken));
        Carried { place: way, occlusion: 1.0 - through }
    }
}

fn at_most(way: Spot, far: f32) -> Spot {
    let long = distance(way, [0.0, 0.0]);
    if long > far { way.map(|x| x * far / long) } else { way }
}

/// On which side of the line from `a` to `b` a point lies.
fn side(a: Spot, b: Spot, p: Spot) -> f32 {
    (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])
}

fn crosses(wall: Wall, a: Spot, b: Spot) -> bool {
    side(wall.from, wall.to, a) * side(wall.from, wall.to, b) < 0.0
        && side(a, b, wall.from) * side(a, b, wall.to) <= 0.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BuiltIn, Zone};

    fn room(zones: Vec<Zone>, walls: Vec<Wall>) -> Plan {
        Plan { half: [5.0, 5.0], seats: Vec::new(), zones, walls, fire: None }
    }

    #[test]
    fn in_the_open_a_voice_comes_from_where_it_is() {
        let heard = room(Vec::new(), Vec::new()).carry([3.0, 1.0], [1.0, -1.0]);
        assert_eq!(heard, Carried { place: [2.0, 2.0], occlusion: 0.0 });
    }

    #[test]
    fn at_one_table_everybody_is_near_and_keeps_their_side() {
        let plan = room(vec![Zone { kind: ZoneKind::Table, at: [0.0, 0.0], radius: 3.0 }], Vec::new());
        let across = plan.carry([-2.0, 0.0], [2.0, 0.0]);
        assert_eq!(across, Carried { place: [-AT_TABLE_M, 0.0], occlusion: 0.0 });
        let outside = plan.carry([-2.0, 0.0], [4.0, 0.0]);
        assert_eq!(outside.place, [-6.0, 0.0]);
        assert!(outside.occlusion > 0.1 && outside.occlusion < 0.3);
    }

    #[test]
    fn a_quiet_corner_keeps_its_voices_and_a_stage_gives_them_to_all() {
        let quiet = Zone { kind: ZoneKind::Quiet, at: [3.0, 3.0], radius: 1.0 };
        let stage = Zone { kind: ZoneKind::Stage, at: [-3.0, 3.0], radius: 1.0 };
        let wall = Wall { from: [0.0, -5.0], to: [0.0, 5.0] };
        let plan = room(vec![quiet, stage], vec![wall]);
        assert!(plan.carry([3.0, 3.0], [1.0, 0.0]).occlusion > 0.8);
        assert!(plan.carry([1.0, 0.0], [3.0, 3.0]).occlusion > 0.8);
        assert_eq!(plan.carry([3.2, 3.0], [2.8, 3.0]).occlusion, 0.0);
        let far = plan.carry([-3.0, 3.0], [4.0, -4.0]);
        assert_eq!(far.occlusion, 0.0);
        assert!((distance(far.place, [0.0, 0.0]) - FROM_STAGE_M).abs() < 1e-4);
    }

    #[test]
    fn each_wall_between_takes_its_part_and_the_others_nothing() {
        let wall = |x: f32| Wall { from: [x, -1.0], to: [x, 1.0] };
        let plan = room(Vec::new(), vec![wall(0.0), wall(1.0)]);
        assert_eq!(plan.carry([-1.0, 0.0], [-2.0, 0.0]).occlusion, 0.0);
        assert_eq!(plan.carry([-1.0, 3.0], [2.0, 3.0]).occlusion, 0.0, "past its end");
        let one = plan.carry([-1.0, 0.0], [0.5, 0.0]).occlusion;
        let two = plan.carry([-1.0, 0.0], [2.0, 0.0]).occlusion;
        assert!((one - WALL).abs() < 1e-6 && two > one && two < 1.0);
    }

    #[test]
    fn squads_hear_their_own_table_best() {
        let plan = BuiltIn::Squads.plan();
        let (own, other) = (plan.carry([-2.5, 2.6], [-2.5, 0.7]), plan.carry([2.5, 2.6], [-2.5, 0.7]));
        assert!(own.occlusion == 0.0 && other.occlusion > 0.6);
    }

    #[test]
    fn nonsense_arrives_as_something() {
        for odd in [f32::NAN, f32::INFINITY, f32::MAX] {
            let plan = BuiltIn::Squads.plan();
            let heard = plan.carry(plan.inside([odd, 0.0]), [0.0, 0.0]);
            assert!(heard.place.iter().all(|x| x.is_finite()) && heard.occlusion.is_finite());
        }
    }
}
