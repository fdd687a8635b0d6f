//! The system's keychain (Secret Service on Linux), asked with a time limit. Never the kernel's keyring, which
//! forgets at reboot.

use crate::secret::Secret32;
use keyring::{Entry, Error};
use std::{sync::mpsc, thread, time::Duration};
use zeroize::Zeroizing;

/// How long a keychain may take to answer before we do without.
const REACH: Duration = Duration::from_secs(2);
/// How long a person may take to unlock it, when the keys are in it and nowhere else.
const UNLOCK: Duration = Duration::from_secs(60);
const SERVICE: &str = "Hearth";

/// What asking for a key came to.
pub(crate) enum Found {
    /// Here it is.
    Key(Secret32),
    /// The keychain answers, and knows no such entry.
    Nothing,
    /// No keychain, or it does not answer.
    Unreachable(String),
}

/// Stores a key under a name and reads it back. False when the keychain cannot be relied on.
pub(crate) fn store(name: &str, key: &Secret32) -> bool {
    if !reachable() {
        return false;
    }
    let (name, key) = (name.to_owned(), key.clone());
    let stored = limited(REACH, move || -> keyring::Result<bool> {
        let entry = Entry::new(SERVICE, &name)?;
        entry.set_secret(key.expose())?;
        Ok(Zeroizing::new(entry.get_secret()?).as_slice() == key.expose())
    });
    match stored {
        Some(Ok(same)) => same,
        Some(Err(error)) => {
            tracing::info!(%error, "keychain refused");
            false
        }
        None => false,
    }
}

/// Asks for the key of a name.
pub(crate) fn load(name: &str) -> Found {
    if !reachable() {
        return Found::Unreachable("it can't be reached".into());
    }
    let name = name.to_owned();
    let loaded = limited(UNLOCK, move || Entry::new(SERVICE, &name)?.get_secret().map(Zeroizing::new));
    match loaded {
        Some(Ok(bytes)) => Secret32::from_slice(&bytes).map_or(Found::Nothing, Found::Key),
        Some(Err(Error::NoEntry)) => Found::Nothing,
        Some(Err(error)) => Found::Unreachable(error.to_string()),
        None => Found::Unreachable("it does not answer".into()),
    }
}

fn reachable() -> bool {
    bus_exists() && limited(REACH, || Entry::store_status().is_ok()).unwrap_or(false)
}

/// Without a session bus there is nothing to wait for.
fn bus_exists() -> bool {
    if !cfg!(all(unix, not(target_os = "macos"))) || std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some() {
        return true;
    }
    std::env::var_os("XDG_RUNTIME_DIR").is_some_and(|dir| std::path::Path::new(&dir).join("bus").exists())
}

/// Runs `ask` on a thread of its own and stops waiting after `limit`.
fn limited<T: Send + 'static>(limit: Duration, ask: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (answer, answered) = mpsc::sync_channel(1);
    let asked = thread::Builder::new().name("hearth-keychain".into()).spawn(move || {
        let _ = answer.send(ask());
    });
    asked.ok()?;
    answered.recv_timeout(limit).ok()
}

#[cfg(test)]
mod tests {
    use super::limited;
    use std::{sync::mpsc, time::Duration};

    #[test]
    fn a_keychain_that_never_answers_is_given_up() {
        let (_hold, never) = mpsc::channel::<()>();
        assert!(limited(Duration::from_millis(20), move || never.recv()).is_none());
        assert_eq!(limited(Duration::from_secs(5), || 7), Some(7));
    }
}
