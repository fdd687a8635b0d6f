//! The fold: which control acts stand, and what they make.
//!
//! An act stands when its device's introduction stands, its author was in at its stamp, its log is not broken there, and the
//! grant it cites stands and reaches (`fold/rules.rs`). In these rules only a break of a log and a `Leave` take anything
//! away, and whether those hold depends on no other act's verdict. So the standing acts are the least fixpoint of rules that
//! only ever add: it is found by a queue, each act that misses something waiting for exactly that, and no order of arrival
//! can change it. A grant is always more junior than the one it cites, so chains of grants end at rank 0. Acts that take
//! away by authority come in strata of rising rank: the same queue run to its end for one rank, removals of that rank, then
//! the next.
//!
//! When something is taken away from under acts that stand, everything is folded again from scratch ([`Fold::add`] says so).

pub(crate) mod project;
pub(crate) mod register;
pub(crate) mod rules;

use crate::{
    log::Logs,
    people::People,
    replica::Change,
    state::{RoleHeld, SpaceState},
};
use hearth_types::{ChannelId, ControlAct, ControlBody, DeviceId, EntryId, EpochFields, EpochId, Hlc, UserId};
use register::Register;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A control entry whose body this build can read.
#[derive(Debug, Clone)]
pub(crate) struct Act {
    pub(crate) device: DeviceId,
    pub(crate) seq: u64,
    pub(crate) hlc: Hlc,
    pub(crate) act: ControlAct,
    /// The user of its join or certificate, where there is one and it holds.
    pub(crate) user: Option<UserId>,
    /// Rank under which it stands.
    pub(crate) stands: Option<u16>,
}

/// What an act waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// This act to stand.
    Act(EntryId),
    /// This user's membership to change.
    Member(UserId),
    /// This device's introduction to stand.
    Device(DeviceId),
    /// An invite with this key to stand.
    Key([u8; 32]),
}

/// A part of the state that may have changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Touch {
    Setting(String),
    Channel(ChannelId),
    Role(EntryId),
    Member(UserId),
    Invite(EntryId),
    Epoch(EpochId),
}

/// What standing acts say about one user.
#[derive(Debug, Clone, Default)]
pub(crate) struct Person {
    /// Standing `Admit`s, by stamp.
    pub(crate) admits: BTreeMap<EntryId, Hlc>,
    /// Stamps of the first and the latest `Admit`.
    pub(crate) joined: Option<Hlc>,
    pub(crate) admitted: Hlc,
    /// Stamp of the latest `Leave`.
    pub(crate) left: Option<Hlc>,
    /// Stamp of the latest `Admit` that a `Leave` cites, standing or not: it is over, however slow the leaver's clock is.
    ended: Option<Hlc>,
    /// Roles by what gives them: a standing grant, or an invite come by.
    pub(crate) grants: BTreeMap<EntryId, RoleHeld>,
    /// Role versions held, the senior first: one entry each, however often it was given.
    pub(crate) held: BTreeMap<(u16, EntryId, EntryId), RoleHeld>,
    /// Devices whose introduction stands, by certificate number.
    pub(crate) devices: BTreeSet<(u8, DeviceId)>,
    pub(crate) profile: Register,
    /// Whether others hear them.
    pub(crate) mute: Register,
    /// Latest stamp of an act that stands.
    last_act: Hlc,
}

impl Person {
    fn hold(&mut self, held: RoleHeld) {
        self.grants.insert(held.by, held);
        let kept = self.held.entry((held.rank, held.role, held.version)).or_insert(held);
        if held.by < kept.by {
            *kept = held;
        }
    }

    /// Stamp after which nothing of theirs counts: that of a `Leave` which no later `Admit` answers.
    pub(crate) fn closed_at(&self) -> Option<Hlc> {
        self.left.filter(|left| *left >= self.admitted || self.ended >= Some(self.admitted))
    }

    /// Notes a `Leave`, or an `Admit` that one cites. True if that is news and acts stand that were written after it: even
    /// where a later `Admit` seems to answer it, that one may stand on nothing but these acts.
    fn leave(&mut self, left: Option<Hlc>, ended: Option<Hlc>) -> bool {
        let before = (self.left, self.ended);
        (self.left, self.ended) = (self.left.max(left), self.ended.max(ended));
        before != (self.left, self.ended) && self.left.is_some_and(|left| self.last_act > left)
    }
}

/// What standing invites with one key say.
#[derive(Debug, Clone, Default)]
pub(crate) struct InviteKey {
    pub(crate) invites: BTreeSet<EntryId>,
    pub(crate) users: BTreeSet<UserId>,
    /// Roles that they give to who comes by them.
    pub(crate) roles: Vec<RoleHeld>,
}

/// What rules look at beside the acts.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) founder: UserId,
    pub(crate) logs: &'a Logs,
    pub(crate) people: &'a People,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Fold {
    pub(crate) acts: BTreeMap<EntryId, Act>,
    waits: BTreeMap<Need, Vec<EntryId>>,
    pub(crate) persons: BTreeMap<UserId, Person>,
    /// Devices whose introduction stands.
    pub(crate) devices: BTreeSet<DeviceId>,
    pub(crate) keys: BTreeMap<[u8; 32], InviteKey>,
    pub(crate) settings: BTreeMap<String, Register>,
    pub(crate) channels: BTreeMap<ChannelId, Register>,
    pub(crate) roles: BTreeMap<EntryId, Register>,
    pub(crate) revoked: BTreeSet<EntryId>,
    /// `Admit`s that the user's own `Leave`s cite.
    ended: BTreeMap<EntryId, BTreeSet<UserId>>,
    /// Highest place of a standing act by device.
    last_seq: BTreeMap<DeviceId, u64>,
    touched: BTreeSet<Touch>,
    /// Something was taken away from under acts that stand.
    stale: bool,
    /// How often everything was folded again.
    pub(crate) refolds: u64,
    /// How often an act was judged.
    pub(crate) judged: u64,
}

impl Fold {
    /// Takes in one act. Follow with [`Self::settle`].
    pub(crate) fn add(&mut self, id: EntryId, act: Act, context: Context<'_>) {
        if let Some(user) = act.user.filter(|u| self.ended.get(&id).is_some_and(|users| users.contains(u))) {
            self.stale |= self.persons.entry(user).or_default().leave(None, Some(act.hlc));
            self.touched.insert(Touch::Member(user));
        }
        self.acts.insert(id, act);
        if !self.stale {
            self.run(VecDeque::from([id]), context);
        }
    }

    /// A log is broken from `seq` on.
    pub(crate) fn broke(&mut self, device: &DeviceId, seq: u64) {
        self.stale |= self.last_seq.get(device).is_some_and(|last| *last >= seq);
    }

    /// A device changed hands.
    pub(crate) fn reassigned(&mut self) {
        self.stale = true;
    }

    /// Brings `state` up to date and says what changed.
    pub(crate) fn settle(&mut self, state: &mut SpaceState, context: Context<'_>) -> BTreeSet<Change> {
        if self.stale {
            self.refold(context);
            let new = project::all(self, context);
            let changes = project::difference(state, &new);
            *state = new;
            return changes;
        }
        let touched = std::mem::take(&mut self.touched);
        touched.into_iter().flat_map(|touch| project::one(self, &touch, state, context)).collect()
    }

    /// Everything from scratch.
    pub(crate) fn refold(&mut self, context: Context<'_>) {
        let mut acts = std::mem::take(&mut self.acts);
        acts.values_mut().for_each(|a| a.stands = None);
        let mut order: Vec<(bool, Hlc, EntryId)> =
            acts.iter().map(|(id, a)| (a.act.body != ControlBody::Leave, a.hlc, *id)).collect();
        // Leaves first, since they take away; the rest in an order that rarely waits.
        order.sort_unstable();
        *self = Self { acts, refolds: self.refolds + 1, judged: self.judged, ..Self::default() };
        self.run(order.into_iter().map(|(.., id)| id).collect(), context);
        self.stale = false;
        self.touched.clear();
    }

    fn run(&mut self, mut queue: VecDeque<EntryId>, context: Context<'_>) {
        while let Some(id) = queue.pop_front() {
            self.judged += 1;
            match rules::judge(self, &id, context) {
                rules::Verdict::Stands(rank) => {
                    let mut woken = BTreeSet::new();
                    self.stand(id, rank, context, &mut woken);
                    for need in woken {
                        queue.extend(self.waits.remove(&need).unwrap_or_default());
                    }
                }
                rules::Verdict::Waits(need) => self.waits.entry(need).or_default().push(id),
                rules::Verdict::Void => {}
            }
        }
    }

    /// Enters an act that stands, and what that may let others stand.
    fn stand(&mut self, id: EntryId, rank: u16, context: Context<'_>, woken: &mut BTreeSet<Need>) {
        let Some(entry) = self.acts.get_mut(&id) else { return };
        if entry.stands.is_some() {
            return;
        }
        entry.stands = Some(rank);
        let (device, seq, hlc, joined, by) = (entry.device, entry.seq, entry.hlc, entry.user, entry.act.by);
        let body = entry.act.body.clone();
        let Some(author) = context.people.user(&device) else { return };
        let last = self.last_seq.entry(device).or_default();
        *last = seq.max(*last);
        woken.insert(Need::Act(id));
        if body != ControlBody::Leave {
            let person = self.persons.entry(author).or_default();
            person.last_act = hlc.max(person.last_act);
        }
        match body {
            ControlBody::DeviceAdd { certificate } => {
                self.device_stands(certificate.device, certificate.number, joined, context, woken)
            }
            ControlBody::Admit { join } => {
                let Some(user) = joined else { return };
                let key = self.keys.entry(join.invite_key).or_default();
                key.users.insert(user);
                self.touched.extend(key.invites.iter().copied().map(Touch::Invite));
                let person = self.persons.entry(user).or_default();
                key.roles.iter().for_each(|held| person.hold(*held));
                person.admits.insert(id, hlc);
                person.admitted = hlc.max(person.admitted);
                person.joined = Some(person.joined.map_or(hlc, |first| first.min(hlc)));
                self.touched.insert(Touch::Member(user));
                woken.insert(Need::Member(user));
                self.device_stands(join.certificate.device, join.certificate.number, joined, context, woken);
            }
            ControlBody::Leave => {
                let ended = by.and_then(|by| self.acts.get(&by)).filter(|a| a.user == Some(author)).map(|a| a.hlc);
                self.stale |= self.persons.entry(author).or_default().leave(Some(hlc), ended);
                if let Some(by) = by {
                    self.ended.entry(by).or_default().insert(author);
                }
                self.touched.insert(Touch::Member(author));
                woken.insert(Need::Member(author));
            }
            ControlBody::Profile { replaces, .. } => {
                self.persons.entry(author).or_default().profile.add(id, rank, None, &replaces);
                self.touched.insert(Touch::Member(author));
            }
            ControlBody::Role(f) => {
                let first = f.role.unwrap_or(id);
                self.roles.entry(first).or_default().add(id, rank, Some(f.rank), &f.replaces);
                self.touched.insert(Touch::Role(first));
            }
            ControlBody::Grant { user, role } => {
                if let Some(held) = self.role_held(role, id) {
                    self.persons.entry(user).or_default().hold(held);
                    self.touched.insert(Touch::Member(user));
                }
            }
            ControlBody::Invite(f) => {
                let given = f.role.and_then(|version| self.role_held(version, id));
                let key = self.keys.entry(f.key).or_default();
                key.invites.insert(id);
                if let Some(held) = given {
                    key.roles.push(held);
                    for user in &key.users {
                        self.persons.entry(*user).or_default().hold(held);
                        self.touched.insert(Touch::Member(*user));
                    }
                }
                self.touched.insert(Touch::Invite(id));
                woken.insert(Need::Key(f.key));
            }
            ControlBody::InviteRevoke { invite } => {
                self.revoked.insert(invite);
                self.touched.insert(Touch::Invite(invite));
            }
            ControlBody::Channel(f) => {
                let channel = ChannelId::from(f.channel.unwrap_or(id));
                self.channels.entry(channel).or_default().add(id, rank, None, &f.replaces);
                self.touched.insert(Touch::Channel(channel));
            }
            ControlBody::Setting { key, replaces, .. } => {
                self.settings.entry(key.clone()).or_default().add(id, rank, None, &replaces);
                self.touched.insert(Touch::Setting(key));
            }
            ControlBody::Mute { user, replaces, .. } => {
                // Taken back by the same rank or a senior one.
                let guard = Some(rank.saturating_add(1));
                self.persons.entry(user).or_default().mute.add(id, rank, guard, &replaces);
                self.touched.insert(Touch::Member(user));
            }
            ControlBody::Epoch(_) => {
                self.touched.insert(Touch::Epoch(EpochId::from(id)));
            }
            ControlBody::Unknown { .. } => {}
        }
    }

    fn device_stands(
        &mut self,
        device: DeviceId,
        number: u8,
        user: Option<UserId>,
        context: Context<'_>,
        woken: &mut BTreeSet<Need>,
    ) {
        // A device claimed for two users stands for the one whose claim holds.
        let Some(user) = user.filter(|u| context.people.user(&device) == Some(*u)) else { return };
        self.persons.entry(user).or_default().devices.insert((number, device));
        self.devices.insert(device);
        self.touched.insert(Touch::Member(user));
        woken.insert(Need::Device(device));
    }

    /// The role that a standing version gives through `by`.
    fn role_held(&self, version: EntryId, by: EntryId) -> Option<RoleHeld> {
        let entry = self.acts.get(&version).filter(|a| a.stands.is_some())?;
        let ControlBody::Role(f) = &entry.act.body else { return None };
        Some(RoleHeld { rank: f.rank, role: f.role.unwrap_or(version), version, by, permissions: f.permissions })
    }

    /// Whether `user` is in, as far as acts at `hlc` go.
    pub(crate) fn member_at(&self, user: &UserId, hlc: Hlc, founder: &UserId) -> bool {
        match self.persons.get(user) {
            Some(person) => {
                (user == founder || !person.admits.is_empty()) && person.closed_at().is_none_or(|end| hlc <= end)
            }
            None => user == founder,
        }
    }

    pub(crate) fn is_member(&self, user: &UserId, founder: &UserId) -> bool {
        self.member_at(user, Hlc(u64::MAX), founder)
    }

    pub(crate) fn epoch(&self, id: &EpochId) -> Option<&EpochFields> {
        match &self.acts.get(&EntryId::from(*id))?.act.body {
            ControlBody::Epoch(f) => Some(f),
            _ => None,
        }
    }
}
