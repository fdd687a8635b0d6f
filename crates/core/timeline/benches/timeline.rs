//! The cost of folding a busy day, of one more message, and of a window that follows. `cargo bench -p hearth-timeline`.

use divan::{Bencher, counter::ItemsCount};
use hearth_timeline::{DayCount, Focus, Opened, Timeline, Window};
use hearth_types::{ChannelId, ContentBody, Day, DeviceId, EntryId, Hlc, Target, UserId};

fn main() {
    divan::main();
}

const DAY: usize = 5_000;

fn entry(n: usize) -> Opened {
    let mut id = [0; 32];
    id[..8].copy_from_slice(&(n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    let author = (n % 25) as u8;
    Opened {
        id: EntryId(id),
        author: UserId([author; 32]),
        device: DeviceId([author; 32]),
        seq: n as u64 + 1,
        hlc: Hlc::from_ms(n as u64 * 10_000),
        day: Day(0),
        target: None,
        content: Some(ContentBody::Message { text: "lorem ipsum ".repeat(10), reply_to: None }),
        manages: false,
        counts: true,
        own: author == 0,
    }
}

/// A day of messages, every tenth with a reaction.
fn day() -> Vec<Opened> {
    let react = |n: usize| Opened {
        target: Some(Target { day: Day(0), id: entry(n).id }),
        content: Some(ContentBody::React { emoji: "👍".into(), on: true }),
        ..entry(DAY * 2 + n)
    };
    (0..DAY).map(entry).chain((0..DAY).step_by(10).map(react)).collect()
}

fn loaded() -> Timeline {
    let mut timeline = Timeline::new(ChannelId([1; 32]));
    timeline.set_day(Day(0), day(), u64::MAX >> 20);
    timeline
}

#[divan::bench]
fn fold_a_day_of_5_000(b: Bencher) {
    b.counter(ItemsCount::new(DAY)).with_inputs(day).bench_local_values(|entries| {
        let mut timeline = Timeline::new(ChannelId([1; 32]));
        timeline.set_day(Day(0), entries, u64::MAX >> 20);
        timeline
    });
}

#[divan::bench]
fn one_more_message_and_the_window_follows(b: Bencher) {
    let (mut timeline, mut window, days) =
        (loaded(), Window::new(Focus::Newest), [DayCount { day: Day(0), entries: DAY as u64 }]);
    window.update(&timeline, &days);
    let mut n = DAY;
    b.counter(ItemsCount::new(1usize)).bench_local(|| {
        n += 1;
        timeline.apply(Opened { hlc: Hlc::from_ms(50_000_000 + n as u64), ..entry(n) }, u64::MAX >> 20);
        window.update(&timeline, &days)
    });
}

#[divan::bench]
fn the_window_moves_by_ten(b: Bencher) {
    let (timeline, mut window, days) =
        (loaded(), Window::new(Focus::Newest), [DayCount { day: Day(0), entries: DAY as u64 }]);
    let mut n = 0;
    b.bench_local(|| {
        n = (n + 10) % DAY;
        window.move_to(Focus::Message(Target { day: Day(0), id: entry(n).id }));
        window.update(&timeline, &days)
    });
}
