//! The small tables: spaces, epoch secrets, peers, kept values.

use crate::{
    database::{Database, Durability},
    fault::Fault,
    seal::{Table, seal, unseal},
};
use hearth_ports::{Address, PeerRecord, SpaceRecord, Startup};
use hearth_types::{DeviceId, EpochId, PeerKey, SpaceId, limits};
use rusqlite::OptionalExtension;

impl Database {
    /// Everything the kernel asks for at start, and whether something sealed did not open.
    pub(crate) fn startup(&mut self) -> Result<(Startup, bool), Fault> {
        let (control, content) = self.load_entries()?;
        let (secrets, secrets_lost) = self.load_secrets()?;
        let (peers, peers_lost) = self.load_peers()?;
        let (values, values_lost) = self.load_values()?;
        let startup = Startup { spaces: self.load_spaces()?, control, content, secrets, peers, values };
        Ok((startup, secrets_lost || peers_lost || values_lost))
    }

    /// Remembers a space. 1 if it was unknown.
    pub(crate) fn put_space(&mut self, record: &SpaceRecord) -> Result<usize, Fault> {
        self.write(Durability::Flushed, |writing| {
            let known: Option<i64> = writing
                .tx
                .query_row("SELECT 1 FROM spaces WHERE space = ?1", [record.space.0], |row| row.get(0))
                .optional()?;
            writing.tx.execute(
                "INSERT INTO spaces (space, genesis, joined) VALUES (?1, ?2, ?3)
                 ON CONFLICT (space) DO UPDATE SET genesis = excluded.genesis, joined = excluded.joined",
                (record.space.0, &record.genesis, record.joined),
            )?;
            Ok(usize::from(known.is_none()))
        })
    }

    /// Remembers an epoch secret. 1 if it was unknown.
    pub(crate) fn put_secret(&mut self, space: SpaceId, epoch: EpochId, secret: &[u8; 32]) -> Result<usize, Fault> {
        self.write(Durability::Flushed, |writing| {
            let known: Option<i64> = writing
                .tx
                .query_row("SELECT 1 FROM secrets WHERE space = ?1 AND epoch = ?2", (space.0, epoch.0), |row| {
                    row.get(0)
                })
                .optional()?;
            let state = &mut *writing.state;
            let sealed = seal(&state.store_key, &mut state.nonces, Table::Secrets, &secret_row(space, epoch), secret)?;
            writing.tx.execute(
                "INSERT INTO secrets (space, epoch, sealed) VALUES (?1, ?2, ?3)
                 ON CONFLICT (space, epoch) DO UPDATE SET sealed = excluded.sealed",
                (space.0, epoch.0, sealed),
            )?;
            Ok(usize::from(known.is_none()))
        })
    }

    /// Remembers a peer; beyond the limit the longest unseen go.
    pub(crate) fn put_peer(&mut self, record: &PeerRecord) -> Result<(), Fault> {
        self.write(Durability::Written, |writing| {
            let state = &mut *writing.state;
            let plain = encode_peer(record);
            let sealed = seal(&state.store_key, &mut state.nonces, Table::Peers, record.peer.as_bytes(), &plain)?;
            writing.tx.execute(
                "INSERT INTO peers (peer, seen_ms, sealed) VALUES (?1, ?2, ?3)
                 ON CONFLICT (peer) DO UPDATE SET seen_ms = excluded.seen_ms, sealed = excluded.sealed",
                (record.peer.0, i64::try_from(record.last_seen_ms).unwrap_or(i64::MAX), sealed),
            )?;
            writing.tx.execute(
                "DELETE FROM peers WHERE rowid IN (SELECT rowid FROM peers ORDER BY seen_ms DESC, rowid DESC LIMIT -1 OFFSET ?1)",
                [i64::try_from(limits::PEER_BOOK).unwrap_or(i64::MAX)],
            )?;
            Ok(())
        })
    }

    /// Remembers or forgets a value. 1 if something changed from absent to present.
    pub(crate) fn put_value(&mut self, flush: bool, name: &str, value: Option<&[u8]>) -> Result<usize, Fault> {
        let durability = if flush { Durability::Flushed } else { Durability::Written };
        self.write(durability, |writing| {
            let gone = writing.tx.execute("DELETE FROM kept_values WHERE name = ?1", [name])?;
            let Some(value) = value else { return Ok(0) };
            let state = &mut *writing.state;
            let sealed = seal(&state.store_key, &mut state.nonces, Table::Values, name.as_bytes(), value)?;
            writing.tx.execute("INSERT INTO kept_values (name, sealed) VALUES (?1, ?2)", (name, sealed))?;
            Ok(1 - gone.min(1))
        })
    }

    fn load_spaces(&self) -> Result<Vec<SpaceRecord>, Fault> {
        let mut query = self.conn.prepare("SELECT space, genesis, joined FROM spaces ORDER BY space")?;
        let spaces = query.query_map([], |row| {
            Ok(SpaceRecord { space: SpaceId(row.get(0)?), genesis: row.get(1)?, joined: row.get(2)? })
        })?;
        Ok(spaces.collect::<Result<_, _>>()?)
    }

    #[allow(clippy::type_complexity)]
    fn load_secrets(&self) -> Result<(Vec<(SpaceId, EpochId, [u8; 32])>, bool), Fault> {
        let mut query = self.conn.prepare("SELECT space, epoch, sealed FROM secrets ORDER BY space, epoch")?;
        let mut found = query.query([])?;
        let (mut secrets, mut lost) = (Vec::new(), false);
        while let Some(row) = found.next()? {
            let (space, epoch, sealed) = (SpaceId(row.get(0)?), EpochId(row.get(1)?), row.get::<_, Vec<u8>>(2)?);
            let plain = unseal(&self.state.store_key, Table::Secrets, &secret_row(space, epoch), &sealed).ok();
            match plain.and_then(|plain| <[u8; 32]>::try_from(plain.as_slice()).ok()) {
                Some(secret) => secrets.push((space, epoch, secret)),
                None => lost = true,
            }
        }
        Ok((secrets, lost))
    }

    fn load_peers(&self) -> Result<(Vec<PeerRecord>, bool), Fault> {
        let mut query = self.conn.prepare("SELECT peer, seen_ms, sealed FROM peers ORDER BY seen_ms DESC, peer")?;
        let mut found = query.query([])?;
        let (mut peers, mut lost) = (Vec::new(), false);
        while let Some(row) = found.next()? {
            let (peer, seen_ms, sealed) = (PeerKey(row.get(0)?), row.get::<_, i64>(1)?, row.get::<_, Vec<u8>>(2)?);
            let plain = unseal(&self.state.store_key, Table::Peers, peer.as_bytes(), &sealed).ok();
            match plain.and_then(|plain| decode_peer(&plain)) {
                Some((device, addresses)) => {
                    peers.push(PeerRecord { peer, addresses, device, last_seen_ms: seen_ms.max(0).cast_unsigned() });
                }
                None => lost = true,
            }
        }
        Ok((peers, lost))
    }

    #[allow(clippy::type_complexity)]
    fn load_values(&self) -> Result<(Vec<(String, Vec<u8>)>, bool), Fault> {
        let mut query = self.conn.prepare("SELECT name, sealed FROM kept_values ORDER BY name")?;
        let mut found = query.query([])?;
        let (mut values, mut lost) = (Vec::new(), false);
        while let Some(row) = found.next()? {
            let (name, sealed) = (row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?);
            match unseal(&self.state.store_key, Table::Values, name.as_bytes(), &sealed) {
                Ok(mut plain) => values.push((name, std::mem::take(&mut *plain))),
                Err(_) => lost = true,
            }
        }
        Ok((values, lost))
    }
}

fn secret_row(space: SpaceId, epoch: EpochId) -> Vec<u8> {
    [space.0, epoch.0].concat()
}

/// Device (32 bytes, or none after a zero), then each address behind its length in two bytes, big end first.
/// An address too long to say so is left out.
fn encode_peer(record: &PeerRecord) -> Vec<u8> {
    let mut out = Vec::new();
    match record.device {
        None => out.push(0),
        Some(device) => {
            out.push(1);
            out.extend_from_slice(device.as_bytes());
        }
    }
    for address in record.addresses.iter().take(limits::PEER_ADDRESSES) {
        if let Ok(len) = u16::try_from(address.len()) {
            out.extend_from_slice(&len.to_be_bytes());
            out.extend_from_slice(address.as_bytes());
        }
    }
    out
}

fn decode_peer(bytes: &[u8]) -> Option<(Option<DeviceId>, Vec<Address>)> {
    let (flag, mut rest) = bytes.split_first()?;
    let mut device = None;
    if *flag == 1 {
        let (id, after) = rest.split_first_chunk::<32>()?;
        (device, rest) = (Some(DeviceId(*id)), after);
    }
    let mut addresses = Vec::new();
    while let Some((len, after)) = rest.split_first_chunk::<2>() {
        let (address, after) = after.split_at_checked(u16::from_be_bytes(*len).into())?;
        addresses.push(String::from_utf8(address.to_vec()).ok()?);
        rest = after;
    }
    rest.is_empty().then_some((device, addresses))
}
