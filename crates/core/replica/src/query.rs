//! What a replica answers.

use crate::{
    fold::{project, rules::MEMBER_RANK},
    replica::Replica,
    state::SpaceState,
};
use hearth_types::{
    Certificate, ChannelId, Day, DeviceId, EntryId, EpochFields, EpochId, Genesis, Hlc, Permissions, Scope, SpaceId,
    UserId,
};
use hearth_wire::frame::DayDigest;

/// Who is in, and what they may do.
impl Replica {
    /// The space.
    pub fn space(&self) -> SpaceId {
        self.space
    }
    /// Its genesis object.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }
    /// What the standing control acts make.
    pub fn state(&self) -> &SpaceState {
        &self.state
    }
    /// The user of an introduced device.
    pub fn user_of(&self, device: &DeviceId) -> Option<UserId> {
        self.people.user(device)
    }
    /// The certificate of an introduced device.
    pub fn certificate(&self, device: &DeviceId) -> Option<&Certificate> {
        self.people.certificate(device)
    }
    /// Whether `user` is in.
    pub fn is_member(&self, user: &UserId) -> bool {
        self.state.members.contains_key(user)
    }
    /// Whether `device` speaks for a current member: its user is in, and it is among the user's standing devices.
    pub fn is_member_device(&self, device: &DeviceId) -> bool {
        self.user_of(device).and_then(|user| self.state.members.get(&user)).is_some_and(|m| m.devices.contains(device))
    }
    /// Whether the held entry `seq` of `device` counts: its device's introduction stands, its author was in when it was
    /// written, and its log is not broken there. False for what is not held.
    pub fn counts(&self, device: &DeviceId, seq: u64) -> bool {
        let Some((user, hlc)) = self.user_of(device).zip(self.logs.hlc(device, seq)) else { return false };
        let listed = |m: &crate::state::MemberState| m.devices.contains(device);
        self.logs.broken(device).is_none_or(|broken| seq < broken)
            && self.state.members.get(&user).or_else(|| self.state.former.get(&user)).is_some_and(listed)
            && self.fold.member_at(&user, hlc, &self.genesis.founder)
    }
    /// Everything `user` may do: nothing for who is not in.
    pub fn permissions(&self, user: &UserId) -> Permissions {
        project::permissions(&self.state, user)
    }
    /// Most senior rank of `user`: 0 for the owner, `u16::MAX` for a plain member and for who is not in.
    pub fn rank(&self, user: &UserId) -> u16 {
        match self.state.members.get(user) {
            None => MEMBER_RANK,
            Some(_) if *user == self.state.owner => 0,
            Some(member) => member.roles.first().map_or(MEMBER_RANK, |held| held.rank),
        }
    }
    /// Whether `user` is in and may do all of `need`.
    pub fn may(&self, user: &UserId, need: Permissions) -> bool {
        self.is_member(user) && self.permissions(user).allow(need)
    }
    /// What an act of `user` that needs `need` has to cite as `by`: `Some(None)` for the owner, `Some(Some(grant or admit))`
    /// for others, `None` if no single grant allows it. Plain membership is cited where it is enough, else the most senior
    /// grant.
    pub fn grant_for(&self, user: &UserId, need: Permissions) -> Option<Option<EntryId>> {
        let member = self.state.members.get(user)?;
        if *user == self.state.owner {
            return Some(None);
        }
        if Permissions::MEMBER.allow(need) {
            return self.admit_of(user).map(Some);
        }
        member.roles.iter().find(|held| held.permissions.allow(need)).map(|held| Some(held.by))
    }
    /// The standing `Admit` that lets `user` in: the latest; none for the founder and for strangers.
    pub fn admit_of(&self, user: &UserId) -> Option<EntryId> {
        self.fold.persons.get(user)?.admits.iter().max_by_key(|(id, hlc)| (**hlc, **id)).map(|(id, _)| *id)
    }
    /// A held epoch record, standing or void; void ones still open what was sent under them.
    pub fn epoch(&self, id: &EpochId) -> Option<&EpochFields> {
        self.fold.epoch(id)
    }
    /// The standing invite with this public key, one that is not revoked first.
    pub fn invite_by_key(&self, key: &[u8; 32]) -> Option<EntryId> {
        self.fold.keys.get(key)?.invites.iter().min_by_key(|id| (self.fold.revoked.contains(id), **id)).copied()
    }
    /// The entries a new `Setting` of `key` has to name in `replaces`.
    pub fn setting_heads(&self, key: &str) -> Vec<EntryId> {
        self.fold.settings.get(key).map(|r| r.heads()).unwrap_or_default()
    }
    /// The entries a new version of a channel has to name in `replaces`; a deleted channel's too.
    pub fn channel_heads(&self, channel: &ChannelId) -> Vec<EntryId> {
        self.fold.channels.get(channel).map(|r| r.heads()).unwrap_or_default()
    }
}

/// What is held.
impl Replica {
    /// Whether an entry is held.
    pub fn contains(&self, id: &EntryId) -> bool {
        self.logs.contains(id)
    }
    /// Digest over everything held: equal on two replicas exactly when they hold the same entries.
    pub fn root(&self) -> [u8; 32] {
        self.digests.root()
    }
    /// [`Self::root`] in hex.
    pub fn heads(&self) -> String {
        EntryId(self.root()).to_string()
    }
    /// How many entries are held.
    pub fn entries(&self) -> u64 {
        self.digests.entries()
    }
    /// Day digests in order, strictly after a place.
    pub fn days(&self, after: Option<(Scope, Day)>) -> impl Iterator<Item = DayDigest> + '_ {
        self.digests.days(after)
    }
    /// One day's digest; none if nothing is held of it.
    pub fn day(&self, scope: Scope, day: Day) -> Option<DayDigest> {
        self.digests.day(scope, day)
    }
    /// Newest day with an entry of its own in a scope.
    pub fn newest_day(&self, scope: Scope) -> Option<Day> {
        self.digests.newest_day(scope)
    }
    /// Days of a channel that have entries which amend nothing (messages), oldest first, with how many. Void ones count.
    pub fn channel_days(&self, channel: ChannelId) -> impl DoubleEndedIterator<Item = (Day, u32)> + '_ {
        self.digests.channel_days(channel)
    }
    /// The highest held place of a log, with its entry (the larger id where a broken log has two).
    pub fn top(&self, device: &DeviceId) -> Option<(u64, EntryId)> {
        self.logs.top(device)
    }
    /// Stamp of the held entry at a place of a log.
    pub fn stamp(&self, device: &DeviceId, seq: u64) -> Option<Hlc> {
        self.logs.hlc(device, seq)
    }
    /// First place of a log that does not count, if it is broken.
    pub fn broken(&self, device: &DeviceId) -> Option<u64> {
        self.logs.broken(device)
    }
    /// Entries kept aside.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }
    /// How often an act was judged, and how often everything was folded again: what tests of cost count.
    #[doc(hidden)]
    pub fn effort(&self) -> (u64, u64) {
        (self.fold.judged, self.fold.refolds)
    }
}
