//! Gossipsub's settings, and the messages that wait for the kernel's judgement.

use crate::NetFault;
use hearth_ports::Verdict;
use hearth_types::limits;
use libp2p::{
    PeerId,
    gossipsub::{
        self, AllowAllSubscriptionFilter, IdentTopic, MaxCountSubscriptionFilter, MessageAcceptance, MessageId,
    },
};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};
use tokio::time::Instant;

/// Gossipsub with a bound on the topics a peer may name.
pub type Gossip =
    gossipsub::Behaviour<gossipsub::IdentityTransform, MaxCountSubscriptionFilter<AllowAllSubscriptionFilter>>;

/// Room for the wrapping of a payload of `limits::GOSSIP_BYTES`.
const WRAPPING_BYTES: usize = 1_024;
/// Gossipsub holds a message for six heartbeats; a judgement later than that finds nothing.
const JUDGE_WITHIN: Duration = Duration::from_secs(6);

fn setup(error: impl std::fmt::Display) -> NetFault {
    NetFault::Setup(error.to_string())
}

/// The id of a message: two peers that pass on the same bytes pass on the same message.
pub fn message_id(payload: &[u8]) -> MessageId {
    let digest = Sha256::digest(payload);
    MessageId::new(&digest[..20])
}

/// Builds the behaviour. The queue length is the value that matters most: the default allocates over 500 KiB a connection.
pub fn behaviour() -> Result<Gossip, NetFault> {
    let config = gossipsub::ConfigBuilder::default()
        .mesh_n(8)
        .mesh_n_low(6)
        .mesh_n_high(12)
        .mesh_outbound_min(3)
        .gossip_lazy(6)
        .gossip_factor(0.25)
        .heartbeat_interval(Duration::from_secs(1))
        .heartbeat_initial_delay(Duration::from_millis(150))
        .history_length(6)
        .history_gossip(3)
        .flood_publish(true)
        .connection_handler_queue_len(limits::GOSSIP_QUEUE)
        .duplicate_cache_time(Duration::from_secs(120))
        .max_transmit_size(limits::GOSSIP_BYTES + WRAPPING_BYTES)
        .idontwant_message_size_threshold(2_048)
        .validation_mode(gossipsub::ValidationMode::Anonymous)
        .validate_messages()
        .message_id_fn(|message| message_id(&message.data))
        .build()
        .map_err(setup)?;
    let filter = MaxCountSubscriptionFilter {
        filter: AllowAllSubscriptionFilter {},
        max_subscribed_topics: limits::TOPICS,
        max_subscriptions_per_request: limits::TOPICS,
    };
    let mut gossip = Gossip::new_with_subscription_filter(gossipsub::MessageAuthenticity::Anonymous, config, filter)
        .map_err(setup)?;
    gossip.with_peer_score(peer_score(), thresholds()).map_err(setup)?;
    Ok(gossip)
}

fn peer_score() -> gossipsub::PeerScoreParams {
    gossipsub::PeerScoreParams {
        app_specific_weight: 1.0,
        ip_colocation_factor_weight: -5.0,
        ip_colocation_factor_threshold: 10.0,
        // Many nodes on one machine are a test or a shared computer, not one attacker with many names.
        ip_colocation_factor_whitelist: [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)].into(),
        behaviour_penalty_weight: -10.0,
        behaviour_penalty_threshold: 2.0,
        slow_peer_weight: -0.2,
        ..Default::default()
    }
}

fn thresholds() -> gossipsub::PeerScoreThresholds {
    gossipsub::PeerScoreThresholds {
        gossip_threshold: -10.0,
        publish_threshold: -40.0,
        graylist_threshold: -80.0,
        opportunistic_graft_threshold: 2.0,
        ..Default::default()
    }
}

/// Scoring of one topic. Expected deliveries (P3) are off: they punish everybody in a quiet channel.
pub fn topic_score() -> gossipsub::TopicScoreParams {
    gossipsub::TopicScoreParams {
        topic_weight: 1.0,
        time_in_mesh_weight: 0.01,
        time_in_mesh_quantum: Duration::from_secs(1),
        time_in_mesh_cap: 300.0,
        first_message_deliveries_weight: 0.5,
        first_message_deliveries_decay: 0.9,
        first_message_deliveries_cap: 20.0,
        mesh_message_deliveries_weight: 0.0,
        mesh_failure_penalty_weight: 0.0,
        invalid_message_deliveries_weight: -20.0,
        invalid_message_deliveries_decay: 0.9,
        ..Default::default()
    }
}

/// Score of a proven member.
pub const MEMBER_SCORE: f64 = 5.0;
/// Score of one who no longer is. A stranger has 0: below it a peer's wish to mesh is refused for a minute, which would
/// hit every pair whose two proofs are not accepted at the same instant.
pub const FORMER_MEMBER_SCORE: f64 = -1.0;

/// A topic by its opaque name.
pub fn topic(name: &str) -> IdentTopic {
    IdentTopic::new(name)
}

/// Messages handed to the kernel and not judged yet, oldest first.
#[derive(Default)]
pub struct Waiting {
    next: u64,
    messages: BTreeMap<u64, (MessageId, PeerId, Instant)>,
}

impl Waiting {
    /// Takes one in and gives it a token; and the one that had to leave for it, if any.
    pub fn push(&mut self, id: MessageId, from: PeerId, now: Instant) -> (u64, Option<(MessageId, PeerId)>) {
        let full = self.messages.len() >= limits::GOSSIP_WAITING;
        let gone = if full { self.messages.pop_first().map(|(_, (id, from, _))| (id, from)) } else { None };
        self.next += 1;
        self.messages.insert(self.next, (id, from, now));
        (self.next, gone)
    }
    /// The message of a token; each can be taken once.
    pub fn take(&mut self, token: u64) -> Option<(MessageId, PeerId)> {
        self.messages.remove(&token).map(|(id, from, _)| (id, from))
    }
    /// One whose time is over; call until none.
    pub fn expire(&mut self, now: Instant) -> Option<(MessageId, PeerId)> {
        let oldest = self.messages.first_entry()?;
        if now.duration_since(oldest.get().2) < JUDGE_WITHIN {
            return None;
        }
        let (id, from, _) = oldest.remove();
        Some((id, from))
    }
}

/// Gossipsub's word for a verdict.
pub fn acceptance(verdict: Verdict) -> MessageAcceptance {
    match verdict {
        Verdict::Accept => MessageAcceptance::Accept,
        Verdict::Ignore => MessageAcceptance::Ignore,
        Verdict::Reject => MessageAcceptance::Reject,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_settings_are_accepted() {
        assert!(behaviour().is_ok());
        assert_eq!(peer_score().validate(), Ok(()));
        assert_eq!(topic_score().validate(), Ok(()));
        assert_eq!(thresholds().validate(), Ok(()));
    }

    #[test]
    fn unjudged_messages_leave_by_number_and_by_age() {
        let (mut waiting, now, from) = (Waiting::default(), Instant::now(), PeerId::random());
        for n in 0..limits::GOSSIP_WAITING {
            assert_eq!(waiting.push(message_id(&n.to_le_bytes()), from, now).1, None);
        }
        let (token, gone) = waiting.push(message_id(b"one more"), from, now);
        assert_eq!(gone, Some((message_id(&0usize.to_le_bytes()), from)), "the oldest makes room");
        assert_eq!(waiting.messages.len(), limits::GOSSIP_WAITING);
        assert_eq!(waiting.take(token), Some((message_id(b"one more"), from)));
        assert_eq!(waiting.take(token), None, "a token is good once");
        assert_eq!(waiting.expire(now), None);
        let mut expired = 0;
        while waiting.expire(now + JUDGE_WITHIN).is_some() {
            expired += 1;
        }
        assert_eq!((expired, waiting.messages.len()), (limits::GOSSIP_WAITING - 1, 0));
    }
}
