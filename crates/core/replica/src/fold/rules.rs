//! The verdict over one act, given what stands already.

use super::{Act, Context, Fold, Need};
use hearth_types::{ControlBody, EntryId, EpochFields, Permissions, RoleFields, UserId};

/// Seniority of plain members.
pub(crate) const MEMBER_RANK: u16 = u16::MAX;

pub(crate) enum Verdict {
    /// It stands, under this rank.
    Stands(u16),
    /// It may stand once this does.
    Waits(Need),
    /// It never stands.
    Void,
}

/// What an act's citation entitles it to.
#[derive(Clone, Copy)]
struct Authority {
    rank: u16,
    permissions: Permissions,
    /// A plain `by: null` of somebody who is not the owner: enough for one's own profile, device and leave.
    uncited: bool,
}

type Judged<T> = Result<T, Verdict>;

/// Judges the act `id`.
pub(crate) fn judge(fold: &Fold, id: &EntryId, context: Context<'_>) -> Verdict {
    match fold.acts.get(id).map(|entry| stands(fold, entry, context)) {
        Some(Ok(rank)) => Verdict::Stands(rank),
        Some(Err(verdict)) => verdict,
        None => Verdict::Void,
    }
}

fn stands(fold: &Fold, entry: &Act, context: Context<'_>) -> Judged<u16> {
    let user = context.people.user(&entry.device).ok_or(Verdict::Void)?;
    if context.logs.broken(&entry.device).is_some_and(|seq| entry.seq >= seq) {
        return Err(Verdict::Void);
    }
    match &entry.act.body {
        ControlBody::Leave => return Ok(MEMBER_RANK),
        // The founder's first device speaks for itself, since nobody can admit it.
        ControlBody::DeviceAdd { certificate }
            if certificate.device == entry.device && entry.user == Some(context.founder) && user == context.founder =>
        {
            return if fold.member_at(&user, entry.hlc, &context.founder) {
                Ok(0)
            } else {
                Err(Verdict::Waits(Need::Member(user)))
            };
        }
        ControlBody::Unknown { .. } => return Err(Verdict::Void),
        _ => {}
    }
    if !fold.devices.contains(&entry.device) {
        return Err(Verdict::Waits(Need::Device(entry.device)));
    }
    if !fold.member_at(&user, entry.hlc, &context.founder) {
        return Err(Verdict::Waits(Need::Member(user)));
    }
    let authority = authority(fold, user, entry.act.by, context)?;
    let rank = match &entry.act.body {
        ControlBody::DeviceAdd { .. } => {
            demand(entry.user == Some(user))?;
            authority.rank
        }
        ControlBody::Profile { .. } => authority.rank,
        ControlBody::Admit { join } => {
            demand(!authority.uncited && entry.user.is_some())?;
            if fold.keys.get(&join.invite_key).is_none_or(|k| k.invites.is_empty()) {
                return Err(Verdict::Waits(Need::Key(join.invite_key)));
            }
            authority.rank
        }
        ControlBody::Role(f) => {
            demand(authority.permissions.allow(Permissions::MANAGE_ROLES) && may_give(authority, f))?;
            if let Some(first) = f.role {
                let first = standing_role(fold, first)?;
                demand(first.role.is_none() && first.rank > authority.rank)?;
            }
            authority.rank
        }
        ControlBody::Grant { role, .. } => {
            demand(authority.permissions.allow(Permissions::MANAGE_ROLES))?;
            let f = standing_role(fold, *role)?;
            demand(may_give(authority, f))?;
            authority.rank
        }
        ControlBody::Invite(f) => {
            demand(authority.permissions.allow(Permissions::CREATE_INVITE))?;
            if let Some(role) = f.role {
                demand(authority.permissions.allow(Permissions::MANAGE_ROLES))?;
                let f = standing_role(fold, role)?;
                demand(may_give(authority, f))?;
            }
            authority.rank
        }
        ControlBody::InviteRevoke { invite } => {
            let target = standing(fold, *invite)?;
            demand(matches!(target.act.body, ControlBody::Invite(_)))?;
            let own = !authority.uncited && context.people.user(&target.device) == Some(user);
            demand(own || authority.permissions.allow(Permissions::MANAGE_COMMUNITY))?;
            authority.rank
        }
        ControlBody::Channel(f) => {
            demand(authority.permissions.allow(Permissions::MANAGE_CHANNELS))?;
            if let Some(channel) = f.channel {
                demand(
                    matches!(&standing(fold, channel)?.act.body, ControlBody::Channel(first) if first.channel.is_none()),
                )?;
            }
            authority.rank
        }
        ControlBody::Setting { .. } => {
            demand(authority.permissions.allow(Permissions::MANAGE_COMMUNITY))?;
            authority.rank
        }
        // Whether it is senior to whom it touches is seen when that is known: see `project`.
        ControlBody::Mute { .. } => {
            demand(authority.permissions.allow(Permissions::MUTE_MEMBERS))?;
            authority.rank
        }
        ControlBody::Epoch(f) => {
            demand(!authority.uncited)?;
            epoch(fold, f, user == context.founder)?;
            authority.rank
        }
        ControlBody::Leave | ControlBody::Unknown { .. } => return Err(Verdict::Void),
    };
    Ok(rank)
}

/// What `by` gives `user`.
fn authority(fold: &Fold, user: UserId, by: Option<EntryId>, context: Context<'_>) -> Judged<Authority> {
    if user == context.founder {
        return Ok(Authority { rank: 0, permissions: everything(), uncited: false });
    }
    let Some(by) = by else {
        return Ok(Authority { rank: MEMBER_RANK, permissions: Permissions::NONE, uncited: true });
    };
    let cited = standing(fold, by)?;
    let person = fold.persons.get(&user).ok_or(Verdict::Void)?;
    if let Some(held) = person.grants.get(&by) {
        return Ok(Authority { rank: held.rank, permissions: held.permissions, uncited: false });
    }
    if person.admits.contains_key(&by) {
        return Ok(Authority { rank: MEMBER_RANK, permissions: Permissions::MEMBER, uncited: false });
    }
    // They may still come by an invite that gives a role; whatever else they cite is not theirs and never will be.
    Err(if matches!(cited.act.body, ControlBody::Invite(_)) {
        Verdict::Waits(Need::Member(user))
    } else {
        Verdict::Void
    })
}

/// An epoch follows standing ones; the first is the owner's.
fn epoch(fold: &Fold, f: &EpochFields, owner: bool) -> Judged<()> {
    if f.parents.is_empty() {
        return demand(owner && f.depth == 0);
    }
    let mut depth = 0;
    for parent in &f.parents {
        match &standing(fold, EntryId::from(*parent))?.act.body {
            ControlBody::Epoch(parent) => depth = parent.depth.saturating_add(1).max(depth),
            _ => return Err(Verdict::Void),
        }
    }
    demand(f.depth == depth)
}

/// A role is given by somebody strictly senior who holds all it allows.
fn may_give(authority: Authority, role: &RoleFields) -> bool {
    role.rank > authority.rank && authority.permissions.allow(role.permissions)
}

fn standing(fold: &Fold, id: EntryId) -> Judged<&Act> {
    fold.acts.get(&id).filter(|a| a.stands.is_some()).ok_or(Verdict::Waits(Need::Act(id)))
}

fn standing_role(fold: &Fold, id: EntryId) -> Judged<&RoleFields> {
    match &standing(fold, id)?.act.body {
        ControlBody::Role(f) => Ok(f),
        _ => Err(Verdict::Void),
    }
}

fn demand(holds: bool) -> Judged<()> {
    if holds { Ok(()) } else { Err(Verdict::Void) }
}

/// Every permission there is.
pub(crate) fn everything() -> Permissions {
    Permissions::NAMED.iter().fold(Permissions::NONE, |all, (bit, _)| all.union(*bit))
}
