//! Who may do what, and that nobody else can.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/world.rs"]
mod world;

use hearth_replica::{Admission, Change, Refusal, Replica};
use hearth_types::{
    ChannelFields, Class, ControlAct, ControlBody, EpochFields, EpochId, InviteFields, Permissions, RoleFields,
};
use hearth_wire::{CheckedEntry, cbor::Codec};
use world::*;

type Took = fn(&Replica, &CheckedEntry) -> bool;

/// Every kind of act that needs authority, with what shows that it took effect.
fn acts(world: &World) -> Vec<(&'static str, ControlBody, Took)> {
    let invite = InviteFields { key: [9; 32], expires_at_ms: None, max_uses: None, role: None };
    let epoch = EpochFields {
        depth: 0,
        parents: vec![],
        covers: vec![],
        commitment: [3; 32],
        seals: None,
        parent_secrets: vec![],
    };
    let changed =
        ChannelFields { replaces: vec![world.channel.into()], ..channel_fields("taken", Some(world.channel.into())) };
    vec![
        ("setting", setting("name", "Taken", vec![]), |r, _| r.state().name() == "Taken"),
        ("channel", ControlBody::Channel(channel_fields("new", None)), |r, e| {
            r.state().channels.contains_key(&e.id().into())
        }),
        ("change of a channel", ControlBody::Channel(changed), |r, _| {
            r.state().channels.values().any(|c| c.fields.name == "taken")
        }),
        ("role", ControlBody::Role(role_fields(9, Permissions::ADD_REACTIONS)), |r, e| {
            r.state().roles.contains_key(&e.id())
        }),
        ("invite", ControlBody::Invite(invite), |r, e| r.state().invites.contains_key(&e.id())),
        ("revoked invite", ControlBody::InviteRevoke { invite: world.invite_id }, |r, _| {
            r.state().invites.values().any(|i| i.revoked)
        }),
        ("first epoch", ControlBody::Epoch(epoch), |r, e| r.state().epochs.contains_key(&EpochId::from(e.id()))),
        ("profile", profile("Somebody"), |r, _| r.state().members.values().any(|m| m.name == "Somebody")),
    ]
}

/// What of [`acts`] takes effect when `who` writes each, on its own.
fn effective(prepare: impl Fn(&mut World) -> Actor) -> Vec<&'static str> {
    let mut world = World::new(1);
    let actor = prepare(&mut world);
    let tried = acts(&world).len();
    let mut out = Vec::new();
    for (name, body, took) in acts(&world) {
        let entry = actor.clone().act(body);
        let mut replica = world.founded();
        replica.admit(&entry, today());
        if took(&replica, &entry) {
            out.push(name);
        }
    }
    assert!(out.len() <= tried);
    out
}

#[test]
fn a_stranger_can_do_nothing_and_is_not_kept() {
    assert_eq!(effective(World::stranger), Vec::<&str>::new());
    let mut world = World::new(1);
    let mut replica = world.founded();
    let mut stranger = world.stranger();
    let entry = stranger.act(profile("Nobody"));
    assert_eq!(replica.admit(&entry, today()), Admission::Waiting);
    assert!(!replica.contains(&entry.id()));
    assert_eq!(replica.user_of(&entry.envelope().device), None);
}

#[test]
fn a_member_invites_and_has_a_profile() {
    assert_eq!(effective(World::member), ["invite", "profile"]);
}

#[test]
fn a_member_without_a_citation_has_a_profile_only() {
    assert_eq!(effective(|w| Actor { by: None, ..w.member() }), ["profile"]);
}

#[test]
fn each_permission_opens_its_own_acts() {
    let with = |permissions| {
        effective(move |w| {
            let mut actor = w.member();
            w.grant(&mut actor, 2, permissions);
            actor
        })
    };
    assert_eq!(with(Permissions::MANAGE_COMMUNITY), ["setting", "revoked invite", "profile"]);
    assert_eq!(with(Permissions::MANAGE_CHANNELS), ["channel", "change of a channel", "profile"]);
    assert_eq!(with(Permissions::MANAGE_ROLES), ["profile"], "a role's permissions have to be held by who makes it");
    assert_eq!(with(Permissions::MANAGE_ROLES.union(Permissions::ADD_REACTIONS)), ["role", "profile"]);
    assert_eq!(with(Permissions::CREATE_INVITE), ["invite", "profile"]);
    let admin = with(Permissions::ADMINISTRATOR);
    assert_eq!(admin, ["setting", "channel", "change of a channel", "role", "invite", "revoked invite", "profile"]);
}

#[test]
fn the_owner_may_do_everything() {
    let mut world = World::new(1);
    assert_eq!(effective(|w| w.owner.clone()).len(), acts(&world).len());
    let replica = world.founded();
    let owner = world.owner.user();
    assert_eq!((replica.rank(&owner), replica.grant_for(&owner, Permissions::MANAGE_ROLES)), (0, Some(None)));
    assert!(replica.may(&owner, Permissions::BAN_MEMBERS));
    let stranger = world.stranger().user();
    assert_eq!(
        (replica.grant_for(&stranger, Permissions::NONE), replica.permissions(&stranger)),
        (None, Permissions::NONE)
    );
}

#[test]
fn citations_are_found_for_the_author() {
    let mut world = World::new(1);
    let mut admin = world.member();
    let admit = admin.by;
    world.grant(&mut admin, 1, Permissions::ADMINISTRATOR);
    let replica = world.founded();
    let user = admin.user();
    assert_eq!(
        replica.grant_for(&user, Permissions::CREATE_INVITE),
        Some(admit),
        "membership is enough for what members do"
    );
    assert_eq!(replica.grant_for(&user, Permissions::MANAGE_CHANNELS), Some(admin.by));
    assert_eq!((replica.rank(&user), replica.is_member_device(&admin.log.device())), (1, true));
}

/// Mutes a plain member, a junior moderator and the owner in the name of each, and says whom it silenced.
fn silenced(rank: u16, permissions: Permissions) -> [bool; 4] {
    let mut world = World::new(1);
    let (member, mut junior, mut equal, mut actor) = (world.member(), world.member(), world.member(), world.member());
    world.grant(&mut junior, 3, Permissions::MUTE_MEMBERS);
    world.grant(&mut equal, 2, Permissions::MUTE_MEMBERS);
    world.grant(&mut actor, rank, permissions);
    let users = [member.user(), junior.user(), equal.user(), world.owner.user()];
    let acts = users.map(|user| actor.act(ControlBody::Mute { user, on: true, replaces: vec![] }));
    let mut replica = world.founded();
    put(&mut replica, &acts);
    users.map(|user| replica.state().members[&user].muted)
}

#[test]
fn only_a_senior_who_may_mutes_and_never_an_equal() {
    assert_eq!(silenced(2, Permissions::MUTE_MEMBERS), [true, true, false, false]);
    assert_eq!(silenced(1, Permissions::ADMINISTRATOR), [true, true, true, false]);
    assert_eq!(silenced(1, Permissions::MANAGE_COMMUNITY), [false; 4]);
}

#[test]
fn a_mute_is_taken_back_by_its_rank_or_a_senior_and_not_by_whom_it_silences() {
    let mut world = World::new(1);
    let (mut admin, mut moderator, mut other) = (world.member(), world.member(), world.member());
    world.grant(&mut admin, 1, Permissions::ADMINISTRATOR);
    world.grant(&mut moderator, 2, Permissions::MUTE_MEMBERS);
    world.grant(&mut other, 2, Permissions::MUTE_MEMBERS);
    let victim = world.member().user();
    let mute = |user, on, replaces| ControlBody::Mute { user, on, replaces };
    let of_victim = moderator.act(mute(victim, true, vec![]));
    let of_moderator = admin.act(mute(moderator.user(), true, vec![]));
    let entries = [
        other.act(mute(victim, false, vec![of_victim.id()])),
        moderator.act(mute(moderator.user(), false, vec![of_moderator.id()])),
        of_victim,
        of_moderator,
    ];
    for seed in 0..8 {
        let mut replica = world.founded();
        put(&mut replica, &shuffled(&entries, seed));
        let members = &replica.state().members;
        assert!(!members[&victim].muted, "an equal of who muted gives the voice back");
        assert!(members[&moderator.user()].muted, "nobody frees themselves");
        assert_eq!(members[&moderator.user()].mute_heads.len(), 2);
    }
}

#[test]
fn a_forged_grant_gives_nothing() {
    let mut world = World::new(1);
    let mut admin = world.member();
    let role = world.grant(&mut admin, 1, Permissions::ADMINISTRATOR);
    let mut mallory = world.member();
    let mut replica = world.founded();
    let user = mallory.user();
    let forgeries = [
        mallory.act(ControlBody::Grant { user, role }),
        // Somebody else's grant, the role itself, the invite, an entry that is not there.
        mallory.act_by(admin.by, ControlBody::Grant { user, role }),
        mallory.act_by(Some(role), ControlBody::Grant { user, role }),
        mallory.act_by(Some(world.invite_id), setting("name", "Mine", vec![])),
        mallory.act_by(Some(hearth_types::EntryId([5; 32])), setting("name", "Mine", vec![])),
        mallory.act(ControlBody::Role(role_fields(1, Permissions::ADMINISTRATOR))),
    ];
    let changes = put(&mut replica, &forgeries);
    assert!(changes.is_empty(), "{changes:?}");
    assert_eq!((replica.permissions(&user), replica.rank(&user)), (Permissions::MEMBER, u16::MAX));
    let by = forgeries[0].id();
    put(&mut replica, &[mallory.act_by(Some(by), setting("name", "Mine", vec![]))]);
    assert_eq!(replica.state().name(), "");
    assert!(forgeries.iter().all(|e| replica.contains(&e.id())), "void entries are held");
}

#[test]
fn a_grant_is_strictly_more_junior_and_a_subset() {
    let mut world = World::new(1);
    let mut admin = world.member();
    world.grant(&mut admin, 5, Permissions::MANAGE_ROLES.union(Permissions::KICK_MEMBERS));
    let friend = world.member().user();
    let mut replica = world.founded();
    for (rank, permissions, stands) in [
        (6, Permissions::KICK_MEMBERS, true),
        (5, Permissions::KICK_MEMBERS, false),
        (4, Permissions::KICK_MEMBERS, false),
        (6, Permissions::BAN_MEMBERS, false),
        (6, Permissions::ADMINISTRATOR, false),
    ] {
        let role = admin.act(ControlBody::Role(role_fields(rank, permissions)));
        put(&mut replica, std::slice::from_ref(&role));
        assert_eq!(replica.state().roles.contains_key(&role.id()), stands, "role of rank {rank} with {permissions:?}");
        // A role of the owner's with the same fields cannot be given by the admin either.
        let owners = world.owner.act(ControlBody::Role(role_fields(rank, permissions)));
        let grant = admin.act(ControlBody::Grant { user: friend, role: owners.id() });
        put(&mut replica, &[owners, grant.clone()]);
        let held = replica.state().members[&friend].roles.iter().any(|h| h.by == grant.id());
        assert_eq!(held, stands, "grant of rank {rank} with {permissions:?}");
    }
}

#[test]
fn a_role_is_changed_by_seniors_only_and_holders_keep_the_version_given() {
    let mut world = World::new(1);
    let mut admin = world.member();
    let role = world.grant(&mut admin, 1, Permissions::ADMINISTRATOR);
    let mut replica = world.founded();
    let weaker = RoleFields { role: Some(role), replaces: vec![role], ..role_fields(2, Permissions::NONE) };
    put(&mut replica, &[admin.act(ControlBody::Role(weaker.clone()))]);
    assert_eq!(replica.state().roles[&role].version, role, "an admin cannot change the admins' own role");
    let change = world.owner.act(ControlBody::Role(weaker));
    put(&mut replica, std::slice::from_ref(&change));
    assert_eq!(replica.state().roles[&role].version, change.id());
    assert_eq!(replica.rank(&admin.user()), 1, "a grant names a version, which never changes");
}

#[test]
fn registers_go_by_what_they_replace_then_rank_then_id() {
    let mut world = World::new(1);
    let mut admin = world.member();
    world.grant(&mut admin, 1, Permissions::ADMINISTRATOR);
    let a = world.owner.act(setting("name", "by owner", vec![]));
    let b = admin.act(setting("name", "by admin", vec![]));
    let c = admin.act(setting("name", "later", vec![a.id(), b.id()]));
    let d = admin.act(setting("topic", "one", vec![]));
    let e = admin.act(setting("topic", "two", vec![]));
    let larger = if d.id() > e.id() { "one" } else { "two" };
    for order in [[&a, &b, &c, &d, &e], [&c, &b, &e, &d, &a], [&b, &e, &a, &c, &d]] {
        let mut replica = world.founded();
        for entry in order {
            replica.admit(entry, today());
        }
        assert_eq!((replica.state().name(), replica.state().settings["topic"].as_str()), ("later", larger));
        assert_eq!((replica.setting_heads("name"), replica.setting_heads("topic").len()), (vec![c.id()], 2));
    }
    let mut replica = world.founded();
    put(&mut replica, &[b, a]);
    assert_eq!(replica.state().name(), "by owner");
}

#[test]
fn channels_keep_their_kind_and_go_when_deleted() {
    let mut world = World::new(1);
    let mut replica = world.founded();
    let mut change = channel_fields("renamed", Some(world.channel.into()));
    change.kind = hearth_types::ChannelKind::Voice;
    change.sealed = true;
    change.replaces = vec![world.channel.into()];
    let renamed = world.owner.act(ControlBody::Channel(change.clone()));
    assert_eq!(put(&mut replica, std::slice::from_ref(&renamed)), [Change::Channel(world.channel)]);
    let fields = &replica.state().channels[&world.channel].fields;
    assert_eq!((fields.name.as_str(), fields.kind, fields.sealed), ("renamed", hearth_types::ChannelKind::Text, false));
    change.replaces = vec![renamed.id()];
    change.deleted = true;
    assert_eq!(
        put(&mut replica, &[world.owner.act(ControlBody::Channel(change))]),
        [Change::ChannelGone(world.channel)]
    );
    assert!(replica.state().channels.is_empty() && replica.channel_heads(&world.channel).len() == 1);
}

#[test]
fn an_invite_can_give_a_role_and_only_a_lawful_one() {
    let mut world = World::new(1);
    let role = world.owner.act(ControlBody::Role(role_fields(3, Permissions::KICK_MEMBERS)));
    let key = hearth_crypto::InviteSecret::new(hearth_crypto::Secret16::new([8; 16]));
    let fields = InviteFields {
        key: key.public(world.space),
        expires_at_ms: Some(NOON + 10),
        max_uses: Some(1),
        role: Some(role.id()),
    };
    let mut member = world.member();
    let forged = member.act(ControlBody::Invite(fields.clone()));
    let guest = world.stranger();
    let admit = member.act(ControlBody::Admit { join: key.join(world.space, guest.certificate()) });
    let mut replica = world.founded();
    put(&mut replica, &[role.clone(), forged.clone(), admit]);
    assert!(!replica.state().invites.contains_key(&forged.id()) && !replica.is_member(&guest.user()));
    let opened = world.owner.act(ControlBody::Invite(fields));
    let changes = put(&mut replica, std::slice::from_ref(&opened));
    assert!(changes.contains(&Change::Standing(guest.user())) && replica.is_member(&guest.user()));
    assert_eq!(replica.rank(&guest.user()), 3);
    assert_eq!(replica.grant_for(&guest.user(), Permissions::KICK_MEMBERS), Some(Some(opened.id())));
    let invite = &replica.state().invites[&opened.id()];
    assert_eq!((invite.uses(), invite.open(NOON)), (1, false), "used up");
    assert_eq!(replica.invite_by_key(&key.public(world.space)), Some(opened.id()));
}

#[test]
fn revoking_an_invite_is_its_makers_and_keeps_who_came() {
    let mut world = World::new(1);
    let (mut maker, other) = (world.member(), world.member());
    let key = hearth_crypto::InviteSecret::new(hearth_crypto::Secret16::new([8; 16]));
    let opened = maker.act(ControlBody::Invite(InviteFields {
        key: key.public(world.space),
        expires_at_ms: None,
        max_uses: None,
        role: None,
    }));
    let guest = world.stranger();
    let admit = maker.act(ControlBody::Admit { join: key.join(world.space, guest.certificate()) });
    let revoke = ControlBody::InviteRevoke { invite: opened.id() };
    let mut replica = world.founded();
    put(&mut replica, &[opened.clone(), admit, other.clone().act(revoke.clone())]);
    assert!(!replica.state().invites[&opened.id()].revoked, "another member cannot");
    assert_eq!(put(&mut replica, &[maker.act(revoke)]), [Change::Invite(opened.id())]);
    assert!(replica.state().invites[&opened.id()].revoked && replica.is_member(&guest.user()));
}

#[test]
fn leaving_ends_membership_from_there_and_a_later_admit_reopens_it() {
    let mut world = World::new(1);
    let mut member = world.member();
    let before = member.message(world.channel, "before");
    let leave = member.act(ControlBody::Leave);
    let after = member.message(world.channel, "after");
    let named = member.act(profile("Late"));
    world.owner.now_ms = member.now_ms;
    let join = world.invite.join(world.space, member.certificate());
    let again = world.owner.act(ControlBody::Admit { join });
    let all = [before.clone(), leave.clone(), after.clone(), named.clone()];
    for seed in 0..8 {
        let mut replica = world.founded();
        put(&mut replica, &shuffled(&all, seed));
        let (user, device) = (member.user(), member.log.device());
        assert!(!replica.is_member(&user) && !replica.may(&user, Permissions::SEND_MESSAGES));
        assert_eq!(replica.state().former[&user].name, "");
        assert_eq!(all.each_ref().map(|e| replica.counts(&device, e.envelope().seq)), [true, true, false, false]);
        assert_eq!(replica.grant_for(&user, Permissions::NONE), None);
        put(&mut replica, std::slice::from_ref(&again));
        assert!(replica.is_member(&user) && replica.counts(&device, after.envelope().seq));
        assert_eq!(replica.state().members[&user].name, "Late");
    }
}

/// Found by the order property: an `Admit` that its own author's membership hangs on is no reason to stay.
#[test]
fn nobody_lets_themselves_back_in() {
    let mut world = World::new(1);
    let mut member = world.member();
    let leave = member.act(ControlBody::Leave);
    let join = world.invite.join(world.space, member.certificate());
    let back = member.act(ControlBody::Admit { join: join.clone() });
    for order in [[&leave, &back], [&back, &leave]] {
        let mut replica = world.founded();
        put(&mut replica, &order.map(Clone::clone));
        assert!(!replica.is_member(&member.user()));
    }
    // Nor do two who left let each other back in.
    let mut other = world.member();
    let other_leaves = other.act(ControlBody::Leave);
    other.now_ms += 60_000;
    let first = other.act(ControlBody::Admit { join });
    let second = member.act(ControlBody::Admit { join: world.invite.join(world.space, other.certificate()) });
    for seed in 0..24 {
        let mut replica = world.founded();
        put(&mut replica, &shuffled(&[leave.clone(), other_leaves.clone(), first.clone(), second.clone()], seed));
        assert!(!replica.is_member(&member.user()) && !replica.is_member(&other.user()));
    }
}

#[test]
fn epochs_follow_standing_ones_and_the_first_is_the_owners() {
    let mut world = World::new(1);
    let mut member = world.member();
    let fields = |depth, parents: &[EpochId]| EpochFields {
        depth,
        parents: parents.to_vec(),
        covers: vec![],
        commitment: [depth.to_le_bytes()[0]; 32],
        seals: None,
        parent_secrets: vec![vec![]; parents.len()],
    };
    let zero = world.owner.act(ControlBody::Epoch(fields(0, &[])));
    let one = member.act(ControlBody::Epoch(fields(1, &[zero.id().into()])));
    let lie = member.act(ControlBody::Epoch(fields(7, &[zero.id().into()])));
    let void = member.act(ControlBody::Epoch(fields(0, &[])));
    let orphan = member.act(ControlBody::Epoch(fields(1, &[void.id().into()])));
    for seed in 0..4 {
        let mut replica = world.founded();
        put(&mut replica, &shuffled(&[zero.clone(), one.clone(), lie.clone(), void.clone(), orphan.clone()], seed));
        assert_eq!(replica.state().epochs.len(), 2);
        assert_eq!(replica.state().newest_epoch(|_| true), Some(one.id().into()));
        assert_eq!(replica.state().newest_epoch(|id| *id != one.id().into()), Some(zero.id().into()));
        assert!(replica.epoch(&lie.id().into()).is_some(), "a void epoch still opens what was sent under it");
    }
}

#[test]
fn a_members_second_device_comes_in_by_their_own_log_only() {
    let mut world = World::new(1);
    let (mut member, mut mallory) = (world.member(), world.member());
    let mut second = world.stranger();
    let certificate = member.root().certify(second.log.device(), [7; 32], 1);
    let add = ControlBody::DeviceAdd { certificate };
    let greeting = second.message(world.channel, "from my phone");
    let mut replica = world.founded();
    put(&mut replica, &[mallory.act(add.clone()), greeting]);
    assert_eq!(replica.user_of(&second.log.device()), Some(member.user()), "introduced, standing or not");
    assert!(!replica.counts(&second.log.device(), 1) && !replica.is_member_device(&second.log.device()));
    put(&mut replica, &[member.act(add)]);
    assert!(replica.counts(&second.log.device(), 1) && replica.is_member_device(&second.log.device()));
}

#[test]
fn somebody_elses_device_cannot_be_claimed() {
    let mut world = World::new(1);
    let mut alice = world.member();
    let mut mallory = world.member();
    let claim = mallory.root().certify(alice.log.device(), [6; 32], 0);
    let admit = mallory.act(ControlBody::Admit { join: world.invite.join(world.space, claim.clone()) });
    let add = mallory.act(ControlBody::DeviceAdd { certificate: claim });
    let hello = alice.act(profile("Alice"));
    for seed in 0..16 {
        let mut replica = world.founded();
        put(&mut replica, &shuffled(&[admit.clone(), add.clone(), hello.clone()], seed));
        assert_eq!(replica.user_of(&alice.log.device()), Some(alice.user()));
        assert_eq!(replica.state().members[&alice.user()].name, "Alice");
        assert!(!replica.state().members[&mallory.user()].devices.contains(&alice.log.device()));
    }
}

/// attacks.md 32.
#[test]
fn attack_32_an_entry_of_another_space_is_refused() {
    let (mut here, mut there) = (World::new(1), World::new(2));
    let mut replica = here.founded();
    for entry in &there.entries {
        assert_eq!(replica.admit(entry, today()), Admission::Refused(Refusal::OtherSpace));
    }
    // A member of both, so that only the space in the envelope tells.
    let mut member = here.member();
    let mut elsewhere = member.clone();
    elsewhere.log = hearth_replica::OwnLog::new(there.space, member.log.device());
    let join = there.invite.join(there.space, member.certificate());
    there.entries.push(there.owner.act(ControlBody::Admit { join: join.clone() }));
    let said = elsewhere.message(there.channel, "there");
    let (mut a, mut b) = (here.founded(), there.founded());
    assert_eq!(a.admit(&said, today()), Admission::Refused(Refusal::OtherSpace));
    assert!(matches!(b.admit(&said, today()), Admission::New { .. }));
    assert!(matches!(a.admit(&member.message(here.channel, "here"), today()), Admission::New { .. }));
    assert_eq!((a.broken(&member.log.device()), b.broken(&member.log.device())), (None, None), "two logs, no fork");
    // A join made for one space opens no other.
    here.owner.by = None;
    let replayed = here.owner.act(ControlBody::Admit { join });
    let guest = there.stranger();
    let foreign = here.owner.act(ControlBody::Admit { join: there.invite.join(there.space, guest.certificate()) });
    put(&mut a, &[replayed, foreign]);
    assert!(!a.is_member(&guest.user()) && a.user_of(&guest.log.device()).is_none());
    assert!(Replica::new(here.space, there.genesis.clone()).is_none());
}

/// attacks.md 29.
#[test]
fn attack_29_unknown_kinds_and_versions_are_kept_and_ignored() {
    let mut world = World::new(1);
    let mut member = world.member();
    let mut replica = world.founded();
    let unknown = member.act(ControlBody::Unknown { kind: 99 });
    let draft = hearth_replica::Draft::control(3);
    let mut envelope = member.log.next(member.now_ms + 1, &draft).unwrap();
    envelope.version = 2;
    envelope.ext = vec![1, 2, 3];
    let later = CheckedEntry::sign(envelope, vec![0x81, 0x18, 0x63], &member.key());
    assert!(member.log.commit(&later));
    let class =
        hearth_replica::Draft { scope: hearth_types::Scope::Channel(world.channel), class: Class::Other(9), ..draft };
    let other = member.write(class, vec![1, 2, 3]);
    let senseless = member.write(draft, vec![0xff, 0xff, 0xff]);
    let named = member.act(profile("Still here"));
    let state = replica.state().clone();
    for entry in [&unknown, &later, &other, &senseless] {
        assert!(matches!(replica.admit(entry, today()), Admission::New { .. }));
        assert!(replica.contains(&entry.id()));
    }
    assert_eq!(replica.state(), &state);
    put(&mut replica, &[named]);
    assert_eq!(
        (replica.state().members[&member.user()].name.as_str(), replica.broken(&member.log.device())),
        ("Still here", None)
    );
    assert_eq!(ControlAct { by: None, body: ControlBody::Leave }.to_bytes().len(), 4);
}
