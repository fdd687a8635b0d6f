//! Where one stands in a game, as games tell it to Mumble: a shared file that a game writes and whoever wants reads.
//!
//! The file is read from time to time, never mapped: a game that cuts it short while it is read must not end this program.

use crate::limits;
use hearth_room::{Plan, Spot};
use std::path::{Path, PathBuf};
use std::time::Instant;

const POSITION: usize = 8;
const CONTEXT_LENGTH: usize = 2_128;
const CONTEXT: usize = 2_132;
/// The layout of today; version 1 had no world.
const VERSION: u32 = 2;

/// Where one stands in a game.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InGame {
    /// Right, up and forward, metres from the middle of the game's world.
    pub at: [f32; 3],
    /// Stands for the server and the part of its world; only places of an equal one can be compared.
    pub context: [u8; 8],
}

/// Bytes of the file, and the count that rises while the game runs. None if they tell no place.
pub fn read(bytes: &[u8]) -> Option<(u32, InGame)> {
    let number = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    if number(0)? != VERSION {
        return None;
    }
    let metres = |axis: usize| {
        let metres = f32::from_bits(number(POSITION + 4 * axis)?);
        (metres.abs() <= limits::LINK_METRES).then_some(metres)
    };
    let at = [metres(0)?, metres(1)?, metres(2)?];
    let length = usize::try_from(number(CONTEXT_LENGTH)?).ok().filter(|n| *n <= limits::LINK_CONTEXT_BYTES)?;
    // All zero is what games write in menus, where one stands nowhere.
    if at == [0.0; 3] || length == 0 {
        return None;
    }
    Some((number(4)?, InGame { at, context: short(bytes.get(CONTEXT..CONTEXT + length)?) }))
}

/// FNV-1a, 64 bits: tells worlds apart, hides nothing.
fn short(bytes: &[u8]) -> [u8; 8] {
    let step = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step).to_be_bytes()
}

/// Watches whether a game still writes.
#[derive(Debug, Default)]
pub struct Alive {
    tick: Option<(u32, Instant)>,
}

impl Alive {
    /// Where one stands, if the file's count changed within [`limits::LINK_STALE`]. A file found with a count is believed
    /// only once it changes: a game that ended leaves its file behind.
    pub fn look(&mut self, bytes: &[u8], now: Instant) -> Option<InGame> {
        let Some((tick, place)) = read(bytes) else {
            self.tick = None;
            return None;
        };
        match self.tick {
            Some((last, _)) if last != tick => self.tick = Some((tick, now)),
            Some(_) => {}
            // A stale one, as far as is known.
            None => self.tick = Some((tick, now.checked_sub(limits::LINK_STALE).unwrap_or(now))),
        }
        self.tick.filter(|(_, at)| now.duration_since(*at) < limits::LINK_STALE).map(|_| place)
    }
}

/// The file of this person, where there is one.
pub fn file() -> Option<PathBuf> {
    #[cfg(target_os = "linux")]
    return Some(format!("/dev/shm/MumbleLink.{}", rustix::process::geteuid().as_raw()).into());
    #[cfg(not(target_os = "linux"))]
    None
}

/// What is in the file now, if it is a file and this person's. Anybody on this computer can put one there.
#[cfg(target_os = "linux")]
pub fn bytes(path: &Path) -> Option<Vec<u8>> {
    use rustix::fs::{Mode, OFlags};
    use std::io::Read as _;
    use std::os::unix::fs::MetadataExt as _;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = std::fs::File::from(rustix::fs::open(path, flags, Mode::empty()).ok()?);
    let meta = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
    if meta.uid() != rustix::process::geteuid().as_raw() {
        return None;
    }
    let mut bytes = Vec::with_capacity(limits::LINK_BYTES);
    file.take(limits::LINK_BYTES as u64).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Nothing is read here yet.
#[cfg(not(target_os = "linux"))]
pub fn bytes(_path: &Path) -> Option<Vec<u8>> {
    None
}

/// The part of a game's world that a room shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ground {
    /// What of the world is the middle of the room: right and forward, metres.
    pub middle: [f32; 2],
    /// Metres of the world on one metre of the room.
    pub scale: f32,
}

/// Where one sits in a room who stands there in a game; the nearest spot inside if that is outside. Height is left out.
pub fn seat(at: [f32; 3], ground: &Ground, plan: &Plan) -> Spot {
    let scale = if ground.scale.is_finite() && ground.scale > 0.0 { ground.scale } else { 1.0 };
    plan.inside([(at[0] - ground.middle[0]) / scale, (at[2] - ground.middle[1]) / scale])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use hearth_room::BuiltIn;
    use proptest::prelude::*;
    use std::time::Duration;

    fn written(tick: u32, at: [f32; 3], context: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; limits::LINK_BYTES];
        bytes[..4].copy_from_slice(&VERSION.to_le_bytes());
        bytes[4..8].copy_from_slice(&tick.to_le_bytes());
        for (axis, metres) in at.iter().enumerate() {
            bytes[POSITION + 4 * axis..][..4].copy_from_slice(&metres.to_le_bytes());
        }
        bytes[CONTEXT_LENGTH..][..4].copy_from_slice(&(context.len() as u32).to_le_bytes());
        bytes[CONTEXT..][..context.len()].copy_from_slice(context);
        bytes
    }

    #[test]
    fn a_place_is_read_and_worlds_are_told_apart() {
        let (tick, here) = read(&written(7, [1.5, 2.0, -3.0], b"server 1")).unwrap();
        assert_eq!((tick, here.at), (7, [1.5, 2.0, -3.0]));
        let context = |name: &[u8]| read(&written(1, [1.0; 3], name)).unwrap().1.context;
        assert_eq!(context(b"server 1"), here.context);
        assert_ne!(context(b"server 2"), here.context);
    }

    #[test]
    fn what_is_no_place_is_none() {
        assert_eq!(read(&[]), None);
        assert_eq!(read(&written(1, [0.0; 3], b"x")), None, "a menu");
        assert_eq!(read(&written(1, [1.0; 3], b"")), None, "no world");
        for odd in [f32::NAN, f32::INFINITY, f32::MAX] {
            assert_eq!(read(&written(1, [1.0, odd, 0.0], b"x")), None);
        }
        let mut bytes = written(1, [1.0; 3], b"x");
        assert_eq!(read(&bytes[..CONTEXT]), None, "cut short");
        bytes[CONTEXT_LENGTH..][..4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(read(&bytes), None, "a world longer than the room for it");
    }

    #[test]
    fn a_game_that_ended_is_not_believed() {
        let (mut alive, start) = (Alive::default(), Instant::now());
        let after = |ms: u64| start + Duration::from_millis(ms);
        let mut look = |tick: u32, ms: u64| alive.look(&written(tick, [1.0; 3], b"x"), after(ms)).is_some();
        assert!(!look(5, 0), "left behind, as far as is known");
        assert!(look(6, 200));
        assert!(look(6, 2_100));
        assert!(!look(6, 2_300), "it stands still");
        assert!(look(7, 2_500));
    }

    #[test]
    fn a_seat_is_inside_the_room() {
        let plan = BuiltIn::default().plan();
        let ground = Ground { middle: [100.0, 200.0], scale: 10.0 };
        assert_eq!(seat([100.0, 55.0, 200.0], &ground, &plan), [0.0, 0.0]);
        assert_eq!(seat([110.0, 0.0, 180.0], &ground, &plan), [1.0, -2.0]);
        assert_eq!(seat([1e6, 0.0, -1e6], &ground, &plan), [plan.half[0], -plan.half[1]]);
        let broken = Ground { middle: [f32::NAN, 0.0], scale: 0.0 };
        assert_eq!(seat([1.0, 0.0, 1.0], &broken, &plan), [0.0, 1.0]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn only_a_file_of_ones_own_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let (path, link) = (dir.path().join("link"), dir.path().join("other"));
        assert_eq!(bytes(&path), None);
        std::fs::write(&path, written(1, [1.0; 3], b"x")).unwrap();
        assert_eq!(bytes(&path).unwrap().len(), limits::LINK_BYTES);
        std::fs::write(&path, vec![0; 1 << 20]).unwrap();
        assert_eq!(bytes(&path).unwrap().len(), limits::LINK_BYTES, "no more than is needed");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(bytes(&link), None);
        assert_eq!(bytes(dir.path()), None);
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(mut bytes in prop::collection::vec(any::<u8>(), 0..2_400), ours in any::<bool>()) {
            if ours && bytes.len() > 4 {
                bytes[..4].copy_from_slice(&VERSION.to_le_bytes());
            }
            if let Some((_, place)) = read(&bytes) {
                prop_assert!(place.at.iter().all(|metres| metres.is_finite()));
            }
        }
    }
}
