//! Invite links. One opaque payload, the same behind `mesh://join?c=`, behind `#` on any web page, and in a QR code.
//!
//! Payload: version (1), flags, space id (32), secret (16), expiry (Unix seconds, u32 big-endian, 0 for none),
//! peer records up to the checksum, first four bytes of SHA-256 over all before. A peer record is a tag, a length and
//! that many bytes; unknown tags are skipped, so that later builds can name peers in new ways.
//! Expiry and uses are only hints here: the space's own state decides.

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use hearth_crypto::{Secret16, hash::sha256};
use hearth_types::{PeerKey, SpaceId, limits};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const VERSION: u8 = 1;
const FIXED: usize = 1 + 1 + 32 + 16 + 4;
const CHECKSUM: usize = 4;
const TAG_DIRECT: u8 = 1;

/// What a link says.
#[derive(Debug, PartialEq, Eq)]
pub struct InviteLink {
    /// The community.
    pub space: SpaceId,
    /// Whoever holds it may join.
    pub secret: Secret16,
    /// Unix seconds; a hint.
    pub expires_at_s: Option<u32>,
    /// Where members were when it was made, at most `limits::INVITE_PEERS`.
    pub peers: Vec<InvitePeer>,
}

/// A member's transport key and one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvitePeer {
    /// Authenticates whoever answers.
    pub key: PeerKey,
    /// Where.
    pub address: PeerAddress,
}

/// A direct address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddress {
    /// Address and port.
    pub socket: SocketAddr,
    /// QUIC over UDP, or else TCP.
    pub quic: bool,
}

/// Why a text is not a usable link. The sentences are for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Not a link of ours at all.
    #[error(
        "This is not an invite link. An invite link starts with mesh://join or is a web address with a long code behind #."
    )]
    NotALink,
    /// Part is missing or changed.
    #[error("This invite link is damaged: part of it is missing. Copy the whole link again.")]
    Damaged,
    /// Made by a later build.
    #[error("This invite link is from a newer Hearth. Update Hearth, then open it again.")]
    Newer,
    /// The short form of the first design, whose eight digits cannot prove which community they mean.
    #[error("This is an old kind of invite link, which cannot be trusted. Ask for a new one.")]
    Legacy,
}

impl InviteLink {
    /// `mesh://join?c=<base64url>`.
    pub fn to_link(&self) -> String {
        format!("mesh://join?c={}", BASE64URL_NOPAD.encode(&self.to_payload()))
    }
    /// The form for QR codes: capitals only, so that the compact alphanumeric mode applies.
    pub fn to_qr_text(&self) -> String {
        format!("MESH://J/{}", BASE32_NOPAD.encode(&self.to_payload()))
    }
    /// The bytes behind every form.
    pub fn to_payload(&self) -> Vec<u8> {
        let mut out = vec![VERSION, 0];
        out.extend_from_slice(&self.space.0);
        out.extend_from_slice(self.secret.expose());
        out.extend_from_slice(&self.expires_at_s.unwrap_or(0).to_be_bytes());
        for peer in self.peers.iter().take(limits::INVITE_PEERS) {
            let mut record = peer.key.0.to_vec();
            record.push(u8::from(!peer.address.quic));
            record.extend_from_slice(&peer.address.socket.port().to_be_bytes());
            match peer.address.socket.ip() {
                IpAddr::V4(ip) => record.extend_from_slice(&ip.octets()),
                IpAddr::V6(ip) => record.extend_from_slice(&ip.octets()),
            }
            out.extend_from_slice(&[TAG_DIRECT, record.len() as u8]);
            out.extend_from_slice(&record);
        }
        let sum = sha256(&out);
        out.extend_from_slice(&sum[..CHECKSUM]);
        out
    }

    /// Reads any form: the `mesh:` link, a web address with the payload behind `#`, the QR text, the bare payload.
    /// White space and angle brackets around it, as chat programs leave them, do not matter.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let text = text.trim().trim_matches(['<', '>', '"', '\'']).trim();
        if text.is_empty() || text.len() > limits::LINK_CHARS || !text.is_ascii() {
            return Err(LinkError::NotALink);
        }
        let lower = text.to_ascii_lowercase();
        if let Some(rest) = lower.strip_prefix("mesh://j/") {
            let code = rest.trim_end_matches('/').to_ascii_uppercase();
            return Self::from_payload(&BASE32_NOPAD.decode(code.as_bytes()).map_err(|_| LinkError::Damaged)?);
        }
        if lower.starts_with("mesh:") {
            let query = text.split_once('?').map_or("", |(_, q)| q);
            let field = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            let code = field("c").ok_or(LinkError::Damaged)?;
            let hex = code.len() <= 64 && code.bytes().all(|b| b.is_ascii_hexdigit());
            if field("peers").is_some() || field("r").is_some() || (hex && code.len() == 8) {
                return Err(LinkError::Legacy);
            }
            return Self::from_code(code);
        }
        if let Some((_, code)) = text.split_once('#') {
            return Self::from_code(code.rsplit('/').next().unwrap_or(code));
        }
        if lower.contains("://") || text.contains(char::is_whitespace) || text.len() < 64 {
            return Err(LinkError::NotALink);
        }
        Self::from_code(text)
    }

    fn from_code(code: &str) -> Result<Self, LinkError> {
        Self::from_payload(&BASE64URL_NOPAD.decode(code.as_bytes()).map_err(|_| LinkError::Damaged)?)
    }

    /// Reads the bytes.
    pub fn from_payload(bytes: &[u8]) -> Result<Self, LinkError> {
        let (body, sum) = bytes.split_last_chunk::<CHECKSUM>().ok_or(LinkError::Damaged)?;
        if sha256(body)[..CHECKSUM] != sum[..] {
            return Err(LinkError::Damaged);
        }
        let Some((head, mut rest)) = body.split_first_chunk::<FIXED>() else { return Err(LinkError::Damaged) };
        if head[0] != VERSION {
            return Err(if head[0] > VERSION { LinkError::Newer } else { LinkError::Damaged });
        }
        let (mut space, mut secret, mut expiry) = ([0; 32], [0; 16], [0; 4]);
        space.copy_from_slice(&head[2..34]);
        secret.copy_from_slice(&head[34..50]);
        expiry.copy_from_slice(&head[50..54]);
        let expiry = u32::from_be_bytes(expiry);
        let mut peers = Vec::new();
        while let [tag, len, tail @ ..] = rest {
            let (record, tail) = tail.split_at_checked(usize::from(*len)).ok_or(LinkError::Damaged)?;
            if *tag == TAG_DIRECT && peers.len() < limits::INVITE_PEERS {
                peers.push(read_peer(record).ok_or(LinkError::Damaged)?);
            }
            rest = tail;
        }
        if !rest.is_empty() {
            return Err(LinkError::Damaged);
        }
        Ok(Self {
            space: SpaceId(space),
            secret: Secret16::new(secret),
            expires_at_s: (expiry != 0).then_some(expiry),
            peers,
        })
    }
}

fn read_peer(record: &[u8]) -> Option<InvitePeer> {
    let (key, rest) = record.split_first_chunk::<32>()?;
    let ([transport, port @ ..], ip) = rest.split_first_chunk::<3>()?;
    let ip: IpAddr = match ip.len() {
        4 => Ipv4Addr::from(<[u8; 4]>::try_from(ip).ok()?).into(),
        16 => Ipv6Addr::from(<[u8; 16]>::try_from(ip).ok()?).into(),
        _ => return None,
    };
    let quic = match transport {
        0 => true,
        1 => false,
        _ => return None,
    };
    let socket = SocketAddr::new(ip, u16::from_be_bytes(*port));
    Some(InvitePeer { key: PeerKey(*key), address: PeerAddress { socket, quic } })
}

impl PeerAddress {
    /// The multiaddress in text form.
    pub fn to_multiaddr(self) -> String {
        let family = if self.socket.is_ipv4() { "ip4" } else { "ip6" };
        let (ip, port) = (self.socket.ip(), self.socket.port());
        if self.quic { format!("/{family}/{ip}/udp/{port}/quic-v1") } else { format!("/{family}/{ip}/tcp/{port}") }
    }
    /// From a plain QUIC or TCP multiaddress.
    pub fn from_multiaddr(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix('/')?.split('/');
        let ip = match parts.next()? {
            "ip4" => IpAddr::V4(parts.next()?.parse().ok()?),
            "ip6" => IpAddr::V6(parts.next()?.parse().ok()?),
            _ => return None,
        };
        let (transport, port) = (parts.next()?, parts.next()?.parse().ok()?);
        let quic = match (transport, parts.next()) {
            ("udp", Some("quic-v1")) => true,
            ("tcp", None) => false,
            _ => return None,
        };
        parts.next().is_none().then_some(Self { socket: SocketAddr::new(ip, port), quic })
    }
}

#[cfg(test)]
mod tests;
