//! What is played, as games themselves tell it: the socket that games look for a Discord on, served here; and where one
//! stands in a game, as games tell it to Mumble.
//!
//! A thread of its own answers games and calls the sink when what is played changed. Everything that comes from a game is
//! foreign: every frame, text and rate has a bound in [`limits`], and nothing a game says is ever looked up, downloaded or
//! opened: no pictures, no buttons, no links. It must never ask the internet what a game is called, watch which programs
//! run, or tell a game who one is.
//!
//! | Where | How | State |
//! |---|---|---|
//! | Linux | a Unix socket in `$XDG_RUNTIME_DIR`, Mumble Link in `/dev/shm` | built |
//! | Windows | a named pipe, a named mapping | not built, [`Unavailable::NotBuilt`] |
//! | macOS | a Unix socket in `$TMPDIR` | not built, [`Unavailable::NotBuilt`] |
//!
//! Start reading at [`Games`], then `talk.rs`, which is one connection as a state machine, and `server.rs`, which feeds it.

mod error;
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
mod frame;
pub mod limits;
pub mod link;
#[cfg(target_os = "linux")]
mod place;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod server;
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
mod talk;

pub use error::Unavailable;
pub use hearth_types::Playing;

use std::path::{Path, PathBuf};

/// Listens to games. Dropping it tells the sink that nothing is played, and gives the place back.
#[derive(Debug)]
pub struct Games {
    #[cfg(target_os = "linux")]
    server: server::Server,
}

impl Games {
    /// Listens in `folder`, [`Games::folder`] for the one games look in. `sink` is called on a thread of its own, at most
    /// once in [`limits::BETWEEN`], with what is played, or nothing; it must not wait.
    ///
    /// # Errors
    /// Why games can't be heard, in a sentence for people.
    pub fn start(folder: &Path, sink: impl Fn(Option<Playing>) + Send + 'static) -> Result<Self, Unavailable> {
        #[cfg(target_os = "linux")]
        return server::Server::start(folder, Box::new(sink)).map(|server| Self { server });
        #[cfg(not(target_os = "linux"))]
        {
            let _ = (folder, sink);
            Err(Unavailable::NotBuilt(std::env::consts::OS))
        }
    }

    /// Where games look, as their libraries do.
    pub fn folder() -> PathBuf {
        let named = ["XDG_RUNTIME_DIR", "TMPDIR", "TMP", "TEMP"].into_iter().find_map(std::env::var_os);
        named.filter(|dir| !dir.is_empty()).map_or_else(|| "/tmp".into(), PathBuf::from)
    }

    /// Whether games find this first. Where another program was there before, many tell only that one.
    pub fn first(&self) -> bool {
        #[cfg(target_os = "linux")]
        return self.server.slot() == 0;
        #[cfg(not(target_os = "linux"))]
        false
    }
}
