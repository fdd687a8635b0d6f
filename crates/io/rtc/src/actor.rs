//! The loop that takes commands: it hands each to its link and never waits for one.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use async_channel::{Receiver, Sender};
use hearth_ports::rtc::{MediaState, RtcCommand, RtcEvent};
use hearth_types::PeerKey;
use tokio::task::JoinSet;

use crate::limits::{DATAGRAM_BYTES, FRAME_BYTES, LINKS, SIGNAL_QUEUE, SLOTS};
use crate::link::connection::Settings;
use crate::link::outlet::Outlet;
use crate::link::{Inbox, Link};

struct Entry {
    /// Closing it ends the link.
    inbox: Sender<Inbox>,
    outlet: Arc<Outlet>,
    relay_only: bool,
    polite: bool,
}

pub struct Actor {
    settings: Arc<Settings>,
    events: Sender<RtcEvent>,
    media: Sender<RtcEvent>,
    links: BTreeMap<PeerKey, Entry>,
    tasks: JoinSet<()>,
    /// Whose link a task is, to tell when one breaks.
    owners: HashMap<tokio::task::Id, (PeerKey, Sender<Inbox>)>,
}

impl Actor {
    pub fn new(settings: Settings, events: Sender<RtcEvent>, media: Sender<RtcEvent>) -> Self {
        Self {
            settings: Arc::new(settings),
            events,
            media,
            links: BTreeMap::new(),
            tasks: JoinSet::new(),
            owners: HashMap::new(),
        }
    }

    pub async fn run(mut self, commands: Receiver<RtcCommand>) {
        loop {
            tokio::select! {
                biased;
                command = commands.recv() => match command {
                    Ok(RtcCommand::Shutdown) | Err(_) => break,
                    Ok(command) => self.handle(command),
                },
                Some(ended) = self.tasks.join_next_with_id(), if !self.tasks.is_empty() => {
                    let (id, broke) = match ended {
                        Ok((id, ())) => (id, false),
                        Err(error) => (error.id(), error.is_panic()),
                    };
                    self.ended(id, broke).await;
                },
            }
        }
        commands.close();
        for (_, entry) in std::mem::take(&mut self.links) {
            entry.inbox.close();
        }
        // A link closes its connection within 100 ms unless the node stopped reading events.
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(std::time::Duration::from_secs(1), all).await.is_err() {
            self.tasks.abort_all();
        }
        self.events.close();
        self.media.close();
    }

    fn handle(&mut self, command: RtcCommand) {
        match command {
            RtcCommand::Open { peer, polite, relay_only } => self.open(peer, polite, relay_only),
            RtcCommand::Signal { peer, bytes } => self.tell(&peer, Inbox::Signal(bytes)),
            RtcCommand::Restart { peer } => self.tell(&peer, Inbox::Restart),
            RtcCommand::Close { peer } => {
                if let Some(entry) = self.links.remove(&peer) {
                    entry.outlet.unwire();
                    entry.inbox.close();
                }
            }
            RtcCommand::Send { peers, frame } => {
                if frame.payload.len() > FRAME_BYTES || usize::from(frame.slot) >= SLOTS {
                    tracing::debug!(
                        slot = frame.slot,
                        bytes = frame.payload.len(),
                        "a frame too large or without a slot"
                    );
                    return;
                }
                let payload = bytes::Bytes::from(frame.payload);
                for peer in &peers {
                    if let Some(entry) = self.links.get(peer) {
                        entry.outlet.send(frame.slot, frame.timestamp, frame.level, frame.voice, payload.clone());
                    }
                }
            }
            RtcCommand::Datagram { peers, bytes } => {
                if bytes.len() > DATAGRAM_BYTES {
                    tracing::debug!(bytes = bytes.len(), "a datagram too large");
                    return;
                }
                let bytes = bytes::Bytes::from(bytes);
                for peer in &peers {
                    if let Some(entry) = self.links.get(peer) {
                        entry.outlet.datagram(bytes.clone());
                    }
                }
            }
            RtcCommand::Shutdown => {}
        }
    }

    fn open(&mut self, peer: PeerKey, polite: bool, relay_only: bool) {
        if let Some(entry) = self.links.get(&peer) {
            if !entry.inbox.is_closed() && entry.relay_only == relay_only && entry.polite == polite {
                return;
            }
            entry.outlet.unwire();
            entry.inbox.close();
            self.links.remove(&peer);
        }
        self.links.retain(|_, entry| !entry.inbox.is_closed());
        if self.links.len() >= LINKS {
            let state = MediaState::Failed(format!("no more than {LINKS} people can be connected at once"));
            self.lost(RtcEvent::State { peer, state });
            return;
        }
        let (inbox, inbox_rx) = async_channel::bounded(SIGNAL_QUEUE);
        let outlet = Arc::new(Outlet::default());
        let link = Link::new(
            peer,
            polite,
            relay_only,
            Arc::clone(&self.settings),
            Arc::clone(&outlet),
            inbox_rx,
            self.events.clone(),
            self.media.clone(),
        );
        let task = self.tasks.spawn(link.run());
        self.owners.insert(task.id(), (peer, inbox.clone()));
        self.links.insert(peer, Entry { inbox, outlet, relay_only, polite });
    }

    fn tell(&mut self, peer: &PeerKey, what: Inbox) {
        match self.links.get(peer) {
            Some(entry) if entry.inbox.try_send(what).is_ok() => {}
            Some(_) => tracing::debug!("a link that is over, or has too many signals waiting"),
            None => tracing::debug!("a signal or restart without a link"),
        }
    }

    /// A link's task is over. One that broke could not say so itself.
    async fn ended(&mut self, id: tokio::task::Id, broke: bool) {
        let Some((peer, inbox)) = self.owners.remove(&id) else { return };
        inbox.close();
        let current = self.links.get(&peer).is_some_and(|entry| entry.inbox.same_channel(&inbox));
        if current && let Some(entry) = self.links.remove(&peer) {
            entry.outlet.unwire();
            if broke {
                let state = MediaState::Failed("the connection broke; try again".to_owned());
                self.lost(RtcEvent::State { peer, state });
            }
        }
    }

    /// Tells an event without making the loop wait for a node that doesn't read.
    fn lost(&mut self, event: RtcEvent) {
        let events = self.events.clone();
        if let Err(async_channel::TrySendError::Full(event)) = events.try_send(event) {
            self.tasks.spawn(async move {
                let _ = events.send(event).await;
            });
        }
    }
}
