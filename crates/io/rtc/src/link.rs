//! One link: how two peers agree on a connection, and what becomes of it.
//!
//! Perfect negotiation with one simplification: the polite side never offers. It says `hello` when it opens and `restart`
//! when it wants another way, and the impolite side offers. So two of ours never collide, and with a foreign peer that
//! offers as well, the impolite side ignores an offer that meets its own, and the polite side gives its own up.
//!
//! Each connection has a random name. A message for an earlier one is ignored, and a new name at the other side means
//! that it began anew, so this side does too.

pub mod connection;
pub mod inlet;
mod negotiation;
pub mod outlet;

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use async_channel::{Receiver, Sender};
use hearth_ports::rtc::{MediaRoute, MediaState, RtcEvent};
use hearth_types::PeerKey;
use webrtc::peer_connection::{PeerConnection, RTCPeerConnectionState, StatsSelector};

use crate::limits::{CONNECT, REPEAT, STATS};
use crate::route;
use crate::signal::{Body, Signal};
use connection::{Connection, Local, Settings};
use negotiation::Round;
use outlet::Outlet;

/// What reaches a link from the node.
pub enum Inbox {
    /// The peer's bytes.
    Signal(Vec<u8>),
    /// Find another way.
    Restart,
}

/// Why a link ends.
enum End {
    /// The node closed it, or is gone.
    Closed,
    /// There is no way; for people.
    Failed(&'static str),
}

/// The task of one link.
pub struct Link {
    peer: PeerKey,
    polite: bool,
    relay_only: bool,
    settings: Arc<Settings>,
    outlet: Arc<Outlet>,
    inbox: Receiver<Inbox>,
    events: Sender<RtcEvent>,
    media: Sender<RtcEvent>,
    /// What was told last.
    told: Option<MediaState>,
    wired: bool,
    /// When there must be a way, while there is none.
    deadline: Option<tokio::time::Instant>,
    /// When the ways by TCP are tried.
    tcp_at: Option<tokio::time::Instant>,
    round: Round,
}

enum Step {
    Inbox(Option<Inbox>),
    Local(Local),
    State,
    Tick,
    Repeat,
    Tcp,
    Late,
}

impl Link {
    pub fn new(
        peer: PeerKey,
        polite: bool,
        relay_only: bool,
        settings: Arc<Settings>,
        outlet: Arc<Outlet>,
        inbox: Receiver<Inbox>,
        events: Sender<RtcEvent>,
        media: Sender<RtcEvent>,
    ) -> Self {
        let round = Round::default();
        let (told, wired, deadline, tcp_at) = (None, false, None, None);
        Self { peer, polite, relay_only, settings, outlet, inbox, events, media, told, wired, deadline, tcp_at, round }
    }

    /// From open to closed.
    pub async fn run(mut self) {
        if let Err(End::Failed(why)) = self.live().await {
            let _ = self.state(MediaState::Failed(why.to_owned())).await;
        }
        self.inbox.close();
    }

    async fn live(&mut self) -> Result<(), End> {
        self.state(MediaState::Connecting).await?;
        if self.relay_only && !self.settings.has_relay() {
            return Err(End::Failed("your address is hidden, and no relay server is set to go through"));
        }
        let mut connection = self.connect().await?;
        let result = self.steps(&mut connection).await;
        self.outlet.unwire();
        connection.close().await;
        result
    }

    async fn connect(&mut self) -> Result<Connection, End> {
        let made = Connection::new(&self.settings, self.relay_only, self.peer, self.media.clone()).await;
        made.map_err(|error| {
            tracing::debug!(%error, "a connection could not be made");
            End::Failed("this device could not open a connection; check its network")
        })
    }

    async fn steps(&mut self, connection: &mut Connection) -> Result<(), End> {
        self.deadline = Some(tokio::time::Instant::now() + CONNECT);
        self.begin(connection).await?;
        let mut tick = tokio::time::interval_at(tokio::time::Instant::now() + STATS, STATS);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut repeat = tokio::time::interval_at(tokio::time::Instant::now() + REPEAT, REPEAT);
        repeat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let (late, tcp) = (at(self.deadline), at(self.tcp_at));
            let step = tokio::select! {
                biased;
                message = self.inbox.recv() => Step::Inbox(message.ok()),
                Ok(local) = connection.locals.recv() => Step::Local(local),
                Ok(()) = connection.state.changed() => Step::State,
                _ = tick.tick() => Step::Tick,
                _ = repeat.tick() => Step::Repeat,
                () = tcp => Step::Tcp,
                () = late => Step::Late,
            };
            match step {
                Step::Inbox(None) => return Err(End::Closed),
                Step::Inbox(Some(Inbox::Signal(bytes))) => match Signal::decode(&bytes) {
                    Ok(signal) => self.signal(connection, signal).await?,
                    Err(error) => tracing::debug!(%error, bytes = bytes.len(), "a signal ignored"),
                },
                Step::Inbox(Some(Inbox::Restart)) => self.restart(connection).await?,
                Step::Local(Local::Candidate(candidate)) => self.candidate(candidate).await?,
                Step::Local(Local::Track(track)) => connection.listen(track, self.peer, self.media.clone()).await,
                Step::State => self.changed(connection).await?,
                Step::Tick => self.tick(connection).await?,
                Step::Repeat => self.repeat(connection).await?,
                Step::Tcp => self.try_tcp(connection).await,
                Step::Late => {
                    return Err(End::Failed(if self.round.heard() {
                        "no way to them was found, neither direct nor through a relay server"
                    } else {
                        "they did not answer"
                    }));
                }
            }
        }
    }

    /// The connection's own state changed.
    async fn changed(&mut self, connection: &mut Connection) -> Result<(), End> {
        let state = *connection.state.borrow_and_update();
        tracing::debug!(peer = %self.peer, ?state, "connection");
        match state {
            RTCPeerConnectionState::Connected => {
                self.deadline = None;
                if !self.wired
                    && let Some(wired) = connection.wired().await
                {
                    self.outlet.wire(wired);
                    self.wired = true;
                }
                let route = selected(&*connection.pc).await.unwrap_or(MediaRoute::Direct);
                self.state(MediaState::Connected(route)).await
            }
            RTCPeerConnectionState::Disconnected if self.wired => self.state(MediaState::Interrupted).await,
            RTCPeerConnectionState::Failed | RTCPeerConnectionState::Closed if self.wired => {
                Err(End::Failed("the connection was lost"))
            }
            RTCPeerConnectionState::Failed | RTCPeerConnectionState::Closed => {
                Err(End::Failed("no way to them was found, neither direct nor through a relay server"))
            }
            _ => Ok(()),
        }
    }

    /// Once a second: the route as it is now, and the counts.
    async fn tick(&mut self, connection: &mut Connection) -> Result<(), End> {
        if !self.wired {
            return Ok(());
        }
        if matches!(self.told, Some(MediaState::Connected(_)))
            && let Some(route) = selected(&*connection.pc).await
        {
            self.state(MediaState::Connected(route)).await?;
        }
        let report = connection.pc.get_stats(Instant::now(), StatsSelector::None).await;
        let nominated = report.candidate_pairs().filter(|pair| pair.nominated);
        let rtt_s = nominated.map(|pair| pair.current_round_trip_time).fold(0.0, f64::max);
        let rtt_ms = if rtt_s > 0.0 { (rtt_s * 1_000.0).ceil() as u32 } else { 0 };
        let (received, lost) = connection.counters.read();
        self.event(RtcEvent::Stats { peer: self.peer, rtt_ms, received, lost }).await
    }

    async fn state(&mut self, state: MediaState) -> Result<(), End> {
        if self.told.as_ref() == Some(&state) {
            return Ok(());
        }
        self.told = Some(state.clone());
        self.event(RtcEvent::State { peer: self.peer, state }).await
    }

    async fn tell(&mut self, body: Body) -> Result<(), End> {
        let signal = self.round.signal(body);
        tracing::trace!(peer = %self.peer, ?signal, "told");
        let bytes = signal.encode();
        self.event(RtcEvent::Signal { peer: self.peer, bytes }).await
    }

    /// Waits for a node that is slow, but tells nothing of a link that is closed.
    fn event(&self, event: RtcEvent) -> impl Future<Output = Result<(), End>> + use<> {
        let (events, closed) = (self.events.clone(), self.inbox.is_closed());
        async move {
            if closed {
                return Err(End::Closed);
            }
            events.send(event).await.map_err(|_| End::Closed)
        }
    }
}

/// Waits for a time, or for good.
async fn at(time: Option<tokio::time::Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// The route in use.
async fn selected(pc: &dyn PeerConnection) -> Option<MediaRoute> {
    let ice = pc.sctp().await?.transport().ice_transport();
    let pair = ice.get_selected_candidate_pair().await.ok()??;
    Some(route::route(pair.local(), pair.remote()))
}
