//! Requests from `hearth ctl` and from a second start of the program, answered from what the World knows.

use crate::{Faces, Screen};
use bevy::{prelude::*, window::PrimaryWindow};
use hearth_ports::{ErrorCode, NetStatus, NodeCommand, NodeError};
use hearth_types::limits;
use hearth_world::{Network, NodeDoor};

/// What can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ControlRequest {
    /// Offer this link in the join form.
    OpenLink(String),
    /// State of the network.
    NetStatus,
    /// Come to the front.
    Raise,
    /// End.
    Quit,
}

/// A request, with the number its answer carries back.
#[derive(Message, Debug, Clone)]
pub struct ControlAsk {
    /// Number.
    pub ask: u64,
    /// Request.
    pub request: ControlRequest,
}

/// An answer: the network's state where that was asked, else nothing.
#[derive(Message, Debug, Clone)]
pub struct ControlAnswer {
    /// Number of the request.
    pub ask: u64,
    /// What came of it.
    pub result: Result<Option<NetStatus>, NodeError>,
}

/// Answers.
#[expect(clippy::too_many_arguments, reason = "a request may concern anything")]
pub fn answer(
    mut asks: MessageReader<ControlAsk>,
    mut answers: MessageWriter<ControlAnswer>,
    mut faces: ResMut<Faces>,
    mut windows: Query<&mut Window, With<PrimaryWindow>>,
    screen: Res<State<Screen>>,
    network: Res<Network>,
    mut node: NodeDoor,
    mut exit: MessageWriter<AppExit>,
) {
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
                Ok(None)
            }
            ControlRequest::NetStatus => match &network.0 {
                Some(status) => Ok(Some(status.clone())),
                None => Err(NodeError::new(ErrorCode::Busy, "Hearth is still starting. Try again in a moment.")),
            },
            ControlRequest::Raise => {
                raise(&mut windows);
                Ok(None)
            }
            ControlRequest::Quit => {
                node.send(NodeCommand::Shutdown);
                exit.write(AppExit::Success);
                Ok(None)
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
