//! One's own frames played back as a talker's packets: file in, file out.

use crate::signal::{LONG, RATE, correlation, decibels, find, read_wav, rms, speech, until, write_wav};
use hearth_audio::{AudioConfig, AudioHandle, start};
use hearth_ports::audio::{AudioCommand, AudioEvent, AudioSink, AudioSource, Encoding, Gate, Place, Processing};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Runs that a busy machine may spoil.
const TRIES: usize = 4;
/// Blocks of 10 ms made up that still leave a run worth judging: 2 % of six seconds.
const SPOILED: u64 = 12;

pub const NOTHING: Processing = Processing { echo: false, noise: false, gain: false };
pub const PLAIN: Encoding = Encoding { bitrate: 64_000, loss_percent: 0, fec: false, dred: 0, dtx: false };

pub fn from_file(source: PathBuf, sink: AudioSink) -> AudioConfig {
    AudioConfig {
        source: AudioSource::Wav { path: source, repeat: false },
        sink,
        gate: Gate::Continuous,
        processing: NOTHING,
        encoding: PLAIN,
        headphones: false,
        ..AudioConfig::default()
    }
}

/// Gives own frames back as packets of these talkers until the source has ended and its sound is out. Gives the last stats.
fn play_back(handle: &AudioHandle, talkers: &[u32]) -> Vec<(u32, hearth_ports::audio::TalkerStats)> {
    let (mut seq, mut ended, mut stats) = (0, None, Vec::new());
    until("the end of the file", LONG, || {
        while let Ok(frame) = handle.frames.try_recv() {
            for talker in talkers {
                let packet =
                    AudioCommand::Packet { talker: *talker, seq, timestamp: frame.timestamp, opus: frame.opus.clone() };
                handle.commands.try_send(packet).unwrap();
            }
            seq += 1;
        }
        while let Ok(event) = handle.events.try_recv() {
            match event {
                AudioEvent::SourceEnded => ended = Some(std::time::Instant::now()),
                AudioEvent::Stats(now) => stats = now,
                _ => {}
            }
        }
        ended.filter(|at| at.elapsed() > Duration::from_millis(1_500)).map(|_| ())
    });
    stats
}

fn talker(volume: f32, place: Option<Place>, talker: u32) -> AudioCommand {
    AudioCommand::Talker { talker, volume, place }
}

fn shut_down(handle: AudioHandle) {
    handle.commands.try_send(AudioCommand::Shutdown).unwrap();
    until("the end of all threads", LONG, || handle.ended().then_some(()));
}

/// Correlation of every half second of the source with what was heard, where there is sound, and the lag.
fn likeness(source: &[f32], heard: &[f32]) -> Vec<(f32, i64)> {
    let window = RATE as usize / 2;
    let windows = source.chunks_exact(window).enumerate().filter(|(_, piece)| rms(piece) > 0.01);
    windows
        .map(|(n, piece)| {
            let from = n * window;
            let (at, like) = find(piece, heard, from.saturating_sub(4_800), from + 36_000);
            (like, at as i64 - from as i64)
        })
        .collect()
}

#[test]
fn a_file_spoken_is_the_file_heard() {
    let folder = tempfile::tempdir().unwrap();
    let (source, sink) = (folder.path().join("in.wav"), folder.path().join("out.wav"));
    let voice = speech(6.0, 1);
    write_wav(&source, &voice, RATE);
    // A machine too busy to play in time says nothing of the sound: such a run is thrown away.
    let stats = (0..TRIES).find_map(|_| {
        let handle = start(from_file(source.clone(), AudioSink::Wav(sink.clone()))).unwrap();
        handle.commands.try_send(talker(1.0, None, 7)).unwrap();
        let stats = play_back(&handle, &[7]);
        shut_down(handle);
        let stats = stats.iter().find(|(talker, _)| *talker == 7).unwrap().1;
        println!("load {}: {stats:?}", std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim());
        (stats.concealed <= SPOILED).then_some(stats)
    });
    let stats = stats.expect("a run in which next to nothing is made up");
    let (left, right) = read_wav(&sink);
    assert_eq!(left, right, "a talker without a place is in the middle");
    let likes = likeness(&voice, &left);
    let mut sorted: Vec<f32> = likes.iter().map(|(like, _)| *like).collect();
    sorted.sort_by(f32::total_cmp);
    let median = sorted[sorted.len() / 2];
    let lags: Vec<f32> = likes.iter().map(|(_, lag)| *lag as f32 / 48.0).collect();
    println!("likeness of half seconds: lowest {:.3}, median {median:.3}; lags {lags:.0?} ms", sorted[0]);
    assert!(median > 0.95, "{likes:?}");
    assert!(sorted[sorted.len() / 3] > 0.9, "{likes:?}");
    assert_eq!(stats.lost, 0);
    assert!(stats.received >= 300);
}

#[test]
fn on_headphones_a_voice_at_the_left_is_louder_in_the_left_ear() {
    let folder = tempfile::tempdir().unwrap();
    let (source, sink) = (folder.path().join("in.wav"), folder.path().join("out.wav"));
    write_wav(&source, &speech(2.0, 9), RATE);
    let handle = start(AudioConfig { headphones: true, ..from_file(source, AudioSink::Wav(sink.clone())) }).unwrap();
    handle.commands.try_send(talker(1.0, Some(Place { x: -1.0, y: 0.0 }), 1)).unwrap();
    play_back(&handle, &[1]);
    shut_down(handle);
    let (left, right) = read_wav(&sink);
    let difference = decibels(rms(&left) / rms(&right));
    println!("left over right ear: {difference:.1} dB");
    assert!((3.0..20.0).contains(&difference));
}

#[test]
fn a_file_at_another_rate_in_stereo_is_heard_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (source, sink) = (folder.path().join("in.wav"), folder.path().join("out.wav"));
    let voice = speech(3.0, 2);
    let mut narrow = Vec::new();
    let mut converter = hearth_audio::resample::RateConverter::new(RATE, 44_100, 1).unwrap();
    converter.push(&voice, &mut narrow);
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: 44_100,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut writer = hound::WavWriter::create(&source, spec).unwrap();
    for sample in &narrow {
        writer.write_sample(2.0 * sample).unwrap();
        writer.write_sample(0.0_f32).unwrap();
    }
    writer.finalize().unwrap();
    let handle = start(from_file(source, AudioSink::Wav(sink.clone()))).unwrap();
    handle.commands.try_send(talker(1.0, None, 1)).unwrap();
    play_back(&handle, &[1]);
    shut_down(handle);
    let likes = likeness(&voice[..2 * RATE as usize], &read_wav(&sink).0);
    assert!(likes.iter().all(|(like, _)| *like > 0.8), "{likes:?}");
    let mean = likes.iter().map(|(like, _)| like).sum::<f32>() / likes.len() as f32;
    assert!(mean > 0.9, "{likes:?}");
}

/// Loudness in the sink, of one talker.
fn loudness(sink: &Path, source: &Path, commands: &[AudioCommand]) -> f32 {
    let handle = start(from_file(source.to_owned(), AudioSink::Wav(sink.to_owned()))).unwrap();
    for command in commands {
        handle.commands.try_send(command.clone()).unwrap();
    }
    play_back(&handle, &[1]);
    shut_down(handle);
    rms(&read_wav(sink).0)
}

#[test]
fn volume_distance_and_deafening_are_heard_as_told() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("in.wav");
    let quiet: Vec<f32> = speech(2.0, 3).iter().map(|sample| sample * 0.3).collect();
    write_wav(&source, &quiet, RATE);
    let heard = |name: &str, commands: &[AudioCommand]| loudness(&folder.path().join(name), &source, commands);
    std::thread::scope(|scope| {
        let full = scope.spawn(|| heard("full", &[talker(1.0, None, 1)]));
        let double = scope.spawn(|| heard("double", &[talker(2.0, None, 1)]));
        let none = scope.spawn(|| heard("none", &[talker(0.0, None, 1)]));
        let four = scope.spawn(|| heard("four", &[talker(1.0, Some(Place { x: 0.0, y: 4.0 }), 1)]));
        let far = scope.spawn(|| heard("far", &[talker(1.0, Some(Place { x: 0.0, y: 16.0 }), 1)]));
        let deaf = scope.spawn(|| heard("deaf", &[talker(1.0, None, 1), AudioCommand::Deafen(true)]));
        let unknown = scope.spawn(|| heard("unknown", &[]));
        let full = full.join().unwrap();
        assert!(full > 0.005);
        let double = decibels(double.join().unwrap() / full);
        let four = decibels(four.join().unwrap() / full);
        println!("volume 2: {double:+.2} dB, four metres: {four:+.2} dB");
        assert!((double - 6.02).abs() < 0.5, "{double}");
        assert!((four + 12.04).abs() < 0.5, "{four}");
        assert_eq!(none.join().unwrap(), 0.0);
        assert_eq!(far.join().unwrap(), 0.0);
        assert!(deaf.join().unwrap() < full / 100.0);
        assert_eq!(unknown.join().unwrap(), 0.0);
    });
}

#[test]
fn the_sink_can_be_read_while_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let sink = folder.path().join("out.wav");
    let handle = start(AudioConfig { sink: AudioSink::Wav(sink.clone()), ..AudioConfig::default() }).unwrap();
    let frames = until("two seconds of sound", LONG, || {
        let frames = hound::WavReader::open(&sink).ok()?.duration();
        (frames >= 2 * RATE).then_some(frames)
    });
    assert_eq!(frames % 240, 0);
    drop(handle);
}

#[test]
fn meters_show_who_speaks_and_packets_are_played_out_without_a_sink() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("in.wav");
    write_wav(&source, &speech(2.0, 4), RATE);
    let handle = start(from_file(source, AudioSink::None)).unwrap();
    handle.commands.try_send(talker(1.0, None, 3)).unwrap();
    handle.commands.try_send(AudioCommand::Meter(true)).unwrap();
    let (mut own_most, mut talker_most, mut told, mut seq) = (0.0_f32, 0.0_f32, 0, 0);
    until("the end of the file", LONG, || {
        while let Ok(frame) = handle.frames.try_recv() {
            let packet = AudioCommand::Packet { talker: 3, seq, timestamp: frame.timestamp, opus: frame.opus };
            handle.commands.try_send(packet).unwrap();
            seq += 1;
        }
        let event = handle.events.try_recv().ok()?;
        match event {
            AudioEvent::Levels { own, talkers, .. } => {
                told += 1;
                own_most = own_most.max(own);
                talker_most = talkers.iter().map(|(_, level)| *level).fold(talker_most, f32::max);
                None
            }
            AudioEvent::SourceEnded => Some(()),
            _ => None,
        }
    });
    assert!(own_most > 0.4 && (own_most - talker_most).abs() < 0.1, "own {own_most}, talker {talker_most}");
    assert!((35..=75).contains(&told), "about 30 a second: {told}");
}

#[test]
fn two_voices_are_both_in_the_mix() {
    let folder = tempfile::tempdir().unwrap();
    let sink = folder.path().join("out.wav");
    let voices: Vec<Vec<f32>> = (10..12).map(|seed| speech(3.0, seed).iter().map(|s| s * 0.5).collect()).collect();
    let listener = AudioConfig { sink: AudioSink::Wav(sink.clone()), headphones: false, ..AudioConfig::default() };
    let listener = start(listener).unwrap();
    until("the sink", LONG, || sink.exists().then_some(()));
    let speakers: Vec<AudioHandle> = voices
        .iter()
        .enumerate()
        .map(|(n, voice)| {
            let source = folder.path().join(format!("{n}.wav"));
            write_wav(&source, voice, RATE);
            start(from_file(source, AudioSink::None)).unwrap()
        })
        .collect();
    let mut seqs = [0; 2];
    let mut ended = [None; 2];
    for n in 0..2 {
        listener.commands.try_send(talker(1.0, None, n)).unwrap();
    }
    until("the end of both files", LONG, || {
        for (n, speaker) in speakers.iter().enumerate() {
            while let Ok(frame) = speaker.frames.try_recv() {
                let seq = seqs[n];
                seqs[n] += 1;
                let (talker, timestamp) = (n as u32, frame.timestamp);
                let packet = AudioCommand::Packet { talker, seq, timestamp, opus: frame.opus };
                listener.commands.try_send(packet).unwrap();
            }
            if speaker.events.try_recv() == Ok(AudioEvent::SourceEnded) {
                ended[n] = Some(std::time::Instant::now());
            }
        }
        let over = |at: &Option<std::time::Instant>| at.is_some_and(|at| at.elapsed() > Duration::from_millis(700));
        ended.iter().all(over).then_some(())
    });
    drop(listener);
    let (heard, _) = read_wav(&sink);
    for voice in &voices {
        let pieces = voice.chunks_exact(RATE as usize / 4).enumerate().filter(|(_, piece)| rms(piece) > 0.02);
        let found: Vec<f32> = pieces
            .map(|(n, piece)| {
                let from = n * RATE as usize / 4;
                find(piece, &heard, from, from + 96_000).1
            })
            .collect();
        let clear = found.iter().filter(|like| **like > 0.4).count();
        assert!(clear * 2 > found.len(), "a voice is missing: {found:.2?}");
    }
    assert!(correlation(&voices[0], &voices[1]).abs() < 0.3, "the test's voices are alike");
}
