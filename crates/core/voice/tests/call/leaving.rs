//! Coming and going: no key missed by who is here, none held by who is not.

use crate::world::{MS, SECOND, World};
use hearth_ports::rtc::RtcEvent;
use hearth_voice::{Input, Role};

#[test]
fn a_storm_of_joins_and_leaves_costs_nobody_a_voice() {
    let mut world = World::of(10, 600);
    assert!(world.run_until(6 * SECOND, |w| w.agrees() && w.relay(0).is_some()));
    world.run(2 * SECOND);
    for _ in 0..6 {
        world.add(Role::Talker);
    }
    (0..3).for_each(|n| world.nodes[n].speaks = true);
    let mut stays: Vec<(usize, u64, u64)> = (0..3).map(|n| (n, world.now, 0)).collect();
    let mut inside: Vec<Option<u64>> = (0..16).map(|n| (n < 10).then_some(world.now)).collect();
    for _ in 0..100 {
        let who = 3 + world.random(13) as usize;
        match inside[who].take() {
            None if world.nodes[who].call.is_none() => {
                world.enter(who);
                inside[who] = Some(world.now);
            }
            Some(since) => {
                stays.push((who, since, world.now));
                world.leave(who);
            }
            None => {}
        }
        world.run(600 * MS);
    }
    let end = world.now;
    stays.extend((3..16).filter_map(|n| inside[n].map(|since| (n, since, end))));
    world.run(3 * SECOND);
    assert!(world.agrees());
    let (mut worst, mut checked) = (0, 0);
    for (listener, since, until) in stays {
        // A newcomer is linked within a second and a half.
        let (from, to) = (since + 1_500 * MS, if until == 0 { end } else { until });
        if from < to {
            for talker in (0..3).filter(|t| *t != listener) {
                worst = worst.max(world.gap(listener, talker, from, to));
                checked += 1;
            }
        }
    }
    println!("storm: {checked} ways of hearing, longest gap {} ms", worst / MS);
    assert!(worst <= 300 * MS, "{} ms", worst / MS);
    world.assert_no_duplicates();
}

#[test]
fn who_was_put_out_opens_nothing_after_two_seconds_whatever_it_kept() {
    for n in [5, 11] {
        let mut world = World::of(n, 610);
        assert!(world.run_until(6 * SECOND, |w| w.agrees() && (n <= 8) == w.relay(0).is_none()));
        world.run(2 * SECOND);
        let ends = [world.relay(0), world.backup(0)];
        let out = (2..n).find(|n| !ends.contains(&Some(*n))).unwrap();
        world.nodes[0].speaks = true;
        world.nodes[1].speaks = true;
        world.run(SECOND);
        assert!(world.count(out, 0, 0) > 30, "it could hear");
        world.put_out(out);
        world.record = true;
        world.run(2 * SECOND);
        let (since, first) = (world.now, world.wire.len());
        world.run(3 * SECOND);
        // The tap of a network gives it every frame on any link.
        let frames: Vec<_> = world.wire[first..].to_vec();
        assert!(frames.len() > 100);
        let before = world.heard.iter().filter(|h| h.listener == out).count();
        for (_, from, _, frame) in frames {
            let peer = world.nodes[from].member.peer;
            world.input(out, Input::Rtc(RtcEvent::Frame { peer, frame }));
        }
        world.run(SECOND);
        let after = world.heard.iter().filter(|h| h.listener == out).count();
        assert_eq!(after, before, "among {n}");
        assert!(world.count(2 + usize::from(out == 2), 0, since) > 100, "the others go on");
    }
}

#[test]
fn a_newcomer_opens_nothing_that_was_said_before() {
    let mut world = World::of(3, 620);
    world.run(2 * SECOND);
    world.record = true;
    world.nodes[0].speaks = true;
    world.run(SECOND);
    world.nodes[0].speaks = false;
    let said = world.wire.clone();
    let late = world.add(Role::Talker);
    world.enter(late);
    world.run(2 * SECOND);
    for (_, from, _, frame) in said {
        let peer = world.nodes[from].member.peer;
        world.input(late, Input::Rtc(RtcEvent::Frame { peer, frame }));
    }
    assert_eq!(world.count(late, 0, 0), 0);
    world.nodes[0].speaks = true;
    world.run(SECOND);
    assert!(world.count(late, 0, 0) > 40, "it hears what is said now");
}

#[test]
fn a_device_that_starts_anew_is_heard_and_hears() {
    let mut world = World::of(4, 630);
    world.run(2 * SECOND);
    (0..4).for_each(|n| world.nodes[n].speaks = true);
    world.run(SECOND);
    world.kill(3);
    world.run(300 * MS);
    let since = world.now;
    world.restart(3);
    world.run(3 * SECOND);
    for n in 0..3 {
        assert!(world.count(n, 3, since) > 80, "{n} hears it: {}", world.count(n, 3, since));
        assert!(world.count(3, n, since) > 80, "it hears {n}: {}", world.count(3, n, since));
    }
}
