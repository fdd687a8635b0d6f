//! Pages: equal sets give equal bytes, and nothing foreign gets in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/world.rs"]
mod world;

use hearth_replica::Page;
use hearth_types::{Scope, Target};
use hearth_wire::CheckedEntry;
use world::*;

/// Messages, amendments, one of another day, one without its body.
fn day(n: usize) -> (World, Vec<CheckedEntry>) {
    let mut world = World::new(5);
    let mut actors: Vec<_> = (0..7).map(|_| world.member()).collect();
    let channel = world.channel;
    let mut entries: Vec<CheckedEntry> = (0..n).map(|i| actors[i % 7].message(channel, &i.to_string())).collect();
    let first = Target { day: entries[0].envelope().day, id: entries[0].id() };
    actors[0].now_ms += DAY_MS;
    entries.push(actors[0].content(channel, Some(first), b"sealed edit from tomorrow"));
    let mut row = entries[1].to_row();
    row.body = None;
    entries[1] = CheckedEntry::from_row(row).unwrap();
    (world, entries)
}

fn page(world: &World, entries: &[CheckedEntry], bits: u32) -> Page {
    Page::with_bits(world.space, Scope::Channel(world.channel), today(), entries, bits)
}

#[test]
fn equal_sets_give_equal_bytes_and_read_back_whole() {
    let (world, entries) = day(300);
    let want = page(&world, &entries, 53);
    let mut sorted = entries.clone();
    sorted.sort_by_key(|e| (hlc(e), e.id()));
    assert_eq!((want.entries(), want.len(), want.generation()), (sorted, 301, 0));
    for seed in 0..8 {
        let mut order = shuffled(&entries, seed);
        order.extend(shuffled(&entries, seed + 100).into_iter().take(50));
        assert_eq!(page(&world, &order, 53).to_bytes(), want.to_bytes());
    }
    assert_ne!(page(&world, &entries[1..], 53).to_bytes(), want.to_bytes());
    assert!(page(&world, &[], 53).is_empty());
}

/// attacks.md 33: pruning and filling in a body changes that item alone, and equal sets stay equal.
#[test]
fn attack_33_bodies_come_and_go_and_equal_sets_stay_equal() {
    let (world, entries) = day(40);
    let mut row = entries[7].to_row();
    row.body = None;
    let hollow = CheckedEntry::from_row(row).unwrap();
    let mut pruned = entries.clone();
    pruned[7] = hollow.clone();
    let (full, less) = (page(&world, &entries, 53), page(&world, &pruned, 53));
    assert_ne!(full.to_bytes(), less.to_bytes());
    assert_eq!(less.entries().len(), full.entries().len());
    // With both at hand the body counts, whichever came first.
    for both in [
        [std::slice::from_ref(&hollow), entries.as_slice()].concat(),
        [entries.as_slice(), std::slice::from_ref(&hollow)].concat(),
    ] {
        assert_eq!(page(&world, &both, 53).to_bytes(), full.to_bytes());
    }
}

/// attacks.md 23: with eight bits nearly every item shares its client with others.
#[test]
fn attack_23_items_on_one_client_take_turns_by_id_at_linear_cost() {
    let (world, entries) = day(600);
    let want = page(&world, &entries, 8);
    assert_eq!(want.entries().len(), entries.len());
    for seed in 0..4 {
        let other = page(&world, &shuffled(&entries, seed), 8);
        assert_eq!((other.to_bytes(), other.generation()), (want.to_bytes(), want.generation()));
    }
    // An item that comes in between moves others on: another generation, so that old copies are not merged.
    let fewer = page(&world, &entries[..590], 8);
    assert!(want.generation() != 0 && fewer.generation() != 0 && fewer.generation() != want.generation());
    // Bytes grow with the entries, not faster.
    let (a, b) = (page(&world, &entries[..300], 8).to_bytes().len(), page(&world, &entries[..600], 8).to_bytes().len());
    assert!(b < a * 21 / 10, "{a} {b}");
}

#[test]
fn a_page_holds_its_own_day_scope_and_space_only() {
    let (world, entries) = day(10);
    let mut other = World::new(6);
    let mut stranger = other.member();
    let mut member = World::new(5).member();
    let mut mixed = entries.clone();
    mixed.push(stranger.message(world.channel, "another space"));
    mixed.push(member.message(hearth_types::ChannelId([8; 32]), "another channel"));
    member.now_ms += 5 * DAY_MS;
    mixed.push(member.message(world.channel, "another day"));
    assert_eq!(page(&world, &mixed, 53).to_bytes(), page(&world, &entries, 53).to_bytes());
    let tomorrow = Page::build(world.space, Scope::Channel(world.channel), hearth_types::Day(today().0 + 1), &entries);
    assert_eq!(tomorrow.len(), 1, "an amendment stands on its own day too");
}

/// The attack bytes of research/state-and-crypto.md 1.2, as bodies of honest-looking entries: opaque values, no harm.
#[test]
fn yrs_attack_bytes_inside_entries_stay_opaque() {
    let (mut world, _) = day(2);
    let mut mallory = world.member();
    let nested = format!("010101000801016d01{}7e00", "7501".repeat(5_000));
    let attacks = [
        "0001070100e807",
        "0101070100c0843d00",
        "0103072801816d026b31027d0188050101770276314405020361626300",
        &nested,
        "808e9b390000",
    ];
    let entries: Vec<_> = attacks
        .iter()
        .map(|hex| mallory.content(world.channel, None, &data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap()))
        .collect();
    let page = page(&world, &entries, 53);
    assert_eq!(page.entries(), entries);
    assert_eq!(page.to_bytes(), self::page(&world, &shuffled(&entries, 3), 53).to_bytes());
}
