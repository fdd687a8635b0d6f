//! A community and what its people do, entry by entry.

use crate::{Author, Dice, Draft, Person};
use hearth_crypto::{EpochSecret, HashEntropy, InviteSecret, Secret16, Secret32, identity::found};
use hearth_types::{
    ChannelFields, ChannelId, ChannelKind, Class, ContentBody, ControlAct, ControlBody, EntryId, EntryRow, EpochFields,
    EpochId, Genesis, InviteFields, KeyRef, Permissions, RoleFields, Scope, SpaceId, Target,
};
use hearth_wire::{CheckedEntry, InviteLink, InvitePeer, cbor::Codec, entry::seal_content};

/// Somebody in a community, with their log there.
#[derive(Debug)]
pub struct Member {
    /// Who.
    pub person: Person,
    /// Their `Admit`, which they cite; none for the founder.
    pub admit: Option<EntryId>,
    author: Author,
}

/// A community of seeded people. Members go by number, in order of joining; 0 is the founder.
pub struct Community {
    /// Its id.
    pub space: SpaceId,
    /// What the id is the hash of.
    pub genesis: Genesis,
    /// Seed of the genesis key.
    pub genesis_seed: [u8; 32],
    /// Its only epoch.
    pub epoch: EpochId,
    /// The epoch's secret.
    pub secret: [u8; 32],
    /// Secret of the invite everybody comes by.
    pub invite_secret: [u8; 16],
    /// The invite.
    pub invite: EntryId,
    /// The `admin` role.
    pub admin: EntryId,
    /// Text channel `general`.
    pub general: ChannelId,
    /// Voice channel `lounge`.
    pub lounge: ChannelId,
    /// Everybody.
    pub members: Vec<Member>,
    /// Everything written and not yet taken.
    written: Vec<CheckedEntry>,
    sealing: EpochSecret,
    entropy: HashEntropy,
    seed: u64,
}

impl Community {
    /// Founds it at `now_ms`: device, name, epoch 0, profile, `admin` role, the two channels, an open invite.
    pub fn found(seed: u64, name: &str, now_ms: u64) -> Self {
        Self::found_by(Person::new(seed, 0), seed, name, now_ms)
    }

    /// The same by a founder whose keys come from elsewhere.
    pub fn found_by(founder: Person, seed: u64, name: &str, now_ms: u64) -> Self {
        let mut dice = Dice::new(seed);
        let mut entropy = HashEntropy::new(dice.bytes32());
        let (genesis, space, genesis_seed) = found(None, founder.user(), &mut entropy);
        let secret = dice.bytes32();
        let mut invite_secret = [0; 16];
        invite_secret.copy_from_slice(&dice.bytes32()[..16]);
        let nothing = EntryId([0; 32]);
        let author = Author::new(space, founder.device_id());
        let certificate = founder.certificate.clone();
        let mut c = Self {
            space,
            genesis,
            genesis_seed: *genesis_seed.expose(),
            epoch: nothing.into(),
            secret,
            invite_secret,
            invite: nothing,
            admin: nothing,
            general: nothing.into(),
            lounge: nothing.into(),
            members: vec![Member { person: founder, admit: None, author }],
            written: Vec::new(),
            sealing: EpochSecret::new(space, Secret32::new(secret)),
            entropy,
            seed,
        };
        let commitment = c.sealing.commitment();
        let key = c.invite_key().public(space);
        c.act(0, now_ms, ControlBody::DeviceAdd { certificate });
        c.act(0, now_ms, ControlBody::Setting { key: "name".into(), value: name.into(), replaces: vec![] });
        let epoch =
            EpochFields { depth: 0, parents: vec![], covers: vec![], commitment, seals: None, parent_secrets: vec![] };
        c.epoch = c.act(0, now_ms, ControlBody::Epoch(epoch)).into();
        c.profile(0, now_ms);
        let admin = RoleFields {
            role: None,
            name: "admin".into(),
            rank: 1,
            permissions: Permissions::ADMINISTRATOR,
            replaces: vec![],
        };
        c.admin = c.act(0, now_ms, ControlBody::Role(admin));
        c.general = c.channel(0, now_ms, "general", ChannelKind::Text);
        c.lounge = c.channel(0, now_ms, "lounge", ChannelKind::Voice);
        c.invite = c.act(
            0,
            now_ms,
            ControlBody::Invite(InviteFields { key, expires_at_ms: None, max_uses: None, role: None }),
        );
        c
    }

    /// Somebody new comes by the invite, let in by member `admitter`. Their number.
    pub fn join(&mut self, admitter: usize, now_ms: u64) -> usize {
        let number = self.members.len();
        let person = Person::new(self.seed, number);
        let join = self.invite_key().join(self.space, person.certificate.clone());
        let admit = self.act(admitter, now_ms, ControlBody::Admit { join });
        let author = Author::new(self.space, person.device_id());
        self.members.push(Member { person, admit: Some(admit), author });
        self.profile(number, now_ms);
        number
    }

    /// A new channel by member `by`.
    pub fn channel(&mut self, by: usize, now_ms: u64, name: &str, kind: ChannelKind) -> ChannelId {
        let position = self.members.iter().map(|m| m.author.len()).sum::<u64>() as u32;
        let (name, topic) = (name.to_owned(), String::new());
        let fields = ChannelFields {
            channel: None,
            name,
            kind,
            topic,
            position,
            sealed: false,
            deleted: false,
            replaces: vec![],
        };
        self.act(by, now_ms, ControlBody::Channel(fields)).into()
    }

    /// Any act of member `by`, citing their `Admit` (or nothing, for the founder).
    pub fn act(&mut self, by: usize, now_ms: u64, body: ControlBody) -> EntryId {
        let cited = self.members.get(by).and_then(|m| m.admit);
        self.act_by(by, now_ms, cited, body)
    }

    /// Any act, citing any grant. The zero id if the member's day has no room for it.
    pub fn act_by(&mut self, by: usize, now_ms: u64, cited: Option<EntryId>, body: ControlBody) -> EntryId {
        let bytes = ControlAct { by: cited, body }.to_bytes();
        let draft = Draft { scope: Scope::Control, class: Class::Control, target: None, key: None, after: None };
        self.write(by, now_ms, draft, bytes.len(), move |_, _, _| bytes).map_or(EntryId([0; 32]), |written| written.id)
    }

    /// A message of member `by`. None if their day has no room for it.
    pub fn send(
        &mut self,
        by: usize,
        now_ms: u64,
        channel: ChannelId,
        text: &str,
        reply_to: Option<Target>,
    ) -> Option<Target> {
        self.content(by, now_ms, channel, None, ContentBody::Message { text: text.to_owned(), reply_to })
    }

    /// An edit, deletion, reaction or pin of a message.
    pub fn amend(
        &mut self,
        by: usize,
        now_ms: u64,
        channel: ChannelId,
        target: Target,
        content: ContentBody,
    ) -> Option<Target> {
        self.content(by, now_ms, channel, Some(target), content)
    }

    /// Everything written since the last call, in the order it was written.
    pub fn take(&mut self) -> Vec<CheckedEntry> {
        std::mem::take(&mut self.written)
    }

    /// The link everybody comes by.
    pub fn link(&self, peers: Vec<InvitePeer>) -> InviteLink {
        InviteLink { space: self.space, secret: Secret16::new(self.invite_secret), expires_at_s: None, peers }
    }

    /// The epoch's secret, as the wire wants it.
    pub fn epoch_secret(&self) -> EpochSecret {
        EpochSecret::new(self.space, Secret32::new(self.secret))
    }

    fn invite_key(&self) -> InviteSecret {
        InviteSecret::new(Secret16::new(self.invite_secret))
    }

    fn profile(&mut self, number: usize, now_ms: u64) {
        let Some((name, color)) = self.members.get(number).map(|m| (m.person.name.clone(), m.person.color)) else {
            return;
        };
        self.act(number, now_ms, ControlBody::Profile { name, color, replaces: vec![] });
    }

    fn content(
        &mut self,
        by: usize,
        now_ms: u64,
        channel: ChannelId,
        target: Option<Target>,
        content: ContentBody,
    ) -> Option<Target> {
        let index = self.members.get(by)?.author.len();
        let class = if target.is_some() { Class::Amendment } else { Class::Message };
        let key = Some(KeyRef { epoch: self.epoch, index });
        let draft = Draft { scope: Scope::Channel(channel), class, target, key, after: None };
        let length = content.to_bytes().len() + hearth_crypto::aead::OVERHEAD;
        self.write(by, now_ms, draft, length, |envelope, secret, entropy| {
            seal_content(envelope, &content, secret, entropy)
        })
    }

    /// Writes an entry, and says where it stands.
    fn write(
        &mut self,
        by: usize,
        now_ms: u64,
        draft: Draft,
        body_len: usize,
        body: impl FnOnce(&hearth_types::Envelope, &EpochSecret, &mut HashEntropy) -> Vec<u8>,
    ) -> Option<Target> {
        let (secret, entropy) = (&self.sealing, &mut self.entropy);
        let member = self.members.get_mut(by)?;
        let entry = member
            .author
            .write(now_ms, draft, body_len, &member.person.device, |envelope| body(envelope, secret, entropy))?;
        let written = Target { day: entry.envelope().day, id: entry.id() };
        self.written.push(entry);
        Some(written)
    }
}

/// Entries as a store keeps them.
pub fn rows(entries: &[CheckedEntry]) -> Vec<EntryRow> {
    entries.iter().map(CheckedEntry::to_row).collect()
}
