//! What runs in a device's callback allocates nothing; nor does the mix, whoever comes, moves and goes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use cpal::{FromSample, SizedSample};
use hearth_audio::device::port::{InputPort, OutputPort};
use hearth_audio::limits::{RENDER, TALKER_RING};
use hearth_audio::playout::head::Head;
use hearth_audio::playout::mix::{Mix, Voice};
use hearth_audio::playout::sink::PlaybackMeter;
use hearth_audio::playout::sound::Controls;
use hearth_audio::playout::space::Heard;
use hearth_ports::audio::{Cue, Place};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

/// Both callbacks in a format and a number of channels, with rings that run full and dry.
fn callbacks<T: SizedSample + FromSample<f32>>(channels: u16)
where
    f32: FromSample<T>,
{
    let (producer, mut captured) = rtrb::RingBuffer::new(4_800);
    let dropped = Arc::new(AtomicU64::new(0));
    let mut input = InputPort::new(producer, channels, Arc::clone(&dropped));
    let (mut played, consumer) = rtrb::RingBuffer::new(9_600);
    let meter = Arc::new(PlaybackMeter::default());
    let mut output = OutputPort::new(consumer, channels, Arc::clone(&meter));
    let microphone = vec![T::from_sample(0.25_f32); 480 * usize::from(channels)];
    let mut speaker = vec![T::EQUILIBRIUM; 480 * usize::from(channels)];
    let mut heard = false;
    for n in 0..200 {
        assert_no_alloc(|| {
            input.take(&microphone);
            output.fill(&mut speaker);
        });
        heard |= speaker[0] != T::EQUILIBRIUM;
        // For a while nobody reads or writes the rings.
        if n % 40 < 20 {
            while captured.pop().is_ok() {}
            for _ in 0..960 {
                let _ = played.push(0.5);
            }
        }
    }
    assert!(heard && dropped.load(Ordering::Relaxed) > 0 && meter.underruns.load(Ordering::Relaxed) > 0);
}

#[test]
fn callbacks_allocate_nothing_in_any_format_with_rings_full_and_dry() {
    callbacks::<i16>(1);
    callbacks::<i16>(2);
    callbacks::<i32>(6);
    callbacks::<u8>(2);
    callbacks::<u16>(1);
    callbacks::<f32>(2);
    callbacks::<f64>(3);
}

fn somebody(mix: &mut Mix, head: &Head, n: usize, headphones: bool) -> Voice {
    let heard = Heard::from(Some(Place { x: n as f32 % 5.0 - 2.0, y: 1.0 }));
    let controls = Controls::default();
    controls.set(1.0, heard, 0.3, headphones);
    let mut voice = mix.add(Some(head), TALKER_RING, TALKER_RING, controls).unwrap();
    voice.direction.as_mut().unwrap().set(head, heard.azimuth);
    voice
}

/// Everybody talks for a second and a half; each 100 ms all move, somebody leaves and somebody comes, in between sounds; cues begin all the while.
fn talk(headphones: bool) {
    let head = Head::open(None).unwrap();
    let mut mix = Mix::new();
    let mut voices: Vec<Voice> = (0..8).map(|n| somebody(&mut mix, &head, n, headphones)).collect();
    let (mut stereo, mut loudest) = ([0.0; 2 * RENDER], 0.0_f32);
    for n in 0..300 {
        if n % 20 == 10 {
            voices.remove(n % voices.len());
            voices.push(somebody(&mut mix, &head, n, headphones));
            mix.set_deafened(n % 100 == 90);
            for (place, voice) in voices.iter_mut().enumerate() {
                let azimuth = place as f32 + n as f32 * 0.01;
                voice.direction.as_mut().unwrap().set(&head, azimuth);
                let heard = Heard::from(Some(Place { x: azimuth.sin() * 3.0, y: azimuth.cos() * 3.0 }));
                voice.controls.set(1.5, heard, (n % 40) as f32 / 40.0, headphones != (n % 60 == 50));
            }
        }
        assert_no_alloc(|| {
            for (place, voice) in voices.iter_mut().enumerate() {
                // Now and then somebody's sound is late.
                for _ in 0..if (n + place) % 11 == 0 { 0 } else { RENDER } {
                    let _ = voice.ring.push(0.1);
                }
            }
            if n % 7 == 0 {
                mix.cue(if n % 2 == 0 { Cue::Muted } else { Cue::Came });
            }
            mix.render(&mut stereo);
        });
        loudest = stereo.iter().fold(loudest, |loudest, sample| loudest.max(sample.abs()));
    }
    assert!(loudest > 0.1, "{loudest}");
}

#[test]
fn the_mix_allocates_nothing_while_people_come_move_and_go_on_headphones() {
    talk(true);
}

#[test]
fn the_mix_allocates_nothing_while_people_come_move_and_go_on_speakers() {
    talk(false);
}
