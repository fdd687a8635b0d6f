//! The control protocol: one JSON object a line in, one out. Shared by `hearth-cli`, bots, tests and `hearth ctl`.
//!
//! Only turns lines into commands and events into lines: it carries nothing out and must never know how a line came.
//! Start with [`parse`].
//!
//! Request `{"id":1,"cmd":"message.send","channel":"...","text":"hi"}`; answer `{"id":1,"ok":{...}}` or
//! `{"id":1,"err":{"code":"...","message":"..."}}`; unasked `{"event":"message",...}`. Ids are lower-case hex, times Unix
//! milliseconds. Names are stable: added to, never renamed.

mod events;
mod requests;

pub use events::{event_line, refusal_line, reply_line};
pub use requests::{Request, parse};
