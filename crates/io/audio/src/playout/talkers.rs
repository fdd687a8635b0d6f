//! Everybody's streams: a jitter buffer, a decoder and a voice in the mix for each who is heard.

use super::head::Head;
use super::mix::{Mix, Voice};
use super::sound::Controls;
use super::space::{Heard, turn};
use crate::level::{self, Envelope};
use crate::limits::{BLOCK, IDLE_MS, MAX_DECODED, TALKER_RING};
use crate::shared::TalkerWanted;
use hearth_codec::{Complexity, Decoder};
use hearth_jitter::{JitterBuffer, Packet};
use hearth_ports::audio::{TalkerId, TalkerStats};
use std::collections::BTreeMap;

/// Below this an own level is nobody's voice: -60 dBFS.
const QUIET: f32 = 0.001;
/// A direction is changed at most this often, in microseconds.
const TURN_US: u64 = 33_000;
/// Turns smaller than this are not worth a new filter, in radians: 1 degree.
const TURN: f32 = 0.0175;
/// Somebody who fell out of hearing is decoded this much longer, so that the voice fades, in microseconds.
const FADE_US: u64 = 100_000;

/// One who is decoded.
struct Stream {
    buffer: JitterBuffer<Decoder>,
    voice: Voice,
    envelope: Envelope,
    heard_us: u64,
    facing: f32,
    turned_us: u64,
}

/// One who is known.
struct Talker {
    wanted: TalkerWanted,
    /// Boxed: most who are known say nothing.
    stream: Option<Box<Stream>>,
    /// Since when nobody can hear it, if so.
    unheard_since_us: Option<u64>,
    /// From streams before this one, and packets that were not decoded.
    before: TalkerStats,
}

/// All talkers.
#[derive(Default)]
pub struct Talkers {
    known: BTreeMap<TalkerId, Talker>,
    headphones: bool,
}

impl Talkers {
    /// Takes over who is there and how they are to sound.
    pub fn follow(&mut self, wanted: &BTreeMap<TalkerId, TalkerWanted>, headphones: bool, now_us: u64) {
        self.headphones = headphones;
        self.known.retain(|id, talker| wanted.get(id).is_some_and(|wanted| wanted.visit == talker.wanted.visit));
        for (id, wanted) in wanted {
            let talker = self.known.entry(*id).or_insert_with(|| Talker {
                wanted: *wanted,
                stream: None,
                unheard_since_us: None,
                before: TalkerStats::default(),
            });
            talker.wanted = *wanted;
            if audible(wanted) {
                talker.unheard_since_us = None;
            } else {
                talker.unheard_since_us.get_or_insert(now_us);
            }
            if let Some(stream) = &talker.stream {
                control(&stream.voice.controls, wanted, headphones);
            }
        }
    }

    /// A packet; decoded only if its talker is known and can be heard.
    pub fn packet(&mut self, id: TalkerId, packet: Packet, now_us: u64, mix: &mut Mix, head: Option<&Head>) {
        let Some(talker) = self.known.get_mut(&id) else { return };
        if !audible(&talker.wanted) && talker.stream.is_none() {
            talker.before.received += 1;
            return;
        }
        if talker.stream.is_none() {
            if !self.make_room(now_us) {
                return;
            }
            let Some(talker) = self.known.get_mut(&id) else { return };
            talker.stream = Stream::open(&talker.wanted, self.headphones, mix, head).map(Box::new);
        }
        if let Some(stream) = self.known.get_mut(&id).and_then(|talker| talker.stream.as_mut()) {
            stream.heard_us = now_us;
            stream.buffer.insert(packet, now_us);
        }
    }

    /// Whether there is a place for one more decoder, after taking one from whoever was silent longest.
    fn make_room(&mut self, now_us: u64) -> bool {
        let decoded = self.known.values().filter(|talker| talker.stream.is_some());
        if decoded.count() < MAX_DECODED {
            return true;
        }
        let heard = |talker: &Talker| talker.stream.as_ref().map(|stream| stream.heard_us);
        let idle = self.known.values_mut().filter(|talker| talker.stream.is_some()).min_by_key(|talker| heard(talker));
        match idle {
            Some(idle) if heard(idle).is_some_and(|at| at + IDLE_MS * 1000 <= now_us) => {
                idle.close();
                true
            }
            _ => false,
        }
    }

    /// Fills every ring that is empty, turns whoever moved, and lets go of whoever cannot be heard.
    pub fn fill(&mut self, now_us: u64, head: Option<&Head>) {
        for talker in self.known.values_mut() {
            if talker.unheard_since_us.is_some_and(|since| since + FADE_US <= now_us) {
                talker.close();
            }
            let Some(stream) = &mut talker.stream else { continue };
            if let Some(head) = head {
                stream.turn(&talker.wanted, head, now_us);
            }
            stream.fill(now_us);
        }
    }

    /// Level of everybody who can be heard now.
    pub fn levels(&self) -> Vec<(TalkerId, f32)> {
        let streams = self.known.iter().filter_map(|(id, talker)| Some((*id, talker.stream.as_ref()?)));
        streams
            .filter(|(_, stream)| stream.envelope.value() > QUIET)
            .map(|(id, stream)| (id, level::meter(stream.envelope.value())))
            .collect()
    }

    /// What everybody's stream went through.
    pub fn stats(&self) -> Vec<(TalkerId, TalkerStats)> {
        self.known.iter().map(|(id, talker)| (*id, talker.stats())).collect()
    }

    /// How many are decoded now.
    pub fn decoded(&self) -> usize {
        self.known.values().filter(|talker| talker.stream.is_some()).count()
    }
}

impl Talker {
    fn stats(&self) -> TalkerStats {
        let Some(stream) = &self.stream else { return self.before };
        let now = stream.buffer.stats();
        TalkerStats {
            received: self.before.received + now.received,
            lost: self.before.lost + now.lost,
            concealed: self.before.concealed + now.concealed,
            played: self.before.played + now.played,
            target_ms: now.target_ms,
            delay_ms: now.delay_ms,
            jitter_ms: now.jitter_ms,
        }
    }

    fn close(&mut self) {
        if self.stream.is_some() {
            self.before = TalkerStats { target_ms: 0, delay_ms: 0, jitter_ms: 0, ..self.stats() };
            self.stream = None;
        }
    }
}

impl Stream {
    fn open(wanted: &TalkerWanted, headphones: bool, mix: &mut Mix, head: Option<&Head>) -> Option<Self> {
        let decoder = Decoder::new(Complexity::default());
        let decoder = decoder.inspect_err(|error| tracing::warn!(%error, "no decoder for a talker")).ok()?;
        let heard = Heard::from(wanted.place);
        let mut voice = mix.add(head, TALKER_RING, TALKER_RING, wanted_controls(wanted, headphones))?;
        if let (Some(direction), Some(head)) = (&mut voice.direction, head) {
            direction.set(head, heard.azimuth);
        }
        let buffer = JitterBuffer::new(decoder);
        Some(Self { buffer, voice, envelope: Envelope::default(), heard_us: 0, facing: heard.azimuth, turned_us: 0 })
    }

    fn fill(&mut self, now_us: u64) {
        while TALKER_RING - self.voice.ring.slots() < crate::limits::RENDER {
            let mut block = [0.0; BLOCK];
            self.buffer.pull(now_us, &mut block);
            self.envelope.block(level::rms(&block));
            let Ok(chunk) = self.voice.ring.write_chunk_uninit(BLOCK) else { break };
            chunk.fill_from_iter(block);
        }
    }

    fn turn(&mut self, wanted: &TalkerWanted, head: &Head, now_us: u64) {
        let heard = Heard::from(wanted.place);
        if now_us < self.turned_us + TURN_US || heard.directed == 0.0 || turn(self.facing, heard.azimuth) < TURN {
            return;
        }
        if let Some(direction) = &mut self.voice.direction {
            direction.set(head, heard.azimuth);
            self.facing = heard.azimuth;
            self.turned_us = now_us;
        }
    }
}

/// Whether any of it would be heard.
fn audible(wanted: &TalkerWanted) -> bool {
    wanted.volume > 0.0 && Heard::from(wanted.place).gain > 0.0
}

fn wanted_controls(wanted: &TalkerWanted, headphones: bool) -> Controls {
    let controls = Controls::default();
    control(&controls, wanted, headphones);
    controls
}

fn control(controls: &Controls, wanted: &TalkerWanted, headphones: bool) {
    controls.set(wanted.volume, Heard::from(wanted.place), wanted.occlusion, headphones);
}
