//! Home folders with a past: a community of any size, founded by the very keys that the folder holds.
//!
//! A node that starts on such a folder goes on with the founder's log. Never shipped, and never pointed at a folder in
//! use: everybody but the founder has keys known to everybody. Start with [`make`].

use anyhow::{Context, Result, bail};
use hearth_ports::{SpaceRecord, StoreReply, StoreRequest};
use hearth_store::{Home, HomeSecrets, KeychainUse, StoreConfig, StoreHandle};
use hearth_testkit::{Crowd, CrowdConfig, Person, community::rows};
use hearth_types::{ChannelId, EntryRow, SpaceId, time::DAY_MS};
use hearth_wire::cbor::Codec;
use std::path::Path;

/// What is in the folder now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// The community.
    pub community: SpaceId,
    /// Its channel with all the messages.
    pub channel: ChannelId,
    /// Entries of every sort.
    pub entries: u64,
}

/// `messages` of `people`, spread over the `days` before `now_ms`.
pub fn before(now_ms: u64, messages: u64, days: u32, people: usize) -> CrowdConfig {
    CrowdConfig { messages, days, people, seed: 1, start_ms: now_ms.saturating_sub(u64::from(days) * DAY_MS) }
}

/// Fills a home folder; its keys are made there when it has none. `each` sees every batch before it is stored.
pub fn make(home: &Path, config: CrowdConfig, mut each: impl FnMut(&[EntryRow])) -> Result<Made> {
    let home = Home::open(home)?;
    let (secrets, _) = HomeSecrets::open(&home, KeychainUse::Off)?;
    let seeds = [&secrets.recovery_seed, &secrets.device, &secrets.agreement].map(|secret| *secret.expose());
    let mut crowd = Crowd::led_by(Person::from_seeds("Ada".into(), 0x5a_9bd8, seeds), config);
    let store = hearth_store::start(StoreConfig::new(home.database(), secrets.store.clone()))?;

    let c = crowd.community();
    let (space, channel) = (c.space, c.general);
    let record = SpaceRecord { space, genesis: c.genesis.to_bytes(), joined: true };
    put(&store, StoreRequest::PutSpace { token: 0, record })?;
    put(&store, StoreRequest::PutSecret { token: 0, space, epoch: c.epoch, secret: c.secret })?;
    let genesis_seed = Some(c.genesis_seed.to_vec());
    put(&store, StoreRequest::PutValue { token: Some(0), name: format!("genesis:{space}"), value: genesis_seed })?;
    let mut entries = 0;
    for batch in crowd.by_ref() {
        let rows = rows(&batch);
        entries += rows.len() as u64;
        each(&rows);
        put(&store, StoreRequest::PutFetched { token: 0, rows })?;
    }
    store.requests.send_blocking(StoreRequest::Shutdown).context("the store stopped")?;
    while store.replies.recv_blocking().is_ok() {}
    store.join();
    Ok(Made { community: space, channel, entries })
}

fn put(store: &StoreHandle, request: StoreRequest) -> Result<()> {
    store.requests.send_blocking(request).context("the store stopped")?;
    loop {
        match store.replies.recv_blocking().context("the store stopped")? {
            StoreReply::Stored { .. } => return Ok(()),
            StoreReply::Failed { fault, .. } => bail!("the store refused: {fault:?}"),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_folder_holds_every_message_and_the_keys_of_the_founder() {
        let folder = tempfile::tempdir().unwrap();
        let mut seen = Vec::new();
        let made =
            make(folder.path(), before(1_700_000_000_000, 500, 3, 5), |rows| seen.extend_from_slice(rows)).unwrap();
        assert_eq!(seen.len() as u64, made.entries);

        let home = Home::open(folder.path()).unwrap();
        let (secrets, _) = HomeSecrets::open(&home, KeychainUse::Off).unwrap();
        let seeds = [&secrets.recovery_seed, &secrets.device, &secrets.agreement].map(|s| *s.expose());
        let founder = Person::from_seeds("Ada".into(), 0, seeds).device_id();
        assert_eq!(seen.first().map(|row| row.device), Some(founder));
        let store = hearth_store::start(StoreConfig::new(home.database(), secrets.store.clone())).unwrap();
        store.requests.send_blocking(StoreRequest::Start).unwrap();
        let StoreReply::Started(startup) = store.replies.recv_blocking().unwrap() else { panic!("no start") };
        assert_eq!((startup.control.len() + startup.content.len()) as u64, made.entries);
        assert!(startup.spaces.iter().any(|s| s.space == made.community && s.joined));
        assert_eq!(startup.secrets.len(), 1);
        store.join();
    }
}
