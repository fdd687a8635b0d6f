//! Who is in which voice room, who speaks there, and how one's own call runs.

use super::gone;
use crate::{EntityIndex, facts::*};
use bevy_ecs::prelude::*;
use hearth_ports::{VoiceMemberView, VoiceTopology};
use hearth_types::{ChannelId, SpaceId, UserId, limits};
use std::collections::BTreeMap;

pub(super) fn member(world: &mut World, view: VoiceMemberView) {
    let index = world.resource::<EntityIndex>();
    let known = index.voice(view.community, view.user);
    let room = index.channel(view.channel);
    if !view.inside {
        // Whoever changed rooms is already in the other one when the first is said to be left.
        let here = known.and_then(|entity| world.get::<InRoom>(entity)).map(|in_room| in_room.0);
        if here.is_some() && here == room {
            left(world, view.community, view.user);
        }
        return;
    }
    let Some(room) = room else { return };
    let facts = (
        NamedBy(index.snapshot),
        Muted(view.muted),
        Deafened(view.deafened),
        Silenced(view.silenced),
        Seat(view.seat.map(metres)),
    );
    let before = known.and_then(|entity| world.get::<InRoom>(entity)).map(|in_room| in_room.0);
    if before == Some(room) {
        if let Some(entity) = known {
            world.entity_mut(entity).insert(facts);
        }
        return;
    }
    left(world, view.community, view.user);
    if world.get::<VoiceStreams>(room).is_some_and(|here| here.len() >= limits::VOICE_MEMBERS) {
        return;
    }
    let entity = world.spawn((VoiceStream(view.user), InRoom(room), facts)).id();
    world.resource_mut::<EntityIndex>().voices.insert((view.community, view.user), entity);
}

fn metres(centimetres: [i16; 2]) -> [f32; 2] {
    centimetres.map(|x| f32::from(x) / 100.0)
}

/// Somebody is in no room of a community any more.
pub(super) fn left(world: &mut World, community: SpaceId, user: UserId) {
    if world.resource::<EntityIndex>().voice(community, user).is_some() {
        gone(world, |index| index.voice(community, user));
        if world.resource::<Me>().0.as_ref().is_some_and(|me| me.user == user) {
            forget_calls(world);
        }
    }
}

/// Of rooms one is not in, nothing is heard: nobody speaks there, and no call runs.
pub(super) fn forget_calls(world: &mut World) {
    let Some(me) = world.resource::<Me>().0.as_ref().map(|me| me.user) else { return };
    let mut people = world.query::<(Entity, &VoiceStream, &InRoom, &Speaking)>();
    let mine: Vec<Entity> = people.iter(world).filter(|(_, who, ..)| who.0 == me).map(|(.., room, _)| room.0).collect();
    let silent = |room: &Entity| !mine.contains(room);
    let speaking: Vec<Entity> =
        people.iter(world).filter(|(.., room, now)| now.on && silent(&room.0)).map(|(entity, ..)| entity).collect();
    let mut rooms = world.query_filtered::<Entity, With<CallPath>>();
    let calls: Vec<Entity> = rooms.iter(world).filter(silent).collect();
    for entity in speaking {
        world.entity_mut(entity).insert(Speaking::default());
    }
    for room in calls {
        world.entity_mut(room).remove::<CallPath>();
    }
}

pub(super) fn speaking(world: &mut World, channel: ChannelId, user: UserId, on: bool, level: f32) {
    let index = world.resource::<EntityIndex>();
    let Some(room) = index.channel(channel) else { return };
    let community = world.get::<InCommunity>(room).and_then(|home| world.get::<Community>(home.0)).map(|c| c.0);
    let Some(entity) = community.and_then(|community| index.voice(community, user)) else { return };
    if world.get::<InRoom>(entity).map(|in_room| in_room.0) == Some(room) {
        world.entity_mut(entity).insert(Speaking { on, level: if on { bounded(level) } else { 0.0 } });
    }
}

/// A change of a level that nobody would see.
const UNSEEN: f32 = 0.02;

fn bounded(level: f32) -> f32 {
    if level.is_finite() { level.clamp(0.0, 1.0) } else { 0.0 }
}

/// How loud those are who speak in one's own room; who is not named is silent.
pub(super) fn levels(world: &mut World, own: f32, open: bool, users: &[(UserId, f32)]) {
    let mic = Microphone { level: bounded(own), open };
    let mut told = *world.resource::<Microphone>() != mic;
    *world.resource_mut::<Microphone>() = mic;
    if let Some(me) = world.resource::<Me>().0.as_ref().map(|me| me.user) {
        let mut heard: BTreeMap<UserId, f32> = BTreeMap::new();
        for (user, level) in users.iter().take(limits::VOICE_MEMBERS) {
            let loudest = heard.entry(*user).or_default();
            *loudest = loudest.max(bounded(*level));
        }
        heard.insert(me, mic.level);
        let mut people = world.query::<(&VoiceStream, &InRoom, &mut Speaking)>();
        let mine: Vec<Entity> = people.iter(world).filter(|(who, ..)| who.0 == me).map(|(_, room, _)| room.0).collect();
        for (who, room, mut now) in people.iter_mut(world) {
            let level = heard.get(&who.0).copied().unwrap_or(0.0);
            if now.on && mine.contains(&room.0) && (now.level - level).abs() >= UNSEEN {
                now.level = level;
                told = true;
            }
        }
    }
    if told {
        world.resource_mut::<Revisions>().levels += 1;
    }
}

pub(super) fn path(world: &mut World, channel: ChannelId, topology: VoiceTopology, relay: Option<UserId>) {
    if let Some(room) = world.resource::<EntityIndex>().channel(channel) {
        world.entity_mut(room).insert(CallPath { topology, relay });
    }
}
