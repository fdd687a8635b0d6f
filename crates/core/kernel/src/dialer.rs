//! Whom to dial, and when: peers of invites, of the same network, and of earlier days.

use crate::kernel::{Kernel, Timer};
use hearth_ports::{NetCommand, PeerRecord, StoreRequest};
use hearth_types::{DeviceId, PeerKey, SpaceId, limits};
use hearth_wire::{Frame, InvitePeer, PeerAddress};
use std::collections::BTreeMap;

/// Links wanted at once; beyond, others may dial us.
const WANTED_LINKS: usize = 16;
/// First and longest pause between two dials of one peer.
const RETRY_MS: (u64, u64) = (1_000, 60_000);
/// How many of the peers seen last are tried more often, so that a network that comes back is noticed at once.
const SCOUTS: usize = 4;
/// The longest pause of a scout, while it was seen within `FRESH_MS`, and after that.
const SCOUT_MS: (u64, u64) = (3_000, 15_000);
/// A peer seen this recently is probably still there.
const FRESH_MS: u64 = 600_000;
/// Pause before a neighbour who shares no community is dialled again.
const STRANGER_MS: u64 = 300_000;

#[derive(Default)]
pub(crate) struct Dialer {
    book: BTreeMap<PeerKey, Known>,
}

#[derive(Default, Clone)]
struct Known {
    addresses: Vec<String>,
    device: Option<DeviceId>,
    last_seen_ms: u64,
    next_dial_ms: u64,
    pause_ms: u64,
    /// On disk: it was a member once.
    kept: bool,
}

impl Dialer {
    pub(crate) fn restore(&mut self, records: Vec<PeerRecord>) {
        for r in records {
            self.book.insert(
                r.peer,
                Known {
                    addresses: r.addresses,
                    device: r.device,
                    last_seen_ms: r.last_seen_ms,
                    kept: true,
                    ..Known::default()
                },
            );
        }
    }
    /// Somebody worth dialling now.
    pub(crate) fn offer(&mut self, peer: PeerKey, addresses: Vec<String>, now: u64) {
        if !self.book.contains_key(&peer) && self.book.len() >= limits::PEER_BOOK {
            // Former members give way last, but even they do not fill the book for good.
            let oldest = self.book.iter().min_by_key(|(_, k)| (k.kept, k.last_seen_ms)).map(|(p, _)| *p);
            match oldest {
                Some(oldest) => self.book.remove(&oldest),
                None => return,
            };
        }
        let known = self.book.entry(peer).or_default();
        for a in addresses.into_iter().rev() {
            known.addresses.retain(|k| *k != a);
            known.addresses.insert(0, a);
        }
        known.addresses.truncate(limits::PEER_ADDRESSES);
        known.next_dial_ms = now;
        known.pause_ms = 0;
    }
    /// An address by hearsay: dialled when its turn comes, behind those that are known to have worked.
    fn hint(&mut self, peer: PeerKey, addresses: Vec<String>, now: u64) {
        match self.book.get_mut(&peer) {
            None => self.offer(peer, addresses, now),
            Some(known) => {
                let new: Vec<_> = addresses.into_iter().filter(|a| !known.addresses.contains(a)).collect();
                known.addresses.extend(new);
                known.addresses.truncate(limits::PEER_ADDRESSES);
            }
        }
    }
    pub(crate) fn went_back(&mut self, ms: u64) {
        for known in self.book.values_mut() {
            known.next_dial_ms = known.next_dial_ms.saturating_sub(ms);
        }
    }
    /// A link to the peer stands. Where others could not be reached before, they may be reachable too.
    pub(crate) fn linked(&mut self, peer: PeerKey, now: u64) {
        let was_away = self.book.get(&peer).is_some_and(|k| k.kept && k.pause_ms > RETRY_MS.0);
        if was_away {
            for known in self.book.values_mut().filter(|k| k.kept && k.pause_ms != STRANGER_MS) {
                known.next_dial_ms = known.next_dial_ms.min(now);
                known.pause_ms = 0;
            }
        }
        if let Some(k) = self.book.get_mut(&peer) {
            k.last_seen_ms = now;
            k.pause_ms = 0;
        }
    }
    pub(crate) fn lost(&mut self, peer: PeerKey, now: u64) {
        if let Some(k) = self.book.get_mut(&peer) {
            k.last_seen_ms = now;
            k.next_dial_ms = k.next_dial_ms.max(now + 300);
        }
    }
    /// Whoever is to be dialled now, those seen last first, at most `room`; their next turn is set.
    fn take_due(
        &mut self,
        linked: impl Fn(&PeerKey) -> bool,
        started_ms: u64,
        now: u64,
        room: usize,
    ) -> Vec<(PeerKey, Vec<String>)> {
        let mut away: Vec<_> = self.book.iter_mut().filter(|(p, k)| !k.addresses.is_empty() && !linked(p)).collect();
        away.sort_by_key(|(_, k)| std::cmp::Reverse((k.kept, k.last_seen_ms)));
        let mut dials = Vec::new();
        for (rank, (peer, known)) in away.into_iter().enumerate() {
            if dials.len() == room {
                break;
            }
            if known.next_dial_ms > now {
                continue;
            }
            let fresh = now < known.last_seen_ms.max(started_ms) + FRESH_MS;
            let longest = match (rank < SCOUTS && known.kept, fresh) {
                (false, _) => RETRY_MS.1,
                (true, true) => SCOUT_MS.0,
                (true, false) => SCOUT_MS.1,
            };
            known.pause_ms = (known.pause_ms * 2).clamp(RETRY_MS.0, longest);
            known.next_dial_ms = now + known.pause_ms;
            dials.push((*peer, known.addresses.clone()));
        }
        dials
    }
    pub(crate) fn stranger(&mut self, peer: PeerKey, now: u64) {
        if let Some(k) = self.book.get_mut(&peer) {
            k.next_dial_ms = now + STRANGER_MS;
            k.pause_ms = STRANGER_MS;
        }
    }
}

impl Kernel {
    pub(crate) fn discovered(&mut self, peer: PeerKey, addresses: Vec<String>) {
        if peer == self.keys.peer {
            return;
        }
        let quiet = self.dialer.book.get(&peer).is_some_and(|k| k.pause_ms == STRANGER_MS && k.next_dial_ms > self.now)
            && self.joins.is_empty();
        if !quiet {
            self.dialer.offer(peer, addresses, self.now);
            self.dial_due();
        }
    }

    /// Dials these at once, however many links there are: their voices are wanted.
    pub(crate) fn dial_now(&mut self, peers: &[PeerKey]) {
        for peer in peers {
            let known = self.dialer.book.get(peer).map(|k| k.addresses.clone()).unwrap_or_default();
            if !known.is_empty() && !self.links.contains_key(peer) {
                self.net(NetCommand::Dial { peer: Some(*peer), addresses: known });
            }
        }
    }

    /// Dials whoever is due.
    pub(crate) fn dial_due(&mut self) {
        let now = self.now;
        let room = WANTED_LINKS.saturating_sub(self.links.len());
        let links = &self.links;
        let dials = self.dialer.take_due(|peer| links.contains_key(peer), self.started_ms, now, room);
        for (peer, addresses) in dials {
            self.net(NetCommand::Dial { peer: Some(peer), addresses });
        }
        // With links enough, nobody is due until one of them goes.
        let full = self.links.len() >= WANTED_LINKS;
        let away = self.dialer.book.iter().filter(|(p, k)| !k.addresses.is_empty() && !self.links.contains_key(p));
        let next = away.map(|(_, k)| k.next_dial_ms).min().filter(|_| !full);
        if let Some(at) = next {
            let jitter = self.jitter(250);
            self.reset_timer(Timer::Dial, at.saturating_sub(now).clamp(200, RETRY_MS.1) + jitter);
        }
    }

    pub(crate) fn dial_failed(&mut self, peer: Option<PeerKey>) {
        // A peer that was never a member and cannot be reached is soon forgotten.
        if let Some(peer) = peer
            && self.joins.is_empty()
            && self.dialer.book.get(&peer).is_some_and(|k| !k.kept && k.pause_ms >= RETRY_MS.1)
        {
            self.dialer.book.remove(&peer);
        }
    }

    pub(crate) fn peer_addresses(&mut self, peer: PeerKey, addresses: Vec<String>) {
        let Some(link) = self.links.get_mut(&peer) else { return };
        link.addresses =
            addresses.into_iter().filter(|a| a.len() <= limits::ADDRESS_BYTES).take(limits::PEER_ADDRESSES).collect();
        self.remember(peer, None);
        for space in self
            .spaces
            .values()
            .filter(|s| s.links.get(&peer).is_some_and(|l| l.proven))
            .map(|s| s.id)
            .collect::<Vec<_>>()
        {
            self.share_peer(peer, space);
        }
    }

    /// Writes a proven peer into the book.
    pub(crate) fn remember(&mut self, peer: PeerKey, device: Option<DeviceId>) {
        let Some(link) = self.links.get(&peer) else { return };
        if !self.spaces.values().any(|s| s.links.get(&peer).is_some_and(|l| l.proven)) {
            return;
        }
        let mut addresses = link.addresses.clone();
        if link.direction == hearth_ports::Direction::Dialer && !addresses.contains(&link.address) {
            addresses.insert(0, link.address.clone());
        }
        let now = self.now;
        self.dialer.offer(peer, addresses, now);
        let Some(known) = self.dialer.book.get_mut(&peer) else { return };
        known.kept = true;
        known.last_seen_ms = now;
        known.device = device.or(known.device);
        let record = PeerRecord { peer, addresses: known.addresses.clone(), device: known.device, last_seen_ms: now };
        self.store(StoreRequest::PutPeer { record });
    }

    /// Tells a newly proven peer of the other members linked here.
    pub(crate) fn share_peers(&mut self, to: PeerKey, space: SpaceId) {
        let Some(s) = self.spaces.get(&space) else { return };
        let peers: Vec<_> = s
            .links
            .iter()
            .filter(|(p, l)| **p != to && l.proven)
            .filter_map(|(p, _)| Some((*p, self.links.get(p)?.addresses.clone())))
            .filter(|(_, a)| !a.is_empty())
            .take(limits::PEERS_SHARED)
            .collect();
        if !peers.is_empty() {
            self.send(to, &Frame::Peers { space, peers });
        }
    }

    /// Tells the other members linked here of a peer whose addresses became known.
    fn share_peer(&mut self, peer: PeerKey, space: SpaceId) {
        let Some(addresses) = self.links.get(&peer).map(|l| l.addresses.clone()).filter(|a| !a.is_empty()) else {
            return;
        };
        let Some(s) = self.spaces.get(&space) else { return };
        let others: Vec<PeerKey> = s.links.iter().filter(|(p, l)| **p != peer && l.proven).map(|(p, _)| *p).collect();
        for to in others {
            self.send(to, &Frame::Peers { space, peers: vec![(peer, addresses.clone())] });
        }
    }

    pub(crate) fn peers_told(&mut self, from: PeerKey, space: SpaceId, peers: Vec<(PeerKey, Vec<String>)>) {
        // A newcomer hears of the others before it can judge who told it: an address is only a hint.
        if self.spaces.get(&space).is_none_or(|s| s.links.get(&from).is_none_or(|l| l.device.is_none())) {
            return;
        }
        for (peer, addresses) in peers {
            if peer != self.keys.peer && !self.links.contains_key(&peer) {
                self.dialer.hint(peer, addresses, self.now);
            }
        }
        self.dial_due();
    }

    /// Where this node and the members linked now can be reached, for an invite.
    pub(crate) fn invite_peers(&self, space: SpaceId) -> Vec<InvitePeer> {
        let reachable = |a: &String| {
            PeerAddress::from_multiaddr(a).filter(|p| !p.socket.ip().is_loopback() && !p.socket.ip().is_unspecified())
        };
        let loopback = |a: &String| PeerAddress::from_multiaddr(a).filter(|p| p.socket.ip().is_loopback());
        let mut own: Vec<_> = self.listening.iter().filter_map(reachable).collect();
        if own.is_empty() {
            own = self.listening.iter().filter_map(loopback).collect();
        }
        // UDP first: it is the faster way in.
        own.sort_by_key(|a| (!a.quic, a.socket.is_ipv6()));
        let mut peers: Vec<_> =
            own.into_iter().take(4).map(|address| InvitePeer { key: self.keys.peer, address }).collect();
        let Some(s) = self.spaces.get(&space) else { return peers };
        for (peer, _) in s.links.iter().filter(|(_, l)| l.proven) {
            let best =
                self.links.get(peer).and_then(|l| l.addresses.iter().filter_map(reachable).min_by_key(|a| !a.quic));
            peers.extend(best.map(|address| InvitePeer { key: *peer, address }));
        }
        peers.truncate(limits::INVITE_PEERS);
        peers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: usize) -> PeerKey {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&n.to_be_bytes());
        PeerKey(key)
    }

    #[test]
    fn the_book_stays_bounded_and_strangers_give_way_first() {
        let mut dialer = Dialer::default();
        let member = |n| PeerRecord {
            peer: key(n),
            device: Some(DeviceId([1; 32])),
            addresses: vec!["/ip4/10.0.0.1/tcp/1".into()],
            last_seen_ms: 5,
        };
        dialer.restore((0..10).map(member).collect());
        for n in 10..limits::PEER_BOOK * 3 {
            dialer.offer(key(n), (0..20).map(|a| format!("/ip4/10.0.0.2/tcp/{a}")).collect(), 1_000 + n as u64);
        }
        assert_eq!(dialer.book.len(), limits::PEER_BOOK);
        assert!(
            (0..10).all(|n| dialer.book.contains_key(&key(n))),
            "whoever was a member is not pushed out by strangers"
        );
        assert!(dialer.book.values().all(|known| known.addresses.len() <= limits::PEER_ADDRESSES));
        for n in 0..200 {
            dialer.hint(key(3), vec![format!("/ip4/10.9.0.1/tcp/{n}")], 1);
        }
        assert!(dialer.book[&key(3)].addresses.len() <= limits::PEER_ADDRESSES);
        assert_eq!(dialer.book[&key(3)].addresses[0], "/ip4/10.0.0.1/tcp/1", "hearsay stands behind what worked");
    }

    /// Ten members, all out of reach from 0 to `until_ms`; when each of them was dialled.
    fn dialled_alone(until_ms: u64) -> (Dialer, BTreeMap<PeerKey, Vec<u64>>) {
        let mut dialer = Dialer::default();
        let member = |n: usize| PeerRecord {
            peer: key(n),
            device: None,
            addresses: vec!["/ip4/10.0.0.1/tcp/1".into()],
            last_seen_ms: 1_000 + n as u64,
        };
        dialer.restore((0..10).map(member).collect());
        let mut dialled: BTreeMap<PeerKey, Vec<u64>> = BTreeMap::new();
        for now in (0..until_ms).step_by(250) {
            for (peer, _) in dialer.take_due(|_| false, 0, now, WANTED_LINKS) {
                dialled.entry(peer).or_default().push(now);
            }
        }
        (dialer, dialled)
    }

    #[test]
    fn the_peers_seen_last_are_tried_every_few_seconds_and_the_rest_less_and_less() {
        let (_, dialled) = dialled_alone(2 * FRESH_MS);
        let longest = |peer: usize, from: u64, to: u64| {
            let times: Vec<_> = dialled[&key(peer)].iter().filter(|t| (from..to).contains(t)).collect();
            times.windows(2).map(|w| w[1] - w[0]).max().expect("dialled more than once")
        };
        for scout in 6..10 {
            assert!(longest(scout, 0, FRESH_MS) <= SCOUT_MS.0);
            assert!((SCOUT_MS.1..=SCOUT_MS.1 + 250).contains(&longest(scout, FRESH_MS + 60_000, 2 * FRESH_MS)));
        }
        for other in 0..6 {
            assert!(longest(other, FRESH_MS, 2 * FRESH_MS) >= RETRY_MS.1);
        }
    }

    #[test]
    fn the_first_link_after_a_silence_makes_everybody_due() {
        let (mut dialer, _) = dialled_alone(FRESH_MS);
        assert!(dialer.take_due(|_| false, 0, FRESH_MS, WANTED_LINKS).len() < 10);
        dialer.linked(key(7), FRESH_MS + 1);
        let due = dialer.take_due(|peer| *peer == key(7), 0, FRESH_MS + 1, WANTED_LINKS);
        assert_eq!(due.len(), 9);
        dialer.linked(key(8), FRESH_MS + 2);
        let again = dialer.take_due(|peer| *peer == key(7) || *peer == key(8), 0, FRESH_MS + 2, WANTED_LINKS);
        assert!(again.is_empty(), "the second link of the same moment starts nothing anew");
    }
}
