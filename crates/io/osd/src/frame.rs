//! What the overlay shows, as plain data.

/// One moment. All times are milliseconds on one clock, the client's own.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OverlayFrame {
    /// When this was true; the overlay counts on from here.
    pub at_ms: u64,
    /// In the order in which the client lists them.
    pub people: Vec<Person>,
    /// Newest first.
    pub toasts: Vec<Toast>,
    pub talk: Talk,
}

/// Somebody in the voice room.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Person {
    pub name: String,
    /// 0xRRGGBB.
    pub color: u32,
    /// Loudness, 0 to 1.
    pub level: f32,
    pub speaking: bool,
    pub muted: bool,
    pub deafened: bool,
    /// When they last said something, or came in; without it, who does not speak is not shown.
    pub silent_since_ms: Option<u64>,
}

/// Something to be told, such as a mention.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Toast {
    pub title: String,
    pub line: String,
    /// From then on it fades.
    pub until_ms: u64,
}

/// Push-to-talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Talk {
    /// Not used; shows nothing.
    #[default]
    Off,
    /// The key is up: nobody hears one.
    Ready,
    /// The key is down.
    Open,
}

impl OverlayFrame {
    /// Whether both show the same at every moment; when they were made does not matter.
    #[cfg(target_os = "linux")]
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        self.talk == other.talk && self.people == other.people && self.toasts == other.toasts
    }
}
