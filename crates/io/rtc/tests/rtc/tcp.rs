//! A way over TCP, where UDP finds none; and never for who hides, or where UDP has one.

use std::time::Duration;

use hearth_ports::rtc::RtcCommand;
use hearth_rtc::limits::TCP_AFTER;
use hearth_rtc::signal::{Body, Signal};
use tokio::net::TcpListener;

use crate::harness::{Heard, Peer, carry, carry_bent, config, server};

/// Signals without a way over UDP.
fn without_udp(bytes: Vec<u8>) -> Option<Vec<u8>> {
    match Signal::decode(&bytes).ok()?.body {
        Body::Candidate(line) if line.contains(" udp ") => None,
        _ => Some(bytes),
    }
}

/// A line that leads to `trap`.
async fn lure(trap: &TcpListener) -> String {
    let port = trap.local_addr().unwrap().port();
    format!("candidate:1 1 tcp 2105458943 127.0.0.1 {port} typ host tcptype passive")
}

async fn is_called(trap: &TcpListener) -> bool {
    tokio::time::timeout(TCP_AFTER + Duration::from_secs(2), trap.accept()).await.is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_udp_leads_nowhere_frames_go_over_tcp() {
    let (a, b) = (Peer::new(1), Peer::new(2));
    let _signals = carry_bent(&[&a, &b], without_udp);
    a.open(&b).await;
    b.open(&a).await;
    a.until_connected(b.key).await;
    b.until_connected(a.key).await;
    for (from, to) in [(&a, &b), (&b, &a)] {
        for n in 0..200 {
            from.send(&[to.key], (n % 5) as u8, n).await;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        to.until("all frames", |heard| heard.frames.len() >= 200).await;
        for (_, frame, _) in &to.heard.lock().unwrap().frames {
            let n = u32::from_be_bytes(frame.payload[1..5].try_into().unwrap());
            assert_eq!(*frame, crate::harness::frame((n % 5) as u8, n));
        }
    }
    let offers = a.heard.lock().unwrap().offers;
    b.command(RtcCommand::Restart { peer: a.key }).await;
    a.until("a new offer", |heard| heard.offers > offers).await;
    let before = a.heard.lock().unwrap().frames.len();
    for n in 200.. {
        b.send(&[a.key], 0, n).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        if a.heard.lock().unwrap().frames.len() > before + 50 {
            break;
        }
        assert!(n < 1_500, "nothing comes after a restart");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_udp_has_a_way_no_line_of_tcp_is_called() {
    let trap = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (a, b) = (Peer::new(1), Peer::new(2));
    a.open(&b).await;
    let offer =
        |heard: &Heard| heard.signals.iter().find(|(_, s)| String::from_utf8_lossy(s).contains("\"offer\":")).cloned();
    a.until("an offer", |heard| offer(heard).is_some()).await;
    let (_, bytes) = offer(&a.heard.lock().unwrap()).unwrap();
    b.open(&a).await;
    let _signals = carry(&[&a, &b]);
    a.until_connected(b.key).await;
    b.until_connected(a.key).await;
    let signal = Signal::decode(&bytes).unwrap();
    let line = Signal { to: 0, body: Body::Candidate(lure(&trap).await), ..signal }.encode();
    b.command(RtcCommand::Signal { peer: a.key, bytes: line }).await;
    assert!(!is_called(&trap).await, "TCP was tried beside a way over UDP");
}

/// A candidate of TCP is connected to: whoever sent it would see the address that is hidden.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hidden_address_is_not_drawn_out_by_a_candidate_of_tcp() {
    for in_the_offer in [false, true] {
        let trap = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (a, mut hidden) = (Peer::new(1), config());
        hidden.servers = vec![server("turn:127.0.0.1:9", "u", "p")];
        let b = Peer::with(2, hidden);
        a.open(&b).await;
        b.command(RtcCommand::Open { peer: a.key, polite: true, relay_only: true }).await;
        let offer =
            |heard: &Heard| heard.signals.iter().position(|(_, s)| String::from_utf8_lossy(s).contains("\"offer\":"));
        a.until("an offer", |heard| offer(heard).is_some()).await;
        let (_, bytes) = {
            let mut heard = a.heard.lock().unwrap();
            let at = offer(&heard).unwrap();
            heard.signals.remove(at).unwrap()
        };
        let signal = Signal::decode(&bytes).unwrap();
        let line = lure(&trap).await;
        let sent = match signal.body.clone() {
            Body::Offer(sdp) if in_the_offer => {
                let lines = format!("{sdp}a={line}\r\na=end-of-candidates\r\n");
                vec![Signal { body: Body::Offer(lines), ..signal }.encode()]
            }
            _ => {
                let line = Signal { body: Body::Candidate(line), ..signal }.encode();
                vec![bytes, line.clone(), line]
            }
        };
        for bytes in sent {
            b.command(RtcCommand::Signal { peer: a.key, bytes }).await;
        }
        let answered =
            |heard: &Heard| heard.signals.iter().any(|(_, s)| String::from_utf8_lossy(s).contains("\"answer\":"));
        b.until("an answer", answered).await;
        let told: Vec<_> = b.heard.lock().unwrap().signals.iter().map(|(_, s)| s.clone()).collect();
        assert!(!told.iter().any(|s| String::from_utf8_lossy(s).contains(" tcp ")), "its own was told");
        assert!(!is_called(&trap).await, "the hidden one connected");
    }
}
