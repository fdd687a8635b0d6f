//! Prints what the watcher tells: `watch [--capture | --devices] [talk=KeyV mute=Ctrl+Shift+KeyM ...]`, until it is ended.
//!
//! With `--capture` it waits for one chord and prints it. With `--devices` it reads `/dev/input`, if it may.

use hearth_hotkeys::{Action, Captured, Chord, Hotkeys, Source};
use std::error::Error;
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let source = if has("--devices") { Source::Evdev("/dev/input".into()) } else { Source::Desktop };
    let hotkeys = Hotkeys::start(source, |pressed| {
        println!("{:?} {}", pressed.action, if pressed.down { "down" } else { "up" });
    });
    let hotkeys = hotkeys.map_err(|why| why.to_string())?;
    println!("heard: {:?}", hotkeys.reach());
    if has("--capture") {
        println!("Press the key you want, or Escape.");
        match hotkeys.capture(Duration::from_secs(20)).wait() {
            Captured::Chord(chord) => println!("{chord}, in words: {}", chord.label()),
            other => println!("{other:?}"),
        }
        return Ok(());
    }
    let mut bindings = Vec::new();
    for argument in arguments.iter().filter(|argument| !argument.starts_with("--")) {
        let (action, chord) = argument.split_once('=').ok_or("an action, =, and a chord")?;
        let action = match action {
            "talk" => Action::Talk,
            "mute" => Action::Mute,
            "deafen" => Action::Deafen,
            "overlay" => Action::Overlay,
            _ => return Err("talk, mute, deafen or overlay".into()),
        };
        bindings.push((action, chord.parse::<Chord>()?));
    }
    if bindings.is_empty() {
        bindings.push((Action::Talk, "KeyV".parse()?));
    }
    for (action, chord) in &bindings {
        println!("{action:?}: {}", chord.label());
    }
    hotkeys.set(bindings);
    let mut trouble = None;
    loop {
        if trouble != hotkeys.trouble() {
            trouble = hotkeys.trouble();
            println!("{}", trouble.as_ref().map_or("All keys are heard again.".to_owned(), ToString::to_string));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}
