//! Geometry of the room: how loud and from where a talker is heard.

use hearth_ports::audio::Place;

/// Heard in full up to here, in metres.
pub const NEAR_M: f32 = 1.0;
/// From here a voice fades out, in metres.
pub const FADE_M: f32 = 12.0;
/// From here it is not heard at all, in metres.
pub const FAR_M: f32 = 15.0;
/// Nearer than this a direction means little, in metres.
const CLOSE_M: f32 = 0.5;

/// How a talker's place is heard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heard {
    /// 1.0 up to [`NEAR_M`], half at every doubling, 0.0 from [`FAR_M`].
    pub gain: f32,
    /// To the right of straight ahead, in radians, -pi to pi.
    pub azimuth: f32,
    /// 0.0 in one's own head to 1.0 for a clear direction.
    pub directed: f32,
}

impl Heard {
    /// From the middle.
    pub const MIDDLE: Self = Self { gain: 1.0, azimuth: 0.0, directed: 0.0 };

    /// As heard from the listener's seat.
    pub fn from(place: Option<Place>) -> Self {
        let Some(place) = place else { return Self::MIDDLE };
        let distance = place.x.hypot(place.y);
        let fade = ((FAR_M - distance) / (FAR_M - FADE_M)).clamp(0.0, 1.0);
        Self {
            gain: (NEAR_M / distance.max(NEAR_M)) * fade,
            azimuth: if distance > 1e-3 { place.x.atan2(place.y) } else { 0.0 },
            directed: (distance / CLOSE_M).clamp(0.0, 1.0),
        }
    }

    /// Gains of the left and right speaker: constant power, unity for straight ahead; behind is heard as in front.
    pub fn pan(self) -> (f32, f32) {
        let side = self.azimuth.sin() * self.directed;
        let angle = (side + 1.0) * std::f32::consts::FRAC_PI_4;
        (angle.cos() * std::f32::consts::SQRT_2, angle.sin() * std::f32::consts::SQRT_2)
    }
}

/// The smaller angle between two azimuths, in radians.
pub fn turn(from: f32, to: f32) -> f32 {
    let full = std::f32::consts::TAU;
    let turned = (to - from).rem_euclid(full);
    turned.min(full - turned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f32, y: f32) -> Heard {
        Heard::from(Some(Place { x, y }))
    }

    #[test]
    fn every_doubling_of_the_distance_halves_the_sound_until_it_is_gone() {
        assert_eq!(at(0.0, 0.5).gain, 1.0);
        for (metres, gain) in [(1.0, 1.0), (2.0, 0.5), (4.0, 0.25), (8.0, 0.125)] {
            assert!((at(metres, 0.0).gain - gain).abs() < 1e-6);
            assert!((at(0.0, -metres).gain - gain).abs() < 1e-6);
        }
        assert!(at(14.0, 0.0).gain > 0.0);
        assert_eq!(at(15.0, 0.0).gain, 0.0);
        assert_eq!(at(1e30, 0.0).gain, 0.0);
    }

    #[test]
    fn panning_keeps_the_power_and_knows_its_sides() {
        for step in 0..64 {
            let angle = step as f32 * 0.1;
            let (left, right) = at(3.0 * angle.sin(), 3.0 * angle.cos()).pan();
            assert!((left * left + right * right - 2.0).abs() < 1e-4);
        }
        let (left, right) = at(-2.0, 0.0).pan();
        assert!(left > 1.4 && right.abs() < 1e-3);
        let (left, right) = Heard::MIDDLE.pan();
        assert!((left - 1.0).abs() < 1e-6 && (right - 1.0).abs() < 1e-6);
    }

    #[test]
    fn turning_takes_the_short_way() {
        let close = |a: f32, b: f32| (a - b).abs() < 1e-5;
        assert!(close(turn(3.0, -3.0), std::f32::consts::TAU - 6.0));
        assert!(close(turn(0.5, 0.25), 0.25));
    }
}
