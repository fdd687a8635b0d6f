//! Founding, joining, writing and agreeing, between kernels on an emulated network.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/steps.rs"]
mod steps;

use hearth_ports::{ErrorCode, NodeCommand, NodeEvent, NodeReply, SendState};
use hearth_sim::World;
use hearth_types::{ChannelKind, Playing, UserId, limits};
use steps::*;

#[test]
fn a_link_lets_somebody_in_and_both_read_everything() {
    let mut w = World::new(2, 1);
    let (space, general) = found(&mut w, 0);
    send(&mut w, 0, general, "before you came");
    let (link, _) = invite(&mut w, 0, space, None);
    join(&mut w, 1, &link);
    let hello = send(&mut w, 1, general, "hello");
    send(&mut w, 0, general, "welcome");
    agree(&mut w, &[0, 1], space, 5_000);
    assert_eq!(texts(&mut w, 0, general), ["before you came", "hello", "welcome"]);
    assert_eq!(texts(&mut w, 1, general), ["before you came", "hello", "welcome"]);
    w.run(2_000);
    let states: Vec<SendState> = list(&mut w, 1, general).iter().map(|m| m.state).collect();
    assert_eq!(states, [SendState::Received, SendState::Sent, SendState::Received], "{hello}");
}

#[test]
fn edits_deletes_and_reactions_reach_the_other() {
    let mut w = World::new(2, 2);
    let (space, general) = found(&mut w, 0);
    let (link, _) = invite(&mut w, 0, space, None);
    join(&mut w, 1, &link);
    let (a, b) = (send(&mut w, 0, general, "helo"), send(&mut w, 1, general, "away with it"));
    w.run(1_000);
    w.ask(0, NodeCommand::MessageEdit { message: a, text: "hello".into() }).unwrap();
    w.ask(1, NodeCommand::MessageDelete { message: b }).unwrap();
    w.ask(1, NodeCommand::MessageReact { message: a, emoji: "🔥".into(), on: true }).unwrap();
    assert_eq!(
        w.ask(1, NodeCommand::MessageEdit { message: a, text: "no".into() }).unwrap_err().code,
        ErrorCode::NotAllowed
    );
    assert_eq!(w.ask(1, NodeCommand::MessagePin { message: a, on: true }).unwrap_err().code, ErrorCode::NotAllowed);
    w.ask(0, NodeCommand::MessagePin { message: a, on: true }).unwrap();
    agree(&mut w, &[0, 1], space, 5_000);
    for i in [0, 1] {
        let l = list(&mut w, i, general);
        assert_eq!((l[0].text.as_str(), l[0].edited, l[0].pinned, l[0].reactions.len()), ("hello", true, true, 1));
        assert_eq!((l[1].text.as_str(), l[1].deleted), ("", true));
    }
    let changed = |e: &NodeEvent| matches!(e, NodeEvent::MessageChanged { message, .. } if message.message == a && message.text == "hello");
    assert!(w.events(1).iter().any(changed), "the other was told of the edit");
}

#[test]
fn a_third_joins_through_a_member_while_the_founder_is_away() {
    let mut w = World::new(3, 3);
    let (space, general) = found(&mut w, 0);
    let (link, _) = invite(&mut w, 0, space, None);
    join(&mut w, 1, &link);
    send(&mut w, 0, general, "I am off");
    agree(&mut w, &[0, 1], space, 5_000);
    w.kill(0);
    let (link, _) = invite(&mut w, 1, space, None);
    join(&mut w, 2, &link);
    send(&mut w, 2, general, "who is here?");
    agree(&mut w, &[1, 2], space, 5_000);
    assert_eq!(texts(&mut w, 2, general), ["I am off", "who is here?"]);
    w.boot(0);
    agree(&mut w, &[0, 1, 2], space, 30_000);
    assert_eq!(texts(&mut w, 0, general), ["I am off", "who is here?"]);
}

#[test]
fn two_halves_write_apart_and_agree_within_five_seconds_of_healing() {
    for seed in 10..16 {
        let mut w = World::new(5, seed);
        w.gossip_loss = 10;
        let (space, general) = found(&mut w, 0);
        let (link, _) = invite(&mut w, 0, space, None);
        (1..5).for_each(|i| join(&mut w, i, &link));
        agree(&mut w, &[0, 1, 2, 3, 4], space, 30_000);
        w.partition(&[&[0, 1], &[2, 3, 4]]);
        for n in 0..20 {
            send(&mut w, n % 5, general, &format!("{n}"));
        }
        let clips = w.ask(
            0,
            NodeCommand::ChannelCreate {
                community: space,
                name: "clips".into(),
                kind: ChannelKind::Text,
                sealed: false,
            },
        );
        assert!(clips.is_ok());
        agree(&mut w, &[0, 1], space, 10_000);
        agree(&mut w, &[2, 3, 4], space, 10_000);
        assert_ne!(heads(&mut w, 0, space), heads(&mut w, 2, space));
        w.heal();
        (2..5).for_each(|j| w.discover(0, j));
        agree(&mut w, &[0, 1, 2, 3, 4], space, 5_000);
        assert_eq!(texts(&mut w, 4, general).len(), 20, "seed {seed}");
    }
}

#[test]
fn closed_invites_let_nobody_in_and_say_why() {
    let mut w = World::new(4, 4);
    let (space, _) = found(&mut w, 0);
    let (once, _) = invite(&mut w, 0, space, Some(1));
    join(&mut w, 1, &once);
    let refused = w.ask(2, NodeCommand::CommunityJoin { link: once }).unwrap_err();
    assert_eq!(refused.code, ErrorCode::InviteClosed);
    let (link, id) = invite(&mut w, 0, space, None);
    w.ask(0, NodeCommand::InviteRevoke { invite: id }).unwrap();
    assert_eq!(w.ask(3, NodeCommand::CommunityJoin { link }).unwrap_err().code, ErrorCode::InviteClosed);
    assert_eq!(
        w.ask(3, NodeCommand::CommunityJoin { link: "mesh://join?c=AAAA".into() }).unwrap_err().code,
        ErrorCode::BadLink
    );
}

#[test]
fn nobody_there_is_said_in_the_end() {
    let mut w = World::new(2, 5);
    let (space, _) = found(&mut w, 0);
    let (link, _) = invite(&mut w, 0, space, None);
    w.kill(0);
    assert_eq!(w.ask(1, NodeCommand::CommunityJoin { link }).unwrap_err().code, ErrorCode::NobodyReachable);
}

#[test]
fn members_may_not_do_what_admins_may_until_they_are_one() {
    let mut w = World::new(2, 6);
    let (space, _) = found(&mut w, 0);
    let (link, _) = invite(&mut w, 0, space, None);
    join(&mut w, 1, &link);
    let create =
        NodeCommand::ChannelCreate { community: space, name: "mine".into(), kind: ChannelKind::Text, sealed: false };
    assert_eq!(w.ask(1, create.clone()).unwrap_err().code, ErrorCode::NotAllowed);
    let NodeReply::Community(state) = w.ask(1, NodeCommand::CommunityState { community: space }).unwrap() else {
        panic!()
    };
    let me = state.members.iter().find(|m| m.name == "P1").unwrap().user;
    let admin = state.roles.iter().find(|r| r.name == "admin").unwrap().role;
    w.ask(0, NodeCommand::RoleGrant { community: space, user: me, role: admin }).unwrap();
    agree(&mut w, &[0, 1], space, 5_000);
    w.ask(1, create).unwrap();
    agree(&mut w, &[0, 1], space, 5_000);
}

#[test]
fn a_restart_goes_on_where_it_was() {
    let mut w = World::new(2, 7);
    let (space, general) = found(&mut w, 0);
    let (link, _) = invite(&mut w, 0, space, None);
    join(&mut w, 1, &link);
    for n in 0..30 {
        let playing = Some(Playing::new(&format!("Game {n}"), "", None));
        w.command(1, NodeCommand::PresenceSet { presence: None, playing });
    }
    w.run(1_000);
    assert_eq!(told(w.events(0)).len(), 1, "of thirty in one moment");
    hears(&mut w, 0, &Playing::new("Game 29", "", None));

    w.kill(1);
    w.run(limits::PRESENCE_MS + limits::PRESENCE_DOUBT_MS);
    assert_eq!(told(w.events(0)), [None], "it ends with the computer");
}

#[test]
fn strangers_on_the_same_network_learn_nothing() {
    let mut w = World::new(2, 11);
    let (space, general) = found(&mut w, 0);
    send(&mut w, 0, general, "private");
    w.discover(0, 1);
    w.discover(1, 0);
    w.run(60_000);
    assert!(w.disk(1).is_empty());
    assert_eq!(
        w.ask(1, NodeCommand::CommunityState { community: space }).unwrap_err().code,
        ErrorCode::UnknownCommunity
    );
    assert_eq!(w.links(), 0, "a neighbour who shares nothing is let go");
}

#[test]
fn a_window_on_an_empty_channel_shows_the_first_message() {
    use hearth_ports::{Anchor, WindowDiff};
    let mut w = World::new(1, 12);
    let (_, general) = found(&mut w, 0);
    w.ask(0, NodeCommand::WindowOpen { window: 1, channel: general, anchor: Anchor::Newest }).unwrap();
    w.run(1_000);
    w.events(0);
    send(&mut w, 0, general, "first");
    w.run(1_000);
    let shown = w.events(0).into_iter().any(|e| match e {
        NodeEvent::Window { window: 1, diffs } => diffs.iter().any(|d| match d {
            WindowDiff::Reset { messages, .. } => messages.iter().any(|m| m.text == "first"),
            WindowDiff::Insert { message, .. } => message.text == "first",
            _ => false,
        }),
        _ => false,
    });
    assert!(shown);
}
