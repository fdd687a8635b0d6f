//! Frames replayed, altered, forged; a relay that lies; a flood.

use crate::world::{CALL, MS, SECOND, World};
use hearth_crypto::Secret32;
use hearth_ports::rtc::{MediaFrame, RtcEvent};
use hearth_voice::{
    CallMessage, Epoch, Input, Reason, Role, Warning,
    keys::device_tag,
    limits,
    seal::{self, Plain, Sealer},
};
use hearth_wire::cbor::Codec;
use std::collections::BTreeSet;

fn relayed(seed: u64) -> World {
    let mut world = World::of(9, seed);
    assert!(world.run_until(6 * SECOND, |w| w.agrees() && w.relay(0).is_some() && w.backup(0).is_some()));
    world.run(3 * SECOND);
    world
}

fn ordinary(world: &World) -> Vec<usize> {
    let ends = [world.relay(0), world.backup(0)];
    (0..9).filter(|n| !ends.contains(&Some(*n))).collect()
}

fn warnings(world: &World, n: usize) -> BTreeSet<Warning> {
    world.nodes[n].warnings.iter().map(|(_, w)| *w).collect()
}

/// A frame that only `victim` should be able to seal, made with the key that every member holds.
fn forged(world: &World, victim: usize, liar: usize, counter: u64) -> Vec<u8> {
    let (id, secret) = world.keys[&(victim, liar)];
    let opus = [&(victim as u64).to_be_bytes()[..], &7u32.to_be_bytes(), b"words never said"].concat();
    let plain = Plain { timestamp: 7, level: 10, voice: true, whisper: false, priority: false, position: None, opus };
    Sealer::new(id, &Secret32::new(secret)).unwrap().seal(counter, &plain.to_bytes()).unwrap()
}

#[test]
fn frames_replayed_or_altered_are_refused() {
    let mut world = relayed(700);
    let who = ordinary(&world);
    let (talker, listener) = (who[0], who[1]);
    world.record = true;
    world.nodes[talker].speaks = true;
    world.run(SECOND);
    world.nodes[talker].speaks = false;
    world.run(200 * MS);
    let before = world.heard.len();
    let frames: Vec<_> = world.wire.iter().filter(|(_, _, to, _)| *to == listener).cloned().collect();
    assert!(frames.len() > 40);
    for (_, from, _, frame) in frames {
        let peer = world.nodes[from].member.peer;
        world.input(listener, Input::Rtc(RtcEvent::Frame { peer, frame: frame.clone() }));
        for at in 0..frame.payload.len() {
            let mut bad = frame.clone();
            bad.payload[at] ^= 0x11;
            world.run(2 * MS);
            world.input(listener, Input::Rtc(RtcEvent::Frame { peer, frame: bad }));
        }
    }
    assert_eq!(world.heard.len(), before);
    let relay = world.nodes[world.relay(0).unwrap()].member.peer;
    assert!(warnings(&world, listener).contains(&Warning::BadFrames { via: relay }));
}

#[test]
fn a_relay_that_puts_words_into_a_mouth_is_found_out() {
    let mut world = relayed(710);
    let relay = world.relay(0).unwrap();
    let who = ordinary(&world);
    let victim = who[0];
    let id = world.keys[&(victim, relay)].0;
    let (_, secret) = world.keys[&(victim, relay)];
    // From the tenth frame on, the relay puts its own words in place of the victim's.
    world.tap = Some(Box::new(move |_, from, _, frame: &MediaFrame| {
        let mut frame = frame.clone();
        if let Some((key, counter)) = seal::header(&frame.payload).filter(|(key, _)| from == relay && *key == id) {
            let opus = [&(victim as u64).to_be_bytes()[..], &7u32.to_be_bytes(), b"lies"].concat();
            let plain =
                Plain { timestamp: 7, level: 10, voice: true, whisper: false, priority: false, position: None, opus };
            if counter >= 10 {
                let sealer = Sealer::new(key, &Secret32::new(secret)).unwrap();
                frame.payload = sealer.seal(counter, &plain.to_bytes()).unwrap();
            }
        }
        vec![frame]
    }));
    world.nodes[victim].speaks = true;
    world.run(3 * SECOND);
    let (claimed, via) = (world.nodes[victim].member.device, world.nodes[relay].member.peer);
    for listener in who.iter().filter(|n| **n != victim) {
        assert!(warnings(&world, *listener).contains(&Warning::Forged { claimed, via }), "at {listener}");
        assert!(!world.nodes[*listener].call.as_ref().unwrap().is_proven(&claimed));
    }
}

#[test]
fn a_relay_that_speaks_as_one_who_is_silent_is_found_out() {
    let mut world = relayed(720);
    let relay = world.relay(0).unwrap();
    let who = ordinary(&world);
    let (victim, listener) = (who[0], who[1]);
    world.nodes[victim].speaks = true;
    world.run(2 * SECOND);
    world.nodes[victim].speaks = false;
    world.run(4 * SECOND);
    assert!(world.nodes[listener].call.as_ref().unwrap().is_proven(&world.nodes[victim].member.device));
    for counter in 200..250 {
        let payload = forged(&world, victim, relay, counter);
        let frame = MediaFrame { slot: 1, timestamp: 7, level: 10, voice: true, payload };
        world.media(relay, listener, frame);
        world.run(20 * MS);
    }
    let (claimed, via) = (world.nodes[victim].member.device, world.nodes[relay].member.peer);
    assert!(!world.nodes[listener].call.as_ref().unwrap().is_proven(&claimed), "unproven from the first word");
    world.run(7 * SECOND);
    assert!(warnings(&world, listener).contains(&Warning::Unsigned { claimed, via }));
}

#[test]
fn a_frame_given_as_ones_own_under_anothers_name_is_found_at_once() {
    let mut world = World::of(4, 730);
    world.run(3 * SECOND);
    let payload = forged(&world, 1, 2, 3);
    world.media(2, 0, MediaFrame { slot: 0, timestamp: 7, level: 10, voice: true, payload });
    world.run(200 * MS);
    let claimed = world.nodes[1].member.device;
    let via = world.nodes[2].member.peer;
    assert!(warnings(&world, 0).contains(&Warning::SpokeAsAnother { claimed, via }));
    assert_eq!(world.heard.len(), 0);
}

#[test]
fn a_relay_that_names_the_wrong_speaker_is_heard_as_nobody() {
    let mut world = relayed(740);
    let relay = world.relay(0).unwrap();
    let who = ordinary(&world);
    let (talker, other) = (who[0], who[1]);
    let tag = u64::from(device_tag(CALL, world.nodes[other].member.device));
    world.tap = Some(Box::new(move |_, from, _, frame: &MediaFrame| {
        let mut frame = frame.clone();
        if from == relay {
            // The key id follows the first byte; its upper four bytes name the sender.
            frame.payload[1..5].copy_from_slice(&(tag as u32).to_be_bytes());
        }
        vec![frame]
    }));
    world.nodes[talker].speaks = true;
    world.run(3 * SECOND);
    let via = world.nodes[relay].member.peer;
    for listener in &who[2..] {
        assert_eq!(world.count(*listener, other, 0) + world.count(*listener, talker, 0), 0);
        let said = warnings(&world, *listener);
        // Unknown generations of a sender are asked for; altered frames of known ones are bad.
        assert!(said.is_empty() || said.contains(&Warning::BadFrames { via }), "{said:?}");
    }
}

#[test]
fn a_flood_is_dropped_said_once_and_the_call_goes_on() {
    let mut world = relayed(750);
    let relay = world.relay(0).unwrap();
    let who = ordinary(&world);
    let (flooder, talker, listener) = (who[0], who[1], who[2]);
    world.nodes[talker].speaks = true;
    world.run(SECOND);
    let (out, since) = (world.nodes[relay].frames_out, world.now);
    for counter in 0..10_000u64 {
        let payload = forged(&world, flooder, relay, counter % 5);
        world.media(flooder, relay, MediaFrame { slot: 0, timestamp: 0, level: 0, voice: true, payload });
        world.run(200);
    }
    world.run(200 * MS);
    let sent = world.nodes[relay].frames_out - out;
    // Seven listeners, two seconds, two talkers: one at 50 frames a second, one at the limit.
    let most = 8 * (2 * 50 + 2 * limits::FRAMES_PER_SECOND + limits::FRAMES_BURST + 20);
    assert!(sent <= most, "{sent} frames, {most} at most");
    assert!(world.count(listener, talker, since) > 95, "{}", world.count(listener, talker, since));
    let flood = Warning::Flood { peer: world.nodes[flooder].member.peer };
    assert_eq!(world.nodes[relay].warnings.iter().filter(|(_, w)| *w == flood).count(), 1);
}

#[test]
fn keys_signals_and_epochs_of_a_strangers_hand_are_refused() {
    let mut world = World::of(3, 760);
    world.run(2 * SECOND);
    let m = world.nodes[1].member;
    let id = u64::from(device_tag(CALL, m.device)) << 24;
    let epoch = {
        let key = hearth_crypto::DeviceKey::from_seed(&Secret32::new([9; 32]));
        let other = hearth_voice::CallId([1; 32]);
        let relay = (Some(m.peer), None);
        hearth_voice::Epoch::sign(other, 5, relay, ([0; 32], [0; 32]), hearth_voice::Reason::Many, &key)
    };
    let bad = [
        CallMessage::Key { id, secret: [1; 32], signature: [2; 64] },
        CallMessage::Signal { counter: 1000, bytes: vec![1], signature: [2; 64] },
        CallMessage::Epoch(epoch),
    ];
    for message in bad {
        world.nodes[0].warnings.clear();
        let before = world.nodes[0].call.as_ref().unwrap().topology();
        // Said by one member, in a fresh world each, since the same warning is given once.
        world.input(0, Input::Message { peer: m.peer, device: m.device, bytes: message.to_bytes() });
        assert_eq!(world.nodes[0].call.as_ref().unwrap().topology(), before);
    }
    let mut world = World::of(2, 761);
    world.run(2 * SECOND);
    let m = world.nodes[1].member;
    let message = CallMessage::Key { id: 1, secret: [1; 32], signature: [2; 64] };
    world.input(0, Input::Message { peer: m.peer, device: m.device, bytes: message.to_bytes() });
    assert!(warnings(&world, 0).contains(&Warning::BadMessage { peer: m.peer }));
}

#[test]
fn a_newcomer_believes_no_epoch_after_which_none_could_follow() {
    for n in [u64::MAX, u64::MAX - 1, limits::EPOCH_MAX + 1] {
        let mut world = World::of(3, 770);
        world.run(2 * SECOND);
        let (m, stand_by) = (world.nodes[1].member, world.nodes[2].member.peer);
        let key = World::device_key(1);
        let ends = (Some(m.peer), Some(stand_by));
        let epoch = hearth_voice::Epoch::sign(CALL, n, ends, ([0; 32], [0; 32]), hearth_voice::Reason::Many, &key);
        let bytes = CallMessage::Epoch(epoch).to_bytes();
        for to in [0, 2] {
            world.input(to, Input::Message { peer: m.peer, device: m.device, bytes: bytes.clone() });
        }
        world.kill(1);
        world.run(8 * SECOND);
        assert!(warnings(&world, 0).contains(&Warning::BadMessage { peer: m.peer }));
        assert!(world.relay(0).is_none() && world.relay(2).is_none());
    }
}

/// What a member signs who wants to be the relay, or none to be.
fn claims(world: &World, liar: usize) -> Vec<Vec<u8>> {
    let key = hearth_crypto::DeviceKey::from_seed(&World::secret(liar));
    let n = world.nodes[liar].call.as_ref().unwrap().topology().epoch;
    let own = Some(world.nodes[liar].member.peer);
    let claim = |n, relay, reason| {
        let epoch = Epoch::sign(CALL, n, (relay, None), ([0; 32], [0; 32]), reason, &key);
        CallMessage::Epoch(epoch).to_bytes()
    };
    let reasons = [Reason::Many, Reason::HandOver, Reason::Backup, Reason::Reassert, Reason::Start, Reason::Failure];
    let mut all: Vec<_> = (1..).zip(reasons).map(|(at, reason)| claim(n + at * 1_000, own, reason)).collect();
    all.push(claim(n + 7_000, None, Reason::Few));
    all.push(claim(n + limits::EPOCH_JUMP, own, Reason::HandOver));
    all
}

#[test]
fn a_member_that_claims_a_high_number_becomes_no_relay() {
    for (seed, at) in (0..8).map(|at| (770 + at, at as usize)) {
        let mut world = relayed(seed);
        world.run(3 * SECOND);
        let relay = world.relay(0).unwrap();
        let who = ordinary(&world);
        let (liar, talker, listener) = (who[0], who[1], who[2]);
        world.nodes[talker].speaks = true;
        world.run(SECOND);
        let bytes = claims(&world, liar).swap_remove(at);
        let (since, m) = (world.now, world.nodes[liar].member);
        for n in world.live().into_iter().filter(|n| *n != liar) {
            world.input(n, Input::Message { peer: m.peer, device: m.device, bytes: bytes.clone() });
        }
        world.run(4 * SECOND);
        let said = |w: &World, n: usize| {
            w.nodes[n].topologies.iter().filter(|(t, _)| *t >= since).map(|(_, t)| t.relay).collect::<Vec<_>>()
        };
        for n in world.live() {
            let others = said(&world, n).into_iter().filter(|r| *r != Some(world.nodes[relay].member.peer)).count();
            assert_eq!(others, 0, "claim {at}: {n} ran another way");
        }
        assert!(world.agrees() && world.relay(0) == Some(relay), "claim {at}");
        let heard = world.count(listener, talker, since);
        assert!(heard >= 198, "claim {at}: {heard} of 200 heard");
        // Whoever comes and is told by the liar first is set right by the others.
        let late = world.add(Role::Talker);
        world.enter(late);
        let bytes = claims(&world, liar).swap_remove(at);
        world.run(100 * MS);
        world.input(late, Input::Message { peer: m.peer, device: m.device, bytes });
        assert!(world.run_until(10 * SECOND, |w| w.agrees() && w.relay(late) == Some(relay)), "claim {at}");
        world.run(SECOND);
        let since = world.now;
        world.run(2 * SECOND);
        assert!(world.count(late, talker, since) > 90, "claim {at}: {}", world.count(late, talker, since));
    }
}
