//! One home folder, one process.

use crate::support::*;
use hearth_store::{Home, HomeError, HomeSecrets, KeyPlace, KeychainUse, StoreConfig};
use std::{path::Path, process::Command};

const HOME: &str = "HEARTH_STORE_TEST_SECOND_HOME";

/// Not a test of its own: the second process.
#[test]
fn second_process() {
    let Some(home) = std::env::var_os(HOME) else { return };
    match Home::open(home) {
        Ok(_) => println!("it let me in"),
        Err(error @ HomeError::InUse(_)) => println!("refused: {error}"),
        Err(other) => panic!("{other}"),
    }
}

fn second_process_says(home: &Path) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "two_processes::second_process", "--nocapture"])
        .env(HOME, home)
        .output()
        .unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_second_process_on_one_home_is_told_and_the_first_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let home = Home::open(dir.path().join("home")).unwrap();
    let (secrets, place) = HomeSecrets::open(&home, KeychainUse::Off).unwrap();
    assert_eq!(place, KeyPlace::File);
    let mut store = Store::try_open(StoreConfig::new(home.database(), secrets.store.clone())).unwrap();
    let said = second_process_says(home.path());
    let expected = format!("refused: Hearth is already open with this folder ({})", home.path().display());
    assert!(said.contains(&expected), "{said}");
    store.put_own(log(ME, 1..=1)).unwrap();
    store.close();

    let path = home.path().to_owned();
    drop(home);
    let said = second_process_says(&path);
    assert!(said.contains("it let me in"), "the lock goes with whoever held it: {said}");
}

#[test]
fn a_home_whose_keys_are_gone_is_told_so() {
    let dir = tempfile::tempdir().unwrap();
    let home = Home::open(dir.path()).unwrap();
    let (secrets, _) = HomeSecrets::open(&home, KeychainUse::Off).unwrap();
    let mut store = Store::try_open(StoreConfig::new(home.database(), secrets.store)).unwrap();
    store.put_own(log(ME, 1..=1)).unwrap();
    store.close();
    std::fs::remove_file(home.keys()).unwrap();
    let error = HomeSecrets::open(&home, KeychainUse::Off).unwrap_err().to_string();
    assert!(error.contains("keys file is gone"), "{error}");
}
