//! What came of a wish: the form that waits is told, or the person is.

use crate::{Faces, Screen, Selection, Toasts, WallClock};
use bevy::prelude::*;
use hearth_ports::NodeReply;
use hearth_types::limits;
use hearth_view::ToastLevel;
use hearth_world::ReplyArrived;
use std::collections::BTreeMap;

/// Who waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The first screen.
    Identity,
    /// The forms of onboarding.
    Onboarding,
    /// The open dialog of the main view.
    Dialog,
    /// The voice settings, if they are still open.
    Sound,
    /// Nobody, unless it fails.
    Deed,
}

/// Open questions.
#[derive(Resource, Debug, Default)]
pub struct Asked(BTreeMap<u64, Purpose>);

impl Asked {
    /// Remembers who asked. Past the bound the oldest question is forgotten: its answer then tells nobody.
    pub fn put(&mut self, request: u64, purpose: Purpose) {
        if self.0.len() >= limits::EVENT_QUEUE {
            self.0.pop_first();
        }
        self.0.insert(request, purpose);
    }
}

/// Hands answers to who waits for them.
#[expect(clippy::too_many_arguments, reason = "answers reach everywhere")]
pub fn settle(
    mut replies: MessageReader<ReplyArrived>,
    mut asked: ResMut<Asked>,
    mut faces: ResMut<Faces>,
    mut selection: ResMut<Selection>,
    mut toasts: ResMut<Toasts>,
    screen: Res<State<Screen>>,
    mut next: ResMut<NextState<Screen>>,
    clock: Res<WallClock>,
) {
    for ReplyArrived { request, result } in replies.read() {
        let Some(purpose) = asked.0.remove(request) else { continue };
        match (purpose, result) {
            (Purpose::Identity, Err(error)) => {
                next.set(Screen::Identity);
                faces.onboarding.failed(&error.message);
            }
            (Purpose::Onboarding, Err(error)) => faces.onboarding.failed(&error.message),
            (Purpose::Dialog, Err(error)) if faces.main.dialog_failed(&error.message) => {}
            (Purpose::Sound, Err(error)) if faces.main.sound_failed(&error.message) => {}
            (Purpose::Dialog | Purpose::Sound | Purpose::Deed, Err(error)) => {
                toasts.show(ToastLevel::Warning, &error.message, clock.now_ms());
            }
            (Purpose::Dialog, Ok(NodeReply::Invite(invite))) => faces.main.invite_ready(invite),
            (Purpose::Sound, Ok(NodeReply::VoiceDevices(devices))) => faces.main.devices_ready(devices),
            (Purpose::Onboarding | Purpose::Dialog, Ok(reply)) => {
                let community = match reply {
                    NodeReply::Community(view) => Some(view.head.community),
                    NodeReply::Joined { community } => Some(*community),
                    _ => None,
                };
                if let NodeReply::Channel { channel } = reply {
                    selection.open_channel(*channel);
                }
                if let Some(community) = community {
                    selection.open_community(community);
                    selection.arrived = Some(community);
                }
                match *screen.get() {
                    Screen::Main => faces.main.dialog_done(),
                    _ => faces.onboarding.done(),
                }
            }
            (Purpose::Identity | Purpose::Sound | Purpose::Deed, Ok(_)) => {}
        }
    }
}
