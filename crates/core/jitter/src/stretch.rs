//! Pitch-synchronous stretching, as NetEQ's `accelerate.cc` and `preemptive_expand.cc`: one pitch period is taken out or put
//! in where the sound repeats itself, and the seam is cross-faded, so that pitch and timbre stay.

/// Shortest and longest period looked for, in samples: 400 Hz to 67 Hz.
const SHORTEST: usize = 120;
pub(crate) const LONGEST: usize = 720;
/// The stretch of sound compared, and the longest seam: 10 ms.
pub(crate) const SEAM: usize = 480;
/// The coarse search looks at every eighth sample, smoothed.
const COARSE: usize = 8;
/// Mean square below which anything may be cut anywhere: -60 dBFS.
const PASSIVE: f32 = 1e-6;

/// Takes one period out at the start of `queue`. Returns the samples removed; 0 if the sound does not repeat itself well
/// enough. Needs [`LONGEST`] + [`SEAM`] samples.
pub(crate) fn shorten(queue: &mut Vec<f32>, likeness: f32) -> usize {
    if queue.len() < LONGEST + SEAM {
        return 0;
    }
    let Some(period) = repeats(queue, 0, Direction::Ahead, likeness) else { return 0 };
    let before: Vec<f32> = queue.drain(..period).collect();
    // The seam may be longer than the period: what it fades from is then partly what was just kept.
    let kept: Vec<f32> = queue.iter().take(SEAM.saturating_sub(period)).copied().collect();
    for (i, (slot, from)) in queue.iter_mut().zip(before.iter().chain(&kept)).take(SEAM).enumerate() {
        *slot = fade(*from, *slot, i);
    }
    period
}

/// Puts one period in at the start of `queue`, which follows on `history`. Returns the samples added. Needs [`LONGEST`]
/// samples of history and [`SEAM`] of queue.
pub(crate) fn lengthen(history: &[f32], queue: &mut Vec<f32>, likeness: f32) -> usize {
    if history.len() < LONGEST || queue.len() < SEAM {
        return 0;
    }
    let mut joined = Vec::with_capacity(LONGEST + SEAM);
    joined.extend_from_slice(history.get(history.len() - LONGEST..).unwrap_or_default());
    joined.extend_from_slice(queue.get(..SEAM).unwrap_or_default());
    let Some(period) = repeats(&joined, LONGEST, Direction::Back, likeness) else { return 0 };
    // The seam goes from the queue's first samples over to the same place one period earlier.
    let mut added: Vec<f32> = Vec::with_capacity(period.max(SEAM));
    for i in 0..SEAM {
        let (Some(from), Some(to)) = (joined.get(LONGEST + i), joined.get(LONGEST + i - period)) else { return 0 };
        added.push(fade(*from, *to, i));
    }
    // After the seam the repeat goes on where the queue was one period before.
    if period >= SEAM {
        added.extend_from_slice(joined.get(LONGEST + SEAM - period..LONGEST).unwrap_or_default());
        queue.splice(..0, added);
    } else {
        queue.splice(..SEAM - period, added);
    }
    period
}

/// Samples to leave out at the start of `fresh` so that it continues `history` in phase, as NetEQ's `merge.cc`, and the
/// cross-fade over the seam. Returns the samples left out.
pub(crate) fn merge(history: &[f32], fresh: &mut Vec<f32>, at_most: usize) -> usize {
    const OVERLAP: usize = 240;
    if history.len() < LONGEST + SEAM || fresh.len() < at_most + OVERLAP {
        return 0;
    }
    let tail = history.get(history.len() - LONGEST - SEAM..).unwrap_or_default();
    let Some(period) = repeats(tail, LONGEST, Direction::Back, 0.3) else { return 0 };
    let continued: Vec<f32> =
        (0..OVERLAP).filter_map(|i| tail.get(tail.len() - period + i % period).copied()).collect();
    let mut best = (0, 0.0);
    for skip in (0..=at_most.min(period)).step_by(2) {
        let Some(there) = fresh.get(skip..skip + OVERLAP) else { break };
        let alike = likeness_of(&continued, there);
        if alike > best.1 {
            best = (skip, alike);
        }
    }
    let (skip, _) = best;
    fresh.drain(..skip);
    for (i, (slot, before)) in fresh.iter_mut().zip(&continued).enumerate() {
        let share = i as f32 / OVERLAP as f32;
        *slot = before * (1.0 - share) + *slot * share;
    }
    skip
}

fn fade(from: f32, to: f32, i: usize) -> f32 {
    let share = (i as f32 + 0.5) / SEAM as f32;
    from * (1.0 - share) + to * share
}

#[derive(Clone, Copy)]
enum Direction {
    Ahead,
    Back,
}

/// The lag after which the [`SEAM`] samples at `at` are heard again (or were before), if they are alike enough.
fn repeats(sound: &[f32], at: usize, direction: Direction, likeness: f32) -> Option<usize> {
    let here = sound.get(at..at + SEAM)?;
    let there = |lag: usize| {
        let start = match direction {
            Direction::Ahead => at.checked_add(lag),
            Direction::Back => at.checked_sub(lag),
        }?;
        sound.get(start..start + SEAM)
    };
    if here.iter().map(|x| x * x).sum::<f32>() / (SEAM as f32) < PASSIVE {
        let lag = SEAM;
        let quiet = there(lag)?.iter().map(|x| x * x).sum::<f32>() / (SEAM as f32) < PASSIVE;
        return quiet.then_some(lag);
    }
    // Lags and places are multiples of the coarse step, so one smoothing serves all of them.
    let smooth: Vec<f32> = sound.chunks_exact(COARSE).map(|group| group.iter().sum()).collect();
    let rough_here = smooth.get(at / COARSE..(at + SEAM) / COARSE)?;
    let mut rough = (SHORTEST, f32::MIN);
    for lag in (SHORTEST..=LONGEST).step_by(COARSE) {
        let start = match direction {
            Direction::Ahead => (at + lag) / COARSE,
            Direction::Back => (at - lag) / COARSE,
        };
        let alike = likeness_of(rough_here, smooth.get(start..start + SEAM / COARSE)?);
        if alike > rough.1 {
            rough = (lag, alike);
        }
    }
    let mut best = (rough.0, f32::MIN);
    for lag in rough.0.saturating_sub(COARSE).max(SHORTEST)..=(rough.0 + COARSE).min(LONGEST) {
        let alike = likeness_of(here, there(lag)?);
        if alike > best.1 {
            best = (lag, alike);
        }
    }
    (best.1 > likeness).then_some(best.0)
}

/// Normalised cross-correlation, -1 to 1; a much louder or quieter counterpart is less alike.
fn likeness_of(a: &[f32], b: &[f32]) -> f32 {
    let (mut cross, mut aa, mut bb) = (0.0f32, 1e-9f32, 1e-9f32);
    for (x, y) in a.iter().zip(b) {
        cross += x * y;
        aa += x * x;
        bb += y * y;
    }
    cross / (aa * bb).sqrt()
}
