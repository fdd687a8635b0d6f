//! Many nodes dialling, closing and dialling again at the same moments: whatever happens, a link is up or down, never up
//! twice, and in the end everybody is linked once and hears everybody.

use crate::harness::*;
use hearth_ports::{Direction, NetCommand, NetEvent, Verdict};
use hearth_types::PeerKey;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

const TOPIC: &str = "storm";

struct Storm {
    nodes: Vec<Node>,
    addresses: Vec<Vec<String>>,
    up: Vec<BTreeMap<PeerKey, Direction>>,
    heard: Vec<BTreeSet<Vec<u8>>>,
    closing: BTreeSet<(usize, PeerKey)>,
    downs: usize,
    random: u64,
}

impl Storm {
    async fn new(count: u8, listen: &[&str]) -> Self {
        let mut nodes = Vec::new();
        let mut addresses = Vec::new();
        for n in 0..count {
            let mut node = node(60 + n, listen).await;
            let mut of_node = Vec::new();
            for _ in listen {
                of_node.push(node.address().await);
            }
            node.tell(NetCommand::Subscribe { topic: TOPIC.to_owned() }).await;
            addresses.push(of_node);
            nodes.push(node);
        }
        let count = nodes.len();
        let (up, heard) = (vec![BTreeMap::new(); count], vec![BTreeSet::new(); count]);
        Self { nodes, addresses, up, heard, closing: BTreeSet::new(), downs: 0, random: 0x9e37_79b9_7f4a_7c15 }
    }

    fn chance(&mut self, of: u64) -> bool {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random.is_multiple_of(of)
    }

    async fn dial(&self, from: usize, to: usize) {
        let (peer, addresses) = (Some(self.nodes[to].key), self.addresses[to].clone());
        self.nodes[from].tell(NetCommand::Dial { peer, addresses }).await;
    }

    /// Takes in what node `at` says; dials again what is not linked, as whoever drives it would.
    async fn take(&mut self, at: usize, event: NetEvent) {
        match event {
            NetEvent::LinkUp { link, direction, .. } => {
                let before = self.up[at].insert(link, direction);
                assert_eq!(before, None, "node {at}: up twice without down");
                self.nodes[at].tell(NetCommand::SetMember { link, member: true }).await;
            }
            NetEvent::LinkDown { link } => {
                assert!(self.up[at].remove(&link).is_some(), "node {at}: down without up");
                self.closing.remove(&(at, link));
                self.downs += 1;
                self.redial(at, link).await;
            }
            NetEvent::DialFailed { peer: Some(peer), .. } => self.redial(at, peer).await,
            NetEvent::Gossip { payload, token, .. } => {
                self.heard[at].insert(payload);
                self.nodes[at].tell(NetCommand::Judge { token, verdict: Verdict::Accept }).await;
            }
            _ => {}
        }
    }

    async fn redial(&self, at: usize, peer: PeerKey) {
        let to = self.nodes.iter().position(|node| node.key == peer);
        if let Some(to) = to.filter(|_| !self.up[at].contains_key(&peer)) {
            self.dial(at, to).await;
        }
    }

    async fn until(&mut self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        loop {
            for at in 0..self.nodes.len() {
                while let Ok(event) = self.nodes[at].net.events.try_recv() {
                    self.take(at, event).await;
                }
            }
            if done(self) {
                return;
            }
            assert!(Instant::now() < deadline, "{what} did not come: {:?}", self.up);
            let next = self.nodes.iter().map(|node| Box::pin(node.net.events.recv()));
            let any = tokio::time::timeout(Duration::from_millis(100), futures::future::select_all(next)).await;
            if let Ok((event, at, _)) = any {
                self.take(at, event.expect("nodes run")).await;
            }
        }
    }

    fn all_linked_once(&self) -> bool {
        let count = self.nodes.len();
        self.closing.is_empty()
            && (0..count).all(|a| {
                (0..count).filter(|b| a != *b).all(|b| {
                    let (of_a, of_b) = (self.up[a].get(&self.nodes[b].key), self.up[b].get(&self.nodes[a].key));
                    matches!((of_a, of_b), (Some(x), Some(y)) if x != y)
                })
            })
    }

    async fn all_dial(&self) {
        for from in 0..self.nodes.len() {
            for to in (0..self.nodes.len()).filter(|to| *to != from) {
                self.dial(from, to).await;
            }
        }
    }

    async fn settles_and_gossips(&mut self, round: usize) {
        self.until("one link for each pair", Self::all_linked_once).await;
        let mut number = 0;
        let deadline = Instant::now() + DEADLINE;
        // Subscriptions may still be under way, so each says something new until all have heard something of all.
        loop {
            let said: Vec<Vec<u8>> =
                (0..self.nodes.len()).map(|from| format!("{round} {from} {number}").into_bytes()).collect();
            for (node, payload) in self.nodes.iter().zip(&said) {
                node.tell(NetCommand::Publish { topic: TOPIC.to_owned(), payload: payload.clone() }).await;
            }
            let since = Instant::now();
            let all = |storm: &Self| {
                storm.heard.iter().enumerate().all(|(at, heard)| {
                    said.iter().enumerate().all(|(from, payload)| from == at || heard.contains(payload))
                })
            };
            self.until("a moment", |storm| all(storm) || since.elapsed() > Duration::from_millis(500)).await;
            if all(self) {
                return;
            }
            assert!(Instant::now() < deadline, "gossip does not get through in round {round}");
            number += 1;
        }
    }
}

async fn storm(listen: &[&str]) {
    let mut storm = Storm::new(5, listen).await;
    for round in 0..6 {
        storm.all_dial().await;
        storm.settles_and_gossips(round).await;
        for at in 0..storm.nodes.len() {
            let linked: Vec<PeerKey> = storm.up[at].keys().copied().collect();
            for link in linked {
                // The last round is left in peace.
                if round < 5 && storm.chance(3) {
                    storm.closing.insert((at, link));
                    storm.nodes[at].tell(NetCommand::Close { link }).await;
                }
            }
        }
    }
    // Afterwards nothing changes any more, also when second connections have been closed, and everybody is still heard.
    storm.settles_and_gossips(6).await;
    let (downs, since) = (storm.downs, Instant::now());
    storm.until("seven seconds", |_| since.elapsed() > Duration::from_secs(7)).await;
    storm.settles_and_gossips(7).await;
    assert_eq!(storm.downs, downs, "a link ended without a reason");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_dials_everybody_over_quic() {
    storm(&[QUIC]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_dials_everybody_over_tcp() {
    storm(&[TCP]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_dials_everybody_over_both() {
    storm(&[QUIC, TCP]).await;
}
