//! Two members of a call without a link of their own speak by way of a third, who can lose their words and nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/puppet.rs"]
#[allow(dead_code)]
mod puppet;
#[path = "support/steps.rs"]
mod steps;

use hearth_ports::{NodeCommand, NodeEvent, NodeReply, VoiceMember, VoiceOrder, VoiceSay};
use hearth_sim::World;
use hearth_types::{ChannelId, ChannelKind, DeviceId, PeerKey, SpaceId, limits};
use hearth_wire::{Frame, Greeting, GreetingPlace, PairMessage, cbor::Codec};
use puppet::*;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use steps::*;

/// The two behind closed routers.
const A: usize = 1;
const B: usize = 2;

struct Room {
    w: World,
    space: SpaceId,
    room: ChannelId,
    count: usize,
}

/// `count` people of one community, of whom A and B cannot reach each other.
fn den(count: usize, seed: u64) -> Room {
    let mut w = World::new(count, seed);
    let (space, _) = found(&mut w, 0);
    let (link, _) = invite(&mut w, 0, space, None);
    w.wall(A, B, true);
    (1..count).for_each(|i| join(&mut w, i, &link));
    agree(&mut w, &(0..count).collect::<Vec<_>>(), space, 30_000);
    for (i, j) in (0..count).flat_map(|i| (i + 1..count).map(move |j| (i, j))).filter(|pair| *pair != (A, B)) {
        w.connect(i, j);
    }
    w.run(1_000);
    let NodeReply::Community(c) = w.ask(0, NodeCommand::CommunityState { community: space }).unwrap() else { panic!() };
    let room = c.channels.iter().find(|c| c.kind == ChannelKind::Voice).unwrap().channel;
    Room { w, space, room, count }
}

impl Room {
    fn enter(&mut self, who: &[usize]) {
        for i in who {
            self.w.ask(*i, NodeCommand::VoiceJoin { channel: self.room }).unwrap();
        }
    }
    /// Everybody is in, and A and B have found a way.
    fn in_touch(count: usize, seed: u64) -> Self {
        let mut r = den(count, seed);
        r.enter(&(0..count).collect::<Vec<_>>());
        assert!(r.found_a_way(4_000));
        r.clear();
        r
    }
    fn found_a_way(&mut self, ms: u64) -> bool {
        let mut told = [None, None];
        let peers = [self.w.peer(B), self.w.peer(A)];
        self.w.run_until(ms, |w| {
            for (n, i) in [A, B].into_iter().enumerate() {
                told[n] = reaches(&w.orders(i), peers[n]).or(told[n]);
            }
            told == [Some(true); 2]
        })
    }
    fn clear(&mut self) {
        (0..self.count).for_each(|i| drop(self.w.orders(i)));
    }
    fn say(&mut self, from: usize, to: usize, word: &str) {
        let peer = self.w.peer(to);
        self.w.say(from, VoiceSay::Message { peer, bytes: word.into() });
    }
    /// What `to` was told of `from` in this time.
    fn heard(&mut self, from: usize, to: usize, ms: u64) -> Vec<String> {
        self.w.run(ms);
        let whose = (self.w.peer(from), self.w.keys(from).device.id());
        words(&self.w.orders(to), whose)
    }
    /// Each way a word, which must come.
    fn speak(&mut self) {
        for (from, to) in [(A, B), (B, A)] {
            self.say(from, to, "a key of the call");
            assert_eq!(self.heard(from, to, 100), ["a key of the call"], "{from} to {to}");
        }
    }
}

/// Whether the roster last told has a way to `peer`.
fn reaches(orders: &[VoiceOrder], peer: PeerKey) -> Option<bool> {
    let last: Option<&Vec<VoiceMember>> =
        orders.iter().rev().find_map(|o| if let VoiceOrder::Roster(r) = o { Some(r) } else { None });
    last.map(|roster| roster.iter().any(|m| m.peer == peer && m.linked))
}

fn words(orders: &[VoiceOrder], (whose, of): (PeerKey, DeviceId)) -> Vec<String> {
    let word = |order: &VoiceOrder| match order {
        VoiceOrder::Message { peer, device, bytes } if (*peer, *device) == (whose, of) => {
            Some(String::from_utf8(bytes.clone()).unwrap())
        }
        _ => None,
    };
    orders.iter().filter_map(word).collect()
}

/// What is on its way by `third`, and what becomes of it.
fn hostile(w: &mut World, thirds: &'static [usize], mut change: impl FnMut(Frame) -> Vec<Frame> + 'static) {
    w.tamper(move |from, _, bytes| match Frame::from_bytes(&bytes) {
        Ok(frame @ Frame::Passed { .. }) if thirds.contains(&from) => {
            change(frame).iter().map(Codec::to_bytes).collect()
        }
        _ => vec![bytes],
    });
}

#[test]
fn two_without_a_link_find_a_way_by_a_third_and_speak_both_ways() {
    let mut r = Room::in_touch(3, 201);
    assert!(!r.w.is_linked(A, B));
    r.speak();
    // It holds while nothing is said, and does not come and go.
    r.w.run(60_000);
    for (i, other) in [(A, B), (B, A)] {
        let peer = r.w.peer(other);
        assert_eq!(reaches(&r.w.orders(i), peer), None, "the roster of {i} never changed");
    }
    r.speak();
}

#[test]
fn a_member_outside_the_call_passes_on_as_well() {
    let mut r = den(3, 202);
    r.enter(&[A, B]);
    assert!(r.found_a_way(4_000));
    r.speak();
    assert_eq!(r.w.orders(0), [], "and is told nothing of it");
}

#[test]
fn a_link_that_is_lost_is_made_up_for_and_one_that_stands_again_is_taken() {
    let mut r = den(3, 203);
    r.w.wall(A, B, false);
    r.w.connect(A, B);
    r.w.run(500);
    r.enter(&[0, A, B]);
    assert!(r.found_a_way(1_000));
    let passed = Rc::new(RefCell::new(0));
    let counter = passed.clone();
    hostile(&mut r.w, &[0], move |frame| {
        *counter.borrow_mut() += 1;
        vec![frame]
    });
    r.clear();
    r.speak();
    assert_eq!(*passed.borrow(), 0, "nothing goes by a third where a link stands");

    r.w.wall(A, B, true);
    assert!(r.found_a_way(2_000), "soon again");
    r.clear();
    r.speak();
    assert!(*passed.borrow() > 0);

    r.w.wall(A, B, false);
    r.w.connect(A, B);
    r.w.run(1_000);
    let before = *passed.borrow();
    r.clear();
    r.speak();
    assert_eq!(*passed.borrow(), before);
}

#[test]
fn the_third_sees_neither_words_nor_keys() {
    let mut r = Room::in_touch(3, 204);
    let seen = Rc::new(RefCell::new(Vec::new()));
    let keep = seen.clone();
    r.w.tamper(move |from, to, bytes| {
        if from == 0 || to == 0 {
            keep.borrow_mut().push(bytes.clone());
        }
        vec![bytes]
    });
    r.speak();
    let seen = seen.borrow();
    let passed = seen.iter().filter(|b| matches!(Frame::from_bytes(b), Ok(Frame::Pass { .. }))).count();
    assert!(passed >= 2, "{passed} went by the third");
    assert!(!seen.iter().any(|b| b.windows(6).any(|w| w == b"a key ")), "none of them readable");
}

#[test]
fn words_that_the_third_repeats_count_once() {
    let mut r = Room::in_touch(3, 205);
    let old = Rc::new(RefCell::new(Vec::new()));
    let all = old.clone();
    hostile(&mut r.w, &[0], move |frame| {
        all.borrow_mut().push(frame.clone());
        // At once, and again after everything that was said later.
        let mut frames = vec![frame.clone(), frame];
        frames.extend(all.borrow().iter().cloned());
        frames
    });
    let said: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    let mut heard = Vec::new();
    for word in &said {
        r.say(A, B, word);
        heard.extend(r.heard(A, B, 50));
    }
    assert_eq!(heard, said);
    assert!(old.borrow().len() >= 20);
}

#[test]
fn what_was_said_in_an_earlier_stay_says_nothing_in_the_next() {
    let mut r = den(3, 206);
    let old = Rc::new(RefCell::new(Vec::new()));
    let all = old.clone();
    hostile(&mut r.w, &[0], move |frame| {
        all.borrow_mut().push(frame.clone());
        vec![frame]
    });
    r.enter(&[0, A, B]);
    assert!(r.found_a_way(4_000));
    r.clear();
    r.speak();
    let from_a = r.w.keys(A).device.id();
    let old: Vec<Frame> =
        old.borrow().iter().filter(|f| matches!(f, Frame::Passed { from, .. } if *from == from_a)).cloned().collect();
    assert!(old.len() >= 3, "greetings and words");

    // B begins anew, and the third gives it nothing but the past.
    r.w.ask(B, NodeCommand::VoiceLeave).unwrap();
    r.w.say(B, VoiceSay::Left);
    r.w.run(1_000);
    let past = Rc::new(Cell::new(false));
    let goes = past.clone();
    hostile(&mut r.w, &[0], move |frame| if goes.get() { vec![frame] } else { vec![] });
    r.clear();
    r.enter(&[B]);
    for _ in 0..20 {
        past.set(true);
        for frame in &old {
            r.w.send_raw(0, B, frame.to_bytes());
        }
        past.set(false);
        r.w.run(300);
    }
    let (peer, orders) = (r.w.peer(A), r.w.orders(B));
    assert_eq!(reaches(&orders, peer), Some(false));
    assert!(orders.iter().all(|o| reaches(std::slice::from_ref(o), peer) != Some(true)), "not for a moment");
    assert_eq!(words(&orders, (peer, from_a)), [""; 0]);
}

#[test]
fn altered_and_forged_words_are_heard_by_nobody_and_do_no_lasting_harm() {
    let mut r = Room::in_touch(3, 207);
    let mut turn = 0;
    hostile(&mut r.w, &[0], move |frame| {
        let Frame::Passed { space, from, mut message } = frame else { panic!() };
        turn += 7;
        let at = turn % message.len();
        message[at] ^= 1 << (turn % 8);
        vec![Frame::Passed { space, from, message }]
    });
    for n in 0..40 {
        r.say(A, B, &n.to_string());
    }
    assert_eq!(r.heard(A, B, 2_000), [""; 0]);

    // Greetings and words of the third's own making, in A's name.
    let keys = r.w.keys(0);
    let place = GreetingPlace {
        space: r.space,
        room: r.room,
        from: r.w.keys(A).device.id(),
        since_ms: r.w.now_ms(),
        to: r.w.keys(B).device.id(),
    };
    let forged = [
        PairMessage::Greeting(Greeting::sign([9; 32], None, true, &place, &keys.device)),
        PairMessage::Sealed { counter: u64::MAX, sealed: vec![7; 60] },
    ];
    hostile(&mut r.w, &[0], |frame| vec![frame]);
    for message in forged {
        let frame = Frame::Passed { space: r.space, from: place.from, message: message.to_bytes() };
        r.w.send_raw(0, B, frame.to_bytes());
    }
    r.w.run(3 * limits::PASS_EVERY_MS);
    r.clear();
    r.speak();
    assert!(r.w.is_linked(0, B), "and who only passes on is not blamed for what others say");
}

#[test]
fn words_out_of_order_are_left_out_and_none_is_heard_after_a_later_one() {
    let mut r = Room::in_touch(3, 208);
    let mut held = Vec::new();
    hostile(&mut r.w, &[0], move |frame| {
        held.push(frame);
        if held.len() % 4 == 0 { held.drain(..).rev().collect() } else { Vec::new() }
    });
    for n in 0..40 {
        r.say(A, B, &format!("{n:02}"));
    }
    let heard = r.heard(A, B, 1_000);
    assert!(!heard.is_empty() && heard.windows(2).all(|w| w[0] < w[1]), "{heard:?}");
    hostile(&mut r.w, &[0], |frame| vec![frame]);
    assert!(r.found_a_way(20_000), "the call greets again");
    r.clear();
    r.speak();
}

#[test]
fn a_third_who_loses_everything_is_given_up_for_another() {
    let mut r = Room::in_touch(4, 209);
    hostile(&mut r.w, &[0], |_| vec![]);
    r.w.run(limits::PASS_SILENT_MS + 2 * limits::PASS_EVERY_MS + 1_000);
    r.clear();
    r.speak();
    // The other stays in use when the first might be asked again.
    r.w.run(3 * limits::PASS_SHUN_MS);
    r.clear();
    r.speak();
}

#[test]
fn two_thirds_who_lose_everything_do_not_keep_the_third_of_them_out() {
    let mut r = Room::in_touch(5, 210);
    hostile(&mut r.w, &[0, 3], |_| vec![]);
    r.w.run(2 * limits::PASS_SILENT_MS + 3 * limits::PASS_EVERY_MS);
    r.clear();
    r.speak();
    r.w.run(3 * limits::PASS_SHUN_MS);
    r.clear();
    r.speak();
}

#[test]
fn thirds_who_pass_one_way_only_are_given_up_by_both_sides() {
    for (from, seed) in [(A, 216), (B, 217)] {
        let mut r = den(5, seed);
        let lost = r.w.keys(from).device.id();
        hostile(&mut r.w, &[0, 3], move |frame| match frame {
            Frame::Passed { from, ref message, .. } if from == lost && message.len() > 30 => vec![],
            frame => vec![frame],
        });
        r.enter(&[0, A, B, 3, 4]);
        r.w.run(2 * limits::PASS_SILENT_MS + 5 * limits::PASS_EVERY_MS);
        r.clear();
        r.speak();
        r.w.run(3 * limits::PASS_SHUN_MS);
        r.clear();
        r.speak();
    }
}

#[test]
fn a_third_who_passes_on_only_that_one_is_there_is_given_up_too() {
    let mut r = Room::in_touch(4, 211);
    hostile(&mut r.w, &[0, 3], |frame| {
        let Frame::Passed { message, .. } = &frame else { panic!() };
        if message.len() > 100 { Vec::new() } else { vec![frame] }
    });
    let long = "k".repeat(200);
    let mut greeted = 0;
    for _ in 0..6 {
        r.say(A, B, &long);
        r.w.run(5_000);
        let (peer, orders) = (r.w.peer(B), r.w.orders(A));
        greeted += usize::from(reaches(&orders, peer) == Some(true));
        r.w.orders(B);
    }
    assert!(greeted > 0, "the call is told that words were lost, and begins anew");
    hostile(&mut r.w, &[0], |frame| {
        let Frame::Passed { message, .. } = &frame else { panic!() };
        if message.len() > 100 { Vec::new() } else { vec![frame] }
    });
    for _ in 0..6 {
        r.say(A, B, &long);
        r.w.run(5_000);
    }
    r.clear();
    r.say(A, B, &long);
    assert_eq!(r.heard(A, B, 100), [long], "by the one who passes on everything");
}

#[test]
fn a_third_that_leaves_or_dies_is_made_up_for_by_another() {
    let mut r = Room::in_touch(4, 212);
    for third in [0, 3] {
        r.w.kill(third);
        let other = 3 - third;
        if third == 0 {
            assert!(r.found_a_way(5_000), "by {other}");
            r.clear();
            r.speak();
        }
    }
    let (a, b) = (r.w.peer(A), r.w.peer(B));
    r.w.run(1_000);
    assert_eq!(reaches(&r.w.orders(A), b), Some(false), "nobody is left who could");
    assert_eq!(reaches(&r.w.orders(B), a), Some(false));
    r.w.boot(0);
    r.w.connect(0, A);
    r.w.connect(0, B);
    assert!(r.found_a_way(20_000));
    r.clear();
    r.speak();
}

#[test]
fn a_third_passes_on_between_those_of_one_room_only_and_only_once() {
    let mut r = den(4, 213);
    r.enter(&[A, B]);
    assert!(r.found_a_way(4_000));
    let went = Rc::new(RefCell::new(Vec::new()));
    let all = went.clone();
    r.w.tamper(move |from, to, bytes| {
        if let Ok(Frame::Passed { message, .. }) = Frame::from_bytes(&bytes)
            && message == b"mark"
        {
            all.borrow_mut().push((from, to));
        }
        vec![bytes]
    });
    let device = |w: &World, i: usize| w.keys(i).device.id();
    let pass = |r: &mut Room, from: usize, to: usize| {
        let frame = Frame::Pass { space: r.space, to: device(&r.w, to), message: b"mark".to_vec() };
        r.w.send_raw(from, 0, frame.to_bytes());
        r.w.run(50);
        std::mem::take(&mut *went.borrow_mut())
    };
    assert_eq!(pass(&mut r, A, B), [(0, B)]);
    assert_eq!(pass(&mut r, A, 3), [], "who is in no room");
    assert_eq!(pass(&mut r, 3, A), [], "of who is in no room");
    assert_eq!(pass(&mut r, A, A), [], "to oneself");
    assert_eq!(pass(&mut r, A, 0), [], "to the third");
    // What was passed on ends where it comes, for whomever it is.
    let frame = Frame::Passed { space: r.space, from: device(&r.w, A), message: b"mark".to_vec() };
    r.w.send_raw(0, 3, frame.to_bytes());
    r.w.run(100);
    assert_eq!(*went.borrow(), [(0, 3)], "one hop");
    r.w.ask(B, NodeCommand::VoiceLeave).unwrap();
    r.w.say(B, VoiceSay::Left);
    r.w.run(500);
    went.borrow_mut().clear();
    assert_eq!(pass(&mut r, A, B), [], "who left");
}

#[test]
fn a_flood_is_cut_off_and_told_and_nobody_is_blamed_for_passing_it_on() {
    let mut r = Room::in_touch(3, 214);
    r.w.run(limits::PASS_WINDOW_MS + 1_000);
    let passed = Rc::new(RefCell::new(0));
    let counter = passed.clone();
    hostile(&mut r.w, &[0], move |frame| {
        *counter.borrow_mut() += 1;
        vec![frame]
    });
    r.clear();
    r.w.events(0);
    let most = limits::PASS_LINK.0 as usize;
    for _ in 0..most + 500 {
        r.say(A, B, "x");
    }
    let heard = r.heard(A, B, 2_000).len();
    assert!(heard <= most && heard > most / 2, "{heard} of at most {most}");
    assert!(*passed.borrow() <= most + 20);
    let told = |e: &&NodeEvent| matches!(e, NodeEvent::Warning { code: "passing", .. });
    assert_eq!(r.w.events(0).iter().filter(told).count(), 1, "in plain words, once");
    assert!(r.w.is_linked(0, A) && r.w.is_linked(0, B));
    r.w.run(limits::PASS_WINDOW_MS + limits::PASS_SILENT_MS);
    r.clear();
    r.speak();

    // Bytes count as well as frames.
    let long = "y".repeat(limits::CALL_MESSAGE_BYTES);
    for _ in 0..200 {
        r.say(A, B, &long);
    }
    let heard = r.heard(A, B, 2_000).len();
    assert!(heard <= limits::PASS_LINK.1 / limits::CALL_MESSAGE_BYTES && heard > 20, "{heard} of 16 KiB");
}

#[test]
fn a_peer_that_never_said_that_it_passes_on_is_sent_nothing_of_the_kind() {
    let mut r = den(3, 215);
    let mut old = Puppet::of(&mut r.w, 0);
    for i in [A, B] {
        old.link(&mut r.w, i);
        old.prove(&mut r.w, i, r.space);
    }
    r.w.run(500);
    r.enter(&[A, B]);
    // The room is known to both by gossip of their own making, handed on.
    let mut proven = 0;
    let mut kinds = Vec::new();
    for frame in old.heard(&mut r.w, 15_000) {
        proven += usize::from(matches!(&frame, Frame::Prove { .. }));
        if matches!(frame, Frame::Pass { .. } | Frame::Passed { .. }) {
            kinds.push(frame);
        }
    }
    assert!(proven > 0, "its proof was answered");
    assert_eq!(kinds, []);
    let frame = Frame::Pass { space: r.space, to: r.w.keys(B).device.id(), message: vec![1] };
    r.w.send_raw(0, A, frame.to_bytes());
    assert!(r.w.is_linked(0, A) && r.w.is_linked(0, B));
}
