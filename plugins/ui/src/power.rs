//! The only place that asks for a frame. Idle means idle: nothing moves, nothing runs.
//!
//! [`PowerPlugin`] installs: resources [`Alarm`] and `WinitSettings`, and the governor in `HearthSystems::Govern`.

use bevy::{
    prelude::*,
    window::RequestRedraw,
    winit::{UpdateMode, WinitSettings},
};
use hearth_world::{FrameNeed, HearthSystems};
use std::{
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Frames of motion come no faster than this, whatever the present mode. Input is never held back.
pub const MOTION_FRAME: Duration = Duration::from_micros(6_900);
/// Without any reason to run, an update still happens this often.
pub const RESTING_TICK: Duration = Duration::from_secs(60);

/// Wakes the program at a time to come. One thread, one deadline: the earliest asked for.
#[derive(Resource, Clone)]
pub struct Alarm(Arc<Shared>);

struct Shared {
    deadline: Mutex<Option<Instant>>,
    changed: Condvar,
    ring: Box<dyn Fn() + Send + Sync>,
}

impl Alarm {
    /// `ring` is called on the alarm's own thread, or at once on the caller's for no delay.
    pub fn new(ring: impl Fn() + Send + Sync + 'static) -> Self {
        let shared = Arc::new(Shared { deadline: Mutex::default(), changed: Condvar::new(), ring: Box::new(ring) });
        let weak = Arc::downgrade(&shared);
        let spawned = std::thread::Builder::new().name("alarm".into()).spawn(move || {
            while let Some(shared) = weak.upgrade() {
                shared.wait_and_ring();
            }
        });
        if let Err(error) = spawned {
            warn!("no thread for the alarm, delayed frames come late: {error}");
        }
        Self(shared)
    }
    /// Wakes after a delay, unless something earlier was asked for.
    pub fn ring_in(&self, delay: Duration) {
        if delay.is_zero() {
            (self.0.ring)();
        } else if let Some(at) = Instant::now().checked_add(delay)
            && delay < Duration::from_secs(86_400)
        {
            let mut deadline = self.0.deadline.lock().unwrap_or_else(PoisonError::into_inner);
            if deadline.is_none_or(|current| at < current) {
                *deadline = Some(at);
                self.0.changed.notify_one();
            }
        }
    }
}

impl Shared {
    /// Sleeps until the deadline or a change of it; at most a while, so that an alarm nobody holds ends its thread.
    fn wait_and_ring(&self) {
        let mut deadline = self.deadline.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        match *deadline {
            Some(at) if at <= now => {
                *deadline = None;
                drop(deadline);
                (self.ring)();
            }
            other => {
                let rest = other.map_or(RESTING_TICK, |at| at - now).min(RESTING_TICK);
                let _ = self.changed.wait_timeout(deadline, rest);
            }
        }
    }
}

/// Installs the governor.
pub struct PowerPlugin {
    /// Wakes the event loop.
    pub alarm: Alarm,
}

impl Plugin for PowerPlugin {
    fn build(&self, app: &mut App) {
        // The same mode with and without focus: moving the mouse over another window is no reason to run.
        let mode = UpdateMode::reactive_low_power(RESTING_TICK);
        app.insert_resource(WinitSettings { focused_mode: mode, unfocused_mode: mode })
            .insert_resource(self.alarm.clone())
            .add_systems(First, note_frame_start)
            .add_systems(Last, govern.in_set(HearthSystems::Govern))
            .init_resource::<FrameStart>();
    }
}

#[derive(Resource, Default)]
struct FrameStart(Option<Instant>);

fn note_frame_start(mut start: ResMut<FrameStart>) {
    start.0 = Some(Instant::now());
}

fn govern(need: Res<FrameNeed>, alarm: Res<Alarm>, start: Res<FrameStart>, mut redraw: MessageWriter<RequestRedraw>) {
    let Some(wish) = need.take() else { return };
    let spent = start.0.map_or(MOTION_FRAME, |start| start.elapsed());
    let delay = wish.max(MOTION_FRAME.saturating_sub(spent));
    if delay.is_zero() {
        redraw.write(RequestRedraw);
    } else {
        alarm.ring_in(delay);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn the_alarm_rings_for_the_earliest_wish() {
        let (tx, rx) = mpsc::channel();
        let alarm = Alarm::new(move || {
            let _ = tx.send(Instant::now());
        });
        let asked = Instant::now();
        alarm.ring_in(Duration::from_secs(3_600));
        alarm.ring_in(Duration::from_millis(30));
        let rang = rx.recv_timeout(Duration::from_secs(10)).unwrap();
        assert!(rang - asked >= Duration::from_millis(30));
        alarm.ring_in(Duration::ZERO);
        assert!(rx.try_recv().is_ok(), "no delay rings at once");
        assert!(rx.try_recv().is_err());
    }
}
