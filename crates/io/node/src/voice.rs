//! The voice of a running node: a call between the media transport and the sound of this machine.
//!
//! Moves values between [`hearth_voice::Call`], `hearth_rtc` and `hearth_audio`, and keeps what drivers ask about. Sound and
//! transport start with the first room or file, and the sound ends with the last of rooms, tests and files, so a node that
//! does not talk pays for neither.

mod cues;
mod live;
mod stats;
mod wants;

use crate::run::VoiceOut;
use async_channel::{Receiver, Sender};
use hearth_audio::AudioHandle;
use hearth_crypto::{DeviceKey, Secret32};
use hearth_ports::{
    ErrorCode, NodeError, NodeEvent, NodeReply, VoiceAsk, VoiceDevicesView, VoiceOrder, VoiceSay, VoiceSettings,
    audio::{AudioCommand, AudioEvent, Cue, TalkerId},
};
use hearth_rtc::{RtcConfig, RtcHandle};
use live::Live;
use std::{future::pending, mem::Discriminant, path::PathBuf, time::Duration};
use tokio::time::Instant;
use wants::Wants;

/// A sound system that did not list its devices by then hangs.
const DEVICES_BY: Duration = Duration::from_secs(5);
/// Changes of a level below this are not told.
const LEVEL_STEP: f32 = 0.02;

/// Between two looks at the networks of this computer while in a call.
const NETWORKS_EVERY: Duration = Duration::from_secs(1);

/// The networks a computer is on, by their addresses.
type Networks = std::collections::BTreeSet<std::net::IpAddr>;

/// What the voice of a node is made of.
pub(crate) struct VoiceConfig {
    pub device: Secret32,
    pub media: RtcConfig,
    pub relay_only: bool,
}

pub(crate) struct Voice {
    config: VoiceConfig,
    out: Sender<VoiceOut>,
    start: Instant,
    rtc: Option<RtcHandle>,
    audio: Option<AudioHandle>,
    live: Option<Live>,
    wants: Wants,
    /// What the audio side was last told of `wants`.
    told: Vec<AudioCommand>,
    /// Who asked for the devices, and until when they wait.
    devices: Vec<u64>,
    devices_by: Option<Instant>,
    levels: Levels,
    /// What the last call found of the line, and on which networks it was.
    line: Option<(Networks, u32)>,
    networks: Networks,
    /// The networks as they were last seen, and when to look again.
    seen: (Networks, Instant),
    /// Sound runs until then, so that the end of a call is heard.
    rings_until: Option<Instant>,
}

/// Levels as they were last told.
#[derive(Default, PartialEq)]
struct Levels {
    own: f32,
    open: bool,
    users: Vec<(hearth_types::UserId, f32)>,
    /// Every second one is passed over.
    odd: bool,
}

impl Voice {
    pub(crate) fn new(config: VoiceConfig, out: Sender<VoiceOut>) -> Self {
        Self {
            config,
            out,
            start: Instant::now(),
            rtc: None,
            audio: None,
            live: None,
            wants: Wants::default(),
            told: Vec::new(),
            devices: Vec::new(),
            devices_by: None,
            levels: Levels::default(),
            line: None,
            networks: Networks::default(),
            seen: (Networks::default(), Instant::now()),
            rings_until: None,
        }
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
                () = until(self.devices_by) => self.no_devices().await,
                () = until(self.live.as_ref().map(|_| self.seen.1)) => self.look_at_networks().await,
                () = until(self.rings_until) => self.rang_out().await,
            }
        }
        self.end().await;
    }

    /// Media links look for new ways where a network that was there is gone for good; one more breaks no way there is.
    async fn look_at_networks(&mut self) {
        let now = hearth_rtc::networks();
        let settled = now == self.seen.0;
        if now.is_empty() && !settled && self.in_room() {
            self.cue(Cue::Lost).await;
        }
        self.seen = (now, Instant::now() + NETWORKS_EVERY);
        if !settled || self.seen.0.is_empty() || self.seen.0 == self.networks {
            return;
        }
        let gone = !self.networks.is_subset(&self.seen.0);
        self.networks.clone_from(&self.seen.0);
        if gone {
            self.input(hearth_voice::Input::NetworkChanged).await;
        }
    }

    /// Not as a relay alone, which has no sound.
    fn in_room(&self) -> bool {
        self.live.as_ref().is_some_and(|live| !live.me.relay)
    }

    fn now_us(&self) -> u64 {
        self.start.elapsed().as_micros() as u64
    }

    async fn order(&mut self, order: VoiceOrder) {
        match order {
            VoiceOrder::Enter { space, channel, me, plan } => {
                // Out of the last room at once: nobody is in two.
                self.drop_call().await;
                let open = self.open_rtc().and_then(|()| if me.relay { Ok(()) } else { self.open_audio() });
                if let Err(error) = open {
                    return self
                        .say(VoiceOut::Event(NodeEvent::Warning { code: "voice", message: error.message }))
                        .await;
                }
                let key = DeviceKey::from_seed(&self.config.device);
                self.networks = hearth_rtc::networks();
                self.seen = (self.networks.clone(), Instant::now() + NETWORKS_EVERY);
                let measured = self.line.as_ref().filter(|(on, _)| *on == self.networks).map(|(_, kbps)| *kbps);
                let line = (self.wants.uplink_kbps, measured);
                match Live::new(space, channel, me, key, self.config.relay_only, line, self.now_us()) {
                    Ok(live) => self.live = Some(live.furnished(plan)),
                    Err(error) => {
                        let message =
                            format!("This computer gives no random numbers, so no call is safe here: {error}");
                        return self.say(VoiceOut::Event(NodeEvent::Warning { code: "voice", message })).await;
                    }
                }
                self.sound().await;
                if !me.relay {
                    self.cue(Cue::Joined).await;
                }
                self.input(hearth_voice::Input::Mute(self.wants.muted)).await;
                self.input(hearth_voice::Input::Deafen(self.wants.deafened)).await;
                self.seat().await;
            }
            VoiceOrder::Plan(plan) => {
                self.live = self.live.take().map(|live| live.furnished(plan));
                self.places().await;
            }
            VoiceOrder::Exit { asked } => {
                if self.live.is_none() {
                    self.say(VoiceOut::Say(VoiceSay::Left)).await;
                } else if self.in_room() {
                    self.ring_out(if asked { Cue::Left } else { Cue::Lost }).await;
                }
                self.input(hearth_voice::Input::Leave).await;
                self.sound().await;
            }
            VoiceOrder::Me(me) => {
                if let Some(input) = self.live.as_mut().map(|live| live.allowed(me)) {
                    self.input(input).await;
                }
            }
            VoiceOrder::Roster(roster) => {
                let Some(live) = &mut self.live else { return };
                let before = live.people();
                let gone = live.roster(&roster);
                let cues = live.come_and_gone(&before, self.start.elapsed());
                for talker in gone {
                    self.audio(AudioCommand::TalkerGone(talker)).await;
                }
                for cue in cues {
                    self.cue(cue).await;
                }
                let members = roster.into_iter().map(hearth_voice::Member::from).collect();
                self.input(hearth_voice::Input::Roster(members)).await;
                self.places().await;
                self.whisper().await;
            }
            VoiceOrder::Message { peer, device, bytes } => {
                self.input(hearth_voice::Input::Message { peer, device, bytes }).await;
            }
            VoiceOrder::Ask { request, ask: VoiceAsk::Devices } => self.list_devices(request).await,
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
                self.wants.source(wav, repeat, process);
                self.forget(&AudioCommand::Source(hearth_ports::audio::AudioSource::None));
                self.sound_or_say().await?;
            }
            VoiceAsk::Sink { wav } => {
                if let Some(path) = &wav {
                    writable(path)?;
                }
                self.wants.sink(wav);
                self.forget(&AudioCommand::Sink(hearth_ports::audio::AudioSink::None));
                self.sound_or_say().await?;
            }
            VoiceAsk::Test { on } => {
                self.wants.testing = on;
                self.sound_or_say().await?;
            }
            VoiceAsk::Meter { on } => {
                self.wants.meter = on;
                self.levels = Levels::default();
                self.sound().await;
            }
            // Answered when they are known.
            VoiceAsk::Devices => {}
            VoiceAsk::Stats => {
                let live =
                    self.live.as_ref().filter(|live| !live.me.relay).ok_or_else(|| {
                        NodeError::new(ErrorCode::NotFound, "You are in no voice room. Join one first.")
                    })?;
                return Ok(NodeReply::VoiceStats(live.stats()));
            }
        }
        Ok(NodeReply::Done)
    }

    async fn set(&mut self, settings: VoiceSettings) {
        let cue = self.wants.cue_of(&settings).filter(|_| self.in_room());
        self.wants.set(&settings);
        if let (Some(held), Some(audio)) = (settings.ptt, &self.audio) {
            // Past the queue: a key waits for nothing.
            audio.key(held);
        }
        self.sound().await;
        if let Some(cue) = cue {
            self.cue(cue).await;
        }
        if let Some(muted) = settings.mute {
            self.input(hearth_voice::Input::Mute(muted)).await;
        }
        if let Some(deafened) = settings.deafen {
            self.input(hearth_voice::Input::Deafen(deafened)).await;
        }
        if let Some(users) = settings.whisper
            && let Some(live) = &mut self.live
        {
            live.whisper = (!users.is_empty()).then_some(users);
            self.whisper().await;
        }
        if let Some(kbps) = settings.uplink_kbps {
            self.wants.uplink_kbps = Some(kbps);
            self.input(hearth_voice::Input::Uplink { kbps, may_relay: true }).await;
        }
        if let Some(priority) = settings.priority {
            self.input(hearth_voice::Input::Priority(priority)).await;
        }
        if settings.position.is_some() {
            self.seat().await;
        }
        if !settings.volume.is_empty() {
            self.places().await;
        }
    }

    async fn whisper(&mut self) {
        if let Some(input) = self.live.as_mut().and_then(Live::whisper_news) {
            self.input(input).await;
        }
    }

    /// Starts the transport, once.
    fn open_rtc(&mut self) -> Result<(), NodeError> {
        if self.rtc.is_none() {
            let rtc = hearth_rtc::start(self.config.media.clone(), &tokio::runtime::Handle::current());
            self.rtc = Some(rtc.map_err(|e| refused("Voice cannot reach anybody", &e))?);
        }
        Ok(())
    }

    /// Starts sound, if it does not run.
    fn open_audio(&mut self) -> Result<(), NodeError> {
        if self.audio.is_none() {
            let audio = hearth_audio::start(hearth_audio::AudioConfig::default());
            self.audio = Some(audio.map_err(|e| refused("Sound cannot start", &e))?);
            self.told.clear();
        }
        Ok(())
    }

    /// Gives the audio side what is wanted and was not told yet; ends it when nothing is wanted of it.
    async fn sound(&mut self) {
        if let Err(error) = self.sound_or_say().await {
            self.say(VoiceOut::Event(NodeEvent::Warning { code: "sound", message: error.message })).await;
        }
    }

    async fn sound_or_say(&mut self) -> Result<(), NodeError> {
        let in_call = self.in_room();
        let rings = self.rings_until.is_some();
        if !self.wants.needed(in_call) && !rings && self.devices.is_empty() {
            self.levels = Levels::default();
            if let Some(audio) = self.audio.take() {
                // Its end waits for threads that may hang in the sound system.
                tokio::task::spawn_blocking(move || drop(audio));
            }
            return Ok(());
        }
        self.open_audio()?;
        let wanted = self.wants.commands(in_call, rings);
        for command in &wanted {
            if !self.told.contains(command) {
                self.audio(command.clone()).await;
            }
        }
        self.told = wanted.into();
        Ok(())
    }

    /// Has a command given again although it is what was given last.
    fn forget(&mut self, like: &AudioCommand) {
        let kind = |command: &AudioCommand| -> Discriminant<AudioCommand> { std::mem::discriminant(command) };
        self.told.retain(|told| kind(told) != kind(like));
    }

    async fn list_devices(&mut self, request: u64) {
        self.devices.push(request);
        if let Err(error) = self.open_audio() {
            return self.devices_are(&Err(error)).await;
        }
        self.devices_by.get_or_insert_with(|| Instant::now() + DEVICES_BY);
        self.audio(AudioCommand::ListDevices).await;
    }

    async fn no_devices(&mut self) {
        let message = "This computer's sound system does not answer. Restarting it, or the computer, may help.";
        self.devices_are(&Err(NodeError::new(ErrorCode::NotFound, message))).await;
    }

    async fn devices_are(&mut self, result: &Result<VoiceDevicesView, NodeError>) {
        self.devices_by = None;
        for request in std::mem::take(&mut self.devices) {
            let result = result.clone().map(NodeReply::VoiceDevices);
            self.say(VoiceOut::Event(NodeEvent::Reply { request, result })).await;
        }
        self.sound().await;
    }

    /// Tells levels that changed.
    async fn levels(&mut self, own: f32, open: bool, talkers: &[(TalkerId, f32)]) {
        self.levels.odd = !self.levels.odd;
        if self.levels.odd {
            return;
        }
        let users = self.live.as_ref().map(|live| live.levels(talkers)).unwrap_or_default();
        let near = |a: f32, b: f32| (a - b).abs() < LEVEL_STEP;
        let last = &self.levels;
        let same = near(own, last.own)
            && open == last.open
            && users.len() == last.users.len()
            && users.iter().zip(&last.users).all(|(a, b)| a.0 == b.0 && near(a.1, b.1));
        if !same {
            self.levels = Levels { own, open, users: users.clone(), odd: false };
            self.say(VoiceOut::Event(NodeEvent::VoiceLevels { own, open, users })).await;
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
            AudioEvent::Levels { own, open, talkers } => self.levels(own, open, &talkers).await,
            AudioEvent::Devices { inputs, outputs } => {
                let (input, output) = self.wants.devices();
                self.devices_are(&Ok(VoiceDevicesView { inputs, outputs, input, output })).await;
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
            O::Left => {
                self.drop_call().await;
                self.say(VoiceOut::Say(VoiceSay::Left)).await;
                self.sound().await;
            }
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
        let commands = self.live.as_ref().and_then(|l| l.place(device, self.wants.position, &self.wants.volume));
        for command in commands.into_iter().flatten() {
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
        let line = live.call.line();
        // Whoever moved meanwhile measured this network and that.
        if line.measured && hearth_rtc::networks() == self.networks {
            self.line = Some((self.networks.clone(), line.kbps));
        }
        for talker in live.talkers() {
            self.audio(AudioCommand::TalkerGone(talker)).await;
        }
        if let Some(rtc) = &self.rtc {
            for peer in live.peers() {
                let _ = rtc.commands.send(hearth_ports::rtc::RtcCommand::Close { peer }).await;
            }
        }
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

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => pending().await,
    }
}

fn refused(what: &str, why: &impl std::fmt::Display) -> NodeError {
    NodeError::new(ErrorCode::NotFound, format!("{what}: {why}"))
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
