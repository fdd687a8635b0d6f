//! The keys at home: five secrets in one sealed bundle, the file `keys` in the home folder.
//!
//! The bundle is sealed under a key that the system's keychain holds, under a name made for this folder. Without a
//! keychain that key lies in the same file, which its mode 0600 alone protects; [`KeyPlace`] says which, so that the
//! reader can be told. A keys file is written whole or not at all, and one that is there is never replaced.

use crate::{
    fault::Fault,
    home::Home,
    keychain::{self, Found},
    open::sync_folder,
    seal::{Nonces, Table, seal, unseal},
    secret::Secret32,
};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// Everything secret that a home begins with. All else is derived from these or sealed under them.
#[derive(Debug, Clone)]
pub struct HomeSecrets {
    /// What the recovery phrase writes down; the root key derives from it.
    pub recovery_seed: Secret32,
    /// Seed of the Ed25519 key that signs this device's entries.
    pub device: Secret32,
    /// X25519 secret that others seal to.
    pub agreement: Secret32,
    /// Seed of the transport identity.
    pub peer: Secret32,
    /// Seals the database; see [`crate::StoreConfig::key`].
    pub store: Secret32,
}

/// Where the key to the bundle is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPlace {
    /// In the system's keychain.
    Keychain,
    /// In a file that only the file system protects.
    File,
}

/// Whether the keychain may be asked when keys are made. Keys that are in it are always asked for there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeychainUse {
    /// If it answers in time.
    Auto,
    /// No.
    Off,
}

impl KeychainUse {
    /// `Off` when `HEARTH_KEYCHAIN=off`.
    pub fn from_env() -> Self {
        if std::env::var_os("HEARTH_KEYCHAIN").is_some_and(|value| value == "off") { Self::Off } else { Self::Auto }
    }
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A history without keys.
    #[error("This folder has a saved history ({}) but its keys file is gone, so the history can't be opened and you can't speak as before. Put the file \"keys\" back from a copy, or start with an empty folder (--home DIR).", .0.display())]
    Gone(PathBuf),
    /// Half a file, or another file.
    #[error("The keys file {} is damaged: {why}. Put it back from a copy; Hearth will not replace it.", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The keychain that holds them is not there.
    #[error(
        "Your keys are in the system's keychain, but {0}. Unlock it or log in to your desktop, and start Hearth again."
    )]
    KeychainUnreachable(String),
    /// The keychain is there and knows nothing.
    #[error(
        "Your keys were in the system's keychain, but it no longer has the entry \"{0}\". Restore the keychain from a copy, or start with an empty folder (--home DIR)."
    )]
    KeychainForgot(String),
    /// The system refused.
    #[error("The keys file {} can't be used: {cause}.", .path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// No randomness.
    #[error("Your system's random generator failed, so no keys could be made: {0}.")]
    Random(String),
}

// File: magic, place, name (16 random bytes, of the keychain entry), key (32 bytes, zero when in the keychain), sealed bundle.
const MAGIC: &[u8; 12] = b"HEARTHKEYS1\n";
const NAME: usize = 16;
const BUNDLE: usize = 5 * 32;
const HEAD: usize = MAGIC.len() + 1 + NAME;
const LENGTH: usize = HEAD + 32 + 24 + BUNDLE + 16;
const IN_KEYCHAIN: u8 = b'K';
const IN_FILE: u8 = b'F';

impl HomeSecrets {
    /// Loads the keys of a home, or makes them when the home is new. Blocks: 2 s at most for a keychain that does not
    /// answer, longer only while a person unlocks the one that holds the keys.
    pub fn open(home: &Home, keychain: KeychainUse) -> Result<(Self, KeyPlace), KeyError> {
        let path = home.keys();
        match fs::read(&path).map(Zeroizing::new) {
            Ok(bytes) => load(&path, &bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let database = home.database();
                if fs::metadata(&database).is_ok_and(|meta| meta.len() > 0) {
                    return Err(KeyError::Gone(database));
                }
                create(&path, keychain)
            }
            Err(cause) => Err(KeyError::Refused { path, cause }),
        }
    }

    fn random() -> Result<Self, getrandom::Error> {
        Ok(Self {
            recovery_seed: Secret32::random()?,
            device: Secret32::random()?,
            agreement: Secret32::random()?,
            peer: Secret32::random()?,
            store: Secret32::random()?,
        })
    }
    fn to_bundle(&self) -> Zeroizing<Vec<u8>> {
        let Self { recovery_seed, device, agreement, peer, store } = self;
        let mut bundle = Zeroizing::new(Vec::with_capacity(BUNDLE));
        [recovery_seed, device, agreement, peer, store]
            .iter()
            .for_each(|secret| bundle.extend_from_slice(secret.expose()));
        bundle
    }
    fn from_bundle(bundle: &[u8]) -> Option<Self> {
        let (chunks, []) = bundle.as_chunks::<32>() else { return None };
        let [recovery_seed, device, agreement, peer, store] = chunks else { return None };
        let [recovery_seed, device, agreement, peer, store] =
            [recovery_seed, device, agreement, peer, store].map(|bytes| Secret32::new(*bytes));
        Some(Self { recovery_seed, device, agreement, peer, store })
    }
}

fn create(path: &Path, keychain: KeychainUse) -> Result<(HomeSecrets, KeyPlace), KeyError> {
    let random = |error: getrandom::Error| KeyError::Random(error.to_string());
    let secrets = HomeSecrets::random().map_err(random)?;
    let key = Secret32::random().map_err(random)?;
    let mut name = [0; NAME];
    getrandom::fill(&mut name).map_err(random)?;
    let place = match keychain {
        KeychainUse::Auto if keychain::store(&entry_name(&name), &key) => KeyPlace::Keychain,
        _ => KeyPlace::File,
    };
    let mut file = Zeroizing::new(Vec::with_capacity(LENGTH));
    file.extend_from_slice(MAGIC);
    file.push(if place == KeyPlace::Keychain { IN_KEYCHAIN } else { IN_FILE });
    file.extend_from_slice(&name);
    let sealed = match seal(&key, &mut Nonces::default(), Table::Keys, &file, &secrets.to_bundle()) {
        Ok(sealed) => sealed,
        Err(Fault::Random(error)) => return Err(random(error)),
        Err(fault) => return Err(KeyError::Random(fault.to_string())),
    };
    file.extend_from_slice(if place == KeyPlace::Keychain { &[0; 32] } else { key.expose() });
    file.extend_from_slice(&sealed);
    write_whole(path, &file).map_err(|cause| KeyError::Refused { path: path.into(), cause })?;
    Ok((secrets, place))
}

fn load(path: &Path, bytes: &[u8]) -> Result<(HomeSecrets, KeyPlace), KeyError> {
    let damaged = |why| KeyError::Damaged { path: path.into(), why };
    if !bytes.starts_with(MAGIC) {
        return Err(damaged(if bytes.is_empty() { "it is empty" } else { "it is not a keys file" }));
    }
    if bytes.len() != LENGTH {
        return Err(damaged("it has the wrong length"));
    }
    let (head, rest) = bytes.split_at(HEAD);
    let (inside, sealed) = rest.split_at(32);
    let name = entry_name(&head[MAGIC.len() + 1..]);
    let (key, place) = match head[MAGIC.len()] {
        IN_FILE => (Secret32::from_slice(inside).ok_or_else(|| damaged("it has the wrong length"))?, KeyPlace::File),
        IN_KEYCHAIN => match keychain::load(&name) {
            Found::Key(key) => (key, KeyPlace::Keychain),
            Found::Nothing => return Err(KeyError::KeychainForgot(name)),
            Found::Unreachable(why) => return Err(KeyError::KeychainUnreachable(why)),
        },
        _ => return Err(damaged("it does not say where its key is")),
    };
    let bundle = unseal(&key, Table::Keys, head, sealed).map_err(|_| damaged("what is in it was changed"))?;
    let secrets = HomeSecrets::from_bundle(&bundle).ok_or_else(|| damaged("it has the wrong length"))?;
    Ok((secrets, place))
}

fn entry_name(name: &[u8]) -> String {
    let hex: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("home {hex}")
}

/// Under another name first, flushed, then moved into place, and the move flushed.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    let _ = fs::remove_file(&unfinished);
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    sync_folder(path)
}

#[cfg(test)]
mod tests;
