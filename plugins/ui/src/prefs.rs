//! Preferences of this computer: theme, last channels, people list, how one is heard, how loud others are. Never a key,
//! never a message.

use bevy::prelude::*;
use bevy_pkv::PkvStore;
use hearth_types::{ChannelId, SpaceId, UserId, limits};
use hearth_view::{ThemeChoice, VoiceChoices};
use hearth_world::FrameNeed;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, path::Path, time::Duration};

const KEY: &str = "ui";
/// People whose volume is remembered.
pub const VOLUMES: usize = 512;
/// Percent that nobody's volume goes beyond.
const LOUDEST: f32 = 200.0;
/// A slider is dragged in many small steps; the disk hears of them this much after the first, in milliseconds.
const SAVE_AFTER_MS: u64 = 1_000;

/// What is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Values {
    /// Dark or light.
    pub theme: ThemeChoice,
    /// Community last open.
    pub community: Option<SpaceId>,
    /// Channel last open in each.
    pub channels: BTreeMap<SpaceId, ChannelId>,
    /// Whether the people list is wanted.
    pub people: bool,
    /// Whether it was read that the keys are in a file.
    pub knows_key_place: bool,
    /// How one is heard and hears.
    pub voice: VoiceChoices,
    /// How loud others are, in percent; who is not here is at 100.
    pub volumes: BTreeMap<UserId, u16>,
}

impl Default for Values {
    fn default() -> Self {
        Self {
            theme: ThemeChoice::Dark,
            community: None,
            channels: BTreeMap::new(),
            people: true,
            knows_key_place: false,
            voice: VoiceChoices::default(),
            volumes: BTreeMap::new(),
        }
    }
}

/// The values, and where they are kept.
#[derive(Resource)]
pub struct Prefs {
    /// As of now.
    pub values: Values,
    store: Option<PkvStore>,
    /// When what is not on disk yet has to be there, Unix milliseconds.
    due_ms: Option<u64>,
}

impl Prefs {
    /// Reads them. A store that cannot be read is left alone: the defaults hold for this run.
    pub fn open(dir: Option<&Path>) -> Self {
        // The store's constructor gives up by panicking when the file is damaged or the disk refuses.
        let store = dir.and_then(|dir| {
            let dir = dir.to_owned();
            std::panic::catch_unwind(move || PkvStore::new_in_dir(dir))
                .inspect_err(|_| warn!("preferences cannot be read; they hold for this run only"))
                .ok()
        });
        let values = store.as_ref().and_then(|store| store.get(KEY).ok()).unwrap_or_default();
        Self { values, store, due_ms: None }
    }
    /// Changes them, on disk too when something is different.
    pub fn change(&mut self, change: impl FnOnce(&mut Values)) {
        let before = self.values.clone();
        change(&mut self.values);
        while self.values.channels.len() > limits::SPACES {
            self.values.channels.pop_first();
        }
        if self.values != before || self.due_ms.is_some() {
            self.save();
        }
    }
    /// Writes what is not on disk yet.
    pub fn save(&mut self) {
        self.due_ms = None;
        if let Some(store) = &mut self.store
            && store.set(KEY, &self.values).is_err()
        {
            warn!("preferences could not be saved");
        }
    }
    /// How loud somebody is, 1.0 unless it was changed.
    pub fn volume(&self, user: UserId) -> f32 {
        self.values.volumes.get(&user).map_or(1.0, |percent| f32::from(*percent) / 100.0)
    }
    /// Remembers how loud somebody is; on disk a little later.
    pub fn set_volume(&mut self, user: UserId, gain: f32, now_ms: u64) {
        let percent = (gain * 100.0).round().clamp(0.0, LOUDEST) as u16;
        if percent == 100 {
            self.values.volumes.remove(&user);
        } else {
            self.values.volumes.insert(user, percent);
        }
        while self.values.volumes.len() > VOLUMES {
            self.values.volumes.pop_first();
        }
        self.due_ms.get_or_insert(now_ms + SAVE_AFTER_MS);
    }
}

/// Saves what was put off.
pub fn save_when_due(mut prefs: ResMut<Prefs>, clock: Res<crate::WallClock>, need: Res<FrameNeed>) {
    let Some(due_ms) = prefs.due_ms else { return };
    let now_ms = clock.now_ms();
    if due_ms <= now_ms {
        prefs.bypass_change_detection().save();
    } else {
        need.within(Duration::from_millis(due_ms - now_ms));
    }
}

/// Saves what was put off when the program ends, also by the window's own button.
pub fn save_at_the_end(mut prefs: ResMut<Prefs>, mut exit: MessageReader<AppExit>) {
    if exit.read().count() > 0 && prefs.due_ms.is_some() {
        prefs.save();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_off_is_saved_at_the_end() {
        let dir = std::env::temp_dir().join(format!("hearth-prefs-{}", std::process::id()));
        let (ada, mut prefs) = (UserId([3; 32]), Prefs::open(Some(dir.as_path())));
        prefs.set_volume(ada, 0.5, 0);
        let mut app = App::new();
        app.add_message::<AppExit>().insert_resource(prefs).add_systems(Last, save_at_the_end);
        app.update();
        assert!(app.world().resource::<Prefs>().due_ms.is_some(), "not due yet");
        app.world_mut().write_message(AppExit::Success);
        app.update();
        drop(app);
        assert_eq!(Prefs::open(Some(dir.as_path())).volume(ada), 0.5);
        let _ = std::fs::remove_dir_all(dir);
    }

    #[test]
    fn volumes_are_bounded_and_the_usual_one_is_not_kept() {
        let mut prefs = Prefs::open(None);
        for n in 0..2 * VOLUMES as u32 {
            let mut user = [1; 32];
            user[..4].copy_from_slice(&n.to_be_bytes());
            prefs.set_volume(UserId(user), 0.5, 0);
        }
        assert_eq!(prefs.values.volumes.len(), VOLUMES);
        let ada = UserId([200; 32]);
        prefs.set_volume(ada, 9.0, 0);
        assert_eq!(prefs.volume(ada), 2.0);
        prefs.set_volume(ada, f32::NAN, 0);
        assert_eq!(prefs.volume(ada), 0.0, "what is no number is silence");
        prefs.set_volume(ada, 1.0, 0);
        assert!(!prefs.values.volumes.contains_key(&ada));
    }
}
