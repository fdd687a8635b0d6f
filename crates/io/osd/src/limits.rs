//! Every bound of the overlay.

use std::time::Duration;

/// People shown at most; who speaks goes first.
pub const PEOPLE: usize = 8;
/// Toasts shown at most.
pub const TOASTS: usize = 2;
/// Characters of a name or a line that are looked at.
pub const TEXT: usize = 160;
/// Least time between two pictures.
pub const BETWEEN_PICTURES: Duration = Duration::from_millis(100);
/// Least time between two looks at what stands above the overlay and where the active window is.
pub const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
/// How long to wait before a display that went is tried again.
pub const RETRY: Duration = Duration::from_secs(1);
/// Events that wait for the client.
pub const EVENTS: usize = 16;
/// Windows above the overlay that are looked at.
pub const ABOVE: usize = 64;
/// Steps of a speaking ring between quiet and loud: less is not seen, and costs a picture.
pub const RING_STEPS: f32 = 8.0;
/// How long somebody stays after their last word.
pub const LINGER_MS: u64 = 3_000;
/// How long it then takes to fade.
pub const FADE_MS: u64 = 400;
