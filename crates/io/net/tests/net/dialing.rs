//! What becomes of a dial.

use crate::harness::*;
use hearth_ports::{NetCommand, NetEvent};
use hearth_types::PeerKey;
use std::time::{Duration, Instant};

async fn failure(node: &mut Node, asked: Option<PeerKey>) -> String {
    node.wait("failed dial", |event| match event {
        NetEvent::DialFailed { peer, why } if *peer == asked => Some(why.clone()),
        _ => None,
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_without_a_key_is_taken_as_it_is() {
    let (mut a, mut b) = (node(1, &[QUIC]).await, node(2, &[QUIC]).await);
    let address = b.address().await;
    a.tell(NetCommand::Dial { peer: None, addresses: vec![address] }).await;
    a.up(b.key).await;
    b.up(a.key).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_good_address_among_bad_ones_is_enough() {
    let (mut a, mut b) = (node(1, &[QUIC, TCP]).await, node(2, &[TCP]).await);
    let good = b.address().await;
    let addresses = ["nonsense", "/ip4/127.0.0.1/tcp/1", "/ip4/127.0.0.1/udp/1/quic-v1", "/ip4/0.0.0.0/tcp/9", &good];
    let addresses = addresses.map(str::to_owned).to_vec();
    let since = Instant::now();
    a.tell(NetCommand::Dial { peer: Some(b.key), addresses }).await;
    a.up(b.key).await;
    assert!(since.elapsed() < Duration::from_secs(4), "TCP does not wait for QUIC to give up: {:?}", since.elapsed());
    let said = a.stop().await;
    assert!(!said.iter().any(|event| matches!(event, NetEvent::DialFailed { .. })), "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_are_told_once_and_in_plain_words() {
    let (mut a, mut b) = (node(1, &[QUIC, TCP]).await, node(2, &[TCP]).await);
    let (own, at_b) = (a.address().await, b.address().await);
    let stranger = node(9, &[QUIC]).await.key;

    let own_key = a.key;
    a.dial(own_key, &own).await;
    assert!(failure(&mut a, Some(own_key)).await.contains("this device itself"));
    a.dial(stranger, "/ip4/127.0.0.1/tcp/1").await;
    assert!(failure(&mut a, Some(stranger)).await.contains("Nobody answers"));
    a.dial(stranger, &at_b).await;
    assert!(failure(&mut a, Some(stranger)).await.contains("Another device"));
    for nothing in ["", "127.0.0.1:80", "/ip4/127.0.0.1", "/ip4/0.0.0.0/tcp/5"] {
        a.dial(stranger, nothing).await;
        assert!(failure(&mut a, Some(stranger)).await.contains("no address"), "{nothing}");
    }
    a.tell(NetCommand::Dial { peer: None, addresses: vec!["/ip4/127.0.0.1/tcp/1".to_owned()] }).await;
    assert!(failure(&mut a, None).await.contains("Nobody answers"));
    a.tell(NetCommand::Dial { peer: None, addresses: vec![] }).await;
    assert!(failure(&mut a, None).await.contains("no address"));

    let said = a.stop().await;
    assert!(!said.iter().any(|e| matches!(e, NetEvent::DialFailed { .. } | NetEvent::LinkUp { .. })), "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_dials_than_the_limit_are_answered() {
    let mut a = node(1, &[QUIC]).await;
    let many = hearth_types::limits::DIALS + 20;
    // A QUIC dial to a silent port takes seconds, so they pile up.
    for port in 1..=many {
        a.tell(NetCommand::Dial { peer: None, addresses: vec![format!("/ip4/127.0.0.1/udp/{port}/quic-v1")] }).await;
    }
    let mut too_many = 0;
    for _ in 0..many {
        too_many += usize::from(failure(&mut a, None).await.contains("Too many"));
    }
    assert!(too_many >= 20, "{too_many}");
}
