//! Cues: what they are like, that they are heard and never sent.

use crate::round_trip::{NOTHING, PLAIN};
use crate::signal::{LONG, RATE, decibels, find, read_wav, rms, speech, until, write_wav};
use hearth_audio::cue::{PEAK, SOUNDS, played, score, sound};
use hearth_audio::limits::{FRAME, OTHERS_CUES_A_SECOND, RENDER};
use hearth_audio::playout::mix::Mix;
use hearth_audio::{AudioConfig, AudioHandle, start};
use hearth_codec::{Complexity, Decoder};
use hearth_ports::audio::{AudioCommand, AudioSink, AudioSource, Cue, Gate};
use std::path::Path;
use std::time::{Duration, Instant};

/// How much of a tone there is (Goertzel 1958).
fn tone(piece: &[f32], hz: f32) -> f32 {
    let turn = 2.0 * (std::f32::consts::TAU * hz / RATE as f32).cos();
    let (one, two) = piece.iter().fold((0.0, 0.0), |(one, two), sample| (sample + turn * one - two, one));
    (one * one + two * two - turn * one * two).sqrt() / piece.len() as f32
}

fn samples(ms: u16) -> usize {
    usize::from(ms) * 48
}

#[test]
fn each_is_short_soft_and_without_a_click() {
    // Speech of this loudness is what a level of -20 dBFS is for.
    let voice = speech(4.0, 3);
    let loud: Vec<f32> = voice.chunks(480).map(rms).filter(|level| *level > 0.01).collect();
    let voice = loud.iter().sum::<f32>() / loud.len() as f32;
    for cue in SOUNDS {
        let sound = sound(cue);
        let ms = sound.len() / 48;
        let peak = sound.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        let step = sound.windows(2).fold(0.0_f32, |step, pair| step.max((pair[1] - pair[0]).abs()));
        let mean = sound.iter().sum::<f32>() / sound.len() as f32;
        let over_voice = decibels(rms(&sound) / voice);
        println!("{cue:?}: {ms} ms, peak {:.1} dBFS, {over_voice:+.1} dB to a voice, step {step:.3}", decibels(peak));
        assert!((80..=220).contains(&ms), "{cue:?}");
        assert!((peak - PEAK).abs() < 1e-4 && decibels(peak) < -15.0, "{cue:?}");
        assert!(over_voice < -3.0, "{cue:?} is as loud as a voice");
        assert!(sound[0].abs() < 1e-4 && sound.last().unwrap().abs() < 1e-3 && step < 0.05, "{cue:?} clicks");
        assert!(mean.abs() < 2e-3, "{cue:?} leans");
    }
}

#[test]
fn what_comes_rises_what_goes_falls_and_no_two_are_alike() {
    for cue in SOUNDS {
        let (blows, long) = score(cue);
        let sound = sound(cue);
        for (n, (from, hz)) in blows.iter().enumerate() {
            let to = blows.get(n + 1).map_or(long, |next| next.0);
            let piece = &sound[samples(*from) + 96..samples(to)];
            let other = blows.iter().filter(|b| b.1 != *hz).map(|b| tone(piece, b.1)).fold(0.0, f32::max);
            assert!(tone(piece, *hz) > 1.2 * other, "{cue:?}: {hz} Hz is not what is heard from {from} ms on");
        }
        let rises = blows.windows(2).all(|pair| pair[1].1 > pair[0].1);
        let falls = blows.windows(2).all(|pair| pair[1].1 < pair[0].1);
        let comes = matches!(cue, Cue::Joined | Cue::Unmuted | Cue::Undeafened);
        assert!(if comes { rises } else { falls }, "{cue:?}");
    }
    for (n, one) in SOUNDS.iter().enumerate() {
        for other in &SOUNDS[n + 1..] {
            let (one_, other_) = (sound(*one), sound(*other));
            let mut longer = vec![0.0; 4_800];
            longer.extend(&one_);
            longer.extend(vec![0.0; 4_800 + other_.len()]);
            let (_, like) = find(&other_, &longer, 0, 9_600);
            assert!(like < 0.8, "{one:?} and {other:?} are alike: {like:.2}");
        }
    }
}

/// What a mix plays in so many milliseconds, left and right being equal.
fn rendered(mix: &mut Mix, ms: usize) -> Vec<f32> {
    let mut out = Vec::new();
    for _ in 0..ms / 5 {
        let mut stereo = [0.0; 2 * RENDER];
        mix.render(&mut stereo);
        out.extend(stereo.chunks_exact(2).map(|frame| {
            assert_eq!(frame[0], frame[1], "a cue is in the middle");
            frame[0]
        }));
    }
    out
}

#[test]
fn a_cue_is_in_the_mix_others_softer_and_deafness_is_heard() {
    let mut mix = Mix::new();
    assert_eq!(rms(&rendered(&mut mix, 100)), 0.0);
    mix.cue(Cue::Joined);
    let own = rendered(&mut mix, 400);
    let (_, like) = find(&sound(Cue::Joined), &own, 0, 960);
    assert!(like > 0.999, "{like}");
    mix.cue(Cue::Came);
    let others = rendered(&mut mix, 400);
    let softer = decibels(rms(&others) / rms(&own));
    println!("somebody else's coming: {softer:.1} dB");
    assert!((-7.0..-5.0).contains(&softer));
    assert_eq!(played(Cue::Came).0, played(Cue::Joined).0);
    mix.set_deafened(true);
    mix.cue(Cue::Deafened);
    let deaf = rendered(&mut mix, 400);
    assert!(find(&sound(Cue::Deafened), &deaf, 0, 960).1 > 0.999);
    assert!(rms(&rendered(&mut mix, 200)) == 0.0, "it ends");
}

#[test]
fn one_s_own_cuts_off_the_one_before_and_many_are_not_louder_than_a_few() {
    let mut mix = Mix::new();
    mix.cue(Cue::Left);
    mix.cue(Cue::Joined);
    let heard = rendered(&mut mix, 400);
    assert!(find(&sound(Cue::Joined), &heard, 0, 960).1 > 0.98, "moving to another room is one sound");
    for _ in 0..500 {
        mix.cue(Cue::Came);
        mix.cue(Cue::Muted);
    }
    let storm = rendered(&mut mix, 400);
    let peak = storm.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    println!("peak of a thousand at once: {:.1} dBFS", decibels(peak));
    assert!(peak < 2.5 * PEAK, "{peak}");
}

fn from(folder: &Path, source: &str) -> (AudioHandle, std::path::PathBuf) {
    let sink = folder.join("heard.wav");
    let config = AudioConfig {
        source: AudioSource::Wav { path: folder.join(source), repeat: false },
        sink: AudioSink::Wav(sink.clone()),
        gate: Gate::Continuous,
        processing: NOTHING,
        encoding: PLAIN,
        ..AudioConfig::default()
    };
    (start(config).unwrap(), sink)
}

#[test]
fn what_is_played_is_heard_and_not_sent() {
    let folder = tempfile::tempdir().unwrap();
    write_wav(&folder.path().join("silence.wav"), &vec![0.0; 2 * RATE as usize], RATE);
    let (handle, sink) = from(folder.path(), "silence.wav");
    let mut decoder = Decoder::new(Complexity::Classic).unwrap();
    let mut sent = Vec::new();
    until("a second and a half of frames", LONG, || {
        while let Ok(frame) = handle.frames.try_recv() {
            if sent.len() == RATE as usize / 2 {
                handle.commands.try_send(AudioCommand::Cue(Cue::Lost)).unwrap();
            }
            let mut pcm = [0.0; FRAME];
            decoder.decode_packet(&frame.opus, &mut pcm).unwrap();
            sent.extend_from_slice(&pcm);
        }
        (sent.len() >= 3 * RATE as usize / 2).then_some(())
    });
    drop(handle);
    let (heard, _) = read_wav(&sink);
    let cue = sound(Cue::Lost);
    let (_, like) = find(&cue, &heard, 0, heard.len() - cue.len());
    let loudest = sent.iter().fold(0.0_f32, |loudest, sample| loudest.max(sample.abs()));
    println!("cue in the mix: {like:.4}; loudest that was sent: {:.0} dBFS", decibels(loudest.max(1e-6)));
    assert!(like > 0.999, "{like}");
    assert!(loudest < 1e-4, "{loudest}");
}

#[test]
fn a_hundred_at_once_are_a_few_sounds() {
    let folder = tempfile::tempdir().unwrap();
    write_wav(&folder.path().join("silence.wav"), &vec![0.0; RATE as usize], RATE);
    let (handle, sink) = from(folder.path(), "silence.wav");
    until("the mix", LONG, || handle.frames.try_recv().ok());
    let start = Instant::now();
    for _ in 0..100 {
        handle.commands.try_send(AudioCommand::Cue(Cue::Came)).unwrap();
    }
    until("the sounds to end", LONG, || (start.elapsed() > Duration::from_millis(600)).then_some(()));
    drop(handle);
    let (heard, _) = read_wav(&sink);
    let one: f32 = sound(Cue::Came).iter().map(|s| s * s).sum::<f32>() * 0.25;
    let all: f32 = heard.iter().map(|s| s * s).sum();
    let peak = heard.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    println!("energy of a hundred comings: {:.2} of one, peak {:.1} dBFS", all / one, decibels(peak));
    // Two that begin together are four times as strong as one.
    let most = (OTHERS_CUES_A_SECOND * OTHERS_CUES_A_SECOND) as f32;
    assert!(all > 0.9 * one && all < 1.1 * most * one);
}
