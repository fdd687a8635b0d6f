//! The message list: cheap however long the channel is, and still however the window shifts.

use crate::cast::{self, Cast};
use crate::stage::{Screen, Stage, World};
use hearth_ports::{Anchor, MessageView};
use hearth_types::EntryId;
use hearth_view::Intent;
use hearth_view::timeline::Place;

fn channel(count: u64) -> Vec<MessageView> {
    let words = ["short", "a sentence of middling length that may or may not wrap, depending on the width", "x\ny\nz"];
    (0..count)
        .map(|n| {
            let text = format!("{n} {}", words[(n % 3) as usize].repeat(1 + (n % 5) as usize));
            cast::message(1_000_000 + n, 1 + n * 7 % 5, cast::NOW - (count - n) * 150_000, &text)
        })
        .collect()
}

fn long(count: u64) -> Stage {
    let mut cast = Cast::usual();
    cast.typing.clear();
    let mut world = World::new(Screen::Main, cast);
    world.channel = channel(count);
    let end = world.channel.len();
    world.window_around(end);
    let mut s = Stage::of(world, [1280.0, 720.0]);
    s.settle();
    s.point(700.0, 300.0);
    s
}

fn place_of(s: &Stage, id: EntryId) -> Option<f64> {
    s.world().ui.timeline.visible().iter().find(|p| p.message == id).map(|p| p.y)
}

fn top(s: &Stage) -> Place {
    *s.world().ui.timeline.visible().iter().find(|p| p.y >= 0.0).unwrap()
}

#[test]
fn hundred_thousand_messages_stay_under_budget() {
    let mut s = long(100_000);
    let mut most = 0;
    let mut oldest = usize::MAX;
    for step in 0..400 {
        s.wheel(700.0);
        most = most.max(s.world().ui.timeline.laid_out());
        if step % 20 == 0 {
            let first = s.world().cast.messages[0].message;
            let index = s.world().channel.iter().position(|m| m.message == first).unwrap();
            assert!(index <= oldest, "the window only moves back while one scrolls back");
            oldest = index;
        }
        assert!(s.world().cast.messages.len() <= 200);
    }
    // A frame draws what is seen, and at most walks over what a jump of 700 points passes.
    assert!(most <= 80, "{most} rows were laid out in one frame");
    assert!(oldest < 98_000, "400 turns of the wheel went back only to {oldest}");
    s.settle();
    s.wait(1);
    assert!(s.world().ui.timeline.laid_out() <= 40, "{}", s.world().ui.timeline.laid_out());
}

#[test]
fn the_row_one_reads_stays_when_the_window_shifts() {
    let mut s = long(2_000);
    for _ in 0..10 {
        s.wheel(300.0);
    }
    s.settle();
    let seen = top(&s);
    let at = s.world().channel.iter().position(|m| m.message == seen.message).unwrap();
    for shift in [at - 60, at + 60, at, at - 80] {
        s.world_mut().window_around(shift);
        s.wait(2);
        let now = place_of(&s, seen.message).expect("it is still seen");
        assert!((now - seen.y).abs() <= 0.5, "moved from {} to {now}", seen.y);
    }
}

#[test]
fn heights_survive_resize() {
    let mut s = long(600);
    for _ in 0..8 {
        s.wheel(400.0);
    }
    s.settle();
    let seen = top(&s);
    for width in [1000.0, 1500.0, 941.0, 1280.0] {
        s.0.set_size(egui::vec2(width, 720.0));
        s.wait(3);
        let now = place_of(&s, seen.message).expect("it is still seen");
        assert!((now - seen.y).abs() <= 0.5, "at {width}: moved from {} to {now}", seen.y);
    }
}

#[test]
fn an_answer_below_does_not_move_what_one_reads() {
    let mut s = long(600);
    for _ in 0..8 {
        s.wheel(400.0);
    }
    s.settle();
    let seen = top(&s);
    let last = s.world().cast.messages.len();
    s.world_mut().cast.messages.push(cast::message(5_000_000, 2, cast::NOW, "new"));
    s.world_mut().cast.messages[last - 1]
        .text
        .push_str(" and an edit that makes it longer by a good deal, over several lines of text in all widths");
    s.wait(5);
    assert!((place_of(&s, seen.message).unwrap() - seen.y).abs() <= 0.5);
    assert!(!s.world().ui.timeline.at_newest());
}

#[test]
fn pinned_to_the_newest_it_follows() {
    let mut s = long(300);
    assert!(s.world().ui.timeline.at_newest());
    for n in 0..5 {
        s.world_mut().cast.messages.push(cast::message(6_000_000 + n, 3, cast::NOW + n, &format!("fresh {n}")));
        s.wait(1);
        assert!(s.world().ui.timeline.at_newest());
        assert!(s.painted().contains(&format!("fresh {n}")), "a new message is drawn in its first frame");
    }
    s.settle();
    let last = s.world().cast.messages.last().unwrap().message;
    let y = place_of(&s, last).unwrap();
    assert!(y > 400.0 && y < 660.0, "{y}");
}

#[test]
fn jump_to_newest_brings_one_back() {
    let mut s = long(5_000);
    for _ in 0..60 {
        s.wheel(700.0);
    }
    s.settle();
    assert!(s.world().cast.after && s.has("Jump to newest"));
    s.click("Jump to newest");
    s.settle();
    assert!(s.log().contains(&Intent::OpenNewest));
    assert!(s.world().ui.timeline.at_newest() && !s.world().cast.after);
    assert!(place_of(&s, s.world().channel.last().unwrap().message).is_some());
}

#[test]
fn scrolling_back_down_ends_at_the_newest_and_follows_again() {
    let mut s = long(1_000);
    for _ in 0..40 {
        s.wheel(700.0);
    }
    s.settle();
    assert!(!s.world().ui.timeline.at_newest());
    for _ in 0..120 {
        s.wheel(-700.0);
    }
    s.settle();
    assert!(s.world().ui.timeline.at_newest());
    assert_eq!(s.log().iter().filter(|i| **i == Intent::OpenNewest).count(), 1);
    assert!(place_of(&s, s.world().channel.last().unwrap().message).is_some());
}

#[test]
fn the_oldest_message_is_the_end_of_the_way() {
    let mut s = long(150);
    for _ in 0..80 {
        s.wheel(900.0);
    }
    s.settle();
    assert!(s.painted().contains("Welcome to #general"));
    let first = s.world().ui.timeline.visible()[0];
    assert_eq!(first.message, s.world().channel[0].message);
    assert!(first.y > 0.0 && first.y < 260.0, "{first:?}");
}

#[test]
fn read_is_what_was_seen_with_the_window_in_front() {
    let mut cast = Cast::unread();
    cast.typing.clear();
    let mut world = World::new(Screen::Main, cast);
    world.focused = false;
    let mut s = Stage::of(world, [1280.0, 720.0]);
    assert!(s.log().is_empty());
    s.world_mut().focused = true;
    s.wait(10);
    assert_eq!(
        s.log(),
        [Intent::MarkRead { channel: cast::channel_id(1), message: cast::entry(13) }],
        "once, not every frame"
    );
    s.world_mut().cast.unread = 0;
    s.world_mut().cast.mark = Some(cast::entry(13));
    s.wait(3);
    assert!(s.has("New messages below"), "the line stays where it was until the channel is left");
}

#[test]
fn the_bar_jumps_to_the_first_unread_message() {
    let mut cast = Cast::usual();
    cast.unread = 500;
    let mut world = World::new(Screen::Main, cast);
    world.channel = channel(2_000);
    world.cast.mark = Some(world.channel[1_499].message);
    let end = world.channel.len();
    world.window_around(end);
    let mut s = Stage::of(world, [1280.0, 720.0]);
    s.settle();
    let bar = s.names().into_iter().find(|(_, n)| n.starts_with("500 new messages")).expect("the bar").1;
    s.click(&bar);
    s.settle();
    assert!(s.log().contains(&Intent::MoveWindow { anchor: Anchor::Unread }));
    let first = s.world().channel[1_500].message;
    let y = place_of(&s, first).expect("the first unread message is seen");
    assert!(y > 60.0 && y < 400.0, "{y}");
}

#[test]
fn a_reply_leads_to_what_it_answers() {
    let mut cast = Cast::usual();
    cast.typing.clear();
    let mut world = World::new(Screen::Main, cast);
    world.channel = channel(1_000);
    let target = world.channel[100].message;
    world.channel[999].reply_to = Some(target);
    world.window_around(1_000);
    let mut s = Stage::of(world, [1280.0, 720.0]);
    s.settle();
    s.click("In reply to: An earlier message");
    s.settle();
    let seen = place_of(&s, target);
    assert!(
        seen.is_some_and(|y| y > 40.0 && y < 400.0),
        "{seen:?} {:?} {:?}",
        s.log(),
        s.world().ui.timeline.visible()
    );
}
