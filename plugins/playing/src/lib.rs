//! What one plays: `crates/io/games` hears it from games, the node tells one's communities.
//!
//! Games are listened to while somebody chose that, and never else. Start with [`PlayingPlugin`].
//!
//! [`PlayingPlugin`] installs: one resource of its own, one system after `HearthSystems::Derive`; it writes
//! `Voices::no_games`.

use async_channel::{Receiver, Sender};
use bevy_app::{App, Plugin, Update};
use bevy_ecs::prelude::*;
use hearth_bridge::WakeUp;
use hearth_games::{Games, Playing};
use hearth_ports::NodeCommand;
use hearth_ui::{Prefs, Voices};
use hearth_world::{FrameNeed, HearthSystems, NodeDoor};
use std::path::PathBuf;

/// Listens to games.
pub struct PlayingPlugin {
    /// Wakes the window when a game has something to tell.
    pub wake_up: WakeUp,
    /// Where games look; none for where they usually do.
    pub folder: Option<PathBuf>,
}

#[derive(Resource)]
struct Listening {
    games: Option<Games>,
    /// Why there is nothing to hear, once it was tried.
    word: Option<String>,
    folder: PathBuf,
    // Only the newest counts.
    tell: Sender<Option<Playing>>,
    told: Receiver<Option<Playing>>,
    wake_up: WakeUp,
}

impl Plugin for PlayingPlugin {
    fn build(&self, app: &mut App) {
        let (tell, told) = async_channel::bounded(1);
        let folder = self.folder.clone().unwrap_or_else(Games::folder);
        app.insert_resource(Listening { games: None, word: None, folder, tell, told, wake_up: self.wake_up.clone() })
            .add_systems(Update, listen.after(HearthSystems::Derive));
    }
}

impl Listening {
    /// Begins, unless that was tried in vain.
    fn start(&mut self) {
        if self.games.is_some() || self.word.is_some() {
            return;
        }
        let (tell, wake_up) = (self.tell.clone(), self.wake_up.clone());
        let started = Games::start(&self.folder, move |playing| {
            let _ = tell.force_send(playing);
            wake_up.wake();
        });
        match started {
            Ok(games) => {
                self.word = (!games.first()).then(|| OTHERS.to_owned());
                self.games = Some(games);
            }
            Err(why) => self.word = Some(why.to_string()),
        }
    }
}

const OTHERS: &str = "Another program hears games first. Close it and switch this off and on again.";

fn listen(
    mut listening: ResMut<Listening>,
    mut voices: ResMut<Voices>,
    prefs: Res<Prefs>,
    mut node: NodeDoor,
    need: Res<FrameNeed>,
) {
    if prefs.values.voice.games {
        listening.start();
    } else if listening.games.is_some() || listening.word.is_some() {
        // It tells that nothing is played before it is gone.
        listening.games = None;
        listening.word = None;
    }
    if let Ok(playing) = listening.told.try_recv() {
        node.send(NodeCommand::PresenceSet { presence: None, playing: Some(playing) });
    }
    if voices.no_games != listening.word {
        voices.no_games.clone_from(&listening.word);
        need.now();
    }
}
