//! Addresses of STUN and TURN servers (RFC 7064, RFC 7065).

use crate::RtcFault;

/// What a server is asked for, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// STUN over UDP.
    Stun,
    /// TURN over UDP or TCP.
    Turn,
    /// TURN over TLS.
    Turns,
}

/// A server's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// What is asked for.
    pub scheme: Scheme,
    /// A name or address, without brackets.
    pub host: String,
    /// 3478, or 5349 for TLS, unless said.
    pub port: u16,
    tcp: bool,
}

impl Url {
    /// Reads `scheme:host[:port][?transport=udp|tcp]`.
    pub fn parse(text: &str) -> Result<Self, RtcFault> {
        Self::read(text).ok_or_else(|| RtcFault::BadServer(text.to_owned()))
    }

    fn read(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once(':')?;
        let scheme = match scheme {
            "stun" => Scheme::Stun,
            "turn" => Scheme::Turn,
            "turns" => Scheme::Turns,
            _ => return None,
        };
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let tcp = match (scheme, query) {
            (Scheme::Turns, "" | "transport=tcp") | (Scheme::Turn, "transport=tcp") => true,
            (Scheme::Stun | Scheme::Turn, "") | (Scheme::Turn, "transport=udp") => false,
            _ => return None,
        };
        let (host, port) = match place.strip_prefix('[') {
            Some(v6) => {
                let (host, rest) = v6.split_once(']')?;
                host.parse::<std::net::Ipv6Addr>().ok()?;
                (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
            }
            None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        if host.is_empty() || host.len() > 253 || !host.chars().all(plain) {
            return None;
        }
        let standard = if scheme == Scheme::Turns { 5_349 } else { 3_478 };
        let port = port.map_or(Some(standard), |port| port.parse().ok())?;
        Some(Self { scheme, host: host.to_owned(), port, tcp })
    }

    /// Whether webrtc can't speak to it by itself.
    pub fn is_bridged(&self) -> bool {
        self.tcp
    }

    /// As webrtc takes it.
    pub fn plain(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        match self.scheme {
            Scheme::Stun => format!("stun:{host}:{}", self.port),
            Scheme::Turn | Scheme::Turns => format!("turn:{host}:{}?transport=udp", self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn addresses_are_read() {
        let cases = [
            ("stun:a.example", Scheme::Stun, "a.example", 3_478, false),
            ("turn:10.0.0.1:99", Scheme::Turn, "10.0.0.1", 99, false),
            ("turn:a:1?transport=tcp", Scheme::Turn, "a", 1, true),
            ("turns:a", Scheme::Turns, "a", 5_349, true),
            ("turns:[::1]:443?transport=tcp", Scheme::Turns, "::1", 443, true),
        ];
        for (text, scheme, host, port, bridged) in cases {
            let url = Url::parse(text).unwrap();
            assert_eq!((url.scheme, url.host.as_str(), url.port, url.is_bridged()), (scheme, host, port, bridged));
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in
            ["", "a", "http:a", "turn:", "turn:a:x", "turn:a:70000", "turns:a?transport=udp", "turn:a b", "turn:[x]:1"]
        {
            assert!(Url::parse(text).is_err(), "{text:?}");
        }
    }
}
