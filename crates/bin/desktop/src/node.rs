//! The node beside the window: it starts while the first frame is drawn, and ends before the process does.

use anyhow::Result;
use hearth_bridge::{Door, Opened, WakeUp};
use hearth_node::{KeyPlace, Node, NodeConfig};
use hearth_ports::{ErrorCode, NodeCommand, NodeError};
use hearth_ui::toasts::keys_in_a_file;
use std::{thread::JoinHandle, time::Duration};

/// A node that starts on a thread of its own.
pub struct NodeThread {
    /// For the client.
    pub door: Door,
    thread: JoinHandle<Option<Node>>,
}

impl NodeThread {
    /// Begins, and wakes the window by `wake_up`. A refusal is printed, and goes to the client too, which ends.
    pub fn start(config: NodeConfig, wake_up: WakeUp) -> Result<Self> {
        let config = NodeConfig { waker: wake_up.waker(), ..config };
        let (sender, opening) = async_channel::bounded::<Result<Opened, NodeError>>(1);
        let thread = std::thread::Builder::new().name("hearth-start".into()).spawn(move || {
            let started = hearth_node::start(config);
            let (result, node) = match started {
                Ok(node) => {
                    let notices = if node.key_place() == KeyPlace::File { vec![keys_in_a_file()] } else { vec![] };
                    (Ok(Opened { handle: node.handle(), notices }), Some(node))
                }
                Err(error) => {
                    eprintln!("{error}");
                    (Err(NodeError::new(ErrorCode::Stopped, error.to_string())), None)
                }
            };
            // The window may have been closed meanwhile.
            let _ = sender.try_send(result);
            wake_up.wake();
            node
        })?;
        Ok(Self { door: Door::Opening(opening), thread })
    }

    /// Ends it, and waits until everything is put away: the window may have been closed without asking it.
    pub fn finish(self) {
        drop(self.door);
        if let Ok(Some(node)) = self.thread.join() {
            let handle = node.handle();
            let drained = handle.clone();
            let _ = handle.try_send(u64::MAX, NodeCommand::Shutdown);
            // Nobody reads events any more, and a full queue must not hold the node up.
            std::thread::spawn(move || {
                while !drained.is_closed() {
                    if drained.try_recv().is_none() {
                        std::thread::sleep(Duration::from_millis(5));
                    }
                }
            });
            node.wait();
        }
    }
}
