//! What travels by gossip: entries as they stand, and small signed notices that are never stored.

use crate::cbor::{Codec, DecodeError, Reader, Writer};
use hearth_crypto::{DeviceKey, Entropy, EpochSecret, aead, hash, verify};
use hearth_types::{ChannelId, DeviceId, PeerKey, Playing, SpaceId, limits};

const VERSION: u8 = 1;
const EPHEMERAL: &str = "hearth/ephemeral/1";

/// A gossip payload once unwrapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GossipBody {
    /// Bytes of one entry.
    Entry(Vec<u8>),
    /// A notice.
    Ephemeral(Ephemeral),
}

/// A signed notice with an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ephemeral {
    /// Author.
    pub device: DeviceId,
    /// Rises with every notice of the device; older ones are dropped.
    pub counter: u64,
    /// Unix milliseconds after which it says nothing.
    pub expires_at_ms: u64,
    /// What it says.
    pub signal: Signal,
    signature: [u8; 64],
}

/// What a notice says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// 0 offline, 1 idle, 2 online.
    Presence(u8),
    /// The author types in a channel.
    Typing(ChannelId),
    /// The author is in a voice room, or in none.
    Voice(Option<VoicePlace>),
    /// The author plays a game, or none any more.
    Playing(Option<Playing>),
    /// Of a later build.
    Unknown(u64),
}

/// Where somebody's voice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VoicePlace {
    /// The room.
    pub channel: ChannelId,
    /// Transport key that media goes to.
    pub peer: PeerKey,
    /// When the author came in, Unix milliseconds.
    pub since_ms: u64,
    /// Says nothing.
    pub muted: bool,
    /// Hears nothing.
    pub deafened: bool,
    /// Not inside: ready to pass on the voices of who is, without a key to them.
    pub relay: bool,
    /// Where the author sits: right and forward of the room's middle, centimetres.
    pub seat: Option<[i16; 2]>,
}

impl Ephemeral {
    /// Signs a notice for `space`.
    pub fn sign(space: SpaceId, counter: u64, expires_at_ms: u64, signal: Signal, key: &DeviceKey) -> Self {
        let mut e = Self { device: key.id(), counter, expires_at_ms, signal, signature: [0; 64] };
        e.signature = key.sign(EPHEMERAL, &[&space.0, &e.signed_part()]);
        e
    }
    /// Whether its author wrote it for `space`.
    pub fn holds(&self, space: SpaceId) -> bool {
        verify(&self.device.0, EPHEMERAL, &[&space.0, &self.signed_part()], &self.signature)
    }
    fn signed_part(&self) -> Vec<u8> {
        let mut w = Writer::default();
        self.write_signed(&mut w);
        w.finish()
    }
    fn write_signed(&self, w: &mut Writer) {
        w.array(4).bytes(&self.device.0).uint(self.counter).uint(self.expires_at_ms).array(2);
        match &self.signal {
            Signal::Presence(state) => w.uint(0u8).uint(*state),
            Signal::Typing(channel) => w.uint(1u8).bytes(&channel.0),
            Signal::Voice(place) => w.uint(2u8).option(place.as_ref(), |w, p| {
                w.array(7).bytes(&p.channel.0).bytes(&p.peer.0).uint(p.since_ms);
                w.flag(p.muted).flag(p.deafened).flag(p.relay);
                w.option(p.seat.as_ref(), |w, seat| {
                    w.bytes(&seat_bytes(*seat));
                });
            }),
            Signal::Playing(playing) => w.uint(3u8).option(playing.as_ref(), |w, p| {
                w.array(3).text(p.name());
                w.option(p.details(), |w, details| {
                    w.text(details);
                });
                w.option(p.since_ms().as_ref(), |w, since| {
                    w.uint(*since);
                });
            }),
            Signal::Unknown(kind) => w.uint(*kind).null(),
        };
    }
}

/// A game, its texts as they are to be shown: who sends others did not make them as everybody does.
fn playing(r: &mut Reader<'_>) -> Result<Playing, DecodeError> {
    r.array(3)?;
    let text = |r: &mut Reader<'_>| r.text(limits::PLAYING_BYTES, "game");
    let (name, details) = (text(r)?, r.option(text)?);
    let since_ms = r.option(Reader::uint)?;
    Playing::new(&name, details.as_deref().unwrap_or_default(), since_ms)
        .filter(|p| p.name() == name && p.details() == details.as_deref())
        .ok_or(DecodeError::Malformed)
}

/// Two big-endian numbers.
fn seat_bytes([x, y]: [i16; 2]) -> [u8; 4] {
    let ([a, b], [c, d]) = (x.to_be_bytes(), y.to_be_bytes());
    [a, b, c, d]
}

fn seat_of([a, b, c, d]: [u8; 4]) -> [i16; 2] {
    [i16::from_be_bytes([a, b]), i16::from_be_bytes([c, d])]
}

impl Codec for GossipBody {
    fn write(&self, w: &mut Writer) {
        w.array(3).uint(VERSION);
        match self {
            Self::Entry(bytes) => {
                w.uint(0u8).bytes(bytes);
            }
            Self::Ephemeral(e) => {
                w.uint(1u8).array(2);
                e.write_signed(w);
                w.bytes(&e.signature);
            }
        }
    }
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array(3)?;
        if r.uint::<u8>()? != VERSION {
            return Err(DecodeError::Malformed);
        }
        match r.uint::<u8>()? {
            0 => Ok(Self::Entry(r.bytes(limits::ENTRY_BYTES, "entry")?.to_vec())),
            1 => {
                r.array(2)?;
                r.array(4)?;
                let (device, counter, expires_at_ms) = (Codec::read(r)?, r.uint()?, r.uint()?);
                r.array(2)?;
                let signal = match r.uint::<u64>()? {
                    0 => Signal::Presence(r.uint()?),
                    1 => Signal::Typing(Codec::read(r)?),
                    2 => Signal::Voice(r.option(|r| {
                        r.array(7)?;
                        Ok(VoicePlace {
                            channel: Codec::read(r)?,
                            peer: Codec::read(r)?,
                            since_ms: r.uint()?,
                            muted: r.flag()?,
                            deafened: r.flag()?,
                            relay: r.flag()?,
                            seat: r.option(|r| Ok(seat_of(r.fixed()?)))?,
                        })
                    })?),
                    3 => Signal::Playing(r.option(playing)?),
                    kind => {
                        r.option(|_| Err::<(), _>(DecodeError::Malformed))?;
                        Signal::Unknown(kind)
                    }
                };
                Ok(Self::Ephemeral(Ephemeral { device, counter, expires_at_ms, signal, signature: r.fixed()? }))
            }
            _ => Err(DecodeError::Malformed),
        }
    }
}

/// Wraps a payload under the epoch, so that a relay that is no member reads nothing.
/// Bytes: a one-byte version, an eight-byte hint at the epoch, the sealed payload.
pub fn wrap(body: &GossipBody, secret: &EpochSecret, entropy: &mut impl Entropy) -> Vec<u8> {
    let hint = hint(secret);
    let mut out = vec![VERSION];
    out.extend_from_slice(&hint);
    out.extend_from_slice(&aead::seal(&secret.gossip_key(), &hint, &body.to_bytes(), entropy));
    out
}

/// Unwraps with the first of `secrets` that the hint names.
pub fn unwrap<'a>(
    payload: &[u8],
    secrets: impl IntoIterator<Item = &'a EpochSecret>,
) -> Result<GossipBody, DecodeError> {
    if payload.len() > limits::GOSSIP_BYTES {
        return Err(DecodeError::Limit("gossip"));
    }
    let Some((&[VERSION], rest)) = payload.split_first_chunk::<1>() else { return Err(DecodeError::Malformed) };
    let Some((wanted, sealed)) = rest.split_first_chunk::<8>() else { return Err(DecodeError::Malformed) };
    let secret = secrets.into_iter().find(|s| hint(s) == *wanted).ok_or(DecodeError::Signature)?;
    let plain = aead::open(&secret.gossip_key(), wanted, sealed).map_err(|_| DecodeError::Signature)?;
    GossipBody::from_bytes(&plain)
}

fn hint(secret: &EpochSecret) -> [u8; 8] {
    let mut out = [0; 8];
    out.copy_from_slice(&hash("hearth/gossip-hint/1", &[secret.gossip_key().expose()])[..8]);
    out
}
