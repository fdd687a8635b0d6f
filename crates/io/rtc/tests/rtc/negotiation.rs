//! How two peers agree, and what cannot disturb them.

use std::time::{Duration, Instant};

use hearth_ports::rtc::{MediaState, RtcCommand};
use hearth_rtc::signal::{Body, Signal};

use crate::harness::{Peer, carry, last};

async fn pair() -> (Peer, Peer, tokio::task::JoinHandle<()>) {
    let (a, b) = (Peer::new(1), Peer::new(2));
    let signals = carry(&[&a, &b]);
    a.open(&b).await;
    b.open(&a).await;
    a.until_connected(b.key).await;
    b.until_connected(a.key).await;
    (a, b, signals)
}

/// Speaks on slot 0 until dropped.
fn speak(from: &Peer, to: &Peer) -> tokio::task::JoinHandle<()> {
    let (commands, to) = (from.rtc.commands.clone(), to.key);
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        for n in 0.. {
            tick.tick().await;
            let frame = crate::harness::frame(0, n);
            if commands.send(RtcCommand::Send { peers: vec![to], frame }).await.is_err() {
                break;
            }
        }
    })
}

/// The longest pause between two frames, from the first to the last.
fn gap(peer: &Peer) -> Duration {
    let heard = peer.heard.lock().unwrap();
    let times = heard.frames.iter().map(|(_, _, at)| *at).collect::<Vec<_>>();
    times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
}

async fn heard_after(peer: &Peer, since: Instant) {
    peer.until("frames again", |heard| heard.frames.iter().filter(|(_, _, at)| *at > since).count() > 25).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_order_of_opening_does_not_matter() {
    for impolite_first in [true, false] {
        let (a, b) = (Peer::new(1), Peer::new(2));
        let _signals = carry(&[&a, &b]);
        let (first, second) = if impolite_first { (&a, &b) } else { (&b, &a) };
        first.open(second).await;
        // What the first one says reaches a peer that has not opened, and is lost.
        first.until("its first word", |heard| last(heard, second.key) == Some(MediaState::Connecting)).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        second.open(first).await;
        a.until_connected(b.key).await;
        b.until_connected(a.key).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_from_either_side_or_both_keeps_the_audio() {
    let (a, b, _signals) = pair().await;
    let (_one, _other) = (speak(&a, &b), speak(&b, &a));
    heard_after(&a, Instant::now()).await;
    heard_after(&b, Instant::now()).await;
    for restarting in [vec![&a], vec![&b], vec![&a, &b]] {
        let before = a.heard.lock().unwrap().offers;
        let start = Instant::now();
        for peer in &restarting {
            let other = if peer.key == a.key { b.key } else { a.key };
            peer.command(RtcCommand::Restart { peer: other }).await;
        }
        a.until("a new offer", |heard| heard.offers > before).await;
        // The sockets in use until now are closed by a restart, so what comes from here on comes over new ones.
        heard_after(&a, Instant::now()).await;
        heard_after(&b, Instant::now()).await;
        println!("restart by {}: half a second of audio again after {:?}", restarting.len(), start.elapsed());
        a.until_connected(b.key).await;
        b.until_connected(a.key).await;
    }
    println!("longest pause over three restarts: {:?} and {:?}", gap(&a), gap(&b));
    assert!(gap(&a) < Duration::from_secs(3) && gap(&b) < Duration::from_secs(3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_both_offer_the_impolite_offer_stands() {
    // A stranger that offers although it is polite: what a browser may do.
    let (a, b) = (Peer::new(1), Peer::new(2));
    let stranger = Peer::new(3);
    stranger.open_as(a.key, false).await;
    stranger.until("its offer", |heard| !heard.signals.is_empty()).await;
    let offer = stranger.heard.lock().unwrap().signals.pop_front().unwrap().1;
    a.open(&b).await;
    a.until("our offer", |heard| !heard.signals.is_empty()).await;
    let sdp = match Signal::decode(&offer).unwrap().body {
        Body::Offer(sdp) => sdp,
        other => panic!("{other:?}"),
    };
    // The collision comes with the name b will have: whatever b says first.
    b.open(&a).await;
    b.until("a word", |heard| !heard.signals.is_empty()).await;
    let name = Signal::decode(&b.heard.lock().unwrap().signals[0].1).unwrap().from;
    let collision = Signal { from: name, to: 0, round: 1, body: Body::Offer(sdp) }.encode();
    a.command(RtcCommand::Signal { peer: b.key, bytes: collision }).await;
    let _signals = carry(&[&a, &b]);
    a.until_connected(b.key).await;
    b.until_connected(a.key).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_changes_nothing() {
    let (a, b, _signals) = pair().await;
    let before = a.heard.lock().unwrap().states.len();
    let say = |bytes: Vec<u8>| a.command(RtcCommand::Signal { peer: b.key, bytes });
    let from = 0xdead_beef;
    let signal = |from, body| Signal { from, to: 0, round: 99, body }.encode();
    for bytes in [vec![], vec![0xff; 100], b"{}".to_vec(), vec![b'['; 40_000], b"{\"v\":1}".to_vec()] {
        say(bytes).await;
    }
    say(signal(from, Body::Answer("v=0\r\n".into()))).await;
    say(signal(from, Body::Candidate("candidate:nothing".into()))).await;
    say(signal(from, Body::Restart)).await;
    for n in 0..200 {
        say(format!("{{\"v\":1,\"from\":{n},\"candidate\":\"candidate:{n}\"}}").into_bytes()).await;
    }
    for n in 0..50 {
        a.send(&[b.key], 2, n).await;
    }
    b.until("frames after garbage", |heard| heard.frames.len() >= 50).await;
    assert_eq!(a.heard.lock().unwrap().states.len(), before, "the link changed its state");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_offer_is_survived() {
    let (a, b) = (Peer::new(1), Peer::new(2));
    a.open(&b).await;
    b.open(&a).await;
    a.until("an offer", |heard| !heard.signals.is_empty()).await;
    let offer = Signal::decode(&a.heard.lock().unwrap().signals[0].1).unwrap();
    let Body::Offer(sdp) = &offer.body else { panic!("{offer:?}") };
    let lines: Vec<_> = sdp.lines().collect();
    // Each damage under an earlier round, so that the real offer is still new.
    for skip in 1..lines.len() {
        let kept: String =
            lines.iter().enumerate().filter(|(at, _)| *at != skip).map(|(_, l)| format!("{l}\r\n")).collect();
        let bytes = Signal { round: 0, body: Body::Offer(kept), ..offer.clone() }.encode();
        b.command(RtcCommand::Signal { peer: a.key, bytes }).await;
    }
    for damage in
        ["v=0\r\n", "v=0\r\nm=audio\r\n", "v=0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:\r\n"]
    {
        let bytes = Signal { round: 1, body: Body::Offer(damage.into()), ..offer.clone() }.encode();
        b.command(RtcCommand::Signal { peer: a.key, bytes }).await;
    }
    let _signals = carry(&[&a, &b]);
    a.until_connected(b.key).await;
    b.until_connected(a.key).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_vanishes_is_interrupted_and_then_lost() {
    let (a, b, signals) = pair().await;
    signals.abort();
    // b ends without a word: its sockets close, so nothing comes from them, not even STUN.
    b.command(RtcCommand::Shutdown).await;
    let start = Instant::now();
    a.until("the loss", |heard| matches!(last(heard, b.key), Some(MediaState::Failed(_)))).await;
    println!("lost after {:?}: {:?}", start.elapsed(), a.heard.lock().unwrap().states);
    assert!(start.elapsed() < Duration::from_secs(15));
}
