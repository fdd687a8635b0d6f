//! Whom a relay forwards: the loudest three, chosen by the level that frames carry outside (RFC 6464). Holds no key and
//! opens nothing.
//!
//! There are four seats. The first three are slots at everybody; the fourth talker is heard only by those who are
//! themselves in a slot, in that slot, so that everybody hears three others. A priority speaker has a slot of its own.

use crate::{limits, rate::Rate};
use hearth_types::PeerKey;
use std::collections::{BTreeMap, BTreeSet};

const SEATS: usize = limits::SLOTS as usize + 1;
/// Loudness is kept in sixteenths of a decibel above silence.
const UNIT: i32 = 16;
/// A challenger is louder when it is by so much, in decibels.
const MARGIN_DB: i32 = 3;

struct Talker {
    loudness: i32,
    frame_us: u64,
    voice_us: u64,
    louder_since: Option<u64>,
    rate: Rate,
}

/// Chooses, frame by frame.
#[derive(Default)]
pub struct Forwarder {
    talkers: BTreeMap<PeerKey, Talker>,
    seats: [Option<PeerKey>; SEATS],
    priority: BTreeSet<PeerKey>,
}

/// What to do with a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Send it in these slots to these receivers; to nobody when there are none.
    Send(Vec<(u8, Vec<PeerKey>)>),
    /// Over the sender's limit.
    Flood,
}

impl Forwarder {
    /// Only these may be forwarded; whoever is out frees its seat.
    pub fn retain(&mut self, talkers: &BTreeSet<PeerKey>) {
        self.talkers.retain(|p, _| talkers.contains(p));
        self.priority.retain(|p| talkers.contains(p));
        for seat in &mut self.seats {
            *seat = seat.filter(|p| talkers.contains(p));
        }
    }
    /// Whether `peer` speaks with priority.
    pub fn set_priority(&mut self, peer: PeerKey, on: bool) {
        if on {
            self.priority.insert(peer);
            self.seats.iter_mut().filter(|s| **s == Some(peer)).for_each(|s| *s = None);
        } else {
            self.priority.remove(&peer);
        }
    }
    /// A frame of `from`, towards `receivers`. Never goes back to `from`.
    pub fn frame(&mut self, from: PeerKey, level: u8, voice: bool, receivers: &[PeerKey], now_us: u64) -> Verdict {
        let talker = self.talkers.entry(from).or_insert_with(|| Talker {
            loudness: 0,
            frame_us: now_us,
            voice_us: 0,
            louder_since: None,
            rate: Rate::new(limits::FRAMES_BURST, now_us),
        });
        if !talker.rate.take(limits::FRAMES_PER_SECOND, limits::FRAMES_BURST, now_us) {
            return Verdict::Flood;
        }
        let heard = if voice { (127 - i32::from(level.min(127))) * UNIT } else { 0 };
        talker.loudness += (heard - talker.loudness) / 8;
        talker.frame_us = now_us;
        if voice {
            talker.voice_us = now_us;
        }
        let others = || receivers.iter().copied().filter(|p| *p != from);
        if self.priority_speaker(now_us) == Some(from) {
            return Verdict::Send(vec![(limits::PRIORITY_SLOT, others().collect())]);
        }
        self.seat(from, voice, now_us);
        let Some(seat) = self.seats.iter().position(|s| *s == Some(from)) else { return Verdict::Send(Vec::new()) };
        if seat < SEATS - 1 {
            return Verdict::Send(vec![(seat as u8 + 1, others().collect())]);
        }
        let in_slots = (1..).zip(self.seats.iter().take(SEATS - 1).flatten());
        let sends = in_slots.filter(|(_, p)| receivers.contains(p)).map(|(slot, p)| (slot, vec![*p])).collect();
        Verdict::Send(sends)
    }

    /// The loudest of those with priority.
    fn priority_speaker(&self, now_us: u64) -> Option<PeerKey> {
        self.priority.iter().copied().max_by_key(|p| (self.loudness(p, now_us), *p))
    }
    fn loudness(&self, peer: &PeerKey, now_us: u64) -> i32 {
        let audible = |t: &&Talker| now_us < t.frame_us + limits::SILENT_US;
        self.talkers.get(peer).filter(audible).map_or(0, |t| t.loudness)
    }
    /// Sees to it that `from` has a seat if it is entitled to one.
    fn seat(&mut self, from: PeerKey, voice: bool, now_us: u64) {
        for seat in &mut self.seats {
            let talker = seat.and_then(|p| self.talkers.get(&p));
            if talker.is_none_or(|t| now_us >= t.voice_us + limits::SLOT_HOLD_US) {
                *seat = None;
            }
        }
        let own = self.seats.iter().position(|s| *s == Some(from));
        if !voice || own.is_some_and(|seat| seat < SEATS - 1) {
            return;
        }
        if let Some(free) = self.seats.iter().position(Option::is_none).filter(|free| own.is_none_or(|own| *free < own))
        {
            self.take(free, own, from);
            return;
        }
        // Seats better than one's own. Who pauses keeps its seat while nobody else speaks up.
        let quiet = |t: &Talker| now_us >= t.voice_us + limits::SILENT_US;
        let paused = (0..own.unwrap_or(SEATS))
            .filter_map(|seat| self.seats[seat].and_then(|p| self.talkers.get(&p)).map(|t| (t, seat)))
            .filter(|(t, _)| quiet(t))
            .min_by_key(|(t, seat)| (t.voice_us, *seat));
        if let Some((_, seat)) = paused {
            self.take(seat, own, from);
            return;
        }
        // The quietest first.
        let worst = (0..own.unwrap_or(SEATS))
            .filter_map(|seat| self.seats[seat].map(|p| (self.loudness(&p, now_us), std::cmp::Reverse(seat))))
            .min();
        let louder = worst.filter(|(other, _)| self.loudness(&from, now_us) > other + MARGIN_DB * UNIT);
        let Some(talker) = self.talkers.get_mut(&from) else { return };
        let Some((_, std::cmp::Reverse(seat))) = louder else {
            talker.louder_since = None;
            return;
        };
        let since = *talker.louder_since.get_or_insert(now_us);
        if now_us >= since + limits::PREEMPT_US {
            talker.louder_since = None;
            self.take(seat, own, from);
        }
    }
    fn take(&mut self, seat: usize, own: Option<usize>, from: PeerKey) {
        let before = self.seats[seat].replace(from);
        if let Some(own) = own {
            self.seats[own] = before;
        }
    }
}

#[cfg(test)]
mod tests;
