//! The one table of error codes, shared by the control protocol and the client.

use serde::Serialize;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// Why something was refused. The snake-case names are stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ErrorCode { $($(#[$doc])* $name),* }
        impl ErrorCode {
            /// Name in the control protocol.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
            /// All of them, for documentation and tests.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

codes! {
    /// Not a JSON object with `cmd`.
    BadRequest = "bad_request";
    /// No such command.
    UnknownCommand = "unknown_command";
    /// An argument is missing, of the wrong type or over its limit.
    BadArgument = "bad_argument";
    /// A line over 64 KiB.
    LineTooLong = "line_too_long";
    /// No such community here.
    UnknownCommunity = "unknown_community";
    /// No such channel here.
    UnknownChannel = "unknown_channel";
    /// No such message here.
    UnknownMessage = "unknown_message";
    /// No such role, user or invite.
    NotFound = "not_found";
    /// One is not, or no longer, a member.
    NotAMember = "not_a_member";
    /// One's roles do not allow it.
    NotAllowed = "not_allowed";
    /// Not an invite link.
    BadLink = "bad_link";
    /// The invite has run out, was revoked or is used up.
    InviteClosed = "invite_closed";
    /// Nobody named by the invite answers.
    NobodyReachable = "nobody_reachable";
    /// One's own day's quota is used up.
    TooMuch = "too_much";
    /// Key for it not here yet.
    NoKey = "no_key";
    /// The disk is full.
    DiskFull = "disk_full";
    /// The disk said no for another reason.
    Disk = "disk";
    /// Too many commands at once; try again.
    Busy = "busy";
    /// The node is shutting down.
    Stopped = "stopped";
}

impl Serialize for ErrorCode {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

/// A refusal: a stable code, and what happened and what to do in plain words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct NodeError {
    /// For programs.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
}

impl NodeError {
    /// A refusal with its sentence.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}
