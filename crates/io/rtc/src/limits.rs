//! The bounds of this crate.

use std::time::Duration;

/// Links at once; an `Open` beyond is refused.
pub const LINKS: usize = 64;
/// Commands that wait.
pub const COMMAND_QUEUE: usize = 1_024;
/// Events other than media that wait; then a link's own task waits.
pub const EVENT_QUEUE: usize = 1_024;
/// Frames and datagrams that wait to be read; then the oldest goes.
pub const MEDIA_QUEUE: usize = 1_024;
/// Signals of one peer that wait to be looked at; then the newest goes.
pub const SIGNAL_QUEUE: usize = 128;
/// Datagrams to one peer that wait to be sent; then the oldest goes.
pub const DATAGRAM_QUEUE: usize = 32;
/// What one connection says about itself and waits to be looked at: candidates, tracks.
pub const LOCAL_QUEUE: usize = 128;
/// Bytes of one signal.
pub const SIGNAL_BYTES: usize = 32 * 1024;
/// Lines of a session description.
pub const SDP_LINES: usize = 512;
/// Bytes of one ICE candidate line.
pub const CANDIDATE_BYTES: usize = 256;
/// Candidates of one peer, and of ours, per round of negotiation.
pub const CANDIDATES: usize = 32;
/// Bytes of a sealed frame; larger is not sent.
pub const FRAME_BYTES: usize = 1_160;
/// Bytes of a datagram; larger is neither sent nor heard.
pub const DATAGRAM_BYTES: usize = 1_024;
/// Bytes that may wait in SCTP towards one peer; a datagram that does not fit is dropped.
pub const DATAGRAM_BACKLOG: usize = 16 * 1024;
/// Audio streams of a link and direction: slot 0, one's own voice, and four forwarded.
pub const SLOTS: usize = 5;
/// ICE servers of a configuration.
pub const SERVERS: usize = 16;
/// Local addresses sockets are bound to, per link.
pub const BINDS: usize = 16;
/// Streams one TURN bridge keeps open to its server: one per link and local socket, old ones waiting to go.
pub const BRIDGE_STREAMS: usize = 256;
/// Packets that wait for a bridge's stream; then the newest goes.
pub const BRIDGE_QUEUE: usize = 256;
/// Bytes of one TURN message on a stream.
pub const BRIDGE_MESSAGE_BYTES: usize = 4_096;

/// Nothing, not even STUN, for this long: interrupted.
pub const INTERRUPTED: Duration = Duration::from_secs(1);
/// And for this long after that: failed.
pub const FAILED: Duration = Duration::from_secs(8);
/// Between two STUN consent checks on the way in use.
pub const KEEPALIVE: Duration = Duration::from_millis(300);
/// From `Open` or a restart until frames must flow.
pub const CONNECT: Duration = Duration::from_secs(20);
/// How long UDP is tried alone before the ways by TCP are: a voice over TCP waits for what is lost.
pub const TCP_AFTER: Duration = Duration::from_millis(2_500);
/// Ways by TCP tried in one round.
pub const TCP_CANDIDATES: usize = 8;
/// How long an impolite side waits before it tells an unanswered offer again.
pub const REPEAT: Duration = Duration::from_secs(3);
/// From the opening of a data channel until datagrams go through it.
pub const SETTLE: Duration = Duration::from_millis(100);
/// Between two [`RtcEvent::Stats`](hearth_ports::rtc::RtcEvent::Stats) of a link.
pub const STATS: Duration = Duration::from_secs(1);
/// A bridge's stream that carried nothing for this long is closed; TURN refreshes at least every ten minutes.
pub const BRIDGE_IDLE: Duration = Duration::from_secs(660);
/// To connect to a TURN server, TLS included.
pub const BRIDGE_CONNECT: Duration = Duration::from_secs(8);
