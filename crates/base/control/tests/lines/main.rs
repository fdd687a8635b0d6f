//! Whatever comes in as a line of the control protocol gets one answer line with its id, and nothing falls over.

#![allow(clippy::unwrap_used, clippy::panic)]

mod answer;

use answer::answered;
use hearth_ports::ErrorCode;
use hearth_types::limits;
use proptest::{prelude::*, sample::Index};
use serde_json::{Map, Value};
use std::path::PathBuf;

const COMMANDS: [&str; 35] = [
    "identity.show",
    "identity.set",
    "community.create",
    "community.list",
    "community.state",
    "community.join",
    "community.leave",
    "community.update",
    "invite.create",
    "invite.revoke",
    "invite.list",
    "channel.create",
    "channel.update",
    "channel.delete",
    "message.send",
    "message.edit",
    "message.delete",
    "message.react",
    "message.pin",
    "message.list",
    "role.create",
    "role.grant",
    "presence.set",
    "typing.send",
    "read.mark",
    "voice.join",
    "voice.leave",
    "voice.set",
    "voice.source",
    "voice.sink",
    "voice.stats",
    "peers.list",
    "net.status",
    "shutdown",
    "no.such",
];
const ARGUMENTS: [&str; 31] = [
    "name",
    "color",
    "community",
    "link",
    "invite",
    "expires_s",
    "max_uses",
    "role",
    "channel",
    "kind",
    "sealed",
    "topic",
    "position",
    "text",
    "reply_to",
    "message",
    "emoji",
    "on",
    "limit",
    "permissions",
    "presence",
    "playing",
    "mute",
    "deafen",
    "ptt",
    "gate",
    "position",
    "volume",
    "wav",
    "loop",
    "process",
];

/// Values of every sort, the fitting ones the likelier.
fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => Just(Value::from("5e".repeat(32))),
        2 => "[0-9a-f]{0,70}".prop_map(Value::from),
        2 => any::<String>().prop_map(Value::from),
        2 => prop::sample::select(vec!["text", "voice", "online", "idle", "#e87f4e", "#+12345", "#é", "administrator"])
            .prop_map(Value::from),
        2 => any::<u64>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        2 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => prop::collection::vec(prop::sample::select(vec!["manage_messages", "x", ""]), 0..4).prop_map(Value::from),
        1 => Just(Value::Object(Map::new())),
    ]
}

fn id() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<u64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from)
    ]
}

/// A request that is well formed as JSON.
fn request() -> impl Strategy<Value = (Value, Vec<u8>)> {
    let fields = prop::collection::vec((prop::sample::select(ARGUMENTS.to_vec()), value()), 0..6);
    (id(), prop::sample::select(COMMANDS.to_vec()), fields).prop_map(|(id, cmd, fields)| {
        let mut object: Map<String, Value> = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        object.insert("id".into(), id.clone());
        object.insert("cmd".into(), cmd.into());
        (id, Value::Object(object).to_string().into_bytes())
    })
}

/// Cuts, doubles and overwrites a line here and there.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<Index>(), 0..4u8, any::<u8>());
    (request(), prop::collection::vec(change, 1..6)).prop_map(|((_, mut line), changes)| {
        for (at, what, byte) in changes {
            if line.is_empty() {
                break;
            }
            let at = at.index(line.len());
            match what {
                0 => line[at] = byte,
                1 => line.insert(at, byte),
                2 => line.truncate(at),
                _ => line.extend_from_within(..at),
            }
        }
        line
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_request_gets_an_answer_with_its_id((id, line) in request()) {
        prop_assert_eq!(&answered(&line)["id"], &id);
    }

    #[test]
    fn a_damaged_request_gets_an_answer(line in mutated()) {
        answered(&line);
    }

    #[test]
    fn random_bytes_get_an_answer(line in prop::collection::vec(any::<u8>(), 0..200)) {
        answered(&line);
    }
}

#[test]
fn a_deep_or_long_line_gets_an_answer() {
    for open in ["[", r#"{"id":"#, r#"{"id":1,"cmd":"#] {
        answered(open.repeat(limits::CONTROL_LINE_BYTES / open.len()).as_bytes());
    }
    let long = answered(&vec![b'{'; limits::CONTROL_LINE_BYTES + 1]);
    assert_eq!(long["err"]["code"], serde_json::to_value(ErrorCode::LineTooLong).unwrap());
}

#[test]
fn everything_the_fuzzer_kept_gets_an_answer() {
    let folder = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../../../tests/fuzz/corpus/line");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().collect();
    assert!(files.len() > 20, "the corpus is thin: {}", files.len());
    for file in files {
        answered(&std::fs::read(file.unwrap().path()).unwrap());
    }
}
