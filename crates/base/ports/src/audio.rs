//! Node to the sound of this machine. Bulk sound never goes through here, only packets and settings.

use std::path::PathBuf;

/// A talker as the audio side knows it; given out by the node, one a remote device in the room.
pub type TalkerId = u32;

/// Where one's own voice comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum AudioSource {
    /// Nothing: listening only.
    None,
    /// A microphone by name; the system's choice without one.
    Device(Option<String>),
    /// A 48 kHz mono WAV file, played in real time.
    Wav {
        /// Which.
        path: PathBuf,
        /// From the start again at its end.
        repeat: bool,
    },
}

/// Where the mix goes.
#[derive(Debug, Clone, PartialEq)]
pub enum AudioSink {
    /// Nowhere; packets are still played out in time.
    None,
    /// Speakers by name; the system's choice without one.
    Device(Option<String>),
    /// A 48 kHz stereo WAV file, written in real time and readable whenever it is closed.
    Wav(PathBuf),
}

/// When the microphone is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Always.
    Continuous,
    /// While somebody speaks, with pre-roll and hangover.
    Voice,
    /// While the key is held.
    PushToTalk,
}

/// What is done to the microphone's sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Processing {
    /// Take out what the speakers play.
    pub echo: bool,
    /// Take out noise.
    pub noise: bool,
    /// Even out loudness.
    pub gain: bool,
}

/// How to encode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoding {
    /// Bit/s, 6,000 to 510,000.
    pub bitrate: u32,
    /// Expected loss, percent.
    pub loss_percent: u8,
    /// Carry the last frame again in the next.
    pub fec: bool,
    /// Redundancy for long gaps, in frames of 10 ms; 0 for none.
    pub dred: u8,
    /// Stop sending in silence.
    pub dtx: bool,
}

/// A frame of one's own voice, still open; 20 ms unless said otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnFrame {
    /// 48 kHz clock.
    pub timestamp: u32,
    /// RFC 6464: 0 is loudest, 127 silence.
    pub level: u8,
    /// Whether it holds a voice.
    pub voice: bool,
    /// An Opus packet.
    pub opus: Vec<u8>,
}

/// Where a talker is, in metres of the room.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Right.
    pub x: f32,
    /// Forward.
    pub y: f32,
}

/// Something in a call that a short sound of its own tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cue {
    /// One came into a room.
    Joined,
    /// One left it.
    Left,
    /// One was put out of it, or the network went.
    Lost,
    /// One's microphone is off.
    Muted,
    /// It is on again.
    Unmuted,
    /// One hears nothing from now on.
    Deafened,
    /// One hears again.
    Undeafened,
    /// Somebody else came in.
    Came,
    /// Somebody else left.
    Went,
}

/// What is asked of the audio side.
#[derive(Debug, Clone, PartialEq)]
pub enum AudioCommand {
    /// Take one's voice from here.
    Source(AudioSource),
    /// Put the mix here.
    Sink(AudioSink),
    /// When the microphone is open.
    Gate(Gate),
    /// The key went down or up.
    Key(bool),
    /// Send nothing.
    Mute(bool),
    /// Play nothing.
    Deafen(bool),
    /// What is done to the microphone's sound.
    Processing(Processing),
    /// How to encode.
    Encoding(Encoding),
    /// Binaural for headphones, or plain panning for speakers.
    Headphones(bool),
    /// A talker entered, or changed: volume 0.0 to 2.0, and where; without a place heard from the middle.
    Talker {
        /// Who.
        talker: TalkerId,
        /// Gain.
        volume: f32,
        /// Relative to the listener's seat.
        place: Option<Place>,
    },
    /// What stands between a talker and the listener: 0.0 open air, 1.0 a closed wall. Muffles and quietens.
    Occlusion {
        /// Who.
        talker: TalkerId,
        /// How much.
        amount: f32,
    },
    /// A talker left.
    TalkerGone(TalkerId),
    /// A packet of a talker: the sequence number is the sender's frame counter.
    Packet {
        /// Who.
        talker: TalkerId,
        /// One more with every frame sent.
        seq: u64,
        /// 48 kHz clock of the sender.
        timestamp: u32,
        /// An Opus packet.
        opus: Vec<u8>,
    },
    /// Begin or end telling [`AudioEvent::Levels`].
    Meter(bool),
    /// Take noise out by a trained network instead: stronger, dearer, and music suffers.
    StrongNoise(bool),
    /// Microphone test: hear one's own processed voice at the sink, whatever the gate and mute say.
    Loopback(bool),
    /// Play this once in the mix. It is never sent; of too many some are left out.
    Cue(Cue),
    /// Tell [`AudioEvent::Devices`].
    ListDevices,
    /// End.
    Shutdown,
}

/// What one talker's stream went through since it began.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TalkerStats {
    /// Packets taken in.
    pub received: u64,
    /// Packets that never came, or came too late.
    pub lost: u64,
    /// Of all 10 ms blocks played while talking, those made up.
    pub concealed: u64,
    /// See above.
    pub played: u64,
    /// What the buffer waits for, now.
    pub target_ms: u32,
    /// What it holds, now.
    pub delay_ms: u32,
    /// Spread of arrival.
    pub jitter_ms: u32,
}

/// What the audio side tells.
#[derive(Debug, Clone, PartialEq)]
pub enum AudioEvent {
    /// Loudness for meters and rings, about 30 a second; linear in decibels: 0.0 at -60 dBFS and below, 1.0 at 0 dBFS.
    Levels {
        /// Own level, 0.0 to 1.0.
        own: f32,
        /// Whether the gate is open.
        open: bool,
        /// Each audible talker's.
        talkers: Vec<(TalkerId, f32)>,
    },
    /// Asked for or once a second while a call is on.
    Stats(Vec<(TalkerId, TalkerStats)>),
    /// A device came, went or failed; in plain words, with what to do.
    Notice(String),
    /// Answer to [`AudioCommand::ListDevices`]; names as [`AudioSource::Device`] and [`AudioSink::Device`] take them.
    Devices {
        /// Microphones.
        inputs: Vec<String>,
        /// Speakers and headphones.
        outputs: Vec<String>,
    },
    /// The source file ended.
    SourceEnded,
}
