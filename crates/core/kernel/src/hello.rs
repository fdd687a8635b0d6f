//! A link comes up: nonces, proofs of membership, introductions. Each side judges by its own roster.

use crate::{
    Incoming,
    kernel::{Kernel, Link, Timer},
};
use hearth_crypto::{Entropy, aead};
use hearth_ports::{Direction, NetCommand, NodeEvent, Route};
use hearth_types::{Class, ControlBody, DeviceId, PeerKey, SpaceId, limits};
use hearth_wire::{
    CheckedEntry, Frame,
    frame::{LINK_VERSION, PASSES, Proof, knock_tag, proof_bytes, read_proof},
};
use std::collections::BTreeSet;

/// Faults after which a link is closed.
const FAULTS: u32 = 8;

impl Kernel {
    pub(crate) fn link_up(&mut self, peer: PeerKey, direction: Direction, address: String, route: Route) {
        let own_nonce = self.entropy.array();
        let link = Link {
            direction,
            address,
            route,
            rtt_ms: None,
            own_nonce,
            their_nonce: None,
            addresses: Vec::new(),
            up_since_ms: self.now,
            serving: 0,
            faults: 0,
            pushed: 0,
            costly: 0,
            costly_since_ms: self.now,
            passes: false,
            passed_from: Default::default(),
            passed_to: Default::default(),
        };
        self.links.insert(peer, link);
        self.dialer.linked(peer, self.now);
        self.set_timer(Timer::Dial, 200);
        self.send(peer, &Frame::Hello { version: LINK_VERSION, nonce: own_nonce });
        self.set_timer(Timer::Sweep, 15_000);
    }

    pub(crate) fn link_down(&mut self, peer: PeerKey) {
        if self.links.remove(&peer).is_none() {
            return;
        }
        self.joins_lost(peer);
        for space in self.spaces.keys().copied().collect::<Vec<_>>() {
            self.drop_pull(peer, space);
            let user = self.spaces.get(&space).and_then(|s| s.link_user(&peer));
            if let Some(s) = self.spaces.get_mut(&space) {
                let device = s.links.remove(&peer).and_then(|l| l.device);
                // Who is still there says so again within this time, by way of others.
                if let Some(notice) = device.and_then(|d| s.notices.get_mut(&d)) {
                    let doubt_ms = self.now + limits::PRESENCE_DOUBT_MS;
                    notice.until_ms = notice.until_ms.min(doubt_ms);
                    if let Some((_, until_ms)) = &mut notice.playing {
                        *until_ms = doubt_ms.min(*until_ms);
                    }
                }
                if let Some(device) = device {
                    self.ways_lost(space, &peer, device);
                }
            }
            if let Some(user) = user {
                self.presence_changed(user);
            }
        }
        self.reset_timer(Timer::PresenceEnds, limits::PRESENCE_DOUBT_MS + 50);
        self.event(NodeEvent::PeerGone { peer });
        self.dialer.lost(peer, self.now);
        self.set_timer(Timer::Dial, 500);
    }

    pub(crate) fn incoming(&mut self, peer: PeerKey, incoming: Incoming) {
        if !self.links.contains_key(&peer) {
            return;
        }
        match incoming {
            Incoming::Malformed(why) => {
                tracing::debug!(%why, "a frame was refused");
                self.fault(peer, 4);
            }
            Incoming::Push { space, entries, bad } => {
                self.fault(peer, bad as u32);
                self.pushed(peer, space, &entries);
            }
            Incoming::Entries { space, request, entries, bad, next } => {
                self.fault(peer, bad as u32);
                self.entries(peer, space, request, &entries, next);
            }
            Incoming::Frame(frame) => self.frame(peer, frame),
        }
    }

    fn frame(&mut self, peer: PeerKey, frame: Frame) {
        let greeted = self.links.get(&peer).is_some_and(|l| l.their_nonce.is_some());
        match frame {
            Frame::Hello { version, nonce } if !greeted => self.hello(peer, version, nonce),
            // Left over from a link that was just replaced.
            _ if !greeted => {}
            _ if self.too_costly(peer, &frame) => {}
            Frame::Prove { boxes } => self.prove(peer, &boxes),
            Frame::Knock { tag } => self.knock(peer, tag),
            Frame::Door { tag, device, signature } => self.door(peer, tag, device, &signature),
            Frame::Join { space, join } => self.join_claim(peer, space, join),
            Frame::Welcome { space, genesis, seals } => self.welcomed(peer, space, &genesis, &seals),
            Frame::Refused { tag, reason } => self.join_refused(peer, tag, reason),
            Frame::Heads { space, root, .. } => self.heads(peer, space, root),
            Frame::AskDays { space, request, after } => self.ask_days(peer, space, request, after),
            Frame::Days { space, request, days, more } => self.days(peer, space, request, &days, more),
            Frame::AskDay { space, request, scope, day, before } => {
                self.ask_day(peer, space, request, scope, day, before)
            }
            Frame::AskEntries { space, request, scope, day, salt, ids } => {
                self.ask_entries(peer, space, request, scope, day, salt, ids)
            }
            Frame::Reconcile { space, request, scope, day, salt, message } => {
                self.reconcile(peer, space, request, scope, day, salt, message)
            }
            Frame::Reconciled { space, request, message } => self.reconciled(peer, space, request, &message),
            Frame::Peers { space, peers } => self.peers_told(peer, space, peers),
            Frame::AskSeals { space, epochs } => self.ask_seals(peer, space, &epochs),
            Frame::Declined { request } => self.declined(peer, request),
            Frame::Call { space, message } => self.call_frame(peer, space, message),
            Frame::Pass { space, to, message } => self.pass(peer, space, to, message),
            Frame::Passed { space, from, message } => self.passed(peer, space, from, &message),
            Frame::Hello { .. } | Frame::Entries { .. } | Frame::Push { .. } => self.fault(peer, 1),
        }
    }

    /// Frames that cost a signature, a key agreement or a long answer are taken only so often; the rest is dropped.
    fn too_costly(&mut self, peer: PeerKey, frame: &Frame) -> bool {
        let cost = match frame {
            Frame::AskSeals { epochs, .. } => 1 + epochs.len() as u32 / 8,
            Frame::Join { .. } => 16,
            Frame::Prove { .. } | Frame::Knock { .. } | Frame::Door { .. } | Frame::Peers { .. } => 4,
            Frame::AskDays { .. } | Frame::Heads { .. } => 1,
            Frame::Call { .. } | Frame::Pass { .. } | Frame::Passed { .. } => 1,
            _ => 0,
        };
        let now = self.now;
        let Some(link) = self.links.get_mut(&peer).filter(|_| cost > 0) else { return false };
        if now >= link.costly_since_ms.saturating_add(limits::COSTLY_WINDOW_MS) {
            link.costly_since_ms = now;
            link.costly = 0;
        }
        link.costly = link.costly.saturating_add(cost);
        let over = link.costly > limits::COSTLY_FRAMES;
        if over {
            tracing::debug!("a link asks for too much at once");
            self.fault(peer, 1);
        }
        over
    }

    /// Counts what an honest peer would not do, and closes the link when it is too much.
    pub(crate) fn fault(&mut self, peer: PeerKey, weight: u32) {
        if weight == 0 {
            return;
        }
        let Some(link) = self.links.get_mut(&peer) else { return };
        link.faults = link.faults.saturating_add(weight);
        if link.faults >= FAULTS {
            self.dialer.stranger(peer, self.now);
            self.net(NetCommand::Close { link: peer });
        }
    }

    fn hello(&mut self, peer: PeerKey, version: u8, nonce: [u8; 32]) {
        if version != LINK_VERSION {
            self.warn_once(
                "update",
                "Somebody near you runs another version of Hearth. If you cannot reach your friends, update Hearth.",
            );
            return self.net(NetCommand::Close { link: peer });
        }
        let Some(link) = self.links.get_mut(&peer) else { return };
        link.their_nonce = Some(nonce);
        if link.direction == Direction::Dialer {
            let spaces = self.spaces.values().filter(|s| !s.leaving).map(|s| s.id).collect::<Vec<_>>();
            self.send_proofs(peer, &spaces);
        }
        self.knock_all(peer);
    }

    /// The proof this side makes (`ours`) or expects of the peer.
    fn proof(&self, peer: PeerKey, space: SpaceId, ours: bool) -> Option<Proof> {
        let link = self.links.get(&peer)?;
        let (own, theirs) = (link.own_nonce, link.their_nonce?);
        let we_dialled = link.direction == Direction::Dialer;
        Some(if ours {
            Proof { space, peers: [self.keys.peer, peer], nonces: [own, theirs], dialer: we_dialled }
        } else {
            Proof { space, peers: [peer, self.keys.peer], nonces: [theirs, own], dialer: !we_dialled }
        })
    }

    /// Proves membership of `spaces`, then introduces this device to whoever has not heard of it.
    pub(crate) fn send_proofs(&mut self, peer: PeerKey, spaces: &[SpaceId]) {
        let mut boxes = Vec::new();
        for space in spaces {
            let Some(proof) = self.proof(peer, *space, true) else { continue };
            // What the peer itself handed over it can open; the roster still decides.
            let secret = self.spaces.get(space).and_then(|s| {
                let given = s.links.get(&peer).and_then(|l| l.given.values().next());
                given.or_else(|| s.epoch().map(|(_, secret)| secret))
            });
            let Some(secret) = secret else { continue };
            let plain = proof_bytes(self.keys.device.id(), &proof.sign(&self.keys.device));
            let sealed = aead::seal(&secret.hello_key(), &proof.associated(), &plain, &mut self.entropy);
            boxes.push((proof.tag(secret), sealed));
            if let Some(s) = self.spaces.get_mut(space) {
                s.links.entry(peer).or_default().sent_proof = true;
            }
        }
        // Whom nothing is proven to is told nothing.
        if !boxes.is_empty() && boxes.len() < limits::SPACES {
            boxes.push((PASSES, Vec::new()));
        }
        self.send(peer, &Frame::Prove { boxes });
    }

    fn prove(&mut self, peer: PeerKey, boxes: &[([u8; 8], Vec<u8>)]) {
        if let Some(link) = self.links.get_mut(&peer) {
            link.passes |= boxes.iter().any(|(tag, _)| *tag == PASSES);
        }
        let mut claims = Vec::new();
        for id in self.spaces.keys().copied().collect::<Vec<_>>() {
            let (Some(proof), Some(s)) = (self.proof(peer, id, false), self.spaces.get(&id)) else { continue };
            let given = s.links.get(&peer).into_iter().flat_map(|l| l.given.values());
            for secret in s.secrets.values().chain(given) {
                let tag = proof.tag(secret);
                let opened = boxes
                    .iter()
                    .filter(|(t, _)| *t == tag)
                    .find_map(|(_, b)| aead::open(&secret.hello_key(), &proof.associated(), b).ok());
                let Some(Ok((device, signature))) = opened.map(|plain| read_proof(&plain)) else { continue };
                if proof.holds(device, &signature) {
                    claims.push((id, device));
                    break;
                }
            }
        }
        let spaces: Vec<SpaceId> = claims.iter().map(|(id, _)| *id).collect();
        for (space, device) in claims {
            self.claimed(peer, space, device);
        }
        let unanswered =
            |id: &&SpaceId| !self.spaces.get(id).and_then(|s| s.links.get(&peer)).is_some_and(|l| l.sent_proof);
        let answer: Vec<SpaceId> = spaces.iter().filter(unanswered).copied().collect();
        if !answer.is_empty() {
            self.send_proofs(peer, &answer);
        }
        for space in spaces {
            self.introduce(peer, space);
        }
    }

    /// The peer signed for `device` in `space`; the roster decides what that is worth.
    pub(crate) fn claimed(&mut self, peer: PeerKey, space: SpaceId, device: DeviceId) {
        let Some(s) = self.spaces.get_mut(&space) else { return };
        s.links.entry(peer).or_default().device = Some(device);
        self.judge_link(peer, space);
    }

    /// Judges again all links of a space whose device was not on the roster, or no longer is.
    pub(crate) fn judge_links(&mut self, space: SpaceId) {
        let Some(s) = self.spaces.get(&space) else { return };
        for peer in s.links.keys().copied().collect::<Vec<_>>() {
            self.judge_link(peer, space);
        }
    }

    fn judge_link(&mut self, peer: PeerKey, space: SpaceId) {
        let Some(s) = self.spaces.get_mut(&space) else { return };
        let Some(link) = s.links.get_mut(&peer) else { return };
        let Some(device) = link.device else { return };
        let user = s.replica.user_of(&device).filter(|u| s.replica.is_member(u));
        let was = std::mem::replace(&mut link.proven, user.is_some());
        if was == link.proven {
            return;
        }
        let Some(user) = user else {
            self.ways_lost(space, &peer, device);
            self.voice_news(space);
            let still = self.spaces.values().any(|s| s.links.get(&peer).is_some_and(|l| l.proven));
            return self.net(NetCommand::SetMember { link: peer, member: still });
        };
        self.net(NetCommand::SetMember { link: peer, member: true });
        self.remember(peer, Some(device));
        self.presence_changed(user);
        if let Some(view) = self.peer_view(peer) {
            self.event(NodeEvent::Peer(view));
        }
        self.tell_heads_to(peer, space);
        self.share_peers(peer, space);
        self.publish_presence();
        self.ways_found(space, device);
        self.publish_voice();
        self.voice_news(space);
        self.set_timer(Timer::Heads, limits::HEADS_EVERY_MS);
    }

    /// Pushes the entries by which the roster of any member can be led to this device.
    pub(crate) fn introduce(&mut self, peer: PeerKey, space: SpaceId) {
        let Some(s) = self.spaces.get(&space) else { return };
        let mut wanted = vec![self.keys.device.id()];
        let mut seen = BTreeSet::new();
        let mut chain: Vec<&CheckedEntry> = Vec::new();
        while let Some(device) = wanted.pop() {
            let Some(entry) = s.introductions.get(&device).and_then(|id| s.control.get(id)) else { continue };
            if chain.len() + 2 > limits::STRANGER_ENTRIES || !seen.insert(entry.id()) {
                continue;
            }
            chain.push(entry);
            if entry.envelope().device != device {
                wanted.push(entry.envelope().device);
            }
            if let Ok(ControlBody::Admit { join }) = entry.control().map(|a| a.body)
                && let Some(invite) =
                    s.replica.state().invites.iter().find(|(_, i)| i.fields.key == join.invite_key).map(|(id, _)| *id)
                && let Some(entry) = s.control.get(&invite)
                && seen.insert(invite)
            {
                chain.push(entry);
                wanted.push(entry.envelope().device);
            }
        }
        // The founder first: each entry then finds its author introduced.
        let entries = chain.into_iter().rev().map(CheckedEntry::to_bytes).collect();
        self.send(peer, &Frame::Push { space, entries });
    }

    fn pushed(&mut self, peer: PeerKey, space: SpaceId, entries: &[CheckedEntry]) {
        let claim = self.spaces.get(&space).and_then(|s| s.links.get(&peer)).map(|l| (l.device.is_some(), l.proven));
        let (claimed, proven) = claim.unwrap_or_default();
        // A stranger to the roster may show only so much, and only what shows who it is.
        if !proven {
            let Some(link) = self.links.get_mut(&peer) else { return };
            link.pushed = link.pushed.saturating_add(entries.len().max(1));
            if link.pushed > limits::STRANGER_ENTRIES {
                return self.fault(peer, 1);
            }
        }
        // Only who proved to hold the epoch may push.
        if !claimed {
            return;
        }
        let mut new = false;
        for entry in entries.iter().filter(|e| proven || e.envelope().class == Class::Control) {
            new |= self.admit(space, entry, crate::admit::Source::Sync) == crate::admit::Outcome::New;
        }
        if new {
            self.after_entries(space);
        }
        self.judge_links(space);
    }

    fn knock(&mut self, peer: PeerKey, tag: [u8; 16]) {
        let Some((own, theirs)) = self.links.get(&peer).and_then(|l| Some((l.own_nonce, l.their_nonce?))) else {
            return;
        };
        let user = self.user;
        let known = self
            .spaces
            .values()
            .find(|s| !s.leaving && s.replica.is_member(&user) && knock_tag(s.id, &theirs, &own) == tag)
            .map(|s| s.id);
        let Some(space) = known else { return };
        let Some(proof) = self.proof(peer, space, true) else { return };
        let signature = proof.sign(&self.keys.device);
        self.send(peer, &Frame::Door { tag, device: self.keys.device.id(), signature });
    }

    fn door(&mut self, peer: PeerKey, tag: [u8; 16], device: DeviceId, signature: &[u8; 64]) {
        let Some(space) = self.knocked(peer, tag) else { return };
        if self.proof(peer, space, false).is_some_and(|p| p.holds(device, signature)) {
            self.door_open(peer, space, device);
        } else {
            self.fault(peer, 4);
        }
    }

    /// The space of a knock this node sent on a link.
    pub(crate) fn knocked(&self, peer: PeerKey, tag: [u8; 16]) -> Option<SpaceId> {
        let link = self.links.get(&peer)?;
        let (own, theirs) = (link.own_nonce, link.their_nonce?);
        self.joins.iter().map(|j| j.space).find(|space| knock_tag(*space, &own, &theirs) == tag)
    }

    /// The tag by which a peer recognises a space this node wants to join.
    pub(crate) fn knock_for(&self, peer: PeerKey, space: SpaceId) -> Option<[u8; 16]> {
        let link = self.links.get(&peer)?;
        Some(knock_tag(space, &link.own_nonce, &link.their_nonce?))
    }

    /// Closes links on which nobody is anybody: neighbours on the same network that share no community.
    pub(crate) fn sweep(&mut self) {
        let gone: Vec<SpaceId> = self.spaces.values().filter(|s| s.leaving).map(|s| s.id).collect();
        for space in gone {
            self.forget_space(space);
        }
        let joining = !self.joins.is_empty();
        let idle: Vec<PeerKey> = self
            .links
            .iter()
            .filter(|(peer, link)| {
                self.now > link.up_since_ms + 12_000
                    && !joining
                    && !self.spaces.values().any(|s| s.links.get(peer).is_some_and(|l| l.device.is_some()))
            })
            .map(|(peer, _)| *peer)
            .collect();
        for peer in idle {
            self.dialer.stranger(peer, self.now);
            self.net(NetCommand::Close { link: peer });
        }
        if !self.links.is_empty() {
            self.set_timer(Timer::Sweep, 15_000);
        }
    }
}
