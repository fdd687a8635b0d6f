//! The overlay over games: whether, where, how large, how strong, and what it tells.

use super::choose;
use crate::{Corner, MainView, OverlaySize, Tokens, VoiceChoices, widgets};
use egui::Ui;

/// Draws all of it.
pub(super) fn overlay_ui(ui: &mut Ui, view: &MainView<'_>, t: &Tokens, choices: &mut VoiceChoices) {
    let about = view.voice.no_overlay.unwrap_or("Clicks go through it. Games must run in a window or borderless.");
    if widgets::switch_row(ui, t, "Show who speaks over games", about, choices.overlay.is_some()) {
        choices.overlay = if choices.overlay.is_some() { None } else { Some(Corner::default()) };
    }
    let Some(corner) = &mut choices.overlay else { return };
    widgets::caption(ui, t, "Corner");
    let all = [
        (Corner::TopLeft, "Top left"),
        (Corner::TopRight, "Top right"),
        (Corner::BottomLeft, "Bottom left"),
        (Corner::BottomRight, "Bottom right"),
    ];
    choose(ui, t, &all, corner);
    ui.columns_const(|[left, right]| {
        widgets::caption(left, t, "Size");
        let all = [(OverlaySize::Small, "Small"), (OverlaySize::Normal, "Normal"), (OverlaySize::Large, "Large")];
        choose(left, t, &all, &mut choices.overlay_size);
        widgets::caption(right, t, "Opacity");
        let all = [(40, "40 %"), (60, "60 %"), (80, "80 %"), (100, "100 %")];
        choose(right, t, &all, &mut choices.overlay_opacity);
    });
    let about = "Who named you, in which channel, and the first words. For six seconds.";
    if widgets::switch_row(ui, t, "Show mentions over games", about, choices.overlay_mentions) {
        choices.overlay_mentions = !choices.overlay_mentions;
    }
}
