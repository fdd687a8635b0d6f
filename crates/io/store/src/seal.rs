//! Sealing at rest: XChaCha20-Poly1305, random nonce in front, associated data = table and row.

use crate::{fault::Fault, secret::Secret32};
use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit, Payload},
};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

const NONCE: usize = 24;
/// Nonces drawn from the system at a time; one call for each would cost more than the sealing.
const NONCES_AT_ONCE: usize = 64;

/// The tables that hold sealed values; the name is part of what is authenticated.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Table {
    Meta,
    DayKeys,
    Entries,
    Secrets,
    Peers,
    Values,
    /// The keys file, which lies beside the tables.
    Keys,
}

impl Table {
    fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::DayKeys => "day_keys",
            Self::Entries => "entries",
            Self::Secrets => "secrets",
            Self::Peers => "peers",
            Self::Values => "values",
            Self::Keys => "keys",
        }
    }
    fn aad(self, row: &[u8]) -> Vec<u8> {
        let mut aad = format!("hearth store {}\0", self.name()).into_bytes();
        aad.extend_from_slice(row);
        aad
    }
}

/// Random nonces, drawn in batches and each used once.
#[derive(Default)]
pub(crate) struct Nonces(Vec<[u8; NONCE]>);

impl Nonces {
    fn take(&mut self) -> Result<[u8; NONCE], Fault> {
        if let Some(nonce) = self.0.pop() {
            return Ok(nonce);
        }
        let mut fresh = [0; NONCE * NONCES_AT_ONCE];
        getrandom::fill(&mut fresh)?;
        let (batch, _) = fresh.as_chunks::<NONCE>();
        self.0.extend_from_slice(batch);
        self.0.pop().ok_or(Fault::Sealed)
    }
}

fn cipher(key: &Secret32) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&(*key.expose()).into())
}

/// Seals `plain` so that it opens only in the same row of the same table.
pub(crate) fn seal(
    key: &Secret32,
    nonces: &mut Nonces,
    table: Table,
    row: &[u8],
    plain: &[u8],
) -> Result<Vec<u8>, Fault> {
    let nonce = nonces.take()?;
    let payload = Payload { msg: plain, aad: &table.aad(row) };
    let sealed = cipher(key).encrypt(&XNonce::from(nonce), payload).map_err(|_| Fault::Sealed)?;
    let mut out = Vec::with_capacity(NONCE + sealed.len());
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&sealed);
    Ok(out)
}

/// Opens what [`seal`] made.
pub(crate) fn unseal(key: &Secret32, table: Table, row: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or(Fault::Sealed)?;
    let payload = Payload { msg: sealed, aad: &table.aad(row) };
    cipher(key).decrypt(&XNonce::from(*nonce), payload).map(Zeroizing::new).map_err(|_| Fault::Sealed)
}

/// Opened day keys, so that a day's key is unwrapped once and not once a row.
///
/// Must be cleared whenever a transaction is rolled back: a key made inside it is then on no disk.
#[derive(Default)]
pub(crate) struct DayKeys(BTreeMap<u32, Secret32>);

impl DayKeys {
    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
    /// The day's key, if it is held open.
    pub(crate) fn get(&self, day: u32) -> Option<Secret32> {
        self.0.get(&day).cloned()
    }
    /// Holds a key open; at the limit the others are closed first.
    pub(crate) fn hold(&mut self, day: u32, key: Secret32) {
        if self.0.len() >= hearth_types::limits::STORE_OPEN_KEYS {
            self.0.clear();
        }
        self.0.insert(day, key);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn sealed_bytes_open_only_in_their_own_row_and_table() {
        let (key, mut nonces) = (Secret32::new([7; 32]), Nonces::default());
        let sealed = seal(&key, &mut nonces, Table::Entries, b"row", b"body").unwrap();
        assert_eq!(unseal(&key, Table::Entries, b"row", &sealed).unwrap().as_slice(), b"body");
        assert!(unseal(&key, Table::Entries, b"wor", &sealed).is_err());
        assert!(unseal(&key, Table::Values, b"row", &sealed).is_err());
        assert!(unseal(&Secret32::new([8; 32]), Table::Entries, b"row", &sealed).is_err());
        for cut in 0..sealed.len() {
            assert!(unseal(&key, Table::Entries, b"row", &sealed[..cut]).is_err());
        }
    }

    #[test]
    fn no_nonce_comes_twice() {
        let mut nonces = Nonces::default();
        let mut seen: Vec<_> = (0..1_000).map(|_| nonces.take().unwrap()).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 1_000);
    }

    #[test]
    fn open_day_keys_are_bounded() {
        let mut keys = DayKeys::default();
        for day in 0..5_000 {
            keys.hold(day, Secret32::new([1; 32]));
            assert!(keys.0.len() <= hearth_types::limits::STORE_OPEN_KEYS);
            assert!(keys.get(day).is_some());
        }
    }
}
