//! From mesh to relay and back, partitions, volunteers, and that all agree.

use crate::world::{MS, Net, SECOND, World};
use hearth_crypto::{DeviceKey, Secret32};
use hearth_types::PeerKey;
use hearth_voice::{Epoch, Reason, Report, Role, rank, report::LinkReport};
use proptest::prelude::*;
use std::collections::BTreeMap;

#[test]
fn eight_become_nine_and_six_again_without_a_gap() {
    // A link is up at one end before the other end is ready for its media: how long it is deaf.
    for (seed, deaf) in [(0, 0), (1, 0), (2, 300 * MS), (3, 800 * MS)] {
        let mut world = World::of(8, 500 + seed);
        world.run(4 * SECOND);
        assert_eq!(world.relay(0), None);
        (0..3).for_each(|n| world.nodes[n].speaks = true);
        world.run(SECOND);
        let (began, mut used) = (world.now, BTreeMap::new());
        world.tap = Some(Box::new(move |now, from, to, frame| {
            let (since, last) = used.entry((from, to)).or_insert((now, now));
            if now > *last + SECOND {
                *since = now;
            }
            *last = now;
            let ready = *since < began + SECOND || now >= *since + deaf;
            if ready { vec![frame.clone()] } else { Vec::new() }
        }));
        let from = world.now;
        let ninth = world.add(Role::Talker);
        world.enter(ninth);
        world.run(5 * SECOND);
        assert!(world.agrees() && world.relay(0).is_some(), "nine use a relay");
        let mid = world.now;
        // Five may leave, none of them relay, stand-by or talker: six would do, four are left at least.
        let ends = [world.relay(0), world.backup(0)];
        let leavers: Vec<_> = (3..9).filter(|n| !ends.contains(&Some(*n))).take(3).collect();
        leavers.iter().for_each(|n| world.leave(*n));
        world.run(9 * SECOND);
        assert!(world.relay(0).is_some(), "not before ten seconds");
        world.run(6 * SECOND);
        assert!(world.agrees() && world.relay(0).is_none(), "six use a mesh");
        let mut worst = 0;
        for listener in world.live().into_iter().filter(|l| *l != ninth) {
            for talker in (0..3).filter(|t| *t != listener) {
                worst =
                    worst.max(world.gap(listener, talker, from, mid)).max(world.gap(listener, talker, mid, world.now));
            }
        }
        println!("mesh to relay and back, seed {seed}: longest gap {} ms", worst / MS);
        assert!(worst < 200 * MS, "seed {seed}: {} ms", worst / MS);
        world.assert_no_duplicates();
        assert!(world.nodes.iter().all(|n| n.warnings.is_empty()));
    }
}

#[test]
fn a_call_of_seven_or_eight_after_nine_stays_as_it_is() {
    let mut world = World::of(9, 510);
    assert!(world.run_until(6 * SECOND, |w| w.agrees() && w.relay(0).is_some()));
    world.run(SECOND);
    let epoch = world.nodes[0].call.as_ref().unwrap().topology().epoch;
    let ends = [world.relay(0), world.backup(0)];
    let out = (0..9).filter(|n| !ends.contains(&Some(*n))).nth(1).unwrap();
    for _ in 0..4 {
        world.leave(out);
        world.run(3 * SECOND);
        world.enter(out);
        world.run(3 * SECOND);
    }
    assert!(world.agrees());
    assert_eq!(world.nodes[0].call.as_ref().unwrap().topology().epoch, epoch, "no flapping");
}

#[test]
fn a_volunteer_outside_the_call_relays_and_holds_no_key() {
    let mut world = World::new(520, Net::default());
    let volunteer = world.add(Role::Volunteer);
    world.enter_with(volunteer, 100_000, true);
    for _ in 0..10 {
        let n = world.add(Role::Talker);
        world.enter_with(n, 2_000, false);
    }
    assert!(world.run_until(8 * SECOND, |w| w.agrees() && w.relay(1) == Some(volunteer)));
    world.run(2 * SECOND);
    (1..4).for_each(|n| world.nodes[n].speaks = true);
    let since = world.now;
    world.run(2 * SECOND);
    for listener in 4..=10 {
        assert!((1..4).all(|t| world.count(listener, t, since) >= 95));
    }
    let call = world.nodes[volunteer].call.as_ref().unwrap();
    assert!((1..=10).all(|n| !call.has_key_of(&world.nodes[n].member.device)));
    assert!(!world.heard.iter().any(|h| h.listener == volunteer));
}

#[test]
fn a_relay_that_cannot_carry_the_room_gives_way_to_a_volunteer_that_can() {
    let mut world = World::new(521, Net::default());
    for _ in 0..9 {
        let n = world.add(Role::Talker);
        world.enter_with(n, 1_500, true);
    }
    let wide = world.add(Role::Talker);
    world.enter_with(wide, 100_000, true);
    assert!(world.run_until(8 * SECOND, |w| w.agrees() && w.relay(0) == Some(wide)));
    world.leave(wide);
    assert!(world.run_until(8 * SECOND, |w| w.agrees() && w.relay(0).is_some_and(|relay| relay < 9)));
    let volunteer = world.add(Role::Volunteer);
    world.enter_with(volunteer, 100_000, true);
    assert!(world.run_until(12 * SECOND, |w| w.agrees() && w.relay(0) == Some(volunteer)));
}

#[test]
fn parted_halves_go_on_and_agree_when_they_meet_again() {
    for seed in 0..4 {
        let mut world = World::of(12, 530 + seed);
        assert!(world.run_until(6 * SECOND, |w| w.agrees() && w.relay(0).is_some()));
        world.run(2 * SECOND);
        (0..12).step_by(6).for_each(|n| world.nodes[n].speaks = true);
        for a in 0..6 {
            for b in 6..12 {
                world.cut_media.insert((a, b));
                world.cut_control.insert((a, b));
            }
        }
        world.run(8 * SECOND);
        let since = world.now - 2 * SECOND;
        assert!((1..6).all(|l| world.count(l, 0, since) > 80), "seed {seed}: one half hears itself");
        assert!((7..12).all(|l| world.count(l, 6, since) > 80), "seed {seed}: so does the other");
        world.heal();
        assert!(world.run_until(6 * SECOND, World::agrees), "seed {seed}");
        world.run(3 * SECOND);
        assert!(world.agrees(), "seed {seed}");
        let since = world.now;
        world.run(2 * SECOND);
        for listener in (0..12).filter(|l| l % 6 != 0) {
            assert!(world.count(listener, 0, since) > 80 && world.count(listener, 6, since) > 80, "seed {seed}");
        }
    }
}

#[test]
fn a_newcomer_is_told_how_the_call_runs_and_opens_two_links() {
    let mut world = World::of(12, 540);
    assert!(world.run_until(6 * SECOND, |w| w.agrees() && w.relay(0).is_some()));
    world.run(2 * SECOND);
    let late = world.add(Role::Talker);
    world.enter(late);
    world.nodes[0].speaks = true;
    let since = world.now;
    world.run(2 * SECOND);
    assert!(world.agrees());
    assert!(world.count(late, 0, since) > 50);
    let call = world.nodes[late].call.as_ref().unwrap();
    let links = (0..12).filter(|n| call.route(&world.nodes[*n].member.peer).is_some()).count();
    assert_eq!(links, 2);
}

fn report(n: u8, uplink: u32, uptime: u32, links: &[(u8, Option<u16>, bool)]) -> (PeerKey, Report) {
    let key = DeviceKey::from_seed(&Secret32::new([n; 32]));
    let links = links
        .iter()
        .map(|(peer, rtt_ms, failed)| LinkReport {
            peer: PeerKey([*peer; 32]),
            rtt_ms: *rtt_ms,
            failed: *failed,
            loss_permille: 0,
            voice_loss_permille: 0,
        })
        .collect();
    let blank = Report::unsigned(1, uplink, true, uptime, links);
    (PeerKey([n; 32]), blank.sign(crate::world::CALL, &key))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// The same reports give the same ranking, in whatever order they came.
    #[test]
    fn a_ranking_knows_no_order(
        uplinks in proptest::collection::vec((0u32..50_000, 0u32..1_000, 0u16..300), 2..14),
        order in any::<u64>(),
    ) {
        let reports: Vec<_> = uplinks.iter().enumerate().map(|(n, (uplink, uptime, rtt))| {
            let others: Vec<_> = (0..uplinks.len()).filter(|o| *o != n).map(|o| (o as u8, Some(*rtt), false)).collect();
            report(n as u8, *uplink, *uptime, &others)
        }).collect();
        let mut shuffled = reports.clone();
        let mut random = World::new(order, Net::default());
        for at in (1..shuffled.len()).rev() {
            shuffled.swap(at, random.random(at as u64 + 1) as usize);
        }
        let one = rank::rank(crate::world::CALL, 3, uplinks.len(), &reports.into_iter().collect::<BTreeMap<_, _>>());
        let other = rank::rank(crate::world::CALL, 3, uplinks.len(), &shuffled.into_iter().collect());
        prop_assert_eq!(&one, &other);
        prop_assert!(one.windows(2).all(|w| (w[0].fit, w[0].score) >= (w[1].fit, w[1].score)));
    }

    /// Of any proposals, in any order and any groups first, the same one stands in the end.
    #[test]
    fn of_proposals_one_stands_whatever_the_order(
        proposals in proptest::collection::vec((1u64..5, 0u8..4, 0u8..4), 1..8),
        order in any::<u64>(),
        split in any::<usize>(),
    ) {
        let epochs: Vec<_> = proposals.iter().map(|(n, relay, by)| {
            let key = DeviceKey::from_seed(&Secret32::new([*by; 32]));
            let relay = Some(PeerKey([*relay; 32]));
            Epoch::sign(crate::world::CALL, *n, (relay, None), ([0; 32], [0; 32]), Reason::Many, &key)
        }).collect();
        let best = |of: &[Epoch]| of.iter().copied().reduce(|a, b| if b.supersedes(&a) { b } else { a });
        let mut shuffled = epochs.clone();
        let mut random = World::new(order, Net::default());
        for at in (1..shuffled.len()).rev() {
            shuffled.swap(at, random.random(at as u64 + 1) as usize);
        }
        prop_assert_eq!(best(&epochs), best(&shuffled));
        let (left, right) = shuffled.split_at(split % shuffled.len());
        let parts: Vec<_> = best(right).into_iter().chain(best(left)).collect();
        prop_assert_eq!(best(&parts), best(&epochs));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 0, ..ProptestConfig::default() })]

    /// On any network, all end with the same relay.
    #[test]
    fn all_agree_on_any_network(seed: u64, n in 9usize..13, loss in 0u64..100, slow in 0u64..200) {
        let net = Net { loss, control: (10 * MS, slow * MS), ..Net::default() };
        let mut world = World::new(seed, net);
        for _ in 0..n {
            let node = world.add(Role::Talker);
            world.enter(node);
            let pause = world.random(400 * MS);
            world.run(pause);
        }
        prop_assert!(world.run_until(8 * SECOND, |w| w.agrees() && w.relay(0).is_some()));
        world.run(3 * SECOND);
        prop_assert!(world.agrees());
    }
}
