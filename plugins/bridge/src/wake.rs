//! One wake-up for any number of reasons to wake.

use hearth_ports::Waker;
use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

type Target = Box<dyn Fn() + Send + Sync>;

#[derive(Default)]
struct Shared {
    pending: AtomicBool,
    target: OnceLock<Target>,
}

/// Wakes the event loop at most once until the frame that follows has begun. Made before the node and the window are.
#[derive(Clone, Default)]
pub struct WakeUp(Arc<Shared>);

impl WakeUp {
    /// For the node.
    pub fn waker(&self) -> Waker {
        let this = self.clone();
        Arc::new(move || this.wake())
    }
    /// Asks for a frame, from any thread.
    pub fn wake(&self) {
        if !self.0.pending.swap(true, Ordering::AcqRel)
            && let Some(target) = self.0.target.get()
        {
            target();
        }
    }
    /// Names what wakes the loop, once there is a loop. A wish from before is passed on.
    pub fn connect(&self, target: impl Fn() + Send + Sync + 'static) {
        if self.0.target.set(Box::new(target)).is_ok()
            && self.0.pending.load(Ordering::Acquire)
            && let Some(target) = self.0.target.get()
        {
            target();
        }
    }
    /// A frame has begun: the next wish wakes again.
    pub(crate) fn rearm(&self) {
        self.0.pending.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU32;

    #[test]
    fn many_wishes_become_one_wake_up_a_frame() {
        let wake_up = WakeUp::default();
        let count = Arc::new(AtomicU32::new(0));
        wake_up.wake();
        let counter = count.clone();
        wake_up.connect(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(count.load(Ordering::Relaxed), 1, "a wish from before the loop existed is not lost");
        let waker = wake_up.waker();
        (0..100).for_each(|_| waker());
        assert_eq!(count.load(Ordering::Relaxed), 1);
        wake_up.rearm();
        (0..100).for_each(|_| waker());
        assert_eq!(count.load(Ordering::Relaxed), 2);
    }
}
