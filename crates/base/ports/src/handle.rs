//! The one door to a running node: two bounded queues of plain enums, and a way to be woken.

use crate::{NodeCommand, NodeEvent};
use async_channel::{Receiver, Sender, TrySendError};
use std::sync::Arc;

/// Called after an event was queued; coalescing is the waker's own affair. Must be cheap and never block.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

/// Clonable ends of a node's queues.
#[derive(Clone)]
pub struct NodeHandle {
    commands: Sender<(u64, NodeCommand)>,
    events: Receiver<NodeEvent>,
}

impl NodeHandle {
    /// Joins the two ends; `io/node` and tests make handles.
    pub fn new(commands: Sender<(u64, NodeCommand)>, events: Receiver<NodeEvent>) -> Self {
        Self { commands, events }
    }
    /// Queues a command under a request id, which its `NodeEvent::Reply` carries back.
    /// Gives the command back when the queue is full or the node has stopped.
    pub fn try_send(&self, request: u64, command: NodeCommand) -> Result<(), Box<NodeCommand>> {
        self.commands.try_send((request, command)).map_err(|e| match e {
            TrySendError::Full((_, c)) | TrySendError::Closed((_, c)) => Box::new(c),
        })
    }
    /// Queues a command, waiting for room. `Err` means the node has stopped.
    pub async fn send(&self, request: u64, command: NodeCommand) -> Result<(), Box<NodeCommand>> {
        self.commands.send((request, command)).await.map_err(|e| Box::new(e.0.1))
    }
    /// The next event if one is queued.
    pub fn try_recv(&self) -> Option<NodeEvent> {
        self.events.try_recv().ok()
    }
    /// The next event; `None` when the node has stopped.
    pub async fn recv(&self) -> Option<NodeEvent> {
        self.events.recv().await.ok()
    }
    /// Whether the node has stopped and every event was read.
    pub fn is_closed(&self) -> bool {
        self.events.is_closed() && self.events.is_empty()
    }
}
