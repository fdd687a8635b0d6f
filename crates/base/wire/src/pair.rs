//! What two members of a call without a link of their own say to each other by way of a third, who reads none of it.

use crate::cbor::{Codec, DecodeError, Reader, Writer};
use hearth_crypto::{DeviceKey, Entropy, PairKeys, aead, verify};
use hearth_types::{ChannelId, DeviceId, SpaceId, limits};

const GREETING: &str = "hearth/pair/greeting/1";

/// One message between two devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PairMessage {
    /// The key that the sender brings to [`PairKeys`].
    Greeting(Greeting),
    /// A [`PairWord`], sealed.
    Sealed {
        /// Rises with every one from this sender; older ones are dropped.
        counter: u64,
        /// The sealed word.
        sealed: Vec<u8>,
    },
}

/// A signed key of one stay in a room. Who reads their own fresh key in it knows that it is no old one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting {
    /// X25519, fresh for the stay.
    pub key: [u8; 32],
    /// The receiver's, as far as the sender knows.
    pub known: Option<[u8; 32]>,
    /// The sender has seen no greeting that names its own key: answer.
    pub asks: bool,
    signature: [u8; 64],
}

/// Between whom, and in which stay, a greeting is good.
#[derive(Debug, Clone, Copy)]
pub struct GreetingPlace {
    /// The community.
    pub space: SpaceId,
    /// The room.
    pub room: ChannelId,
    /// The sender.
    pub from: DeviceId,
    /// Since when the sender is in the room, by its own notice.
    pub since_ms: u64,
    /// The receiver.
    pub to: DeviceId,
}

/// What is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairWord {
    /// The sender hears nothing: answer by the way that this came.
    pub asks: bool,
    /// Of the call; without, this only says that the sender is there.
    pub message: Option<Vec<u8>>,
}

impl Greeting {
    /// Signs as `device`, who is `place.from`.
    pub fn sign(key: [u8; 32], known: Option<[u8; 32]>, asks: bool, place: &GreetingPlace, device: &DeviceKey) -> Self {
        let mut greeting = Self { key, known, asks, signature: [0; 64] };
        greeting.signature = greeting.with_parts(place, |parts| device.sign(GREETING, parts));
        greeting
    }
    /// Whether `place.from` made it for `place`.
    pub fn holds(&self, place: &GreetingPlace) -> bool {
        self.with_parts(place, |parts| verify(&place.from.0, GREETING, parts, &self.signature))
    }
    fn with_parts<T>(&self, p: &GreetingPlace, give: impl FnOnce(&[&[u8]]) -> T) -> T {
        let known: &[u8] = self.known.as_ref().map_or(&[], |known| known);
        let (since, asks) = (p.since_ms.to_be_bytes(), [u8::from(self.asks)]);
        give(&[&p.space.0, &p.room.0, &p.from.0, &since, &p.to.0, &self.key, known, &asks])
    }
}

impl PairWord {
    /// Seals it as the word number `counter`.
    pub fn seal(&self, counter: u64, keys: &PairKeys, entropy: &mut impl Entropy) -> PairMessage {
        let sealed = aead::seal(&keys.send, &counter.to_be_bytes(), &self.to_bytes(), entropy);
        PairMessage::Sealed { counter, sealed }
    }
    /// Opens what the other side sealed.
    pub fn open(counter: u64, sealed: &[u8], keys: &PairKeys) -> Result<Self, DecodeError> {
        let plain = aead::open(&keys.receive, &counter.to_be_bytes(), sealed).map_err(|_| DecodeError::Signature)?;
        Self::from_bytes(&plain)
    }
}

impl Codec for PairWord {
    fn write(&self, w: &mut Writer) {
        w.array(2).flag(self.asks).option(self.message.as_ref(), |w, message| {
            w.bytes(message);
        });
    }
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array(2)?;
        let asks = r.flag()?;
        let message = r.option(|r| r.bytes(limits::CALL_MESSAGE_BYTES, "call message").map(<[u8]>::to_vec))?;
        Ok(Self { asks, message })
    }
}

impl Codec for PairMessage {
    fn write(&self, w: &mut Writer) {
        match self {
            Self::Greeting(g) => {
                w.array(5).uint(0u8).bytes(&g.key).option(g.known.as_ref(), |w, known| {
                    w.bytes(known);
                });
                w.flag(g.asks).bytes(&g.signature);
            }
            Self::Sealed { counter, sealed } => {
                w.array(3).uint(1u8).uint(*counter).bytes(sealed);
            }
        }
    }
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let items = r.array_max(5, "pair message")?;
        match (r.uint::<u8>()?, items) {
            (0, 5) => Ok(Self::Greeting(Greeting {
                key: r.fixed()?,
                known: r.option(Reader::fixed)?,
                asks: r.flag()?,
                signature: r.fixed()?,
            })),
            (1, 3) => Ok(Self::Sealed { counter: r.uint()?, sealed: r.bytes(limits::PASS_BYTES, "sealed")?.to_vec() }),
            _ => Err(DecodeError::Malformed),
        }
    }
}
