#![allow(clippy::unwrap_used)]

use super::*;

fn link(peers: Vec<InvitePeer>) -> InviteLink {
    InviteLink { space: SpaceId([0xab; 32]), secret: Secret16::new([7; 16]), expires_at_s: None, peers }
}

fn peer(socket: &str, quic: bool) -> InvitePeer {
    InvitePeer { key: PeerKey([9; 32]), address: PeerAddress { socket: socket.parse().unwrap(), quic } }
}

#[test]
fn one_payload_reads_the_same_from_every_form_and_out_of_a_chat() {
    let want = link(vec![peer("192.168.1.4:4001", true), peer("[2001:db8::1]:443", false)]);
    let plain = want.to_link();
    let code = &plain["mesh://join?c=".len()..];
    let forms = [
        plain.clone(),
        want.to_qr_text(),
        format!("{}/", want.to_qr_text()),
        want.to_qr_text().to_lowercase(),
        code.to_owned(),
        format!("https://example.org/hearth/index.html#{code}"),
        format!("file:///tmp/invite.html#{code}"),
        format!("  <{plain}>\n"),
        format!("\"{plain}\""),
        format!("MESH://join?c={code}"),
        format!("mesh:join?from=ada&c={code}"),
    ];
    for form in forms {
        assert_eq!(InviteLink::parse(&form).as_ref(), Ok(&want), "{form}");
    }
}

#[test]
fn each_wrong_text_gets_the_sentence_that_fits_it() {
    let good = link(vec![]).to_link();
    let newer = {
        let mut payload = link(vec![]).to_payload();
        payload[0] = 2;
        let body = payload.len() - CHECKSUM;
        let sum = sha256(&payload[..body]);
        payload[body..].copy_from_slice(&sum[..CHECKSUM]);
        format!("mesh://join?c={}", BASE64URL_NOPAD.encode(&payload))
    };
    let table = [
        ("", LinkError::NotALink),
        ("hello", LinkError::NotALink),
        ("https://example.org/", LinkError::NotALink),
        ("one two three four five six seven eight nine ten eleven twelve thirteen fourteen", LinkError::NotALink),
        ("mesh://join", LinkError::Damaged),
        ("mesh://join?c=", LinkError::Damaged),
        ("mesh://j/AAAA", LinkError::Damaged),
        (&good[..60], LinkError::Damaged),
        (&newer, LinkError::Newer),
        ("mesh://join?c=1a2b3c4d", LinkError::Legacy),
        ("mesh://join?c=1a2b3c4d&peers=1.2.3.4", LinkError::Legacy),
    ];
    for (text, want) in table {
        assert_eq!(InviteLink::parse(text), Err(want), "{text}");
        assert!(want.to_string().ends_with(['.', '!']), "a sentence: {want}");
    }
}

#[test]
fn any_changed_letter_of_a_code_is_noticed() {
    let good = link(vec![peer("10.0.0.1:1", true)]).to_link();
    for at in "mesh://join?c=".len()..good.len() {
        for other in [b'A', b'B', b'_'] {
            let mut bad = good.clone().into_bytes();
            if bad[at] != other {
                bad[at] = other;
                assert!(InviteLink::parse(std::str::from_utf8(&bad).unwrap()).is_err(), "letter {at}");
            }
        }
    }
}

#[test]
fn addresses_are_plain_quic_or_tcp_and_nothing_else() {
    for (text, socket, quic) in [
        ("/ip4/10.0.0.1/udp/4001/quic-v1", "10.0.0.1:4001", true),
        ("/ip4/10.0.0.1/tcp/80", "10.0.0.1:80", false),
        ("/ip6/::1/udp/9/quic-v1", "[::1]:9", true),
        ("/ip6/2001:db8::1/tcp/65535", "[2001:db8::1]:65535", false),
    ] {
        let address = PeerAddress { socket: socket.parse().unwrap(), quic };
        assert_eq!(PeerAddress::from_multiaddr(text), Some(address));
        assert_eq!(address.to_multiaddr(), text);
    }
    for bad in [
        "",
        "/",
        "/ip4",
        "/ip4/10.0.0.1",
        "/ip4/10.0.0.1/udp/4001",
        "/ip4/10.0.0.1/tcp/4001/ws",
        "/ip4/10.0.0.1/udp/4001/quic",
        "/ip4/::1/tcp/1",
        "/ip6/10.0.0.1/tcp/1",
        "/ip4/10.0.0.1/tcp/65536",
        "/dns4/example.org/tcp/1",
        "ip4/10.0.0.1/tcp/1",
        "/ip4/10.0.0.1/udp/4001/quic-v1/p2p/12D3",
        "/ip4/10.0.0.1/tcp/1/",
    ] {
        assert_eq!(PeerAddress::from_multiaddr(bad), None, "{bad}");
    }
}

#[test]
fn a_secret_is_not_printed() {
    assert!(!format!("{:?}", link(vec![])).contains('7'), "{:?}", link(vec![]));
}
