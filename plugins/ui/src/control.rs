//! Requests from `hearth ctl` and from a second start of the program: those about the window are answered here, all others
//! by the node.

use crate::{Faces, Prefs, Screen, Voices};
use bevy::{prelude::*, window::PrimaryWindow};
use hearth_ports::{ErrorCode, NodeCommand, NodeError, NodeReply, VoiceAsk};
use hearth_types::limits;
use hearth_view::Corner;
use hearth_world::{NodeDoor, ReplyArrived};
use std::collections::BTreeMap;

/// Requests that wait for the node; past this the oldest gets no answer.
pub const ASKED_OF_NODE: usize = 64;

/// What can be asked.
#[derive(Debug, Clone, PartialEq)]
pub enum ControlRequest {
    /// Offer this link in the join form.
    OpenLink(String),
    /// Whatever the node can be asked.
    Node(NodeCommand),
    /// On when it is off, off when it is on.
    Toggle(Toggle),
    /// Come to the front.
    Raise,
    /// End.
    Quit,
}

/// What can be turned on and off by one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Toggle {
    /// The key of push to talk.
    Ptt,
    /// One's own microphone.
    Mute,
    /// Hearing others.
    Deafen,
    /// The overlay over games.
    Overlay,
}

impl Toggle {
    /// By its name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "ptt" => Self::Ptt,
            "mute" => Self::Mute,
            "deafen" => Self::Deafen,
            "overlay" => Self::Overlay,
            _ => return None,
        })
    }
}

/// A request, with the number its answer carries back.
#[derive(Message, Debug, Clone)]
pub struct ControlAsk {
    /// Number.
    pub ask: u64,
    /// Request.
    pub request: ControlRequest,
}

/// An answer.
#[derive(Message, Debug, Clone)]
pub struct ControlAnswer {
    /// Number of the request.
    pub ask: u64,
    /// What came of it.
    pub result: Result<NodeReply, NodeError>,
}

/// Which question to the node belongs to which request.
#[derive(Resource, Debug, Default)]
pub struct AskedOfNode(BTreeMap<u64, u64>);

/// Answers.
#[expect(clippy::too_many_arguments, reason = "a request may concern anything")]
pub fn answer(
    mut asks: MessageReader<ControlAsk>,
    mut answers: MessageWriter<ControlAnswer>,
    mut faces: ResMut<Faces>,
    mut windows: Query<&mut Window, With<PrimaryWindow>>,
    screen: Res<State<Screen>>,
    mut replies: MessageReader<ReplyArrived>,
    mut asked: ResMut<AskedOfNode>,
    mut node: NodeDoor,
    (mut voices, mut prefs): (ResMut<Voices>, ResMut<Prefs>),
    mut exit: MessageWriter<AppExit>,
) {
    for ReplyArrived { request, result } in replies.read() {
        if let Some(ask) = asked.0.remove(request) {
            answers.write(ControlAnswer { ask, result: result.clone() });
        }
    }
    for ControlAsk { ask, request } in asks.read() {
        let result = match request {
            ControlRequest::OpenLink(link) if !link.starts_with("mesh://") && !link.starts_with("https://") => Err(
                NodeError::new(ErrorCode::BadLink, "This is not an invite link. One begins with mesh:// or https://"),
            ),
            ControlRequest::OpenLink(link) if link.chars().count() > limits::LINK_CHARS => {
                Err(NodeError::new(ErrorCode::BadLink, "This link is too long to be an invite link."))
            }
            ControlRequest::OpenLink(link) => {
                match screen.get() {
                    Screen::Main => faces.main.offer_link(link.clone()),
                    _ => faces.offered_link = Some(link.clone()),
                }
                raise(&mut windows);
                Ok(NodeReply::Done)
            }
            ControlRequest::Node(command) => {
                if asked.0.len() >= ASKED_OF_NODE {
                    asked.0.pop_first();
                }
                asked.0.insert(node.send(command.clone()), *ask);
                continue;
            }
            ControlRequest::Toggle(Toggle::Overlay) => {
                prefs.change(|values| {
                    let corner = values.voice.overlay;
                    values.voice.overlay = if corner.is_some() { None } else { Some(Corner::default()) };
                });
                Ok(NodeReply::Done)
            }
            ControlRequest::Toggle(what) => match voices.toggled(*what) {
                Some(settings) => {
                    asked.0.insert(node.send(NodeCommand::Voice(VoiceAsk::Set(settings))), *ask);
                    continue;
                }
                None => Err(NodeError::new(ErrorCode::NotFound, "You are in no voice room. Join one first.")),
            },
            ControlRequest::Raise => {
                raise(&mut windows);
                Ok(NodeReply::Done)
            }
            ControlRequest::Quit => {
                node.send(NodeCommand::Shutdown);
                exit.write(AppExit::Success);
                Ok(NodeReply::Done)
            }
        };
        answers.write(ControlAnswer { ask: *ask, result });
    }
}

fn raise(windows: &mut Query<&mut Window, With<PrimaryWindow>>) {
    for mut window in windows {
        window.visible = true;
        window.set_minimized(false);
        window.focused = true;
        // Writing the same value is no change to the window's owner, so make it one.
        window.set_changed();
    }
}
