//! macOS: not built. The way is `CGEventTapCreate` with `kCGEventTapOptionListenOnly`, which needs the person's consent.

use super::Watch;
use crate::error::Unavailable;

pub fn open() -> Result<Box<dyn Watch>, Unavailable> {
    Err(Unavailable::NotBuilt("macOS"))
}
