//! The bytes as they are fixed. `HEARTH_BLESS=1 cargo test -p hearth-wire golden` writes them anew: only a new version
//! of the format is a reason to.

use crate::samples;
use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD, HEXLOWER};
use hearth_crypto::{
    Secret32,
    hash::sha256,
    identity::{check_certificate, check_genesis, check_join},
};
use hearth_types::{Envelope, Scope};
use hearth_wire::{CheckedEntry, Frame, GossipBody, InviteLink, LinkError, PairMessage, PairWord, cbor::Codec, gossip};
use serde_json::{Value, json};
use std::path::PathBuf;

fn hex(bytes: impl AsRef<[u8]>) -> String {
    HEXLOWER.encode(bytes.as_ref())
}

fn bytes(value: &Value) -> Vec<u8> {
    HEXLOWER.decode(value.as_str().unwrap().as_bytes()).unwrap()
}

/// The fixture, after comparing it with what this build makes (or writing that, if asked to).
fn fixture(name: &str, now: &Value) -> Value {
    let path = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../../../tests/fixtures").join(name);
    if std::env::var_os("HEARTH_BLESS").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(now).unwrap() + "\n").unwrap();
    }
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    match (&kept, now) {
        (Value::Array(kept), Value::Array(now)) => {
            kept.iter().zip(now).for_each(|(k, n)| assert_eq!(k, n));
            assert_eq!(kept.len(), now.len());
        }
        _ => assert_eq!(&kept, now),
    }
    kept
}

fn fields(e: &Envelope) -> Value {
    let c = &e.counters;
    json!({
        "version": e.version, "space": e.space, "device": e.device, "seq": e.seq, "prev": e.prev, "skip": e.skip, "hlc": e.hlc.0,
        "scope": match e.scope { Scope::Control => Value::Null, Scope::Channel(id) => json!(id) },
        "day": e.day.0, "counters": [c.scope_entries, c.entries, c.body_bytes, c.scopes], "class": e.class.code(),
        "target": e.target.map(|t| json!([t.day.0, t.id])), "basis": e.basis, "key": e.key.map(|k| json!([k.epoch, k.index])),
        "body_len": e.body_len, "body_hash": hex(e.body_hash), "ext": hex(&e.ext),
    })
}

#[test]
fn entries() {
    let secret = samples::secret();
    let entry = |(name, e): &(String, CheckedEntry)| {
        json!({
            "name": name, "bytes": hex(e.to_bytes()), "id": e.id(), "envelope": fields(e.envelope()), "signature": hex(e.signature()),
            "body": e.body().map(hex), "content": e.content(&secret).ok().map(|c| hex(c.to_bytes())), "act": e.control().is_ok(),
        })
    };
    let (certificate, join, genesis) = (samples::certificate(), samples::join(), samples::genesis());
    let kept = fixture(
        "entries.json",
        &json!({
            "keys": {
                "space": samples::SPACE, "epoch_secret": hex(secret.secret().expose()), "device_seed": hex([2; 32]), "device": samples::device().id(),
                "recovery_seed": hex([6; 32]), "user": samples::root().user(), "invite_secret": hex([3; 16]),
                "commitment": hex(secret.commitment()), "topic": secret.topic("chat"),
            },
            "identity": {
                "certificate": hex(certificate.to_bytes()), "join": hex(join.to_bytes()), "genesis": hex(genesis.to_bytes()),
                "user": check_certificate(&certificate).unwrap(), "joined": check_join(samples::SPACE, &join).unwrap(), "space": check_genesis(&genesis).unwrap(),
            },
            "entries": samples::entries().iter().map(entry).collect::<Vec<_>>(),
        }),
    );
    for e in kept["entries"].as_array().unwrap() {
        let read = CheckedEntry::from_bytes(&bytes(&e["bytes"])).unwrap();
        assert_eq!(json!(read.id()), e["id"]);
        assert_eq!(
            read.content(&samples::secret()).ok().map(|c| hex(c.to_bytes())),
            e["content"].as_str().map(str::to_owned)
        );
    }
}

#[test]
fn frames() {
    let frames: Vec<Value> = samples::frames()
        .iter()
        .map(|f| json!({ "name": format!("{f:?}").split([' ', '{']).next(), "bytes": hex(f.to_bytes()) }))
        .collect();
    let secret = samples::secret();
    let payloads: Vec<Value> = samples::gossips()
        .iter()
        .map(|g| json!({ "plain": hex(g.to_bytes()), "payload": hex(gossip::wrap(g, &secret, &mut samples::entropy())) }))
        .collect();
    let (place, [here, there]) = (samples::greeting_place(), samples::pair_keys());
    let pair = json!({
        "space": place.space, "room": place.room, "from": place.from, "since_ms": place.since_ms, "to": place.to,
        "from_seed": hex([19; 32]), "to_seed": hex([20; 32]), "word": hex(samples::pair_word().to_bytes()),
        "send": hex(here.send.expose()), "receive": hex(there.send.expose()),
        "messages": samples::pair_messages().map(|m| hex(m.to_bytes())),
    });
    let kept = fixture("frames.json", &json!({ "frames": frames, "gossip": payloads, "pair": pair }));
    for (f, was) in kept["frames"].as_array().unwrap().iter().zip(samples::frames()) {
        assert_eq!(Frame::from_bytes(&bytes(&f["bytes"])), Ok(was));
    }
    for was in samples::pair_messages() {
        assert_eq!(PairMessage::from_bytes(&was.to_bytes()).as_ref(), Ok(&was));
        match was {
            PairMessage::Greeting(g) => assert!(g.holds(&samples::greeting_place())),
            PairMessage::Sealed { counter, sealed } => {
                let opened = PairWord::open(counter, &sealed, &samples::pair_keys()[1]);
                assert_eq!(opened, Ok(samples::pair_word()));
            }
        }
    }
    for (g, was) in kept["gossip"].as_array().unwrap().iter().zip(samples::gossips()) {
        assert_eq!(GossipBody::from_bytes(&bytes(&g["plain"])).as_ref(), Ok(&was));
        assert_eq!(gossip::unwrap(&bytes(&g["payload"]), [&samples::secret()]), Ok(was));
    }
}

/// A payload with a good checksum, whatever it says.
fn summed(mut payload: Vec<u8>) -> Vec<u8> {
    let sum = sha256(&payload);
    payload.extend_from_slice(&sum[..4]);
    payload
}

fn coded(payload: &[u8]) -> String {
    format!("mesh://join?c={}", BASE64URL_NOPAD.encode(payload))
}

/// Texts with a name each, good and bad.
pub fn link_texts() -> Vec<(String, String)> {
    let [full, bare] = samples::links();
    let code = |l: &InviteLink| BASE64URL_NOPAD.encode(&l.to_payload());
    let body = |l: &InviteLink| l.to_payload()[..l.to_payload().len() - 4].to_vec();
    let with = |tail: &[u8]| coded(&summed([body(&bare), tail.to_vec()].concat()));
    let record = |length: u8, fill: u8| [vec![1, length], vec![fill; usize::from(length)]].concat();
    let full_code = code(&full);
    let mut flipped = full.to_payload();
    flipped[40] ^= 1;
    let version = |v: u8| {
        let mut payload = body(&full);
        payload[0] = v;
        coded(&summed(payload))
    };
    let ten =
        (0..10u8).map(|n| [vec![1, 39], vec![n; 32], vec![0, 0, n, 10, 0, 0, n]].concat()).collect::<Vec<_>>().concat();
    let texts = [
        ("two peers and an end", full.to_link()),
        ("neither", bare.to_link()),
        ("behind # of a page", format!("https://example.org/hearth/#{full_code}")),
        ("behind # and a path", format!("https://example.org/#/i/{full_code}")),
        ("a page kept as a file", format!("file:///home/ada/invite.html#{full_code}")),
        ("the bare code", full_code.clone()),
        ("for QR codes", full.to_qr_text()),
        ("for QR codes, in small letters", full.to_qr_text().to_lowercase()),
        ("another parameter first", format!("mesh://join?x=1&c={full_code}")),
        ("a peer named in a way of later builds", with(&[9, 3, 1, 2, 3])),
        ("an empty record of later builds", with(&[200, 0])),
        ("more peers than are read", with(&ten)),
        ("no code", "mesh://join".into()),
        ("an empty code", "mesh://join?c=".into()),
        ("a changed byte", coded(&flipped)),
        ("its end missing", full.to_link()[..90].into()),
        ("a letter more", format!("{}A", full.to_link())),
        ("padding behind it", format!("{}=", full.to_link())),
        ("a stray letter in it", full.to_link().replace('A', "!")),
        ("a wrong checksum", coded(&[body(&bare), vec![0; 4]].concat())),
        ("only a checksum", coded(&summed(vec![]))),
        ("a byte short of the fixed part", coded(&summed(body(&bare)[..53].to_vec()))),
        ("a later version", version(2)),
        ("version 0", version(0)),
        ("a lone byte behind the fixed part", with(&[1])),
        ("a record longer than what is left", with(&[9, 5, 1])),
        ("a peer of 38 bytes", with(&record(38, 1))),
        ("a peer of an unknown transport", with(&record(39, 2))),
        ("an empty peer", with(&[1, 0])),
        ("the short form of the first design", "mesh://join?c=1a2b3c4d&peers=10.0.0.1".into()),
        ("eight digits", "mesh://join?c=1a2b3c4d".into()),
        ("a QR text cut short", full.to_qr_text()[..60].into()),
        ("a web address", "https://example.org/".into()),
        ("a web address with something else behind #", "https://example.org/#top".into()),
        ("words", "come and join us".into()),
        ("nothing", String::new()),
        ("letters that are not ASCII", format!("{full_code}é")),
        ("longer than any link", "A".repeat(3000)),
    ];
    texts.into_iter().map(|(name, text)| (name.to_owned(), text)).collect()
}

#[test]
fn invite_links() {
    let verdict = |(name, link): (String, String)| match InviteLink::parse(&link) {
        Ok(l) => {
            let peers: Vec<Value> =
                l.peers.iter().map(|p| json!({ "key": p.key, "address": p.address.to_multiaddr() })).collect();
            json!({ "name": name, "link": link, "ok": true, "space": l.space, "secret": hex(l.secret.expose()), "expires_at_s": l.expires_at_s, "peers": peers })
        }
        Err(error) => {
            let error = match error {
                LinkError::NotALink => "not_a_link",
                LinkError::Damaged => "damaged",
                LinkError::Newer => "newer",
                LinkError::Legacy => "legacy",
            };
            json!({ "name": name, "link": link, "ok": false, "error": error })
        }
    };
    let vectors: Vec<Value> = link_texts().into_iter().map(verdict).collect();
    let kept = fixture("invite.json", &Value::Array(vectors));
    let good = kept.as_array().unwrap().iter().filter(|v| v["ok"] == true).count();
    assert_eq!(good, 12, "the first twelve are links, the others are not");
    let payload = samples::links()[0].to_payload();
    assert_eq!(
        BASE32_NOPAD.decode(&samples::links()[0].to_qr_text().as_bytes()["MESH://J/".len()..]).unwrap(),
        payload
    );
}

#[test]
fn derived_keys_are_what_the_vectors_were_made_with() {
    let secret = hearth_crypto::EpochSecret::new(samples::SPACE, Secret32::new([4; 32]));
    assert_eq!(secret.commitment(), samples::secret().commitment());
    assert_ne!(secret.topic("chat"), secret.topic("control"));
}
