//! Media links: which are up, which are tried again and when, which have outlived their use.

use crate::{Output, limits};
use hearth_ports::rtc::{MediaRoute, MediaState, RtcCommand};
use hearth_types::PeerKey;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// One media link.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    route: Option<MediaRoute>,
    since_us: u64,
    unneeded_us: Option<u64>,
    /// Last packet of any kind; 0 before the first.
    pub heard_us: u64,
    pub rtt_ms: u16,
    pub loss_permille: u16,
    received: u64,
    lost: u64,
}

/// All of them.
#[derive(Default)]
pub(crate) struct Links {
    table: BTreeMap<PeerKey, Link>,
    /// When to try again, and the pause after that.
    retry: BTreeMap<PeerKey, (u64, u64)>,
}

impl Links {
    pub fn get(&self, peer: &PeerKey) -> Option<&Link> {
        self.table.get(peer)
    }
    pub fn is_open(&self, peer: &PeerKey) -> bool {
        self.table.contains_key(peer)
    }
    pub fn is_up(&self, peer: &PeerKey) -> bool {
        self.route(peer).is_some()
    }
    pub fn route(&self, peer: &PeerKey) -> Option<MediaRoute> {
        self.table.get(peer).and_then(|l| l.route)
    }
    /// Whether a link was tried in vain.
    pub fn has_failed(&self, peer: &PeerKey) -> bool {
        !self.is_up(peer) && self.retry.get(peer).is_some_and(|(_, pause)| *pause > limits::LINK_RETRY_US * 2)
    }
    /// When anything last came from `peer`; 0 for never.
    pub fn heard_us(&self, peer: &PeerKey) -> u64 {
        self.table.get(peer).map_or(0, |l| l.heard_us)
    }
    pub fn heard(&mut self, peer: &PeerKey, now_us: u64) {
        if let Some(link) = self.table.get_mut(peer) {
            link.heard_us = now_us.max(1);
        }
    }
    pub fn state(&mut self, peer: PeerKey, state: MediaState, now_us: u64) {
        let Some(link) = self.table.get_mut(&peer) else { return };
        link.since_us = now_us;
        match state {
            MediaState::Connecting | MediaState::Interrupted => link.route = None,
            MediaState::Connected(route) => {
                link.route = Some(route);
                self.retry.remove(&peer);
            }
            MediaState::Failed(_) => self.failed(peer, now_us),
        }
    }
    pub fn stats(&mut self, peer: &PeerKey, rtt_ms: u32, received: u64, lost: u64) {
        let Some(link) = self.table.get_mut(peer) else { return };
        link.rtt_ms = rtt_ms.min(u32::from(u16::MAX)) as u16;
        let (new, gone) = (received.saturating_sub(link.received), lost.saturating_sub(link.lost));
        if new + gone > 0 {
            let now = (gone.min(1 << 32) * 1000 / (new + gone).min(1 << 40)).min(1000) as u16;
            link.loss_permille = (link.loss_permille * 3 + now) / 4;
        }
        (link.received, link.lost) = (received, lost);
    }
    /// The other side wants a link; opens this end.
    pub fn open(&mut self, peer: PeerKey, me: PeerKey, relay_only: bool, now_us: u64, out: &mut VecDeque<Output>) {
        if self.is_open(&peer) {
            return;
        }
        let link = Link {
            route: None,
            since_us: now_us,
            unneeded_us: None,
            heard_us: 0,
            rtt_ms: 0,
            loss_permille: 0,
            received: 0,
            lost: 0,
        };
        self.table.insert(peer, link);
        out.push_back(Output::Rtc(RtcCommand::Open { peer, polite: me > peer, relay_only }));
    }
    /// A use of the link: it is not closed for a while.
    pub fn touch(&mut self, peer: &PeerKey) {
        if let Some(link) = self.table.get_mut(peer) {
            link.unneeded_us = None;
        }
    }
    pub fn close(&mut self, peer: &PeerKey, out: &mut VecDeque<Output>) {
        self.retry.remove(peer);
        if self.table.remove(peer).is_some() {
            out.push_back(Output::Rtc(RtcCommand::Close { peer: *peer }));
        }
    }
    pub fn peers(&self) -> Vec<PeerKey> {
        self.table.keys().copied().collect()
    }
    /// Opens what is wanted and can be, closes what is not wanted unless `hold`, revives what hangs.
    pub fn tend(
        &mut self,
        (me, relay_only): (PeerKey, bool),
        wanted: &BTreeSet<PeerKey>,
        reachable: impl Fn(&PeerKey) -> bool,
        hold: bool,
        now_us: u64,
        out: &mut VecDeque<Output>,
    ) {
        for peer in wanted {
            let waits = self.retry.get(peer).is_some_and(|(at, _)| now_us < *at);
            if !waits && !self.is_open(peer) && reachable(peer) {
                self.open(*peer, me, relay_only, now_us, out);
            }
        }
        for peer in self.peers() {
            let Some(link) = self.table.get_mut(&peer) else { continue };
            if wanted.contains(&peer) {
                link.unneeded_us = None;
            } else if now_us >= *link.unneeded_us.get_or_insert(now_us) + limits::LINK_LINGER_US && !hold {
                self.close(&peer, out);
                continue;
            }
            if link.route.is_none() && now_us >= link.since_us + limits::LINK_CONNECT_US {
                out.push_back(Output::Rtc(RtcCommand::Close { peer }));
                self.failed(peer, now_us);
            }
        }
        self.retry.retain(|p, _| wanted.contains(p));
    }
    /// Interrupted links look for a new way after a while.
    pub fn restart_interrupted(&mut self, peer: PeerKey, out: &mut VecDeque<Output>) {
        if self.is_open(&peer) {
            out.push_back(Output::Rtc(RtcCommand::Restart { peer }));
        }
    }

    fn failed(&mut self, peer: PeerKey, now_us: u64) {
        self.table.remove(&peer);
        let pause = self.retry.get(&peer).map_or(limits::LINK_RETRY_US, |(_, pause)| *pause);
        let next = (pause * 2).min(limits::LINK_RETRY_MAX_US);
        self.retry.insert(peer, (now_us + pause, next));
    }
}
