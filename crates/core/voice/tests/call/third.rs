//! Two members without a link of their own, whose words a third passes on: one who can lose them.

use crate::world::{MS, SECOND, World};

/// `n` talkers, of whom 0 and 1 have no link; a third is found after a second.
fn without_a_link(n: usize, seed: u64) -> World {
    let mut world = World::of(n, seed);
    world.thirds.insert((0, 1), None);
    world.run(SECOND);
    assert!(world.agrees() || n == 2, "through the others");
    by_a_third(&mut world, Some(2));
    world
}

fn by_a_third(world: &mut World, third: Option<usize>) {
    world.thirds.insert((0, 1), third);
    world.roster_news();
}

fn hear_each_other(world: &mut World, least: usize) {
    (0..2).for_each(|n| world.nodes[n].speaks = true);
    let since = world.now;
    world.run(SECOND);
    (0..2).for_each(|n| world.nodes[n].speaks = false);
    world.run(200 * MS);
    for (listener, talker) in [(0, 1), (1, 0)] {
        let heard = world.count(listener, talker, since);
        assert!(heard >= least, "{listener} heard {heard} of 50 frames of {talker}");
    }
    world.assert_no_duplicates();
}

#[test]
fn two_greet_and_hear_each_other_in_a_mesh_and_through_a_relay() {
    for n in [3, 8, 10] {
        let mut world = without_a_link(n, 900 + n as u64);
        world.run(4 * SECOND);
        assert!(world.agrees());
        hear_each_other(&mut world, 48);
        let warnings = world.nodes.iter().flat_map(|n| &n.warnings).collect::<Vec<_>>();
        assert!(warnings.is_empty(), "{warnings:?}");
    }
}

#[test]
fn without_anybody_to_pass_words_on_they_do_not_hear_each_other() {
    let mut world = without_a_link(3, 910);
    by_a_third(&mut world, None);
    world.run(4 * SECOND);
    world.nodes[0].speaks = true;
    world.run(SECOND);
    assert_eq!(world.count(1, 0, 0), 0);
    assert!(world.count(2, 0, 0) > 40);
}

#[test]
fn words_lost_on_the_way_are_made_up_for_once_the_call_is_told() {
    // A first signal that is lost would leave one end waiting for an answer that was given to nobody.
    for kept in 0..8 {
        let mut world = World::of(3, 920);
        world.thirds.insert((0, 1), None);
        world.run(SECOND);
        let mut left = kept;
        world.passes = Some(Box::new(move |from, _| {
            let goes = from == 1 || left > 0;
            left -= i32::from(from == 0);
            goes
        }));
        by_a_third(&mut world, Some(2));
        world.run(2 * SECOND);
        // Both sides are told that the other was away.
        by_a_third(&mut world, None);
        world.run(200 * MS);
        world.passes = None;
        by_a_third(&mut world, Some(2));
        world.run(2 * SECOND);
        hear_each_other(&mut world, 45);
    }
}

#[test]
fn a_greeting_that_is_lost_is_said_again() {
    for lost in [0..1, 1..2, 0..2] {
        let mut world = World::of(3, 925);
        // Nobody is told that anything was lost.
        let until = world.now + 500 * MS;
        world.thirds.insert((0, 1), Some(2));
        let clock = std::rc::Rc::new(std::cell::Cell::new(world.now));
        let now = std::rc::Rc::clone(&clock);
        world.passes = Some(Box::new(move |from, _| now.get() >= until || !lost.contains(&from)));
        for _ in 0..30 {
            world.run(100 * MS);
            clock.set(world.now);
        }
        hear_each_other(&mut world, 48);
    }
}

#[test]
fn the_third_goes_and_its_keys_with_it_by_way_of_another() {
    let mut world = without_a_link(4, 930);
    world.run(3 * SECOND);
    hear_each_other(&mut world, 48);
    by_a_third(&mut world, None);
    world.leave(2);
    world.run(SECOND);
    by_a_third(&mut world, Some(3));
    world.run(2 * SECOND);
    assert!(world.agrees());
    hear_each_other(&mut world, 48);
}
