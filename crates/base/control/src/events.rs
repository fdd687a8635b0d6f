//! Lines out.

use hearth_ports::{NodeError, NodeEvent, NodeReply};
use serde_json::{Value, json};

/// The line of an event; none for those that only a window needs.
pub fn event_line(event: &NodeEvent) -> Option<String> {
    let value = match event {
        NodeEvent::Ready { user, peer, listen } => {
            json!({"event": "ready", "user": user, "peer": peer, "listen": listen})
        }
        NodeEvent::Message { community, channel, message } => {
            json!({"event": "message", "community": community, "channel": channel, "message": message})
        }
        NodeEvent::MessageChanged { community, channel, message } => {
            json!({"event": "message.changed", "community": community, "channel": channel, "message": message})
        }
        NodeEvent::Member(view) => with_event("member", view),
        NodeEvent::MemberGone { community, user } => {
            json!({"event": "member", "community": community, "user": user, "gone": true})
        }
        NodeEvent::PresenceChanged { user, presence, playing } => {
            json!({"event": "presence", "user": user, "presence": presence, "playing": playing})
        }
        NodeEvent::Typing { channel, user, until_ms } => {
            json!({"event": "typing", "channel": channel, "user": user, "until": until_ms})
        }
        NodeEvent::Channel(view) => with_event("channel", view),
        NodeEvent::ChannelGone { community, channel } => {
            json!({"event": "channel", "community": community, "channel": channel, "gone": true})
        }
        NodeEvent::VoiceMember(view) => with_event("voice.member", view),
        NodeEvent::VoiceSpeaking { channel, user, speaking, level } => {
            json!({"event": "voice.speaking", "channel": channel, "user": user, "speaking": speaking, "level": level})
        }
        NodeEvent::VoiceLevels { own, open, users } => {
            let users: Value = users.iter().map(|(user, level)| (user.to_string(), json!(level))).collect();
            json!({"event": "voice.levels", "own": own, "open": open, "users": users})
        }
        NodeEvent::VoiceRelay { channel, topology, relay } => {
            json!({"event": "voice.relay", "channel": channel, "topology": topology, "relay": relay})
        }
        NodeEvent::Community(head) => with_event("community", head),
        NodeEvent::CommunityGone { community } => json!({"event": "community", "community": community, "gone": true}),
        NodeEvent::SyncProgress { community, fetched, missing } => {
            json!({"event": "sync.progress", "community": community, "fetched": fetched, "missing": missing})
        }
        NodeEvent::Peer(view) => with_event("peer", view),
        NodeEvent::PeerGone { peer } => json!({"event": "peer", "peer": peer, "linked": false}),
        NodeEvent::Warning { code, message } => json!({"event": "warning", "code": code, "message": message}),
        NodeEvent::Reply { .. }
        | NodeEvent::Identity(_)
        | NodeEvent::SnapshotBegin
        | NodeEvent::SnapshotEnd
        | NodeEvent::Window { .. }
        | NodeEvent::Unread { .. }
        | NodeEvent::Net(_)
        | NodeEvent::Stopped => return None,
    };
    Some(value.to_string())
}

/// The line of an answer.
pub fn reply_line(id: &Value, result: &Result<NodeReply, NodeError>) -> String {
    match result {
        Ok(reply) => json!({"id": id, "ok": reply_value(reply)}).to_string(),
        Err(error) => refusal_line(id, error),
    }
}

/// The line of a refusal.
pub fn refusal_line(id: &Value, error: &NodeError) -> String {
    json!({"id": id, "err": error}).to_string()
}

fn reply_value(reply: &NodeReply) -> Value {
    match reply {
        NodeReply::Done => json!({}),
        NodeReply::Identity(view) => json!(view),
        NodeReply::Community(view) => json!(view),
        NodeReply::Communities(views) => json!({"communities": views}),
        NodeReply::Joined { community } => json!({"community": community}),
        NodeReply::Invite(view) => json!(view),
        NodeReply::Invites(views) => json!({"invites": views}),
        NodeReply::Channel { channel } => json!({"channel": channel}),
        NodeReply::Message { message } => json!({"message": message}),
        NodeReply::Messages { messages, more } => json!({"messages": messages, "more": more}),
        NodeReply::Role { role } => json!({"role": role}),
        NodeReply::VoiceStats(view) => json!(view),
        NodeReply::VoiceDevices(view) => json!(view),
        NodeReply::Peers(views) => json!({"peers": views}),
        NodeReply::Net(status) => json!(status),
    }
}

fn with_event(name: &str, view: impl serde::Serialize) -> Value {
    let mut value = json!(view);
    if let Value::Object(fields) = &mut value {
        fields.insert("event".into(), name.into());
    }
    value
}
