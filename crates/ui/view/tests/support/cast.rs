//! People, channels and messages to draw and test with.
#![allow(dead_code)]

use hearth_ports::*;
use hearth_types::{ChannelId, ChannelKind, EntryId, Permissions, Playing, SpaceId, UserId};
use hearth_view::{
    CallView, ChannelItem, CommunityItem, KeysView, MainView, MicView, SyncView, Toast, TypingView, VoiceChoices,
    VoicePerson, VoiceView, WindowView,
};

/// Sunday, 22 November 2026, 21:40 UTC.
pub const NOW: u64 = 1_795_383_600_000;
const MIN: u64 = 60_000;

pub fn id(n: u64) -> [u8; 32] {
    let mut out = [0; 32];
    for (i, b) in out.iter_mut().enumerate() {
        *b = (n.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(i as u32 * 5) >> 11) as u8;
    }
    out[..8].copy_from_slice(&n.to_be_bytes());
    out
}
pub fn user(n: u64) -> UserId {
    UserId(id(n))
}
pub fn entry(n: u64) -> EntryId {
    EntryId(id(n))
}
pub fn channel_id(n: u64) -> ChannelId {
    ChannelId(id(1_000 + n))
}

pub fn invite() -> InviteView {
    InviteView {
        invite: entry(77),
        link: "mesh://join#AQx7dGhlIG5pZ2h0IHNoaWZ0IGludml0ZSBzZWNyZXQgYW5kIHdobyB0byBhc2s".into(),
        expires_at_ms: None,
        max_uses: None,
        uses: 0,
    }
}

pub const LONG_MICROPHONE: &str =
    "Scarlett 2i2 4th Gen (2 inputs, 24 bit, USB) Multichannel Input, Front Left and Front Right";

pub fn devices(inputs: &[&str], outputs: &[&str]) -> VoiceDevicesView {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    VoiceDevicesView { inputs: owned(inputs), outputs: owned(outputs), input: String::new(), output: String::new() }
}

/// Owned facts a view borrows from.
#[derive(Clone)]
pub struct Cast {
    /// A shader paints rooms.
    pub painted: bool,
    pub me: IdentityView,
    pub communities: Vec<(CommunityHead, u32, u32)>,
    pub open: Option<usize>,
    pub channels: Vec<(ChannelView, u32, u32)>,
    pub channel: Option<usize>,
    pub members: Vec<MemberView>,
    pub roles: Vec<RoleView>,
    pub messages: Vec<MessageView>,
    pub before: bool,
    pub after: bool,
    pub mark: Option<EntryId>,
    pub unread: u32,
    pub typing: Vec<TypingView>,
    pub net: NetStatus,
    pub sync: Option<SyncView>,
    pub toasts: Vec<Toast>,
    pub loaded: bool,
    /// By channel, then as shown.
    pub voices: Vec<VoicePerson>,
    pub choices: VoiceChoices,
    pub talking: bool,
    pub keys: KeysView<'static>,
    pub mic: MicView,
    /// What is found when somebody looks for devices; none: the sound system does not answer.
    pub devices: Option<VoiceDevicesView>,
    /// Whose computer passes the voices on.
    pub relay: Option<u64>,
    /// Whom alone one speaks to.
    pub whisper: Vec<UserId>,
}

/// Longer than the list is wide.
pub const LONG_GAME: &str = "The Extraordinarily Long Voyage Home";

const PEOPLE: [(&str, u32, Presence, bool); 9] = [
    ("Ada", 0xe8844a, Presence::Online, true),
    ("Bram", 0x4ca3d9, Presence::Online, false),
    ("Chidi Okafor", 0x7fb25a, Presence::Online, false),
    ("Dana", 0xb57cdd, Presence::Idle, false),
    ("Elif Yılmaz", 0xe0739c, Presence::Online, false),
    ("Farid", 0x3fb09a, Presence::Offline, false),
    ("Gwen", 0xd9a43b, Presence::Offline, false),
    ("Hiro", 0x7c8dea, Presence::Offline, false),
    ("Ines Duarte", 0x4ca3d9, Presence::Offline, false),
];

pub fn message(n: u64, author: u64, at: u64, text: &str) -> MessageView {
    MessageView {
        message: entry(n),
        author: user(author),
        at,
        text: text.into(),
        reply_to: None,
        edited: false,
        deleted: false,
        pinned: false,
        reactions: vec![],
        state: if author == 1 { SendState::Sent } else { SendState::Received },
        readable: true,
    }
}

fn react(m: &mut MessageView, emoji: &str, users: &[u64]) {
    m.reactions.push(ReactionView { emoji: emoji.into(), users: users.iter().map(|u| user(*u)).collect() });
}

impl Cast {
    pub fn usual() -> Self {
        let space = |n: u64| SpaceId(id(500 + n));
        let head = |n: u64, name: &str| CommunityHead {
            community: space(n),
            name: name.into(),
            owner: user(1),
            permissions: Permissions::ADMINISTRATOR,
            member_count: 9,
        };
        let channel = |n: u64, name: &str, kind, topic: &str| ChannelView {
            plan: Default::default(),
            community: space(1),
            channel: channel_id(n),
            name: name.into(),
            kind,
            topic: topic.into(),
            position: n as u32,
            sealed: false,
        };
        let t = ChannelKind::Text;
        let v = ChannelKind::Voice;
        let mut messages = vec![
            message(1, 2, NOW - 1_700 * MIN, "Anyone up for a run through the old map on Sunday?"),
            message(
                2,
                3,
                NOW - 1_698 * MIN,
                "Count me in, but not before nine. I promised my sister to look at her bike first.",
            ),
            message(3, 3, NOW - 1_697 * MIN, "Which reminds me: does anybody still have that 15 mm spanner?"),
            message(4, 1, NOW - 1_690 * MIN, "It’s in the blue box in the hall. Bring it back this time :)"),
            message(
                5,
                5,
                NOW - 95 * MIN,
                "The recording from yesterday is up. It’s about forty minutes, the good part starts at 12:30, and you can hear Bram fall off his chair at the end.",
            ),
            message(6, 2, NOW - 93 * MIN, "I did **not** fall. I descended."),
            message(7, 4, NOW - 60 * MIN, "I’ll be ten minutes late, train again"),
            message(8, 4, NOW - 60 * MIN + 20_000, "start without me"),
            message(9, 1, NOW - 22 * MIN, "No hurry, we’re still choosing. Votes please: old map or the new one?"),
            message(
                10,
                3,
                NOW - 21 * MIN,
                "Old map. The new one still drops me at the bridge, see https://example.org/issues/214",
            ),
            message(11, 5, NOW - 9 * MIN, "New map, and we report whatever breaks. Somebody has to be first."),
            message(12, 2, NOW - 3 * MIN, "Fine, new map. If I fall through the bridge, you carry my things."),
            message(13, 1, NOW - 2 * MIN, "Deal. Room opens in five."),
        ];
        messages[5].reply_to = Some(entry(5));
        messages[11].edited = true;
        messages[8].pinned = true;
        react(&mut messages[5], "😂", &[1, 3, 5, 4]);
        react(&mut messages[5], "👀", &[3]);
        react(&mut messages[8], "👍", &[2, 3]);
        react(&mut messages[10], "🔥", &[1, 2]);
        react(&mut messages[10], "✅", &[4]);
        let mut members: Vec<MemberView> = PEOPLE
            .iter()
            .enumerate()
            .map(|(i, (name, color, presence, owner))| MemberView {
                community: space(1),
                user: user(i as u64 + 1),
                name: (*name).into(),
                color: *color,
                roles: vec![],
                rank: if *owner { 0 } else { u16::MAX },
                owner: *owner,
                presence: *presence,
                playing: None,
            })
            .collect();
        for (n, name, details, min) in [(1, "Deep Sea", "The reef · 2 of 4", 85), (3, LONG_GAME, "Chapter 3", 12)] {
            members[n].playing = Playing::new(name, details, Some(NOW - min * MIN));
        }
        members.sort_by_key(|m| m.user);
        Self {
            painted: false,
            me: IdentityView { user: user(1), name: "Ada".into(), color: 0xe8844a },
            communities: vec![
                (head(1, "The Night Shift"), 0, 0),
                (head(2, "Garden Row"), 4, 2),
                (head(3, "choir"), 0, 0),
            ],
            open: Some(0),
            channels: vec![
                (
                    channel(
                        1,
                        "general",
                        t,
                        "Everything that has no place of its own. Be kind, be brief, bring snacks.",
                    ),
                    0,
                    0,
                ),
                (channel(2, "clips", t, ""), 3, 0),
                (channel(3, "map-making", t, ""), 0, 0),
                (channel(4, "looking-for-group", t, ""), 12, 2),
                (channel(5, "quiet", t, ""), 0, 0),
                (channel(6, "Lounge", v, ""), 0, 0),
                (channel(7, "Raid", v, ""), 0, 0),
            ],
            channel: Some(0),
            members,
            roles: vec![],
            messages,
            before: false,
            after: false,
            mark: None,
            unread: 0,
            typing: vec![TypingView { user: user(5), until_ms: NOW + 60_000 }],
            net: NetStatus {
                health: Health::Fine,
                sentence: "You are connected to 4 people. Everything gets through.".into(),
                links: 4,
                members_linked: 4,
                listen: vec![],
            },
            sync: None,
            toasts: vec![],
            loaded: true,
            voices: vec![],
            choices: VoiceChoices::default(),
            talking: false,
            keys: KeysView::default(),
            mic: MicView::default(),
            devices: Some(devices(
                &["Built-in Audio Analog Stereo", LONG_MICROPHONE, "USB Camera Mono"],
                &["Built-in Audio Analog Stereo", "HDMI / DisplayPort 1 Output", "Wireless Headphones Pro"],
            )),
            relay: None,
            whisper: Vec::new(),
        }
    }
    pub fn unread() -> Self {
        let mut cast = Self::usual();
        cast.mark = Some(entry(10));
        cast.unread = 3;
        cast
    }
    pub fn unread_far() -> Self {
        let mut cast = Self::usual();
        cast.mark = Some(entry(2));
        cast.unread = 11;
        cast.messages.extend((0..30).map(|n| {
            message(
                100 + n,
                2 + n % 3,
                NOW - 60_000 + n * 500,
                "and one more thing before we go, which I keep forgetting to say",
            )
        }));
        cast
    }
    pub fn formatted() -> Self {
        let mut cast = Self::usual();
        let at = NOW - 30 * MIN;
        let mut list = vec![
            message(
                40,
                3,
                at - 50 * MIN,
                "This one has **bold words**, *slanted ones*, `inline_code()`, ~~second thoughts~~ and a link: https://example.org/a/very/long/address?with=questions&and=answers#too",
            ),
            message(
                41,
                3,
                at - 49 * MIN,
                "```rust\nfn main() {\n    let greeting = \"hello\";\n    println!(\"{greeting}, world\");\n}\n```\nRuns here.",
            ),
            message(42, 2, at - 40 * MIN, "> I did not fall. I descended.\nQuoting myself, because it was good."),
            message(43, 4, at - 30 * MIN, ""),
            message(44, 5, at - 29 * MIN, ""),
            message(45, 1, at - 20 * MIN, "Schöne Grüße, mañana, naïve façade, Ελληνικά, русский, 日本語 😀🎉"),
            message(46, 1, at - 2 * MIN, "@Bram did you see this? @Ada is me"),
            message(47, 2, at - MIN, "@Ada yes! Two lines\nof it"),
            message(48, 1, at, "Not delivered yet"),
            message(49, 1, at + 1000, "And this one neither"),
        ];
        list[3].deleted = true;
        list[4].readable = false;
        list[8].state = SendState::Saved;
        list[9].state = SendState::Saved;
        react(&mut list[2], "👍", &[1, 2, 3]);
        cast.messages = list;
        cast
    }
    pub fn empty() -> Self {
        let mut cast = Self::usual();
        cast.messages.clear();
        cast.members.retain(|m| m.user == user(1));
        cast.communities.truncate(1);
        cast.channels = vec![cast.channels[0].clone(), cast.channels[5].clone()];
        cast.channels[0].0.topic.clear();
        cast.typing.clear();
        cast
    }
    pub fn no_community() -> Self {
        let mut cast = Self::empty();
        cast.communities.clear();
        cast.channels.clear();
        cast.members.clear();
        (cast.open, cast.channel, cast.loaded) = (None, None, false);
        cast
    }
    pub fn offline() -> Self {
        let mut cast = Self::usual();
        cast.net.health = Health::Alone;
        cast.net.sentence = "Nobody of your communities can be reached right now. Hearth keeps looking; what you write is saved and goes out by itself.".into();
        cast.typing.clear();
        for m in &mut cast.members {
            if m.user != user(1) {
                m.presence = Presence::Offline;
            }
        }
        for m in cast.messages.iter_mut().rev().take(1) {
            m.state = SendState::Saved;
        }
        let mut more = message(14, 1, NOW - MIN, "Hello? I think I lost you all.");
        more.state = SendState::Saved;
        cast.messages.push(more);
        cast
    }
    pub fn long_names() -> Self {
        let mut cast = Self::usual();
        let long = "Maximiliana Theodora Alexandrina von und zu Hohenlangenburg-Weikers";
        cast.communities[0].0.name = "The International Society of Extremely Long Community Names".into();
        cast.me.name = long.into();
        for m in cast.members.iter_mut().take(3) {
            m.name = long.into();
        }
        cast.members[4].name = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamt".into();
        cast.channels[0].0.name = "a-channel-whose-name-goes-on-and-on-until-nobody-reads-it-any-more".into();
        cast.channels[0].0.topic = "A topic that is also far too long to be shown in one line, which is why it is cut off with three dots before it reaches the button on the right, whatever the width of the window is".into();
        cast.channels[3].0.name = "another-very-long-channel-name-with-mentions".into();
        cast.messages[10].text = format!("{} and then normal words", "Aaaaargh".repeat(30));
        cast.messages[11].text = "https://example.org/".to_owned() + &"segment/".repeat(40);
        cast
    }
    pub fn many_channels() -> Self {
        let mut cast = Self::usual();
        let base = cast.channels[0].0.clone();
        for n in 0..500u64 {
            let mut ch = base.clone();
            ch.channel = channel_id(100 + n);
            ch.name = format!("channel-{n:03}");
            cast.channels.push((ch, u32::from(n % 7 == 0), 0));
        }
        for n in 0..40 {
            let mut head = cast.communities[2].0.clone();
            head.community = SpaceId(id(700 + n));
            head.name = format!("Place {}", (b'A' + (n % 26) as u8) as char);
            cast.communities.push((head, (n % 3) as u32, 0));
        }
        cast
    }
    pub fn voice() -> Self {
        let mut cast = Self::usual();
        cast.channel = Some(5);
        cast
    }
    /// Somebody goes into a room, or into another.
    pub fn sits(&mut self, who: u64, room: u64) -> &mut VoicePerson {
        let user = user(who);
        self.voices.retain(|p| p.user != user);
        let channel = channel_id(room);
        let at = self.voices.partition_point(|p| p.channel <= channel);
        let new = VoicePerson {
            channel,
            user,
            muted: false,
            deafened: false,
            seat: None,
            silenced: false,
            speaking: false,
            level: 0.0,
            volume: 1.0,
        };
        self.voices.insert(at, new);
        &mut self.voices[at]
    }
    /// Somebody in a room.
    #[allow(clippy::unwrap_used)]
    pub fn voice_of(&mut self, who: u64) -> &mut VoicePerson {
        let user = user(who);
        self.voices.iter_mut().find(|p| p.user == user).unwrap()
    }
    /// Three in the lounge, oneself among them; one speaks, one is muted. One more in the other room.
    pub fn in_call() -> Self {
        let mut cast = Self::usual();
        cast.sits(1, 6);
        let bram = cast.sits(2, 6);
        (bram.speaking, bram.level) = (true, 0.7);
        cast.sits(3, 6).muted = true;
        cast.sits(4, 7).deafened = true;
        cast
    }
    /// The same, looking at the room.
    pub fn in_room() -> Self {
        Self { channel: Some(5), ..Self::in_call() }
    }
    /// Twenty-five in the lounge, some with names that do not end.
    pub fn crowd() -> Self {
        let mut cast = Self::in_room();
        let long = [
            "Maximiliana Theodora Alexandrina von und zu Hohenlangenburg-Weikers",
            "Łukasz",
            "小龙",
            "J",
            "kestrel_of_the_north",
        ];
        for n in 10..32u64 {
            let name = format!("{} {n}", long[n as usize % long.len()]);
            let color = hearth_view::avatar::SWATCHES[n as usize % 8];
            let member = MemberView {
                user: user(n),
                name,
                color,
                owner: false,
                presence: Presence::Online,
                playing: None,
                ..cast.members[1].clone()
            };
            cast.members.push(member);
            let person = cast.sits(n, 6);
            person.muted = n % 3 == 0;
            (person.speaking, person.level) = (n % 7 == 1 && !person.muted, 0.5);
            person.volume = if n == 12 { 0.0 } else { 1.0 };
        }
        cast.members.sort_by_key(|m| m.user);
        cast.relay = Some(3);
        cast
    }
    fn call(&self) -> Option<CallView<'_>> {
        let me = self.voices.iter().find(|p| p.user == self.me.user)?;
        let (channel, ..) = self.channels.iter().find(|c| c.0.channel == me.channel)?;
        let (community, ..) = self.communities.iter().find(|c| c.0.community == channel.community)?;
        let relay = self.relay.and_then(|n| self.members.iter().find(|m| m.user == user(n)));
        Some(CallView {
            community: community.community,
            community_name: &community.name,
            channel: channel.channel,
            channel_name: &channel.name,
            muted: me.muted,
            deafened: me.deafened,
            silenced: me.silenced,
            others: self.voices.iter().filter(|p| p.channel == me.channel).count() - 1,
            relay: relay.map(|m| m.name.as_str()),
            whisper: &self.whisper,
        })
    }
    /// Lends a view over it all.
    pub fn with_view<R>(&self, use_it: impl FnOnce(&MainView<'_>) -> R) -> R {
        let communities: Vec<_> = self
            .communities
            .iter()
            .map(|(head, unread, mentions)| CommunityItem { head, unread: *unread, mentions: *mentions })
            .collect();
        let channels: Vec<_> = self
            .channels
            .iter()
            .map(|(channel, unread, mentions)| ChannelItem { channel, unread: *unread, mentions: *mentions })
            .collect();
        let members: Vec<_> = self.members.iter().collect();
        let channel = self.channel.and_then(|i| self.channels.get(i)).map(|c| &c.0);
        let window = channel.filter(|_| self.loaded).map(|c| WindowView {
            channel: c.channel,
            messages: &self.messages,
            before: self.before,
            after: self.after,
            mark: self.mark,
            unread: self.unread,
        });
        use_it(&MainView {
            me: &self.me,
            communities: &communities,
            community: self.open.and_then(|i| self.communities.get(i)).map(|c| &c.0),
            channels: &channels,
            channel,
            members: &members,
            members_revision: 1,
            roles: &self.roles,
            window,
            typing: &self.typing,
            voice: VoiceView {
                people: &self.voices,
                call: self.call(),
                choices: &self.choices,
                keys: self.keys,
                talking: self.talking,
                no_overlay: None,
                no_games: None,
                mic: self.mic,
                painted: self.painted,
            },
            net: &self.net,
            sync: self.sync,
            toasts: &self.toasts,
        })
    }
}
