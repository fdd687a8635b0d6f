//! Verdicts over signatures at the edges of Ed25519, where implementations differ ("Taming the many EdDSAs", Chalkias,
//! Garillot, Nikolaenko 2020). Replicas must agree on each, so each is pinned. The vectors were made by reference
//! arithmetic (RFC 8032, section 6), which shares nothing with the library.
#![allow(clippy::unwrap_used)]

use hearth_crypto::{Secret32, SigningKey, verify};
use serde_json::Value;

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

#[test]
fn every_verdict_is_as_pinned() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/fixtures/signatures.json");
    let cases: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(cases.len() > 20);
    for case in &cases {
        let parts: Vec<Vec<u8>> = case["parts"].as_array().unwrap().iter().map(hex).collect();
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let (public, signature) =
            (hex(&case["public"]).try_into().unwrap(), hex(&case["signature"]).try_into().unwrap());
        let holds = verify(&public, case["tag"].as_str().unwrap(), &parts, &signature);
        assert_eq!(holds, case["holds"].as_bool().unwrap(), "{}", case["name"]);
    }
}

#[test]
fn a_signature_holds_for_its_tag_and_parts_only() {
    let key = SigningKey::from_seed(&Secret32::new([9; 32]));
    let good = key.sign("hearth/test/1", &[b"one", b""]);
    assert!(verify(&key.public(), "hearth/test/1", &[b"one", b""], &good));
    for (tag, parts) in [
        ("hearth/test/2", &[&b"one"[..], b""][..]),
        ("hearth/test/1", &[b"one"]),
        ("hearth/test/1", &[b"", b"one"]),
        ("hearth/test/1", &[b"on", b"e"]),
        ("hearth/test/1", &[b"one", b"", b""]),
        ("hearth/test/1\0\0\0\0\u{3}one", &[b""]),
    ] {
        assert!(!verify(&key.public(), tag, parts, &good), "{tag:?} {parts:?}");
    }
    for at in 0..64 {
        let mut bad = good;
        bad[at] ^= 1;
        assert!(!verify(&key.public(), "hearth/test/1", &[b"one", b""], &bad), "byte {at}");
    }
}
