//! A corner of the screen: where the overlay over a game is wanted, and where it is.

use serde::{Deserialize, Serialize};

/// What comes first stands nearest to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Corner {
    /// Above, left.
    #[default]
    TopLeft,
    /// Above, right.
    TopRight,
    /// Below, left.
    BottomLeft,
    /// Below, right.
    BottomRight,
}

impl Corner {
    /// On the right side.
    pub fn right(self) -> bool {
        matches!(self, Self::TopRight | Self::BottomRight)
    }
    /// At the lower edge.
    pub fn bottom(self) -> bool {
        matches!(self, Self::BottomLeft | Self::BottomRight)
    }
    /// The one on this side and at this edge.
    pub fn of(right: bool, bottom: bool) -> Self {
        match (right, bottom) {
            (false, false) => Self::TopLeft,
            (true, false) => Self::TopRight,
            (false, true) => Self::BottomLeft,
            (true, true) => Self::BottomRight,
        }
    }
}
