#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{MAX_BYTES, MAX_PACKETS, Undecodable};

mod line;
mod stretching;

use line::{Line, Tone, dice, tone};

#[test]
fn a_quiet_line_plays_every_sample_as_it_was_sent() {
    let mut line = Line::new(20);
    for n in 0..500 {
        line.send(n, 0);
    }
    let heard = line.run(9_900);
    let begin = heard.iter().position(|x| *x != 0.0).unwrap();
    let start = i64::try_from(begin).unwrap();
    for (i, x) in heard.iter().enumerate().skip(begin) {
        // The tone is zero at its very first sample.
        assert_eq!(*x, tone(i as i64 - start + 1), "sample {i}");
    }
    let stats = line.buffer.stats();
    assert_eq!((stats.concealed, stats.lost, stats.shortened, stats.stretched), (0, 0, 0, 0));
    assert_eq!(stats.target_ms, 20);
    assert!((20..=30).contains(&stats.delay_ms), "{} ms", stats.delay_ms);
}

#[test]
fn every_frame_length_plays_without_a_seam() {
    for frame_ms in [10, 20, 40, 60] {
        let mut line = Line::new(frame_ms);
        for n in 0..200 {
            line.send(n, 0);
        }
        line.run(frame_ms * 190);
        let stats = line.buffer.stats();
        assert_eq!((stats.concealed, stats.lost), (0, 0), "{frame_ms} ms");
        assert!(stats.target_ms <= 20, "{frame_ms} ms: {} ms", stats.target_ms);
    }
}

#[test]
fn packets_out_of_order_within_the_target_are_no_loss() {
    let mut line = Line::new(20);
    for n in 0..1000 {
        line.send(n, if n % 2 == 0 { 30_000 } else { 0 });
    }
    line.run(2_000);
    let before = line.buffer.stats();
    line.run(17_000);
    let after = line.buffer.stats();
    assert_eq!(after.lost, before.lost);
    assert_eq!(after.concealed, before.concealed);
    assert_eq!(after.late, before.late);
}

#[test]
fn jitter_up_to_60_ms_conceals_under_half_a_percent_after_settling() {
    for seed in 1..6 {
        let mut roll = dice(seed);
        let mut line = Line::new(20);
        for n in 0..3000 {
            line.send(n, roll() % 60_000);
        }
        line.run(5_000);
        let before = line.buffer.stats();
        line.run(50_000);
        let after = line.buffer.stats();
        let share = (after.concealed - before.concealed) as f64 / (after.played - before.played) as f64;
        assert!(share < 0.005, "seed {seed}: {share}");
        assert!(after.delay_ms <= 110, "seed {seed}: {} ms", after.delay_ms);
    }
}

#[test]
fn jitter_that_ends_is_unlearnt() {
    let mut roll = dice(9);
    let mut line = Line::new(20);
    for n in 0..6000 {
        line.send(n, if n < 500 { roll() % 100_000 } else { 0 });
    }
    line.run(10_000);
    assert!(line.buffer.stats().target_ms >= 80);
    line.run(105_000);
    let stats = line.buffer.stats();
    assert_eq!(stats.target_ms, 20);
    assert!(stats.delay_ms <= 36, "{} ms", stats.delay_ms);
}

#[test]
fn single_losses_are_filled_from_the_next_packet() {
    let mut roll = dice(3);
    let mut line = Line::new(20);
    let (mut last_lost, mut lost) = (false, 0);
    for n in 0..1000 {
        last_lost = !last_lost && n > 20 && roll().is_multiple_of(10);
        if last_lost {
            lost += 1;
        } else {
            line.send(n, 0);
        }
    }
    line.run(19_500);
    let stats = line.buffer.stats();
    assert!(lost > 50);
    assert!(stats.fec + 2 >= stats.lost && stats.lost + 6 >= lost, "{stats:?}");
    assert!(stats.concealed <= 4, "{stats:?}");
}

#[test]
fn bursts_are_filled_from_deep_redundancy_where_there_is_some() {
    for dred in [false, true] {
        let mut line = Line::new(20);
        line.dred = dred;
        for n in 0..1000 {
            if n % 50 >= 3 || n < 50 {
                line.send(n, 0);
            }
        }
        line.run(19_000);
        let stats = line.buffer.stats();
        assert_eq!(stats.lost, 54, "{stats:?}");
        if dred {
            assert!(stats.dred > 25, "{stats:?}");
            assert!(stats.concealed < 40, "{stats:?}");
        } else {
            assert_eq!(stats.dred, 0);
            assert!(stats.concealed > 60, "{stats:?}");
        }
    }
}

#[test]
fn silence_that_was_never_sent_conceals_nothing() {
    let mut line = Line::new(20);
    let mut seq = 0;
    for n in 0..2000 {
        // One second of speech, one of silence of which nothing is sent.
        if n % 100 < 50 {
            line.send_as(seq, n, 0);
            seq += 1;
        }
    }
    line.run(39_000);
    let stats = line.buffer.stats();
    assert_eq!((stats.concealed, stats.lost, stats.late), (0, 0, 0), "{stats:?}");
    assert!(stats.played < 2200, "{stats:?}");
    assert!(stats.played > 1900, "{stats:?}");
}

#[test]
fn a_long_outage_fades_and_comes_back() {
    let mut line = Line::new(20);
    for n in 0..500 {
        if !(100..250).contains(&n) {
            line.send(n, 0);
        }
    }
    let heard = line.run(9_500);
    let stats = line.buffer.stats();
    assert_eq!(stats.lost, 150, "{stats:?}");
    assert!((18..=24).contains(&stats.concealed), "{stats:?}");
    let loudest =
        |from_ms: usize, to_ms: usize| heard[from_ms * 48..to_ms * 48].iter().fold(0.0f32, |most, x| most.max(x.abs()));
    assert!(loudest(2_600, 4_900) < 0.05);
    assert!(loudest(5_200, 9_000) > 0.2);
    assert!(stats.delay_ms <= 50, "{stats:?}");
}

#[test]
fn a_stall_of_the_line_is_caught_up() {
    let mut line = Line::new(20);
    for n in 0..1500u64 {
        let sent = n * 20_000;
        line.send(n, if (2_000_000..2_400_000).contains(&sent) { 2_400_000 - sent } else { 0 });
    }
    line.run(29_000);
    let stats = line.buffer.stats();
    assert_eq!(stats.lost, 0);
    assert!(stats.concealed <= 24, "{stats:?}");
    assert!(stats.delay_ms <= 460, "{stats:?}");
    assert!(stats.shortened > 0);
}

#[test]
fn what_comes_late_is_joined_without_a_click() {
    let mut line = Line::new(20);
    for n in 0..300 {
        let held_up = match n % 60 {
            50 => 35_000,
            51 => 15_000,
            _ => 0,
        };
        line.send(n, held_up);
    }
    let mut merged = 0;
    let mut last = 0.0f32;
    for _ in 0..580 {
        for x in line.run(10) {
            // The tone itself never steps by more than 0.011 a sample.
            assert!((x - last).abs() < 0.03, "{last} to {x}");
            last = x;
        }
        merged += u32::from(line.last == Some(Kind::Merge));
    }
    let stats = line.buffer.stats();
    assert!(merged > 0);
    assert_eq!((stats.lost, stats.late), (0, 0), "{stats:?}");
    assert!(stats.concealed > 0);
}

#[test]
fn late_packets_and_copies_are_dropped() {
    let mut line = Line::new(20);
    for n in 0..100 {
        line.send(n, 0);
        line.send(n, 5_000);
        line.send(n, 700_000);
    }
    line.run(3_000);
    let stats = line.buffer.stats();
    assert_eq!(stats.received, 100);
    assert_eq!(stats.refused, 200);
    assert_eq!(stats.concealed, 0);
    let mut line = Line::new(20);
    for n in 0..100 {
        line.send(n, if n == 50 { 400_000 } else { 0 });
    }
    line.run(1_900);
    assert_eq!((line.buffer.stats().late, line.buffer.stats().lost), (1, 1));
}

#[test]
fn a_flood_stays_within_its_bounds() {
    let mut buffer = JitterBuffer::new(Tone::default());
    for n in 0..100_000u64 {
        let mut payload = Tone::packet(20, n as i64 * 960, true, false);
        payload.resize(1000, 0);
        buffer.insert(Packet { seq: n, timestamp: (n * 960) as u32, payload }, n);
        assert!(buffer.store.len() <= MAX_PACKETS);
    }
    let mut out = [0.0; BLOCK];
    for n in 0..1000u64 {
        buffer.pull(100_000 + n * 10_000, &mut out);
        assert!(buffer.queue.len() <= 2 * MAX_FRAME);
    }
    let mut buffer = JitterBuffer::new(Tone::default());
    for n in 0..10_000u64 {
        let mut payload = Tone::packet(20, 0, true, false);
        payload.resize(MAX_PAYLOAD, 0);
        buffer.insert(Packet { seq: n, timestamp: 0, payload }, n);
        assert!(buffer.store.len() * MAX_PAYLOAD <= MAX_BYTES);
    }
}

#[test]
fn drift_is_absorbed() {
    for ppm in [-200i64, 200] {
        let mut line = Line::new(20);
        for n in 0..15_000u64 {
            // The sender's clock runs fast or slow: its packets come early or late, ever more.
            let drift = n as i64 * 20_000 * -ppm / 1_000_000;
            line.send_at(n, n, (n as i64 * 20_000 + drift) as u64);
        }
        line.run(5_000);
        for _ in 0..28 {
            line.run(10_000);
            let stats = line.buffer.stats();
            assert!((10..=40).contains(&stats.delay_ms), "{ppm} ppm: {} ms", stats.delay_ms);
        }
        let stats = line.buffer.stats();
        assert!(stats.concealed <= 8, "{ppm} ppm: {stats:?}");
        assert!(stats.shortened + stats.stretched > 1000, "{ppm} ppm: {stats:?}");
    }
}

#[test]
fn a_jump_of_the_timestamp_begins_anew() {
    let mut line = Line::new(20);
    for n in 0..100 {
        line.send(n, 0);
    }
    for n in 100..300u64 {
        line.send_at(n, n + 100_000, n * 20_000);
    }
    line.run(5_500);
    let stats = line.buffer.stats();
    assert_eq!(stats.lost, 0);
    assert!(line.buffer.decoder_mut().resets > 0);
    assert!(stats.played > 540, "{stats:?}");
    assert!(stats.delay_ms <= 40, "{stats:?}");
}

#[test]
fn a_sender_that_counts_anew_is_heard_at_once() {
    // It comes back with a clock of its own, near the old one or far from it.
    for clock in [0, 400, 4_000_000] {
        let mut line = Line::new(20);
        for n in 0..500 {
            line.send(n, 0);
        }
        for n in 0..200 {
            line.send_at(n, n + clock, 12_000_000 + n * 20_000);
        }
        line.run(12_000);
        let before = line.buffer.stats();
        line.run(3_900);
        let stats = line.buffer.stats();
        assert_eq!((stats.refused, stats.lost), (2, 0), "clock {clock}: {stats:?}");
        assert!(stats.played - before.played > 380, "clock {clock}: {before:?} {stats:?}");
        assert!(stats.concealed - before.concealed < 8, "clock {clock}: {before:?} {stats:?}");
        assert!(stats.delay_ms <= 60, "clock {clock}: {stats:?}");
    }
    // Late packets of the same count do not end it.
    let mut line = Line::new(20);
    for n in 0..500 {
        line.send(n, if n % 50 == 0 { 3_000_000 } else { 0 });
    }
    line.run(10_000);
    assert_eq!(line.buffer.decoder_mut().resets, 0);
}

#[test]
fn the_timestamp_may_wrap() {
    let mut line = Line::new(20);
    line.offset = u32::MAX - 48_000;
    for n in 0..200 {
        line.send(n, 0);
    }
    line.run(3_900);
    let stats = line.buffer.stats();
    assert_eq!((stats.lost, stats.concealed), (0, 0));
}

#[test]
fn loss_beside_silence_conceals_no_more_than_was_lost() {
    let mut line = Line::new(20);
    let mut seq = 0;
    for n in 0..200 {
        if n % 100 < 50 {
            if n != 49 {
                line.send_as(seq, n, 0);
            }
            seq += 1;
        }
    }
    line.run(3_900);
    let stats = line.buffer.stats();
    assert_eq!(stats.lost, 1);
    assert!(stats.concealed <= 22, "{stats:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever comes in whatever order, blocks come out, finite and bounded, and the numbers add up.
    #[test]
    fn anything_may_come(
        packets in prop::collection::vec((any::<u16>(), any::<u32>(), 0u8..4, 0u64..50_000, any::<bool>()), 1..300)
    ) {
        let mut buffer = JitterBuffer::new(Tone::default());
        let mut now = 0;
        let mut out = [0.0; BLOCK];
        let mut wild = BTreeMap::new();
        for (seq, timestamp, length, wait, tame) in packets {
            let frame = [10, 20, 40, 60][usize::from(length)];
            let (seq, timestamp) =
                if tame { (u64::from(seq % 64), u32::from(seq % 64) * 960) } else { (u64::from(seq) << 40, timestamp) };
            *wild.entry(seq).or_insert(0) += 1;
            buffer.insert(Packet { seq, timestamp, payload: Tone::packet(frame, 0, true, true) }, now);
            now += wait;
            buffer.pull(now, &mut out);
            prop_assert!(out.iter().all(|x| x.is_finite() && x.abs() < 4.0));
            let stats = buffer.stats();
            prop_assert!(stats.target_ms as usize <= MAX_TARGET_MS);
            prop_assert!(buffer.queue.len() <= 4 * MAX_FRAME);
        }
    }

    /// Bytes that are no packet are refused.
    #[test]
    fn foreign_bytes_are_refused(payload in prop::collection::vec(any::<u8>(), 0..64)) {
        let mut tone = Tone::default();
        let known = tone.duration(&payload).is_some();
        let mut out = [0.0; 2];
        prop_assert_eq!(tone.decode_fec(&[], &mut out), Err(Undecodable));
        let mut buffer = JitterBuffer::new(tone);
        buffer.insert(Packet { seq: 0, timestamp: 0, payload }, 0);
        prop_assert_eq!(buffer.stats().received == 1, known);
    }
}
