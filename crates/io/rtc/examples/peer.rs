//! One peer for the scripts in `tests/voice`: signals as lines on standard input and output, speech made up.
//!
//! `peer [--polite] [--relay-only] [--bind ADDRESS:PORT] [--server URL USER PASSWORD] [--ca FILE] [--echo]`
//!
//! Prints `signal JSON`, `state …`, `stats RTT_MS RECEIVED LOST`, `datagrams COUNT` and now and then `frame SLOT LEVEL VOICE
//! BYTES`; reads signals, one JSON a line, and `restart`; ends with its input. With `--echo` it sends each frame back as it
//! came, on slots 0 and 1, instead of speaking.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use hearth_ports::rtc::{IceServer, MediaFrame, RtcCommand, RtcEvent};
use hearth_rtc::RtcConfig;
use hearth_types::PeerKey;
use tokio::io::{AsyncBufReadExt, BufReader};

const PEER: PeerKey = PeerKey([9; 32]);

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() {
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let (mut polite, mut relay_only, mut echo) = (false, false, false);
    let mut config = RtcConfig::default();
    let mut args = std::env::args().skip(1);
    let next = |args: &mut std::iter::Skip<std::env::Args>| args.next().expect("a value");
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--polite" => polite = true,
            "--relay-only" => relay_only = true,
            "--echo" => echo = true,
            "--bind" => config.bind.push(next(&mut args).parse().expect("an address")),
            "--ca" => config.extra_ca = std::fs::read(next(&mut args)).expect("a file"),
            "--server" => config.servers.push(IceServer {
                url: next(&mut args),
                username: next(&mut args),
                password: next(&mut args),
            }),
            other => panic!("what is {other}?"),
        }
    }
    let rtc = hearth_rtc::start(config, &tokio::runtime::Handle::current()).expect("a transport");
    rtc.commands.send(RtcCommand::Open { peer: PEER, polite, relay_only }).await.unwrap();
    let (commands, media) = (rtc.commands.clone(), rtc.media.clone());
    tokio::spawn(async move {
        let (mut datagrams, mut frames) = (0, 0u32);
        while let Ok(event) = media.recv().await {
            match event {
                RtcEvent::Frame { frame, .. } => {
                    if frames.is_multiple_of(50) {
                        println!("frame {} {} {} {}", frame.slot, frame.level, frame.voice, frame.payload.len());
                    }
                    frames += 1;
                    for slot in 0..if echo { 2 } else { 0 } {
                        let frame = MediaFrame { slot, ..frame.clone() };
                        let _ = commands.send(RtcCommand::Send { peers: vec![PEER], frame }).await;
                    }
                }
                RtcEvent::Datagram { bytes, .. } => {
                    datagrams += 1;
                    println!("datagrams {datagrams}");
                    if echo {
                        let _ = commands.send(RtcCommand::Datagram { peers: vec![PEER], bytes }).await;
                    }
                }
                _ => {}
            }
        }
    });
    let events = rtc.events.clone();
    tokio::spawn(async move {
        while let Ok(event) = events.recv().await {
            match event {
                RtcEvent::Signal { bytes, .. } => println!("signal {}", String::from_utf8(bytes).unwrap()),
                RtcEvent::State { state, .. } => println!("state {state:?}"),
                RtcEvent::Stats { rtt_ms, received, lost, .. } => println!("stats {rtt_ms} {received} {lost}"),
                _ => {}
            }
        }
    });
    if !echo {
        let commands = rtc.commands.clone();
        tokio::spawn(async move {
            let mut tick = tokio::time::interval(Duration::from_millis(20));
            for n in 0u32.. {
                tick.tick().await;
                for slot in 0..2 {
                    let frame =
                        MediaFrame { slot, timestamp: n * 960, level: 30, voice: true, payload: vec![slot; 100] };
                    let _ = commands.send(RtcCommand::Send { peers: vec![PEER], frame }).await;
                }
                if n.is_multiple_of(5) {
                    let bytes = n.to_be_bytes().to_vec();
                    let _ = commands.send(RtcCommand::Datagram { peers: vec![PEER], bytes }).await;
                }
            }
        });
    }
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let command = match line.as_str() {
            "restart" => RtcCommand::Restart { peer: PEER },
            _ => RtcCommand::Signal { peer: PEER, bytes: line.into_bytes() },
        };
        let _ = rtc.commands.send(command).await;
    }
    rtc.commands.send(RtcCommand::Shutdown).await.unwrap();
    while rtc.events.recv().await.is_ok() {}
}
