//! Kernel to disk. The store runs requests in order and answers each with its token.

use crate::net::Address;
use hearth_types::{Day, DeviceId, EntryId, EntryRow, EpochId, Hlc, PeerKey, Scope, SpaceId};

/// Why the disk refused. The database is as it was before the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreFault {
    /// No space left.
    Full,
    /// Anything else, in plain words.
    Failed(String),
}

/// A space this home takes part in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpaceRecord {
    /// Its id.
    pub space: SpaceId,
    /// Canonical bytes of its genesis object.
    pub genesis: Vec<u8>,
    /// False once left; history stays.
    pub joined: bool,
}

/// What is remembered about a peer between runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerRecord {
    /// Transport key.
    pub peer: PeerKey,
    /// Newest working first, at most `limits::PEER_ADDRESSES`.
    pub addresses: Vec<Address>,
    /// Device it proved to be.
    pub device: Option<DeviceId>,
    /// Unix milliseconds of the last link.
    pub last_seen_ms: u64,
}

/// Everything the kernel needs before it can serve. Bodies of content entries are not in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Startup {
    /// Spaces.
    pub spaces: Vec<SpaceRecord>,
    /// All control entries, with bodies, by (space, hlc, id).
    pub control: Vec<EntryRow>,
    /// One summary for every content entry, by (space, hlc, id).
    pub content: Vec<EntrySummary>,
    /// Epoch secrets, unsealed.
    pub secrets: Vec<(SpaceId, EpochId, [u8; 32])>,
    /// Peers, latest first.
    pub peers: Vec<PeerRecord>,
    /// Small values of the kernel by name: read marks, last channel, used links.
    pub values: Vec<(String, Vec<u8>)>,
}

/// What the kernel keeps of a content entry at start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntrySummary {
    /// Id.
    pub id: EntryId,
    /// Space.
    pub space: SpaceId,
    /// Author.
    pub device: DeviceId,
    /// Place in its log.
    pub seq: u64,
    /// Stamp.
    pub hlc: Hlc,
    /// Channel.
    pub scope: Scope,
    /// What it amends.
    pub target: Option<hearth_types::Target>,
}

/// Requests, run strictly in order.
#[derive(Debug, Clone, PartialEq)]
pub enum StoreRequest {
    /// Read [`Startup`].
    Start,
    /// Append own entries, flushed to the disk before the answer. Each must follow its predecessor in the log
    /// (`seq - 1` present), else the whole request fails: an entry behind a failed one must not stand.
    PutOwn { token: u64, rows: Vec<EntryRow> },
    /// Store others' entries. Ones already here are skipped; a missing body is filled in.
    PutFetched { token: u64, rows: Vec<EntryRow> },
    /// All rows of a scope whose day or target day is `day`, by (hlc, id), bodies included.
    LoadDay { token: u64, space: SpaceId, scope: Scope, day: Day },
    /// (hlc, id) of the same, without rows.
    ListDay { token: u64, space: SpaceId, scope: Scope, day: Day },
    /// Rows of a scope and day (as `LoadDay`) newest first, strictly before the cursor, at most `limit` rows and `bytes` bytes.
    LoadBefore {
        token: u64,
        space: SpaceId,
        scope: Scope,
        day: Day,
        before: Option<(Hlc, EntryId)>,
        limit: usize,
        bytes: usize,
    },
    /// Rows by id; unknown ids are left out.
    LoadRows { token: u64, ids: Vec<EntryId> },
    /// Remember a space.
    PutSpace { token: u64, record: SpaceRecord },
    /// Remember an epoch secret, sealed under the store key, flushed before the answer.
    PutSecret { token: u64, space: SpaceId, epoch: EpochId, secret: [u8; 32] },
    /// Remember a peer; beyond `limits::PEER_BOOK` the longest unseen go.
    PutPeer { record: PeerRecord },
    /// Remember a small value; `None` forgets it. Flushed before the answer when `token` is given.
    PutValue { token: Option<u64>, name: String, value: Option<Vec<u8>> },
    /// Flush and close.
    Shutdown,
}

/// Answers, in the order of the requests that have a token.
#[derive(Debug, Clone, PartialEq)]
pub enum StoreReply {
    /// To `Start`.
    Started(Box<Startup>),
    /// To `Put...`: on disk. `new` counts the rows that were not here before.
    Stored { token: u64, new: usize },
    /// To `LoadDay`, `LoadBefore`, `LoadRows`. `more` is true when a limit cut the answer.
    Rows { token: u64, rows: Vec<EntryRow>, more: bool },
    /// To `ListDay`.
    Ids { token: u64, ids: Vec<(Hlc, EntryId)> },
    /// The request changed nothing.
    Failed { token: u64, fault: StoreFault },
    /// Something the reader should know: a repaired or set-aside database, a disk nearly full.
    Notice(String),
}
