//! Windows: not built. The way is Raw Input (`RegisterRawInputDevices` with `RIDEV_INPUTSINK`) on a message-only window.

use super::Watch;
use crate::error::Unavailable;

pub fn open() -> Result<Box<dyn Watch>, Unavailable> {
    Err(Unavailable::NotBuilt("Windows"))
}
