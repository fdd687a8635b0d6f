//! What a link carries.

use std::time::{Duration, Instant};

use hearth_ports::rtc::{MediaState, RtcCommand};

use crate::harness::{Peer, carry, frame};

const SLOTS: u8 = hearth_rtc::limits::SLOTS as u8;

/// Sends `count` frames on each slot both ways, 20 ms of speech every few milliseconds.
async fn talk(a: &Peer, b: &Peer, from: u32, count: u32) {
    let mut tick = tokio::time::interval(Duration::from_millis(4));
    for n in from..from + count {
        tick.tick().await;
        for slot in 0..SLOTS {
            a.send(&[b.key], slot, n).await;
            b.send(&[a.key], slot, n).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_arrive_on_every_slot_both_ways_with_their_time_and_level() {
    let (a, b) = (Peer::new(1), Peer::new(2));
    let start = Instant::now();
    let _signals = carry(&[&a, &b]);
    a.open(&b).await;
    b.open(&a).await;
    a.until_connected(b.key).await;
    b.until_connected(a.key).await;
    println!("two peers connected in {:?}", start.elapsed());
    talk(&a, &b, 0, 200).await;
    for (here, there) in [(&a, &b), (&b, &a)] {
        let all = usize::from(SLOTS) * 200;
        here.until("all frames", |heard| heard.frames.len() >= all).await;
        let heard = here.heard.lock().unwrap();
        for slot in 0..SLOTS {
            let got: Vec<_> = heard.frames.iter().filter(|(_, f, _)| f.slot == slot).collect();
            assert_eq!(got.len(), 200);
            for (n, (from, got, _)) in got.into_iter().enumerate() {
                assert_eq!(*from, there.key);
                assert_eq!(*got, frame(slot, n as u32));
            }
        }
    }
    a.until("a count of what came", |heard| {
        heard.stats.iter().any(|(_, _, received, lost)| (*received, *lost) == (1_000, 0))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn datagrams_get_through_while_audio_flows() {
    let (a, b) = (Peer::new(1), Peer::new(2));
    let _signals = carry(&[&a, &b]);
    a.open(&b).await;
    b.open(&a).await;
    a.until_connected(b.key).await;
    b.until_connected(a.key).await;
    let beat = |n: u32| RtcCommand::Datagram { peers: vec![b.key], bytes: [&n.to_be_bytes()[..], &[7; 60]].concat() };
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    for n in 0..50 {
        tick.tick().await;
        a.send(&[b.key], 0, n).await;
        if n % 5 == 0 {
            a.command(beat(n)).await;
        }
    }
    b.until("ten heartbeats", |heard| heard.datagrams.len() >= 10).await;
    a.command(RtcCommand::Datagram { peers: vec![b.key], bytes: vec![1; 1_024] }).await;
    a.command(RtcCommand::Datagram { peers: vec![b.key], bytes: vec![2; 1_025] }).await;
    a.command(beat(99)).await;
    b.until("the largest datagram and the one after", |heard| heard.datagrams.len() >= 12).await;
    let heard = b.heard.lock().unwrap();
    assert!(heard.datagrams.iter().any(|(from, bytes)| *from == a.key && *bytes == vec![1; 1_024]));
    assert!(heard.datagrams.iter().all(|(_, bytes)| bytes[0] != 2), "one too large was sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_closed_on_one_side_opens_again() {
    let (a, b) = (Peer::new(1), Peer::new(2));
    let _signals = carry(&[&a, &b]);
    a.open(&b).await;
    b.open(&a).await;
    a.until_connected(b.key).await;
    b.until_connected(a.key).await;
    for (closes, stays) in [(&a, &b), (&b, &a)] {
        closes.command(RtcCommand::Close { peer: stays.key }).await;
        let before = stays.heard.lock().unwrap().states.len();
        closes.heard.lock().unwrap().states.clear();
        closes.open(stays).await;
        if !matches!(stays.state(closes.key), Some(MediaState::Connected(_) | MediaState::Connecting)) {
            stays.open(closes).await;
        }
        closes.until_connected(stays.key).await;
        stays
            .until("a new connection", |heard| {
                heard.states.len() > before && matches!(heard.states.last(), Some((_, MediaState::Connected(_))))
            })
            .await;
        let seen = stays.heard.lock().unwrap().frames.len();
        closes.send(&[stays.key], 3, 7).await;
        stays.until("a frame on the new link", |heard| heard.frames.len() > seen).await;
    }
}
