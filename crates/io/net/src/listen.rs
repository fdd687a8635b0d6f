//! Which addresses to listen on, and what to do when one is taken.

use crate::NetFault;
use hearth_ports::NetEvent;
use libp2p::{Multiaddr, TransportError, core::transport::ListenerId, multiaddr::Protocol};
use std::{
    io,
    net::{TcpListener, UdpSocket},
};

/// An address to listen on.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    address: Multiaddr,
    /// Whether nobody minds if it cannot be had.
    optional: bool,
}

/// Reads the configured addresses; none means every interface.
pub fn parse(texts: &[String]) -> Result<Vec<Wanted>, NetFault> {
    if texts.is_empty() {
        let everywhere = [
            ("/ip4/0.0.0.0/udp/0/quic-v1", false),
            ("/ip4/0.0.0.0/tcp/0", false),
            ("/ip6/::/udp/0/quic-v1", true),
            ("/ip6/::/tcp/0", true),
        ];
        return everywhere.into_iter().map(|(text, optional)| one(text, optional)).collect();
    }
    texts.iter().map(|text| one(text, false)).collect()
}

fn one(text: &str, optional: bool) -> Result<Wanted, NetFault> {
    let bad = || NetFault::BadAddress(text.to_owned());
    let address: Multiaddr = text.parse().map_err(|_| bad())?;
    if socket(&address).is_none() {
        return Err(bad());
    }
    Ok(Wanted { address, optional })
}

/// IP, port and whether it is TCP, for the two shapes we listen on.
fn socket(address: &Multiaddr) -> Option<(std::net::IpAddr, u16, bool)> {
    let parts: Vec<_> = address.iter().collect();
    let ip = match parts.first()? {
        Protocol::Ip4(ip) => (*ip).into(),
        Protocol::Ip6(ip) => (*ip).into(),
        _ => return None,
    };
    match parts.get(1..)? {
        [Protocol::Tcp(port)] => Some((ip, *port, true)),
        [Protocol::Udp(port), Protocol::QuicV1] => Some((ip, *port, false)),
        _ => None,
    }
}

/// Whether the address stands for every interface.
pub fn is_everywhere(wanted: &Wanted) -> bool {
    socket(&wanted.address).is_some_and(|(ip, ..)| ip.is_unspecified())
}

/// Whether another program has the port. Asked before listening, because libp2p lets two programs of one user share a TCP
/// port, each getting some of the connections.
fn is_taken(wanted: &Wanted) -> bool {
    let in_use = |error: io::Error| error.kind() == io::ErrorKind::AddrInUse;
    match socket(&wanted.address) {
        None | Some((_, 0, _)) => false,
        Some((ip, port, true)) => TcpListener::bind((ip, port)).err().is_some_and(in_use),
        Some((ip, port, false)) => UdpSocket::bind((ip, port)).err().is_some_and(in_use),
    }
}

fn any_port(address: &Multiaddr) -> Multiaddr {
    address
        .iter()
        .map(|part| match part {
            Protocol::Tcp(_) => Protocol::Tcp(0),
            Protocol::Udp(_) => Protocol::Udp(0),
            other => other,
        })
        .collect()
}

/// Listens on all of them as far as possible, and returns what there is to tell.
pub fn open(
    wanted: &[Wanted],
    mut listen_on: impl FnMut(Multiaddr) -> Result<ListenerId, TransportError<io::Error>>,
) -> Vec<NetEvent> {
    let mut troubles = Vec::new();
    // All are asked about before the first is opened, so that none is in the way of another.
    let taken: Vec<bool> = wanted.iter().map(is_taken).collect();
    for (wanted, taken) in wanted.iter().zip(taken) {
        let port = socket(&wanted.address).map_or(0, |(_, port, _)| port);
        let first = if taken { any_port(&wanted.address) } else { wanted.address.clone() };
        let opened = listen_on(first);
        let fell_back = taken || (opened.is_err() && port != 0);
        let opened = if opened.is_err() && !taken && port != 0 { listen_on(any_port(&wanted.address)) } else { opened };
        match opened {
            Ok(_) if fell_back => troubles.push(NetEvent::Trouble {
                code: "port_in_use",
                why: format!(
                    "Port {port} is used by another program, so Hearth listens on another port. \
                     Addresses others saved for this device may not work until port {port} is free and Hearth is restarted."
                ),
            }),
            Ok(_) => {}
            Err(error) if wanted.optional => tracing::debug!(%error, "an optional address cannot be listened on"),
            Err(error) => {
                tracing::debug!(%error, "cannot listen");
                troubles.push(NetEvent::Trouble {
                    code: "cannot_listen",
                    why: format!(
                        "Hearth cannot listen on {}. Others may not reach this device; check the address in the settings.",
                        wanted.address
                    ),
                });
            }
        }
    }
    troubles
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn nothing_configured_means_everywhere_and_nonsense_is_refused() {
        let everywhere = parse(&[]).unwrap();
        assert_eq!(everywhere.len(), 4);
        assert!(everywhere.iter().all(is_everywhere));
        for bad in ["", "127.0.0.1:80", "/ip4/127.0.0.1", "/ip4/127.0.0.1/udp/1", "/dns/x.org/tcp/1", "/memory/1"] {
            assert!(matches!(parse(&[bad.to_owned()]), Err(NetFault::BadAddress(_))), "{bad}");
        }
    }

    #[test]
    fn an_address_that_is_not_ours_is_told_and_the_rest_still_opens() {
        let wanted = parse(&["/ip4/192.0.2.1/tcp/0".to_owned(), "/ip4/127.0.0.1/tcp/0".to_owned()]).unwrap();
        let mut opened = Vec::new();
        let troubles = open(&wanted, |address| {
            if address.to_string().contains("192.0.2.1") {
                return Err(TransportError::Other(io::ErrorKind::AddrNotAvailable.into()));
            }
            opened.push(address);
            Ok(ListenerId::next())
        });
        assert_eq!(opened.len(), 1);
        assert!(matches!(&troubles[..], [NetEvent::Trouble { code: "cannot_listen", .. }]), "{troubles:?}");
    }
}
