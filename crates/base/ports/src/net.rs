//! Kernel to network. A link is one authenticated connection to one peer; frames on it keep their order.

use hearth_types::PeerKey;

/// A multiaddress in text form, without `/p2p/...`.
pub type Address = String;

/// How a link runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// Same network.
    Lan,
    /// Straight across the internet.
    Direct,
    /// Through another peer.
    Relayed,
}

/// Who dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// We did; we speak first in a hello.
    Dialer,
    /// They did.
    Listener,
}

/// What becomes of a gossip message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Good: pass it on.
    Accept,
    /// Not for us to judge, or too much: drop, no blame.
    Ignore,
    /// Every honest node would refuse it: drop, and hold it against the forwarder.
    Reject,
}

/// What the kernel asks of the network.
#[derive(Debug, Clone, PartialEq)]
pub enum NetCommand {
    /// Link to a peer, if there is no link yet. With no key, the peer at the address is taken as it is.
    Dial { peer: Option<PeerKey>, addresses: Vec<Address> },
    /// Send a frame (<= `limits::FRAME_BYTES`). A link whose queue overflows is closed and reported down.
    Send { link: PeerKey, frame: Vec<u8> },
    /// Close a link.
    Close { link: PeerKey },
    /// Say whether the peer is a proven member: members are kept and relayed to, others may go when idle.
    SetMember { link: PeerKey, member: bool },
    /// Take part in a gossip topic (an opaque name).
    Subscribe { topic: String },
    /// Leave it.
    Unsubscribe { topic: String },
    /// Publish to a topic.
    Publish { topic: String, payload: Vec<u8> },
    /// Judge the gossip message of a [`NetEvent::Gossip`].
    Judge { token: u64, verdict: Verdict },
    /// Close everything.
    Shutdown,
}

/// What the network tells the kernel.
#[derive(Debug, Clone, PartialEq)]
pub enum NetEvent {
    /// An address others can try; repeated per address.
    Listening { address: Address },
    /// It no longer holds.
    ListenEnded { address: Address },
    /// A wanted address or service could not be had. `why` is a plain sentence that says what to do.
    Trouble { code: &'static str, why: String },
    /// A peer on the same network announced itself.
    Discovered { peer: PeerKey, addresses: Vec<Address> },
    /// A link stands; frames may be sent. Exactly one per peer until its `LinkDown`.
    LinkUp { link: PeerKey, direction: Direction, address: Address, route: Route },
    /// It is gone.
    LinkDown { link: PeerKey },
    /// All addresses of a dial failed.
    DialFailed { peer: Option<PeerKey>, why: String },
    /// A frame, in the order sent.
    Frame { link: PeerKey, frame: Vec<u8> },
    /// The peer's own account of where it listens.
    PeerAddresses { link: PeerKey, addresses: Vec<Address> },
    /// Round trip of a ping.
    Rtt { link: PeerKey, rtt_ms: u32 },
    /// A gossip message that waits for a [`NetCommand::Judge`] before it goes on.
    Gossip { topic: String, from: PeerKey, payload: Vec<u8>, token: u64 },
}
