//! Creating, changing and deleting channels.

use super::clean_name;
use crate::{
    author::{bad, unknown_channel, unknown_community},
    kernel::Kernel,
};
use hearth_ports::NodeReply;
use hearth_types::{ChannelFields, ChannelId, ChannelKind, ControlBody, Permissions, SpaceId, limits};

impl Kernel {
    pub(crate) fn channel_create(
        &mut self,
        request: u64,
        space: SpaceId,
        name: String,
        kind: ChannelKind,
        sealed: bool,
    ) {
        if sealed {
            return self.reply(request, Err(bad("Channels that newcomers cannot read back are not built yet.")));
        }
        let name = match clean_name(&name) {
            Ok(name) => name,
            Err(error) => return self.reply(request, Err(error)),
        };
        let Some(s) = self.spaces.get(&space) else { return self.reply(request, Err(unknown_community())) };
        let position = s.replica.state().channels.values().map(|c| c.fields.position + 1).max().unwrap_or(0);
        let body = ControlBody::Channel(new_channel(name, kind, position, sealed));
        self.act(request, space, body, Some(Permissions::MANAGE_CHANNELS), |id| NodeReply::Channel {
            channel: id.into(),
        });
    }

    pub(crate) fn channel_change(&mut self, request: u64, channel: ChannelId, change: impl FnOnce(&mut ChannelFields)) {
        let found = self.space_of_channel(channel);
        let Some((space, state)) =
            found.and_then(|id| Some((id, self.spaces.get(&id)?.replica.state().channels.get(&channel)?)))
        else {
            return self.reply(request, Err(unknown_channel()));
        };
        let mut fields = state.fields.clone();
        fields.channel = Some(channel.into());
        fields.replaces = state.heads.clone();
        change(&mut fields);
        match clean_name(&fields.name) {
            Ok(name) => fields.name = name,
            Err(error) => return self.reply(request, Err(error)),
        }
        if fields.topic.chars().count() > limits::TOPIC_CHARS {
            return self.reply(request, Err(bad("A topic has at most 512 characters.")));
        }
        self.act(request, space, ControlBody::Channel(fields), Some(Permissions::MANAGE_CHANNELS), |_| NodeReply::Done);
    }
}

pub(crate) fn new_channel(name: String, kind: ChannelKind, position: u32, sealed: bool) -> ChannelFields {
    ChannelFields {
        channel: None,
        name,
        kind,
        topic: String::new(),
        position,
        sealed,
        deleted: false,
        replaces: vec![],
    }
}
