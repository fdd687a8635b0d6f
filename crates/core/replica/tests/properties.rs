//! P1 to P3 of research/state-and-crypto.md 6.7: any order, duplication and partition gives equal state and equal bytes;
//! merging is folding the union; the incremental fold is the fold from scratch.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/world.rs"]
mod world;

use hearth_ports::store::EntrySummary;
use hearth_replica::{Change, Page, Replica};
use hearth_types::{Class, ControlBody, DeviceId, InviteFields, Permissions, Scope};
use hearth_wire::CheckedEntry;
use proptest::prelude::*;
use world::*;

/// What one of the actors does next.
#[derive(Debug, Clone)]
enum Step {
    Say(usize),
    Amend(usize, usize),
    Name(usize),
    Setting(usize),
    Channel(usize),
    Role(usize),
    Grant(usize, usize),
    Mute(usize, usize),
    Invite(usize),
    Admit(usize),
    Leave(usize),
    Readmit(usize),
    Fork(usize),
    Sleep(u64),
}

const ACTORS: usize = 5;
const MODERATOR: Permissions = Permissions(Permissions::MANAGE_CHANNELS.0 | Permissions::MUTE_MEMBERS.0);

fn step() -> impl Strategy<Value = Step> {
    let who = 0..ACTORS;
    prop_oneof![
        6 => who.clone().prop_map(Step::Say),
        3 => (who.clone(), 0usize..64).prop_map(|(a, b)| Step::Amend(a, b)),
        2 => who.clone().prop_map(Step::Name),
        2 => who.clone().prop_map(Step::Setting),
        1 => who.clone().prop_map(Step::Channel),
        1 => who.clone().prop_map(Step::Role),
        2 => (who.clone(), who.clone()).prop_map(|(a, b)| Step::Grant(a, b)),
        2 => (who.clone(), who.clone()).prop_map(|(a, b)| Step::Mute(a, b)),
        1 => who.clone().prop_map(Step::Invite),
        1 => who.clone().prop_map(Step::Admit),
        1 => who.clone().prop_map(Step::Leave),
        1 => who.clone().prop_map(Step::Readmit),
        1 => who.prop_map(Step::Fork),
        1 => (1u64..30 * 3_600_000).prop_map(Step::Sleep),
    ]
}

/// Plays steps out: actor 0 is the owner, 1 an admin, the others members. Forks write two branches at once.
fn play(steps: &[Step]) -> (World, Vec<CheckedEntry>) {
    let mut world = World::new(7);
    let mut admin = world.member();
    world.grant(&mut admin, 1, Permissions::ADMINISTRATOR);
    let mut actors = vec![world.owner.clone(), admin];
    actors.extend((2..ACTORS).map(|_| world.member()));
    actors[0] = world.owner.clone();
    let mut out = world.entries.clone();
    let mut roles = Vec::new();
    let mut messages = Vec::new();
    let mut mutes = Vec::new();
    for step in steps {
        let n = u8::try_from(out.len() % 251).unwrap();
        let entry = match step {
            Step::Say(a) => {
                let e = actors[*a].message(world.channel, "x");
                messages.push(e.clone());
                e
            }
            Step::Amend(a, which) if !messages.is_empty() => {
                let m = &messages[which % messages.len()];
                actors[*a].content(world.channel, target(m), b"sealed amendment")
            }
            Step::Amend(..) => continue,
            Step::Name(a) => actors[*a].act(profile(&format!("name {n}"))),
            Step::Setting(a) => actors[*a].act(setting("name", &format!("value {n}"), vec![])),
            Step::Channel(a) => actors[*a].act(ControlBody::Channel(channel_fields(&format!("room {n}"), None))),
            Step::Role(a) => {
                let e = actors[*a].act(ControlBody::Role(role_fields(2 + u16::from(n % 3), MODERATOR)));
                roles.push(e.id());
                e
            }
            Step::Grant(a, b) if !roles.is_empty() => {
                let user = actors[*b].user();
                let e = actors[*a].act(ControlBody::Grant { user, role: roles[usize::from(n) % roles.len()] });
                if *b > 1 {
                    actors[*b].by = Some(e.id());
                }
                e
            }
            Step::Grant(..) => continue,
            Step::Mute(a, b) => {
                let (user, replaces) = (actors[*b].user(), mutes.iter().rev().take(2).copied().collect());
                let e = actors[*a].act(ControlBody::Mute { user, on: n % 3 > 0, replaces });
                mutes.push(e.id());
                e
            }
            Step::Invite(a) => {
                let secret = hearth_crypto::InviteSecret::new(hearth_crypto::Secret16::new([n; 16]));
                actors[*a].act(ControlBody::Invite(InviteFields {
                    key: secret.public(world.space),
                    expires_at_ms: None,
                    max_uses: None,
                    role: None,
                }))
            }
            Step::Admit(a) => {
                let guest = world.stranger();
                let secret = hearth_crypto::InviteSecret::new(hearth_crypto::Secret16::new([n.saturating_sub(1); 16]));
                actors[*a].act(ControlBody::Admit { join: secret.join(world.space, guest.certificate()) })
            }
            Step::Leave(a) => actors[*a].act(ControlBody::Leave),
            Step::Readmit(a) => {
                let join = world.invite.join(world.space, actors[*a].certificate());
                actors[0].act(ControlBody::Admit { join })
            }
            Step::Fork(a) => {
                let mut twin = actors[*a].clone();
                twin.now_ms += 7;
                out.push(twin.message(world.channel, "the other branch"));
                out.push(twin.act(profile("the other branch")));
                actors[*a].message(world.channel, "this branch")
            }
            Step::Sleep(ms) => {
                actors.iter_mut().for_each(|a| a.now_ms += ms);
                continue;
            }
        };
        out.push(entry);
    }
    (world, out)
}

/// Everything two replicas have to agree on.
fn verdicts(
    replica: &Replica,
    all: &[CheckedEntry],
) -> (String, hearth_replica::SpaceState, Vec<bool>, Vec<Option<u64>>) {
    let counts = all.iter().map(|e| replica.counts(&e.envelope().device, e.envelope().seq)).collect();
    let broken = all.iter().map(|e| replica.broken(&e.envelope().device)).collect();
    (replica.heads(), replica.state().clone(), counts, broken)
}

fn far() -> hearth_types::Day {
    hearth_types::Day(today().0 + 10_000)
}

fn fill(replica: &mut Replica, entries: &[CheckedEntry]) {
    for entry in entries {
        replica.admit(entry, far());
    }
}

fn pages(world: &World, entries: &[CheckedEntry]) -> Vec<Vec<u8>> {
    let mut days: Vec<_> = entries.iter().map(|e| e.envelope().day).collect();
    days.sort_unstable();
    days.dedup();
    days.into_iter()
        .map(|day| Page::build(world.space, Scope::Channel(world.channel), day, entries).to_bytes())
        .collect()
}

fn summary(e: &CheckedEntry) -> EntrySummary {
    let v = e.envelope();
    EntrySummary {
        id: e.id(),
        space: v.space,
        device: v.device,
        seq: v.seq,
        hlc: v.hlc,
        scope: v.scope,
        target: v.target,
    }
}

/// A replica restored as a restart would, with what `broken` recorded.
fn restarted(world: &World, held: &[CheckedEntry], broken: &[(DeviceId, u64)]) -> Replica {
    let control: Vec<_> = held.iter().filter(|e| e.envelope().class == Class::Control).cloned().collect();
    let content: Vec<_> = held.iter().filter(|e| e.envelope().class != Class::Control).map(summary).collect();
    Replica::restore(world.space, world.genesis.clone(), &control, &content, broken).unwrap()
}

/// Goes on after a restart, looking again at what the replica asks for, and keeping its breaks.
fn resume(replica: &mut Replica, rest: &[CheckedEntry], all: &[CheckedEntry], broken: &mut Vec<(DeviceId, u64)>) {
    let mut changes = Vec::new();
    for entry in rest {
        if let hearth_replica::Admission::New { changes: new, .. } = replica.admit(entry, far()) {
            changes.extend(new);
        }
    }
    while let Some(change) = changes.pop() {
        match change {
            Change::Recheck(id) => changes.extend(replica.recheck(all.iter().find(|e| e.id() == id).unwrap())),
            Change::LogBroken { device, seq } => broken.push((device, seq)),
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// P1, attacks.md 33 and 35: eight replicas, each in its own order, with doubles.
    #[test]
    fn p1_any_order_and_duplication_gives_equal_heads_state_and_pages(steps in proptest::collection::vec(step(), 1..60), seed in 0u64..1_000_000) {
        let (world, all) = play(&steps);
        let mut first: Option<(_, Vec<Vec<u8>>)> = None;
        for n in 0..8u64 {
            let mut order = shuffled(&all, seed.wrapping_mul(8) + n);
            order.extend(shuffled(&all, seed.wrapping_mul(9) + n).into_iter().take(all.len() / 2));
            let mut replica = world.replica();
            fill(&mut replica, &order);
            prop_assert_eq!(replica.entries(), all.len() as u64);
            let got = (verdicts(&replica, &all), pages(&world, &order));
            match &first {
                None => first = Some(got),
                Some(want) => prop_assert_eq!(want, &got),
            }
        }
    }

    /// P2: two halves that exchange everything are one.
    #[test]
    fn p2_merge_is_the_fold_of_the_union(steps in proptest::collection::vec(step(), 1..60), seed in 0u64..1_000_000) {
        let (world, all) = play(&steps);
        let order = shuffled(&all, seed);
        let (left, right) = order.split_at(order.len() / 2);
        let (mut a, mut b, mut whole) = (world.replica(), world.replica(), world.replica());
        fill(&mut a, left);
        fill(&mut b, right);
        fill(&mut a, right);
        fill(&mut b, left);
        fill(&mut whole, &all);
        prop_assert_eq!(verdicts(&a, &all), verdicts(&whole, &all));
        prop_assert_eq!(verdicts(&b, &all), verdicts(&whole, &all));
    }

    /// P3: after every entry, the same as starting over with what is held; also over a restart, with days missing.
    #[test]
    fn p3_incremental_is_from_scratch(steps in proptest::collection::vec(step(), 1..40), seed in 0u64..1_000_000) {
        let (world, all) = play(&steps);
        let order = shuffled(&all, seed);
        let mut replica = world.replica();
        let mut broken = Vec::new();
        for (n, entry) in order.iter().enumerate() {
            resume(&mut replica, std::slice::from_ref(entry), &all, &mut broken);
            if n % 5 == 0 {
                let held: Vec<_> = all.iter().filter(|e| replica.contains(&e.id())).cloned().collect();
                let mut scratch = world.replica();
                fill(&mut scratch, &held);
                prop_assert_eq!(verdicts(&replica, &all), verdicts(&scratch, &all));
                let again = restarted(&world, &held, &broken);
                prop_assert_eq!(verdicts(&replica, &all), verdicts(&again, &all));
            }
        }
    }

    /// A restart in the middle changes nothing in the end, though summaries know less than entries.
    #[test]
    fn a_restart_anywhere_ends_in_the_same_state(steps in proptest::collection::vec(step(), 1..60), seed in 0u64..1_000_000, cut in 0usize..80) {
        let (world, all) = play(&steps);
        let order = shuffled(&all, seed);
        let cut = cut.min(order.len());
        let mut before = world.replica();
        let mut broken = Vec::new();
        resume(&mut before, &order[..cut], &all, &mut broken);
        let held: Vec<_> = all.iter().filter(|e| before.contains(&e.id())).cloned().collect();
        let mut after = restarted(&world, &held, &broken);
        // What waited in memory is gone, and comes again with the rest.
        resume(&mut after, &order, &all, &mut broken);
        let mut whole = world.replica();
        fill(&mut whole, &all);
        prop_assert_eq!(verdicts(&after, &all), verdicts(&whole, &all));
    }
}
