//! Media between peers over WebRTC, behind plain commands and events.
//!
//! One link a peer: five audio streams each way, whose frames are bytes this crate never opens, and small unreliable
//! datagrams beside them. Everything is negotiated once, so that a peer can begin to forward without another exchange.
//! No webrtc type leaves this crate, and it holds no key of a call and no rule of a room: who is to be heard, and over
//! whom, is the node's affair.
//!
//! [`start`] puts an actor on a tokio runtime. Start with `actor`, which hands commands out; then `link`, how two peers
//! agree; `link/connection`, what is negotiated; `link/outlet` and `link/inlet`, the way of a frame; `turn`, TURN through
//! TCP and TLS where UDP is dropped; `limits`.
#![warn(missing_docs)]

mod actor;
pub mod limits;
mod link;
mod route;
pub mod signal;
mod turn;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use async_channel::{Receiver, Sender};
use hearth_ports::rtc::{IceServer, RtcCommand, RtcEvent};

/// What the transport needs to know at start.
#[derive(Debug, Clone, Default)]
pub struct RtcConfig {
    /// STUN and TURN servers; `turns:` and `turn:…?transport=tcp` are bridged.
    pub servers: Vec<IceServer>,
    /// Addresses to bind, port 0 for any; empty for every interface, or loopback where there is none.
    pub bind: Vec<SocketAddr>,
    /// Certificates to trust for `turns:` beside the public ones, PEM.
    pub extra_ca: Vec<u8>,
}

/// The networks this computer is on: its addresses, of IPv6 the network's half, since the other changes by itself.
pub fn networks() -> BTreeSet<IpAddr> {
    let network = |ip| match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
    };
    link::connection::interfaces().into_iter().map(network).collect()
}

impl RtcConfig {
    /// Says what [`start`] would refuse of it, before anything runs.
    pub fn check(&self) -> Result<(), RtcFault> {
        turn::check(&self.servers, &self.extra_ca)
    }
}

/// The ends of a running transport. Dropping `commands` (all clones) ends it as `Shutdown` does; after that the others
/// close.
#[derive(Debug, Clone)]
pub struct RtcHandle {
    /// Commands; `limits::COMMAND_QUEUE` of them wait. None of them waits for the network.
    pub commands: Sender<RtcCommand>,
    /// `Signal`, `State` and `Stats`; none is ever dropped. `limits::EVENT_QUEUE` of them wait, then links do.
    pub events: Receiver<RtcEvent>,
    /// `Frame` and `Datagram`; `limits::MEDIA_QUEUE` of them wait, then the oldest is dropped.
    pub media: Receiver<RtcEvent>,
}

/// Why the transport could not start.
#[derive(Debug, thiserror::Error)]
pub enum RtcFault {
    /// A server's address is not one.
    #[error("{0:?} is not a server address; write it like stun:host:3478, turn:host:3478 or turns:host:5349")]
    BadServer(String),
    /// More servers or addresses than there may be.
    #[error("too many servers or addresses to listen on")]
    TooMany,
    /// The extra certificates cannot be read.
    #[error("the extra certificate is not readable; it must be PEM")]
    BadCertificate,
    /// The bridge to a TURN server has no socket.
    #[error("no local socket for the way over TLS: {0}")]
    Bridge(#[from] std::io::Error),
}

/// Starts the transport on `runtime`; everything else arrives as events.
pub fn start(config: RtcConfig, runtime: &tokio::runtime::Handle) -> Result<RtcHandle, RtcFault> {
    let _inside = runtime.enter();
    let settings = link::connection::Settings::new(&config)?;
    let (command_tx, commands) = async_channel::bounded(limits::COMMAND_QUEUE);
    let (events, event_rx) = async_channel::bounded(limits::EVENT_QUEUE);
    let (media, media_rx) = async_channel::bounded(limits::MEDIA_QUEUE);
    runtime.spawn(actor::Actor::new(settings, events, media).run(commands));
    Ok(RtcHandle { commands: command_tx, events: event_rx, media: media_rx })
}
