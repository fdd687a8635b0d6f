#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

const NOW: u64 = 1_800_000_000_000;

fn framed(op: u32, body: &str) -> Vec<u8> {
    let mut bytes = op.to_le_bytes().to_vec();
    bytes.extend_from_slice(&(body.len() as u32).to_le_bytes());
    bytes.extend_from_slice(body.as_bytes());
    bytes
}

/// What is answered.
fn heard(talk: &mut Talk) -> Vec<(u32, Value)> {
    let out = std::mem::take(talk.out());
    let mut rest = out.as_slice();
    let mut all = Vec::new();
    while let Some((head, tail)) = rest.split_first_chunk::<8>() {
        let number = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().unwrap());
        let (body, next) = tail.split_at(number(4) as usize);
        all.push((number(0), serde_json::from_slice(body).unwrap()));
        rest = next;
    }
    all
}

fn greeted() -> Talk {
    let mut talk = Talk::new("game".into());
    talk.take(&framed(0, r#"{"v":1,"client_id":"42"}"#), NOW);
    let ready = heard(&mut talk).remove(0);
    assert_eq!((ready.0, &ready.1["evt"]), (1, &json!("READY")));
    assert!(ready.1["data"]["user"]["id"].is_string());
    talk
}

fn set(talk: &mut Talk, activity: Value) -> Value {
    let said = json!({"cmd": "SET_ACTIVITY", "nonce": "n", "args": {"pid": 7, "activity": activity}});
    talk.take(&framed(1, &said.to_string()), NOW);
    let answer = heard(talk).remove(0).1;
    assert_eq!(answer["nonce"], "n");
    answer
}

#[test]
fn an_activity_is_answered_told_and_cleared() {
    let mut talk = greeted();
    let activity = json!({
        "details": "Level 3", "state": "In a group", "timestamps": {"start": 1_799_999_000},
        "party": {"id": "x", "size": [2, 5]}, "assets": {"large_image": "https://example.org/a.png"},
    });
    let answer = set(&mut talk, activity.clone());
    assert_eq!((&answer["cmd"], &answer["evt"]), (&json!("SET_ACTIVITY"), &Value::Null));
    assert_eq!(answer["data"]["details"], activity["details"]);
    assert_eq!(answer["data"]["application_id"], "42");
    let playing = Playing::new("game", "Level 3 · In a group · 2 of 5", Some(1_799_999_000_000));
    assert_eq!(talk.playing(), playing.as_ref());
    set(&mut talk, json!({"name": "Deep Sea", "timestamps": {"start": NOW - 5}}));
    assert_eq!(talk.playing(), Playing::new("Deep Sea", "", Some(NOW - 5)).as_ref());
    assert_eq!(set(&mut talk, Value::Null)["data"], Value::Null);
    assert_eq!(talk.playing(), None);
}

#[test]
fn music_and_films_are_not_games() {
    let mut talk = greeted();
    for kind in [1, 2, 3, 4, 99] {
        set(&mut talk, json!({"name": "A song", "type": kind}));
        assert_eq!(talk.playing(), None, "{kind}");
    }
    set(&mut talk, json!({"name": "A match", "type": 5}));
    assert!(talk.playing().is_some());
}

#[test]
fn what_is_wrong_in_an_activity_is_left_out() {
    let mut talk = greeted();
    set(
        &mut talk,
        json!({
            "name": ["x"], "details": 7, "state": "\u{202e}\u{7} ", "timestamps": {"start": NOW * 2},
            "party": {"size": [9, 3]},
        }),
    );
    assert_eq!(talk.playing(), Playing::new("game", "", None).as_ref());
    set(&mut talk, json!({"timestamps": {"start": -4}, "party": {"size": [1, u64::MAX]}, "name": "x".repeat(9_000)}));
    let playing = talk.playing().unwrap();
    assert_eq!((playing.since_ms(), playing.details(), playing.name().chars().count()), (None, None, 64));
    let answer = set(&mut talk, json!("text"));
    assert_eq!(answer["evt"], "ERROR");
}

#[test]
fn other_commands_are_answered_politely() {
    let mut talk = greeted();
    for (said, event) in [
        (json!({"cmd": "SUBSCRIBE", "evt": "ACTIVITY_JOIN", "nonce": 1}), Value::Null),
        (json!({"cmd": "UNSUBSCRIBE", "evt": "ACTIVITY_JOIN", "nonce": 1}), Value::Null),
        (json!({"cmd": "AUTHORIZE", "nonce": 1}), json!("ERROR")),
        (json!({"cmd": 3, "nonce": 1}), json!("ERROR")),
    ] {
        talk.take(&framed(1, &said.to_string()), NOW);
        let (op, answer) = heard(&mut talk).remove(0);
        assert_eq!((op, &answer["evt"], &answer["nonce"]), (1, &event, &json!(1)), "{said}");
    }
    talk.take(&framed(3, r#"{"a":1}"#), NOW);
    assert_eq!(heard(&mut talk), [(4, json!({"a": 1}))]);
    assert!(!talk.over());
    talk.take(&framed(2, "{}"), NOW);
    assert!(talk.over());
}

#[test]
fn what_is_no_protocol_ends_the_connection_and_the_activity() {
    let deep = "[".repeat(60_000);
    let deeper = format!("{{\"a\":{}", "{\"a\":".repeat(10_000));
    let huge = [1u32.to_le_bytes(), (limits::FRAME_BYTES as u32 + 1).to_le_bytes()].concat();
    let endless = [1u32.to_le_bytes(), u32::MAX.to_le_bytes()].concat();
    for bytes in [
        framed(1, "nonsense"),
        framed(1, "[]"),
        framed(1, ""),
        framed(1, &deep),
        framed(1, &deeper),
        framed(9, "{}"),
        framed(0, r#"{"v":1,"client_id":"42"}"#),
        huge,
        endless,
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
    ] {
        let mut talk = greeted();
        set(&mut talk, json!({"name": "Deep Sea"}));
        talk.take(&bytes, NOW);
        assert!(talk.over() && talk.playing().is_none(), "{bytes:?}");
        assert_eq!(heard(&mut talk).pop().unwrap().0, 2, "it is told why");
        talk.take(&framed(3, "{}"), NOW);
        assert!(talk.out().is_empty(), "nothing more is answered");
    }
    for hello in [r#"{"v":2,"client_id":"4"}"#, r#"{"v":1}"#, r#"{"v":1,"client_id":""}"#, r#"{"client_id":"4"}"#] {
        let mut talk = Talk::new(String::new());
        talk.take(&framed(0, hello), NOW);
        assert!(talk.over(), "{hello}");
    }
    let mut talk = Talk::new(String::new());
    talk.take(&framed(1, r#"{"cmd":"SET_ACTIVITY"}"#), NOW);
    assert!(talk.over(), "without a hello");
}

#[test]
fn a_frame_of_the_largest_size_is_taken() {
    let mut talk = greeted();
    let shell = json!({"cmd": "SUBSCRIBE", "nonce": ""}).to_string();
    let said = shell.replace("\"\"", &format!("\"{}\"", "x".repeat(limits::FRAME_BYTES - shell.len())));
    assert_eq!(said.len(), limits::FRAME_BYTES);
    talk.take(&framed(1, &said), NOW);
    assert!(!talk.over() && heard(&mut talk).len() == 1);
}

proptest! {
    #[test]
    fn pieces_of_any_size_say_the_same(cuts in prop::collection::vec(1usize..40, 1..200)) {
        let mut bytes = framed(0, r#"{"v":1,"client_id":"42"}"#);
        bytes.extend(framed(1, r#"{"cmd":"SET_ACTIVITY","nonce":"1","args":{"activity":{"name":"Deep Sea"}}}"#));
        let mut whole = Talk::new(String::new());
        whole.take(&bytes, NOW);
        let mut torn = Talk::new(String::new());
        let mut rest = bytes.as_slice();
        for cut in cuts.iter().cycle() {
            let (piece, more) = rest.split_at(rest.len().min(*cut));
            torn.take(piece, NOW);
            rest = more;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(torn.playing(), whole.playing());
        prop_assert!(torn.playing().is_some());
        prop_assert_eq!(torn.out().as_slice(), whole.out().as_slice());
    }

    #[test]
    fn no_bytes_break_it(
        greet in any::<bool>(), bytes in prop::collection::vec(any::<u8>(), 0..400), op in 0u32..6, text in any::<String>(),
    ) {
        let mut talk = if greet { greeted() } else { Talk::new(String::new()) };
        talk.take(&framed(op, &text), NOW);
        talk.take(&bytes, NOW);
    }
}
