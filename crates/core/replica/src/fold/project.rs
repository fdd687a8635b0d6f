//! From standing acts to [`SpaceState`], part by part or whole.

use super::{Context, Fold, Person, Touch, rules};
use crate::{
    replica::Change,
    state::{ChannelState, EpochState, InviteState, MemberState, RoleState, SpaceState},
};
use hearth_types::{
    ChannelFields, ChannelId, ControlBody, EntryId, EpochId, Hlc, Permissions, RoleFields, UserId, limits,
};
use std::collections::{BTreeMap, BTreeSet};

/// The whole state.
pub(crate) fn all(fold: &Fold, context: Context<'_>) -> SpaceState {
    let mut state = empty(context.founder);
    let mut touches: BTreeSet<Touch> = BTreeSet::from([Touch::Member(context.founder)]);
    touches.extend(fold.settings.keys().cloned().map(Touch::Setting));
    touches.extend(fold.channels.keys().copied().map(Touch::Channel));
    touches.extend(fold.roles.keys().copied().map(Touch::Role));
    touches.extend(fold.persons.keys().copied().map(Touch::Member));
    touches.extend(fold.keys.values().flat_map(|k| k.invites.iter().copied().map(Touch::Invite)));
    for (id, entry) in &fold.acts {
        if entry.stands.is_some() && matches!(entry.act.body, ControlBody::Epoch(_)) {
            touches.insert(Touch::Epoch(EpochId::from(*id)));
        }
    }
    for touch in &touches {
        one(fold, touch, &mut state, context);
    }
    state
}

/// A space with nobody but its founder.
pub(crate) fn empty(founder: UserId) -> SpaceState {
    SpaceState {
        owner: founder,
        settings: BTreeMap::new(),
        channels: BTreeMap::new(),
        members: BTreeMap::from([(founder, MemberState::default())]),
        former: BTreeMap::new(),
        roles: BTreeMap::new(),
        invites: BTreeMap::new(),
        epochs: BTreeMap::new(),
    }
}

/// Brings one part up to date.
pub(crate) fn one(fold: &Fold, touch: &Touch, state: &mut SpaceState, context: Context<'_>) -> Vec<Change> {
    match touch {
        Touch::Setting(key) => {
            let new = fold.settings.get(key).and_then(|r| r.winner()).and_then(|id| setting(fold, &id));
            changed(put(&mut state.settings, key.clone(), new), Change::Settings, Change::Settings)
        }
        Touch::Channel(id) => {
            changed(put(&mut state.channels, *id, channel(fold, *id)), Change::Channel(*id), Change::ChannelGone(*id))
        }
        Touch::Role(id) => {
            changed(put(&mut state.roles, *id, role(fold, *id)), Change::Role(*id), Change::RoleGone(*id))
        }
        Touch::Invite(id) => {
            changed(put(&mut state.invites, *id, invite(fold, *id, context)), Change::Invite(*id), Change::Invite(*id))
        }
        Touch::Epoch(id) => {
            changed(put(&mut state.epochs, *id, epoch(fold, *id, context)), Change::Epoch(*id), Change::EpochGone(*id))
        }
        Touch::Member(user) => {
            let before = (state.members.get(user).cloned(), state.former.get(user).cloned());
            let person = fold.persons.get(user);
            let (now, former) = if fold.is_member(user, &context.founder) {
                (Some(member(fold, *user, person, context)), None)
            } else {
                (
                    None,
                    person
                        .filter(|p| !p.admits.is_empty() || *user == context.founder)
                        .map(|p| member(fold, *user, Some(p), context)),
                )
            };
            put(&mut state.members, *user, now);
            put(&mut state.former, *user, former);
            member_changes(
                *user,
                (before.0.as_ref(), before.1.as_ref()),
                (state.members.get(user), state.former.get(user)),
            )
        }
    }
}

/// What lies between two states.
pub(crate) fn difference(old: &SpaceState, new: &SpaceState) -> BTreeSet<Change> {
    let mut changes = BTreeSet::new();
    if old.settings != new.settings {
        changes.insert(Change::Settings);
    }
    compare(&old.channels, &new.channels, Change::Channel, Change::ChannelGone, &mut changes);
    compare(&old.roles, &new.roles, Change::Role, Change::RoleGone, &mut changes);
    compare(&old.invites, &new.invites, Change::Invite, Change::Invite, &mut changes);
    compare(&old.epochs, &new.epochs, Change::Epoch, Change::EpochGone, &mut changes);
    let users: BTreeSet<&UserId> =
        [&old.members, &old.former, &new.members, &new.former].into_iter().flat_map(|m| m.keys()).collect();
    for user in users {
        changes.extend(member_changes(
            *user,
            (old.members.get(user), old.former.get(user)),
            (new.members.get(user), new.former.get(user)),
        ));
    }
    changes
}

type Pair<'a> = (Option<&'a MemberState>, Option<&'a MemberState>);

fn member_changes(user: UserId, old: Pair<'_>, new: Pair<'_>) -> Vec<Change> {
    if old == new {
        return Vec::new();
    }
    let mut changes =
        vec![if new.0.is_some() || old.0.is_none() { Change::Member(user) } else { Change::MemberGone(user) }];
    if old.0.map(|m| &m.roles) != new.0.map(|m| &m.roles) {
        changes.push(Change::Standing(user));
    }
    changes
}

fn compare<K: Ord + Copy, V: PartialEq>(
    old: &BTreeMap<K, V>,
    new: &BTreeMap<K, V>,
    there: fn(K) -> Change,
    gone: fn(K) -> Change,
    changes: &mut BTreeSet<Change>,
) {
    changes.extend(new.iter().filter(|(k, v)| old.get(k) != Some(v)).map(|(k, _)| there(*k)));
    changes.extend(old.keys().filter(|k| !new.contains_key(k)).map(|k| gone(*k)));
}

enum Put {
    Same,
    There,
    Gone,
}

fn put<K: Ord, V: PartialEq>(map: &mut BTreeMap<K, V>, key: K, new: Option<V>) -> Put {
    match new {
        Some(value) if map.get(&key) == Some(&value) => Put::Same,
        Some(value) => {
            map.insert(key, value);
            Put::There
        }
        None => match map.remove(&key) {
            Some(_) => Put::Gone,
            None => Put::Same,
        },
    }
}

fn changed(put: Put, there: Change, gone: Change) -> Vec<Change> {
    match put {
        Put::Same => Vec::new(),
        Put::There => vec![there],
        Put::Gone => vec![gone],
    }
}

fn setting(fold: &Fold, id: &EntryId) -> Option<String> {
    match &fold.acts.get(id)?.act.body {
        ControlBody::Setting { value, .. } => Some(value.clone()),
        _ => None,
    }
}

fn channel_fields<'a>(fold: &'a Fold, id: &EntryId) -> Option<&'a ChannelFields> {
    match &fold.acts.get(id)?.act.body {
        ControlBody::Channel(f) => Some(f),
        _ => None,
    }
}

fn channel(fold: &Fold, id: ChannelId) -> Option<ChannelState> {
    let register = fold.channels.get(&id)?;
    let version = register.winner()?;
    let first = channel_fields(fold, &EntryId::from(id))?;
    let mut fields = channel_fields(fold, &version)?.clone();
    if fields.deleted {
        return None;
    }
    (fields.kind, fields.sealed) = (first.kind, first.sealed);
    Some(ChannelState { fields, version, heads: register.heads() })
}

fn role_fields<'a>(fold: &'a Fold, id: &EntryId) -> Option<&'a RoleFields> {
    match &fold.acts.get(id)?.act.body {
        ControlBody::Role(f) => Some(f),
        _ => None,
    }
}

fn role(fold: &Fold, id: EntryId) -> Option<RoleState> {
    let register = fold.roles.get(&id)?;
    let version = register.winner()?;
    Some(RoleState { version, fields: role_fields(fold, &version)?.clone(), heads: register.heads() })
}

fn invite(fold: &Fold, id: EntryId, context: Context<'_>) -> Option<InviteState> {
    let entry = fold.acts.get(&id).filter(|a| a.stands.is_some())?;
    let ControlBody::Invite(fields) = &entry.act.body else { return None };
    let used = fold.keys.get(&fields.key).map_or(0, |k| k.users.len());
    Some(InviteState {
        fields: fields.clone(),
        creator: context.people.user(&entry.device)?,
        used: u32::try_from(used).unwrap_or(u32::MAX),
        revoked: fold.revoked.contains(&id),
    })
}

fn epoch(fold: &Fold, id: EpochId, context: Context<'_>) -> Option<EpochState> {
    let entry = fold.acts.get(&EntryId::from(id)).filter(|a| a.stands.is_some())?;
    let ControlBody::Epoch(fields) = &entry.act.body else { return None };
    Some(EpochState { fields: fields.clone(), maker: context.people.user(&entry.device)? })
}

fn member(fold: &Fold, user: UserId, person: Option<&Person>, context: Context<'_>) -> MemberState {
    let Some(person) = person else { return MemberState::default() };
    let (name, color) = match person.profile.winner().and_then(|id| fold.acts.get(&id)).map(|a| &a.act.body) {
        Some(ControlBody::Profile { name, color, .. }) => (name.clone(), *color),
        _ => (String::new(), 0),
    };
    let rank = person.held.values().next().map_or(rules::MEMBER_RANK, |held| held.rank);
    let rank = if user == context.founder { 0 } else { rank };
    let mute = person.mute.winner().and_then(|id| fold.acts.get(&id));
    // Equals never touch each other.
    let muted = mute.is_some_and(|a| {
        matches!(a.act.body, ControlBody::Mute { on: true, .. }) && a.stands.is_some_and(|by| by < rank)
    });
    MemberState {
        name,
        color,
        profile_heads: person.profile.heads(),
        devices: person.devices.iter().take(limits::DEVICES_PER_USER).map(|(_, d)| *d).collect(),
        roles: person.held.values().copied().collect(),
        muted,
        mute_heads: person.mute.heads(),
        joined_at: person.joined.unwrap_or(Hlc(0)),
    }
}

/// Everything a member may do.
pub(crate) fn permissions(state: &SpaceState, user: &UserId) -> Permissions {
    match state.members.get(user) {
        None => Permissions::NONE,
        Some(_) if *user == state.owner => rules::everything(),
        Some(member) => member.roles.iter().fold(Permissions::MEMBER, |all, held| all.union(held.permissions)),
    }
}
