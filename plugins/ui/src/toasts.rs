//! Short notices over the main view.

use crate::WallClock;
use bevy::prelude::*;
use hearth_view::{Toast, ToastLevel};
use hearth_world::{FrameNeed, NodeEnded, Notice};
use std::time::Duration;

/// Toasts at once.
pub const MAX_TOASTS: usize = 3;
/// How long one stays, in milliseconds.
pub const TOAST_MS: u64 = 7_000;

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
    /// Takes one away.
    pub fn dismiss(&mut self, id: u64) {
        if let Some(at) = self.shown.iter().position(|toast| toast.id == id) {
            self.shown.remove(at);
            self.until_ms.remove(at);
        }
    }
    fn expire(&mut self, now_ms: u64) -> Option<u64> {
        while let Some(at) = self.until_ms.iter().position(|until| *until <= now_ms) {
            self.shown.remove(at);
            self.until_ms.remove(at);
        }
        self.until_ms.iter().min().copied()
    }
}

/// Turns the node's notices into toasts.
pub fn collect(
    mut toasts: ResMut<Toasts>,
    mut notices: MessageReader<Notice>,
    mut ended: MessageReader<NodeEnded>,
    clock: Res<WallClock>,
) {
    for notice in notices.read() {
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
        toasts.dismiss(first);
        assert_eq!(toasts.expire(100 + TOAST_MS - 1), Some(100 + TOAST_MS));
        assert_eq!(toasts.shown.len(), 2);
        assert_eq!(toasts.expire(100 + TOAST_MS), None);
        assert!(toasts.shown.is_empty());
    }
}
