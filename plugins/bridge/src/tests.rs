#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use async_channel::{Receiver, Sender, bounded};
use hearth_ports::{IdentityView, NodeReply};
use hearth_types::UserId;
use hearth_world::{Me, NodeDoor, WorldPlugin};

struct Far {
    commands: Receiver<(u64, NodeCommand)>,
    events: Sender<NodeEvent>,
}

fn app(room: usize) -> (App, Far) {
    let (command_tx, commands) = bounded(room);
    let (events, event_rx) = bounded(limits::EVENT_QUEUE);
    let mut app = App::new();
    app.add_plugins((WorldPlugin, BridgePlugin { door: NodeHandle::new(command_tx, event_rx).into(), wake_up: None }));
    (app, Far { commands, events })
}

fn ask(app: &mut App, command: NodeCommand) -> u64 {
    let id = app.world_mut().run_system_once(move |mut door: NodeDoor| door.send(command.clone())).unwrap();
    app.update();
    id
}

use bevy_ecs::system::RunSystemOnce;

fn replies(app: &mut App) -> Vec<ReplyArrived> {
    app.world_mut().resource_mut::<Messages<ReplyArrived>>().drain().collect()
}

#[test]
fn facts_reach_the_world_and_replies_their_asker() {
    let (mut app, far) = app(8);
    let id = ask(&mut app, NodeCommand::NetStatus);
    assert_eq!(far.commands.try_recv().unwrap(), (id, NodeCommand::NetStatus));
    let me = IdentityView { user: UserId([1; 32]), name: "ada".into(), color: 1 };
    far.events.try_send(NodeEvent::Identity(me.clone())).unwrap();
    far.events.try_send(NodeEvent::Reply { request: id, result: Ok(NodeReply::Done) }).unwrap();
    far.events.try_send(NodeEvent::Reply { request: id, result: Ok(NodeReply::Done) }).unwrap();
    far.events.try_send(NodeEvent::Reply { request: 999, result: Ok(NodeReply::Done) }).unwrap();
    app.update();
    assert_eq!(app.world().resource::<Me>().0, Some(me));
    let got = replies(&mut app);
    assert_eq!(got.len(), 1, "a repeated and an unknown reply are dropped");
    assert_eq!(got[0].request, id);
    assert_eq!(app.world().resource::<Bridge>().in_flight(), 0);
}

#[test]
fn a_flood_is_taken_over_several_frames_and_asks_for_them() {
    let (mut app, far) = app(8);
    for n in 0..limits::EVENT_QUEUE {
        let me = IdentityView { user: UserId([1; 32]), name: format!("{n}"), color: 1 };
        far.events.try_send(NodeEvent::Identity(me)).unwrap();
    }
    app.update();
    let left = far.events.len();
    assert!(left >= limits::EVENT_QUEUE - DRAIN_EVENTS, "{left}");
    assert_eq!(app.world().resource::<FrameNeed>().take(), Some(Duration::ZERO));
    for _ in 0..10_000 {
        app.update();
        if far.events.is_empty() {
            break;
        }
    }
    app.update();
    assert_eq!(app.world().resource::<Me>().0.as_ref().unwrap().name, format!("{}", limits::EVENT_QUEUE - 1));
    app.world().resource::<FrameNeed>().take();
    app.update();
    assert_eq!(app.world().resource::<FrameNeed>().take(), None, "nothing left, nothing asked");
}

#[test]
fn a_full_queue_keeps_commands_in_order_and_tries_again() {
    let (mut app, far) = app(1);
    let first = ask(&mut app, NodeCommand::NetStatus);
    let second = ask(&mut app, NodeCommand::PeersList);
    let third = ask(&mut app, NodeCommand::CommunityList);
    assert_eq!(app.world().resource::<Bridge>().waiting(), 2);
    assert_eq!(app.world().resource::<FrameNeed>().take(), Some(RETRY_AFTER));
    let mut seen = vec![];
    for _ in 0..4 {
        seen.extend(far.commands.try_recv().ok().map(|(id, _)| id));
        app.update();
    }
    assert_eq!(seen, [first, second, third]);
}

#[test]
fn past_the_bound_the_asker_is_told_at_once() {
    let (mut app, _far) = app(1);
    let ids: Vec<u64> = (0..RETRY_QUEUE + 3).map(|_| ask(&mut app, NodeCommand::NetStatus)).collect();
    let mut refused = replies(&mut app);
    refused.retain(|r| matches!(&r.result, Err(e) if e.code == ErrorCode::Busy));
    assert_eq!(refused.last().map(|r| r.request), ids.last().copied());
    assert!(app.world().resource::<Bridge>().waiting() <= RETRY_QUEUE);
}

#[test]
fn when_the_node_ends_every_open_question_is_answered() {
    let (mut app, far) = app(8);
    let id = ask(&mut app, NodeCommand::NetStatus);
    drop(far);
    app.update();
    let got = replies(&mut app);
    assert_eq!(got.len(), 1);
    assert_eq!(got[0].request, id);
    assert_eq!(got[0].result.as_ref().unwrap_err().code, ErrorCode::Stopped);
    assert!(!app.world().resource::<Messages<NodeEnded>>().is_empty());
    let late = ask(&mut app, NodeCommand::PeersList);
    assert!(replies(&mut app).iter().any(|r| r.request == late && r.result.is_err()));
}

#[test]
fn a_node_that_starts_late_gets_what_was_asked_meanwhile() {
    let (coming, opening) = bounded(1);
    let mut app = App::new();
    app.add_plugins((WorldPlugin, BridgePlugin { door: Door::Opening(opening), wake_up: None }));
    let first = ask(&mut app, NodeCommand::Snapshot);
    let second = ask(&mut app, NodeCommand::NetStatus);
    let (command_tx, commands) = bounded(8);
    let (_events, event_rx) = bounded(8);
    let told = Notice { code: "a", message: "b".into() };
    let handle = NodeHandle::new(command_tx, event_rx);
    coming.try_send(Ok(Opened { handle, notices: vec![told.clone()] })).unwrap();
    app.update();
    assert_eq!(commands.try_recv().unwrap().0, first);
    assert_eq!(commands.try_recv().unwrap().0, second);
    let notices: Vec<Notice> = app.world_mut().resource_mut::<Messages<Notice>>().drain().collect();
    assert_eq!(notices, [told]);
}

#[test]
fn a_node_that_cannot_start_says_why() {
    let (coming, opening) = bounded(1);
    let mut app = App::new();
    app.add_plugins((WorldPlugin, BridgePlugin { door: Door::Opening(opening), wake_up: None }));
    let id = ask(&mut app, NodeCommand::Snapshot);
    let why = NodeError::new(ErrorCode::Disk, "The folder is in use by another program.");
    coming.try_send(Err(why.clone())).unwrap();
    app.update();
    let got = replies(&mut app);
    assert_eq!((got[0].request, got[0].result.clone()), (id, Err(why.clone())));
    let notices: Vec<Notice> = app.world_mut().resource_mut::<Messages<Notice>>().drain().collect();
    assert_eq!(notices[0].message, why.message);
    assert!(app.world().resource::<Bridge>().ended());
}
