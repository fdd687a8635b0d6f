//! Every bound of what games may say, in one place.

use std::time::Duration;

/// Bytes of one frame's text; a longer one ends the connection.
pub const FRAME_BYTES: usize = 64 * 1024;
/// Programs connected at once; a further one is turned away.
pub const CONNECTIONS: usize = 8;
/// Bytes taken from one program before others have their turn.
pub const READ_BYTES: usize = 4 * 1024;
/// Bytes taken from one program in a second; then it waits for the next.
pub const BYTES_A_SECOND: usize = 256 * 1024;
/// New connections taken before those that stand have their turn.
pub const ACCEPTS: usize = 16;
/// A program that connects has to say hello within this.
pub const HELLO: Duration = Duration::from_secs(10);
/// Between two changes that are told.
pub const BETWEEN: Duration = Duration::from_secs(4);
/// Names of the socket that are tried: `discord-ipc-0` and so on.
pub const SLOTS: u8 = 10;
/// Bytes read of what the system knows of a program's name.
pub const PROCESS_BYTES: u64 = 4 * 1024;
/// A beginning further ahead than this is none.
pub const AHEAD_MS: u64 = 60_000;
/// Largest party that is told.
pub const PARTY: u64 = 1_000;
/// Pause after an error of the system, so that it is not asked without end.
pub const ERROR_PAUSE: Duration = Duration::from_secs(1);

/// Bytes of a position as games write it.
pub const LINK_BYTES: usize = 10_580;
/// Bytes of the world's name in it.
pub const LINK_CONTEXT_BYTES: usize = 256;
/// A position that does not change its count for this long is a game's that ended.
pub const LINK_STALE: Duration = Duration::from_secs(2);
/// Metres from the middle of a game's world that are still a place in it.
pub const LINK_METRES: f32 = 10_000_000.0;
