//! Chance, and mutations of whole inputs.

use crate::{keys, tree::Tree};
use hearth_crypto::{Secret16, hash::sha256};
use hearth_types::{Class, EntryId, Envelope, Scope, limits};
use hearth_wire::{
    CheckedEntry, GossipBody, InviteLink, cbor::Codec, entry::seal_content, envelope::needs_skip, gossip,
};

/// Chance drawn from the seed that libFuzzer gives (xorshift64*).
pub struct Dice(u64);

impl Dice {
    /// From libFuzzer's seed.
    pub fn new(seed: u32) -> Self {
        Self(u64::from(seed) << 1 | 1)
    }
    /// The next random number.
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
    /// Below `n`, which must not be 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() >> 33) as usize % n
    }
    /// A number where limits and widths lie.
    pub fn number(&mut self) -> u64 {
        const EDGES: [u64; 20] = [
            0,
            1,
            23,
            24,
            25,
            255,
            256,
            65_535,
            65_536,
            8_192,
            8_193,
            16_384,
            16_385,
            0xffff_ffff,
            0x1_0000_0000,
            1 << 48,
            u64::MAX,
            u64::MAX - 1,
            0xff_ffff,
            0x100_0000,
        ];
        if self.below(2) == 0 { EDGES[self.below(EDGES.len())] } else { self.next() >> self.below(64) }
    }
    /// Any item without items.
    pub fn leaf(&mut self) -> Tree {
        match self.below(6) {
            0 => Tree::Number(0, self.number()),
            1 => Tree::Text(2, keys::filler(32, self.next() as u8)),
            2 => Tree::Text(2, keys::filler(64, self.next() as u8)),
            3 => Tree::Text(3, self.word()),
            4 => Tree::Array(Vec::new()),
            _ => Tree::Simple([0xf4, 0xf5, 0xf6, 0xf7, 0xff, 0xfb][self.below(6)]),
        }
    }
    /// A word: plain, blank, with control characters, of several bytes a letter, not UTF-8 at all.
    pub fn word(&mut self) -> Vec<u8> {
        let words: [&[u8]; 9] = [
            b"general",
            b" ",
            b"a\nb",
            "ñandú".as_bytes(),
            "🙂".as_bytes(),
            b"\xff\xfe",
            b"",
            b"\0",
            "e\u{301}\u{202e}".as_bytes(),
        ];
        words[self.below(words.len())].repeat([1, 1, 1, 2, 64, 65, 600][self.below(7)])
    }
    /// Changes bytes in place with libFuzzer's own mutations.
    pub fn scramble(&mut self, bytes: &mut Vec<u8>) {
        let size = bytes.len();
        bytes.resize(size + 32, 0);
        let size = libfuzzer_sys::fuzzer_mutate(bytes, size, size + 32);
        bytes.truncate(size);
    }
}

/// Puts `new` into libFuzzer's buffer, if it fits.
pub fn put(data: &mut [u8], size: usize, max_size: usize, new: Option<Vec<u8>>) -> usize {
    match new {
        Some(new) if new.len() <= max_size && new.len() <= data.len() => {
            data[..new.len()].copy_from_slice(&new);
            new.len()
        }
        _ => libfuzzer_sys::fuzzer_mutate(data, size, max_size),
    }
}

/// Bends the CBOR tree of an input a few times.
pub fn cbor(bytes: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
    let mut tree = Tree::whole(bytes)?;
    for _ in 0..1 + dice.below(3) {
        tree.bend(dice);
    }
    let mut out = Vec::new();
    let loose = dice.below(16) == 0;
    tree.write(&mut out, &mut if loose { Some(dice) } else { None });
    Some(out)
}

/// Bends an entry's envelope or body, makes lengths, hashes and links agree again (most times), and signs again.
pub fn entry(bytes: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
    let Some(Tree::Array(mut parts)) = Tree::whole(bytes) else { return None };
    let [Tree::Text(2, envelope_bytes), _, body] = parts.as_mut_slice() else { return None };
    if dice.below(12) == 0 {
        // The outer shape itself, unsigned.
        return cbor(bytes, dice);
    }
    let mut body = match body {
        Tree::Text(2, body) => Some(std::mem::take(body)),
        _ => None,
    };
    let bend_body = dice.below(2) == 0;
    let bent = if bend_body { envelope_bytes.clone() } else { cbor(envelope_bytes, dice)? };
    let Ok(mut envelope) = Envelope::from_bytes(&bent) else {
        // No envelope at all: sign the senseless bytes, for the decoder must refuse them by itself.
        return Some(sealed_parts(&bent, body.as_deref()));
    };
    if dice.below(8) != 0 {
        agree(&mut envelope);
    }
    if bend_body {
        body = Some(match envelope.class {
            Class::Control => cbor(&body.unwrap_or_default(), dice).unwrap_or_else(|| dice.word()),
            _ => {
                let plain = CheckedEntry::from_bytes(bytes)
                    .ok()
                    .and_then(|e| e.content(&keys::secret()).ok())
                    .map(|c| c.to_bytes());
                let plain = cbor(&plain.unwrap_or_else(|| keys::message().to_bytes()), dice)?;
                seal(&envelope, &plain)
            }
        });
    }
    match body {
        Some(body) if dice.below(8) != 0 => Some(CheckedEntry::sign(envelope, body, &keys::device()).to_bytes()),
        body => Some(sealed_parts(&envelope.to_bytes(), body.as_deref())),
    }
}

/// Makes an envelope pass most checks that tie fields together.
fn agree(e: &mut Envelope) {
    e.device = keys::device().id();
    e.day = e.hlc.day();
    e.seq = e.seq.max(1);
    e.prev = (e.seq > 1).then(|| e.prev.unwrap_or(EntryId([5; 32])));
    e.skip = needs_skip(e.seq).then(|| e.skip.unwrap_or(EntryId([6; 32])));
    let c = &mut e.counters;
    c.scope_entries = c.scope_entries.clamp(1, limits::DAY_SCOPE_ENTRIES);
    c.scopes = c.scopes.clamp(1, limits::DAY_SCOPES);
    c.entries = c.entries.clamp(c.scope_entries.max(c.scopes), limits::DAY_ENTRIES);
    c.body_bytes = c.body_bytes.clamp(limits::BODY_BYTES as u64, limits::DAY_BODY_BYTES);
    if e.class == Class::Control {
        (e.scope, e.key) = (Scope::Control, None);
    }
}

/// `[envelope, signature, body]` with a true signature over whatever the envelope bytes are.
fn sealed_parts(envelope: &[u8], body: Option<&[u8]>) -> Vec<u8> {
    let signature = keys::device().sign("hearth/entry/1", &[envelope]);
    let body = body.map_or(Tree::Simple(0xf6), |b| Tree::Text(2, b.to_vec()));
    Tree::Array(vec![Tree::Text(2, envelope.to_vec()), Tree::Text(2, signature.to_vec()), body]).bytes()
}

/// Seals any plain bytes as the body of an envelope.
fn seal(envelope: &Envelope, plain: &[u8]) -> Vec<u8> {
    let mut entropy = keys::entropy();
    let Some(key) = envelope.key else {
        return seal_content(envelope, &keys::message(), &keys::secret(), &mut entropy);
    };
    let key = keys::secret().message_key(envelope.scope, envelope.device, key.index);
    hearth_crypto::aead::seal(&key, &hearth_wire::envelope::associated_bytes(envelope), plain, &mut entropy)
}

/// Unwraps a gossip payload, bends what is inside, wraps it again; an entry inside is bent and signed again.
pub fn gossip(bytes: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
    let plain = plain_gossip(bytes)?;
    let bent = match GossipBody::from_bytes(&plain) {
        Ok(GossipBody::Entry(inner)) if dice.below(2) == 0 => GossipBody::Entry(entry(&inner, dice)?).to_bytes(),
        Ok(GossipBody::Ephemeral(e)) if dice.below(3) == 0 => {
            let (counter, until) = (e.counter.wrapping_add(dice.number()), dice.number());
            GossipBody::Ephemeral(gossip::Ephemeral::sign(keys::SPACE, counter, until, e.signal, &keys::device()))
                .to_bytes()
        }
        _ => cbor(&plain, dice)?,
    };
    Some(wrap_plain(&bent))
}

/// What is under a payload's seal, whether or not it means anything.
pub fn plain_gossip(bytes: &[u8]) -> Option<Vec<u8>> {
    let hint = bytes.get(1..9)?;
    hearth_crypto::aead::open(&keys::secret().gossip_key(), hint, bytes.get(9..)?).ok()
}

fn wrap_plain(plain: &[u8]) -> Vec<u8> {
    // Any payload of ours carries the right version and hint in front.
    let mut out = gossip::wrap(&GossipBody::Entry(Vec::new()), &keys::secret(), &mut keys::entropy());
    out.truncate(9);
    let sealed =
        hearth_crypto::aead::seal(&keys::secret().gossip_key(), &out[1..9].to_vec(), plain, &mut keys::entropy());
    out.extend_from_slice(&sealed);
    out
}

/// Bends an invite's payload, makes its checksum again and writes it in one of the forms.
pub fn invite(bytes: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut payload = InviteLink::parse(text).map(|l| l.to_payload()).ok().or_else(|| {
        let code = text.rsplit(['=', '#', '/']).next()?;
        data_encoding::BASE64URL_NOPAD.decode(code.as_bytes()).ok()
    })?;
    if payload.len() < 4 || dice.below(10) == 0 {
        return None;
    }
    payload.truncate(payload.len() - 4);
    match dice.below(5) {
        0 if payload.len() > 54 => {
            // A whole peer record, of a known or an unknown kind, v4, v6 or neither.
            let length = [39, 51, 40, 0, 35][dice.below(5)];
            payload.extend_from_slice(&[[1, 1, 1, 2, 255][dice.below(5)], length]);
            payload.extend_from_slice(&keys::filler(usize::from(length), dice.below(2) as u8));
        }
        1 if payload.len() > 54 => payload.truncate(54),
        _ => dice.scramble(&mut payload),
    }
    let sum = sha256(&payload);
    payload.extend_from_slice(&sum[..4]);
    let code = data_encoding::BASE64URL_NOPAD.encode(&payload);
    Some(
        match dice.below(5) {
            0 => format!("https://example.org/hearth/#{code}"),
            1 => code,
            2 => format!("MESH://J/{}", data_encoding::BASE32_NOPAD.encode(&payload)),
            _ => format!("mesh://join?c={code}"),
        }
        .into_bytes(),
    )
}

/// Bends a call message or datagram inside its envelope, a frame under its seal, or the operations on a live call.
pub fn call(bytes: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
    let (kind, rest) = bytes.split_first()?;
    let bent = match kind % 4 {
        0 | 1 => enveloped(rest, dice)?,
        2 => sealed(rest, dice)?,
        _ => operations(rest, dice)?,
    };
    Some([&[*kind], bent.as_slice()].concat())
}

/// `[version, kind, body]`, and mostly the body, which is CBOR within a byte string.
fn enveloped(bytes: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
    if dice.below(8) == 0 {
        return cbor(bytes, dice);
    }
    let Some(Tree::Array(mut parts)) = Tree::whole(bytes) else { return None };
    let [_, kind, Tree::Text(2, body)] = parts.as_mut_slice() else { return None };
    match dice.below(10) {
        0 => *kind = Tree::Number(0, dice.below(14) as u64),
        _ => *body = cbor(body, dice)?,
    }
    Some(Tree::Array(parts).bytes())
}

/// What is under a frame's seal, sealed again; now and then its counter.
fn sealed(bytes: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
    use hearth_voice::seal::{Opener, Sealer, header};
    let key = crate::bytes::secret();
    let Some((id, mut counter)) = header(bytes).filter(|(id, _)| *id == crate::bytes::ID) else {
        let mut plain = bytes.to_vec();
        dice.scramble(&mut plain);
        return Some(plain);
    };
    let mut plain = Opener::new(id, &key)?.open(bytes)?;
    if dice.below(4) == 0 {
        counter = dice.number()
    } else {
        dice.scramble(&mut plain)
    }
    let mut sealed = Sealer::new(id, &key)?.seal(counter, &plain)?;
    if dice.below(6) == 0 {
        dice.scramble(&mut sealed);
    }
    Some(sealed)
}

/// Operations are taken out, doubled, swapped, put in between, and bent byte by byte.
fn operations(bytes: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
    use crate::live::{HEAD, OP};
    let (head, ops) = bytes.split_at_checked(HEAD)?;
    let mut ops: Vec<Vec<u8>> = ops.chunks(OP).map(<[u8]>::to_vec).collect();
    for _ in 0..1 + dice.below(4) {
        let (from, to) = (dice.below(ops.len().max(1)), dice.below(ops.len() + 1));
        match dice.below(8) {
            0 if !ops.is_empty() => drop(ops.remove(from)),
            1 if !ops.is_empty() => ops.insert(to, ops[from].clone()),
            2 if to < ops.len() => ops.swap(from, to),
            3 => {
                let new = (0..OP).map(|_| if dice.below(3) == 0 { dice.next() as u8 } else { dice.below(8) as u8 });
                ops.insert(to, new.collect());
            }
            4 if !ops.is_empty() => {
                // A stretch of what happened, once more.
                let stretch = ops[from..(from + 1 + dice.below(12)).min(ops.len())].to_vec();
                ops.splice(to..to, stretch);
            }
            _ if !ops.is_empty() => {
                let op = &mut ops[from];
                let at = dice.below(op.len());
                op[at] = match dice.below(4) {
                    0 => dice.next() as u8,
                    1 => dice.below(16) as u8,
                    2 => op[at] ^ 1 << dice.below(8),
                    _ => [0, 1, 2, 3, 200, 228, 255][dice.below(7)],
                };
            }
            _ => {}
        }
    }
    Some([head, &ops.concat()].concat())
}

pub use crate::json::line;

/// Bends a certificate, join or genesis object and signs it again with the keys it should have.
pub fn identity(bytes: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
    use hearth_types::{Certificate, Genesis, SignedJoin};
    let bent = cbor(bytes, dice)?;
    if dice.below(3) == 0 {
        return Some(bent);
    }
    if let Ok(c) = Certificate::from_bytes(&bent) {
        return Some(keys::root().certify(c.device, c.agreement, c.number).to_bytes());
    }
    if let Ok(j) = SignedJoin::from_bytes(&bent) {
        let c = keys::root().certify(j.certificate.device, j.certificate.agreement, j.certificate.number);
        return Some(hearth_crypto::InviteSecret::new(Secret16::new([3; 16])).join(keys::SPACE, c).to_bytes());
    }
    if let Ok(g) = Genesis::from_bytes(&bent) {
        return Some(keys::sign_genesis(g).to_bytes());
    }
    Some(bent)
}
