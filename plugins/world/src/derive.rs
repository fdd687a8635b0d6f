//! What follows from facts, worked out only when they change.

use crate::facts::*;
use bevy_ecs::prelude::*;

/// Channels of a community in the order people see: position, then id.
#[derive(Component, Debug, Clone, PartialEq, Eq, Default)]
pub struct ChannelRows(pub Vec<Entity>);

/// Unread messages and mentions over a community's channels.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UnreadTotal {
    /// Messages.
    pub messages: u32,
    /// Of them, those that name oneself.
    pub mentions: u32,
}

type Moved = Or<(Changed<Position>, Changed<InCommunity>)>;

/// Sorts the channels of communities whose channels came, went or moved.
pub fn order_channels(
    mut commands: Commands,
    communities: Query<(Entity, Option<Ref<Channels>>, Option<&ChannelRows>), With<Community>>,
    moved: Query<&InCommunity, (With<Channel>, Moved)>,
    channels: Query<(&Position, &Channel)>,
) {
    for (entity, list, rows) in &communities {
        let touched = list.as_ref().is_some_and(|l| l.is_changed()) || moved.iter().any(|home| home.0 == entity);
        let empty_list_shown = list.is_none() && rows.is_some_and(|rows| !rows.0.is_empty());
        if rows.is_some() && !touched && !empty_list_shown {
            continue;
        }
        let mut sorted: Vec<Entity> = list.map(|list| list.iter().collect()).unwrap_or_default();
        sorted.sort_by_key(|entity| channels.get(*entity).ok().map(|(position, id)| (*position, id.0)));
        commands.entity(entity).insert(ChannelRows(sorted));
    }
}

/// Sums unread counts for the rail.
pub fn sum_unread(
    mut commands: Commands,
    communities: Query<(Entity, Option<&Channels>, Option<&UnreadTotal>), With<Community>>,
    channels: Query<&Unread>,
) {
    for (entity, list, shown) in &communities {
        let mut total = UnreadTotal::default();
        for channel in list.into_iter().flat_map(|list| list.iter()) {
            if let Ok(unread) = channels.get(channel) {
                total.messages = total.messages.saturating_add(unread.messages);
                total.mentions = total.mentions.saturating_add(unread.mentions);
            }
        }
        if shown != Some(&total) {
            commands.entity(entity).insert(total);
        }
    }
}
