//! Who may be around a call, and what each can say: everything is drawn from a few bytes.

use hearth_crypto::{DeviceKey, Secret32, hash, verify};
use hearth_ports::rtc::MediaFrame;
use hearth_types::{DeviceId, PeerKey, UserId};
use hearth_voice::{
    CallId, CallMessage, Datagram, Epoch, Member, Report, Role,
    epoch::Reason,
    keys::{KeyId, device_tag, ratchet},
    message::Session,
    proof::{Proof, frame_hash},
    report::LinkReport,
    seal::{Plain, Sealer},
};
use hearth_wire::cbor::Codec;
use std::sync::LazyLock;

pub const CALL: CallId = CallId([42; 32]);
const KEY: &str = "hearth/call/key/1";
/// Oneself is 0; these first ones have keys, the others are a crowd of names.
pub const SIGNERS: usize = 4;
pub const PEOPLE: usize = 16;

/// Takes bytes one by one; nothing but zeros once they are over.
pub struct Cursor<'a> {
    bytes: &'a [u8],
    /// Which repetition of one operation this is; numbers rise with it.
    pub turn: u64,
}

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8], turn: u64) -> Self {
        Self { bytes, turn }
    }
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        *first
    }
    pub fn below(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n
    }
    pub fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }
    /// Small, or where limits and widths lie.
    pub fn number(&mut self) -> u64 {
        let n = self.byte();
        match n {
            0..200 => u64::from(n) + self.turn,
            200..228 => u64::MAX - u64::from(n - 200),
            _ => 1 << ((n - 228) * 2 + 9),
        }
    }
}

pub fn key(n: usize) -> &'static DeviceKey {
    static KEYS: LazyLock<[DeviceKey; SIGNERS]> =
        LazyLock::new(|| [1, 2, 3, 4].map(|n| DeviceKey::from_seed(&Secret32::new([n; 32]))));
    &KEYS[n % SIGNERS]
}

pub fn device(n: usize) -> DeviceId {
    if n < SIGNERS { key(n).id() } else { DeviceId([n as u8; 32]) }
}

pub fn peer(n: usize) -> PeerKey {
    PeerKey([n as u8 * 16 + 8; 32])
}

pub fn member(n: usize, since_ms: u64) -> Member {
    Member {
        peer: peer(n),
        device: device(n),
        user: UserId([n as u8; 32]),
        since_ms,
        muted: false,
        deafened: false,
        server_muted: false,
        may_prioritise: true,
        linked: true,
        role: Role::Talker,
    }
}

/// A key of somebody's own. Nobody else ever says it is theirs.
fn secret(signer: usize, which: u8) -> Secret32 {
    Secret32::new(hash("test/secret", &[&[signer as u8, which]]))
}

fn session(signer: usize, which: u8) -> Session {
    [signer as u8 * 16 + which % 4; 16]
}

/// What others know of the call they talk to.
#[derive(Default)]
pub struct Known {
    pub session: Option<Session>,
    pub epoch: Option<Epoch>,
    pub own_key: u64,
    /// Sealed frames that were sent to it: sealer, counter, bytes.
    pub frames: Vec<(usize, u64, Vec<u8>)>,
}

impl Known {
    fn epoch(&self, c: &mut Cursor<'_>) -> u64 {
        let n = self.epoch.as_ref().map_or(0, |e| e.n);
        match c.byte() {
            b @ 0..8 => n.saturating_add(u64::from(b)),
            8 => n.saturating_sub(1),
            _ => c.number(),
        }
    }

    /// Whether a message is a key that a device itself gives to this call.
    pub fn is_key_of(&self, device: DeviceId, message: &CallMessage) -> bool {
        let CallMessage::Key { id, secret, signature } = message else { return false };
        let mine = self.session.unwrap_or_default();
        let parts: [&[u8]; 6] = [&CALL.0, &device.0, &self::device(0).0, &mine, &id.to_be_bytes(), secret];
        verify(&device.0, KEY, &parts, signature)
    }

    /// Who signs for whom a link is: mostly the same.
    fn signer(from: usize, c: &mut Cursor<'_>) -> usize {
        match c.byte() {
            b @ 0..4 => usize::from(b),
            _ => from % SIGNERS,
        }
    }

    /// A message, signed by whoever, and at times bent.
    pub fn message(&self, from: usize, c: &mut Cursor<'_>) -> Vec<u8> {
        let signer = Self::signer(from, c);
        let bent = c.byte();
        let message = self.sound(signer, c);
        let mut bytes = message.to_bytes();
        if bent >= 0xe0 {
            let at = c.below(bytes.len());
            bytes[at] ^= 1 << (bent & 7);
        }
        bytes
    }

    fn sound(&self, signer: usize, c: &mut Cursor<'_>) -> CallMessage {
        let mine = self.session.unwrap_or_default();
        match c.below(14) {
            0 => {
                let role = if c.flag() { Role::Volunteer } else { Role::Talker };
                let known = [Some(mine), None, Some([7; 16])][c.below(3)];
                CallMessage::Hello { session: session(signer, c.byte()), role, known }
            }
            1 => CallMessage::Report(self.report(signer, c)),
            2 => {
                let n = self.epoch(c);
                let mut end = || Some(c.below(PEOPLE + 1)).filter(|n| *n < PEOPLE).map(peer);
                let ends = (end(), end());
                let reason = [
                    Reason::Start,
                    Reason::Many,
                    Reason::Few,
                    Reason::Failure,
                    Reason::HandOver,
                    Reason::Backup,
                    Reason::Reassert,
                ][c.below(7)];
                CallMessage::Epoch(Epoch::sign(CALL, n, ends, ([1; 32], [c.byte(); 32]), reason, key(signer)))
            }
            3 => CallMessage::Suspect { epoch: self.epoch(c) },
            4 => {
                let (id, secret) = Self::sender_key(signer, c.turn as u16, c);
                let session = if c.flag() { [7; 16] } else { mine };
                let parts: [&[u8]; 6] =
                    [&CALL.0, &device(signer).0, &device(0).0, &session, &id.to_be_bytes(), secret.expose()];
                let signature = key(signer).sign(KEY, &parts);
                CallMessage::Key { id, secret: *secret.expose(), signature }
            }
            5 => CallMessage::KeyAck { id: if c.flag() { c.number() } else { self.own_key } },
            6 => CallMessage::KeyWant,
            7 => {
                let (counter, theirs) = (c.number(), session(signer, c.byte()));
                let bytes = vec![c.byte(); c.below(200)];
                let count = counter.to_be_bytes();
                let parts: [&[u8]; 7] = [&CALL.0, &device(signer).0, &device(0).0, &theirs, &mine, &count, &bytes];
                CallMessage::Signal { counter, signature: key(signer).sign("hearth/call/signal/1", &parts), bytes }
            }
            8 => CallMessage::Bye,
            9 => CallMessage::Priority(c.flag()),
            10 => CallMessage::ProofWant { counter: c.number() },
            11 => CallMessage::Proof(self.proof(signer, c)),
            12 => {
                let train = if c.flag() { u32::from(c.byte()) } else { c.number() as u32 };
                CallMessage::Probed { train, came: c.number() as u16, grown_us: c.number() as u32 }
            }
            _ => CallMessage::Unknown { kind: c.number().max(100), body: vec![c.byte(); c.below(200)] },
        }
    }

    fn report(&self, signer: usize, c: &mut Cursor<'_>) -> Report {
        let (counter, epoch, links, shape) = (c.number(), self.epoch(c), c.byte(), c.byte());
        let links = (0..8).filter(|n| links >> n & 1 == 1).map(|n| LinkReport {
            peer: peer(n),
            rtt_ms: (shape & 1 == 1).then_some(u16::from(shape) * 200),
            failed: shape & 2 == 2,
            loss_permille: u16::from(shape) * 257,
            voice_loss_permille: u16::from(shape) * 257,
        });
        let kbps = [0, 300, 20_000, u32::MAX][usize::from(shape >> 2 & 3)];
        let uptime = [0, 60, 3_600, u32::MAX][usize::from(shape >> 4 & 3)];
        let mut report = Report::unsigned(counter, kbps, shape & 64 == 0, uptime, links.collect());
        report.epoch = epoch;
        report.epoch_hash = self.epoch.as_ref().filter(|_| shape & 128 == 0).map_or([0; 32], Epoch::hash);
        report.sign(CALL, key(signer))
    }

    /// A proof of frames that were sent, or of none.
    pub fn proof(&self, signer: usize, c: &mut Cursor<'_>) -> Proof {
        let (theirs, how, length) = (session(signer, c.byte()), c.byte(), 1 + c.below(64));
        let last = self.frames.iter().rev().find(|(sealer, _, _)| *sealer == signer);
        let first = match last {
            Some((_, counter, _)) if how < 200 => counter.saturating_sub(length as u64 - 1),
            _ => c.number(),
        };
        let first = first.min(u64::MAX - length as u64);
        let hashes = (first..).take(length).map(|counter| {
            let frame = self.frames.iter().rev().find(|(s, n, _)| (*s, *n) == (signer, counter));
            frame.filter(|_| how & 3 != 3).map_or([how; 8], |(_, _, bytes)| frame_hash(bytes))
        });
        Proof::sign(CALL, theirs, first, hashes.collect(), key(signer))
    }

    /// A datagram, at times bent.
    pub fn datagram(&self, from: usize, c: &mut Cursor<'_>) -> Vec<u8> {
        let (kind, epoch) = (c.byte(), c.byte());
        let n = self.epoch.as_ref().map_or(0, |e| e.n);
        let epoch = if epoch < 200 { n } else { c.number() };
        let datagram = match kind % 4 {
            0 => Datagram::Heartbeat { epoch, ready: c.flag() },
            1 => Datagram::Alive { epoch },
            2 => Datagram::Proof(self.proof(from % SIGNERS, c)),
            _ => Datagram::Unknown { kind: c.number().max(3), body: vec![c.byte(); c.below(256) * 8] },
        };
        let mut bytes = datagram.to_bytes();
        if kind >= 0xe0 {
            let at = c.below(bytes.len());
            bytes[at] ^= 1 << c.below(8);
        }
        bytes
    }

    /// Id and key of a generation of somebody's.
    fn sender_key(signer: usize, later: u16, c: &mut Cursor<'_>) -> (u64, Secret32) {
        let (shape, generation, step) = (c.byte(), u16::from(c.byte()) + later, c.byte());
        let whose = if shape & 0xf0 == 0xf0 { usize::from(shape & 15) } else { signer };
        let id = KeyId { tag: device_tag(CALL, device(whose)), whisper: shape & 4 == 4, generation, step };
        (id.to_u64(), secret(signer, shape & 3))
    }

    /// A frame sealed by somebody under a key of theirs, or the one after it. Its sound begins with who sealed it.
    pub fn frame(&mut self, from: usize, c: &mut Cursor<'_>) -> MediaFrame {
        let sealer = Self::signer(from, c);
        let (slot, bent, size) = (c.byte() % 6, c.byte(), c.byte());
        let (id, mut secret) = Self::sender_key(sealer, 0, c);
        let (counter, ahead, level) = (c.number(), c.byte(), c.byte());
        let ahead = if ahead < 128 { 0 } else { (ahead - 128) % 70 };
        (0..ahead).for_each(|_| secret = ratchet(&secret));
        let opus = vec![sealer as u8; [60, 1, 1275 * 3 + 8, 5_000, 0, 200][usize::from(size % 6)]];
        let plain = Plain {
            timestamp: counter as u32,
            level,
            voice: size & 64 == 0,
            whisper: size & 128 == 128,
            priority: bent & 64 == 64,
            position: (bent & 32 == 32).then_some([level.into(), -5]),
            opus,
        };
        let id = id & !0xff | u64::from((id as u8).saturating_add(ahead));
        let sealed = Sealer::new(id, &secret).and_then(|s| s.seal(counter, &plain.to_bytes()));
        let mut payload = sealed.unwrap_or_else(|| vec![bent; usize::from(size)]);
        if bent >= 0xf0 {
            let at = payload.len() * usize::from(level) / 256;
            payload.get_mut(at).into_iter().for_each(|b| *b ^= 1 << (bent & 7));
        }
        if self.frames.len() > 200 {
            self.frames.remove(0);
        }
        self.frames.push((sealer, counter, payload.clone()));
        MediaFrame { slot, timestamp: counter as u32, level, voice: size & 64 == 0, payload }
    }
}
