//! The transmit thread: blocks of 10 ms from the source through the chain and the gate into Opus frames of 20 ms.

pub mod bands;
pub mod chain;
pub mod detect;
pub mod echo;
pub mod gate;
pub mod source;
pub mod speakers;

use crate::level::{self, Envelope};
use crate::limits::{BLOCK, FRAME};
use crate::shared::{Shared, SourceWanted, TransmitWants};
use crate::wav::WavSource;
use async_channel::Sender;
use chain::Chain;
use detect::VoiceDetector;
use gate::{GateKeeper, Pass};
use hearth_codec::{Encoder, FrameLength, Settings};
use hearth_ports::audio::{AudioEvent, Encoding, Gate, OwnFrame};
use source::{Block, Microphone, Source};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How often the thread looks for sound.
const POLL: Duration = Duration::from_millis(2);
/// Packets of this many bytes or fewer say that silence follows (libopus, DTX). The first of a run is sent, for the jitter
/// buffer at the other end to know that nothing is missing.
const DTX_PACKET: usize = 2;
/// The part of an Opus packet's first byte that says mode and length (RFC 6716, 3.1), with one frame in the packet.
const TOC_ONE_FRAME: u8 = 0b1111_1100;

/// Where the microphone is open by wish, whatever is louder than this many decibels below full scale counts as a voice.
const AUDIBLE: u8 = 55;

/// What the device thread hands over.
pub enum MicrophoneChange {
    /// A ring that fills by itself.
    Opened {
        /// Mono samples.
        ring: rtrb::Consumer<f32>,
        /// Hz.
        rate: u32,
    },
    /// It is gone.
    Lost,
}

/// One's own sound, ready to be encoded.
struct Frame {
    pcm: [f32; FRAME],
    timestamp: u32,
    voice: bool,
}

/// All that the transmit thread owns.
pub struct Transmit {
    shared: Arc<Shared>,
    frames: Sender<OwnFrame>,
    events: Sender<AudioEvent>,
    microphones: async_channel::Receiver<MicrophoneChange>,
    tap: rtrb::Consumer<f32>,
    loopback: rtrb::Producer<f32>,
    seen: u64,
    wants: TransmitWants,
    source: Source,
    chain: Chain,
    detector: VoiceDetector,
    gate: GateKeeper,
    envelope: Envelope,
    encoder: Option<Encoder>,
    /// The first half of the frame being gathered.
    half: Option<Half>,
    /// The last frame, if it was not sent.
    unsent: Option<Frame>,
    clock: u32,
    /// First byte of the last packet sent, while it had sound in it.
    sounding: Option<u8>,
}

struct Half {
    pcm: [f32; BLOCK],
    voice: bool,
    key: bool,
}

impl Transmit {
    /// Nothing is read before [`Self::run`].
    pub fn new(
        shared: Arc<Shared>,
        frames: Sender<OwnFrame>,
        events: Sender<AudioEvent>,
        microphones: async_channel::Receiver<MicrophoneChange>,
        tap: rtrb::Consumer<f32>,
        loopback: rtrb::Producer<f32>,
    ) -> Self {
        let wants = TransmitWants::default();
        Self {
            chain: Chain::new(wants.processing, wants.strong_noise),
            gate: GateKeeper::new(wants.gate),
            detector: VoiceDetector::default(),
            envelope: Envelope::default(),
            encoder: None,
            half: None,
            unsent: None,
            clock: 0,
            sounding: None,
            seen: 0,
            source: Source::None,
            wants,
            shared,
            frames,
            events,
            microphones,
            tap,
            loopback,
        }
    }

    /// Works until told to end.
    pub fn run(mut self) {
        self.set_encoding(self.wants.encoding);
        while !self.shared.ready() && !self.shared.ended() {
            std::thread::sleep(POLL);
        }
        let mut block = [0.0; BLOCK];
        while !self.shared.ended() {
            self.follow_wants();
            self.follow_devices();
            match self.source.block(Instant::now(), &mut block) {
                Block::Later => {
                    if matches!(self.source, Source::None) {
                        self.drain_tap();
                    }
                    std::thread::sleep(POLL);
                }
                Block::Ready => self.block(&mut block),
                Block::Last => {
                    self.block(&mut block);
                    self.flush_half();
                    self.source = Source::None;
                    self.say_silence(self.clock);
                    self.rest();
                    let _ = self.events.force_send(AudioEvent::SourceEnded);
                }
            }
        }
    }

    fn follow_wants(&mut self) {
        let Some((version, wants)) = self.shared.transmit_wants(self.seen) else { return };
        self.seen = version;
        if wants.processing != self.wants.processing || wants.strong_noise != self.wants.strong_noise {
            self.chain = Chain::new(wants.processing, wants.strong_noise);
        }
        if wants.encoding != self.wants.encoding {
            self.set_encoding(wants.encoding);
        }
        self.gate.set_mode(wants.gate);
        if wants.source_version != self.wants.source_version {
            self.half = None;
            self.unsent = None;
            self.say_silence(self.clock);
            self.rest();
            self.source = match &wants.source {
                SourceWanted::None | SourceWanted::Device => Source::None,
                SourceWanted::File { path, repeat } => match WavSource::open(path, *repeat) {
                    Ok(file) => Source::file(file, Instant::now()),
                    Err(error) => {
                        let text = format!("Can't play {} as your voice: {error}.", path.display());
                        let _ = self.events.force_send(AudioEvent::Notice(text));
                        Source::None
                    }
                },
            };
        }
        self.wants = wants;
    }

    fn follow_devices(&mut self) {
        while let Ok(change) = self.microphones.try_recv() {
            // What was asked for is always noted before a device is opened for it.
            self.follow_wants();
            if self.wants.source != SourceWanted::Device {
                continue;
            }
            // Whoever was speaking into it is silent now, here and at the others.
            (self.half, self.unsent) = (None, None);
            self.say_silence(self.clock);
            self.source = match change {
                MicrophoneChange::Lost => Source::None,
                MicrophoneChange::Opened { ring, rate } => match Microphone::new(ring, rate) {
                    Ok(microphone) => Source::Microphone(Box::new(microphone)),
                    Err(error) => {
                        let _ = self
                            .events
                            .force_send(AudioEvent::Notice(format!("The microphone can't be used: {error}.")));
                        Source::None
                    }
                },
            };
            self.rest();
        }
    }

    /// Nothing is heard any more.
    fn rest(&mut self) {
        self.envelope = Envelope::default();
        self.shared.own_level.store(0, Ordering::Relaxed);
        self.shared.gate_open.store(false, Ordering::Relaxed);
    }

    fn drain_tap(&mut self) {
        let waiting = self.tap.slots();
        if let Ok(chunk) = self.tap.read_chunk(waiting) {
            chunk.commit_all();
        }
    }

    fn block(&mut self, block: &mut [f32; BLOCK]) {
        self.feed_far_end();
        self.chain.near(block);
        let voice = self.detector.block(block);
        self.envelope.block(level::rms(block));
        self.shared.own_level.store(self.envelope.value().to_bits(), Ordering::Relaxed);
        if self.wants.loopback
            && let Ok(chunk) = self.loopback.write_chunk_uninit(BLOCK)
        {
            chunk.fill_from_iter(block.iter().copied());
        }
        let key = self.shared.key();
        match self.half.take() {
            None => self.half = Some(Half { pcm: *block, voice, key }),
            Some(half) => self.frame(&half, block, half.voice || voice, half.key || key),
        }
    }

    fn feed_far_end(&mut self) {
        if !self.chain.cancels_echo() {
            return self.drain_tap();
        }
        let mut far = [0.0; BLOCK];
        while let Ok(chunk) = self.tap.read_chunk(BLOCK) {
            for (to, from) in far.iter_mut().zip(chunk) {
                *to = from;
            }
            self.chain.far(&far);
        }
    }

    fn flush_half(&mut self) {
        if let Some(half) = self.half.take() {
            let (voice, key) = (half.voice, half.key);
            self.frame(&half, &[0.0; BLOCK], voice, key);
        }
    }

    fn frame(&mut self, first: &Half, second: &[f32; BLOCK], voice: bool, key: bool) {
        let mut pcm = [0.0; FRAME];
        pcm[..BLOCK].copy_from_slice(&first.pcm);
        pcm[BLOCK..].copy_from_slice(second);
        let frame = Frame { pcm, timestamp: self.clock, voice };
        self.clock = self.clock.wrapping_add(FRAME as u32);
        let muted = self.shared.muted();
        // Who tests the microphone sends nothing and sees what would be sent.
        let pass = self.gate.frame(voice, key, muted && !self.wants.loopback);
        self.shared.gate_open.store(pass != Pass::Closed, Ordering::Relaxed);
        match pass {
            _ if muted => {
                self.say_silence(frame.timestamp);
                self.unsent = None;
            }
            Pass::Closed => {
                self.say_silence(frame.timestamp);
                self.unsent = Some(frame);
            }
            Pass::Opening => {
                if let Some(before) = self.unsent.take() {
                    self.encode(&before);
                }
                self.encode(&frame);
            }
            Pass::Open => {
                self.unsent = None;
                self.encode(&frame);
            }
        }
    }

    fn encode(&mut self, frame: &Frame) {
        let Some(encoder) = &mut self.encoder else { return };
        match encoder.encode(&frame.pcm) {
            Ok(opus) if opus.len() <= DTX_PACKET => self.say_silence(frame.timestamp),
            Ok(opus) => {
                self.sounding = opus.first().copied();
                let level = level::rfc6464(level::rms(&frame.pcm));
                // Who holds the key or keeps the microphone open wants music and laughter carried too.
                let wished = self.wants.gate != Gate::Voice && level <= AUDIBLE;
                let own =
                    OwnFrame { timestamp: frame.timestamp, level, voice: frame.voice || wished, opus: opus.to_vec() };
                let _ = self.frames.force_send(own);
            }
            Err(error) => tracing::warn!(%error, "a frame of one's own voice could not be encoded"),
        }
    }

    /// One packet without sound after the last with sound: what comes next is silence and not a loss.
    fn say_silence(&mut self, timestamp: u32) {
        if let Some(toc) = self.sounding.take() {
            let opus = vec![toc & TOC_ONE_FRAME];
            let _ = self.frames.force_send(OwnFrame { timestamp, level: 127, voice: false, opus });
        }
    }

    fn set_encoding(&mut self, wanted: Encoding) {
        let settings = encoder_settings(wanted);
        let done = match &mut self.encoder {
            Some(encoder) => encoder.set(settings),
            None => Encoder::new(settings).map(|encoder| self.encoder = Some(encoder)),
        };
        if let Err(error) = done {
            let _ = self.events.force_send(AudioEvent::Notice(format!("Your voice can't be sent: {error}.")));
        }
    }
}

fn encoder_settings(wanted: Encoding) -> Settings {
    Settings {
        bitrate: wanted.bitrate,
        loss_percent: wanted.loss_percent,
        fec: wanted.fec,
        dred: wanted.dred,
        dtx: wanted.dtx,
        frame: FrameLength::Ms20,
        ..Settings::default()
    }
}
