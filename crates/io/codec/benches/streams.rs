//! What a talker costs: a frame encoded, and ten milliseconds received (jitter buffer and decoder) of 1, 8 and 25 streams.
//!
//! A core is full when a block of all streams takes 10 ms.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use divan::Bencher;
use hearth_codec::{Complexity, Decoder, Encoder, FrameLength, Settings};
use hearth_jitter::{BLOCK, JitterBuffer, Packet};

fn main() {
    divan::main();
}

/// Harmonics of a gliding pitch under a little noise.
fn voice(samples: usize) -> Vec<f32> {
    let (mut phase, mut seed) = (0.0f32, 1u32);
    (0..samples)
        .map(|i| {
            let seconds = i as f32 / 48_000.0;
            phase = (phase + (140.0 + 30.0 * (seconds * 3.0).sin()) / 48_000.0).fract();
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = seed as f32 / u32::MAX as f32 - 0.5;
            let harmonics: f32 = (1..12).map(|h| (phase * h as f32 * std::f32::consts::TAU).sin() / h as f32).sum();
            (harmonics * (0.6 + 0.4 * (seconds * 25.0).sin()) + 0.05 * noise) * 0.15
        })
        .collect()
}

fn settings(dred: u8, frame: FrameLength) -> Settings {
    Settings { dtx: false, loss_percent: 10, dred, frame, ..Settings::default() }
}

fn packets(settings: Settings) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::new(settings).unwrap();
    voice(48_000 * 10)
        .chunks_exact(settings.frame.samples())
        .map(|frame| encoder.encode(frame).unwrap().to_vec())
        .collect()
}

#[divan::bench(args = [FrameLength::Ms10, FrameLength::Ms20, FrameLength::Ms60])]
fn encode_frame(bencher: Bencher, frame: FrameLength) {
    encode(bencher, settings(0, frame));
}

#[divan::bench]
fn encode_frame_20_ms_with_dred(bencher: Bencher) {
    let mut settings = settings(40, FrameLength::Ms20);
    settings.fec = false;
    encode(bencher, settings);
}

fn encode(bencher: Bencher, settings: Settings) {
    let mut encoder = Encoder::new(settings).unwrap();
    let sound = voice(48_000 * 4);
    let frames: Vec<&[f32]> = sound.chunks_exact(settings.frame.samples()).collect();
    let mut next = 0;
    bencher.bench_local(|| {
        next = (next + 1) % frames.len();
        encoder.encode(frames[next]).unwrap().len()
    });
}

/// One block of 10 ms of every stream, nothing lost.
#[divan::bench(args = [1, 8, 25])]
fn receive_block(bencher: Bencher, streams: usize) {
    receive(bencher, streams, 0);
}

/// One block of 10 ms of every stream, every tenth packet lost.
#[divan::bench(args = [1, 8, 25])]
fn receive_block_with_loss(bencher: Bencher, streams: usize) {
    receive(bencher, streams, 10);
}

fn receive(bencher: Bencher, streams: usize, lose_every: u64) {
    let packets = packets(settings(0, FrameLength::Ms20));
    let mut buffers: Vec<_> =
        (0..streams).map(|_| JitterBuffer::new(Decoder::new(Complexity::Deep).unwrap())).collect();
    let mut block = 0u64;
    let mut out = [0.0; BLOCK];
    bencher.bench_local(|| {
        let now = block * 10_000;
        for (stream, buffer) in buffers.iter_mut().enumerate() {
            let seq = block / 2;
            let lost = lose_every > 0 && (seq + stream as u64) % lose_every == 7;
            if block.is_multiple_of(2) && !lost {
                let payload = packets[(seq % packets.len() as u64) as usize].clone();
                buffer.insert(Packet { seq, timestamp: (seq as u32).wrapping_mul(960), payload }, now);
            }
            divan::black_box(buffer.pull(now + 1_000, &mut out));
        }
        block += 1;
    });
}
