//! The local socket: `hearth ctl` and a second start of the program talk to the running client in JSON lines.
//!
//! The protocol is that of [`hearth_control`], with four commands more: `link.open`, `voice.toggle`, `window.raise` and `quit`.
//! Answers: `{"id":1,"ok":{...}}` or `{"id":1,"err":{"code":"...","message":"..."}}`. A line over
//! `limits::CONTROL_LINE_BYTES`, bad JSON or an unknown command gets an `err` and the connection stays.

mod line;

pub use line::{Request, parse, render};

use crate::instance;
use anyhow::{Context, Result};
use bevy::prelude::*;
use hearth_bridge::{Bridge, WakeUp};
use hearth_ports::{ErrorCode, NodeCommand, NodeError, NodeHandle, NodeReply, VoiceAsk};
use hearth_types::limits;
use hearth_ui::{ControlAnswer, ControlAsk, ControlRequest};
use interprocess::local_socket::{ListenerOptions, Stream, prelude::*};
use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    time::Duration,
};

/// Connections at once.
pub const CONNECTIONS: usize = 8;
/// Requests that wait for a frame.
pub const WAITING: usize = 64;
/// Longest answer read: `message.list` gives 500 messages.
const ANSWER_BYTES: u64 = 16 << 20;
/// How long a connection waits for its answer.
const PATIENCE: Duration = Duration::from_secs(10);

type Outcome = Result<NodeReply, NodeError>;

/// A request on its way to the frame, and where its answer goes.
pub struct Envelope {
    request: ControlRequest,
    answer: SyncSender<Outcome>,
}

/// Requests from the socket.
#[derive(Clone)]
pub struct Inbox {
    requests: Arc<Mutex<Receiver<Envelope>>>,
    /// Lines read and not yet answered.
    unanswered: Arc<AtomicUsize>,
    /// For what cannot wait for a frame, once the node runs.
    node: Arc<OnceLock<NodeHandle>>,
}

impl Inbox {
    /// Gives answers that were found a moment to leave, before the process ends.
    pub fn finish(&self) {
        for _ in 0..100 {
            if self.unanswered.load(Ordering::Acquire) == 0 {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Listens for the client of `home`. The caller holds the home's lock, so a socket file found there is a dead one.
pub fn listen(home: &Path, wake_up: WakeUp) -> Result<Inbox> {
    let name = instance::socket_name(home)?;
    let options = ListenerOptions::new().name(name).try_overwrite(true);
    let listener = options.create_sync().context("The local socket for `hearth ctl` could not be opened")?;
    let (sender, inbox) = sync_channel(WAITING);
    let open = Arc::new(AtomicUsize::new(0));
    let unanswered = Arc::new(AtomicUsize::new(0));
    let counter = unanswered.clone();
    let node = Arc::new(OnceLock::new());
    let past = Arc::clone(&node);
    std::thread::Builder::new().name("control".into()).spawn(move || {
        for stream in listener.incoming().filter_map(Result::ok) {
            if open.fetch_add(1, Ordering::Relaxed) >= CONNECTIONS {
                open.fetch_sub(1, Ordering::Relaxed);
                continue;
            }
            let (sender, wake_up, open_here, counter, past) =
                (sender.clone(), wake_up.clone(), open.clone(), counter.clone(), past.clone());
            let serving = std::thread::Builder::new().name("control-line".into()).spawn(move || {
                serve(stream, &sender, &wake_up, &counter, &past);
                open_here.fetch_sub(1, Ordering::Relaxed);
            });
            if serving.is_err() {
                open.fetch_sub(1, Ordering::Relaxed);
            }
        }
    })?;
    Ok(Inbox { requests: Arc::new(Mutex::new(inbox)), unanswered, node })
}

fn serve(
    stream: Stream,
    sender: &SyncSender<Envelope>,
    wake_up: &WakeUp,
    unanswered: &AtomicUsize,
    node: &OnceLock<NodeHandle>,
) {
    let mut stream = BufReader::new(stream);
    let limit = limits::CONTROL_LINE_BYTES;
    loop {
        let mut line = Vec::new();
        match stream.by_ref().take(limit as u64 + 1).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let whole = line.ends_with(b"\n");
        unanswered.fetch_add(1, Ordering::AcqRel);
        let (id, result) = if line.len() > limit && !whole {
            let _ = stream.skip_until(b'\n');
            (serde_json::Value::Null, Err(NodeError::new(ErrorCode::LineTooLong, "A line may hold at most 64 KiB.")))
        } else {
            let Request { id, request } = parse(&line);
            let result = request.and_then(|request| match (key(&request), node.get()) {
                (Some(down), Some(node)) if hearth_keys::hold(node, down) => Ok(NodeReply::Done),
                _ => ask(request, sender, wake_up),
            });
            (id, result)
        };
        let written = stream.get_mut().write_all(render(&id, &result).as_bytes());
        unanswered.fetch_sub(1, Ordering::AcqRel);
        if written.is_err() {
            return;
        }
    }
}

/// Whether a request is the key of push to talk and nothing else: down or up.
fn key(request: &ControlRequest) -> Option<bool> {
    let ControlRequest::Node(NodeCommand::Voice(VoiceAsk::Set(settings))) = request else { return None };
    settings.ptt.filter(|down| *settings == hearth_keys::held(*down))
}

fn ask(request: ControlRequest, sender: &SyncSender<Envelope>, wake_up: &WakeUp) -> Outcome {
    let (answer, outcome) = sync_channel(1);
    let busy = || NodeError::new(ErrorCode::Busy, "Too many requests at once. Try again in a moment.");
    sender.try_send(Envelope { request, answer }).map_err(|_| busy())?;
    wake_up.wake();
    outcome.recv_timeout(PATIENCE).unwrap_or_else(|why| {
        Err(match why {
            RecvTimeoutError::Timeout => NodeError::new(ErrorCode::Busy, "No answer yet. It is still being worked on."),
            RecvTimeoutError::Disconnected => NodeError::new(ErrorCode::Stopped, "Hearth is closing."),
        })
    })
}

/// Carries requests into the frame and answers out of it.
pub struct ControlPlugin {
    /// Requests.
    pub inbox: Inbox,
}

#[derive(Resource)]
struct Desk {
    inbox: Inbox,
    waiting: BTreeMap<u64, SyncSender<Outcome>>,
    next: u64,
}

impl Plugin for ControlPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(Desk { inbox: self.inbox.clone(), waiting: BTreeMap::new(), next: 0 })
            .add_systems(PreUpdate, (meet_node, take_in))
            .add_systems(PostUpdate, hand_back);
    }
}

fn meet_node(desk: Res<Desk>, bridge: Option<Res<Bridge>>) {
    if desk.inbox.node.get().is_none()
        && let Some(node) = bridge.and_then(|bridge| bridge.past_the_frame())
    {
        let _ = desk.inbox.node.set(node);
    }
}

fn take_in(mut desk: ResMut<Desk>, mut asks: MessageWriter<ControlAsk>) {
    let inbox = desk.inbox.clone();
    let inbox = inbox.requests.lock().unwrap_or_else(PoisonError::into_inner);
    for Envelope { request, answer } in inbox.try_iter().take(WAITING) {
        let ask = desk.next;
        desk.next += 1;
        // A connection waits for one answer at a time, so whoever is oldest here has hung up.
        if desk.waiting.len() >= WAITING {
            desk.waiting.pop_first();
        }
        desk.waiting.insert(ask, answer);
        asks.write(ControlAsk { ask, request });
    }
}

fn hand_back(mut desk: ResMut<Desk>, mut answers: MessageReader<ControlAnswer>) {
    for answer in answers.read() {
        if let Some(waiting) = desk.waiting.remove(&answer.ask) {
            // The asker may have hung up.
            let _ = waiting.try_send(answer.result.clone());
        }
    }
}

/// Sends lines to the running client of `home` and gives its answers, one a line. `Err` when there is none.
pub fn send(home: &Path, request: &str) -> Result<String> {
    let mut stream = BufReader::new(Stream::connect(instance::socket_name(home)?)?);
    stream.get_mut().write_all(request.trim_end().as_bytes())?;
    stream.get_mut().write_all(b"\n")?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES).read_line(&mut answer)?;
    Ok(answer)
}
