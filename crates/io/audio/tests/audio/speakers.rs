//! Speakers that bend what they play: how that is found, and what the echo canceller makes of it.

use crate::echo::{SECOND, room, through};
use crate::signal::{Noise, decibels, rms, speech};
use hearth_audio::limits::BLOCK;
use hearth_audio::transmit::bands::{BANDS, INT16, SPLIT};
use hearth_audio::transmit::chain::Chain;
use hearth_audio::transmit::echo::EchoCanceller;
use hearth_audio::transmit::speakers::Speakers;
use hearth_audio::transmit::speakers::curve::Curve;
use hearth_ports::audio::Processing;
use sonora::three_band_filter_bank::ThreeBandFilterBank;

fn clipped(far: &[f32]) -> Vec<f32> {
    far.iter().map(|sample| sample.clamp(-0.16, 0.16)).collect()
}

fn bent(far: &[f32]) -> Vec<f32> {
    far.iter().map(|sample| (4.0 * sample).tanh() / 4.0).collect()
}

/// What is found after these sounds were played and heard. The mix comes in bursts of up to 60 ms.
fn found(far: &[f32], heard: &[f32]) -> Curve {
    let mut speakers = Speakers::new();
    let (far, heard) = (far.as_chunks::<BLOCK>().0, heard.as_chunks::<BLOCK>().0);
    let mut played = 0;
    for (n, heard) in heard.iter().enumerate() {
        while n % 6 == 0 && played < far.len().min(n + 6) {
            speakers.far(&far[played]);
            played += 1;
        }
        speakers.near(heard);
    }
    Curve::new(speakers.bends())
}

/// How far a curve is from the truth at the loudest, of all that there is.
fn wrong(curve: Curve, truth: fn(&[f32]) -> Vec<f32>, loudest: f32) -> f32 {
    let asked: Vec<f32> = (0..=20).map(|n| loudest * n as f32 / 20.0).collect();
    let worst = asked.iter().zip(truth(&asked)).map(|(asked, truth)| (curve.at(*asked) - truth).abs());
    worst.fold(0.0, f32::max) / loudest
}

fn loud(seed: u32) -> Vec<f32> {
    let voice = speech(6.0, seed);
    let peak = voice.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    voice.iter().map(|sample| sample * 0.5 / peak).collect()
}

#[test]
fn the_curve_of_speakers_is_found_through_the_room() {
    for (name, truth) in [("clipped", clipped as fn(&[f32]) -> Vec<f32>), ("bent", bent), ("straight", <[f32]>::to_vec)]
    {
        let far = loud(61);
        let wrong = wrong(found(&far, &room(&truth(&far))), truth, 0.5);
        println!("{name}: the curve is wrong by {wrong:.3} of the loudest");
        assert!(wrong < 0.06, "{name}: {wrong}");
    }
}

#[test]
fn a_voice_in_the_room_does_not_bend_straight_speakers() {
    let (far, near) = (loud(62), loud(63));
    let both: Vec<f32> = room(&far).iter().zip(&near).map(|(echo, near)| echo + near).collect();
    let wrong = wrong(found(&far, &both), <[f32]>::to_vec, 0.5);
    assert!(wrong < 0.03, "{wrong}");
    let alone = found(&far, &near);
    assert_eq!(alone, Curve::default(), "no echo, no curve");
}

#[test]
fn no_curve_folds_back_or_makes_louder() {
    let curve = Curve::new([3.0, -9.0, 0.5, 2.0, -0.2, 0.4, -4.0, 1.5]);
    let steps: Vec<f32> = (-100..=100).map(|n| curve.at(n as f32 / 100.0)).collect();
    for two in steps.windows(2) {
        let rise = (two[1] - two[0]) * 100.0;
        assert!((-0.001..=1.001).contains(&rise), "{rise}");
    }
}

#[test]
fn speakers_that_bend_or_clip_are_taken_out_of_the_microphone() {
    for (name, speakers) in [("clipped", clipped as fn(&[f32]) -> Vec<f32>), ("bent", bent)] {
        let far = loud(64);
        let echo = room(&speakers(&far));
        let mut chain = Chain::new(Processing { echo: true, noise: false, gain: false }, false);
        let out = through(&mut chain, &echo, &far);
        let down = |from: usize, to: usize| {
            decibels(rms(&echo[from * SECOND..to * SECOND]) / rms(&out[from * SECOND..to * SECOND]))
        };
        println!("{name}: {:.1} dB in the third second, {:.1} dB after that", down(2, 3), down(3, 6));
        assert!(down(2, 3) >= 20.0 && down(3, 6) >= 20.0, "{name}: {} {}", down(2, 3), down(3, 6));
    }
}

/// How far the adaptive filter alone takes an echo down after four seconds, in dB.
fn by_the_filter_alone(far: &[f32], echo: &[f32]) -> f32 {
    let (mut canceller, mut apart) = (EchoCanceller::new(), ThreeBandFilterBank::new());
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for (far, echo) in far.as_chunks::<BLOCK>().0.iter().zip(echo.as_chunks::<BLOCK>().0) {
        canceller.far(far);
        canceller.heard(echo);
        let mut bands = [[0.0; SPLIT]; BANDS];
        apart.analysis(&echo.map(|sample| sample * INT16), &mut bands);
        before.extend(bands[0]);
        after.extend(canceller.near(&mut bands, false));
    }
    let from = 4 * SECOND / BANDS;
    decibels(rms(&before[from..]) / rms(&after[from..]))
}

#[test]
fn the_adaptive_filter_is_told_what_the_speakers_made_of_the_sound() {
    // Hiss in syllables: it has every pitch, so the filter finds the whole room.
    let mut noise = Noise::new(65);
    let mut soft = 0.0;
    let far: Vec<f32> = (0..6 * SECOND)
        .map(|n| {
            soft += 0.2 * (noise.sample() - soft);
            soft * (1.0 + (n as f32 / 2_000.0).sin()) * 0.8
        })
        .collect();
    let straight = by_the_filter_alone(&far, &room(&far));
    for (name, speakers) in [("clipped", clipped as fn(&[f32]) -> Vec<f32>), ("bent", bent)] {
        let down = by_the_filter_alone(&far, &room(&speakers(&far)));
        println!("{name}: {down:.1} dB by the adaptive filter, {straight:.1} dB where the speakers are straight");
        assert!(down >= 20.0, "{name}: {down} {straight}");
    }
}
