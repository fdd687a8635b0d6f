//! Frames on a link: hello, joining, sync. One CBOR array each: `[number, ...]`.

use crate::cbor::{Codec, DecodeError, Reader, Writer};
use hearth_crypto::{DeviceKey, EpochSecret, hash, verify};
use hearth_types::{Day, DeviceId, EntryId, EpochId, Hlc, PeerKey, Scope, SignedJoin, SpaceId, limits};

/// Version of the link protocol, said first.
pub const LINK_VERSION: u8 = 1;
const HELLO: &str = "hearth/hello/1";

type Result<T> = std::result::Result<T, DecodeError>;

/// One (scope, day) of a space: how many entries, and the sum of their ids mod 2^256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayDigest {
    /// Control log or channel.
    pub scope: Scope,
    /// Own or target day of the entries counted.
    pub day: Day,
    /// Entries.
    pub count: u64,
    /// Sum of ids, big-endian, mod 2^256.
    pub sum: [u8; 32],
}

/// Everything two linked peers say to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// First on every link, both ways.
    Hello { version: u8, nonce: [u8; 32] },
    /// Proofs of membership, one box a space, each behind an eight-byte tag that only holders of the epoch recognise.
    Prove { boxes: Vec<([u8; 8], Vec<u8>)> },
    /// A joiner asks whether the peer is in a space it names only to those who know it.
    Knock { tag: [u8; 16] },
    /// Yes; `device` proves itself by its signature. A control log to check it against follows.
    Door { tag: [u8; 16], device: DeviceId, signature: [u8; 64] },
    /// The joiner's claim.
    Join { space: SpaceId, join: SignedJoin },
    /// Let in: the genesis object; epoch secrets sealed to the joiner's agreement key.
    Welcome { space: SpaceId, genesis: Vec<u8>, seals: Vec<(EpochId, Vec<u8>)> },
    /// Not let in. Reasons: 0 no such invite, 1 expired, 2 used up, 3 revoked, 4 removed, 5 try later.
    Refused { tag: [u8; 16], reason: u8 },
    /// Where the sender stands: root digest over all day digests.
    Heads { space: SpaceId, root: [u8; 32], entries: u64 },
    /// Asks for the day digests after (scope, day), in order.
    AskDays { space: SpaceId, request: u32, after: Option<(Scope, Day)> },
    /// The answer; `more` when it was cut.
    Days { space: SpaceId, request: u32, days: Vec<DayDigest>, more: bool },
    /// Asks for a day's entries, newest first, before a cursor.
    AskDay { space: SpaceId, request: u32, scope: Scope, day: Day, before: Option<(Hlc, EntryId)> },
    /// Asks for entries of a day by the salted ids that a reconciliation found missing.
    AskEntries { space: SpaceId, request: u32, scope: Scope, day: Day, salt: [u8; 16], ids: Vec<[u8; 32]> },
    /// Entries asked for. `next` is the cursor to go on from, if there are more.
    Entries { space: SpaceId, request: u32, entries: Vec<Vec<u8>>, next: Option<(Hlc, EntryId)> },
    /// One step of range reconciliation over a day's ids, salted.
    Reconcile { space: SpaceId, request: u32, scope: Scope, day: Day, salt: [u8; 16], message: Vec<u8> },
    /// Its answer.
    Reconciled { space: SpaceId, request: u32, message: Vec<u8> },
    /// Entries nobody asked for: one's own newest, or the control entries that make a hello hold.
    Push { space: SpaceId, entries: Vec<Vec<u8>> },
    /// Other members' transport keys and addresses.
    Peers { space: SpaceId, peers: Vec<(PeerKey, Vec<String>)> },
    /// Asks for epoch secrets one lacks.
    AskSeals { space: SpaceId, epochs: Vec<EpochId> },
    /// The request cannot be served now.
    Declined { request: u32 },
    /// What members in one voice room tell each other about the call; opaque here.
    Call { space: SpaceId, message: Vec<u8> },
    /// The same for a member whom the sender has no link to: to be passed on to that device's link, and no further.
    Pass { space: SpaceId, to: DeviceId, message: Vec<u8> },
    /// Passed on: what the device of another link wants said. A [`crate::PairMessage`].
    Passed { space: SpaceId, from: DeviceId, message: Vec<u8> },
}

/// A box under this tag in a [`Frame::Prove`] is no proof: it says that the sender knows [`Frame::Pass`] and
/// [`Frame::Passed`]. Who does not would take them for no frame at all, and is sent none.
pub const PASSES: [u8; 8] = *b"passes/1";

/// What a membership proof signs.
pub struct Proof {
    /// The space.
    pub space: SpaceId,
    /// Transport keys: prover's, verifier's.
    pub peers: [PeerKey; 2],
    /// Hello nonces: prover's, verifier's.
    pub nonces: [[u8; 32]; 2],
    /// Whether the prover dialled.
    pub dialer: bool,
}

impl Proof {
    /// Signs as `key`.
    pub fn sign(&self, key: &DeviceKey) -> [u8; 64] {
        key.sign(HELLO, &self.parts())
    }
    /// Whether `device` made it.
    pub fn holds(&self, device: DeviceId, signature: &[u8; 64]) -> bool {
        verify(&device.0, HELLO, &self.parts(), signature)
    }
    /// Tag by which holders of the epoch recognise the box.
    pub fn tag(&self, secret: &EpochSecret) -> [u8; 8] {
        let mut out = [0; 8];
        let key = secret.hello_key();
        out.copy_from_slice(
            &hash("hearth/hello-tag/1", &[key.expose(), &self.nonces[0], &self.nonces[1], &[u8::from(self.dialer)]])
                [..8],
        );
        out
    }
    /// Associated data of the box.
    pub fn associated(&self) -> Vec<u8> {
        hearth_crypto::sign::signed_bytes(HELLO, &self.parts())
    }
    fn parts(&self) -> [&[u8]; 6] {
        let role: &[u8] = if self.dialer { b"dialer" } else { b"listener" };
        [&self.space.0, &self.peers[0].0, &self.peers[1].0, &self.nonces[0], &self.nonces[1], role]
    }
}

/// What a hello box holds: the device and its signature.
pub fn proof_bytes(device: DeviceId, signature: &[u8; 64]) -> Vec<u8> {
    let mut w = Writer::default();
    w.array(2).bytes(&device.0).bytes(signature);
    w.finish()
}

/// Reads [`proof_bytes`].
pub fn read_proof(bytes: &[u8]) -> Result<(DeviceId, [u8; 64])> {
    let mut r = Reader::new(bytes);
    r.array(2)?;
    let out = (Codec::read(&mut r)?, r.fixed()?);
    if proof_bytes(out.0, &out.1) == bytes { Ok(out) } else { Err(DecodeError::NotCanonical) }
}

/// The tag of a knock: recognised only by who knows the space.
pub fn knock_tag(space: SpaceId, joiner_nonce: &[u8; 32], member_nonce: &[u8; 32]) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(&hash("hearth/knock/1", &[&space.0, joiner_nonce, member_nonce])[..16]);
    out
}

impl Codec for Frame {
    fn write(&self, w: &mut Writer) {
        match self {
            Self::Hello { version, nonce } => {
                w.array(3).uint(0u8).uint(*version).bytes(nonce);
            }
            Self::Prove { boxes } => {
                w.array(2).uint(1u8).array(boxes.len());
                for (tag, sealed) in boxes {
                    w.array(2).bytes(tag).bytes(sealed);
                }
            }
            Self::Knock { tag } => {
                w.array(2).uint(2u8).bytes(tag);
            }
            Self::Door { tag, device, signature } => {
                w.array(4).uint(3u8).bytes(tag).bytes(&device.0).bytes(signature);
            }
            Self::Join { space, join } => join.write(w.array(3).uint(4u8).bytes(&space.0)),
            Self::Welcome { space, genesis, seals } => {
                w.array(4).uint(5u8).bytes(&space.0).bytes(genesis).array(seals.len());
                for (epoch, sealed) in seals {
                    w.array(2).bytes(&epoch.0).bytes(sealed);
                }
            }
            Self::Refused { tag, reason } => {
                w.array(3).uint(6u8).bytes(tag).uint(*reason);
            }
            Self::Heads { space, root, entries } => {
                w.array(4).uint(7u8).bytes(&space.0).bytes(root).uint(*entries);
            }
            Self::AskDays { space, request, after } => {
                head(w, 4, 8, space, *request).option(after.as_ref(), |w, (scope, day)| {
                    scope.write(w.array(2));
                    w.uint(day.0);
                });
            }
            Self::Days { space, request, days, more } => {
                head(w, 5, 9, space, *request).array(days.len());
                for d in days {
                    d.scope.write(w.array(4));
                    w.uint(d.day.0).uint(d.count).bytes(&d.sum);
                }
                w.flag(*more);
            }
            Self::AskDay { space, request, scope, day, before } => {
                scope.write(head(w, 6, 10, space, *request));
                write_cursor(w.uint(day.0), before.as_ref());
            }
            Self::AskEntries { space, request, scope, day, salt, ids } => {
                scope.write(head(w, 7, 11, space, *request));
                w.uint(day.0).bytes(salt).list(ids);
            }
            Self::Entries { space, request, entries, next } => {
                write_cursor(head(w, 5, 12, space, *request).list(entries), next.as_ref());
            }
            Self::Reconcile { space, request, scope, day, salt, message } => {
                scope.write(head(w, 7, 13, space, *request));
                w.uint(day.0).bytes(salt).bytes(message);
            }
            Self::Reconciled { space, request, message } => {
                head(w, 4, 14, space, *request).bytes(message);
            }
            Self::Push { space, entries } => {
                w.array(3).uint(15u8).bytes(&space.0).list(entries);
            }
            Self::Peers { space, peers } => {
                w.array(3).uint(16u8).bytes(&space.0).array(peers.len());
                for (peer, addresses) in peers {
                    w.array(2).bytes(&peer.0).array(addresses.len());
                    addresses.iter().for_each(|a| {
                        w.text(a);
                    });
                }
            }
            Self::AskSeals { space, epochs } => {
                w.array(3).uint(17u8).bytes(&space.0).array(epochs.len());
                epochs.iter().for_each(|id| id.write(w));
            }
            Self::Declined { request } => {
                w.array(2).uint(18u8).uint(*request);
            }
            Self::Call { space, message } => {
                w.array(3).uint(19u8).bytes(&space.0).bytes(message);
            }
            Self::Pass { space, to, message } => {
                w.array(4).uint(20u8).bytes(&space.0).bytes(&to.0).bytes(message);
            }
            Self::Passed { space, from, message } => {
                w.array(4).uint(21u8).bytes(&space.0).bytes(&from.0).bytes(message);
            }
        }
    }

    fn read(r: &mut Reader<'_>) -> Result<Self> {
        let items = r.array_max(8, "frame")?;
        let number: u8 = r.uint()?;
        let wanted = *[3, 2, 2, 4, 3, 4, 3, 4, 4, 5, 6, 7, 5, 7, 4, 3, 3, 3, 2, 3, 4, 4]
            .get(usize::from(number))
            .ok_or(DecodeError::Malformed)?;
        if items != wanted {
            return Err(DecodeError::Malformed);
        }
        Ok(match number {
            0 => Self::Hello { version: r.uint()?, nonce: r.fixed()? },
            1 => Self::Prove {
                boxes: r.list(limits::SPACES, "spaces", |r| {
                    r.array(2)?;
                    Ok((r.fixed()?, r.bytes(256, "proof")?.to_vec()))
                })?,
            },
            2 => Self::Knock { tag: r.fixed()? },
            3 => Self::Door { tag: r.fixed()?, device: Codec::read(r)?, signature: r.fixed()? },
            4 => Self::Join { space: Codec::read(r)?, join: Codec::read(r)? },
            5 => Self::Welcome {
                space: Codec::read(r)?,
                genesis: r.bytes(512, "genesis")?.to_vec(),
                seals: r.list(limits::WELCOME_SEALS, "seals", |r| {
                    r.array(2)?;
                    Ok((Codec::read(r)?, r.bytes(256, "seal")?.to_vec()))
                })?,
            },
            6 => Self::Refused { tag: r.fixed()?, reason: r.uint()? },
            7 => Self::Heads { space: Codec::read(r)?, root: r.fixed()?, entries: r.uint()? },
            8 => Self::AskDays {
                space: Codec::read(r)?,
                request: r.uint()?,
                after: r.option(|r| {
                    r.array(2)?;
                    Ok((Scope::read(r)?, Day(r.uint()?)))
                })?,
            },
            9 => Self::Days {
                space: Codec::read(r)?,
                request: r.uint()?,
                days: r.list(limits::SYNC_DAYS, "days", |r| {
                    r.array(4)?;
                    Ok(DayDigest { scope: Scope::read(r)?, day: Day(r.uint()?), count: r.uint()?, sum: r.fixed()? })
                })?,
                more: r.flag()?,
            },
            10 => Self::AskDay {
                space: Codec::read(r)?,
                request: r.uint()?,
                scope: Scope::read(r)?,
                day: Day(r.uint()?),
                before: read_cursor(r)?,
            },
            11 => Self::AskEntries {
                space: Codec::read(r)?,
                request: r.uint()?,
                scope: Scope::read(r)?,
                day: Day(r.uint()?),
                salt: r.fixed()?,
                ids: r.list(limits::SYNC_IDS, "ids", Reader::fixed)?,
            },
            12 => Self::Entries {
                space: Codec::read(r)?,
                request: r.uint()?,
                entries: read_entries(r)?,
                next: read_cursor(r)?,
            },
            13 => Self::Reconcile {
                space: Codec::read(r)?,
                request: r.uint()?,
                scope: Scope::read(r)?,
                day: Day(r.uint()?),
                salt: r.fixed()?,
                message: r.bytes(limits::RECONCILE_BYTES, "reconciliation")?.to_vec(),
            },
            14 => Self::Reconciled {
                space: Codec::read(r)?,
                request: r.uint()?,
                message: r.bytes(limits::RECONCILE_BYTES, "reconciliation")?.to_vec(),
            },
            15 => Self::Push { space: Codec::read(r)?, entries: read_entries(r)? },
            16 => Self::Peers {
                space: Codec::read(r)?,
                peers: r.list(limits::PEERS_SHARED, "peers", |r| {
                    r.array(2)?;
                    Ok((
                        Codec::read(r)?,
                        r.list(limits::PEER_ADDRESSES, "addresses", |r| r.text(limits::ADDRESS_BYTES, "address"))?,
                    ))
                })?,
            },
            17 => {
                Self::AskSeals { space: Codec::read(r)?, epochs: r.list(limits::WELCOME_SEALS, "epochs", Codec::read)? }
            }
            18 => Self::Declined { request: r.uint()? },
            19 => Self::Call {
                space: Codec::read(r)?,
                message: r.bytes(limits::CALL_MESSAGE_BYTES, "call message")?.to_vec(),
            },
            20 => Self::Pass { space: Codec::read(r)?, to: Codec::read(r)?, message: read_passed(r)? },
            21 => Self::Passed { space: Codec::read(r)?, from: Codec::read(r)?, message: read_passed(r)? },
            _ => return Err(DecodeError::Malformed),
        })
    }
}

fn head<'w>(w: &'w mut Writer, items: usize, number: u8, space: &SpaceId, request: u32) -> &'w mut Writer {
    w.array(items).uint(number).bytes(&space.0).uint(request)
}

fn write_cursor(w: &mut Writer, cursor: Option<&(Hlc, EntryId)>) {
    w.option(cursor, |w, (hlc, id)| {
        w.array(2).uint(hlc.0).bytes(&id.0);
    });
}

fn read_cursor(r: &mut Reader<'_>) -> Result<Option<(Hlc, EntryId)>> {
    r.option(|r| {
        r.array(2)?;
        Ok((Hlc(r.uint()?), Codec::read(r)?))
    })
}

fn read_passed(r: &mut Reader<'_>) -> Result<Vec<u8>> {
    r.bytes(limits::PASS_BYTES, "passed message").map(<[u8]>::to_vec)
}

fn read_entries(r: &mut Reader<'_>) -> Result<Vec<Vec<u8>>> {
    r.list(limits::SYNC_BATCH_ENTRIES, "entries", |r| r.bytes(limits::ENTRY_BYTES, "entry").map(<[u8]>::to_vec))
}
