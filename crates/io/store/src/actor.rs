//! The store's thread: takes requests in order, answers each, and lets what waits to be stored share a transaction.

use crate::{
    database::Database,
    fault::{Fault, StoreError},
    open,
    reading::Page,
    secret::Secret32,
    writing::{Origin, PutRequest},
};
use async_channel::{Receiver, Sender};
use hearth_ports::{StoreFault, StoreReply, StoreRequest};
use hearth_types::limits;
use std::{io, path::PathBuf, thread};

/// Where the database lies and what opens it.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// The database file; its folder must exist. See [`crate::Home::database`].
    pub path: PathBuf,
    /// Seals what is sealed at rest.
    pub key: Secret32,
    /// Name of a registered SQLite file layer other than the system's. A damaged file is then an error, not set aside.
    pub vfs: Option<String>,
}

impl StoreConfig {
    /// On the system's own files.
    pub fn new(path: impl Into<PathBuf>, key: Secret32) -> Self {
        Self { path: path.into(), key, vfs: None }
    }
}

/// Both ends of a running store. When it has stopped, `replies` is closed.
#[derive(Debug)]
pub struct StoreHandle {
    /// Requests, at most [`limits::STORE_QUEUE`] waiting. Closing it stops the store like [`StoreRequest::Shutdown`].
    pub requests: Sender<StoreRequest>,
    /// Answers, at most [`limits::STORE_QUEUE`] waiting. The store stands still while it is full: whoever waits for
    /// room in `requests` must go on reading here.
    pub replies: Receiver<StoreReply>,
    thread: thread::JoinHandle<()>,
}

impl StoreHandle {
    /// Lets the store finish what is queued, flush and close, and waits for that. Blocks.
    pub fn join(self) {
        let Self { requests, replies, thread } = self;
        requests.close();
        drop((requests, replies));
        if thread.join().is_err() {
            tracing::error!("the store's thread died");
        }
    }
}

/// Opens the database and starts its thread. Blocks while the file is opened and, when need be, repaired.
pub fn start(config: StoreConfig) -> Result<StoreHandle, StoreError> {
    let opened = open::open(&config)?;
    let (requests, requests_in) = async_channel::bounded(limits::STORE_QUEUE);
    let (replies_out, replies) = async_channel::bounded(limits::STORE_QUEUE);
    let mut actor = Actor { database: opened.database, config, replies: replies_out, told: Told::default(), writes: 0 };
    let notices = opened.notices;
    let thread = thread::Builder::new()
        .name("hearth-store".into())
        .spawn(move || {
            notices.into_iter().for_each(|notice| actor.reply(StoreReply::Notice(notice)));
            actor.check_space();
            while let End::Damaged = actor.run(&requests_in) {
                match actor.repaired() {
                    Some(repaired) => actor = repaired,
                    None => return,
                }
            }
            actor.database.close();
        })
        .map_err(|error| StoreError::Failed(error.to_string()))?;
    Ok(StoreHandle { requests, replies, thread })
}

struct Actor {
    database: Database,
    config: StoreConfig,
    replies: Sender<StoreReply>,
    told: Told,
    writes: u32,
}

/// Notices given in this run; each is given once.
#[derive(Default)]
struct Told {
    low_space: bool,
    spoiled: bool,
    unsaved: bool,
}

/// Why the thread left its loop.
enum End {
    /// Asked to, or nobody can ask any more.
    Closed,
    /// `Start` ran into damage that opening did not see.
    Damaged,
}

/// Writes between two looks at the free space.
const SPACE_CHECK_EVERY: u32 = 1_024;

impl Actor {
    fn run(&mut self, requests: &Receiver<StoreRequest>) -> End {
        let mut ahead = None;
        while let Some(request) = ahead.take().or_else(|| requests.recv_blocking().ok()) {
            match request {
                StoreRequest::Shutdown => break,
                StoreRequest::Start => match self.start() {
                    Ok(()) => {}
                    Err(fault) if fault.is_damage() && self.config.vfs.is_none() => return End::Damaged,
                    Err(fault) => {
                        self.give_up(&plain(&fault.into()));
                        break;
                    }
                },
                StoreRequest::PutOwn { token, rows } => {
                    let group = gather(Origin::Own, (token, rows), requests, &mut ahead);
                    self.put(Origin::Own, &group);
                }
                StoreRequest::PutFetched { token, rows } => {
                    let group = gather(Origin::Fetched, (token, rows), requests, &mut ahead);
                    self.put(Origin::Fetched, &group);
                }
                other => self.answer(other),
            }
            self.writes += 1;
            if self.writes.is_multiple_of(SPACE_CHECK_EVERY) {
                self.check_space();
            }
        }
        End::Closed
    }

    fn start(&mut self) -> Result<(), Fault> {
        let (startup, lost) = self.database.startup()?;
        self.reply(StoreReply::Started(Box::new(startup)));
        if lost {
            self.spoiled();
        }
        self.drop_spoiled();
        Ok(())
    }

    /// Opens again with a full check, which sets the damaged file aside, and answers the `Start` that found it.
    fn repaired(self) -> Option<Self> {
        let Self { database, config, replies, told, writes } = self;
        drop(database);
        open::ask_for_check(&config.path);
        let opened = open::open(&config);
        let give_up = |why: &str| {
            let _ = replies.send_blocking(StoreReply::Notice(why.into()));
        };
        match opened {
            Err(error) => give_up(&error.to_string()),
            Ok(opened) => {
                let mut actor = Self { database: opened.database, config, replies: replies.clone(), told, writes };
                opened.notices.into_iter().for_each(|notice| actor.reply(StoreReply::Notice(notice)));
                match actor.start() {
                    Ok(()) => return Some(actor),
                    Err(fault) => give_up(&plain(&fault.into())),
                }
            }
        }
        None
    }

    /// A start that cannot be answered truly is not answered: whoever took an empty answer for the truth would
    /// begin its own log anew. The reason is told, and the closed queue says the rest.
    fn give_up(&mut self, why: &str) {
        self.reply(StoreReply::Notice(why.into()));
    }

    fn put(&mut self, origin: Origin, group: &[PutRequest]) {
        let results = self.database.put(origin, group);
        for ((token, _), result) in group.iter().zip(results) {
            self.stored(*token, result);
        }
    }

    fn answer(&mut self, request: StoreRequest) {
        let db = &mut self.database;
        match request {
            StoreRequest::LoadDay { token, space, scope, day } => {
                let rows = db.load_day(space, scope, day).map(|rows| (rows, false));
                self.rows(token, rows);
            }
            StoreRequest::ListDay { token, space, scope, day } => match db.list_day(space, scope, day) {
                Ok(ids) => self.reply(StoreReply::Ids { token, ids }),
                Err(fault) => self.failed(token, fault),
            },
            StoreRequest::LoadBefore { token, space, scope, day, before, limit, bytes } => {
                let rows = db.load_before(space, scope, day, Page { before, limit, bytes });
                self.rows(token, rows);
            }
            StoreRequest::LoadRows { token, ids } => {
                let rows = db.load_rows(&ids).map(|rows| (rows, false));
                self.rows(token, rows);
            }
            StoreRequest::PutSpace { token, record } => {
                let result = db.put_space(&record);
                self.stored(token, result);
            }
            StoreRequest::PutSecret { token, space, epoch, secret } => {
                let result = db.put_secret(space, epoch, &secret);
                self.stored(token, result);
            }
            StoreRequest::PutPeer { record } => {
                let result = db.put_peer(&record);
                self.unanswered(result);
            }
            StoreRequest::PutValue { token, name, value } => {
                let result = db.put_value(token.is_some(), &name, value.as_deref());
                match token {
                    Some(token) => self.stored(token, result),
                    None => self.unanswered(result.map(drop)),
                }
            }
            // Taken by `run`.
            StoreRequest::PutOwn { token, rows } => self.put(Origin::Own, &[(token, rows)]),
            StoreRequest::PutFetched { token, rows } => self.put(Origin::Fetched, &[(token, rows)]),
            StoreRequest::Start | StoreRequest::Shutdown => {}
        }
    }

    fn stored(&mut self, token: u64, result: Result<usize, Fault>) {
        match result {
            Ok(new) => self.reply(StoreReply::Stored { token, new }),
            Err(fault) => self.failed(token, fault),
        }
    }

    fn rows(&mut self, token: u64, result: Result<(Vec<hearth_types::EntryRow>, bool), Fault>) {
        match result {
            Ok((rows, more)) => self.reply(StoreReply::Rows { token, rows, more }),
            Err(fault) => self.failed(token, fault),
        }
        self.drop_spoiled();
    }

    /// Bodies that were just found not to open are forgotten, so that they can be fetched again.
    fn drop_spoiled(&mut self) {
        match self.database.drop_spoiled() {
            Ok(0) => {}
            Ok(_) => self.spoiled(),
            Err(fault) => tracing::warn!(%fault, "spoiled bodies stay"),
        }
    }

    fn failed(&mut self, token: u64, fault: Fault) {
        let fault = self.fault(fault);
        self.reply(StoreReply::Failed { token, fault });
    }

    /// For requests that are not answered: a loss that can wait is told once.
    fn unanswered(&mut self, result: Result<(), Fault>) {
        if let Err(fault) = result {
            let fault = self.fault(fault);
            if !std::mem::replace(&mut self.told.unsaved, true) {
                self.reply(StoreReply::Notice(plain(&fault)));
            }
        }
    }

    /// What a fault means outside, with the file system asked whether a device error is really lack of space.
    fn fault(&mut self, fault: Fault) -> StoreFault {
        tracing::warn!(%fault, "a request failed");
        if fault.is_damage() && self.config.vfs.is_none() {
            open::ask_for_check(&self.config.path);
        }
        if fault.is_device() && self.free_bytes() == Some(0) {
            return StoreFault::Full;
        }
        fault.into()
    }

    fn spoiled(&mut self) {
        if !std::mem::replace(&mut self.told.spoiled, true) {
            self.reply(StoreReply::Notice(
                "Part of what was saved here could not be read. What others still have comes back by itself.".into(),
            ));
        }
    }

    fn free_bytes(&self) -> Option<u64> {
        if self.config.vfs.is_some() {
            return None;
        }
        free_bytes(self.config.path.parent()?).ok()
    }

    fn check_space(&mut self) {
        if !self.told.low_space && self.free_bytes().is_some_and(|free| free < limits::STORE_LOW_SPACE_BYTES) {
            self.told.low_space = true;
            self.reply(StoreReply::Notice(
                "The disk is nearly full. Free some space, or new messages can't be saved.".into(),
            ));
        }
    }

    /// Nobody reading any more is no reason to stop: what is queued is still to be written.
    fn reply(&mut self, reply: StoreReply) {
        let _ = self.replies.send_blocking(reply);
    }
}

/// Takes what waits behind `first` as long as it is of the same kind; the first other request is left in `ahead`.
fn gather(
    origin: Origin,
    first: PutRequest,
    requests: &Receiver<StoreRequest>,
    ahead: &mut Option<StoreRequest>,
) -> Vec<PutRequest> {
    let (mut count, mut group) = (first.1.len(), vec![first]);
    while group.len() < limits::STORE_GROUP && count < limits::STORE_GROUP_ROWS {
        match (origin, requests.try_recv()) {
            (Origin::Own, Ok(StoreRequest::PutOwn { token, rows }))
            | (Origin::Fetched, Ok(StoreRequest::PutFetched { token, rows })) => {
                count += rows.len();
                group.push((token, rows));
            }
            (_, Ok(other)) => {
                *ahead = Some(other);
                break;
            }
            (_, Err(_)) => break,
        }
    }
    group
}

fn plain(fault: &StoreFault) -> String {
    match fault {
        StoreFault::Full => "The disk is full. Free some space: Hearth can't remember anything new until then.".into(),
        StoreFault::Failed(why) => why.clone(),
    }
}

#[cfg(unix)]
fn free_bytes(folder: &std::path::Path) -> io::Result<u64> {
    let stat = rustix::fs::statvfs(folder)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_: &std::path::Path) -> io::Result<u64> {
    Err(io::ErrorKind::Unsupported.into())
}
