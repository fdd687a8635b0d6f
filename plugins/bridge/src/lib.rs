//! The one place where the node meets the frame: the only reader of a `NodeHandle`, and its only writer but for keys, which
//! do not wait for a frame (`plugins/keys`).
//!
//! Each frame drains at most [`DRAIN_EVENTS`] events or [`DRAIN_TIME`], whichever ends first, and asks for another frame
//! when more remain. Commands leave by `try_send`; what does not fit waits in a short queue and is tried again. Between
//! frames, [`WakeUp`] turns any number of events into one wake-up of the event loop. This crate must never block, hold an
//! unbounded queue or interpret an event. Start with [`BridgePlugin`].
//!
//! [`BridgePlugin`] installs: resource [`Bridge`], systems in `HearthSystems::{Ingest, Send}` and one in `First`.

mod wake;

pub use wake::WakeUp;

use bevy_app::{App, First, Last, Plugin, PreUpdate};
use bevy_ecs::prelude::*;
use hearth_ports::{ErrorCode, NodeCommand, NodeError, NodeEvent, NodeHandle};
use hearth_types::limits;
use hearth_world::{FrameNeed, HearthSystems, Ingested, NodeEnded, Notice, ReplyArrived, SendCommand};
use std::{
    collections::{BTreeSet, VecDeque},
    time::{Duration, Instant},
};

/// Events taken in one frame.
pub const DRAIN_EVENTS: usize = 1_024;
/// Time spent taking them.
pub const DRAIN_TIME: Duration = Duration::from_millis(2);
/// Commands that wait for room in the node's queue.
pub const RETRY_QUEUE: usize = 64;
/// How soon a command that did not fit is tried again.
pub const RETRY_AFTER: Duration = Duration::from_millis(50);

/// A node, or one that is still starting while the window is already there.
#[derive(Clone)]
pub enum Door {
    /// It runs.
    Open(NodeHandle),
    /// Its handle comes through here, or why there is none.
    Opening(async_channel::Receiver<Result<Opened, NodeError>>),
}

/// A node that has started.
pub struct Opened {
    /// The way to it.
    pub handle: NodeHandle,
    /// What people should know about how it started.
    pub notices: Vec<Notice>,
}

impl From<NodeHandle> for Door {
    fn from(handle: NodeHandle) -> Self {
        Self::Open(handle)
    }
}

/// Connects the World to a node.
pub struct BridgePlugin {
    /// The node.
    pub door: Door,
    /// What the node's waker was made of; `None` where frames come by themselves (tests).
    pub wake_up: Option<WakeUp>,
}

/// The node's queues as the frame sees them.
#[derive(Resource)]
pub struct Bridge {
    door: Door,
    waiting: VecDeque<(u64, NodeCommand)>,
    in_flight: BTreeSet<u64>,
    ended: bool,
}

impl Bridge {
    /// Answers every open question with `why`.
    fn end(&mut self, why: &NodeError, replies: &mut MessageWriter<ReplyArrived>) {
        self.ended = true;
        self.waiting.clear();
        for request in std::mem::take(&mut self.in_flight) {
            replies.write(ReplyArrived { request, result: Err(why.clone()) });
        }
    }
    /// The way to the node for what cannot wait for a frame: a key that was pressed. Everything else goes by
    /// [`SendCommand`].
    pub fn past_the_frame(&self) -> Option<NodeHandle> {
        if let Door::Open(handle) = &self.door { Some(handle.clone()) } else { None }
    }
    /// Commands without an answer so far.
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }
    /// Commands that wait for room in the node's queue.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }
    /// Whether the node has ended.
    pub fn ended(&self) -> bool {
        self.ended
    }
}

#[derive(Resource, Clone)]
struct Waker(Option<WakeUp>);

impl Plugin for BridgePlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(Bridge {
            door: self.door.clone(),
            waiting: VecDeque::new(),
            in_flight: BTreeSet::new(),
            ended: false,
        })
        .insert_resource(Waker(self.wake_up.clone()))
        .add_systems(First, rearm)
        .add_systems(PreUpdate, ingest.in_set(HearthSystems::Ingest))
        .add_systems(Last, send.in_set(HearthSystems::Send));
    }
}

/// From here on an event wakes the loop again. Before draining, so that nothing queued after the drain is slept over.
fn rearm(waker: Res<Waker>) {
    if let Some(wake_up) = &waker.0 {
        wake_up.rearm();
    }
}

fn ingest(
    mut bridge: ResMut<Bridge>,
    mut facts: MessageWriter<Ingested>,
    mut replies: MessageWriter<ReplyArrived>,
    mut notices: MessageWriter<Notice>,
    mut ended: MessageWriter<NodeEnded>,
    need: Res<FrameNeed>,
) {
    if bridge.ended {
        return;
    }
    let bridge = &mut *bridge;
    if let Door::Opening(opening) = &bridge.door {
        match opening.try_recv() {
            Ok(Ok(Opened { handle, notices: told })) => {
                bridge.door = Door::Open(handle);
                notices.write_batch(told);
            }
            Ok(Err(error)) => {
                notices.write(Notice { code: error.code.as_str(), message: error.message.clone() });
                bridge.end(&error, &mut replies);
                ended.write(NodeEnded);
            }
            Err(closed) if closed.is_closed() => {
                bridge.end(&stopped(), &mut replies);
                ended.write(NodeEnded);
            }
            Err(_) => {}
        }
    }
    let Door::Open(handle) = bridge.door.clone() else { return };
    let started = Instant::now();
    for taken in 0.. {
        if taken == DRAIN_EVENTS || started.elapsed() >= DRAIN_TIME {
            need.now();
            return;
        }
        let Some(event) = handle.try_recv() else { break };
        match event {
            NodeEvent::Reply { request, result } => {
                // A reply nobody waits for (or a second one) says nothing to anybody.
                if bridge.in_flight.remove(&request) {
                    replies.write(ReplyArrived { request, result });
                }
            }
            NodeEvent::Warning { code, message } => {
                notices.write(Notice { code, message });
            }
            NodeEvent::Stopped | NodeEvent::Ready { .. } => {}
            fact => {
                facts.write(Ingested(fact));
            }
        }
    }
    if handle.is_closed() {
        bridge.end(&stopped(), &mut replies);
        ended.write(NodeEnded);
    }
}

fn send(
    mut bridge: ResMut<Bridge>,
    mut commands: MessageReader<SendCommand>,
    mut replies: MessageWriter<ReplyArrived>,
    need: Res<FrameNeed>,
) {
    let bridge = &mut *bridge;
    for SendCommand { request, command } in commands.read() {
        let refusal = if bridge.ended {
            Some(stopped())
        } else if bridge.waiting.len() >= RETRY_QUEUE || bridge.in_flight.len() >= limits::EVENT_QUEUE {
            Some(NodeError::new(ErrorCode::Busy, "Still busy with what came before. Try again in a moment."))
        } else {
            bridge.in_flight.insert(*request);
            bridge.waiting.push_back((*request, command.clone()));
            None
        };
        if let Some(error) = refusal {
            replies.write(ReplyArrived { request: *request, result: Err(error) });
            need.now();
        }
    }
    let Door::Open(handle) = &bridge.door else { return };
    while let Some((request, command)) = bridge.waiting.pop_front() {
        if let Err(command) = handle.try_send(request, command) {
            bridge.waiting.push_front((request, *command));
            need.within(RETRY_AFTER);
            break;
        }
    }
}

fn stopped() -> NodeError {
    NodeError::new(ErrorCode::Stopped, "Hearth has stopped working in the background. Close it and start it again.")
}

#[cfg(test)]
mod tests;
