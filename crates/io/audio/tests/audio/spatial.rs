//! Where voices are heard.

use crate::signal::{Noise, correlation, decibels, rms};
use hearth_audio::limits::{BLOCK, RENDER, TALKER_RING};
use hearth_audio::playout::head::Head;
use hearth_audio::playout::limiter::CEILING;
use hearth_audio::playout::mix::{Mix, Voice};
use hearth_audio::playout::sound::Controls;
use hearth_audio::playout::space::Heard;
use hearth_ports::audio::Place;
use std::f32::consts::{FRAC_PI_2, PI, TAU};

fn at(azimuth: f32) -> Heard {
    Heard::from(Some(Place { x: azimuth.sin(), y: azimuth.cos() }))
}

fn voice_at(mix: &mut Mix, head: &Head, azimuth: f32, headphones: bool) -> Voice {
    let controls = Controls::default();
    controls.set(1.0, at(azimuth), 0.0, headphones);
    let mut voice = mix.add(Some(head), TALKER_RING, TALKER_RING, controls).unwrap();
    voice.direction.as_mut().unwrap().set(head, azimuth);
    voice
}

/// Renders `seconds` of a sound; `each` is called before every render of 5 ms with its number.
fn render(
    mix: &mut Mix,
    voice: &mut Voice,
    seconds: f32,
    mut sound: impl FnMut() -> f32,
    mut each: impl FnMut(usize, &mut Voice),
) -> (Vec<f32>, Vec<f32>) {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for n in 0..(seconds * 200.0) as usize {
        each(n, voice);
        for _ in 0..RENDER {
            voice.ring.push(sound()).unwrap();
        }
        let mut out = [0.0; 2 * RENDER];
        mix.render(&mut out);
        left.extend(out.iter().step_by(2));
        right.extend(out.iter().skip(1).step_by(2));
    }
    (left, right)
}

/// Samples that `right` comes after `left`, to a fraction, by the peak of their correlation.
fn delay(left: &[f32], right: &[f32]) -> f32 {
    const REACH: usize = 60;
    let middle = &left[REACH..left.len() - REACH];
    let scores: Vec<f32> =
        (0..2 * REACH).map(|shift| correlation(middle, &right[shift..shift + middle.len()])).collect();
    let peak = (1..scores.len() - 1).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap();
    let (before, here, after) = (scores[peak - 1], scores[peak], scores[peak + 1]);
    peak as f32 - REACH as f32 + 0.5 * (before - after) / (before - 2.0 * here + after)
}

#[test]
fn a_voice_at_the_left_has_the_time_and_level_difference_of_the_set() {
    let head = Head::open(None).unwrap();
    for degrees in [-90.0_f32, -45.0, 30.0, 90.0, 135.0] {
        let azimuth = degrees.to_radians();
        let mut mix = Mix::new();
        let mut voice = voice_at(&mut mix, &head, azimuth, true);
        let mut noise = Noise::new(1);
        let (left, right) = render(&mut mix, &mut voice, 2.0, || noise.sample() * 0.1, |_, _| {});
        let (left, right) = (&left[24_000..], &right[24_000..]);

        // What the set itself does to the same noise, without any of our code.
        let filter = head.filter(azimuth);
        let mut noise = Noise::new(1);
        let dry: Vec<f32> = (0..24_000).map(|_| noise.sample() * 0.1).collect();
        let by = |taps: &[f32], seconds: f32| -> Vec<f32> {
            let late = (seconds * 48_000.0).round() as usize;
            (1_000..dry.len()).map(|n| taps.iter().enumerate().map(|(k, tap)| tap * dry[n - k - late]).sum()).collect()
        };
        let (set_left, set_right) = (by(&filter.left, filter.ldelay), by(&filter.right, filter.rdelay));

        let (itd, set_itd) = (delay(left, right) / 48.0, delay(&set_left, &set_right) / 48.0);
        let (ild, set_ild) = (decibels(rms(left) / rms(right)), decibels(rms(&set_left) / rms(&set_right)));
        println!("{degrees:+4.0} degrees: ITD {itd:+.3} ms (set {set_itd:+.3}), ILD {ild:+.2} dB (set {set_ild:+.2})");
        assert!((itd - set_itd).abs() <= 0.1 * set_itd.abs().max(0.2), "{degrees}: {itd} ms, set {set_itd} ms");
        assert!((ild - set_ild).abs() < 0.5, "{degrees}: {ild} dB, set {set_ild} dB");
        // And it is the right side: the nearer ear is first and louder.
        assert_eq!(itd > 0.0, degrees < 0.0);
        assert_eq!(ild > 0.0, degrees < 0.0);
        if degrees.abs() == 90.0 {
            assert!((0.5..0.85).contains(&itd.abs()) && ild.abs() > 5.0);
        }
    }
}

#[test]
fn ears_are_about_as_loud_as_speakers() {
    let head = Head::open(None).unwrap();
    let loud = |headphones: bool| {
        let mut mix = Mix::new();
        let mut voice = voice_at(&mut mix, &head, 0.0, headphones);
        let mut noise = Noise::new(2);
        let (left, _) = render(&mut mix, &mut voice, 1.0, || noise.sample() * 0.1, |_, _| {});
        rms(&left[24_000..])
    };
    let difference = decibels(loud(true) / loud(false));
    println!("binaural against panned, straight ahead: {difference:+.2} dB");
    assert!(difference.abs() < 6.0, "{difference}");
}

/// The largest fourth difference: nothing for a low tone, as large as the step for a click.
fn click(samples: &[f32]) -> f32 {
    let fourth = samples.windows(5).map(|w| w[0] - 4.0 * w[1] + 6.0 * w[2] - 4.0 * w[3] + w[4]);
    fourth.map(f32::abs).fold(0.0, f32::max)
}

fn tone() -> impl FnMut() -> f32 {
    let mut phase = 0.0_f32;
    move || {
        phase = (phase + 300.0 * TAU / 48_000.0) % TAU;
        phase.sin() * 0.3
    }
}

#[test]
fn moving_makes_no_click() {
    let head = Head::open(None).unwrap();
    let mut mix = Mix::new();
    let mut voice = voice_at(&mut mix, &head, -PI, true);
    let (left, right) = render(&mut mix, &mut voice, 4.0, tone(), |n, voice| {
        // Round the head in three seconds, turned as often as a talker is, and once straight through it.
        if n % 7 == 0 {
            let azimuth = if n == 700 { FRAC_PI_2 } else { -PI + n as f32 / 600.0 * TAU };
            voice.direction.as_mut().unwrap().set(&head, azimuth);
            voice.controls.set(1.0, at(azimuth), 0.0, true);
        }
    });
    let worst = click(&left[24_000..]).max(click(&right[24_000..]));

    // The same measure of a filter changed at once.
    let still = |azimuth: f32| {
        let mut mix = Mix::new();
        let mut voice = voice_at(&mut mix, &head, azimuth, true);
        render(&mut mix, &mut voice, 1.0, tone(), |_, _| {}).0
    };
    let (here, there) = (still(-FRAC_PI_2), still(FRAC_PI_2));
    let standing = click(&here[24_000..]);
    let jump: Vec<f32> = here[24_000..36_040].iter().chain(&there[36_040..]).copied().collect();
    let jumped = click(&jump);
    println!("fourth difference: standing {standing:.6}, moving {worst:.6}, without a fade {jumped:.6}");
    assert!(jumped > 0.02, "the measure sees a click");
    assert!(worst < jumped / 20.0 && worst < 0.003, "{worst}");
}

#[test]
fn panning_and_volume_move_without_a_click() {
    let head = Head::open(None).unwrap();
    let mut mix = Mix::new();
    let mut voice = voice_at(&mut mix, &head, 0.0, false);
    let (left, right) = render(&mut mix, &mut voice, 2.0, tone(), |n, voice| {
        if n % 20 == 0 {
            let side = if n % 40 == 0 { 1.0 } else { -1.0 };
            voice.controls.set(1.0 + side, at(side * FRAC_PI_2), (n % 3) as f32 * 0.5, n % 60 == 0);
        }
    });
    let worst = click(&left[2_400..]).max(click(&right[2_400..]));
    println!("fourth difference of jumps in volume, side, walls and headphones: {worst:.6}");
    assert!(worst < 0.01, "{worst}");
}

#[test]
fn a_wall_takes_the_high_notes() {
    let loss = |hertz: f32, occlusion: f32| {
        let mut mix = Mix::new();
        let controls = Controls::default();
        controls.set(1.0, Heard::MIDDLE, occlusion, false);
        let mut voice = mix.add(None, TALKER_RING, TALKER_RING, controls).unwrap();
        let mut phase = 0.0_f32;
        let wave = || {
            phase = (phase + hertz * TAU / 48_000.0) % TAU;
            phase.sin() * 0.3
        };
        let (left, _) = render(&mut mix, &mut voice, 0.5, wave, |_, _| {});
        decibels(rms(&left[12_000..]) / (0.3 / 2.0_f32.sqrt()))
    };
    let (low, high) = (loss(150.0, 1.0), loss(4_000.0, 1.0));
    println!("behind a wall: 150 Hz {low:.1} dB, 4 kHz {high:.1} dB; in the open {:.2} dB", loss(4_000.0, 0.0));
    assert!((-20.0..-10.0).contains(&low) && high < low - 15.0);
    assert!(loss(4_000.0, 0.0).abs() < 0.1);
    assert!(loss(4_000.0, 0.5) < loss(4_000.0, 0.2));
}

#[test]
fn thirty_two_who_shout_at_once_do_not_pass_the_ceiling() {
    let mut mix = Mix::new();
    let mut voices: Vec<Voice> = (0..32)
        .map(|_| {
            let controls = Controls::default();
            controls.set(2.0, Heard::MIDDLE, 0.0, false);
            mix.add(None, TALKER_RING, TALKER_RING, controls).unwrap()
        })
        .collect();
    let mut wave = tone();
    let mut loudest = 0.0_f32;
    for _ in 0..200 {
        for _ in 0..RENDER {
            let sample = wave() * 3.0;
            voices.iter_mut().for_each(|voice| voice.ring.push(sample).unwrap());
        }
        let mut out = [0.0; 2 * RENDER];
        mix.render(&mut out);
        loudest = out.iter().map(|sample| sample.abs()).fold(loudest, f32::max);
    }
    assert!(loudest <= CEILING && loudest > 0.8 * CEILING, "{loudest}");
}

#[test]
fn a_voice_that_left_makes_room_for_another() {
    let mut mix = Mix::new();
    for _ in 0..500 {
        let voice = mix.add(None, BLOCK, BLOCK, Controls::default());
        assert!(voice.is_some());
        drop(voice);
        mix.render(&mut [0.0; 2 * RENDER]);
    }
}
