//! Sounds of our own that say what happened in a call: what each is like, and how many there may be.
//!
//! A cue is a few struck bars, as of a marimba: the tone itself, and two overtones that are gone sooner. What comes or opens
//! rises, what goes or closes falls; rooms are a fifth, the microphone a third, hearing an octave, and a lost call three
//! steps down. Everything here is a pure function.

use crate::limits::{CUES_A_SECOND, OTHERS_CUES_A_SECOND, RATE};
use hearth_ports::audio::Cue;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Loudest sample of a cue of one's own: -18 dBFS, where speech reaches -6.
pub const PEAK: f32 = 0.125;
/// How much softer others' coming and going is.
const OTHERS: f32 = 0.5;
/// From silence to the blow, and from what is left of the tone to silence.
const ATTACK_S: f32 = 0.003;
const RELEASE_S: f32 = 0.030;
/// Overtones of a tuned bar: multiple of the tone, share of its loudness, time in which it falls to a third.
const PARTIALS: [(f32, f32, f32); 3] = [(1.0, 1.0, 0.065), (4.0, 0.22, 0.022), (10.0, 0.05, 0.008)];

/// One blow: when it falls, in milliseconds, and its tone, in Hz.
type Blow = (u16, f32);

/// Cues that sound different.
pub const SOUNDS: [Cue; 7] =
    [Cue::Joined, Cue::Left, Cue::Lost, Cue::Muted, Cue::Unmuted, Cue::Deafened, Cue::Undeafened];

/// Which of [`SOUNDS`] it is, and how loud.
pub fn played(cue: Cue) -> (usize, f32) {
    let (sound, gain) = match cue {
        Cue::Came => (Cue::Joined, OTHERS),
        Cue::Went => (Cue::Left, OTHERS),
        own => (own, 1.0),
    };
    (SOUNDS.iter().position(|cue| *cue == sound).unwrap_or(0), gain)
}

/// Whether it is about somebody else.
pub fn of_others(cue: Cue) -> bool {
    matches!(cue, Cue::Came | Cue::Went)
}

/// The blows of a cue, and how long all of it is, in milliseconds.
pub fn score(cue: Cue) -> (&'static [Blow], u16) {
    const G4: f32 = 392.0;
    const D5: f32 = 587.33;
    const E4: f32 = 329.63;
    const A4: f32 = 440.0;
    const CIS5: f32 = 554.37;
    const A3: f32 = 220.0;
    const F4: f32 = 349.23;
    const D4: f32 = 293.66;
    const A5: f32 = 880.0;
    match cue {
        Cue::Joined | Cue::Came => (&[(0, G4), (75, D5)], 210),
        Cue::Left | Cue::Went => (&[(0, D5), (75, G4)], 210),
        Cue::Lost => (&[(0, A4), (65, F4), (130, D4)], 220),
        Cue::Muted => (&[(0, CIS5), (50, A4)], 130),
        Cue::Unmuted => (&[(0, A4), (50, CIS5)], 130),
        Cue::Deafened => (&[(0, A5), (45, A4), (90, A3)], 180),
        Cue::Undeafened => (&[(0, E4), (60, E4 * 2.0)], 160),
    }
}

/// The sound of a cue: mono at 48 kHz, beginning and ending in silence, its loudest sample at [`PEAK`].
pub fn sound(cue: Cue) -> Vec<f32> {
    let (blows, long_ms) = score(cue);
    let samples = usize::from(long_ms) * RATE as usize / 1_000;
    let at = |n: usize| n as f32 / RATE as f32;
    let mut out: Vec<f32> = (0..samples)
        .map(|n| blows.iter().map(|(from_ms, hz)| bar(at(n) - f32::from(*from_ms) / 1_000.0, *hz)).sum::<f32>())
        .collect();
    let end = at(samples.saturating_sub(1));
    for (n, sample) in out.iter_mut().enumerate() {
        *sample *= swell((end - at(n)) / RELEASE_S);
    }
    let peak = out.iter().fold(f32::MIN_POSITIVE, |peak, sample| peak.max(sample.abs()));
    out.iter_mut().for_each(|sample| *sample *= PEAK / peak);
    out
}

/// A bar that was struck `t` seconds ago.
fn bar(t: f32, hz: f32) -> f32 {
    if t <= 0.0 {
        return 0.0;
    }
    let tones = PARTIALS.map(|(multiple, share, falls_s)| {
        (std::f32::consts::TAU * hz * multiple * t).sin() * share * (-t / falls_s).exp()
    });
    swell(t / ATTACK_S) * tones.iter().sum::<f32>()
}

/// From 0 to 1 without a corner, as `x` does.
fn swell(x: f32) -> f32 {
    0.5 - 0.5 * (std::f32::consts::PI * x.clamp(0.0, 1.0)).cos()
}

/// Lets through as many cues as are no noise.
#[derive(Debug, Default)]
pub struct Pace {
    all: VecDeque<Instant>,
    others: VecDeque<Instant>,
}

impl Pace {
    /// Whether this one may begin now.
    pub fn allows(&mut self, cue: Cue, now: Instant) -> bool {
        let recent = |at: &Instant| now.saturating_duration_since(*at) < Duration::from_secs(1);
        self.all.retain(recent);
        self.others.retain(recent);
        let others = of_others(cue);
        if self.all.len() >= CUES_A_SECOND || others && self.others.len() >= OTHERS_CUES_A_SECOND {
            return false;
        }
        self.all.push_back(now);
        if others {
            self.others.push_back(now);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_of_a_hundred_is_a_few_and_one_s_own_are_still_heard() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        let at = |ms: u64| start + Duration::from_millis(ms);
        let begun: Vec<u64> = (0..100).map(|n| n * 10).filter(|ms| pace.allows(Cue::Came, at(*ms))).collect();
        assert_eq!(begun, [0, 10], "{OTHERS_CUES_A_SECOND} in a second");
        assert!(pace.allows(Cue::Muted, at(500)), "a storm drowns nothing of one's own");
        let own = (0..100).filter(|n| pace.allows(Cue::Muted, at(500 + n))).count();
        assert_eq!(own, CUES_A_SECOND - OTHERS_CUES_A_SECOND - 1);
        let long: Vec<u64> = (0..1_000).map(|n| 5_000 + n * 10).filter(|ms| pace.allows(Cue::Went, at(*ms))).collect();
        assert_eq!(long.len(), 10 * OTHERS_CUES_A_SECOND, "ten seconds of it");
    }
}
