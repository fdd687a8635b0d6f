//! What holds against a peer that keeps no rule.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/puppet.rs"]
mod puppet;
#[path = "support/steps.rs"]
mod steps;

use hearth_crypto::{EpochSecret, InviteSecret, Secret16, Secret32, seal, sign::signed_bytes};
use hearth_ports::{NodeCommand, NodeEvent, NodeReply};
use hearth_sim::World;
use hearth_types::{ControlBody, Day, Scope, SpaceId, limits};
use hearth_wire::{Frame, cbor::Codec, frame::DayDigest, gossip};
use puppet::*;
use steps::*;

fn members(w: &mut World, i: usize, community: SpaceId) -> usize {
    match w.ask(i, NodeCommand::CommunityState { community }).unwrap() {
        NodeReply::Community(c) => c.members.len(),
        other => panic!("{other:?}"),
    }
}

/// `count` hosts in one community, all agreed.
fn community(count: usize, seed: u64) -> (World, SpaceId, hearth_types::ChannelId) {
    let mut w = World::new(count, seed);
    let (space, general) = found(&mut w, 0);
    let (link, _) = invite(&mut w, 0, space, None);
    (1..count).for_each(|i| join(&mut w, i, &link));
    agree(&mut w, &(0..count).collect::<Vec<_>>(), space, 30_000);
    (w, space, general)
}

fn asks(space: SpaceId, general: hearth_types::ChannelId) -> Vec<Frame> {
    let (request, scope, salt) = (1, Scope::Channel(general), [0; 16]);
    let day = Day::from_ms(1_790_000_000_000);
    vec![
        Frame::Heads { space, root: [1; 32], entries: 9 },
        Frame::AskDays { space, request, after: None },
        Frame::AskDay { space, request, scope, day, before: None },
        Frame::AskDay { space, request, scope: Scope::Control, day, before: None },
        Frame::AskEntries { space, request, scope, day, salt, ids: vec![[0; 32]] },
        Frame::Reconcile { space, request, scope, day, salt, message: vec![0x61] },
        Frame::AskSeals { space, epochs: vec![] },
        Frame::Peers { space, peers: vec![] },
    ]
}

/// Nothing in it tells what is in a community.
fn tells_nothing(frame: &Frame) -> bool {
    matches!(
        frame,
        Frame::Hello { .. } | Frame::Declined { .. } | Frame::Door { .. } | Frame::Refused { .. } | Frame::Knock { .. }
    ) || matches!(frame, Frame::Prove { boxes } if boxes.is_empty())
}

#[test]
fn a_stranger_that_asks_for_everything_learns_nothing() {
    let mut w = World::new(2, 101);
    let (space, general) = found(&mut w, 0);
    send(&mut w, 0, general, "private");
    let mut p = Puppet::of(&mut w, 1);
    p.link(&mut w, 0);
    for frame in asks(space, general) {
        p.send(&mut w, 0, &frame);
    }
    // Even one that knows the id of the community, with an invite of its own making.
    let tag = p.knock(0, space);
    p.send(&mut w, 0, &Frame::Knock { tag });
    let join = InviteSecret::new(Secret16::new([3; 16])).join(space, p.certificate());
    p.send(&mut w, 0, &Frame::Join { space, join });
    let heard = p.heard(&mut w, 5_000);
    assert!(heard.iter().any(|f| matches!(f, Frame::Refused { reason: 0, .. })), "{heard:?}");
    assert!(heard.iter().all(tells_nothing), "{heard:?}");
    assert_eq!(members(&mut w, 0, space), 1);
}

#[test]
fn a_proof_in_another_devices_name_or_off_the_roster_opens_nothing() {
    let (mut w, space, general) = community(2, 102);
    send(&mut w, 0, general, "private");
    agree(&mut w, &[0, 1], space, 5_000);
    // The key of the epoch leaked to somebody who is no member.
    let (_, secret) = secret_of(&mut w, 1, space);
    let victim = w.keys(1).device.id();
    let mut p = Puppet::of(&mut w, 1);
    let member_keys =
        std::mem::replace(&mut p.keys.device, hearth_crypto::DeviceKey::from_seed(&Secret32::new([9; 32])));
    for device in [victim, p.keys.device.id()] {
        p.link(&mut w, 0);
        p.frames.clear();
        p.prove_as(&mut w, 0, &secret, space, device);
        for frame in asks(space, general) {
            p.send(&mut w, 0, &frame);
        }
        let heard = p.heard(&mut w, 3_000);
        let told = |f: &&Frame| {
            matches!(
                f,
                Frame::Days { .. }
                    | Frame::Entries { .. }
                    | Frame::Welcome { .. }
                    | Frame::Peers { .. }
                    | Frame::Reconciled { .. }
            )
        };
        assert_eq!(heard.iter().filter(told).count(), 0, "{heard:?}");
        w.disconnect(1, 0);
        w.run(50);
    }
    // The same words with the right key open it: the test tests something.
    p.keys.device = member_keys;
    p.link(&mut w, 0);
    p.prove(&mut w, 0, space);
    p.send(&mut w, 0, &Frame::AskDays { space, request: 5, after: None });
    let heard = p.heard(&mut w, 1_000);
    assert!(heard.iter().any(|f| matches!(f, Frame::Days { .. })), "{heard:?}");
}

#[test]
fn somebody_elses_join_said_again_lets_nobody_in_and_gives_no_key() {
    let mut w = World::new(3, 103);
    let (space, _) = found(&mut w, 0);
    let (link, _) = invite(&mut w, 0, space, None);
    join(&mut w, 1, &link);
    agree(&mut w, &[0, 1], space, 5_000);
    let admit = entries(&mut w, 0, space).into_iter().find(is_admit).unwrap();
    let Ok(ControlBody::Admit { join }) = admit.control().map(|a| a.body) else { panic!() };
    let before = heads(&mut w, 0, space);
    let mut p = Puppet::of(&mut w, 2);
    p.link(&mut w, 0);
    for _ in 0..20 {
        p.send(&mut w, 0, &Frame::Join { space, join: join.clone() });
    }
    let heard = p.heard(&mut w, 3_000);
    let mut seals = 0;
    for frame in &heard {
        if let Frame::Welcome { seals: given, .. } = frame {
            for (epoch, sealed) in given {
                seals += 1;
                let context = signed_bytes("hearth/epoch-seal/1", &[&space.0, &epoch.0]);
                assert!(seal::open_from(&p.keys.agreement, &context, sealed).is_err());
            }
        }
    }
    assert!(seals > 0, "it was answered");
    assert_eq!((members(&mut w, 0, space), heads(&mut w, 0, space)), (2, before));
    // A welcome proves nothing: it still may not ask.
    p.send(&mut w, 0, &Frame::AskDays { space, request: 1, after: None });
    assert!(p.heard(&mut w, 1_000).iter().all(|f| matches!(f, Frame::Declined { .. })));
}

#[test]
fn what_was_written_or_proven_in_one_community_is_worth_nothing_in_another() {
    let (mut w, a, _) = community(2, 104);
    let (b, _) = found(&mut w, 0);
    let (link, _) = invite(&mut w, 0, b, None);
    join(&mut w, 1, &link);
    agree(&mut w, &[0, 1], b, 10_000);
    let mut p = Puppet::of(&mut w, 1);
    let body = hearth_types::ControlAct { by: None, body: ControlBody::Leave }.to_bytes();
    let entry = p.next_entry(&mut w, b, &control_draft(body.len()), body, |_| {});
    let before = (heads(&mut w, 0, a), heads(&mut w, 0, b));
    p.link(&mut w, 0);
    p.prove(&mut w, 0, a);
    p.heard(&mut w, 500);
    p.send(&mut w, 0, &Frame::Push { space: a, entries: vec![entry.to_bytes()] });
    p.send(&mut w, 0, &Frame::Push { space: b, entries: vec![entry.to_bytes()] });
    p.send(&mut w, 0, &Frame::AskDays { space: b, request: 77, after: None });
    let heard = p.heard(&mut w, 2_000);
    assert!(heard.iter().any(|f| matches!(f, Frame::Declined { request: 77 })), "{heard:?}");
    assert_eq!(before, (heads(&mut w, 0, a), heads(&mut w, 0, b)));
    assert!(!w.disk(0).contains(&entry.id()));
    // On a link that proved itself there, the same bytes are taken.
    p.prove(&mut w, 0, b);
    p.send(&mut w, 0, &Frame::Push { space: b, entries: vec![entry.to_bytes()] });
    w.run(500);
    assert!(w.disk(0).contains(&entry.id()));
}

#[test]
fn every_kind_of_junk_ends_its_link_soon_and_disturbs_nobody_else() {
    let (mut w, space, general) = community(3, 105);
    let mut p = Puppet::of(&mut w, 2);
    let frame = Frame::Heads { space, root: [1; 32], entries: 1 }.to_bytes();
    let mut long = vec![0x9a, 0xff, 0xff, 0xff, 0xff];
    long.extend([0; 64]);
    let junk: Vec<Vec<u8>> = vec![
        vec![],
        vec![0xff],
        frame[..frame.len() - 1].to_vec(),
        [frame.clone(), vec![0]].concat(),
        [&[0x98, 0x04], &frame[1..]].concat(),
        vec![0x81, 0x18, 0x63],
        vec![0xf6; 1_000],
        long,
        vec![0x9f, 0xff],
    ];
    for bytes in junk {
        p.link(&mut w, 0);
        let mut sent = 0;
        while w.is_linked(2, 0) {
            w.send_raw(2, 0, bytes.clone());
            w.run(20);
            sent += 1;
            assert!(sent <= 8, "{bytes:?} is borne too long");
        }
        w.run(400);
    }
    for entry in [vec![0x80], vec![]] {
        p.link(&mut w, 0);
        p.prove(&mut w, 0, space);
        let push = Frame::Push { space, entries: vec![entry; 4] };
        for _ in 0..8 {
            p.send(&mut w, 0, &push);
        }
        w.run(200);
        assert!(!w.is_linked(2, 0), "entries that are none are borne too long");
        w.run(400);
    }
    send(&mut w, 0, general, "still here");
    agree(&mut w, &[0, 1], space, 5_000);
    assert_eq!(texts(&mut w, 1, general), ["still here"]);
}

#[test]
fn a_flood_of_pushes_from_a_stranger_is_bounded_and_keeps_nothing() {
    let (mut w, space, _) = community(2, 106);
    w.run(100);
    let rows = w.disk(0).len();
    let mut p = Puppet::of(&mut w, 1);
    let body = hearth_types::ControlAct { by: None, body: ControlBody::Leave }.to_bytes();
    // Well-formed entries of devices that nobody introduced.
    let entries: Vec<Vec<u8>> = (0..60u8)
        .map(|n| {
            p.keys.device = hearth_crypto::DeviceKey::from_seed(&Secret32::new([n; 32]));
            p.next_entry(&mut w, space, &control_draft(body.len()), body.clone(), |_| {}).to_bytes()
        })
        .collect();
    p.link(&mut w, 0);
    let mut pushes = 0;
    while w.is_linked(1, 0) {
        p.send(&mut w, 0, &Frame::Push { space, entries: entries.clone() });
        w.run(20);
        pushes += 1;
        assert!(pushes <= 12);
    }
    assert_eq!(w.disk(0).len(), rows);
}

#[test]
fn asking_for_costly_things_without_end_ends_the_link() {
    let (mut w, space, general) = community(3, 107);
    let mut p = Puppet::of(&mut w, 2);
    p.link(&mut w, 0);
    p.prove(&mut w, 0, space);
    w.run(200);
    let (epoch, _) = secret_of(&mut w, 2, space);
    let ask = Frame::AskSeals { space, epochs: vec![epoch; limits::WELCOME_SEALS] };
    let mut sent = 0;
    while w.is_linked(2, 0) {
        p.send(&mut w, 0, &ask);
        w.run(12);
        sent += 1;
        assert!(sent < 60, "key agreements without end");
    }
    send(&mut w, 0, general, "fine");
    agree(&mut w, &[0, 1], space, 5_000);
}

#[test]
fn a_liar_about_days_and_entries_comes_to_an_end_and_the_truth_arrives_from_others() {
    for silent in [false, true] {
        let (mut w, space, general) = community(3, 108);
        w.kill(2);
        for n in 0..30 {
            send(&mut w, 0, general, &format!("{n}"));
        }
        agree(&mut w, &[0, 1], space, 5_000);
        let mut p = Puppet::of(&mut w, 1);
        let known = entries(&mut w, 1, space)
            .into_iter()
            .filter(|e| e.envelope().scope == Scope::Control)
            .map(|e| e.to_bytes())
            .next()
            .unwrap();
        w.partition(&[&[0], &[1, 2]]);
        w.boot(2);
        p.link(&mut w, 2);
        p.prove(&mut w, 2, space);
        p.send(&mut w, 2, &Frame::Heads { space, root: [9; 32], entries: 1 << 40 });
        let today = Day::from_ms(w.now_ms());
        let mut asked = 0usize;
        let mut healed = false;
        for round in 0..30 {
            if round == 1 {
                w.heal();
                w.connect(0, 2);
            }
            p.play(&mut w, 1_000, |_, from, frame| {
                if from != 2 {
                    return vec![];
                }
                asked += 1;
                let lie = [9; 32];
                match frame {
                    Frame::AskDays { space, request, after } => {
                        let from = after.map_or(0, |(_, d)| d.0 + 1);
                        let mut days: Vec<DayDigest> = (from..from + 4_000)
                            .map(|d| DayDigest { scope: Scope::Control, day: Day(d), count: 1 << 40, sum: lie })
                            .collect();
                        days.push(DayDigest { scope: Scope::Channel(general), day: today, count: 1 << 40, sum: lie });
                        vec![
                            Frame::Days { space: *space, request: *request, days, more: true },
                            Frame::Heads { space: *space, root: lie, entries: 1 << 40 },
                        ]
                    }
                    _ if silent => vec![],
                    Frame::AskDay { space, request, day, .. } => {
                        let next = Some((hearth_types::Hlc(u64::from(day.0) << 20), hearth_types::EntryId(lie)));
                        let entries = vec![known.clone()];
                        vec![Frame::Entries { space: *space, request: *request, entries, next }]
                    }
                    Frame::Reconcile { space, request, .. } => {
                        vec![Frame::Reconciled { space: *space, request: *request, message: vec![0x61, 0, 0, 0] }]
                    }
                    _ => vec![],
                }
            });
            healed = texts(&mut w, 2, general).len() == 30;
            if healed && round > 15 {
                break;
            }
        }
        assert!(healed, "the truth arrives though somebody lies (silent: {silent})");
        assert!(asked < 4_000, "asked the liar {asked} times");
        assert_eq!(heads(&mut w, 0, space), heads(&mut w, 2, space));
    }
}

#[test]
fn a_wrong_epoch_secret_neither_sticks_nor_stands_in_the_way() {
    for stalls in [true, false] {
        let mut w = World::new(3, 109);
        let (space, general) = found(&mut w, 0);
        let (link, _) = invite(&mut w, 0, space, None);
        join(&mut w, 1, &link);
        send(&mut w, 0, general, "readable");
        agree(&mut w, &[0, 1], space, 5_000);
        let (epoch, _) = secret_of(&mut w, 1, space);
        let genesis = w.disk(1).startup().spaces[0].genesis.clone();
        let mut p = Puppet::of(&mut w, 1);
        p.link(&mut w, 2);
        w.partition(&[&[0], &[1, 2]]);
        w.ask(2, NodeCommand::IdentitySet { name: Some("P2".into()), color: None }).unwrap();
        let request = w.command(2, NodeCommand::CommunityJoin { link: link.clone() });
        let mut given = 0;
        let joiner = w.peer(2);
        for round in 0..25 {
            if round == 1 {
                w.heal();
                w.discover(2, 0);
            }
            p.play(&mut w, 1_000, |p, from, frame| {
                let wrong = EpochSecret::new(space, Secret32::new([5; 32]));
                match frame {
                    Frame::Knock { tag } if *tag == p.knocked(from, space) => {
                        let device = p.keys.device.id();
                        let signature = p.proof_to(joiner, from, space).sign(&p.keys.device);
                        vec![Frame::Door { tag: *tag, device, signature }]
                    }
                    Frame::Join { join, .. } => {
                        given += 1;
                        let context = signed_bytes("hearth/epoch-seal/1", &[&space.0, &epoch.0]);
                        let sealed = seal::seal_to(
                            &join.certificate.agreement,
                            &context,
                            wrong.secret().expose(),
                            &mut p.entropy,
                        );
                        vec![Frame::Welcome { space, genesis: genesis.clone(), seals: vec![(epoch, sealed.unwrap())] }]
                    }
                    Frame::AskDays { space, request, .. } if !stalls => {
                        vec![Frame::Days { space: *space, request: *request, days: vec![], more: false }]
                    }
                    _ => vec![],
                }
            });
        }
        assert!(given > 0, "the wrong one was handed over");
        assert!(w.reply(2, request).unwrap().is_ok());
        assert_eq!(texts(&mut w, 2, general), ["readable"]);
        w.kill(2);
        w.boot(2);
        w.run(5_000);
        assert_eq!(texts(&mut w, 2, general), ["readable"], "and on disk it is the right one");
    }
}

#[test]
fn a_welcome_that_nobody_asked_for_changes_nothing() {
    let (mut w, space, general) = community(2, 110);
    send(&mut w, 0, general, "kept");
    let mut p = Puppet::of(&mut w, 1);
    p.link(&mut w, 0);
    p.prove(&mut w, 0, space);
    w.run(200);
    for space in [space, SpaceId([4; 32])] {
        p.send(&mut w, 0, &Frame::Welcome { space, genesis: vec![0x80], seals: vec![] });
    }
    w.run(500);
    w.kill(0);
    w.boot(0);
    w.run(1_000);
    assert_eq!(texts(&mut w, 0, general), ["kept"]);
}

#[test]
fn a_link_that_drops_at_any_moment_of_joining_only_delays_it() {
    for cut in (2..80).step_by(3) {
        let mut w = World::new(2, 111);
        let (space, general) = found(&mut w, 0);
        send(&mut w, 0, general, "hi");
        let (link, _) = invite(&mut w, 0, space, None);
        w.ask(1, NodeCommand::IdentitySet { name: Some("P1".into()), color: None }).unwrap();
        let request = w.command(1, NodeCommand::CommunityJoin { link });
        w.run(cut);
        w.disconnect(0, 1);
        let joined = w.run_until(29_000, |w| w.reply(1, request).is_some_and(|r| r.is_ok()));
        assert!(joined, "cut after {cut} ms");
        agree(&mut w, &[0, 1], space, 25_000);
    }
}

#[test]
fn a_link_that_drops_in_the_middle_of_catching_up_heals_through_another() {
    let (mut w, space, general) = community(3, 112);
    w.kill(2);
    for n in 0..400 {
        send(&mut w, n % 2, general, &format!("{n}"));
    }
    agree(&mut w, &[0, 1], space, 10_000);
    let before = w.disk(2).len();
    w.boot(2);
    assert!(w.run_until(20_000, |w| w.disk(2).len() > before));
    w.kill(1);
    agree(&mut w, &[0, 2], space, 25_000);
    assert_eq!(texts(&mut w, 2, general).len(), 400);
}

#[test]
fn a_reader_that_fell_behind_is_told_what_a_fresh_one_would_be() {
    let (mut w, _, general) = community(2, 113);
    for n in 0..20 {
        send(&mut w, n % 2, general, &format!("{n}"));
    }
    w.run(3_000);
    let told = |events: Vec<NodeEvent>| -> Vec<String> {
        let begin = events.iter().position(|e| matches!(e, NodeEvent::SnapshotBegin)).unwrap();
        let end = events.iter().position(|e| matches!(e, NodeEvent::SnapshotEnd)).unwrap();
        events[begin..=end].iter().map(|e| format!("{e:?}")).collect()
    };
    w.events(1);
    w.ask(1, NodeCommand::Snapshot).unwrap();
    let fresh = told(w.events(1));
    w.resync(1);
    let again = told(w.events(1));
    assert!(fresh.len() > 6);
    assert_eq!(fresh, again);
}

#[test]
fn entries_of_a_later_build_are_kept_and_passed_on_and_disturb_nothing() {
    let (mut w, space, general) = community(3, 114);
    send(&mut w, 0, general, "now");
    agree(&mut w, &[0, 1, 2], space, 5_000);
    let (epoch, _) = secret_of(&mut w, 1, space);
    let mut p = Puppet::of(&mut w, 1);
    w.partition(&[&[0, 1], &[2]]);
    p.link(&mut w, 0);
    p.prove(&mut w, 0, space);
    w.run(300);
    // An act this build has no word for: `[99, null, [1, "later"]]`.
    let act = [&[0x83, 0x18, 0x63, 0xf6, 0x82, 0x01, 0x65][..], b"later"].concat();
    let act = p.next_entry(&mut w, space, &control_draft(act.len()), act, |_| {});
    p.send(&mut w, 0, &Frame::Push { space, entries: vec![act.to_bytes()] });
    let draft = content_draft(Scope::Channel(general), epoch, act.envelope().seq, 40);
    let seq = act.envelope().seq;
    let later = p.next_entry(&mut w, space, &draft, vec![1; 40], |e| {
        // A version of the future, behind the act above.
        (e.version, e.ext) = (2, vec![1, 2, 3]);
        e.seq = seq;
    });
    let later_version = later.id();
    p.send(&mut w, 0, &Frame::Push { space, entries: vec![later.to_bytes()] });
    w.run(1_000);
    assert!(w.disk(0).contains(&act.id()), "an unknown act is kept");
    assert!(w.disk(0).contains(&later_version), "an unknown version is kept");
    w.heal();
    w.connect(0, 2);
    agree(&mut w, &[0, 2], space, 25_000);
    assert!(w.disk(2).contains(&act.id()) && w.disk(2).contains(&later_version), "and passed on");
    send(&mut w, 2, general, "after");
    agree(&mut w, &[0, 2], space, 5_000);
    let readable: Vec<String> = list(&mut w, 0, general).into_iter().filter(|m| m.readable).map(|m| m.text).collect();
    assert_eq!(readable, ["now", "after"]);
    w.kill(0);
    w.boot(0);
    w.run(3_000);
    assert_eq!(heads(&mut w, 0, space), heads(&mut w, 2, space), "also after a restart");
}

#[test]
fn junk_by_gossip_is_neither_kept_nor_believed() {
    let (mut w, space, general) = community(2, 115);
    let (_, secret) = secret_of(&mut w, 1, space);
    let rows = w.disk(0).len();
    let mut p = Puppet::of(&mut w, 1);
    p.link(&mut w, 0);
    p.prove(&mut w, 0, space);
    w.run(200);
    w.events(0);
    let topic = secret.topic("log");
    for n in 0..50u8 {
        let junk = gossip::wrap(&gossip::GossipBody::Entry(vec![n; 200]), &secret, &mut p.entropy);
        w.gossip_raw(1, 0, &topic, junk);
        w.gossip_raw(1, 0, &topic, vec![n; 300]);
        let now = w.now_ms();
        // A word from the far future, with the largest counter there is.
        let word = gossip::Ephemeral::sign(
            space,
            u64::MAX - 50 + u64::from(n),
            u64::MAX,
            gossip::Signal::Presence(2),
            &p.keys.device,
        );
        w.gossip_raw(
            1,
            0,
            &secret.topic("now"),
            gossip::wrap(&gossip::GossipBody::Ephemeral(word), &secret, &mut p.entropy),
        );
        // In the name of another.
        let forged =
            gossip::Ephemeral::sign(SpaceId([1; 32]), 1, now + 1_000, gossip::Signal::Presence(0), &p.keys.device);
        w.gossip_raw(
            1,
            0,
            &secret.topic("now"),
            gossip::wrap(&gossip::GossipBody::Ephemeral(forged), &secret, &mut p.entropy),
        );
    }
    w.run(1_000);
    assert_eq!(w.disk(0).len(), rows);
    w.disconnect(1, 0);
    let gone =
        |e: &NodeEvent| matches!(e, NodeEvent::PresenceChanged { presence: hearth_ports::Presence::Offline, .. });
    assert!(w.run_until(limits::PRESENCE_MS * 3, |w| w.events(0).iter().any(gone)), "no lease lasts for ever");
    send(&mut w, 0, general, "fine");
}

#[test]
fn an_answer_about_keys_cannot_overwrite_what_a_community_is_founded_on() {
    let (mut w, space, general) = community(2, 116);
    send(&mut w, 1, general, "kept");
    agree(&mut w, &[0, 1], space, 5_000);
    let (first, _) = secret_of(&mut w, 0, space);
    let mut p = Puppet::of(&mut w, 0);
    p.link(&mut w, 1);
    p.prove(&mut w, 1, space);
    w.run(300);
    // The founder itself turns: a new epoch whose key it will not hand over.
    let fields = hearth_types::EpochFields {
        depth: 1,
        parents: vec![first],
        covers: vec![],
        commitment: EpochSecret::new(space, Secret32::new([8; 32])).commitment(),
        seals: None,
        parent_secrets: vec![vec![]],
    };
    let act = hearth_types::ControlAct { by: None, body: ControlBody::Epoch(fields) }.to_bytes();
    let entry = p.next_entry(&mut w, space, &control_draft(act.len()), act, |_| {});
    let epoch = hearth_types::EpochId(entry.id().0);
    p.send(&mut w, 1, &Frame::Push { space, entries: vec![entry.to_bytes()] });
    let victim = w.keys(1).agreement.public();
    let mut asked = 0;
    p.play(&mut w, 3_000, |p, _, frame| {
        let Frame::AskSeals { .. } = frame else { return vec![] };
        asked += 1;
        let seal_of = |p: &mut Puppet, epoch: hearth_types::EpochId| {
            let context = signed_bytes("hearth/epoch-seal/1", &[&space.0, &epoch.0]);
            seal::seal_to(&victim, &context, &[6; 32], &mut p.entropy).unwrap()
        };
        // A wrong key for the new epoch, another for the one held, and many for epochs that are none.
        let mut seals = vec![(epoch, seal_of(p, epoch)), (first, seal_of(p, first))];
        for n in 0..200u8 {
            let none = hearth_types::EpochId([n; 32]);
            seals.push((none, seal_of(p, none)));
        }
        vec![Frame::Welcome { space, genesis: vec![0x80], seals }]
    });
    assert!(asked > 0, "it asked for the key it lacks");
    assert_eq!(w.disk(1).startup().secrets.len(), 1, "nothing handed over stuck");
    send(&mut w, 1, general, "written under the key that is here");
    w.kill(1);
    w.boot(1);
    w.run(1_000);
    assert_eq!(texts(&mut w, 1, general), ["kept", "written under the key that is here"]);
}

#[test]
fn notices_said_again_move_nobodys_clock() {
    let (mut w, space, general) = community(5, 117);
    let (_, secret) = secret_of(&mut w, 4, space);
    let old = w.now_ms() - 3_600_000;
    w.run(30_000);
    w.events(0);
    let mut p = Puppet::of(&mut w, 4);
    p.link(&mut w, 0);
    p.prove(&mut w, 0, space);
    w.run(300);
    for i in 1..4 {
        let word = gossip::Ephemeral::sign(space, old << 8, old, gossip::Signal::Presence(2), &w.keys(i).device);
        let payload = gossip::wrap(&gossip::GossipBody::Ephemeral(word), &secret, &mut p.entropy);
        w.gossip_raw(4, 0, &secret.topic("now"), payload);
    }
    w.run(2_000);
    let warned = w.events(0).iter().any(|e| matches!(e, NodeEvent::Warning { code: "clock", .. }));
    assert!(!warned);
    let id = send(&mut w, 0, general, "now");
    let at = list(&mut w, 0, general).iter().find(|m| m.message == id).unwrap().at;
    assert!(at.abs_diff(w.now_ms()) < 60_000);
}
