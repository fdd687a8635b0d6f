//! Every bound of the watcher in one place.

use std::time::Duration;

/// Chords watched at once; what is beyond is left out.
pub const BINDINGS: usize = 32;
/// Watched keys that may be down at once, counted on each keyboard; further presses are not told.
pub const HELD: usize = 256;
/// Events taken from a display or a device before they are acted on.
pub const EVENTS: usize = 64;
/// Devices read at once.
pub const DEVICES: usize = 64;
/// Bytes of a written chord.
pub const CHORD_BYTES: usize = 64;
/// Longest wait for a first answer of the display.
pub const OPEN: Duration = Duration::from_secs(5);
/// Pause between two tries to reach a display that went away.
pub const RETRY: Duration = Duration::from_secs(1);
/// Longest wait for the watcher to end; a display may hang.
pub const END: Duration = Duration::from_secs(2);
