#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;
use std::os::unix::fs::PermissionsExt;

fn home() -> (tempfile::TempDir, Home) {
    let dir = tempfile::tempdir().unwrap();
    let home = Home::open(dir.path().join("home")).unwrap();
    (dir, home)
}

fn exposed(secrets: &HomeSecrets) -> Vec<[u8; 32]> {
    let HomeSecrets { recovery_seed, device, agreement, peer, store } = secrets;
    [recovery_seed, device, agreement, peer, store].map(|secret| *secret.expose()).to_vec()
}

#[test]
fn keys_made_once_are_loaded_ever_after() {
    let (_dir, home) = home();
    let (made, place) = HomeSecrets::open(&home, KeychainUse::Off).unwrap();
    assert_eq!(place, KeyPlace::File);
    let (loaded, place) = HomeSecrets::open(&home, KeychainUse::Off).unwrap();
    assert_eq!(place, KeyPlace::File);
    assert_eq!(exposed(&made), exposed(&loaded));
    let mut distinct = exposed(&made);
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), 5);
}

#[test]
fn the_keys_file_is_for_its_owner_alone_and_nothing_unfinished_stays() {
    let (_dir, home) = home();
    HomeSecrets::open(&home, KeychainUse::Off).unwrap();
    assert_eq!(fs::metadata(home.keys()).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!home.path().join("keys.unfinished").exists());
}

#[test]
fn an_unfinished_file_of_a_cut_start_is_no_hindrance() {
    let (_dir, home) = home();
    fs::write(home.path().join("keys.unfinished"), b"half").unwrap();
    HomeSecrets::open(&home, KeychainUse::Off).unwrap();
}

#[test]
fn a_keys_file_of_any_wrong_length_is_an_error_and_stays_as_it_is() {
    let (_dir, home) = home();
    HomeSecrets::open(&home, KeychainUse::Off).unwrap();
    let whole = fs::read(home.keys()).unwrap();
    assert_eq!(whole.len(), LENGTH);
    let mut longer = whole.clone();
    longer.push(0);
    for bytes in (0..whole.len()).map(|cut| &whole[..cut]).chain([longer.as_slice()]) {
        fs::write(home.keys(), bytes).unwrap();
        let error = HomeSecrets::open(&home, KeychainUse::Off).unwrap_err();
        assert!(matches!(error, KeyError::Damaged { .. }), "{} bytes: {error}", bytes.len());
        assert_eq!(fs::read(home.keys()).unwrap(), bytes);
    }
}

#[test]
fn a_keys_file_with_one_changed_byte_is_an_error() {
    let (_dir, home) = home();
    HomeSecrets::open(&home, KeychainUse::Off).unwrap();
    let whole = fs::read(home.keys()).unwrap();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(home.keys(), &changed).unwrap();
        assert!(HomeSecrets::open(&home, KeychainUse::Off).is_err(), "byte {at}");
    }
}

#[test]
fn a_history_without_keys_is_said_plainly_and_gets_no_new_keys() {
    let (_dir, home) = home();
    fs::write(home.database(), b"something").unwrap();
    let error = HomeSecrets::open(&home, KeychainUse::Off).unwrap_err();
    assert!(matches!(error, KeyError::Gone(_)));
    assert!(error.to_string().contains("its keys file is gone"), "{error}");
    assert!(!home.keys().exists());
}

#[test]
fn secrets_never_print() {
    let (_dir, home) = home();
    let (secrets, _) = HomeSecrets::open(&home, KeychainUse::Off).unwrap();
    let shown = format!("{secrets:?}");
    assert_eq!(shown.matches("***").count(), 5, "{shown}");
}
