//! Cues in the mix: after deafening, so that one hears that one is deaf, and before the limiter.
//!
//! Which one begins comes over a ring, and all sounds are made beforehand: playing allocates nothing and waits for nothing.

use crate::cue::{self, SOUNDS};
use crate::limits::{CUES, RATE};
use hearth_ports::audio::Cue;

/// What is cut off by a newer one is gone within this many samples: 5 ms.
const CUT: f32 = RATE as f32 * 0.005;
/// Of others, this many sound at once.
const OTHERS_AT_ONCE: usize = 2;

/// Which sound, how loud, and whether it is about somebody else.
#[derive(Debug, Clone, Copy)]
struct Start {
    sound: usize,
    gain: f32,
    others: bool,
}

/// Has cues begin.
pub struct CueStarter(rtrb::Producer<Start>);

impl CueStarter {
    /// Begins at the next render; one of one's own cuts off the one before.
    pub fn start(&mut self, cue: Cue) {
        let (sound, gain) = cue::played(cue);
        // A full ring is a storm, and of a storm not all is heard.
        let _ = self.0.push(Start { sound, gain, others: cue::of_others(cue) });
    }
}

/// One that plays.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    sound: usize,
    at: usize,
    /// 0.0: nothing plays.
    gain: f32,
    /// Taken off the gain each sample, once it is cut off.
    falls: f32,
}

/// Plays cues.
pub struct CuePlayer {
    starts: rtrb::Consumer<Start>,
    sounds: [Vec<f32>; SOUNDS.len()],
    /// Own ones, of which the older is on its way out.
    own: [Slot; 2],
    others: [Slot; OTHERS_AT_ONCE],
}

/// Both ends.
pub fn pair() -> (CueStarter, CuePlayer) {
    let (starter, starts) = rtrb::RingBuffer::new(CUES);
    let player =
        CuePlayer { starts, sounds: SOUNDS.map(cue::sound), own: Default::default(), others: Default::default() };
    (CueStarter(starter), player)
}

impl CuePlayer {
    /// Looks for new ones; once a render.
    pub fn heed(&mut self) {
        while let Ok(start) = self.starts.pop() {
            let slot = Slot { sound: start.sound, at: 0, gain: start.gain, falls: 0.0 };
            if !start.others {
                let [now, before] = &mut self.own;
                *before = Slot { falls: now.gain / CUT, ..*now };
                *now = slot;
            } else if let Some(free) = self.others.iter_mut().find(|slot| slot.gain <= 0.0) {
                *free = slot;
            }
        }
    }

    /// The next sample.
    pub fn sample(&mut self) -> f32 {
        let mut sum = 0.0;
        for slot in self.own.iter_mut().chain(&mut self.others).filter(|slot| slot.gain > 0.0) {
            match self.sounds.get(slot.sound).and_then(|sound| sound.get(slot.at)) {
                Some(sample) => {
                    sum += sample * slot.gain;
                    slot.at += 1;
                    slot.gain = (slot.gain - slot.falls).max(0.0);
                }
                None => slot.gain = 0.0,
            }
        }
        sum
    }
}
