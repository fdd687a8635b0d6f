//! Push-to-talk, mute, deafen and the overlay whatever program is in front. The key of push to talk goes from
//! `crates/io/hotkeys` to the node on the watcher's own thread, past the frame, and the face only hears of it; the others turn
//! something on and off, which is the frame's to know.
//!
//! Keys are watched while they do something: push to talk, mute and deafen in a call (push to talk in a test of the
//! microphone too), the overlay's while there is an overlay; else the display is asked for nothing. Where no keys can be
//! watched, the window reads that of push to talk itself while it has the keyboard. Start with [`KeysPlugin`].
//!
//! [`KeysPlugin`] installs: one resource of its own, one system in `HearthSystems::Derive`; it writes `Voices::keys` and
//! `Voices::overlay_free`.

use async_channel::{Receiver, Sender};
use bevy_app::{App, Plugin, Update};
use bevy_ecs::prelude::*;
use hearth_bridge::{Bridge, WakeUp};
use hearth_hotkeys::{Action, Capture, Captured, Chord, Hotkeys, Pressed, Reach, Source};
use hearth_ports::{NodeCommand, NodeHandle, VoiceAsk, VoiceSettings, audio::Gate};
use hearth_ui::{Faces, Prefs, Voices, control::Toggle, voice::KeysState};
use hearth_view::{KeyFor, Talk, VoiceChoices};
use hearth_world::{FrameNeed, HearthSystems, NodeDoor};
use std::{
    sync::{Arc, Mutex, OnceLock},
    time::{Duration, Instant},
};

/// How long a key is waited for in the settings.
const CAPTURE: Duration = Duration::from_secs(10);
/// Between two looks whether it came.
const LOOK: Duration = Duration::from_millis(100);
/// The answer counts a little after it came, so that the window, which gets the same key, still takes it for one.
const SETTLES: Duration = Duration::from_millis(150);
/// Presses that wait for a frame; of more, the oldest go.
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
    tell: Sender<Pressed>,
    told: Receiver<Pressed>,
    bound: Vec<(Action, Chord)>,
    /// Locked by nobody: the World only asks that it could be shared.
    capture: Option<Mutex<Capture>>,
    /// A key that was waited for has come; said so until then.
    settles: Option<Instant>,
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
            bound: Vec::new(),
            capture: None,
            settles: None,
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
            if let (Action::Talk, Some(node)) = (pressed.action, node.get()) {
                hold(node, pressed.down);
            }
            let _ = tell.force_send(pressed);
            wake_up.wake();
        });
        match started {
            Ok(watcher) => self.watcher = Some(watcher),
            Err(why) => self.refused = Some(why.to_string()),
        }
    }

    fn bind(&mut self, wanted: Vec<(Action, Chord)>) {
        if self.bound != wanted
            && let Some(watcher) = &self.watcher
        {
            watcher.set(wanted.clone());
            self.bound = wanted;
        }
    }

    fn is_bound(&self, action: Action) -> bool {
        self.bound.iter().any(|(bound, _)| *bound == action)
    }

    /// What there is to say of where keys are heard.
    fn word(&self) -> Option<String> {
        let Some(watcher) = &self.watcher else { return self.refused.clone() };
        watcher.trouble().map(|why| why.to_string()).or_else(|| {
            let part =
                "Keys are heard while this window or a game is in front, but not over every program of this desktop.";
            (watcher.reach() == Reach::X11Programs).then(|| part.to_owned())
        })
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

fn action(which: KeyFor) -> Action {
    match which {
        KeyFor::Talk => Action::Talk,
        KeyFor::Mute => Action::Mute,
        KeyFor::Deafen => Action::Deafen,
        KeyFor::Overlay => Action::Overlay,
    }
}

/// The key of an action; what was kept and is no key is none.
fn chord(choices: &VoiceChoices, which: KeyFor) -> Option<Chord> {
    let chosen = choices.key_for(which).parse().ok();
    if which == KeyFor::Talk { chosen.or_else(|| Some(usual())) } else { chosen }
}

/// Keys that do something now.
fn wanted(choices: &VoiceChoices, in_call: bool, testing: bool) -> Vec<(Action, Chord)> {
    let does = |which| match which {
        KeyFor::Talk => choices.talk == Talk::Key && (in_call || testing),
        KeyFor::Mute | KeyFor::Deafen => in_call,
        KeyFor::Overlay => choices.overlay.is_some(),
    };
    let all = KeyFor::ALL.into_iter().filter(|which| does(*which));
    all.filter_map(|which| Some((action(which), chord(choices, which)?))).collect()
}

/// What else has this key.
fn taken(choices: &VoiceChoices, which: KeyFor, new: Chord) -> Option<KeyFor> {
    KeyFor::ALL.into_iter().find(|other| *other != which && chord(choices, *other) == Some(new))
}

fn follow(
    mut keys: ResMut<Keys>,
    mut voices: ResMut<Voices>,
    mut prefs: ResMut<Prefs>,
    mut node: NodeDoor,
    faces: Res<Faces>,
    bridge: Res<Bridge>,
    need: Res<FrameNeed>,
) {
    if keys.node.get().is_none()
        && let Some(node) = bridge.past_the_frame()
    {
        let _ = keys.node.set(node);
    }
    let choices = &prefs.values.voice;
    let wanted = wanted(choices, voices.call.is_some(), faces.main.testing());
    if choices.talk == Talk::Key || !wanted.is_empty() || voices.keys.asked.is_some() {
        keys.start();
    }
    keys.bind(wanted);

    let labels = KeyFor::ALL.map(|which| chord(choices, which).map(Chord::label).unwrap_or_default());
    let mut now = KeysState { labels, ..voices.keys.clone() };
    while let Ok(Pressed { action, down, .. }) = keys.told.try_recv() {
        let toggle = match action {
            Action::Talk => {
                now.held = down;
                continue;
            }
            _ if !down => continue,
            Action::Mute => Toggle::Mute,
            Action::Deafen => Toggle::Deafen,
            Action::Overlay => {
                voices.overlay_free = !voices.overlay_free;
                need.now();
                continue;
            }
        };
        if let Some(settings) = voices.toggled(toggle) {
            node.send(NodeCommand::Voice(VoiceAsk::Set(settings)));
        }
    }
    now.held &= keys.is_bound(Action::Talk);
    now.everywhere = keys.watcher.as_ref().is_some_and(|watcher| watcher.trouble().is_none());
    now.word = keys.word();
    ask(&mut keys, &mut now, &mut prefs, &faces, &need);
    if voices.keys != now {
        voices.keys = now;
        need.now();
    }
}

/// Waits for a key in the settings, one at a time.
fn ask(keys: &mut Keys, now: &mut KeysState, prefs: &mut Prefs, faces: &Faces, need: &FrameNeed) {
    if !faces.main.voice_settings_open() {
        (keys.capture, keys.settles, now.asked, now.taken) = (None, None, None, None);
        return;
    }
    if keys.settles.is_some_and(|until| until <= Instant::now()) {
        (keys.settles, now.asked) = (None, None);
    }
    let Some(which) = now.asked else { return };
    need.within(LOOK);
    if keys.settles.is_some() {
        return;
    }
    if keys.capture.is_none() {
        keys.capture = keys.watcher.as_ref().map(|watcher| Mutex::new(watcher.capture(CAPTURE)));
        if keys.capture.is_none() {
            now.asked = None;
        }
    }
    let Some(captured) = keys.captured() else { return };
    keys.settles = Some(Instant::now() + SETTLES);
    if let Captured::Chord(chord) = captured {
        now.taken = taken(&prefs.values.voice, which, chord).map(|by| (which, by));
        if now.taken.is_none() {
            prefs.change(|values| *values.voice.key_for_mut(which) = chord.to_string());
            now.labels[which as usize] = chord.label();
        }
    }
}

/// Beside the hand, and no letter comes of it.
#[expect(clippy::expect_used, reason = "a name this crate's own test parses")]
fn usual() -> Chord {
    "ControlRight".parse().expect("a key")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn choices() -> VoiceChoices {
        VoiceChoices { mute_key: "F9".into(), overlay_key: "Ctrl+F9".into(), ..VoiceChoices::default() }
    }

    fn actions(choices: &VoiceChoices, in_call: bool, testing: bool) -> Vec<Action> {
        wanted(choices, in_call, testing).into_iter().map(|(action, _)| action).collect()
    }

    #[test]
    fn the_usual_key_is_one() {
        assert_eq!(usual().label(), hearth_view::KeysView::default().label(KeyFor::Talk));
    }

    #[test]
    fn keys_are_watched_only_while_they_do_something() {
        let mut choices = choices();
        assert_eq!(actions(&choices, false, false), [], "nothing to mute and no overlay");
        assert_eq!(actions(&choices, true, false), [Action::Mute], "deafening has no key");
        choices.overlay = Some(Default::default());
        assert_eq!(actions(&choices, false, false), [Action::Overlay]);
        choices.talk = Talk::Key;
        assert_eq!(actions(&choices, false, true), [Action::Talk, Action::Overlay]);
        assert_eq!(actions(&choices, true, false), [Action::Talk, Action::Mute, Action::Overlay]);
        choices.mute_key = "no key".into();
        choices.key = String::new();
        assert_eq!(wanted(&choices, true, false)[0], (Action::Talk, usual()), "there is always one to talk");
        assert_eq!(actions(&choices, true, false), [Action::Talk, Action::Overlay]);
    }

    #[test]
    fn one_key_does_one_thing() {
        let choices = choices();
        let at = |text: &str| text.parse::<Chord>().unwrap();
        assert_eq!(taken(&choices, KeyFor::Deafen, at("F9")), Some(KeyFor::Mute));
        assert_eq!(taken(&choices, KeyFor::Mute, at("F9")), None, "it has that already");
        assert_eq!(taken(&choices, KeyFor::Mute, at("ControlRight")), Some(KeyFor::Talk));
        assert_eq!(taken(&choices, KeyFor::Deafen, at("Shift+F9")), None);
    }
}
