//! `hearth`: the desktop client. Reads the command line, starts the node, runs the window.
//!
//! It must never draw or decide anything: that is the library beside it. Start with [`run`].

mod args;

use anyhow::{Context, Result, anyhow};
use args::{Args, Command};
use bevy::app::AppExit;
use clap::Parser;
use hearth_bridge::{Door, WakeUp};
use hearth_desktop::{AppConfig, Surface, app, control, instance, node::NodeThread, scheme};
use hearth_node::NodeConfig;
use hearth_ui::UiConfig;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    process::ExitCode,
    time::Duration,
};

/// Nothing to draw on.
const EXIT_NO_SCREEN: u8 = 2;
/// No way to draw.
const EXIT_NO_GRAPHICS: u8 = 3;

/// What the engine says when the screen does not answer, and when there is no driver.
const NO_EVENT_LOOP: &str = "event loop";
const NO_GPU: &str = "GPU";
const EXPECTED: [&str; 2] = [NO_EVENT_LOOP, NO_GPU];

fn main() -> ExitCode {
    // Read before any thread exists: the system allows it only then.
    let utc_offset_min = time::UtcOffset::current_local_offset().map_or(0, |offset| i32::from(offset.whole_minutes()));
    let args = Args::parse();
    match run(args, utc_offset_min) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args, utc_offset_min: i32) -> Result<ExitCode> {
    let home = match &args.home {
        Some(home) => std::path::absolute(home)?,
        None => instance::default_home()?,
    };
    if let Some(Command::Ctl { request }) = &args.command {
        return ctl(&home, request);
    }
    let voice_ca = match &args.ice_ca {
        Some(path) => {
            std::fs::read(path).with_context(|| format!("The certificates in {} cannot be read", path.display()))?
        }
        None => Vec::new(),
    };
    instance::make_home(&home)?;
    let Some(lock) = instance::lock(&home)? else {
        return hand_over(&home, args.link.as_deref());
    };
    let surface = match &args.screenshot {
        Some(file) => Surface::Picture { file: file.clone(), size: args.size },
        None if !screen_exists() => {
            eprintln!(
                "There is no screen to open a window on: neither DISPLAY nor WAYLAND_DISPLAY is set.\n\
                 Start Hearth from a desktop, or draw one picture with: hearth --screenshot picture.png"
            );
            return Ok(ExitCode::from(EXIT_NO_SCREEN));
        }
        None => Surface::Window { hidden: args.hidden, size: args.size },
    };
    if args.home.is_none() && args.screenshot.is_none() {
        open_links();
    }
    let wake_up = WakeUp::default();
    let inbox = control::listen(&home, wake_up.clone())
        .inspect_err(|error| eprintln!("{error:#}. Everything else works."))
        .ok();
    let node = NodeConfig {
        listen: args.listen,
        mdns: !args.no_mdns,
        voice_servers: args.ice_server,
        voice_ca,
        relay_only: args.hide_address,
        ..NodeConfig::new(&home)
    };
    let node = NodeThread::start(node, wake_up.clone())?;
    let config = AppConfig {
        surface,
        ui: UiConfig {
            prefs_dir: Some(home.join("preferences")),
            theme: args.theme,
            utc_offset_min,
            link: args.link,
            reduced_motion: args.reduced_motion,
        },
        wake_up,
        control: inbox,
        egui_fix: true,
    };
    let inbox = config.control.clone();
    let code = draw(config, node.door.clone());
    node.finish();
    if let Some(inbox) = inbox {
        inbox.finish();
    }
    drop(lock);
    Ok(code)
}

/// Makes this program open invite links, aside from everything else. With a folder of one's own it is a guest here and
/// leaves the desktop as it is.
fn open_links() {
    if !cfg!(all(unix, not(target_os = "macos"))) {
        return;
    }
    let register = || {
        let (program, dirs) = (std::env::current_exe().ok()?, directories::BaseDirs::new()?);
        scheme::register(&program, dirs.data_dir()).ok()
    };
    // A desktop that does not take it still opens links by hand.
    let _ = std::thread::Builder::new().name("links".into()).spawn(register);
}

/// Runs the client. What the engine can only say by panicking becomes a sentence and an exit code.
fn draw(config: AppConfig, door: Door) -> ExitCode {
    // What the engine panics with is said below in a sentence; only a fault of our own says where it happened.
    std::panic::set_hook(Box::new(|panic| {
        let said = panic.payload_as_str().unwrap_or_default();
        if !EXPECTED.iter().any(|known| said.contains(known)) {
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            eprintln!("Hearth has a fault and may not go on: {said} ({place})");
        }
    }));
    let ended = catch_unwind(AssertUnwindSafe(|| app(config, door).run()));
    let _ = std::panic::take_hook();
    match ended {
        Ok(AppExit::Success) => ExitCode::SUCCESS,
        Ok(AppExit::Error(code)) => ExitCode::from(code.get()),
        Err(panic) => {
            let said = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            let said = said.unwrap_or_default();
            if said.contains(NO_EVENT_LOOP) {
                eprintln!("The screen named by DISPLAY or WAYLAND_DISPLAY does not answer.");
                ExitCode::from(EXIT_NO_SCREEN)
            } else if said.contains(NO_GPU) {
                eprintln!("No graphics driver was found. On Debian and Ubuntu: apt install mesa-vulkan-drivers");
                ExitCode::from(EXIT_NO_GRAPHICS)
            } else {
                ExitCode::from(101)
            }
        }
    }
}

fn screen_exists() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(all(unix, not(target_os = "macos"))) || ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"].into_iter().any(set)
}

/// Gives a link, or the wish to be seen, to the client that already runs.
fn hand_over(home: &Path, link: Option<&str>) -> Result<ExitCode> {
    let request = match link {
        Some(link) => serde_json::json!({ "id": 1, "cmd": "link.open", "link": link }),
        None => serde_json::json!({ "id": 1, "cmd": "window.raise" }),
    };
    // The other one may have taken the folder only just now and not listen yet.
    let mut answer = control::send(home, &request.to_string());
    for _ in 0..50 {
        if answer.is_ok() {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
        answer = control::send(home, &request.to_string());
    }
    let answer = answer.with_context(|| {
        format!(
            "Hearth already runs on {}, but does not answer. Close it, or choose another folder with --home.",
            home.display()
        )
    })?;
    Ok(report(&answer, false))
}

fn ctl(home: &Path, words: &[String]) -> Result<ExitCode> {
    let request = args::ctl_request(words)?;
    // Why there is nobody to talk to helps no one.
    let answer = control::send(home, &request)
        .map_err(|_| anyhow!("Hearth is not running on {}. Start it with: hearth", home.display()))?;
    Ok(report(&answer, true))
}

/// Prints an answer (a refusal in words when `json` is false) and says whether it was a yes.
fn report(answer: &str, json: bool) -> ExitCode {
    let value: serde_json::Value = serde_json::from_str(answer).unwrap_or_default();
    if json {
        print!("{answer}");
    } else if let Some(message) = value["err"]["message"].as_str() {
        eprintln!("{message}");
    }
    if value.get("ok").is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
