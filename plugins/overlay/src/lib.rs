//! Who speaks, over a game: gives `crates/io/osd` what it shows. It paints on its own thread; nothing here draws.
//!
//! The overlay is there while somebody chose it, is in a call and has another window in front. This crate must never read
//! keys or decide who is in a room. Start with [`OverlayPlugin`].
//!
//! [`OverlayPlugin`] installs: one resource of its own, one system after `HearthSystems::Derive`; it writes
//! `Voices::no_overlay` and the corner in the preferences.

use bevy::{prelude::*, window::PrimaryWindow};
use hearth_osd::{Corner, Look, Overlay, OverlayEvent, OverlayFrame, Person, Talk as Shown};
use hearth_types::UserId;
use hearth_ui::{Prefs, Voices, WallClock};
use hearth_view::{Motion, Talk};
use hearth_world::HearthSystems;
use std::collections::BTreeMap;

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

fn show(
    mut over: ResMut<Over>,
    mut voices: ResMut<Voices>,
    mut prefs: ResMut<Prefs>,
    look: Res<hearth_ui::Look>,
    clock: Res<WallClock>,
    window: Option<Single<&Window, With<PrimaryWindow>>>,
) {
    let Some(corner) = prefs.values.voice.overlay else {
        if over.overlay.is_some() || over.refused.is_some() {
            *over = Over::default();
        }
        return;
    };
    let moved = over.overlay.as_ref().and_then(|overlay| {
        let told = std::iter::from_fn(|| overlay.events().try_recv().ok());
        told.filter_map(|event| if let OverlayEvent::Moved(corner) = event { Some(ours(corner)) } else { None }).last()
    });
    let corner = moved.unwrap_or(corner);
    if moved.is_some() {
        prefs.change(|values| values.voice.overlay = moved);
    }
    let reduced_motion = look.motion == Motion::Reduced;
    over.look(Look { corner: theirs(corner), reduced_motion, ..Look::default() });
    over.start();
    if voices.no_overlay != over.refused {
        voices.no_overlay.clone_from(&over.refused);
    }
    // In front, the window itself says who speaks.
    let in_front = window.is_some_and(|window| window.focused && window.visible);
    let now = clock.now_ms();
    let Over { silent, .. } = &mut *over;
    let frame = if in_front || voices.call.is_none() {
        silent.clear();
        OverlayFrame::default()
    } else {
        frame(&voices, prefs.values.voice.talk, silent, now)
    };
    let frame = OverlayFrame { at_ms: now, ..frame };
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

fn theirs(corner: hearth_view::Corner) -> Corner {
    match corner {
        hearth_view::Corner::TopLeft => Corner::TopLeft,
        hearth_view::Corner::TopRight => Corner::TopRight,
        hearth_view::Corner::BottomLeft => Corner::BottomLeft,
        hearth_view::Corner::BottomRight => Corner::BottomRight,
    }
}

fn ours(corner: Corner) -> hearth_view::Corner {
    match corner {
        Corner::TopLeft => hearth_view::Corner::TopLeft,
        Corner::TopRight => hearth_view::Corner::TopRight,
        Corner::BottomLeft => hearth_view::Corner::BottomLeft,
        Corner::BottomRight => hearth_view::Corner::BottomRight,
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
