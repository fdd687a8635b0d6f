//! What breaks a log, what waits, and what is kept of either.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/world.rs"]
mod world;

use hearth_replica::{Admission, Change, OwnLog, Quota, Refusal, Replica};
use hearth_types::{ControlBody, Day, EntryId, Envelope, Hlc, Scope, limits};
use hearth_wire::CheckedEntry;
use world::*;

/// A member with `n` messages, and a replica of everything before them.
fn writer(n: usize) -> (World, Actor, Replica, Vec<CheckedEntry>) {
    let mut world = World::new(3);
    let mut member = world.member();
    let replica = world.founded();
    let entries = (0..n).map(|i| member.message(world.channel, &i.to_string())).collect();
    (world, member, replica, entries)
}

/// The same entry with another envelope, signed anew.
fn resigned(actor: &Actor, entry: &CheckedEntry, change: impl FnOnce(&mut Envelope)) -> CheckedEntry {
    let mut envelope = entry.envelope().clone();
    change(&mut envelope);
    CheckedEntry::sign(envelope, entry.body().unwrap().to_vec(), &actor.key())
}

/// Every order of the entries gives this break, and the same heads and counts.
fn breaks_at(world: &World, actor: &Actor, entries: &[CheckedEntry], want: Option<u64>) {
    let device = actor.log.device();
    let mut heads = None;
    for seed in 0..12 {
        let mut replica = world.founded();
        put(&mut replica, &shuffled(entries, seed));
        assert_eq!(replica.broken(&device), want);
        for entry in entries {
            let seq = entry.envelope().seq;
            assert_eq!(replica.counts(&device, seq), want.is_none_or(|b| seq < b), "place {seq}");
            assert!(replica.contains(&entry.id()));
        }
        assert_eq!(*heads.get_or_insert_with(|| replica.heads()), replica.heads());
    }
}

#[test]
fn an_honest_log_never_breaks_however_it_arrives() {
    let (world, member, _, entries) = writer(200);
    breaks_at(&world, &member, &entries, None);
    let sparse: Vec<_> = entries.iter().step_by(3).cloned().collect();
    breaks_at(&world, &member, &sparse, None);
}

#[test]
fn each_contradiction_breaks_a_log_at_its_lowest_place() {
    let (world, member, _, mut entries) = writer(45);
    let honest = entries.clone();
    let at = |seq: u64| honest[usize::try_from(seq).unwrap() - 1].clone();
    type Lie = (u64, fn(&mut Envelope));
    let lies: [Lie; 8] = [
        (20, |e| e.prev = Some(EntryId([1; 32]))),
        (40, |e| e.skip = Some(EntryId([1; 32]))),
        (20, |e| e.counters.entries += 1),
        (20, |e| e.counters.scope_entries += 1),
        (20, |e| e.counters.body_bytes += 1),
        (20, |e| e.counters.scopes += 1),
        (20, |e| {
            e.hlc = Hlc(e.hlc.0 - (90_000 << 16));
            e.day = e.hlc.day();
        }),
        (20, |e| e.scope = Scope::Channel(hearth_types::ChannelId([9; 32]))),
    ];
    for (seq, lie) in lies {
        let mut log = entries.clone();
        let index = usize::try_from(seq).unwrap() - 1;
        log[index] = resigned(&member, &at(seq), lie);
        // What follows the lie names it, as the liar would have it.
        let follower = resigned(&member, &at(seq + 1), |e| e.prev = Some(log[index].id()));
        log[index + 1] = follower;
        log.truncate(index + 2);
        breaks_at(&world, &member, &log, Some(seq));
    }
    entries.push(resigned(&member, &at(30), |e| e.ext = vec![1]));
    breaks_at(&world, &member, &entries, Some(30));
    entries.push(resigned(&member, &at(2), |e| e.ext = vec![1]));
    breaks_at(&world, &member, &entries, Some(2));
}

#[test]
fn contradictions_that_need_an_absent_neighbour_wait_for_it() {
    let (_, member, mut replica, entries) = writer(10);
    let device = member.log.device();
    let lie = resigned(&member, &entries[5], |e| e.prev = Some(EntryId([1; 32])));
    put(&mut replica, &[entries[0].clone(), lie, entries[9].clone()]);
    assert_eq!(replica.broken(&device), None);
    assert_eq!(
        put(&mut replica, std::slice::from_ref(&entries[4])),
        [Change::LogBroken { device, seq: 6 }, Change::Content]
    );
    assert_eq!(replica.top(&device), Some((10, entries[9].id())));
}

/// attacks.md 1: honest entries that refer to what is void stay whole, and both branches are held.
#[test]
fn attack_1_a_fork_hurts_only_the_forker() {
    let (world, mut member, mut replica, mut entries) = writer(5);
    let mut twin = member.clone();
    let mut honest = {
        let mut w = World::new(3);
        w.member();
        w.member()
    };
    let admit = {
        let mut owner = world.owner.clone();
        let e = owner.act(ControlBody::Admit { join: world.invite.join(world.space, honest.certificate()) });
        honest.by = Some(e.id());
        e
    };
    let left = member.message(world.channel, "left");
    let right = twin.message(world.channel, "right");
    let third = resigned(&member, &left, |e| e.ext = vec![3]);
    let reply = honest.content(world.channel, target(&right), b"about the branch that is void");
    entries.extend([admit, left, right, third, reply.clone()]);
    let mut heads = None;
    for seed in 0..16 {
        let mut replica = world.founded();
        put(&mut replica, &shuffled(&entries, seed));
        assert!(entries.iter().all(|e| replica.contains(&e.id())));
        assert!(replica.counts(&honest.log.device(), reply.envelope().seq) && !replica.counts(&member.log.device(), 6));
        assert_eq!(*heads.get_or_insert_with(|| replica.heads()), replica.heads());
    }
    put(&mut replica, &entries);
    assert_eq!(Some(replica.heads()), heads);
}

#[test]
fn past_a_break_only_so_much_is_kept() {
    let (world, member, mut replica, entries) = writer(3);
    let (mut left, mut right) = (member.clone(), member.clone());
    put(&mut replica, &entries);
    let mut kept = 0;
    for n in 0..limits::BROKEN_TAIL * 2 {
        for (name, branch) in [("left", &mut left), ("right", &mut right)] {
            match replica.admit(&branch.message(world.channel, &format!("{name} {n}")), today()) {
                Admission::New { .. } => kept += 1,
                other => assert_eq!(other, Admission::Refused(Refusal::PastBreak)),
            }
        }
    }
    assert_eq!(kept, limits::BROKEN_TAIL);
    assert_eq!(replica.broken(&member.log.device()), Some(4));
    // What proves the break to lie lower is taken all the same.
    let lower = resigned(&member, &entries[1], |e| e.ext = vec![1]);
    assert!(matches!(replica.admit(&lower, today()), Admission::New { .. }));
    assert_eq!(replica.broken(&member.log.device()), Some(2));
}

#[test]
fn acts_past_a_break_fall_with_what_hangs_on_them() {
    let mut world = World::new(3);
    let mut admin = world.member();
    world.grant(&mut admin, 1, hearth_types::Permissions::ADMINISTRATOR);
    let mut replica = world.founded();
    let role = admin.act(ControlBody::Role(role_fields(2, hearth_types::Permissions::MANAGE_CHANNELS)));
    let friend = world.member();
    put(&mut replica, &world.entries);
    let grant = admin.act(ControlBody::Grant { user: friend.user(), role: role.id() });
    let mut friend = Actor { by: Some(grant.id()), ..friend };
    let room = friend.act(ControlBody::Channel(channel_fields("room", None)));
    put(&mut replica, &[room.clone(), grant.clone(), role.clone()]);
    assert!(replica.state().channels.contains_key(&room.id().into()));
    let fork = resigned(&admin, &grant, |e| e.ext = vec![1]);
    let changes = put(&mut replica, &[fork]);
    assert!(
        changes.contains(&Change::ChannelGone(room.id().into())) && changes.contains(&Change::Standing(friend.user())),
        "{changes:?}"
    );
    assert!(
        !replica.state().channels.contains_key(&room.id().into()) && replica.state().roles.contains_key(&role.id())
    );
}

/// attacks.md 35, and what waits for introductions.
#[test]
fn attack_35_admission_needs_an_introduction_and_nothing_else() {
    let mut world = World::new(3);
    let (mut b, admit_b) = world.join();
    // B lets C in, C writes; all of it arrives before B is known.
    let mut c = world.stranger();
    let admit_c = b.act(ControlBody::Admit { join: world.invite.join(world.space, c.certificate()) });
    let said = c.message(world.channel, "hello");
    let mut replica = world.founded();
    assert_eq!(replica.admit(&said, today()), Admission::Waiting);
    assert_eq!(replica.admit(&said, today()), Admission::Waiting, "twice is once");
    assert_eq!(replica.admit(&admit_c, today()), Admission::Waiting);
    assert_eq!(replica.waiting(), 2);
    let Admission::New { changes, released } = replica.admit(&admit_b, today()) else { panic!() };
    assert_eq!(released, [admit_c, said.clone()]);
    assert!(changes.contains(&Change::Member(b.user())) && changes.contains(&Change::Member(c.user())));
    assert!(replica.counts(&c.log.device(), 1) && replica.waiting() == 0);
    assert_eq!(replica.admit(&said, today()), Admission::Known);
    // An `Admit` without authority introduces too: admission never depends on standing.
    let mut lost = world.stranger();
    let secret = hearth_crypto::InviteSecret::new(hearth_crypto::Secret16::new([1; 16]));
    let void = b.act(ControlBody::Admit { join: secret.join(world.space, lost.certificate()) });
    let said = lost.message(world.channel, "hello");
    put(&mut replica, &[void, said.clone()]);
    assert!(replica.contains(&said.id()) && !replica.counts(&lost.log.device(), 1) && !replica.is_member(&lost.user()));
}

/// attacks.md 9: strangers' entries take bounded room and are nowhere else.
#[test]
fn attack_9_strangers_fill_nothing_but_a_bounded_list() {
    let mut world = World::new(3);
    let mut replica = world.founded();
    let (heads, entries) = (replica.heads(), replica.entries());
    let mut one = world.stranger();
    for n in 0..limits::WAITING_PER_DEVICE {
        assert_eq!(replica.admit(&one.message(world.channel, &n.to_string()), today()), Admission::Waiting);
    }
    assert_eq!(replica.admit(&one.message(world.channel, "more"), today()), Admission::Refused(Refusal::WaitingFull));
    for _ in 0..3_000 {
        let mut stranger = world.stranger();
        let join = world.invite.join(world.space, stranger.certificate());
        replica.admit(&stranger.act(ControlBody::Admit { join }), today());
        assert!(replica.waiting() <= limits::WAITING_ENTRIES);
    }
    assert_eq!(replica.waiting(), limits::WAITING_ENTRIES);
    assert_eq!((replica.heads(), replica.entries()), (heads, entries));
    assert_eq!(replica.state().members.len(), 1);
}

#[test]
fn a_flooder_does_not_displace_who_waits_with_little() {
    let mut world = World::new(3);
    let mut replica = world.founded();
    let (mut friend, admit) = world.join();
    let said = friend.message(world.channel, "wait for me");
    replica.admit(&said, today());
    for _ in 0..20 {
        let mut stranger = world.stranger();
        for n in 0..limits::WAITING_PER_DEVICE {
            replica.admit(&stranger.message(world.channel, &n.to_string()), today());
        }
    }
    let Admission::New { released, .. } = replica.admit(&admit, today()) else { panic!() };
    assert_eq!(released, [said]);
}

#[test]
fn what_claims_a_far_day_waits_for_it() {
    let (world, mut member, mut replica, _) = writer(0);
    member.now_ms += 3 * DAY_MS;
    let early = member.message(world.channel, "from the day after the day after tomorrow");
    assert_eq!(replica.admit(&early, today()), Admission::Waiting);
    assert_eq!(replica.advance(today()), (vec![], vec![]));
    let (_, released) = replica.advance(Day(today().0 + 1));
    assert_eq!(released, [early]);
    assert_eq!(replica.waiting(), 0);
}

#[test]
fn a_control_entry_without_its_body_is_not_taken_for_the_whole() {
    let (_, mut member, mut replica, _) = writer(0);
    let whole = member.act(profile("Whole"));
    let mut row = whole.to_row();
    row.body = None;
    let hollow = CheckedEntry::from_row(row).unwrap();
    assert_eq!(replica.admit(&hollow, today()), Admission::Refused(Refusal::BodyMissing));
    assert!(matches!(replica.admit(&whole, today()), Admission::New { .. }));
}

/// attacks.md 11: a bad signature never becomes an entry, so no later entry can vouch for it, in any order.
#[test]
fn attack_11_a_bad_signature_is_no_entry_before_or_after_its_successor() {
    let (_, member, mut replica, entries) = writer(3);
    let mut row = entries[1].to_row();
    row.signature[0] ^= 1;
    let forged = hearth_wire::entry::id_of(&row.envelope, &row.signature);
    let mut bytes = entries[1].to_bytes();
    let at = bytes.windows(64).position(|w| w == entries[1].signature()).unwrap();
    bytes[at] ^= 1;
    for round in 0..3 {
        assert_eq!(CheckedEntry::from_bytes(&bytes), Err(hearth_wire::DecodeError::Signature));
        put(&mut replica, &entries[round..=round]);
    }
    assert!(
        !replica.contains(&forged)
            && replica.contains(&entries[1].id())
            && replica.broken(&member.log.device()).is_none()
    );
}

/// attacks.md 2: nothing here needs a key, so with and without keys is the same replica.
#[test]
fn attack_2_admission_and_counting_need_no_keys() {
    let (world, mut member, mut replica, _) = writer(0);
    let garbage = member.content(world.channel, None, &[0xff; 40]);
    let empty = member.content(world.channel, None, &[]);
    assert_eq!(put(&mut replica, &[garbage.clone(), empty]), [Change::Content, Change::Content]);
    assert!(replica.counts(&member.log.device(), 2) && replica.broken(&member.log.device()).is_none());
}

/// attacks.md 3 and 18 in part: any subset of days is usable by itself, and days answer by digest.
#[test]
fn attack_3_days_arrive_newest_first_and_count_at_once() {
    let (world, mut member, mut replica, mut entries) = writer(3);
    for _ in 0..4 {
        member.now_ms += DAY_MS / 2;
        entries.push(member.message(world.channel, "later"));
    }
    let mut other = world.founded();
    for (n, entry) in entries.iter().rev().enumerate() {
        let Admission::New { changes, .. } = replica.admit(entry, Day(today().0 + 9)) else { panic!() };
        assert_eq!(changes, [Change::Content]);
        assert!(replica.counts(&member.log.device(), entry.envelope().seq));
        assert_eq!(replica.entries(), (world.entries.len() + n + 1) as u64);
    }
    for entry in &entries {
        other.admit(entry, Day(today().0 + 9));
    }
    assert_eq!((replica.heads(), replica.root()), (other.heads(), other.root()));
    let scope = Scope::Channel(world.channel);
    let days: Vec<_> = replica.channel_days(world.channel).collect();
    assert_eq!(days.iter().map(|(_, n)| n).sum::<u32>(), 7);
    assert_eq!(replica.newest_day(scope), days.last().map(|(d, _)| *d));
    let all: Vec<_> = replica.days(None).collect();
    assert_eq!(replica.days(Some((scope, days[0].0))).collect::<Vec<_>>(), all[all.len() - days.len() + 1..]);
    assert_eq!(replica.day(scope, days[0].0).as_ref(), all.iter().find(|d| d.scope == scope && d.day == days[0].0));
}

/// attacks.md 22 and 34, the digest's part: an amendment counts on its target's day, so leaving it out is noticed.
#[test]
fn attack_22_an_amendment_of_another_day_counts_on_both() {
    let (world, mut member, mut replica, entries) = writer(1);
    put(&mut replica, &entries);
    let scope = Scope::Channel(world.channel);
    let before = replica.day(scope, today()).unwrap();
    member.now_ms += DAY_MS;
    let delete = member.content(world.channel, target(&entries[0]), b"sealed delete");
    put(&mut replica, std::slice::from_ref(&delete));
    let after = replica.day(scope, today()).unwrap();
    assert_eq!((before.count, after.count), (1, 2));
    assert_eq!(replica.day(scope, delete.envelope().day).unwrap().count, 1);
    assert_eq!(replica.channel_days(world.channel).count(), 1, "an amendment alone is no message");
    assert_ne!(before.sum, after.sum);
}

#[test]
fn ten_thousand_concurrent_acts_are_judged_a_few_times_each() {
    let mut world = World::new(3);
    let mut admin = world.member();
    world.grant(&mut admin, 1, hearth_types::Permissions::ADMINISTRATOR);
    let mut acts = Vec::new();
    for n in 0..5_000 {
        acts.push(admin.act(setting("name", &n.to_string(), vec![])));
        acts.push(world.owner.act(ControlBody::Channel(channel_fields(&n.to_string(), None))));
    }
    for order in [acts.clone(), acts.iter().rev().cloned().collect(), shuffled(&acts, 5)] {
        let mut replica = world.founded();
        let (before, _) = replica.effort();
        put(&mut replica, &order);
        let (judged, refolds) = replica.effort();
        assert!(judged - before <= 2 * acts.len() as u64 && refolds == 0, "{judged} {refolds}");
        assert_eq!(replica.state().channels.len(), 5_001);
    }
    // The same before anybody knows the admin: each act waits once for the citation.
    let mut replica = world.replica();
    put(&mut replica, &world.entries[..3]);
    let admit = world.entries[3].clone();
    put(&mut replica, &[admit]);
    let (before, _) = replica.effort();
    put(&mut replica, &shuffled(&acts, 6));
    put(&mut replica, &world.entries[4..]);
    let (judged, refolds) = replica.effort();
    assert!(judged - before <= 4 * acts.len() as u64 && refolds == 0, "{judged} {refolds}");
    assert_eq!(replica.state().name(), replica.state().settings["name"]);
    assert!(!replica.state().name().is_empty());
}

#[test]
fn an_own_log_writes_what_every_reader_accepts() {
    let (world, mut member, mut replica, mut entries) = writer(0);
    for n in 0..400u64 {
        member.now_ms += 3_000_000;
        entries.push(if n % 3 == 0 { member.act(profile("Me")) } else { member.message(world.channel, "x") });
        if n % 7 == 0 {
            entries.push(member.content(hearth_types::ChannelId([n.to_le_bytes()[0]; 32]), None, b"elsewhere"));
        }
    }
    for entry in &entries {
        assert_eq!(CheckedEntry::from_bytes(&entry.to_bytes()).as_ref(), Ok(entry));
        replica.admit(entry, Day(today().0 + 1_000));
    }
    assert_eq!(
        (replica.broken(&member.log.device()), replica.top(&member.log.device())),
        (None, entries.last().map(|e| (e.envelope().seq, e.id())))
    );
    let mut again = OwnLog::restore(world.space, member.log.device(), shuffled(&entries, 1).iter()).unwrap();
    let draft = hearth_replica::Draft::control(10);
    assert_eq!(again.next(member.now_ms, &draft), member.log.next(member.now_ms, &draft));
    assert!(!again.commit(&entries[0]));
    assert!(OwnLog::restore(world.space, member.log.device(), &entries[1..]).is_none(), "a gap");
    assert!(OwnLog::restore(world.space, world.owner.log.device(), &entries).is_none(), "another device");
    let fork = resigned(&member, &entries[9], |e| e.ext = vec![1]);
    assert!(OwnLog::restore(world.space, member.log.device(), entries.iter().chain([&fork])).is_none(), "a fork");
}

#[test]
fn a_failed_write_rewinds_to_what_is_on_disk() {
    let (world, mut member, _, mut entries) = writer(70);
    member.log.saved(68);
    entries.truncate(68);
    let lost = member.message(world.channel, "lost");
    member.log.rewind();
    assert_eq!(member.log.next_seq(), 69);
    let again = member.message(world.channel, "again");
    assert_eq!((again.envelope().seq, again.envelope().prev), (69, Some(entries[67].id())));
    assert!(!member.log.commit(&lost));
    member.log.saved(u64::MAX);
    member.log.rewind();
    assert_eq!(member.log.next_seq(), 70);
    entries.push(again);
    let mut replica = world.founded();
    put(&mut replica, &entries);
    assert_eq!(replica.broken(&member.log.device()), None);
}

#[test]
fn stamps_follow_the_clock_the_log_and_what_is_answered() {
    let (world, member, ..) = writer(0);
    let log = OwnLog::new(world.space, member.log.device());
    let stamp = |answered: Option<u64>| {
        log.next(
            NOON,
            &hearth_replica::Draft { answered: answered.map(Hlc::from_ms), ..hearth_replica::Draft::control(0) },
        )
        .unwrap()
        .hlc
    };
    assert_eq!(stamp(None), Hlc::from_ms(NOON));
    assert_eq!(stamp(Some(NOON - 5)), Hlc::from_ms(NOON));
    assert_eq!(stamp(Some(NOON + 5)), Hlc::from_ms(NOON + 5).next());
    assert_eq!(stamp(Some(NOON + limits::HLC_FOLLOW_MS)), Hlc::from_ms(NOON + limits::HLC_FOLLOW_MS).next());
    assert_eq!(stamp(Some(NOON + limits::HLC_FOLLOW_MS + 1)), Hlc::from_ms(NOON), "nobody follows a far stamp");
    let mut member = member;
    let last = member.message(world.channel, "x");
    let back = member.log.next(NOON - 50_000, &hearth_replica::Draft::control(0)).unwrap();
    assert_eq!(back.hlc, last.envelope().hlc.next(), "a clock set back never makes a stamp fall");
}

#[test]
fn every_quota_of_a_day_is_reached_and_ends_with_it() {
    let (world, member, ..) = writer(0);
    let full = |scope: fn(u32) -> Scope, body_len: usize| {
        let mut actor = member.clone();
        let mut n = 0;
        loop {
            let draft = hearth_replica::Draft {
                scope: scope(n),
                class: hearth_types::Class::Message,
                key: Some(hearth_types::KeyRef { epoch: hearth_types::EpochId([0; 32]), index: 0 }),
                ..hearth_replica::Draft::control(body_len)
            };
            match actor.log.next(NOON, &draft) {
                Ok(envelope) => {
                    assert!(actor.log.commit(&CheckedEntry::sign(envelope, vec![0; body_len], &actor.key())))
                }
                Err(quota) => {
                    assert!(actor.log.next(NOON + DAY_MS, &draft).is_ok(), "tomorrow is another day");
                    return (quota, n);
                }
            }
            n += 1;
        }
    };
    let channel = |n: u32| Scope::Channel(hearth_types::ChannelId([(n % 256) as u8; 32]));
    let many = |n: u32| Scope::Channel(hearth_types::ChannelId(std::array::from_fn(|i| n.to_be_bytes()[i % 4])));
    let one = |_: u32| Scope::Channel(hearth_types::ChannelId([1; 32]));
    assert_eq!(full(one, 0), (Quota::ScopeEntries, limits::DAY_SCOPE_ENTRIES));
    assert_eq!(full(channel, 0), (Quota::Entries, limits::DAY_ENTRIES));
    assert_eq!(full(many, 0), (Quota::Scopes, limits::DAY_SCOPES));
    assert_eq!(
        full(one, limits::BODY_BYTES),
        (Quota::Bytes, u32::try_from(limits::DAY_BODY_BYTES / limits::BODY_BYTES as u64).unwrap())
    );
    assert_eq!(member.log.next(NOON, &hearth_replica::Draft::control(limits::BODY_BYTES + 1)), Err(Quota::Body));
    assert_eq!(world.entries.len(), 4);
}
