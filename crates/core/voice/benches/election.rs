//! What an election costs and how long it takes: processor time to rank the candidates, and in virtual time, on a network
//! of 10 to 30 ms one way, how long after a relay's death all agree on another and all hear again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    dead_code
)]

#[path = "../tests/call"]
mod call {
    pub mod world;
}

use call::world::{CALL, MS, SECOND, World};
use hearth_types::PeerKey;
use hearth_voice::{
    rank::rank,
    report::{LinkReport, Report},
};
use std::{collections::BTreeMap, time::Instant};

const RANKINGS: u32 = 1_000;
const KILLS: u64 = 20;

fn main() {
    // Cargo asks every bench whether it has tests.
    if std::env::args().any(|word| word == "--list" || word == "--test") {
        return;
    }
    println!("load {}", std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim());
    for members in [9, 25] {
        ranking(members);
        elections(members);
    }
}

/// Reports of so many members, each with a link to every other.
fn reports(members: u8) -> BTreeMap<PeerKey, Report> {
    let peer = |n: u8| PeerKey([n; 32]);
    let link = |from: u8, to: u8| LinkReport {
        peer: peer(to),
        rtt_ms: Some(10 + u16::from(from.wrapping_mul(31) ^ to.wrapping_mul(17)) % 80),
        failed: false,
        loss_permille: u16::from(from ^ to) % 20,
        voice_loss_permille: 0,
    };
    let of = |from: u8| {
        let links = (0..members).filter(|to| *to != from).map(|to| link(from, to)).collect();
        Report::unsigned(1, 4_000 + 500 * u32::from(from), true, 60 * u32::from(from), links)
    };
    (0..members).map(|n| (peer(n), of(n))).collect()
}

fn ranking(members: u8) {
    let reports = reports(members);
    let start = Instant::now();
    for epoch in 0..RANKINGS {
        std::hint::black_box(rank(CALL, epoch.into(), members.into(), &reports));
    }
    println!("{members:>2} members: ranked in {:.1} us", start.elapsed().as_secs_f64() * 1e6 / f64::from(RANKINGS));
}

/// Milliseconds, ascending, at p50, p95 and the most.
fn spread(name: &str, mut values: Vec<u64>) {
    values.sort_unstable();
    let at = |percent: usize| values[(values.len() * percent).div_ceil(100) - 1];
    println!("            {name}: p50 {} ms, p95 {} ms, max {} ms of {}", at(50), at(95), at(100), values.len());
}

fn elections(members: u8) {
    let (mut first, mut again, mut heard, mut cpu) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for seed in 0..KILLS {
        let mut world = World::of(usize::from(members), 900 + seed);
        let start = world.now;
        assert!(world.run_until(10 * SECOND, |w| w.agrees() && w.relay(0).is_some() && w.backup(0).is_some()));
        first.push((world.now - start) / MS);
        world.run(3 * SECOND);
        let relay = world.relay(0).unwrap();
        let talker = (0..usize::from(members)).find(|n| ![Some(relay), world.backup(0)].contains(&Some(*n))).unwrap();
        world.nodes[talker].speaks = true;
        world.run(SECOND);
        let (killed, began) = (world.now, Instant::now());
        world.kill(relay);
        let elected = |w: &World| w.agrees() && w.relay(talker).is_some_and(|now| now != relay);
        assert!(world.run_until(10 * SECOND, elected), "seed {seed}: nobody was elected");
        again.push((world.now - killed) / MS);
        world.run(killed + 4 * SECOND - world.now);
        cpu.push(began.elapsed().as_micros() as u64 / u64::from(members) / 4);
        let gaps = world.live().into_iter().filter(|l| *l != talker);
        heard.push(gaps.map(|l| world.gap(l, talker, killed - 100 * MS, world.now)).max().unwrap() / MS);
    }
    cpu.sort_unstable();
    spread("from coming in to a relay and a stand-by that all agree on", first);
    spread("from the relay's death to the next that all agree on", again);
    spread("longest silence at any ear", heard);
    println!("            each member works {} us a second meanwhile", cpu[cpu.len() / 2]);
}
