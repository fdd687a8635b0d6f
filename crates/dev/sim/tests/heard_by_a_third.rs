//! Whole calls on kernels: two members whose own link was taken away greet and hear each other by way of a third.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/calls.rs"]
mod calls;
#[path = "support/steps.rs"]
mod steps;

use calls::Calls;
use hearth_ports::{NodeCommand, NodeReply};
use hearth_sim::World;
use hearth_types::{ChannelId, ChannelKind};
use hearth_wire::{Frame, cbor::Codec};
use steps::*;

/// Frames in two seconds, and how many of them are to be heard.
const SPAN_MS: u64 = 2_000;
const MOST: u32 = 95;
/// The two who cannot reach each other, as listener and talker.
const BOTH: [(usize, usize); 2] = [(1, 2), (2, 1)];

/// `count` people of one community in its room, of whom 1 and 2 cannot reach each other.
fn den(count: usize, seed: u64) -> (Calls, ChannelId) {
    let mut w = World::new(count, seed);
    let (space, _) = found(&mut w, 0);
    let (link, _) = invite(&mut w, 0, space, None);
    w.wall(1, 2, true);
    (1..count).for_each(|i| join(&mut w, i, &link));
    agree(&mut w, &(0..count).collect::<Vec<_>>(), space, 30_000);
    let NodeReply::Community(c) = w.ask(0, NodeCommand::CommunityState { community: space }).unwrap() else { panic!() };
    let room = c.channels.iter().find(|c| c.kind == ChannelKind::Voice).unwrap().channel;
    (Calls::of(w, count), room)
}

fn enter(calls: &mut Calls, who: &[usize], room: ChannelId) {
    for i in who {
        calls.w.ask(*i, NodeCommand::VoiceJoin { channel: room }).unwrap();
    }
}

/// Seconds until both hear each other.
fn heard_after(calls: &mut Calls, most_s: u64) -> f64 {
    let start = calls.w.now_ms();
    while calls.w.now_ms() < start + most_s * 1_000 {
        if calls.hears(&BOTH, 100).iter().all(|n| *n > 0) {
            return (calls.w.now_ms() - start) as f64 / 1_000.0;
        }
    }
    panic!("not heard within {most_s} s");
}

fn hear_all(calls: &mut Calls) {
    let heard = calls.hears(&BOTH, SPAN_MS);
    assert!(heard.iter().all(|n| *n >= MOST), "{heard:?} of {}", SPAN_MS / 20);
}

#[test]
fn two_without_a_link_hear_each_other() {
    for seed in 0..8 {
        let (mut calls, room) = den(3, 300 + seed);
        enter(&mut calls, &[0, 1, 2], room);
        let took = heard_after(&mut calls, 6);
        println!("heard after {took} s");
        assert!(!calls.w.is_linked(1, 2));
        calls.run(1_000);
        hear_all(&mut calls);
    }
}

#[test]
fn a_link_lost_in_the_middle_of_a_call_is_not_noticed() {
    let (mut calls, room) = den(3, 310);
    calls.w.wall(1, 2, false);
    calls.w.connect(1, 2);
    enter(&mut calls, &[0, 1, 2], room);
    heard_after(&mut calls, 3);
    calls.run(3_000);
    calls.w.wall(1, 2, true);
    for _ in 0..10 {
        hear_all(&mut calls);
    }
}

#[test]
fn the_third_leaves_and_another_brings_the_new_keys() {
    let (mut calls, room) = den(4, 311);
    enter(&mut calls, &[0, 1, 2, 3], room);
    heard_after(&mut calls, 6);
    calls.run(3_000);
    // Whoever goes takes keys along, so that new ones must reach everybody.
    calls.w.ask(0, NodeCommand::VoiceLeave).unwrap();
    calls.run(3_000);
    hear_all(&mut calls);
    calls.w.kill(0);
    calls.run(5_000);
    hear_all(&mut calls);
    enter(&mut calls, &[3], room);
    calls.w.ask(3, NodeCommand::VoiceLeave).unwrap();
    calls.run(6_000);
    hear_all(&mut calls);
}

#[test]
fn thirds_that_lose_all_words_but_the_short_ones_hold_nobody_up_for_good() {
    for seed in 0..4 {
        let (mut calls, room) = den(4, 320 + seed);
        calls.w.tamper(|from, _, bytes| match Frame::from_bytes(&bytes) {
            Ok(Frame::Passed { message, .. }) if from == 0 && message.len() > 60 && message[0] == 0x83 => vec![],
            _ => vec![bytes],
        });
        enter(&mut calls, &[0, 1, 2, 3], room);
        println!("heard after {} s", heard_after(&mut calls, 40));
        calls.run(3_000);
        hear_all(&mut calls);
    }
}

#[test]
fn a_third_that_repeats_swaps_and_alters_some_words_costs_time_and_nothing_else() {
    let (mut calls, room) = den(3, 330);
    let (mut turn, mut kept) = (0, Vec::new());
    calls.w.tamper(move |from, _, bytes| {
        if from != 0 || !matches!(Frame::from_bytes(&bytes), Ok(Frame::Passed { .. })) {
            return vec![bytes];
        }
        turn += 1;
        match turn % 6 {
            0 => vec![bytes.clone(), bytes],
            2 => {
                kept = bytes;
                Vec::new()
            }
            3 => vec![bytes, std::mem::take(&mut kept)],
            5 => {
                let mut bad = bytes;
                let last = bad.len() - 1;
                bad[last] ^= 1;
                vec![bad]
            }
            _ => vec![bytes],
        }
    });
    enter(&mut calls, &[0, 1, 2], room);
    println!("heard after {} s", heard_after(&mut calls, 60));
    calls.run(10_000);
    hear_all(&mut calls);
}
