//! Everybody hears everybody.

use crate::world::{MS, Net, SECOND, World};
use hearth_voice::{Input, Role};

/// Everyone speaks in turn for a second and is heard by all others.
fn all_hear_all(n: usize, seed: u64) {
    let mut world = World::of(n, seed);
    assert!(world.run_until(6 * SECOND, |w| w.agrees() && (n <= 8) == w.relay(0).is_none()), "agreement at {n}");
    world.run(2 * SECOND);
    for talker in 0..n {
        let since = world.now;
        world.nodes[talker].speaks = true;
        world.run(SECOND);
        world.nodes[talker].speaks = false;
        world.run(200 * MS);
        for listener in (0..n).filter(|l| *l != talker) {
            let heard = world.count(listener, talker, since);
            assert!(heard >= 48, "{listener} heard {heard} of 50 frames of {talker} among {n}");
        }
    }
    world.assert_no_duplicates();
    assert!(world.agrees());
    world.run(2 * SECOND);
    for listener in 0..n {
        assert!(world.nodes[listener].warnings.is_empty(), "{:?}", world.nodes[listener].warnings);
        for talker in (0..n).filter(|t| *t != listener) {
            let device = world.nodes[talker].member.device;
            assert_eq!(world.nodes[listener].proven.get(&device), Some(&true), "{talker} at {listener}");
        }
    }
}

#[test]
fn two() {
    all_hear_all(2, 1);
}
#[test]
fn eight_in_a_mesh() {
    all_hear_all(8, 2);
}
#[test]
fn nine_through_a_relay() {
    all_hear_all(9, 3);
}
#[test]
fn twelve_through_a_relay() {
    all_hear_all(12, 4);
}
#[test]
fn twenty_five_through_a_relay() {
    all_hear_all(25, 5);
}

#[test]
fn three_of_twenty_five_cost_a_listener_three_streams() {
    let mut world = World::of(25, 6);
    assert!(world.run_until(6 * SECOND, |w| w.agrees() && w.relay(0).is_some()));
    world.run(2 * SECOND);
    (0..25).for_each(|n| world.nodes[n].speaks = true);
    for n in 0..25 {
        world.nodes[n].level = 20 + n as u8;
    }
    world.run(2 * SECOND);
    let since = world.now;
    world.run(2 * SECOND);
    for listener in 0..25 {
        let heard = world.heard.iter().filter(|h| h.listener == listener && h.at >= since).count();
        assert!(heard <= 2 * 50 * 3 + 10, "{listener} got {heard} frames in two seconds");
        assert!(heard >= 2 * 50 * 3 - 30, "{listener} got {heard} frames in two seconds");
    }
}

#[test]
fn a_lossy_line_loses_frames_and_nothing_else() {
    let mut world = World::new(7, Net { loss: 50, ..Net::default() });
    for _ in 0..10 {
        let n = world.add(Role::Talker);
        world.enter(n);
    }
    assert!(world.run_until(8 * SECOND, |w| w.agrees() && w.relay(0).is_some()));
    world.run(2 * SECOND);
    (0..3).for_each(|n| world.nodes[n].speaks = true);
    world.run(20 * SECOND);
    assert!(world.nodes.iter().all(|n| n.warnings.is_empty()), "loss is no offence");
    for listener in 3..10 {
        for talker in 0..3 {
            assert!(world.count(listener, talker, 0) > 850, "{}", world.count(listener, talker, 0));
        }
    }
    assert!(world.agrees());
}

#[test]
fn mute_deafen_and_a_muting_by_authority_are_obeyed_by_all() {
    let mut world = World::of(3, 8);
    world.run(3 * SECOND);
    (0..3).for_each(|n| world.nodes[n].speaks = true);
    world.input(0, Input::Mute(true));
    world.input(1, Input::Deafen(true));
    world.nodes[2].member.server_muted = true;
    world.roster_news();
    world.run(SECOND);
    let since = world.now;
    world.run(2 * SECOND);
    assert_eq!(world.heard.iter().filter(|h| h.at >= since).count(), 0, "nobody may be heard, or wants to hear");
    world.input(0, Input::Mute(false));
    world.input(1, Input::Deafen(false));
    world.nodes[2].member.server_muted = false;
    world.roster_news();
    world.run(3 * SECOND);
    for (listener, talker) in [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)] {
        assert!(world.count(listener, talker, since) > 100);
    }
}

#[test]
fn a_whisper_opens_at_its_listeners_alone_in_a_mesh_and_through_a_relay() {
    for n in [4, 10] {
        let mut world = World::of(n, 9);
        assert!(world.run_until(8 * SECOND, |w| w.agrees() && (n <= 8) == w.relay(0).is_none()));
        world.run(3 * SECOND);
        let device = world.nodes[1].member.device;
        world.input(0, Input::Whisper(Some([device].into())));
        world.nodes[0].speaks = true;
        let since = world.now;
        world.run(2 * SECOND);
        assert!(world.count(1, 0, since) >= 90, "{}", world.count(1, 0, since));
        for listener in 2..n {
            assert_eq!(world.count(listener, 0, since), 0, "among {n}");
        }
        world.input(0, Input::Whisper(None));
        let since = world.now;
        world.run(SECOND);
        assert!((1..n).all(|l| world.count(l, 0, since) >= 40), "loud again");
        assert!(world.nodes.iter().all(|n| n.warnings.is_empty()));
    }
}

#[test]
fn positions_come_with_the_frames_and_safety_codes_are_equal() {
    let mut world = World::of(10, 10);
    world.run(4 * SECOND);
    world.input(3, Input::Position(Some([-150, 220])));
    world.nodes[3].speaks = true;
    world.run(SECOND);
    assert!(world.heard.iter().any(|h| h.talker == 3));
    assert!(world.heard.iter().filter(|h| h.talker == 3).all(|h| h.position == Some([-150, 220])));
    let code = world.nodes[0].call.as_ref().unwrap().safety_code();
    assert!(world.nodes.iter().all(|n| n.call.as_ref().unwrap().safety_code() == code));
}

#[test]
fn a_priority_speaker_is_heard_beside_the_loudest_three() {
    let mut world = World::of(10, 11);
    assert!(world.run_until(6 * SECOND, |w| w.agrees() && w.relay(0).is_some()));
    world.run(2 * SECOND);
    let ends = [world.relay(0), world.backup(0)];
    let who: Vec<_> = (0..10).filter(|n| !ends.contains(&Some(*n))).collect();
    let (chief, listener) = (who[3], who[4]);
    world.input(chief, Input::Priority(true));
    who[..4].iter().for_each(|n| world.nodes[*n].speaks = true);
    world.nodes[chief].level = 100;
    world.run(SECOND);
    let since = world.now;
    world.run(SECOND);
    assert!(who[..4].iter().all(|talker| world.count(listener, *talker, since) >= 45));
    world.input(chief, Input::Priority(false));
    world.run(SECOND);
    let since = world.now;
    world.run(SECOND);
    assert_eq!(world.count(listener, chief, since), 0, "the quietest of four has no slot");
}

#[test]
fn frames_that_waited_for_their_key_are_not_heard_by_who_went_deaf_meanwhile() {
    for deaf in [false, true] {
        let mut world = World::of(3, 380);
        world.run(2 * SECOND);
        // A new key that listener 0 is not told, and frames under it.
        world.cut_control.insert((0, 1));
        world.leave(2);
        world.nodes[1].speaks = true;
        world.run(800 * MS);
        let since = world.now;
        world.input(0, Input::Deafen(deaf));
        world.input(1, Input::Mute(true));
        world.heal();
        world.run(SECOND);
        assert_eq!(world.count(0, 1, since) == 0, deaf);
    }
}
