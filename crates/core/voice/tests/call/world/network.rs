//! The media transport of everybody, and the packets between.

use super::{Event, SECOND, World, pair};
use hearth_ports::rtc::{MediaFrame, MediaRoute, MediaState, RtcCommand, RtcEvent};
use hearth_voice::limits;

impl World {
    pub(super) fn command(&mut self, n: usize, command: RtcCommand) {
        match command {
            RtcCommand::Open { peer, .. } => {
                let Some(to) = self.index(&peer) else { return };
                assert!(self.opened.insert((n, to)), "a link is opened once");
                self.signalled.remove(&(n, to));
                let event = RtcEvent::Signal { peer, bytes: b"fingerprint".to_vec() };
                self.at(self.now, Event::Rtc { to: n, event, needs_link: None });
            }
            RtcCommand::Signal { peer, .. } => {
                let Some(to) = self.index(&peer) else { return };
                assert!(self.opened.contains(&(n, to)), "a signal goes to an open end");
                self.signalled.insert((n, to));
                let ways = [(n, to), (to, n)];
                if ways.iter().all(|w| self.opened.contains(w) && self.signalled.contains(w))
                    && self.up.insert(pair(n, to))
                {
                    let at = self.now + self.between(self.net.ice);
                    for (a, b) in ways {
                        let state = MediaState::Connected(MediaRoute::Direct);
                        let event = RtcEvent::State { peer: self.nodes[b].member.peer, state };
                        self.at(at, Event::Rtc { to: a, event, needs_link: Some(b) });
                    }
                }
            }
            RtcCommand::Close { peer } => {
                let Some(to) = self.index(&peer) else { return };
                self.opened.remove(&(n, to));
                self.signalled.remove(&(n, to));
                if self.up.remove(&pair(n, to)) {
                    self.opened.remove(&(to, n));
                    self.signalled.remove(&(to, n));
                    let event =
                        RtcEvent::State { peer: self.nodes[n].member.peer, state: MediaState::Failed("closed".into()) };
                    let at = self.now + self.between(self.net.delay);
                    self.at(at, Event::Rtc { to, event, needs_link: None });
                }
            }
            RtcCommand::Send { peers, frame } => {
                for peer in peers {
                    if let Some(to) = self.index(&peer) {
                        self.nodes[n].frames_out += 1;
                        self.media(n, to, frame.clone());
                    }
                }
            }
            RtcCommand::Datagram { peers, bytes } => {
                assert!(bytes.len() <= 1024, "a datagram fits: {}", bytes.len());
                for peer in peers {
                    if let Some(to) = self.index(&peer) {
                        let event = RtcEvent::Datagram { peer: self.nodes[n].member.peer, bytes: bytes.clone() };
                        self.packet(n, to, event);
                    }
                }
            }
            RtcCommand::Restart { .. } | RtcCommand::Shutdown => {}
        }
    }
    pub fn media(&mut self, from: usize, to: usize, frame: MediaFrame) {
        let frames = match self.tap.take() {
            Some(mut tap) => {
                let frames = tap(self.now, from, to, &frame);
                self.tap = Some(tap);
                frames
            }
            None => vec![frame],
        };
        for frame in frames {
            if self.record {
                self.wire.push((self.now, from, to, frame.clone()));
            }
            let event = RtcEvent::Frame { peer: self.nodes[from].member.peer, frame };
            self.packet(from, to, event);
        }
    }
    /// How long a packet waits for the line out; nothing when it is dropped.
    fn waits(&mut self, from: usize, event: &RtcEvent) -> Option<u64> {
        let Some(line) = self.lines.get_mut(&from) else { return Some(0) };
        let bytes = match event {
            RtcEvent::Frame { frame, .. } => frame.payload.len(),
            RtcEvent::Datagram { bytes, .. } => bytes.len(),
            _ => return Some(0),
        };
        let free = line.free_us.max(self.now.saturating_sub(line.burst_us));
        if free > self.now + line.queue_us {
            return None;
        }
        line.free_us = free + (bytes + limits::WIRE_BYTES) as u64 * 8000 / line.kbps;
        Some(line.free_us.saturating_sub(self.now))
    }
    /// Once a second, what the transport counts.
    pub(super) fn tell_counts(&mut self) {
        if self.lines.is_empty() || self.now < self.counted_us + SECOND {
            return;
        }
        self.counted_us = self.now;
        for ((from, to), (received, lost)) in self.counts.clone() {
            let event = RtcEvent::Stats { peer: self.nodes[from].member.peer, rtt_ms: 40, received, lost };
            self.at(self.now, Event::Rtc { to, event, needs_link: Some(from) });
        }
    }
    fn packet(&mut self, from: usize, to: usize, event: RtcEvent) {
        let dead = self.nodes[from].killed || self.cut_media.contains(&pair(from, to));
        if dead || !self.up.contains(&pair(from, to)) || self.random(1000) < self.net.loss {
            return;
        }
        let waits = self.waits(from, &event);
        if let RtcEvent::Frame { .. } = event {
            let count = self.counts.entry((from, to)).or_default();
            *(if waits.is_some() { &mut count.0 } else { &mut count.1 }) += 1;
        }
        let Some(waits) = waits else { return };
        let at = self.now + waits + self.between(self.net.delay);
        self.at(at, Event::Rtc { to, event, needs_link: Some(from) });
    }
}
