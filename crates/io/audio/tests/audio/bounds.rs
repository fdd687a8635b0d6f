//! What is bounded stays so, and what is wrong is told.

use crate::signal::{LONG, until};
use hearth_audio::limits::{IDLE_MS, MAX_DECODED, MAX_TALKERS, RENDER};
use hearth_audio::playout::mix::Mix;
use hearth_audio::playout::talkers::Talkers;
use hearth_audio::shared::PlayoutWants;
use hearth_audio::{AudioConfig, start};
use hearth_codec::{Encoder, Settings};
use hearth_jitter::Packet;
use hearth_ports::audio::{AudioCommand, AudioEvent, AudioSink, AudioSource, Place};

fn packet(seq: u64) -> Packet {
    let mut encoder = Encoder::new(Settings::default()).unwrap();
    let sound: Vec<f32> = (0..960).map(|n| (n as f32 * 0.05).sin() * 0.3).collect();
    Packet { seq, timestamp: seq as u32 * 960, payload: encoder.encode(&sound).unwrap().to_vec() }
}

#[test]
fn more_talkers_than_can_be_known_are_left_out() {
    let mut wants = PlayoutWants::default();
    for talker in 0..MAX_TALKERS as u32 + 50 {
        wants.talker(talker, 1.0, None);
    }
    assert_eq!(wants.talkers.len(), MAX_TALKERS);
}

#[test]
fn at_most_so_many_are_decoded_and_whoever_is_silent_makes_room() {
    let (mut mix, mut talkers, mut wants) = (Mix::new(), Talkers::default(), PlayoutWants::default());
    let many = MAX_DECODED as u32 + 8;
    (0..many).for_each(|talker| wants.talker(talker, 1.0, None));
    talkers.follow(&wants.talkers, false, 0);
    (0..many).for_each(|talker| talkers.packet(talker, packet(0), 0, &mut mix, None));
    assert_eq!(talkers.decoded(), MAX_DECODED);
    // The mix lets go of those who left at its next render.
    let later = IDLE_MS * 1000;
    for talker in MAX_DECODED as u32..many {
        talkers.packet(talker, packet(0), later, &mut mix, None);
        mix.render(&mut [0.0; 2 * RENDER]);
    }
    assert_eq!(talkers.decoded(), MAX_DECODED);
    talkers.fill(later, None);
    let speaking: Vec<u32> =
        talkers.stats().into_iter().filter(|(_, stats)| stats.received > 0).map(|(talker, _)| talker).collect();
    assert_eq!(speaking.len(), many as usize, "everybody had a turn");
}

#[test]
fn who_cannot_be_heard_is_not_decoded_and_is_once_near() {
    let (mut mix, mut talkers, mut wants) = (Mix::new(), Talkers::default(), PlayoutWants::default());
    wants.talker(1, 1.0, Some(Place { x: 30.0, y: 0.0 }));
    wants.talker(2, 0.0, None);
    talkers.follow(&wants.talkers, false, 0);
    for talker in [1, 2, 3] {
        talkers.packet(talker, packet(0), 0, &mut mix, None);
    }
    assert_eq!(talkers.decoded(), 0);
    wants.talker(1, 1.0, Some(Place { x: 3.0, y: 0.0 }));
    talkers.follow(&wants.talkers, false, 10_000);
    talkers.packet(1, packet(1), 10_000, &mut mix, None);
    assert_eq!(talkers.decoded(), 1);
    // Gone again: decoded until the voice has faded, and no longer.
    wants.talker(1, 1.0, Some(Place { x: 30.0, y: 0.0 }));
    talkers.follow(&wants.talkers, false, 20_000);
    talkers.fill(30_000, None);
    assert_eq!(talkers.decoded(), 1);
    talkers.fill(130_000, None);
    assert_eq!(talkers.decoded(), 0);
    assert_eq!(talkers.stats()[0].1.received, 2);
}

#[test]
fn of_twenty_five_who_talk_only_those_in_hearing_are_decoded() {
    let (mut mix, mut talkers, mut wants) = (Mix::new(), Talkers::default(), PlayoutWants::default());
    for talker in 0..25 {
        // Three sit near, one of them turned down to nothing; the others are too far away.
        let metres = if talker < 3 { 2.0 } else { 20.0 };
        wants.talker(talker, if talker == 2 { 0.0 } else { 1.0 }, Some(Place { x: 0.0, y: metres }));
    }
    talkers.follow(&wants.talkers, false, 0);
    let packets: Vec<Packet> = (0..50).map(packet).collect();
    for now_us in (0..1_000_000).step_by(5_000) {
        if now_us % 20_000 == 0 {
            for talker in 0..25 {
                talkers.packet(talker, packets[now_us as usize / 20_000].clone(), now_us, &mut mix, None);
            }
        }
        talkers.fill(now_us, None);
        mix.render(&mut [0.0; 2 * RENDER]);
        assert!(talkers.decoded() <= 2);
    }
    let decoded: Vec<u64> = talkers.stats().into_iter().map(|(_, stats)| stats.played).collect();
    println!("blocks decoded of each talker: {decoded:?}");
    assert!(decoded[..2].iter().all(|played| *played > 80), "who is near is heard");
    assert!(decoded[2..].iter().all(|played| *played == 0), "and nobody else costs a block");
    assert!(talkers.stats().iter().all(|(_, stats)| stats.received == 50), "though packets of all came");
}

#[test]
fn values_from_elsewhere_are_brought_into_their_range() {
    let mut wants = PlayoutWants::default();
    wants.talker(1, f32::NAN, Some(Place { x: f32::INFINITY, y: 0.0 }));
    wants.talker(2, 9.0, None);
    wants.occlude(2, -3.0);
    assert_eq!((wants.talkers[&1].volume, wants.talkers[&1].place), (1.0, None));
    assert_eq!((wants.talkers[&2].volume, wants.talkers[&2].occlusion), (2.0, 0.0));
}

#[test]
fn a_file_that_is_none_and_a_place_that_cannot_be_written_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("in.wav");
    std::fs::write(&source, b"RIFF but nothing more").unwrap();
    let handle = start(AudioConfig {
        source: AudioSource::Wav { path: source, repeat: true },
        sink: AudioSink::Wav(folder.path().join("no/such/folder.wav")),
        ..AudioConfig::default()
    })
    .unwrap();
    let mut told = Vec::new();
    until("two notices", LONG, || {
        if let Ok(AudioEvent::Notice(text)) = handle.events.try_recv() {
            told.push(text);
        }
        (told.len() == 2).then_some(())
    });
    told.sort();
    assert!(told[0].starts_with("Can't play ") && told[1].starts_with("Can't write "), "{told:?}");
}

#[test]
fn a_flood_of_packets_stops_nothing() {
    let handle = start(AudioConfig::default()).unwrap();
    handle.commands.try_send(AudioCommand::Talker { talker: 1, volume: 1.0, place: None }).unwrap();
    for n in 0..200_000_u64 {
        let opus = n.to_le_bytes()[..(n % 8) as usize].to_vec();
        let timestamp = (n as u32).wrapping_mul(2_654_435_761);
        let flood = AudioCommand::Packet { talker: (n % 3) as u32, seq: n.wrapping_mul(7_919), timestamp, opus };
        handle.commands.send_blocking(flood).unwrap();
    }
    until("stats after the flood", LONG, || matches!(handle.events.try_recv(), Ok(AudioEvent::Stats(_))).then_some(()));
    handle.commands.send_blocking(AudioCommand::Shutdown).unwrap();
    until("the end", LONG, || handle.ended().then_some(()));
}
