//! Peers on loopback, whose signals the test carries.
#![allow(dead_code)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hearth_ports::rtc::{IceServer, MediaFrame, MediaRoute, MediaState, RtcCommand, RtcEvent};
use hearth_rtc::{RtcConfig, RtcHandle};
use hearth_types::PeerKey;

/// Long enough for a loaded machine; reached only by what is broken.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// What one peer said and heard so far.
#[derive(Default)]
pub struct Heard {
    pub states: Vec<(PeerKey, MediaState)>,
    pub frames: Vec<(PeerKey, MediaFrame, Instant)>,
    pub datagrams: Vec<(PeerKey, Vec<u8>)>,
    pub stats: Vec<(PeerKey, u32, u64, u64)>,
    /// Offers among the signals so far.
    pub offers: usize,
    /// Signals that wait to be carried.
    pub signals: VecDeque<(PeerKey, Vec<u8>)>,
}

pub struct Peer {
    pub key: PeerKey,
    pub rtc: RtcHandle,
    pub heard: Arc<Mutex<Heard>>,
    pub changed: Arc<tokio::sync::Notify>,
}

pub fn config() -> RtcConfig {
    RtcConfig { bind: vec!["127.0.0.1:0".parse().unwrap()], ..Default::default() }
}

impl Peer {
    pub fn new(number: u8) -> Self {
        Self::with(number, config())
    }

    pub fn with(number: u8, config: RtcConfig) -> Self {
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        let _ = tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init();
        let rtc = hearth_rtc::start(config, &tokio::runtime::Handle::current()).unwrap();
        let heard: Arc<Mutex<Heard>> = Arc::default();
        let changed = Arc::new(tokio::sync::Notify::new());
        for queue in [rtc.events.clone(), rtc.media.clone()] {
            let (heard, changed) = (heard.clone(), changed.clone());
            tokio::spawn(async move {
                while let Ok(event) = queue.recv().await {
                    let mut heard = heard.lock().unwrap();
                    match event {
                        RtcEvent::Signal { peer, bytes } => {
                            heard.offers += usize::from(String::from_utf8_lossy(&bytes).contains("\"offer\":"));
                            heard.signals.push_back((peer, bytes));
                        }
                        RtcEvent::State { peer, state } => heard.states.push((peer, state)),
                        RtcEvent::Frame { peer, frame } => heard.frames.push((peer, frame, Instant::now())),
                        RtcEvent::Datagram { peer, bytes } => heard.datagrams.push((peer, bytes)),
                        RtcEvent::Stats { peer, rtt_ms, received, lost } => {
                            heard.stats.push((peer, rtt_ms, received, lost));
                        }
                    }
                    drop(heard);
                    changed.notify_waiters();
                }
            });
        }
        Self { key: key(number), rtc, heard, changed }
    }

    pub async fn command(&self, command: RtcCommand) {
        self.rtc.commands.send(command).await.unwrap();
    }

    pub async fn open(&self, to: &Peer) {
        self.open_as(to.key, to.key < self.key).await;
    }

    pub async fn open_as(&self, peer: PeerKey, polite: bool) {
        self.command(RtcCommand::Open { peer, polite, relay_only: false }).await;
    }

    pub async fn send(&self, to: &[PeerKey], slot: u8, n: u32) {
        self.command(RtcCommand::Send { peers: to.to_vec(), frame: frame(slot, n) }).await;
    }

    pub fn state(&self, of: PeerKey) -> Option<MediaState> {
        let heard = self.heard.lock().unwrap();
        heard.states.iter().rev().find(|(peer, _)| *peer == of).map(|(_, state)| state.clone())
    }

    /// Waits until `holds`, by a deadline.
    pub async fn until(&self, what: &str, mut holds: impl FnMut(&Heard) -> bool) {
        let deadline = tokio::time::Instant::now() + DEADLINE;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if holds(&self.heard.lock().unwrap()) {
                return;
            }
            if tokio::time::timeout_at(deadline, changed).await.is_err() {
                let heard = self.heard.lock().unwrap();
                panic!("not in time: {what}; {:?}, {} frames", heard.states, heard.frames.len());
            }
        }
    }

    pub async fn until_connected(&self, to: PeerKey) {
        self.until("connected", |heard| last(heard, to) == Some(MediaState::Connected(MediaRoute::Lan))).await;
    }
}

pub fn last(heard: &Heard, of: PeerKey) -> Option<MediaState> {
    heard.states.iter().rev().find(|(peer, _)| *peer == of).map(|(_, state)| state.clone())
}

pub fn key(number: u8) -> PeerKey {
    PeerKey([number; 32])
}

pub fn server(url: &str, username: &str, password: &str) -> IceServer {
    IceServer { url: url.into(), username: username.into(), password: password.into() }
}

/// A frame that says where it belongs.
pub fn frame(slot: u8, n: u32) -> MediaFrame {
    let payload = [&[slot][..], &n.to_be_bytes(), &vec![0xa5; 40 + (n as usize * 7) % 80]].concat();
    MediaFrame {
        slot,
        timestamp: n.wrapping_mul(960).wrapping_add(u32::MAX - 5_000),
        level: (n % 128) as u8,
        voice: !n.is_multiple_of(3),
        payload,
    }
}

/// Carries signals between all of `peers` from now on, in order, as an authenticated link would.
pub fn carry(peers: &[&Peer]) -> tokio::task::JoinHandle<()> {
    carry_bent(peers, Some)
}

/// The same, of signals as `bend` makes them.
pub fn carry_bent(
    peers: &[&Peer],
    bend: impl Fn(Vec<u8>) -> Option<Vec<u8>> + Send + Sync + Copy + 'static,
) -> tokio::task::JoinHandle<()> {
    let ends: Vec<_> =
        peers.iter().map(|p| (p.key, p.rtc.commands.clone(), p.heard.clone(), p.changed.clone())).collect();
    tokio::spawn(async move {
        let routes: Vec<_> = ends.iter().map(|(key, commands, ..)| (*key, commands.clone())).collect();
        let all = ends.into_iter().map(|(from, _, heard, changed)| {
            let routes = routes.clone();
            async move {
                loop {
                    let notified = changed.notified();
                    tokio::pin!(notified);
                    notified.as_mut().enable();
                    loop {
                        let Some((to, bytes)) = heard.lock().unwrap().signals.pop_front() else { break };
                        let Some(bytes) = bend(bytes) else { continue };
                        if let Some((_, commands)) = routes.iter().find(|(key, _)| *key == to) {
                            let _ = commands.send(RtcCommand::Signal { peer: from, bytes }).await;
                        }
                    }
                    notified.await;
                }
            }
        });
        futures::future::join_all(all).await;
    })
}
