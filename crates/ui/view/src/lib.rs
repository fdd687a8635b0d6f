//! Everything a person sees of Hearth, as pure egui functions: `*_ui(ui, view, state, frame, intents)`.
//!
//! A view reads borrowed facts (`MainView`, `OnboardingView`), keeps what only the screen knows (scroll position, drafts,
//! open dialogs) in a state struct the caller owns, and says what the person wants in [`Intents`]. This crate must never
//! touch Bevy, a clock, a file or the network, and no word of a protocol reaches its surface.
//! Start reading at [`view`] for the inputs, [`intent`] for the outputs and [`main_ui`] for how the screen is put together.

pub mod intent;
pub mod state;
pub mod tokens;
pub mod view;

pub use intent::{Intent, Intents, ThemeChoice};
pub use state::{OnboardingState, UiState};
pub use tokens::Tokens;
pub use view::{
    Activity, ChannelItem, CommunityItem, Frame, MainView, Motion, OnboardingStep, OnboardingView, SyncView, Toast, ToastLevel,
    TypingView, WindowView,
};

/// Draws onboarding over the whole of `ui`. The background is left transparent when `view.backdrop` is set.
pub fn onboarding_ui(
    ui: &mut egui::Ui,
    view: &OnboardingView<'_>,
    state: &mut OnboardingState,
    frame: &Frame<'_>,
    intents: &mut Intents,
) -> Activity {
    let _ = (ui, view, state, frame, intents);
    Activity::default()
}

/// Draws the main view over the whole of `ui`: rail, channels, header, timeline, composer, people, dialogs and toasts.
pub fn main_ui(ui: &mut egui::Ui, view: &MainView<'_>, state: &mut UiState, frame: &Frame<'_>, intents: &mut Intents) -> Activity {
    let _ = (ui, view, state, frame, intents);
    Activity::default()
}
