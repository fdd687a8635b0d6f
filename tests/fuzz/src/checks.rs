//! What must hold of any input at all. Each panics when it does not.

use crate::keys;
use hearth_crypto::identity::{check_certificate, check_genesis, check_join};
use hearth_types::{Certificate, ContentBody, ControlAct, ControlBody, Envelope, Genesis, SignedJoin, limits};
use hearth_wire::{
    CheckedEntry, Frame, GossipBody, InviteLink, PairMessage, PairWord, PeerAddress, cbor::Codec, envelope::check_alone,
    gossip,
};

/// One value has one byte string.
fn canonical<T: Codec>(bytes: &[u8]) -> Option<T> {
    let value = T::from_bytes(bytes).ok()?;
    assert!(value.to_bytes() == bytes, "a second spelling was read");
    Some(value)
}

/// Whole entries.
pub fn entry(bytes: &[u8]) {
    let Ok(entry) = CheckedEntry::from_bytes(bytes) else { return };
    assert!(entry.to_bytes() == bytes, "a second spelling was read");
    assert!(canonical::<Envelope>(entry.envelope_bytes()).as_ref() == Some(entry.envelope()));
    assert!(check_alone(entry.envelope()).is_ok());
    assert!(bytes.len() <= limits::ENTRY_BYTES && entry.envelope().body_len as usize <= limits::BODY_BYTES);
    let again = CheckedEntry::from_row(entry.to_row()).expect("a row of a good entry is good");
    assert!(again == entry);
    if let Ok(act) = entry.control() {
        control(&act.to_bytes());
    }
    if let Ok(body) = entry.content(&keys::secret()) {
        content(&body.to_bytes());
    }
}

/// Lines of the control protocol.
pub fn line(bytes: &[u8]) {
    crate::answer::answered(bytes);
}

/// Bytes of a voice call: a message, a datagram, a sealed frame, or what happens to a call in a room.
pub fn call(bytes: &[u8]) {
    crate::bytes::check(bytes);
}

/// Control bodies.
pub fn control(bytes: &[u8]) {
    let Ok(act) = ControlAct::from_bytes(bytes) else { return };
    if matches!(act.body, ControlBody::Unknown { .. }) {
        return;
    }
    assert!(act.to_bytes() == bytes, "a second spelling was read");
    match &act.body {
        ControlBody::Profile { name, color, .. } => {
            assert!(name.chars().count() <= limits::NAME_CHARS && *color <= 0xff_ffff)
        }
        ControlBody::Role(f) => assert!(f.rank > 0 && f.replaces.len() <= limits::REPLACES),
        ControlBody::Channel(f) => assert!(!f.name.trim().is_empty() && f.topic.chars().count() <= limits::TOPIC_CHARS),
        ControlBody::Setting { key, value, .. } => {
            assert!(key.len() <= limits::SETTING_KEY_BYTES && value.len() <= limits::SETTING_VALUE_BYTES)
        }
        ControlBody::Epoch(f) => {
            assert!(f.parents.len() == f.parent_secrets.len() && f.parents.len() <= limits::EPOCH_LINKS)
        }
        _ => {}
    }
}

/// Content bodies.
pub fn content(bytes: &[u8]) {
    match ContentBody::from_bytes(bytes) {
        Err(_) | Ok(ContentBody::Unknown { .. }) => return,
        Ok(ContentBody::Message { text, .. } | ContentBody::Edit { text }) => {
            assert!(!text.trim().is_empty() && text.chars().count() <= limits::MESSAGE_CHARS);
        }
        Ok(ContentBody::React { emoji, .. }) => assert!((1..=limits::EMOJI_BYTES).contains(&emoji.len())),
        Ok(_) => {}
    }
    canonical::<ContentBody>(bytes);
}

/// Frames.
pub fn frame(bytes: &[u8]) {
    match canonical::<Frame>(bytes) {
        Some(Frame::Entries { entries, .. } | Frame::Push { entries, .. }) => entries.iter().for_each(|e| entry(e)),
        Some(Frame::Welcome { genesis, .. }) => identity(&genesis),
        Some(Frame::Peers { peers, .. }) => {
            for address in peers.iter().flat_map(|(_, addresses)| addresses) {
                if let Some(known) = PeerAddress::from_multiaddr(address) {
                    assert!(PeerAddress::from_multiaddr(&known.to_multiaddr()) == Some(known));
                }
            }
        }
        Some(Frame::Pass { message, .. } | Frame::Passed { message, .. }) => {
            canonical::<PairMessage>(&message);
        }
        _ => {}
    }
    canonical::<PairWord>(bytes);
    let _ = hearth_wire::frame::read_proof(bytes);
}

/// Gossip, wrapped.
pub fn gossip(bytes: &[u8]) {
    match gossip::unwrap(bytes, [&keys::secret()]) {
        Ok(GossipBody::Entry(inner)) => entry(&inner),
        Ok(GossipBody::Ephemeral(e)) => {
            let _ = e.holds(keys::SPACE);
            let again = GossipBody::Ephemeral(e);
            assert!(GossipBody::from_bytes(&again.to_bytes()).as_ref() == Ok(&again));
        }
        Err(_) => {}
    }
    canonical::<GossipBody>(bytes);
}

/// Invite links.
pub fn invite(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(link) = InviteLink::parse(text) else { return };
    assert!(link.peers.len() <= limits::INVITE_PEERS);
    for form in [
        link.to_link(),
        link.to_qr_text(),
        format!("https://example.org/#{}", &link.to_link()["mesh://join?c=".len()..]),
    ] {
        assert!(InviteLink::parse(&form).as_ref() == Ok(&link), "{form}");
    }
}

/// Certificates, joins, genesis objects.
pub fn identity(bytes: &[u8]) {
    if let Some(c) = canonical::<Certificate>(bytes) {
        assert!(check_certificate(&c).is_none() || c.number < limits::DEVICE_NUMBERS);
    }
    if let Some(j) = canonical::<SignedJoin>(bytes) {
        let _ = check_join(keys::SPACE, &j);
    }
    if let Some(g) = canonical::<Genesis>(bytes) {
        assert!(check_genesis(&g).is_none() || g.version == 1);
    }
}
