//! Twelve peers, each linked to each.

use std::time::Instant;

use crate::harness::{Peer, carry, frame};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twelve_peers_make_a_full_mesh() {
    let peers: Vec<_> = (1..=12).map(Peer::new).collect();
    let start = Instant::now();
    let _signals = carry(&peers.iter().collect::<Vec<_>>());
    for a in &peers {
        for b in &peers {
            if a.key != b.key {
                a.open(b).await;
            }
        }
    }
    for a in &peers {
        for b in &peers {
            if a.key != b.key {
                a.until_connected(b.key).await;
            }
        }
    }
    println!("66 links between twelve peers connected in {:?}", start.elapsed());
    for a in &peers {
        let others: Vec<_> = peers.iter().map(|b| b.key).filter(|key| *key != a.key).collect();
        a.send(&others, 0, u32::from(a.key.0[0])).await;
    }
    for a in &peers {
        a.until("everybody's frame", |heard| heard.frames.len() >= 11).await;
        let heard = a.heard.lock().unwrap();
        for (from, got, _) in &heard.frames {
            assert_eq!(*got, frame(0, u32::from(from.0[0])));
        }
    }
}
