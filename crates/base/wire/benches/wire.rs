//! Entries a second, one core: encode, decode, verify, seal, open. `cargo bench -p hearth-wire`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../tests/wire/samples.rs"]
mod samples;

use divan::{Bencher, counter::ItemsCount};
use hearth_crypto::Secret32;
use hearth_types::{Class, ContentBody};
use hearth_wire::{CheckedEntry, Frame, cbor::Codec, entry::seal_content};

fn main() {
    divan::main();
}

/// A message of 120 letters, about the mean of chat.
fn message() -> ContentBody {
    ContentBody::Message { text: "lorem ipsum ".repeat(10), reply_to: None }
}

fn entry() -> CheckedEntry {
    samples::content_entry(5, Class::Message, &message())
}

#[divan::bench]
fn encode_entry(b: Bencher) {
    let entry = entry();
    b.counter(ItemsCount::new(1usize)).bench_local(|| entry.to_bytes());
}

#[divan::bench]
fn encode_envelope(b: Bencher) {
    let entry = entry();
    b.counter(ItemsCount::new(1usize)).bench_local(|| entry.envelope().to_bytes());
}

#[divan::bench]
fn decode_entry_from_own_disk(b: Bencher) {
    let row = entry().to_row();
    b.counter(ItemsCount::new(1usize))
        .with_inputs(|| row.clone())
        .bench_local_values(|row| CheckedEntry::from_row(row).unwrap());
}

#[divan::bench]
fn decode_and_verify_entry(b: Bencher) {
    let bytes = entry().to_bytes();
    b.counter(ItemsCount::new(1usize)).bench_local(|| CheckedEntry::from_bytes(&bytes).unwrap());
}

/// As an import does: 512 entries of 25 devices at a time.
#[divan::bench]
fn decode_and_verify_many(b: Bencher) {
    let devices: Vec<_> = (1..=25).map(|n| hearth_crypto::DeviceKey::from_seed(&Secret32::new([n; 32]))).collect();
    let model = entry();
    let sign = |n: usize| {
        let device = &devices[n % devices.len()];
        let envelope = hearth_types::Envelope { device: device.id(), seq: 1 + n as u64, ..model.envelope().clone() };
        let skip = hearth_wire::envelope::needs_skip(envelope.seq).then_some(hearth_types::EntryId([6; 32]));
        let prev = (envelope.seq > 1).then_some(hearth_types::EntryId([5; 32]));
        let envelope = hearth_types::Envelope { skip, prev, ..envelope };
        CheckedEntry::sign(envelope, model.body().unwrap().to_vec(), device).to_bytes()
    };
    let many: Vec<Vec<u8>> = (0..512).map(sign).collect();
    assert!(CheckedEntry::many_from_bytes(&many).iter().all(Result::is_ok));
    b.counter(ItemsCount::new(many.len())).bench_local(|| CheckedEntry::many_from_bytes(&many));
}

#[divan::bench]
fn verify_signature(b: Bencher) {
    let entry = entry();
    let public = entry.envelope().device.0;
    b.counter(ItemsCount::new(1usize))
        .bench_local(|| hearth_crypto::verify(&public, "hearth/entry/1", &[entry.envelope_bytes()], entry.signature()));
}

#[divan::bench]
fn sign_entry(b: Bencher) {
    let entry = entry();
    let (envelope, body) = (entry.envelope().clone(), entry.body().unwrap().to_vec());
    b.counter(ItemsCount::new(1usize))
        .with_inputs(|| (envelope.clone(), body.clone()))
        .bench_local_values(|(envelope, body)| CheckedEntry::sign(envelope, body, samples::device()));
}

#[divan::bench]
fn seal(b: Bencher) {
    let (envelope, message, secret, mut entropy) =
        (samples::envelope(5, Class::Message), message(), samples::secret(), samples::entropy());
    b.counter(ItemsCount::new(1usize)).bench_local(|| seal_content(&envelope, &message, &secret, &mut entropy));
}

#[divan::bench]
fn open(b: Bencher) {
    let (entry, secret) = (entry(), samples::secret());
    b.counter(ItemsCount::new(1usize)).bench_local(|| entry.content(&secret).unwrap());
}

#[divan::bench]
fn decode_frame_of_500_entries(b: Bencher) {
    let frame =
        Frame::Entries { space: samples::SPACE, request: 1, entries: vec![entry().to_bytes(); 500], next: None };
    let bytes = frame.to_bytes();
    b.counter(ItemsCount::new(500usize)).bench_local(|| Frame::from_bytes(&bytes).unwrap());
}
