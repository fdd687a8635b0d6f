//! One connection of a game as a state machine: its bytes in, bytes for it out, and what is played.

use crate::frame::{self, Frames, Op};
use crate::{Playing, limits};
use serde_json::{Map, Value, json};

/// Invalid payload, command, version of the protocol, in the numbers games know.
const BAD_PAYLOAD: u32 = 4000;
const BAD_COMMAND: u32 = 4002;
const BAD_VERSION: u32 = 4004;
/// What is called a game: played, or competed in. Music and films say other numbers.
const GAMES: [u64; 2] = [0, 5];

/// One connection.
#[derive(Debug)]
pub struct Talk {
    program: String,
    frames: Frames,
    client: Option<String>,
    playing: Option<Playing>,
    out: Vec<u8>,
    over: bool,
}

impl Talk {
    /// `program` is what the game is called if it does not say.
    pub fn new(program: String) -> Self {
        Self { program, frames: Frames::default(), client: None, playing: None, out: Vec::new(), over: false }
    }

    /// Takes bytes as they come.
    pub fn take(&mut self, bytes: &[u8], now_ms: u64) {
        self.frames.push(bytes);
        while !self.over {
            match self.frames.next() {
                Ok(Some((op, body))) => self.frame(op, &body, now_ms),
                Ok(None) => return,
                Err(_) => self.close(BAD_PAYLOAD, "These are no frames."),
            }
        }
    }

    /// What is played, as far as this one says.
    pub fn playing(&self) -> Option<&Playing> {
        self.playing.as_ref().filter(|_| !self.over)
    }

    /// Whether it said hello.
    pub fn greeted(&self) -> bool {
        self.client.is_some()
    }

    /// Whether the connection is to be closed, once [`out`](Self::out) is written.
    pub fn over(&self) -> bool {
        self.over
    }

    /// Bytes for the game; what was written is to be taken out.
    pub fn out(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    fn frame(&mut self, op: Op, body: &[u8], now_ms: u64) {
        match op {
            Op::Ping => frame::write(&mut self.out, Op::Pong, body),
            Op::Pong => {}
            Op::Close => self.over = true,
            Op::Hello | Op::Frame => match serde_json::from_slice(body) {
                Ok(Value::Object(said)) if op == Op::Hello => self.hello(&said),
                Ok(Value::Object(said)) if self.greeted() => self.command(said, now_ms),
                Ok(Value::Object(_)) => self.close(BAD_PAYLOAD, "Say hello first."),
                _ => self.close(BAD_PAYLOAD, "This is no object of JSON."),
            },
        }
    }

    fn hello(&mut self, said: &Map<String, Value>) {
        let one = |v: &Value| v.as_u64() == Some(1) || v.as_str() == Some("1");
        let client = said.get("client_id").and_then(Value::as_str);
        match client {
            _ if self.greeted() => self.close(BAD_PAYLOAD, "Hello was said."),
            _ if !said.get("v").is_some_and(one) => self.close(BAD_VERSION, "Only version 1 is spoken here."),
            Some(client) if !client.is_empty() && client.len() <= 64 => {
                self.client = Some(client.to_owned());
                // Some libraries give up without a user and a place for pictures. A game is not told who one is.
                self.say(&json!({
                    "cmd": "DISPATCH",
                    "evt": "READY",
                    "nonce": null,
                    "data": {
                        "v": 1,
                        "config": {"cdn_host": "localhost", "api_endpoint": "//localhost/api", "environment": "production"},
                        "user": {"id": "1", "username": "hearth", "discriminator": "0", "global_name": "Hearth",
                            "avatar": null, "bot": false, "flags": 0, "premium_type": 0},
                    },
                }));
            }
            _ => self.close(BAD_PAYLOAD, "A client_id is needed."),
        }
    }

    fn command(&mut self, mut said: Map<String, Value>, now_ms: u64) {
        let nonce = said.remove("nonce").unwrap_or_default();
        let Some(Value::String(command)) = said.remove("cmd") else {
            return self.refuse(Value::Null, nonce, BAD_PAYLOAD, "A command needs a cmd.");
        };
        let data = match command.as_str() {
            "SET_ACTIVITY" => {
                let activity = said.get_mut("args").and_then(|args| args.get_mut("activity")).map(Value::take);
                match activity {
                    None | Some(Value::Null) => {
                        self.playing = None;
                        Value::Null
                    }
                    Some(Value::Object(mut activity)) => {
                        self.playing = self.read(&activity, now_ms);
                        let game = self.playing.as_ref().map_or("", Playing::name);
                        activity.entry("name").or_insert_with(|| game.into());
                        activity.entry("type").or_insert_with(|| 0.into());
                        activity.insert("application_id".into(), self.client.clone().into());
                        Value::Object(activity)
                    }
                    Some(_) => {
                        return self.refuse(command.into(), nonce, BAD_PAYLOAD, "An activity is an object, or null.");
                    }
                }
            }
            "SUBSCRIBE" | "UNSUBSCRIBE" => json!({"evt": said.remove("evt")}),
            _ => return self.refuse(command.into(), nonce, BAD_COMMAND, "Hearth does not know this command."),
        };
        self.say(&json!({"cmd": command, "data": data, "evt": null, "nonce": nonce}));
    }

    /// What an activity says of a game; nothing if it is none. What is wrong in it is left out.
    fn read(&self, activity: &Map<String, Value>, now_ms: u64) -> Option<Playing> {
        if !activity.get("type").is_none_or(|kind| kind.as_u64().is_some_and(|kind| GAMES.contains(&kind))) {
            return None;
        }
        let text = |name: &str| activity.get(name).and_then(Value::as_str);
        let size = |v: &Value| match v.as_array().map(Vec::as_slice) {
            Some([now, most]) => Some((now.as_u64()?, most.as_u64()?)),
            _ => None,
        };
        let party = activity.get("party").and_then(|party| party.get("size")).and_then(size);
        let party = party.filter(|(now, most)| (1..=*most).contains(now) && (2..=limits::PARTY).contains(most));
        let party = party.map(|(now, most)| format!("{now} of {most}"));
        let details = [text("details"), text("state"), party.as_deref()].into_iter().flatten();
        let details: Vec<&str> = details.filter(|part| !part.trim().is_empty()).collect();
        let start = activity.get("timestamps").and_then(|times| times.get("start"));
        let since = start.and_then(Value::as_u64).map(ms).filter(|start| *start <= now_ms + limits::AHEAD_MS);
        let named = |name: &str| Playing::new(name, &details.join(" · "), since);
        text("name").and_then(named).or_else(|| named(&self.program)).or_else(|| named("a game"))
    }

    fn refuse(&mut self, command: Value, nonce: Value, code: u32, message: &str) {
        let data = json!({"code": code, "message": message});
        self.say(&json!({"cmd": command, "data": data, "evt": "ERROR", "nonce": nonce}));
    }

    fn close(&mut self, code: u32, message: &str) {
        let body = json!({"code": code, "message": message}).to_string();
        frame::write(&mut self.out, Op::Close, body.as_bytes());
        self.over = true;
    }

    fn say(&mut self, value: &Value) {
        frame::write(&mut self.out, Op::Frame, value.to_string().as_bytes());
    }
}

/// Games give seconds or milliseconds.
fn ms(start: u64) -> u64 {
    const SECONDS_END: u64 = 100_000_000_000;
    if start < SECONDS_END { start * 1_000 } else { start }
}

#[cfg(test)]
mod tests;
