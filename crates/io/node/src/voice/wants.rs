//! What is wanted of the sound of this machine, from room to room.

use hearth_ports::{
    Noise, VoiceSettings,
    audio::{AudioCommand, AudioSink, AudioSource, Gate, Processing},
};
use hearth_types::UserId;
use std::{collections::BTreeMap, path::PathBuf};

pub(super) struct Wants {
    /// Microphone and speakers by name; the system's choice without one.
    input: Option<String>,
    output: Option<String>,
    /// Files in their place; whether to begin again.
    wav: Option<(PathBuf, bool)>,
    into: Option<PathBuf>,
    /// Past all processing.
    raw: bool,
    echo: bool,
    noise: Noise,
    gain: bool,
    headphones: bool,
    gate: Option<Gate>,
    pub(super) muted: bool,
    pub(super) deafened: bool,
    pub(super) position: Option<[f32; 2]>,
    pub(super) volume: BTreeMap<UserId, f32>,
    /// What the line can send, where somebody said so.
    pub(super) uplink_kbps: Option<u32>,
    /// The microphone test is on.
    pub(super) testing: bool,
    /// Levels are told.
    pub(super) meter: bool,
    /// Who comes and goes, and one's own muting, has a sound.
    pub(super) cues: bool,
}

impl Default for Wants {
    fn default() -> Self {
        Self {
            input: None,
            output: None,
            wav: None,
            into: None,
            raw: false,
            echo: true,
            noise: Noise::Usual,
            gain: true,
            headphones: true,
            gate: None,
            muted: false,
            deafened: false,
            position: None,
            volume: BTreeMap::new(),
            uplink_kbps: None,
            testing: false,
            meter: false,
            cues: false,
        }
    }
}

impl Wants {
    pub(super) fn source(&mut self, wav: Option<PathBuf>, repeat: bool, process: bool) {
        self.wav = wav.map(|path| (path, repeat));
        self.raw = !process;
    }

    pub(super) fn sink(&mut self, wav: Option<PathBuf>) {
        self.into = wav;
    }

    /// The part of the settings that the sound alone has to do with.
    pub(super) fn set(&mut self, settings: &VoiceSettings) {
        fn take<T: Clone>(to: &mut T, from: &Option<T>) {
            if let Some(value) = from {
                to.clone_from(value);
            }
        }
        let name = |name: &String| (!name.is_empty()).then(|| name.clone());
        take(&mut self.input, &settings.input.as_ref().map(name));
        take(&mut self.output, &settings.output.as_ref().map(name));
        take(&mut self.echo, &settings.echo);
        take(&mut self.noise, &settings.noise);
        take(&mut self.gain, &settings.gain);
        take(&mut self.headphones, &settings.headphones);
        take(&mut self.muted, &settings.mute);
        take(&mut self.deafened, &settings.deafen);
        take(&mut self.cues, &settings.cues);
        if settings.gate.is_some() {
            self.gate = settings.gate;
        } else if settings.ptt.is_some() {
            self.gate = Some(Gate::PushToTalk);
        }
        if settings.position.is_some() {
            self.position = settings.position;
        }
        self.volume.extend(&settings.volume);
    }

    pub(super) fn devices(&self) -> (String, String) {
        (self.input.clone().unwrap_or_default(), self.output.clone().unwrap_or_default())
    }

    /// Whether sound has to run at all.
    pub(super) fn needed(&self, in_call: bool) -> bool {
        in_call || self.testing || self.into.is_some()
    }

    /// Everything, as the audio side is to have it. A microphone is open only in a call or a test; `rings_out` leaves the
    /// speakers open after a call.
    pub(super) fn commands(&self, in_call: bool, rings_out: bool) -> [AudioCommand; 10] {
        let open = in_call || self.testing;
        let source = match &self.wav {
            _ if !open => AudioSource::None,
            Some((path, repeat)) => AudioSource::Wav { path: path.clone(), repeat: *repeat },
            None => AudioSource::Device(self.input.clone()),
        };
        let sink = match &self.into {
            Some(path) => AudioSink::Wav(path.clone()),
            None if open || rings_out => AudioSink::Device(self.output.clone()),
            None => AudioSink::None,
        };
        let Self { echo, gain, .. } = *self;
        let noise = self.noise != Noise::Off;
        let (processing, gate) = if self.raw {
            (Processing { echo: false, noise: false, gain: false }, Gate::Continuous)
        } else {
            (Processing { echo, noise, gain }, self.gate.unwrap_or(Gate::Voice))
        };
        [
            AudioCommand::Processing(processing),
            AudioCommand::StrongNoise(self.noise == Noise::Strong),
            AudioCommand::Gate(gate),
            // Nobody else hears a test, nor who hears nobody: the ring of one's own says so too.
            AudioCommand::Mute(self.muted || self.deafened || self.testing),
            AudioCommand::Deafen(self.deafened),
            AudioCommand::Headphones(self.headphones),
            AudioCommand::Loopback(self.testing),
            AudioCommand::Meter(self.meter || self.testing),
            AudioCommand::Sink(sink),
            AudioCommand::Source(source),
        ]
    }
}
