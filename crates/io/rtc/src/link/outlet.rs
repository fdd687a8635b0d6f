//! The way of a frame out: from the actor straight onto the connection's own queue, without a task in between.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_channel::Sender;
use bytes::Bytes;
use futures::FutureExt;
use rtc::rtp;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;

use crate::limits::SLOTS;

/// RTP sends to one peer once its connection stands; before, and after, frames are left out.
#[derive(Default)]
pub struct Outlet(Mutex<Option<Arc<Wired>>>);

/// What a standing connection gives.
pub struct Wired {
    pub slots: [Slot; SLOTS],
    pub datagrams: Sender<Bytes>,
    /// Negotiated for Opus.
    pub payload_type: u8,
    /// Negotiated for RFC 6464, where the peer knows it.
    pub level_id: Option<u8>,
}

/// One outgoing RTP stream. Sequence numbers are this transport's own, one more a packet.
pub struct Slot {
    pub track: Arc<TrackLocalStaticRTP>,
    pub ssrc: u32,
    pub sequence: AtomicU16,
}

impl Outlet {
    /// Frames go through `wired` from now on.
    pub fn wire(&self, wired: Wired) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(wired));
    }

    /// Frames are left out from now on.
    pub fn unwire(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn wired(&self) -> Option<Arc<Wired>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends a frame, or drops it where 256 packets wait on the connection already.
    pub fn send(&self, slot: u8, timestamp: u32, level: u8, voice: bool, payload: Bytes) {
        let Some(wired) = self.wired() else { return };
        let Some(out) = wired.slots.get(usize::from(slot)) else { return };
        let mut packet = rtp::Packet {
            header: rtp::Header {
                version: 2,
                payload_type: wired.payload_type,
                sequence_number: out.sequence.fetch_add(1, Ordering::Relaxed),
                timestamp,
                ssrc: out.ssrc,
                ..Default::default()
            },
            payload,
        };
        if let Some(id) = wired.level_id {
            let byte = (level & 0x7f) | if voice { 0x80 } else { 0 };
            if packet.header.set_extension(id, Bytes::copy_from_slice(&[byte])).is_err() {
                return;
            }
        }
        // Unconstrained, because the runtime's budget would make a free queue look full. A packet dropped here leaves a
        // hole in the sequence, so the receiver counts it as lost, which it is.
        if tokio::task::unconstrained(out.track.write_rtp(packet)).now_or_never().is_none() {
            tracing::trace!(slot, "a frame dropped: the connection is behind");
        }
    }

    /// Sends a datagram; where too many wait, the oldest is dropped.
    pub fn datagram(&self, bytes: Bytes) {
        if let Some(wired) = self.wired() {
            let _ = wired.datagrams.force_send(bytes);
        }
    }
}
