//! The strict side of CBOR: a reader that knows what it wants, a writer that has one way to say it.

use hearth_types::limits;
use minicbor::data::Type;

/// Why bytes were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not the CBOR that this place wants.
    #[error("malformed bytes")]
    Malformed,
    /// Means the right thing in the wrong bytes, or carries bytes behind its end.
    #[error("not in canonical form")]
    NotCanonical,
    /// Over a limit.
    #[error("over a limit: {0}")]
    Limit(&'static str),
    /// Parts contradict each other.
    #[error("contradictory: {0}")]
    Contradiction(&'static str),
    /// A signature does not hold.
    #[error("the signature does not hold")]
    Signature,
}

type Result<T> = std::result::Result<T, DecodeError>;

/// Something with exactly one encoding.
pub trait Codec: Sized {
    /// Appends the encoding.
    fn write(&self, w: &mut Writer);
    /// Reads one value, checking limits.
    fn read(r: &mut Reader<'_>) -> Result<Self>;

    /// The canonical bytes.
    fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::default();
        self.write(&mut w);
        w.finish()
    }
    /// Reads all of `bytes` and refuses any other spelling of the same value.
    fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut r = Reader::new(bytes);
        let value = Self::read(&mut r)?;
        if r.position() != bytes.len() || value.to_bytes() != bytes {
            return Err(DecodeError::NotCanonical);
        }
        Ok(value)
    }
}

/// Appends deterministic CBOR.
#[derive(Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// A definite array of `n` items follows.
    pub fn array(&mut self, n: usize) -> &mut Self {
        self.head(4, n as u64)
    }
    /// An unsigned number.
    pub fn uint(&mut self, n: impl Into<u64>) -> &mut Self {
        self.head(0, n.into())
    }
    /// A byte string.
    pub fn bytes(&mut self, b: &[u8]) -> &mut Self {
        self.head(2, b.len() as u64);
        self.0.extend_from_slice(b);
        self
    }
    /// A text string.
    pub fn text(&mut self, t: &str) -> &mut Self {
        self.head(3, t.len() as u64);
        self.0.extend_from_slice(t.as_bytes());
        self
    }
    /// `true` or `false`.
    pub fn flag(&mut self, on: bool) -> &mut Self {
        self.0.push(if on { 0xf5 } else { 0xf4 });
        self
    }
    /// `null`.
    pub fn null(&mut self) -> &mut Self {
        self.0.push(0xf6);
        self
    }
    /// The value, or `null`.
    pub fn option<T: ?Sized>(&mut self, value: Option<&T>, write: impl FnOnce(&mut Self, &T)) -> &mut Self {
        match value {
            Some(v) => write(self, v),
            None => {
                self.null();
            }
        }
        self
    }
    /// An array of byte strings.
    pub fn list<B: AsRef<[u8]>>(&mut self, items: &[B]) -> &mut Self {
        self.array(items.len());
        for item in items {
            self.bytes(item.as_ref());
        }
        self
    }
    /// Bytes so far.
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The bytes.
    pub fn finish(self) -> Vec<u8> {
        self.0
    }

    fn head(&mut self, major: u8, n: u64) -> &mut Self {
        let m = major << 5;
        match n {
            0..=23 => self.0.push(m | n as u8),
            24..=0xff => self.0.extend_from_slice(&[m | 24, n as u8]),
            0x100..=0xffff => {
                self.0.push(m | 25);
                self.0.extend_from_slice(&(n as u16).to_be_bytes());
            }
            0x1_0000..=0xffff_ffff => {
                self.0.push(m | 26);
                self.0.extend_from_slice(&(n as u32).to_be_bytes());
            }
            _ => {
                self.0.push(m | 27);
                self.0.extend_from_slice(&n.to_be_bytes());
            }
        }
        self
    }
}

/// Reads what the schema wants, in order. Never allocates more than the input holds.
pub struct Reader<'a> {
    decoder: minicbor::Decoder<'a>,
}

impl<'a> Reader<'a> {
    /// Over all of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { decoder: minicbor::Decoder::new(bytes) }
    }
    /// Bytes read so far.
    pub fn position(&self) -> usize {
        self.decoder.position()
    }
    /// A definite array of exactly `n` items.
    pub fn array(&mut self, n: u64) -> Result<()> {
        if self.array_len()? == n { Ok(()) } else { Err(DecodeError::Malformed) }
    }
    /// A definite array of at most `max` items; its length.
    pub fn array_max(&mut self, max: usize, what: &'static str) -> Result<usize> {
        let n = self.array_len()?;
        if n > max as u64 { Err(DecodeError::Limit(what)) } else { Ok(n as usize) }
    }
    /// An unsigned number that fits.
    pub fn uint<T: TryFrom<u64>>(&mut self) -> Result<T> {
        let n = self.decoder.u64().map_err(|_| DecodeError::Malformed)?;
        T::try_from(n).map_err(|_| DecodeError::Limit("number"))
    }
    /// A byte string of exactly `N` bytes.
    pub fn fixed<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.raw()?.try_into().map_err(|_| DecodeError::Malformed)
    }
    /// A byte string of at most `max` bytes.
    pub fn bytes(&mut self, max: usize, what: &'static str) -> Result<&'a [u8]> {
        let b = self.raw()?;
        if b.len() > max { Err(DecodeError::Limit(what)) } else { Ok(b) }
    }
    /// A text string of at most `max` bytes.
    pub fn text(&mut self, max: usize, what: &'static str) -> Result<String> {
        let t = self.decoder.str().map_err(|_| DecodeError::Malformed)?;
        if t.len() > max { Err(DecodeError::Limit(what)) } else { Ok(t.to_owned()) }
    }
    /// A name as people type it: not blank, no control characters, `limits::NAME_CHARS` at most.
    pub fn name(&mut self) -> Result<String> {
        let t = self.text(limits::NAME_CHARS * 4, "name")?;
        if t.chars().count() > limits::NAME_CHARS || t.trim().is_empty() || t.chars().any(char::is_control) {
            return Err(DecodeError::Limit("name"));
        }
        Ok(t)
    }
    /// `true` or `false`.
    pub fn flag(&mut self) -> Result<bool> {
        self.decoder.bool().map_err(|_| DecodeError::Malformed)
    }
    /// `null`, or the value.
    pub fn option<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<Option<T>> {
        if self.decoder.datatype().map_err(|_| DecodeError::Malformed)? == Type::Null {
            self.decoder.null().map_err(|_| DecodeError::Malformed)?;
            return Ok(None);
        }
        read(self).map(Some)
    }
    /// An array of at most `max` items.
    pub fn list<T>(
        &mut self,
        max: usize,
        what: &'static str,
        mut read: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        let n = self.array_max(max, what)?;
        let mut out = Vec::new();
        for _ in 0..n {
            out.push(read(self)?);
        }
        Ok(out)
    }

    fn raw(&mut self) -> Result<&'a [u8]> {
        self.decoder.bytes().map_err(|_| DecodeError::Malformed)
    }
    fn array_len(&mut self) -> Result<u64> {
        self.decoder.array().map_err(|_| DecodeError::Malformed)?.ok_or(DecodeError::Malformed)
    }
}

/// `Codec` fields that are 32-byte ids.
macro_rules! id_codec {
    ($($id:ty),*) => {$(
        impl Codec for $id {
            fn write(&self, w: &mut Writer) {
                w.bytes(&self.0);
            }
            fn read(r: &mut Reader<'_>) -> Result<Self> {
                r.fixed().map(Self)
            }
        }
    )*};
}
id_codec!(
    hearth_types::UserId,
    hearth_types::DeviceId,
    hearth_types::SpaceId,
    hearth_types::EntryId,
    hearth_types::ChannelId,
    hearth_types::EpochId,
    hearth_types::PeerKey
);
