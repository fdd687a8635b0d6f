//! Where on the screens.

use crate::Corner;

/// A monitor, in pixels of the whole screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) w: i32,
    pub(super) h: i32,
}

impl Area {
    pub(super) fn has(self, (x, y): (i32, i32)) -> bool {
        (self.x..self.x + self.w).contains(&x) && (self.y..self.y + self.h).contains(&y)
    }

    pub(super) fn meets(self, other: Self) -> bool {
        self.x < other.x + other.w
            && other.x < self.x + self.w
            && self.y < other.y + other.h
            && other.y < self.y + self.h
    }

    pub(super) fn middle(self) -> (i32, i32) {
        (self.x + self.w / 2, self.y + self.h / 2)
    }

    /// Where a window of `size` lies in `corner`.
    pub(super) fn place(self, corner: Corner, margin: i32, (w, h): (i32, i32)) -> (i32, i32) {
        let x = if corner.right() { self.x + self.w - margin - w } else { self.x + margin };
        let y = if corner.bottom() { self.y + self.h - margin - h } else { self.y + margin };
        (x, y)
    }

    /// The corner that a point is nearest to.
    pub(super) fn corner_at(self, (x, y): (i32, i32)) -> Corner {
        let middle = self.middle();
        Corner::of(x > middle.0, y > middle.1)
    }
}

/// The monitor with the middle of the active window, or the one there was, or the first.
pub(super) fn choose(monitors: &[Area], active: Option<Area>, before: Option<Area>) -> Option<Area> {
    let with_active = active.and_then(|w| monitors.iter().find(|m| m.has(w.middle())));
    let still = before.and_then(|b| monitors.iter().find(|m| **m == b));
    with_active.or(still).or(monitors.first()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEFT: Area = Area { x: 0, y: 0, w: 800, h: 600 };
    const RIGHT: Area = Area { x: 800, y: 100, w: 400, h: 300 };

    #[test]
    fn corners_are_those_of_the_monitor() {
        assert_eq!(RIGHT.place(Corner::TopLeft, 10, (50, 20)), (810, 110));
        assert_eq!(RIGHT.place(Corner::BottomRight, 10, (50, 20)), (1140, 370));
        for corner in [Corner::TopLeft, Corner::TopRight, Corner::BottomLeft, Corner::BottomRight] {
            let (x, y) = RIGHT.place(corner, 10, (50, 20));
            assert_eq!(RIGHT.corner_at((x + 25, y + 10)), corner);
        }
    }

    #[test]
    fn it_goes_where_the_active_window_is() {
        let monitors = [LEFT, RIGHT];
        let game = Area { x: 790, y: 100, w: 400, h: 300 };
        assert_eq!(choose(&monitors, Some(game), Some(LEFT)), Some(RIGHT));
        assert_eq!(choose(&monitors, None, Some(RIGHT)), Some(RIGHT), "stays while nothing is active");
        assert_eq!(choose(&monitors[..1], None, Some(RIGHT)), Some(LEFT), "its monitor was unplugged");
        assert_eq!(choose(&monitors, Some(Area { x: -900, ..game }), None), Some(LEFT));
        assert_eq!(choose(&[], Some(game), None), None);
    }
}
