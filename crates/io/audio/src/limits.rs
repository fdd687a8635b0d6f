//! Every bound of the audio side in one place.

/// Everything inside runs at this rate, in Hz.
pub const RATE: u32 = 48_000;
/// Samples of a block: 10 ms.
pub const BLOCK: usize = 480;
/// Samples of an encoded frame: 20 ms.
pub const FRAME: usize = 2 * BLOCK;
/// Samples rendered at once by the mix: 5 ms.
pub const RENDER: usize = 240;

/// Commands waiting to be looked at.
pub const COMMANDS: usize = 1024;
/// Events waiting to be read; beyond, the oldest goes.
pub const EVENTS: usize = 256;
/// Own frames waiting to be sent, 320 ms; beyond, the oldest goes.
pub const FRAMES: usize = 16;
/// Packets waiting for the playout thread; beyond, the oldest goes.
pub const PACKETS: usize = 1024;

/// Cues waiting to begin; beyond, the oldest goes.
pub const CUES: usize = 16;
/// Cues that begin within a second.
pub const CUES_A_SECOND: usize = 6;
/// Of them, such as tell of others: a hundred people who come at once are no noise.
pub const OTHERS_CUES_A_SECOND: usize = 2;

/// Talkers known at once.
pub const MAX_TALKERS: usize = 256;
/// Talkers decoded at once.
pub const MAX_DECODED: usize = 32;
/// A decoder of somebody silent for this long may be given to somebody else.
pub const IDLE_MS: u64 = 1_000;

/// Samples a capture ring holds: half a second at 192 kHz.
pub const CAPTURE_RING: usize = 96_000;
/// Samples of stereo a playback ring holds: half a second at 192 kHz.
pub const PLAYBACK_RING: usize = 192_000;
/// Samples of the echo canceller's view of the mix, and of the microphone test: 200 ms.
pub const TAP_RING: usize = 20 * BLOCK;
/// Samples of a talker's ring: two blocks.
pub const TALKER_RING: usize = 2 * BLOCK;
/// A microphone that is further behind than this is brought up to now.
pub const CAPTURE_BACKLOG_MS: usize = 100;

/// Longest file written, in seconds: a WAV's length is a 32-bit number.
pub const MAX_SINK_SECONDS: u64 = 6 * 3600;
/// Channels a file or device may have.
pub const MAX_CHANNELS: u16 = 32;
/// Rates a file or device may have.
pub const RATES: std::ops::RangeInclusive<u32> = 4_000..=384_000;
/// Device names told at once.
pub const MAX_DEVICES: usize = 64;
