//! Bytes of control acts and of content.
//!
//! Control body: `[kind, by or null, payload]`; content: `[kind, payload]`; a payload is an array. A kind of a later
//! build is kept by its bytes and decodes to `Unknown`.

use crate::cbor::{Codec, DecodeError, Reader, Writer};
use hearth_types::{
    ChannelFields, ChannelKind, Class, ContentBody, ControlAct, ControlBody, EntryId, EpochFields, InviteFields,
    Permissions, RoleFields, Target, limits,
};

type Result<T> = std::result::Result<T, DecodeError>;

impl Codec for ControlAct {
    fn write(&self, w: &mut Writer) {
        w.array(3).uint(kind(&self.body)).option(self.by.as_ref(), |w, by: &EntryId| by.write(w));
        match &self.body {
            ControlBody::DeviceAdd { certificate } => certificate.write(w.array(1)),
            ControlBody::Admit { join } => join.write(w.array(1)),
            ControlBody::Leave | ControlBody::Unknown { .. } => {
                w.array(0);
            }
            ControlBody::Profile { name, color, replaces } => {
                w.array(3).text(name).uint(*color);
                write_ids(w, replaces);
            }
            ControlBody::Role(f) => {
                w.array(5)
                    .option(f.role.as_ref(), |w, id| id.write(w))
                    .text(&f.name)
                    .uint(f.rank)
                    .uint(f.permissions.0);
                write_ids(w, &f.replaces);
            }
            ControlBody::Grant { user, role } => {
                w.array(2).bytes(&user.0).bytes(&role.0);
            }
            ControlBody::Invite(f) => {
                w.array(4).bytes(&f.key).option(f.expires_at_ms.as_ref(), |w, n| {
                    w.uint(*n);
                });
                w.option(f.max_uses.as_ref(), |w, n| {
                    w.uint(*n);
                });
                w.option(f.role.as_ref(), |w, id| id.write(w));
            }
            ControlBody::InviteRevoke { invite } => invite.write(w.array(1)),
            ControlBody::Channel(f) => {
                w.array(8).option(f.channel.as_ref(), |w, id| id.write(w)).text(&f.name);
                w.uint(match f.kind {
                    ChannelKind::Text => 0u8,
                    ChannelKind::Voice => 1,
                });
                w.text(&f.topic).uint(f.position).flag(f.sealed).flag(f.deleted);
                write_ids(w, &f.replaces);
            }
            ControlBody::Setting { key, value, replaces } => {
                w.array(3).text(key).text(value);
                write_ids(w, replaces);
            }
            ControlBody::Mute { user, on, replaces } => {
                w.array(3).bytes(&user.0).flag(*on);
                write_ids(w, replaces);
            }
            ControlBody::Epoch(f) => {
                w.array(6).uint(f.depth).array(f.parents.len());
                f.parents.iter().for_each(|id| id.write(w));
                write_ids(w, &f.covers);
                w.bytes(&f.commitment).option(f.seals.as_ref(), |w, h| {
                    w.bytes(h);
                });
                w.list(&f.parent_secrets);
            }
        }
    }

    fn read(r: &mut Reader<'_>) -> Result<Self> {
        r.array(3)?;
        let kind: u64 = r.uint()?;
        let by = r.option(Codec::read)?;
        Ok(Self { by, body: read_control(kind, r)? })
    }

    /// As the default, but a later build's kind keeps whatever payload it has.
    fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut r = Reader::new(bytes);
        let act = Self::read(&mut r)?;
        if matches!(act.body, ControlBody::Unknown { .. }) || (r.position() == bytes.len() && act.to_bytes() == bytes) {
            return Ok(act);
        }
        Err(DecodeError::NotCanonical)
    }
}

fn kind(body: &ControlBody) -> u64 {
    match body {
        ControlBody::DeviceAdd { .. } => 0,
        ControlBody::Admit { .. } => 1,
        ControlBody::Leave => 2,
        ControlBody::Profile { .. } => 3,
        ControlBody::Role(_) => 4,
        ControlBody::Grant { .. } => 5,
        ControlBody::Invite(_) => 6,
        ControlBody::InviteRevoke { .. } => 7,
        ControlBody::Channel(_) => 8,
        ControlBody::Setting { .. } => 9,
        ControlBody::Epoch(_) => 10,
        ControlBody::Mute { .. } => 11,
        ControlBody::Unknown { kind } => *kind,
    }
}

fn read_control(kind: u64, r: &mut Reader<'_>) -> Result<ControlBody> {
    let mut payload = |n| r.array(n);
    Ok(match kind {
        0 => {
            payload(1)?;
            ControlBody::DeviceAdd { certificate: Codec::read(r)? }
        }
        1 => {
            payload(1)?;
            ControlBody::Admit { join: Codec::read(r)? }
        }
        2 => {
            payload(0)?;
            ControlBody::Leave
        }
        3 => {
            payload(3)?;
            ControlBody::Profile { name: r.name()?, color: read_color(r)?, replaces: read_ids(r)? }
        }
        4 => {
            payload(5)?;
            let role = r.option(Codec::read)?;
            let (name, rank, permissions) = (r.name()?, r.uint()?, Permissions(r.uint()?));
            if rank == 0 {
                return Err(DecodeError::Contradiction("rank 0 is the owner's"));
            }
            ControlBody::Role(RoleFields { role, name, rank, permissions, replaces: read_ids(r)? })
        }
        5 => {
            payload(2)?;
            ControlBody::Grant { user: Codec::read(r)?, role: Codec::read(r)? }
        }
        6 => {
            payload(4)?;
            let key = r.fixed()?;
            let expires_at_ms = r.option(Reader::uint)?;
            let max_uses = r.option(Reader::uint)?;
            ControlBody::Invite(InviteFields { key, expires_at_ms, max_uses, role: r.option(Codec::read)? })
        }
        7 => {
            payload(1)?;
            ControlBody::InviteRevoke { invite: Codec::read(r)? }
        }
        8 => {
            payload(8)?;
            let channel = r.option(Codec::read)?;
            let name = r.name()?;
            let kind = match r.uint::<u8>()? {
                0 => ChannelKind::Text,
                1 => ChannelKind::Voice,
                _ => return Err(DecodeError::Malformed),
            };
            let topic = r.text(limits::TOPIC_CHARS * 4, "topic")?;
            if topic.chars().count() > limits::TOPIC_CHARS {
                return Err(DecodeError::Limit("topic"));
            }
            let (position, sealed, deleted) = (r.uint()?, r.flag()?, r.flag()?);
            ControlBody::Channel(ChannelFields {
                channel,
                name,
                kind,
                topic,
                position,
                sealed,
                deleted,
                replaces: read_ids(r)?,
            })
        }
        9 => {
            payload(3)?;
            let key = r.text(limits::SETTING_KEY_BYTES, "setting")?;
            let value = r.text(limits::SETTING_VALUE_BYTES, "setting")?;
            ControlBody::Setting { key, value, replaces: read_ids(r)? }
        }
        10 => {
            payload(6)?;
            let depth = r.uint()?;
            let parents = r.list(limits::EPOCH_LINKS, "parents", Codec::read)?;
            let covers = r.list(limits::EPOCH_LINKS, "covers", Codec::read)?;
            let (commitment, seals) = (r.fixed()?, r.option(Reader::fixed)?);
            let parent_secrets =
                r.list(limits::EPOCH_LINKS, "parents", |r| r.bytes(128, "parent secret").map(<[u8]>::to_vec))?;
            if parent_secrets.len() != parents.len() {
                return Err(DecodeError::Contradiction("parents and their secrets"));
            }
            ControlBody::Epoch(EpochFields { depth, parents, covers, commitment, seals, parent_secrets })
        }
        11 => {
            payload(3)?;
            ControlBody::Mute { user: Codec::read(r)?, on: r.flag()?, replaces: read_ids(r)? }
        }
        kind => ControlBody::Unknown { kind },
    })
}

impl Codec for ContentBody {
    fn write(&self, w: &mut Writer) {
        w.array(2);
        match self {
            Self::Message { text, reply_to } => {
                w.uint(0u8).array(2).text(text).option(reply_to.as_ref(), |w, t: &Target| t.write(w));
            }
            Self::Edit { text } => {
                w.uint(1u8).array(1).text(text);
            }
            Self::Delete => {
                w.uint(2u8).array(0);
            }
            Self::React { emoji, on } => {
                w.uint(3u8).array(2).text(emoji).flag(*on);
            }
            Self::Pin { on } => {
                w.uint(4u8).array(1).flag(*on);
            }
            Self::Unknown { kind } => {
                w.uint(*kind).array(0);
            }
        }
    }

    fn read(r: &mut Reader<'_>) -> Result<Self> {
        r.array(2)?;
        let kind: u64 = r.uint()?;
        let mut payload = |n| r.array(n);
        Ok(match kind {
            0 => {
                payload(2)?;
                Self::Message { text: read_message(r)?, reply_to: r.option(Codec::read)? }
            }
            1 => {
                payload(1)?;
                Self::Edit { text: read_message(r)? }
            }
            2 => {
                payload(0)?;
                Self::Delete
            }
            3 => {
                payload(2)?;
                let emoji = r.text(limits::EMOJI_BYTES, "reaction")?;
                if emoji.is_empty() {
                    return Err(DecodeError::Limit("reaction"));
                }
                Self::React { emoji, on: r.flag()? }
            }
            4 => {
                payload(1)?;
                Self::Pin { on: r.flag()? }
            }
            kind => Self::Unknown { kind },
        })
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut r = Reader::new(bytes);
        let body = Self::read(&mut r)?;
        if matches!(body, Self::Unknown { .. }) || (r.position() == bytes.len() && body.to_bytes() == bytes) {
            return Ok(body);
        }
        Err(DecodeError::NotCanonical)
    }
}

/// Whether content may stand under an envelope of this class.
pub fn fits(content: &ContentBody, class: Class) -> bool {
    match content {
        ContentBody::Message { .. } => class == Class::Message,
        ContentBody::Edit { .. } | ContentBody::Delete | ContentBody::React { .. } | ContentBody::Pin { .. } => {
            class == Class::Amendment
        }
        ContentBody::Unknown { .. } => true,
    }
}

fn read_message(r: &mut Reader<'_>) -> Result<String> {
    let text = r.text(limits::MESSAGE_CHARS * 4, "message")?;
    if text.chars().count() > limits::MESSAGE_CHARS || text.trim().is_empty() {
        return Err(DecodeError::Limit("message"));
    }
    Ok(text)
}

fn read_color(r: &mut Reader<'_>) -> Result<u32> {
    let color = r.uint()?;
    if color > 0x00ff_ffff { Err(DecodeError::Limit("colour")) } else { Ok(color) }
}

fn write_ids(w: &mut Writer, ids: &[EntryId]) {
    w.array(ids.len());
    ids.iter().for_each(|id| id.write(w));
}

fn read_ids(r: &mut Reader<'_>) -> Result<Vec<EntryId>> {
    r.list(limits::REPLACES, "replaces", Codec::read)
}
