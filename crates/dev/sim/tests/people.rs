//! Founding, joining, writing and agreeing, between kernels on an emulated network.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/steps.rs"]
mod steps;

use hearth_ports::{ErrorCode, NodeCommand, NodeEvent, NodeReply, SendState};
use hearth_sim::World;
use hearth_types::{ChannelKind, Playing, limits};
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
        send(&mut w, n % 2, general, &format!("{n}"));
        if n % 7 == 3 {
            w.kill(1);
            w.boot(1);
        }
    }
    agree(&mut w, &[0, 1], space, 30_000);
    assert_eq!(list(&mut w, 0, general).len(), 30);
    assert!(w.links() > 0, "they found each other again by themselves");
}

#[test]
fn a_full_disk_is_said_and_nothing_is_half_done() {
    let mut w = World::new(2, 8);
    let (space, general) = found(&mut w, 0);
    let (link, _) = invite(&mut w, 0, space, None);
    join(&mut w, 1, &link);
    w.disk(0).full = true;
    let failed = NodeCommand::MessageSend { channel: general, text: "lost".into(), reply_to: None };
    assert_eq!(w.ask(0, failed).unwrap_err().code, ErrorCode::DiskFull);
    w.disk(0).full = false;
    send(&mut w, 0, general, "kept");
    agree(&mut w, &[0, 1], space, 5_000);
    assert_eq!(texts(&mut w, 1, general), ["kept"]);
}

#[test]
fn wrong_clocks_do_not_lose_anything() {
    let hour = 3_600_000;
    for skew in [-hour, hour] {
        let mut w = World::new(2, 9);
        w.skew(1, skew);
        let (space, general) = found(&mut w, 0);
        let (link, _) = invite(&mut w, 0, space, None);
        join(&mut w, 1, &link);
        send(&mut w, 0, general, "one");
        send(&mut w, 1, general, "two");
        agree(&mut w, &[0, 1], space, 10_000);
        for i in [0, 1] {
            let mut seen = texts(&mut w, i, general);
            seen.sort();
            assert_eq!(seen, ["one", "two"], "skew {skew} at {i}");
        }
        w.run(60_000);
        let told = w.events(1).iter().any(|e| matches!(e, NodeEvent::Warning { code: "clock", .. }));
        assert!(told, "the one whose clock is off is told");
    }
}

#[test]
fn presence_and_typing_are_seen_and_end() {
    use hearth_ports::Presence;
    let mut w = World::new(2, 10);
    let (space, general) = found(&mut w, 0);
    let (link, _) = invite(&mut w, 0, space, None);
    join(&mut w, 1, &link);
    w.run(3_000);
    w.events(0);
    w.ask(1, NodeCommand::TypingSend { channel: general }).unwrap();
    w.ask(1, NodeCommand::PresenceSet { presence: Some(Presence::Idle), playing: None }).unwrap();
    w.run(1_000);
    let events = w.events(0);
    assert!(events.iter().any(|e| matches!(e, NodeEvent::Typing { channel, .. } if *channel == general)));
    assert!(events.iter().any(|e| matches!(e, NodeEvent::PresenceChanged { presence: Presence::Idle, .. })));
    w.kill(1);
    assert!(w.run_until(30_000, |w| {
        w.events(0).iter().any(|e| matches!(e, NodeEvent::PresenceChanged { presence: Presence::Offline, .. }))
    }));
}

#[test]
fn what_is_played_is_seen_and_ends() {
    use hearth_ports::Presence;
    let mut w = World::new(3, 10);
    let (space, _) = found(&mut w, 0);
    let (link, _) = invite(&mut w, 0, space, None);
    join(&mut w, 1, &link);
    join(&mut w, 2, &link);
    w.run(3_000);
    let Ok(NodeReply::Identity(me)) = w.ask(1, NodeCommand::IdentityShow) else { panic!("nobody") };
    let player = me.user;
    let told = |events: Vec<NodeEvent>| -> Vec<Option<Playing>> {
        let theirs = |e| match e {
            NodeEvent::PresenceChanged { user, playing, .. } if user == player => Some(playing),
            _ => None,
        };
        events.into_iter().filter_map(theirs).collect()
    };
    // A notice may be lost, and is said again within a third of its time.
    let hears = |w: &mut World, i: usize, game: &Option<Playing>| {
        let mut last = None;
        let heard = w.run_until(limits::PRESENCE_MS / 2, |w| {
            last = told(w.events(i)).pop().or(last.take());
            last.as_ref() == Some(game)
        });
        assert!(heard, "{i} was last told {last:?}");
    };
    let set = |w: &mut World, presence, playing| {
        w.ask(1, NodeCommand::PresenceSet { presence, playing }).unwrap();
    };
    let member = |w: &mut World| {
        let Ok(NodeReply::Community(view)) = w.ask(0, NodeCommand::CommunityState { community: space }) else {
            panic!("no community")
        };
        view.members.iter().find(|m| m.user == player).unwrap().playing.clone()
    };
    let sea = Playing::new("Deep Sea", "The reef", Some(5));
    set(&mut w, None, Some(sea.clone()));
    for i in [0, 2, 1] {
        hears(&mut w, i, &sea);
    }
    assert_eq!(member(&mut w), sea);
    w.run(limits::PRESENCE_MS * 2);
    assert_eq!(told(w.events(0)), [], "said again before it ends");

    // Unseen is unseen in every way, and what is played comes back with who plays it.
    set(&mut w, Some(Presence::Offline), None);
    hears(&mut w, 0, &None);
    assert_eq!(member(&mut w), None);
    set(&mut w, Some(Presence::Online), None);
    hears(&mut w, 0, &sea);
    set(&mut w, None, Some(None));
    hears(&mut w, 0, &None);

    // Flicker is told at its pace, and the last word arrives.
    w.run(limits::PLAYING_EVERY_MS);
    w.events(0);
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
