//! What 10 ms of sound cost: the spatial mix of many, and one's own way out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use divan::Bencher;
use hearth_audio::limits::{BLOCK, RENDER, TALKER_RING};
use hearth_audio::playout::head::Head;
use hearth_audio::playout::mix::Mix;
use hearth_audio::playout::sound::Controls;
use hearth_audio::playout::space::Heard;
use hearth_audio::transmit::chain::Chain;
use hearth_audio::transmit::detect::VoiceDetector;
use hearth_codec::{Encoder, Settings};
use hearth_ports::audio::{Place, Processing};

fn main() {
    divan::main();
}

fn wave(n: usize) -> f32 {
    (n as f32 * 0.03).sin() * (n as f32 * 0.0007).sin() * 0.3
}

/// 10 ms of the mix, everybody talking; every voice turns 30 times a second.
fn mix(bencher: Bencher, talkers: usize, headphones: bool) {
    let head = Head::open(None).unwrap();
    let mut mix = Mix::new();
    let mut voices: Vec<_> = (0..talkers)
        .map(|n| {
            let heard = Heard::from(Some(Place { x: n as f32 - 2.0, y: 2.0 }));
            let controls = Controls::default();
            controls.set(1.0, heard, 0.0, headphones);
            let mut voice = mix.add(Some(&head), TALKER_RING, TALKER_RING, controls).unwrap();
            voice.direction.as_mut().unwrap().set(&head, heard.azimuth);
            voice
        })
        .collect();
    let mut out = [0.0; 2 * RENDER];
    let mut n = 0;
    bencher.bench_local(move || {
        for _ in 0..2 {
            n += 1;
            for voice in &mut voices {
                if headphones && n % 7 == 0 {
                    voice.direction.as_mut().unwrap().set(&head, n as f32 * 0.01);
                }
                let chunk = voice.ring.write_chunk_uninit(RENDER).unwrap();
                chunk.fill_from_iter((0..RENDER).map(wave));
            }
            mix.render(divan::black_box(&mut out));
        }
    });
}

#[divan::bench(args = [1, 8, 25])]
fn binaural_mix_10_ms(bencher: Bencher, talkers: usize) {
    mix(bencher, talkers, true);
}

#[divan::bench(args = [1, 8, 25])]
fn panned_mix_10_ms(bencher: Bencher, talkers: usize) {
    mix(bencher, talkers, false);
}

fn chain(bencher: Bencher, processing: Processing, strong: bool) {
    let mut chain = Chain::new(processing, strong);
    let far: [f32; BLOCK] = std::array::from_fn(wave);
    let mut at = 0;
    bencher.bench_local(move || {
        at += BLOCK;
        let mut near: [f32; BLOCK] = std::array::from_fn(|n| wave(at + n));
        chain.far(&far);
        chain.near(&mut near);
        near
    });
}

const NOTHING: Processing = Processing { echo: false, noise: false, gain: false };

#[divan::bench]
fn chain_echo_10_ms(bencher: Bencher) {
    chain(bencher, Processing { echo: true, ..NOTHING }, false);
}

#[divan::bench]
fn chain_all_10_ms(bencher: Bencher) {
    chain(bencher, Processing { echo: true, noise: true, gain: true }, false);
}

#[divan::bench]
fn chain_all_strong_noise_10_ms(bencher: Bencher) {
    chain(bencher, Processing { echo: true, noise: true, gain: true }, true);
}

#[divan::bench]
fn voice_detection_10_ms(bencher: Bencher) {
    let mut detector = VoiceDetector::default();
    let block: [f32; BLOCK] = std::array::from_fn(wave);
    bencher.bench_local(move || detector.block(divan::black_box(&block)));
}

#[divan::bench]
fn encode_20_ms(bencher: Bencher) {
    let mut encoder = Encoder::new(Settings::default()).unwrap();
    let mut at = 0;
    bencher.bench_local(move || {
        at += 2 * BLOCK;
        let frame: [f32; 2 * BLOCK] = std::array::from_fn(|n| wave(at + n));
        encoder.encode(&frame).unwrap().len()
    });
}
