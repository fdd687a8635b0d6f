//! Passing on: between the links of two members who are in one voice room, one hop, counted.

use crate::kernel::Kernel;
use hearth_types::{DeviceId, PeerKey, SpaceId, limits};
use hearth_wire::Frame;

const TOO_MUCH: &str =
    "Far more is sent through this computer in a voice room than a call needs. What is too much is left out.";

/// What was passed on in a window.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct PassCount {
    pub since_ms: u64,
    messages: u32,
    bytes: usize,
    /// Of all time.
    dropped: u64,
}

impl PassCount {
    /// Whether one more of `size` bytes fits, at `now`.
    fn fits(&mut self, size: usize, (messages, bytes): (u32, usize), now: u64) -> bool {
        if now >= self.since_ms.saturating_add(limits::PASS_WINDOW_MS) {
            *self = Self { since_ms: now, messages: 0, bytes: 0, dropped: self.dropped };
        }
        self.messages < messages && self.bytes.saturating_add(size) <= bytes
    }
    fn add(&mut self, size: usize) {
        self.messages += 1;
        self.bytes += size;
    }
}

impl Kernel {
    /// Passes a sealed word on to the device's link. Whatever is not allowed or too much is dropped, and nobody is told.
    pub(crate) fn pass(&mut self, peer: PeerKey, space: SpaceId, to: DeviceId, message: Vec<u8>) {
        let (now, size) = (self.now, message.len());
        let Some(s) = self.spaces.get(&space) else { return self.fault(peer, 1) };
        let from = s.links.get(&peer).filter(|l| l.proven).and_then(|l| l.device);
        let Some(from) = from else { return self.fault(peer, 1) };
        let target = s.links.iter().find(|(_, l)| l.proven && l.device == Some(to)).map(|(target, _)| *target);
        let knows = |target: &PeerKey| self.links.get(target).is_some_and(|l| l.passes);
        let Some(target) = target.filter(|target| *target != peer && knows(target)) else { return };
        let room = |device: &DeviceId, link: PeerKey| {
            let (place, until) = s.notices.get(device)?.voice?;
            (until > now && place.peer == link).then_some(place.channel)
        };
        if room(&from, peer).is_none_or(|channel| room(&to, target) != Some(channel)) {
            return;
        }
        let fits = self.passed.fits(size, limits::PASS_ALL, now)
            && self.links.get_mut(&peer).is_some_and(|l| l.passed_from.fits(size, limits::PASS_LINK, now))
            && self.links.get_mut(&target).is_some_and(|l| l.passed_to.fits(size, limits::PASS_LINK, now));
        if !fits {
            self.passed.dropped += 1;
            tracing::debug!(dropped = self.passed.dropped, "a member wants too much passed on");
            return self.warn_once("passing", TOO_MUCH);
        }
        self.passed.add(size);
        if let Some(link) = self.links.get_mut(&peer) {
            link.passed_from.add(size);
        }
        if let Some(link) = self.links.get_mut(&target) {
            link.passed_to.add(size);
        }
        self.send(target, &Frame::Passed { space, from, message });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_takes_so_many_messages_and_bytes_and_the_next_one_again() {
        let mut count = PassCount::default();
        let take = |count: &mut PassCount, size, now| {
            let fits = count.fits(size, (3, 100), now);
            if fits {
                count.add(size);
            }
            fits
        };
        let start = limits::PASS_WINDOW_MS;
        assert!(take(&mut count, 60, start) && take(&mut count, 40, start + 1));
        assert!(!take(&mut count, 1, start + 2), "bytes");
        assert!(take(&mut count, 0, start + 3));
        assert!(!take(&mut count, 0, start + 4), "messages");
        assert!(take(&mut count, 100, start * 2));
    }
}
