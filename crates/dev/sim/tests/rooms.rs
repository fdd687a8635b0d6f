//! Voice rooms between kernels: who is inside is seen by everybody, and the members of a call can speak to each other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/steps.rs"]
mod steps;

use hearth_ports::{
    ErrorCode, NodeCommand, NodeEvent, NodeReply, VoiceAsk, VoiceMember, VoiceOrder, VoiceSay, VoiceSettings,
};
use hearth_sim::World;
use hearth_types::{ChannelId, ChannelKind, SpaceId, UserId};
use std::collections::BTreeMap;
use steps::*;

/// Three people of one community with a voice room.
fn den(seed: u64) -> (World, SpaceId, ChannelId, ChannelId) {
    let mut w = World::new(3, seed);
    let (space, general) = found(&mut w, 0);
    let (link, _) = invite(&mut w, 0, space, None);
    join(&mut w, 1, &link);
    join(&mut w, 2, &link);
    agree(&mut w, &[0, 1, 2], space, 5_000);
    let room = community(&mut w, 0, space).channels.iter().find(|c| c.kind == ChannelKind::Voice).unwrap().channel;
    (w, space, room, general)
}

fn community(w: &mut World, i: usize, community: SpaceId) -> hearth_ports::CommunityView {
    match w.ask(i, NodeCommand::CommunityState { community }).unwrap() {
        NodeReply::Community(c) => *c,
        other => panic!("{other:?}"),
    }
}

/// Who is inside as `i` was told, and muted or not.
fn inside(told: &mut BTreeMap<UserId, bool>, events: Vec<NodeEvent>) -> usize {
    for event in events {
        if let NodeEvent::VoiceMember(v) = event {
            if v.inside {
                told.insert(v.user, v.muted);
            } else {
                told.remove(&v.user);
            }
        }
    }
    told.len()
}

fn roster(orders: &[VoiceOrder]) -> Vec<VoiceMember> {
    let last = orders.iter().rev().find_map(|o| if let VoiceOrder::Roster(r) = o { Some(r.clone()) } else { None });
    last.unwrap_or_default()
}

#[test]
fn who_is_inside_is_seen_before_joining_and_ends_with_the_last_word() {
    let (mut w, _, room, _) = den(1);
    let mut told = BTreeMap::new();
    w.events(2);
    w.ask(0, NodeCommand::VoiceJoin { channel: room }).unwrap();
    w.ask(1, NodeCommand::VoiceJoin { channel: room }).unwrap();
    w.run(500);
    assert_eq!(inside(&mut told, w.events(2)), 2, "seen by who is outside");
    let there = roster(&w.orders(0));
    assert_eq!(there.len(), 1);
    assert!(there[0].linked, "a way to speak to each other");

    let mute = VoiceSettings { mute: Some(true), ..VoiceSettings::default() };
    w.command(1, NodeCommand::Voice(VoiceAsk::Set(mute)));
    w.run(500);
    inside(&mut told, w.events(2));
    assert_eq!(told.values().filter(|muted| **muted).count(), 1);

    w.ask(1, NodeCommand::VoiceLeave).unwrap();
    w.say(1, VoiceSay::Left);
    w.run(500);
    assert_eq!(inside(&mut told, w.events(2)), 1);
    assert_eq!(roster(&w.orders(0)), []);

    // Killed in the middle of the call: gone once the word runs out, and not before.
    w.kill(0);
    w.run(5_000);
    assert_eq!(inside(&mut told, w.events(2)), 1);
    w.run(12_000);
    assert_eq!(inside(&mut told, w.events(2)), 0);
}

#[test]
fn nobody_is_put_out_for_being_quiet() {
    let (mut w, _, room, _) = den(2);
    w.events(1);
    w.ask(0, NodeCommand::VoiceJoin { channel: room }).unwrap();
    w.run(600_000);
    let told: Vec<bool> = w
        .events(1)
        .iter()
        .filter_map(|e| if let NodeEvent::VoiceMember(v) = e { Some(v.inside) } else { None })
        .collect();
    assert_eq!(told, [true], "told once, and never that they went");
}

#[test]
fn what_is_said_about_a_call_reaches_the_room_and_nobody_else() {
    let (mut w, _, room, _) = den(3);
    for i in [0, 1] {
        w.ask(i, NodeCommand::VoiceJoin { channel: room }).unwrap();
    }
    w.run(500);
    let bo = roster(&w.orders(0))[0];
    w.orders(1);
    w.say(0, VoiceSay::Message { peer: bo.peer, bytes: b"keys".to_vec() });
    w.run(100);
    let heard = w.orders(1);
    assert!(matches!(&heard[..], [VoiceOrder::Message { bytes, .. }] if bytes == b"keys"), "{heard:?}");
    assert_eq!(w.orders(2), []);

    w.ask(1, NodeCommand::VoiceLeave).unwrap();
    w.say(1, VoiceSay::Left);
    w.run(100);
    w.orders(1);
    w.say(0, VoiceSay::Message { peer: bo.peer, bytes: b"keys".to_vec() });
    w.run(100);
    assert_eq!(w.orders(1), [], "who left hears nothing of the call");
}

#[test]
fn who_leaves_still_hands_over_and_is_out_when_the_call_says_so_or_hangs() {
    let (mut w, _, room, _) = den(6);
    let mut told = BTreeMap::new();
    for i in [0, 1] {
        w.ask(i, NodeCommand::VoiceJoin { channel: room }).unwrap();
    }
    w.run(500);
    assert_eq!(inside(&mut told, w.events(2)), 2);
    let bo = roster(&w.orders(0))[0];
    w.orders(1);

    w.ask(0, NodeCommand::VoiceLeave).unwrap();
    w.say(0, VoiceSay::Message { peer: bo.peer, bytes: b"take over".to_vec() });
    w.run(500);
    let heard = w.orders(1);
    assert!(matches!(&heard[..], [VoiceOrder::Message { bytes, .. }] if bytes == b"take over"), "{heard:?}");
    assert_eq!(inside(&mut told, w.events(2)), 2, "not out before the call is");
    w.say(0, VoiceSay::Left);
    w.run(200);
    assert_eq!(inside(&mut told, w.events(2)), 1);

    // A call that never ends is left all the same.
    w.ask(1, NodeCommand::VoiceLeave).unwrap();
    w.run(2_000);
    assert_eq!(inside(&mut told, w.events(2)), 1);
    w.run(1_000);
    assert_eq!(inside(&mut told, w.events(2)), 0);
}

#[test]
fn a_text_channel_and_an_unknown_one_are_no_rooms() {
    let (mut w, _, room, general) = den(4);
    let code = |w: &mut World, channel| w.ask(0, NodeCommand::VoiceJoin { channel }).unwrap_err().code;
    assert_eq!(code(&mut w, general), ErrorCode::BadArgument);
    assert_eq!(code(&mut w, ChannelId([9; 32])), ErrorCode::UnknownChannel);
    w.ask(0, NodeCommand::VoiceJoin { channel: room }).unwrap();
    w.ask(0, NodeCommand::VoiceJoin { channel: room }).unwrap();
    w.ask(0, NodeCommand::VoiceLeave).unwrap();
    w.ask(0, NodeCommand::VoiceLeave).unwrap();
}

#[test]
fn who_leaves_the_community_leaves_its_room() {
    let (mut w, space, room, _) = den(5);
    let mut told = BTreeMap::new();
    w.ask(1, NodeCommand::VoiceJoin { channel: room }).unwrap();
    w.run(500);
    assert_eq!(inside(&mut told, w.events(0)), 1);
    w.ask(1, NodeCommand::CommunityLeave { community: space }).unwrap();
    w.run(1_000);
    assert_eq!(inside(&mut told, w.events(0)), 0);
    assert!(w.orders(1).contains(&VoiceOrder::Exit { asked: true }));
}

#[test]
fn who_is_in_a_room_that_is_deleted_is_put_out_of_it() {
    let (mut w, space, room, _) = den(6);
    for i in [1, 2] {
        w.ask(i, NodeCommand::VoiceJoin { channel: room }).unwrap();
    }
    w.run(1_000);
    let _ = w.orders(1);
    w.ask(0, NodeCommand::ChannelDelete { channel: room }).unwrap();
    w.run(5_000);
    let exits = |orders: Vec<VoiceOrder>| orders.into_iter().filter(|o| matches!(o, VoiceOrder::Exit { .. })).count();
    let orders = w.orders(1);
    assert!(orders.contains(&VoiceOrder::Exit { asked: false }), "{orders:?}");
    assert_eq!(exits(orders), 1);
    assert_eq!(w.ask(1, NodeCommand::VoiceLeave), Ok(NodeReply::Done), "and may say so once more");
    let text = community(&mut w, 1, space).channels.len();
    assert_eq!(text, community(&mut w, 0, space).channels.len());
}

fn own(orders: &[VoiceOrder]) -> Option<VoiceMember> {
    orders.iter().rev().find_map(|o| match o {
        VoiceOrder::Me(me) | VoiceOrder::Enter { me, .. } => Some(*me),
        _ => None,
    })
}

#[test]
fn a_mute_by_a_senior_reaches_the_muted_and_everybody_who_hears_them() {
    let (mut w, space, room, _) = den(6);
    for i in [0, 1, 2] {
        w.ask(i, NodeCommand::VoiceJoin { channel: room }).unwrap();
    }
    w.run(500);
    let user = own(&w.orders(1)).unwrap().user;
    let mute = |on| NodeCommand::MemberMute { community: space, user, on };
    assert_eq!(w.ask(2, mute(true)).unwrap_err().code, ErrorCode::NotAllowed, "an equal");
    w.events(2);
    w.orders(2);
    w.ask(0, mute(true)).unwrap();
    w.run(500);
    assert!(own(&w.orders(1)).unwrap().silenced);
    assert!(roster(&w.orders(2)).iter().find(|m| m.user == user).unwrap().silenced);
    let shown = w.events(2).iter().any(|e| matches!(e, NodeEvent::VoiceMember(v) if v.user == user && v.silenced));
    assert!(shown, "and drivers can show it");

    // It outlasts the room, and who was away while it was said learns of it.
    w.ask(1, NodeCommand::VoiceLeave).unwrap();
    w.say(1, VoiceSay::Left);
    w.kill(2);
    w.boot(2);
    w.ask(1, NodeCommand::VoiceJoin { channel: room }).unwrap();
    assert!(own(&w.orders(1)).unwrap().silenced);
    w.ask(0, mute(false)).unwrap();
    w.run(500);
    assert!(!own(&w.orders(1)).unwrap().silenced);
}

#[test]
fn who_lends_their_line_relays_large_rooms_until_they_talk_themselves() {
    const TALKERS: usize = 8;
    let lender = TALKERS;
    let mut w = World::new(TALKERS + 1, 7);
    let (space, _) = found(&mut w, 0);
    let (link, _) = invite(&mut w, 0, space, None);
    (1..=lender).for_each(|i| join(&mut w, i, &link));
    let all: Vec<usize> = (0..=lender).collect();
    agree(&mut w, &all, space, 10_000);
    let room = community(&mut w, 0, space).channels.iter().find(|c| c.kind == ChannelKind::Voice).unwrap().channel;
    let lend = |on| NodeCommand::Voice(VoiceAsk::Set(VoiceSettings { lend: Some(on), ..VoiceSettings::default() }));
    w.command(lender, lend(true));
    (1..TALKERS).for_each(|i| drop(w.ask(i, NodeCommand::VoiceJoin { channel: room }).unwrap()));
    w.run(1_000);
    assert_eq!(own(&w.orders(lender)), None, "a small room needs nobody");
    let mut told = BTreeMap::new();
    inside(&mut told, w.events(1));
    w.ask(0, NodeCommand::VoiceJoin { channel: room }).unwrap();
    w.run(1_000);
    let me = own(&w.orders(lender)).expect("the room is large now");
    assert!(me.relay);
    let seen = *roster(&w.orders(1)).iter().find(|m| m.user == me.user).expect("in the roster of the call");
    assert!(seen.relay && seen.linked);
    assert_eq!(inside(&mut told, w.events(1)), TALKERS, "and shown to nobody as being in the room");

    w.ask(lender, NodeCommand::VoiceJoin { channel: room }).unwrap();
    w.run(1_000);
    assert!(!own(&w.orders(lender)).unwrap().relay);
    let seen = *roster(&w.orders(1)).iter().find(|m| m.user == me.user).unwrap();
    assert!(!seen.relay && seen.since_ms > me.since_ms, "a new stay, so that keys change");

    w.ask(lender, NodeCommand::VoiceLeave).unwrap();
    w.say(lender, VoiceSay::Left);
    w.run(4_000);
    assert!(own(&w.orders(lender)).expect("back at work").relay);
    for i in 1..4 {
        w.ask(i, NodeCommand::VoiceLeave).unwrap();
        w.say(i, VoiceSay::Left);
    }
    w.run(1_000);
    assert!(w.orders(lender).contains(&VoiceOrder::Exit { asked: true }), "five people need no relay");
}
