//! What goes into a call and what comes out.

use crate::{Member, Reason};
use hearth_ports::{
    audio::{Encoding, OwnFrame},
    rtc::{RtcCommand, RtcEvent},
};
use hearth_types::{DeviceId, PeerKey};
use std::collections::BTreeSet;

/// What goes in.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Everybody but oneself: talkers and volunteers. Who is missing is out.
    Roster(Vec<Member>),
    /// A member's call message, over a link it proved itself on.
    Message {
        /// Link.
        peer: PeerKey,
        /// Who proved itself there.
        device: DeviceId,
        /// [`crate::CallMessage`].
        bytes: Vec<u8>,
    },
    /// News of the media transport.
    Rtc(RtcEvent),
    /// A frame of one's own voice.
    Own(OwnFrame),
    /// A frame of one's own voice that was sealed and sent outside, with a key that was lent.
    Sealed(Vec<u8>),
    /// Send nothing.
    Mute(bool),
    /// Hear nothing, and send nothing.
    Deafen(bool),
    /// What the room's authority lets one do changed.
    Allowed {
        /// Be heard.
        speak: bool,
        /// Speak with priority.
        prioritise: bool,
    },
    /// Speak with priority.
    Priority(bool),
    /// Be heard by these alone; by all again without.
    Whisper(Option<BTreeSet<DeviceId>>),
    /// Where one sits: right and forward, centimetres.
    Position(Option<[i16; 2]>),
    /// What this device can send as somebody said, and whether it may relay.
    Uplink {
        /// Kbit/s; nothing is measured from then on.
        kbps: u32,
        /// Not on battery, not metered.
        may_relay: bool,
    },
    /// Addresses of this machine changed.
    NetworkChanged,
    /// Go out. [`Output::Left`] follows: at once, or after a relay has handed over.
    Leave,
    /// Time has passed.
    Tick,
}

/// A frame that opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedFrame {
    /// Who holds the key it opened with.
    pub talker: DeviceId,
    /// The sender's frame counter.
    pub seq: u64,
    /// 48 kHz clock of the sender.
    pub timestamp: u32,
    /// Where the sender sits, centimetres.
    pub position: Option<[i16; 2]>,
    /// Only for some.
    pub whisper: bool,
    /// With priority.
    pub priority: bool,
    /// An Opus packet.
    pub opus: Vec<u8>,
}

/// How the call runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topology {
    /// Number of the agreement.
    pub epoch: u64,
    /// Through whom; a mesh without.
    pub relay: Option<PeerKey>,
    /// Who stands by.
    pub backup: Option<PeerKey>,
    /// Why it is so.
    pub reason: Reason,
}

/// Something a person may want to know. Each is given once a minute at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Warning {
    /// Far too many frames or messages; those over the limit are dropped.
    Flood {
        /// Whose.
        peer: PeerKey,
    },
    /// A frame claimed to be of `claimed`, who signed something else. Certain.
    Forged {
        /// Whom it claimed to be of.
        claimed: DeviceId,
        /// The link it came by.
        via: PeerKey,
    },
    /// A peer gave a frame as its own that claims another sender. Certain.
    SpokeAsAnother {
        /// Whom it claimed to be of.
        claimed: DeviceId,
        /// The link it came by.
        via: PeerKey,
    },
    /// Frames of `claimed` came without its signature over them: forged, or the signatures were lost.
    Unsigned {
        /// Whom they claim to be of.
        claimed: DeviceId,
        /// The link they came by.
        via: PeerKey,
    },
    /// Frames that do not open came in numbers.
    BadFrames {
        /// The link they came by.
        via: PeerKey,
    },
    /// A message that is malformed or whose signature does not hold.
    BadMessage {
        /// Whose.
        peer: PeerKey,
    },
    /// The relay went silent.
    RelayLost {
        /// Who.
        relay: PeerKey,
    },
}

/// What comes out.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// To the media transport.
    Rtc(RtcCommand),
    /// A call message to a linked member.
    Message {
        /// To whom.
        peer: PeerKey,
        /// [`crate::CallMessage`].
        bytes: Vec<u8>,
    },
    /// To the ears.
    Voice(OpenedFrame),
    /// Somebody speaks, or no longer.
    Speaking {
        /// Who.
        talker: DeviceId,
        /// See above.
        on: bool,
        /// RFC 6464: 0 is loudest, 127 silence.
        level: u8,
    },
    /// What was heard of somebody is signed by them, or is not.
    Proven {
        /// Who.
        talker: DeviceId,
        /// See above.
        proven: bool,
    },
    /// The call runs another way.
    Topology(Topology),
    /// Encode so.
    Advice(Encoding),
    /// Something a person may want to know.
    Warning(Warning),
    /// Out; the call may be dropped.
    Left,
}
