//! Every bound and period of a call in one place. Times are microseconds unless the name says otherwise.

/// How often a call wants to be woken.
pub const TICK_US: u64 = 20_000;

/// Talkers up to which everybody sends to everybody.
pub const MESH_MAX: usize = 8;
/// Talkers at or below which a relayed call goes back to a mesh.
pub const MESH_BACK: usize = 6;
/// How long it must have been that few.
pub const MESH_BACK_US: u64 = 10_000_000;
/// Talkers up to which a call without a fit relay stays a mesh; beyond it the best of the unfit relays.
pub const MESH_HARD_MAX: usize = 16;
/// Members of a roster, volunteers among them.
pub const MEMBERS: usize = 128;

/// From the need of a relay to the first proposal, so that reports have spread.
pub const ELECTION_SETTLE_US: u64 = 300_000;
/// How long a newcomer to a big room waits to be told how the call runs before it asks for an election.
pub const COLD_START_US: u64 = 1_000_000;
/// The next in rank proposes this much later.
pub const RANK_DELAY_US: u64 = 500_000;
/// Ranks that propose at all.
pub const PROPOSERS: usize = 4;
/// A better relay must be better by this many sixteenths...
pub const QUALITY_MARGIN: u32 = 3;
/// ...for this long.
pub const QUALITY_US: u64 = 30_000_000;
/// Instead of that, where the relay's line cannot carry the room and another's can.
pub const UNFIT_US: u64 = 3_000_000;
/// Between two changes made for quality or for a new backup.
pub const EPOCH_COOLDOWN_US: u64 = 2_000_000;
/// How far an epoch number may jump.
pub const EPOCH_JUMP: u64 = 1 << 20;
/// The highest epoch number believed: by jumps alone it takes two years to come near.
pub const EPOCH_MAX: u64 = 1 << 48;
/// Epochs taken from one link in [`EPOCH_WINDOW_US`].
pub const EPOCHS_PER_LINK: u32 = 40;
/// See [`EPOCHS_PER_LINK`].
pub const EPOCH_WINDOW_US: u64 = 10_000_000;
/// A report is given this often.
pub const REPORT_US: u64 = 1_000_000;
/// Of more members than this, reports are given less often, in proportion.
pub const REPORT_MEMBERS: u64 = 25;
/// A report older than this makes nobody relay.
pub const REPORT_FRESH_US: u64 = 6_000_000;
/// Kbit/s of one stream on the wire (research, 5.1).
pub const STREAM_KBPS: u32 = 66;
/// Streams a listener gets from a relay.
pub const STREAMS: u32 = 3;

/// What a line is taken to send until it is measured, kbit/s.
pub const UPLINK_KBPS: u32 = 5_000;
/// Talkers from which lines are measured: a relay may be needed soon.
pub const PROBE_FROM: usize = 7;
/// From coming in to the first train, and at most so much later, so that not all begin at once.
pub const PROBE_SETTLE_US: u64 = 5_000_000;
/// No train within so much of one's own voice.
pub const PROBE_QUIET_US: u64 = 1_000_000;
/// A train lasts this long. The first is of half the aim's rate, the second of all of it.
pub const PROBE_US: u64 = 250_000;
/// A line is tried for so many times what the room needs of a relay...
pub const PROBE_AIM: u32 = 2;
/// ...but for no more than this, kbit/s.
pub const PROBE_MAX_KBPS: u32 = 8_000;
/// Bytes of a packet of a train, as a sealed frame counts them: small, so that each receiver gets many.
pub const PROBE_BYTES: usize = 200;
/// Packets of a train.
pub const PROBE_PACKETS: u16 = 1024;
/// Between two wakings to send a train's packets.
pub const PROBE_PACE_US: u64 = 5_000;
/// A receiver tells this long after a train's first packet what it saw.
pub const PROBE_SEEN_US: u64 = 750_000;
/// So long after a train's start it is judged by the answers there are.
pub const PROBE_ANSWER_US: u64 = 2_500_000;
/// Between two trains.
pub const PROBE_PAUSE_US: u64 = 1_000_000;
/// Receivers that must answer...
pub const PROBE_PEERS_MIN: usize = 3;
/// ...of so many at most, chosen anew for every train.
pub const PROBE_PEERS: usize = 5;
/// A line carries a train's rate when this share of it arrives in time, of a thousand.
pub const PROBE_SHARE: u32 = 800;
/// So much longer than it was sent half a train may take to come.
pub const PROBE_GROWN_US: u32 = 25_000;
/// A narrow line is measured again after this; each time later by as much again.
pub const PROBE_AGAIN_US: u64 = 300_000_000;
/// Packets of trains taken from a link a second.
pub const PROBES_PER_SECOND: u64 = 200;
/// And at once.
pub const PROBES_BURST: u64 = 400;
/// A relay that sends this much shows what its line carries, kbit/s.
pub const BUSY_KBPS: u32 = 500;
/// Loss that others see of a busy relay at which its line is too narrow, of a thousand.
pub const BUSY_LOSS: u16 = 80;
/// Loss below which it carries what it sends.
pub const BUSY_GOOD: u16 = 20;
/// Reports over which a relay must be busy before that is believed.
pub const BUSY_REPORTS: u32 = 4;
/// Bytes of a frame on the wire beside its payload: RTP, the level, SRTP and UDP (research, 5.1).
pub const WIRE_BYTES: usize = 64;

/// Between two heartbeats of a relay.
pub const HEARTBEAT_US: u64 = 100_000;
/// Whoever did not greet after this long is greeted again.
pub const GREET_AGAIN_US: u64 = 700_000;
/// Between two heartbeats of a stand-by, and two signs of life of a member.
pub const IDLE_BEAT_US: u64 = 500_000;
/// Without any packet for this long, a relay is suspected.
pub const SUSPECT_US: u64 = 300_000;
/// So much later it is given up without a second member's word.
pub const CONFIRM_US: u64 = 200_000;
/// Members whose suspicion, one's own among them, gives a relay up at once.
pub const CONFIRM_MEMBERS: usize = 2;
/// A suspicion is repeated this often, and forgotten after twice this.
pub const SUSPECT_REPEAT_US: u64 = 500_000;
/// Without a word of a stand-by for this long, it is none.
pub const BACKUP_SILENT_US: u64 = 1_500_000;
/// A relay that nobody heard yet is not suspected before this.
pub const RELAY_GRACE_US: u64 = 3_000_000;
/// A failed relay is not chosen again for this long.
pub const SHUN_US: u64 = 10_000_000;
/// A member that still hears the relay does not believe in its failure for this long.
pub const DOUBT_US: u64 = 600_000;
/// The relay itself looks for this long who still holds to it.
pub const RELAY_DOUBT_US: u64 = 1_200_000;
/// A member that lost the relay but not the stand-by is served by the latter for this long after its last word.
pub const REFUGE_US: u64 = 2_000_000;

/// Both ways are used for this long after the new one works.
pub const OVERLAP_US: u64 = 200_000;
/// The old way is given up after this, working or not.
pub const TRANSITION_US: u64 = 8_000_000;
/// A new relay says that it is ready at the latest after this.
pub const READY_US: u64 = 3_000_000;
/// A relay that was replaced still forwards for this long.
pub const EX_RELAY_US: u64 = 10_000_000;
/// A relay that leaves forwards at least this long...
pub const LEAVE_MIN_US: u64 = 400_000;
/// ...and at most this long.
pub const LEAVE_MAX_US: u64 = 2_000_000;

/// A media link that is not needed is closed after this.
pub const LINK_LINGER_US: u64 = 5_000_000;
/// A link that does not come up is tried anew after this.
pub const LINK_CONNECT_US: u64 = 15_000_000;
/// An interrupted link looks for a new way after this.
pub const LINK_RESTART_US: u64 = 2_000_000;
/// First pause after a failure; it doubles.
pub const LINK_RETRY_US: u64 = 500_000;
/// Longest pause.
pub const LINK_RETRY_MAX_US: u64 = 15_000_000;
/// Transport signals that wait for a peer's hello.
pub const WAITING_SIGNALS: usize = 64;
/// Bytes of one transport signal.
pub const SIGNAL_BYTES: usize = 12 * 1024;

/// A new key is used at the latest after this.
pub const KEY_SWITCH_US: u64 = 500_000;
/// Leaves within this time share one new key.
pub const KEY_COALESCE_US: u64 = 50_000;
/// Keys of one's own that wait to be used.
pub const PENDING_KEYS: usize = 16;
/// Old receive keys are kept this long.
pub const KEY_KEEP_US: u64 = 10_000_000;
/// A key that was not acknowledged is offered again after this.
pub const KEY_RETRY_US: u64 = 1_000_000;
/// Receive keys of one sender.
pub const SENDER_KEYS: usize = 32;
/// How many ratchet steps ahead of the known one are tried.
pub const RATCHET_AHEAD: u8 = 64;
/// Steps of one generation kept open at once.
pub const OPEN_STEPS: usize = 4;
/// Between two questions for a missing key.
pub const KEY_WANT_US: u64 = 500_000;
/// Frames kept until their key comes.
pub const EARLY_FRAMES: usize = 64;
/// How long.
pub const EARLY_US: u64 = 400_000;
/// Devices whose keys are tried for one frame: tags are 32 bits, so more than one is an attack.
pub const TAG_CANDIDATES: usize = 4;
/// Frame counters remembered per sender.
pub const REPLAY_WINDOW: u64 = 1024;
/// How far a frame counter may jump.
pub const REPLAY_JUMP: u64 = 1 << 20;

/// Bytes of an Opus packet (RFC 6716, 3.4: 1275 a frame, three of 20 ms in 60).
pub const OPUS_BYTES: usize = 1275 * 3 + 8;
/// Bytes of a sealed frame.
pub const FRAME_BYTES: usize = OPUS_BYTES + 64;
/// Frames a second taken from a sender, in the long run.
pub const FRAMES_PER_SECOND: u64 = 125;
/// Frames at once.
pub const FRAMES_BURST: u64 = 75;
/// The same for what a relay forwards: four slots.
pub const RELAY_FRAMES_PER_SECOND: u64 = 600;
/// See above.
pub const RELAY_FRAMES_BURST: u64 = 400;
/// Datagrams a second taken from a link.
pub const DATAGRAMS_PER_SECOND: u64 = 150;
/// Datagrams at once.
pub const DATAGRAMS_BURST: u64 = 100;
/// Call messages a second taken from a link.
pub const MESSAGES_PER_SECOND: u64 = 100;
/// Call messages at once.
pub const MESSAGES_BURST: u64 = 400;
/// Bytes of a datagram.
pub const DATAGRAM_BYTES: usize = 1024;

/// Ordinary slots of a relay: 1 to this.
pub const SLOTS: u8 = 3;
/// The slot of a priority speaker.
pub const PRIORITY_SLOT: u8 = 4;
/// A slot is held this long after the last voice in it.
pub const SLOT_HOLD_US: u64 = 2_000_000;
/// A challenger must be louder for this long.
pub const PREEMPT_US: u64 = 500_000;
/// Without frames for this long a talker is silent.
pub const SILENT_US: u64 = 300_000;

/// A proof is made this often...
pub const PROOF_US: u64 = 1_000_000;
/// ...or after this many frames.
pub const PROOF_FRAMES: usize = 64;
/// How often each proof is sent, a second apart.
pub const PROOF_COPIES: u8 = 2;
/// Proofs kept for those who missed them.
pub const PROOFS_KEPT: usize = 8;
/// A proof that did not come by now is asked for.
pub const PROOF_ASK_US: u64 = 2_500_000;
/// Frames of one sender that wait for a proof.
pub const UNPROVEN_FRAMES: usize = 512;
/// A frame without a proof after this counts as unsigned.
pub const PROOF_WAIT_US: u64 = 5_000_000;
/// A proof speaks for what is said up to this long after it.
pub const PROVEN_US: u64 = 3_000_000;
/// Unsigned frames in a row that make a voice unproven.
pub const UNSIGNED_FRAMES: u32 = 25;

/// A speaker's level is told this often.
pub const SPEAKING_US: u64 = 100_000;
/// The same warning is given again after this.
pub const WARNING_US: u64 = 60_000_000;
/// Warnings remembered.
pub const WARNINGS: usize = 256;
/// Frames that do not open, of one link in five seconds, before it is said.
pub const BAD_FRAMES: u32 = 10;
