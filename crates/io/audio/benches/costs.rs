//! What voice costs in processor time, whatever else the machine does: everybody's streams from packet to ear, one's own way
//! out stage by stage, and the memory a talker takes.
//!
//! Sound is made faster than it plays; a core is full when 10 ms of it take 10 ms.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use hearth_audio::limits::{BLOCK, FRAME, MAX_DECODED, MAX_TALKERS, RENDER};
use hearth_audio::playout::head::Head;
use hearth_audio::playout::mix::Mix;
use hearth_audio::playout::talkers::Talkers;
use hearth_audio::shared::PlayoutWants;
use hearth_audio::transmit::chain::Chain;
use hearth_audio::transmit::detect::VoiceDetector;
use hearth_audio::transmit::gate::GateKeeper;
use hearth_codec::{Complexity, Decoder, Encoder, Settings};
use hearth_jitter::{JitterBuffer, Packet};
use hearth_ports::audio::{Gate, Place, Processing};
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// Blocks measured: 10 s of sound, after one that is not counted.
const BLOCKS: u64 = 1_000;
const WARM_UP: u64 = 100;
const BLOCK_US: u64 = 10_000;
/// Every seventh render, about 30 times a second, everybody has moved.
const MOVED: u64 = 7;
const NOTHING: Processing = Processing { echo: false, noise: false, gain: false };

fn main() {
    // Cargo asks every bench whether it has tests.
    if std::env::args().any(|word| word == "--list" || word == "--test") {
        return;
    }
    println!("load {}", std::fs::read_to_string("/proc/loadavg").unwrap().trim());
    let packets = packets();
    memory(&packets);
    receiving(&packets);
    sending();
}

/// What this thread has used so far.
fn used() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap()
}

/// Microseconds of processor time a block takes on average; the block's number is given.
fn per_block(mut block: impl FnMut(u64)) -> f64 {
    (0..WARM_UP).for_each(&mut block);
    let before = used();
    (WARM_UP..WARM_UP + BLOCKS).for_each(&mut block);
    (used() - before).as_secs_f64() * 1e6 / BLOCKS as f64
}

/// Harmonics of a gliding pitch under a little noise, in syllables.
fn voice(seconds: usize) -> Vec<f32> {
    let (mut phase, mut seed) = (0.0_f32, 1_u32);
    (0..seconds * 48_000)
        .map(|n| {
            let at = n as f32 / 48_000.0;
            phase = (phase + (140.0 + 30.0 * (at * 3.0).sin()) / 48_000.0).fract();
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = seed as f32 / u32::MAX as f32 - 0.5;
            let harmonics: f32 = (1..12).map(|h| (phase * h as f32 * std::f32::consts::TAU).sin() / h as f32).sum();
            (harmonics * (0.6 + 0.4 * (at * 25.0).sin()) + 0.05 * noise) * 0.15
        })
        .collect()
}

fn packets() -> Vec<Vec<u8>> {
    let mut encoder = Encoder::new(Settings { dtx: false, ..Settings::default() }).unwrap();
    voice(5).chunks_exact(FRAME).map(|frame| encoder.encode(frame).unwrap().to_vec()).collect()
}

fn packet(packets: &[Vec<u8>], seq: u64) -> Packet {
    let payload = packets[(seq % packets.len() as u64) as usize].clone();
    Packet { seq, timestamp: (seq as u32).wrapping_mul(FRAME as u32), payload }
}

/// Of every talker, every tenth packet.
fn lost(seq: u64, talker: usize, lossy: bool) -> bool {
    lossy && (seq + talker as u64) % 10 == 7
}

fn receiving(packets: &[Vec<u8>]) {
    println!("\n10 ms of sound from so many talkers at once, in microseconds of processor time, and for each of them");
    for lossy in [false, true] {
        println!("{}", if lossy { "every tenth packet lost" } else { "nothing lost" });
        for talkers in [1, 8, 25] {
            let buffers = jitter(packets, talkers, lossy);
            let panned = playout(packets, talkers, lossy, None, 2.0);
            let head = Head::open(None).unwrap();
            let ears = playout(packets, talkers, lossy, Some(&head), 2.0);
            let each = |whole: f64| format!("{whole:7.0} ({:5.1})", whole / talkers as f64);
            println!(
                "{talkers:3} talkers: decoder and jitter buffer {}, and mixed for speakers {}, and for headphones {}",
                each(buffers),
                each(panned),
                each(ears)
            );
        }
    }
    let far = playout(packets, 25, false, None, 100.0);
    println!(" 25 talkers out of hearing: {far:.0}; an empty mix: {:.0}", playout(packets, 0, false, None, 2.0));
}

fn jitter(packets: &[Vec<u8>], talkers: usize, lossy: bool) -> f64 {
    let mut buffers: Vec<_> =
        (0..talkers).map(|_| JitterBuffer::new(Decoder::new(Complexity::default()).unwrap())).collect();
    let mut out = [0.0; BLOCK];
    per_block(|n| {
        for (talker, buffer) in buffers.iter_mut().enumerate() {
            if n.is_multiple_of(2) && !lost(n / 2, talker, lossy) {
                buffer.insert(packet(packets, n / 2), n * BLOCK_US);
            }
            std::hint::black_box(buffer.pull(n * BLOCK_US + 1_000, &mut out));
        }
    })
}

fn wanted(talkers: usize, metres: f32, turned: f32) -> PlayoutWants {
    let mut wants = PlayoutWants::default();
    for talker in 0..talkers {
        let azimuth = talker as f32 + turned;
        let place = Place { x: metres * azimuth.sin(), y: metres * azimuth.cos() };
        wants.talker(talker as u32, 1.0, Some(place));
    }
    wants
}

/// The whole of the playout thread's work.
fn playout(packets: &[Vec<u8>], talkers: usize, lossy: bool, head: Option<&Head>, metres: f32) -> f64 {
    let (mut mix, mut all) = (Mix::new(), Talkers::default());
    let mut wants = wanted(talkers, metres, 0.0);
    all.follow(&wants.talkers, head.is_some(), 0);
    let mut stereo = [0.0; 2 * RENDER];
    per_block(|n| {
        let now_us = n * BLOCK_US;
        for talker in 0..talkers {
            if n.is_multiple_of(2) && !lost(n / 2, talker, lossy) {
                all.packet(talker as u32, packet(packets, n / 2), now_us, &mut mix, head);
            }
        }
        for render in [2 * n, 2 * n + 1] {
            if render.is_multiple_of(MOVED) {
                for (talker, wanted) in &mut wants.talkers {
                    let azimuth = *talker as f32 + render as f32 * 0.01;
                    wanted.place = Some(Place { x: metres * azimuth.sin(), y: metres * azimuth.cos() });
                }
                all.follow(&wants.talkers, head.is_some(), now_us);
            }
            all.fill(now_us + 5_000 * (render % 2), head);
            mix.render(std::hint::black_box(&mut stereo));
        }
    })
}

fn sending() {
    println!("\n20 ms of one's own sound, in microseconds of processor time");
    let sound = voice(4);
    let blocks = sound.as_chunks::<BLOCK>().0;
    let far: Vec<f32> = sound.iter().rev().copied().collect();
    let far = far.as_chunks::<BLOCK>().0;
    let at = |n: u64| n as usize % blocks.len();
    let chain = |processing, strong| {
        let mut chain = Chain::new(processing, strong);
        2.0 * per_block(|n| {
            let mut block = blocks[at(n)];
            if chain.cancels_echo() {
                chain.far(&far[at(n)]);
            }
            chain.near(&mut block);
            std::hint::black_box(&block);
        })
    };
    let everything = Processing { echo: true, noise: true, gain: true };
    let stages = [
        ("nothing", chain(NOTHING, false)),
        ("echo", chain(Processing { echo: true, ..NOTHING }, false)),
        ("noise", chain(Processing { noise: true, ..NOTHING }, false)),
        ("strong noise", chain(Processing { noise: true, ..NOTHING }, true)),
        ("gain", chain(Processing { gain: true, ..NOTHING }, false)),
        ("all", chain(everything, false)),
        ("all, strong noise", chain(everything, true)),
    ];
    for (name, us) in stages {
        println!("chain, {name}: {us:.0}");
    }
    let (mut detector, mut gate) = (VoiceDetector::default(), GateKeeper::new(Gate::Voice));
    let gate = 2.0
        * per_block(|n| {
            let voice = detector.block(&blocks[at(n)]);
            std::hint::black_box(gate.frame(voice, false, false));
        });
    println!("voice detection and gate: {gate:.0}");
    for (name, settings) in [
        ("as in a quiet call", Settings { fec: false, loss_percent: 0, ..Settings::default() }),
        ("with FEC", Settings { fec: true, loss_percent: 10, ..Settings::default() }),
        ("with DRED", Settings { fec: false, dred: 40, loss_percent: 10, ..Settings::default() }),
    ] {
        let mut encoder = Encoder::new(settings).unwrap();
        let frames = sound.as_chunks::<FRAME>().0;
        let us = per_block(|n| {
            std::hint::black_box(encoder.encode(&frames[n as usize % frames.len()]).unwrap().len());
        });
        println!("Opus at {} kbit/s {name}: {us:.0}", settings.bitrate / 1000);
    }
}

/// KiB of this process that are in memory.
fn resident_kib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Uses up what was given back and not returned to the system, so that what is asked for next is seen.
fn fill_holes() {
    for size in [64, 256, 1_024, 4_096, 16_384, 65_536] {
        let before = resident_kib();
        while resident_kib() < before + 2_048.0 {
            (0..64).for_each(|_| std::mem::forget(std::hint::black_box(vec![1_u8; size])));
        }
    }
}

fn memory(packets: &[Vec<u8>]) {
    println!("\nmemory of each talker, in KiB");
    let head = Head::open(None).unwrap();
    fill_holes();
    for (name, head) in [("on speakers", None), ("on headphones", Some(&head))] {
        let (mut mix, mut all) = (Mix::new(), Talkers::default());
        let wants = wanted(MAX_TALKERS, 2.0, 0.0);
        let before = resident_kib();
        all.follow(&wants.talkers, head.is_some(), 0);
        let known = resident_kib();
        let mut stereo = [0.0; 2 * RENDER];
        for n in 0..2 * WARM_UP {
            for talker in 0..MAX_DECODED as u32 {
                if n.is_multiple_of(2) {
                    all.packet(talker, packet(packets, n / 2), n * BLOCK_US, &mut mix, head);
                }
            }
            for half in 0..2 {
                all.fill(n * BLOCK_US + 5_000 * half, head);
                mix.render(&mut stereo);
            }
        }
        let heard = resident_kib();
        assert_eq!(all.decoded(), MAX_DECODED);
        let (known, heard) = ((known - before) / MAX_TALKERS as f64, (heard - known) / MAX_DECODED as f64);
        println!("{name}: who is known {known:.1}, who is heard {heard:.0}");
        // What is given back would be used again and not be seen to grow.
        std::mem::forget((mix, all));
    }
}
