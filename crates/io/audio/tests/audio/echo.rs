//! The microphone's chain: echo, noise, loudness, voices.

use crate::signal::{Noise, correlation, decibels, rms, speech};
use hearth_audio::limits::BLOCK;
use hearth_audio::transmit::chain::Chain;
use hearth_audio::transmit::detect::VoiceDetector;
use hearth_ports::audio::Processing;

pub const SECOND: usize = 48_000;
const NOTHING: Processing = Processing { echo: false, noise: false, gain: false };

/// A room: the speakers' sound 25 ms later and 10 dB softer, with a decaying tail of 60 ms.
pub fn room(far: &[f32]) -> Vec<f32> {
    let mut noise = Noise::new(99);
    let taps: Vec<(usize, f32)> = (0..120)
        .map(|n| {
            let late = n as f32 * 0.5;
            (1_200 + n * 24, 0.3 * (-late / 12.0).exp() * if n == 0 { 1.0 } else { noise.sample() * 0.5 })
        })
        .collect();
    (0..far.len())
        .map(|at| taps.iter().filter_map(|(late, gain)| Some(far.get(at.checked_sub(*late)?)? * gain)).sum())
        .collect()
}

pub fn through(chain: &mut Chain, near: &[f32], far: &[f32]) -> Vec<f32> {
    let mut out = Vec::with_capacity(near.len());
    for (near, far) in near.chunks_exact(BLOCK).zip(far.chunks_exact(BLOCK)) {
        chain.far(far.try_into().unwrap());
        let mut block: [f32; BLOCK] = near.try_into().unwrap();
        chain.near(&mut block);
        out.extend(block);
    }
    out
}

#[test]
fn with_everything_off_sound_passes_untouched() {
    let voice = speech(1.0, 1);
    assert_eq!(through(&mut Chain::new(NOTHING, true), &voice, &voice), voice);
}

#[test]
fn the_speakers_are_taken_out_of_the_microphone_within_two_seconds() {
    let far = speech(8.0, 21);
    let echo = room(&far);
    let mut chain = Chain::new(Processing { echo: true, ..NOTHING }, false);
    let out = through(&mut chain, &echo, &far);
    let erle = |from: usize, to: usize| {
        decibels(rms(&echo[from * SECOND..to * SECOND]) / rms(&out[from * SECOND..to * SECOND]))
    };
    let (early, late) = (erle(2, 3), erle(3, 8));
    println!("ERLE: third second {early:.1} dB, after that {late:.1} dB");
    assert!(early >= 30.0 && late >= 30.0, "{early} {late}");

    // Distorted speakers are harder.
    let bent: Vec<f32> = echo.iter().map(|sample| (sample * 6.0).tanh() / 6.0).collect();
    let mut chain = Chain::new(Processing { echo: true, ..NOTHING }, false);
    let out = through(&mut chain, &bent, &far);
    let distorted = decibels(rms(&bent[3 * SECOND..]) / rms(&out[3 * SECOND..]));
    println!("ERLE with distortion, after three seconds: {distorted:.1} dB");
    assert!(distorted >= 20.0, "{distorted}");
}

#[test]
fn who_speaks_at_the_same_time_is_still_heard() {
    let far = speech(8.0, 22);
    let near: Vec<f32> = speech(8.0, 23);
    let both: Vec<f32> = room(&far).iter().zip(&near).map(|(echo, near)| 0.5 * echo + near).collect();
    let mut chain = Chain::new(Processing { echo: true, ..NOTHING }, false);
    let out = through(&mut chain, &both, &far);
    let best =
        (0..1_000).map(|late| correlation(&near[4 * SECOND..7 * SECOND], &out[4 * SECOND + late..7 * SECOND + late]));
    let best = best.fold(-1.0, f32::max);
    println!("near voice while both speak: correlation {best:.3}");
    assert!(best > 0.5, "{best}");
}

#[test]
fn noise_is_turned_down_and_the_voice_is_not() {
    for strong in [false, true] {
        let voice = speech(8.0, 31);
        let level = rms(&voice);
        let mut noise = Noise::new(5);
        let hiss: Vec<f32> = voice.iter().map(|_| noise.sample()).collect();
        for snr_db in [0.0, 5.0, 10.0] {
            let gain = level / rms(&hiss) / 10.0_f32.powf(snr_db / 20.0);
            let mixed: Vec<f32> = voice.iter().zip(&hiss).map(|(voice, hiss)| voice + hiss * gain).collect();
            let mut chain = Chain::new(Processing { noise: true, ..NOTHING }, strong);
            let out = through(&mut chain, &mixed, &mixed);
            // Pauses of the voice hold noise alone.
            let pause = |n: &usize| rms(&voice[n * BLOCK..(n + 1) * BLOCK]) < 0.001;
            let blocks: Vec<usize> = (200..790).collect();
            let energy = |sound: &[f32], quiet: bool| {
                let chosen = blocks.iter().filter(|n| pause(n) == quiet);
                let (sum, count) = chosen.fold((0.0, 0), |(sum, count), n| {
                    (sum + rms(&sound[n * BLOCK..(n + 1) * BLOCK]).powi(2), count + 1)
                });
                (sum / count.max(1) as f32).sqrt()
            };
            let before = decibels(energy(&mixed, false) / energy(&mixed, true));
            let after = decibels(energy(&out, false) / energy(&out, true));
            println!("strong {strong}, {snr_db} dB: voice over pauses {before:.1} -> {after:.1} dB");
            assert!(after > before + 5.0, "strong {strong} at {snr_db} dB: {before} -> {after}");
        }
    }
}

#[test]
fn a_quiet_voice_is_made_louder() {
    let quiet: Vec<f32> = speech(10.0, 41).iter().map(|sample| sample * 0.05).collect();
    let mut chain = Chain::new(Processing { gain: true, ..NOTHING }, false);
    let out = through(&mut chain, &quiet, &quiet);
    let gain = decibels(rms(&out[7 * SECOND..]) / rms(&quiet[7 * SECOND..]));
    println!("gain of a quiet voice: {gain:+.1} dB");
    assert!(gain > 3.0, "{gain}");
    assert!(out.iter().all(|sample| sample.abs() <= 1.0));
}

#[test]
fn voices_are_told_from_silence_and_hiss() {
    let share = |sound: &[f32]| {
        let mut detector = VoiceDetector::default();
        let blocks: Vec<bool> =
            sound.chunks_exact(BLOCK).map(|block| detector.block(block.try_into().unwrap())).collect();
        blocks.iter().filter(|voice| **voice).count() as f32 / blocks.len() as f32
    };
    let mut noise = Noise::new(7);
    let hiss: Vec<f32> = (0..5 * SECOND).map(|_| noise.sample() * 0.02).collect();
    let (voice, hiss, silence) = (share(&speech(5.0, 51)), share(&hiss), share(&vec![0.0; 5 * SECOND]));
    println!("blocks held for a voice: speech {voice:.2}, hiss {hiss:.2}, silence {silence:.2}");
    assert!(voice > 0.3 && hiss < 0.1 && silence == 0.0);
}
