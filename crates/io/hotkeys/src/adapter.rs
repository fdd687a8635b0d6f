//! What each system needs, behind one thin trait.

#[cfg(target_os = "linux")]
mod evdev;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "linux")]
mod wake;
#[cfg(windows)]
mod windows;
#[cfg(target_os = "linux")]
mod x11;

use crate::error::Unavailable;
use crate::machine::{Input, Interest};
use crate::{Reach, Source};
use std::sync::Arc;
use std::time::Instant;

/// Ends a [`Watch::wait`] from another thread.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

/// A place keys come from. Any error means that it is lost and must be opened anew.
pub trait Watch {
    /// Tells of these keys from now on and of no others.
    fn want(&mut self, interest: &Interest) -> Result<(), Unavailable>;

    /// Waits for events, the waker, or `until`.
    fn wait(&mut self, until: Option<Instant>, into: &mut Vec<Input>) -> Result<(), Unavailable>;

    fn waker(&self) -> Waker;

    fn reach(&self) -> Reach;
}

/// Opens `source`, asking for nothing yet.
#[cfg(target_os = "linux")]
pub fn open(source: &Source) -> Result<Box<dyn Watch>, Unavailable> {
    match source {
        Source::Desktop => {
            let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
            desktop(set("DISPLAY"), set("WAYLAND_DISPLAY"))?;
            Ok(Box::new(x11::X11::open(None)?))
        }
        Source::X11(display) => Ok(Box::new(x11::X11::open(Some(display))?)),
        Source::Evdev(folder) => Ok(Box::new(evdev::Evdev::open(folder)?)),
    }
}

/// Opens `source`, asking for nothing yet.
#[cfg(not(target_os = "linux"))]
pub fn open(_: &Source) -> Result<Box<dyn Watch>, Unavailable> {
    #[cfg(windows)]
    return windows::open();
    #[cfg(target_os = "macos")]
    return macos::open();
    #[cfg(not(any(windows, target_os = "macos")))]
    Err(Unavailable::NotBuilt("this system"))
}

/// Whether a desktop with these can be listened to.
#[cfg(target_os = "linux")]
fn desktop(x11: bool, wayland: bool) -> Result<(), Unavailable> {
    match (x11, wayland) {
        (true, _) => Ok(()),
        (false, true) => Err(Unavailable::Wayland),
        (false, false) => Err(Unavailable::NoDesktop),
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn wayland_alone_is_answered_with_what_works() {
        assert_eq!(desktop(false, true), Err(Unavailable::Wayland));
        assert_eq!(desktop(false, false), Err(Unavailable::NoDesktop));
        assert_eq!(desktop(true, true), Ok(()));
    }
}
