//! The face of the client: screens, what they are drawn from, and what becomes of a person's wishes.
//!
//! Facts come from `plugins/world`, drawing is `crates/ui/view`, commands go out through [`hearth_world::NodeDoor`]. This
//! crate must never write a fact, talk to the node itself or ask for a redraw anywhere but in [`power`].
//! Start with [`screen`], then [`draw`] and [`intents`].
//!
//! [`UiPlugin`] installs, besides the plugins named in this folder:
//! - states [`Screen`]; resources [`Selection`], [`Scene`], [`Voices`], [`Faces`], [`Wishes`], [`Toasts`],
//!   [`WallClock`]
//! - messages [`ControlAsk`], [`ControlAnswer`]
//! - systems in `HearthSystems::{Derive, Animate, View, Intent, Govern}`

pub mod backdrop;
pub mod control;
pub mod draw;
pub mod egui_fix;
pub mod intents;
pub mod power;
pub mod prefs;
pub mod replies;
pub mod scene;
pub mod screen;
pub mod selection;
pub mod toasts;
pub mod voice;

pub use backdrop::BackdropPlugin;
pub use control::{ControlAnswer, ControlAsk, ControlRequest};
pub use draw::{Faces, MainCamera, Wishes};
pub use egui_fix::EguiFix;
pub use power::PowerPlugin;
pub use prefs::Prefs;
pub use scene::Scene;
pub use screen::Screen;
pub use selection::Selection;
pub use toasts::Toasts;
pub use voice::Voices;

use bevy::prelude::*;
use bevy_egui::{EguiPreUpdateSet, EguiPrimaryContextPass};
use hearth_view::{Motion, ThemeChoice, Tokens};
use hearth_world::HearthSystems;
use std::{path::PathBuf, sync::Arc};

/// How the face starts.
#[derive(Debug, Clone, Default)]
pub struct UiConfig {
    /// Where preferences are kept; none keeps them for this run only.
    pub prefs_dir: Option<PathBuf>,
    /// Theme for this run; none takes the one remembered.
    pub theme: Option<ThemeChoice>,
    /// Minutes to add to UTC for the wall clock.
    pub utc_offset_min: i32,
    /// A link to offer.
    pub link: Option<String>,
    /// Let nothing move by itself, and nothing spring.
    pub reduced_motion: bool,
}

/// Unix milliseconds, from outside so that pictures can be taken at a fixed time.
#[derive(Resource, Clone)]
pub struct WallClock(pub Arc<dyn Fn() -> u64 + Send + Sync>);

impl WallClock {
    /// The computer's.
    pub fn system() -> Self {
        Self(Arc::new(|| {
            let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            since.map(|d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX)).unwrap_or(0)
        }))
    }
    /// Now.
    pub fn now_ms(&self) -> u64 {
        (self.0)()
    }
}

/// Colours and motion in use.
#[derive(Resource)]
pub struct Look {
    /// Theme.
    pub choice: ThemeChoice,
    /// Its colours and sizes.
    pub tokens: Tokens,
    /// How much moves.
    pub motion: Motion,
    /// Minutes to add to UTC.
    pub utc_offset_min: i32,
    /// Rooms are painted beneath the face.
    pub lounge: bool,
}

/// Installs the face.
pub struct UiPlugin {
    /// How it starts.
    pub config: UiConfig,
}

impl Plugin for UiPlugin {
    fn build(&self, app: &mut App) {
        let prefs = Prefs::open(self.config.prefs_dir.as_deref());
        let choice = self.config.theme.unwrap_or(prefs.values.theme);
        if !app.world().contains_resource::<WallClock>() {
            app.insert_resource(WallClock::system());
        }
        let mut faces = Faces::default();
        faces.main.people_hidden = !prefs.values.people;
        faces.offered_link.clone_from(&self.config.link);
        app.insert_resource(Look {
            choice,
            tokens: Tokens::built_in(choice),
            motion: if self.config.reduced_motion { Motion::Reduced } else { Motion::Full },
            utc_offset_min: self.config.utc_offset_min,
            lounge: false,
        })
        .insert_resource(Selection::remembered(&prefs.values))
        .insert_resource(prefs)
        .insert_resource(faces)
        .init_resource::<Scene>()
        .init_resource::<Voices>()
        .init_resource::<Wishes>()
        .init_resource::<Toasts>()
        .init_resource::<replies::Asked>()
        .init_resource::<control::AskedOfNode>()
        .init_state::<Screen>()
        .add_message::<ControlAsk>()
        .add_message::<ControlAnswer>()
        // One exclusive system among egui's own: before them, so that what they see is this frame's.
        .configure_sets(PreUpdate, HearthSystems::Apply.before(EguiPreUpdateSet::InitContexts))
        .configure_sets(EguiPrimaryContextPass, HearthSystems::View)
        .add_systems(Startup, (draw::spawn_camera, (voice::tell_choices, screen::ask_for_everything).chain()))
        .add_systems(
            Update,
            (
                toasts::collect,
                replies::settle,
                control::answer,
                selection::choose,
                selection::follow,
                screen::advance,
                scene::rebuild,
                voice::rebuild,
                voice::settle_in,
                voice::talk,
                voice::meter,
            )
                .chain()
                .in_set(HearthSystems::Derive)
                .after(hearth_world::derive::sum_unread),
        )
        .add_systems(OnEnter(Screen::JoinOrCreate), screen::look_at_clipboard)
        .add_systems(Update, (toasts::expire, prefs::save_when_due).in_set(HearthSystems::Animate))
        .add_systems(EguiPrimaryContextPass, draw::draw.in_set(HearthSystems::View))
        .add_systems(Last, intents::carry_out.in_set(HearthSystems::Intent))
        // A window that closes is an exit in the same frame.
        .add_systems(
            Last,
            prefs::save_at_the_end
                .after(bevy::window::ExitSystems)
                .after(HearthSystems::Intent)
                .before(HearthSystems::Govern),
        );
    }
}
