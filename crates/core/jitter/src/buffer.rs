use crate::arrival::Arrival;
use crate::loss::Loss;
use crate::noise::Noise;
use crate::store::{Seen, Store, Stored};
use crate::{
    BLOCK, MAX_FRAME, MAX_PAYLOAD, MAX_TARGET_MS, Packet, RESET_JUMP_MS, SAMPLES_PER_MS, VoiceDecoder, stretch,
};

mod fill;
#[cfg(test)]
mod tests;

/// The least that is waited for, in microseconds: one frame of 20 ms.
const MIN_TARGET_US: i64 = 20_000;
/// Held more than this beyond the target, sound is shortened.
const SLACK_US: i64 = 15_000;
/// Held this much less than the target, sound is stretched.
const SHORT_US: i64 = 2_500;
/// So far from the target, likeness is asked less of and no pause is made.
const FAR_US: i64 = 60_000;
/// Short by less than this, sound is stretched only where nobody hears it.
const NEAR_US: i64 = 7_500;
/// Blocks between two stretches (NetEQ `kMinTimescaleInterval`).
const STRETCH_PAUSE: u32 = 5;
/// How alike two periods must be (NetEQ: 14746 / 16384), when near the target, and when far from it.
const LIKENESS: f32 = 0.9;
const LIKENESS_NEAR: f32 = 0.97;
const LIKENESS_FAR: f32 = 0.5;
/// Played samples kept, for seams.
const HISTORY: usize = stretch::LONGEST + stretch::SEAM;
/// Steps of filling in one pull, at most.
const MAX_FILLS: usize = 16;

/// What a block is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing yet: digital silence.
    Waiting,
    /// Decoded sound.
    Normal,
    /// Decoded, shortened by a pitch period.
    Accelerate,
    /// Decoded, stretched by a pitch period.
    PreemptiveExpand,
    /// Decoded from the copy in the next packet.
    Fec,
    /// Decoded from the deep redundancy of a later packet.
    Dred,
    /// Made up.
    Expand,
    /// Decoded, and cross-faded with what was made up before.
    Merge,
    /// Silence as it last sounded.
    ComfortNoise,
}

/// What a pull gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pulled {
    /// What the block is made of; where it is several things, the last of them.
    pub kind: Kind,
    /// The sender's clock at the block's first sample; none in silence.
    pub timestamp: Option<u32>,
}

/// What the stream went through since it began. Fills `TalkerStats` of the audio port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Packets taken in.
    pub received: u64,
    /// Packets that never came, or came too late.
    pub lost: u64,
    /// Of the packets received, those that came too late.
    pub late: u64,
    /// Copies and packets that were none, dropped.
    pub refused: u64,
    /// Blocks of 10 ms made up while talking.
    pub concealed: u64,
    /// Blocks of 10 ms played while talking.
    pub played: u64,
    /// Frames decoded from the copy in the next packet.
    pub fec: u64,
    /// Frames decoded from deep redundancy.
    pub dred: u64,
    /// Samples taken out by shortening.
    pub shortened: u64,
    /// Samples put in by stretching.
    pub stretched: u64,
    /// What the buffer waits for, now.
    pub target_ms: u32,
    /// What it holds, now: the time from when a packet without jitter comes to when it is heard.
    pub delay_ms: u32,
    /// Spread of arrival (RFC 3550, 6.4.1).
    pub jitter_ms: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Silence, until the first packet has waited for the target.
    Silent,
    Talking,
}

/// The jitter buffer of one talker.
#[derive(Debug)]
pub struct JitterBuffer<D> {
    decoder: D,
    store: Store,
    seen: Seen,
    arrival: Arrival,
    loss: Loss,
    noise: Noise,
    phase: Phase,
    /// Sequence number and timestamp of the newest packet, for unwrapping.
    newest: Option<(u64, i64)>,
    /// What is to be decoded next, once anything was.
    next: Option<(u64, i64)>,
    /// Samples of the last packet decoded.
    frame: usize,
    /// Whether the last packet said that silence follows.
    fell_quiet: bool,
    /// Decoded and not yet played; the last of it ends where `next` begins.
    queue: Vec<f32>,
    /// The last [`HISTORY`] samples played.
    history: Vec<f32>,
    kind: Kind,
    /// Samples made up in a row, and of these those made up without knowing whether anything is missing.
    made_up: usize,
    stalled: usize,
    /// Whether the last sample played was comfort noise.
    noised: bool,
    concealed_samples: u64,
    since_stretch: u32,
    stats: Stats,
}

impl<D: VoiceDecoder> JitterBuffer<D> {
    /// A buffer for one talker, playing nothing yet.
    pub fn new(decoder: D) -> Self {
        Self {
            decoder,
            store: Store::default(),
            seen: Seen::default(),
            arrival: Arrival::new(),
            loss: Loss::default(),
            noise: Noise::new(),
            phase: Phase::Silent,
            newest: None,
            next: None,
            frame: 20 * SAMPLES_PER_MS,
            fell_quiet: false,
            queue: Vec::with_capacity(2 * MAX_FRAME),
            history: Vec::with_capacity(HISTORY + BLOCK),
            kind: Kind::Waiting,
            made_up: 0,
            stalled: 0,
            noised: false,
            concealed_samples: 0,
            since_stretch: 0,
            stats: Stats::default(),
        }
    }

    /// Takes a packet in at the time `now_us`, of any clock that [`Self::pull`] is told too. Copies, packets that come after
    /// their turn and what is no packet of the codec are dropped and counted. A sender whose numbers begin anew is heard
    /// from the third packet.
    pub fn insert(&mut self, packet: Packet, now_us: u64) {
        let Some(samples) = self.sound_length(&packet) else {
            self.stats.refused += 1;
            return;
        };
        if self.seen.is_copy(packet.seq) || self.store.contains(packet.seq) {
            if !self.seen.is_anew(packet.seq) {
                self.stats.refused += 1;
                return;
            }
            self.reset();
            self.arrival.other_clock();
        }
        let at = self.unwrap_timestamp(packet.seq, packet.timestamp);
        self.seen.note(packet.seq);
        self.stats.received += 1;
        self.arrival.packet(i64::try_from(now_us).unwrap_or(i64::MAX), samples_to_us(at));
        if self.next.is_some_and(|(next, _)| packet.seq < next) {
            self.stats.late += 1;
            return;
        }
        let stored = Stored { at, samples, payload: packet.payload };
        if let Some(first) = self.store.insert(packet.seq, stored) {
            self.skip_to(first);
        }
    }

    /// The next 10 ms, always: `out` is filled whatever its length, of which [`BLOCK`] samples are meant.
    pub fn pull(&mut self, now_us: u64, out: &mut [f32]) -> Pulled {
        let now = i64::try_from(now_us).unwrap_or(i64::MAX);
        for block in out.chunks_mut(BLOCK) {
            self.pull_block(now, block);
        }
        let timestamp = match (self.phase, self.next) {
            (Phase::Talking, Some((_, at))) => {
                Some((at - self.queue.len() as i64 - out.len() as i64).rem_euclid(1 << 32) as u32)
            }
            _ => None,
        };
        Pulled { kind: self.kind, timestamp }
    }

    /// What the stream went through.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            target_ms: (self.target_us() / 1000) as u32,
            jitter_ms: (self.arrival.jitter_us() / 1000.0).round() as u32,
            ..self.stats
        }
    }

    /// The decoder, to change what can be changed in it.
    pub fn decoder_mut(&mut self) -> &mut D {
        &mut self.decoder
    }

    /// Forgets the stream, not what is known of the line.
    pub fn reset(&mut self) {
        self.decoder.reset();
        self.store.clear();
        self.seen = Seen::default();
        self.phase = Phase::Silent;
        self.newest = None;
        self.next = None;
        self.fell_quiet = false;
        self.queue.clear();
        self.made_up = 0;
        self.stalled = 0;
    }

    fn sound_length(&self, packet: &Packet) -> Option<usize> {
        if packet.payload.len() > MAX_PAYLOAD {
            return None;
        }
        self.decoder.duration(&packet.payload).filter(|samples| (1..=MAX_FRAME).contains(samples))
    }

    /// A timestamp without end, beginning the stream anew if it jumped.
    fn unwrap_timestamp(&mut self, seq: u64, timestamp: u32) -> i64 {
        let Some((newest_seq, newest_at)) = self.newest else {
            let at = i64::from(timestamp);
            self.newest = Some((seq, at));
            return at;
        };
        let ahead = timestamp.wrapping_sub(newest_at.rem_euclid(1 << 32) as u32) as i32;
        let at = newest_at.saturating_add(i64::from(ahead));
        if seq > newest_seq {
            if ahead.unsigned_abs() as usize > RESET_JUMP_MS * SAMPLES_PER_MS {
                self.reset();
            }
            self.newest = Some((seq, at));
        }
        at
    }

    /// The oldest packets were given up.
    fn skip_to(&mut self, seq: u64) {
        if let Some((next, at)) = self.next
            && next < seq
        {
            self.count_lost(seq - next);
            self.next = Some((seq, at));
            self.queue.clear();
            self.phase = Phase::Silent;
        }
    }

    fn count_lost(&mut self, frames: u64) {
        // A jump of the numbers says little about how much was ever sent.
        self.stats.lost += frames.min((RESET_JUMP_MS / 10) as u64);
        for _ in 0..frames.min(16) {
            self.loss.missed();
        }
    }

    fn target_us(&self) -> i64 {
        let frame = samples_to_us(self.frame as i64);
        let jitter = self.arrival.quantile_us();
        let least = MIN_TARGET_US.min(frame.max(10_000));
        (jitter + self.loss.frames_ahead() * frame).clamp(least, MAX_TARGET_MS as i64 * 1000)
    }

    /// How long sound of the time `at` would have been held if it were played now.
    fn held_us(&self, now: i64, at: i64) -> i64 {
        let base = self.arrival.base().unwrap_or(now);
        now.saturating_sub(samples_to_us(at)).saturating_sub(base)
    }

    fn pull_block(&mut self, now: i64, out: &mut [f32]) {
        let before = self.kind;
        for _ in 0..MAX_FILLS {
            if self.phase == Phase::Silent && !self.begin(now) {
                break;
            }
            if self.queue.len() >= out.len() {
                break;
            }
            self.fill(now);
        }
        if self.phase == Phase::Talking {
            // Sound on credit is counted when it is known that it stood for sound.
            self.stats.played += u64::from(self.stalled == 0);
            if let Some((_, next)) = self.next {
                let held = self.held_us(now, next.saturating_sub(self.queue.len() as i64));
                self.stats.delay_ms = u32::try_from(held / 1000).unwrap_or(0);
                if self.made_up == 0 && self.kind != Kind::Merge {
                    self.stretch(held, before);
                }
            }
        } else if self.next.is_some() {
            self.kind = Kind::ComfortNoise;
        }
        let ready = self.queue.len().min(out.len());
        for (slot, sample) in out.iter_mut().zip(self.queue.drain(..ready)) {
            *slot = sample;
        }
        let (sound, silence) = out.split_at_mut(ready);
        // No click where sound ends.
        let mut step = match sound.last() {
            None if self.noised => 0.0,
            last => last.or(self.history.last()).copied().unwrap_or(0.0),
        };
        self.noised |= !silence.is_empty() && self.next.is_some();
        for slot in silence {
            step *= 0.98;
            *slot = self.noise.sample() + step;
        }
        self.history.extend_from_slice(out);
        let old = self.history.len().saturating_sub(HISTORY);
        self.history.drain(..old);
    }

    /// Draws what is held towards the target.
    fn stretch(&mut self, held: i64, before: Kind) {
        self.since_stretch = self.since_stretch.saturating_add(1);
        let target = self.target_us();
        let (over, under) = (held - target - SLACK_US, target - SHORT_US - held);
        if matches!(before, Kind::Accelerate | Kind::PreemptiveExpand) && self.kind == before {
            self.kind = Kind::Normal;
        }
        let far = over > FAR_US || under > FAR_US;
        if (over <= 0 && under <= 0) || (self.since_stretch < STRETCH_PAUSE && !far) {
            return;
        }
        let likeness = if far {
            LIKENESS_FAR
        } else if over <= 0 && under < NEAR_US {
            LIKENESS_NEAR
        } else {
            LIKENESS
        };
        if over > 0 {
            self.decode_ahead(stretch::LONGEST + stretch::SEAM + BLOCK);
            let removed = stretch::shorten(&mut self.queue, likeness);
            if removed > 0 {
                self.stats.shortened += removed as u64;
                self.kind = Kind::Accelerate;
                self.since_stretch = 0;
            }
        } else {
            let added = stretch::lengthen(&self.history, &mut self.queue, likeness);
            if added > 0 {
                self.stats.stretched += added as u64;
                self.kind = Kind::PreemptiveExpand;
                self.since_stretch = 0;
            }
        }
    }
}

fn samples_to_us(samples: i64) -> i64 {
    samples.saturating_mul(125) / 6
}
