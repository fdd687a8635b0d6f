//! A frame sealed end to end: SFrame (RFC 9605) with AES-GCM-128 and its full tag, over a small header and Opus.
//!
//! The header inside is `flags | timestamp (u32) | level | [x, y (i16 each)]`, big-endian. Flags: the upper two bits are
//! the version (1), then reserved, 8 has a position, 4 voice, 2 whisper, 1 priority. All that a listener acts on is in
//! there, so that whoever forwards a frame can alter none of it.

use crate::limits;
use hearth_crypto::Secret32;
use sframe::{
    CipherSuite,
    frame::{EncryptedFrameView, MediaFrameView, MonotonicCounter},
    header::SframeHeader,
    key::{DecryptionKey, EncryptionKey},
};

/// AES-GCM-128 with HKDF-SHA-256: 16 bytes of tag.
const SUITE: CipherSuite = CipherSuite::AesGcm128Sha256;
const VERSION: u8 = 1;
const POSITION: u8 = 8;
const VOICE: u8 = 4;
const WHISPER: u8 = 2;
const PRIORITY: u8 = 1;

/// What a sealed frame holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plain {
    /// 48 kHz clock of the sender.
    pub timestamp: u32,
    /// RFC 6464: 0 is loudest, 127 silence.
    pub level: u8,
    /// RFC 6464: whether it holds a voice.
    pub voice: bool,
    /// Only for some.
    pub whisper: bool,
    /// With priority.
    pub priority: bool,
    /// Right and forward, centimetres.
    pub position: Option<[i16; 2]>,
    /// An Opus packet.
    pub opus: Vec<u8>,
}

impl Plain {
    /// The bytes to seal.
    pub fn to_bytes(&self) -> Vec<u8> {
        let flag = |on, bit| if on { bit } else { 0 };
        let flags = VERSION << 6
            | flag(self.position.is_some(), POSITION)
            | flag(self.voice, VOICE)
            | flag(self.whisper, WHISPER)
            | flag(self.priority, PRIORITY);
        let mut out = vec![flags];
        out.extend_from_slice(&self.timestamp.to_be_bytes());
        out.push(self.level);
        for c in self.position.iter().flatten() {
            out.extend_from_slice(&c.to_be_bytes());
        }
        out.extend_from_slice(&self.opus);
        out
    }
    /// Reads what [`Self::to_bytes`] wrote; nothing for another version, unknown flags or a size out of bounds.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&flags, rest) = bytes.split_first()?;
        if flags >> 4 != VERSION << 2 {
            return None;
        }
        let (timestamp, rest) = rest.split_first_chunk()?;
        let (&level, rest) = rest.split_first()?;
        let (position, opus) = if flags & POSITION == 0 {
            (None, rest)
        } else {
            let (x, rest) = rest.split_first_chunk()?;
            let (y, rest) = rest.split_first_chunk()?;
            (Some([i16::from_be_bytes(*x), i16::from_be_bytes(*y)]), rest)
        };
        if level > 127 || opus.is_empty() || opus.len() > limits::OPUS_BYTES {
            return None;
        }
        Some(Self {
            timestamp: u32::from_be_bytes(*timestamp),
            level,
            voice: flags & VOICE != 0,
            whisper: flags & WHISPER != 0,
            priority: flags & PRIORITY != 0,
            position,
            opus: opus.to_vec(),
        })
    }
}

/// Seals with one key. The counter is the caller's, and must never be the same twice under a key.
pub struct Sealer(EncryptionKey);

impl Sealer {
    /// From 32 secret bytes.
    pub fn new(id: u64, secret: &Secret32) -> Option<Self> {
        EncryptionKey::derive_from(SUITE, id, secret.expose()).ok().map(Self)
    }
    /// SFrame bytes.
    pub fn seal(&self, counter: u64, plain: &[u8]) -> Option<Vec<u8>> {
        let mut counter = MonotonicCounter::with_start_value(counter, u64::MAX);
        let mut out = Vec::with_capacity(plain.len() + 40);
        MediaFrameView::try_new(&mut counter, plain).ok()?.encrypt_into(&self.0, &mut out).ok()?;
        Some(out)
    }
}

/// Opens with one key.
pub struct Opener(DecryptionKey);

impl Opener {
    /// From 32 secret bytes.
    pub fn new(id: u64, secret: &Secret32) -> Option<Self> {
        DecryptionKey::derive_from(SUITE, id, secret.expose()).ok().map(Self)
    }
    /// What was sealed; nothing when the key, the header or a byte is another.
    pub fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let view = EncryptedFrameView::try_new(sealed).ok()?;
        view.decrypt_into(&self.0, &mut out).ok().map(|frame| frame.payload().to_vec())
    }
}

/// Key id and counter of SFrame bytes; authenticated only once they open. Nothing for a header spelled another way.
pub fn header(sealed: &[u8]) -> Option<(u64, u64)> {
    let header = SframeHeader::deserialize(sealed).ok()?;
    // The associated data is the header as it should be spelled: another spelling would open too, under another hash.
    let canonical = SframeHeader::new(header.key_id(), header.counter());
    let mut spelled = [0; 17];
    let spelled = spelled.get_mut(..canonical.len())?;
    canonical.serialize(&mut *spelled).ok()?;
    sealed.starts_with(spelled).then_some((header.key_id(), header.counter()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn plain() -> impl Strategy<Value = Plain> {
        let opus = proptest::collection::vec(any::<u8>(), 1..200);
        let position = proptest::option::of(any::<[i16; 2]>());
        (any::<u32>(), 0u8..128, any::<[bool; 3]>(), position, opus).prop_map(
            |(timestamp, level, f, position, opus)| Plain {
                timestamp,
                level,
                voice: f[0],
                whisper: f[1],
                priority: f[2],
                position,
                opus,
            },
        )
    }

    proptest! {
        #[test]
        fn opens_as_it_was_sealed_and_not_with_a_byte_changed(p in plain(), id: u64, counter in 0u64..u64::MAX - 1, at: usize, bit in 0u8..8) {
            let secret = Secret32::new([3; 32]);
            let sealed = Sealer::new(id, &secret).unwrap().seal(counter, &p.to_bytes()).unwrap();
            prop_assert_eq!(header(&sealed), Some((id, counter)));
            let opener = Opener::new(id, &secret).unwrap();
            prop_assert_eq!(Plain::from_bytes(&opener.open(&sealed).unwrap()), Some(p));
            let mut bad = sealed.clone();
            let at = at % bad.len();
            bad[at] ^= 1 << bit;
            prop_assert_eq!(opener.open(&bad), None);
        }

        #[test]
        fn foreign_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = header(&bytes);
            let _ = Opener::new(1, &Secret32::new([3; 32])).unwrap().open(&bytes);
            if let Some(p) = Plain::from_bytes(&bytes) {
                prop_assert_eq!(p.to_bytes(), bytes);
            }
        }
    }
}
