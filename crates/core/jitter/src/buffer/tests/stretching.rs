//! Stretching keeps the pitch.

use super::line::{Line, tone};
use crate::stretch;

/// The share of the energy at one frequency (Goertzel), of a signal at 48 kHz.
fn purity(sound: &[f32], hz: f64) -> f64 {
    let (mut re, mut im, mut all) = (0.0, 0.0, 0.0);
    let whole = sound.len() as f64;
    for (i, x) in sound.iter().enumerate() {
        let x = f64::from(*x) * (0.5 - 0.5 * (std::f64::consts::TAU * i as f64 / whole).cos());
        let phase = std::f64::consts::TAU * hz * i as f64 / 48_000.0;
        re += x * phase.cos();
        im += x * phase.sin();
        all += x * x;
    }
    // A Hann window spreads a pure tone over 1.5 bins.
    (re * re + im * im) * 2.0 / (all * whole) * 1.5
}

fn clip(at: usize, samples: usize) -> Vec<f32> {
    (at..at + samples).map(|i| tone(i as i64)).collect()
}

#[test]
fn a_tone_shortened_or_stretched_stays_the_same_tone() {
    let mut shortened = clip(0, 48_000);
    let mut out = Vec::new();
    for _ in 0..20 {
        let removed = stretch::shorten(&mut shortened, 0.9);
        assert!(removed >= 120 && removed.is_multiple_of(240), "{removed}");
        out.extend(shortened.drain(..960));
    }
    assert!(purity(&out, 200.0) > 0.99, "{}", purity(&out, 200.0));
    let mut history = clip(0, 4800);
    let mut rest = clip(4800, 48_000);
    for _ in 0..20 {
        let before = rest.len();
        let added = stretch::lengthen(&history, &mut rest, 0.9);
        assert!(added >= 120 && added.is_multiple_of(240), "{added}");
        assert_eq!(rest.len(), before + added);
        history.extend(rest.drain(..960));
    }
    assert!(purity(&history, 200.0) > 0.99, "{}", purity(&history, 200.0));
}

#[test]
fn noise_is_not_stretched() {
    let mut roll = super::line::dice(5);
    let mut noise: Vec<f32> = (0..4800).map(|_| (roll() % 2000) as f32 / 1000.0 - 1.0).collect();
    assert_eq!(stretch::shorten(&mut noise, 0.9), 0);
    let history = noise.split_off(2400);
    assert_eq!(stretch::lengthen(&history, &mut noise, 0.9), 0);
}

#[test]
fn a_tone_heard_through_a_drifting_line_stays_the_same_tone() {
    let mut line = Line::new(20);
    for n in 0..6_000u64 {
        line.send_at(n, n, n * 20_000 - n * 4);
    }
    line.run(1_000);
    let heard = line.run(115_000);
    assert!(line.buffer.stats().shortened > 0);
    for second in heard.chunks_exact(48_000) {
        assert!(purity(second, 200.0) > 0.99, "{}", purity(second, 200.0));
    }
}
