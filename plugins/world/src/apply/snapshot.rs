//! A full projection: what it does not repeat is gone.

use super::forget_despawned;
use crate::{EntityIndex, facts::*};
use bevy_ecs::prelude::*;

pub(super) fn begin(world: &mut World) {
    let mut index = world.resource_mut::<EntityIndex>();
    index.snapshot = index.snapshot.wrapping_add(1);
    index.in_snapshot = true;
}

pub(super) fn end(world: &mut World) {
    if !world.resource::<EntityIndex>().in_snapshot {
        return;
    }
    let current = NamedBy(world.resource::<EntityIndex>().snapshot);
    let mut index = world.resource_mut::<EntityIndex>();
    index.in_snapshot = false;
    index.complete = true;
    let mut named = world.query::<(Entity, &NamedBy)>();
    let stale: Vec<Entity> = named.iter(world).filter(|(_, by)| **by != current).map(|(entity, _)| entity).collect();
    for entity in stale {
        // A community takes its channels and members with it, so some are already gone.
        if world.entities().contains(entity) {
            world.despawn(entity);
        }
    }
    forget_despawned(world);
    super::voice::forget_calls(world);
}

/// Forgets everything the node ever said. Ask for `NodeCommand::Snapshot` next: it brings all of it back.
pub fn drop_projection(world: &mut World) {
    let index = world.resource::<EntityIndex>();
    let roots: Vec<Entity> =
        index.communities.values().chain(index.peers.values()).chain(index.windows.values()).copied().collect();
    for entity in roots {
        if world.entities().contains(entity) {
            world.despawn(entity);
        }
    }
    forget_despawned(world);
    world.resource_mut::<EntityIndex>().complete = false;
    world.resource_mut::<Me>().0 = None;
    world.resource_mut::<Network>().0 = None;
    world.resource_mut::<Revisions>().touch_all();
}
