//! Lines of the control protocol, to and from what they mean.

use hearth_control::{parse as parse_for_node, reply_line};
use hearth_ports::{ErrorCode, NodeError, NodeReply};
use hearth_ui::{ControlRequest, control::Toggle};
use serde_json::Value;

/// A request and the id its answer repeats.
#[derive(Debug, PartialEq)]
pub struct Request {
    /// As given; `null` if there was none.
    pub id: Value,
    /// What is asked, or what is wrong with it.
    pub request: Result<ControlRequest, NodeError>,
}

/// Reads a line. What is about the window is meant for the client, all else for the node.
pub fn parse(line: &[u8]) -> Request {
    let value: Value = serde_json::from_slice(line).unwrap_or_default();
    let own = match value.get("cmd").and_then(Value::as_str) {
        Some("link.open") => match value.get("link").and_then(Value::as_str) {
            Some(link) => Ok(ControlRequest::OpenLink(link.to_owned())),
            None => Err(NodeError::new(ErrorCode::BadArgument, "`link.open` needs a `link`.")),
        },
        Some("voice.toggle") => match value.get("what").and_then(Value::as_str).and_then(Toggle::named) {
            Some(what) => Ok(ControlRequest::Toggle(what)),
            None => {
                let words = "`voice.toggle` needs `what`: ptt, mute, deafen or overlay.";
                Err(NodeError::new(ErrorCode::BadArgument, words))
            }
        },
        Some("window.raise") => Ok(ControlRequest::Raise),
        Some("quit" | "shutdown") => Ok(ControlRequest::Quit),
        _ => {
            let hearth_control::Request { id, command } = parse_for_node(line);
            return Request { id, request: command.map(ControlRequest::Node) };
        }
    };
    let id = value.get("id").filter(|id| id.is_number() || id.is_string()).cloned().unwrap_or_default();
    Request { id, request: own }
}

/// Writes an answer, with its line end.
pub fn render(id: &Value, result: &Result<NodeReply, NodeError>) -> String {
    let mut line = reply_line(id, result);
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use hearth_ports::NodeCommand;

    #[test]
    fn requests_are_read_and_refused_in_plain_words() {
        let open = parse(br#"{"id":7,"cmd":"link.open","link":"mesh://join?c=x"}"#);
        assert_eq!(open, Request { id: 7.into(), request: Ok(ControlRequest::OpenLink("mesh://join?c=x".into())) });
        assert_eq!(parse(br#"{"cmd":"quit"}"#).request, Ok(ControlRequest::Quit));
        let status = parse(br#"{"id":"a","cmd":"net.status"}"#);
        assert_eq!(status, Request { id: "a".into(), request: Ok(ControlRequest::Node(NodeCommand::NetStatus)) });
        for (line, code) in [
            (&b"hello"[..], ErrorCode::BadRequest),
            (b"", ErrorCode::BadRequest),
            (b"[]", ErrorCode::BadRequest),
            (b"\xff\xfe", ErrorCode::BadRequest),
            (br#"{"id":1}"#, ErrorCode::BadRequest),
            (br#"{"id":1,"cmd":"fly"}"#, ErrorCode::UnknownCommand),
            (br#"{"id":1,"cmd":"link.open","link":3}"#, ErrorCode::BadArgument),
        ] {
            assert_eq!(parse(line).request.unwrap_err().code, code, "{}", String::from_utf8_lossy(line));
        }
    }

    #[test]
    fn answers_are_one_line_and_repeat_the_id() {
        assert_eq!(render(&7.into(), &Ok(NodeReply::Done)), "{\"id\":7,\"ok\":{}}\n");
        let error = NodeError::new(ErrorCode::Busy, "two\nlines");
        let line = render(&Value::Null, &Err(error));
        assert_eq!(line.matches('\n').count(), 1);
        assert!(line.contains("\"id\":null") && line.contains("\"busy\""));
    }
}
