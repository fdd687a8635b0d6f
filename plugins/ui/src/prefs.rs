//! Preferences of this computer: theme, last channels, people list. Never a key, never a message.

use bevy::prelude::*;
use bevy_pkv::PkvStore;
use hearth_types::{ChannelId, SpaceId, limits};
use hearth_view::ThemeChoice;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, path::Path};

const KEY: &str = "ui";

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
}

impl Default for Values {
    fn default() -> Self {
        Self {
            theme: ThemeChoice::Dark,
            community: None,
            channels: BTreeMap::new(),
            people: true,
            knows_key_place: false,
        }
    }
}

/// The values, and where they are kept.
#[derive(Resource)]
pub struct Prefs {
    /// As of now.
    pub values: Values,
    store: Option<PkvStore>,
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
        Self { values, store }
    }
    /// Changes them, on disk too when something is different.
    pub fn change(&mut self, change: impl FnOnce(&mut Values)) {
        let before = self.values.clone();
        change(&mut self.values);
        while self.values.channels.len() > limits::SPACES {
            self.values.channels.pop_first();
        }
        if self.values != before
            && let Some(store) = &mut self.store
            && store.set(KEY, &self.values).is_err()
        {
            warn!("preferences could not be saved");
        }
    }
}
