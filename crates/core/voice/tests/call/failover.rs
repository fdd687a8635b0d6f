//! A relay that dies, that hands over, that only some can hear.

use crate::world::{MS, SECOND, World};
use hearth_voice::Reason;

fn relayed(n: usize, seed: u64) -> World {
    let mut world = World::of(n, seed);
    assert!(world.run_until(6 * SECOND, |w| w.agrees() && w.relay(0).is_some() && w.backup(0).is_some()));
    world.run(3 * SECOND);
    world
}

/// Two who are neither relay nor stand-by.
fn talkers(world: &World) -> Vec<usize> {
    let ends = [world.relay(0), world.backup(0)];
    (0..world.nodes.len()).filter(|n| !ends.contains(&Some(*n))).take(2).collect()
}

/// Longest silence at any living listener around the death of the relay.
fn kill_gap(n: usize, seed: u64) -> u64 {
    let mut world = relayed(n, seed);
    let relay = world.relay(0).unwrap();
    let talkers = talkers(&world);
    talkers.iter().for_each(|t| world.nodes[*t].speaks = true);
    let wait = SECOND + world.random(500 * MS);
    world.run(wait);
    let killed = world.now;
    world.kill(relay);
    world.run(4 * SECOND);
    assert!(world.agrees(), "seed {seed}: {:?}", world.live().iter().map(|n| world.relay(*n)).collect::<Vec<_>>());
    assert_ne!(world.relay(talkers[0]), Some(relay));
    world.assert_no_duplicates();
    let mut worst = 0;
    for listener in world.live() {
        for talker in talkers.iter().filter(|t| **t != listener) {
            worst = worst.max(world.gap(listener, *talker, killed - 100 * MS, world.now));
        }
    }
    worst
}

#[test]
fn after_the_relay_is_killed_all_hear_again() {
    let mut gaps: Vec<_> = (0..24).map(|seed| kill_gap(9 + seed as usize % 4, 100 + seed) / MS).collect();
    gaps.sort_unstable();
    for low in (0..gaps[gaps.len() - 1] + 1).step_by(100) {
        let count = gaps.iter().filter(|g| (low..low + 100).contains(g)).count();
        println!("failover gap {low:>4}-{:<4} ms {}", low + 100, "#".repeat(count));
    }
    let at = |percent: usize| gaps[(gaps.len() * percent).div_ceil(100) - 1];
    println!("failover gap p50 {} ms, p95 {} ms, max {} ms of {} kills", at(50), at(95), at(100), gaps.len());
    assert!(at(100) < 2_000, "{gaps:?}");
    assert!(at(95) < 800, "{gaps:?}");
}

#[test]
fn relay_and_stand_by_killed_at_once() {
    let mut worst = Vec::new();
    for seed in 0..6 {
        let mut world = relayed(10, 200 + seed);
        let (relay, backup) = (world.relay(0).unwrap(), world.backup(0).unwrap());
        let talkers = talkers(&world);
        talkers.iter().for_each(|t| world.nodes[*t].speaks = true);
        world.run(SECOND);
        let killed = world.now;
        world.kill(relay);
        world.kill(backup);
        world.run(6 * SECOND);
        assert!(world.agrees(), "seed {seed}");
        let gaps = world.live().into_iter().filter(|l| *l != talkers[0]);
        worst.push(gaps.map(|l| world.gap(l, talkers[0], killed, world.now)).max().unwrap() / MS);
    }
    println!("relay and stand-by killed at once, gaps: {worst:?} ms");
    assert!(worst.iter().all(|gap| *gap < 4_000), "{worst:?}");
}

#[test]
fn a_relay_that_leaves_hands_over_without_a_gap_or_a_frame_twice() {
    for seed in 0..6 {
        let mut world = relayed(10, 300 + seed);
        let relay = world.relay(0).unwrap();
        let talkers = talkers(&world);
        talkers.iter().for_each(|t| world.nodes[*t].speaks = true);
        world.run(SECOND);
        let from = world.now;
        world.leave(relay);
        world.run(4 * SECOND);
        assert!(world.nodes[relay].left_at.is_some_and(|at| at < from + 2_500 * MS));
        assert!(world.agrees());
        world.assert_no_duplicates();
        for listener in world.live() {
            for talker in talkers.iter().filter(|t| **t != listener) {
                let gap = world.gap(listener, *talker, from, world.now - 100 * MS);
                // 20 ms between frames, and what the network adds or takes away.
                assert!(gap <= 100 * MS, "seed {seed}: {} ms from {talker} to {listener}", gap / MS);
                let heard: Vec<_> = world
                    .heard
                    .iter()
                    .filter(|h| {
                        (h.listener, h.talker) == (listener, *talker) && h.at > from && h.at < from + 3 * SECOND
                    })
                    .map(|h| h.seq)
                    .collect();
                let (first, last) = (heard.iter().min().unwrap(), heard.iter().max().unwrap());
                assert!(heard.len() as u64 + 2 > last - first, "seed {seed}: a frame is missing");
            }
        }
    }
}

#[test]
fn a_member_that_cannot_hear_the_relay_is_served_by_the_stand_by_and_the_relay_stays() {
    let mut world = relayed(10, 400);
    let (relay, epoch) = (world.relay(0).unwrap(), world.nodes[0].call.as_ref().unwrap().topology().epoch);
    let pair = talkers(&world);
    world.nodes[pair[0]].speaks = true;
    world.nodes[pair[1]].speaks = true;
    world.run(SECOND);
    world.cut_media.insert((pair[0].min(relay), pair[0].max(relay)));
    world.run(SECOND);
    let since = world.now;
    world.run(2 * SECOND);
    assert!(world.count(pair[1], pair[0], since) > 90, "it is heard: {}", world.count(pair[1], pair[0], since));
    assert!(world.count(pair[0], pair[1], since) > 90, "it hears: {}", world.count(pair[0], pair[1], since));
    let now = world.nodes[pair[1]].call.as_ref().unwrap().topology();
    assert_eq!((now.relay, now.epoch), (Some(world.nodes[relay].member.peer), epoch));
    world.assert_no_duplicates();
}

#[test]
fn a_stand_by_that_alone_lost_the_relay_replaces_nobody() {
    let mut world = relayed(10, 401);
    let (relay, backup) = (world.relay(0).unwrap(), world.backup(0).unwrap());
    let pair = talkers(&world);
    world.nodes[pair[0]].speaks = true;
    world.run(SECOND);
    let from = world.now;
    world.cut_media.insert((relay.min(backup), relay.max(backup)));
    world.run(8 * SECOND);
    assert!(world.agrees());
    assert_eq!(world.relay(pair[0]), Some(relay), "most still hear it");
    let reasons: Vec<_> =
        world.nodes[pair[1]].topologies.iter().filter(|(at, _)| *at > from).map(|(_, t)| t.reason).collect();
    assert!(!reasons.contains(&Reason::Failure), "{reasons:?}");
    let gap = world.gap(pair[1], pair[0], from, world.now);
    assert!(gap < 200 * MS, "{} ms", gap / MS);
    world.assert_no_duplicates();
}
