//! A store under test, and rows to put into it.

use hearth_ports::{Startup, StoreFault, StoreReply, StoreRequest};
use hearth_store::{Secret32, StoreConfig, StoreError, StoreHandle, start};
use hearth_types::{ChannelId, Class, Day, DeviceId, EntryId, EntryRow, Hlc, Scope, SpaceId, Target, time::DAY_MS};
use std::{collections::BTreeMap, path::Path};

pub const SPACE: SpaceId = SpaceId([0x51; 32]);
pub const ME: DeviceId = DeviceId([0x3e; 32]);
pub const THEY: DeviceId = DeviceId([0x7e; 32]);
pub const CHANNEL: Scope = Scope::Channel(ChannelId([0xc4; 32]));
pub const DAY: Day = Day(20_000);

pub fn key() -> Secret32 {
    Secret32::new([0x6b; 32])
}

/// A running store that is asked one thing at a time.
pub struct Store {
    pub handle: StoreHandle,
    pub notices: Vec<String>,
}

impl Store {
    pub fn open(home: &Path) -> Self {
        Self::try_open(StoreConfig::new(home.join("hearth.db"), key())).unwrap()
    }
    pub fn try_open(config: StoreConfig) -> Result<Self, StoreError> {
        start(config).map(|handle| Self { handle, notices: Vec::new() })
    }
    pub fn send(&self, request: StoreRequest) {
        self.handle.requests.send_blocking(request).unwrap();
    }
    /// The next answer that is not a notice.
    pub fn next(&mut self) -> StoreReply {
        loop {
            match self.handle.replies.recv_blocking().expect("the store stopped") {
                StoreReply::Notice(notice) => self.notices.push(notice),
                reply => return reply,
            }
        }
    }
    pub fn ask(&mut self, request: StoreRequest) -> StoreReply {
        self.send(request);
        self.next()
    }
    pub fn put_own(&mut self, rows: Vec<EntryRow>) -> Result<usize, StoreFault> {
        stored(self.ask(StoreRequest::PutOwn { token: 1, rows }))
    }
    pub fn put_fetched(&mut self, rows: Vec<EntryRow>) -> Result<usize, StoreFault> {
        stored(self.ask(StoreRequest::PutFetched { token: 2, rows }))
    }
    pub fn put_value(&mut self, name: &str, value: Option<&[u8]>) -> Result<usize, StoreFault> {
        let value = value.map(<[u8]>::to_vec);
        stored(self.ask(StoreRequest::PutValue { token: Some(3), name: name.into(), value }))
    }
    pub fn startup(&mut self) -> Startup {
        match self.ask(StoreRequest::Start) {
            StoreReply::Started(startup) => *startup,
            other => panic!("{other:?}"),
        }
    }
    pub fn load_day(&mut self, scope: Scope, day: Day) -> Vec<EntryRow> {
        rows(self.ask(StoreRequest::LoadDay { token: 4, space: SPACE, scope, day })).0
    }
    pub fn list_day(&mut self, scope: Scope, day: Day) -> Vec<(Hlc, EntryId)> {
        match self.ask(StoreRequest::ListDay { token: 5, space: SPACE, scope, day }) {
            StoreReply::Ids { token: 5, ids } => ids,
            other => panic!("{other:?}"),
        }
    }
    pub fn load_before(&mut self, before: Option<(Hlc, EntryId)>, limit: usize, bytes: usize) -> (Vec<EntryRow>, bool) {
        let request =
            StoreRequest::LoadBefore { token: 6, space: SPACE, scope: CHANNEL, day: DAY, before, limit, bytes };
        rows(self.ask(request))
    }
    pub fn load_rows(&mut self, ids: Vec<EntryId>) -> Vec<EntryRow> {
        rows(self.ask(StoreRequest::LoadRows { token: 7, ids })).0
    }
    /// Flushes, closes and waits until the file is let go.
    pub fn close(self) -> Vec<String> {
        let mut notices = self.notices;
        self.handle.requests.send_blocking(StoreRequest::Shutdown).unwrap();
        while let Ok(reply) = self.handle.replies.recv_blocking() {
            if let StoreReply::Notice(notice) = reply {
                notices.push(notice);
            }
        }
        self.handle.join();
        notices
    }
}

pub fn stored(reply: StoreReply) -> Result<usize, StoreFault> {
    match reply {
        StoreReply::Stored { new, .. } => Ok(new),
        StoreReply::Failed { fault, .. } => Err(fault),
        other => panic!("{other:?}"),
    }
}

pub fn rows(reply: StoreReply) -> (Vec<EntryRow>, bool) {
    match reply {
        StoreReply::Rows { rows, more, .. } => (rows, more),
        other => panic!("{other:?}"),
    }
}

/// A row of a log. The store looks into no bytes, so these need mean nothing; they differ from row to row.
pub fn row(device: DeviceId, seq: u64) -> EntryRow {
    let mut id = device.0;
    id[..8].copy_from_slice(&scatter(seq).to_be_bytes());
    id[8..16].copy_from_slice(&seq.to_be_bytes());
    let hlc = Hlc::from_ms(u64::from(DAY.0) * DAY_MS + seq);
    EntryRow {
        id: EntryId(id),
        space: SPACE,
        device,
        seq,
        hlc,
        scope: CHANNEL,
        day: hlc.day(),
        target: None,
        class: Class::Message,
        envelope: [id.as_slice(), &[0xe4; 220]].concat(),
        signature: std::array::from_fn(|at| id[at % 32]),
        body: Some(format!("body {seq} of {}", device.short()).repeat(10).into_bytes()),
    }
}

/// Spreads numbers as hashes are spread (the finishing steps of SplitMix64).
pub fn scatter(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

pub fn log(device: DeviceId, seqs: std::ops::RangeInclusive<u64>) -> Vec<EntryRow> {
    seqs.map(|seq| row(device, seq)).collect()
}

/// Moves a row to another day, keeping its time of day.
pub fn on_day(mut row: EntryRow, day: Day) -> EntryRow {
    row.hlc = Hlc::from_ms(u64::from(day.0) * DAY_MS + row.hlc.ms() % DAY_MS);
    row.day = day;
    row
}

/// Turns a row into an amendment of another.
pub fn amending(mut row: EntryRow, target: &EntryRow) -> EntryRow {
    row.class = Class::Amendment;
    row.target = Some(Target { day: target.day, id: target.id });
    row
}

pub fn keys(rows: &[EntryRow]) -> Vec<(Hlc, EntryId)> {
    rows.iter().map(|row| (row.hlc, row.id)).collect()
}

/// All rows of my log that are there, by seq.
pub fn own_log(store: &mut Store) -> BTreeMap<u64, EntryId> {
    store.startup().content.iter().filter(|entry| entry.device == ME).map(|entry| (entry.seq, entry.id)).collect()
}
