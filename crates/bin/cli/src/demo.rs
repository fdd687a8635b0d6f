//! Three peers on this machine, told as a story: no server, nothing to set up.

use crate::session::block_on;
use anyhow::{Context, Result, bail};
use hearth_node::{Node, NodeConfig};
use hearth_ports::{NodeCommand, NodeEvent, NodeHandle, NodeReply};
use hearth_types::{ChannelId, SpaceId};
use std::{
    collections::VecDeque,
    path::PathBuf,
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(30);

struct Person {
    name: &'static str,
    node: Node,
    handle: NodeHandle,
    next: u64,
    events: VecDeque<NodeEvent>,
}

pub fn run(keep: Option<PathBuf>) -> Result<()> {
    let temporary = tempfile::tempdir().context("no temporary folder")?;
    let folder = keep.unwrap_or_else(|| temporary.path().to_owned());
    println!("Three people, three computers (all this one), no server.\n");
    let mut people = Vec::new();
    for name in ["Ada", "Lin", "Noor"] {
        let listen = vec!["/ip4/127.0.0.1/udp/0/quic-v1".into(), "/ip4/127.0.0.1/tcp/0".into()];
        let config = NodeConfig { name: Some(name.into()), listen, mdns: false, ..NodeConfig::new(folder.join(name)) };
        let node = hearth_node::start(config)?;
        let handle = node.handle();
        let mut person = Person { name, node, handle, next: 0, events: VecDeque::new() };
        person.wait(|e| matches!(e, NodeEvent::Ready { .. }))?;
        people.push(person);
    }
    let [ada, lin, noor] = people.as_mut_slice() else { bail!("three people were meant to be here") };

    let NodeReply::Community(community) = ada.ask(NodeCommand::CommunityCreate { name: "The Hearth".into() })? else {
        bail!("no community")
    };
    let (space, general) = (community.head.community, community.channels.first().context("no channel")?.channel);
    println!("Ada starts a community, The Hearth.");
    let link = ada.link(space)?;
    println!("Ada copies its invite link:\n  {link}\n");

    let started = Instant::now();
    lin.ask(NodeCommand::CommunityJoin { link: link.clone() })?;
    println!("Lin clicks the link and is in after {} ms.", started.elapsed().as_millis());
    ada.say(general, "Hello Lin! This travels from my computer to yours, and nowhere else.")?;
    lin.hear(general)?;
    lin.say(general, "Hi Ada. Who keeps it?")?;
    ada.hear(general)?;
    ada.say(general, "You and I. Whoever is in keeps it for whoever comes later.")?;
    lin.hear(general)?;

    let from_lin = lin.link(space)?;
    let started = Instant::now();
    noor.ask(NodeCommand::CommunityJoin { link: from_lin })?;
    println!(
        "\nLin invites Noor, who is in after {} ms and reads what was said before:",
        started.elapsed().as_millis()
    );
    for (author, text) in noor.read(space, general, 3)? {
        println!("  {author}: {text}");
    }
    println!();
    noor.say(general, "So nobody can switch it off?")?;
    ada.hear(general)?;
    ada.say(general, "Nobody but us.")?;
    noor.hear(general)?;

    let mut heads = Vec::new();
    let until = Instant::now() + PATIENCE;
    loop {
        heads.clear();
        for person in [&mut *ada, &mut *lin, &mut *noor] {
            let NodeReply::Community(c) = person.ask(NodeCommand::CommunityState { community: space })? else {
                bail!("no state")
            };
            heads.push(c.heads);
        }
        if heads.windows(2).all(|w| w[0] == w[1]) {
            break;
        }
        if Instant::now() > until {
            bail!("the three did not come to agree");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    println!("\nAll three hold the same history: {}", heads.first().map_or("", |h| &h[..16]));
    for person in people {
        let _ = block_on(person.handle.send(u64::MAX, NodeCommand::Shutdown));
        drop(person.handle);
        person.node.wait();
    }
    Ok(())
}

impl Person {
    /// Asks and waits for the answer, keeping what else is heard.
    fn ask(&mut self, command: NodeCommand) -> Result<NodeReply> {
        self.next += 1;
        let request = self.next;
        if block_on(self.handle.send(request, command)).is_err() {
            bail!("{} is gone", self.name);
        }
        match self.wait(|e| matches!(e, NodeEvent::Reply { request: r, .. } if *r == request))? {
            NodeEvent::Reply { result, .. } => Ok(result?),
            _ => bail!("{} gave another answer", self.name),
        }
    }

    fn link(&mut self, community: SpaceId) -> Result<String> {
        match self.ask(NodeCommand::InviteCreate { community, expires_s: Some(86_400), max_uses: None, role: None })? {
            NodeReply::Invite(invite) => Ok(invite.link),
            _ => bail!("no invite"),
        }
    }

    fn say(&mut self, channel: ChannelId, text: &str) -> Result<()> {
        self.ask(NodeCommand::MessageSend { channel, text: text.into(), reply_to: None })?;
        println!("  {}: {text}", self.name);
        Ok(())
    }

    /// Waits for a message of somebody else.
    fn hear(&mut self, channel: ChannelId) -> Result<()> {
        let theirs = |e: &NodeEvent| matches!(e, NodeEvent::Message { channel: c, message, .. } if *c == channel && message.state == hearth_ports::SendState::Received);
        self.wait(theirs).map(|_| ())
    }

    fn read(&mut self, community: SpaceId, channel: ChannelId, count: usize) -> Result<Vec<(String, String)>> {
        let until = Instant::now() + PATIENCE;
        loop {
            let NodeReply::Messages { messages, .. } =
                self.ask(NodeCommand::MessageList { channel, before: None, limit: 50 })?
            else {
                bail!("no list")
            };
            if messages.len() >= count {
                let NodeReply::Community(c) = self.ask(NodeCommand::CommunityState { community })? else {
                    bail!("no state")
                };
                let name =
                    |user| c.members.iter().find(|m| m.user == user).map_or_else(String::new, |m| m.name.clone());
                return Ok(messages.into_iter().map(|m| (name(m.author), m.text)).collect());
            }
            if Instant::now() > until {
                bail!("{} did not get the history", self.name);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn wait(&mut self, wanted: impl Fn(&NodeEvent) -> bool) -> Result<NodeEvent> {
        let until = Instant::now() + PATIENCE;
        let mut looked = 0;
        loop {
            while looked < self.events.len() {
                if wanted(&self.events[looked]) {
                    return self.events.remove(looked).context("an event");
                }
                looked += 1;
            }
            match self.handle.try_recv() {
                Some(event) => self.events.push_back(event),
                None if Instant::now() > until => bail!("{} waited too long", self.name),
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        }
    }
}
