//! Microphones and speakers that are there, are not, go and come back.

use crate::fake_host::{FakeHost, World};
use crate::round_trip::{NOTHING, PLAIN};
use crate::signal::{LONG, correlation, rms, until};
use hearth_audio::{AudioConfig, AudioHandle, start};
use hearth_ports::audio::{AudioCommand, AudioEvent, AudioSink, AudioSource, Gate};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

fn with_devices(world: &Arc<World>) -> AudioHandle {
    let world = Arc::clone(world);
    let host = move || Some(cpal::Host::from(cpal::platform::CustomHost::from_host(FakeHost(Arc::clone(&world)))));
    let config = AudioConfig {
        source: AudioSource::Device(None),
        sink: AudioSink::Device(None),
        gate: Gate::Continuous,
        processing: NOTHING,
        encoding: PLAIN,
        host: Arc::new(host),
        ..AudioConfig::default()
    };
    start(config).unwrap()
}

fn notice(handle: &AudioHandle) -> String {
    until("a notice", LONG, || match handle.events.try_recv() {
        Ok(AudioEvent::Notice(text)) => Some(text),
        _ => None,
    })
}

/// Plays one's own frames as a talker's for a while.
fn loop_back(handle: &AudioHandle, time: Duration) {
    handle.commands.try_send(AudioCommand::Talker { talker: 1, volume: 1.0, place: None }).unwrap();
    let (began, mut seq) = (Instant::now(), 0);
    while began.elapsed() < time {
        while let Ok(frame) = handle.frames.try_recv() {
            let packet = AudioCommand::Packet { talker: 1, seq, timestamp: frame.timestamp, opus: frame.opus };
            handle.commands.try_send(packet).unwrap();
            seq += 1;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// How much of a sound is a tone of 440 Hz.
fn tone_share(sound: &[f32], rate: f32) -> f32 {
    let wave = |shift: f32| -> Vec<f32> {
        (0..sound.len()).map(|n| (n as f32 / rate * 440.0 * std::f32::consts::TAU + shift).sin()).collect()
    };
    correlation(sound, &wave(0.0)).hypot(correlation(sound, &wave(std::f32::consts::FRAC_PI_2)))
}

#[test]
fn devices_at_44_1_khz_are_heard_at_the_right_pitch() {
    let world = World::new(44_100);
    let handle = with_devices(&world);
    loop_back(&handle, Duration::from_secs(3));
    let played = world.played.lock().unwrap().clone();
    // Pieces of 50 ms, so that a stretch in between does not matter.
    let tail = &played[played.len() - 44_100..];
    let shares: Vec<f32> = tail.chunks_exact(2_205).map(|piece| tone_share(piece, 44_100.0)).collect();
    let good = shares.iter().filter(|share| **share > 0.95).count();
    println!("pieces that are the tone: {good} of {}; level {:.3}", shares.len(), rms(tail));
    assert!(good * 10 >= shares.len() * 8, "{shares:?}");
    assert!((rms(tail) - 8_000.0 / 32_767.0 / 2.0_f32.sqrt()).abs() < 0.03);
}

#[test]
fn a_device_that_goes_is_told_once_and_used_again_when_it_comes_back() {
    let world = World::new(48_000);
    let handle = with_devices(&world);
    until("frames", LONG, || handle.frames.try_recv().ok());
    world.there.store(false, Ordering::Relaxed);
    let mut told = [notice(&handle), notice(&handle)];
    told.sort();
    assert_eq!(
        told,
        [
            "The microphone is gone. Plug one in and it is used by itself; you still hear everybody.",
            "The speakers are gone. Plug some in and they are used by themselves.",
        ]
    );
    std::thread::sleep(Duration::from_millis(1_200));
    assert!(!matches!(handle.events.try_recv(), Ok(AudioEvent::Notice(_))), "said once");
    let last = std::iter::from_fn(|| handle.frames.try_recv().ok()).last().unwrap();
    assert!(!last.voice && last.level == 127, "who spoke when it went is silent");
    world.there.store(true, Ordering::Relaxed);
    let mut told = [notice(&handle), notice(&handle)];
    told.sort();
    assert_eq!(told, ["The microphone is back: Test device.", "The speakers are back: Test device."]);
    until("frames again", LONG, || handle.frames.try_recv().ok());
    drop(handle);
    assert_eq!(world.streams.load(Ordering::Relaxed), 0, "every stream is closed");
}

#[test]
fn short_buffers_are_asked_for_and_longer_ones_where_they_stutter() {
    let world = World::new(48_000);
    let handle = with_devices(&world);
    until("both", LONG, || (world.opened.load(Ordering::Relaxed) == 2).then_some(()));
    assert_eq!(*world.buffers.lock().unwrap(), [240, 240]);
    world.slow.store(true, Ordering::Relaxed);
    until("both again", LONG, || (world.opened.load(Ordering::Relaxed) == 4).then_some(()));
    assert_eq!(world.buffers.lock().unwrap()[2..], [480, 480]);
    while handle.frames.try_recv().is_ok() {}
    until("frames again", LONG, || handle.frames.try_recv().ok());
    assert!(handle.events.try_recv().is_err(), "nobody is bothered with it");
}

#[test]
fn without_any_device_it_is_told_once_and_packets_are_played_out_in_time() {
    let world = World::new(48_000);
    world.there.store(false, Ordering::Relaxed);
    let handle = with_devices(&world);
    let mut told = [notice(&handle), notice(&handle)];
    told.sort();
    assert_eq!(
        told,
        [
            "No microphone was found. Plug one in and it is used by itself; you still hear everybody.",
            "No speakers were found. Plug some in and they are used by themselves.",
        ]
    );
    handle.commands.try_send(AudioCommand::Talker { talker: 1, volume: 1.0, place: None }).unwrap();
    let mut encoder = hearth_codec::Encoder::new(hearth_codec::Settings { dtx: false, ..Default::default() }).unwrap();
    let began = Instant::now();
    let sound = crate::signal::speech(2.0, 8);
    let mut stats = None;
    for (seq, frame) in sound.chunks_exact(960).enumerate() {
        let opus = encoder.encode(frame).unwrap().to_vec();
        let packet = AudioCommand::Packet { talker: 1, seq: seq as u64, timestamp: seq as u32 * 960, opus };
        handle.commands.try_send(packet).unwrap();
        std::thread::sleep((began + Duration::from_millis(20) * seq as u32).saturating_duration_since(Instant::now()));
        while let Ok(event) = handle.events.try_recv() {
            match event {
                AudioEvent::Stats(now) => stats = Some(now[0].1),
                AudioEvent::Notice(text) => panic!("said again: {text}"),
                _ => {}
            }
        }
    }
    assert!(stats.is_some(), "stats come every second");
    let stats = until("all packets to be played", LONG, || match handle.events.try_recv() {
        Ok(AudioEvent::Stats(now)) => Some(now[0].1).filter(|_| began.elapsed() > Duration::from_secs(3)),
        _ => None,
    });
    println!("without devices: {stats:?}");
    // What came before the mix ran is not counted; of the rest next to nothing may wait for ever.
    assert!(stats.received >= 30 && stats.lost == 0, "{stats:?}");
    assert!(2 * stats.played >= 3 * stats.received, "{stats:?}");
}

#[test]
fn devices_are_listed_by_name() {
    let world = World::new(48_000);
    let handle = with_devices(&world);
    handle.commands.try_send(AudioCommand::ListDevices).unwrap();
    let listed = until("a list", LONG, || match handle.events.try_recv() {
        Ok(AudioEvent::Devices { inputs, outputs }) => Some((inputs, outputs)),
        _ => None,
    });
    assert_eq!(listed, (vec!["Test device".to_owned()], vec!["Test device".to_owned()]));
}

#[test]
fn the_microphone_test_is_heard_without_sending() {
    let world = World::new(48_000);
    let handle = with_devices(&world);
    handle.commands.try_send(AudioCommand::Mute(true)).unwrap();
    handle.commands.try_send(AudioCommand::Loopback(true)).unwrap();
    until("one's own voice", LONG, || {
        let played = world.played.lock().unwrap();
        let tail = played.len().checked_sub(4_800)?;
        (tone_share(&played[tail..], 48_000.0) > 0.95).then_some(())
    });
    while handle.frames.try_recv().is_ok() {}
    std::thread::sleep(Duration::from_millis(100));
    assert!(handle.frames.is_empty());
    handle.commands.try_send(AudioCommand::Loopback(false)).unwrap();
    until("silence", LONG, || {
        let played = world.played.lock().unwrap();
        (rms(&played[played.len().checked_sub(4_800)?..]) < 1e-4).then_some(())
    });
}
