//! Why keys can't be heard, for people.

use std::path::PathBuf;

/// Why keys can't be heard while another program is in front.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// No adapter for this system.
    #[error("Keys while another program is in front are not built for {0} yet.")]
    NotBuilt(&'static str),
    /// Wayland without XWayland.
    #[error(
        "This desktop (Wayland) lets no program hear keys while another one is in front. Let your voice open the \
         microphone, or have the desktop run \u{201c}hearth ctl ptt down\u{201d} and \u{201c}hearth ctl ptt up\u{201d} on a \
         key of your choice."
    )]
    Wayland,
    /// Neither X11 nor Wayland.
    #[error("There is no desktop here to hear keys from.")]
    NoDesktop,
    /// The display does not answer, or went away.
    #[error("The display does not answer, so keys are only heard while Hearth is in front.")]
    NoAnswer,
    /// No XInput 2.
    #[error("This display is too old to tell of keys while another program is in front.")]
    TooOld,
    /// The devices may not be read.
    #[error(
        "Hearth may not read the keyboards in {0}. To allow it, add yourself to the group \u{201c}input\u{201d} and log in \
         again. Mind that any program of yours can then read every key you press, passwords too."
    )]
    NotAllowed(PathBuf),
    /// No devices.
    #[error("There is no keyboard or mouse in {0}.")]
    NoDevices(PathBuf),
    /// The system gives no thread or no pipe.
    #[error("The system is out of room to listen for keys: {0}.")]
    System(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_a_sentence() {
        assert_eq!(
            Unavailable::NotBuilt("Windows").to_string(),
            "Keys while another program is in front are not built for Windows yet."
        );
        assert!(Unavailable::Wayland.to_string().contains("hearth ctl ptt down"));
        let refused = Unavailable::NotAllowed("/dev/input".into()).to_string();
        assert!(refused.contains("\u{201c}input\u{201d}") && refused.contains("read every key"), "{refused}");
    }
}
