//! Peers that do not keep to the rules. They are built on libp2p alone, so they also check the protocol independently.

use crate::harness::*;
use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use hearth_ports::NetEvent;
use hearth_types::{PeerKey, limits};
use libp2p::{
    Multiaddr, PeerId, Stream, StreamProtocol, SwarmBuilder, identity::Keypair, noise, swarm::SwarmEvent, tcp, yamux,
};
use tokio::{sync::mpsc, time::timeout};

const LINK: StreamProtocol = StreamProtocol::new("/hearth/link/1");

struct Raw {
    key: PeerKey,
    peer: PeerId,
    control: libp2p_stream::Control,
    closed: mpsc::UnboundedReceiver<()>,
}

/// A bare peer that has dialled `address`.
async fn raw(seed: u8, address: &str) -> Raw {
    let keys = Keypair::ed25519_from_bytes([seed; 32]).unwrap();
    let key = PeerKey(keys.public().try_into_ed25519().unwrap().to_bytes());
    let mut swarm = SwarmBuilder::with_existing_identity(keys)
        .with_tokio()
        .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_behaviour(|_| libp2p_stream::Behaviour::new())
        .unwrap()
        .with_swarm_config(|config| config.with_idle_connection_timeout(DEADLINE))
        .build();
    let control = swarm.behaviour().new_control();
    swarm.dial(address.parse::<Multiaddr>().unwrap()).unwrap();
    let peer = loop {
        if let SwarmEvent::ConnectionEstablished { peer_id, .. } = swarm.select_next_some().await {
            break peer_id;
        }
    };
    let (tell_closed, closed) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            if let SwarmEvent::ConnectionClosed { .. } = swarm.select_next_some().await {
                let _ = tell_closed.send(());
            }
        }
    });
    Raw { key, peer, control, closed }
}

impl Raw {
    async fn open(&mut self) -> Stream {
        self.control.open_stream(self.peer, LINK).await.unwrap()
    }
    /// Opens the stream and agrees on it as the rules say.
    async fn link(&mut self, node: &PeerKey) -> Stream {
        let mut stream = self.open().await;
        if self.key < *node {
            stream.write_all(&[1]).await.unwrap();
            stream.flush().await.unwrap();
        } else {
            let mut go = [0];
            stream.read_exact(&mut go).await.unwrap();
            assert_eq!(go, [1]);
        }
        stream
    }
    async fn closed(&mut self) {
        timeout(DEADLINE, self.closed.recv()).await.expect("closed in time").expect("the peer runs");
    }
}

async fn write(stream: &mut Stream, bytes: &[u8]) {
    stream.write_all(bytes).await.unwrap();
    stream.flush().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_over_the_limit_or_of_no_length_ends_the_link() {
    let too_long = u32::try_from(limits::FRAME_BYTES).unwrap() + 1;
    // Both roles: some of these keys are smaller than the node's, some larger.
    for (seed, len) in [(10, too_long), (11, u32::MAX), (12, 0), (13, too_long), (14, 0)] {
        let mut node = node(1, &[TCP]).await;
        let address = node.address().await;
        let mut raw = raw(seed, &address).await;
        let mut stream = raw.link(&node.key).await;
        node.up(raw.key).await;
        write(&mut stream, &[0, 0, 0, 2, 7, 7]).await;
        assert_eq!(node.frame(raw.key).await, [7, 7]);
        write(&mut stream, &len.to_be_bytes()).await;
        node.down(raw.key).await;
        raw.closed().await;
        let said = node.stop().await;
        assert!(!said.iter().any(|e| matches!(e, NetEvent::Frame { .. } | NetEvent::LinkUp { .. })), "{said:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_frame_is_never_passed_on() {
    let mut node = node(1, &[TCP]).await;
    let address = node.address().await;
    let mut raw = raw(10, &address).await;
    let mut stream = raw.link(&node.key).await;
    node.up(raw.key).await;
    write(&mut stream, &[0, 0, 0, 100, 1, 2, 3]).await;
    stream.close().await.unwrap();
    node.down(raw.key).await;
    let said = node.stop().await;
    assert!(!said.iter().any(|event| matches!(event, NetEvent::Frame { .. })), "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_stream_on_a_connection_is_dropped() {
    let mut node = node(1, &[TCP]).await;
    let address = node.address().await;
    let mut raw = raw(10, &address).await;
    let mut stream = raw.link(&node.key).await;
    node.up(raw.key).await;
    let mut second = raw.open().await;
    let mut rest = Vec::new();
    let _ = timeout(DEADLINE, second.read_to_end(&mut rest)).await.expect("dropped in time");
    assert!(rest.is_empty());
    write(&mut stream, &[0, 0, 0, 1, 9]).await;
    assert_eq!(node.frame(raw.key).await, [9]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_false_mark_makes_no_link() {
    let mut node = node(1, &[TCP]).await;
    let address = node.address().await;
    // Among a few keys one is smaller than the node's.
    let mut tried = 0;
    for seed in 10..40 {
        let mut raw = raw(seed, &address).await;
        if raw.key > node.key {
            continue;
        }
        let mut stream = raw.open().await;
        write(&mut stream, &[200]).await;
        raw.closed().await;
        tried += 1;
        break;
    }
    assert_eq!(tried, 1);
    let said = node.stop().await;
    assert!(!said.iter().any(|e| matches!(e, NetEvent::LinkUp { .. } | NetEvent::LinkDown { .. })), "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_never_opens_a_link_is_let_go_quietly() {
    let mut node = node(1, &[TCP]).await;
    let address = node.address().await;
    let mut raw = raw(10, &address).await;
    raw.closed().await;
    let said = node.stop().await;
    assert!(!said.iter().any(|e| matches!(e, NetEvent::LinkUp { .. } | NetEvent::LinkDown { .. })), "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_dialled_and_is_not_hearth_is_a_failed_dial() {
    let mut swarm = SwarmBuilder::with_existing_identity(Keypair::ed25519_from_bytes([50; 32]).unwrap())
        .with_tokio()
        .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_behaviour(|_| libp2p_stream::Behaviour::new())
        .unwrap()
        .with_swarm_config(|config| config.with_idle_connection_timeout(DEADLINE))
        .build();
    swarm.listen_on(TCP.parse().unwrap()).unwrap();
    let address = loop {
        if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
            break address.to_string();
        }
    };
    tokio::spawn(async move {
        loop {
            swarm.select_next_some().await;
        }
    });
    let mut node = node(1, &[TCP]).await;
    node.tell(hearth_ports::NetCommand::Dial { peer: None, addresses: vec![address] }).await;
    let why = node
        .wait("failed dial", |event| match event {
            NetEvent::DialFailed { why, .. } => Some(why.clone()),
            _ => None,
        })
        .await;
    assert!(why.contains("not Hearth"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_does_not_read_overflows_its_queue_and_loses_the_link() {
    let mut node = node(1, &[TCP]).await;
    let address = node.address().await;
    let mut raw = raw(10, &address).await;
    let stream = raw.link(&node.key).await;
    node.up(raw.key).await;
    // Far more than the queue holds; what comes after it overflowed goes nowhere. The link's end may be told late, since
    // what was queued before is still offered to the peer for a while.
    for _ in 0..limits::LINK_QUEUE * 16 {
        node.send(raw.key, vec![0; 64 * 1024]).await;
    }
    node.down(raw.key).await;
    raw.closed().await;
    drop(stream);
}
