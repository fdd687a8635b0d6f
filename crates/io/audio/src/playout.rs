//! The playout thread: packets into jitter buffers, blocks out of them into the mix, the mix to the sink.
//!
//! Decoding, concealment and mixing all happen here, so a device's callback only copies and a talker's ring never holds more
//! than a block.

pub mod cues;
pub mod head;
pub mod limiter;
pub mod mix;
pub mod sink;
pub mod sound;
pub mod space;
pub mod talkers;

use crate::cue::Pace;
use crate::level;
use crate::limits::{BLOCK, RENDER};
use crate::shared::{PlayoutWants, Shared, SinkWanted};
use crate::wav::WavSink;
use async_channel::{Receiver, Sender};
use head::Head;
use hearth_jitter::Packet;
use hearth_ports::audio::{AudioEvent, Cue, TalkerId};
use mix::Mix;
use sink::{Out, PlaybackMeter, Sink, Speakers};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use talkers::Talkers;

/// How often the thread looks whether there is something to do.
const POLL: Duration = Duration::from_millis(1);
/// Renders without a look at anything else, at most.
const RENDERS_AT_ONCE: usize = 100;
/// Between two [`AudioEvent::Levels`].
const METER: Duration = Duration::from_millis(33);
/// Between two [`AudioEvent::Stats`].
const STATS: Duration = Duration::from_secs(1);
/// The microphone test is at most this far behind: 40 ms.
const LOOPBACK_BACKLOG: usize = 4 * BLOCK;
/// A cue waits this long for speakers that are being opened; later it would tell of something else.
const CUE_WAITS: Duration = Duration::from_secs(2);

/// A packet on its way to its talker.
pub struct Arrived {
    /// Whose.
    pub talker: TalkerId,
    /// What.
    pub packet: Packet,
    /// When it came.
    pub at: Instant,
}

/// What the device thread hands over.
pub enum SpeakersChange {
    /// A ring that empties by itself.
    Opened {
        /// Interleaved stereo.
        ring: rtrb::Producer<f32>,
        /// Hz.
        rate: u32,
        /// What the callback tells.
        meter: Arc<PlaybackMeter>,
    },
    /// It is gone.
    Lost,
}

/// What the playout thread is given.
pub struct Inlets {
    /// From the network.
    pub packets: Receiver<Arrived>,
    /// What happened in the call, and when.
    pub cues: Receiver<(Cue, Instant)>,
    /// From the device thread.
    pub speakers: Receiver<SpeakersChange>,
    /// The microphone test.
    pub loopback: rtrb::Consumer<f32>,
    /// To the echo canceller, mono.
    pub tap: rtrb::Producer<f32>,
    /// A SOFA set; the one built in without.
    pub hrtf: Option<PathBuf>,
}

/// All that the playout thread owns.
pub struct Playout {
    shared: Arc<Shared>,
    events: Sender<AudioEvent>,
    packets: Receiver<Arrived>,
    cues: Receiver<(Cue, Instant)>,
    pace: Pace,
    speakers: Receiver<SpeakersChange>,
    tap: rtrb::Producer<f32>,
    hrtf: Option<PathBuf>,
    head: Option<Head>,
    mix: Mix,
    talkers: Talkers,
    sink: Sink,
    wants: PlayoutWants,
    seen: u64,
    began: Instant,
    metered: Instant,
    told: Instant,
}

impl Playout {
    /// Nothing is read or played before [`Self::run`].
    pub fn new(shared: Arc<Shared>, events: Sender<AudioEvent>, inlets: Inlets) -> Self {
        let now = Instant::now();
        let mut mix = Mix::new();
        // Its controls are never touched: what is not tested is not sent there.
        let _ = mix.add_ring(inlets.loopback, LOOPBACK_BACKLOG);
        Self {
            shared,
            events,
            packets: inlets.packets,
            cues: inlets.cues,
            pace: Pace::default(),
            speakers: inlets.speakers,
            tap: inlets.tap,
            hrtf: inlets.hrtf,
            head: None,
            mix,
            talkers: Talkers::default(),
            sink: Sink::new(now),
            wants: PlayoutWants::default(),
            seen: 0,
            began: now,
            metered: now,
            told: now,
        }
    }

    /// Works until told to end. Reading the filters takes about half a second; what comes meanwhile is not heard, as it would
    /// only be behind.
    pub fn run(mut self) {
        match Head::open(self.hrtf.as_deref()) {
            Ok(head) => self.head = Some(head),
            Err(error) => self.notice(format!("Voices are only panned left and right: {error}.")),
        }
        self.sink.set(Out::None, Instant::now());
        while self.packets.try_recv().is_ok() {}
        self.shared.set_ready();
        while !self.shared.ended() {
            let now = Instant::now();
            self.follow_wants(now);
            self.follow_devices(now);
            self.take_packets();
            self.take_cues(now);
            let mut rendered = false;
            for _ in 0..RENDERS_AT_ONCE {
                if !self.sink.wants(Instant::now()) {
                    break;
                }
                self.render();
                rendered = true;
            }
            self.tell(now);
            if !rendered {
                std::thread::sleep(POLL);
            }
        }
    }

    fn us(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.began).as_micros()).unwrap_or(u64::MAX)
    }

    fn follow_wants(&mut self, now: Instant) {
        let Some((version, wants)) = self.shared.playout_wants(self.seen) else { return };
        self.seen = version;
        self.talkers.follow(&wants.talkers, wants.headphones, self.us(now));
        self.mix.set_deafened(wants.deafened);
        if wants.sink_version != self.wants.sink_version {
            let out = match &wants.sink {
                SinkWanted::None | SinkWanted::Device => Out::None,
                SinkWanted::File(path) => match WavSink::create(path) {
                    Ok(file) => Out::File(Box::new(file)),
                    Err(error) => {
                        self.notice(format!("Can't write what you hear to {}: {error}.", path.display()));
                        Out::None
                    }
                },
            };
            self.sink.set(out, now);
        }
        self.wants = wants;
    }

    fn follow_devices(&mut self, now: Instant) {
        while let Ok(change) = self.speakers.try_recv() {
            // What was asked for is always noted before a device is opened for it.
            self.follow_wants(now);
            if self.wants.sink != SinkWanted::Device {
                continue;
            }
            let out = match change {
                SpeakersChange::Lost => Out::None,
                SpeakersChange::Opened { ring, rate, meter } => match Speakers::new(ring, rate, meter, now) {
                    Ok(speakers) => Out::Speakers(Box::new(speakers)),
                    Err(error) => {
                        self.notice(format!("The speakers can't be used: {error}."));
                        Out::None
                    }
                },
            };
            self.sink.set(out, now);
        }
    }

    fn take_packets(&mut self) {
        while let Ok(Arrived { talker, packet, at }) = self.packets.try_recv() {
            let at = self.us(at);
            self.talkers.packet(talker, packet, at, &mut self.mix, self.head.as_ref());
        }
    }

    fn take_cues(&mut self, now: Instant) {
        if matches!(self.sink.out, Out::None) && self.wants.sink == SinkWanted::Device {
            return;
        }
        while let Ok((cue, at)) = self.cues.try_recv() {
            if now.saturating_duration_since(at) < CUE_WAITS && self.pace.allows(cue, now) {
                self.mix.cue(cue);
            }
        }
    }

    fn render(&mut self) {
        let now_us = self.us(Instant::now());
        self.talkers.fill(now_us, self.head.as_ref());
        let mut stereo = [0.0; 2 * RENDER];
        self.mix.render(&mut stereo);
        if let Ok(chunk) = self.tap.write_chunk_uninit(RENDER) {
            chunk.fill_from_iter(stereo.chunks_exact(2).map(|frame| 0.5 * (frame[0] + frame[1])));
        }
        if let Err(error) = self.sink.write(&stereo) {
            self.notice(format!("What you hear is not written any more: {error}."));
        }
    }

    fn tell(&mut self, now: Instant) {
        if self.wants.meter && now.duration_since(self.metered) >= METER {
            self.metered = now;
            let own = level::meter(f32::from_bits(self.shared.own_level.load(Ordering::Relaxed)));
            let open = self.shared.gate_open.load(Ordering::Relaxed);
            let _ = self.events.force_send(AudioEvent::Levels { own, open, talkers: self.talkers.levels() });
        }
        if now.duration_since(self.told) >= STATS {
            self.told = now;
            if !self.wants.talkers.is_empty() {
                let _ = self.events.force_send(AudioEvent::Stats(self.talkers.stats()));
            }
        }
    }

    fn notice(&self, text: String) {
        let _ = self.events.force_send(AudioEvent::Notice(text));
    }
}
