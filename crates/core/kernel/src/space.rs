//! What the kernel holds of one space.

use hearth_crypto::EpochSecret;
use hearth_replica::{OwnLog, Replica};
use hearth_timeline::Timeline;
use hearth_types::{ChannelId, Day, DeviceId, EntryId, EpochId, Hlc, PeerKey, Playing, Scope, SpaceId, UserId};
use hearth_wire::CheckedEntry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// One space: its state, its secrets, who is there, what is being fetched.
pub(crate) struct Space {
    pub id: SpaceId,
    pub genesis: Vec<u8>,
    pub replica: Replica,
    pub own: OwnLog,
    pub secrets: BTreeMap<EpochId, EpochSecret>,
    /// Control entries by id, for serving and for introductions.
    pub control: BTreeMap<EntryId, CheckedEntry>,
    /// Newest stamp among them: what a control act answers.
    pub newest_control: Hlc,
    /// Which control entry introduced a device.
    pub introductions: BTreeMap<DeviceId, EntryId>,
    pub channels: BTreeMap<ChannelId, ChannelCache>,
    /// Per proven or claimed peer.
    pub links: BTreeMap<PeerKey, SpaceLink>,
    /// (scope, day) pairs being fetched from some link, so that two links do not fetch the same.
    pub fetching: BTreeSet<(Scope, Day)>,
    /// Newest notice counter and presence of each device.
    pub notices: BTreeMap<DeviceId, NoticeState>,
    /// Own entries up to this seq were seen at another member.
    pub delivered: u64,
    /// When own membership began; older entries are history and raise no event.
    pub joined_at: Hlc,
    /// Unix ms of own `Admit`s of the last hour.
    pub admits: VecDeque<u64>,
    /// Left; kept a moment so that the others hear of it.
    pub leaving: bool,
}

/// What is known of one device's presence.
#[derive(Default)]
pub(crate) struct NoticeState {
    pub counter: u64,
    /// 0 offline, 1 idle, 2 online, until `until_ms`.
    pub state: u8,
    pub until_ms: u64,
    /// Where its voice is, and until when that holds.
    pub voice: Option<(hearth_wire::VoicePlace, u64)>,
    /// What is played there, and until when that holds.
    pub playing: Option<(Playing, u64)>,
    /// No other game before this.
    pub playing_quiet_until_ms: u64,
    /// No second typing event before this.
    pub typing_quiet_until_ms: u64,
}

/// One channel's folded days and read position.
pub(crate) struct ChannelCache {
    pub timeline: Timeline,
    /// Loaded days, most recently used last.
    pub recent: VecDeque<Day>,
    /// Days asked of the store.
    pub loading: BTreeSet<Day>,
    /// Stamps of messages, sorted; true for one's own.
    pub stamps: Vec<(Hlc, bool)>,
    /// Stamps of others' messages that name this user, as far as they were opened.
    pub mentions: BTreeSet<Hlc>,
    /// Read up to here.
    pub mark: Option<(Hlc, EntryId)>,
    pub unread_told: Option<u32>,
}

/// A link's standing in one space.
#[derive(Default)]
pub(crate) struct SpaceLink {
    /// The device the peer signed for; it may be fetched from.
    pub device: Option<DeviceId>,
    /// That device is a standing member's: it may be served.
    pub proven: bool,
    /// Root the peer last told, and root last told to it.
    pub their_root: Option<[u8; 32]>,
    pub told_root: Option<[u8; 32]>,
    pub told_ms: u64,
    pub pull: Option<crate::sync::Pull>,
    /// Days left to another link that was fetching them; next time they are fetched here whoever else does.
    pub skipped: BTreeSet<(Scope, Day)>,
    pub asked_seals: bool,
    /// Secrets it handed over while their epochs were not known yet.
    pub given: BTreeMap<EpochId, EpochSecret>,
    /// This side proved itself on the link.
    pub sent_proof: bool,
}

impl Space {
    pub(crate) fn new(id: SpaceId, genesis: Vec<u8>, replica: Replica, own: OwnLog) -> Self {
        Self {
            id,
            genesis,
            replica,
            own,
            secrets: BTreeMap::new(),
            control: BTreeMap::new(),
            newest_control: Hlc(0),
            introductions: BTreeMap::new(),
            channels: BTreeMap::new(),
            links: BTreeMap::new(),
            fetching: BTreeSet::new(),
            notices: BTreeMap::new(),
            delivered: 0,
            joined_at: Hlc(u64::MAX),
            admits: VecDeque::new(),
            leaving: false,
        }
    }
    pub fn channel(&mut self, id: ChannelId) -> &mut ChannelCache {
        self.channels.entry(id).or_insert_with(|| ChannelCache::new(id))
    }
    /// The user a linked peer proved to be.
    pub fn link_user(&self, peer: &PeerKey) -> Option<UserId> {
        let link = self.links.get(peer)?;
        if link.proven { self.replica.user_of(&link.device?) } else { None }
    }
    /// Whether a secret is here that matches what the maker of its epoch committed to.
    pub fn holds_epoch(&self) -> bool {
        let epochs = &self.replica.state().epochs;
        self.secrets.iter().any(|(id, s)| epochs.get(id).is_some_and(|e| e.fields.commitment == s.commitment()))
    }
    /// The epoch to write under: the deepest one held.
    pub fn epoch(&self) -> Option<(EpochId, &EpochSecret)> {
        let newest = self.replica.state().newest_epoch(|id| self.secrets.contains_key(id));
        // Before the control log is here there is only what the welcome brought.
        let id = newest.or_else(|| self.secrets.keys().next().copied())?;
        self.secrets.get(&id).map(|s| (id, s))
    }
}

impl ChannelCache {
    pub fn new(id: ChannelId) -> Self {
        Self {
            timeline: Timeline::new(id),
            recent: VecDeque::new(),
            loading: BTreeSet::new(),
            stamps: Vec::new(),
            mentions: BTreeSet::new(),
            mark: None,
            unread_told: None,
        }
    }
    /// Notes a message's stamp, keeping order; nearly always an append.
    pub fn stamp(&mut self, hlc: Hlc, own: bool) {
        let at = self.stamps.partition_point(|(h, _)| *h <= hlc);
        self.stamps.insert(at, (hlc, own));
    }
    /// Messages of others after the mark, or after `since` when there is none.
    pub fn unread(&self, since: Hlc) -> u32 {
        let mark = self.mark.map_or(since, |(h, _)| h.max(since));
        let from = self.stamps.partition_point(|(h, _)| *h <= mark);
        self.stamps[from..].iter().filter(|(_, own)| !own).count() as u32
    }
    /// Mentions after the mark.
    pub fn unread_mentions(&self, since: Hlc) -> u32 {
        let mark = self.mark.map_or(since, |(h, _)| h.max(since));
        self.mentions.range(mark.next()..).count() as u32
    }
    /// Notes that a day was used.
    pub fn touch(&mut self, day: Day) {
        self.recent.retain(|d| *d != day);
        self.recent.push_back(day);
    }
}
