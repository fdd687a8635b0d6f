//! Windows and macOS: not built yet. The window there wants to be layered, transparent to the mouse and never activated;
//! frame, look and painting stay as they are.

use crate::{Look, OverlayEvent, OverlayFrame, Unavailable};
use async_channel::Sender;

/// Nobody has one.
pub(crate) enum Handle {}

pub(crate) fn start(_: Look, _: Sender<OverlayEvent>) -> Result<Handle, Unavailable> {
    Err(Unavailable::NotBuilt)
}

impl Handle {
    pub(crate) fn show(&self, _: OverlayFrame) {
        match *self {}
    }
    pub(crate) fn set(&self, _: Look) {
        match *self {}
    }
    pub(crate) fn updates(&self) -> u64 {
        match *self {}
    }
}
