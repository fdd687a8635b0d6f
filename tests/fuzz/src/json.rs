//! Lines of the control protocol, and how they are bent: as JSON objects, so that most get past the outer shape.

use crate::mutate::Dice;
use serde_json::{Map, Value, json};

const ID: &str = "5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e";

/// One request of every command, as the book writes them.
fn requests() -> Vec<Value> {
    vec![
        json!({"cmd": "identity.show"}),
        json!({"cmd": "identity.set", "name": "Ada", "color": "#e87f4e"}),
        json!({"cmd": "community.create", "name": "The Lodge"}),
        json!({"cmd": "community.list"}),
        json!({"cmd": "community.state", "community": ID}),
        json!({"cmd": "community.join", "link": "mesh://join?c=abc"}),
        json!({"cmd": "community.leave", "community": ID}),
        json!({"cmd": "community.update", "community": ID, "name": "The Lodge"}),
        json!({"cmd": "invite.create", "community": ID, "expires_s": 3600, "max_uses": 5, "role": ID}),
        json!({"cmd": "invite.revoke", "invite": ID}),
        json!({"cmd": "invite.list", "community": ID}),
        json!({"cmd": "channel.create", "community": ID, "name": "general", "kind": "voice", "sealed": true}),
        json!({"cmd": "channel.update", "channel": ID, "name": "general", "topic": "t", "position": 3}),
        json!({"cmd": "channel.delete", "channel": ID}),
        json!({"cmd": "message.send", "channel": ID, "text": "hi", "reply_to": ID}),
        json!({"cmd": "message.edit", "message": ID, "text": "hi"}),
        json!({"cmd": "message.delete", "message": ID}),
        json!({"cmd": "message.react", "message": ID, "emoji": "+", "on": false}),
        json!({"cmd": "message.pin", "message": ID, "on": true}),
        json!({"cmd": "message.list", "channel": ID, "before": ID, "limit": 100}),
        json!({"cmd": "role.create", "community": ID, "name": "r", "permissions": ["manage_messages"]}),
        json!({"cmd": "role.grant", "community": ID, "user": ID, "role": ID}),
        json!({"cmd": "presence.set", "presence": "idle", "playing": {"name": "g", "details": "d", "since_ms": 5}}),
        json!({"cmd": "typing.send", "channel": ID}),
        json!({"cmd": "read.mark", "channel": ID, "message": ID}),
        json!({"cmd": "voice.join", "channel": ID}),
        json!({"cmd": "voice.leave"}),
        json!({"cmd": "voice.set", "mute": true, "deafen": false, "ptt": true, "gate": "ptt", "position": [1.5, -2], "volume": {ID: 1.5}}),
        json!({"cmd": "voice.source", "wav": "a.wav", "loop": true, "process": false}),
        json!({"cmd": "voice.sink", "wav": "b.wav"}),
        json!({"cmd": "voice.stats"}),
        json!({"cmd": "peers.list"}),
        json!({"cmd": "net.status"}),
        json!({"cmd": "shutdown"}),
        json!({"cmd": "no.such"}),
    ]
}

/// The first inputs of the target.
pub fn seeds() -> Vec<Vec<u8>> {
    let numbered = requests().into_iter().enumerate().map(|(n, mut request)| {
        request["id"] = json!(n);
        request.to_string().into_bytes()
    });
    numbered.chain([b"[]".to_vec(), b"{".to_vec(), br#"{"id":"a","id":2,"cmd":1}"#.to_vec()]).collect()
}

/// Changes a few fields of a request: another command, an argument more, fewer or of another sort.
pub fn line(bytes: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
    let mut object: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
    let known = requests();
    for _ in 0..=dice.below(3) {
        let model = known[dice.below(known.len())].as_object()?;
        match dice.below(6) {
            0 => {
                object.insert("cmd".into(), model["cmd"].clone());
            }
            1 => object.extend(model.clone()),
            2 if !object.is_empty() => {
                let name = object.keys().nth(dice.below(object.len()))?.clone();
                object.remove(&name);
            }
            3 => {
                let id = value(dice);
                object.insert("id".into(), id);
            }
            _ if !object.is_empty() => {
                let name = object.keys().nth(dice.below(object.len()))?.clone();
                object.insert(name, value(dice));
            }
            _ => {}
        }
    }
    Some(Value::Object(object).to_string().into_bytes())
}

fn value(dice: &mut Dice) -> Value {
    match dice.below(12) {
        0 => ID.into(),
        1 => ID[..dice.below(ID.len())].into(),
        2 => String::from_utf8_lossy(&dice.word()).into(),
        3 => dice.number().into(),
        4 => (-(dice.number() as i64 >> 1)).into(),
        5 => (dice.number() as f64 / 3.0).into(),
        6 => (dice.below(2) == 0).into(),
        7 => Value::Null,
        8 => json!(["administrator", "manage_messages", "", "x"][..dice.below(5)]),
        9 => json!({"a": []}),
        10 => ["text", "voice", "online", "offline", "#e87f4e", "#+12345", "#\u{e9}"][dice.below(7)].into(),
        _ => "x".repeat(dice.number() as usize % 70_000).into(),
    }
}
