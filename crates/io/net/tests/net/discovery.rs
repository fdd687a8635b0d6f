//! Finding each other on the same network, and having none. Each test runs in a network namespace of its own, so that
//! nothing is sent on the network of the machine; where namespaces may not be made it says SKIP.

use crate::harness::*;
use hearth_net::{NetConfig, start};
use hearth_ports::{NetCommand, NetEvent};
use hearth_types::PeerKey;
use std::{collections::VecDeque, process::Command, time::Duration};

const INTERFACE: &str = "ip link set lo up && ip link add d0 type veth peer name d1 && ip addr add 10.77.0.1/24 dev d0 \
                         && ip link set d1 up && ip link set d0 up && ip route add default dev d0";

/// Runs the ignored test `name` of this binary in a new namespace that `setup` has prepared.
fn in_a_namespace(setup: &str, name: &str) {
    let program = std::env::current_exe().unwrap();
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--net", "sh", "-c", script, "sh"]).arg(&program).arg(name);
        command.output()
    };
    if !unshare(setup).is_ok_and(|output| output.status.success()) {
        eprintln!("SKIP: no network namespaces here");
        return;
    }
    let script = format!("{setup} && exec \"$1\" --exact \"$2\" --ignored --nocapture");
    let output = unshare(&script).unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn two_on_one_network_find_each_other_and_link() {
    in_a_namespace(INTERFACE, "discovery::find_each_other");
}

#[test]
fn a_computer_without_a_network_says_so_and_goes_on() {
    in_a_namespace("ip link set lo up", "discovery::no_network");
}

async fn announced(seed: u8) -> Node {
    let net = start(NetConfig { secret: [seed; 32], listen: vec![], mdns: true }).await.unwrap();
    Node { key: net.peer, net, backlog: VecDeque::new() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run in a namespace by two_on_one_network_find_each_other_and_link"]
async fn find_each_other() {
    let (mut a, mut b) = (announced(101).await, announced(102).await);
    let found = |wanted: PeerKey| {
        move |event: &NetEvent| match event {
            NetEvent::Discovered { peer, addresses } if *peer == wanted => Some(addresses.clone()),
            _ => None,
        }
    };
    let addresses = a.wait("discovery", found(b.key)).await;
    b.wait("discovery", found(a.key)).await;
    assert!(addresses.iter().all(|address| address.starts_with("/ip4/10.77.0.1/")), "{addresses:?}");
    assert!(addresses.iter().all(|address| !address.contains("/p2p/")), "{addresses:?}");
    a.tell(NetCommand::Dial { peer: Some(b.key), addresses }).await;
    a.up(b.key).await;
    b.up(a.key).await;
    // The link is not over loopback, so loopback addresses are not passed on.
    let key = a.key;
    let addresses = b
        .wait("addresses of the peer", |event| match event {
            NetEvent::PeerAddresses { link, addresses } if *link == key => Some(addresses.clone()),
            _ => None,
        })
        .await;
    assert!(addresses.iter().all(|address| !address.contains("127.0.0.1")), "{addresses:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run in a namespace by a_computer_without_a_network_says_so_and_goes_on"]
async fn no_network() {
    let mut lone = announced(1).await;
    let why = lone.trouble("no_multicast").await;
    assert!(why.contains("invite link"), "{why}");
    lone.trouble("no_network").await;
    let mut other = node(2, &[QUIC]).await;
    join(&mut lone, &mut other).await;
    // Once there is one, it is found without a restart; and told again when it goes.
    for _ in 0..2 {
        assert!(Command::new("sh").args(["-c", INTERFACE]).status().unwrap().success());
        let new = |event: &NetEvent| match event {
            NetEvent::Listening { address } if address.starts_with("/ip4/10.77.0.1/") => Some(address.clone()),
            _ => None,
        };
        let address = lone.wait("the new address", new).await;
        assert!(Command::new("ip").args(["link", "del", "d0"]).status().unwrap().success());
        lone.wait("its end", |event| (*event == NetEvent::ListenEnded { address: address.clone() }).then_some(()))
            .await;
        lone.trouble("no_network").await;
        while lone.wait_at_most(Duration::from_millis(1), new).await.is_some() {}
        lone.backlog.retain(|event| !matches!(event, NetEvent::Listening { .. }));
    }
}
