//! What the main view is drawn from, put together from the World only when something of its kind changed.

use crate::{Selection, selection::MAIN_WINDOW};
use bevy::{ecs::system::SystemParam, prelude::*};
use hearth_ports::{ChannelView, CommunityHead, MemberView, MessageView};
use hearth_types::{ChannelId, SpaceId};
use hearth_view::{SyncView, TypingView};
use hearth_world as world;
use hearth_world::{EntityIndex, Revisions};

/// A line of a list with its unread counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted<T> {
    /// The line.
    pub line: T,
    /// Unread messages.
    pub unread: u32,
    /// Of them, mentions.
    pub mentions: u32,
}

/// The loaded part of the open channel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Whose messages these are.
    pub channel: Option<ChannelId>,
    /// Oldest first.
    pub messages: Vec<MessageView>,
    /// Older ones exist.
    pub before: bool,
    /// Newer ones exist.
    pub after: bool,
}

/// Everything the main view borrows from.
#[derive(Resource, Debug, Default)]
pub struct Scene {
    /// The rail.
    pub communities: Vec<Counted<CommunityHead>>,
    /// Channels of the open community.
    pub channels: Vec<Counted<ChannelView>>,
    /// Its members by user.
    pub members: Vec<MemberView>,
    /// Changes when `members` does.
    pub members_revision: u64,
    /// Messages of the open channel.
    pub loaded: Loaded,
    /// Catching up.
    pub sync: Option<SyncView>,
    /// Who types in the open channel.
    pub typing: Vec<TypingView>,
    built: Option<(Revisions, Option<SpaceId>, Option<ChannelId>)>,
}

/// The part of the World that lists are made of.
#[derive(SystemParam)]
pub struct Lists<'w, 's> {
    index: Res<'w, EntityIndex>,
    communities: Query<
        'w,
        's,
        (
            &'static world::Community,
            &'static world::DisplayName,
            &'static world::OwnedBy,
            &'static world::MyPermissions,
            &'static world::MemberCount,
            &'static world::CatchUp,
            Option<&'static world::UnreadTotal>,
            Option<&'static world::ChannelRows>,
            Option<&'static world::Members>,
        ),
    >,
    channels: Query<
        'w,
        's,
        (
            &'static world::Channel,
            &'static world::DisplayName,
            &'static world::Kind,
            &'static world::Topic,
            &'static world::Position,
            (&'static world::Sealed, &'static world::Furnished),
            &'static world::Unread,
            &'static world::Typers,
        ),
    >,
    members: Query<
        'w,
        's,
        (
            &'static world::Member,
            &'static world::DisplayName,
            &'static world::AvatarColor,
            &'static world::Roles,
            &'static world::Rank,
            &'static world::IsOwner,
            &'static world::There,
            &'static world::Plays,
        ),
    >,
    windows: Query<'w, 's, (&'static world::WindowOf, &'static world::MessageOrder, &'static world::Edges)>,
    messages: Query<
        'w,
        's,
        (
            &'static world::ChatMessage,
            &'static world::Author,
            &'static world::SentAt,
            &'static world::Body,
            &'static world::ReplyTo,
            &'static world::Reactions,
            &'static world::Delivery,
        ),
    >,
}

/// Puts the scene together again where it is stale.
pub fn rebuild(
    mut scene: ResMut<Scene>,
    lists: Lists,
    selection: Res<Selection>,
    revisions: Res<Revisions>,
    clock: Res<crate::WallClock>,
) {
    let scene = &mut *scene;
    typing(scene, &lists, &selection, clock.now_ms());
    let now = (*revisions, selection.community, selection.channel);
    let before = scene.built.replace(now);
    if before == Some(now) {
        return;
    }
    let moved = before.is_none_or(|(_, community, channel)| (community, channel) != (now.1, now.2));
    let old = before.map(|(revisions, ..)| revisions).unwrap_or_default();
    if moved || old.lists != now.0.lists {
        build_lists(scene, &lists, &selection);
    }
    if moved || old.members != now.0.members {
        build_members(scene, &lists, &selection);
    }
    if moved || old.windows != now.0.windows {
        build_window(scene, &lists);
    }
}

fn typing(scene: &mut Scene, lists: &Lists, selection: &Selection, now_ms: u64) {
    scene.typing.clear();
    let entity = selection.channel.and_then(|id| lists.index.channel(id));
    if let Some((.., typers)) = entity.and_then(|entity| lists.channels.get(entity).ok()) {
        let fresh = typers.0.iter().filter(|(_, until)| **until > now_ms);
        scene.typing.extend(fresh.map(|(user, until)| TypingView { user: *user, until_ms: *until }));
    }
}

fn build_lists(scene: &mut Scene, lists: &Lists, selection: &Selection) {
    scene.communities.clear();
    scene.channels.clear();
    scene.sync = None;
    for (id, entity) in lists.index.communities() {
        let Ok((_, name, owner, permissions, count, catch_up, total, rows, _)) = lists.communities.get(entity) else {
            continue;
        };
        let total = total.copied().unwrap_or_default();
        scene.communities.push(Counted {
            line: CommunityHead {
                community: id,
                name: name.0.clone(),
                owner: owner.0,
                permissions: permissions.0,
                member_count: count.0,
            },
            unread: total.messages,
            mentions: total.mentions,
        });
        if selection.community != Some(id) {
            continue;
        }
        if catch_up.missing > 0 {
            scene.sync = Some(SyncView { fetched: catch_up.fetched, missing: catch_up.missing });
        }
        for entity in rows.into_iter().flat_map(|rows| rows.0.iter()) {
            let Ok((channel, name, kind, topic, position, (sealed, plan), unread, _)) = lists.channels.get(*entity)
            else {
                continue;
            };
            scene.channels.push(Counted {
                line: ChannelView {
                    community: id,
                    channel: channel.0,
                    name: name.0.clone(),
                    kind: kind.0,
                    topic: topic.0.clone(),
                    position: position.0,
                    sealed: sealed.0,
                    plan: plan.0,
                },
                unread: unread.messages,
                mentions: unread.mentions,
            });
        }
    }
}

fn build_members(scene: &mut Scene, lists: &Lists, selection: &Selection) {
    scene.members.clear();
    scene.members_revision += 1;
    let Some(id) = selection.community else { return };
    let Some((.., members)) = lists.index.community(id).and_then(|entity| lists.communities.get(entity).ok()) else {
        return;
    };
    for entity in members.into_iter().flat_map(|members| members.iter()) {
        let Ok((member, name, color, roles, rank, owner, there, plays)) = lists.members.get(entity) else { continue };
        scene.members.push(MemberView {
            community: id,
            user: member.0,
            name: name.0.clone(),
            color: color.0,
            roles: roles.0.clone(),
            rank: rank.0,
            owner: owner.0,
            presence: there.0,
            playing: plays.0.clone(),
        });
    }
    scene.members.sort_by_key(|member| member.user);
}

fn build_window(scene: &mut Scene, lists: &Lists) {
    scene.loaded = Loaded::default();
    let Some(window) = lists.index.window(MAIN_WINDOW) else { return };
    let Ok((of, order, edges)) = lists.windows.get(window) else { return };
    let Ok((channel, ..)) = lists.channels.get(of.0) else { return };
    let rows = order.0.iter().filter_map(|entity| lists.messages.get(*entity).ok());
    let messages = rows.map(|(id, author, at, body, reply_to, reactions, delivery)| MessageView {
        message: id.0,
        author: author.0,
        at: at.0,
        text: body.text.clone(),
        reply_to: reply_to.0,
        edited: body.edited,
        deleted: body.deleted,
        pinned: body.pinned,
        reactions: reactions.0.clone(),
        state: delivery.0,
        readable: body.readable,
    });
    scene.loaded =
        Loaded { channel: Some(channel.0), messages: messages.collect(), before: edges.before, after: edges.after };
}
