//! What must hold of any line; the fuzzer holds lines to it as well.

use hearth_control::{parse, refusal_line, reply_line};
use hearth_ports::NodeReply;
use serde_json::Value;

/// The answer to a line is one line of JSON that carries the id given back by the reader.
pub fn answered(line: &[u8]) -> Value {
    let request = parse(line);
    let answer = match &request.command {
        Ok(_) => reply_line(&request.id, &Ok(NodeReply::Done)),
        Err(error) => {
            assert!(!error.message.is_empty());
            refusal_line(&request.id, error)
        }
    };
    assert!(!answer.contains('\n'));
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["id"], request.id);
    assert!(answer.get("ok").is_some() != answer.get("err").is_some());
    answer
}
