//! What two links tell each other to find a way: JSON, version 1, at most [`SIGNAL_BYTES`].
//!
//! `{"v":1,"from":7,"to":9,"n":1,"offer":"v=0…"}`. `from` names the sender's connection, `to` the receiver's as far as it
//! is known (0 before), so that what was meant for an earlier connection is never mixed into the present one.

use crate::limits::{CANDIDATE_BYTES, SDP_LINES, SIGNAL_BYTES};

/// The version this build speaks.
const VERSION: u8 = 1;

/// A message of one connection to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// The sender's connection; never 0.
    pub from: u32,
    /// The receiver's connection, 0 while unknown.
    pub to: u32,
    /// Counts the offers of `from`; an answer and a candidate carry the one they belong to.
    pub round: u32,
    /// What.
    pub body: Body,
}

/// What a signal says.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// I am here: offer (again).
    Hello,
    /// A session description, without candidates.
    Offer(String),
    /// A session description that answers the offer of this round.
    Answer(String),
    /// One ICE candidate line, `candidate:…`.
    Candidate(String),
    /// Offer with a restart of ICE.
    Restart,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Wire {
    v: u8,
    from: u32,
    #[serde(default)]
    to: u32,
    #[serde(default)]
    n: u32,
    #[serde(flatten)]
    body: Body,
}

/// Why bytes are no signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSignal {
    /// More than [`SIGNAL_BYTES`], or a part of it too long.
    #[error("too long")]
    TooLong,
    /// Not the JSON it should be.
    #[error("not a signal")]
    Form,
    /// Of another version.
    #[error("of another version")]
    Version,
    /// A description or candidate that is none.
    #[error("not a description or candidate")]
    Content,
}

impl Signal {
    /// The bytes that travel.
    pub fn encode(&self) -> Vec<u8> {
        let wire = Wire { v: VERSION, from: self.from, to: self.to, n: self.round, body: self.body.clone() };
        serde_json::to_vec(&wire).unwrap_or_default()
    }

    /// Reads foreign bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadSignal> {
        if bytes.len() > SIGNAL_BYTES {
            return Err(BadSignal::TooLong);
        }
        let wire: Wire = serde_json::from_slice(bytes).map_err(|_| BadSignal::Form)?;
        if wire.v != VERSION {
            return Err(BadSignal::Version);
        }
        if wire.from == 0 {
            return Err(BadSignal::Content);
        }
        match &wire.body {
            Body::Offer(sdp) | Body::Answer(sdp) => {
                if sdp.lines().count() > SDP_LINES {
                    return Err(BadSignal::TooLong);
                }
                if !sdp.starts_with("v=0") || !printable(sdp) {
                    return Err(BadSignal::Content);
                }
            }
            Body::Candidate(line) => {
                if line.len() > CANDIDATE_BYTES {
                    return Err(BadSignal::TooLong);
                }
                if !line.starts_with("candidate:") || !printable(line) || line.contains('\n') {
                    return Err(BadSignal::Content);
                }
            }
            Body::Hello | Body::Restart => {}
        }
        Ok(Self { from: wire.from, to: wire.to, round: wire.n, body: wire.body })
    }
}

fn printable(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'\r' | b'\n' | b' '..=b'~'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn every_kind() -> Vec<Body> {
        vec![
            Body::Hello,
            Body::Offer("v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\n".into()),
            Body::Answer("v=0\r\n".into()),
            Body::Candidate("candidate:1 1 udp 2130706431 10.0.0.1 5000 typ host".into()),
            Body::Restart,
        ]
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        for body in every_kind() {
            let signal = Signal { from: 7, to: u32::MAX, round: 3, body };
            assert_eq!(Signal::decode(&signal.encode()), Ok(signal));
        }
    }

    #[test]
    fn every_cut_and_flip_is_an_error_or_a_signal_and_never_a_panic() {
        for body in every_kind() {
            let bytes = Signal { from: 7, to: 9, round: 3, body }.encode();
            for cut in 0..bytes.len() {
                assert!(Signal::decode(&bytes[..cut]).is_err());
            }
            for at in 0..bytes.len() {
                for bit in 0..8 {
                    let mut flipped = bytes.clone();
                    flipped[at] ^= 1 << bit;
                    let _ = Signal::decode(&flipped);
                }
            }
        }
    }

    #[test]
    fn too_much_of_anything_is_refused() {
        let long = |body| Signal { from: 1, to: 0, round: 0, body }.encode();
        let sdp = format!("v=0\r\n{}", "a=x\r\n".repeat(SDP_LINES));
        assert_eq!(Signal::decode(&long(Body::Offer(sdp))), Err(BadSignal::TooLong));
        let sdp = format!("v=0\r\n{}", "x".repeat(SIGNAL_BYTES));
        assert_eq!(Signal::decode(&long(Body::Offer(sdp))), Err(BadSignal::TooLong));
        let line = format!("candidate:{}", "1".repeat(CANDIDATE_BYTES));
        assert_eq!(Signal::decode(&long(Body::Candidate(line))), Err(BadSignal::TooLong));
    }

    #[test]
    fn other_versions_and_connection_zero_are_refused() {
        assert_eq!(Signal::decode(br#"{"v":2,"from":1,"hello":null}"#), Err(BadSignal::Version));
        assert_eq!(
            Signal::decode(&Signal { from: 0, to: 0, round: 0, body: Body::Hello }.encode()),
            Err(BadSignal::Content)
        );
    }
}
