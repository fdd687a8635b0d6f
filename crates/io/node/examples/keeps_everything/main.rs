//! A modified member that keeps every sealed voice that reaches it, and every secret it is ever given or lent: for
//! `tests/voice/outsiders.py`.
//!
//! `keeps_everything --home DIR --name NAME`
//!
//! It goes into rooms, passes voices on and goes out as anybody does; but it closes no way when it goes out, and forgets
//! nothing ([`voice`]). `voice.stats` makes it try all that it holds on all that it kept, and tell `kept`: how many frames
//! came and how many of them open, by whether it was inside. Speaks the lines of `hearth-cli`; it has no sound.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/member.rs"]
mod member;
#[path = "../../src/run.rs"]
mod run;
#[path = "../../src/verify.rs"]
mod verify;
mod voice;

use hearth_crypto::Secret32;

fn main() {
    let options = member::options();
    member::live(&options, |secrets, _, _| voice::VoiceConfig {
        device: Secret32::new(*secrets.device.expose()),
        own: [&secrets.device, &secrets.peer, &secrets.agreement, &secrets.store].map(|s| Secret32::new(*s.expose())),
    });
}
