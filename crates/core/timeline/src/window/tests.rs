#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::{
    Opened,
    tests::{CHANNEL, LATE_MS, Reader, Step, id, step, text},
};
use hearth_ports::MessageView;
use hearth_types::{limits::WINDOW_MESSAGES, time::DAY_MS};
use proptest::prelude::*;

/// `per_day` messages on each of `days` days, numbered from 1, as a store would hold them.
fn store(days: u32, per_day: u32) -> BTreeMap<Day, Vec<Opened>> {
    (0..days)
        .map(|d| {
            (
                Day(d),
                (0..per_day).map(|i| text(1 + d * per_day + i, 1, u64::from(d) * DAY_MS + u64::from(i) * 7)).collect(),
            )
        })
        .collect()
}

fn counts(store: &BTreeMap<Day, Vec<Opened>>) -> Vec<DayCount> {
    store.iter().map(|(day, entries)| DayCount { day: *day, entries: entries.len() as u64 }).collect()
}

/// Loads what the window wants until it wants no more; the days it ended up with.
fn settle(window: &Window, timeline: &mut Timeline, store: &BTreeMap<Day, Vec<Opened>>) -> Vec<Day> {
    let days = counts(store);
    for _ in 0..100 {
        let wanted = window.wanted_days(timeline, &days);
        let Some(missing) = wanted.iter().find(|d| !timeline.is_loaded(**d)) else { return wanted };
        timeline.set_day(*missing, store[missing].clone(), LATE_MS);
    }
    panic!("never settles");
}

fn names(messages: &[MessageView]) -> Vec<&str> {
    messages.iter().map(|m| m.text.as_str()).collect()
}

fn at(n: u32, per_day: u32) -> Focus {
    Focus::Message(Target { day: Day((n - 1) / per_day), id: id(n) })
}

#[test]
fn newest_shows_the_last_messages_and_follows_new_ones() {
    let store = store(3, 150);
    let (mut window, mut timeline, mut reader) =
        (Window::new(Focus::Newest), Timeline::new(CHANNEL), Reader::default());
    assert_eq!(settle(&window, &mut timeline, &store), [Day(2), Day(1)]);
    reader.apply(&window.update(&timeline, &counts(&store)));
    assert_eq!((reader.messages.len(), reader.edges), (WINDOW_MESSAGES, (true, false)));
    assert_eq!((reader.messages[0].text.as_str(), reader.messages[199].text.as_str()), ("m251", "m450"));

    timeline.apply(text(451, 1, 3 * DAY_MS - 1), LATE_MS);
    let diffs = window.update(&timeline, &counts(&store));
    assert!(
        matches!(&diffs[..], [WindowDiff::Remove { index: 0 }, WindowDiff::Insert { index: 199, .. }]),
        "{diffs:?}"
    );
    assert_eq!(window.update(&timeline, &counts(&store)), []);
}

#[test]
fn a_change_far_from_the_window_says_nothing() {
    let store = store(2, 250);
    let (mut window, mut timeline) = (Window::new(Focus::Newest), Timeline::new(CHANNEL));
    settle(&window, &mut timeline, &store);
    window.update(&timeline, &counts(&store));
    assert_eq!(timeline.apply(Opened { content: None, ..text(251, 1, DAY_MS) }, LATE_MS), [id(251)]);
    assert_eq!(window.update(&timeline, &counts(&store)), []);
    timeline.apply(Opened { content: None, ..text(500, 1, DAY_MS + 249 * 7) }, LATE_MS);
    assert!(matches!(&window.update(&timeline, &counts(&store))[..], [WindowDiff::Set { index: 199, .. }]));
}

#[test]
fn a_message_stands_in_the_middle_with_more_on_both_sides() {
    let store = store(10, 60);
    let (mut window, mut timeline, mut reader) = (Window::new(at(301, 60)), Timeline::new(CHANNEL), Reader::default());
    let days = settle(&window, &mut timeline, &store);
    assert_eq!(days[0], Day(5), "the focused day is the most urgent");
    reader.apply(&window.update(&timeline, &counts(&store)));
    assert_eq!((reader.messages.len(), reader.edges), (WINDOW_MESSAGES, (true, true)));
    assert_eq!(reader.messages[100].text, "m301");

    window.move_to(at(311, 60));
    settle(&window, &mut timeline, &store);
    let diffs = window.update(&timeline, &counts(&store));
    assert_eq!(diffs.len(), 20, "ten leave and ten come");
    reader.apply(&diffs);
    assert_eq!(reader.messages[100].text, "m311");

    window.move_to(at(5, 60));
    settle(&window, &mut timeline, &store);
    reader.apply(&window.update(&timeline, &counts(&store)));
    assert_eq!(
        (reader.messages[0].text.as_str(), reader.messages.len(), reader.edges),
        ("m1", WINDOW_MESSAGES, (false, true))
    );
}

#[test]
fn days_that_are_loaded_beyond_a_gap_stay_out() {
    let store = store(9, 10);
    let (mut window, mut timeline, mut reader) = (Window::new(at(41, 10)), Timeline::new(CHANNEL), Reader::default());
    for d in [1, 3, 4, 5, 7, 8] {
        timeline.set_day(Day(d), store[&Day(d)].clone(), LATE_MS);
    }
    reader.apply(&window.update(&timeline, &counts(&store)));
    assert_eq!((names(&reader.messages)[0], reader.messages.len(), reader.edges), ("m31", 30, (true, true)));
    window.move_to(Focus::Newest);
    reader.apply(&window.update(&timeline, &counts(&store)));
    assert_eq!((names(&reader.messages)[0], reader.messages.len(), reader.edges), ("m71", 20, (true, false)));
}

#[test]
fn a_day_still_loading_leaves_the_reader_with_what_it_has() {
    let mut store = store(1, 5);
    let (mut window, mut timeline, mut reader) =
        (Window::new(Focus::Newest), Timeline::new(CHANNEL), Reader::default());
    assert_eq!(window.update(&timeline, &counts(&store)), []);
    settle(&window, &mut timeline, &store);
    reader.apply(&window.update(&timeline, &counts(&store)));
    store.insert(Day(1), vec![text(99, 1, DAY_MS)]);
    assert_eq!(window.update(&timeline, &counts(&store)), []);
    settle(&window, &mut timeline, &store);
    reader.apply(&window.update(&timeline, &counts(&store)));
    assert_eq!(names(&reader.messages), ["m1", "m2", "m3", "m4", "m5", "m99"]);
}

#[test]
fn an_empty_channel_is_an_empty_window() {
    let (mut window, timeline) = (Window::new(Focus::Newest), Timeline::new(CHANNEL));
    assert_eq!(window.wanted_days(&timeline, &[]), []);
    let reset = WindowDiff::Reset { channel: CHANNEL, messages: vec![], before: false, after: false };
    assert_eq!(window.update(&timeline, &[]), std::slice::from_ref(&reset));
    assert_eq!(window.update(&timeline, &[]), []);
    window.lost();
    assert_eq!(window.update(&timeline, &[]), [reset]);
}

#[test]
fn sparse_channels_load_many_days_but_never_more_than_the_limit() {
    let store = store(300, 1);
    let (window, mut timeline) = (Window::new(Focus::Newest), Timeline::new(CHANNEL));
    assert_eq!(settle(&window, &mut timeline, &store).len(), limits::TIMELINE_DAYS);
    let (window, mut timeline) = (Window::new(at(150, 1)), Timeline::new(CHANNEL));
    let days: BTreeSet<Day> = settle(&window, &mut timeline, &store).into_iter().collect();
    assert_eq!(days.len(), limits::TIMELINE_DAYS);
    assert!(days.first().unwrap().0 < 120 && days.last().unwrap().0 > 178, "{days:?}");
}

#[test]
fn a_focused_message_that_is_voided_leaves_the_window_where_it_was() {
    let store = store(1, 600);
    let (mut window, mut timeline, mut reader) = (Window::new(at(300, 600)), Timeline::new(CHANNEL), Reader::default());
    settle(&window, &mut timeline, &store);
    reader.apply(&window.update(&timeline, &counts(&store)));
    timeline.apply(Opened { counts: false, ..text(300, 1, 299 * 7) }, LATE_MS);
    let diffs = window.update(&timeline, &counts(&store));
    assert_eq!(diffs.len(), 2, "it leaves and one comes: {diffs:?}");
    reader.apply(&diffs);
    assert_eq!(reader.messages[100].text, "m301");
}

#[test]
fn more_than_half_changed_is_one_reset() {
    let store = store(1, 1000);
    let (mut window, mut timeline, mut reader) =
        (Window::new(at(300, 1000)), Timeline::new(CHANNEL), Reader::default());
    settle(&window, &mut timeline, &store);
    reader.apply(&window.update(&timeline, &counts(&store)));
    window.move_to(at(350, 1000));
    assert_eq!(window.update(&timeline, &counts(&store)).len(), 100);
    window.move_to(at(401, 1000));
    assert!(matches!(&window.update(&timeline, &counts(&store))[..], [WindowDiff::Reset { .. }]));
}

/// What a window must show, said plainly: the slice of the gapless loaded days around the focus.
fn expected(timeline: &Timeline, days: &[DayCount], focus: Focus) -> Option<Vec<EntryId>> {
    let at = match focus {
        Focus::Newest => days.len() - 1,
        Focus::Message(t) => days.iter().rposition(|d| d.day <= t.day).unwrap_or(0),
    };
    if !timeline.is_loaded(days[at].day) {
        return None;
    }
    let (mut first, mut last) = (at, at);
    while first > 0 && timeline.is_loaded(days[first - 1].day) {
        first -= 1;
    }
    while last + 1 < days.len() && timeline.is_loaded(days[last + 1].day) {
        last += 1;
    }
    let all: Vec<EntryId> =
        timeline.messages().filter(|m| m.day >= days[first].day && m.day <= days[last].day).map(|m| m.id).collect();
    // Histories here are shorter than a window.
    assert!(all.len() <= WINDOW_MESSAGES);
    Some(all)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn diffs_lead_from_the_old_list_to_the_new_one(
        steps in prop::collection::vec((step(60), prop::option::weighted(0.2, 0u32..60), any::<bool>()), 1..50)
    ) {
        let mut timeline = Timeline::new(CHANNEL);
        let (mut window, mut reader) = (Window::new(Focus::Newest), Reader::default());
        let days: Vec<DayCount> = (0..5).map(|d| DayCount { day: Day(d), entries: 10 }).collect();
        for (step, focus, look) in steps {
            match step {
                Step::Apply(e) => drop(timeline.apply(e, LATE_MS)),
                Step::SetDay(day, entries) => timeline.set_day(day, entries, LATE_MS),
                Step::Unload(day) => timeline.unload(day),
                Step::Delivered(device, seq) => drop(timeline.set_delivered(hearth_types::DeviceId([device; 32]), seq)),
            }
            match focus {
                Some(0) => window.move_to(Focus::Newest),
                Some(n) => window.move_to(Focus::Message(Target { day: Day(n % 5), id: id(n) })),
                None => {}
            }
            if !look {
                continue;
            }
            let diffs = window.update(&timeline, &days);
            reader.apply(&diffs);
            prop_assert!(window.shown().eq(reader.messages.iter().map(|m| m.message)));
            if let Some(want) = expected(&timeline, &days, window.focus()) {
                let now: Vec<_> = want.iter().map(|id| timeline.view(*id).unwrap()).collect();
                prop_assert_eq!(&reader.messages, &now);
                prop_assert_eq!(window.update(&timeline, &days), vec![]);
            } else {
                prop_assert_eq!(diffs, vec![]);
            }
        }
    }

    #[test]
    fn long_histories_keep_the_window_full_and_around_its_focus(
        looks in prop::collection::vec((0u32..1200, any::<bool>()), 1..12)
    ) {
        let store = store(12, 100);
        let days = counts(&store);
        let mut timeline = Timeline::new(CHANNEL);
        let (mut window, mut reader) = (Window::new(Focus::Newest), Reader::default());
        for (n, drop_rest) in looks {
            window.move_to(if n == 0 { Focus::Newest } else { at(n, 100) });
            let wanted = settle(&window, &mut timeline, &store);
            if drop_rest {
                let surplus: Vec<Day> = timeline.loaded().filter(|d| !wanted.contains(d)).collect();
                surplus.into_iter().for_each(|d| timeline.unload(d));
            }
            reader.apply(&window.update(&timeline, &days));
            prop_assert_eq!(reader.messages.len(), WINDOW_MESSAGES);
            let shown = names(&reader.messages).into_iter().map(|m| m[1..].parse::<u32>().unwrap()).collect::<Vec<_>>();
            let first = if n == 0 { 1001 } else { n.saturating_sub(100).clamp(1, 1001) };
            prop_assert_eq!(shown, (first..first + 200).collect::<Vec<_>>());
            prop_assert_eq!(reader.edges, (first > 1, first < 1001));
        }
    }
}
