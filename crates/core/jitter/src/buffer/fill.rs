//! Where the next sound comes from: the packet that is due, redundancy, or nothing but imagination.

use super::{JitterBuffer, Kind, Phase, Stats};
use crate::{BLOCK, SAMPLES_PER_MS, VoiceDecoder, stretch};

/// Made-up sound fades into comfort noise from here.
const FADE_FROM: usize = 100 * SAMPLES_PER_MS;
/// And is silence from here.
const MADE_UP_MAX: usize = 200 * SAMPLES_PER_MS;
/// Sound is made up in multiples of this.
const GRAIN: i64 = 120;
/// Packets no longer than this hold no sound: the sender fell silent (RFC 6716, 2.1.9).
const SILENT_PAYLOAD: usize = 2;

impl<D: VoiceDecoder> JitterBuffer<D> {
    /// Ends the silence once the first packet has been held for the target.
    pub(super) fn begin(&mut self, now: i64) -> bool {
        let Some((seq, first)) = self.store.first() else { return false };
        let (at, samples) = (first.at, first.samples);
        if self.next.is_none() {
            self.frame = samples;
        }
        if self.held_us(now, at) < self.target_us() {
            return false;
        }
        if let Some((next, due)) = self.next {
            // Packets missing or late: what was made up meanwhile stood for sound. Else the sender was silent.
            if seq > next || at <= due {
                self.settle_stall();
            }
            self.count_lost(seq.saturating_sub(next));
        }
        self.next = Some((seq, at));
        self.stalled = 0;
        self.phase = Phase::Talking;
        true
    }

    /// Adds to the queue what comes next, or falls silent.
    pub(super) fn fill(&mut self, now: i64) {
        let Some((next, due)) = self.next else {
            self.phase = Phase::Silent;
            return;
        };
        let Some((seq, at)) = self.store.first().map(|(seq, first)| (seq, first.at)) else {
            self.stall();
            return;
        };
        let gap = at.saturating_sub(due);
        if seq > next && gap > 0 {
            self.fill_hole(now, seq - next, gap);
        } else if seq > next {
            self.count_lost(seq - next);
            self.next = Some((seq, at));
        } else if gap > 0 {
            // The sender was silent: what was made up meanwhile stood for nothing.
            self.stalled = 0;
            self.fall_silent();
        } else {
            self.decode_first();
        }
    }

    /// Decodes packets that follow without a gap until the queue holds so much.
    pub(super) fn decode_ahead(&mut self, wanted: usize) {
        let kind = self.kind;
        while self.queue.len() < wanted {
            match (self.store.first(), self.next) {
                (Some((seq, first)), Some((next, due))) if seq == next && first.at == due => self.decode_first(),
                _ => break,
            }
        }
        self.kind = kind;
    }

    fn decode_first(&mut self) {
        let Some((seq, packet)) = self.store.take_first() else { return };
        let mut sound = vec![0.0; packet.samples];
        let came = self.decoder.decode(&packet.payload, &mut sound).is_ok();
        if came {
            self.loss.came();
            self.noise.hear(&sound);
            self.kind = Kind::Normal;
            if self.stalled > 0 {
                self.settle_stall();
                self.kind = Kind::Merge;
                let left_out = stretch::merge(&self.history, &mut sound, BLOCK);
                self.stats.shortened += left_out as u64;
            }
            self.fade_in(&mut sound);
            self.made_up = 0;
        } else {
            self.count_lost(1);
            self.imagine(&mut sound);
            self.settle(packet.samples);
        }
        self.frame = packet.samples;
        self.fell_quiet = packet.payload.len() <= SILENT_PAYLOAD;
        self.next = Some((seq.saturating_add(1), packet.at.saturating_add(packet.samples as i64)));
        self.queue.append(&mut sound);
    }

    /// Nothing is there: it is late, lost, or was never sent. Sound is made up on credit until that is known.
    fn stall(&mut self) {
        if self.fell_quiet || self.noise.quiet() || self.made_up >= MADE_UP_MAX {
            self.fall_silent();
            return;
        }
        let mut sound = vec![0.0; BLOCK];
        self.imagine(&mut sound);
        self.stalled += BLOCK;
        self.queue.append(&mut sound);
    }

    /// Frames before the first packet are missing: `missing` by number, `gap` samples of time.
    fn fill_hole(&mut self, now: i64, missing: u64, gap: i64) {
        let Some((next, due)) = self.next else { return };
        let silence_too = gap > (missing as i64).saturating_mul(self.frame as i64).saturating_add(GRAIN);
        let Some((first, samples, has_fec)) =
            self.store.first().map(|(seq, packet)| (seq, packet.samples as i64, self.decoder.has_fec(&packet.payload)))
        else {
            return;
        };
        if self.loss.is_new(first) {
            let dred = self.store.first().is_some_and(|(_, packet)| self.decoder.dred_reach(&packet.payload) > 0);
            self.loss.hole(missing, first, has_fec, dred);
        }
        if self.made_up >= MADE_UP_MAX || gap < GRAIN {
            self.settle_stall();
            self.count_lost(missing);
            self.next = Some((first, due));
            self.fall_silent();
            return;
        }
        // What was made up on credit stood for this, unless more ought to be held anyway.
        let covered = (self.stalled as i64).min(gap);
        self.settle_stall();
        if covered > 0 && self.held_us(now, due) > self.target_us() {
            self.pass(next, first, due, covered, gap, silence_too);
            return;
        }
        let mut piece = gap.min(self.frame as i64) / GRAIN * GRAIN;
        if gap > samples && gap - piece < samples {
            piece = (gap - samples) / GRAIN * GRAIN;
        }
        let copied = has_fec && gap <= samples;
        if copied {
            piece = samples;
        }
        let mut sound = vec![0.0; usize::try_from(piece.max(GRAIN)).unwrap_or(BLOCK)];
        let Some((_, packet)) = self.store.first() else { return };
        let fec = copied && self.decoder.decode_fec(&packet.payload, &mut sound).is_ok();
        if copied {
            sound.drain(..usize::try_from(samples - gap).unwrap_or(0));
        }
        let mut dred = false;
        if !fec && !silence_too {
            let distance = usize::try_from(gap).unwrap_or(usize::MAX);
            dred = self.decoder.decode_dred(&packet.payload, distance, &mut sound).is_ok();
        }
        if fec || dred {
            self.kind = if fec { Kind::Fec } else { Kind::Dred };
            let Stats { fec: copies, dred: deep, .. } = &mut self.stats;
            *if fec { copies } else { deep } += 1;
            self.fade_in(&mut sound);
            self.made_up = 0;
        } else {
            self.imagine(&mut sound);
            self.settle(sound.len());
        }
        let piece = sound.len() as i64;
        self.queue.append(&mut sound);
        self.pass(next, first, due, piece, gap, silence_too);
    }

    /// Goes on by `piece` samples of a hole of `gap` that ends at the packet `first`. With silence in the hole all frames may
    /// be passed before it ends.
    fn pass(&mut self, next: u64, first: u64, due: i64, piece: i64, gap: i64, silence_too: bool) {
        let last = if silence_too { first } else { first.saturating_sub(1) };
        let passed = if piece >= gap { first } else { next.saturating_add(1).min(last).max(next) };
        self.count_lost(passed.saturating_sub(next));
        self.next = Some((passed, due.saturating_add(piece)));
    }

    /// Makes sound up, fading into comfort noise the longer it lasts.
    fn imagine(&mut self, sound: &mut [f32]) {
        self.decoder.conceal(sound);
        for (i, slot) in sound.iter_mut().enumerate() {
            let place = self.made_up + i;
            if place > FADE_FROM {
                let share = ((place - FADE_FROM) as f32 / (MADE_UP_MAX - FADE_FROM) as f32).min(1.0);
                *slot = *slot * (1.0 - share) + self.noise.sample() * share;
            }
        }
        self.made_up += sound.len();
        self.kind = Kind::Expand;
    }

    /// After a long gap the decoder and what was heard last have little in common.
    fn fade_in(&mut self, sound: &mut [f32]) {
        const FADE: usize = 5 * SAMPLES_PER_MS;
        let from_silence = std::mem::take(&mut self.noised) && self.queue.is_empty();
        if self.made_up <= FADE_FROM && !from_silence {
            return;
        }
        for (i, slot) in sound.iter_mut().take(FADE).enumerate() {
            let share = i as f32 / FADE as f32;
            *slot = *slot * share + self.noise.sample() * (1.0 - share);
        }
    }

    fn fall_silent(&mut self) {
        self.phase = Phase::Silent;
        self.fell_quiet = false;
    }

    /// What was made up on credit did stand for sound.
    fn settle_stall(&mut self) {
        let samples = std::mem::take(&mut self.stalled);
        self.stats.played += (samples / BLOCK) as u64;
        self.settle(samples);
    }

    fn settle(&mut self, samples: usize) {
        self.concealed_samples += samples as u64;
        self.stats.concealed = self.concealed_samples / BLOCK as u64;
    }
}
