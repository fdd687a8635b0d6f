//! Lines out: measured without anybody's word, at little cost, and what follows for who relays.

use crate::world::{MS, Narrow, SECOND, World};
use hearth_voice::{Line, Role, limits};

const WIDE: u64 = 50_000;

/// A line that drops what is too much, as one that is policed, or lets it wait, as a router does.
fn policed(kbps: u64) -> Narrow {
    Narrow { kbps, burst_us: 16_000 * 8000 / kbps, ..Narrow::default() }
}
fn queued(kbps: u64) -> Narrow {
    Narrow { kbps, queue_us: 300 * MS, ..Narrow::default() }
}

/// Talkers on these lines, of which nobody said anything.
fn room(seed: u64, lines: &[Narrow]) -> World {
    let mut world = World::of(0, seed);
    for line in lines {
        enter(&mut world, *line);
    }
    world
}
fn enter(world: &mut World, line: Narrow) -> usize {
    let n = world.add(Role::Talker);
    world.lines.insert(n, line);
    world.enter_on(n, None, true);
    n
}
fn line(world: &World, n: usize) -> Line {
    world.nodes[n].call.as_ref().unwrap().line()
}

#[test]
fn eight_lines_are_measured_while_a_mesh_still_does() {
    for seed in 0..4 {
        let lines = [policed(500), policed(1_000), policed(2_000), queued(700), queued(1_500), queued(2_200)];
        let lines = [&lines[..], &[policed(WIDE), queued(WIDE)]].concat();
        let mut world = room(800 + seed, &lines);
        world.run(5 * SECOND);
        assert!((0..8).all(|n| line(&world, n).probe_bytes == 0), "coming in costs nothing");
        world.run(25 * SECOND);
        for (n, set) in lines.iter().enumerate() {
            let found = line(&world, n);
            println!("seed {seed}: {} kbit/s found as {} for {} bytes", set.kbps, found.kbps, found.probe_bytes);
            assert!(found.measured, "seed {seed}, {n}");
            // Three trains of 20, 40 and 79 kB, one of them twice.
            assert!(found.probe_bytes < 225_000, "seed {seed}, {n}: {}", found.probe_bytes);
            if set.kbps == WIDE {
                assert_eq!(found.kbps, limits::UPLINK_KBPS);
            } else if set.kbps < 1_000 {
                // What a burst allowance lets through counts for the more the slower the line; it relays nobody anyway.
                assert!(found.kbps < 1_000, "seed {seed}: {} kbit/s found as {}", set.kbps, found.kbps);
            } else {
                let off = u64::from(found.kbps).abs_diff(set.kbps) * 100 / set.kbps;
                assert!(off <= 35, "seed {seed}: {} kbit/s found as {}", set.kbps, found.kbps);
            }
        }
        assert!(world.nodes.iter().all(|n| n.warnings.is_empty()));
        let before: Vec<_> = (0..8).map(|n| line(&world, n).probe_bytes).collect();
        world.run(60 * SECOND);
        let after: Vec<_> = (0..8).map(|n| line(&world, n).probe_bytes).collect();
        assert_eq!(before, after, "once found, a line is left alone");
    }
}

#[test]
fn a_narrow_line_nobody_spoke_of_relays_no_nine() {
    for seed in 0..12 {
        let mut lines = vec![policed(1_000)];
        lines.resize(8, policed(WIDE));
        let mut world = room(820 + seed, &lines);
        world.run(25 * SECOND);
        enter(&mut world, policed(WIDE));
        let mut relays = Vec::new();
        for _ in 0..40 {
            world.run(SECOND);
            relays.extend(world.relay(0));
        }
        assert!(world.agrees() && !relays.is_empty(), "seed {seed}");
        assert!(!relays.contains(&0), "seed {seed}: {relays:?}");
        let call = world.nodes[0].call.as_ref().unwrap();
        assert_ne!(call.topology().backup, Some(world.nodes[0].member.peer), "seed {seed}: nor stands by");
    }
}

#[test]
fn a_relay_whose_line_proves_narrow_at_work_gives_way() {
    let mut world = World::of(0, 840);
    let narrow = enter(&mut world, policed(1_000));
    for _ in 1..9 {
        let n = world.add(Role::Talker);
        world.enter_with(n, 1_500, true);
    }
    assert!(world.run_until(6 * SECOND, |w| w.agrees() && w.relay(0) == Some(narrow)), "what is assumed is enough");
    (1..4).for_each(|n| world.nodes[n].speaks = true);
    world.run(15 * SECOND);
    let found = line(&world, narrow);
    println!("a line of 1000 kbit/s that relays three for eight: found as {}", found.kbps);
    assert!(found.measured && (800..1_300).contains(&found.kbps), "{found:?}");
    assert_eq!(found.probe_bytes, 0, "who is busy sends no padding");
    // Told, and no better than what the relay was taken for: only what was found makes the difference.
    let other = world.add(Role::Talker);
    world.enter_with(other, 4_000, true);
    assert!(world.run_until(12 * SECOND, |w| w.agrees() && w.relay(0) == Some(other)));
}

#[test]
fn a_relay_that_carries_the_room_needs_no_train() {
    let mut world = World::of(0, 850);
    for _ in 0..9 {
        enter(&mut world, policed(WIDE));
    }
    (0..4).for_each(|n| world.nodes[n].speaks = true);
    world.run(30 * SECOND);
    let relay = world.relay(0).unwrap();
    assert_eq!(line(&world, relay), Line { kbps: limits::UPLINK_KBPS, measured: true, said: false, probe_bytes: 0 });
}

#[test]
fn a_small_room_a_word_and_loss_leave_lines_alone() {
    let mut small = room(860, &[policed(1_000); 6]);
    small.run(60 * SECOND);
    assert!((0..6).all(|n| line(&small, n).probe_bytes == 0), "six need no relay");
    let mut said = World::of(9, 861);
    said.run(60 * SECOND);
    assert!((0..9).all(|n| line(&said, n).probe_bytes == 0 && line(&said, n).said), "a word is enough");
    // Eight that talk on lines of half of what a mesh takes.
    let mut lossy = room(862, &[Narrow { kbps: 200, burst_us: 20 * MS, ..Narrow::default() }; 8]);
    lossy.nodes.iter_mut().for_each(|n| n.speaks = true);
    lossy.tap = Some(Box::new(move |_, _, _, frame| {
        assert_ne!(frame.payload.len(), limits::PROBE_BYTES, "padding while voices are lost");
        vec![frame.clone()]
    }));
    lossy.run(30 * SECOND);
}

#[test]
fn another_network_is_measured_anew() {
    let mut world = room(870, &[policed(WIDE); 8]);
    world.run(30 * SECOND);
    assert!(line(&world, 0).measured);
    world.lines.insert(0, policed(1_000));
    world.input(0, hearth_voice::Input::NetworkChanged);
    assert!(!line(&world, 0).measured);
    world.run(20 * SECOND);
    assert!((800..1_300).contains(&line(&world, 0).kbps), "{:?}", line(&world, 0));
}

#[test]
fn a_member_that_says_nothing_came_makes_no_line_narrow() {
    let mut world = room(880, &[policed(WIDE); 8]);
    // The last drops every train to it: it will say that nothing came, or nothing at all.
    world.tap = Some(Box::new(|_, _, to, frame| {
        let padding = to == 7 && frame.payload.len() == limits::PROBE_BYTES && frame.payload[9] > 3;
        if padding { Vec::new() } else { vec![frame.clone()] }
    }));
    world.run(30 * SECOND);
    (0..7).for_each(|n| assert_eq!(line(&world, n).kbps, limits::UPLINK_KBPS, "{n}"));
}
