//! Damped springs in closed form: the state after `dt` is a pure function of the state before it and `dt`.
//!
//! Mass is 1. With `w0 = sqrt(k)` and `z = c / (2 w0)` the three cases of the damped oscillator are solved exactly
//! (any mechanics text; the form follows Ryan Juckett, "Damped Springs", 2012), so two short steps equal one long one.

use crate::{Activity, Frame, Motion};
use std::collections::BTreeMap;

/// Longest step taken at once, in seconds: after a sleep, motion goes on instead of jumping.
pub const DT_MAX_S: f32 = 0.033;
/// Between two frames of what only breathes, in milliseconds.
pub const BREATH_MS: u64 = 33;
/// A spring rests when nearer than this to its target, in points...
pub const REST_DISTANCE: f32 = 0.1;
/// ...and slower than this, in points per second.
pub const REST_SPEED: f32 = 1.0;

/// Stiffness and damping.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Preset {
    /// Stiffness.
    pub k: f32,
    /// Damping.
    pub c: f32,
}

/// Presses and selection marks.
pub const SNAP: Preset = Preset { k: 700.0, c: 50.0 };
/// Things that change place.
pub const MOVE: Preset = Preset { k: 320.0, c: 32.0 };
/// Sheets and cards.
pub const SOFT: Preset = Preset { k: 120.0, c: 20.0 };
/// Joins and reactions: the only one that overshoots visibly.
pub const POP: Preset = Preset { k: 420.0, c: 24.0 };

/// Place and speed.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Spring {
    /// Place, in points.
    pub x: f32,
    /// Speed, in points per second.
    pub v: f32,
}

impl Spring {
    /// At rest at `x`.
    pub fn at(x: f32) -> Self {
        Self { x, v: 0.0 }
    }

    /// Whether it has come to rest at `target`.
    pub fn settled(self, target: f32) -> bool {
        (self.x - target).abs() < REST_DISTANCE && self.v.abs() < REST_SPEED
    }

    /// The state `dt` seconds later. `dt` is clamped to [`DT_MAX_S`]; a settled spring stands exactly on its target.
    #[must_use]
    pub fn step(self, target: f32, preset: Preset, dt: f32) -> Self {
        let finite = |value: f32, or: f32| if value.is_finite() { value } else { or };
        let target = finite(target, 0.0);
        let from = Self { x: finite(self.x, target), v: finite(self.v, 0.0) };
        let to = solve(
            f64::from(from.x - target),
            f64::from(from.v),
            preset,
            f64::from(finite(dt, 0.0).clamp(0.0, DT_MAX_S)),
        );
        let next = Self { x: target + to.0 as f32, v: to.1 as f32 };
        if next.settled(target) { Self::at(target) } else { next }
    }

    /// As [`Spring::step`], but under reduced motion the way is a straight fade of `fade_ms` without overshoot.
    #[must_use]
    pub fn step_for(self, target: f32, preset: Preset, dt: f32, motion: Motion, fade_ms: f32) -> Self {
        match motion {
            Motion::Full => self.step(target, preset, dt),
            Motion::Reduced => {
                let dt = if dt.is_finite() { dt.clamp(0.0, DT_MAX_S) } else { 0.0 };
                let left = target - self.x;
                // A fade remembers the distance it started from in `v`, with the sign of its direction.
                let span = if self.v == 0.0 || self.v.signum() != left.signum() || self.v.abs() < left.abs() {
                    left
                } else {
                    self.v
                };
                let part = span * dt * 1_000.0 / fade_ms.max(1.0);
                if !left.is_finite() || left.abs() <= part.abs() || left.abs() < REST_DISTANCE {
                    Self::at(target)
                } else {
                    Self { x: self.x + part, v: span }
                }
            }
        }
    }

    /// Kinetic plus stored energy around `target`.
    pub fn energy(self, target: f32, preset: Preset) -> f32 {
        0.5 * self.v * self.v + 0.5 * preset.k * (self.x - target) * (self.x - target)
    }
}

fn solve(x0: f64, v0: f64, preset: Preset, t: f64) -> (f64, f64) {
    let w0 = f64::from(preset.k.max(1e-3)).sqrt();
    let b = f64::from(preset.c.max(0.0)) / 2.0;
    let decay = (-b * t).exp();
    let d = b * b - w0 * w0;
    if d < -1e-6 {
        let w = (-d).sqrt();
        let (sin, cos) = (w * t).sin_cos();
        let s = (v0 + b * x0) / w;
        (decay * (x0 * cos + s * sin), decay * ((s * w - b * x0) * cos - (x0 * w + b * s) * sin))
    } else if d > 1e-6 {
        let w = d.sqrt();
        let (r1, r2) = (-b + w, -b - w);
        let a = (v0 - r2 * x0) / (r1 - r2);
        let (e1, e2) = ((r1 * t).exp(), (r2 * t).exp());
        (a * e1 + (x0 - a) * e2, a * r1 * e1 + (x0 - a) * r2 * e2)
    } else {
        let s = v0 + b * x0;
        (decay * (x0 + s * t), decay * (s - b * (x0 + s * t)))
    }
}

/// Springs by name, at most `limits::UI_SPRINGS`; what was not asked for in a frame is forgotten.
#[derive(Debug, Default)]
pub struct Springs {
    all: BTreeMap<u64, (Spring, bool)>,
    moving: bool,
    breathing: bool,
}

impl Springs {
    /// Where the named spring stands this frame on its way to `target`. A new one starts at `start`.
    /// Steps once however many passes the frame takes.
    pub fn to(
        &mut self,
        ctx: &egui::Context,
        frame: &Frame<'_>,
        name: impl std::hash::Hash + std::fmt::Debug,
        start: f32,
        target: f32,
        preset: Preset,
    ) -> f32 {
        let x = self.stepped(ctx, frame, egui::Id::new(name).value(), start, target, |_| preset);
        self.moving |= x != target;
        x
    }

    /// The same for what follows a loudness, from 0: up to `lit` in the frame that hears of it, further up fast, down slowly.
    /// It asks for [`BREATH_MS`] frames only: who talks for an hour must not keep the program drawing as fast as it can.
    pub fn breathe(
        &mut self,
        ctx: &egui::Context,
        frame: &Frame<'_>,
        name: impl std::hash::Hash + std::fmt::Debug,
        lit: f32,
        target: f32,
    ) -> f32 {
        let preset = |x| if target > x { SNAP } else { SOFT };
        if let Some((spring, _)) = self.all.get_mut(&egui::Id::new(&name).value())
            && target >= lit
            && spring.x < lit
        {
            *spring = Spring::at(lit);
        }
        let start = if target >= lit { lit } else { 0.0 };
        let x = self.stepped(ctx, frame, egui::Id::new(name).value(), start, target, preset);
        self.breathing |= x != target;
        x
    }

    /// The named spring stands at `x`, without a way there.
    pub fn put(&mut self, name: impl std::hash::Hash + std::fmt::Debug, x: f32) {
        if self.all.len() < hearth_types::limits::UI_SPRINGS {
            self.all.insert(egui::Id::new(name).value(), (Spring::at(x), true));
        }
    }

    /// Something outside of the springs breathes too.
    pub fn keep_breathing(&mut self, yes: bool) {
        self.breathing |= yes;
    }

    /// Where the named spring stands; none when it is not there.
    pub fn at(&self, name: impl std::hash::Hash + std::fmt::Debug) -> Option<f32> {
        self.all.get(&egui::Id::new(name).value()).map(|(spring, _)| spring.x)
    }

    fn stepped(
        &mut self,
        ctx: &egui::Context,
        frame: &Frame<'_>,
        id: u64,
        start: f32,
        target: f32,
        preset: impl Fn(f32) -> Preset,
    ) -> f32 {
        if self.all.len() >= hearth_types::limits::UI_SPRINGS && !self.all.contains_key(&id) {
            return target;
        }
        let (spring, used) = self.all.entry(id).or_insert((Spring::at(start), false));
        if !*used && ctx.current_pass_index() == 0 {
            let preset = preset(spring.x);
            *spring = spring.step_for(target, preset, frame.dt, frame.motion, frame.tokens.motion.fade_ms);
        }
        *used = true;
        spring.x
    }

    /// Ends the frame: which frames are due to what still moves.
    pub fn finish(&mut self, ctx: &egui::Context, frame: &Frame<'_>) -> Activity {
        if !ctx.will_discard() {
            self.all.retain(|_, (_, used)| std::mem::take(used));
        }
        let breathing = std::mem::take(&mut self.breathing);
        Activity { moving: std::mem::take(&mut self.moving), wake_at_ms: breathing.then_some(frame.now_ms + BREATH_MS) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [Preset; 4] = [SNAP, MOVE, SOFT, POP];

    proptest! {
        #[test]
        fn never_nan_and_never_gains_energy(x in -4000f32..4000.0, v in -20000f32..20000.0, target in -4000f32..4000.0, dt in 0f32..0.2) {
            for p in ALL {
                let from = Spring { x, v };
                let to = from.step(target, p, dt);
                prop_assert!(to.x.is_finite() && to.v.is_finite());
                prop_assert!(to.energy(target, p) <= from.energy(target, p) * 1.001 + 1.0);
            }
        }

        #[test]
        fn one_long_step_is_two_short_ones(x in -2000f32..2000.0, v in -5000f32..5000.0) {
            for p in ALL {
                let one = Spring { x, v }.step(0.0, p, 0.016);
                let two = Spring { x, v }.step(0.0, p, 0.008).step(0.0, p, 0.008);
                prop_assert!((one.x - two.x).abs() <= 0.5, "{one:?} {two:?}");
            }
        }

        #[test]
        fn any_input_comes_to_rest(x in any::<f32>(), v in any::<f32>(), dt in any::<f32>()) {
            for p in ALL {
                let mut s = Spring { x: x.clamp(-1e6, 1e6), v: v.clamp(-1e6, 1e6) }.step(10.0, p, dt);
                prop_assert!(s.x.is_finite() && s.v.is_finite());
                for _ in 0..2_000 {
                    s = s.step(10.0, p, 0.016);
                }
                prop_assert_eq!(s, Spring::at(10.0));
            }
        }

        #[test]
        fn reduced_motion_reaches_the_same_state(x in -500f32..500.0, target in -500f32..500.0) {
            for p in ALL {
                let (mut full, mut fade, mut steps) = (Spring::at(x), Spring::at(x), 0);
                for _ in 0..600 {
                    full = full.step_for(target, p, 0.016, Motion::Full, 120.0);
                }
                while fade.x != target && steps < 100 {
                    let next = fade.step_for(target, p, 0.016, Motion::Reduced, 120.0);
                    prop_assert!((next.x - target).abs() <= (fade.x - target).abs(), "a fade never turns back");
                    fade = next;
                    steps += 1;
                }
                prop_assert_eq!(full, fade.step_for(target, p, 0.016, Motion::Reduced, 120.0));
                prop_assert!(steps <= 9, "{steps} steps of 16 ms for a fade of 120 ms");
            }
        }
    }

    #[test]
    fn a_long_sleep_counts_as_33_ms() {
        let s = Spring { x: 100.0, v: 40.0 };
        assert_eq!(s.step(0.0, MOVE, 60.0), s.step(0.0, MOVE, DT_MAX_S));
    }

    #[test]
    fn only_pop_overshoots_visibly() {
        for (p, visible) in [(SNAP, false), (MOVE, false), (SOFT, false), (POP, true)] {
            let (mut s, mut over) = (Spring::at(100.0), 0f32);
            for _ in 0..200 {
                s = s.step(0.0, p, 0.008);
                over = over.max(-s.x);
            }
            assert_eq!(over > 5.0, visible, "{p:?} overshoots by {over}");
        }
    }
}
