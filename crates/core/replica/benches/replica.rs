//! Admission, restart, pages: `cargo bench -p hearth-replica`. Prints heap bytes beside the times.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

#[path = "../tests/support/world.rs"]
mod world;

use divan::{AllocProfiler, Bencher, counter::ItemsCount};
use hearth_ports::store::EntrySummary;
use hearth_replica::{Page, Replica};
use hearth_types::{ControlBody, Scope};
use hearth_wire::CheckedEntry;
use world::*;

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

/// A space with `people` members who write `messages` over `days` days.
fn community(people: usize, messages: usize, days: u64) -> (World, Vec<CheckedEntry>) {
    let mut world = World::new(1);
    let mut actors: Vec<_> = (0..people).map(|_| world.member()).collect();
    let channel = world.channel;
    let start = NOON - days * DAY_MS;
    let entries = (0..messages)
        .map(|n| {
            let count = actors.len();
            let actor = &mut actors[n * 7 % count];
            actor.now_ms = start + (n as u64 * days * DAY_MS) / messages as u64;
            actor.message(channel, "a message of ordinary length, as people write them all day")
        })
        .collect();
    (world, entries)
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

/// `max alloc` over the number of entries is what one costs in memory, its id of 32 bytes among it.
#[divan::bench(sample_count = 3, args = [10_000, 100_000])]
fn admit_content_in_order(bencher: Bencher, n: usize) {
    let (world, entries) = community(50, n, 20);
    bencher.counter(ItemsCount::new(n)).with_inputs(|| world.founded()).bench_local_values(|mut replica| {
        for entry in &entries {
            divan::black_box(replica.admit(entry, today()));
        }
        replica
    });
}

#[divan::bench(sample_count = 10, args = [10_000])]
fn admit_content_newest_first(bencher: Bencher, n: usize) {
    let (world, mut entries) = community(50, n, 5);
    entries.reverse();
    bencher.counter(ItemsCount::new(n)).with_inputs(|| world.founded()).bench_local_values(|mut replica| {
        put(&mut replica, &entries);
        replica
    });
}

/// Joins check two signatures each.
#[divan::bench(sample_count = 3, args = [1_000])]
fn admit_joins(bencher: Bencher, n: usize) {
    let mut world = World::new(1);
    let joins: Vec<_> = (0..n).map(|_| world.join().1).collect();
    bencher.counter(ItemsCount::new(n)).with_inputs(|| world.founded()).bench_local_values(|mut replica| {
        put(&mut replica, &joins);
        replica
    });
}

#[divan::bench(sample_count = 5, args = [5_000])]
fn admit_control_shuffled(bencher: Bencher, n: usize) {
    let mut world = World::new(1);
    let acts: Vec<_> =
        (0..n).map(|i| world.owner.act(ControlBody::Channel(channel_fields(&format!("room {i}"), None)))).collect();
    let acts = shuffled(&acts, 1);
    bencher.counter(ItemsCount::new(n)).with_inputs(|| world.founded()).bench_local_values(|mut replica| {
        put(&mut replica, &acts);
        replica
    });
}

#[divan::bench(sample_count = 5, args = [100_000])]
fn restore(bencher: Bencher, n: usize) {
    let (world, entries) = community(20, n, 20);
    let mut content: Vec<_> = entries.iter().map(summary).collect();
    content.sort_unstable_by_key(|s| (s.hlc, s.id));
    bencher
        .counter(ItemsCount::new(n))
        .bench_local(|| Replica::restore(world.space, world.genesis.clone(), &world.entries, &content, &[]).unwrap());
}

#[divan::bench(sample_count = 10, args = [(5_000, 2), (5_000, 500)])]
fn page_build(bencher: Bencher, (n, people): (usize, usize)) {
    let (world, entries) = community(people, n, 0);
    let day = entries[0].envelope().day;
    bencher
        .counter(ItemsCount::new(n))
        .bench_local(|| Page::build(world.space, Scope::Channel(world.channel), day, &entries));
}

#[divan::bench(sample_count = 10, args = [5_000])]
fn page_to_bytes(bencher: Bencher, n: usize) {
    let (world, entries) = community(50, n, 0);
    let page = Page::build(world.space, Scope::Channel(world.channel), entries[0].envelope().day, &entries);
    bencher.counter(ItemsCount::new(n)).bench_local(|| page.to_bytes());
}

#[divan::bench(sample_count = 10, args = [5_000])]
fn page_entries(bencher: Bencher, n: usize) {
    let (world, entries) = community(50, n, 0);
    let page = Page::build(world.space, Scope::Channel(world.channel), entries[0].envelope().day, &entries);
    bencher.counter(ItemsCount::new(n)).bench_local(|| page.entries());
}
