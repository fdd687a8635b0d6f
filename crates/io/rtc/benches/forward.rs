//! What forwarding costs: three talkers, one relay on one thread, everybody else listens. Loopback, 100-byte frames.
//!
//! Prints forwarded packets per second of the relay thread's own CPU time, receiving and signalling included, and the
//! memory that an end of a media link takes (both ends are in this process).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hearth_ports::rtc::{MediaFrame, MediaState, RtcCommand, RtcEvent};
use hearth_rtc::{RtcConfig, RtcHandle};
use hearth_types::PeerKey;
use tokio::runtime::{Builder, Runtime};

const RELAY: PeerKey = PeerKey([0; 32]);
const TALKERS: u8 = 3;
/// Speech: a frame every 20 ms.
const FRAMES_PER_S: u32 = 50;
const SECONDS: u64 = 5;

fn main() {
    // What the first leaves behind the others take, so it is the one whose memory counts.
    let each = forward(25);
    println!("            an end of a media link took {each} KiB");
    forward(12);
    forward(4);
}

fn runtime(name: &str) -> Runtime {
    Builder::new_multi_thread().worker_threads(1).thread_name(name).enable_all().build().unwrap()
}

fn start(runtime: &Runtime) -> RtcHandle {
    let config = RtcConfig { bind: vec!["127.0.0.1:0".parse().unwrap()], ..Default::default() };
    hearth_rtc::start(config, runtime.handle()).unwrap()
}

/// CPU time of this process's threads called `name`, in clock ticks of 10 ms.
fn cpu(name: &str) -> Duration {
    let mut ticks = 0;
    for task in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
        let comm = std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        if comm.trim() == name {
            let stat = std::fs::read_to_string(task.path().join("stat")).unwrap_or_default();
            let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
            ticks += fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        }
    }
    Duration::from_millis(ticks * 10)
}

/// Resident memory of this process, KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Returns the memory that each end of a link took, KiB.
fn forward(members: u8) -> u64 {
    let (here, others) = (runtime("relay"), runtime("members"));
    let relay = start(&here);
    let keys: Vec<_> = (1..members).map(|n| PeerKey([n; 32])).collect();
    let peers: Vec<_> = keys.iter().map(|_| start(&others)).collect();
    let before = resident();
    let connected = Arc::new(AtomicU64::new(0));
    let heard = Arc::new(AtomicU64::new(0));
    let from_relay: std::collections::BTreeMap<_, _> =
        keys.iter().copied().zip(peers.iter().map(|p| p.commands.clone())).collect();
    let (events, counted) = (relay.events.clone(), connected.clone());
    here.spawn(async move {
        while let Ok(event) = events.recv().await {
            match event {
                RtcEvent::Signal { peer, bytes } => {
                    let _ = from_relay[&peer].send(RtcCommand::Signal { peer: RELAY, bytes }).await;
                }
                RtcEvent::State { state: MediaState::Connected(_), .. } => {
                    counted.fetch_add(1, Ordering::Relaxed);
                }
                _ => {}
            }
        }
    });
    for (key, peer) in keys.iter().zip(&peers) {
        let (key, events, media) = (*key, peer.events.clone(), peer.media.clone());
        let (commands, counted, heard) = (relay.commands.clone(), connected.clone(), heard.clone());
        others.spawn(async move {
            while let Ok(event) = events.recv().await {
                match event {
                    RtcEvent::Signal { bytes, .. } => {
                        let _ = commands.send(RtcCommand::Signal { peer: key, bytes }).await;
                    }
                    RtcEvent::State { state: MediaState::Connected(_), .. } => {
                        counted.fetch_add(1, Ordering::Relaxed);
                    }
                    _ => {}
                }
            }
        });
        others.spawn(async move {
            while let Ok(event) = media.recv().await {
                heard.fetch_add(u64::from(matches!(event, RtcEvent::Frame { .. })), Ordering::Relaxed);
            }
        });
        let open = |peer, polite| RtcCommand::Open { peer, polite, relay_only: false };
        relay.commands.send_blocking(open(key, false)).unwrap();
        peer.commands.send_blocking(open(RELAY, true)).unwrap();
    }
    let begun = Instant::now();
    while connected.load(Ordering::Relaxed) < 2 * keys.len() as u64 {
        assert!(begun.elapsed() < Duration::from_secs(60), "the members did not connect");
        std::thread::sleep(Duration::from_millis(5));
    }
    let forwarded = Arc::new(AtomicU64::new(0));
    let (commands, media, all, count) = (relay.commands.clone(), relay.media.clone(), keys.clone(), forwarded.clone());
    here.spawn(async move {
        while let Ok(event) = media.recv().await {
            let RtcEvent::Frame { peer, frame } = event else { continue };
            let peers: Vec<_> = all.iter().copied().filter(|key| *key != peer).collect();
            count.fetch_add(peers.len() as u64, Ordering::Relaxed);
            let _ = commands.send(RtcCommand::Send { peers, frame: MediaFrame { slot: peer.0[0], ..frame } }).await;
        }
    });
    let (cpu_before, start) = (cpu("relay"), Instant::now());
    for peer in peers.iter().take(usize::from(TALKERS)) {
        let commands = peer.commands.clone();
        others.spawn(async move {
            let mut tick = tokio::time::interval(Duration::from_secs(1) / FRAMES_PER_S);
            for n in 0u32.. {
                tick.tick().await;
                let frame = MediaFrame { slot: 0, timestamp: n * 960, level: 20, voice: true, payload: vec![7; 100] };
                if commands.send(RtcCommand::Send { peers: vec![RELAY], frame }).await.is_err() {
                    break;
                }
            }
        });
    }
    std::thread::sleep(Duration::from_secs(SECONDS));
    let each = resident().saturating_sub(before) / (2 * keys.len() as u64);
    let (used, took) = (cpu("relay") - cpu_before, start.elapsed());
    let (sent, got) = (forwarded.load(Ordering::Relaxed), heard.load(Ordering::Relaxed));
    println!(
        "{members:>2} members: {sent} forwarded ({got} heard) in {took:.1?} with {used:.2?} of CPU: {:.0}/s per core, {:.1} us each, {:.1} % of a core",
        sent as f64 / used.as_secs_f64(),
        used.as_secs_f64() * 1e6 / sent as f64,
        100.0 * used.as_secs_f64() / took.as_secs_f64(),
    );
    here.shutdown_background();
    others.shutdown_background();
    each
}
