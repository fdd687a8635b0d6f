//! What must hold of any bytes of a call: messages, datagrams, sealed frames. Each panics when it does not.

use crate::people::{self, CALL};
use hearth_crypto::Secret32;
use hearth_types::limits::CALL_MESSAGE_BYTES;
use hearth_voice::{
    CallMessage, Datagram, Epoch, Report, Role,
    epoch::Reason,
    limits,
    proof::Proof,
    report::LinkReport,
    seal::{self, Opener, Plain, Sealer},
};
use hearth_wire::cbor::Codec;

/// Key id and key of the sealed frames.
pub const ID: u64 = 0x0102_0304_0507;

pub fn secret() -> Secret32 {
    Secret32::new([9; 32])
}

/// Any input: the first byte says of what kind the rest is.
pub fn check(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else { return };
    match kind % 4 {
        0 => message(rest),
        1 => datagram(rest),
        2 => sealed(rest),
        _ => drop(crate::live::run(rest)),
    }
}

fn message(bytes: &[u8]) {
    let Ok(m) = CallMessage::from_bytes(bytes) else { return };
    assert!(m.to_bytes() == bytes, "a second spelling was read");
    assert!(bytes.len() <= CALL_MESSAGE_BYTES + 16);
    match &m {
        CallMessage::Report(r) => {
            assert!(r.links.len() <= limits::MEMBERS && r.links.is_sorted_by(|a, b| a.peer < b.peer));
            assert!(r.links.iter().all(|l| r.link(&l.peer) == Some(l)));
        }
        CallMessage::Epoch(e) => assert!(e.relay.is_some() || e.backup.is_none()),
        CallMessage::Signal { bytes, .. } => assert!(bytes.len() <= limits::SIGNAL_BYTES),
        CallMessage::Proof(p) => proof(p),
        CallMessage::Key { .. } => assert!(format!("{m:?}").ends_with("***)")),
        _ => {}
    }
}

fn datagram(bytes: &[u8]) {
    let Ok(d) = Datagram::from_bytes(bytes) else { return };
    assert!(d.to_bytes() == bytes, "a second spelling was read");
    assert!(bytes.len() <= limits::DATAGRAM_BYTES + 16);
    if let Datagram::Proof(p) = &d {
        proof(p);
    }
}

fn proof(p: &Proof) {
    assert!((1..=limits::PROOF_FRAMES).contains(&p.hashes.len()));
    assert!(p.first.checked_add(p.hashes.len() as u64).is_some());
}

fn sealed(bytes: &[u8]) {
    if let Some(plain) = Plain::from_bytes(bytes) {
        assert!(plain.to_bytes() == bytes, "a second spelling was read");
        assert!(plain.level <= 127 && (1..=limits::OPUS_BYTES).contains(&plain.opus.len()));
    }
    let header = seal::header(bytes);
    let Some(plain) = Opener::new(ID, &secret()).and_then(|o| o.open(bytes)) else { return };
    if let Some((id, counter)) = header {
        assert!(id == ID, "opened under another id");
        let again = Sealer::new(ID, &secret()).and_then(|s| s.seal(counter, &plain));
        assert!(again.as_deref() == Some(bytes), "two sealed frames of one counter and plain text");
    }
    if let Some(plain) = Plain::from_bytes(&plain) {
        assert!(Plain::from_bytes(&plain.to_bytes()) == Some(plain));
    }
}

/// The first inputs of a fuzzer.
pub fn seeds() -> Vec<Vec<u8>> {
    let of = |kind: u8, bytes: Vec<u8>| [vec![kind], bytes].concat();
    let plain = |position| {
        let opus = vec![7; 60];
        Plain { timestamp: 960, level: 30, voice: true, whisper: false, priority: true, position, opus }.to_bytes()
    };
    let sealer = Sealer::new(ID, &secret());
    let frames = [(0, plain(None)), (300, plain(Some([-5, 700]))), (1 << 40, vec![])];
    let frames: Vec<_> = frames
        .iter()
        .filter_map(|(counter, plain)| sealer.as_ref()?.seal(*counter, plain))
        .chain([plain(None)])
        .collect();
    let messages = messages().into_iter().map(|m| of(0, m.to_bytes()));
    let datagrams = datagrams().into_iter().map(|d| of(1, d.to_bytes()));
    let live = crate::lives::seeds().into_iter().map(|s| of(3, s));
    messages.chain(datagrams).chain(frames.into_iter().map(|f| of(2, f))).chain(live).collect()
}

fn proofs() -> Proof {
    Proof::sign(CALL, [3; 16], 70, vec![[1; 8], [2; 8]], people::key(1))
}

fn messages() -> Vec<CallMessage> {
    let link = |n: usize| LinkReport {
        peer: people::peer(n),
        rtt_ms: (n > 1).then_some(40),
        failed: n == 1,
        loss_permille: 3,
        voice_loss_permille: 4,
    };
    let report = Report::unsigned(5, 4_000, true, 60, vec![link(1), link(2)]).sign(CALL, people::key(1));
    let ends = (Some(people::peer(1)), Some(people::peer(2)));
    vec![
        CallMessage::Hello { session: [1; 16], role: Role::Talker, known: Some([2; 16]) },
        CallMessage::Hello { session: [1; 16], role: Role::Volunteer, known: None },
        CallMessage::Report(report),
        CallMessage::Epoch(Epoch::sign(CALL, 3, ends, ([1; 32], [2; 32]), Reason::Many, people::key(1))),
        CallMessage::Suspect { epoch: 3 },
        CallMessage::Key { id: ID, secret: [4; 32], signature: [5; 64] },
        CallMessage::KeyAck { id: ID },
        CallMessage::KeyWant,
        CallMessage::Signal { counter: 1, bytes: vec![6; 30], signature: [7; 64] },
        CallMessage::Bye,
        CallMessage::Priority(true),
        CallMessage::ProofWant { counter: 70 },
        CallMessage::Proof(proofs()),
        CallMessage::Unknown { kind: 99, body: vec![1, 2] },
    ]
}

fn datagrams() -> Vec<Datagram> {
    vec![
        Datagram::Heartbeat { epoch: 3, ready: true },
        Datagram::Alive { epoch: 3 },
        Datagram::Proof(proofs()),
        Datagram::Unknown { kind: 9, body: vec![1] },
    ]
}
