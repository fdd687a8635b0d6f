//! STUN and TURN servers as webrtc takes them, and a bridge to those it can't reach: webrtc 0.21 speaks TURN over UDP only.

mod bridge;
mod framing;
mod tls;
mod url;

use std::sync::Arc;

use hearth_ports::rtc::IceServer;
use webrtc::peer_connection::RTCIceServer;

use crate::RtcFault;
use crate::limits::SERVERS;
use bridge::{Bridge, Target};
use url::{Scheme, Url};

fn read(servers: &[IceServer]) -> Result<Vec<(Url, &IceServer)>, RtcFault> {
    if servers.len() > SERVERS {
        return Err(RtcFault::TooMany);
    }
    servers.iter().map(|server| Ok((Url::parse(&server.url)?, server))).collect()
}

/// What [`Servers::new`] would refuse, without starting anything.
pub fn check(servers: &[IceServer], extra_ca: &[u8]) -> Result<(), RtcFault> {
    read(servers)?;
    tls::client(extra_ca).map(|_| ())
}

/// The servers of a configuration, with a bridge standing for each that wants TCP or TLS.
pub struct Servers {
    ice: Vec<RTCIceServer>,
    /// Whether one of them relays.
    pub has_relay: bool,
    /// Whether one of them is reached over loopback.
    pub bridged: bool,
    /// Each ends when dropped.
    _bridges: Vec<Bridge>,
}

impl Servers {
    /// Reads the addresses and starts the bridges on the runtime this is called in.
    pub fn new(servers: &[IceServer], extra_ca: &[u8]) -> Result<Self, RtcFault> {
        let parsed = read(servers)?;
        let mut tls = None;
        let mut bridges = Vec::new();
        let mut ice = Vec::new();
        for (url, server) in &parsed {
            let urls = vec![if url.is_bridged() {
                let tls = match url.scheme {
                    Scheme::Turns => Some(match &tls {
                        Some(tls) => Arc::clone(tls),
                        None => Arc::clone(tls.insert(tls::client(extra_ca)?)),
                    }),
                    _ => None,
                };
                let bridge = Bridge::start(Target { host: url.host.clone(), port: url.port, tls })?;
                let url = format!("turn:{}?transport=udp", bridge.address);
                bridges.push(bridge);
                url
            } else {
                url.plain()
            }];
            ice.push(RTCIceServer { urls, username: server.username.clone(), credential: server.password.clone() });
        }
        let has_relay = parsed.iter().any(|(url, _)| url.scheme != Scheme::Stun);
        Ok(Self { ice, has_relay, bridged: !bridges.is_empty(), _bridges: bridges })
    }

    /// The servers to use: without STUN, which would only find what stays hidden, where `relay_only`.
    pub fn ice(&self, relay_only: bool) -> Vec<RTCIceServer> {
        let wanted = |server: &&RTCIceServer| !relay_only || !server.urls.iter().any(|url| url.starts_with("stun:"));
        self.ice.iter().filter(wanted).cloned().collect()
    }
}
