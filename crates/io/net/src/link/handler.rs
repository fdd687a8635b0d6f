//! The libp2p behaviour that opens and accepts link streams.
//!
//! libp2p-stream is not used for this: it opens on a random connection of the peer, does not say which one, and drops an
//! incoming stream when two arrive at the same moment.

use super::PROTOCOL;
use libp2p::{
    Multiaddr, PeerId, Stream, StreamProtocol,
    core::{Endpoint, transport::PortUse, upgrade::ReadyUpgrade},
    swarm::{
        ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, FromSwarm, NetworkBehaviour,
        StreamUpgradeError, SubstreamProtocol, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
        handler::{ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound},
    },
};
use std::{
    collections::{BTreeSet, VecDeque},
    convert::Infallible,
    task::{Context, Poll},
};

/// What became of a connection's link stream.
#[derive(Debug)]
pub enum Outcome {
    /// It is open.
    Open(Stream),
    /// The other side has no such protocol.
    Foreign,
    /// It broke while being opened.
    Failed,
}

/// An outcome, and where.
#[derive(Debug)]
pub struct LinkStream {
    /// The peer.
    pub peer: PeerId,
    /// The connection.
    pub connection: ConnectionId,
    /// What happened.
    pub outcome: Outcome,
}

/// Reports one [`LinkStream`] per connection. Its queue is as long as there are connections.
#[derive(Default)]
pub struct Behaviour {
    outcomes: VecDeque<LinkStream>,
    /// Dials under way whose peer got a link in the meantime.
    pub unwanted: BTreeSet<ConnectionId>,
    /// Whether the node is shutting down and takes no new connection.
    pub closing: bool,
}

/// The connection is not needed any more.
#[derive(Debug, thiserror::Error)]
#[error("not needed any more")]
struct NotNeeded;

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = Handler;
    type ToSwarm = LinkStream;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        if self.closing { Err(ConnectionDenied::new(NotNeeded)) } else { Ok(Handler::new(Turn::Accept)) }
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let unwanted = self.unwanted.remove(&connection);
        if unwanted || self.closing { Err(ConnectionDenied::new(NotNeeded)) } else { Ok(Handler::new(Turn::Open)) }
    }

    fn on_swarm_event(&mut self, _: FromSwarm) {}

    fn on_connection_handler_event(&mut self, peer: PeerId, connection: ConnectionId, outcome: THandlerOutEvent<Self>) {
        self.outcomes.push_back(LinkStream { peer, connection, outcome });
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        self.outcomes.pop_front().map_or(Poll::Pending, |outcome| Poll::Ready(ToSwarm::GenerateEvent(outcome)))
    }
}

/// What one connection still has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// We dialled: open the stream.
    Open,
    /// They dialled: take the first stream they open.
    Accept,
    /// Nothing more.
    Done,
}

/// The part of [`Behaviour`] that lives on one connection.
pub struct Handler {
    turn: Turn,
    outcome: Option<Outcome>,
}

impl Handler {
    fn new(turn: Turn) -> Self {
        Self { turn, outcome: None }
    }
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Infallible;
    type ToBehaviour = Outcome;
    type InboundProtocol = ReadyUpgrade<StreamProtocol>;
    type OutboundProtocol = ReadyUpgrade<StreamProtocol>;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = ();

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol> {
        SubstreamProtocol::new(ReadyUpgrade::new(PROTOCOL), ())
    }

    fn poll(
        &mut self,
        _: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, (), Self::ToBehaviour>> {
        if let Some(outcome) = self.outcome.take() {
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(outcome));
        }
        if self.turn == Turn::Open {
            self.turn = Turn::Done;
            let protocol = SubstreamProtocol::new(ReadyUpgrade::new(PROTOCOL), ());
            return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol });
        }
        Poll::Pending
    }

    fn on_behaviour_event(&mut self, event: Self::FromBehaviour) {
        match event {}
    }

    fn on_connection_event(&mut self, event: ConnectionEvent<Self::InboundProtocol, Self::OutboundProtocol>) {
        match event {
            // A second stream, or one from the side that did not dial, is dropped.
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol, .. })
                if self.turn == Turn::Accept =>
            {
                self.turn = Turn::Done;
                self.outcome = Some(Outcome::Open(protocol));
            }
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound { protocol, .. }) => {
                self.outcome = Some(Outcome::Open(protocol));
            }
            ConnectionEvent::DialUpgradeError(DialUpgradeError { error, .. }) => {
                self.outcome = Some(match error {
                    StreamUpgradeError::NegotiationFailed => Outcome::Foreign,
                    _ => Outcome::Failed,
                });
            }
            _ => {}
        }
    }
}
