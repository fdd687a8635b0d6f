//! The projection as text, equal exactly when two Worlds show the same facts.

use crate::{EntityIndex, facts::*};
use bevy_ecs::prelude::*;
use std::fmt::Write;

/// Every fact that a snapshot repeats, in a fixed order, without entity ids. What lasts for seconds (who types, who
/// speaks, how a call runs) is no part of it.
pub fn dump(world: &World) -> String {
    let mut out = String::new();
    let index = world.resource::<EntityIndex>();
    let mut line = |text: std::fmt::Arguments<'_>| {
        let _ = out.write_fmt(text);
        out.push('\n');
    };
    line(format_args!("me {:?}", world.resource::<Me>().0));
    line(format_args!("network {:?}", world.resource::<Network>().0));
    for (id, e) in &index.communities {
        line(format_args!(
            "community {id} {:?} {:?} {:?} {:?} {:?}",
            world.get::<DisplayName>(*e),
            world.get::<OwnedBy>(*e),
            world.get::<MyPermissions>(*e),
            world.get::<MemberCount>(*e),
            world.get::<CatchUp>(*e),
        ));
    }
    for (id, e) in &index.channels {
        line(format_args!(
            "channel {id} in {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            world.get::<InCommunity>(*e).and_then(|home| world.get::<Community>(home.0)),
            world.get::<DisplayName>(*e),
            world.get::<Kind>(*e),
            world.get::<Topic>(*e),
            world.get::<Position>(*e),
            world.get::<Sealed>(*e),
            world.get::<Unread>(*e),
        ));
    }
    for ((space, user), e) in &index.members {
        line(format_args!(
            "member {user} of {space} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            world.get::<DisplayName>(*e),
            world.get::<AvatarColor>(*e),
            world.get::<Roles>(*e),
            world.get::<Rank>(*e),
            world.get::<IsOwner>(*e),
            world.get::<There>(*e),
            world.get::<Plays>(*e),
        ));
    }
    for ((space, user), e) in &index.voices {
        line(format_args!(
            "voice {user} of {space} in {:?} {:?} {:?} {:?}",
            world.get::<InRoom>(*e).and_then(|room| world.get::<Channel>(room.0)),
            world.get::<Muted>(*e),
            world.get::<Deafened>(*e),
            world.get::<Silenced>(*e),
        ));
    }
    for (id, e) in &index.peers {
        line(format_args!("peer {id} {:?}", world.get::<LinkQuality>(*e)));
    }
    for (number, e) in &index.windows {
        line(format_args!(
            "window {number} on {:?} {:?}",
            world.get::<WindowOf>(*e).and_then(|of| world.get::<Channel>(of.0)),
            world.get::<Edges>(*e),
        ));
        for message in world.get::<MessageOrder>(*e).into_iter().flat_map(|order| order.0.iter()) {
            line(format_args!(
                "  {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
                world.get::<ChatMessage>(*message),
                world.get::<Author>(*message),
                world.get::<SentAt>(*message),
                world.get::<Body>(*message),
                world.get::<ReplyTo>(*message),
                world.get::<Reactions>(*message),
                world.get::<Delivery>(*message),
            ));
        }
    }
    out
}
