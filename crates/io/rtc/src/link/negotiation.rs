//! Offers, answers and candidates of one link.

use webrtc::peer_connection::{RTCIceCandidate, RTCIceCandidateInit, RTCPeerConnectionState, RTCSessionDescription};

use super::connection::{self, Connection};
use super::{End, Link};
use crate::limits::{CANDIDATES, CONNECT, TCP_AFTER, TCP_CANDIDATES};
use crate::route::{self, Way};
use crate::signal::{Body, Signal};

/// What both sides know of the present exchange.
pub struct Round {
    /// Our connection's name.
    mine: u32,
    /// Theirs; 0 while unknown.
    theirs: u32,
    /// Our offers so far.
    offers: u32,
    /// The newest offer of theirs that was answered.
    answered: u32,
    /// Our offer, as long as it is not answered.
    pending: Option<String>,
    /// A restart was asked for while an offer was on its way.
    again: bool,
    /// Our candidates of this round, to tell again.
    told: Vec<String>,
    /// Their candidates that came before their description.
    early: Vec<String>,
    /// Their candidates taken in this round.
    taken: usize,
    /// Their candidates of TCP, until UDP had its time.
    tcp: Vec<String>,
    /// Their description stands.
    described: bool,
}

impl Default for Round {
    fn default() -> Self {
        Self {
            mine: connection::random(),
            theirs: 0,
            offers: 0,
            answered: 0,
            pending: None,
            again: false,
            told: Vec::new(),
            early: Vec::new(),
            taken: 0,
            tcp: Vec::new(),
            described: false,
        }
    }
}

impl Round {
    /// Whether the other side said anything.
    pub fn heard(&self) -> bool {
        self.theirs != 0
    }

    /// A message of ours in this round.
    pub fn signal(&self, body: Body) -> Signal {
        let round = match body {
            Body::Answer(_) => self.answered,
            _ => self.offers,
        };
        Signal { from: self.mine, to: self.theirs, round, body }
    }
}

impl Link {
    /// The first thing to say.
    pub(super) async fn begin(&mut self, connection: &mut Connection) -> Result<(), End> {
        if self.polite { self.tell(Body::Hello).await } else { self.offer(connection).await }
    }

    /// Nothing came of it so far: say it again.
    pub(super) async fn repeat(&mut self, connection: &mut Connection) -> Result<(), End> {
        if self.round.pending.is_some() {
            self.offer_again().await
        } else if !self.round.described {
            self.begin(connection).await
        } else {
            Ok(())
        }
    }

    /// The node wants another way.
    pub(super) async fn restart(&mut self, connection: &mut Connection) -> Result<(), End> {
        if !self.round.described {
            return self.repeat(connection).await;
        }
        if self.polite {
            return self.tell(Body::Restart).await;
        }
        if self.round.pending.is_some() {
            self.round.again = true;
            return Ok(());
        }
        if let Err(error) = connection.pc.restart_ice().await {
            tracing::debug!(%error, "restarting ICE");
        }
        self.offer(connection).await
    }

    async fn offer(&mut self, connection: &mut Connection) -> Result<(), End> {
        let offer = connection.pc.create_offer(None).await.map_err(refused)?;
        let sdp = offer.sdp.clone();
        self.round.told.clear();
        self.round.taken = 0;
        connection.pc.set_local_description(offer).await.map_err(refused)?;
        self.round.offers += 1;
        let sdp = bare(&sdp);
        self.round.pending = Some(sdp.clone());
        self.tell(Body::Offer(sdp)).await
    }

    async fn offer_again(&mut self) -> Result<(), End> {
        let Some(sdp) = self.round.pending.clone() else { return Ok(()) };
        self.tell(Body::Offer(sdp)).await?;
        for line in self.round.told.clone() {
            self.tell(Body::Candidate(line)).await?;
        }
        Ok(())
    }

    /// A candidate of ours was found.
    pub(super) async fn candidate(&mut self, candidate: RTCIceCandidate) -> Result<(), End> {
        let Some(line) = route::told(candidate, self.relay_only, self.settings.tells_loopback()) else { return Ok(()) };
        if self.round.told.len() >= CANDIDATES || self.round.told.contains(&line) {
            return Ok(());
        }
        self.round.told.push(line.clone());
        self.tell(Body::Candidate(line)).await
    }

    /// A message of the peer. Whatever is wrong with it, the link goes on.
    pub(super) async fn signal(&mut self, connection: &mut Connection, signal: Signal) -> Result<(), End> {
        tracing::trace!(peer = %self.peer, ?signal, "heard");
        if signal.to != 0 && signal.to != self.round.mine {
            tracing::debug!("a signal for an earlier connection");
            return Ok(());
        }
        if self.round.theirs == 0 {
            self.round.theirs = signal.from;
        } else if self.round.theirs != signal.from {
            if !matches!(signal.body, Body::Hello | Body::Offer(_)) {
                tracing::debug!("a signal of an earlier connection");
                return Ok(());
            }
            self.anew(connection, signal.from).await?;
            if !self.polite {
                return self.offer(connection).await;
            }
        }
        match signal.body {
            Body::Hello if self.round.pending.is_some() => self.offer_again().await,
            Body::Hello => Ok(()),
            Body::Restart if self.polite => Ok(()),
            Body::Restart => self.restart(connection).await,
            Body::Offer(sdp) => self.offered(connection, signal.round, sdp).await,
            Body::Answer(sdp) => self.answered(connection, signal.round, sdp).await,
            Body::Candidate(line) => {
                if !self.round.described && self.round.early.len() < CANDIDATES {
                    self.round.early.push(line);
                } else if self.round.described {
                    self.add(connection, line).await;
                }
                Ok(())
            }
        }
    }

    /// The other side began anew: its old connection is no more, so ours isn't either.
    async fn anew(&mut self, connection: &mut Connection, theirs: u32) -> Result<(), End> {
        self.outlet.unwire();
        self.wired = false;
        self.state(hearth_ports::rtc::MediaState::Connecting).await?;
        let fresh = self.connect().await?;
        std::mem::replace(connection, fresh).close().await;
        self.round = super::Round { theirs, ..Default::default() };
        self.deadline = Some(tokio::time::Instant::now() + CONNECT);
        Ok(())
    }

    async fn offered(&mut self, connection: &mut Connection, round: u32, sdp: String) -> Result<(), End> {
        if round <= self.round.answered {
            return Ok(());
        }
        if self.round.pending.is_some() {
            if !self.polite {
                tracing::debug!("an offer that met ours ignored");
                return Ok(());
            }
            let back = async { connection.pc.set_local_description(RTCSessionDescription::rollback(None)?).await };
            if let Err(error) = back.await {
                tracing::debug!(%error, "giving up our offer");
            }
            self.round.pending = None;
        }
        let answer = async {
            connection.pc.set_remote_description(RTCSessionDescription::offer(bare(&sdp))?).await?;
            let answer = connection.pc.create_answer(None).await?;
            let sdp = answer.sdp.clone();
            self.round.told.clear();
            self.round.taken = 0;
            connection.pc.set_local_description(answer).await?;
            Ok::<_, webrtc::error::Error>(sdp)
        };
        match answer.await {
            Ok(sdp) => {
                self.round.answered = round;
                self.tell(Body::Answer(bare(&sdp))).await?;
                self.described(connection).await;
                Ok(())
            }
            Err(error) => {
                tracing::debug!(%error, "an offer that could not be taken");
                Ok(())
            }
        }
    }

    async fn answered(&mut self, connection: &mut Connection, round: u32, sdp: String) -> Result<(), End> {
        if round != self.round.offers || self.round.pending.is_none() {
            return Ok(());
        }
        let answer = match RTCSessionDescription::answer(bare(&sdp)) {
            Ok(answer) => connection.pc.set_remote_description(answer).await,
            Err(error) => Err(error),
        };
        if let Err(error) = answer {
            tracing::debug!(%error, "an answer that could not be taken");
            return Ok(());
        }
        self.round.pending = None;
        self.described(connection).await;
        if std::mem::take(&mut self.round.again) { self.restart(connection).await } else { Ok(()) }
    }

    async fn described(&mut self, connection: &Connection) {
        self.round.described = true;
        self.round.tcp.clear();
        self.tcp_at = Some(tokio::time::Instant::now() + TCP_AFTER);
        for line in std::mem::take(&mut self.round.early) {
            self.add(connection, line).await;
        }
    }

    async fn add(&mut self, connection: &Connection, line: String) {
        if self.round.taken >= CANDIDATES {
            return;
        }
        self.round.taken += 1;
        match route::way(&line, self.relay_only, self.settings.tells_loopback()) {
            Some(Way::Udp) => self.try_way(connection, line).await,
            Some(Way::Tcp) if self.round.tcp.len() < TCP_CANDIDATES && !self.round.tcp.contains(&line) => {
                self.round.tcp.push(line.clone());
                if self.tcp_at.is_none() && !is_up(connection) {
                    self.try_way(connection, line).await;
                }
            }
            _ => tracing::debug!("a candidate that leads nowhere ignored"),
        }
    }

    /// UDP had its time: where it found no way, TCP may.
    pub(super) async fn try_tcp(&mut self, connection: &Connection) {
        self.tcp_at = None;
        if is_up(connection) {
            return;
        }
        for line in self.round.tcp.clone() {
            self.try_way(connection, line).await;
        }
    }

    async fn try_way(&self, connection: &Connection, line: String) {
        let candidate = RTCIceCandidateInit {
            candidate: line,
            sdp_mid: Some("0".to_owned()),
            sdp_mline_index: Some(0),
            ..Default::default()
        };
        if let Err(error) = connection.pc.add_ice_candidate(candidate).await {
            tracing::debug!(%error, "a candidate ignored");
        }
    }
}

/// Candidates travel on their own, so that each passes one gate, and are told again with an offer.
fn bare(sdp: &str) -> String {
    let kept = sdp.lines().filter(|line| !line.starts_with("a=candidate:") && *line != "a=end-of-candidates");
    kept.flat_map(|line| [line, "\r\n"]).collect()
}

fn is_up(connection: &Connection) -> bool {
    *connection.state.borrow() == RTCPeerConnectionState::Connected
}

fn refused(error: webrtc::error::Error) -> End {
    tracing::debug!(%error, "no offer could be made");
    End::Failed("this device could not offer a connection")
}
