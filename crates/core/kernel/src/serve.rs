//! Answering proven members: digests from memory, entries from the disk.

use crate::kernel::{Kernel, Pending};
use hearth_ports::StoreRequest;
use hearth_types::{Day, EntryId, EntryRow, Hlc, PeerKey, Scope, SpaceId, limits};
use hearth_wire::{Frame, entry::row_bytes, frame::DayDigest};
use negentropy::{Id, Negentropy, NegentropyStorageVector};
use std::collections::BTreeSet;

/// A request of a peer that waits for the disk.
pub(crate) struct Serving {
    pub link: PeerKey,
    pub space: SpaceId,
    pub request: u32,
    pub what: Wanted,
}

pub(crate) enum Wanted {
    /// Rows newest first; the answer may name a cursor.
    Day,
    Rows,
    /// Ids by their salted form; rows are loaded next.
    Salted {
        salt: [u8; 16],
        ids: Vec<[u8; 32]>,
    },
    Reconcile {
        salt: [u8; 16],
        message: Vec<u8>,
    },
}

impl Kernel {
    /// Whether a peer may ask at all; counts the request as being served.
    fn serves(&mut self, peer: PeerKey, space: SpaceId) -> bool {
        let proven = self.spaces.get(&space).and_then(|s| s.links.get(&peer)).is_some_and(|l| l.proven);
        let Some(link) = self.links.get_mut(&peer).filter(|_| proven) else { return false };
        if link.serving >= limits::SYNC_REQUESTS {
            return false;
        }
        link.serving += 1;
        true
    }

    pub(crate) fn ask_days(&mut self, peer: PeerKey, space: SpaceId, request: u32, after: Option<(Scope, Day)>) {
        let Some(s) = self.spaces.get(&space).filter(|s| s.links.get(&peer).is_some_and(|l| l.proven)) else {
            return self.send(peer, &Frame::Declined { request });
        };
        let mut days: Vec<DayDigest> = s.replica.days(after).take(limits::SYNC_DAYS + 1).collect();
        let more = days.len() > limits::SYNC_DAYS;
        days.truncate(limits::SYNC_DAYS);
        self.send(peer, &Frame::Days { space, request, days, more });
    }

    pub(crate) fn ask_day(
        &mut self,
        peer: PeerKey,
        space: SpaceId,
        request: u32,
        scope: Scope,
        day: Day,
        before: Option<(Hlc, EntryId)>,
    ) {
        if !self.serves(peer, space) {
            return self.send(peer, &Frame::Declined { request });
        }
        let token = self.token(Pending::Serve(Serving { link: peer, space, request, what: Wanted::Day }));
        self.store(StoreRequest::LoadBefore {
            token,
            space,
            scope,
            day,
            before,
            limit: limits::SYNC_BATCH_ENTRIES,
            bytes: limits::SYNC_BATCH_BYTES,
        });
    }

    #[allow(clippy::too_many_arguments)]
    pub(crate) fn ask_entries(
        &mut self,
        peer: PeerKey,
        space: SpaceId,
        request: u32,
        scope: Scope,
        day: Day,
        salt: [u8; 16],
        ids: Vec<[u8; 32]>,
    ) {
        if !self.serves(peer, space) {
            return self.send(peer, &Frame::Declined { request });
        }
        let token =
            self.token(Pending::Serve(Serving { link: peer, space, request, what: Wanted::Salted { salt, ids } }));
        self.store(StoreRequest::ListDay { token, space, scope, day });
    }

    #[allow(clippy::too_many_arguments)]
    pub(crate) fn reconcile(
        &mut self,
        peer: PeerKey,
        space: SpaceId,
        request: u32,
        scope: Scope,
        day: Day,
        salt: [u8; 16],
        message: Vec<u8>,
    ) {
        if !self.serves(peer, space) {
            return self.send(peer, &Frame::Declined { request });
        }
        let token = self.token(Pending::Serve(Serving {
            link: peer,
            space,
            request,
            what: Wanted::Reconcile { salt, message },
        }));
        self.store(StoreRequest::ListDay { token, space, scope, day });
    }

    pub(crate) fn serve_rows(&mut self, serving: Serving, rows: Vec<EntryRow>, more: bool) {
        self.served(serving.link);
        let Serving { link, space, request, what } = serving;
        let rows: Vec<EntryRow> = rows.into_iter().filter(|r| r.space == space).collect();
        let next = match what {
            Wanted::Day if more => rows.last().map(|r| (r.hlc, r.id)),
            _ => None,
        };
        let mut size = 0;
        let entries = rows
            .iter()
            .map(row_bytes)
            .take_while(|b| {
                size += b.len() + 4;
                size <= limits::FRAME_BYTES - 256
            })
            .collect();
        self.send(link, &Frame::Entries { space, request, entries, next });
    }

    pub(crate) fn serve_ids(&mut self, serving: Serving, ids: Vec<(Hlc, EntryId)>) {
        let Serving { link, space, request, what } = serving;
        match what {
            Wanted::Salted { salt, ids: wanted } => {
                let wanted: BTreeSet<[u8; 32]> = wanted.into_iter().collect();
                let ids = ids.into_iter().map(|(_, id)| id).filter(|id| wanted.contains(&salted(&salt, id))).collect();
                let token = self.token(Pending::Serve(Serving { link, space, request, what: Wanted::Rows }));
                self.store(StoreRequest::LoadRows { token, ids });
            }
            Wanted::Reconcile { salt, message } => {
                self.served(link);
                let answer = storage(&ids, &salt)
                    .ok()
                    .and_then(|s| Negentropy::owned(s, limits::RECONCILE_BYTES as u64).ok()?.reconcile(&message).ok());
                match answer {
                    Some(message) => self.send(link, &Frame::Reconciled { space, request, message }),
                    None => {
                        self.fault(link, 2);
                        self.send(link, &Frame::Declined { request });
                    }
                }
            }
            Wanted::Day | Wanted::Rows => self.served(link),
        }
    }

    pub(crate) fn decline(&mut self, serving: &Serving) {
        self.served(serving.link);
        self.send(serving.link, &Frame::Declined { request: serving.request });
    }

    fn served(&mut self, link: PeerKey) {
        if let Some(l) = self.links.get_mut(&link) {
            l.serving = l.serving.saturating_sub(1);
        }
    }
}

/// The ids of a day, salted so that nobody can grind ids whose sums collide.
pub(crate) fn storage(ids: &[(Hlc, EntryId)], salt: &[u8; 16]) -> Result<NegentropyStorageVector, negentropy::Error> {
    let mut storage = NegentropyStorageVector::with_capacity(ids.len());
    for (hlc, id) in ids {
        storage.insert(hlc.0, Id::from_byte_array(salted(salt, id)))?;
    }
    storage.seal()?;
    Ok(storage)
}

pub(crate) fn salted(salt: &[u8; 16], id: &EntryId) -> [u8; 32] {
    hearth_crypto::hash("hearth/reconcile/1", &[salt, &id.0])
}
