//! Keys in the system's keychain, on a session bus of the test's own.

use hearth_store::{Home, HomeSecrets, KeychainUse};
use std::{
    os::unix::net::UnixListener,
    path::Path,
    process::{Command, Output},
    time::{Duration, Instant},
};

const HOME: &str = "HEARTH_STORE_TEST_KEYS_HOME";

/// Not a test of its own: opens a home's keys under the environment it was given.
#[test]
fn child_that_opens_keys() {
    let Some(home) = std::env::var_os(HOME) else { return };
    match HomeSecrets::open(&Home::open(home).unwrap(), KeychainUse::from_env()) {
        Ok((secrets, place)) => println!("opened {place:?} {:?}", secrets.device.expose()),
        Err(error) => println!("refused: {error}"),
    }
}

/// The child under a command and an environment; what it said, and how long it took.
fn child(wrapper: &[&str], home: &Path, env: &[(&str, &str)]) -> (String, Duration) {
    let this = std::env::current_exe().unwrap();
    let mut line: Vec<_> = wrapper.iter().map(Into::into).collect();
    line.extend([
        this.into_os_string(),
        "--exact".into(),
        "keychain::child_that_opens_keys".into(),
        "--nocapture".into(),
    ]);
    let mut command = Command::new(&line[0]);
    command
        .args(&line[1..])
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .env_remove("XDG_RUNTIME_DIR")
        .env_remove("HEARTH_KEYCHAIN");
    let began = Instant::now();
    let Output { stdout, .. } = command.env(HOME, home).envs(env.iter().copied()).output().unwrap();
    let said = String::from_utf8(stdout).unwrap();
    let said =
        said.lines().find_map(|line| line.find("opened ").or(line.find("refused: ")).map(|at| line[at..].to_owned()));
    (said.expect("the child says one thing"), began.elapsed())
}

#[test]
fn without_a_session_bus_the_keys_go_to_a_file_at_once() {
    let home = tempfile::tempdir().unwrap();
    let (said, took) = child(&[], home.path(), &[]);
    assert!(said.starts_with("opened File"), "{said}");
    assert!(took < Duration::from_millis(1_500), "{took:?}");
}

#[test]
fn a_bus_that_never_answers_is_given_up_after_two_seconds() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("bus");
    let _silent = UnixListener::bind(&socket).unwrap();
    let address = format!("unix:path={}", socket.display());
    let (said, took) = child(&[], &dir.path().join("home"), &[("DBUS_SESSION_BUS_ADDRESS", &address)]);
    assert!(said.starts_with("opened File"), "{said}");
    assert!((Duration::from_millis(1_900)..Duration::from_secs(6)).contains(&took), "{took:?}");
    let (said, took) =
        child(&[], &dir.path().join("other"), &[("DBUS_SESSION_BUS_ADDRESS", &address), ("HEARTH_KEYCHAIN", "off")]);
    assert!(said.starts_with("opened File") && took < Duration::from_millis(1_500), "not asked when off: {took:?}");
}

#[test]
fn keys_in_the_keychain_come_back_and_are_missed_when_it_is_gone() {
    let found = |program| Command::new(program).arg("--version").output().is_ok();
    if !found("dbus-run-session") || !found("gnome-keyring-daemon") {
        println!("SKIP: no dbus-run-session or gnome-keyring-daemon here");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (home, user) = (dir.path().join("home"), dir.path().to_str().unwrap());
    let session = |script: &str| {
        let script = format!("{script} exec \"$0\" \"$@\"");
        let wrapper = ["dbus-run-session", "--", "sh", "-c", &script];
        child(&wrapper, &home, &[("HOME", user), ("XDG_RUNTIME_DIR", user), ("XDG_DATA_HOME", user)]).0
    };
    let unlocked = "printf word | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1;";
    let made = session(unlocked);
    assert!(made.starts_with("opened Keychain"), "{made}");
    assert_eq!(session(unlocked), made, "the same keys after the session ended");

    let (missed, _) = child(&[], &home, &[]);
    assert!(missed.starts_with("refused: Your keys are in the system's keychain, but"), "{missed}");
    // The file alone does not give the keys away.
    let other = dir.path().join("other");
    std::fs::create_dir(&other).unwrap();
    let other = other.to_str().unwrap();
    let script = "printf word | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; exec \"$0\" \"$@\"";
    let wrapper = ["dbus-run-session", "--", "sh", "-c", script];
    let env = [("HOME", other), ("XDG_RUNTIME_DIR", other), ("XDG_DATA_HOME", other)];
    let (forgot, _) = child(&wrapper, &home, &env);
    assert!(forgot.contains("no longer has the entry"), "{forgot}");
}
