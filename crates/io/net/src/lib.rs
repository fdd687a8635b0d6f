//! The network adapter: libp2p behind [`hearth_ports::NetCommand`] and [`hearth_ports::NetEvent`].
//!
//! [`start`] puts an actor on the running tokio runtime. It owns the swarm, keeps exactly one link per peer and speaks to
//! the rest of Hearth through two bounded queues. No libp2p type leaves this crate, and the crate never looks inside a
//! frame or a gossip payload: what they mean, and who may say it, is the kernel's affair.
//!
//! Start with [`actor`], the loop; then [`link`], how two peers agree on one connection.
#![warn(missing_docs)]

mod actor;
mod address;
mod behaviour;
mod gossip;
mod key;
mod link;
mod listen;

use async_channel::{Receiver, Sender};
use hearth_ports::{NetCommand, NetEvent};
use hearth_types::{PeerKey, limits};
use zeroize::Zeroize;

/// What a node on the network needs to know at start.
pub struct NetConfig {
    /// Ed25519 seed of the peer key. Wiped when the config is dropped.
    pub secret: [u8; 32],
    /// Multiaddresses to listen on. Empty means every interface, QUIC and TCP, ports chosen by the system.
    pub listen: Vec<String>,
    /// Whether to look for peers on the same network, and be found by them.
    pub mdns: bool,
}

impl Drop for NetConfig {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

/// The ends of a running network node. Dropping `commands` (all clones) shuts it down as `Shutdown` does; after that
/// `events` closes.
#[derive(Clone)]
pub struct NetHandle {
    /// Commands; `limits::NET_QUEUE` of them wait.
    pub commands: Sender<NetCommand>,
    /// Events; `limits::NET_QUEUE` of them wait, then peers are made to wait.
    pub events: Receiver<NetEvent>,
    /// Our own peer key.
    pub peer: PeerKey,
}

/// Why the network could not start.
#[derive(Debug, thiserror::Error)]
pub enum NetFault {
    /// The seed gives no key.
    #[error("the network key on this device is damaged")]
    BadKey,
    /// A wanted address is not one.
    #[error("{0:?} is not an address to listen on; write it like /ip4/0.0.0.0/udp/4001/quic-v1")]
    BadAddress(String),
    /// The network library refused its settings.
    #[error("the network could not be set up: {0}")]
    Setup(String),
}

/// Starts a node on the current tokio runtime and returns its handle; everything else arrives as events.
pub async fn start(mut config: NetConfig) -> Result<NetHandle, NetFault> {
    let keypair = key::keypair(&mut config.secret)?;
    let listen = listen::parse(&config.listen)?;
    let (command_tx, commands) = async_channel::bounded(limits::NET_QUEUE);
    let (events, event_rx) = async_channel::bounded(limits::NET_QUEUE);
    let (swarm, troubles) = behaviour::swarm(&keypair, config.mdns)?;
    let peer = key::peer_key(swarm.local_peer_id()).ok_or(NetFault::BadKey)?;
    let actor = actor::Actor::new(swarm, peer, commands, events, troubles);
    tokio::spawn(actor.run(listen));
    Ok(NetHandle { commands: command_tx, events: event_rx, peer })
}
