//! Round trip of one frame between two nodes on loopback, and frames a second one way, over QUIC and over TCP.
//!
//! `cargo bench -p hearth-net`. Both nodes share this process and its runtime, kernel and disk left out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use hearth_net::{NetConfig, NetHandle, start};
use hearth_ports::{NetCommand, NetEvent};
use hearth_types::PeerKey;
use std::time::{Duration, Instant};

const WARM_UP: usize = 200;
const ROUNDS: usize = 3_000;
const STREAMED: usize = 2_000;
/// Fewer than a link's queue holds.
const WINDOW: usize = 64;

async fn node(seed: u8, listen: &str) -> NetHandle {
    start(NetConfig { secret: [seed; 32], listen: vec![listen.to_owned()], mdns: false }).await.unwrap()
}

async fn wait<T>(node: &NetHandle, mut pick: impl FnMut(NetEvent) -> Option<T>) -> T {
    let deadline = Duration::from_secs(30);
    loop {
        let event = tokio::time::timeout(deadline, node.events.recv()).await.expect("in time").expect("runs");
        if let Some(found) = pick(event) {
            return found;
        }
    }
}

async fn frame(node: &NetHandle) -> Vec<u8> {
    wait(node, |event| match event {
        NetEvent::Frame { frame, .. } => Some(frame),
        NetEvent::LinkDown { .. } => panic!("the link ended"),
        _ => None,
    })
    .await
}

async fn send(node: &NetHandle, link: PeerKey, frame: Vec<u8>) {
    node.commands.send(NetCommand::Send { link, frame }).await.unwrap();
}

async fn measure(name: &str, listen: &str) {
    let (a, b) = (node(1, listen).await, node(2, listen).await);
    let address = wait(&b, |event| match event {
        NetEvent::Listening { address } => Some(address),
        _ => None,
    })
    .await;
    let since = Instant::now();
    a.commands.send(NetCommand::Dial { peer: Some(b.peer), addresses: vec![address] }).await.unwrap();
    wait(&a, |event| matches!(event, NetEvent::LinkUp { .. }).then_some(())).await;
    let dial = since.elapsed();
    wait(&b, |event| matches!(event, NetEvent::LinkUp { .. }).then_some(())).await;

    let (to_a, to_b) = (a.peer, b.peer);
    let back = b.clone();
    let echo = tokio::spawn(async move {
        loop {
            let got = frame(&back).await;
            if got.len() == 1 {
                return;
            }
            send(&back, to_a, got).await;
        }
    });
    for bytes in [64, 1_024, 16_384] {
        let mut times = Vec::with_capacity(ROUNDS);
        for round in 0..WARM_UP + ROUNDS {
            let since = Instant::now();
            send(&a, to_b, vec![7; bytes]).await;
            assert_eq!(frame(&a).await.len(), bytes);
            if round >= WARM_UP {
                times.push(since.elapsed());
            }
        }
        times.sort();
        let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)].as_micros();
        println!("{name}: {bytes:>6} B round trip p50 {:>6} us, p99 {:>6} us ({ROUNDS} rounds)", at(50), at(99));
    }
    let body = 64 * 1024;
    let since = Instant::now();
    let (mut sent, mut got) = (0, 0);
    while got < STREAMED {
        while sent < STREAMED && sent - got < WINDOW {
            send(&a, to_b, vec![7; body]).await;
            sent += 1;
        }
        frame(&a).await;
        got += 1;
    }
    let mib = (2 * STREAMED * body) as f64 / (1024.0 * 1024.0);
    println!("{name}: 64 KiB frames echoed, {:.0} MiB/s both ways together", mib / since.elapsed().as_secs_f64());
    println!("{name}: dial to link up {} us", dial.as_micros());
    send(&a, to_b, vec![0]).await;
    echo.await.unwrap();
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        measure("QUIC", "/ip4/127.0.0.1/udp/0/quic-v1").await;
        measure("TCP ", "/ip4/127.0.0.1/tcp/0").await;
    });
}
