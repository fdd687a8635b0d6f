//! Connections become links, and end.

use super::{Actor, Timer};
use crate::{
    address, gossip, key,
    link::{
        handler::{LinkStream, Outcome},
        pump::{self, Ended, LinkEnd, NotQueued, Stop},
    },
};
use hearth_ports::{Direction, NetEvent};
use hearth_types::{PeerKey, limits};
use libp2p::{Multiaddr, PeerId, Stream, core::ConnectedPoint, swarm::ConnectionId};
use std::{
    collections::BTreeSet,
    net::IpAddr,
    time::{Duration, Instant},
};

/// How long two connections to one peer stand side by side, so that what is under way on the second can end.
const REAP: Duration = Duration::from_secs(2);
/// The side that does not choose waits longer, lest it close what the chooser is about to choose.
const REAP_LATE: Duration = Duration::from_secs(6);
/// After a link was closed, how long a second connection has to be closed too before it is taken for a new dial.
const REVIVE: Duration = Duration::from_millis(300);
/// A connection without a link by then is no use.
const SETTLE: Duration = Duration::from_secs(10);
/// Both sides may dial at once; a link this old is past that.
const SETTLED: Duration = Duration::from_secs(5);
/// Strangers' links without a frame for this long are closed.
pub const IDLE_SWEEP: Duration = Duration::from_secs(300);
/// A connection whose pings went unanswered for this long is dead. The library alone would take up to 36 s to say so,
/// because it passes over a first failure.
const SILENT: Duration = Duration::from_secs(18);
/// Between two looks for silent connections.
pub const SILENCE_SWEEP: Duration = Duration::from_secs(3);

/// A connection.
pub struct Conn {
    peer: PeerId,
    dialer: bool,
    address: Multiaddr,
    /// This computer's address that it goes out by.
    out_by: Option<IpAddr>,
    rtt_ms: Option<u32>,
    since: Instant,
    /// When it was set up, or last answered a ping.
    heard: Instant,
}

/// A peer with at least one connection, or a link that is ending.
pub struct Peer {
    key: PeerKey,
    connections: BTreeSet<ConnectionId>,
    link: Option<Link>,
    /// Streams that may become the link when there is none.
    spares: Vec<(ConnectionId, Stream)>,
    /// Its own account of where it listens.
    listens_on: Vec<Multiaddr>,
    member: bool,
}

struct Link {
    connection: ConnectionId,
    end: LinkEnd,
    activity: u64,
}

/// Whose link ended, which and how.
pub struct LinkOver {
    peer: PeerId,
    connection: ConnectionId,
    ended: Ended,
}

/// A stream on which the other side's choice was awaited; none if it never came.
pub struct GoSeen {
    peer: PeerId,
    connection: ConnectionId,
    stream: Option<Stream>,
}

impl Actor {
    fn is_chooser(&self, key: &PeerKey) -> bool {
        self.me < *key
    }

    /// Whether a link to the peer stands and is not about to end.
    pub(super) fn is_linked(&self, peer: &PeerId) -> bool {
        let link = self.peers.get(peer).and_then(|peer| peer.link.as_ref());
        link.is_some_and(|link| !link.end.is_ending())
    }

    /// Whether there is a connection that may yet become a link.
    pub(super) fn is_connected(&self, peer: &PeerId) -> bool {
        self.peers.get(peer).is_some_and(|peer| !peer.connections.is_empty())
    }

    pub(super) fn connected(&mut self, id: PeerId, connection: ConnectionId, endpoint: &ConnectedPoint) {
        let Some(key) = key::peer_key(&id) else {
            self.swarm.close_connection(connection);
            return;
        };
        let (address, _) = address::split_peer(endpoint.get_remote_address().clone());
        let dialer = endpoint.is_dialer();
        let out_by = address::ip(&address).and_then(address::out_by);
        let conn =
            Conn { peer: id, dialer, address, out_by, rtt_ms: None, since: Instant::now(), heard: Instant::now() };
        self.connections.insert(connection, conn);
        let peer = self.peers.entry(id).or_insert_with(|| Peer {
            key,
            connections: BTreeSet::new(),
            link: None,
            spares: Vec::new(),
            listens_on: Vec::new(),
            member: false,
        });
        peer.connections.insert(connection);
        self.timers.after(SETTLE, Timer::Settle(connection));
        if dialer {
            self.dial_reached(connection, id);
        }
        match self.outlived(id).filter(|_| !dialer) {
            Some(old) => self.silent(old),
            None => self.reap_later(id),
        }
    }

    /// The connection of a link that this side chose some time ago. Nobody dials whom they have a link with, so a peer that
    /// dials now has lost it, and what is left of it here would only be found dead by and by.
    fn outlived(&self, id: PeerId) -> Option<ConnectionId> {
        let peer = self.peers.get(&id).filter(|peer| self.is_chooser(&peer.key))?;
        let link = peer.link.as_ref()?;
        let since = self.connections.get(&link.connection)?.since;
        (since.elapsed() >= SETTLED).then_some(link.connection)
    }

    fn reap_later(&mut self, id: PeerId) {
        let Some(peer) = self.peers.get(&id) else { return };
        if peer.connections.len() > 1 {
            let delay = if self.is_chooser(&peer.key) { REAP } else { REAP_LATE };
            self.timers.after(delay, Timer::Reap(id));
        }
    }

    pub(super) fn link_stream(&mut self, LinkStream { peer: id, connection, outcome }: LinkStream) {
        let mut stream = match outcome {
            Outcome::Open(stream) => stream,
            Outcome::Foreign => return self.foreign(id),
            Outcome::Failed => {
                self.swarm.close_connection(connection);
                return;
            }
        };
        let Some(peer) = self.peers.get_mut(&id).filter(|peer| peer.connections.contains(&connection)) else { return };
        if self.me < peer.key {
            peer.spares.push((connection, stream));
            self.start_link(id);
        } else {
            self.gos.spawn(async move {
                let seen = pump::await_go(&mut stream).await;
                GoSeen { peer: id, connection, stream: seen.is_ok().then_some(stream) }
            });
        }
    }

    /// The chooser has chosen. If we still hold an older link, the chooser saw that one end.
    pub(super) fn go_seen(&mut self, GoSeen { peer: id, connection, stream }: GoSeen) {
        let Some(peer) = self.peers.get_mut(&id).filter(|peer| peer.connections.contains(&connection)) else { return };
        let Some(stream) = stream else {
            self.swarm.close_connection(connection);
            return;
        };
        if let Some(link) = &mut peer.link {
            link.end.stop(Stop::Replaced);
        }
        peer.spares.push((connection, stream));
        self.start_link(id);
    }

    /// Makes a spare stream the link, if there is none.
    pub(super) fn start_link(&mut self, id: PeerId) {
        let Some(peer) = self.peers.get_mut(&id).filter(|peer| peer.link.is_none()) else { return };
        let Some((connection, stream)) = peer.spares.pop() else { return };
        let Some(conn) = self.connections.get(&connection) else { return };
        let (key, chooser) = (peer.key, self.me < peer.key);
        let (end, task) = pump::link(key, self.events.clone());
        let up = NetEvent::LinkUp {
            link: key,
            direction: if conn.dialer { Direction::Dialer } else { Direction::Listener },
            address: conn.address.to_string(),
            route: address::route(&conn.address),
        };
        if let Some(rtt_ms) = conn.rtt_ms {
            end.note(NetEvent::Rtt { link: key, rtt_ms });
        }
        peer.link = Some(Link { connection, end, activity: 0 });
        self.links.spawn(async move {
            let ended = task.run(stream, chooser, up).await;
            LinkOver { peer: id, connection, ended }
        });
        self.note_addresses(id);
        self.dial_settled(id);
        self.reap_later(id);
    }

    pub(super) fn link_ended(&mut self, LinkOver { peer: id, connection, ended }: LinkOver) {
        self.swarm.close_connection(connection);
        let Some(peer) = self.peers.get_mut(&id) else { return };
        peer.link = None;
        peer.member = false;
        peer.spares.retain(|(spare, _)| *spare != connection);
        match ended {
            Ended::Replaced | Ended::Lost => self.lost(id),
            Ended::Closed => self.timers.after(REVIVE, Timer::Revive(id)),
        }
        self.forget_if_gone(id);
    }

    /// A link's connection is dead, for us or for the chooser. The peer may have begun anew, and gossip names its topics on
    /// the first of a peer's connections only: what was set up beside the dead one ends too, and the next is a first.
    fn lost(&mut self, id: PeerId) {
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.spares.clear();
        }
        let _ = self.swarm.disconnect_peer_id(id);
    }

    pub(super) fn disconnected(&mut self, id: PeerId, connection: ConnectionId) {
        self.connections.remove(&connection);
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.connections.remove(&connection);
            peer.spares.retain(|(spare, _)| *spare != connection);
            // A link's task sees the end of its stream by itself, after the frames that arrived before it.
        }
        self.forget_if_gone(id);
        if !self.is_connected(&id) {
            self.dial_lost(id);
        }
    }

    fn forget_if_gone(&mut self, id: PeerId) {
        if self.peers.get(&id).is_some_and(|peer| peer.connections.is_empty() && peer.link.is_none()) {
            self.peers.remove(&id);
        }
    }

    /// Not Hearth: every connection to it goes.
    pub(super) fn foreign(&mut self, id: PeerId) {
        tracing::debug!("a peer that is not Hearth");
        self.dial_foreign(id);
        let _ = self.swarm.disconnect_peer_id(id);
    }

    pub(super) fn reap(&mut self, id: PeerId) {
        let Some(peer) = self.peers.get(&id) else { return };
        let Some(link) = &peer.link else { return };
        for connection in peer.connections.iter().filter(|connection| **connection != link.connection) {
            self.swarm.close_connection(*connection);
        }
    }

    pub(super) fn settle(&mut self, connection: ConnectionId) {
        let Some(conn) = self.connections.get(&connection) else { return };
        let link = self.peers.get(&conn.peer).and_then(|peer| peer.link.as_ref());
        if link.is_none_or(|link| link.connection != connection) {
            self.swarm.close_connection(connection);
        }
    }

    /// Ends a link and what stands beside it; a later connection is a new dial.
    fn end_link(&mut self, id: PeerId, how: Stop) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let Some(link) = &mut peer.link else { return };
        link.end.stop(how);
        peer.spares.clear();
        for connection in peer.connections.iter().filter(|connection| **connection != link.connection) {
            self.swarm.close_connection(*connection);
        }
    }

    pub(super) fn sweep_silent(&mut self) {
        let silent: Vec<ConnectionId> =
            self.connections.iter().filter(|(_, c)| c.heard.elapsed() > SILENT).map(|(id, _)| *id).collect();
        silent.into_iter().for_each(|connection| self.silent(connection));
    }

    /// Ends a connection on which nothing comes any more. Its link does not wait for what TCP may still deliver: the
    /// stream of a dead connection stays open until the operating system gives it up.
    pub(super) fn silent(&mut self, connection: ConnectionId) {
        let Some(id) = self.connections.get(&connection).map(|conn| conn.peer) else { return };
        let link = self.peers.get_mut(&id).and_then(|peer| peer.link.as_mut());
        match link.filter(|link| link.connection == connection) {
            Some(link) => {
                link.end.stop(Stop::Now);
                self.lost(id);
            }
            None => {
                self.swarm.close_connection(connection);
            }
        }
    }

    /// This computer has that address no longer: what went out by it is dead, and others are dialled anew at once.
    pub(super) fn address_gone(&mut self, gone: IpAddr) {
        let dead = self.connections.iter().filter(|(_, conn)| conn.out_by == Some(gone));
        let dead: Vec<_> = dead.map(|(connection, _)| *connection).collect();
        dead.into_iter().for_each(|connection| self.silent(connection));
    }

    pub(super) fn sweep_idle(&mut self) {
        let mut idle = Vec::new();
        for (id, peer) in &mut self.peers {
            let Some(link) = &mut peer.link else { continue };
            let activity = link.end.activity();
            if !peer.member && activity == link.activity {
                idle.push(*id);
            }
            // The first sweep of a link that never carried anything must not end it at once.
            link.activity = activity.max(1);
        }
        idle.into_iter().for_each(|id| self.end_link(id, Stop::Now));
    }

    pub(super) fn send(&mut self, key: &PeerKey, frame: Vec<u8>) {
        if frame.is_empty() || frame.len() > limits::FRAME_BYTES {
            tracing::error!(bytes = frame.len(), "a frame of a length that no link carries was not sent");
            return self.trouble("frame_length", "Something could not be sent because it is too long or empty.");
        }
        let Some(id) = key::peer_id(key) else { return };
        let Some(link) = self.peers.get(&id).and_then(|peer| peer.link.as_ref()) else { return };
        if link.end.send(frame) == Err(NotQueued::Overflow) {
            tracing::debug!(peer = %key.short(), "a link's queue overflowed");
            self.end_link(id, Stop::Now);
        }
    }

    pub(super) fn close(&mut self, key: &PeerKey) {
        if let Some(id) = key::peer_id(key) {
            self.end_link(id, Stop::Drain);
        }
    }

    pub(super) fn stop_all_links(&mut self) {
        self.swarm.behaviour_mut().link.closing = true;
        let all: Vec<PeerId> = self.peers.keys().copied().collect();
        all.into_iter().for_each(|id| self.end_link(id, Stop::Drain));
    }

    pub(super) fn set_member(&mut self, key: &PeerKey, member: bool) {
        let Some(id) = key::peer_id(key) else { return };
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let was = std::mem::replace(&mut peer.member, member);
        let score = match (was, member) {
            (_, true) => gossip::MEMBER_SCORE,
            (true, false) => gossip::FORMER_MEMBER_SCORE,
            (false, false) => return,
        };
        self.swarm.behaviour_mut().gossip.set_application_score(&id, score);
    }

    pub(super) fn peer_listens_on(&mut self, id: PeerId, addresses: Vec<Multiaddr>) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        // Cut before it is kept: one foreign list is as long as its sender likes.
        let mut addresses = addresses;
        addresses.truncate(4 * limits::PEER_ADDRESSES);
        peer.listens_on = addresses;
        self.note_addresses(id);
    }

    fn note_addresses(&self, id: PeerId) {
        let Some(peer) = self.peers.get(&id) else { return };
        let Some(link) = &peer.link else { return };
        let over_loopback = self.connections.get(&link.connection).is_some_and(|c| address::is_loopback(&c.address));
        let addresses = address::worth_keeping(peer.listens_on.iter().cloned(), over_loopback);
        if !addresses.is_empty() {
            link.end.note(NetEvent::PeerAddresses { link: peer.key, addresses });
        }
    }

    pub(super) fn round_trip(&mut self, id: PeerId, connection: ConnectionId, rtt: Duration) {
        let rtt_ms = u32::try_from(rtt.as_millis()).unwrap_or(u32::MAX);
        if let Some(conn) = self.connections.get_mut(&connection) {
            conn.rtt_ms = Some(rtt_ms);
            conn.heard = Instant::now();
        }
        let Some(peer) = self.peers.get(&id) else { return };
        if let Some(link) = peer.link.as_ref().filter(|link| link.connection == connection) {
            link.end.note(NetEvent::Rtt { link: peer.key, rtt_ms });
        }
    }
}
