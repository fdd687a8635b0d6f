//! A whole member whose voice is a browser: for `tests/voice/chromium_room.py`.
//!
//! `browser_member --home DIR --name NAME --page FILE --heard DIR [--keys right|wrong|none]`
//!
//! Keys, membership, linking and the signs of the call are a node's as ever, by the same loop; but in place of media and
//! sound there is a page ([`page`]), which is lent the keys of the call ([`voice`]). Speaks the lines of `hearth-cli`, and
//! beside them tells `page.at`, where the page is, and `page`, how it fares. It must never be shipped: whoever reaches its
//! port on this machine gets the keys.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/member.rs"]
mod member;
mod page;
#[path = "../../src/run.rs"]
mod run;
#[path = "../../src/verify.rs"]
mod verify;
mod voice;

use futures::executor::block_on;
use hearth_crypto::Secret32;
use std::path::PathBuf;

fn main() {
    let options = member::options();
    let path = |name: &str| PathBuf::from(&options[name]);
    let lent = match options.get("--keys").map(String::as_str) {
        None | Some("right") => voice::Lent::Right,
        Some("wrong") => voice::Lent::Wrong,
        Some("none") => voice::Lent::None,
        Some(other) => panic!("what is {other}?"),
    };
    member::live(&options, |secrets, runtime, handle| {
        let join = handle.clone();
        let page = runtime.block_on(page::serve(path("--page"), path("--heard"), move |channel| {
            let line = serde_json::json!({"id": 0, "cmd": "voice.join", "channel": channel}).to_string();
            block_on(join.send(0, hearth_control::parse(line.as_bytes()).command.unwrap())).unwrap();
        }));
        println!("{}", serde_json::json!({"event": "page.at", "url": page.url}));
        voice::VoiceConfig { device: Secret32::new(*secrets.device.expose()), page, lent }
    });
}
