//! Verdicts over signatures at the edges of Ed25519, where implementations differ ("Taming the many EdDSAs", Chalkias,
//! Garillot, Nikolaenko 2020). Replicas must agree on each, so each is pinned. The vectors were made by reference
//! arithmetic (RFC 8032, section 6), which shares nothing with the library.
#![allow(clippy::unwrap_used)]

use hearth_crypto::{Secret32, SignatureBatch, SigningKey, verify};
use serde_json::Value;

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

struct Case {
    name: String,
    public: [u8; 32],
    tag: String,
    parts: Vec<Vec<u8>>,
    signature: [u8; 64],
    holds: bool,
}

impl Case {
    fn parts(&self) -> Vec<&[u8]> {
        self.parts.iter().map(Vec::as_slice).collect()
    }
    fn verify(&self) -> bool {
        verify(&self.public, &self.tag, &self.parts(), &self.signature)
    }
}

fn cases() -> Vec<Case> {
    let path = std::env::var("CARGO_MANIFEST_DIR").unwrap() + "/../../../tests/fixtures/signatures.json";
    let cases: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let read = |case: &Value| Case {
        name: case["name"].to_string(),
        public: hex(&case["public"]).try_into().unwrap(),
        tag: case["tag"].as_str().unwrap().into(),
        parts: case["parts"].as_array().unwrap().iter().map(hex).collect(),
        signature: hex(&case["signature"]).try_into().unwrap(),
        holds: case["holds"].as_bool().unwrap(),
    };
    let cases: Vec<Case> = cases.iter().map(read).collect();
    assert!(cases.len() > 20);
    cases
}

fn hold_together<'a>(cases: impl IntoIterator<Item = &'a Case>) -> bool {
    let mut batch = SignatureBatch::new();
    for case in cases {
        batch.push(&case.public, &case.tag, &case.parts(), &case.signature);
    }
    batch.holds()
}

#[test]
fn every_verdict_is_as_pinned() {
    for case in cases() {
        assert_eq!(case.verify(), case.holds, "{}", case.name);
    }
}

/// With a rule without the cofactor, torsion parts cancel out by chance and this fails.
#[test]
fn together_and_alone_get_one_verdict() {
    assert!(hold_together([]));
    let cases = cases();
    for a in &cases {
        assert_eq!(hold_together([a]), a.holds, "{}", a.name);
        for b in &cases {
            assert_eq!(hold_together([a, b]), a.holds && b.holds, "{} and {}", a.name, b.name);
        }
    }
    let good: Vec<&Case> = cases.iter().filter(|c| c.holds).collect();
    assert!(good.len() >= 4);
    let many = || good.iter().copied().cycle().take(100);
    assert!(hold_together(many()));
    for bad in cases.iter().filter(|c| !c.holds) {
        assert!(!hold_together(many().chain([bad])), "{}", bad.name);
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
