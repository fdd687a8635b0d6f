//! Who sits where when nobody has said.

use crate::{Plan, Spot, distance};

/// Nearer than this, two people sit on each other.
pub const APART_M: f32 = 0.6;
/// Somebody who is put down this near to a free seat sits on it.
pub const REACH_M: f32 = 0.55;

/// Rows of those who stand because every seat is taken.
const STANDING_APART_M: f32 = 0.61;

impl Plan {
    /// The best spot that nobody has: a seat, or standing room when all are taken.
    pub fn free(&self, taken: &[Spot]) -> Spot {
        let free = |spot: &Spot| taken.iter().all(|other| distance(*other, *spot) >= APART_M);
        self.seats.iter().copied().find(free).or_else(|| self.standing().find(free)).unwrap_or_default()
    }

    /// Where somebody sits who was put down at `spot`: the seat within reach if it is free, else right there.
    pub fn settle(&self, spot: Spot, taken: &[Spot]) -> Spot {
        let spot = self.inside(spot);
        let free = |seat: &&Spot| taken.iter().all(|other| distance(*other, **seat) >= APART_M);
        let near = self.seats.iter().filter(free).min_by(|a, b| distance(**a, spot).total_cmp(&distance(**b, spot)));
        near.filter(|seat| distance(**seat, spot) <= REACH_M).copied().unwrap_or(spot)
    }

    /// A spot for everybody: who has one keeps it, the rest take the free ones in the order given.
    pub fn seated(&self, people: &[Option<Spot>]) -> Vec<Spot> {
        let mut taken: Vec<Spot> = people.iter().flatten().map(|spot| self.inside(*spot)).collect();
        let mut spots = Vec::with_capacity(people.len());
        for wish in people {
            spots.push(wish.map_or_else(
                || {
                    let spot = self.free(&taken);
                    taken.push(spot);
                    spot
                },
                |spot| self.inside(spot),
            ));
        }
        spots
    }

    /// From the back of the room forward, each row from the middle outward.
    fn standing(&self) -> impl Iterator<Item = Spot> {
        let [right, forward] = self.half;
        let (columns, rows) = (2 * (right / STANDING_APART_M) as usize, (2.0 * forward / STANDING_APART_M) as usize);
        (0..=rows).flat_map(move |row| {
            let y = -forward + row as f32 * STANDING_APART_M;
            (0..=columns).map(move |n| {
                let away = n.div_ceil(2) as f32 * STANDING_APART_M;
                [if n % 2 == 0 { away } else { -away }, y]
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::{APART_M, BuiltIn, distance};

    #[test]
    fn a_hundred_people_all_find_a_place_of_their_own() {
        for room in BuiltIn::ALL {
            let plan = room.plan();
            let spots = plan.seated(&[None; 100]);
            for (n, a) in spots.iter().enumerate() {
                assert_eq!(plan.inside(*a), *a);
                assert!(spots.iter().take(n).all(|b| distance(*a, *b) >= APART_M * 0.99), "{room:?}: {n}");
            }
        }
    }

    #[test]
    fn who_has_a_place_keeps_it_and_who_comes_sits_elsewhere() {
        let plan = BuiltIn::Fireside.plan();
        let best = plan.seats.first().copied();
        let spots = plan.seated(&[None, best, None]);
        assert_eq!(spots.get(1).copied(), best);
        assert_eq!(spots.first(), plan.seats.get(1));
        assert_eq!(spots.get(2), plan.seats.get(2));
    }

    #[test]
    fn putting_somebody_down_near_a_seat_sits_them_on_it_unless_it_is_taken() {
        let plan = BuiltIn::Fireside.plan();
        let Some(seat) = plan.seats.first().copied() else { return };
        let beside = [seat[0] + 0.3, seat[1] - 0.2];
        assert_eq!(plan.settle(beside, &[]), seat);
        assert_eq!(plan.settle(beside, &[seat]), beside);
        assert_eq!(plan.settle([99.0, 0.0], &[]), [plan.half[0], 0.0]);
    }
}
