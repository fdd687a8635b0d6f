//! What runs in a device's callback allocates nothing; nor does the mix.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use hearth_audio::device::port::{InputPort, OutputPort};
use hearth_audio::limits::{RENDER, TALKER_RING};
use hearth_audio::playout::head::Head;
use hearth_audio::playout::mix::Mix;
use hearth_audio::playout::sink::PlaybackMeter;
use hearth_audio::playout::sound::Controls;
use hearth_audio::playout::space::Heard;
use hearth_ports::audio::Place;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

#[test]
fn callbacks_and_mix_allocate_nothing() {
    let (producer, mut captured) = rtrb::RingBuffer::new(9_600);
    let mut input = InputPort::new(producer, 2, Arc::new(AtomicU64::new(0)));
    let (mut played, consumer) = rtrb::RingBuffer::new(9_600);
    let mut output = OutputPort::new(consumer, 2, Arc::new(PlaybackMeter::default()));
    let head = Head::open(None).unwrap();
    let mut mix = Mix::new();
    let mut voices: Vec<_> = (0..8)
        .map(|n| {
            let controls = Controls::default();
            controls.set(1.0, Heard::from(Some(Place { x: n as f32, y: 1.0 })), 0.3, true);
            let mut voice = mix.add(Some(&head), TALKER_RING, TALKER_RING, controls).unwrap();
            voice.direction.as_mut().unwrap().set(&head, n as f32);
            voice
        })
        .collect();
    // The first render takes the voices in.
    let mut stereo = [0.0; 2 * RENDER];
    mix.render(&mut stereo);
    let microphone = [1_000_i16; 960];
    let mut speaker = [0_i16; 960];
    for n in 0..400 {
        if n % 20 == 0 {
            for voice in &mut voices {
                voice.direction.as_mut().unwrap().set(&head, n as f32 * 0.01);
            }
        }
        assert_no_alloc(|| {
            input.take(&microphone);
            output.fill(&mut speaker);
            for voice in &mut voices {
                for _ in 0..RENDER {
                    let _ = voice.ring.push(0.1);
                }
            }
            mix.render(&mut stereo);
        });
        while captured.pop().is_ok() {}
        for sample in stereo {
            let _ = played.push(sample);
        }
    }
    assert_ne!(speaker, [0; 960]);
}
