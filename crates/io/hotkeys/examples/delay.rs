//! How long from a key to the sink: `delay [presses]`, on the display of the environment, best an Xvfb of its own.
//!
//! The key is pressed by the server itself (XTEST), the clock is read just before the request is written. Prints p50, p95 and
//! the longest of presses and of releases, and fails at a p95 of 10 ms.

use hearth_hotkeys::{Action, Hotkeys, Source};
use std::error::Error;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

#[path = "../tests/support/xtest.rs"]
mod xtest;

const F13: u8 = 191;
const BAR: Duration = Duration::from_millis(10);

fn main() -> Result<(), Box<dyn Error>> {
    let presses: usize = std::env::args().nth(1).map_or(Ok(400), |number| number.parse())?;
    let fingers = xtest::Fingers::on(None)?;
    let (sink, told) = channel();
    let hotkeys = Hotkeys::start(Source::Desktop, move |pressed| {
        let _ = sink.send((Instant::now(), pressed));
    })?;
    hotkeys.set(vec![(Action::Talk, "F13".parse()?)]);

    // The display hears of the wish a moment later.
    loop {
        fingers.key(F13, true)?;
        fingers.key(F13, false)?;
        match told.recv_timeout(Duration::from_millis(200)) {
            Ok(_) => break told.recv_timeout(Duration::from_secs(5)).map(drop)?,
            Err(RecvTimeoutError::Timeout) => {}
            Err(error) => return Err(error.into()),
        }
    }

    let (mut downs, mut ups) = (Vec::new(), Vec::new());
    for press in 0..presses {
        for down in [true, false] {
            // As people do: everything sleeps when the key comes. Not in step with any other clock.
            std::thread::sleep(Duration::from_micros(15_000 + press as u64 * 37 % 9_000));
            let pressed_at = Instant::now();
            fingers.key(F13, down)?;
            let (at, pressed) = told.recv_timeout(Duration::from_secs(5))?;
            if pressed.down != down {
                return Err("told the wrong way round".into());
            }
            if down { &mut downs } else { &mut ups }.push(at - pressed_at);
        }
    }
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("{presses} presses, load {}", load.split(' ').next().unwrap_or("unknown"));
    let worst = line("press", downs).max(line("release", ups));
    if worst < BAR { Ok(()) } else { Err("p95 is over 10 ms".into()) }
}

/// Prints and gives p95.
fn line(name: &str, mut times: Vec<Duration>) -> Duration {
    times.sort();
    let at = |share: usize| {
        times.get((times.len() * share / 100).min(times.len().saturating_sub(1))).copied().unwrap_or_default()
    };
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!("{name:8} p50 {:.3} ms  p95 {:.3} ms  longest {:.3} ms", ms(at(50)), ms(at(95)), ms(at(100)));
    at(95)
}
