//! The loop that owns the swarm.
//!
//! It never waits for the reader of its events: what it has to say lies in `outbox`, and while that is long the swarm is
//! not polled, so peers wait instead. Commands are still taken then, so a kernel that sends before it reads cannot lock up.
//! A link's own events do not pass through here; its task reports them in order ([`crate::link::pump`]).

mod dialing;
mod links;
mod timers;

use crate::{
    address,
    behaviour::{Behaviour, BehaviourEvent, PROTOCOL_VERSION},
    gossip, key, listen,
};
use async_channel::{Receiver, Sender};
use dialing::Dials;
use futures::StreamExt;
use hearth_ports::{NetCommand, NetEvent};
use hearth_types::{PeerKey, limits};
use libp2p::{
    Multiaddr, PeerId, Swarm, gossipsub, identify, mdns, ping,
    swarm::{ConnectionId, SwarmEvent},
};
use links::{Conn, GoSeen, LinkOver, Peer};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};
use timers::{Timer, Timers};
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, sleep_until, timeout_at},
};

/// Events the actor holds before it stops listening to the swarm.
const OUTBOX: usize = 256;
/// Events it holds before it stops taking commands too.
const OUTBOX_MOST: usize = 4 * limits::NET_QUEUE;
/// How long after the start a computer without any address is worth a word.
const INTERFACES_AFTER: Duration = Duration::from_millis(1_500);
/// How long a shutdown may take.
const SHUTDOWN: Duration = Duration::from_millis(2_500);

/// State of a running node.
pub struct Actor {
    swarm: Swarm<Behaviour>,
    me: PeerKey,
    commands: Receiver<NetCommand>,
    events: Sender<NetEvent>,
    outbox: VecDeque<NetEvent>,
    peers: BTreeMap<PeerId, Peer>,
    connections: BTreeMap<ConnectionId, Conn>,
    /// Streams of which the other side may say that they are the link.
    gos: JoinSet<GoSeen>,
    /// Links that stand or are ending.
    links: JoinSet<LinkOver>,
    dials: Dials,
    timers: Timers,
    waiting: gossip::Waiting,
    topics: BTreeSet<String>,
    listening: BTreeSet<Multiaddr>,
    /// Whether a missing network was told, and is to be told at all.
    no_network: Option<bool>,
}

impl Actor {
    /// A node that does not listen yet.
    pub fn new(
        swarm: Swarm<Behaviour>,
        me: PeerKey,
        commands: Receiver<NetCommand>,
        events: Sender<NetEvent>,
        troubles: Vec<NetEvent>,
    ) -> Self {
        Self {
            swarm,
            me,
            commands,
            events,
            outbox: troubles.into(),
            peers: BTreeMap::new(),
            connections: BTreeMap::new(),
            gos: JoinSet::new(),
            links: JoinSet::new(),
            dials: Dials::default(),
            timers: Timers::default(),
            waiting: gossip::Waiting::default(),
            topics: BTreeSet::new(),
            listening: BTreeSet::new(),
            no_network: None,
        }
    }

    /// Runs until told to stop or until nobody holds the handle any more.
    pub async fn run(mut self, wanted: Vec<listen::Wanted>) {
        self.outbox.extend(listen::open(&wanted, |address| self.swarm.listen_on(address)));
        if wanted.iter().any(listen::is_everywhere) {
            self.no_network = Some(false);
            self.timers.after(INTERFACES_AFTER, Timer::Interfaces);
        }
        self.timers.after(links::IDLE_SWEEP, Timer::IdleSweep);
        self.timers.after(links::SILENCE_SWEEP, Timer::SilenceSweep);

        // async-channel cannot reserve room without giving up the event, so a task in between does the waiting.
        let (forward, mut forwarded) = mpsc::channel(1);
        let events = self.events.clone();
        tokio::spawn(async move {
            while let Some(event) = forwarded.recv().await {
                if events.send(event).await.is_err() {
                    return;
                }
            }
        });

        loop {
            let wake = self.timers.next();
            tokio::select! {
                room = forward.reserve(), if !self.outbox.is_empty() => match (room, self.outbox.pop_front()) {
                    (Ok(room), Some(event)) => room.send(event),
                    _ => break,
                },
                command = self.commands.recv(), if self.outbox.len() < OUTBOX_MOST => match command {
                    Ok(NetCommand::Shutdown) | Err(_) => break,
                    Ok(command) => self.command(command),
                },
                Some(Ok(seen)) = self.gos.join_next() => self.go_seen(seen),
                Some(Ok(over)) = self.links.join_next() => self.link_ended(over),
                event = self.swarm.select_next_some(), if self.outbox.len() < OUTBOX => self.swarm_event(event),
                () = sleep_until(wake) => while let Some(timer) = self.timers.due(Instant::now()) {
                    self.timer(timer);
                },
            }
        }
        self.shut_down(forward).await;
    }

    /// Gives links a moment to hand over what is queued, and the reader to take the last events.
    async fn shut_down(mut self, forward: mpsc::Sender<NetEvent>) {
        self.commands.close();
        self.stop_all_links();
        let until = Instant::now() + SHUTDOWN;
        let _ = timeout_at(until, async {
            while !self.links.is_empty() || !self.outbox.is_empty() {
                tokio::select! {
                    room = forward.reserve(), if !self.outbox.is_empty() => match (room, self.outbox.pop_front()) {
                        (Ok(room), Some(event)) => room.send(event),
                        _ => return,
                    },
                    Some(_) = self.links.join_next() => {}
                    _ = self.swarm.select_next_some() => {}
                }
            }
        })
        .await;
    }

    fn command(&mut self, command: NetCommand) {
        match command {
            NetCommand::Dial { peer, addresses } => self.dial(peer, &addresses),
            NetCommand::Send { link, frame } => self.send(&link, frame),
            NetCommand::Close { link } => self.close(&link),
            NetCommand::SetMember { link, member } => self.set_member(&link, member),
            NetCommand::Subscribe { topic } => self.subscribe(topic),
            NetCommand::Unsubscribe { topic } => {
                self.topics.remove(&topic);
                self.swarm.behaviour_mut().gossip.unsubscribe(&gossip::topic(&topic));
            }
            NetCommand::Publish { topic, payload } => self.publish(&topic, payload),
            NetCommand::Judge { token, verdict } => {
                if let Some((id, from)) = self.waiting.take(token) {
                    let acceptance = gossip::acceptance(verdict);
                    self.swarm.behaviour_mut().gossip.report_message_validation_result(&id, &from, acceptance);
                }
            }
            NetCommand::Shutdown => {}
        }
    }

    fn timer(&mut self, timer: Timer) {
        match timer {
            Timer::Reap(peer) => self.reap(peer),
            Timer::Revive(peer) => self.start_link(peer),
            Timer::Settle(connection) => self.settle(connection),
            Timer::NextStage(attempt) => self.next_stage(attempt),
            Timer::GiveUp(attempt) => self.give_up(attempt),
            Timer::Interfaces => self.check_interfaces(),
            Timer::SilenceSweep => {
                self.sweep_silent();
                self.timers.after(links::SILENCE_SWEEP, Timer::SilenceSweep);
            }
            Timer::IdleSweep => {
                self.sweep_idle();
                self.timers.after(links::IDLE_SWEEP, Timer::IdleSweep);
            }
        }
    }

    fn trouble(&mut self, code: &'static str, why: impl Into<String>) {
        self.outbox.push_back(NetEvent::Trouble { code, why: why.into() });
    }

    fn subscribe(&mut self, name: String) {
        if self.topics.contains(&name) {
            return;
        }
        if self.topics.len() >= limits::TOPICS {
            return self.trouble(
                "too_many_topics",
                "This device takes part in too many communities at once. Leave one to follow another.",
            );
        }
        let topic = gossip::topic(&name);
        let behaviour = &mut self.swarm.behaviour_mut().gossip;
        if let Err(error) = behaviour.subscribe(&topic) {
            tracing::debug!(%error, "subscribe");
            return;
        }
        if let Err(error) = behaviour.set_topic_params(topic, gossip::topic_score()) {
            tracing::debug!(error, "topic score");
        }
        self.topics.insert(name);
    }

    fn publish(&mut self, topic: &str, payload: Vec<u8>) {
        if payload.len() > limits::GOSSIP_BYTES {
            return self.trouble(
                "too_long",
                "Something was too long to be passed on to everybody at once; it reaches the others a little later.",
            );
        }
        // Nobody subscribed, already published, every queue full: in each case comparing heads brings it over later.
        if let Err(error) = self.swarm.behaviour_mut().gossip.publish(gossip::topic(topic).hash(), payload) {
            tracing::debug!(%error, "publish");
        }
    }

    fn swarm_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(event) => self.behaviour_event(event),
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
                self.connected(peer_id, connection_id, &endpoint);
            }
            SwarmEvent::ConnectionClosed { peer_id, connection_id, .. } => self.disconnected(peer_id, connection_id),
            SwarmEvent::OutgoingConnectionError { connection_id, error, .. } => self.dial_error(connection_id, &error),
            SwarmEvent::NewListenAddr { address, .. } => {
                let useless =
                    address::ip(&address).is_none_or(|ip| ip.is_unspecified()) || address::is_of_one_cable(&address);
                if !useless && self.listening.insert(address.clone()) {
                    self.outbox.push_back(NetEvent::Listening { address: address::text(&address) });
                    if !address::is_loopback(&address) && self.no_network == Some(true) {
                        self.no_network = Some(false);
                    }
                }
            }
            SwarmEvent::ExpiredListenAddr { address, .. } => {
                self.listen_ended(&address);
                self.check_interfaces();
                let still = |ip| self.listening.iter().any(|other| address::ip(other) == Some(ip));
                if let Some(ip) = address::ip(&address).filter(|ip| !still(*ip)) {
                    self.address_gone(ip);
                }
            }
            SwarmEvent::ListenerClosed { addresses, reason, .. } => {
                addresses.iter().for_each(|address| self.listen_ended(address));
                if let Err(error) = reason {
                    tracing::debug!(%error, "a listener ended");
                    self.trouble("cannot_listen", "Hearth can no longer be reached on one of its addresses. Restart it if others cannot reach this device.");
                }
            }
            _ => {}
        }
    }

    fn listen_ended(&mut self, address: &Multiaddr) {
        if self.listening.remove(address) {
            self.outbox.push_back(NetEvent::ListenEnded { address: address::text(address) });
        }
    }

    fn check_interfaces(&mut self) {
        if self.no_network == Some(false) && self.listening.iter().all(address::is_loopback) {
            self.no_network = Some(true);
            self.trouble(
                "no_network",
                "This computer is not connected to any network. Hearth goes on by itself once it is.",
            );
        }
    }

    fn behaviour_event(&mut self, event: BehaviourEvent) {
        match event {
            BehaviourEvent::Link(stream) => self.link_stream(stream),
            BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. }) => {
                if info.protocol_version == PROTOCOL_VERSION {
                    self.peer_listens_on(peer_id, info.listen_addrs);
                } else {
                    self.foreign(peer_id);
                }
            }
            BehaviourEvent::Ping(ping::Event { peer, connection, result }) => match result {
                Ok(rtt) => self.round_trip(peer, connection, rtt),
                Err(ping::Failure::Unsupported) => {}
                Err(error) => {
                    tracing::debug!(%error, "a peer no longer answers");
                    self.silent(connection);
                }
            },
            BehaviourEvent::Mdns(mdns::Event::Discovered(found)) => self.discovered(found),
            BehaviourEvent::Gossip(gossipsub::Event::Message { propagation_source, message_id, message }) => {
                self.gossiped(propagation_source, message_id, message);
            }
            _ => {}
        }
    }

    fn discovered(&mut self, found: Vec<(PeerId, Multiaddr)>) {
        let mut peers: BTreeMap<PeerId, Vec<Multiaddr>> = BTreeMap::new();
        for (peer, address) in found {
            peers.entry(peer).or_default().push(address);
        }
        for (id, addresses) in peers {
            let addresses = address::worth_keeping(addresses, false);
            if let Some(peer) = key::peer_key(&id).filter(|peer| *peer != self.me && !addresses.is_empty()) {
                self.outbox.push_back(NetEvent::Discovered { peer, addresses });
            }
        }
    }

    fn gossiped(&mut self, from: PeerId, id: gossipsub::MessageId, message: gossipsub::Message) {
        let gossip = &mut self.swarm.behaviour_mut().gossip;
        let peer = match key::peer_key(&from) {
            Some(peer) if message.data.len() <= limits::GOSSIP_BYTES => peer,
            _ => {
                gossip.report_message_validation_result(&id, &from, gossipsub::MessageAcceptance::Reject);
                return;
            }
        };
        let now = Instant::now();
        while let Some((id, from)) = self.waiting.expire(now) {
            gossip.report_message_validation_result(&id, &from, gossipsub::MessageAcceptance::Ignore);
        }
        let (token, gone) = self.waiting.push(id, from, now);
        if let Some((id, from)) = gone {
            gossip.report_message_validation_result(&id, &from, gossipsub::MessageAcceptance::Ignore);
        }
        let topic = message.topic.into_string();
        self.outbox.push_back(NetEvent::Gossip { topic, from: peer, payload: message.data, token });
    }
}
