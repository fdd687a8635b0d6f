//! Which screen is shown. Three before the first message, never more.

use crate::{Faces, Selection};
use bevy::prelude::*;
use bevy_egui::EguiClipboard;
use hearth_ports::NodeCommand;
use hearth_types::limits;
use hearth_view::OnboardingStep;
use hearth_world::{EntityIndex, Me, NodeDoor};

/// The screens.
#[derive(States, Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Screen {
    /// Nothing is known yet: the backdrop alone, for a frame or two.
    #[default]
    Opening,
    /// Name and colour.
    Identity,
    /// Paste a link, or start a community.
    JoinOrCreate,
    /// Everything else.
    Main,
}

impl Screen {
    /// The step of onboarding this is.
    pub fn onboarding(self) -> Option<OnboardingStep> {
        match self {
            Self::Identity => Some(OnboardingStep::Identity),
            Self::JoinOrCreate => Some(OnboardingStep::JoinOrCreate),
            Self::Opening | Self::Main => None,
        }
    }
}

/// Asks the node for all it knows; the answer fills the World.
pub fn ask_for_everything(mut node: NodeDoor) {
    node.send(NodeCommand::Snapshot);
}

/// Leaves [`Screen::Opening`] once it is known where to go, and lets a link that was handed over fill the right form.
pub fn advance(
    screen: Res<State<Screen>>,
    mut next: ResMut<NextState<Screen>>,
    index: Res<EntityIndex>,
    me: Res<Me>,
    mut selection: ResMut<Selection>,
    mut faces: ResMut<Faces>,
) {
    if *screen.get() == Screen::Opening
        && index.complete()
        && let Some(me) = &me.0
    {
        let target = if me.name.is_empty() {
            Screen::Identity
        } else if index.communities().next().is_none() {
            Screen::JoinOrCreate
        } else {
            Screen::Main
        };
        faces.onboarding.name.clone_from(&me.name);
        next.set(target);
    }
    // The node has joined or founded a community while the forms were still shown, for example by another device.
    if *screen.get() == Screen::JoinOrCreate && selection.arrived.take().is_some() {
        next.set(Screen::Main);
        faces.main.focus_composer();
    }
    if *screen.get() == Screen::Main
        && let Some(link) = faces.offered_link.take()
    {
        faces.main.offer_link(link);
    }
}

/// When the join form opens, a link that lies on the clipboard is offered there; it is never used by itself.
pub fn look_at_clipboard(mut clipboard: ResMut<EguiClipboard>, mut faces: ResMut<Faces>) {
    if faces.offered_link.is_none()
        && let Some(text) = clipboard.get_text()
        && let link = text.trim()
        && link.starts_with("mesh://")
        && link.len() <= limits::LINK_CHARS
    {
        faces.offered_link = Some(link.to_owned());
    }
}
