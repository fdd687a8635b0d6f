//! Plays lines that were written beforehand to a browser, for `tests/voice/chromium_curves.py`.
//!
//! `line FILE...` takes up to five files of `loss_curve`, one a slot: `PACKET ARRIVAL_US HEX` a line, and a packet that is
//! missing was lost. A relay on loopback between this peer and the browser drops and holds back the sealed RTP packets so
//! that each arrives when its file says. Prints `signal JSON` and, when all was played, `late MS`, how much later than its
//! file says a packet went on at worst; reads signals, one JSON a line, and `play`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hearth_ports::rtc::{MediaFrame, RtcCommand, RtcEvent};
use hearth_rtc::RtcConfig;
use hearth_rtc::signal::{Body, Signal};
use hearth_types::PeerKey;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::UdpSocket;
use tokio::time::Instant;

const PEER: PeerKey = PeerKey([9; 32]);
const FRAME_US: u64 = 20_000;

/// One line: what arrives, by packet, and how many packets there are.
struct Line {
    arrivals: BTreeMap<u64, (u64, Vec<u8>)>,
    packets: u64,
}

fn read(path: &str) -> Line {
    let text = std::fs::read_to_string(path).expect("a line");
    let mut arrivals = BTreeMap::new();
    for row in text.lines() {
        let mut words = row.split(' ');
        let (packet, at_us) = (words.next().unwrap().parse().unwrap(), words.next().unwrap().parse().unwrap());
        let hex = words.next().unwrap().as_bytes();
        let bytes = hex.chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap());
        arrivals.insert(packet, (at_us, bytes.collect()));
    }
    let packets = arrivals.last_key_value().map_or(0, |(last, _)| last + 1);
    Line { arrivals, packets }
}

/// The way between the two, which knows when each packet is to arrive.
struct Relay {
    lines: Arc<Vec<Line>>,
    front: UdpSocket,
    back: UdpSocket,
    sender: Mutex<Option<SocketAddr>>,
    browser: Mutex<Option<SocketAddr>>,
    /// By SSRC: which slot, and the sequence number of its first packet.
    streams: Mutex<BTreeMap<u32, (usize, Option<u16>)>>,
    start: Mutex<Option<Instant>>,
    late_us: AtomicU64,
}

impl Relay {
    async fn to_sender(self: Arc<Self>) {
        let mut bytes = [0; 2_048];
        while let Ok((count, from)) = self.front.recv_from(&mut bytes).await {
            *self.browser.lock().unwrap() = Some(from);
            let sender = *self.sender.lock().unwrap();
            if let Some(sender) = sender {
                let _ = self.back.send_to(&bytes[..count], sender).await;
            }
        }
    }

    async fn to_browser(self: Arc<Self>) {
        let mut bytes = [0; 2_048];
        while let Ok((count, _)) = self.back.recv_from(&mut bytes).await {
            let Some(browser) = *self.browser.lock().unwrap() else { continue };
            let packet = bytes[..count].to_vec();
            let Some(due) = self.due(&packet) else { continue };
            let relay = self.clone();
            tokio::spawn(async move {
                if let Some(due) = due {
                    tokio::time::sleep_until(due).await;
                    relay.late_us.fetch_max(due.elapsed().as_micros() as u64, Ordering::Relaxed);
                }
                let _ = relay.front.send_to(&packet, browser).await;
            });
        }
    }

    /// When a packet is to go on: none for never, and none within for at once, as all that is not RTP.
    fn due(&self, packet: &[u8]) -> Option<Option<Instant>> {
        let is_rtp = packet.len() >= 12 && packet[0] >> 6 == 2 && !(64..96).contains(&(packet[1] & 0x7f));
        if !is_rtp {
            return Some(None);
        }
        let sequence = u16::from_be_bytes([packet[2], packet[3]]);
        let ssrc = u32::from_be_bytes(packet[8..12].try_into().unwrap());
        let mut streams = self.streams.lock().unwrap();
        let (slot, first) = streams.get_mut(&ssrc)?;
        let index = u64::from(sequence.wrapping_sub(*first.get_or_insert(sequence)));
        let (at_us, _) = self.lines.get(*slot)?.arrivals.get(&index)?;
        Some(Some((*self.start.lock().unwrap())? + Duration::from_micros(*at_us)))
    }

    /// What the browser is told: the relay's address for the sender's own.
    fn rewrite(&self, signal: &mut Signal) {
        match &mut signal.body {
            Body::Candidate(line) => {
                let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
                *self.sender.lock().unwrap() = Some(format!("{}:{}", words[4], words[5]).parse().unwrap());
                words[5] = self.front.local_addr().unwrap().port().to_string();
                *line = words.join(" ");
            }
            Body::Offer(sdp) => {
                let mut section = 0usize;
                for line in sdp.lines() {
                    section += usize::from(line.starts_with("m="));
                    let ssrc = line.strip_prefix("a=ssrc:").and_then(|rest| rest.split(' ').next());
                    if let Some(ssrc) = ssrc.and_then(|ssrc| ssrc.parse().ok()) {
                        self.streams.lock().unwrap().entry(ssrc).or_insert((section - 1, None));
                    }
                }
            }
            _ => {}
        }
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let lines: Arc<Vec<Line>> = Arc::new(std::env::args().skip(1).map(|path| read(&path)).collect());
    let relay = Arc::new(Relay {
        lines: lines.clone(),
        front: UdpSocket::bind("127.0.0.1:0").await.unwrap(),
        back: UdpSocket::bind("127.0.0.1:0").await.unwrap(),
        sender: Mutex::default(),
        browser: Mutex::default(),
        streams: Mutex::default(),
        start: Mutex::default(),
        late_us: AtomicU64::new(0),
    });
    tokio::spawn(relay.clone().to_sender());
    tokio::spawn(relay.clone().to_browser());
    let config = RtcConfig { bind: vec!["127.0.0.1:0".parse().unwrap()], ..RtcConfig::default() };
    let rtc = hearth_rtc::start(config, &tokio::runtime::Handle::current()).expect("a transport");
    rtc.commands.send(RtcCommand::Open { peer: PEER, polite: false, relay_only: false }).await.unwrap();
    let (events, media) = (rtc.events.clone(), rtc.media.clone());
    tokio::spawn(async move { while media.recv().await.is_ok() {} });
    let told = relay.clone();
    tokio::spawn(async move {
        while let Ok(event) = events.recv().await {
            match event {
                RtcEvent::Signal { bytes, .. } => {
                    let mut signal = Signal::decode(&bytes).unwrap();
                    told.rewrite(&mut signal);
                    println!("signal {}", String::from_utf8(signal.encode()).unwrap());
                }
                RtcEvent::State { state, .. } => println!("state {state:?}"),
                _ => {}
            }
        }
    });
    let mut words = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(word)) = words.next_line().await {
        if word == "play" {
            tokio::spawn(play(lines.clone(), relay.clone(), rtc.commands.clone()));
            continue;
        }
        let mut signal = Signal::decode(word.as_bytes()).unwrap();
        if let Body::Candidate(line) = &mut signal.body {
            // The browser is reached through the relay alone.
            let port = relay.back.local_addr().unwrap().port();
            *line = format!("candidate:1 1 udp 2130706431 127.0.0.1 {port} typ host");
        }
        rtc.commands.send(RtcCommand::Signal { peer: PEER, bytes: signal.encode() }).await.unwrap();
    }
}

async fn play(lines: Arc<Vec<Line>>, relay: Arc<Relay>, commands: async_channel::Sender<RtcCommand>) {
    let start = Instant::now() + Duration::from_millis(100);
    *relay.start.lock().unwrap() = Some(start);
    let packets = lines.iter().map(|line| line.packets).max().unwrap_or(0);
    for packet in 0..packets {
        tokio::time::sleep_until(start + Duration::from_micros(packet * FRAME_US)).await;
        for (slot, line) in lines.iter().enumerate().filter(|(_, line)| packet < line.packets) {
            // What is lost on the way may hold anything.
            let payload = line.arrivals.get(&packet).map_or_else(|| vec![0; 10], |(_, bytes)| bytes.clone());
            let timestamp = packet as u32 * 960;
            let frame = MediaFrame { slot: slot as u8, timestamp, level: 30, voice: true, payload };
            commands.send(RtcCommand::Send { peers: vec![PEER], frame }).await.unwrap();
        }
    }
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    println!("late {}", relay.late_us.load(Ordering::Relaxed) as f64 / 1000.0);
}
