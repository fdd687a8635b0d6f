//! What leaves the microphone, and when.

use crate::round_trip::from_file;
use crate::signal::{LONG, RATE, speech, until, write_wav};
use hearth_audio::{AudioConfig, AudioHandle, start};
use hearth_ports::audio::{AudioCommand, AudioEvent, AudioSink, Gate, OwnFrame};
use std::time::{Duration, Instant};

const ONSET: f32 = 1.0;

fn frames_of(handle: &AudioHandle) -> Vec<OwnFrame> {
    let mut frames = Vec::new();
    until("the end of the file", LONG, || {
        while let Ok(frame) = handle.frames.try_recv() {
            frames.push(frame);
        }
        handle.events.try_recv().is_ok_and(|event| event == AudioEvent::SourceEnded).then_some(())
    });
    frames.extend(std::iter::from_fn(|| handle.frames.try_recv().ok()));
    frames
}

#[test]
fn voice_activity_sends_the_voice_from_before_its_beginning_and_no_silence() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("in.wav");
    let second = RATE as usize;
    let mut sound = vec![0.0; second];
    sound.extend(speech(1.5, 5));
    let spoken = sound.iter().rposition(|sample| sample.abs() > 0.02).unwrap();
    let onset = sound.iter().position(|sample| sample.abs() > 0.02).unwrap();
    sound.truncate(spoken);
    sound.extend(vec![0.0; second]);
    write_wav(&source, &sound, RATE);
    let config = AudioConfig { gate: Gate::Voice, ..from_file(source, AudioSink::None) };
    let frames = frames_of(&start(config).unwrap());
    let first = frames.first().expect("a voice is sent").timestamp as f32 / 48.0;
    let last = frames.last().unwrap().timestamp as f32 / 48.0;
    let (onset, end) = (onset as f32 / 48.0, spoken as f32 / 48.0);
    println!("voice {onset:.0} to {end:.0} ms, sent {first:.0} to {last:.0} ms, {} frames", frames.len());
    assert!(onset >= ONSET * 1000.0);
    assert!(first <= onset + 40.0 && first >= onset - 60.0, "sent from {first} ms, voice from {onset} ms");
    assert!(last >= end && last <= end + 330.0, "sent to {last} ms, voice to {end} ms");
    let silent = frames.last().unwrap();
    assert!(silent.opus.len() == 1 && !silent.voice && silent.level == 127, "the end says that silence follows");
    assert!(frames.iter().any(|frame| frame.voice && frame.level < 40));
}

#[test]
fn push_to_talk_sends_from_the_press_to_the_release() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("in.wav");
    write_wav(&source, &speech(30.0, 6), RATE);
    let config = AudioConfig { gate: Gate::PushToTalk, ..from_file(source, AudioSink::None) };
    let handle = start(config).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert!(handle.frames.is_empty(), "nothing goes out before the key is pressed");
    // The best of a few presses: what is over is the machine's.
    let mut waits = Vec::new();
    for _ in 0..5 {
        while handle.frames.try_recv().is_ok() {}
        let pressed = Instant::now();
        handle.commands.try_send(AudioCommand::Key(true)).unwrap();
        until("the first frame", LONG, || handle.frames.try_recv().ok());
        waits.push(pressed.elapsed());
        until("more frames", LONG, || (handle.frames.len() >= 3).then_some(()));
        handle.commands.try_send(AudioCommand::Key(false)).unwrap();
        until("silence", LONG, || handle.frames.try_recv().ok().filter(|frame| frame.opus.len() == 1));
    }
    println!("key to first frame: {waits:?}");
    assert!(waits.iter().min().unwrap() <= &Duration::from_millis(40), "{waits:?}");
    std::thread::sleep(Duration::from_millis(200));
    assert!(handle.frames.is_empty(), "nothing goes out after the key is released");
}

#[test]
fn mute_sends_nothing_and_a_full_queue_keeps_the_newest() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("in.wav");
    write_wav(&source, &speech(30.0, 7), RATE);
    let handle = start(from_file(source, AudioSink::None)).unwrap();
    until("a full queue", LONG, || handle.frames.is_full().then_some(()));
    std::thread::sleep(Duration::from_millis(300));
    let oldest = handle.frames.try_recv().unwrap();
    assert!(oldest.timestamp > 0, "the oldest went");
    handle.commands.try_send(AudioCommand::Mute(true)).unwrap();
    until("the last frame", LONG, || {
        let frame = handle.frames.try_recv().ok()?;
        (frame.opus.len() == 1).then_some(())
    });
    std::thread::sleep(Duration::from_millis(200));
    assert!(handle.frames.is_empty());
}
