//! Why games can't be heard, for people.

use std::path::PathBuf;

/// Why games can't tell what is played.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// No adapter for this system.
    #[error("Hearing from games is not built for {0} yet.")]
    NotBuilt(&'static str),
    /// Every name is taken by a program that listens.
    #[error("Other programs already listen to games in every place there is. Close one of them.")]
    Taken,
    /// The folder games look in is not there, or nothing may be put into it.
    #[error("Games look for Hearth in {0}, and nothing can be put there.")]
    Folder(PathBuf),
    /// The system gives no thread or no socket.
    #[error("The system is out of room to listen to games: {0}.")]
    System(String),
}
