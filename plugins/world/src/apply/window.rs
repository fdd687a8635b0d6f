//! Diffs of message windows. Entities of messages that stay keep their identity, so that what animates on them goes on.

use crate::{EntityIndex, facts::*, flow::WindowLost};
use bevy_ecs::prelude::*;
use hearth_ports::{MessageView, WindowDiff};
use hearth_types::{ChannelId, EntryId, limits};
use std::collections::BTreeMap;

/// Messages a window may hold here. The node keeps `limits::WINDOW_MESSAGES`; the rest is slack for diffs in flight.
const HELD: usize = 2 * limits::WINDOW_MESSAGES;

pub(super) fn apply(world: &mut World, number: u32, diffs: Vec<WindowDiff>) {
    for diff in diffs {
        if apply_one(world, number, diff).is_none() {
            world.write_message(WindowLost(number));
            return;
        }
    }
}

/// `None` when the diff does not fit what is here.
fn apply_one(world: &mut World, number: u32, diff: WindowDiff) -> Option<()> {
    if let WindowDiff::Reset { channel, messages, before, after } = diff {
        return reset(world, number, channel, messages, Edges { before, after });
    }
    let window = world.resource::<EntityIndex>().window(number)?;
    let len = world.get::<MessageOrder>(window)?.0.len();
    match diff {
        WindowDiff::Insert { index, message } if index <= len && len < HELD => {
            let entity = world.spawn((InWindow(window), message_facts(message))).id();
            world.get_mut::<MessageOrder>(window)?.0.insert(index, entity);
        }
        WindowDiff::Set { index, message } if index < len => {
            let entity = *world.get::<MessageOrder>(window)?.0.get(index)?;
            world.entity_mut(entity).insert(message_facts(message));
        }
        WindowDiff::Remove { index } if index < len => {
            let entity = world.get_mut::<MessageOrder>(window)?.0.remove(index);
            world.despawn(entity);
        }
        WindowDiff::Edges { before, after } => {
            world.entity_mut(window).insert(Edges { before, after });
        }
        _ => return None,
    }
    Some(())
}

fn reset(world: &mut World, number: u32, channel: ChannelId, messages: Vec<MessageView>, edges: Edges) -> Option<()> {
    let Some(channel) = world.resource::<EntityIndex>().channel(channel) else {
        // The channel went away while the window was being read: nothing to show, nothing lost.
        return Some(());
    };
    let window = match world.resource::<EntityIndex>().window(number) {
        Some(window) => window,
        None if world.resource::<EntityIndex>().windows.len() >= limits::WINDOWS => return Some(()),
        None => {
            let window = world.spawn((MessageWindow(number), WindowOf(channel))).id();
            world.resource_mut::<EntityIndex>().windows.insert(number, window);
            window
        }
    };
    if world.get::<WindowOf>(window).map(|of| of.0) != Some(channel) {
        world.entity_mut(window).insert(WindowOf(channel));
    }
    let mut kept: BTreeMap<EntryId, Entity> = world
        .get::<MessageOrder>(window)?
        .0
        .iter()
        .filter_map(|entity| Some((world.get::<ChatMessage>(*entity)?.0, *entity)))
        .collect();
    let mut order = Vec::with_capacity(messages.len().min(HELD));
    for message in messages.into_iter().take(HELD) {
        match kept.remove(&message.message) {
            Some(entity) => {
                world.entity_mut(entity).insert(message_facts(message));
                order.push(entity);
            }
            None => order.push(world.spawn((InWindow(window), message_facts(message))).id()),
        }
    }
    for entity in kept.into_values() {
        world.despawn(entity);
    }
    world.entity_mut(window).insert((MessageOrder(order), edges));
    Some(())
}

fn message_facts(message: MessageView) -> impl Bundle {
    (
        ChatMessage(message.message),
        Author(message.author),
        SentAt(message.at),
        Body {
            text: message.text,
            edited: message.edited,
            deleted: message.deleted,
            pinned: message.pinned,
            readable: message.readable,
        },
        ReplyTo(message.reply_to),
        Reactions(message.reactions),
        Delivery(message.state),
    )
}
