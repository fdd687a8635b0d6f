//! The overlay over a game: who speaks, what one is told, and whether push-to-talk is open.
//!
//! It is a small window of its own, painted by the processor: no surface of the graphics card, so that it is there while
//! the card is lost and costs the game nothing. It must never put anything into another program, take the focus, or
//! draw while nothing changes. What it shows is [`OverlayFrame`], plain data; how, is [`Look`].
//!
//! Start at [`paint()`], a pure function of both and of a time. The window for X11 is in `x11`; on Wayland it is the same
//! window by way of XWayland, which serves X11 whatever else the client draws with. Windows and macOS are not built yet:
//! there [`Overlay::start`] says so.

mod frame;
pub mod limits;
mod look;
mod paint;
mod picture;

#[cfg(not(target_os = "linux"))]
mod not_built;
#[cfg(target_os = "linux")]
mod x11;

#[cfg(not(target_os = "linux"))]
use not_built as platform;
#[cfg(target_os = "linux")]
use x11 as platform;

pub use frame::{OverlayFrame, Person, Talk, Toast};
pub use hearth_ports::Corner;
pub use look::{Colors, Look};
pub use paint::{next_change, paint};
pub use picture::Picture;

use async_channel::Receiver;

/// A running overlay. Dropped, its window goes.
pub struct Overlay {
    handle: platform::Handle,
    events: Receiver<OverlayEvent>,
}

/// What the overlay tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverlayEvent {
    /// Dragged by hand; worth keeping in the settings.
    Moved(Corner),
    /// The X server went. It is tried again every second; told once.
    Gone,
    /// The X server is there again, and so is the overlay.
    Back,
}

/// Why there is no overlay, in words for a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    #[error("The overlay needs an X11 or XWayland display, and there is none that can be reached.")]
    NoDisplay,
    #[error("This display cannot let clicks through a window, so the overlay stays away.")]
    NoClickThrough,
    #[error("This display has too few colours for the overlay.")]
    FewColors,
    #[error("The system has no room for the overlay's thread.")]
    NoThread,
    #[error("The overlay is not built yet for this system.")]
    NotBuilt,
}

impl Overlay {
    /// Reaches the display and waits for something to show; until then no window is seen.
    pub fn start(look: Look) -> Result<Self, Unavailable> {
        let (tell, events) = async_channel::bounded(limits::EVENTS);
        let handle = platform::start(look, tell)?;
        Ok(Self { handle, events })
    }

    /// Shows a frame. Never waits; the newest wins, and one that says nothing new wakes nobody.
    pub fn show(&self, frame: OverlayFrame) {
        self.handle.show(frame);
    }

    /// Changes how it looks. Never waits.
    pub fn set(&self, look: Look) {
        self.handle.set(look);
    }

    /// How often pixels were put on the screen.
    pub fn updates(&self) -> u64 {
        self.handle.updates()
    }

    /// What the overlay tells. One that nobody reads is dropped once [`limits::EVENTS`] wait.
    pub fn events(&self) -> &Receiver<OverlayEvent> {
        &self.events
    }
}
