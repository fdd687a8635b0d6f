//! The Yjs document of one (scope, day).
//!
//! Root map `entries`: key the entry's id in hex, value signature and envelope. Root map `bodies`: the same key, value the
//! body, where it is here. Each value is one item without origins, so no item waits for another and none ever changes. Its
//! client is the upper 53 bits of `H("hearth/page-slot/1", document, id, map)`, the document being
//! `H("hearth/page/1", space, scope, day)`; its clock is 0, and where several items of a page fall on one client they take
//! 0, 1, 2 in the order of their ids, entry before body. So equal sets of entries and bodies give equal bytes, here and in
//! the npm package `yjs`.
//!
//! Updates are only ever made here, from checked entries. Bytes of a peer never reach yrs as an update: there is no way in.

use crate::digest::scope_bytes;
use hearth_crypto::hash;
use hearth_types::{Day, EntryId, EntryRow, Envelope, Scope, SpaceId};
use hearth_wire::{CheckedEntry, cbor::Codec};
use std::collections::BTreeMap;
use yrs::{Any, Doc, Map, Out, ReadTxn, StateVector, Transact, Update, updates::decoder::Decode};

const ENTRIES: &str = "entries";
const BODIES: &str = "bodies";
/// Bits of a client id.
const CLIENT_BITS: u32 = 53;
/// Bytes of the signature that leads an entry's value.
const SIGNATURE: usize = 64;

/// One day of one scope as a yrs document.
pub struct Page {
    doc: Doc,
    generation: u64,
}

/// One item: what it falls on, and what it holds.
struct Item<'a> {
    id: EntryId,
    map: &'static str,
    value: std::borrow::Cow<'a, [u8]>,
}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Page").field("generation", &self.generation).finish_non_exhaustive()
    }
}

impl Page {
    /// Builds the page of a day from its entries (own or target day; others are left out), in any order, doubles too.
    /// Where an entry is there twice, with and without its body, the body counts.
    pub fn build(space: SpaceId, scope: Scope, day: Day, entries: &[CheckedEntry]) -> Self {
        Self::with_bits(space, scope, day, entries, CLIENT_BITS)
    }

    /// The same with shorter client ids, so that tests see items fall on one client.
    #[doc(hidden)]
    pub fn with_bits(space: SpaceId, scope: Scope, day: Day, entries: &[CheckedEntry], bits: u32) -> Self {
        let document = hash("hearth/page/1", &[&space.0, &scope_bytes(scope), &day.0.to_be_bytes()]);
        let mut of_day: BTreeMap<EntryId, &CheckedEntry> = BTreeMap::new();
        for entry in entries {
            let e = entry.envelope();
            if e.space == space && e.scope == scope && (e.day == day || e.target.is_some_and(|t| t.day == day)) {
                let held = of_day.entry(entry.id()).or_insert(entry);
                if held.body().is_none() {
                    *held = entry;
                }
            }
        }
        // Entries come by id, so that items of one client are in the order of their clocks.
        let mut clients: BTreeMap<u64, Vec<Item<'_>>> = BTreeMap::new();
        for (id, entry) in &of_day {
            let mut place = |map: &'static str, value| {
                clients.entry(client(&document, id, map, bits)).or_default().push(Item { id: *id, map, value })
            };
            place(ENTRIES, [entry.signature().as_slice(), entry.envelope_bytes()].concat().into());
            if let Some(body) = entry.body() {
                place(BODIES, body.into());
            }
        }
        let update = encode(&clients);
        let doc = Doc::with_client_id(0);
        // Both roots exist before the update, so that yrs knows them as maps.
        doc.get_or_insert_map(ENTRIES);
        doc.get_or_insert_map(BODIES);
        if let Ok(update) = Update::decode_v1(&update) {
            // Made here from bounded parts, with nothing to wait for: it always applies.
            let _ = doc.transact_mut().apply_update(update);
        }
        Self { doc, generation: generation(&clients) }
    }

    /// The page as one Yjs update (v1): equal sets give equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.doc.transact().encode_state_as_update_v1(&StateVector::default())
    }

    /// The entries, by (stamp, id).
    pub fn entries(&self) -> Vec<CheckedEntry> {
        let txn = self.doc.transact();
        let (Some(entries), Some(bodies)) = (txn.get_map(ENTRIES), txn.get_map(BODIES)) else { return Vec::new() };
        let mut out: Vec<CheckedEntry> = entries
            .iter(&txn)
            .filter_map(|(key, value)| {
                let value = buffer(value)?;
                let body = bodies.get(&txn, key).and_then(buffer);
                read(key.parse().ok()?, &value, body.map(|b| b.to_vec()))
            })
            .collect();
        out.sort_unstable_by_key(|e| (e.envelope().hlc, e.id()));
        out
    }

    /// How many entries it has.
    pub fn len(&self) -> u32 {
        let txn = self.doc.transact();
        txn.get_map(ENTRIES).map_or(0, |m| m.len(&txn))
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Zero while no two items fall on one client; else a number that changes whenever an item takes another slot, so that
    /// copies of an older generation are dropped and not merged.
    pub fn generation(&self) -> u64 {
        self.generation
    }
}

fn client(document: &[u8; 32], id: &EntryId, map: &str, bits: u32) -> u64 {
    let kind: &[u8] = if map == ENTRIES { b"entry" } else { b"body" };
    let [a, b, c, d, e, f, g, h, ..] = hash("hearth/page-slot/1", &[document, &id.0, kind]);
    u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> (64 - bits)
}

fn generation(clients: &BTreeMap<u64, Vec<Item<'_>>>) -> u64 {
    let shared: Vec<[u8; 33]> = clients
        .values()
        .filter(|items| items.len() > 1)
        .flatten()
        .map(|item| {
            let mut slot = [u8::from(item.map == BODIES); 33];
            slot.iter_mut().zip(item.id.0).for_each(|(to, from)| *to = from);
            slot
        })
        .collect();
    if shared.is_empty() {
        return 0;
    }
    let [a, b, c, d, e, f, g, h, ..] =
        hash("hearth/page-generation/1", &shared.iter().map(<[u8; 33]>::as_slice).collect::<Vec<_>>());
    u64::from_be_bytes([a, b, c, d, e, f, g, h]).max(1)
}

/// The page as a Yjs update (lib0 encoding, version 1; source: yjs 13.6 `src/utils/encoding.js`, `src/structs/Item.js`).
fn encode(clients: &BTreeMap<u64, Vec<Item<'_>>>) -> Vec<u8> {
    let size: usize = clients.values().flatten().map(|item| item.value.len() + 96).sum();
    let mut out = Vec::with_capacity(size + 16);
    varint(&mut out, clients.len() as u64);
    // Larger clients come first, as both implementations write them.
    for (client, items) in clients.iter().rev() {
        varint(&mut out, items.len() as u64);
        varint(&mut out, *client);
        varint(&mut out, 0);
        for item in items {
            // Binary content, with a key, and no origins; the parent is a root by name.
            out.push(0x20 | 3);
            varint(&mut out, 1);
            bytes(&mut out, item.map.as_bytes());
            bytes(&mut out, item.id.to_string().as_bytes());
            bytes(&mut out, &item.value);
        }
    }
    // Nothing is ever deleted.
    varint(&mut out, 0);
    out
}

fn varint(out: &mut Vec<u8>, mut n: u64) {
    while n > 0x7f {
        out.push(0x80 | (n & 0x7f) as u8);
        n >>= 7;
    }
    out.push(n as u8);
}

fn bytes(out: &mut Vec<u8>, value: &[u8]) {
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

fn buffer(value: Out) -> Option<std::sync::Arc<[u8]>> {
    match value {
        Out::Any(Any::Buffer(bytes)) => Some(bytes),
        _ => None,
    }
}

fn read(id: EntryId, value: &[u8], body: Option<Vec<u8>>) -> Option<CheckedEntry> {
    let signature = value.first_chunk::<SIGNATURE>()?;
    let envelope = value.get(SIGNATURE..)?.to_vec();
    let e = Envelope::from_bytes(&envelope).ok()?;
    let row = EntryRow {
        id,
        space: e.space,
        device: e.device,
        seq: e.seq,
        hlc: e.hlc,
        scope: e.scope,
        day: e.day,
        target: e.target,
        class: e.class,
        envelope,
        signature: *signature,
        body,
    };
    CheckedEntry::from_row(row).ok()
}
