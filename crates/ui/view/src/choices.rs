//! How one wants to be heard and to hear: what is chosen in the voice settings, and remembered.

use hearth_ports::{Corner, Noise};
use serde::{Deserialize, Serialize};

/// What opens one's microphone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Talk {
    /// One's voice.
    #[default]
    Voice,
    /// A key, while it is held.
    Key,
    /// It is open all the time.
    Always,
}

/// How one is heard and hears, in every room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VoiceChoices {
    /// Microphone by name; empty for the system's choice.
    pub input: String,
    /// Speakers by name; empty for the system's choice.
    pub output: String,
    /// What opens the microphone.
    pub talk: Talk,
    /// How much noise is taken out.
    pub noise: Noise,
    /// Take out what the speakers play.
    pub echo: bool,
    /// Even out loudness.
    pub gain: bool,
    /// One listens with headphones.
    pub headphones: bool,
    /// While in no room, one passes on the voices of large ones.
    pub lend: bool,
    /// What one plays is shown to one's communities, as far as games tell.
    pub games: bool,
    /// The key held to talk, as programs name it.
    pub key: String,
    /// The key that turns the microphone off and on; empty for none.
    pub mute_key: String,
    /// The key that turns all sound off and on; empty for none.
    pub deafen_key: String,
    /// The key that makes the overlay take the mouse; empty for none.
    pub overlay_key: String,
    /// Sounds tell of who comes and goes, and of one's own muting.
    pub cues: bool,
    /// Who is in the room is shown over other programs, such as a game, in this corner.
    pub overlay: Option<Corner>,
    /// How large that is.
    pub overlay_size: OverlaySize,
    /// How much of it is seen, in percent.
    pub overlay_opacity: u8,
    /// Who names one is told there too.
    pub overlay_mentions: bool,
}

/// What a key of one's own does, whatever program is in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyFor {
    /// Opens the microphone while it is held.
    Talk,
    /// Turns the microphone off and on.
    Mute,
    /// Turns all sound off and on.
    Deafen,
    /// Makes the overlay take the mouse, and again not.
    Overlay,
}

impl KeyFor {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Talk, Self::Mute, Self::Deafen, Self::Overlay];

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Talk => "Push to talk",
            Self::Mute => "Mute",
            Self::Deafen => "Deafen",
            Self::Overlay => "Move the overlay",
        }
    }
}

/// How large the overlay is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverlaySize {
    /// A little smaller than text in the client.
    Small,
    /// As text in the client.
    #[default]
    Normal,
    /// To be read from further away.
    Large,
}

/// One's own keys, as people know them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KeysView<'a> {
    /// What is written on each, in the order of [`KeyFor::ALL`]; empty where there is none.
    pub labels: [&'a str; KeyFor::ALL.len()],
    /// They work whatever program is in front; else push to talk alone, and only in this window.
    pub everywhere: bool,
    /// Which one is waited for.
    pub asked: Option<KeyFor>,
    /// The key that was pressed for the first is the second's.
    pub taken: Option<(KeyFor, KeyFor)>,
    /// Why they do not work everywhere.
    pub word: Option<&'a str>,
}

impl<'a> KeysView<'a> {
    /// What is written on this one.
    pub fn label(&self, key: KeyFor) -> &'a str {
        self.labels[key as usize]
    }
}

impl Default for KeysView<'_> {
    fn default() -> Self {
        Self { labels: ["Right Ctrl", "", "", ""], everywhere: false, asked: None, taken: None, word: None }
    }
}

impl VoiceChoices {
    /// A key, as programs name it; empty for none.
    pub fn key_for(&self, what: KeyFor) -> &str {
        match what {
            KeyFor::Talk => &self.key,
            KeyFor::Mute => &self.mute_key,
            KeyFor::Deafen => &self.deafen_key,
            KeyFor::Overlay => &self.overlay_key,
        }
    }
    /// The same, to change it.
    pub fn key_for_mut(&mut self, what: KeyFor) -> &mut String {
        match what {
            KeyFor::Talk => &mut self.key,
            KeyFor::Mute => &mut self.mute_key,
            KeyFor::Deafen => &mut self.deafen_key,
            KeyFor::Overlay => &mut self.overlay_key,
        }
    }
}

impl Default for VoiceChoices {
    fn default() -> Self {
        Self {
            input: String::new(),
            output: String::new(),
            talk: Talk::Voice,
            noise: Noise::Usual,
            echo: true,
            gain: true,
            headphones: true,
            lend: false,
            games: false,
            key: "ControlRight".into(),
            mute_key: String::new(),
            deafen_key: String::new(),
            overlay_key: String::new(),
            cues: true,
            overlay: None,
            overlay_size: OverlaySize::Normal,
            overlay_opacity: 100,
            overlay_mentions: true,
        }
    }
}
