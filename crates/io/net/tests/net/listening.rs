//! Listening, and what to do when it does not work.

use crate::harness::*;
use hearth_net::{NetConfig, NetFault, start};
use hearth_ports::{NetCommand, NetEvent};
use std::net::{TcpListener, UdpSocket};

async fn falls_back(taken: String) {
    let port = taken.split('/').nth(4).unwrap().to_owned();
    let (mut a, mut b) = (node(1, &[&taken]).await, node(2, &[QUIC, TCP]).await);
    let why = a.trouble("port_in_use").await;
    assert!(why.contains(&port), "{why}");
    let address = a.address().await;
    assert_ne!(address, taken);
    b.dial(a.key, &address).await;
    b.up(a.key).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taken_port_is_told_and_another_is_used() {
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    falls_back(format!("/ip4/127.0.0.1/udp/{}/quic-v1", udp.local_addr().unwrap().port())).await;
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    falls_back(format!("/ip4/127.0.0.1/tcp/{}", tcp.local_addr().unwrap().port())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_never_share_a_port() {
    let mut first = node(1, &[QUIC, TCP]).await;
    let addresses = [first.address().await, first.address().await];
    let mut second = node(2, &[&addresses[0], &addresses[1]]).await;
    second.trouble("port_in_use").await;
    second.trouble("port_in_use").await;
    for _ in 0..2 {
        let address = second.address().await;
        assert!(!addresses.contains(&address), "{address}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everywhere_is_told_address_by_address() {
    let mut a = node(1, &[]).await;
    let mut b = node(2, &[]).await;
    let mut loopback = None;
    for _ in 0..2 {
        let address = b.address().await;
        assert!(!address.contains("0.0.0.0") && !address.contains("/ip6/::/"), "{address}");
        assert!(!address.contains("/p2p/"), "{address}");
        if address.starts_with("/ip4/127.0.0.1/") {
            loopback = Some(address);
        }
    }
    let address = match loopback {
        Some(address) => address,
        None => {
            b.wait("loopback", |event| match event {
                NetEvent::Listening { address } if address.starts_with("/ip4/127.0.0.1/") => Some(address.clone()),
                _ => None,
            })
            .await
        }
    };
    a.dial(b.key, &address).await;
    a.up(b.key).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonsense_is_refused_at_the_start() {
    let config = NetConfig { secret: [1; 32], listen: vec!["4001".to_owned()], mdns: false };
    let fault = start(config).await.err().expect("refused");
    assert!(matches!(&fault, NetFault::BadAddress(text) if text == "4001"));
    assert!(fault.to_string().contains("/ip4/"), "says how to write it: {fault}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shutting_down_and_letting_go_both_end_it() {
    let (a, mut b) = pair(QUIC).await;
    let key = a.key;
    let said = a.stop().await;
    assert!(matches!(said.last(), Some(NetEvent::LinkDown { .. })), "{said:?}");
    b.down(key).await;

    let (a, mut b) = pair(QUIC).await;
    let key = a.key;
    drop(a);
    b.down(key).await;
    b.tell(NetCommand::Shutdown).await;
}
