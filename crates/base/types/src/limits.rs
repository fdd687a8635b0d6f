//! Every bound in one place. A queue, loop, frame, map or message without a line here is a defect.

/// Version of entries this build writes.
pub const ENTRY_VERSION: u8 = 1;
/// Bytes of one entry's body.
pub const BODY_BYTES: usize = 16 * 1024;
/// Bytes of one envelope.
pub const ENVELOPE_BYTES: usize = 768;
/// Bytes of the envelope's `ext`.
pub const EXT_BYTES: usize = 256;
/// Bytes of a whole encoded entry.
pub const ENTRY_BYTES: usize = ENVELOPE_BYTES + 64 + BODY_BYTES + 32;
/// Characters of a message.
pub const MESSAGE_CHARS: usize = 4_000;
/// Characters of a person's, role's, channel's or community's name.
pub const NAME_CHARS: usize = 64;
/// Characters of a channel's topic.
pub const TOPIC_CHARS: usize = 512;
/// Bytes of one reaction.
pub const EMOJI_BYTES: usize = 64;
/// Bytes of a setting's key.
pub const SETTING_KEY_BYTES: usize = 64;
/// Bytes of a setting's value.
pub const SETTING_VALUE_BYTES: usize = 2_048;
/// Entries one register may supersede.
pub const REPLACES: usize = 64;
/// Parents or removals an epoch names.
pub const EPOCH_LINKS: usize = 64;
/// Devices standing at once for one user.
pub const DEVICES_PER_USER: usize = 8;
/// Certificate numbers run below this.
pub const DEVICE_NUMBERS: u8 = 64;

/// Hard caps per device and UTC day, part of admission.
pub const DAY_SCOPE_ENTRIES: u32 = 8_192;
/// Entries of one device a day in all scopes.
pub const DAY_ENTRIES: u32 = 16_384;
/// Body bytes of one device a day.
pub const DAY_BODY_BYTES: u64 = 32 * 1024 * 1024;
/// Scopes one device writes to in a day.
pub const DAY_SCOPES: u32 = 1_024;
/// Days ahead of today that an entry may claim; beyond, it waits.
pub const DAYS_AHEAD: u32 = 2;
/// `Admit`s one member writes in an hour.
pub const ADMITS_PER_HOUR: u32 = 60;
/// Stamps further ahead of the clock than this are not followed, in milliseconds.
pub const HLC_FOLLOW_MS: u64 = 120_000;
/// A clock further from the members' median than this is reported, in milliseconds.
pub const CLOCK_SKEW_WARN_MS: u64 = 300_000;

/// Members whose clocks are compared.
pub const CLOCK_SAMPLES: usize = 64;

/// Entries waiting for the introduction of their device, per space.
pub const WAITING_ENTRIES: usize = 1_024;
/// Entries waiting from one device.
pub const WAITING_PER_DEVICE: usize = 128;
/// Entries kept of a log past the point where it broke.
pub const BROKEN_TAIL: usize = 64;

/// Bytes of one frame on a link.
pub const FRAME_BYTES: usize = 512 * 1024;
/// Bytes of one gossip payload.
pub const GOSSIP_BYTES: usize = 64 * 1024;
/// Bytes of entries in one sync answer.
pub const SYNC_BATCH_BYTES: usize = 256 * 1024;
/// Entries in one sync answer.
pub const SYNC_BATCH_ENTRIES: usize = 1_024;
/// Day digests in one frame.
pub const SYNC_DAYS: usize = 4_096;
/// Ids asked for in one frame.
pub const SYNC_IDS: usize = 256;
/// Bytes of one range-reconciliation message.
pub const RECONCILE_BYTES: usize = 60_000;
/// Rounds of one reconciliation before it is given up.
pub const RECONCILE_ROUNDS: u32 = 64;
/// Frames of day digests taken from one peer in one comparison.
pub const SYNC_LISTINGS: usize = 64;
/// Days a peer may name without having them before a comparison with it ends.
pub const SYNC_EMPTY_DAYS: usize = 16;
/// Milliseconds until days left to another link are looked at again.
pub const PULL_AGAIN_MS: u64 = 3_000;
/// Frames of weight 1 that cost work out of proportion, taken from one link in one window.
pub const COSTLY_FRAMES: u32 = 2_048;
/// Milliseconds of such a window.
pub const COSTLY_WINDOW_MS: u64 = 10_000;
/// Joins under way at once.
pub const JOINS: usize = 16;
/// Epoch secrets taken from one link before their epochs are known.
pub const GIVEN_SECRETS: usize = 64;
/// A clock is corrected by at most this much, in milliseconds.
pub const CLOCK_CORRECT_MS: u64 = 400 * 86_400_000;
/// Requests one link may have open with us.
pub const SYNC_REQUESTS: usize = 8;
/// Self-verifying control entries an unproven peer may push.
pub const STRANGER_ENTRIES: usize = 64;
/// Spaces one device is in.
pub const SPACES: usize = 256;

/// Bytes of one message about a call.
pub const CALL_MESSAGE_BYTES: usize = 16 * 1024;
/// Milliseconds that a notice of being in a voice room holds.
pub const VOICE_MS: u64 = 12_000;
/// Devices in one voice room.
pub const VOICE_MEMBERS: usize = 100;

/// Bytes of one message of a call, sealed, on its way by a third member.
pub const PASS_BYTES: usize = CALL_MESSAGE_BYTES + 128;
/// Milliseconds of a window in which what is passed on is counted.
pub const PASS_WINDOW_MS: u64 = 10_000;
/// Messages and bytes passed on for one link, and to one link, in a window: half of [`COSTLY_FRAMES`], so that whoever
/// gets them never blames who passes them on.
pub const PASS_LINK: (u32, usize) = (COSTLY_FRAMES / 2, 1024 * 1024);
/// The same for all links together.
pub const PASS_ALL: (u32, usize) = (8_192, 4 * 1024 * 1024);
/// Milliseconds that a direct link is waited for before a third member is asked, and between the first times.
pub const PASS_AFTER_MS: u64 = 500;
/// Milliseconds between two looks at the ways by third members; a way in use is not silent for longer.
pub const PASS_EVERY_MS: u64 = 3_000;
/// Milliseconds of silence after which a way by a third member is given up.
pub const PASS_SILENT_MS: u64 = 10_000;
/// Milliseconds for which a third member who was silent or lost words is not asked for that way again, if there is another.
pub const PASS_SHUN_MS: u64 = 30_000;
/// So often a way is asked for every [`PASS_AFTER_MS`], and then every [`PASS_EVERY_MS`].
pub const PASS_SOON: u32 = 4;
/// Third members asked at once for a way to one device.
pub const PASS_TRIES: usize = 8;
/// Devices met by way of others in one stay in a room.
pub const PASS_PAIRS: usize = 256;

/// Frames queued towards one link.
pub const LINK_QUEUE: usize = 256;
/// Bytes of frames queued towards one link.
pub const LINK_QUEUE_BYTES: usize = 32 * 1024 * 1024;
/// Links open at once.
pub const LINKS: usize = 200;
/// Connections to one peer at once: two of a simultaneous dial and one to spare.
pub const CONNECTIONS_PER_PEER: u32 = 3;
/// Peers being dialled at once.
pub const DIALS: usize = 64;
/// Gossip topics one peer takes part in.
pub const TOPICS: usize = 256;
/// Gossip messages queued towards one peer.
pub const GOSSIP_QUEUE: usize = 256;
/// Gossip messages waiting to be judged.
pub const GOSSIP_WAITING: usize = 1_024;
/// Peers remembered on disk.
pub const PEER_BOOK: usize = 1_024;
/// Addresses remembered for one peer.
pub const PEER_ADDRESSES: usize = 8;
/// Peers named in an invite link.
pub const INVITE_PEERS: usize = 8;
/// Characters of an invite link.
pub const LINK_CHARS: usize = 2_048;

/// Commands queued towards the kernel.
pub const COMMAND_QUEUE: usize = 256;
/// Events queued towards a reader.
pub const EVENT_QUEUE: usize = 4_096;
/// Requests queued towards the store.
pub const STORE_QUEUE: usize = 1_024;
/// Requests to store entries that share one transaction.
pub const STORE_GROUP: usize = 256;
/// Rows after which such a transaction takes no further request.
pub const STORE_GROUP_ROWS: usize = 8_192;
/// Day keys, places and logs the store holds open, each.
pub const STORE_OPEN_KEYS: usize = 1_024;
/// Bytes free on the disk below which the reader is told.
pub const STORE_LOW_SPACE_BYTES: u64 = 64 * 1024 * 1024;
/// Commands and events between the kernel and the network.
pub const NET_QUEUE: usize = 1_024;
/// Messages of a window held for the reader.
pub const WINDOW_MESSAGES: usize = 200;
/// Windows open at once.
pub const WINDOWS: usize = 8;
/// Messages one `message.list` answers with.
pub const LIST_MESSAGES: usize = 500;
/// Days of one channel folded in memory at once for one window; dense days fill a window long before.
pub const TIMELINE_DAYS: usize = 64;
/// Distinct reactions kept on one message.
pub const REACTIONS: usize = 50;
/// Bytes of one line of the control protocol.
pub const CONTROL_LINE_BYTES: usize = 64 * 1024;
/// Milliseconds a typing notice is shown.
pub const TYPING_MS: u64 = 8_000;
/// Milliseconds between two typing notices of one person.
pub const TYPING_EVERY_MS: u64 = 5_000;
/// Milliseconds a presence lease lasts.
pub const PRESENCE_MS: u64 = 75_000;
/// Characters of what is played, and of what goes on in it.
pub const PLAYING_CHARS: usize = 64;
/// Bytes of each on the wire.
pub const PLAYING_BYTES: usize = 128;
/// Milliseconds before a second change of what somebody plays is taken from one device.
pub const PLAYING_EVERY_MS: u64 = 2_000;
/// Milliseconds that somebody's last word holds once the link to them is gone; longer than a renewal takes.
pub const PRESENCE_DOUBT_MS: u64 = 28_000;
/// Milliseconds between two comparisons of heads on a link, before jitter.
pub const HEADS_EVERY_MS: u64 = 20_000;
/// Epoch secrets handed over in one frame.
pub const WELCOME_SEALS: usize = 1_024;
/// Peers named in one frame.
pub const PEERS_SHARED: usize = 64;
/// Bytes of one address.
pub const ADDRESS_BYTES: usize = 128;
/// Ids of one day that a reconciliation may ask for.
pub const DAY_IDS: usize = 262_144;

/// Drafts a client keeps, one a channel.
pub const UI_DRAFTS: usize = 64;
/// Heights of messages a client remembers for its scroll bar.
pub const UI_HEIGHTS: usize = 4_096;
/// Things that may move at once on a client's screen.
pub const UI_SPRINGS: usize = 512;
