//! The call of a member whose media is a page: [`hearth_voice::Call`] between the kernel and the page.
//!
//! The page is told what a media transport would be, and lent the keys. What it sealed and sent comes back, so that the
//! call signs it; what reached it comes as it was, so that the call looks who it is of.

use crate::page::Page;
use crate::run::VoiceOut;
use async_channel::{Receiver, Sender};
use data_encoding::HEXLOWER;
use hearth_crypto::{DeviceKey, HashEntropy, Secret32};
use hearth_ports::{
    ErrorCode, NodeError, NodeEvent, NodeReply, VoiceAsk, VoiceMember, VoiceOrder, VoiceSay,
    rtc::{MediaFrame, MediaRoute, MediaState, RtcCommand, RtcEvent},
};
use hearth_types::{ChannelId, DeviceId, PeerKey, SpaceId};
use hearth_voice::{Call, CallConfig, CallId, Input, LentKey, Member, Output};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};
use tokio::time::Instant;

const UPLINK_KBPS: u32 = 5_000;

/// Which keys the page gets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lent {
    Right,
    /// Each with one bit changed.
    Wrong,
    None,
}

pub(crate) struct VoiceConfig {
    pub device: Secret32,
    pub page: Page,
    pub lent: Lent,
}

pub(crate) struct Voice {
    config: VoiceConfig,
    out: Sender<VoiceOut>,
    start: Instant,
    call: Option<Call>,
    peers: BTreeMap<DeviceId, PeerKey>,
    lent: Vec<LentKey>,
    /// Frames that also opened here, and whether they are signed by who they are of.
    opened: BTreeMap<PeerKey, u64>,
    proven: BTreeMap<PeerKey, bool>,
}

impl Voice {
    pub(crate) fn new(config: VoiceConfig, out: Sender<VoiceOut>) -> Self {
        Self {
            config,
            out,
            start: Instant::now(),
            call: None,
            peers: BTreeMap::new(),
            lent: Vec::new(),
            opened: BTreeMap::new(),
            proven: BTreeMap::new(),
        }
    }

    /// Runs until the orders end.
    pub(crate) async fn run(mut self, orders: Receiver<VoiceOrder>) {
        let from_page = self.config.page.from.clone();
        let mut tell = tokio::time::interval(Duration::from_millis(500));
        loop {
            let now = self.now_us();
            let wake = self.call.as_ref().and_then(Call::next_wake_us).map(|at| at.saturating_sub(now));
            let wake = Duration::from_micros(wake.unwrap_or(1_000_000));
            tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Ok(order) => self.order(order).await,
                    Err(_) => break,
                },
                Ok(message) = from_page.recv() => self.heard(&message).await,
                _ = tell.tick() => self.tell(),
                () = tokio::time::sleep(wake) => self.input(Input::Tick).await,
            }
        }
    }

    fn now_us(&self) -> u64 {
        self.start.elapsed().as_micros() as u64
    }

    fn page(&self, message: Value) {
        // Without a page it waits; there is no bound, as this is a test's.
        let _ = self.config.page.to.try_send(message);
    }

    fn tell(&self) {
        if self.call.is_some() {
            println!("{}", json!({"event": "page.call", "opened": self.opened, "proven": self.proven}));
        }
    }

    async fn order(&mut self, order: VoiceOrder) {
        match order {
            VoiceOrder::Enter { space, channel, me, .. } => self.enter(space, channel, me).await,
            // Nobody mutes a page.
            VoiceOrder::Me(_) | VoiceOrder::Plan(_) => {}
            VoiceOrder::Exit { .. } => self.input(Input::Leave).await,
            VoiceOrder::Roster(roster) => {
                self.peers = roster.iter().map(|m| (m.device, m.peer)).collect();
                self.input(Input::Roster(roster.into_iter().map(Member::from).collect())).await;
            }
            VoiceOrder::Message { peer, device, bytes } => self.input(Input::Message { peer, device, bytes }).await,
            VoiceOrder::Ask { request, ask } => {
                let result = self.ask(ask).await;
                let _ = self.out.send(VoiceOut::Event(NodeEvent::Reply { request, result })).await;
            }
        }
    }

    async fn enter(&mut self, space: SpaceId, channel: ChannelId, me: VoiceMember) {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).unwrap();
        let config = CallConfig {
            call: CallId::new(space, channel),
            me: me.into(),
            key: DeviceKey::from_seed(&self.config.device),
            entropy: HashEntropy::new(seed),
            uplink_kbps: Some(UPLINK_KBPS),
            measured_kbps: None,
            // A page forwards nothing.
            may_relay: false,
            relay_only: false,
        };
        // A counter is used once: a page that sealed frames in one stay does not go into a second.
        assert!(self.call.is_none() && self.lent.is_empty(), "one stay a page");
        self.call = Some(Call::new(config, self.now_us()));
        self.input(Input::Tick).await;
    }

    /// Any microphone is the page's own, and it has one sink, so files are not asked for.
    async fn ask(&mut self, ask: VoiceAsk) -> Result<NodeReply, NodeError> {
        match ask {
            VoiceAsk::Source { .. } => self.page(json!({"speak": true})),
            VoiceAsk::Set(settings) => {
                if let Some(muted) = settings.mute {
                    self.page(json!({"muted": muted}));
                    self.input(Input::Mute(muted)).await;
                }
            }
            _ => return Err(NodeError::new(ErrorCode::BadArgument, "A page does not do that.")),
        }
        Ok(NodeReply::Done)
    }

    async fn heard(&mut self, message: &Value) {
        let bytes = |name: &str| HEXLOWER.decode(message[name].as_str().unwrap_or("").as_bytes()).unwrap_or_default();
        let peer = |name: &str| message[name].as_str().and_then(|text| text.parse::<PeerKey>().ok());
        let number = |name: &str| message[name].as_u64().unwrap_or(0);
        let input = if message.get("own").is_some() {
            Input::Sealed(bytes("own"))
        } else if let Some(peer) = peer("signal") {
            let bytes = message["bytes"].as_str().unwrap_or("").as_bytes().to_vec();
            Input::Rtc(RtcEvent::Signal { peer, bytes })
        } else if let Some(peer) = peer("state") {
            let state = match message["is"].as_str() {
                Some("connecting") => MediaState::Connecting,
                Some("connected") => MediaState::Connected(MediaRoute::Lan),
                Some("interrupted") => MediaState::Interrupted,
                _ => MediaState::Failed("the browser found no way".into()),
            };
            Input::Rtc(RtcEvent::State { peer, state })
        } else if let Some(peer) = peer("frame") {
            let frame = MediaFrame {
                slot: number("slot") as u8,
                timestamp: number("timestamp") as u32,
                level: 0,
                voice: true,
                payload: bytes("sealed"),
            };
            Input::Rtc(RtcEvent::Frame { peer, frame })
        } else if let Some(peer) = peer("datagram") {
            Input::Rtc(RtcEvent::Datagram { peer, bytes: bytes("bytes") })
        } else if let Some(peer) = peer("stats") {
            let (rtt_ms, received, lost) = (number("rtt_ms") as u32, number("received"), number("lost"));
            Input::Rtc(RtcEvent::Stats { peer, rtt_ms, received, lost })
        } else {
            return;
        };
        self.input(input).await;
    }

    async fn input(&mut self, input: Input) {
        let now = self.now_us();
        let Some(call) = &mut self.call else { return };
        call.handle(input, now);
        let outputs: Vec<_> = call.drain().collect();
        self.lend();
        for output in outputs {
            match output {
                Output::Rtc(command) => self.command(command),
                Output::Message { peer, bytes } => {
                    let _ = self.out.send(VoiceOut::Say(VoiceSay::Message { peer, bytes })).await;
                }
                Output::Voice(frame) => {
                    if let Some(peer) = self.peers.get(&frame.talker) {
                        *self.opened.entry(*peer).or_default() += 1;
                    }
                }
                Output::Proven { talker, proven } => {
                    if let Some(peer) = self.peers.get(&talker) {
                        self.proven.insert(*peer, proven);
                    }
                }
                Output::Left => self.call = None,
                Output::Warning(warning) => eprintln!("{warning:?}"),
                Output::Speaking { .. } | Output::Topology(_) | Output::Advice(_) => {}
            }
        }
    }

    fn command(&self, command: RtcCommand) {
        self.page(match command {
            RtcCommand::Open { peer, polite, .. } => json!({"open": peer, "polite": polite}),
            RtcCommand::Signal { peer, bytes } => json!({"signal": peer, "bytes": String::from_utf8_lossy(&bytes)}),
            RtcCommand::Datagram { peers, bytes } => json!({"datagram": peers, "bytes": HEXLOWER.encode(&bytes)}),
            RtcCommand::Restart { peer } => json!({"restart": peer}),
            RtcCommand::Close { peer } => json!({"close": peer}),
            // Only who forwards is asked to send what it did not seal.
            RtcCommand::Send { .. } | RtcCommand::Shutdown => return,
        });
    }

    /// Lends the page the keys that hold now, when they are others than before.
    fn lend(&mut self) {
        let Some(call) = &mut self.call else { return };
        let (sealing, counter) = call.lend_sealing();
        let mut lent = call.lend_opening();
        lent.push(sealing);
        if lent == self.lent {
            return;
        }
        let told = |key: &LentKey| {
            let mut secret = *key.secret.expose();
            secret[0] ^= u8::from(self.config.lent == Lent::Wrong);
            let secret = (self.config.lent != Lent::None).then(|| HEXLOWER.encode(&secret));
            json!({"peer": self.peers.get(&key.device), "id": format!("{:016x}", key.id), "secret": secret})
        };
        let mut all: Vec<Value> = lent.iter().map(told).collect();
        let mut seal = all.pop().unwrap_or_default();
        seal["counter"] = json!(counter);
        all.retain(|key| key["secret"].is_string() && key["peer"].is_string());
        self.page(json!({"keys": {"seal": seal, "open": all}}));
        self.lent = lent;
    }
}
