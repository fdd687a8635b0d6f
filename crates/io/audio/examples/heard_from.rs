//! What a voice sounds like from one seat of a room to another, rendered by the mix alone: no network, no codec, no clock.
//!
//! `heard_from IN.wav PLAN X Y X Y OUT.wav`: 48 kHz and 16 bits in, stereo out; the spot of who speaks, then of who listens,
//! in metres right and forward of the middle. What a call plays can be measured against it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use hearth_audio::limits::{RENDER, TALKER_RING};
use hearth_audio::playout::head::Head;
use hearth_audio::playout::mix::Mix;
use hearth_audio::playout::sound::Controls;
use hearth_audio::playout::space::Heard;
use hearth_ports::audio::Place;
use hearth_room::{BuiltIn, Carried};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [from, plan, there_x, there_y, here_x, here_y, to] = args.as_slice() else {
        return eprintln!("heard_from IN.wav PLAN X Y X Y OUT.wav");
    };
    let spot = |x: &String, y: &String| [x, y].map(|word| word.parse::<f32>().expect("a number"));
    let plan = BuiltIn::from_key(plan).expect("a plan").plan();
    let Carried { place: [x, y], occlusion } = plan.carry(spot(there_x, there_y), spot(here_x, here_y));
    let heard = Heard::from(Some(Place { x, y }));
    let controls = Controls::default();
    controls.set(1.0, heard, occlusion, true);
    let head = Head::open(None).unwrap();
    let mut mix = Mix::new();
    let mut voice = mix.add(Some(&head), TALKER_RING, TALKER_RING, controls).unwrap();
    voice.direction.as_mut().unwrap().set(&head, heard.azimuth);

    let mut reader = hound::WavReader::open(from).unwrap();
    let spec = reader.spec();
    assert_eq!((spec.sample_rate, spec.bits_per_sample), (48_000, 16), "48 kHz and 16 bits");
    let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
    let mono: Vec<f32> = samples.chunks(spec.channels.into()).map(|frame| f32::from(frame[0]) / 32_768.0).collect();
    let mut writer = hound::WavWriter::create(to, hound::WavSpec { channels: 2, ..spec }).unwrap();
    for block in mono.chunks_exact(RENDER) {
        for sample in block {
            voice.ring.push(*sample).unwrap();
        }
        let mut out = [0.0; 2 * RENDER];
        mix.render(&mut out);
        for sample in out {
            writer.write_sample((sample.clamp(-1.0, 1.0) * 32_767.0) as i16).unwrap();
        }
    }
    writer.finalize().unwrap();
}
