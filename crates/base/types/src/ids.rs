//! 32-byte ids. Each kind is a type of its own, shown as 64 lower-case hex digits.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// Text that is not 64 lower-case hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is 64 lower-case hex digits")]
pub struct ParseIdError;

fn parse_hex(text: &str) -> Result<[u8; 32], ParseIdError> {
    fn digit(c: u8) -> Result<u8, ParseIdError> {
        match c {
            b'0'..=b'9' => Ok(c - b'0'),
            b'a'..=b'f' => Ok(c - b'a' + 10),
            _ => Err(ParseIdError),
        }
    }
    let bytes = text.as_bytes();
    if bytes.len() != 64 {
        return Err(ParseIdError);
    }
    let mut id = [0; 32];
    for (out, pair) in id.iter_mut().zip(bytes.chunks_exact(2)) {
        *out = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Ok(id)
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 32]);

        impl $name {
            /// The raw bytes.
            pub fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
            /// The first eight hex digits, for logs and tests.
            pub fn short(&self) -> String {
                self.0[..4].iter().map(|b| format!("{b:02x}")).collect()
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.short())
            }
        }
        impl FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                parse_hex(text).map(Self)
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(/// A person: hash of the root public key.
    UserId);
id!(/// A device: its Ed25519 public key, which signs entries.
    DeviceId);
id!(/// What has a roster and epochs of its own: hash of its genesis object.
    SpaceId);
id!(/// Hash over the envelope and its signature. Messages, roles, grants and invites go by the id of the entry that made them.
    EntryId);
id!(/// A channel: id of the entry that created it.
    ChannelId);
id!(/// An epoch: id of its `Epoch` entry.
    EpochId);
id!(/// A network peer: the Ed25519 public key of its transport identity. Bound to a device only by a hello.
    PeerKey);

impl From<EntryId> for ChannelId {
    fn from(id: EntryId) -> Self {
        Self(id.0)
    }
}
impl From<ChannelId> for EntryId {
    fn from(id: ChannelId) -> Self {
        Self(id.0)
    }
}
impl From<EntryId> for EpochId {
    fn from(id: EntryId) -> Self {
        Self(id.0)
    }
}
impl From<EpochId> for EntryId {
    fn from(id: EpochId) -> Self {
        Self(id.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_round_trips_and_refuses_everything_else() {
        let id = EntryId([0xab; 32]);
        assert_eq!(id.to_string().parse(), Ok(id));
        for bad in ["", "ab", &"AB".repeat(32), &"zz".repeat(32), &"ab".repeat(33), &"é".repeat(32)] {
            assert_eq!(bad.parse::<EntryId>(), Err(ParseIdError), "{bad}");
        }
    }
}
