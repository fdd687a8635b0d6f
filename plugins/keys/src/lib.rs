//! Push-to-talk whatever program is in front: the key goes from `crates/io/hotkeys` to the node on the watcher's own thread,
//! past the frame, and the face only hears of it.
//!
//! Keys are watched while one is in a call, or tests the microphone, under push to talk; else the display is asked for
//! nothing. Where no keys can be watched, the window reads the key itself while it has the keyboard. Start with
//! [`KeysPlugin`].
//!
//! [`KeysPlugin`] installs: one resource of its own, one system in `HearthSystems::Derive`; it writes `Voices::key`.

use async_channel::{Receiver, Sender};
use bevy_app::{App, Plugin, Update};
use bevy_ecs::prelude::*;
use hearth_bridge::{Bridge, WakeUp};
use hearth_hotkeys::{Action, Capture, Captured, Chord, Hotkeys, Reach, Source};
use hearth_ports::{NodeCommand, NodeHandle, VoiceAsk, VoiceSettings, audio::Gate};
use hearth_ui::{Faces, Prefs, Voices, voice::TalkKeyState};
use hearth_view::Talk;
use hearth_world::{FrameNeed, HearthSystems};
use std::{
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

/// How long a key is waited for in the settings.
const CAPTURE: Duration = Duration::from_secs(10);
/// Between two looks whether it came.
const LOOK: Duration = Duration::from_millis(100);
/// Presses that wait for a frame; only the newest counts.
const TOLD: usize = 16;
/// Requests that nobody waits for an answer of.
const UNASKED: u64 = u64::MAX - 1;

/// Watches keys.
pub struct KeysPlugin {
    /// Wakes the window when a key went down or up.
    pub wake_up: WakeUp,
    /// Where keys come from.
    pub source: Source,
}

#[derive(Resource)]
struct Keys {
    source: Source,
    watcher: Option<Hotkeys>,
    /// Why there is none, once it was tried.
    refused: Option<String>,
    node: Arc<OnceLock<NodeHandle>>,
    tell: Sender<bool>,
    told: Receiver<bool>,
    bound: Option<Chord>,
    /// Locked by nobody: the World only asks that it could be shared.
    capture: Option<Mutex<Capture>>,
    wake_up: WakeUp,
}

impl Plugin for KeysPlugin {
    fn build(&self, app: &mut App) {
        let (tell, told) = async_channel::bounded(TOLD);
        app.insert_resource(Keys {
            source: self.source.clone(),
            watcher: None,
            refused: None,
            node: Arc::default(),
            tell,
            told,
            bound: None,
            capture: None,
            wake_up: self.wake_up.clone(),
        })
        .add_systems(Update, follow.in_set(HearthSystems::Derive).before(hearth_ui::voice::talk));
    }
}

impl Keys {
    /// Begins to watch, unless that was tried in vain.
    fn start(&mut self) {
        if self.watcher.is_some() || self.refused.is_some() {
            return;
        }
        let (node, tell, wake_up) = (Arc::clone(&self.node), self.tell.clone(), self.wake_up.clone());
        let started = Hotkeys::start(self.source.clone(), move |pressed| {
            if pressed.action != Action::Talk {
                return;
            }
            if let Some(node) = node.get() {
                hold(node, pressed.down);
            }
            let _ = tell.force_send(pressed.down);
            wake_up.wake();
        });
        match started {
            Ok(watcher) => self.watcher = Some(watcher),
            Err(why) => self.refused = Some(why.to_string()),
        }
    }

    fn bind(&mut self, chord: Option<Chord>) {
        if self.bound != chord
            && let Some(watcher) = &self.watcher
        {
            watcher.set(chord.map(|chord| (Action::Talk, chord)).into_iter().collect());
            self.bound = chord;
        }
    }

    /// A key that was waited for: what became of it.
    fn captured(&mut self) -> Option<Captured> {
        let captured = self.capture.as_mut()?.get_mut().ok()?.poll()?;
        self.capture = None;
        Some(captured)
    }
}

/// What a key means to the node. The gate goes with it, because a key alone would choose push to talk.
pub fn held(down: bool) -> VoiceSettings {
    VoiceSettings { ptt: Some(down), gate: Some(Gate::PushToTalk), ..VoiceSettings::default() }
}

/// The way of a key to the node, from whatever thread. False where its queue is full: then it has more to see to than a key.
pub fn hold(node: &NodeHandle, down: bool) -> bool {
    node.try_send(UNASKED, NodeCommand::Voice(VoiceAsk::Set(held(down)))).is_ok()
}

fn follow(
    mut keys: ResMut<Keys>,
    mut voices: ResMut<Voices>,
    mut prefs: ResMut<Prefs>,
    faces: Res<Faces>,
    bridge: Res<Bridge>,
    need: Res<FrameNeed>,
) {
    if keys.node.get().is_none()
        && let Some(node) = bridge.past_the_frame()
    {
        let _ = keys.node.set(node);
    }
    let by_key = prefs.values.voice.talk == Talk::Key;
    if by_key {
        keys.start();
    }
    let chord: Chord = prefs.values.voice.key.parse().unwrap_or_else(|_| usual());
    let taken_in = voices.call.is_some() || faces.main.testing();
    keys.bind((by_key && taken_in).then_some(chord));

    let mut now = TalkKeyState { label: chord.label(), ..voices.key.clone() };
    while let Ok(down) = keys.told.try_recv() {
        now.held = down;
    }
    now.held &= keys.bound.is_some();
    now.everywhere = keys.watcher.as_ref().is_some_and(|watcher| watcher.trouble().is_none());
    now.word = match &keys.watcher {
        Some(watcher) => watcher.trouble().map(|why| why.to_string()).or_else(|| {
            let part =
                "It is heard while this window or a game is in front, but not over every program of this desktop.";
            (watcher.reach() == Reach::X11Programs).then(|| part.to_owned())
        }),
        None => keys.refused.clone(),
    };
    if now.asked && keys.capture.is_none() {
        keys.capture = keys.watcher.as_ref().map(|watcher| Mutex::new(watcher.capture(CAPTURE)));
        now.asked = keys.capture.is_some();
    }
    match keys.captured() {
        Some(Captured::Chord(chord)) => {
            prefs.change(|values| values.voice.key = chord.to_string());
            now.label = chord.label();
            now.asked = false;
        }
        Some(Captured::GaveUp | Captured::TimedOut) => now.asked = false,
        None => {}
    }
    if now.asked {
        need.within(LOOK);
    }
    if voices.key != now {
        voices.key = now;
        need.now();
    }
}

/// Beside the hand, and no letter comes of it.
#[expect(clippy::expect_used, reason = "a name this crate's own test parses")]
fn usual() -> Chord {
    "ControlRight".parse().expect("a key")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_usual_key_is_one() {
        assert_eq!(super::usual().label(), hearth_view::TalkKey::default().label);
    }
}
