//! Kernel to the voice of this node: who is in the room, and what the members say to each other about the call.
//!
//! The kernel knows who is a member and by which link; media, keys of the call and sound are the voice engine's affair.

use hearth_room::BuiltIn;
use hearth_types::{ChannelId, DeviceId, PeerKey, SpaceId, UserId};
use serde::Serialize;
use std::{collections::BTreeMap, path::PathBuf};

/// A device in a voice room, as it says of itself in a signed notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VoiceMember {
    /// Where media goes.
    pub peer: PeerKey,
    /// Whose keys sign.
    pub device: DeviceId,
    /// Whose device.
    pub user: UserId,
    /// When it came in, Unix milliseconds by its own clock.
    pub since_ms: u64,
    /// Says nothing.
    pub muted: bool,
    /// Hears nothing.
    pub deafened: bool,
    /// Nobody is to hear it: it may not speak here, or somebody senior muted it.
    pub silenced: bool,
    /// May speak with priority.
    pub may_prioritise: bool,
    /// Outside, ready to pass voices on; holds no key.
    pub relay: bool,
    /// Linked, so that messages reach it.
    pub linked: bool,
    /// Where it sits: right and forward of the room's middle, centimetres.
    pub seat: Option<[i16; 2]>,
}

/// Settings of one's own voice; only what is given changes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VoiceSettings {
    /// Send nothing.
    pub mute: Option<bool>,
    /// Hear nothing, and send nothing.
    pub deafen: Option<bool>,
    /// The push-to-talk key is held. The first use switches to push-to-talk.
    pub ptt: Option<bool>,
    /// When the microphone is open.
    pub gate: Option<crate::audio::Gate>,
    /// Own seat, metres.
    pub position: Option<[f32; 2]>,
    /// Gain of others, 0.0 to 2.0.
    pub volume: BTreeMap<UserId, f32>,
    /// Be heard by these people alone; by all again when empty. Ends with the room.
    pub whisper: Option<Vec<UserId>>,
    /// Speak with priority: others are quieter meanwhile, and no relay passes this voice over. Ends with the room.
    pub priority: Option<bool>,
    /// Microphone by name; empty for the system's choice.
    pub input: Option<String>,
    /// Speakers by name; empty for the system's choice.
    pub output: Option<String>,
    /// Take out what the speakers play.
    pub echo: Option<bool>,
    /// Take out noise.
    pub noise: Option<Noise>,
    /// Even out loudness.
    pub gain: Option<bool>,
    /// Binaural for headphones, or plain panning for speakers.
    pub headphones: Option<bool>,
    /// While in no room, pass on the voices of large ones.
    pub lend: Option<bool>,
    /// What one's line can send, kbit/s.
    pub uplink_kbps: Option<u32>,
    /// Sounds of our own when somebody comes or goes and when one mutes. Off until it is asked for.
    pub cues: Option<bool>,
}

/// How much noise is taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Noise {
    /// None.
    Off,
    /// What is steady.
    #[default]
    Usual,
    /// By a trained network: stronger, dearer, and music suffers.
    Strong,
}

/// What a driver asks of the voice engine through the kernel.
#[derive(Debug, Clone, PartialEq)]
pub enum VoiceAsk {
    /// Settings.
    Set(VoiceSettings),
    /// Take one's voice from a WAV file; from the microphone again without one.
    Source {
        /// 48 kHz mono.
        wav: Option<PathBuf>,
        /// From the start again at its end.
        repeat: bool,
        /// False: past gain, suppression and gate.
        process: bool,
    },
    /// Write the mix to a WAV file, 48 kHz stereo; to the speakers again without one.
    Sink {
        /// Where.
        wav: Option<PathBuf>,
    },
    /// State of the call.
    Stats,
    /// Microphones and speakers of this machine.
    Devices,
    /// Microphone test: one's own processed voice is played back, in a room or not; nobody else hears it.
    Test {
        /// Begin or end.
        on: bool,
    },
    /// Levels for rings and meters.
    Meter {
        /// Begin or end.
        on: bool,
    },
}

/// Kernel to voice engine.
#[derive(Debug, Clone, PartialEq)]
pub enum VoiceOrder {
    /// Go into a room.
    Enter {
        /// Community.
        space: SpaceId,
        /// Room.
        channel: ChannelId,
        /// Oneself.
        me: VoiceMember,
        /// What the room is like.
        plan: BuiltIn,
    },
    /// The room is another one now.
    Plan(BuiltIn),
    /// Go out.
    Exit {
        /// By one's own wish.
        asked: bool,
    },
    /// What others let one do changed.
    Me(VoiceMember),
    /// Everybody in the room but oneself, in order of peer key.
    Roster(Vec<VoiceMember>),
    /// What a member said, over a link it proved itself on.
    Message {
        /// Link.
        peer: PeerKey,
        /// Who proved itself there.
        device: DeviceId,
        /// Opaque here.
        bytes: Vec<u8>,
    },
    /// A driver's wish.
    Ask {
        /// To be answered with.
        request: u64,
        /// What.
        ask: VoiceAsk,
    },
}

/// Voice engine to kernel.
#[derive(Debug, Clone, PartialEq)]
pub enum VoiceSay {
    /// Send to a member of the room.
    Message {
        /// To whom.
        peer: PeerKey,
        /// Opaque there.
        bytes: Vec<u8>,
    },
    /// Everything there was to say on the way out is said.
    Left,
}

/// How a call runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum VoiceTopology {
    /// Everybody to everybody.
    Mesh,
    /// Through one peer.
    Relay,
}

/// One other person in `voice.stats`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VoicePeerStats {
    /// Who.
    pub user: UserId,
    /// Which peer.
    pub peer: PeerKey,
    /// Share of packets that never came, 0.0 to 1.0.
    pub loss: f32,
    /// Spread of arrival.
    pub jitter_ms: u32,
    /// What the jitter buffer holds.
    pub delay_ms: u32,
    /// Blocks of 10 ms made up, since the call began.
    pub concealed: u64,
    /// Blocks of 10 ms played while they talked.
    pub played: u64,
    /// Bit/s received.
    pub bitrate: u32,
    /// How media comes: lan, direct, turn, relay; null while there is no way yet.
    pub route: Option<String>,
    /// Whether what was heard is signed by them.
    pub proven: bool,
}

/// `voice.devices`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VoiceDevicesView {
    /// Microphones.
    pub inputs: Vec<String>,
    /// Speakers and headphones.
    pub outputs: Vec<String>,
    /// The microphone chosen; empty for the system's choice.
    pub input: String,
    /// The speakers chosen; empty for the system's choice.
    pub output: String,
}

/// `voice.stats`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VoiceStatsView {
    /// Which room.
    pub channel: ChannelId,
    /// How.
    pub topology: VoiceTopology,
    /// Through whom.
    pub relay: Option<UserId>,
    /// Thirty digits that are equal at everybody in the call.
    pub safety_code: String,
    /// Own bit/s sent to one peer.
    pub bitrate: u32,
    /// What one's own line can send.
    pub uplink: VoiceUplink,
    /// Everybody else.
    pub peers: Vec<VoicePeerStats>,
}

/// What a line can send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct VoiceUplink {
    /// That much.
    pub kbps: u32,
    /// How that is known.
    pub by: UplinkBy,
    /// Bytes of padding sent in this call to measure it.
    pub probe_bytes: u64,
}

/// How it is known what a line can send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UplinkBy {
    /// Somebody said so.
    Said,
    /// It was measured in this call, or in an earlier one on the same network.
    Measured,
    /// It is not known yet.
    Assumed,
}

/// Somebody in a voice room, for drivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct VoiceMemberView {
    /// Community.
    pub community: SpaceId,
    /// Room.
    pub channel: ChannelId,
    /// Who.
    pub user: UserId,
    /// False: went out.
    pub inside: bool,
    /// Says nothing.
    pub muted: bool,
    /// Hears nothing.
    pub deafened: bool,
    /// Nobody hears them, because they may not speak here or were muted by somebody senior.
    pub silenced: bool,
    /// Where they sit: right and forward of the room's middle, centimetres.
    pub seat: Option<[i16; 2]>,
}
