//! What the codec must do with its own packets, and with everybody else's bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use hearth_codec::{Complexity, Decoder, Encoder, FrameLength, MAX_PACKET, OpusError, Settings};
use hearth_jitter::{BLOCK, JitterBuffer, Kind, Packet, VoiceDecoder};
use proptest::prelude::*;

/// Something like a voice: harmonics of a gliding pitch, swelling and fading four times a second.
fn voice(samples: usize) -> Vec<f32> {
    let mut phase = 0.0f32;
    (0..samples)
        .map(|i| {
            let seconds = i as f32 / 48_000.0;
            let pitch = 140.0 + 30.0 * (seconds * 3.0).sin();
            phase = (phase + pitch / 48_000.0).fract();
            let swell = 0.5 - 0.5 * (seconds * 4.0 * std::f32::consts::TAU).cos();
            let harmonics: f32 = (1..12).map(|h| (phase * h as f32 * std::f32::consts::TAU).sin() / h as f32).sum();
            harmonics * (0.1 + 0.9 * swell) * 0.15
        })
        .collect()
}

fn packets(settings: Settings, sound: &[f32]) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::new(settings).unwrap();
    sound.chunks_exact(settings.frame.samples()).map(|frame| encoder.encode(frame).unwrap().to_vec()).collect()
}

fn deep() -> Settings {
    Settings { bitrate: 48_000, loss_percent: 20, fec: false, dred: 40, dtx: false, ..Settings::default() }
}

/// The best normalised correlation within 20 ms of lag.
fn alike(a: &[f32], b: &[f32]) -> f32 {
    (0..960)
        .map(|lag| {
            let (mut cross, mut aa, mut bb) = (0.0f32, 1e-9f32, 1e-9f32);
            for (x, y) in a.iter().zip(&b[lag..]) {
                cross += x * y;
                aa += x * x;
                bb += y * y;
            }
            cross / (aa * bb).sqrt()
        })
        .fold(0.0, f32::max)
}

#[test]
fn sound_comes_back_at_every_frame_length_and_rate() {
    for frame in [FrameLength::Ms10, FrameLength::Ms20, FrameLength::Ms40, FrameLength::Ms60] {
        for bitrate in [0, 6_000, 32_000, 128_000, 510_000, u32::MAX] {
            let settings = Settings { frame, bitrate, ..Settings::default() };
            let sound = voice(48_000);
            let mut decoder = Decoder::new(Complexity::Deep).unwrap();
            let mut heard = Vec::new();
            for packet in packets(settings, &sound) {
                assert!(packet.len() <= MAX_PACKET);
                assert_eq!(decoder.duration(&packet), Some(frame.samples()));
                let mut out = vec![0.0; frame.samples()];
                decoder.decode(&packet, &mut out).unwrap();
                heard.extend(out);
            }
            let likeness = alike(&sound[4800..33_600], &heard[4800..]);
            assert!(likeness > if bitrate < 10_000 { 0.4 } else { 0.85 }, "{frame:?} {bitrate}: {likeness}");
        }
    }
}

#[test]
fn a_lost_frame_comes_back_from_the_next_packet() {
    let settings = Settings { loss_percent: 20, dtx: false, ..Settings::default() };
    let sound = voice(48_000);
    let packets = packets(settings, &sound);
    let mut whole = Decoder::new(Complexity::Deep).unwrap();
    let mut holed = Decoder::new(Complexity::Deep).unwrap();
    let (mut right, mut copy) = (vec![0.0; 960], vec![0.0; 960]);
    let mut found = 0;
    for n in 0..packets.len() - 1 {
        whole.decode(&packets[n], &mut right).unwrap();
        if n % 5 == 4 && holed.has_fec(&packets[n + 1]) {
            holed.decode_fec(&packets[n + 1], &mut copy).unwrap();
            found += u32::from(alike(&right[..480], &[&copy[..], &[0.0; 960]].concat()) > 0.7);
        } else {
            holed.decode(&packets[n], &mut copy).unwrap();
        }
    }
    assert!(found >= 7, "{found}");
}

#[test]
fn a_burst_comes_back_from_deep_redundancy() {
    let sound = voice(96_000);
    let packets = packets(deep(), &sound);
    let mut decoder = Decoder::new(Complexity::Deep).unwrap();
    let mut out = vec![0.0; 960];
    for packet in &packets[..60] {
        decoder.decode(packet, &mut out).unwrap();
    }
    let later = &packets[64];
    assert!(decoder.dred_reach(later) >= 4 * 960, "{}", decoder.dred_reach(later));
    for lost in 0..4 {
        decoder.decode_dred(later, (4 - lost) * 960, &mut out).unwrap();
        assert!(out.iter().any(|x| x.abs() > 0.01), "{lost}");
    }
    assert!(decoder.decode_dred(later, 96_000, &mut out).is_err());
    assert!(decoder.decode_dred(later, 480, &mut out).is_err());
    assert!(decoder.decode_fec(later, &mut out).is_err());
}

#[test]
fn silence_shrinks_to_nothing_worth_sending() {
    let mut encoder = Encoder::new(Settings::default()).unwrap();
    let mut sent = 0;
    for n in 0..100 {
        let packet = encoder.encode(&[0.0; 960]).unwrap();
        sent += usize::from(n >= 50 && packet.len() > 2);
    }
    assert!(sent <= 4, "{sent}");
}

#[test]
fn blocks_of_the_wrong_length_are_refused() {
    let mut encoder = Encoder::new(Settings::default()).unwrap();
    assert_eq!(encoder.encode(&[0.0; 480]), Err(OpusError::BlockLength { given: 480, wanted: 960 }));
    let packet = encoder.encode(&[0.0; 960]).unwrap().to_vec();
    let mut decoder = Decoder::new(Complexity::Deep).unwrap();
    assert_eq!(
        decoder.decode_packet(&packet, &mut [0.0; 480]),
        Err(OpusError::BlockLength { given: 480, wanted: 960 })
    );
    assert_eq!(decoder.decode_packet(&[], &mut [0.0; 960]), Err(OpusError::Malformed));
    assert_eq!(decoder.decode_packet(&vec![0; MAX_PACKET + 1], &mut [0.0; 960]), Err(OpusError::Malformed));
    let mut odd = [1.0; 7];
    decoder.conceal(&mut odd);
    assert_eq!(odd, [0.0; 7]);
    decoder.conceal(&mut []);
}

#[test]
fn settings_change_in_the_middle() {
    let mut encoder = Encoder::new(Settings::default()).unwrap();
    let sound = voice(9600);
    let mut sizes = Vec::new();
    for bitrate in [12_000, 96_000] {
        encoder.set(Settings { bitrate, frame: FrameLength::Ms40, ..Settings::default() }).unwrap();
        sizes.push(sound.chunks_exact(1920).map(|frame| encoder.encode(frame).unwrap().len()).sum::<usize>());
    }
    assert!(sizes[1] > 3 * sizes[0], "{sizes:?}");
    assert!((1..960).contains(&encoder.lookahead().unwrap()));
}

/// Plays packets through the jitter buffer, losing those that `lost` says.
fn play(packets: &[Vec<u8>], lost: impl Fn(usize) -> bool) -> (hearth_jitter::Stats, Vec<f32>, Vec<Kind>) {
    let mut buffer = JitterBuffer::new(Decoder::new(Complexity::Deep).unwrap());
    let (mut heard, mut kinds) = (Vec::new(), Vec::new());
    let mut out = [0.0; BLOCK];
    for (n, payload) in packets.iter().enumerate() {
        let now = n as u64 * 20_000;
        if !lost(n) {
            let packet = Packet { seq: n as u64, timestamp: n as u32 * 960, payload: payload.clone() };
            buffer.insert(packet, now + 1_000);
        }
        for half in 0..2 {
            kinds.push(buffer.pull(now + 2_000 + half * 10_000, &mut out).kind);
            heard.extend_from_slice(&out);
        }
    }
    (buffer.stats(), heard, kinds)
}

#[test]
fn through_the_buffer_nothing_is_made_up_on_a_quiet_line() {
    let sound = voice(5 * 48_000);
    let packets = packets(Settings { dtx: false, ..Settings::default() }, &sound);
    let (stats, heard, _) = play(&packets, |_| false);
    assert_eq!((stats.concealed, stats.lost, stats.shortened, stats.stretched), (0, 0, 0, 0), "{stats:?}");
    let mut decoder = Decoder::new(Complexity::Deep).unwrap();
    let mut direct = Vec::new();
    for packet in &packets {
        let mut out = vec![0.0; 960];
        decoder.decode(packet, &mut out).unwrap();
        direct.extend(out);
    }
    // Waiting for the target is the only difference: a multiple of a block.
    let wait =
        (0..10).map(|blocks| blocks * BLOCK).find(|wait| heard[*wait..].iter().zip(&direct).all(|(a, b)| a == b));
    assert!(wait.is_some_and(|wait| wait <= 3 * BLOCK), "{wait:?}");
}

#[test]
fn through_the_buffer_losses_are_filled() {
    let sound = voice(10 * 48_000);
    let settings = Settings { loss_percent: 10, dtx: false, ..Settings::default() };
    let (stats, _, kinds) = play(&packets(settings, &sound), |n| n % 10 == 7);
    assert!(stats.fec >= 40, "{stats:?}");
    assert!(stats.concealed <= 20, "{stats:?}");
    assert!(kinds.contains(&Kind::Fec));
    let (stats, _, kinds) = play(&packets(deep(), &sound), |n| n > 50 && n % 25 < 3);
    assert!(stats.dred >= 30, "{stats:?}");
    assert!(kinds.contains(&Kind::Dred));
}

#[test]
fn through_the_buffer_silence_conceals_nothing() {
    let mut encoder = Encoder::new(Settings::default()).unwrap();
    let mut buffer = JitterBuffer::new(Decoder::new(Complexity::Deep).unwrap());
    let mut out = [0.0; BLOCK];
    let (mut seq, mut skipped) = (0, 0);
    for (n, frame) in voice(48_000 * 12).chunks_exact(960).enumerate() {
        let speaks = n % 100 < 50;
        let frame: Vec<f32> = frame.iter().map(|x| if speaks { *x } else { 0.0 }).collect();
        let packet = encoder.encode(&frame).unwrap();
        let now = n as u64 * 20_000;
        if packet.len() > 2 {
            buffer.insert(Packet { seq, timestamp: n as u32 * 960, payload: packet.to_vec() }, now);
            seq += 1;
        } else {
            skipped += 1;
        }
        buffer.pull(now + 1_000, &mut out);
        buffer.pull(now + 11_000, &mut out);
    }
    assert!(skipped > 100, "{skipped}");
    let stats = buffer.stats();
    assert_eq!((stats.concealed, stats.lost), (0, 0), "{stats:?}");
}

/// Everything a peer can make us call, with any bytes.
fn survives(decoder: &mut Decoder, bytes: &[u8]) {
    let _ = decoder.has_fec(bytes);
    let reach = decoder.dred_reach(bytes);
    let mut out = vec![0.0; 960];
    let _ = decoder.decode_fec(bytes, &mut out);
    for distance in [960, reach, usize::MAX] {
        let _ = decoder.decode_dred(bytes, distance, &mut out);
    }
    assert!(out.iter().all(|x| x.is_finite()));
    if let Some(samples) = decoder.duration(bytes) {
        let mut out = vec![0.0; samples];
        let _ = decoder.decode(bytes, &mut out);
        assert!(out.iter().all(|x| x.is_finite()));
        assert_eq!(decoder.decode(bytes, &mut vec![0.0; samples + 120]), Err(hearth_jitter::Undecodable));
    }
    decoder.conceal(&mut out);
    assert!(out.iter().all(|x| x.is_finite()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_crash(many in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..8)) {
        let mut decoder = Decoder::new(Complexity::Deep).unwrap();
        for bytes in many {
            survives(&mut decoder, &bytes);
        }
    }
}

#[test]
fn mutated_packets_never_crash() {
    let mut state = 7u64;
    let mut roll = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 16) as usize
    };
    let sound = voice(48_000 * 2);
    for settings in [Settings::default(), deep(), Settings { frame: FrameLength::Ms60, ..deep() }] {
        let mut decoder = Decoder::new(Complexity::NoLace).unwrap();
        for mut packet in packets(settings, &sound) {
            for _ in 0..1 + roll() % 6 {
                let place = roll() % packet.len();
                packet[place] ^= 1 << (roll() % 8);
            }
            if roll() % 3 == 0 {
                packet.truncate(1 + roll() % packet.len());
            }
            survives(&mut decoder, &packet);
        }
        decoder.reset();
    }
}
