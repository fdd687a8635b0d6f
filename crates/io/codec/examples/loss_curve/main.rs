//! Speech through a lossy, jittery line, heard by our buffer and by the `neteq` crate, in virtual time.
//!
//! `loss_curve IN.wav OUT_DIR [SEEDS]` takes mono speech at 16 or 48 kHz, encodes it, loses and delays packets by a seeded
//! Gilbert-Elliott channel, and writes what each buffer played, beside `reference.wav`. Prints one line of figures a file.
//! `ONLY=10` keeps to one loss; `TRACE=1` tells of every block on standard error; `LINES=1` writes what arrived and when,
//! for `tests/voice/chromium_curves.py` to play to a browser. `tests/voice/curves.py` scores them.
#![allow(unsafe_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use hearth_codec::{Complexity, Decoder, Encoder, Settings};
use hearth_jitter::{BLOCK, JitterBuffer, Packet, VoiceDecoder};

mod channel;
mod clock;
mod wav;

use channel::{Arrival, Channel};

/// Sound kept after the last packet, so that everything held is played.
const TAIL_BLOCKS: u64 = 60;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let [_, input, out, rest @ ..] = args.as_slice() else {
        eprintln!("loss_curve IN.wav OUT_DIR [SEEDS]");
        std::process::exit(2);
    };
    let seeds: u64 = rest.first().map_or(3, |text| text.parse().expect("a number of seeds"));
    let out = Path::new(out);
    std::fs::create_dir_all(out).expect("the folder for the results");
    let sound = wav::read(Path::new(input));
    wav::write(&out.join("reference.wav"), &sound);
    let only = std::env::var("ONLY").ok();
    println!("who,rate,loss,jitter_ms,seed,lost_percent,concealed_percent,fec,dred,target_ms,delay_ms,file");
    for (loss, burst) in [(0, 1.0), (5, 1.3), (10, 1.5), (20, 2.0)] {
        for bitrate in [32_000, 48_000] {
            if bitrate == 48_000 && loss < 20 {
                continue;
            }
            if only.as_ref().is_some_and(|only| *only != loss.to_string()) {
                continue;
            }
            let packets = encode(&sound, settings(loss, bitrate));
            for jitter_ms in [0, 50, 100] {
                for seed in 1..=seeds {
                    let line = Channel { loss: f64::from(loss) / 100.0, burst, jitter_us: jitter_ms * 1000, seed };
                    let arrivals = line.carry(packets.len());
                    let lost = 100.0 * (1.0 - arrivals.len() as f64 / packets.len() as f64);
                    let name = format!("{bitrate}-{loss}-{jitter_ms}-{seed}");
                    if std::env::var_os("LINES").is_some() {
                        write_line(&out.join(format!("line-{name}.txt")), &packets, &arrivals);
                    }
                    let (heard, figures) = ours(&packets, &arrivals);
                    report(out, &heard, "ours", &name, lost, &figures);
                    let (heard, figures) = neteq(&packets, &arrivals);
                    report(out, &heard, "neteq", &name, lost, &figures);
                }
            }
        }
    }
}

/// How a sender that knows the loss would encode: copies of each frame, made ready for half as much again; beyond 15 % deep
/// redundancy instead, or both where there is room.
fn settings(loss: u8, bitrate: u32) -> Settings {
    let deep = loss > 15;
    Settings {
        bitrate,
        complexity: 9,
        fec: !deep || bitrate > 40_000,
        loss_percent: if deep { loss } else { loss + loss / 2 },
        dtx: false,
        dred: if deep { 40 } else { 0 },
        ..Settings::default()
    }
}

fn encode(sound: &[f32], settings: Settings) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::new(settings).expect("an encoder");
    sound
        .chunks_exact(settings.frame.samples())
        .map(|frame| encoder.encode(frame).expect("a packet").to_vec())
        .collect()
}

/// `PACKET ARRIVAL_US HEX` a line.
fn write_line(path: &Path, packets: &[Vec<u8>], arrivals: &[Arrival]) {
    let row = |arrival: &Arrival| {
        let hex: String = packets[arrival.packet].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{} {} {hex}\n", arrival.packet, arrival.at_us)
    };
    std::fs::write(path, arrivals.iter().map(row).collect::<String>()).expect("a line written");
}

fn report(out: &Path, heard: &[f32], who: &str, name: &str, lost: f64, figures: &str) {
    let file = format!("{who}-{name}.wav");
    wav::write(&out.join(&file), heard);
    println!("{who},{},{lost:.1},{figures},{file}", name.replace('-', ","));
}

/// Steps through time block by block: what came, then a pull.
fn play(packets: &[Vec<u8>], arrivals: &[Arrival], mut step: impl FnMut(u64, &[(usize, u64)])) {
    let mut coming = arrivals.iter().peekable();
    for block in 0..packets.len() as u64 * 2 + TAIL_BLOCKS {
        let now_us = block * 10_000;
        let mut came = Vec::new();
        while let Some(arrival) = coming.next_if(|arrival| arrival.at_us <= now_us) {
            came.push((arrival.packet, arrival.at_us));
        }
        step(now_us, &came);
    }
}

fn ours(packets: &[Vec<u8>], arrivals: &[Arrival]) -> (Vec<f32>, String) {
    let mut buffer = JitterBuffer::new(Decoder::new(Complexity::Deep).expect("a decoder"));
    let mut heard = Vec::new();
    let mut out = [0.0; BLOCK];
    let (mut delays, mut blocks) = (0u64, 0u64);
    let trace = std::env::var_os("TRACE").is_some();
    play(packets, arrivals, |now_us, came| {
        for (n, at_us) in came {
            let packet = Packet { seq: *n as u64, timestamp: *n as u32 * 960, payload: packets[*n].clone() };
            buffer.insert(packet, *at_us);
        }
        let pulled = buffer.pull(now_us, &mut out);
        heard.extend_from_slice(&out);
        let stats = buffer.stats();
        if trace {
            eprintln!(
                "{} {:?} target {} delay {} cut {} added {}",
                now_us / 1000,
                pulled.kind,
                stats.target_ms,
                stats.delay_ms,
                stats.shortened,
                stats.stretched
            );
        }
        delays += u64::from(stats.delay_ms);
        blocks += 1;
    });
    let stats = buffer.stats();
    let concealed = 100.0 * stats.concealed as f64 / stats.played.max(1) as f64;
    let figures = format!("{concealed:.2},{},{},{},{}", stats.fec, stats.dred, stats.target_ms, delays / blocks.max(1));
    (heard, figures)
}

/// Our decoder where the `neteq` crate wants one; it has no hook for redundancy or concealment.
struct Plain(Decoder);

impl neteq::codec::AudioDecoder for Plain {
    fn sample_rate(&self) -> u32 {
        48_000
    }

    fn channels(&self) -> u8 {
        1
    }

    fn decode(&mut self, encoded: &[u8]) -> neteq::Result<Vec<f32>> {
        let mut out = vec![0.0; self.0.duration(encoded).unwrap_or(960)];
        let _ = VoiceDecoder::decode(&mut self.0, encoded, &mut out);
        Ok(out)
    }
}

fn neteq(packets: &[Vec<u8>], arrivals: &[Arrival]) -> (Vec<f32>, String) {
    let config = neteq::NetEqConfig { sample_rate: 48_000, channels: 1, ..Default::default() };
    let mut buffer = neteq::NetEq::new(config).expect("a buffer");
    buffer.register_decoder(111, Box::new(Plain(Decoder::new(Complexity::Deep).expect("a decoder"))));
    let mut heard = Vec::new();
    play(packets, arrivals, |now_us, came| {
        for (n, at_us) in came {
            clock::set_us(*at_us);
            let header = neteq::RtpHeader::new(*n as u16, *n as u32 * 960, 1, 111, false);
            let _ = buffer.insert_packet(neteq::AudioPacket::new(header, packets[*n].clone(), 48_000, 1, 20));
        }
        clock::set_us(now_us);
        match buffer.get_audio() {
            Ok(frame) => heard.extend(frame.samples),
            Err(_) => heard.extend([0.0; BLOCK]),
        }
    });
    let stats = buffer.get_statistics();
    let concealed = 100.0 * stats.lifetime.concealed_samples as f64 / (heard.len() as f64);
    (heard, format!("{concealed:.2},0,0,{},{}", stats.target_delay_ms, stats.current_buffer_size_ms))
}
