//! Dialling a peer: QUIC first, TCP a moment later, one word about the outcome.

use super::{Actor, Timer};
use crate::{address, key};
use hearth_ports::NetEvent;
use hearth_types::{PeerKey, limits};
use libp2p::{
    Multiaddr, PeerId,
    swarm::{
        ConnectionId, DialError,
        dial_opts::{DialOpts, PeerCondition},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

/// How long QUIC is alone. Both at once would leave a second connection on most dials.
const QUIC_ALONE: Duration = Duration::from_millis(300);
/// An attempt that led to no link by then has failed.
const GIVE_UP: Duration = Duration::from_secs(15);

/// What is told of a failed attempt: the most telling of what happened, so the order matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    NoAddress,
    NoAnswer,
    Dropped,
    Full,
    Myself,
    SomebodyElse,
    Foreign,
}

impl Why {
    fn sentence(self) -> &'static str {
        match self {
            Self::NoAddress => "There is no address to try.",
            Self::NoAnswer => "Nobody answers there. The other device may be off or behind a closed router.",
            Self::Dropped => "The other device hung up.",
            Self::Full => "Too many connections are open. Try again in a moment.",
            Self::Myself => "That address is this device itself.",
            Self::SomebodyElse => "Another device answers at that address.",
            Self::Foreign => "What answers there is not Hearth.",
        }
    }
    fn of(error: &DialError) -> Self {
        match error {
            DialError::LocalPeerId { .. } => Self::Myself,
            DialError::WrongPeerId { .. } => Self::SomebodyElse,
            DialError::Denied { .. } => Self::Full,
            DialError::NoAddresses => Self::NoAddress,
            DialError::Aborted => Self::Dropped,
            DialError::Transport(_) | DialError::DialPeerConditionFalse(_) => Self::NoAnswer,
        }
    }
}

/// A handshake unanswered for this long repeats itself ever more rarely: who asks again gets a new one beside it.
const STALE: Duration = Duration::from_millis(2_500);

/// One `Dial` that led to no link yet.
struct Attempt {
    /// When something was last sent out that had not been before.
    launched: Instant,
    /// As it was asked for, and is reported.
    asked: Option<PeerKey>,
    /// Whom it is about, once known.
    peer: Option<PeerId>,
    /// Addresses of the next stage.
    later: Vec<Multiaddr>,
    flying: BTreeSet<ConnectionId>,
    why: Why,
}

/// Attempts under way.
#[derive(Default)]
pub struct Dials {
    attempts: BTreeMap<u64, Attempt>,
    by_connection: BTreeMap<ConnectionId, u64>,
    count: u64,
}

impl Dials {
    fn of_peer(&mut self, peer: PeerId) -> Vec<u64> {
        self.attempts.iter().filter(|(_, a)| a.peer == Some(peer)).map(|(id, _)| *id).collect()
    }
    fn remove(&mut self, id: u64) -> Option<Attempt> {
        let attempt = self.attempts.remove(&id)?;
        for connection in &attempt.flying {
            self.by_connection.remove(connection);
        }
        Some(attempt)
    }
}

impl Actor {
    fn dial_failed(&mut self, peer: Option<PeerKey>, why: Why) {
        self.outbox.push_back(NetEvent::DialFailed { peer, why: why.sentence().to_owned() });
    }

    pub(super) fn dial(&mut self, asked: Option<PeerKey>, addresses: &[String]) {
        if asked == Some(self.me) {
            return self.dial_failed(asked, Why::Myself);
        }
        let mut peer = match asked.map(|key| key::peer_id(&key)) {
            Some(None) => return self.dial_failed(asked, Why::NoAddress),
            known => known.flatten(),
        };
        let mut usable: Vec<Multiaddr> = Vec::new();
        for text in addresses.iter().take(limits::PEER_ADDRESSES) {
            let Ok(parsed) = text.parse() else { continue };
            let (parsed, named) = address::split_peer(parsed);
            if !address::is_dialable(&parsed) || usable.contains(&parsed) {
                continue;
            }
            if named.is_some() && peer.is_some() && named != peer {
                continue;
            }
            peer = peer.or(named);
            usable.push(parsed);
        }
        if peer == key::peer_id(&self.me) {
            return self.dial_failed(asked, Why::Myself);
        }
        if peer.is_some_and(|peer| self.is_linked(&peer)) {
            return;
        }
        if usable.is_empty() {
            return self.dial_failed(asked, Why::NoAddress);
        }
        if let Some(under_way) = peer.and_then(|peer| self.dials.of_peer(peer).first().copied()) {
            if let Some(attempt) = self.dials.attempts.get_mut(&under_way) {
                usable.retain(|address| !attempt.later.contains(address));
                attempt.later.extend(usable);
                attempt.later.truncate(2 * limits::PEER_ADDRESSES);
                if attempt.launched.elapsed() >= STALE {
                    self.next_stage(under_way);
                }
            }
            return;
        }
        if self.dials.attempts.len() >= limits::DIALS {
            return self.dial_failed(asked, Why::Full);
        }
        let (mut first, mut later): (Vec<_>, Vec<_>) = usable.into_iter().partition(address::is_quic);
        if first.is_empty() {
            std::mem::swap(&mut first, &mut later);
        }
        self.dials.count += 1;
        let id = self.dials.count;
        let attempt =
            Attempt { launched: Instant::now(), asked, peer, later, flying: BTreeSet::new(), why: Why::NoAddress };
        self.dials.attempts.insert(id, attempt);
        self.timers.after(QUIC_ALONE, Timer::NextStage(id));
        self.timers.after(GIVE_UP, Timer::GiveUp(id));
        self.launch(id, first, PeerCondition::DisconnectedAndNotDialing);
    }

    fn launch(&mut self, id: u64, addresses: Vec<Multiaddr>, condition: PeerCondition) {
        let Some(attempt) = self.dials.attempts.get_mut(&id) else { return };
        let dials: Vec<(DialOpts, Vec<Multiaddr>)> = match attempt.peer {
            Some(peer) => {
                let opts = DialOpts::peer_id(peer).condition(condition).addresses(addresses.clone()).build();
                vec![(opts, addresses)]
            }
            None => addresses.into_iter().map(|a| (DialOpts::unknown_peer_id().address(a).build(), vec![])).collect(),
        };
        for (opts, addresses) in dials {
            let connection = opts.connection_id();
            match self.swarm.dial(opts) {
                Ok(()) => {
                    attempt.flying.insert(connection);
                    self.dials.by_connection.insert(connection, id);
                }
                // A connection stands. It may be about to end, and then these are tried.
                Err(DialError::DialPeerConditionFalse(_)) => attempt.later.extend(addresses),
                Err(error) => attempt.why = attempt.why.max(Why::of(&error)),
            }
        }
        self.advance(id);
    }

    /// Nothing in the air: tries what is left, or waits for a connection to become a link, or gives up.
    fn advance(&mut self, id: u64) {
        let Some(attempt) = self.dials.attempts.get_mut(&id).filter(|a| a.flying.is_empty()) else { return };
        if attempt.peer.is_some_and(|peer| self.peers.contains_key(&peer) && self.swarm.is_connected(&peer)) {
            return;
        }
        if attempt.later.is_empty() {
            return self.give_up(id);
        }
        let addresses = std::mem::take(&mut attempt.later);
        self.launch(id, addresses, PeerCondition::Disconnected);
    }

    pub(super) fn next_stage(&mut self, id: u64) {
        let Some(attempt) = self.dials.attempts.get_mut(&id) else { return };
        let addresses = std::mem::take(&mut attempt.later);
        if !addresses.is_empty() {
            attempt.launched = Instant::now();
            self.launch(id, addresses, PeerCondition::Disconnected);
        }
    }

    pub(super) fn give_up(&mut self, id: u64) {
        if let Some(attempt) = self.dials.remove(id) {
            self.dial_failed(attempt.asked, attempt.why);
        }
    }

    pub(super) fn dial_error(&mut self, connection: ConnectionId, error: &DialError) {
        self.swarm.behaviour_mut().link.unwanted.remove(&connection);
        let Some(id) = self.dials.by_connection.remove(&connection) else { return };
        tracing::debug!(%error, "a dial failed");
        if let Some(attempt) = self.dials.attempts.get_mut(&id) {
            attempt.flying.remove(&connection);
            attempt.why = attempt.why.max(Why::of(error));
        }
        self.advance(id);
    }

    /// A connection we dialled stands; the attempt goes on until the link does.
    pub(super) fn dial_reached(&mut self, connection: ConnectionId, peer: PeerId) {
        let Some(id) = self.dials.by_connection.remove(&connection) else { return };
        if let Some(attempt) = self.dials.attempts.get_mut(&id) {
            attempt.flying.remove(&connection);
            attempt.peer.get_or_insert(peer);
        }
        if self.is_linked(&peer)
            && let Some(attempt) = self.dials.remove(id)
        {
            self.swarm.behaviour_mut().link.unwanted.extend(attempt.flying);
        }
    }

    /// A link to the peer stands.
    pub(super) fn dial_settled(&mut self, peer: PeerId) {
        for id in self.dials.of_peer(peer) {
            if let Some(attempt) = self.dials.remove(id) {
                self.swarm.behaviour_mut().link.unwanted.extend(attempt.flying);
            }
        }
    }

    /// The last connection to the peer is gone.
    pub(super) fn dial_lost(&mut self, peer: PeerId) {
        for id in self.dials.of_peer(peer) {
            if let Some(attempt) = self.dials.attempts.get_mut(&id) {
                attempt.why = attempt.why.max(Why::Dropped);
            }
            self.advance(id);
        }
    }

    /// The peer is not Hearth, and further addresses of it will not be either.
    pub(super) fn dial_foreign(&mut self, peer: PeerId) {
        for id in self.dials.of_peer(peer) {
            if let Some(attempt) = self.dials.attempts.get_mut(&id) {
                attempt.why = Why::Foreign;
            }
            self.give_up(id);
        }
    }
}
