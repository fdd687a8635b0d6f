//! The voice of a running node: a call between the media transport and the sound of this machine.
//!
//! Moves values between [`hearth_voice::Call`], `hearth_rtc` and `hearth_audio`, and keeps what drivers ask about. Sound and
//! transport start with the first room or file, so a node that never talks pays for neither.

mod live;
mod stats;

use async_channel::{Receiver, Sender};
use hearth_audio::AudioHandle;
use hearth_crypto::{DeviceKey, Secret32};
use hearth_ports::{
    ErrorCode, NodeError, NodeEvent, NodeReply, VoiceAsk, VoiceOrder, VoiceSay, VoiceSettings,
    audio::{AudioCommand, AudioEvent, AudioSink, AudioSource, Gate, Processing},
    rtc::IceServer,
};
use hearth_rtc::{RtcConfig, RtcHandle};
use hearth_types::UserId;
use live::Live;
use std::{collections::BTreeMap, future::pending, path::PathBuf, time::Duration};
use tokio::time::Instant;

/// Orders and answers that wait.
pub(crate) const VOICE_QUEUE: usize = 1_024;

/// What the voice of a node is made of.
pub(crate) struct VoiceConfig {
    pub device: Secret32,
    pub servers: Vec<IceServer>,
    pub relay_only: bool,
}

/// What the voice says to the node.
pub(crate) enum VoiceOut {
    Say(VoiceSay),
    Event(NodeEvent),
}

pub(crate) struct Voice {
    config: VoiceConfig,
    out: Sender<VoiceOut>,
    start: Instant,
    rtc: Option<RtcHandle>,
    audio: Option<AudioHandle>,
    live: Option<Live>,
    wants: Wants,
}

/// What stays from room to room.
struct Wants {
    source: AudioSource,
    sink: AudioSink,
    processing: Processing,
    gate: Option<Gate>,
    muted: bool,
    deafened: bool,
    position: Option<[f32; 2]>,
    volume: BTreeMap<UserId, f32>,
}

const ALL: Processing = Processing { echo: true, noise: true, gain: true };
const NONE: Processing = Processing { echo: false, noise: false, gain: false };

impl Voice {
    pub(crate) fn new(config: VoiceConfig, out: Sender<VoiceOut>) -> Self {
        let wants = Wants {
            source: AudioSource::Device(None),
            sink: AudioSink::Device(None),
            processing: ALL,
            gate: None,
            muted: false,
            deafened: false,
            position: None,
            volume: BTreeMap::new(),
        };
        Self { config, out, start: Instant::now(), rtc: None, audio: None, live: None, wants }
    }

    /// Runs until the orders end.
    pub(crate) async fn run(mut self, orders: Receiver<VoiceOrder>) {
        loop {
            let now = self.now_us();
            let wake = self.live.as_ref().and_then(|l| l.call.next_wake_us()).map(|at| at.saturating_sub(now));
            tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Ok(order) => self.order(order).await,
                    Err(_) => break,
                },
                event = next(self.rtc.as_ref().map(|r| &r.events)) => self.input(hearth_voice::Input::Rtc(event)).await,
                media = next(self.rtc.as_ref().map(|r| &r.media)) => self.input(hearth_voice::Input::Rtc(media)).await,
                frame = next(self.audio.as_ref().map(|a| &a.frames)) => self.own(frame).await,
                event = next(self.audio.as_ref().map(|a| &a.events)) => self.heard(event).await,
                () = sleep(wake) => self.input(hearth_voice::Input::Tick).await,
            }
        }
        self.end().await;
    }

    fn now_us(&self) -> u64 {
        self.start.elapsed().as_micros() as u64
    }

    async fn order(&mut self, order: VoiceOrder) {
        match order {
            VoiceOrder::Enter { space, channel, me } => {
                // Out of the last room at once: nobody is in two.
                self.drop_call().await;
                if let Err(error) = self.open() {
                    return self
                        .say(VoiceOut::Event(NodeEvent::Warning { code: "voice", message: error.message }))
                        .await;
                }
                let key = DeviceKey::from_seed(&self.config.device);
                match Live::new(space, channel, me, key, self.config.relay_only, self.now_us()) {
                    Ok(live) => self.live = Some(live),
                    Err(error) => {
                        let message =
                            format!("This computer gives no random numbers, so no call is safe here: {error}");
                        return self.say(VoiceOut::Event(NodeEvent::Warning { code: "voice", message })).await;
                    }
                }
                self.sound().await;
                self.input(hearth_voice::Input::Mute(self.wants.muted)).await;
                self.input(hearth_voice::Input::Deafen(self.wants.deafened)).await;
                self.seat().await;
            }
            VoiceOrder::Exit => {
                self.input(hearth_voice::Input::Leave).await;
                self.silence().await;
            }
            VoiceOrder::Roster(roster) => {
                let Some(live) = &mut self.live else { return };
                let gone = live.roster(&roster);
                for talker in gone {
                    self.audio(AudioCommand::TalkerGone(talker)).await;
                }
                let members = roster.into_iter().map(hearth_voice::Member::from).collect();
                self.input(hearth_voice::Input::Roster(members)).await;
            }
            VoiceOrder::Message { peer, device, bytes } => {
                self.input(hearth_voice::Input::Message { peer, device, bytes }).await;
            }
            VoiceOrder::Ask { request, ask } => {
                let result = self.ask(ask).await;
                self.say(VoiceOut::Event(NodeEvent::Reply { request, result })).await;
            }
        }
    }

    async fn ask(&mut self, ask: VoiceAsk) -> Result<NodeReply, NodeError> {
        match ask {
            VoiceAsk::Set(settings) => self.set(settings).await,
            VoiceAsk::Source { wav, repeat, process } => {
                if let Some(path) = &wav {
                    readable(path)?;
                }
                self.wants.source = match wav {
                    Some(path) => AudioSource::Wav { path, repeat },
                    None => AudioSource::Device(None),
                };
                self.wants.processing = if process { ALL } else { NONE };
                self.wants.gate = (!process).then_some(Gate::Continuous).or(self.wants.gate);
                self.open()?;
                self.sound().await;
            }
            VoiceAsk::Sink { wav } => {
                if let Some(path) = &wav {
                    writable(path)?;
                }
                self.wants.sink = wav.map_or(AudioSink::Device(None), AudioSink::Wav);
                self.open()?;
                self.sound().await;
            }
            VoiceAsk::Stats => {
                let live = self
                    .live
                    .as_ref()
                    .ok_or_else(|| NodeError::new(ErrorCode::NotFound, "You are in no voice room. Join one first."))?;
                return Ok(NodeReply::VoiceStats(live.stats()));
            }
        }
        Ok(NodeReply::Done)
    }

    async fn set(&mut self, settings: VoiceSettings) {
        let VoiceSettings { mute, deafen, ptt, gate, position, volume } = settings;
        if let Some(muted) = mute {
            self.wants.muted = muted;
            self.audio(AudioCommand::Mute(muted)).await;
            self.input(hearth_voice::Input::Mute(muted)).await;
        }
        if let Some(deafened) = deafen {
            self.wants.deafened = deafened;
            self.audio(AudioCommand::Deafen(deafened)).await;
            self.input(hearth_voice::Input::Deafen(deafened)).await;
        }
        if let Some(held) = ptt {
            if self.wants.gate != Some(Gate::PushToTalk) {
                self.wants.gate = Some(Gate::PushToTalk);
                self.audio(AudioCommand::Gate(Gate::PushToTalk)).await;
            }
            if let Some(audio) = &self.audio {
                // Past the queue: a key waits for nothing.
                audio.key(held);
            }
        }
        if let Some(gate) = gate {
            self.wants.gate = Some(gate);
            self.audio(AudioCommand::Gate(gate)).await;
        }
        if position.is_some() {
            self.wants.position = position;
            self.seat().await;
        }
        if !volume.is_empty() {
            self.wants.volume.extend(volume);
            self.places().await;
        }
    }

    /// Starts transport and sound, once.
    fn open(&mut self) -> Result<(), NodeError> {
        let refused = |what: &str, why: String| NodeError::new(ErrorCode::NotFound, format!("{what}: {why}"));
        if self.rtc.is_none() {
            let config = RtcConfig { servers: self.config.servers.clone(), ..RtcConfig::default() };
            let rtc = hearth_rtc::start(config, &tokio::runtime::Handle::current());
            self.rtc = Some(rtc.map_err(|e| refused("Voice cannot reach anybody", e.to_string()))?);
        }
        if self.audio.is_none() {
            let audio = hearth_audio::start(hearth_audio::AudioConfig::default());
            self.audio = Some(audio.map_err(|e| refused("Sound cannot start", e.to_string()))?);
        }
        Ok(())
    }

    /// Gives the audio side everything that is wanted; devices are open only in a room.
    async fn sound(&mut self) {
        let in_call = self.live.is_some();
        let (source, sink) = (self.wants.source.clone(), self.wants.sink.clone());
        let source = if in_call { source } else { AudioSource::None };
        let sink = if in_call || matches!(sink, AudioSink::Wav(_)) { sink } else { AudioSink::None };
        self.audio(AudioCommand::Processing(self.wants.processing)).await;
        if let Some(gate) = self.wants.gate {
            self.audio(AudioCommand::Gate(gate)).await;
        }
        self.audio(AudioCommand::Mute(self.wants.muted)).await;
        self.audio(AudioCommand::Deafen(self.wants.deafened)).await;
        self.audio(AudioCommand::Sink(sink)).await;
        self.audio(AudioCommand::Source(source)).await;
    }

    /// Outside a room no microphone is open.
    async fn silence(&mut self) {
        self.audio(AudioCommand::Source(AudioSource::None)).await;
        if !matches!(self.wants.sink, AudioSink::Wav(_)) {
            self.audio(AudioCommand::Sink(AudioSink::None)).await;
        }
    }

    async fn seat(&mut self) {
        let seat = self.wants.position.map(|p| p.map(centimetres));
        if seat.is_some() {
            self.input(hearth_voice::Input::Position(seat)).await;
            self.places().await;
        }
    }

    async fn own(&mut self, frame: hearth_ports::audio::OwnFrame) {
        if let Some(event) = self.live.as_mut().and_then(|live| live.own(&frame)) {
            self.say(VoiceOut::Event(event)).await;
        }
        self.input(hearth_voice::Input::Own(frame)).await;
    }

    async fn heard(&mut self, event: AudioEvent) {
        match event {
            AudioEvent::Stats(stats) => {
                if let Some(live) = &mut self.live {
                    live.audio_stats(stats);
                }
            }
            AudioEvent::Notice(message) => {
                self.say(VoiceOut::Event(NodeEvent::Warning { code: "sound", message })).await;
            }
            _ => {}
        }
    }

    async fn input(&mut self, input: hearth_voice::Input) {
        let now = self.now_us();
        let Some(live) = &mut self.live else { return };
        live.noticed(&input);
        live.call.handle(input, now);
        let outputs: Vec<hearth_voice::Output> = live.call.drain().collect();
        for output in outputs {
            self.output(output).await;
        }
    }

    async fn output(&mut self, output: hearth_voice::Output) {
        use hearth_voice::Output as O;
        let Some(live) = &mut self.live else { return };
        match output {
            O::Rtc(command) => {
                if let Some(rtc) = &self.rtc {
                    // Closed only when the transport ended, and then there is nobody to send to.
                    let _ = rtc.commands.send(command).await;
                }
            }
            O::Message { peer, bytes } => self.say(VoiceOut::Say(VoiceSay::Message { peer, bytes })).await,
            O::Voice(frame) => {
                let (talker, moved) = live.frame(&frame);
                if moved {
                    self.place(frame.talker).await;
                }
                let (seq, timestamp, opus) = (frame.seq, frame.timestamp, frame.opus);
                self.audio(AudioCommand::Packet { talker, seq, timestamp, opus }).await;
            }
            O::Advice(encoding) => {
                live.bitrate = encoding.bitrate;
                self.audio(AudioCommand::Encoding(encoding)).await;
            }
            O::Left => self.drop_call().await,
            other => {
                if let Some(event) = live.tell(other) {
                    self.say(VoiceOut::Event(event)).await;
                }
            }
        }
    }

    /// Everybody's place and volume, after one's own seat or a volume changed.
    async fn places(&mut self) {
        for device in self.live.as_ref().map(Live::devices).unwrap_or_default() {
            self.place(device).await;
        }
    }

    async fn place(&mut self, device: hearth_types::DeviceId) {
        let command = self.live.as_ref().and_then(|l| l.place(device, self.wants.position, &self.wants.volume));
        if let Some(command) = command {
            self.audio(command).await;
        }
    }

    async fn audio(&mut self, command: AudioCommand) {
        if let Some(audio) = &self.audio {
            let _ = audio.commands.send(command).await;
        }
    }

    async fn say(&self, out: VoiceOut) {
        // Closed only when the node ends.
        let _ = self.out.send(out).await;
    }

    async fn drop_call(&mut self) {
        let Some(live) = self.live.take() else { return };
        for talker in live.talkers() {
            self.audio(AudioCommand::TalkerGone(talker)).await;
        }
        if let Some(rtc) = &self.rtc {
            for peer in live.peers() {
                let _ = rtc.commands.send(hearth_ports::rtc::RtcCommand::Close { peer }).await;
            }
        }
        self.silence().await;
    }

    async fn end(mut self) {
        self.drop_call().await;
        self.audio(AudioCommand::Shutdown).await;
        if let Some(rtc) = &self.rtc {
            let _ = rtc.commands.send(hearth_ports::rtc::RtcCommand::Shutdown).await;
        }
    }
}

/// The next value; never, when there is no queue or it has ended.
async fn next<T>(queue: Option<&Receiver<T>>) -> T {
    match queue {
        Some(queue) => match queue.recv().await {
            Ok(value) => value,
            Err(_) => pending().await,
        },
        None => pending().await,
    }
}

async fn sleep(wake_us: Option<u64>) {
    match wake_us {
        Some(us) => tokio::time::sleep(Duration::from_micros(us)).await,
        None => pending().await,
    }
}

fn centimetres(metres: f32) -> i16 {
    (metres * 100.0).round().clamp(f32::from(i16::MIN), f32::from(i16::MAX)) as i16
}

fn readable(path: &PathBuf) -> Result<(), NodeError> {
    std::fs::File::open(path).map(drop).map_err(|why| {
        NodeError::new(ErrorCode::BadArgument, format!("The sound file {} cannot be read: {why}.", path.display()))
    })
}

fn writable(path: &PathBuf) -> Result<(), NodeError> {
    std::fs::OpenOptions::new().create(true).append(true).open(path).map(drop).map_err(|why| {
        NodeError::new(ErrorCode::BadArgument, format!("The sound file {} cannot be written: {why}.", path.display()))
    })
}
