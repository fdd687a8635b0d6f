//! Every bound is reached and holds.

use hearth_ports::rtc::{MediaState, RtcCommand, RtcEvent};
use hearth_rtc::limits::{FRAME_BYTES, LINKS, MEDIA_QUEUE, SERVERS};
use hearth_rtc::{RtcConfig, RtcFault};

use crate::harness::{Peer, carry, config, frame, key, last, server};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_link_too_many_is_refused_in_plain_words() {
    let a = Peer::new(1);
    for number in 0..=LINKS as u8 {
        a.open_as(key(100 + number), true).await;
    }
    let beyond = key(100 + LINKS as u8);
    a.until("the refusal", |heard| matches!(last(heard, beyond), Some(MediaState::Failed(_)))).await;
    assert!(
        !a.heard.lock().unwrap().states.iter().any(|(peer, s)| *peer != beyond && matches!(s, MediaState::Failed(_)))
    );
    a.command(RtcCommand::Close { peer: key(100) }).await;
    a.heard.lock().unwrap().states.clear();
    a.open_as(beyond, true).await;
    a.until("a place that came free", |heard| last(heard, beyond) == Some(MediaState::Connecting)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_loses_the_oldest_frames_and_no_event() {
    let a = Peer::new(1);
    // c reads events but no media.
    let c = hearth_rtc::start(config(), &tokio::runtime::Handle::current()).unwrap();
    let slow = key(3);
    a.open_as(slow, false).await;
    c.commands.send(RtcCommand::Open { peer: a.key, polite: true, relay_only: false }).await.unwrap();
    let (to_a, events) = (a.rtc.commands.clone(), c.events.clone());
    tokio::spawn(async move {
        while let Ok(event) = events.recv().await {
            if let RtcEvent::Signal { bytes, .. } = event {
                let _ = to_a.send(RtcCommand::Signal { peer: slow, bytes }).await;
            }
        }
    });
    let carry_to_c = async {
        loop {
            let signal = a.heard.lock().unwrap().signals.pop_front();
            match signal {
                Some((_, bytes)) => c.commands.send(RtcCommand::Signal { peer: a.key, bytes }).await.unwrap(),
                None => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
            }
        }
    };
    tokio::select! {
        () = carry_to_c => {},
        () = a.until_connected(slow) => {},
    }
    let all = MEDIA_QUEUE as u32 + 300;
    for n in 0..all {
        a.send(&[slow], 0, n).await;
        if n % 50 == 49 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
    let newest = frame(0, all - 1).timestamp;
    let deadline = tokio::time::Instant::now() + crate::harness::DEADLINE;
    while c.media.len() < MEDIA_QUEUE {
        assert!(tokio::time::Instant::now() < deadline, "only {} frames came", c.media.len());
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let mut got = Vec::new();
    while got.last() != Some(&newest) {
        match tokio::time::timeout_at(deadline, c.media.recv()).await.unwrap().unwrap() {
            RtcEvent::Frame { frame, .. } => got.push(frame.timestamp),
            other => panic!("{other:?}"),
        }
    }
    assert!(!got.contains(&frame(0, 0).timestamp), "the oldest frame should have gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_too_large_or_without_a_slot_is_not_sent() {
    let (a, b) = (Peer::new(1), Peer::new(2));
    let _signals = carry(&[&a, &b]);
    a.open(&b).await;
    b.open(&a).await;
    a.until_connected(b.key).await;
    b.until_connected(a.key).await;
    let mut large = frame(0, 1);
    large.payload = vec![1; FRAME_BYTES + 1];
    let mut largest = frame(0, 2);
    largest.payload = vec![2; FRAME_BYTES];
    let mut nowhere = frame(0, 3);
    nowhere.slot = 5;
    for frame in [large, nowhere, largest.clone()] {
        a.command(RtcCommand::Send { peers: vec![b.key, key(77)], frame }).await;
    }
    b.until("the largest frame", |heard| !heard.frames.is_empty()).await;
    assert_eq!(b.heard.lock().unwrap().frames[0].1, largest);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hidden_address_without_a_relay_is_an_answer_and_not_a_wait() {
    let mut config = config();
    config.servers = vec![server("stun:127.0.0.1:9", "", "")];
    let a = Peer::with(1, config);
    a.command(RtcCommand::Open { peer: key(2), polite: false, relay_only: true }).await;
    a.until("an answer", |heard| matches!(last(heard, key(2)), Some(MediaState::Failed(_)))).await;
    assert!(a.heard.lock().unwrap().signals.is_empty(), "something was told about this device");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_configuration_is_refused() {
    let with = |urls: Vec<&str>| {
        let servers = urls.into_iter().map(|url| server(url, "u", "p")).collect();
        let config = RtcConfig { servers, ..config() };
        assert!(config.check().is_err(), "a check before the start says the same");
        hearth_rtc::start(config, &tokio::runtime::Handle::current())
    };
    assert!(matches!(with(vec!["http://example"]), Err(RtcFault::BadServer(_))));
    assert!(matches!(with(vec!["stun:a"; SERVERS + 1]), Err(RtcFault::TooMany)));
    let extra_ca = b"nonsense".to_vec();
    let servers = vec![server("turns:a", "u", "p")];
    let bad = hearth_rtc::start(RtcConfig { servers, extra_ca, ..config() }, &tokio::runtime::Handle::current());
    assert!(matches!(bad, Err(RtcFault::BadCertificate)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_ends_when_the_handle_is_dropped() {
    let a = hearth_rtc::start(config(), &tokio::runtime::Handle::current()).unwrap();
    a.commands.send(RtcCommand::Open { peer: key(2), polite: false, relay_only: false }).await.unwrap();
    let events = a.events.clone();
    drop(a);
    let all = async { while events.recv().await.is_ok() {} };
    tokio::time::timeout(crate::harness::DEADLINE, all).await.expect("the events should have ended");
}
