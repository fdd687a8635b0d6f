//! Short notices over the main view.

use crate::{Prefs, WallClock};
use bevy::prelude::*;
use hearth_view::{Toast, ToastLevel};
use hearth_world::{FrameNeed, NodeEnded, Notice};
use std::time::Duration;

/// Toasts at once.
pub const MAX_TOASTS: usize = 3;
/// How long one stays, in milliseconds.
pub const TOAST_MS: u64 = 7_000;

/// Said once, until it was closed by hand.
pub const KEYS_IN_A_FILE: &str = "Your keys are kept in a file on this computer, because it has no keychain.";
const KEYS_CODE: &str = "keys_in_a_file";

/// The notice that keys are protected by the file system alone.
pub fn keys_in_a_file() -> Notice {
    Notice { code: KEYS_CODE, message: KEYS_IN_A_FILE.into() }
}

/// Toasts shown, oldest first.
#[derive(Resource, Debug, Default)]
pub struct Toasts {
    /// What is drawn.
    pub shown: Vec<Toast>,
    until_ms: Vec<u64>,
    next: u64,
}

impl Toasts {
    /// Shows a sentence; the same one is not shown twice at a time.
    pub fn show(&mut self, level: ToastLevel, text: impl Into<String>, now_ms: u64) {
        let text = text.into();
        if let Some(at) = self.shown.iter().position(|toast| toast.text == text) {
            self.until_ms[at] = now_ms + TOAST_MS;
            return;
        }
        if self.shown.len() == MAX_TOASTS {
            self.shown.remove(0);
            self.until_ms.remove(0);
        }
        self.next += 1;
        self.shown.push(Toast { id: self.next, level, text });
        self.until_ms.push(now_ms + TOAST_MS);
    }
    /// Shows a sentence until it is closed by hand.
    pub fn keep(&mut self, level: ToastLevel, text: impl Into<String>) {
        self.show(level, text, u64::MAX - TOAST_MS);
    }
    /// Takes one away and gives it.
    pub fn dismiss(&mut self, id: u64) -> Option<Toast> {
        let at = self.shown.iter().position(|toast| toast.id == id)?;
        self.until_ms.remove(at);
        Some(self.shown.remove(at))
    }
    fn expire(&mut self, now_ms: u64) -> Option<u64> {
        while let Some(at) = self.until_ms.iter().position(|until| *until <= now_ms) {
            self.shown.remove(at);
            self.until_ms.remove(at);
        }
        self.until_ms.iter().min().copied().filter(|until| *until != u64::MAX)
    }
}

/// Turns the node's notices into toasts.
pub fn collect(
    mut toasts: ResMut<Toasts>,
    mut notices: MessageReader<Notice>,
    mut ended: MessageReader<NodeEnded>,
    clock: Res<WallClock>,
    prefs: Res<Prefs>,
) {
    for notice in notices.read() {
        if notice.code == KEYS_CODE {
            if !prefs.values.knows_key_place {
                toasts.keep(ToastLevel::Info, &notice.message);
            }
            continue;
        }
        toasts.show(ToastLevel::Warning, &notice.message, clock.now_ms());
    }
    if ended.read().next().is_some() {
        let text = "Hearth has stopped working in the background. Close it and start it again.";
        toasts.show(ToastLevel::Warning, text, clock.now_ms());
    }
}

/// Takes away what was shown long enough.
pub fn expire(mut toasts: ResMut<Toasts>, clock: Res<WallClock>, need: Res<FrameNeed>) {
    if toasts.shown.is_empty() {
        return;
    }
    let now_ms = clock.now_ms();
    if let Some(next) = toasts.expire(now_ms) {
        need.within(Duration::from_millis(next.saturating_sub(now_ms)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toasts_are_few_do_not_repeat_and_end() {
        let mut toasts = Toasts::default();
        for text in ["a", "b", "a", "c", "d"] {
            toasts.show(ToastLevel::Info, text, 100);
        }
        let texts: Vec<&str> = toasts.shown.iter().map(|t| t.text.as_str()).collect();
        assert_eq!(texts, ["b", "c", "d"]);
        let first = toasts.shown[0].id;
        assert_eq!(toasts.dismiss(first).map(|t| t.text), Some("b".into()));
        assert_eq!(toasts.dismiss(first), None);
        assert_eq!(toasts.expire(100 + TOAST_MS - 1), Some(100 + TOAST_MS));
        assert_eq!(toasts.shown.len(), 2);
        assert_eq!(toasts.expire(100 + TOAST_MS), None);
        assert!(toasts.shown.is_empty());
        toasts.keep(ToastLevel::Info, KEYS_IN_A_FILE);
        assert_eq!(toasts.expire(u64::MAX - 1), None);
        assert_eq!(toasts.shown.len(), 1, "it waits to be closed by hand");
    }
}
