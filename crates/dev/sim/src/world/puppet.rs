//! Hosts that a test plays by hand: any frame, in any order, on links that stand.

use super::World;
use hearth_kernel::{Input, KernelKeys};
use hearth_ports::{NetCommand, NetEvent};
use hearth_types::PeerKey;

impl World {
    /// Stops a computer and plays it by hand from now on. Its keys and its disk stay.
    pub fn puppet(&mut self, i: usize) {
        self.kill(i);
        self.run(5);
        let host = &mut self.hosts[i];
        host.boots = host.boots.wrapping_add(1);
        host.puppet = true;
        host.inbox.clear();
    }
    /// The keys of a computer.
    pub fn keys(&self, i: usize) -> KernelKeys {
        self.hosts[i].keys()
    }
    /// Its transport key.
    pub fn peer(&self, i: usize) -> PeerKey {
        self.hosts[i].peer
    }
    /// Links two computers, `i` dialling, unless they are.
    pub fn connect(&mut self, i: usize, j: usize) {
        if !self.linked(i, j) {
            self.link(i, j);
        }
    }
    /// Cuts the link between two computers.
    pub fn disconnect(&mut self, i: usize, j: usize) {
        self.unlink(i, j);
    }
    /// Whether two computers are linked.
    pub fn is_linked(&self, i: usize, j: usize) -> bool {
        self.linked(i, j)
    }
    /// Sends bytes as one frame.
    pub fn send_raw(&mut self, from: usize, to: usize, frame: Vec<u8>) {
        let link = self.hosts[to].peer;
        self.net(from, NetCommand::Send { link, frame });
    }
    /// Hands a gossip payload to one computer.
    pub fn gossip_raw(&mut self, from: usize, to: usize, topic: &str, payload: Vec<u8>) {
        self.next += 1;
        let (token, peer) = (self.next, self.hosts[from].peer);
        self.hosts[to].judged.insert(token, (from, topic.to_owned(), payload.clone()));
        self.tell(to, 2, NetEvent::Gossip { topic: topic.to_owned(), from: peer, payload, token });
    }
    /// What came to a puppet since it was last asked, with the other end where it is a frame or a new link.
    pub fn inbox(&mut self, i: usize) -> Vec<(Option<usize>, NetEvent)> {
        let events = std::mem::take(&mut self.hosts[i].inbox);
        let sender = |e: &NetEvent| match e {
            NetEvent::Frame { link, .. } | NetEvent::LinkUp { link, .. } => self.index(link),
            _ => None,
        };
        events.into_iter().map(|e| (sender(&e), e)).collect()
    }
    /// Tells a kernel that its reader fell behind.
    pub fn resync(&mut self, i: usize) {
        self.input(i, Input::Resync);
    }
}
