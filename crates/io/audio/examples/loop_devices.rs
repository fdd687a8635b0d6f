//! Plays one's own voice back as a talker's, from one device or file to another: what a call does, without the network.
//!
//! `loop_devices MICROPHONE|- SPEAKERS|- SECONDS [all]`: `-` is the system's choice, a name that ends in `.wav` a file;
//! `all` switches the whole chain on. Notices and figures go to standard output.
#![allow(clippy::print_stdout)]

use hearth_audio::{AudioConfig, start};
use hearth_ports::audio::{AudioCommand, AudioEvent, AudioSink, AudioSource, Encoding, Gate, Processing};
use std::time::{Duration, Instant};

fn main() -> std::io::Result<()> {
    let mut words = std::env::args().skip(1);
    let mut word = || words.next().unwrap_or_else(|| "-".to_owned());
    let (source, sink, seconds, stages) = (word(), word(), word(), word());
    let named = |name: &str| (name != "-").then(|| name.to_owned());
    let on = stages == "all";
    let handle = start(AudioConfig {
        source: if source.ends_with(".wav") {
            AudioSource::Wav { path: source.clone().into(), repeat: true }
        } else {
            AudioSource::Device(named(&source))
        },
        sink: if sink.ends_with(".wav") {
            AudioSink::Wav(sink.clone().into())
        } else {
            AudioSink::Device(named(&sink))
        },
        gate: Gate::Continuous,
        processing: Processing { echo: on, noise: on, gain: on },
        encoding: Encoding { bitrate: 64_000, loss_percent: 0, fec: false, dred: 0, dtx: false },
        headphones: false,
        ..AudioConfig::default()
    })?;
    let send = |command| handle.commands.try_send(command);
    let _ = send(AudioCommand::ListDevices);
    let _ = send(AudioCommand::Talker { talker: 1, volume: 1.0, place: None });
    let until = Instant::now() + Duration::from_secs(seconds.parse().unwrap_or(5));
    let mut seq = 0;
    while Instant::now() < until {
        while let Ok(frame) = handle.frames.try_recv() {
            let _ = send(AudioCommand::Packet { talker: 1, seq, timestamp: frame.timestamp, opus: frame.opus });
            seq += 1;
        }
        while let Ok(event) = handle.events.try_recv() {
            match event {
                AudioEvent::Levels { .. } => {}
                AudioEvent::Stats(stats) => println!("stats {:?}", stats.first().map(|(_, stats)| stats)),
                other => println!("{other:?}"),
            }
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}
