//! Gossip: only judged messages travel on.

use crate::harness::*;
use hearth_ports::{NetCommand, NetEvent, Verdict};
use hearth_types::{PeerKey, limits};
use std::time::{Duration, Instant};

const TOPIC: &str = "7c1d";

async fn subscribe(node: &Node) {
    node.tell(NetCommand::Subscribe { topic: TOPIC.to_owned() }).await;
}

async fn publish(node: &Node, payload: &[u8]) {
    node.tell(NetCommand::Publish { topic: TOPIC.to_owned(), payload: payload.to_vec() }).await;
}

fn gossip(event: &NetEvent) -> Option<(PeerKey, Vec<u8>, u64)> {
    match event {
        NetEvent::Gossip { topic, from, payload, token } if topic == TOPIC => Some((*from, payload.clone(), *token)),
        _ => None,
    }
}

/// Publishes until one arrives, for whether the other side has subscribed yet is not known here.
async fn warm_up(from: &Node, to: &mut Node, tag: &str) -> (PeerKey, Vec<u8>, u64) {
    let until = Instant::now() + DEADLINE;
    for n in 0.. {
        assert!(Instant::now() < until, "no gossip got through");
        publish(from, format!("{tag} {n}").as_bytes()).await;
        if let Some(got) = to.wait_at_most(Duration::from_millis(200), gossip).await {
            return got;
        }
    }
    unreachable!()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_publishes_the_other_hears() {
    let (a, mut b) = pair(QUIC).await;
    subscribe(&a).await;
    subscribe(&b).await;
    let (from, payload, _) = warm_up(&a, &mut b, "hello").await;
    assert_eq!(from, a.key);
    assert!(payload.starts_with(b"hello "));
    let biggest = vec![7; limits::GOSSIP_BYTES];
    publish(&a, &biggest).await;
    b.wait("the biggest", |event| gossip(event).filter(|got| got.1 == biggest)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publishing_to_nobody_is_no_trouble_but_too_much_is() {
    let mut a = node(1, &[QUIC]).await;
    subscribe(&a).await;
    publish(&a, b"anybody?").await;
    publish(&a, &vec![1; limits::GOSSIP_BYTES + 1]).await;
    a.trouble("too_long").await;
    a.tell(NetCommand::Judge { token: 99, verdict: Verdict::Accept }).await;
    let said = a.stop().await;
    assert!(!said.iter().any(|event| matches!(event, NetEvent::Trouble { .. })), "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn topics_have_a_limit() {
    let mut a = node(1, &[QUIC]).await;
    for n in 0..=limits::TOPICS {
        a.tell(NetCommand::Subscribe { topic: n.to_string() }).await;
    }
    a.trouble("too_many_topics").await;
    a.tell(NetCommand::Unsubscribe { topic: "0".to_owned() }).await;
    a.tell(NetCommand::Subscribe { topic: "one more".to_owned() }).await;
    let said = a.stop().await;
    assert!(!said.iter().any(|event| matches!(event, NetEvent::Trouble { .. })), "{said:?}");
}

/// a - b - c, where a and c have no link, and b passes judgement.
struct Line {
    a: Node,
    b: Node,
    c: Node,
}

impl Line {
    async fn new() -> Self {
        let (mut a, mut b, mut c) = (node(1, &[QUIC]).await, node(2, &[QUIC]).await, node(3, &[QUIC]).await);
        join(&mut a, &mut b).await;
        join(&mut b, &mut c).await;
        for node in [&a, &b, &c] {
            subscribe(node).await;
        }
        for (node, peer) in [(&a, b.key), (&b, a.key), (&b, c.key), (&c, b.key)] {
            node.tell(NetCommand::SetMember { link: peer, member: true }).await;
        }
        Self { a, b, c }
    }

    /// Publishes at a until one comes through to c by b's word.
    async fn through(&mut self, tag: &str) -> Vec<u8> {
        let until = Instant::now() + DEADLINE;
        loop {
            assert!(Instant::now() < until, "nothing came through");
            let (from, _, token) = warm_up(&self.a, &mut self.b, tag).await;
            assert_eq!(from, self.a.key);
            self.b.tell(NetCommand::Judge { token, verdict: Verdict::Accept }).await;
            if let Some((from, payload, _)) = self.c.wait_at_most(Duration::from_millis(500), gossip).await {
                assert_eq!(from, self.b.key, "from the neighbour it came by");
                return payload;
            }
        }
    }

    async fn judged(&mut self, payload: &[u8], verdict: Option<Verdict>) {
        publish(&self.a, payload).await;
        let token =
            self.b.wait("gossip to judge", |event| gossip(event).filter(|got| got.1 == payload).map(|got| got.2)).await;
        if let Some(verdict) = verdict {
            self.b.tell(NetCommand::Judge { token, verdict }).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accepted_gossip_travels_on_and_other_gossip_does_not() {
    let mut line = Line::new().await;
    assert!(line.through("first").await.starts_with(b"first "));
    line.judged(b"bad", Some(Verdict::Reject)).await;
    line.judged(b"not mine", Some(Verdict::Ignore)).await;
    line.judged(b"unjudged", None).await;
    // Over several heartbeats, so that what is only announced would be asked for too.
    let since = Instant::now();
    let mut rounds = 0;
    while since.elapsed() < Duration::from_millis(3_500) {
        let payload = line.through(&format!("round {rounds}")).await;
        assert!(payload.starts_with(b"round "), "{}", String::from_utf8_lossy(&payload));
        rounds += 1;
    }
    let heard: Vec<_> = line.c.stop().await.iter().filter_map(gossip).map(|got| got.1).collect();
    for never in [&b"bad"[..], b"not mine", b"unjudged"] {
        assert!(!heard.iter().any(|payload| payload == never), "{}", String::from_utf8_lossy(never));
    }
    line.a.stop().await;
    line.b.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_keeps_passing_on_rejected_things_is_no_longer_heard() {
    let (a, mut b) = pair(QUIC).await;
    subscribe(&a).await;
    subscribe(&b).await;
    let (_, _, token) = warm_up(&a, &mut b, "fine").await;
    b.tell(NetCommand::Judge { token, verdict: Verdict::Accept }).await;
    let mut rejected = 0;
    for n in 0..20 {
        publish(&a, format!("junk {n}").as_bytes()).await;
        let Some((.., token)) = b.wait_at_most(Duration::from_secs(2), gossip).await else { break };
        b.tell(NetCommand::Judge { token, verdict: Verdict::Reject }).await;
        rejected += 1;
    }
    assert!((1..10).contains(&rejected), "{rejected} were still listened to");
}
