//! Everything a person sees of Hearth, as pure egui functions: `*_ui(ui, view, state, frame, intents)`.
//!
//! A view reads borrowed facts (`MainView`, `OnboardingView`), keeps what only the screen knows (scroll position, drafts,
//! open dialogs) in a state struct the caller owns, and says what the person wants in [`Intents`]. This crate must never
//! touch Bevy, a clock, a file or the network, and no word of a protocol reaches its surface.
//! Start reading at [`view`] for the inputs, [`intent`] for the outputs and [`main_ui`] for how the screen is put together.

pub mod avatar;
pub mod channels;
mod choices;
pub mod civil;
pub mod composer;
mod dialogs;
mod dock;
pub mod header;
pub mod icons;
pub mod intent;
mod join_form;
pub mod lounge;
mod main_view;
pub mod markup;
mod onboarding;
pub mod people;
pub mod rail;
mod room;
pub mod spring;
pub mod state;
pub mod timeline;
mod toasts;
pub mod tokens;
pub mod view;
mod voice;
mod voice_settings;
pub mod widgets;

pub use choices::{KeyFor, KeysView, OverlaySize, Talk, VoiceChoices};
pub use hearth_ports::Corner;
pub use intent::{Intent, Intents, ThemeChoice};
pub use main_view::main_ui;
pub use onboarding::onboarding_ui;
pub use state::{OnboardingState, UiState};
pub use tokens::Tokens;
pub use view::{
    Activity, CallView, ChannelItem, CommunityItem, Frame, MainView, MicView, Motion, OnboardingStep, OnboardingView,
    SyncView, Toast, ToastLevel, TypingView, VoicePerson, VoiceView, WindowView,
};
