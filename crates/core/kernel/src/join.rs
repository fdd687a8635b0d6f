//! Joining by a link, and letting others in.

use crate::{
    admit::joined_at,
    kernel::{Kernel, Pending, Then, Timer},
    space::Space,
};
use hearth_crypto::{EpochSecret, InviteSecret, Secret32, identity, seal};
use hearth_ports::{ErrorCode, NetCommand, NodeError, NodeReply, SpaceRecord, StoreRequest};
use hearth_replica::{OwnLog, Replica};
use hearth_types::{ControlBody, DeviceId, EpochId, Genesis, PeerKey, Permissions, SignedJoin, SpaceId, limits};
use hearth_wire::{Frame, InviteLink, cbor::Codec};
use std::collections::{BTreeMap, BTreeSet};

/// How long a join may take before the person is told that nobody answers, in milliseconds.
const JOIN_MS: u64 = 30_000;
/// How long others get to say yes after one said no.
const SECOND_CHANCE_MS: u64 = 3_000;

/// A join under way.
pub(crate) struct Joining {
    pub request: u64,
    pub space: SpaceId,
    secret: InviteSecret,
    started_ms: u64,
    refused: Option<(u8, u64)>,
    asked: BTreeSet<PeerKey>,
}

impl Kernel {
    pub(crate) fn community_join(&mut self, request: u64, link: &str) {
        let link = match InviteLink::parse(link) {
            Ok(link) => link,
            Err(why) => return self.reply(request, Err(NodeError::new(ErrorCode::BadLink, why.to_string()))),
        };
        let space = link.space;
        let user = self.user;
        // Without its key one is not really in: joining again brings it.
        if self.spaces.get(&space).is_some_and(|s| !s.leaving && s.replica.is_member(&user) && s.holds_epoch()) {
            return self.reply(request, Ok(NodeReply::Joined { community: space }));
        }
        if link.expires_at_s.is_some_and(|at| u64::from(at) * 1_000 < self.now) {
            return self.reply(request, Err(closed(1)));
        }
        if self.joins.iter().any(|j| j.space == space) {
            return self
                .reply(request, Err(NodeError::new(ErrorCode::Busy, "Joining this community is already under way.")));
        }
        if self.joins.len() >= limits::JOINS {
            return self.reply(request, Err(NodeError::new(ErrorCode::Busy, "Too many joins are under way at once.")));
        }
        for peer in &link.peers {
            self.dialer.offer(peer.key, vec![peer.address.to_multiaddr()], self.now);
        }
        let secret = InviteSecret::new(link.secret);
        self.joins.push(Joining {
            request,
            space,
            secret,
            started_ms: self.now,
            refused: None,
            asked: BTreeSet::new(),
        });
        for peer in self.links.keys().copied().collect::<Vec<_>>() {
            self.knock_all(peer);
        }
        self.dial_due();
        self.reset_timer(Timer::Join, 1_000);
    }

    /// Asks a peer about every community this node wants to join.
    pub(crate) fn knock_all(&mut self, peer: PeerKey) {
        for space in self.joins.iter().map(|j| j.space).collect::<Vec<_>>() {
            if let Some(tag) = self.knock_for(peer, space) {
                self.send(peer, &Frame::Knock { tag });
            }
        }
    }

    /// A member answered the knock: make the claim.
    pub(crate) fn door_open(&mut self, peer: PeerKey, space: SpaceId, device: DeviceId) {
        let certificate = self.certificate.clone();
        let Some(joining) = self.joins.iter_mut().find(|j| j.space == space) else { return };
        if !joining.asked.insert(peer) {
            return;
        }
        let join = joining.secret.join(space, certificate);
        self.send(peer, &Frame::Join { space, join });
        self.doors.insert((peer, space), device);
    }

    /// Somebody wants in.
    pub(crate) fn join_claim(&mut self, peer: PeerKey, space: SpaceId, join: SignedJoin) {
        let now = self.now;
        let Some(link) = self.links.get(&peer) else { return };
        let Some(nonces) = link.their_nonce.map(|theirs| (theirs, link.own_nonce)) else { return };
        let tag = hearth_wire::frame::knock_tag(space, &nonces.0, &nonces.1);
        let user = self.user;
        let Some(s) = self.spaces.get_mut(&space).filter(|s| !s.leaving && s.replica.is_member(&user)) else { return };
        let Some(joiner) = identity::check_join(space, &join) else { return self.fault(peer, 4) };
        let device = join.certificate.device;
        if s.replica.is_member(&joiner) && s.replica.user_of(&device) == Some(joiner) {
            return self.welcome(peer, space, device);
        }
        let refusal = match s.replica.state().invites.values().find(|i| i.fields.key == join.invite_key) {
            None => Some(0),
            Some(i) if i.revoked => Some(3),
            Some(i) if i.fields.expires_at_ms.is_some_and(|at| at <= now) => Some(1),
            Some(i) if i.fields.max_uses.is_some_and(|max| i.uses() >= max) => Some(2),
            Some(_) => None,
        };
        while s.admits.front().is_some_and(|at| at + 3_600_000 < now) {
            s.admits.pop_front();
        }
        let refusal = refusal.or((s.admits.len() >= limits::ADMITS_PER_HOUR as usize).then_some(5));
        if let Some(reason) = refusal {
            return self.send(peer, &Frame::Refused { tag, reason });
        }
        match self.author_control(space, ControlBody::Admit { join }, Some(Permissions::CREATE_INVITE)) {
            Ok(entry) => {
                if let Some(s) = self.spaces.get_mut(&space) {
                    s.admits.push_back(now);
                }
                self.put_own(space, vec![entry], Then::Welcome { link: peer, device });
            }
            Err(_) => self.send(peer, &Frame::Refused { tag, reason: 5 }),
        }
    }

    /// Hands the genesis object and the epoch secrets to an admitted device.
    pub(crate) fn welcome(&mut self, peer: PeerKey, space: SpaceId, device: DeviceId) {
        let Some(s) = self.spaces.get(&space) else { return };
        let epochs: Vec<EpochId> = s.secrets.keys().copied().collect();
        let genesis = s.genesis.clone();
        let seals = self.seals_for(space, device, &epochs);
        self.send(peer, &Frame::Welcome { space, genesis, seals });
    }

    fn seals_for(&mut self, space: SpaceId, device: DeviceId, epochs: &[EpochId]) -> Vec<(EpochId, Vec<u8>)> {
        let Some(s) = self.spaces.get(&space) else { return Vec::new() };
        let Some(agreement) = s.replica.certificate(&device).map(|c| c.agreement) else { return Vec::new() };
        let mut seals = Vec::new();
        for epoch in epochs.iter().take(limits::WELCOME_SEALS) {
            let Some(secret) = s.secrets.get(epoch) else { continue };
            let context = seal_context(space, *epoch);
            if let Some(sealed) = seal::seal_to(&agreement, &context, secret.secret().expose(), &mut self.entropy) {
                seals.push((*epoch, sealed));
            }
        }
        seals
    }

    /// A proven member asks for secrets it lacks.
    pub(crate) fn ask_seals(&mut self, peer: PeerKey, space: SpaceId, epochs: &[EpochId]) {
        let device =
            self.spaces.get(&space).and_then(|s| s.links.get(&peer)).filter(|l| l.proven).and_then(|l| l.device);
        let Some(device) = device else { return };
        let seals = self.seals_for(space, device, epochs);
        let genesis = self.spaces.get(&space).map(|s| s.genesis.clone()).unwrap_or_default();
        self.send(peer, &Frame::Welcome { space, genesis, seals });
    }

    /// Let in, or given secrets asked for.
    pub(crate) fn welcomed(&mut self, peer: PeerKey, space: SpaceId, genesis: &[u8], seals: &[(EpochId, Vec<u8>)]) {
        let joining = self.joins.iter().any(|j| j.space == space && j.asked.contains(&peer));
        let asked = self.spaces.get(&space).and_then(|s| s.links.get(&peer)).is_some_and(|l| l.asked_seals);
        if !joining && !asked {
            return self.fault(peer, 1);
        }
        if joining && !self.spaces.contains_key(&space) {
            let Some(replica) = Genesis::from_bytes(genesis).ok().and_then(|g| Replica::new(space, g)) else {
                return self.fault(peer, 8);
            };
            let own = OwnLog::new(space, self.keys.device.id());
            self.spaces.insert(space, Space::new(space, genesis.to_vec(), replica, own));
        }
        // The genesis object that checked out is kept, never one that a later welcome brings.
        if joining && let Some(s) = self.spaces.get_mut(&space) {
            s.leaving = false;
            let record = SpaceRecord { space, genesis: s.genesis.clone(), joined: true };
            let token = self.token(Pending::Setup { space });
            self.store(StoreRequest::PutSpace { token, record });
        }
        for (epoch, sealed) in seals {
            let Ok(plain) = seal::open_from(&self.keys.agreement, &seal_context(space, *epoch), sealed) else {
                continue;
            };
            let Ok(bytes) = <[u8; 32]>::try_from(plain) else { continue };
            self.hold_secret(peer, space, *epoch, EpochSecret::new(space, Secret32::new(bytes)), joining);
        }
        if let Some(device) = self.doors.get(&(peer, space)).copied() {
            self.claimed(peer, space, device);
        }
        self.send_proofs(peer, &[space]);
        self.tell_heads_to(peer, space);
        self.pull(peer, space);
    }

    /// Takes a secret that `peer` handed over. One whose epoch is known must match what its maker committed to. Before
    /// that, while joining, whoever was first is believed, and what others say instead is kept beside it for the moment
    /// when the epoch shows who was right.
    fn hold_secret(&mut self, peer: PeerKey, space: SpaceId, epoch: EpochId, secret: EpochSecret, joining: bool) {
        let Some(s) = self.spaces.get_mut(&space) else { return };
        match s.replica.state().epochs.get(&epoch) {
            Some(e) if e.fields.commitment != secret.commitment() => return,
            Some(_) => {}
            None if !joining => return,
            None => {
                if let Some(link) = s.links.get_mut(&peer)
                    && link.given.len() < limits::GIVEN_SECRETS
                {
                    let copy = EpochSecret::new(space, Secret32::new(*secret.secret().expose()));
                    link.given.insert(epoch, copy);
                }
            }
        }
        if s.secrets.contains_key(&epoch) || s.secrets.len() >= limits::WELCOME_SEALS {
            return;
        }
        self.keep_secret(space, epoch, secret);
    }

    fn keep_secret(&mut self, space: SpaceId, epoch: EpochId, secret: EpochSecret) {
        let Some(s) = self.spaces.get_mut(&space) else { return };
        let bytes = *secret.secret().expose();
        s.secrets.insert(epoch, secret);
        let token = self.token(Pending::Setup { space });
        self.store(StoreRequest::PutSecret { token, space, epoch, secret: bytes });
        self.subscribe(space);
    }

    /// Once epoch entries are here: secrets that do not match are replaced by ones that do, or asked for.
    pub(crate) fn check_secrets(&mut self, space: SpaceId) {
        let Some(s) = self.spaces.get_mut(&space) else { return };
        let epochs = &s.replica.state().epochs;
        let fits = |id: &EpochId, secret: &EpochSecret| {
            epochs.get(id).is_some_and(|e| e.fields.commitment == secret.commitment())
        };
        let mut kept = BTreeMap::new();
        let mut dropped = Vec::new();
        for (id, secret) in std::mem::take(&mut s.secrets) {
            if epochs.contains_key(&id) && !fits(&id, &secret) {
                dropped.extend(crate::gossip::TOPICS.map(|class| secret.topic(class)));
            } else {
                kept.insert(id, secret);
            }
        }
        s.secrets = kept;
        let mut better = BTreeMap::new();
        for link in s.links.values_mut() {
            for (id, secret) in std::mem::take(&mut link.given) {
                if !epochs.contains_key(&id) {
                    link.given.insert(id, secret);
                } else if fits(&id, &secret) && !s.secrets.contains_key(&id) {
                    better.insert(id, secret);
                }
            }
        }
        for topic in dropped {
            self.topics.remove(&topic);
            self.net(NetCommand::Unsubscribe { topic });
        }
        for (id, secret) in better {
            self.keep_secret(space, id, secret);
        }
        let Some(s) = self.spaces.get_mut(&space) else { return };
        let missing: Vec<EpochId> = s
            .replica
            .state()
            .epochs
            .keys()
            .filter(|id| !s.secrets.contains_key(id))
            .copied()
            .take(limits::WELCOME_SEALS)
            .collect();
        if missing.is_empty() {
            return;
        }
        let Some((peer, link)) = s.links.iter_mut().find(|(_, l)| l.proven && !l.asked_seals) else { return };
        link.asked_seals = true;
        let peer = *peer;
        self.send(peer, &Frame::AskSeals { space, epochs: missing });
    }

    pub(crate) fn join_refused(&mut self, peer: PeerKey, tag: [u8; 16], reason: u8) {
        let Some(space) = self.knocked(peer, tag) else { return };
        // Only who was asked may say no, and nobody once another let us in.
        let welcomed = self.spaces.contains_key(&space);
        if let Some(joining) = self.joins.iter_mut().find(|j| j.space == space && !welcomed && j.asked.contains(&peer))
        {
            joining.refused = Some((reason, self.now));
            self.reset_timer(Timer::Join, SECOND_CHANCE_MS);
        }
    }

    /// Checks after each input whether a join is complete: its control log is here and this user is in it.
    pub(crate) fn joins_progress(&mut self) {
        let user = self.user;
        let mut done = Vec::new();
        for joining in &self.joins {
            let Some(s) = self.spaces.get(&joining.space) else { continue };
            let has_state = s.replica.is_member(&user) && !s.replica.state().channels.is_empty() && s.holds_epoch();
            let pulling_control = s.links.values().any(|l| l.pull.as_ref().is_some_and(crate::sync::Pull::in_control));
            if has_state && !pulling_control {
                done.push((joining.request, joining.space));
            }
        }
        for (request, space) in done {
            self.joins.retain(|j| j.space != space);
            self.doors.retain(|(_, s), _| *s != space);
            if let Some(s) = self.spaces.get_mut(&space) {
                s.joined_at = joined_at(s, &user);
            }
            self.check_secrets(space);
            self.tell_space(space);
            for peer in self.links.keys().copied().collect::<Vec<_>>() {
                if !self.spaces.get(&space).and_then(|s| s.links.get(&peer)).is_some_and(|l| l.sent_proof) {
                    self.send_proofs(peer, &[space]);
                }
            }
            self.publish_presence();
            // One is in once the others can see one's name.
            let then = Then::Reply { request, reply: NodeReply::Joined { community: space } };
            self.write_profile(space, then);
        }
    }

    /// Ends joins that nobody answers.
    pub(crate) fn joins_due(&mut self) {
        let now = self.now;
        let over = |j: &Joining| match j.refused {
            Some((reason, at)) if now >= at + SECOND_CHANCE_MS && !self.spaces.contains_key(&j.space) => {
                Some(closed(reason))
            }
            _ if now >= j.started_ms + JOIN_MS => Some(NodeError::new(
                ErrorCode::NobodyReachable,
                "Nobody of this community can be reached right now. Ask the person who invited you to keep Hearth open, then try the link again.",
            )),
            _ => None,
        };
        let ended: Vec<(SpaceId, NodeError)> = self.joins.iter().filter_map(|j| Some((j.space, over(j)?))).collect();
        for (space, error) in ended {
            self.fail_join(space, error);
        }
        if !self.joins.is_empty() {
            for peer in self.links.keys().copied().collect::<Vec<_>>() {
                self.knock_unasked(peer);
            }
            self.dial_due();
            self.set_timer(Timer::Join, 1_000);
        }
    }

    /// A link went down: whoever it led to is asked again when it is back.
    pub(crate) fn joins_lost(&mut self, peer: PeerKey) {
        for joining in &mut self.joins {
            joining.asked.remove(&peer);
        }
        self.doors.retain(|(p, _), _| *p != peer);
    }

    fn knock_unasked(&mut self, peer: PeerKey) {
        if self.joins.iter().any(|j| !j.asked.contains(&peer)) {
            self.knock_all(peer);
        }
    }

    pub(crate) fn joins_went_back(&mut self, ms: u64) {
        for joining in &mut self.joins {
            joining.started_ms = joining.started_ms.saturating_sub(ms);
            joining.refused = joining.refused.map(|(reason, at)| (reason, at.saturating_sub(ms)));
        }
    }

    pub(crate) fn fail_join(&mut self, space: SpaceId, error: NodeError) {
        let Some(at) = self.joins.iter().position(|j| j.space == space) else { return };
        let joining = self.joins.remove(at);
        self.doors.retain(|(_, s), _| *s != space);
        if let Some(s) = self.spaces.get(&space)
            && !s.replica.is_member(&self.user)
        {
            let record = SpaceRecord { space, genesis: s.genesis.clone(), joined: false };
            let token = self.token(Pending::Fetched);
            self.store(StoreRequest::PutSpace { token, record });
            self.forget_space(space);
        }
        self.reply(joining.request, Err(error));
    }
}

fn seal_context(space: SpaceId, epoch: EpochId) -> Vec<u8> {
    hearth_crypto::sign::signed_bytes("hearth/epoch-seal/1", &[&space.0, &epoch.0])
}

fn closed(reason: u8) -> NodeError {
    let text = match reason {
        1 => "This invite has run out. Ask for a new link.",
        2 => "This invite was used as often as it may be. Ask for a new link.",
        3 => "This invite was taken back. Ask for a new link.",
        4 => "You were put out of this community.",
        5 => "Too many people are joining right now. Try again in a while.",
        _ => "This invite is not known to the community. Ask for a new link.",
    };
    NodeError::new(ErrorCode::InviteClosed, text)
}
