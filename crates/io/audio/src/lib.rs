//! The sound of this machine: from a microphone or a file to packets, from packets to ears or a file.
//!
//! Owns every audio thread. Callbacks only copy. It must never touch the network or hold a key.
//!
//! Four threads: `commands` looks at what is asked and keeps no state of its own, so nothing asked ever waits behind a slow
//! device; [`transmit`] makes packets, [`playout`] makes sound, [`device`] holds streams open. They share the newest wishes
//! ([`shared`]) and rings, and every queue is bounded ([`limits`]).
//!
//! Start reading at [`start`], then [`transmit::Transmit::run`] and [`playout::Playout::run`].

pub mod cue;
pub mod device;
pub mod level;
pub mod limits;
pub mod playout;
pub mod resample;
pub mod shared;
pub mod transmit;
pub mod wav;

use async_channel::{Receiver, Sender};
use device::{Devices, HostMaker, system_host};
use hearth_jitter::Packet;
use hearth_ports::audio::{
    AudioCommand, AudioEvent, AudioSink, AudioSource, Cue, Encoding, Gate, OwnFrame, Processing,
};
use playout::{Arrived, Inlets, Playout};
use shared::{Shared, SinkWanted, SourceWanted, TransmitWants};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use transmit::Transmit;

/// Longest wait for the threads to end when a handle is dropped; a sound system may hang.
const END: Duration = Duration::from_secs(2);

/// How to begin. Everything in it can be changed later by a command, but for `hrtf`.
#[derive(Clone)]
pub struct AudioConfig {
    /// Where one's voice comes from.
    pub source: AudioSource,
    /// Where the mix goes.
    pub sink: AudioSink,
    /// When the microphone is open.
    pub gate: Gate,
    /// What is done to its sound.
    pub processing: Processing,
    /// How to encode.
    pub encoding: Encoding,
    /// Binaural for headphones, or panning for speakers.
    pub headphones: bool,
    /// Another SOFA set than the one built in.
    pub hrtf: Option<PathBuf>,
    /// Gives the sound system.
    pub host: HostMaker,
}

impl Default for AudioConfig {
    /// Nothing heard, nothing played, until told otherwise.
    fn default() -> Self {
        let TransmitWants { gate, processing, encoding, .. } = TransmitWants::default();
        Self {
            source: AudioSource::None,
            sink: AudioSink::None,
            gate,
            processing,
            encoding,
            headphones: true,
            hrtf: None,
            host: Arc::new(system_host),
        }
    }
}

/// The sound of this machine, running. Dropping it ends all threads.
pub struct AudioHandle {
    /// What is asked. Looked at without delay; bounded by [`limits::COMMANDS`].
    pub commands: Sender<AudioCommand>,
    /// What is told; the oldest goes when nobody reads.
    pub events: Receiver<AudioEvent>,
    /// Own frames; the oldest goes when nobody reads.
    pub frames: Receiver<OwnFrame>,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl AudioHandle {
    /// The push-to-talk key went down or up, by the shortest way: past the command queue.
    pub fn key(&self, down: bool) {
        self.shared.set_key(down);
        // What measures the way from a key to here looks for it.
        tracing::trace!(target: "hearth_audio::key", down);
    }

    /// Whether every thread has ended, as it has soon after [`AudioCommand::Shutdown`].
    pub fn ended(&self) -> bool {
        self.threads.iter().all(JoinHandle::is_finished)
    }
}

impl Drop for AudioHandle {
    fn drop(&mut self) {
        self.shared.end();
        self.commands.close();
        let until = Instant::now() + END;
        for thread in self.threads.drain(..) {
            while !thread.is_finished() && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(1));
            }
            if thread.is_finished() {
                let _ = thread.join();
            } else {
                tracing::warn!("an audio thread hangs in the sound system and is left behind");
            }
        }
    }
}

/// Begins. No device is needed: whatever is missing is told once and the rest works.
///
/// # Errors
///
/// When the system gives no thread.
pub fn start(config: AudioConfig) -> std::io::Result<AudioHandle> {
    let (commands, orders) = async_channel::bounded(limits::COMMANDS);
    let (events_in, events) = async_channel::bounded(limits::EVENTS);
    let (frames_in, frames) = async_channel::bounded(limits::FRAMES);
    let (packets, packets_out) = async_channel::bounded(limits::PACKETS);
    let (cues, cues_out) = async_channel::bounded(limits::CUES);
    let (microphones, microphones_out) = async_channel::bounded(4);
    let (speakers, speakers_out) = async_channel::bounded(4);
    let (tap, tap_out) = rtrb::RingBuffer::new(limits::TAP_RING);
    let (loopback, loopback_out) = rtrb::RingBuffer::new(limits::TAP_RING);

    let shared = Arc::new(Shared::default());
    let handle = |threads| AudioHandle { commands, events, frames, shared: Arc::clone(&shared), threads };
    let commander = Commander { shared: Arc::clone(&shared), packets, cues };
    for command in [
        AudioCommand::Gate(config.gate),
        AudioCommand::Processing(config.processing),
        AudioCommand::Encoding(config.encoding),
        AudioCommand::Headphones(config.headphones),
        AudioCommand::Source(config.source),
        AudioCommand::Sink(config.sink),
    ] {
        commander.obey(command);
    }

    let transmit = Transmit::new(Arc::clone(&shared), frames_in, events_in.clone(), microphones_out, tap_out, loopback);
    let inlets = Inlets {
        packets: packets_out,
        cues: cues_out,
        speakers: speakers_out,
        loopback: loopback_out,
        tap,
        hrtf: config.hrtf,
    };
    let playout = Playout::new(Arc::clone(&shared), events_in.clone(), inlets);
    let devices = Devices::new(Arc::clone(&shared), events_in, microphones, speakers, config.host);
    let mut handle = handle(Vec::new());
    // A thread that fails to start drops the handle, and that ends those before it.
    handle.threads.push(spawn("audio-transmit", move || transmit.run())?);
    handle.threads.push(spawn("audio-playout", move || playout.run())?);
    handle.threads.push(spawn("audio-devices", move || devices.run())?);
    handle.threads.push(spawn("audio-commands", move || commander.run(&orders))?);
    Ok(handle)
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run)
}

/// Turns commands into wishes. Never waits for anything but the next command.
struct Commander {
    shared: Arc<Shared>,
    packets: Sender<Arrived>,
    cues: Sender<(Cue, Instant)>,
}

impl Commander {
    fn run(self, orders: &Receiver<AudioCommand>) {
        while let Ok(command) = orders.recv_blocking() {
            self.obey(command);
            if self.shared.ended() {
                break;
            }
        }
        self.shared.end();
        orders.close();
    }

    fn obey(&self, command: AudioCommand) {
        let shared = &self.shared;
        match command {
            AudioCommand::Key(down) => shared.set_key(down),
            AudioCommand::Mute(muted) => shared.set_muted(muted),
            AudioCommand::Packet { talker, seq, timestamp, opus } => {
                let packet = Packet { seq, timestamp, payload: opus };
                let _ = self.packets.force_send(Arrived { talker, packet, at: Instant::now() });
            }
            AudioCommand::Source(source) => self.source(source),
            AudioCommand::Sink(sink) => self.sink(sink),
            AudioCommand::Gate(gate) => shared.transmit(|wants| wants.gate = gate),
            AudioCommand::Processing(processing) => shared.transmit(|wants| wants.processing = processing),
            AudioCommand::StrongNoise(strong) => shared.transmit(|wants| wants.strong_noise = strong),
            AudioCommand::Encoding(encoding) => shared.transmit(|wants| wants.encoding = encoding),
            AudioCommand::Loopback(on) => shared.transmit(|wants| wants.loopback = on),
            AudioCommand::Deafen(deafened) => shared.playout(|wants| wants.deafened = deafened),
            AudioCommand::Headphones(headphones) => shared.playout(|wants| wants.headphones = headphones),
            AudioCommand::Meter(meter) => shared.playout(|wants| wants.meter = meter),
            AudioCommand::Talker { talker, volume, place } => {
                shared.playout(|wants| wants.talker(talker, volume, place));
            }
            AudioCommand::Occlusion { talker, amount } => shared.playout(|wants| wants.occlude(talker, amount)),
            AudioCommand::TalkerGone(talker) => shared.playout(|wants| {
                wants.talkers.remove(&talker);
            }),
            AudioCommand::Cue(cue) => {
                let _ = self.cues.force_send((cue, Instant::now()));
            }
            AudioCommand::ListDevices => shared.devices(|wants| wants.lists += 1),
            AudioCommand::Shutdown => shared.end(),
        }
    }

    fn source(&self, source: AudioSource) {
        let (wanted, device) = match source {
            AudioSource::None => (SourceWanted::None, None),
            AudioSource::Device(name) => (SourceWanted::Device, Some(name)),
            AudioSource::Wav { path, repeat } => (SourceWanted::File { path, repeat }, None),
        };
        self.shared.transmit(|wants| {
            wants.source = wanted;
            wants.source_version += 1;
        });
        self.shared.devices(|wants| {
            wants.input = device;
            wants.inputs += 1;
        });
    }

    fn sink(&self, sink: AudioSink) {
        let (wanted, device) = match sink {
            AudioSink::None => (SinkWanted::None, None),
            AudioSink::Device(name) => (SinkWanted::Device, Some(name)),
            AudioSink::Wav(path) => (SinkWanted::File(path), None),
        };
        self.shared.playout(|wants| {
            wants.sink = wanted;
            wants.sink_version += 1;
        });
        self.shared.devices(|wants| {
            wants.output = device;
            wants.outputs += 1;
        });
    }
}
