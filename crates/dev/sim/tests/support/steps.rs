//! What people do, step by step, and how it is seen that all agree.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use hearth_ports::{MessageView, NodeCommand, NodeReply};
use hearth_sim::World;
use hearth_types::{ChannelId, ChannelKind, EntryId, SpaceId};

pub fn found(w: &mut World, i: usize) -> (SpaceId, ChannelId) {
    w.ask(i, NodeCommand::IdentitySet { name: Some(format!("P{i}")), color: None }).unwrap();
    match w.ask(i, NodeCommand::CommunityCreate { name: "Den".into() }).unwrap() {
        NodeReply::Community(c) => {
            (c.head.community, c.channels.iter().find(|c| c.kind == ChannelKind::Text).unwrap().channel)
        }
        other => panic!("{other:?}"),
    }
}
pub fn invite(w: &mut World, i: usize, community: SpaceId, max_uses: Option<u32>) -> (String, EntryId) {
    match w.ask(i, NodeCommand::InviteCreate { community, expires_s: None, max_uses, role: None }).unwrap() {
        NodeReply::Invite(v) => (v.link, v.invite),
        other => panic!("{other:?}"),
    }
}
pub fn join(w: &mut World, i: usize, link: &str) {
    w.ask(i, NodeCommand::IdentitySet { name: Some(format!("P{i}")), color: None }).unwrap();
    w.ask(i, NodeCommand::CommunityJoin { link: link.into() }).unwrap();
}
pub fn send(w: &mut World, i: usize, channel: ChannelId, text: &str) -> EntryId {
    match w.ask(i, NodeCommand::MessageSend { channel, text: text.into(), reply_to: None }).unwrap() {
        NodeReply::Message { message } => message,
        other => panic!("{other:?}"),
    }
}
pub fn list(w: &mut World, i: usize, channel: ChannelId) -> Vec<MessageView> {
    match w.ask(i, NodeCommand::MessageList { channel, before: None, limit: 500 }).unwrap() {
        NodeReply::Messages { messages, .. } => messages,
        other => panic!("{other:?}"),
    }
}
pub fn texts(w: &mut World, i: usize, channel: ChannelId) -> Vec<String> {
    list(w, i, channel).into_iter().map(|m| m.text).collect()
}
pub fn heads(w: &mut World, i: usize, community: SpaceId) -> String {
    match w.ask(i, NodeCommand::CommunityState { community }).unwrap() {
        NodeReply::Community(c) => c.heads,
        other => panic!("{other:?}"),
    }
}
pub fn agree(w: &mut World, who: &[usize], community: SpaceId, within_ms: u64) {
    let until = w.now_ms() + within_ms;
    loop {
        let all: Vec<String> = who.iter().map(|i| heads(w, *i, community)).collect();
        if all.windows(2).all(|p| p[0] == p[1]) {
            return;
        }
        assert!(w.now_ms() < until, "no agreement within {within_ms} ms: {all:?}");
        w.run(100);
    }
}
