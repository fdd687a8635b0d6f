//! What a link promises.

use crate::harness::*;
use hearth_ports::{Direction, NetCommand, NetEvent, Route};
use hearth_types::limits;
use std::time::{Duration, Instant};

async fn frames_cross(listen: &str) {
    let (mut a, mut b) = (node(1, &[listen]).await, node(2, &[listen]).await);
    let address = b.address().await;
    a.dial(b.key, &address).await;
    let (dialled, route) = a
        .wait("link up", |event| match event {
            NetEvent::LinkUp { address, route, direction: Direction::Dialer, .. } => Some((address.clone(), *route)),
            _ => None,
        })
        .await;
    assert_eq!((dialled, route), (address, Route::Lan));
    assert_eq!(b.up(a.key).await, Direction::Listener);
    for n in 0..20u8 {
        a.send(b.key, [n, 1]).await;
        b.send(a.key, [n, 2]).await;
    }
    for n in 0..20u8 {
        assert_eq!(b.frame(a.key).await, [n, 1]);
        assert_eq!(a.frame(b.key).await, [n, 2]);
    }
    let biggest: Vec<u8> = (0..limits::FRAME_BYTES).map(|n| (n % 251) as u8).collect();
    b.send(a.key, biggest.clone()).await;
    assert_eq!(a.frame(b.key).await, biggest);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_cross_both_ways_in_order_over_quic() {
    frames_cross(QUIC).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_cross_both_ways_in_order_over_tcp() {
    frames_cross(TCP).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_rapid_frames_keep_their_order() {
    let (mut a, mut b) = pair(QUIC).await;
    for n in 0..200u32 {
        a.send(b.key, n.to_be_bytes()).await;
        b.send(a.key, n.to_be_bytes()).await;
    }
    for n in 0..200u32 {
        assert_eq!(b.frame(a.key).await, n.to_be_bytes());
        assert_eq!(a.frame(b.key).await, n.to_be_bytes());
    }
}

async fn dial_each_other(seeds: (u8, u8), listen: &str) {
    let (mut a, mut b) = (node(seeds.0, &[listen]).await, node(seeds.1, &[listen]).await);
    let (at_a, at_b) = (a.address().await, b.address().await);
    tokio::join!(a.dial(b.key, &at_b), b.dial(a.key, &at_a));
    let (of_a, of_b) = (a.up(b.key).await, b.up(a.key).await);
    assert_ne!(of_a, of_b, "one dialer, one listener");
    // Longer than two connections are left side by side, so that the end of the second is seen to do no harm.
    let since = Instant::now();
    let mut rounds = 0u32;
    while since.elapsed() < Duration::from_secs(3) {
        a.send(b.key, rounds.to_be_bytes()).await;
        assert_eq!(b.frame(a.key).await, rounds.to_be_bytes());
        b.send(a.key, rounds.to_be_bytes()).await;
        assert_eq!(a.frame(b.key).await, rounds.to_be_bytes());
        rounds += 1;
    }
    let said = a.stop().await;
    assert!(!said.iter().any(|event| matches!(event, NetEvent::LinkUp { .. })), "{said:?}");
    assert_eq!(said.iter().filter(|event| matches!(event, NetEvent::LinkDown { .. })).count(), 1, "{said:?}");
    b.down(key_of(seeds.0)).await;
    let said = b.stop().await;
    assert!(!said.iter().any(|event| matches!(event, NetEvent::LinkUp { .. } | NetEvent::LinkDown { .. })), "{said:?}");
}

fn key_of(seed: u8) -> hearth_types::PeerKey {
    let pair = libp2p::identity::Keypair::ed25519_from_bytes([seed; 32]).unwrap();
    hearth_types::PeerKey(pair.public().try_into_ed25519().unwrap().to_bytes())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dialling_each_other_at_once_makes_one_link_with_one_dialer() {
    for seeds in [(1, 2), (2, 1), (3, 4), (5, 6)] {
        dial_each_other(seeds, QUIC).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dialling_twice_makes_one_link() {
    let (mut a, mut b) = (node(1, &[QUIC, TCP]).await, node(2, &[QUIC, TCP]).await);
    let both = vec![b.address().await, b.address().await];
    for _ in 0..5 {
        a.tell(NetCommand::Dial { peer: Some(b.key), addresses: both.clone() }).await;
        a.tell(NetCommand::Dial { peer: None, addresses: both.clone() }).await;
    }
    a.up(b.key).await;
    b.up(a.key).await;
    a.tell(NetCommand::Dial { peer: Some(b.key), addresses: both.clone() }).await;
    a.send(b.key, *b"still here").await;
    assert_eq!(b.frame(a.key).await, b"still here");
    // Until the connections beside it are reaped and after, the link is neither lost nor made again.
    let link = |event: &NetEvent| match event {
        NetEvent::LinkUp { .. } | NetEvent::LinkDown { .. } => Some(event.clone()),
        _ => None,
    };
    let settled = Duration::from_secs(7);
    assert_eq!(tokio::join!(a.wait_at_most(settled, link), b.wait_at_most(settled, link)), (None, None));
    a.stop().await;
    b.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_link_hands_over_what_was_queued_and_can_be_made_again() {
    let (mut a, mut b) = pair(QUIC).await;
    let address = format!("/ip4/127.0.0.1/udp/{}/quic-v1", port_of(&mut b, &mut a).await);
    for round in 0..3u8 {
        for n in 0..50u8 {
            a.send(b.key, vec![n; 10_000]).await;
        }
        a.tell(NetCommand::Close { link: b.key }).await;
        for n in 0..50u8 {
            assert_eq!(b.frame(a.key).await, vec![n; 10_000], "round {round}");
        }
        b.down(a.key).await;
        a.down(b.key).await;
        a.dial(b.key, &address).await;
        a.up(b.key).await;
        b.up(a.key).await;
    }
}

/// The port `of` says it listens on, as `at` hears it.
async fn port_of(of: &mut Node, at: &mut Node) -> String {
    let key = of.key;
    let addresses = at
        .wait("addresses of the peer", |event| match event {
            NetEvent::PeerAddresses { link, addresses } if *link == key => Some(addresses.clone()),
            _ => None,
        })
        .await;
    addresses[0].split('/').nth(4).unwrap().to_owned()
}

fn killed(listen: &'static str) {
    let watch = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let doomed = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let mut b = doomed.block_on(node(2, &[listen]));
    let address = doomed.block_on(b.address());
    let mut a = watch.block_on(async {
        let mut a = node(1, &[listen]).await;
        a.dial(b.key, &address).await;
        a.up(b.key).await;
        a
    });
    doomed.block_on(b.up(a.key));
    doomed.shutdown_background();
    watch.block_on(a.down(b.key));
    // It did not hang up: nothing ran any more.
    watch.block_on(a.stop());
}

#[test]
fn a_killed_peer_is_noticed_over_tcp() {
    killed(TCP);
}

#[test]
fn a_killed_peer_is_noticed_over_quic() {
    killed(QUIC);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peers_round_trip_and_addresses_are_told() {
    let (mut a, mut b) = pair(QUIC).await;
    let key = b.key;
    let rtt = a
        .wait("round trip", |event| match event {
            NetEvent::Rtt { link, rtt_ms } if *link == key => Some(*rtt_ms),
            _ => None,
        })
        .await;
    assert!(rtt < 5_000, "{rtt}");
    let port = port_of(&mut a, &mut b).await;
    assert_eq!(a.address().await, format!("/ip4/127.0.0.1/udp/{port}/quic-v1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_does_not_read_holds_up_peers_and_not_its_own_commands() {
    let (a, mut b) = pair(QUIC).await;
    // b is not read while more events come than its queue holds; a is held up, and loses nothing.
    let total = u32::try_from(limits::NET_QUEUE + limits::LINK_QUEUE / 2).unwrap();
    let (key, unread) = (b.key, b.unread());
    let sender = tokio::spawn(async move {
        for n in 0..total {
            a.send(key, n.to_be_bytes()).await;
            // No more is under way than the link's queue takes: what was sent before waits to be read, or fills b's queue.
            while unread.len() + limits::LINK_QUEUE / 2 < limits::NET_QUEUE.min(n as usize) {
                tokio::task::yield_now().await;
            }
        }
        a
    });
    let from = key_of(1);
    for _ in 0..limits::NET_QUEUE * 2 {
        b.tell(NetCommand::SetMember { link: from, member: true }).await;
    }
    let a = sender.await.unwrap();
    let mut next = 0;
    b.wait("all frames", move |event| match event {
        NetEvent::Frame { frame, .. } => {
            assert_eq!(*frame, u32::to_be_bytes(next), "in order");
            next += 1;
            (next == total).then_some(())
        }
        NetEvent::LinkDown { .. } => panic!("the link ended after {next} frames"),
        _ => None,
    })
    .await;
    a.stop().await;
}
