//! Lines out: measured without anybody's word, at little cost, and what follows for who relays.

use crate::world::{MS, Narrow, SECOND, World};
use hearth_ports::rtc::MediaFrame;
use hearth_voice::{CallMessage, Line, Role, Warning, limits, uplink::ProbeFrame};
use hearth_wire::cbor::Codec;
use std::{cell::RefCell, rc::Rc};

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
            // Trains of 50 and 99 kB, the last of them twice where less came.
            assert!(found.probe_bytes < 250_000, "seed {seed}, {n}: {}", found.probe_bytes);
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
fn a_small_room_a_word_and_a_voice_leave_lines_alone() {
    let mut small = room(860, &[policed(1_000); 6]);
    small.run(60 * SECOND);
    assert!((0..6).all(|n| line(&small, n).probe_bytes == 0), "six need no relay");
    let mut said = World::of(9, 861);
    said.run(60 * SECOND);
    assert!((0..9).all(|n| line(&said, n).probe_bytes == 0 && line(&said, n).said), "a word is enough");
    let mut loud = room(862, &[queued(1_000); 8]);
    loud.nodes.iter_mut().for_each(|n| n.speaks = true);
    loud.run(30 * SECOND);
    assert!((0..8).all(|n| line(&loud, n).probe_bytes == 0), "who speaks sends no padding");
    loud.nodes.iter_mut().for_each(|n| n.speaks = false);
    loud.run(20 * SECOND);
    assert!((0..8).all(|n| line(&loud, n).measured));
}

#[test]
fn who_begins_to_speak_stops_a_train() {
    let mut world = room(880, &[queued(2_000); 8]);
    assert!(world.run_until(20 * SECOND, |w| line(w, 0).probe_bytes > 0));
    let begun = line(&world, 0).probe_bytes;
    world.nodes[0].speaks = true;
    world.run(10 * SECOND);
    let cut = line(&world, 0).probe_bytes;
    // Its first frame comes within 20 ms, at 396 bytes a ms at most.
    assert!(cut <= begun + 21 * 396, "{begun} bytes when the voice began, {cut} in the end");
    world.nodes[0].speaks = false;
    world.run(10 * SECOND);
    assert!(line(&world, 0).measured);
}

/// A room whose first few say of every train the same.
fn lying(seed: u64, lines: &[Narrow], liars: usize, lie: (u16, u32)) -> World {
    let mut world = room(seed, lines);
    world.letters = Some(Box::new(move |from, bytes| match CallMessage::from_bytes(&bytes) {
        Ok(CallMessage::Probed { train, .. }) if from < liars => {
            CallMessage::Probed { train, came: lie.0, grown_us: lie.1 }.to_bytes()
        }
        _ => bytes,
    }));
    world.run(45 * SECOND);
    world
}

#[test]
fn a_receiver_that_lies_neither_makes_nor_unmakes_a_relay() {
    for seed in 0..6 {
        let nothing = lying(890 + seed, &[policed(WIDE); 8], 1, (0, u32::MAX));
        for n in 1..8 {
            assert_eq!(line(&nothing, n).kbps, limits::UPLINK_KBPS, "seed {seed}, {n}");
        }
        let all = lying(890 + seed, &[policed(1_000); 8], 1, (u16::MAX, 0));
        for n in 1..8 {
            assert!(line(&all, n).measured && line(&all, n).kbps < 1_400, "seed {seed}, {n}: {:?}", line(&all, n));
        }
    }
    // Were it most of them, it would show: the lie is one that counts.
    let all = lying(899, &[policed(1_000); 8], 7, (u16::MAX, 0));
    assert_eq!(line(&all, 7).kbps, limits::UPLINK_KBPS);
}

#[test]
fn trains_without_end_cost_no_more_than_their_rate() {
    let mut world = World::of(3, 895);
    let told = Rc::new(RefCell::new(0));
    let count = told.clone();
    world.letters = Some(Box::new(move |_, bytes| {
        *count.borrow_mut() += u32::from(matches!(CallMessage::from_bytes(&bytes), Ok(CallMessage::Probed { .. })));
        bytes
    }));
    world.run(2 * SECOND);
    let seconds = 10;
    for n in 0..seconds * 5_000 {
        let frame = ProbeFrame { train: n / 7, index: (n % 7) as u16, count: 7, at_us: 0 };
        world.media(0, 1, MediaFrame { slot: 0, timestamp: 0, level: 127, voice: false, payload: frame.to_bytes() });
        world.run(200);
    }
    world.run(SECOND);
    let flood = Warning::Flood { peer: world.nodes[0].member.peer };
    assert_eq!(world.nodes[1].warnings.iter().map(|(_, w)| *w).collect::<Vec<_>>(), [flood]);
    // Told once for every train of three quarters of a second.
    let told = *told.borrow();
    assert!((10..=16).contains(&told), "{told} answers");
    world.nodes[0].speaks = true;
    let since = world.now;
    world.run(2 * SECOND);
    assert!(world.count(1, 0, since) > 95, "its voice is not taken for padding");
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
