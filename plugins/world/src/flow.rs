//! What flows between the node and the World: ingested events in, commands out, and the wish for another frame.

use bevy_ecs::{prelude::*, system::SystemParam};
use hearth_ports::{MessageView, NodeCommand, NodeError, NodeEvent, NodeReply};
use hearth_types::{ChannelId, SpaceId};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// A fact on its way to `Apply`. One message type, because facts only make sense in the node's order.
#[derive(Message, Debug, Clone)]
pub struct Ingested(pub NodeEvent);

/// Answer to a command.
#[derive(Message, Debug, Clone)]
pub struct ReplyArrived {
    /// Id that [`NodeDoor::send`] gave.
    pub request: u64,
    /// What came of it.
    pub result: Result<NodeReply, NodeError>,
}

/// Something to tell the person, in plain words.
#[derive(Message, Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// For programs.
    pub code: &'static str,
    /// For people.
    pub message: String,
}

/// A message was written somewhere, whether or not a window shows it.
#[derive(Message, Debug, Clone)]
pub struct MessageArrived {
    /// Where.
    pub community: SpaceId,
    /// Where in it.
    pub channel: ChannelId,
    /// What.
    pub message: MessageView,
}

/// A window's diffs no longer fit what is here; it must be opened again.
#[derive(Message, Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowLost(pub u32);

/// The node ended: nothing further can be sent or will arrive.
#[derive(Message, Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeEnded;

/// A command on its way to the node.
#[derive(Message, Debug, Clone)]
pub struct SendCommand {
    /// Unique in this process.
    pub request: u64,
    /// What is asked.
    pub command: NodeCommand,
}

/// The next request id.
#[derive(Resource, Debug)]
pub struct RequestIds(u64);

impl Default for RequestIds {
    fn default() -> Self {
        Self(1)
    }
}

/// How systems ask the node for something.
#[derive(SystemParam)]
pub struct NodeDoor<'w> {
    ids: ResMut<'w, RequestIds>,
    out: MessageWriter<'w, SendCommand>,
}

impl NodeDoor<'_> {
    /// Queues a command for `Send`; its [`ReplyArrived`] carries the id returned.
    pub fn send(&mut self, command: NodeCommand) -> u64 {
        let request = self.ids.0;
        self.ids.0 += 1;
        self.out.write(SendCommand { request, command });
        request
    }
}

/// When somebody next needs a frame that no event will bring. Any system may ask through `Res`; only the power governor
/// takes the answer.
#[derive(Resource, Debug)]
pub struct FrameNeed {
    micros: AtomicU64,
}

impl Default for FrameNeed {
    fn default() -> Self {
        Self { micros: AtomicU64::new(u64::MAX) }
    }
}

impl FrameNeed {
    /// The next frame, as soon as possible.
    pub fn now(&self) {
        self.within(Duration::ZERO);
    }
    /// A frame no later than this.
    pub fn within(&self, delay: Duration) {
        let micros = u64::try_from(delay.as_micros()).unwrap_or(u64::MAX);
        self.micros.fetch_min(micros, Ordering::Relaxed);
    }
    /// The shortest wish since the last call.
    pub fn take(&self) -> Option<Duration> {
        match self.micros.swap(u64::MAX, Ordering::Relaxed) {
            u64::MAX => None,
            micros => Some(Duration::from_micros(micros)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_urgent_wish_wins_and_is_taken_once() {
        let need = FrameNeed::default();
        assert_eq!(need.take(), None);
        need.within(Duration::from_secs(2));
        need.within(Duration::from_millis(100));
        need.within(Duration::from_secs(9));
        assert_eq!(need.take(), Some(Duration::from_millis(100)));
        assert_eq!(need.take(), None);
        need.now();
        assert_eq!(need.take(), Some(Duration::ZERO));
    }
}
