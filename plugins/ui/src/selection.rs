//! Which community and channel are open, and the message window that follows from it.

use crate::{Prefs, prefs::Values};
use bevy::prelude::*;
use hearth_ports::{Anchor, NodeCommand};
use hearth_types::{ChannelId, ChannelKind, EntryId, SpaceId};
use hearth_world::{Channel, ChannelRows, Community, EntityIndex, InCommunity, Kind, NodeDoor, Unread, WindowLost};
use std::collections::BTreeMap;

/// Number of the one window that the main view reads through.
pub const MAIN_WINDOW: u32 = 1;

/// What is open. Ids, not entities: they outlive a rebuilt World.
#[derive(Resource, Debug, Default)]
pub struct Selection {
    /// Open community.
    pub community: Option<SpaceId>,
    /// Open channel.
    pub channel: Option<ChannelId>,
    /// Last channel looked at in each community.
    pub last_channels: BTreeMap<SpaceId, ChannelId>,
    /// Newest message read before the channel was opened.
    pub opened_mark: Option<EntryId>,
    /// A community just founded or joined, to be shown as soon as it is here.
    pub arrived: Option<SpaceId>,
    /// Channel the window was last opened on.
    opened: Option<ChannelId>,
}

impl Selection {
    /// As it was when the program last ended.
    pub fn remembered(values: &Values) -> Self {
        Self { community: values.community, channel: None, last_channels: values.channels.clone(), ..Self::default() }
    }
    /// Opens a community, on the channel last looked at there.
    pub fn open_community(&mut self, community: SpaceId) {
        if self.community != Some(community) {
            self.community = Some(community);
            self.channel = None;
        }
    }
    /// Opens a channel of the open community.
    pub fn open_channel(&mut self, channel: ChannelId) {
        self.channel = Some(channel);
        if let Some(community) = self.community {
            self.last_channels.insert(community, channel);
        }
    }
}

/// Keeps the selection pointing at something that exists.
pub fn choose(
    mut selection: ResMut<Selection>,
    index: Res<EntityIndex>,
    rows: Query<&ChannelRows, With<Community>>,
    channels: Query<(&Channel, &Kind, &InCommunity)>,
    mut prefs: ResMut<Prefs>,
) {
    if index.in_snapshot() || !index.complete() {
        return;
    }
    let wanted = selection.community.filter(|id| index.community(*id).is_some());
    let community = wanted.or_else(|| index.communities().next().map(|(id, _)| id));
    let home = community.and_then(|id| index.community(id));
    let stands = |id: &ChannelId| {
        let entity = index.channel(*id)?;
        channels.get(entity).ok().filter(|(.., within)| Some(within.0) == home)
    };
    let first_text = || {
        let rows = rows.get(home?).ok()?;
        let mut listed = rows.0.iter().filter_map(|entity| channels.get(*entity).ok());
        listed.find(|(_, kind, _)| kind.0 == ChannelKind::Text).map(|(id, ..)| id.0)
    };
    let channel = selection
        .channel
        .filter(|id| stands(id).is_some())
        .or_else(|| {
            community.and_then(|id| selection.last_channels.get(&id).copied()).filter(|id| stands(id).is_some())
        })
        .or_else(first_text);
    if (selection.community, selection.channel) != (community, channel) {
        selection.community = community;
        selection.channel = channel;
    }
    if selection.is_changed() && selection.community.is_some() {
        let (community, channels) = (selection.community, selection.last_channels.clone());
        prefs.change(|values| {
            values.community = community;
            values.channels = channels;
        });
    }
}

/// Opens the window on the selected channel, and opens it again when its diffs were lost.
pub fn follow(
    mut selection: ResMut<Selection>,
    index: Res<EntityIndex>,
    unread: Query<&Unread>,
    mut lost: MessageReader<WindowLost>,
    mut node: NodeDoor,
) {
    let lost = lost.read().any(|window| window.0 == MAIN_WINDOW);
    if selection.opened != selection.channel {
        let Some(channel) = selection.channel else {
            selection.opened = None;
            node.send(NodeCommand::WindowClose { window: MAIN_WINDOW });
            return;
        };
        let state = index.channel(channel).and_then(|entity| unread.get(entity).ok()).copied().unwrap_or_default();
        let anchor = if state.messages > 0 && state.mark.is_some() { Anchor::Unread } else { Anchor::Newest };
        selection.opened = Some(channel);
        selection.opened_mark = if state.messages > 0 { state.mark } else { None };
        node.send(NodeCommand::WindowOpen { window: MAIN_WINDOW, channel, anchor });
    } else if lost && let Some(channel) = selection.channel {
        node.send(NodeCommand::WindowOpen { window: MAIN_WINDOW, channel, anchor: Anchor::Newest });
    }
}
