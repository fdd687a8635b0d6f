//! Domain ids to entities.

use bevy_ecs::prelude::*;
use hearth_types::{ChannelId, PeerKey, SpaceId, UserId};
use std::collections::BTreeMap;

/// Where each fact's entity is. Messages are found through their window's order, which is short.
#[derive(Resource, Debug, Default)]
pub struct EntityIndex {
    pub(crate) communities: BTreeMap<SpaceId, Entity>,
    pub(crate) channels: BTreeMap<ChannelId, Entity>,
    pub(crate) members: BTreeMap<(SpaceId, UserId), Entity>,
    pub(crate) voices: BTreeMap<(SpaceId, UserId), Entity>,
    pub(crate) peers: BTreeMap<PeerKey, Entity>,
    pub(crate) windows: BTreeMap<u32, Entity>,
    /// Number of the snapshot in progress or last ended.
    pub(crate) snapshot: u32,
    /// Set between `SnapshotBegin` and `SnapshotEnd`.
    pub(crate) in_snapshot: bool,
    /// Set by the first `SnapshotEnd`.
    pub(crate) complete: bool,
}

impl EntityIndex {
    /// Entity of a community.
    pub fn community(&self, id: SpaceId) -> Option<Entity> {
        self.communities.get(&id).copied()
    }
    /// Communities by id.
    pub fn communities(&self) -> impl Iterator<Item = (SpaceId, Entity)> + '_ {
        self.communities.iter().map(|(id, entity)| (*id, *entity))
    }
    /// Entity of a channel.
    pub fn channel(&self, id: ChannelId) -> Option<Entity> {
        self.channels.get(&id).copied()
    }
    /// Entity of a membership.
    pub fn member(&self, community: SpaceId, user: UserId) -> Option<Entity> {
        self.members.get(&(community, user)).copied()
    }
    /// Entity of somebody in a voice room of a community.
    pub fn voice(&self, community: SpaceId, user: UserId) -> Option<Entity> {
        self.voices.get(&(community, user)).copied()
    }
    /// Everybody in voice rooms, by community and user.
    pub fn voices(&self) -> impl Iterator<Item = (SpaceId, UserId, Entity)> + '_ {
        self.voices.iter().map(|((space, user), entity)| (*space, *user, *entity))
    }
    /// Entity of a peer.
    pub fn peer(&self, id: PeerKey) -> Option<Entity> {
        self.peers.get(&id).copied()
    }
    /// Entity of a window.
    pub fn window(&self, number: u32) -> Option<Entity> {
        self.windows.get(&number).copied()
    }
    /// Whether a full projection has arrived and none is under way.
    pub fn complete(&self) -> bool {
        self.complete && !self.in_snapshot
    }
    /// Whether a full projection is arriving.
    pub fn in_snapshot(&self) -> bool {
        self.in_snapshot
    }
}
