//! What each peer says, signed, about its links and itself, and what others rank it by.

use crate::{CallId, limits};
use hearth_crypto::{DeviceKey, hash, verify};
use hearth_types::{DeviceId, PeerKey};
use hearth_wire::cbor::{Codec, DecodeError, Reader, Writer};

const TAG: &str = "hearth/call/report/1";

/// One peer as another sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkReport {
    /// Whom it is about.
    pub peer: PeerKey,
    /// Round trip of the media link; nothing while there is none.
    pub rtt_ms: Option<u16>,
    /// A media link was tried and there is no way.
    pub failed: bool,
    /// Packets lost on the media link, of a thousand.
    pub loss_permille: u16,
    /// Frames of this peer's own voice that never came by any way, of a thousand.
    pub voice_loss_permille: u16,
}

/// A signed report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Rises with every report of a session.
    pub counter: u64,
    /// The agreement it lives by.
    pub epoch: u64,
    /// Hash of that agreement.
    pub epoch_hash: [u8; 32],
    /// What the device can send, kbit/s.
    pub uplink_kbps: u32,
    /// Whether that is measured, or somebody said so; assumed otherwise.
    pub uplink_known: bool,
    /// Whether it may relay.
    pub may_relay: bool,
    /// How long it has been here, seconds.
    pub uptime_s: u32,
    /// In order of peer key.
    pub links: Vec<LinkReport>,
    /// Who signs.
    pub device: DeviceId,
    pub(crate) signature: [u8; 64],
}

impl Report {
    /// A report before it is signed, by no agreement yet.
    pub fn unsigned(counter: u64, uplink_kbps: u32, may_relay: bool, uptime_s: u32, links: Vec<LinkReport>) -> Self {
        Self {
            counter,
            epoch: 0,
            epoch_hash: [0; 32],
            uplink_kbps,
            uplink_known: true,
            may_relay,
            uptime_s,
            links,
            device: DeviceId([0; 32]),
            signature: [0; 64],
        }
    }
    /// Puts the links in order and signs.
    pub fn sign(mut self, call: CallId, key: &DeviceKey) -> Self {
        self.links.sort_by_key(|l| l.peer);
        self.device = key.id();
        self.signature = key.sign(TAG, &[&call.0, &self.signed_part()]);
        self
    }
    /// Whether its device wrote it for `call`.
    pub fn holds(&self, call: CallId) -> bool {
        verify(&self.device.0, TAG, &[&call.0, &self.signed_part()], &self.signature)
    }
    /// What it says of a peer.
    pub fn link(&self, peer: &PeerKey) -> Option<&LinkReport> {
        self.links.binary_search_by_key(peer, |l| l.peer).ok().and_then(|at| self.links.get(at))
    }
    /// Names this report.
    pub fn hash(&self) -> [u8; 32] {
        hash("hearth/call/report-hash/1", &[&self.signed_part()])
    }
    fn signed_part(&self) -> Vec<u8> {
        let mut w = Writer::default();
        self.write_signed(&mut w);
        w.finish()
    }
    fn write_signed(&self, w: &mut Writer) {
        w.array(9).uint(self.counter).uint(self.epoch).bytes(&self.epoch_hash).uint(self.uplink_kbps);
        w.flag(self.uplink_known).flag(self.may_relay).uint(self.uptime_s).array(self.links.len());
        for l in &self.links {
            w.array(5).bytes(&l.peer.0).option(l.rtt_ms.as_ref(), |w, rtt| {
                w.uint(*rtt);
            });
            w.flag(l.failed).uint(l.loss_permille).uint(l.voice_loss_permille);
        }
        w.bytes(&self.device.0);
    }
}

impl Codec for Report {
    fn write(&self, w: &mut Writer) {
        w.array(2);
        self.write_signed(w);
        w.bytes(&self.signature);
    }
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array(2)?;
        r.array(9)?;
        let report = Self {
            counter: r.uint()?,
            epoch: r.uint()?,
            epoch_hash: r.fixed()?,
            uplink_kbps: r.uint()?,
            uplink_known: r.flag()?,
            may_relay: r.flag()?,
            uptime_s: r.uint()?,
            links: r.list(limits::MEMBERS, "links", |r| {
                r.array(5)?;
                Ok(LinkReport {
                    peer: Codec::read(r)?,
                    rtt_ms: r.option(Reader::uint)?,
                    failed: r.flag()?,
                    loss_permille: r.uint()?,
                    voice_loss_permille: r.uint()?,
                })
            })?,
            device: Codec::read(r)?,
            signature: r.fixed()?,
        };
        if report.links.windows(2).any(|w| matches!(w, [a, b] if a.peer >= b.peer)) {
            return Err(DecodeError::NotCanonical);
        }
        Ok(report)
    }
}
