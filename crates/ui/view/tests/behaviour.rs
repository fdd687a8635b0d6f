//! What the screens do, seen as a person and as a screen reader would, without a window or a graphics card.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "behaviour/bounds.rs"]
mod bounds;
#[path = "support/cast.rs"]
mod cast;
#[path = "behaviour/composing.rs"]
mod composing;
#[path = "behaviour/lounge.rs"]
mod lounge;
#[path = "behaviour/screens.rs"]
mod screens;
#[path = "behaviour/scrolling.rs"]
mod scrolling;
#[path = "support/stage.rs"]
mod stage;
#[path = "behaviour/voice.rs"]
mod voice;
#[path = "behaviour/voice_keys.rs"]
mod voice_keys;
#[path = "behaviour/voice_settings.rs"]
mod voice_settings;
