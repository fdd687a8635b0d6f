//! Communities that look lived in, the same at every run.

use super::fake_node::{Home, ME, State, id};
use hearth_ports::*;
use hearth_types::{ChannelId, ChannelKind, Playing, SpaceId, UserId};

const PEOPLE: &[(&str, u32, Presence)] = &[
    ("Mara", 0xd9_6c_75, Presence::Online),
    ("Jonas", 0x5b_9b_d5, Presence::Online),
    ("tilde", 0x8f_bf_5a, Presence::Idle),
    ("Nkechi", 0xb0_82_e0, Presence::Online),
    ("Wolfeschlegelsteinhausenbergerdorff the Third", 0xe0_b0_40, Presence::Offline),
    ("Sol", 0x4f_b8_a8, Presence::Offline),
    ("Ines", 0xe0_7a_a8, Presence::Offline),
];

/// What the first of them play.
const GAMES: &[(&str, &str)] =
    &[("Deep Sea", "The reef · 2 of 4"), ("", ""), ("The Extraordinarily Long Voyage Home", "Chapter 3")];

pub fn person(n: usize) -> UserId {
    UserId(id(4, n as u32))
}

fn people(home: &mut Home, count: usize) {
    for (n, (name, color, presence)) in PEOPLE.iter().cycle().take(count).enumerate() {
        home.members.push(MemberView {
            community: home.head.community,
            user: person(n),
            name: if n < PEOPLE.len() { (*name).into() } else { format!("{name} {n}") },
            color: *color,
            roles: vec![],
            rank: u16::MAX,
            owner: false,
            presence: if n < PEOPLE.len() { *presence } else { Presence::Offline },
            playing: GAMES.get(n).and_then(|(name, details)| Playing::new(name, details, None)),
        });
    }
    home.head.member_count = home.members.len() as u32;
}

/// A few communities, a day and a half of talk.
pub fn lived_in() -> State {
    let mut state = State::empty();
    state.me = IdentityView { user: ME, name: "Ada".into(), color: 0xe0_7a_3f };
    let den = state.found("The Den");
    people(state.homes.last_mut().expect("home"), PEOPLE.len());
    let general = state.homes[0].rooms[0].view.channel;
    state.room(general).expect("general").view.topic = "Anything goes. Be kind.".into();
    let clips = state.add_room(den, "clips", ChannelKind::Text, "");
    state.add_room(den, "patch-notes", ChannelKind::Text, "");
    state.add_room(den, "a-channel-with-a-name-that-goes-on-and-on", ChannelKind::Text, "");
    let late = state.add_room(den, "late night", ChannelKind::Voice, "");
    for (n, muted) in [(0, false), (1, true), (3, false)] {
        state.seat(late, person(n), muted);
    }
    state.speakers = vec![(person(0), 0.6)];
    for name in ["Sunday Raid", "Kernel Reading Group", "wanderers"] {
        state.found(name);
        people(state.homes.last_mut().expect("home"), 3);
    }
    talk(&mut state, general);
    let room = state.room(clips).expect("clips");
    room.unread = 4;
    state.net.links = 3;
    state.net.members_linked = 3;
    state.net.sentence = "Connected to 3 people.".into();
    state
}

/// The same with oneself in the voice room.
pub fn in_call() -> State {
    let mut state = lived_in();
    let late = state.seats[0].channel;
    state.seat(late, ME, false);
    state
}

/// So many in the voice room, oneself the first of them, and so many of the others speak.
pub fn lounge(count: usize, speaking: usize, plan: hearth_room::BuiltIn) -> State {
    let mut state = lived_in();
    let late = state.seats[0].channel;
    state.seats.clear();
    people(state.homes.first_mut().expect("home"), count.max(PEOPLE.len()));
    state.homes[0].members.dedup_by_key(|member| member.user);
    state.homes[0].members.sort_by_key(|member| member.user);
    state.homes[0].members.dedup_by_key(|member| member.user);
    state.room(late).expect("room").view.plan = plan;
    state.seat(late, ME, false);
    for n in 0..count.saturating_sub(1) {
        state.seat(late, person(n), n % 5 == 3);
    }
    state.speakers = (0..speaking).map(|n| (person(n * 2), [0.8, 0.55, 0.68][n % 3])).collect();
    state
}

fn talk(state: &mut State, general: ChannelId) {
    let minute = 60_000;
    let start = state.now_ms - 26 * 60 * minute;
    let lines: &[(usize, u64, &str)] = &[
        (0, 0, "is anyone up for a round tonight?"),
        (1, 1, "depends, which map"),
        (0, 2, "the new one. I found a way up to the roof of the mill"),
        (0, 2, "no cheating involved, I promise"),
        (3, 6, "promises from you are worth exactly nothing"),
        (1, 9, "I'm in from nine. Have to put the kids to bed first."),
        (2, 11, "in"),
        (9, 12, "I'll be there. Who hosts?"),
        (0, 14, "nobody has to host, that's the whole point :)"),
        (3, 700, "ok that roof is ridiculous"),
        (3, 701, "I was up there for four minutes and nobody looked up once"),
        (1, 705, "I looked up. I just thought you were part of the chimney."),
        (
            9,
            1440,
            "Good morning. Did anybody record the last round? The one where Jonas fell through the floor and then, somehow, won. I keep telling people about it and nobody believes me.",
        ),
        (1, 1442, "recorded, will cut it later"),
        (2, 1443, "`git blame` says it was the chimney"),
        (3, 1500, "here is the guide I mentioned: https://example.org/guides/the-mill-roof"),
        (0, 1530, "**tonight again?** same time"),
        (9, 1534, "Yes."),
        (9, 1534, "I'll bring snacks, so to speak."),
        (1, 1555, "see you at nine"),
    ];
    for (who, at, text) in lines {
        let author = if *who == 9 { ME } else { person(*who) };
        state.say(general, author, start + at * minute, text);
    }
    let room = state.room(general).expect("general");
    room.messages[13].reply_to = Some(room.messages[12].message);
    room.messages[11].reactions = vec![
        ReactionView { emoji: "😂".into(), users: vec![person(0), person(2), ME] },
        ReactionView { emoji: "🔥".into(), users: vec![person(3)] },
    ];
    room.messages[17].reactions = vec![ReactionView { emoji: "👍".into(), users: vec![person(1), person(3), ME] }];
    room.messages[16].edited = true;
    room.messages[4].deleted = true;
    room.messages[4].text.clear();
    room.messages[18].state = SendState::Saved;
    room.mark = Some(room.messages[15].message);
    room.unread = 0;
}

/// One channel of so many messages, for scrolling.
pub fn crowded(messages: usize, members: usize) -> (State, ChannelId) {
    let mut state = State::empty();
    state.me = IdentityView { user: ME, name: "Ada".into(), color: 0xe0_7a_3f };
    let space: SpaceId = state.found("Crowd");
    people(state.homes.last_mut().expect("home"), members);
    for n in 0..28 {
        state.add_room(space, &format!("room-{n}"), ChannelKind::Text, "");
    }
    let general = state.homes[0].rooms[0].view.channel;
    let words = ["roof", "mill", "the", "tonight", "again", "nobody", "looked", "up", "once", "and", "then", "chimney"];
    let start = state.now_ms - messages as u64 * 17_000;
    for n in 0..messages {
        let length = 3 + (n * 7919) % 23;
        let text: Vec<&str> = (0..length).map(|k| words[(n * 31 + k * 17) % words.len()]).collect();
        state.say(general, person(n * 13 % 5), start + n as u64 * 17_000, &text.join(" "));
    }
    (state, general)
}
