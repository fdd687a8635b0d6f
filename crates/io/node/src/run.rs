//! The loop: one input to the kernel at a time, every output to where it belongs, every queue bounded.

use crate::{
    verify,
    voice::{Voice, VoiceConfig},
};
use async_channel::{Receiver, Sender, TrySendError};
use hearth_kernel::{Input, Kernel, KernelKeys, Output};
use hearth_net::NetHandle;
use hearth_ports::{
    ErrorCode, NetCommand, NodeCommand, NodeError, NodeEvent, Startup, StoreReply, StoreRequest, VoiceOrder, VoiceSay,
    Waker,
};
use hearth_store::{Home, StoreHandle};
use hearth_types::{EntryRow, limits};
use std::{
    collections::VecDeque,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Requests made by the node itself; their replies are not told.
const OWN_REQUEST: u64 = u64::MAX;
/// Outputs that may wait for the disk or the network before nothing more is taken in.
const BACKLOG: usize = 256;
/// Rows asked for at once while starting.
const START_ROWS: usize = 4_096;

pub(crate) struct Parts {
    pub home: Home,
    pub store: StoreHandle,
    pub net: NetHandle,
    pub keys: KernelKeys,
    pub voice: VoiceConfig,
    pub seed: [u8; 32],
    pub commands: Receiver<(u64, NodeCommand)>,
    pub events: Sender<NodeEvent>,
    pub waker: Waker,
    pub name: Option<String>,
    pub bootstrap: Vec<String>,
}

struct Loop {
    kernel: Kernel,
    store: StoreHandle,
    net: NetHandle,
    events: Sender<NodeEvent>,
    waker: Waker,
    to_store: VecDeque<StoreRequest>,
    to_net: VecDeque<NetCommand>,
    to_voice: VecDeque<VoiceOrder>,
    voice: VoiceEnd,
    way: Way,
    /// Replies that found the event queue full; they are never dropped.
    replies: VecDeque<NodeEvent>,
    /// Other events were dropped since the queue was full.
    lagging: bool,
}

pub(crate) async fn run(parts: Parts) {
    let Parts { home, store, net, keys, voice, seed, commands, events, waker, name, bootstrap } = parts;
    let Some((startup, own, notices)) = read_disk(&store, keys.device.id()).await else {
        let message =
            "What was saved on this computer cannot be read. Hearth stops so that nothing is lost.".to_owned();
        let _ = events.send(NodeEvent::Warning { code: "disk", message }).await;
        return;
    };
    let (checked_in, checked) = async_channel::bounded(verify::CHECKED_QUEUE);
    tokio::spawn(verify::run(net.events.clone(), checked_in));
    let kernel = Kernel::new(keys, startup, own, seed, now_ms());
    let mut node = Loop {
        kernel,
        store,
        net,
        events,
        waker,
        to_store: VecDeque::new(),
        to_net: VecDeque::new(),
        to_voice: VecDeque::new(),
        voice: VoiceEnd::Waiting(voice),
        way: Way::default(),
        replies: VecDeque::new(),
        lagging: false,
    };
    for notice in notices {
        node.take(Input::Store(StoreReply::Notice(notice)));
    }
    if name.is_some() {
        node.take(Input::Command { request: OWN_REQUEST, command: NodeCommand::IdentitySet { name, color: None } });
    }
    for address in bootstrap {
        node.to_net.push_back(NetCommand::Dial { peer: None, addresses: vec![address] });
    }
    let mut commands_open = true;
    loop {
        node.flush();
        if node.kernel.is_stopping() {
            break;
        }
        let wake = node
            .kernel
            .next_wake_ms()
            .map_or(Duration::from_secs(60), |at| Duration::from_millis(at.saturating_sub(now_ms())));
        let room = node.to_store.len() < BACKLOG && node.to_net.len() < BACKLOG && node.replies.is_empty();
        // While something waits for room elsewhere, look again soon.
        let wake = if node.is_clear() { wake } else { wake.min(Duration::from_millis(2)) };
        tokio::select! {
            biased;
            reply = node.store.replies.recv() => match reply {
                Ok(reply) => node.take(Input::Store(reply)),
                Err(_) => break,
            },
            command = commands.recv(), if room && commands_open => match command {
                Ok((request, command)) => node.take(Input::Command { request, command }),
                // Nobody can ask any more: finish in order.
                Err(_) => {
                    commands_open = false;
                    node.take(Input::Command { request: OWN_REQUEST, command: NodeCommand::Shutdown });
                }
            },
            said = node.voice.said() => match said {
                VoiceOut::Say(say) => {
                    if say == VoiceSay::Left {
                        node.way = Way::default();
                    }
                    node.take(Input::Voice(say));
                }
                VoiceOut::Event(event) => {
                    node.way.noticed(&event);
                    node.tell(event);
                    (node.waker)();
                }
            },
            input = checked.recv(), if room => match input {
                Ok(input) => node.take(input),
                Err(_) => break,
            },
            () = tokio::time::sleep(wake) => node.take(Input::Tick),
        }
    }
    node.finish().await;
    drop(home);
}

impl Loop {
    fn take(&mut self, input: Input) {
        self.kernel.handle(input, now_ms());
        let mut told = false;
        for output in self.kernel.drain().collect::<Vec<_>>() {
            match output {
                Output::Net(command) => self.to_net.push_back(command),
                Output::Store(request) => self.to_store.push_back(request),
                Output::Voice(order) => {
                    if let VoiceOrder::Enter { .. } = order {
                        self.way = Way::default();
                    }
                    self.to_voice.push_back(order);
                }
                Output::Event(NodeEvent::Reply { request: OWN_REQUEST, .. }) => {}
                Output::Event(event) => {
                    told = true;
                    if let Some(way) = self.way.part_of(&event) {
                        self.tell(way);
                    }
                    self.tell(event);
                }
            }
        }
        if told {
            (self.waker)();
        }
        self.flush();
    }

    fn tell(&mut self, event: NodeEvent) {
        let event =
            if self.lagging || !self.replies.is_empty() { Some(event) } else { unsent(self.events.try_send(event)) };
        match event {
            Some(reply @ NodeEvent::Reply { .. }) => self.replies.push_back(reply),
            Some(_) => self.lagging = true,
            None => {}
        }
    }

    fn is_clear(&self) -> bool {
        self.to_store.is_empty()
            && self.to_net.is_empty()
            && self.to_voice.is_empty()
            && self.replies.is_empty()
            && !self.lagging
    }

    /// Moves what waits to where there is room; nothing here blocks, so that no two queues wait for each other.
    fn flush(&mut self) {
        while let Some(request) = self.to_store.pop_front() {
            if let Some(request) = unsent(self.store.requests.try_send(request)) {
                self.to_store.push_front(request);
                break;
            }
        }
        while let Some(command) = self.to_net.pop_front() {
            if let Some(command) = unsent(self.net.commands.try_send(command)) {
                self.to_net.push_front(command);
                break;
            }
        }
        while let Some(order) = self.to_voice.pop_front() {
            if let (VoiceEnd::Refused, VoiceOrder::Ask { request, .. }) = (&self.voice, &order) {
                let result = Err(NodeError::new(ErrorCode::Stopped, "Voice could not be started on this computer."));
                self.tell(NodeEvent::Reply { request: *request, result });
                continue;
            }
            if let Some(order) = self.voice.order(order) {
                // A flood of call messages ends here; the call itself asks again for what it lacks.
                if self.to_voice.len() < BACKLOG || !matches!(order, VoiceOrder::Message { .. }) {
                    self.to_voice.push_front(order);
                }
                break;
            }
        }
        while let Some(reply) = self.replies.pop_front() {
            if let Some(reply) = unsent(self.events.try_send(reply)) {
                self.replies.push_front(reply);
                break;
            }
        }
        // A reader that fell behind gets everything again once half the queue is free.
        if self.lagging && self.replies.is_empty() && self.events.len() < limits::EVENT_QUEUE / 2 {
            self.lagging = false;
            self.take(Input::Resync);
        }
    }

    /// Last words to the network, everything to the disk, then the end.
    async fn finish(mut self) {
        self.voice.finish();
        self.to_net.push_back(NetCommand::Shutdown);
        for command in std::mem::take(&mut self.to_net) {
            let sent = tokio::time::timeout(Duration::from_millis(500), self.net.commands.send(command)).await;
            if sent.is_err() {
                break;
            }
        }
        for request in std::mem::take(&mut self.to_store) {
            let _ = self.store.requests.send(request).await;
        }
        let _ = self.store.requests.send(StoreRequest::Shutdown).await;
        // Answers of the last writes still go to whoever waits for them.
        while let Ok(reply) = self.store.replies.recv().await {
            self.kernel.handle(Input::Store(reply), now_ms());
            for output in self.kernel.drain().collect::<Vec<_>>() {
                if let Output::Event(event) = output {
                    let _ = self.events.try_send(event);
                }
            }
        }
        for reply in std::mem::take(&mut self.replies) {
            let _ = self.events.try_send(reply);
        }
        let Self { store, waker, .. } = self;
        store.join();
        waker();
    }
}

/// How the call runs as it was last told, for whoever attaches in the middle of it.
#[derive(Default)]
struct Way(Option<NodeEvent>);

impl Way {
    fn noticed(&mut self, event: &NodeEvent) {
        if let NodeEvent::VoiceRelay { .. } = event {
            self.0 = Some(event.clone());
        }
    }
    /// What is told again before a snapshot ends.
    fn part_of(&self, event: &NodeEvent) -> Option<NodeEvent> {
        self.0.clone().filter(|_| *event == NodeEvent::SnapshotEnd)
    }
}

/// Orders to the voice, and what it says, that wait.
const VOICE_QUEUE: usize = 1_024;

/// What the voice says to the node.
pub(crate) enum VoiceOut {
    Say(VoiceSay),
    Event(NodeEvent),
}

/// The voice of this node, which starts with the first order.
enum VoiceEnd {
    Waiting(VoiceConfig),
    Running { orders: Sender<VoiceOrder>, said: Receiver<VoiceOut>, thread: std::thread::JoinHandle<()> },
    Refused,
}

impl VoiceEnd {
    /// Takes an order, or gives it back while the queue is full.
    fn order(&mut self, order: VoiceOrder) -> Option<VoiceOrder> {
        if let Self::Waiting(_) = self {
            let Self::Waiting(config) = std::mem::replace(self, Self::Refused) else { return None };
            match start_voice(config) {
                Ok(running) => *self = running,
                Err(why) => tracing::error!(%why, "voice could not start"),
            }
        }
        match self {
            Self::Running { orders, .. } => unsent(orders.try_send(order)),
            Self::Waiting(_) | Self::Refused => None,
        }
    }
    async fn said(&self) -> VoiceOut {
        match self {
            Self::Running { said, .. } => match said.recv().await {
                Ok(said) => said,
                Err(_) => std::future::pending().await,
            },
            Self::Waiting(_) | Self::Refused => std::future::pending().await,
        }
    }
    /// Ends it and waits until files are closed.
    fn finish(&mut self) {
        if let Self::Running { orders, said, thread } = std::mem::replace(self, Self::Refused) {
            orders.close();
            // What it still wants to say is heard by nobody, and must not hold it up.
            said.close();
            let _ = thread.join();
        }
    }
}

/// Voice has threads of its own, so that no import and no crowd delays it.
fn start_voice(config: VoiceConfig) -> std::io::Result<VoiceEnd> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("hearth-voice")
        .enable_all()
        .build()?;
    let (orders, orders_in) = async_channel::bounded(VOICE_QUEUE);
    let (out, said) = async_channel::bounded(VOICE_QUEUE);
    let thread = std::thread::Builder::new().name("hearth-voice".into()).spawn(move || {
        runtime.block_on(Voice::new(config, out).run(orders_in));
        runtime.shutdown_timeout(Duration::from_secs(1));
    })?;
    Ok(VoiceEnd::Running { orders, said, thread })
}

/// What could not be queued; a closed queue takes everything, since nobody listens.
fn unsent<T>(result: Result<(), TrySendError<T>>) -> Option<T> {
    match result {
        Err(TrySendError::Full(value)) => Some(value),
        Ok(()) | Err(TrySendError::Closed(_)) => None,
    }
}

/// Everything on disk, own entries whole, and what the store had to say meanwhile.
async fn read_disk(
    store: &StoreHandle,
    device: hearth_types::DeviceId,
) -> Option<(Startup, Vec<EntryRow>, Vec<String>)> {
    let mut notices = Vec::new();
    store.requests.send(StoreRequest::Start).await.ok()?;
    let startup = loop {
        match store.replies.recv().await.ok()? {
            StoreReply::Started(startup) => break *startup,
            StoreReply::Notice(text) => notices.push(text),
            StoreReply::Failed { .. } => return None,
            _ => {}
        }
    };
    let mut own = Vec::new();
    for ids in Kernel::own_ids(&startup, device).chunks(START_ROWS) {
        store.requests.send(StoreRequest::LoadRows { token: 0, ids: ids.to_vec() }).await.ok()?;
        loop {
            match store.replies.recv().await.ok()? {
                StoreReply::Rows { rows, .. } => {
                    own.extend(rows);
                    break;
                }
                StoreReply::Notice(text) => notices.push(text),
                StoreReply::Failed { .. } => return None,
                _ => {}
            }
        }
    }
    Some((startup, own, notices))
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hearth_ports::VoiceTopology;
    use hearth_types::{ChannelId, UserId};

    #[test]
    fn a_snapshot_says_who_relays_and_nothing_else_does() {
        let mut way = Way::default();
        assert_eq!(way.part_of(&NodeEvent::SnapshotEnd), None, "in no call");
        let relayed = |by| NodeEvent::VoiceRelay {
            channel: ChannelId([1; 32]),
            topology: VoiceTopology::Relay,
            relay: Some(UserId([by; 32])),
        };
        way.noticed(&relayed(2));
        way.noticed(&relayed(3));
        way.noticed(&NodeEvent::SnapshotBegin);
        assert_eq!(way.part_of(&NodeEvent::SnapshotEnd), Some(relayed(3)));
        assert_eq!(way.part_of(&NodeEvent::SnapshotBegin), None);
    }
}
