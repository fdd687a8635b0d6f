#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::tests::{CHANNEL, LATE_MS, Model, Step, entry, id, known, step, text};
use hearth_types::{Target, UserId, time::DAY_MS};
use proptest::prelude::*;

fn views(t: &Timeline) -> Vec<MessageView> {
    t.messages().map(|m| t.view(m.id).unwrap()).collect()
}

fn one_day(entries: Vec<Opened>) -> Timeline {
    let mut t = Timeline::new(CHANNEL);
    t.set_day(Day(0), entries, LATE_MS);
    t
}

fn on(n: u32) -> Option<Target> {
    Some(Target { day: Day(0), id: id(n) })
}

fn amends(n: u32, author: u8, at: u64, target: u32, content: ContentBody) -> Opened {
    entry(n, author, Hlc::from_ms(at), on(target), content)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_history_gives_what_a_plain_fold_from_scratch_gives(steps in prop::collection::vec(step(40), 1..60)) {
        let (mut timeline, mut model) = (Timeline::new(CHANNEL), Model::default());
        for step in steps {
            let before: BTreeMap<_, _> = views(&timeline).into_iter().map(|v| (v.message, v)).collect();
            let mut said = None;
            match step {
                Step::Apply(e) => {
                    model.apply(&e);
                    said = Some(timeline.apply(e, LATE_MS));
                }
                Step::SetDay(day, entries) => {
                    model.set_day(day, &entries);
                    timeline.set_day(day, entries, LATE_MS);
                }
                Step::Unload(day) => {
                    model.days.remove(&day);
                    timeline.unload(day);
                }
                Step::Delivered(device, seq) => {
                    let device = DeviceId([device; 32]);
                    let mark = model.delivered.entry(device).or_default();
                    *mark = seq.max(*mark);
                    said = Some(timeline.set_delivered(device, seq));
                }
            }
            let after = views(&timeline);
            prop_assert_eq!(&after, &model.views());
            prop_assert!(timeline.loaded().eq(model.days.keys().copied()));
            for day in timeline.loaded() {
                prop_assert_eq!(timeline.count(day), timeline.messages().filter(|m| m.day == day).count());
            }
            if let Some(said) = said {
                let after: BTreeMap<_, _> = after.into_iter().map(|v| (v.message, v)).collect();
                for id in before.keys().chain(after.keys()) {
                    prop_assert!(before.get(id) == after.get(id) || said.contains(id), "{id} changed unsaid");
                }
            }
        }
    }

    #[test]
    fn order_of_arrival_makes_no_difference(
        (entries, shuffled) in prop::collection::vec(known(40), 1..80).prop_flat_map(|all| {
            // One knowledge of each entry, or the last word would depend on the order.
            let each: BTreeMap<_, _> = all.into_iter().map(|e| (e.id, e)).collect();
            let each: Vec<_> = each.into_values().collect();
            (Just(each.clone()), Just(each).prop_shuffle())
        })
    ) {
        let (mut a, mut b, mut c) = (Timeline::new(CHANNEL), Timeline::new(CHANNEL), Timeline::new(CHANNEL));
        for day in (0..6).map(Day) {
            b.set_day(day, Vec::new(), LATE_MS);
            c.set_day(day, Vec::new(), LATE_MS);
            a.set_day(day, entries.iter().filter(|e| e.home() == day).cloned().collect(), LATE_MS);
        }
        for e in &shuffled {
            b.apply(e.clone(), LATE_MS);
        }
        for e in entries.iter().rev().chain(&shuffled) {
            c.apply(e.clone(), LATE_MS);
        }
        prop_assert_eq!(views(&a), views(&b));
        prop_assert_eq!(views(&a), views(&c));
    }

    #[test]
    fn what_is_seen_of_a_few_days_is_the_whole_fold_cut_to_them(
        entries in prop::collection::vec(known(40), 1..80), days in prop::collection::btree_set((0u32..5).prop_map(Day), 0..4)
    ) {
        let each: BTreeMap<_, _> = entries.into_iter().map(|e| (e.id, e)).collect();
        let (mut all, mut some) = (Timeline::new(CHANNEL), Timeline::new(CHANNEL));
        for day in (0..6).map(Day) {
            // As a store gives a day: what is written on it, and what amends it.
            let rows: Vec<_> = each.values().filter(|e| e.day == day || e.home() == day).cloned().collect();
            all.set_day(day, rows.clone(), LATE_MS);
            if days.contains(&day) {
                some.set_day(day, rows, LATE_MS);
            }
        }
        let cut: Vec<_> = all.messages().filter(|m| days.contains(&m.day)).map(|m| all.view(m.id).unwrap()).collect();
        prop_assert_eq!(views(&some), cut);
    }
}

#[test]
fn nothing_is_folded_into_a_day_that_is_not_loaded() {
    let mut t = one_day(vec![]);
    assert_eq!(t.apply(text(1, 1, DAY_MS), LATE_MS), []);
    assert_eq!(t.apply(text(2, 1, 5), LATE_MS), [id(2)]);
    assert_eq!(t.apply(text(2, 1, 5), LATE_MS), [], "a repeat says nothing new");
    assert_eq!(views(&t).len(), 1);
}

#[test]
fn only_the_author_edits_and_the_latest_edit_wins() {
    let edit = |n, author, at, text: &str| amends(n, author, at, 1, ContentBody::Edit { text: text.into() });
    let mut t = one_day(vec![text(1, 1, 5)]);
    assert_eq!(t.apply(edit(2, 2, 9, "forged"), LATE_MS), []);
    assert_eq!(t.apply(edit(3, 1, 8, "second"), LATE_MS), [id(1)]);
    assert_eq!(t.apply(edit(4, 1, 7, "first"), LATE_MS), []);
    assert_eq!(t.message(id(1)).unwrap().text(), Some("second"));
    assert!(t.view(id(1)).unwrap().edited);
}

#[test]
fn author_and_moderator_delete_and_nobody_else() {
    let delete = |n, author, manages| Opened { manages, ..amends(n, author, 9, 1, ContentBody::Delete) };
    for (deleter, gone) in [(delete(2, 1, false), true), (delete(2, 2, true), true), (delete(2, 2, false), false)] {
        let react = amends(3, 2, 6, 1, ContentBody::React { emoji: "x".into(), on: true });
        let pin = Opened { manages: true, ..amends(4, 2, 6, 1, ContentBody::Pin { on: true }) };
        let t = one_day(vec![text(1, 1, 5), react, pin, deleter]);
        let v = t.view(id(1)).unwrap();
        assert_eq!(
            (v.deleted, v.text.is_empty(), v.reactions.is_empty(), v.pinned, v.readable),
            (gone, gone, gone, !gone, true)
        );
    }
}

#[test]
fn an_amendment_waits_for_its_message() {
    let mut t = one_day(vec![amends(2, 1, 9, 1, ContentBody::Edit { text: "new".into() })]);
    assert_eq!(t.messages().count(), 0);
    assert_eq!(t.apply(text(1, 1, 5), LATE_MS), [id(1)]);
    assert_eq!(t.message(id(1)).unwrap().text(), Some("new"));
}

#[test]
fn an_edit_written_days_later_stands_when_only_the_old_day_is_loaded() {
    let late = entry(2, 1, Hlc::from_ms(3 * DAY_MS), on(1), ContentBody::Delete);
    let t = one_day(vec![text(1, 1, 5), late]);
    assert!(t.message(id(1)).unwrap().deleted());
}

#[test]
fn a_message_without_its_key_is_a_row_that_fills_in_later() {
    let mut t = one_day(vec![Opened { content: None, ..text(1, 1, 5) }]);
    let v = t.view(id(1)).unwrap();
    assert_eq!((v.text.as_str(), v.readable), ("", false));
    assert_eq!(t.apply(text(1, 1, 5), LATE_MS), [id(1)]);
    assert!(t.view(id(1)).unwrap().readable);
}

#[test]
fn reactions_end_at_their_limit_in_order_of_appearance() {
    let react =
        |n: u32| amends(n + 10, 2, 1000 - u64::from(n), 1, ContentBody::React { emoji: format!("{n}"), on: true });
    let t = one_day(std::iter::once(text(1, 1, 5)).chain((0..limits::REACTIONS as u32 + 9).map(react)).collect());
    let v = t.view(id(1)).unwrap();
    assert_eq!(v.reactions.len(), limits::REACTIONS);
    assert_eq!(v.reactions[0].emoji, format!("{}", limits::REACTIONS + 8), "the earliest first");
    assert_eq!(v.reactions[0].users, [UserId([2; 32])]);
}

#[test]
fn a_stamp_from_the_future_is_shown_as_now_and_stays_there() {
    let now = DAY_MS / 2;
    let mut t = one_day(vec![text(1, 1, now - 10)]);
    t.set_day(Day(2), vec![], now);
    t.apply(text(2, 2, 2 * DAY_MS + 7), now);
    t.apply(text(3, 1, now + 5), now + 5);
    let order: Vec<_> = t.messages().map(|m| m.id).collect();
    assert_eq!(order, [id(1), id(2), id(3)]);
    assert_eq!(t.view(id(2)).unwrap().at, now);
    t.set_day(Day(2), vec![text(2, 2, 2 * DAY_MS + 7)], now + 9);
    assert_eq!(t.view(id(2)).unwrap().at, now, "loading its day again does not move it");
    t.apply(text(4, 2, now + limits::HLC_FOLLOW_MS), now);
    assert_eq!(t.view(id(4)).unwrap().at, now + limits::HLC_FOLLOW_MS, "a clock a little ahead is believed");
}

#[test]
fn own_messages_go_from_saved_to_sent() {
    let mut t = one_day(vec![text(1, 0, 5), text(2, 0, 6), text(3, 1, 7)]);
    let states = |t: &Timeline| views(t).iter().map(|v| v.state).collect::<Vec<_>>();
    assert_eq!(states(&t), [SendState::Saved, SendState::Saved, SendState::Received]);
    assert_eq!(t.set_delivered(DeviceId([0; 32]), 2), [id(1)]);
    assert_eq!(states(&t), [SendState::Sent, SendState::Saved, SendState::Received]);
    assert_eq!(t.set_delivered(DeviceId([0; 32]), 2), []);
}

#[test]
fn what_arrives_while_a_day_is_read_is_not_lost() {
    let mut t = Timeline::new(CHANNEL);
    t.await_day(Day(0));
    assert_eq!(t.apply(text(2, 1, 6), LATE_MS), [], "not shown yet");
    t.set_day(Day(0), vec![text(1, 1, 5)], LATE_MS);
    t.await_day(Day(0));
    t.apply(text(3, 1, 7), LATE_MS);
    t.set_day(Day(0), vec![text(1, 1, 5), text(2, 1, 6)], LATE_MS);
    assert!(t.messages().map(|m| m.id).eq([id(1), id(2), id(3)]));
}
