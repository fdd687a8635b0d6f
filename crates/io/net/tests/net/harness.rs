//! Nodes to test with, and waiting for what they say.

use hearth_net::{NetConfig, NetHandle, start};
use hearth_ports::{Direction, NetCommand, NetEvent};
use hearth_types::PeerKey;
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};
use tokio::time::timeout;

pub const QUIC: &str = "/ip4/127.0.0.1/udp/0/quic-v1";
pub const TCP: &str = "/ip4/127.0.0.1/tcp/0";
/// Far beyond what anything here takes, also on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// A node, and what it said that no test asked for yet.
pub struct Node {
    pub net: NetHandle,
    pub key: PeerKey,
    pub backlog: VecDeque<NetEvent>,
}

pub async fn node(seed: u8, listen: &[&str]) -> Node {
    let listen = listen.iter().map(|&text| text.to_owned()).collect();
    let net = start(NetConfig { secret: [seed; 32], listen, mdns: false }).await.expect("a node starts");
    Node { key: net.peer, net, backlog: VecDeque::new() }
}

impl Node {
    pub async fn tell(&self, command: NetCommand) {
        self.net.commands.send(command).await.expect("the node runs");
    }

    /// Events that nobody has read yet, to be counted.
    pub fn unread(&self) -> async_channel::Receiver<NetEvent> {
        self.net.events.clone()
    }

    /// The next event that `pick` picks, whatever comes before it.
    pub async fn wait<T>(&mut self, what: &str, mut pick: impl FnMut(&NetEvent) -> Option<T>) -> T {
        for at in 0..self.backlog.len() {
            if let Some(found) = pick(&self.backlog[at]) {
                self.backlog.remove(at);
                return found;
            }
        }
        let until = Instant::now() + DEADLINE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match timeout(left, self.net.events.recv()).await {
                Ok(Ok(event)) => match pick(&event) {
                    Some(found) => return found,
                    None => self.backlog.push_back(event),
                },
                Ok(Err(_)) => panic!("the node ended while waiting for {what}; heard {:?}", self.backlog),
                Err(_) => panic!("no {what} in time; heard {:?}", self.backlog),
            }
        }
    }

    /// Like `wait`, but gives up after `patience`.
    pub async fn wait_at_most<T>(
        &mut self,
        patience: Duration,
        mut pick: impl FnMut(&NetEvent) -> Option<T>,
    ) -> Option<T> {
        let until = Instant::now() + patience;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let event = timeout(left, self.net.events.recv()).await.ok()?.ok()?;
            match pick(&event) {
                Some(found) => return Some(found),
                None => self.backlog.push_back(event),
            }
        }
    }

    pub async fn address(&mut self) -> String {
        self.wait("listening address", |event| match event {
            NetEvent::Listening { address } => Some(address.clone()),
            _ => None,
        })
        .await
    }

    pub async fn up(&mut self, peer: PeerKey) -> Direction {
        self.wait("link up", |event| match event {
            NetEvent::LinkUp { link, direction, .. } if *link == peer => Some(*direction),
            _ => None,
        })
        .await
    }

    pub async fn down(&mut self, peer: PeerKey) {
        self.wait("link down", |event| (*event == NetEvent::LinkDown { link: peer }).then_some(())).await;
    }

    pub async fn frame(&mut self, peer: PeerKey) -> Vec<u8> {
        self.wait("frame", |event| match event {
            NetEvent::Frame { link, frame } if *link == peer => Some(frame.clone()),
            _ => None,
        })
        .await
    }

    pub async fn send(&self, peer: PeerKey, frame: impl Into<Vec<u8>>) {
        self.tell(NetCommand::Send { link: peer, frame: frame.into() }).await;
    }

    pub async fn dial(&self, peer: PeerKey, address: &str) {
        self.tell(NetCommand::Dial { peer: Some(peer), addresses: vec![address.to_owned()] }).await;
    }

    pub async fn trouble(&mut self, wanted: &str) -> String {
        self.wait(wanted, |event| match event {
            NetEvent::Trouble { code, why } if *code == wanted => Some(why.clone()),
            _ => None,
        })
        .await
    }

    /// Stops it and gives everything it said since the last wait.
    pub async fn stop(mut self) -> Vec<NetEvent> {
        self.tell(NetCommand::Shutdown).await;
        let NetHandle { commands, events, .. } = self.net;
        drop(commands);
        let all = async {
            while let Ok(event) = events.recv().await {
                self.backlog.push_back(event);
            }
        };
        timeout(DEADLINE, all).await.expect("a stopped node closes its events");
        self.backlog.into()
    }
}

/// Two nodes, linked by the first.
pub async fn pair(listen: &str) -> (Node, Node) {
    let (mut a, mut b) = (node(1, &[listen]).await, node(2, &[listen]).await);
    join(&mut a, &mut b).await;
    (a, b)
}

/// Links `a` to `b`.
pub async fn join(a: &mut Node, b: &mut Node) {
    let address = b.address().await;
    a.dial(b.key, &address).await;
    assert_eq!(a.up(b.key).await, Direction::Dialer);
    assert_eq!(b.up(a.key).await, Direction::Listener);
}
