//! The swarm: transports, and the behaviours from outer to inner.

use crate::{NetFault, gossip, link};
use hearth_ports::NetEvent;
use hearth_types::limits;
use libp2p::{
    PeerId, Swarm, SwarmBuilder, connection_limits, dns, identify,
    identity::Keypair,
    mdns, noise, ping,
    swarm::{NetworkBehaviour, behaviour::toggle::Toggle},
    tcp, yamux,
};
use std::{
    net::{IpAddr, Ipv4Addr, UdpSocket},
    time::Duration,
};

/// What identify calls us; a peer that says anything else is not Hearth.
pub const PROTOCOL_VERSION: &str = "/hearth/1";
/// Connections nobody uses are closed after this. The library's 10 s would close links that wait for their first message.
const IDLE: Duration = Duration::from_secs(300);
/// Between two pings. QUIC notices silence by itself after 10 s; over TCP only these do.
const PING_EVERY: Duration = Duration::from_secs(5);
/// A ping unanswered for this long has failed.
const PING_TIMEOUT: Duration = Duration::from_secs(8);
/// Connections being set up at once, each way.
const PENDING: u32 = 64;
/// Where mDNS speaks.
const MDNS_GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);

/// All behaviours of a node.
#[derive(NetworkBehaviour)]
pub struct Behaviour {
    limits: connection_limits::Behaviour,
    /// Link streams.
    pub link: link::handler::Behaviour,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    mdns: Toggle<mdns::tokio::Behaviour>,
    /// Gossip.
    pub gossip: gossip::Gossip,
}

/// Builds the swarm, and says what could not be had.
pub fn swarm(keypair: &Keypair, with_mdns: bool) -> Result<(Swarm<Behaviour>, Vec<NetEvent>), NetFault> {
    fn setup(error: impl std::fmt::Display) -> NetFault {
        NetFault::Setup(error.to_string())
    }
    let mut troubles = Vec::new();
    let mdns = if with_mdns { discovery(keypair.public().to_peer_id(), &mut troubles) } else { None };
    let links = u32::try_from(limits::LINKS).unwrap_or(u32::MAX);
    // A quarter of the links is kept for our own dials, however many strangers come in.
    let behaviour = Behaviour {
        limits: connection_limits::Behaviour::new(
            connection_limits::ConnectionLimits::default()
                .with_max_pending_incoming(Some(PENDING))
                .with_max_pending_outgoing(Some(PENDING))
                .with_max_established_per_peer(Some(limits::CONNECTIONS_PER_PEER))
                .with_max_established_incoming(Some(links / 4 * 3))
                .with_max_established(Some(links)),
        ),
        link: link::handler::Behaviour::default(),
        identify: identify::Behaviour::new(
            identify::Config::new(PROTOCOL_VERSION.to_owned(), keypair.public())
                .with_agent_version("hearth".to_owned())
                .with_push_listen_addr_updates(true),
        ),
        ping: ping::Behaviour::new(ping::Config::new().with_interval(PING_EVERY).with_timeout(PING_TIMEOUT)),
        mdns: Toggle::from(mdns),
        gossip: gossip::behaviour()?,
    };
    let transports = || {
        SwarmBuilder::with_existing_identity(keypair.clone())
            .with_tokio()
            .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
            .map(|builder| builder.with_quic())
            .map_err(setup)
    };
    let idle = |config: libp2p::swarm::Config| config.with_idle_connection_timeout(IDLE);
    let swarm = match transports()?.with_dns() {
        Ok(builder) => builder.with_behaviour(|_| behaviour).map_err(setup)?.with_swarm_config(idle).build(),
        Err(error) => {
            // Without the system's own name servers, names stay unresolved; strangers' servers are not asked instead.
            tracing::debug!(%error, "no name servers");
            transports()?
                .with_dns_config(dns::ResolverConfig::new(), dns::ResolverOpts::default())
                .with_behaviour(|_| behaviour)
                .map_err(setup)?
                .with_swarm_config(idle)
                .build()
        }
    };
    Ok((swarm, troubles))
}

/// mDNS, if this computer can send to a group at all; the library itself only logs that it cannot.
fn discovery(me: PeerId, troubles: &mut Vec<NetEvent>) -> Option<mdns::tokio::Behaviour> {
    let found = mdns::tokio::Behaviour::new(mdns::Config::default(), me);
    // The behaviour is kept even where nothing can be sent now: it takes up networks as they come.
    if let Some(error) = multicast_works().err().or_else(|| found.as_ref().err().map(|e| e.kind().into())) {
        tracing::debug!(%error, "no multicast");
        troubles.push(NetEvent::Trouble {
            code: "no_multicast",
            why: "This network does not let devices find each other by themselves. Others on it can still be \
                  reached by an invite link."
                .to_owned(),
        });
    }
    found.ok()
}

/// Joins the group on any of this computer's networks, without sending anything. A network without a way out to others,
/// two computers on one cable say, is enough.
fn multicast_works() -> std::io::Result<()> {
    let mut last = std::io::ErrorKind::NetworkUnreachable.into();
    for interface in if_addrs::get_if_addrs()?.into_iter().filter(|i| !i.is_loopback()) {
        let IpAddr::V4(address) = interface.ip() else { continue };
        let joined = UdpSocket::bind((address, 0)).and_then(|socket| {
            socket.join_multicast_v4(&MDNS_GROUP, &address)?;
            socket.connect((MDNS_GROUP, 5353))
        });
        match joined {
            Ok(()) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}
