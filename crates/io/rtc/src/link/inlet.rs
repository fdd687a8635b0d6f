//! The way of a frame in: from a remote track to the media queue, counting what is missing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_channel::Sender;
use hearth_ports::rtc::{MediaFrame, RtcEvent};
use hearth_types::PeerKey;
use rtc::rtp;
use tokio::sync::Notify;
use webrtc::data_channel::{DataChannel, DataChannelEvent};
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};

use crate::limits::{DATAGRAM_BYTES, FRAME_BYTES};

/// Packets of a link since it began, of all slots.
#[derive(Default)]
pub struct Counters {
    received: AtomicU64,
    expected: AtomicU64,
}

impl Counters {
    /// (received, lost). A packet that comes late is no longer lost.
    pub fn read(&self) -> (u64, u64) {
        let received = self.received.load(Ordering::Relaxed);
        (received, self.expected.load(Ordering::Relaxed).saturating_sub(received))
    }
}

/// Follows the sequence numbers of one stream (RFC 3550, appendix A.1 and A.3).
#[derive(Default)]
struct Sequence {
    highest: Option<u16>,
}

/// A jump of more than this either way is a stream that began anew.
const JUMP: i16 = 3_000;

impl Sequence {
    /// How many packets more than before should have come.
    fn take(&mut self, sequence: u16) -> u64 {
        let step = self.highest.map_or(1, |highest| sequence.wrapping_sub(highest) as i16);
        match step {
            i16::MIN..=0 if step > -JUMP => 0,
            1.. if step < JUMP => {
                self.highest = Some(sequence);
                u64::from(step.unsigned_abs())
            }
            _ => {
                self.highest = Some(sequence);
                1
            }
        }
    }
}

/// Reads a remote track to its end. A reader that is slow loses the oldest frames.
pub async fn frames(
    track: Arc<dyn TrackRemote>,
    peer: PeerKey,
    slot: u8,
    level_id: Option<u8>,
    counters: Arc<Counters>,
    media: Sender<RtcEvent>,
) {
    let mut sequence = Sequence::default();
    while let Some(event) = track.poll().await {
        let packet = match event {
            TrackRemoteEvent::OnRtpPacket(packet) => packet,
            TrackRemoteEvent::OnEnded => break,
            _ => continue,
        };
        counters.expected.fetch_add(sequence.take(packet.header.sequence_number), Ordering::Relaxed);
        counters.received.fetch_add(1, Ordering::Relaxed);
        if let Some(frame) = frame(slot, level_id, packet)
            && media.force_send(RtcEvent::Frame { peer, frame }).is_err()
        {
            break;
        }
    }
}

fn frame(slot: u8, level_id: Option<u8>, packet: rtp::Packet) -> Option<MediaFrame> {
    if packet.payload.is_empty() || packet.payload.len() > FRAME_BYTES {
        return None;
    }
    // Without the extension nothing is known: loudest, and a voice, so that nobody is left out for it.
    let byte = level_id.and_then(|id| packet.header.get_extension(id)).and_then(|bytes| bytes.first().copied());
    let (level, voice) = byte.map_or((0, true), |byte| (byte & 0x7f, byte & 0x80 != 0));
    Some(MediaFrame { slot, timestamp: packet.header.timestamp, level, voice, payload: packet.payload.into() })
}

/// Reads the data channel to its end, and tells when it opens.
pub async fn datagrams(channel: Arc<dyn DataChannel>, open: Arc<Notify>, peer: PeerKey, media: Sender<RtcEvent>) {
    while let Some(event) = channel.poll().await {
        match event {
            DataChannelEvent::OnOpen => open.notify_one(),
            DataChannelEvent::OnMessage(message) if message.data.len() <= DATAGRAM_BYTES => {
                let bytes = message.data.to_vec();
                if media.force_send(RtcEvent::Datagram { peer, bytes }).is_err() {
                    break;
                }
            }
            DataChannelEvent::OnClose => break,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn lost(sequences: &[u16]) -> u64 {
        let mut sequence = Sequence::default();
        let expected: u64 = sequences.iter().map(|s| sequence.take(*s)).sum();
        expected.saturating_sub(sequences.len() as u64)
    }

    #[test]
    fn holes_are_counted_and_late_packets_fill_them() {
        assert_eq!(lost(&[10, 11, 12]), 0);
        assert_eq!(lost(&[10, 13]), 2);
        assert_eq!(lost(&[10, 13, 12]), 1);
        assert_eq!(lost(&[65_534, 65_535, 0, 1]), 0);
        assert_eq!(lost(&[65_535, 2]), 2);
    }

    #[test]
    fn a_stream_that_begins_anew_is_no_loss() {
        assert_eq!(lost(&[10, 11, 40_000, 40_001]), 0);
        assert_eq!(lost(&[40_000, 10_000, 10_001]), 0);
    }
}
