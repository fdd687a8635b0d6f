//! People with keys, and logs they write: what replica tests and benches feed on.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use hearth_crypto::{DeviceKey, Entropy, HashEntropy, InviteSecret, RecoverySeed, RootKey, Secret16, Secret32};
use hearth_replica::{Admission, Change, Draft, OwnLog, Replica};
use hearth_types::{
    Certificate, ChannelFields, ChannelId, ChannelKind, Class, ControlAct, ControlBody, Day, EntryId, EpochId, Genesis,
    Hlc, InviteFields, KeyRef, Permissions, RoleFields, Scope, SpaceId, Target, UserId,
};
use hearth_wire::{CheckedEntry, cbor::Codec};

/// 2026-09-21, noon.
pub const NOON: u64 = 1_790_000_000_000 / 86_400_000 * 86_400_000 + 43_200_000;
pub const DAY_MS: u64 = 86_400_000;

pub fn today() -> Day {
    Day::from_ms(NOON)
}

#[derive(Clone)]
pub struct Keys {
    seed: [u8; 32],
    device: [u8; 32],
}

/// Somebody with one device and one log in one space. Cloning copies the log too, which is how a log forks.
#[derive(Clone)]
pub struct Actor {
    pub keys: Keys,
    pub log: OwnLog,
    pub now_ms: u64,
    pub by: Option<EntryId>,
}

impl Actor {
    pub fn new(space: SpaceId, entropy: &mut HashEntropy) -> Self {
        let keys = Keys { seed: entropy.array(), device: entropy.array() };
        let log = OwnLog::new(space, keys.device().id());
        Self { keys, log, now_ms: NOON, by: None }
    }
    pub fn user(&self) -> UserId {
        self.root().user()
    }
    pub fn root(&self) -> RootKey {
        RecoverySeed::new(Secret32::new(self.keys.seed)).root()
    }
    pub fn key(&self) -> DeviceKey {
        self.keys.device()
    }
    pub fn certificate(&self) -> Certificate {
        self.root().certify(self.log.device(), [7; 32], 0)
    }
    /// Signs a draft's entry and goes on from it.
    pub fn write(&mut self, draft: Draft, body: Vec<u8>) -> CheckedEntry {
        self.now_ms += 1_000;
        let envelope = self.log.next(self.now_ms, &draft).unwrap();
        let entry = CheckedEntry::sign(envelope, body, &self.key());
        assert!(self.log.commit(&entry));
        entry
    }
    pub fn act_by(&mut self, by: Option<EntryId>, body: ControlBody) -> CheckedEntry {
        let bytes = ControlAct { by, body }.to_bytes();
        self.write(Draft::control(bytes.len()), bytes)
    }
    /// An act that cites what this actor was told to cite.
    pub fn act(&mut self, body: ControlBody) -> CheckedEntry {
        self.act_by(self.by, body)
    }
    pub fn content(&mut self, channel: ChannelId, target: Option<Target>, body: &[u8]) -> CheckedEntry {
        let class = if target.is_some() { Class::Amendment } else { Class::Message };
        let key = Some(KeyRef { epoch: EpochId([1; 32]), index: self.log.next_seq() });
        let draft = Draft {
            scope: Scope::Channel(channel),
            class,
            target,
            basis: None,
            key,
            body_len: body.len(),
            answered: None,
        };
        self.write(draft, body.to_vec())
    }
    pub fn message(&mut self, channel: ChannelId, text: &str) -> CheckedEntry {
        self.content(channel, None, format!("sealed {text}").as_bytes())
    }
}

impl Keys {
    fn device(&self) -> DeviceKey {
        DeviceKey::from_seed(&Secret32::new(self.device))
    }
}

/// A space with its founder, an open invite and a text channel.
pub struct World {
    pub entropy: HashEntropy,
    pub space: SpaceId,
    pub genesis: Genesis,
    pub owner: Actor,
    pub invite: InviteSecret,
    pub invite_id: EntryId,
    pub channel: ChannelId,
    /// The founder's entries so far.
    pub entries: Vec<CheckedEntry>,
}

impl World {
    pub fn new(seed: u8) -> Self {
        let mut entropy = HashEntropy::new([seed; 32]);
        let mut owner = Actor::new(SpaceId([0; 32]), &mut entropy);
        let (genesis, space, _) = hearth_crypto::identity::found(None, owner.user(), &mut entropy);
        owner.log = OwnLog::new(space, owner.log.device());
        let certificate = owner.certificate();
        let first = owner.act(ControlBody::DeviceAdd { certificate });
        let invite = InviteSecret::new(Secret16::new(entropy.array()));
        let opened = owner.act(ControlBody::Invite(InviteFields {
            key: invite.public(space),
            expires_at_ms: None,
            max_uses: None,
            role: None,
        }));
        let channel = owner.act(ControlBody::Channel(channel_fields("general", None)));
        let (invite_id, channel_id) = (opened.id(), channel.id().into());
        Self {
            entropy,
            space,
            genesis,
            owner,
            invite,
            invite_id,
            channel: channel_id,
            entries: vec![first, opened, channel],
        }
    }
    pub fn replica(&self) -> Replica {
        Replica::new(self.space, self.genesis.clone()).unwrap()
    }
    /// A replica that holds the founder's entries.
    pub fn founded(&self) -> Replica {
        let mut replica = self.replica();
        put(&mut replica, &self.entries);
        replica
    }
    pub fn stranger(&mut self) -> Actor {
        Actor::new(self.space, &mut self.entropy)
    }
    /// Somebody new and the founder's `Admit` of them.
    pub fn join(&mut self) -> (Actor, CheckedEntry) {
        let mut actor = self.stranger();
        let join = self.invite.join(self.space, actor.certificate());
        let admit = self.owner.act(ControlBody::Admit { join });
        actor.by = Some(admit.id());
        (actor, admit)
    }
    /// The same, kept among the founder's entries.
    pub fn member(&mut self) -> Actor {
        let (actor, admit) = self.join();
        self.entries.push(admit);
        actor
    }
    /// A role and its grant to `actor`, who cites it from now on.
    pub fn grant(&mut self, actor: &mut Actor, rank: u16, permissions: Permissions) -> EntryId {
        let role = self.owner.act(ControlBody::Role(role_fields(rank, permissions)));
        let grant = self.owner.act(ControlBody::Grant { user: actor.user(), role: role.id() });
        actor.by = Some(grant.id());
        let id = role.id();
        self.entries.extend([role, grant]);
        id
    }
}

pub fn role_fields(rank: u16, permissions: Permissions) -> RoleFields {
    RoleFields { role: None, name: format!("rank {rank}"), rank, permissions, replaces: Vec::new() }
}

pub fn channel_fields(name: &str, channel: Option<EntryId>) -> ChannelFields {
    ChannelFields {
        channel,
        name: name.into(),
        kind: ChannelKind::Text,
        topic: String::new(),
        position: 0,
        sealed: false,
        deleted: false,
        replaces: Vec::new(),
    }
}

pub fn profile(name: &str) -> ControlBody {
    ControlBody::Profile { name: name.into(), color: 0x00aa_5500, replaces: Vec::new() }
}

pub fn setting(key: &str, value: &str, replaces: Vec<EntryId>) -> ControlBody {
    ControlBody::Setting { key: key.into(), value: value.into(), replaces }
}

pub fn target(entry: &CheckedEntry) -> Option<Target> {
    Some(Target { day: entry.envelope().day, id: entry.id() })
}

pub fn hlc(entry: &CheckedEntry) -> Hlc {
    entry.envelope().hlc
}

/// Admits all and gives back what changed.
pub fn put(replica: &mut Replica, entries: &[CheckedEntry]) -> Vec<Change> {
    entries
        .iter()
        .flat_map(|entry| match replica.admit(entry, today()) {
            Admission::New { changes, .. } => changes,
            _ => Vec::new(),
        })
        .collect()
}

/// Entries in another order, the same for the same seed.
pub fn shuffled(entries: &[CheckedEntry], seed: u64) -> Vec<CheckedEntry> {
    let mut keyed: Vec<([u8; 32], &CheckedEntry)> =
        entries.iter().map(|e| (hearth_crypto::hash("shuffle", &[&seed.to_be_bytes(), &e.id().0]), e)).collect();
    keyed.sort_unstable_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, e)| e.clone()).collect()
}
