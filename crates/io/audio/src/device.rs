//! The device thread: holds the wanted microphone and speakers open, and opens them again when they went and came back.
//!
//! Everything that may hang or fail in a sound system happens on this thread and on no other.

pub mod open;
pub mod port;

use crate::limits::{CAPTURE_RING, MAX_DEVICES, PLAYBACK_RING};
use crate::playout::SpeakersChange;
use crate::playout::sink::PlaybackMeter;
use crate::shared::{DeviceWants, Shared};
use crate::transmit::MicrophoneChange;
use async_channel::Sender;
use cpal::traits::{DeviceTrait, HostTrait};
use hearth_ports::audio::AudioEvent;
use open::{BUFFERS_MS, Health, Way};
use port::{InputPort, OutputPort};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Between two looks at the devices: there is no portable way to be told.
const LOOK: Duration = Duration::from_millis(500);
/// Between two looks at what is wanted.
const POLL: Duration = Duration::from_millis(20);
/// A sound system that does not answer for this long is left alone for a while.
const PROBE: Duration = Duration::from_secs(3);
/// Sound systems in the order they are tried.
const HOSTS: [&str; 4] = ["PipeWire", "PulseAudio", "WASAPI", "CoreAudio"];

/// Gives the sound system; another in tests.
pub type HostMaker = Arc<dyn Fn() -> Option<cpal::Host> + Send + Sync>;

/// The best of this machine's sound systems that is there.
pub fn system_host() -> Option<cpal::Host> {
    let mut ids = cpal::available_hosts();
    ids.sort_by_key(|id| HOSTS.iter().position(|name| *name == id.name()).unwrap_or(HOSTS.len()));
    ids.into_iter().find_map(|id| {
        let host = cpal::host_from_id(id).ok()?;
        (host.default_output_device().is_some() || host.default_input_device().is_some()).then_some(host)
    })
}

/// A device that ran over or dry so often within [`CALM`] gets longer buffers.
const STUTTERS: u32 = 4;
/// Stutters are counted anew after this.
const CALM: Duration = Duration::from_secs(10);
/// A stream that moves no sound for so long is gone, though nobody says so: sound servers end streams like that.
const DEAD: Duration = Duration::from_secs(3);

/// A stream and what it was opened on.
struct Held {
    _stream: cpal::Stream,
    health: Arc<Health>,
    /// Stutters since a time.
    counted: (u32, Instant),
    /// Calls when it last moved sound, and when that was.
    alive: (u32, Instant),
    id: Option<cpal::DeviceId>,
    /// Whether it goes where the system's choice goes.
    follows: bool,
}

/// One of the two ways, and what was said of it.
#[derive(Default)]
struct Line {
    held: Option<Held>,
    /// Whether people know that it is missing.
    complained: bool,
    /// Whether it ever worked.
    worked: bool,
    /// Which of the buffers to ask for: longer ones than the first if the device could not keep up with that.
    buffer: usize,
}

impl Line {
    /// Whether the stream works no more.
    fn is_broken(&mut self) -> bool {
        let Some(held) = &mut self.held else { return false };
        let calls = held.health.calls.load(Ordering::Relaxed);
        if calls != held.alive.0 {
            held.alive = (calls, Instant::now());
        }
        held.health.broken.load(Ordering::Acquire) || held.alive.1.elapsed() >= DEAD
    }

    /// Whether the device does not keep up with its buffer and there is a longer one.
    fn is_hasty(&mut self) -> bool {
        let Some(held) = &mut self.held else { return false };
        let stutters = held.health.stutters.load(Ordering::Relaxed);
        let (before, since) = held.counted;
        if since.elapsed() >= CALM {
            held.counted = (stutters, Instant::now());
        }
        stutters >= before + STUTTERS && self.buffer + 1 < BUFFERS_MS.len()
    }
}

/// All that the device thread owns.
pub struct Devices {
    shared: Arc<Shared>,
    events: Sender<AudioEvent>,
    microphones: Sender<MicrophoneChange>,
    speakers: Sender<SpeakersChange>,
    maker: HostMaker,
    host: Option<cpal::Host>,
    unanswered: bool,
    wants: DeviceWants,
    input: Line,
    output: Line,
}

impl Devices {
    /// Touches no device before one is wanted.
    pub fn new(
        shared: Arc<Shared>,
        events: Sender<AudioEvent>,
        microphones: Sender<MicrophoneChange>,
        speakers: Sender<SpeakersChange>,
        maker: HostMaker,
    ) -> Self {
        Self {
            shared,
            events,
            microphones,
            speakers,
            maker,
            host: None,
            unanswered: false,
            wants: DeviceWants::default(),
            input: Line::default(),
            output: Line::default(),
        }
    }

    /// Works until told to end.
    pub fn run(mut self) {
        let mut seen = 0;
        let mut looked: Option<Instant> = None;
        while !self.shared.ended() {
            let news = self.shared.device_wants(seen);
            if let Some((version, wants)) = news {
                seen = version;
                self.follow(wants);
                looked = None;
            }
            if looked.is_none_or(|at| at.elapsed() >= LOOK) {
                self.look(Way::In);
                self.look(Way::Out);
                looked = Some(Instant::now());
            }
            std::thread::sleep(POLL);
        }
    }

    fn follow(&mut self, wants: DeviceWants) {
        if wants.input != self.wants.input || wants.inputs != self.wants.inputs {
            self.input = Line::default();
        }
        if wants.output != self.wants.output || wants.outputs != self.wants.outputs {
            self.output = Line::default();
        }
        let list = wants.lists != self.wants.lists;
        self.wants = wants;
        if list {
            self.list();
        }
    }

    fn list(&mut self) {
        self.find_host();
        let names = |devices: Box<dyn Iterator<Item = cpal::Device>>| {
            let choices = devices.filter(open::is_choice).take(MAX_DEVICES);
            let mut names: Vec<String> = choices.filter_map(|device| open::name(&device)).collect();
            names.dedup();
            names
        };
        let host = self.host.as_ref();
        let inputs = host.and_then(|host| host.input_devices().ok()).map_or_else(Vec::new, |all| names(Box::new(all)));
        let outputs =
            host.and_then(|host| host.output_devices().ok()).map_or_else(Vec::new, |all| names(Box::new(all)));
        let _ = self.events.force_send(AudioEvent::Devices { inputs, outputs });
    }

    fn wanted(&self, way: Way) -> Option<Option<&str>> {
        let wanted = if way == Way::In { &self.wants.input } else { &self.wants.output };
        wanted.as_ref().map(|name| name.as_deref())
    }

    fn line(&mut self, way: Way) -> &mut Line {
        if way == Way::In { &mut self.input } else { &mut self.output }
    }

    fn look(&mut self, way: Way) {
        if self.wanted(way).is_none() {
            return;
        }
        if let Some(held) = &self.line(way).held {
            let follows = held.follows;
            let broken = self.line(way).is_broken();
            let moved = follows && !broken && self.default_moved(way);
            let hasty = self.line(way).is_hasty();
            if !broken && !moved && !hasty {
                return;
            }
            let line = self.line(way);
            line.held = None;
            line.buffer += usize::from(hasty);
            match way {
                Way::In => drop(self.microphones.force_send(MicrophoneChange::Lost)),
                Way::Out => drop(self.speakers.force_send(SpeakersChange::Lost)),
            }
            if broken {
                self.host = None;
            }
        }
        match self.open(way) {
            Ok((held, name)) => self.opened(way, held, &name),
            Err(why) => self.complain(way, &why),
        }
    }

    fn default_moved(&mut self, way: Way) -> bool {
        let Some(device) = self.host.as_ref().and_then(|host| open::find(host, way, None)) else { return false };
        let now = device.id().ok();
        self.line(way).held.as_ref().is_some_and(|held| now.is_some() && held.id != now)
    }

    fn opened(&mut self, way: Way, held: Held, name: &str) {
        let line = self.line(way);
        let back = line.complained;
        line.held = Some(held);
        line.complained = false;
        line.worked = true;
        if back {
            self.notice(match way {
                Way::In => format!("The microphone is back: {name}."),
                Way::Out => format!("The speakers are back: {name}."),
            });
        }
    }

    fn complain(&mut self, way: Way, why: &str) {
        let name = self.wanted(way).flatten().map(str::to_owned);
        let line = self.line(way);
        if std::mem::replace(&mut line.complained, true) {
            return;
        }
        tracing::info!(?way, why, "no sound device");
        let went = line.worked;
        self.notice(match (way, name, went) {
            (Way::In, Some(name), true) => {
                format!("The microphone {name} is gone. Plug it in again or choose another; you still hear everybody.")
            }
            (Way::In, Some(name), false) => {
                format!("There is no microphone {name}. Plug it in or choose another; you still hear everybody.")
            }
            (Way::In, None, true) => {
                "The microphone is gone. Plug one in and it is used by itself; you still hear everybody.".to_owned()
            }
            (Way::In, None, false) => {
                "No microphone was found. Plug one in and it is used by itself; you still hear everybody.".to_owned()
            }
            (Way::Out, Some(name), true) => {
                format!("The speakers {name} are gone. Plug them in again or choose others.")
            }
            (Way::Out, Some(name), false) => format!("There are no speakers {name}. Plug them in or choose others."),
            (Way::Out, None, true) => "The speakers are gone. Plug some in and they are used by themselves.".to_owned(),
            (Way::Out, None, false) => {
                "No speakers were found. Plug some in and they are used by themselves.".to_owned()
            }
        });
    }

    fn notice(&self, text: String) {
        let _ = self.events.force_send(AudioEvent::Notice(text));
    }

    /// Asks for the sound system on a thread of its own, as some hang.
    fn find_host(&mut self) {
        if self.host.is_some() || self.unanswered {
            return;
        }
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        let maker = Arc::clone(&self.maker);
        let probe = move || drop(sender.send(maker()));
        if std::thread::Builder::new().name("audio-probe".to_owned()).spawn(probe).is_err() {
            return;
        }
        match receiver.recv_timeout(PROBE) {
            Ok(host) => self.host = host,
            Err(_) => {
                self.unanswered = true;
                self.notice("This computer's sound system does not answer. Restart it, then Hearth.".to_owned());
            }
        }
    }

    fn open(&mut self, way: Way) -> Result<(Held, String), String> {
        self.find_host();
        let name = self.wanted(way).flatten().map(str::to_owned);
        let host = self.host.as_ref().ok_or("no sound system")?;
        let device = open::find(host, way, name.as_deref()).ok_or("no such device")?;
        let config = open::config(&device, way).map_err(|error| error.to_string())?;
        let (rate, channels) = (config.sample_rate(), config.channels());
        let health = Arc::new(Health::default());
        let line = if way == Way::In { &self.input } else { &self.output };
        let buffer_ms = BUFFERS_MS[line.buffer.min(BUFFERS_MS.len() - 1)];
        let text = |error: cpal::Error| error.to_string();
        let stream = match way {
            Way::In => {
                let mut opened = None;
                let stream = open::input(&device, &config, buffer_ms, &health, || {
                    let (producer, consumer) = rtrb::RingBuffer::new(CAPTURE_RING);
                    opened = Some(consumer);
                    InputPort::new(producer, channels, Arc::new(AtomicU64::new(0)))
                })
                .map_err(text)?;
                let ring = opened.ok_or("no stream")?;
                let _ = self.microphones.force_send(MicrophoneChange::Opened { ring, rate });
                stream
            }
            Way::Out => {
                let mut opened = None;
                let stream = open::output(&device, &config, buffer_ms, &health, || {
                    let (producer, consumer) = rtrb::RingBuffer::new(PLAYBACK_RING);
                    let meter = Arc::new(PlaybackMeter::default());
                    opened = Some((producer, Arc::clone(&meter)));
                    OutputPort::new(consumer, channels, meter)
                })
                .map_err(text)?;
                let (ring, meter) = opened.ok_or("no stream")?;
                let _ = self.speakers.force_send(SpeakersChange::Opened { ring, rate, meter });
                stream
            }
        };
        let held = Held {
            _stream: stream,
            health,
            counted: (0, Instant::now()),
            alive: (0, Instant::now()),
            id: device.id().ok(),
            follows: name.is_none(),
        };
        Ok((held, open::name(&device).unwrap_or_else(|| "unnamed".to_owned())))
    }
}
