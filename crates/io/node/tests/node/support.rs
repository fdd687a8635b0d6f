//! A node driven as a program drives it: ask, and wait for answers and events with a deadline.

use futures::executor::block_on;
use hearth_node::{KeychainUse, Node, NodeConfig};
use hearth_ports::{NodeCommand, NodeError, NodeEvent, NodeHandle, NodeReply};
use hearth_types::{ChannelId, EntryId, SpaceId};
use std::{
    collections::{BTreeMap, VecDeque},
    path::Path,
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

/// How long anything may take.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A running node.
pub struct Peer {
    node: Node,
    handle: NodeHandle,
    heard: Receiver<(Instant, NodeEvent)>,
    /// What was heard while waiting for something else.
    kept: VecDeque<(Instant, NodeEvent)>,
    next: u64,
    /// Where others reach it.
    pub listen: Vec<String>,
}

/// A node in `home` on loopback alone.
pub fn config(home: &Path) -> NodeConfig {
    NodeConfig {
        listen: vec!["/ip4/127.0.0.1/udp/0/quic-v1".into()],
        mdns: false,
        keychain: KeychainUse::Off,
        name: Some("Ada".into()),
        ..NodeConfig::new(home)
    }
}

impl Peer {
    /// Starts it and waits until it can be reached.
    pub fn start(config: NodeConfig) -> Self {
        let node = hearth_node::start(config).expect("a node");
        let handle = node.handle();
        let (tell, heard) = channel();
        let listener = handle.clone();
        std::thread::spawn(move || {
            while let Some(event) = block_on(listener.recv()) {
                if tell.send((Instant::now(), event)).is_err() {
                    return;
                }
            }
        });
        let mut peer = Self { node, handle, heard, kept: VecDeque::new(), next: 0, listen: Vec::new() };
        let (_, ready) = peer.wait(|e| matches!(e, NodeEvent::Ready { .. }));
        if let NodeEvent::Ready { listen, .. } = ready {
            peer.listen = listen.iter().map(ToString::to_string).collect();
        }
        peer
    }

    /// The first event that is wanted, heard already or to come, and when it was heard.
    pub fn wait(&mut self, wanted: impl Fn(&NodeEvent) -> bool) -> (Instant, NodeEvent) {
        if let Some(at) = self.kept.iter().position(|(_, event)| wanted(event)) {
            return self.kept.remove(at).expect("it is there");
        }
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let heard = self.heard.recv_timeout(left).expect("what is waited for comes in time");
            if wanted(&heard.1) {
                return heard;
            }
            self.kept.push_back(heard);
        }
    }

    /// Forgets what was heard and not asked for.
    pub fn forget(&mut self) {
        self.kept.clear();
    }

    /// Asks without waiting; its request id.
    pub fn post(&mut self, command: NodeCommand) -> u64 {
        self.next += 1;
        assert!(block_on(self.handle.send(self.next, command)).is_ok(), "the node is gone");
        self.next
    }

    /// The answer to a request.
    pub fn answer(&mut self, request: u64) -> Result<NodeReply, NodeError> {
        match self.wait(|e| matches!(e, NodeEvent::Reply { request: r, .. } if *r == request)) {
            (_, NodeEvent::Reply { result, .. }) => result,
            _ => unreachable!(),
        }
    }

    /// Asks and waits.
    pub fn ask(&mut self, command: NodeCommand) -> NodeReply {
        let request = self.post(command);
        self.answer(request).expect("an ok")
    }

    /// Founds a community: its id and its text channel.
    pub fn found(&mut self, name: &str) -> (SpaceId, ChannelId) {
        match self.ask(NodeCommand::CommunityCreate { name: name.into() }) {
            NodeReply::Community(c) => (c.head.community, c.channels.first().expect("a channel").channel),
            other => panic!("{other:?}"),
        }
    }

    /// A link into a community.
    pub fn invite(&mut self, community: SpaceId) -> String {
        match self.ask(NodeCommand::InviteCreate { community, expires_s: None, max_uses: None, role: None }) {
            NodeReply::Invite(invite) => invite.link,
            other => panic!("{other:?}"),
        }
    }

    /// Digest of what it holds.
    pub fn heads(&mut self, community: SpaceId) -> String {
        match self.ask(NodeCommand::CommunityState { community }) {
            NodeReply::Community(c) => c.heads,
            other => panic!("{other:?}"),
        }
    }

    /// The newest messages before `before`, oldest first, and whether there are more.
    pub fn list(
        &mut self,
        channel: ChannelId,
        before: Option<EntryId>,
        limit: usize,
    ) -> (Vec<(EntryId, String)>, bool) {
        match self.ask(NodeCommand::MessageList { channel, before, limit }) {
            NodeReply::Messages { messages, more } => {
                (messages.into_iter().map(|m| (m.message, m.text)).collect(), more)
            }
            other => panic!("{other:?}"),
        }
    }

    /// Every message of a channel.
    pub fn messages(&mut self, channel: ChannelId) -> BTreeMap<EntryId, String> {
        let (mut all, mut before) = (BTreeMap::new(), None);
        loop {
            let (page, more) = self.list(channel, before, 500);
            before = page.first().map(|(id, _)| *id);
            all.extend(page);
            if !more {
                return all;
            }
        }
    }

    /// Ends it in order.
    pub fn stop(self) {
        let Self { node, handle, .. } = self;
        let _ = block_on(handle.send(u64::MAX, NodeCommand::Shutdown));
        drop(handle);
        node.wait();
    }
}
