//! What only the screen knows. The caller owns one of each and passes it back every frame.

use crate::composer::Composer;
use crate::dialogs::{Dialog, Kind};
use crate::join_form::JoinForm;
use crate::lounge::{OwnSeat, Scene};
use crate::people::PeopleOrder;
use crate::spring::Springs;
use crate::timeline::TimelineState;
use crate::{Intent, Intents};
use hearth_ports::{InviteView, VoiceDevicesView};

/// State of onboarding: what was typed, and what the last attempt came to.
#[derive(Debug, Default)]
pub struct OnboardingState {
    /// Name typed.
    pub name: String,
    /// Colour chosen, 0xRRGGBB; none means one that follows from who this is.
    pub color: Option<u32>,
    pub(crate) form: JoinForm,
    pub(crate) springs: Springs,
    pub(crate) shown: Option<crate::OnboardingStep>,
}

impl OnboardingState {
    /// `CreateCommunity` or `Join` failed; the sentence is shown and the form works again.
    pub fn failed(&mut self, sentence: impl Into<String>) {
        self.form.busy = false;
        self.form.error = Some(sentence.into());
    }
    /// It worked (the caller usually shows the main view next).
    pub fn done(&mut self) {
        self.form = JoinForm::default();
    }
}

/// State of the main view: scroll, drafts, dialogs, springs.
#[derive(Debug, Default)]
pub struct UiState {
    /// Whether the people list was hidden by hand (it also hides in narrow windows).
    pub people_hidden: bool,
    /// The message list.
    pub timeline: TimelineState,
    /// What is being written.
    pub composer: Composer,
    /// The open voice room as of the last frame, for whoever paints beneath; see [`crate::VoiceView::painted`].
    pub lounge: Option<Scene>,
    pub(crate) own_seat: OwnSeat,
    pub(crate) dialog: Option<Dialog>,
    pub(crate) springs: Springs,
    pub(crate) people: PeopleOrder,
    /// Whether the caller knows of a test of the microphone.
    pub(crate) test_told: bool,
}

impl UiState {
    /// The dialog's wish was granted: it closes.
    pub fn dialog_done(&mut self) {
        self.dialog = None;
        self.composer.focus();
    }
    /// It was refused: the sentence is shown in the dialog, which works again. False when no dialog is open to show it.
    pub fn dialog_failed(&mut self, sentence: impl Into<String>) -> bool {
        let Some(dialog) = &mut self.dialog else { return false };
        let sentence = sentence.into();
        dialog.busy = false;
        if let Kind::Voice(form) = &mut dialog.kind {
            form.testing = false;
        }
        if let Kind::Add(form) = &mut dialog.kind {
            form.busy = false;
            form.error = Some(sentence);
        } else {
            dialog.error = Some(sentence);
        }
        true
    }
    /// The link asked for by `CreateInvite`.
    pub fn invite_ready(&mut self, invite: &InviteView) {
        if let Some(dialog) = &mut self.dialog
            && let Kind::Invite { link, .. } = &mut dialog.kind
        {
            *link = Some(invite.link.clone());
            dialog.busy = false;
            dialog.error = None;
        }
    }
    /// The microphones and speakers asked for by `ListDevices`.
    pub fn devices_ready(&mut self, devices: &VoiceDevicesView) {
        if let Some(dialog) = &mut self.dialog
            && let Kind::Voice(form) = &mut dialog.kind
        {
            form.devices = Some(devices.clone());
        }
    }
    /// Devices or a test were refused: the sentence is shown in the voice settings. False when those are not open.
    pub fn sound_failed(&mut self, sentence: impl Into<String>) -> bool {
        self.voice_settings_open() && self.dialog_failed(sentence)
    }
    /// Whether the voice settings are open.
    pub fn voice_settings_open(&self) -> bool {
        self.dialog.as_ref().is_some_and(|dialog| matches!(dialog.kind, Kind::Voice(_)))
    }
    /// Whether the microphone is being tested. Ends with the dialog, however that goes.
    pub fn testing(&self) -> bool {
        self.dialog.as_ref().is_some_and(|dialog| matches!(&dialog.kind, Kind::Voice(form) if form.testing))
    }
    /// Says when a test began or ended.
    pub(crate) fn tell_test(&mut self, intents: &mut Intents) {
        let testing = self.testing();
        if testing != self.test_told {
            self.test_told = testing;
            intents.push(Intent::TestMicrophone(testing));
        }
    }
    /// Opens the join dialog with a link filled in (a link given at start or handed over by another start).
    pub fn offer_link(&mut self, link: impl Into<String>) {
        self.dialog = Some(Dialog::new(Kind::Add(JoinForm { link: link.into(), ..JoinForm::default() })));
    }
    /// Puts the keyboard into the composer on the next frame (screen 3).
    pub fn focus_composer(&mut self) {
        self.composer.focus();
    }
    /// Whether a dialog is open.
    pub fn dialog_open(&self) -> bool {
        self.dialog.is_some()
    }
}
