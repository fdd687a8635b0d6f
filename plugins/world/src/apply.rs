//! Ingested events become entities. One exclusive system, because events only make sense in their order.

mod snapshot;
mod voice;
mod window;

pub use snapshot::drop_projection;

use crate::{EntityIndex, facts::*, flow::*};
use bevy_ecs::prelude::*;
use hearth_ports::{ChannelView, CommunityHead, MemberView, NodeEvent, PeerView, Presence};
use hearth_types::{ChannelId, Playing, SpaceId, UserId, limits};

/// Applies everything ingested this frame.
pub fn apply(world: &mut World) {
    let events: Vec<NodeEvent> = world.resource_mut::<Messages<Ingested>>().drain().map(|e| e.0).collect();
    for event in events {
        apply_event(world, event);
    }
}

fn apply_event(world: &mut World, event: NodeEvent) {
    let mut revisions = world.resource_mut::<Revisions>();
    match &event {
        NodeEvent::Member(_) | NodeEvent::PresenceChanged { .. } => revisions.members += 1,
        NodeEvent::MemberGone { .. } => {
            revisions.members += 1;
            revisions.voices += 1;
        }
        NodeEvent::Window { .. } => revisions.windows += 1,
        NodeEvent::VoiceMember(_) | NodeEvent::VoiceSpeaking { .. } | NodeEvent::VoiceRelay { .. } => {
            revisions.voices += 1;
        }
        NodeEvent::SnapshotEnd => revisions.touch_all(),
        NodeEvent::CommunityGone { .. } | NodeEvent::ChannelGone { .. } => revisions.touch_all(),
        NodeEvent::Community(_) | NodeEvent::Channel(_) | NodeEvent::Unread { .. } | NodeEvent::SyncProgress { .. } => {
            revisions.lists += 1;
        }
        _ => {}
    }
    match event {
        NodeEvent::Identity(identity) => world.resource_mut::<Me>().0 = Some(identity),
        NodeEvent::Net(status) => world.resource_mut::<Network>().0 = Some(status),
        NodeEvent::SnapshotBegin => snapshot::begin(world),
        NodeEvent::SnapshotEnd => snapshot::end(world),
        NodeEvent::Community(head) => community(world, head),
        NodeEvent::CommunityGone { community } => gone(world, |index| index.community(community)),
        NodeEvent::Channel(view) => channel(world, view),
        NodeEvent::ChannelGone { channel, .. } => gone(world, |index| index.channel(channel)),
        NodeEvent::Member(view) => member(world, view),
        NodeEvent::MemberGone { community, user } => {
            voice::left(world, community, user);
            gone(world, |index| index.member(community, user));
        }
        NodeEvent::PresenceChanged { user, presence, playing } => presence_changed(world, user, presence, playing),
        NodeEvent::Typing { channel, user, until_ms } => typing(world, channel, user, until_ms),
        NodeEvent::Unread { channel, unread, mentions, mark } => {
            if let Some(entity) = world.resource::<EntityIndex>().channel(channel) {
                world.entity_mut(entity).insert(Unread { messages: unread, mentions, mark });
            }
        }
        NodeEvent::SyncProgress { community, fetched, missing } => {
            if let Some(entity) = world.resource::<EntityIndex>().community(community) {
                world.entity_mut(entity).insert(CatchUp { fetched, missing });
            }
        }
        NodeEvent::VoiceMember(view) => voice::member(world, view),
        NodeEvent::VoiceSpeaking { channel, user, speaking, level } => {
            voice::speaking(world, channel, user, speaking, level);
        }
        NodeEvent::VoiceLevels { own, open, users } => voice::levels(world, own, open, &users),
        NodeEvent::VoiceRelay { channel, topology, relay } => voice::path(world, channel, topology, relay),
        NodeEvent::Peer(view) => peer(world, view),
        NodeEvent::PeerGone { peer } => gone(world, |index| index.peer(peer)),
        NodeEvent::Window { window, diffs } => window::apply(world, window, diffs),
        NodeEvent::Message { community, channel, message } => {
            stop_typing(world, channel, message.author);
            world.write_message(MessageArrived { community, channel, message });
        }
        // Windows carry changes of what is shown; replies, warnings and the rest have messages of their own.
        NodeEvent::MessageChanged { .. }
        | NodeEvent::Ready { .. }
        | NodeEvent::Reply { .. }
        | NodeEvent::Warning { .. }
        | NodeEvent::Stopped => {}
    }
}

fn community(world: &mut World, head: CommunityHead) {
    let named_by = NamedBy(world.resource::<EntityIndex>().snapshot);
    let facts = (
        named_by,
        DisplayName(head.name),
        OwnedBy(head.owner),
        MyPermissions(head.permissions),
        MemberCount(head.member_count),
    );
    match world.resource::<EntityIndex>().community(head.community) {
        Some(entity) => {
            world.entity_mut(entity).insert(facts);
        }
        None if world.resource::<EntityIndex>().communities.len() >= limits::SPACES => {}
        None => {
            let entity = world.spawn((Community(head.community), facts)).id();
            world.resource_mut::<EntityIndex>().communities.insert(head.community, entity);
        }
    }
}

fn channel(world: &mut World, view: ChannelView) {
    let Some(home) = world.resource::<EntityIndex>().community(view.community) else { return };
    let named_by = NamedBy(world.resource::<EntityIndex>().snapshot);
    let facts = (
        named_by,
        DisplayName(view.name),
        Kind(view.kind),
        Topic(view.topic),
        Position(view.position),
        Sealed(view.sealed),
        Furnished(view.plan),
    );
    match world.resource::<EntityIndex>().channel(view.channel) {
        Some(entity) => {
            world.entity_mut(entity).insert(facts);
        }
        None => {
            let entity = world.spawn((Channel(view.channel), InCommunity(home), facts)).id();
            world.resource_mut::<EntityIndex>().channels.insert(view.channel, entity);
        }
    }
}

fn member(world: &mut World, view: MemberView) {
    let Some(home) = world.resource::<EntityIndex>().community(view.community) else { return };
    let named_by = NamedBy(world.resource::<EntityIndex>().snapshot);
    let facts = (
        named_by,
        DisplayName(view.name),
        AvatarColor(view.color),
        Roles(view.roles),
        Rank(view.rank),
        IsOwner(view.owner),
        There(view.presence),
        Plays(view.playing),
    );
    match world.resource::<EntityIndex>().member(view.community, view.user) {
        Some(entity) => {
            world.entity_mut(entity).insert(facts);
        }
        None => {
            let entity = world.spawn((Member(view.user), MemberOf(home), facts)).id();
            world.resource_mut::<EntityIndex>().members.insert((view.community, view.user), entity);
        }
    }
}

fn presence_changed(world: &mut World, user: UserId, presence: Presence, playing: Option<Playing>) {
    let index = world.resource::<EntityIndex>();
    let spaces: Vec<SpaceId> = index.communities.keys().copied().collect();
    let memberships: Vec<Entity> = spaces.into_iter().filter_map(|space| index.member(space, user)).collect();
    for entity in memberships {
        if world.get::<There>(entity) != Some(&There(presence)) {
            world.entity_mut(entity).insert(There(presence));
        }
        if world.get::<Plays>(entity).is_none_or(|plays| plays.0 != playing) {
            world.entity_mut(entity).insert(Plays(playing.clone()));
        }
    }
}

fn typing(world: &mut World, channel: ChannelId, user: UserId, until_ms: u64) {
    let Some(entity) = world.resource::<EntityIndex>().channel(channel) else { return };
    if let Some(mut typers) = world.get_mut::<Typers>(entity) {
        // The newest notices are kept; nobody reads a longer line than this.
        if typers.0.len() >= MAX_TYPERS && !typers.0.contains_key(&user) {
            let oldest = typers.0.iter().min_by_key(|(_, until)| **until).map(|(user, _)| *user);
            if let Some(oldest) = oldest {
                typers.0.remove(&oldest);
            }
        }
        typers.0.insert(user, until_ms);
    }
}

/// Typing notices kept for one channel.
pub const MAX_TYPERS: usize = 16;

fn stop_typing(world: &mut World, channel: ChannelId, user: UserId) {
    let Some(entity) = world.resource::<EntityIndex>().channel(channel) else { return };
    if let Some(mut typers) = world.get_mut::<Typers>(entity)
        && typers.0.contains_key(&user)
    {
        typers.0.remove(&user);
    }
}

fn peer(world: &mut World, view: PeerView) {
    let named_by = NamedBy(world.resource::<EntityIndex>().snapshot);
    let facts = (
        named_by,
        LinkQuality {
            user: view.user,
            linked: view.linked,
            route: view.route,
            address: view.address,
            rtt_ms: view.rtt_ms,
        },
    );
    match world.resource::<EntityIndex>().peer(view.peer) {
        Some(entity) => {
            world.entity_mut(entity).insert(facts);
        }
        None if world.resource::<EntityIndex>().peers.len() >= limits::PEER_BOOK => {}
        None => {
            let entity = world.spawn((Peer(view.peer), facts)).id();
            world.resource_mut::<EntityIndex>().peers.insert(view.peer, entity);
        }
    }
}

/// Despawns an entity with all that hangs on it, and forgets the ids.
fn gone(world: &mut World, find: impl Fn(&EntityIndex) -> Option<Entity>) {
    if let Some(entity) = find(world.resource::<EntityIndex>()) {
        world.despawn(entity);
        forget_despawned(world);
    }
}

fn forget_despawned(world: &mut World) {
    world.resource_scope(|world, mut index: Mut<EntityIndex>| {
        let alive = |entity: &mut Entity| world.entities().contains(*entity);
        index.communities.retain(|_, e| alive(e));
        index.channels.retain(|_, e| alive(e));
        index.members.retain(|_, e| alive(e));
        index.voices.retain(|_, e| alive(e));
        index.peers.retain(|_, e| alive(e));
        index.windows.retain(|_, e| alive(e));
    });
}

#[cfg(test)]
mod tests;
