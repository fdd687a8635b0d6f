//! What members say to each other about a call: messages over the control channel, datagrams along the media path.
//!
//! Both are `[version, kind, body]` with the body a byte string of its own, so that a kind this build does not know still
//! has one spelling and is passed over.

use crate::{Epoch, Report, Role, limits, proof::Proof};
use hearth_wire::cbor::{Codec, DecodeError, Reader, Writer};

/// Version of what this build says.
pub const VERSION: u8 = 1;
/// Bytes of a message or its body.
const MESSAGE_BYTES: usize = hearth_types::limits::CALL_MESSAGE_BYTES;

/// Random name of one process's stay in a call. What is signed for a session cannot be told again in another.
pub type Session = [u8; 16];

/// To one member over its authenticated, ordered, encrypted channel.
#[derive(Clone, PartialEq, Eq)]
pub enum CallMessage {
    /// The first word to a peer, and again after its channel came back.
    Hello {
        /// Sender's.
        session: Session,
        /// What the sender is to the call.
        role: Role,
        /// The receiver's session, as far as the sender knows; who reads another one here answers with a hello.
        known: Option<Session>,
    },
    /// How the sender's links are.
    Report(Report),
    /// How the call runs.
    Epoch(Epoch),
    /// The sender hears nothing of the relay of an epoch.
    Suspect {
        /// Of which epoch.
        epoch: u64,
    },
    /// A sender key: what the sender's frames with this id open with.
    Key {
        /// See [`crate::keys`].
        id: u64,
        /// Fresh random bytes, or their ratchet.
        secret: [u8; 32],
        /// Over the call, both devices, the receiver's session, the id and the secret.
        signature: [u8; 64],
    },
    /// A sender key arrived.
    KeyAck {
        /// Its id.
        id: u64,
    },
    /// Frames come that no known key of the receiver opens.
    KeyWant,
    /// Bytes of the media transport.
    Signal {
        /// Rises within a session.
        counter: u64,
        /// Opaque.
        bytes: Vec<u8>,
        /// Over the call, both devices and sessions, the counter and the bytes.
        signature: [u8; 64],
    },
    /// The sender goes out.
    Bye,
    /// The sender speaks with priority, or no longer. For a relay, which cannot look into frames.
    Priority(bool),
    /// The proof of a frame of the receiver's did not come along the media path.
    ProofWant {
        /// The frame's counter.
        counter: u64,
    },
    /// The sender's proof of some of its frames.
    Proof(Proof),
    /// What came of a train of the receiver's; see [`crate::uplink`].
    Probed {
        /// Which.
        train: u32,
        /// Packets of its second half.
        came: u16,
        /// How much longer it took to come than to be sent.
        grown_us: u32,
    },
    /// Of a later build.
    Unknown {
        /// Which.
        kind: u64,
        /// Whatever it holds.
        body: Vec<u8>,
    },
}

impl std::fmt::Debug for CallMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Hello { role, .. } => write!(f, "Hello({role:?})"),
            Self::Report(r) => write!(f, "{r:?}"),
            Self::Epoch(e) => write!(f, "{e:?}"),
            Self::Suspect { epoch } => write!(f, "Suspect({epoch})"),
            Self::Key { id, .. } => write!(f, "Key({id:x}, ***)"),
            Self::KeyAck { id } => write!(f, "KeyAck({id:x})"),
            Self::KeyWant => f.write_str("KeyWant"),
            Self::Signal { counter, bytes, .. } => write!(f, "Signal({counter}, {} bytes)", bytes.len()),
            Self::Bye => f.write_str("Bye"),
            Self::Priority(on) => write!(f, "Priority({on})"),
            Self::ProofWant { counter } => write!(f, "ProofWant({counter})"),
            Self::Proof(p) => write!(f, "Proof({} of {:?})", p.first, p.device),
            Self::Probed { train, came, grown_us } => write!(f, "Probed({train}: {came}, {grown_us} us)"),
            Self::Unknown { kind, body } => write!(f, "Unknown({kind}, {} bytes)", body.len()),
        }
    }
}

impl CallMessage {
    fn kind(&self) -> u64 {
        match self {
            Self::Hello { .. } => 0,
            Self::Report(_) => 1,
            Self::Epoch(_) => 2,
            Self::Suspect { .. } => 3,
            Self::Key { .. } => 4,
            Self::KeyAck { .. } => 5,
            Self::KeyWant => 6,
            Self::Signal { .. } => 7,
            Self::Bye => 8,
            Self::Priority(_) => 9,
            Self::ProofWant { .. } => 10,
            Self::Proof(_) => 11,
            Self::Probed { .. } => 12,
            Self::Unknown { kind, .. } => *kind,
        }
    }
    fn body(&self) -> Vec<u8> {
        let mut w = Writer::default();
        match self {
            Self::Hello { session, role, known } => {
                w.array(3).bytes(session).uint(*role as u8).option(known.as_ref(), |w, s| {
                    w.bytes(s);
                });
            }
            Self::Report(report) => report.write(&mut w),
            Self::Epoch(epoch) => epoch.write(&mut w),
            Self::Suspect { epoch } => {
                w.uint(*epoch);
            }
            Self::Key { id, secret, signature } => {
                w.array(3).uint(*id).bytes(secret).bytes(signature);
            }
            Self::KeyAck { id } => {
                w.uint(*id);
            }
            Self::KeyWant | Self::Bye => {
                w.null();
            }
            Self::Priority(on) => {
                w.flag(*on);
            }
            Self::ProofWant { counter } => {
                w.uint(*counter);
            }
            Self::Proof(proof) => proof.write(&mut w),
            Self::Signal { counter, bytes, signature } => {
                w.array(3).uint(*counter).bytes(bytes).bytes(signature);
            }
            Self::Probed { train, came, grown_us } => {
                w.array(3).uint(*train).uint(*came).uint(*grown_us);
            }
            Self::Unknown { body, .. } => return body.clone(),
        }
        w.finish()
    }
    fn read_body(kind: u64, body: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(body);
        let message = match kind {
            0 => {
                r.array(3)?;
                let session = r.fixed()?;
                let role = match r.uint::<u8>()? {
                    0 => Role::Talker,
                    1 => Role::Volunteer,
                    _ => return Err(DecodeError::Malformed),
                };
                Self::Hello { session, role, known: r.option(Reader::fixed)? }
            }
            1 => Self::Report(Codec::read(&mut r)?),
            2 => Self::Epoch(Codec::read(&mut r)?),
            3 => Self::Suspect { epoch: r.uint()? },
            4 => {
                r.array(3)?;
                Self::Key { id: r.uint()?, secret: r.fixed()?, signature: r.fixed()? }
            }
            5 => Self::KeyAck { id: r.uint()? },
            6 | 8 => {
                r.option(|_| Err::<(), _>(DecodeError::Malformed))?;
                if kind == 6 { Self::KeyWant } else { Self::Bye }
            }
            7 => {
                r.array(3)?;
                let (counter, bytes) = (r.uint()?, r.bytes(limits::SIGNAL_BYTES, "signal")?.to_vec());
                Self::Signal { counter, bytes, signature: r.fixed()? }
            }
            9 => Self::Priority(r.flag()?),
            10 => Self::ProofWant { counter: r.uint()? },
            11 => Self::Proof(Codec::read(&mut r)?),
            12 => {
                r.array(3)?;
                Self::Probed { train: r.uint()?, came: r.uint()?, grown_us: r.uint()? }
            }
            kind => return Ok(Self::Unknown { kind, body: body.to_vec() }),
        };
        Ok(message)
    }
}

impl Codec for CallMessage {
    fn write(&self, w: &mut Writer) {
        w.array(3).uint(VERSION).uint(self.kind()).bytes(&self.body());
    }
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (kind, body) = envelope(r, MESSAGE_BYTES)?;
        Self::read_body(kind, body)
    }
}

/// Along the media path: small, lost at times, in any order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Datagram {
    /// A relay or stand-by lives.
    Heartbeat {
        /// By which agreement.
        epoch: u64,
        /// Whether it is linked with everybody.
        ready: bool,
    },
    /// A member hears the relay or stand-by.
    Alive {
        /// By which agreement.
        epoch: u64,
    },
    /// A sender's signature over its frames.
    Proof(Proof),
    /// Of a later build.
    Unknown {
        /// Which.
        kind: u64,
        /// Whatever it holds.
        body: Vec<u8>,
    },
}

impl Codec for Datagram {
    fn write(&self, w: &mut Writer) {
        let mut body = Writer::default();
        let (kind, body) = match self {
            Self::Heartbeat { epoch, ready } => {
                body.array(2).uint(*epoch).flag(*ready);
                (0, body.finish())
            }
            Self::Alive { epoch } => {
                body.uint(*epoch);
                (1, body.finish())
            }
            Self::Proof(proof) => {
                proof.write(&mut body);
                (2, body.finish())
            }
            Self::Unknown { kind, body } => (*kind, body.clone()),
        };
        w.array(3).uint(VERSION).uint(kind).bytes(&body);
    }
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (kind, body) = envelope(r, limits::DATAGRAM_BYTES)?;
        let mut r = Reader::new(body);
        Ok(match kind {
            0 => {
                r.array(2)?;
                Self::Heartbeat { epoch: r.uint()?, ready: r.flag()? }
            }
            1 => Self::Alive { epoch: r.uint()? },
            2 => Self::Proof(Codec::read(&mut r)?),
            kind => Self::Unknown { kind, body: body.to_vec() },
        })
    }
}

fn envelope<'a>(r: &mut Reader<'a>, max: usize) -> Result<(u64, &'a [u8]), DecodeError> {
    r.array(3)?;
    if r.uint::<u8>()? != VERSION {
        return Err(DecodeError::Malformed);
    }
    Ok((r.uint()?, r.bytes(max, "body")?))
}
