//! Shows people who speak, as the words on standard input say, and prints what the overlay does.
//!
//! Words, one a line: `people N` (speaking steadily), `talk SECONDS` (their levels change 50 times a second),
//! `tremble SECONDS` (the same, by too little to be seen), `quiet`, `nobody`, `toast SECONDS`, `ptt off|ready|open`,
//! `interactive on|off`, `opacity V`, `scale V`, `corner top-left|...`, `count SECONDS` (prints the updates in that time),
//! `events`, `memory`, `end`. Each is answered by one line.
#![allow(clippy::print_stdout)]

use hearth_osd::{Corner, Look, Overlay, OverlayFrame, Person, Talk, Toast};
use std::io::BufRead;
use std::time::{Duration, Instant};

const NAMES: [(&str, u32); 8] = [
    ("Ada Lovelace", 0xe8_84_4a),
    ("Lin", 0x3f_b0_9a),
    ("Noor", 0x7c_8d_ea),
    ("the_one_with_the_very_long_name", 0x4c_a3_d9),
    ("Sam Okafor", 0xd9_a4_3b),
    ("Wil", 0xe0_73_9c),
    ("Jo", 0x7f_b2_5a),
    ("Mette B", 0xb5_7c_dd),
];

fn main() {
    let started = Instant::now();
    let mut look = Look::default();
    let overlay = match Overlay::start(look.clone()) {
        Ok(overlay) => overlay,
        Err(why) => return println!("unavailable: {why}"),
    };
    println!("started");
    let mut frame = OverlayFrame::default();
    let now = || started.elapsed().as_millis() as u64;
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let words: Vec<_> = line.split_whitespace().collect();
        let number = || words.get(1).and_then(|w| w.parse::<f32>().ok()).unwrap_or(0.0);
        let before = overlay.updates();
        let mut answer = "ok".to_owned();
        match *words.as_slice() {
            ["people", _] => frame.people = people(number() as usize),
            [how @ ("talk" | "tremble"), _] => {
                let until = Instant::now() + Duration::from_secs_f32(number());
                let by = if how == "talk" { 0.5 } else { 0.005 };
                let mut n = 0.0;
                while Instant::now() < until {
                    n += 1.0;
                    frame
                        .people
                        .iter_mut()
                        .enumerate()
                        .for_each(|(at, p)| p.level = 0.6 + by * (n * 0.3 + at as f32).sin());
                    overlay.show(frame.clone());
                    std::thread::sleep(Duration::from_millis(20));
                }
                answer = format!("updates {}", overlay.updates() - before);
            }
            ["quiet"] => {
                frame.people.iter_mut().for_each(|p| (p.speaking, p.silent_since_ms) = (false, Some(now())));
            }
            ["nobody"] => frame.people.clear(),
            ["toast", _] => {
                let until_ms = now() + (number() * 1e3) as u64;
                let toast = Toast { title: "Sam in #clips".into(), line: "@Ada that last round!".into(), until_ms };
                frame.toasts.insert(0, toast);
            }
            ["ptt", state] => {
                frame.talk = match state {
                    "open" => Talk::Open,
                    "ready" => Talk::Ready,
                    _ => Talk::Off,
                };
            }
            ["interactive", state] => look.interactive = state == "on",
            ["opacity", _] => look.opacity = number(),
            ["scale", _] => look.scale = number(),
            ["corner", corner] => {
                look.corner = match corner {
                    "top-right" => Corner::TopRight,
                    "bottom-left" => Corner::BottomLeft,
                    "bottom-right" => Corner::BottomRight,
                    _ => Corner::TopLeft,
                };
            }
            ["count", _] => {
                std::thread::sleep(Duration::from_secs_f32(number()));
                answer = format!("updates {}", overlay.updates() - before);
            }
            ["events"] => {
                let told: Vec<_> =
                    std::iter::from_fn(|| overlay.events().try_recv().ok()).map(|e| format!("{e:?}")).collect();
                answer = format!("events {}", told.join(" "));
            }
            ["memory"] => answer = format!("memory {}", memory()),
            ["end"] => return println!("ok"),
            _ => answer = format!("unknown: {line}"),
        }
        frame.at_ms = now();
        overlay.show(frame.clone());
        overlay.set(look.clone());
        println!("{answer}");
    }
}

fn people(count: usize) -> Vec<Person> {
    let person = |(name, color): &(&str, u32)| Person {
        name: (*name).into(),
        color: *color,
        level: 0.6,
        speaking: true,
        ..Person::default()
    };
    NAMES.iter().take(count).map(person).collect()
}

/// Resident bytes of this process in kB: all, and those that are its own and no file's.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |name: &str| status.lines().find_map(|l| l.strip_prefix(name)).map_or("?".into(), |v| v.trim().to_owned());
    format!("all {}, own {}", of("VmRSS:"), of("RssAnon:"))
}
