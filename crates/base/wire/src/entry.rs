//! Whole entries: envelope, signature, body; checked once, then trusted.

use crate::{
    body,
    cbor::{Codec, DecodeError, Reader, Writer},
    envelope::{associated_bytes, check_alone},
};
use hearth_crypto::{DeviceKey, Entropy, EpochSecret, SignatureBatch, aead, hash, hash::sha256, verify};
use hearth_types::{ContentBody, ControlAct, EntryId, EntryRow, Envelope, limits};

const SIGNATURE: &str = "hearth/entry/1";
const ID: &str = "hearth/entry-id/1";

/// An entry whose bytes are canonical, whose limits and signature hold, and whose body (if here) is the one signed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedEntry {
    id: EntryId,
    envelope: Envelope,
    envelope_bytes: Vec<u8>,
    signature: [u8; 64],
    body: Option<Vec<u8>>,
}

/// Why a body cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unopened {
    /// The body is not here.
    Absent,
    /// It does not open under the key, or is not sealed at all.
    Sealed,
    /// It opened to something senseless.
    Senseless,
    /// It was written by a later build.
    Later,
}

impl CheckedEntry {
    /// Signs `envelope` with its author's key. Fills in body length and hash.
    pub fn sign(mut envelope: Envelope, body: Vec<u8>, key: &DeviceKey) -> Self {
        envelope.body_len = body.len() as u32;
        envelope.body_hash = sha256(&body);
        let envelope_bytes = envelope.to_bytes();
        let signature = key.sign(SIGNATURE, &[&envelope_bytes]);
        let id = id_of(&envelope_bytes, &signature);
        Self { id, envelope, envelope_bytes, signature, body: Some(body) }
    }

    /// Checks foreign bytes: `[envelope, signature, body or null]`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::unverified(bytes).and_then(Self::verified)
    }

    /// [`Self::from_bytes`] of each, with the same results, at a fraction of the price when all signatures hold.
    pub fn many_from_bytes(entries: &[Vec<u8>]) -> Vec<Result<Self, DecodeError>> {
        let read: Vec<_> = entries.iter().map(|bytes| Self::unverified(bytes)).collect();
        let mut batch = SignatureBatch::new();
        for entry in read.iter().flatten() {
            batch.push(&entry.envelope.device.0, SIGNATURE, &[&entry.envelope_bytes], &entry.signature);
        }
        if batch.holds() { read } else { read.into_iter().map(|entry| entry.and_then(Self::verified)).collect() }
    }

    fn unverified(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > limits::ENTRY_BYTES {
            return Err(DecodeError::Limit("entry"));
        }
        let mut r = Reader::new(bytes);
        r.array(3)?;
        let envelope = r.bytes(limits::ENVELOPE_BYTES, "envelope")?.to_vec();
        let signature = r.fixed()?;
        let body = r.option(|r| r.bytes(limits::BODY_BYTES, "body").map(<[u8]>::to_vec))?;
        if frame(&envelope, &signature, body.as_deref()) != bytes {
            return Err(DecodeError::NotCanonical);
        }
        Self::unsigned_check(envelope, signature, body)
    }

    fn verified(self) -> Result<Self, DecodeError> {
        if verify(&self.envelope.device.0, SIGNATURE, &[&self.envelope_bytes], &self.signature) {
            Ok(self)
        } else {
            Err(DecodeError::Signature)
        }
    }

    /// Rebuilds an entry from this home's own database, where it was checked before it was stored.
    /// The signature is not verified again; everything else is.
    pub fn from_row(row: EntryRow) -> Result<Self, DecodeError> {
        let entry = Self::unsigned_check(row.envelope, row.signature, row.body)?;
        if entry.id == row.id { Ok(entry) } else { Err(DecodeError::Contradiction("id")) }
    }

    fn unsigned_check(
        envelope_bytes: Vec<u8>,
        signature: [u8; 64],
        body: Option<Vec<u8>>,
    ) -> Result<Self, DecodeError> {
        let envelope: Envelope = Codec::from_bytes(&envelope_bytes)?;
        check_alone(&envelope)?;
        if let Some(body) = &body
            && (body.len() != envelope.body_len as usize || sha256(body) != envelope.body_hash)
        {
            return Err(DecodeError::Contradiction("body"));
        }
        let id = id_of(&envelope_bytes, &signature);
        Ok(Self { id, envelope, envelope_bytes, signature, body })
    }

    /// Its id.
    pub fn id(&self) -> EntryId {
        self.id
    }
    /// Its envelope.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }
    /// The signed bytes.
    pub fn envelope_bytes(&self) -> &[u8] {
        &self.envelope_bytes
    }
    /// The signature over them.
    pub fn signature(&self) -> &[u8; 64] {
        &self.signature
    }
    /// The body, if it is here.
    pub fn body(&self) -> Option<&[u8]> {
        self.body.as_deref()
    }
    /// The bytes peers exchange.
    pub fn to_bytes(&self) -> Vec<u8> {
        frame(&self.envelope_bytes, &self.signature, self.body.as_deref())
    }
    /// What the store keeps.
    pub fn to_row(&self) -> EntryRow {
        let e = &self.envelope;
        EntryRow {
            id: self.id,
            space: e.space,
            device: e.device,
            seq: e.seq,
            hlc: e.hlc,
            scope: e.scope,
            day: e.day,
            target: e.target,
            class: e.class,
            envelope: self.envelope_bytes.clone(),
            signature: self.signature,
            body: self.body.clone(),
        }
    }
    /// The act of a control entry.
    pub fn control(&self) -> Result<ControlAct, Unopened> {
        let body = self.body.as_deref().ok_or(Unopened::Absent)?;
        if self.envelope.version != limits::ENTRY_VERSION {
            return Err(Unopened::Later);
        }
        ControlAct::from_bytes(body).map_err(|_| Unopened::Senseless)
    }
    /// The content of a sealed entry, with the epoch secret its envelope names.
    pub fn content(&self, secret: &EpochSecret) -> Result<ContentBody, Unopened> {
        let e = &self.envelope;
        let body = self.body.as_deref().ok_or(Unopened::Absent)?;
        if e.version != limits::ENTRY_VERSION {
            return Err(Unopened::Later);
        }
        let key = e.key.ok_or(Unopened::Sealed)?;
        let key = secret.message_key(e.scope, e.device, key.index);
        let plain = aead::open(&key, &associated_bytes(e), body).map_err(|_| Unopened::Sealed)?;
        let content = ContentBody::from_bytes(&plain).map_err(|_| Unopened::Senseless)?;
        if body::fits(&content, e.class) { Ok(content) } else { Err(Unopened::Senseless) }
    }
}

/// Seals content for an envelope that is complete but for body length and hash.
pub fn seal_content(
    envelope: &Envelope,
    content: &ContentBody,
    secret: &EpochSecret,
    entropy: &mut impl Entropy,
) -> Vec<u8> {
    let index = envelope.key.map_or(0, |k| k.index);
    let key = secret.message_key(envelope.scope, envelope.device, index);
    aead::seal(&key, &associated_bytes(envelope), &content.to_bytes(), entropy)
}

/// The id of envelope bytes and their signature: one id, one byte string.
pub fn id_of(envelope: &[u8], signature: &[u8; 64]) -> EntryId {
    EntryId(hash(ID, &[envelope, signature]))
}

/// The bytes peers exchange, from a stored row.
pub fn row_bytes(row: &EntryRow) -> Vec<u8> {
    frame(&row.envelope, &row.signature, row.body.as_deref())
}

fn frame(envelope: &[u8], signature: &[u8; 64], body: Option<&[u8]>) -> Vec<u8> {
    let mut w = Writer::default();
    w.array(3).bytes(envelope).bytes(signature);
    match body {
        Some(b) => w.bytes(b),
        None => w.null(),
    };
    w.finish()
}

#[cfg(test)]
mod tests;
