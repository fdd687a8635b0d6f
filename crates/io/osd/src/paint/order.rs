//! Who is shown, in which order and how strongly.

use crate::limits::{FADE_MS, LINGER_MS, PEOPLE, TOASTS};
use crate::{OverlayFrame, Person, Toast};

/// Who speaks, in the frame's order; then the others, latest word first, until they have faded.
pub(crate) fn people(frame: &OverlayFrame, now_ms: u64) -> Vec<(&Person, f32)> {
    let mut shown: Vec<_> = frame.people.iter().map(|p| (p, strength(leaves_ms(p), p.speaking, now_ms))).collect();
    shown.retain(|(_, strength)| *strength > 0.0);
    // Stable: who speaks does not change places with others who do.
    shown.sort_by_key(|(p, _)| if p.speaking { (false, 0) } else { (true, u64::MAX - p.silent_since_ms.unwrap_or(0)) });
    shown.truncate(PEOPLE);
    shown
}

pub(crate) fn toasts(frame: &OverlayFrame, now_ms: u64) -> Vec<(&Toast, f32)> {
    let shown = frame.toasts.iter().map(|t| (t, strength(Some(t.until_ms), false, now_ms)));
    shown.filter(|(_, strength)| *strength > 0.0).take(TOASTS).collect()
}

/// When somebody begins to fade; who speaks does not.
pub(crate) fn leaves_ms(person: &Person) -> Option<u64> {
    if person.speaking { None } else { person.silent_since_ms.map(|at| at.saturating_add(LINGER_MS)) }
}

fn strength(leaves_ms: Option<u64>, stays: bool, now_ms: u64) -> f32 {
    match leaves_ms {
        _ if stays => 1.0,
        None => 0.0,
        Some(at) => 1.0 - (now_ms.saturating_sub(at) as f32 / FADE_MS as f32).min(1.0),
    }
}
