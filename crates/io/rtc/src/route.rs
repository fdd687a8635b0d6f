//! What a candidate says about the way, and what of it may be told.

use std::net::IpAddr;

use hearth_ports::rtc::MediaRoute;
use webrtc::peer_connection::{RTCIceCandidate, RTCIceCandidateType};

/// The route of a selected pair of candidates.
pub fn route(local: &RTCIceCandidate, remote: &RTCIceCandidate) -> MediaRoute {
    let relay = |candidate: &RTCIceCandidate| candidate.typ == RTCIceCandidateType::Relay;
    let near = |candidate: &RTCIceCandidate| {
        let reached_at = candidate.address.parse().is_ok_and(is_near);
        reached_at && matches!(candidate.typ, RTCIceCandidateType::Host | RTCIceCandidateType::Prflx)
    };
    if relay(local) || relay(remote) {
        MediaRoute::Turn
    } else if near(local) && near(remote) {
        MediaRoute::Lan
    } else {
        MediaRoute::Direct
    }
}

/// Loopback, private (RFC 1918), shared with a carrier's own network (RFC 6598) not, link-local and unique local (RFC 4193).
fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_near(IpAddr::V4(v4)),
            None => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
        },
    }
}

/// The line to tell the peer, or none where it would say what is to stay hidden or leads nowhere.
///
/// The address a candidate was derived from is left out always: it is of no use to the peer, and with `relay_only` it is
/// what must not be seen.
pub fn told(mut candidate: RTCIceCandidate, relay_only: bool, loopback: bool) -> Option<String> {
    if relay_only && candidate.typ != RTCIceCandidateType::Relay {
        return None;
    }
    if let Ok(address) = candidate.address.parse::<IpAddr>() {
        let own = candidate.typ == RTCIceCandidateType::Host && address.is_loopback();
        if address.is_unspecified() || (own && !loopback) {
            return None;
        }
    }
    if candidate.typ != RTCIceCandidateType::Host {
        candidate.related_address = "0.0.0.0".to_owned();
        candidate.related_port = 9;
    }
    candidate.to_json().ok().map(|init| init.candidate)
}

/// Which way a line of the peer leads; only these are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// UDP: at once.
    Udp,
    /// TCP: when UDP found none. This device connects to the address at once, so it shows its own.
    Tcp,
}

/// The way a line leads, unless it is not to be tried: `hidden` leaves no TCP, and `loopback` says whether this device's
/// own addresses are told at all.
pub fn way(line: &str, hidden: bool, loopback: bool) -> Option<Way> {
    let mut words = line.split_ascii_whitespace().skip(2);
    let protocol = words.next()?;
    if protocol.eq_ignore_ascii_case("udp") {
        return Some(Way::Udp);
    }
    let address: IpAddr = words.nth(1)?.parse().ok()?;
    let leads = !address.is_unspecified() && !address.is_multicast() && (loopback || !address.is_loopback());
    (protocol.eq_ignore_ascii_case("tcp") && !hidden && leads).then_some(Way::Tcp)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn candidate(typ: RTCIceCandidateType, address: &str) -> RTCIceCandidate {
        RTCIceCandidate {
            address: address.into(),
            port: 5000,
            component: 1,
            foundation: "1".into(),
            typ,
            protocol: webrtc::peer_connection::RTCIceProtocol::Udp,
            related_address: "192.168.1.7".into(),
            related_port: 6000,
            ..Default::default()
        }
    }

    #[test]
    fn a_pair_says_its_route() {
        use RTCIceCandidateType::{Host, Prflx, Relay, Srflx};
        let cases = [
            (Host, "127.0.0.1", Host, "127.0.0.1", MediaRoute::Lan),
            (Host, "192.168.1.4", Prflx, "192.168.1.5", MediaRoute::Lan),
            (Host, "fd00::1", Host, "fe80::2", MediaRoute::Lan),
            (Host, "192.168.1.4", Srflx, "203.0.113.9", MediaRoute::Direct),
            (Host, "203.0.113.4", Host, "203.0.113.9", MediaRoute::Direct),
            (Host, "100.64.0.1", Host, "100.64.0.2", MediaRoute::Direct),
            (Relay, "10.0.0.1", Host, "10.0.0.2", MediaRoute::Turn),
            (Host, "10.0.0.1", Relay, "10.0.0.2", MediaRoute::Turn),
        ];
        for (local, here, remote, there, expected) in cases {
            assert_eq!(route(&candidate(local, here), &candidate(remote, there)), expected, "{here} to {there}");
        }
    }

    #[test]
    fn a_hidden_address_is_in_no_line() {
        use RTCIceCandidateType::{Host, Relay, Srflx};
        assert_eq!(told(candidate(Host, "192.168.1.7"), true, false), None);
        assert_eq!(told(candidate(Srflx, "203.0.113.9"), true, false), None);
        let line = told(candidate(Relay, "198.51.100.1"), true, false).unwrap();
        assert!(line.contains("typ relay") && !line.contains("192.168.1.7") && !line.contains("6000"), "{line}");
    }

    #[test]
    fn a_line_of_tcp_is_tried_only_where_it_leads_and_nothing_is_hidden() {
        let tcp = |address: &str| format!("candidate:1 1 tcp 2105458943 {address} 5000 typ host tcptype passive");
        assert_eq!(way("candidate:1 1 UDP 1 192.168.1.7 5000 typ host", true, false), Some(Way::Udp));
        assert_eq!(way(&tcp("192.168.1.7"), false, false), Some(Way::Tcp));
        assert_eq!(way(&tcp("192.168.1.7"), true, false), None);
        assert_eq!(way(&tcp("127.0.0.1"), false, true), Some(Way::Tcp));
        for nowhere in ["127.0.0.1", "::1", "0.0.0.0", "224.0.0.1", "a-name.example"] {
            assert_eq!(way(&tcp(nowhere), false, false), None, "{nowhere}");
        }
        for line in ["", "candidate:1", "candidate:1 1 tcp", "candidate:1 1 sctp 1 192.168.1.7 5000 typ host"] {
            assert_eq!(way(line, false, true), None, "{line}");
        }
    }

    #[test]
    fn loopback_is_told_only_where_it_is_wanted() {
        let host = || candidate(RTCIceCandidateType::Host, "127.0.0.1");
        assert_eq!(told(host(), false, false), None);
        assert!(told(host(), false, true).is_some());
    }
}
