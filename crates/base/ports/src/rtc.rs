//! Node to media transport. One media link a peer: sealed audio frames, small unreliable datagrams, and a route.

use hearth_types::PeerKey;

/// How media reaches a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaRoute {
    /// Same machine or network.
    Lan,
    /// Straight across the internet.
    Direct,
    /// Through a TURN server.
    Turn,
}

/// A server that helps to find or be a way: `stun:host:port`, `turn:host:port`, `turns:host:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IceServer {
    /// Where it is.
    pub url: String,
    /// For TURN.
    pub username: String,
    /// For TURN.
    pub password: String,
}

impl std::str::FromStr for IceServer {
    type Err = &'static str;

    /// Reads `URL` or `URL,USER,PASSWORD`; whether the URL is one, the transport says. A password may hold commas.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(3, ',');
        let mut part = || parts.next().map(str::to_owned);
        let (url, username, password) = (part().unwrap_or_default(), part(), part());
        match (username, password) {
            (Some(username), Some(password)) if !username.is_empty() && !password.is_empty() => {
                Ok(Self { url, username, password })
            }
            (None, None) if !url.starts_with("turn") => {
                Ok(Self { url, username: String::new(), password: String::new() })
            }
            (None, None) => Err("a relay server asks for a name and a password; write URL,USER,PASSWORD"),
            _ => Err("write a server as URL, or as URL,USER,PASSWORD"),
        }
    }
}

/// One audio frame as it travels: sealed already, or still sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaFrame {
    /// Which of a link's audio streams: 0 for the sender's own, 1 and up for what it forwards.
    pub slot: u8,
    /// 48 kHz clock of whoever spoke.
    pub timestamp: u32,
    /// RFC 6464: 0 is loudest, 127 silence.
    pub level: u8,
    /// RFC 6464: whether it holds a voice.
    pub voice: bool,
    /// SFrame bytes.
    pub payload: Vec<u8>,
}

/// What is asked of the transport.
#[derive(Debug, Clone, PartialEq)]
pub enum RtcCommand {
    /// Make a media link. Of two peers the one with the smaller key is impolite and offers.
    Open {
        /// Whom to.
        peer: PeerKey,
        /// Whether this side yields when both offer.
        polite: bool,
        /// Only through TURN, for whoever hides the address.
        relay_only: bool,
    },
    /// Bytes of the other side's [`RtcEvent::Signal`], brought by an authenticated way.
    Signal {
        /// From whom.
        peer: PeerKey,
        /// Opaque; a session description or a candidate.
        bytes: Vec<u8>,
    },
    /// Send one frame to several peers.
    Send {
        /// To whom; a peer without a link is left out.
        peers: Vec<PeerKey>,
        /// What.
        frame: MediaFrame,
    },
    /// Send a small unreliable, unordered message (<= 1 KiB).
    Datagram {
        /// To whom.
        peers: Vec<PeerKey>,
        /// What.
        bytes: Vec<u8>,
    },
    /// Find a new way to a peer: the network changed.
    Restart {
        /// To whom.
        peer: PeerKey,
    },
    /// End a link.
    Close {
        /// Whose.
        peer: PeerKey,
    },
    /// End all.
    Shutdown,
}

/// State of a media link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaState {
    /// Looking for a way.
    Connecting,
    /// Frames flow.
    Connected(MediaRoute),
    /// Nothing came for a while; it may come back by itself.
    Interrupted,
    /// There is no way; it is closed.
    Failed(String),
}

/// What the transport tells.
#[derive(Debug, Clone, PartialEq)]
pub enum RtcEvent {
    /// Carry these bytes to the peer over an authenticated link, in order.
    Signal {
        /// To whom.
        peer: PeerKey,
        /// Opaque.
        bytes: Vec<u8>,
    },
    /// A link changed.
    State {
        /// Whose.
        peer: PeerKey,
        /// To what.
        state: MediaState,
    },
    /// A frame arrived.
    Frame {
        /// From whom: the link, not who spoke.
        peer: PeerKey,
        /// What.
        frame: MediaFrame,
    },
    /// A datagram arrived.
    Datagram {
        /// From whom.
        peer: PeerKey,
        /// What.
        bytes: Vec<u8>,
    },
    /// About once a second and link.
    Stats {
        /// Whose.
        peer: PeerKey,
        /// Round trip, milliseconds; 0 when unknown.
        rtt_ms: u32,
        /// Packets received and lost on this link since it began, of all slots.
        received: u64,
        /// See above.
        lost: u64,
    },
}
