//! Lines in.

use hearth_ports::{ErrorCode, NodeCommand, NodeError, Noise, Presence, VoiceAsk, VoiceSettings, audio::Gate};
use hearth_room::BuiltIn;
use hearth_types::{ChannelKind, EntryId, Permissions, Playing, UserId, limits};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, path::PathBuf};

/// A request: its id as it was given, and what to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Given back with the answer; `null` if there was none.
    pub id: Value,
    /// What to do, or why not.
    pub command: Result<NodeCommand, NodeError>,
}

/// Reads one line. Never fails: what is wrong is in the request.
pub fn parse(line: &[u8]) -> Request {
    if line.len() > limits::CONTROL_LINE_BYTES {
        return refuse(Value::Null, ErrorCode::LineTooLong, "A line has at most 64 KiB.");
    }
    let Ok(Value::Object(mut fields)) = serde_json::from_slice::<Value>(line) else {
        return refuse(
            Value::Null,
            ErrorCode::BadRequest,
            "A request is one JSON object a line, with an id and a cmd.",
        );
    };
    let id = match fields.remove("id") {
        // Only what can be given back as it came: a fraction may come back as another.
        Some(Value::Number(id)) if id.is_u64() || id.is_i64() => Value::Number(id),
        Some(Value::String(id)) => Value::String(id),
        Some(Value::Null) | None => Value::Null,
        Some(_) => return refuse(Value::Null, ErrorCode::BadRequest, "An id is a whole number or a text."),
    };
    let Some(Value::String(cmd)) = fields.remove("cmd") else {
        return refuse(id, ErrorCode::BadRequest, "A request needs a cmd.");
    };
    match command(&cmd, &Arguments(fields)) {
        Some(command) => Request { id, command },
        None => refuse(id, ErrorCode::UnknownCommand, &format!("There is no command {cmd:?}.")),
    }
}

fn refuse(id: Value, code: ErrorCode, message: &str) -> Request {
    Request { id, command: Err(NodeError::new(code, message)) }
}

type Outcome = Option<Result<NodeCommand, NodeError>>;

fn command(cmd: &str, a: &Arguments) -> Outcome {
    use NodeCommand as C;
    let build = || -> Result<Option<C>, NodeError> {
        Ok(Some(match cmd {
            "identity.show" => C::IdentityShow,
            "identity.set" => C::IdentitySet { name: a.text_maybe("name")?, color: a.color("color")? },
            "community.create" => C::CommunityCreate { name: a.text("name")? },
            "community.list" => C::CommunityList,
            "community.state" => C::CommunityState { community: a.id("community")? },
            "community.join" => C::CommunityJoin { link: a.text("link")? },
            "community.leave" => C::CommunityLeave { community: a.id("community")? },
            "community.update" => C::CommunityUpdate { community: a.id("community")?, name: a.text("name")? },
            "invite.create" => C::InviteCreate {
                community: a.id("community")?,
                expires_s: a.number_maybe("expires_s")?,
                max_uses: a.number_maybe("max_uses")?,
                role: a.id_maybe("role")?,
            },
            "invite.revoke" => C::InviteRevoke { invite: a.id("invite")? },
            "invite.list" => C::InviteList { community: a.id("community")? },
            "channel.create" => C::ChannelCreate {
                community: a.id("community")?,
                name: a.text("name")?,
                kind: a.kind()?,
                sealed: a.flag("sealed", false)?,
            },
            "channel.update" => C::ChannelUpdate {
                channel: a.id("channel")?,
                name: a.text_maybe("name")?,
                topic: a.text_maybe("topic")?,
                position: a.number_maybe("position")?,
            },
            "channel.plan" => C::ChannelPlan { channel: a.id("channel")?, plan: a.plan()? },
            "channel.delete" => C::ChannelDelete { channel: a.id("channel")? },
            "message.send" => {
                C::MessageSend { channel: a.id("channel")?, text: a.text("text")?, reply_to: a.id_maybe("reply_to")? }
            }
            "message.edit" => C::MessageEdit { message: a.id("message")?, text: a.text("text")? },
            "message.delete" => C::MessageDelete { message: a.id("message")? },
            "message.react" => {
                C::MessageReact { message: a.id("message")?, emoji: a.text("emoji")?, on: a.flag("on", true)? }
            }
            "message.pin" => C::MessagePin { message: a.id("message")?, on: a.flag("on", true)? },
            "message.list" => {
                let limit: Option<u32> = a.number_maybe("limit")?;
                C::MessageList {
                    channel: a.id("channel")?,
                    before: a.id_maybe("before")?,
                    limit: limit.unwrap_or(50) as usize,
                }
            }
            "role.create" => {
                C::RoleCreate { community: a.id("community")?, name: a.text("name")?, permissions: a.permissions()? }
            }
            "role.grant" => C::RoleGrant { community: a.id("community")?, user: a.id("user")?, role: a.id("role")? },
            "member.mute" => {
                C::MemberMute { community: a.id("community")?, user: a.id("user")?, on: a.flag("on", true)? }
            }
            "presence.set" => {
                let playing = a.playing()?;
                let presence =
                    if playing.is_none() || a.get("presence").is_some() { Some(a.presence()?) } else { None };
                C::PresenceSet { presence, playing }
            }
            "typing.send" => C::TypingSend { channel: a.id("channel")? },
            "read.mark" => C::ReadMark { channel: a.id("channel")?, message: a.id::<EntryId>("message")? },
            "voice.join" => C::VoiceJoin { channel: a.id("channel")? },
            "voice.leave" => C::VoiceLeave,
            "voice.set" => C::Voice(VoiceAsk::Set(VoiceSettings {
                mute: a.flag_maybe("mute")?,
                deafen: a.flag_maybe("deafen")?,
                ptt: a.flag_maybe("ptt")?,
                gate: a.gate()?,
                position: a.position()?,
                volume: a.volumes()?,
                whisper: a.users("whisper")?,
                priority: a.flag_maybe("priority")?,
                input: a.text_maybe("input")?,
                output: a.text_maybe("output")?,
                echo: a.flag_maybe("echo")?,
                noise: a.noise()?,
                gain: a.flag_maybe("gain")?,
                headphones: a.flag_maybe("headphones")?,
                lend: a.flag_maybe("lend")?,
                uplink_kbps: a.number_maybe("uplink_kbps")?,
                cues: a.flag_maybe("cues")?,
            })),
            "voice.source" => C::Voice(VoiceAsk::Source {
                wav: a.text_maybe("wav")?.map(PathBuf::from),
                repeat: a.flag("loop", false)?,
                process: a.flag("process", true)?,
            }),
            "voice.sink" => C::Voice(VoiceAsk::Sink { wav: a.text_maybe("wav")?.map(PathBuf::from) }),
            "voice.stats" => C::Voice(VoiceAsk::Stats),
            "voice.devices" => C::Voice(VoiceAsk::Devices),
            "voice.test" => C::Voice(VoiceAsk::Test { on: a.flag("on", true)? }),
            "voice.meter" => C::Voice(VoiceAsk::Meter { on: a.flag("on", true)? }),
            "peers.list" => C::PeersList,
            "net.status" => C::NetStatus,
            "shutdown" => C::Shutdown,
            _ => return Ok(None),
        }))
    };
    build().transpose()
}

struct Arguments(Map<String, Value>);

impl Arguments {
    fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|v| !v.is_null())
    }
    fn text_maybe(&self, name: &str) -> Result<Option<String>, NodeError> {
        self.get(name).map(|v| v.as_str().map(str::to_owned).ok_or_else(|| wrong(name, "a text"))).transpose()
    }
    fn text(&self, name: &str) -> Result<String, NodeError> {
        self.text_maybe(name)?.ok_or_else(|| missing(name))
    }
    fn id_maybe<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, NodeError> {
        let id = |v: &Value| {
            v.as_str().and_then(|t| t.parse().ok()).ok_or_else(|| wrong(name, "an id of 64 lower-case hex digits"))
        };
        self.get(name).map(id).transpose()
    }
    fn id<T: std::str::FromStr>(&self, name: &str) -> Result<T, NodeError> {
        self.id_maybe(name)?.ok_or_else(|| missing(name))
    }
    fn number_maybe<T: TryFrom<u64>>(&self, name: &str) -> Result<Option<T>, NodeError> {
        let number =
            |v: &Value| v.as_u64().and_then(|n| T::try_from(n).ok()).ok_or_else(|| wrong(name, "a whole number"));
        self.get(name).map(number).transpose()
    }
    fn flag(&self, name: &str, default: bool) -> Result<bool, NodeError> {
        self.get(name).map_or(Ok(default), |v| v.as_bool().ok_or_else(|| wrong(name, "true or false")))
    }
    fn flag_maybe(&self, name: &str) -> Result<Option<bool>, NodeError> {
        self.get(name).map(|v| v.as_bool().ok_or_else(|| wrong(name, "true or false"))).transpose()
    }
    fn gate(&self) -> Result<Option<Gate>, NodeError> {
        match self.text_maybe("gate")?.as_deref() {
            None => Ok(None),
            Some("open") => Ok(Some(Gate::Continuous)),
            Some("voice") => Ok(Some(Gate::Voice)),
            Some("ptt") => Ok(Some(Gate::PushToTalk)),
            Some(_) => Err(wrong("gate", "open, voice or ptt")),
        }
    }
    fn users(&self, name: &str) -> Result<Option<Vec<UserId>>, NodeError> {
        let refused = || wrong(name, "a list of user ids");
        let Some(list) = self.get(name) else { return Ok(None) };
        let ids = list.as_array().filter(|list| list.len() <= limits::VOICE_MEMBERS).ok_or_else(refused)?;
        let id = |v: &Value| v.as_str().and_then(|t| t.parse().ok());
        ids.iter().map(|v| id(v).ok_or_else(refused)).collect::<Result<_, _>>().map(Some)
    }
    fn noise(&self) -> Result<Option<Noise>, NodeError> {
        match self.text_maybe("noise")?.as_deref() {
            None => Ok(None),
            Some("off") => Ok(Some(Noise::Off)),
            Some("usual") => Ok(Some(Noise::Usual)),
            Some("strong") => Ok(Some(Noise::Strong)),
            Some(_) => Err(wrong("noise", "off, usual or strong")),
        }
    }
    /// Metres, at most a kilometre away.
    fn position(&self) -> Result<Option<[f32; 2]>, NodeError> {
        let number = |v: &Value| v.as_f64().map(|n| n as f32).filter(|n| n.abs() <= 1_000.0);
        let pair = |v: &Value| match v.as_array().map(Vec::as_slice) {
            Some([x, y]) => Some([number(x)?, number(y)?]),
            _ => None,
        };
        self.get("position")
            .map(|v| pair(v).ok_or_else(|| wrong("position", "two numbers in metres, such as [1.5, -2]")))
            .transpose()
    }
    fn volumes(&self) -> Result<BTreeMap<UserId, f32>, NodeError> {
        let refused = || wrong("volume", "an object of user ids with gains from 0 to 2");
        let Some(volumes) = self.get("volume") else { return Ok(BTreeMap::new()) };
        let each = |(user, gain): (&String, &Value)| {
            let gain = gain.as_f64().map(|g| g as f32).filter(|g| (0.0..=2.0).contains(g));
            Ok((user.parse().map_err(|_| refused())?, gain.ok_or_else(refused)?))
        };
        volumes.as_object().ok_or_else(refused)?.iter().map(each).collect()
    }
    fn kind(&self) -> Result<ChannelKind, NodeError> {
        match self.text_maybe("kind")?.as_deref() {
            None | Some("text") => Ok(ChannelKind::Text),
            Some("voice") => Ok(ChannelKind::Voice),
            Some(_) => Err(wrong("kind", "text or voice")),
        }
    }
    fn plan(&self) -> Result<BuiltIn, NodeError> {
        BuiltIn::from_key(&self.text("plan")?).ok_or_else(|| wrong("plan", "fireside, living_room, theatre or squads"))
    }
    fn presence(&self) -> Result<Presence, NodeError> {
        match self.text("presence")?.as_str() {
            "online" => Ok(Presence::Online),
            "idle" => Ok(Presence::Idle),
            "offline" => Ok(Presence::Offline),
            _ => Err(wrong("presence", "online, idle or offline")),
        }
    }
    /// A game; `null` for none any more.
    fn playing(&self) -> Result<Option<Option<Playing>>, NodeError> {
        let Some(given) = self.0.get("playing") else { return Ok(None) };
        let read = |game: &Map<String, Value>| {
            let text = |name: &str| game.get(name).filter(|v| !v.is_null()).map(|v| v.as_str());
            let since = game.get("since_ms").filter(|v| !v.is_null()).map(Value::as_u64);
            Playing::new(
                text("name")??,
                text("details").unwrap_or(Some(""))?,
                since.map_or(Some(None), |s| s.map(Some))?,
            )
        };
        match given {
            Value::Null => Some(Some(None)),
            Value::Object(game) => read(game).map(|playing| Some(Some(playing))),
            _ => None,
        }
        .ok_or_else(|| wrong("playing", "an object with a name and perhaps details and since_ms, or null"))
    }
    /// A colour as a number or as `#rrggbb`.
    fn color(&self, name: &str) -> Result<Option<u32>, NodeError> {
        let color = |v: &Value| {
            let number = v.as_u64().and_then(|n| u32::try_from(n).ok());
            let hex = || v.as_str().and_then(|t| u32::from_str_radix(t.strip_prefix('#')?, 16).ok());
            number.or_else(hex).filter(|c| *c <= 0x00ff_ffff).ok_or_else(|| wrong(name, "a colour such as \"#e87f4e\""))
        };
        self.get(name).map(color).transpose()
    }
    fn permissions(&self) -> Result<Permissions, NodeError> {
        let Some(Value::Array(names)) = self.get("permissions") else { return Ok(Permissions::NONE) };
        names.iter().try_fold(Permissions::NONE, |all, name| {
            let bit = name
                .as_str()
                .and_then(Permissions::from_name)
                .ok_or_else(|| wrong("permissions", "a list of permission names"))?;
            Ok(all.union(bit))
        })
    }
}

fn missing(name: &str) -> NodeError {
    NodeError::new(ErrorCode::BadArgument, format!("{name} is missing."))
}
fn wrong(name: &str, wanted: &str) -> NodeError {
    NodeError::new(ErrorCode::BadArgument, format!("{name} has to be {wanted}."))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn code(line: &str) -> Option<ErrorCode> {
        parse(line.as_bytes()).command.err().map(|e| e.code)
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said_and_its_id_given_back() {
        for bad in ["", "x", "[]", "1", "{}", r#"{"cmd":1}"#] {
            assert_eq!(code(bad), Some(ErrorCode::BadRequest), "{bad}");
        }
        assert_eq!(code(r#"{"cmd":"no.such"}"#), Some(ErrorCode::UnknownCommand));
        assert_eq!(code(r#"{"cmd":"community.create"}"#), Some(ErrorCode::BadArgument));
        assert_eq!(code(r#"{"cmd":"community.state","community":"ABC"}"#), Some(ErrorCode::BadArgument));
        assert_eq!(code(r#"{"cmd":"message.list","channel":"x","limit":-1}"#), Some(ErrorCode::BadArgument));
        assert_eq!(
            code(&format!(r#"{{"cmd":"{}"}}"#, "x".repeat(limits::CONTROL_LINE_BYTES))),
            Some(ErrorCode::LineTooLong)
        );
        assert_eq!(parse(br#"{"id":7,"cmd":"no.such"}"#).id, Value::from(7));
        assert_eq!(
            parse(br#"{"id":"a","cmd":"net.status"}"#),
            Request { id: "a".into(), command: Ok(NodeCommand::NetStatus) }
        );
        assert_eq!(parse(b"{\xff}").id, Value::Null);
        assert_eq!(code(r#"{"id":1.5,"cmd":"net.status"}"#), Some(ErrorCode::BadRequest));
    }

    #[test]
    fn what_is_played_is_set_left_and_ended() {
        let set = |rest: &str| parse(format!(r#"{{"cmd":"presence.set"{rest}}}"#).as_bytes()).command;
        let asked = |presence, playing| Ok(NodeCommand::PresenceSet { presence, playing });
        assert_eq!(set(r#","presence":"idle""#), asked(Some(Presence::Idle), None));
        assert_eq!(set(r#","playing":null"#), asked(None, Some(None)));
        let sea = Playing::new("Deep Sea", "", Some(5));
        assert_eq!(
            set(r#","presence":"online","playing":{"name":" Deep\nSea","since_ms":5}"#),
            asked(Some(Presence::Online), Some(sea))
        );
        for wrong in [
            "",
            r#","playing":{}"#,
            r#","playing":"x""#,
            r#","playing":{"name":" "}"#,
            r#","presence":1,"playing":null"#,
        ] {
            assert_eq!(set(wrong).unwrap_err().code, ErrorCode::BadArgument, "{wrong}");
        }
        for wrong in [r#""details":3"#, r#""since_ms":-1"#, r#""since_ms":"x""#] {
            let line = format!(r#","playing":{{"name":"a",{wrong}}}"#);
            assert_eq!(set(&line).unwrap_err().code, ErrorCode::BadArgument, "{wrong}");
        }
    }
}
