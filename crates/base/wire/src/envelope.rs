//! The envelope's bytes: one array of 17 items, in the order of the fields.

use crate::cbor::{Codec, DecodeError, Reader, Writer};
use hearth_types::{Class, Day, DayCounters, EntryId, Envelope, Hlc, KeyRef, Scope, Target, entry::lipmaa, limits};

/// Items of the envelope array.
const ITEMS: usize = 17;

impl Codec for Envelope {
    fn write(&self, w: &mut Writer) {
        write_head(self, w);
        w.uint(self.body_len).bytes(&self.body_hash).bytes(&self.ext);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array(ITEMS as u64)?;
        Ok(Self {
            version: r.uint()?,
            space: Codec::read(r)?,
            device: Codec::read(r)?,
            seq: r.uint()?,
            prev: r.option(EntryId::read)?,
            skip: r.option(EntryId::read)?,
            hlc: Hlc(r.uint()?),
            scope: Scope::read(r)?,
            day: Day(r.uint()?),
            counters: read_counters(r)?,
            class: Class::from_code(r.uint()?),
            target: r.option(Target::read)?,
            basis: r.option(EntryId::read)?,
            key: r.option(read_key)?,
            body_len: r.uint()?,
            body_hash: r.fixed()?,
            ext: r.bytes(limits::EXT_BYTES, "ext")?.to_vec(),
        })
    }
}

/// The envelope up to and without body length and hash: what a sealed body is bound to.
pub fn associated_bytes(e: &Envelope) -> Vec<u8> {
    let mut w = Writer::default();
    write_head(e, &mut w);
    let mut out = b"hearth/body/1\0".to_vec();
    out.extend_from_slice(&w.finish());
    out
}

/// Checks that hold for one envelope by itself, whatever its version.
pub fn check_alone(e: &Envelope) -> Result<(), DecodeError> {
    use DecodeError::{Contradiction, Limit};
    let c = &e.counters;
    if e.body_len as usize > limits::BODY_BYTES {
        return Err(Limit("body"));
    }
    if c.scope_entries > limits::DAY_SCOPE_ENTRIES
        || c.entries > limits::DAY_ENTRIES
        || c.body_bytes > limits::DAY_BODY_BYTES
        || c.scopes > limits::DAY_SCOPES
    {
        return Err(Limit("entries of one day"));
    }
    if e.version == 0 || e.seq == 0 || e.day != e.hlc.day() {
        return Err(Contradiction("version, place or day"));
    }
    if e.prev.is_none() != (e.seq == 1) || e.skip.is_some() != needs_skip(e.seq) {
        return Err(Contradiction("links"));
    }
    if c.scope_entries == 0
        || c.scopes == 0
        || c.entries < c.scope_entries
        || c.entries < c.scopes
        || c.body_bytes < u64::from(e.body_len)
    {
        return Err(Contradiction("counters"));
    }
    let control = e.class == Class::Control;
    if control != (e.scope == Scope::Control) || (control && e.key.is_some()) {
        return Err(Contradiction("class and scope"));
    }
    let known_content = matches!(e.class, Class::Message | Class::Amendment | Class::File);
    if known_content && (e.key.is_none() || e.target.is_some() != (e.class == Class::Amendment)) {
        return Err(Contradiction("class and key or target"));
    }
    Ok(())
}

/// Whether an entry at `seq` carries a skip link of its own.
pub fn needs_skip(seq: u64) -> bool {
    seq > 1 && lipmaa(seq) != seq - 1 && lipmaa(seq) != 0
}

fn write_head(e: &Envelope, w: &mut Writer) {
    let id = |w: &mut Writer, id: &EntryId| id.write(w);
    w.array(ITEMS).uint(e.version).bytes(&e.space.0).bytes(&e.device.0).uint(e.seq);
    w.option(e.prev.as_ref(), id).option(e.skip.as_ref(), id).uint(e.hlc.0);
    e.scope.write(w);
    let c = &e.counters;
    w.uint(e.day.0).array(4).uint(c.scope_entries).uint(c.entries).uint(c.body_bytes).uint(c.scopes);
    w.uint(e.class.code()).option(e.target.as_ref(), |w, t| t.write(w)).option(e.basis.as_ref(), id);
    w.option(e.key.as_ref(), |w, k| {
        w.array(2).bytes(&k.epoch.0).uint(k.index);
    });
}

impl Codec for Scope {
    fn write(&self, w: &mut Writer) {
        match self {
            Self::Control => w.null(),
            Self::Channel(id) => w.bytes(&id.0),
        };
    }
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(r.option(Codec::read)?.map_or(Self::Control, Self::Channel))
    }
}

impl Codec for Target {
    fn write(&self, w: &mut Writer) {
        w.array(2).uint(self.day.0).bytes(&self.id.0);
    }
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array(2)?;
        Ok(Self { day: Day(r.uint()?), id: Codec::read(r)? })
    }
}

fn read_counters(r: &mut Reader<'_>) -> Result<DayCounters, DecodeError> {
    r.array(4)?;
    Ok(DayCounters { scope_entries: r.uint()?, entries: r.uint()?, body_bytes: r.uint()?, scopes: r.uint()? })
}

fn read_key(r: &mut Reader<'_>) -> Result<KeyRef, DecodeError> {
    r.array(2)?;
    Ok(KeyRef { epoch: Codec::read(r)?, index: r.uint()? })
}
