//! Reading addresses that others wrote: what can be dialled, what is worth passing on, and how far away it is.

use hearth_ports::{Address, Route};
use hearth_types::limits;
use libp2p::{Multiaddr, PeerId, multiaddr::Protocol};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Splits off the peer id at the end, if there is one.
pub fn split_peer(mut address: Multiaddr) -> (Multiaddr, Option<PeerId>) {
    let Some(Protocol::P2p(peer)) = address.iter().last() else { return (address, None) };
    address.pop();
    (address, Some(peer))
}

/// The text form, without `/p2p/...`.
pub fn text(address: &Multiaddr) -> Address {
    split_peer(address.clone()).0.to_string()
}

/// The address' IP, if it names one.
pub fn ip(address: &Multiaddr) -> Option<IpAddr> {
    match address.iter().next()? {
        Protocol::Ip4(ip) => Some(IpAddr::V4(ip)),
        Protocol::Ip6(ip) => Some(ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4)),
        _ => None,
    }
}

/// This computer's address that packets to `remote` go out by now. Nothing is sent to find it.
pub fn out_by(remote: IpAddr) -> Option<IpAddr> {
    let any: IpAddr = if remote.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = std::net::UdpSocket::bind((any, 0)).ok()?;
    // Any port will do; 9 is the one that discards.
    socket.connect((remote, 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// Whether it runs over QUIC.
pub fn is_quic(address: &Multiaddr) -> bool {
    address.iter().any(|p| matches!(p, Protocol::QuicV1))
}

/// Whether it is an IPv6 address that means something on one cable only; without the cable's name nobody can dial it.
pub fn is_of_one_cable(address: &Multiaddr) -> bool {
    matches!(ip(address), Some(IpAddr::V6(ip)) if ip.is_unicast_link_local())
}

/// Whether it is of this machine alone.
pub fn is_loopback(address: &Multiaddr) -> bool {
    ip(address).is_some_and(|ip| ip.is_loopback())
}

/// Whether the transports here can dial it: a host, then QUIC or plain TCP, and a port.
pub fn is_dialable(address: &Multiaddr) -> bool {
    let parts: Vec<_> = address.iter().collect();
    let host = match parts.first() {
        Some(Protocol::Ip4(ip)) => !ip.is_unspecified() && !ip.is_multicast(),
        Some(Protocol::Ip6(ip)) => !ip.is_unspecified() && !ip.is_multicast(),
        Some(Protocol::Dns(_) | Protocol::Dns4(_) | Protocol::Dns6(_)) => true,
        _ => false,
    };
    let port = match parts.get(1..) {
        Some([Protocol::Tcp(port)]) => *port,
        Some([Protocol::Udp(port), Protocol::QuicV1]) => *port,
        _ => 0,
    };
    host && port != 0
}

/// Same network or across the internet.
pub fn route(address: &Multiaddr) -> Route {
    if address.iter().any(|p| matches!(p, Protocol::P2pCircuit)) {
        return Route::Relayed;
    }
    let near = match ip(address) {
        Some(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        Some(IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
        None => false,
    };
    if near { Route::Lan } else { Route::Direct }
}

/// What is worth remembering of a peer's own list: dialable, QUIC first, and loopback only for a loopback link.
pub fn worth_keeping(addresses: impl IntoIterator<Item = Multiaddr>, over_loopback: bool) -> Vec<Address> {
    let mut kept: Vec<Multiaddr> = Vec::new();
    for address in addresses {
        let (address, _) = split_peer(address);
        let near = is_of_one_cable(&address) || (is_loopback(&address) && !over_loopback);
        if is_dialable(&address)
            && !near
            && address.to_string().len() <= limits::ADDRESS_BYTES
            && !kept.contains(&address)
        {
            kept.push(address);
        }
    }
    kept.sort_by_key(|address| !is_quic(address));
    kept.truncate(limits::PEER_ADDRESSES);
    kept.iter().map(Multiaddr::to_string).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn all(texts: &[&str]) -> Vec<Multiaddr> {
        texts.iter().map(|t| t.parse().unwrap()).collect()
    }

    #[test]
    fn only_hosts_with_a_port_and_a_known_transport_are_dialled() {
        for good in ["/ip4/10.0.0.1/tcp/1", "/ip6/2001:db8::1/udp/1/quic-v1", "/dns/example.org/tcp/443"] {
            assert!(is_dialable(&good.parse().unwrap()), "{good}");
        }
        for bad in [
            "/ip4/0.0.0.0/tcp/1",
            "/ip6/::/tcp/1",
            "/ip4/10.0.0.1/tcp/0",
            "/ip4/10.0.0.1/udp/1",
            "/memory/7",
            "/ip4/10.0.0.1/tcp/1/ws",
            "/ip4/10.0.0.1",
            "/ip4/224.0.0.251/udp/1/quic-v1",
        ] {
            assert!(!is_dialable(&bad.parse().unwrap()), "{bad}");
        }
    }

    #[test]
    fn near_addresses_are_the_same_network() {
        for near in [
            "/ip4/127.0.0.1/tcp/1",
            "/ip4/192.168.1.5/tcp/1",
            "/ip4/172.16.0.1/tcp/1",
            "/ip4/169.254.0.9/tcp/1",
            "/ip6/::1/tcp/1",
            "/ip6/fe80::1/tcp/1",
            "/ip6/fd00::1/tcp/1",
            "/ip6/::ffff:10.0.0.1/tcp/1",
        ] {
            assert_eq!(route(&near.parse().unwrap()), Route::Lan, "{near}");
        }
        for far in ["/ip4/203.0.113.1/tcp/1", "/ip6/2001:db8::1/tcp/1", "/ip4/172.32.0.1/tcp/1", "/dns/x.org/tcp/1"] {
            assert_eq!(route(&far.parse().unwrap()), Route::Direct, "{far}");
        }
    }

    #[test]
    fn a_peers_list_is_cut_to_what_can_be_used() {
        let list = all(&[
            "/ip4/0.0.0.0/tcp/1",
            "/ip4/127.0.0.1/tcp/1",
            "/ip4/10.0.0.1/tcp/1",
            "/ip4/10.0.0.1/tcp/1",
            "/ip4/10.0.0.1/udp/1/quic-v1",
            "/ip6/fe80::1/tcp/1",
            &format!("/dns/{}.org/tcp/1", "x".repeat(200)),
        ]);
        assert_eq!(worth_keeping(list.clone(), false), ["/ip4/10.0.0.1/udp/1/quic-v1", "/ip4/10.0.0.1/tcp/1"]);
        assert!(worth_keeping(list, true).contains(&"/ip4/127.0.0.1/tcp/1".to_owned()));
        let many = (1..=500).map(|n| format!("/ip4/10.0.0.1/tcp/{n}").parse().unwrap());
        assert_eq!(worth_keeping(many, false).len(), limits::PEER_ADDRESSES);
    }
}
