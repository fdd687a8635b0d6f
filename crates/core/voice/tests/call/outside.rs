//! A member whose media is outside: a browser seals and opens with keys it is lent.

use crate::world::{MS, SECOND, World};
use hearth_crypto::Secret32;
use hearth_ports::rtc::MediaFrame;
use hearth_types::DeviceId;
use hearth_voice::{
    Input, Role,
    keys::{KeyId, ratchet},
    seal::{self, Opener, Plain, Sealer},
};

/// What member 0's browser does for so long: fifty frames a second, each sealed once, for all. Gives the key ids in use.
fn speak(world: &mut World, clock: &mut u32, time: u64) -> Vec<u64> {
    let mut ids = Vec::new();
    for _ in 0..time / (20 * MS) {
        *clock += 960;
        let (key, counter) = world.nodes[0].call.as_mut().unwrap().lend_sealing();
        ids.push(key.id);
        let opus = [&0u64.to_be_bytes()[..], &clock.to_be_bytes(), &[0; 68]].concat();
        let plain =
            Plain { timestamp: *clock, level: 30, voice: true, whisper: false, priority: false, position: None, opus };
        let payload = Sealer::new(key.id, &key.secret).unwrap().seal(counter, &plain.to_bytes()).unwrap();
        let listeners: Vec<_> = (1..world.nodes.len()).filter(|n| world.nodes[*n].inside).collect();
        for to in listeners {
            let frame = MediaFrame { slot: 0, timestamp: *clock, level: 30, voice: true, payload: payload.clone() };
            world.media(0, to, frame);
        }
        world.input(0, Input::Sealed(payload));
        world.run(20 * MS);
    }
    ids.dedup();
    ids
}

/// Opens as a browser does: by what it was lent, and a few steps ahead.
fn open(held: &[(DeviceId, u64, Secret32)], device: DeviceId, sealed: &[u8]) -> Option<Vec<u8>> {
    let (id, _) = seal::header(sealed)?;
    let wanted = KeyId::from_u64(id)?;
    held.iter().filter(|(of, _, _)| *of == device).find_map(|(_, id, secret)| {
        let known = KeyId::from_u64(*id)?;
        let same = (known.tag, known.whisper, known.generation) == (wanted.tag, wanted.whisper, wanted.generation);
        let ahead = wanted.step.checked_sub(known.step).filter(|_| same)?;
        let secret = (0..ahead).fold(secret.duplicate(), |secret, _| ratchet(&secret));
        Opener::new(wanted.to_u64(), &secret)?.open(sealed)
    })
}

#[test]
fn what_is_sealed_outside_is_heard_and_proven_while_others_come_and_go() {
    let mut world = World::of(3, 41);
    let mut clock = 0;
    assert!(world.run_until(6 * SECOND, |w| w.agrees()));
    world.run(SECOND);
    let mut since = world.now;
    let first = speak(&mut world, &mut clock, 2 * SECOND);
    assert_eq!(first.len(), 1, "nobody came or went");
    let newcomer = world.add(Role::Talker);
    world.enter(newcomer);
    let second = speak(&mut world, &mut clock, 3 * SECOND);
    assert_ne!(second.last(), first.last(), "a newcomer gets another step");
    for listener in [1, 2] {
        let heard = world.count(listener, 0, since);
        assert!(heard >= 245, "{listener} heard {heard} of 250");
        assert_eq!(world.nodes[listener].proven.get(&world.nodes[0].member.device), Some(&true));
    }
    assert!(world.count(newcomer, 0, since) > 50, "the newcomer hears");
    world.leave(newcomer);
    since = world.now;
    let third = speak(&mut world, &mut clock, 3 * SECOND);
    let generation = |id: &u64| KeyId::from_u64(*id).unwrap().generation;
    assert_ne!(third.last().map(generation), second.last().map(generation), "who left opens nothing more");
    assert!(world.count(1, 0, since) >= 145);
    assert_eq!(world.nodes[1].proven.get(&world.nodes[0].member.device), Some(&true));
    assert!(world.nodes.iter().all(|n| n.warnings.is_empty()));
}

#[test]
fn what_does_not_follow_the_last_is_not_signed() {
    let mut world = World::of(2, 42);
    assert!(world.run_until(6 * SECOND, |w| w.agrees()));
    world.run(SECOND);
    let (key, counter) = world.nodes[0].call.as_mut().unwrap().lend_sealing();
    let sealer = Sealer::new(key.id, &key.secret).unwrap();
    world.input(0, Input::Sealed(sealer.seal(counter + 1, b"later").unwrap()));
    world.input(0, Input::Sealed(b"no frame".to_vec()));
    assert_eq!(world.nodes[0].call.as_mut().unwrap().lend_sealing().1, counter);
    let mut clock = 0;
    speak(&mut world, &mut clock, 2 * SECOND);
    assert_eq!(world.nodes[1].proven.get(&world.nodes[0].member.device), Some(&true), "the next that follows is");
}

#[test]
fn lent_keys_open_what_others_say_and_those_of_another_open_nothing() {
    let mut world = World::of(3, 43);
    assert!(world.run_until(6 * SECOND, |w| w.agrees()));
    world.run(SECOND);
    world.record = true;
    world.nodes[1].speaks = true;
    world.run(SECOND);
    // One step of the ratchet further, which nobody is told of.
    let newcomer = world.add(Role::Talker);
    let held: Vec<_> =
        world.nodes[0].call.as_ref().unwrap().lend_opening().into_iter().map(|k| (k.device, k.id, k.secret)).collect();
    world.enter(newcomer);
    world.run(2 * SECOND);
    let (one, two) = (world.nodes[1].member.device, world.nodes[2].member.device);
    let frames: Vec<_> = world.wire.iter().filter(|(_, from, to, _)| (*from, *to) == (1, 0)).collect();
    assert!(frames.len() > 140);
    let steps: std::collections::BTreeSet<_> =
        frames.iter().map(|(_, _, _, f)| seal::header(&f.payload).unwrap().0).collect();
    assert_eq!(steps.len(), 2, "before and after the newcomer");
    for (_, _, _, frame) in frames {
        assert!(open(&held, one, &frame.payload).and_then(|plain| Plain::from_bytes(&plain)).is_some());
        assert_eq!(open(&held, two, &frame.payload), None);
    }
}
