//! Bytes of certificates, joins and genesis objects.

use crate::cbor::{Codec, DecodeError, Reader, Writer};
use hearth_types::{Certificate, Genesis, SignedJoin, SpaceId};

impl Codec for Certificate {
    fn write(&self, w: &mut Writer) {
        w.array(5)
            .bytes(&self.root)
            .bytes(&self.device.0)
            .bytes(&self.agreement)
            .uint(self.number)
            .bytes(&self.signature);
    }
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array(5)?;
        Ok(Self {
            root: r.fixed()?,
            device: Codec::read(r)?,
            agreement: r.fixed()?,
            number: r.uint()?,
            signature: r.fixed()?,
        })
    }
}

impl Codec for SignedJoin {
    fn write(&self, w: &mut Writer) {
        w.array(3);
        self.certificate.write(w);
        w.bytes(&self.invite_key).bytes(&self.signature);
    }
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array(3)?;
        Ok(Self { certificate: Codec::read(r)?, invite_key: r.fixed()?, signature: r.fixed()? })
    }
}

impl Codec for Genesis {
    fn write(&self, w: &mut Writer) {
        w.array(6).uint(self.version).option(self.parent.as_ref(), |w, p: &SpaceId| p.write(w));
        w.bytes(&self.founder.0).bytes(&self.key).bytes(&self.random).bytes(&self.signature);
    }
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array(6)?;
        Ok(Self {
            version: r.uint()?,
            parent: r.option(Codec::read)?,
            founder: Codec::read(r)?,
            key: r.fixed()?,
            random: r.fixed()?,
            signature: r.fixed()?,
        })
    }
}
