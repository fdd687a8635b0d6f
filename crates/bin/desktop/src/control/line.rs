//! Lines of the control protocol, to and from what they mean.

use hearth_ports::{ErrorCode, NetStatus, NodeError};
use hearth_ui::ControlRequest;
use serde_json::{Value, json};

/// A request and the id its answer repeats.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// As given; anything JSON.
    pub id: Option<Value>,
    /// What is asked.
    pub request: ControlRequest,
}

/// Reads a line. The error carries the id if there was one.
pub fn parse(line: &[u8]) -> Result<Request, (Option<Value>, NodeError)> {
    let bad = |message: &str| NodeError::new(ErrorCode::BadRequest, message);
    let value: Value = serde_json::from_slice(line)
        .map_err(|_| (None, bad("A request is one JSON object a line, such as {\"id\":1,\"cmd\":\"net.status\"}.")))?;
    let id = value.get("id").cloned();
    let Some(cmd) = value.get("cmd").and_then(Value::as_str) else {
        return Err((id, bad("A request names its command in `cmd`.")));
    };
    let request = match cmd {
        "link.open" => match value.get("link").and_then(Value::as_str) {
            Some(link) => ControlRequest::OpenLink(link.to_owned()),
            None => return Err((id, NodeError::new(ErrorCode::BadArgument, "`link.open` needs a `link`."))),
        },
        "net.status" => ControlRequest::NetStatus,
        "window.raise" => ControlRequest::Raise,
        "quit" | "shutdown" => ControlRequest::Quit,
        other => {
            let message = format!("There is no command `{other}`. Known: link.open, net.status, window.raise, quit.");
            return Err((id, NodeError::new(ErrorCode::UnknownCommand, message)));
        }
    };
    Ok(Request { id, request })
}

/// Writes an answer, with its line end.
pub fn render(id: Option<&Value>, result: &Result<Option<NetStatus>, NodeError>) -> String {
    let id = id.cloned().unwrap_or(Value::Null);
    let answer = match result {
        Ok(Some(status)) => json!({ "id": id, "ok": status }),
        Ok(None) => json!({ "id": id, "ok": {} }),
        Err(error) => json!({ "id": id, "err": error }),
    };
    format!("{answer}\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn requests_are_read_and_refused_in_plain_words() {
        let open = parse(br#"{"id":7,"cmd":"link.open","link":"mesh://join?c=x"}"#).unwrap();
        assert_eq!(open, Request { id: Some(7.into()), request: ControlRequest::OpenLink("mesh://join?c=x".into()) });
        assert_eq!(parse(br#"{"cmd":"quit"}"#).unwrap().request, ControlRequest::Quit);
        for (line, code) in [
            (&b"hello"[..], ErrorCode::BadRequest),
            (b"", ErrorCode::BadRequest),
            (b"[]", ErrorCode::BadRequest),
            (b"\xff\xfe", ErrorCode::BadRequest),
            (br#"{"id":1}"#, ErrorCode::BadRequest),
            (br#"{"id":1,"cmd":"fly"}"#, ErrorCode::UnknownCommand),
            (br#"{"id":1,"cmd":"link.open","link":3}"#, ErrorCode::BadArgument),
        ] {
            assert_eq!(parse(line).unwrap_err().1.code, code, "{}", String::from_utf8_lossy(line));
        }
    }

    #[test]
    fn answers_are_one_line_and_repeat_the_id() {
        assert_eq!(render(Some(&7.into()), &Ok(None)), "{\"id\":7,\"ok\":{}}\n");
        let error = NodeError::new(ErrorCode::Busy, "two\nlines");
        let line = render(None, &Err(error));
        assert_eq!(line.matches('\n').count(), 1);
        assert!(line.contains("\"id\":null") && line.contains("\"busy\""));
    }
}
