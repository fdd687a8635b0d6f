//! Who speaks, over a game: gives `crates/io/osd` what it shows. It paints on its own thread; nothing here draws.
//!
//! The overlay is there while somebody chose it and has another window in front: with the people of a call, and with who
//! just named one. This crate must never read keys or decide who is in a room. Start with [`OverlayPlugin`].
//!
//! [`OverlayPlugin`] installs: one resource of its own, one system after `HearthSystems::Derive`; it writes
//! `Voices::no_overlay`, ends `Voices::overlay_free`, and keeps the corner in the preferences.

mod mentions;

use bevy::{prelude::*, window::PrimaryWindow};
use hearth_osd::{Look, Overlay, OverlayEvent, OverlayFrame, Person, Talk as Shown};
use hearth_types::UserId;
use hearth_ui::{Prefs, Voices, WallClock};
use hearth_view::{Motion, OverlaySize, Talk, VoiceChoices};
use hearth_world::{FrameNeed, HearthSystems};
use mentions::{Arrivals, Mentions};
use std::{collections::BTreeMap, time::Duration};

/// Shows the overlay.
pub struct OverlayPlugin;

impl Plugin for OverlayPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Over>().add_systems(Update, show.after(HearthSystems::Derive));
    }
}

#[derive(Resource, Default)]
struct Over {
    overlay: Option<Overlay>,
    look: Look,
    /// Why there is none, once it was tried.
    refused: Option<String>,
    /// Since when each is silent.
    silent: BTreeMap<UserId, u64>,
    mentions: Mentions,
    last: OverlayFrame,
}

impl Over {
    fn start(&mut self) {
        if self.overlay.is_none() && self.refused.is_none() {
            match Overlay::start(self.look.clone()) {
                Ok(overlay) => self.overlay = Some(overlay),
                Err(why) => self.refused = Some(why.to_string()),
            }
        }
    }

    fn look(&mut self, look: Look) {
        if self.look != look {
            self.look = look;
            if let Some(overlay) = &self.overlay {
                overlay.set(self.look.clone());
            }
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "what is shown comes from everywhere")]
fn show(
    mut over: ResMut<Over>,
    mut voices: ResMut<Voices>,
    mut prefs: ResMut<Prefs>,
    look: Res<hearth_ui::Look>,
    clock: Res<WallClock>,
    window: Option<Single<&Window, With<PrimaryWindow>>>,
    mut arrivals: Arrivals,
    need: Res<FrameNeed>,
) {
    let Some(corner) = prefs.values.voice.overlay else {
        if over.overlay.is_some() || over.refused.is_some() {
            *over = Over::default();
        }
        arrivals.pass();
        hold(&mut voices, false);
        return;
    };
    let moved = over.overlay.as_ref().and_then(|overlay| {
        let told = std::iter::from_fn(|| overlay.events().try_recv().ok());
        told.filter_map(|event| if let OverlayEvent::Moved(corner) = event { Some(corner) } else { None }).last()
    });
    let corner = moved.unwrap_or(corner);
    if moved.is_some() {
        prefs.change(|values| values.voice.overlay = moved);
    }
    // In front, the window itself says who speaks.
    let in_front = window.as_ref().is_some_and(|window| window.focused && window.visible);
    if in_front {
        hold(&mut voices, false);
    }
    let pixels = window.as_ref().map_or(1.0, |window| window.scale_factor());
    let choices = &prefs.values.voice;
    let reduced_motion = look.motion == Motion::Reduced;
    let (scale, opacity) = (pixels * points(choices), f32::from(choices.overlay_opacity) / 100.0);
    let interactive = voices.overlay_free;
    over.look(Look { corner, scale, opacity, interactive, reduced_motion, ..Look::default() });
    over.start();
    if voices.no_overlay != over.refused {
        voices.no_overlay.clone_from(&over.refused);
    }
    let now = clock.now_ms();
    let Over { silent, mentions, .. } = &mut *over;
    let told = arrivals.told(choices.overlay_mentions && !in_front, now);
    let toasts = mentions.follow(told, !in_front, now);
    if let Some(at) = mentions.next_ms() {
        need.within(Duration::from_millis(at.saturating_sub(now)));
    }
    let frame = if in_front || voices.call.is_none() {
        silent.clear();
        OverlayFrame::default()
    } else {
        frame(&voices, choices.talk, silent, now)
    };
    let frame = OverlayFrame { at_ms: now, toasts, ..frame };
    let news = OverlayFrame { at_ms: 0, ..frame.clone() };
    if over.last != news {
        over.last = news;
        if let Some(overlay) = &over.overlay {
            overlay.show(frame);
        }
    }
}

/// What is shown of a call.
fn frame(voices: &Voices, talk: Talk, silent: &mut BTreeMap<UserId, u64>, now_ms: u64) -> OverlayFrame {
    silent.retain(|user, _| voices.in_call.iter().any(|person| person.user == *user));
    let people = voices.in_call.iter().map(|person| {
        if person.speaking {
            silent.remove(&person.user);
        } else {
            silent.entry(person.user).or_insert(now_ms);
        }
        Person {
            name: person.name.clone(),
            color: person.color,
            // Levels are told only while the window has the keyboard; here a voice is on or off.
            level: if person.speaking { 0.6 } else { 0.0 },
            speaking: person.speaking,
            muted: person.muted,
            deafened: person.deafened,
            silent_since_ms: silent.get(&person.user).copied(),
        }
    });
    let talk = match (talk == Talk::Key, voices.talking) {
        (false, _) => Shown::Off,
        (true, false) => Shown::Ready,
        (true, true) => Shown::Open,
    };
    OverlayFrame { at_ms: 0, people: people.collect(), toasts: Vec::new(), talk }
}

/// Takes the mouse, or not.
fn hold(voices: &mut ResMut<Voices>, free: bool) {
    if voices.overlay_free != free {
        voices.overlay_free = free;
    }
}

/// How large a point is.
fn points(choices: &VoiceChoices) -> f32 {
    match choices.overlay_size {
        OverlaySize::Small => 0.85,
        OverlaySize::Normal => 1.0,
        OverlaySize::Large => 1.3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hearth_ui::voice::InCall;

    fn person(n: u8, speaking: bool) -> InCall {
        let user = UserId([n; 32]);
        InCall { user, name: format!("P{n}"), color: 0, speaking, level: 0.0, muted: false, deafened: false }
    }

    #[test]
    fn silence_counts_from_the_last_word_and_who_left_is_forgotten() {
        let (mut voices, mut silent) = (Voices::default(), BTreeMap::new());
        voices.in_call = vec![person(1, true), person(2, false)];
        let shown = frame(&voices, Talk::Voice, &mut silent, 1_000);
        assert_eq!((shown.people[0].silent_since_ms, shown.people[1].silent_since_ms), (None, Some(1_000)));
        voices.in_call[0].speaking = false;
        let shown = frame(&voices, Talk::Voice, &mut silent, 2_000);
        assert_eq!((shown.people[0].silent_since_ms, shown.people[1].silent_since_ms), (Some(2_000), Some(1_000)));
        assert_eq!(frame(&voices, Talk::Voice, &mut silent, 9_000), shown, "nothing new is nothing to show");
        voices.in_call.remove(0);
        frame(&voices, Talk::Voice, &mut silent, 9_000);
        assert_eq!(silent.len(), 1);
    }

    #[test]
    fn the_key_is_shown_under_push_to_talk_only() {
        let shown = |talk, talking| {
            let mut voices = Voices::default();
            voices.talking = talking;
            frame(&voices, talk, &mut BTreeMap::new(), 0).talk
        };
        assert_eq!(shown(Talk::Voice, true), Shown::Off);
        assert_eq!((shown(Talk::Key, false), shown(Talk::Key, true)), (Shown::Ready, Shown::Open));
    }
}
