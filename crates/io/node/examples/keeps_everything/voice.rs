//! A call without sound that forgets nothing.

use crate::run::VoiceOut;
use async_channel::{Receiver, Sender};
use hearth_crypto::{DeviceKey, HashEntropy, Secret32};
use hearth_ports::{
    ErrorCode, NodeError, NodeEvent, NodeReply, VoiceAsk, VoiceMember, VoiceOrder, VoiceSay, VoiceSettings,
    rtc::{RtcCommand, RtcEvent},
};
use hearth_rtc::{RtcConfig, RtcHandle};
use hearth_types::{ChannelId, PeerKey, SpaceId};
use hearth_voice::{
    Call, CallConfig, CallId, CallMessage, Input, Member, Output,
    keys::ratchet,
    seal::{Opener, header},
};
use hearth_wire::cbor::Codec;
use serde_json::json;
use std::{collections::BTreeSet, time::Duration};
use tokio::time::Instant;

/// Steps of the ratchet that are tried from every secret.
const STEPS: u8 = 12;

pub(crate) struct VoiceConfig {
    pub device: Secret32,
    /// Whatever else its home holds.
    pub own: [Secret32; 4],
}

/// Where it was when a frame came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stay {
    Inside,
    /// Out, or a relay, since this time.
    Outside(Instant),
}

pub(crate) struct Voice {
    config: VoiceConfig,
    out: Sender<VoiceOut>,
    start: Instant,
    rtc: Option<RtcHandle>,
    call: Option<Call>,
    opened: BTreeSet<PeerKey>,
    stay: Stay,
    uplink_kbps: Option<u32>,
    /// Sealed frames, with how long it had been out; none while it was inside.
    frames: Vec<(Option<Duration>, Vec<u8>)>,
    secrets: BTreeSet<[u8; 32]>,
}

impl Voice {
    pub(crate) fn new(config: VoiceConfig, out: Sender<VoiceOut>) -> Self {
        let secrets = config.own.iter().map(|s| *s.expose()).collect();
        let start = Instant::now();
        let stay = Stay::Outside(start);
        Self {
            config,
            out,
            start,
            rtc: None,
            call: None,
            opened: BTreeSet::new(),
            stay,
            uplink_kbps: None,
            frames: Vec::new(),
            secrets,
        }
    }

    /// Runs until the orders end.
    pub(crate) async fn run(mut self, orders: Receiver<VoiceOrder>) {
        let rtc = hearth_rtc::start(RtcConfig::default(), &tokio::runtime::Handle::current()).unwrap();
        let (events, media) = (rtc.events.clone(), rtc.media.clone());
        self.rtc = Some(rtc);
        loop {
            let now = self.now_us();
            let wake = self.call.as_ref().and_then(Call::next_wake_us).map_or(1_000_000, |at| at.saturating_sub(now));
            tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Ok(order) => self.order(order).await,
                    Err(_) => break,
                },
                Ok(event) = events.recv() => self.input(Input::Rtc(event)).await,
                Ok(media) = media.recv() => self.input(Input::Rtc(media)).await,
                () = tokio::time::sleep(Duration::from_micros(wake)) => self.input(Input::Tick).await,
            }
        }
    }

    fn now_us(&self) -> u64 {
        self.start.elapsed().as_micros() as u64
    }

    async fn order(&mut self, order: VoiceOrder) {
        match order {
            VoiceOrder::Enter { space, channel, me, .. } => self.enter(space, channel, me).await,
            VoiceOrder::Me(_) | VoiceOrder::Plan(_) => {}
            VoiceOrder::Exit { .. } => {
                self.outside();
                self.input(Input::Leave).await;
            }
            VoiceOrder::Roster(roster) => {
                self.input(Input::Roster(roster.into_iter().map(Member::from).collect())).await;
            }
            VoiceOrder::Message { peer, device, bytes } => {
                if let Ok(CallMessage::Key { secret, .. }) = CallMessage::from_bytes(&bytes) {
                    self.secrets.insert(secret);
                }
                self.input(Input::Message { peer, device, bytes }).await;
            }
            VoiceOrder::Ask { request, ask } => {
                let result = self.ask(ask).await;
                self.say(VoiceOut::Event(NodeEvent::Reply { request, result })).await;
            }
        }
    }

    fn outside(&mut self) {
        if self.stay == Stay::Inside {
            self.stay = Stay::Outside(Instant::now());
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
            uplink_kbps: self.uplink_kbps,
            measured_kbps: None,
            may_relay: true,
            relay_only: false,
        };
        // Its old ways end only now, to be opened anew.
        for peer in std::mem::take(&mut self.opened) {
            self.command(RtcCommand::Close { peer }).await;
        }
        if me.relay {
            self.outside();
        } else {
            self.stay = Stay::Inside;
        }
        self.call = Some(Call::new(config, self.now_us()));
        self.input(Input::Tick).await;
    }

    async fn ask(&mut self, ask: VoiceAsk) -> Result<NodeReply, NodeError> {
        match ask {
            VoiceAsk::Set(VoiceSettings { uplink_kbps, .. }) => {
                if let Some(kbps) = uplink_kbps {
                    self.uplink_kbps = Some(kbps);
                    self.input(Input::Uplink { kbps, may_relay: true }).await;
                }
            }
            VoiceAsk::Stats => self.tell(),
            _ => return Err(NodeError::new(ErrorCode::BadArgument, "It has no sound.")),
        }
        Ok(NodeReply::Done)
    }

    async fn input(&mut self, input: Input) {
        if let Input::Rtc(RtcEvent::Frame { frame, .. }) = &input {
            let since = match self.stay {
                Stay::Inside => None,
                Stay::Outside(since) => Some(since.elapsed()),
            };
            self.frames.push((since, frame.payload.clone()));
        }
        let now = self.now_us();
        let Some(call) = &mut self.call else { return };
        call.handle(input, now);
        self.secrets.extend(call.lend_opening().iter().map(|key| *key.secret.expose()));
        let outputs: Vec<_> = call.drain().collect();
        for output in outputs {
            match output {
                // Its ways stay open, for as long as the other end lets them.
                Output::Rtc(RtcCommand::Close { .. }) => {}
                Output::Rtc(command) => {
                    if let RtcCommand::Open { peer, .. } = &command {
                        self.opened.insert(*peer);
                    }
                    self.command(command).await;
                }
                Output::Message { peer, bytes } => self.say(VoiceOut::Say(VoiceSay::Message { peer, bytes })).await,
                Output::Left => {
                    self.call = None;
                    self.say(VoiceOut::Say(VoiceSay::Left)).await;
                }
                _ => {}
            }
        }
    }

    async fn command(&self, command: RtcCommand) {
        if let Some(rtc) = &self.rtc {
            rtc.commands.send(command).await.unwrap();
        }
    }

    async fn say(&self, out: VoiceOut) {
        let _ = self.out.send(out).await;
    }

    /// Tries every secret, and what the ratchet makes of it, on every frame.
    fn tell(&self) {
        let mut all = BTreeSet::new();
        for secret in &self.secrets {
            let mut step = Secret32::new(*secret);
            for _ in 0..=STEPS {
                all.insert(*step.expose());
                step = ratchet(&step);
            }
        }
        let opens = |sealed: &[u8]| {
            let Some((id, _)) = header(sealed) else { return false };
            let mut openers = all.iter().filter_map(|secret| Opener::new(id, &Secret32::new(*secret)));
            openers.any(|opener| opener.open(sealed).is_some())
        };
        let [mut inside, mut soon, mut late] = [[0, 0]; 3];
        let mut last = Duration::ZERO;
        for (since, sealed) in &self.frames {
            let opened = opens(sealed);
            let count = match since {
                None => &mut inside,
                Some(since) if since.as_secs() < 2 => &mut soon,
                Some(_) => &mut late,
            };
            *count = [count[0] + 1, count[1] + u32::from(opened)];
            if let (true, Some(since)) = (opened, since) {
                last = last.max(*since);
            }
        }
        println!(
            "{}",
            json!({
                "event": "kept", "secrets": self.secrets.len(), "tried": all.len(), "inside": inside, "soon": soon, "late": late,
                "last_opened_ms": last.as_millis() as u64,
            })
        );
    }
}
