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
    /// When to look for a new way, while interrupted.
    restart_us: Option<u64>,
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
        link.restart_us = None;
        match state {
            MediaState::Connecting => link.route = None,
            MediaState::Interrupted => {
                link.route = None;
                link.restart_us = Some(now_us + limits::LINK_RESTART_US);
            }
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
        let all = new.saturating_add(gone);
        if all > 0 {
            let now = (gone.min(1 << 32) * 1000 / all.min(1 << 40)).min(1000) as u16;
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
            restart_us: None,
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
            if link.restart_us.take_if(|at| now_us >= *at).is_some() {
                out.push_back(Output::Rtc(RtcCommand::Restart { peer }));
            }
            if link.route.is_none() && now_us >= link.since_us + limits::LINK_CONNECT_US {
                out.push_back(Output::Rtc(RtcCommand::Close { peer }));
                self.failed(peer, now_us);
            }
        }
        self.retry.retain(|p, _| wanted.contains(p));
    }
    /// All links look for a new way.
    pub fn restart(&self, out: &mut VecDeque<Output>) {
        out.extend(self.table.keys().map(|peer| Output::Rtc(RtcCommand::Restart { peer: *peer })));
    }

    fn failed(&mut self, peer: PeerKey, now_us: u64) {
        self.table.remove(&peer);
        let pause = self.retry.get(&peer).map_or(limits::LINK_RETRY_US, |(_, pause)| *pause);
        let next = (pause * 2).min(limits::LINK_RETRY_MAX_US);
        self.retry.insert(peer, (now_us + pause, next));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(links: &mut Links, state: MediaState, now_us: u64) {
        links.state(PeerKey([2; 32]), state, now_us);
    }

    #[test]
    fn an_interrupted_link_restarts_once_and_a_failed_one_is_tried_with_growing_pauses() {
        let (mut links, mut out) = (Links::default(), VecDeque::new());
        let (me, peer) = (PeerKey([1; 32]), PeerKey([2; 32]));
        let wanted = BTreeSet::from([peer]);
        let mut tend = |links: &mut Links, now_us| {
            links.tend((me, false), &wanted, |_| true, false, now_us, &mut out);
            std::mem::take(&mut out)
        };
        let open = Output::Rtc(RtcCommand::Open { peer, polite: false, relay_only: false });
        assert_eq!(tend(&mut links, 0), std::slice::from_ref(&open));
        state(&mut links, MediaState::Connected(MediaRoute::Lan), 1);
        state(&mut links, MediaState::Interrupted, 2);
        assert_eq!(tend(&mut links, 3), []);
        assert_eq!(tend(&mut links, 2 + limits::LINK_RESTART_US), [Output::Rtc(RtcCommand::Restart { peer })]);
        assert_eq!(tend(&mut links, 3 + limits::LINK_RESTART_US), []);
        let mut now = 3 + limits::LINK_RESTART_US;
        for pause in [1, 2, 4, 8] {
            state(&mut links, MediaState::Failed(String::new()), now);
            now += pause * limits::LINK_RETRY_US;
            assert_eq!(tend(&mut links, now - 1), []);
            assert_eq!(tend(&mut links, now), std::slice::from_ref(&open));
        }
        assert!(links.has_failed(&peer));
    }

    #[test]
    fn a_link_of_no_use_is_closed_after_a_while() {
        let (mut links, mut out) = (Links::default(), VecDeque::new());
        let peer = PeerKey([2; 32]);
        links.open(peer, PeerKey([1; 32]), true, 0, &mut out);
        state(&mut links, MediaState::Connected(MediaRoute::Turn), 1);
        let none = BTreeSet::new();
        links.tend((PeerKey([1; 32]), true), &none, |_| true, false, 10, &mut out);
        links.tend((PeerKey([1; 32]), true), &none, |_| true, true, 10 + limits::LINK_LINGER_US, &mut out);
        assert!(links.is_open(&peer), "held while another way is made");
        links.tend((PeerKey([1; 32]), true), &none, |_| true, false, 10 + limits::LINK_LINGER_US, &mut out);
        assert!(!links.is_open(&peer));
    }

    #[test]
    fn counts_of_any_size_make_a_loss() {
        let (mut links, mut out) = (Links::default(), VecDeque::new());
        let peer = PeerKey([2; 32]);
        links.open(peer, PeerKey([1; 32]), false, 0, &mut out);
        links.stats(&peer, u32::MAX, u64::MAX, u64::MAX);
        assert!(links.get(&peer).is_some_and(|l| l.rtt_ms == u16::MAX && l.loss_permille <= 1000));
        links.stats(&peer, 1, 0, 0);
        links.stats(&peer, 1, 0, u64::MAX);
        assert!(links.get(&peer).is_some_and(|l| l.loss_permille <= 1000));
    }
}
