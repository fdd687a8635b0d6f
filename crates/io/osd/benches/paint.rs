//! What a picture of eight people costs the processor, whatever else the machine does.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use hearth_osd::{Look, OverlayFrame, Person, Talk, paint};
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

const PICTURES: u32 = 200;

fn main() {
    // Cargo asks every bench whether it has tests.
    if std::env::args().any(|word| word == "--list" || word == "--test") {
        return;
    }
    println!("load {}", std::fs::read_to_string("/proc/loadavg").unwrap().trim());
    for scale in [1.0, 1.5, 2.0] {
        let look = Look { scale, ..Look::default() };
        let ms = |people| {
            (0..10).for_each(|n| drop(paint(&frame(people, n), &look, 0)));
            let before = used();
            (0..PICTURES).for_each(|n| drop(paint(&frame(people, n), &look, 0)));
            (used() - before).as_secs_f64() * 1e3 / f64::from(PICTURES)
        };
        println!("scale {scale}: {:.2} ms for one, {:.2} ms for eight people who speak", ms(1), ms(8));
    }
}

/// What this thread has used so far.
fn used() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap()
}

fn frame(people: u32, n: u32) -> OverlayFrame {
    let person = |at: u32| Person {
        name: format!("Somebody with the name {at}"),
        color: 0xe8_84_4a,
        level: (n + at) as f32 % 7.0 / 7.0,
        speaking: true,
        ..Person::default()
    };
    OverlayFrame { people: (0..people).map(person).collect(), talk: Talk::Ready, ..OverlayFrame::default() }
}
