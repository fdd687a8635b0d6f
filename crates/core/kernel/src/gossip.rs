//! The fast path: own entries and notices out, others' in. What gossip loses, sync brings.

use crate::{
    admit::{Outcome, Source},
    kernel::Kernel,
};
use hearth_ports::{NetCommand, Verdict};
use hearth_types::{PeerKey, SpaceId};
use hearth_wire::{CheckedEntry, DecodeError, Ephemeral, GossipBody, gossip};

/// Entries, and notices that nobody stores.
pub(crate) const TOPICS: [&str; 2] = ["log", "now"];

impl Kernel {
    /// Takes part in the topics of every epoch held.
    pub(crate) fn subscribe(&mut self, space: SpaceId) {
        let Some(s) = self.spaces.get(&space) else { return };
        let topics: Vec<String> =
            s.secrets.values().flat_map(|secret| TOPICS.map(|class| secret.topic(class))).collect();
        for topic in topics {
            if self.topics.insert(topic.clone(), space).is_none() {
                self.net(NetCommand::Subscribe { topic });
            }
        }
    }

    pub(crate) fn publish_entry(&mut self, space: SpaceId, entry: &CheckedEntry) {
        self.publish(space, "log", &GossipBody::Entry(entry.to_bytes()));
    }

    pub(crate) fn publish_notice(&mut self, space: SpaceId, notice: Ephemeral) {
        self.publish(space, "now", &GossipBody::Ephemeral(notice));
    }

    fn publish(&mut self, space: SpaceId, class: &str, body: &GossipBody) {
        let Some((_, secret)) = self.spaces.get(&space).and_then(|s| s.epoch()) else { return };
        let topic = secret.topic(class);
        let payload = gossip::wrap(body, secret, &mut self.entropy);
        self.net(NetCommand::Publish { topic, payload });
    }

    pub(crate) fn gossip(&mut self, topic: &str, from: PeerKey, payload: &[u8], token: u64) {
        let verdict = self.heard(topic, from, payload);
        self.net(NetCommand::Judge { token, verdict });
    }

    /// Rejects only what every honest node would; all doubt is to be dropped without blame.
    fn heard(&mut self, topic: &str, from: PeerKey, payload: &[u8]) -> Verdict {
        let Some(space) = self.topics.get(topic).copied() else { return Verdict::Ignore };
        let Some(s) = self.spaces.get(&space) else { return Verdict::Ignore };
        if s.links.get(&from).is_none_or(|l| l.device.is_none()) {
            return Verdict::Ignore;
        }
        match gossip::unwrap(payload, s.secrets.values()) {
            Err(DecodeError::Signature) => Verdict::Ignore,
            Err(_) => Verdict::Reject,
            Ok(GossipBody::Ephemeral(notice)) => self.notice(space, notice),
            Ok(GossipBody::Entry(bytes)) => match CheckedEntry::from_bytes(&bytes) {
                Err(_) => Verdict::Reject,
                Ok(entry) if entry.envelope().space != space => Verdict::Reject,
                Ok(entry) => match self.admit(space, &entry, Source::Gossip) {
                    Outcome::New | Outcome::Known => {
                        self.mend_gaps(from, space, &entry);
                        Verdict::Accept
                    }
                    Outcome::Waiting => {
                        self.pull(from, space);
                        Verdict::Ignore
                    }
                    Outcome::Refused => Verdict::Ignore,
                },
            },
        }
    }

    /// A live entry whose predecessor is not here means that something was missed: fetch it now, not in 20 s.
    fn mend_gaps(&mut self, from: PeerKey, space: SpaceId, entry: &CheckedEntry) {
        let missed = self
            .spaces
            .get(&space)
            .is_some_and(|s| entry.envelope().prev.is_some_and(|prev| !s.replica.contains(&prev)));
        if missed {
            self.pull(from, space);
        }
    }
}
