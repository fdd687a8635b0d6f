//! A second, plain way to say what the fold must give, and random histories to compare the two on.
#![allow(clippy::unwrap_used)]

use crate::Opened;
use hearth_ports::{MessageView, ReactionView, SendState, WindowDiff};
use hearth_types::{ChannelId, ContentBody, Day, DeviceId, EntryId, Hlc, Target, UserId, time::DAY_MS};
use proptest::prelude::*;
use std::collections::BTreeMap;

pub const CHANNEL: ChannelId = ChannelId([7; 32]);
/// After every stamp below.
pub const LATE_MS: u64 = 100 * DAY_MS;

pub fn id(n: u32) -> EntryId {
    let mut id = [0; 32];
    // Ids in no order of their numbers, as hashes are.
    id[..4].copy_from_slice(&n.wrapping_mul(0x9e37_79b1).to_be_bytes());
    EntryId(id)
}

pub fn entry(n: u32, author: u8, hlc: Hlc, target: Option<Target>, content: ContentBody) -> Opened {
    Opened {
        id: id(n),
        author: UserId([author; 32]),
        device: DeviceId([author; 32]),
        seq: u64::from(n) + 1,
        hlc,
        day: hlc.day(),
        target,
        content: Some(content),
        manages: false,
        counts: true,
        own: author == 0,
    }
}

pub fn text(n: u32, author: u8, at_ms: u64) -> Opened {
    entry(n, author, Hlc::from_ms(at_ms), None, ContentBody::Message { text: format!("m{n}"), reply_to: None })
}

/// What is known of loaded days, kept as entries only.
#[derive(Default)]
pub struct Model {
    pub days: BTreeMap<Day, BTreeMap<EntryId, Opened>>,
    pub delivered: BTreeMap<DeviceId, u64>,
}

impl Model {
    pub fn set_day(&mut self, day: Day, entries: &[Opened]) {
        self.days.insert(day, BTreeMap::new());
        entries.iter().for_each(|e| self.apply(e));
    }
    pub fn apply(&mut self, e: &Opened) {
        if let Some(day) = self.days.get_mut(&e.home()) {
            day.insert(e.id, e.clone());
        }
    }
    /// Everything from scratch, oldest amendment first, the latest overwriting.
    pub fn views(&self) -> Vec<MessageView> {
        let mut all: Vec<&Opened> = self.days.values().flat_map(BTreeMap::values).filter(|e| e.counts).collect();
        all.sort_by_key(|e| (e.hlc, e.id));
        let mut out = Vec::new();
        for m in all.iter().filter(|e| e.target.is_none()) {
            let (mut words, reply_to) = match &m.content {
                Some(ContentBody::Message { text, reply_to }) => (Some(text.clone()), reply_to.map(|t| t.id)),
                None | Some(ContentBody::Unknown { .. }) => (None, None),
                Some(_) => continue,
            };
            let (mut edited, mut deleted, mut pinned) = (false, false, false);
            let mut people: Vec<(Hlc, EntryId, UserId, String)> = Vec::new();
            for a in all.iter().filter(|a| a.target == Some(Target { day: m.day, id: m.id })) {
                match a.content.as_ref() {
                    Some(ContentBody::Edit { text }) if a.author == m.author => {
                        (words, edited) = (Some(text.clone()), true)
                    }
                    Some(ContentBody::Delete) if a.author == m.author || a.manages => deleted = true,
                    Some(ContentBody::Pin { on }) if a.manages => pinned = *on,
                    Some(ContentBody::React { emoji, on }) => {
                        people.retain(|(_, _, u, e)| (*u, e) != (a.author, emoji));
                        if *on {
                            people.push((a.hlc, a.id, a.author, emoji.clone()));
                        }
                    }
                    _ => {}
                }
            }
            let mut reactions: Vec<ReactionView> = Vec::new();
            for (_, _, user, emoji) in people.into_iter().filter(|_| !deleted) {
                match reactions.iter_mut().find(|r| r.emoji == emoji) {
                    Some(r) => r.users.push(user),
                    None => reactions.push(ReactionView { emoji, users: vec![user] }),
                }
            }
            let sent = self.delivered.get(&m.device).is_some_and(|seq| *seq >= m.seq);
            out.push(MessageView {
                message: m.id,
                author: m.author,
                at: m.hlc.ms(),
                readable: deleted || words.is_some(),
                text: words.filter(|_| !deleted).unwrap_or_default(),
                reply_to,
                edited: edited && !deleted,
                deleted,
                pinned: pinned && !deleted,
                reactions,
                state: if !m.own {
                    SendState::Received
                } else if sent {
                    SendState::Sent
                } else {
                    SendState::Saved
                },
            });
        }
        out
    }
}

/// What a reader does with diffs.
#[derive(Default, Debug, PartialEq)]
pub struct Reader {
    pub messages: Vec<MessageView>,
    pub edges: (bool, bool),
}

impl Reader {
    pub fn apply(&mut self, diffs: &[WindowDiff]) {
        for diff in diffs.iter().cloned() {
            match diff {
                WindowDiff::Reset { messages, before, after, .. } => {
                    (self.messages, self.edges) = (messages, (before, after))
                }
                WindowDiff::Insert { index, message } => self.messages.insert(index, message),
                WindowDiff::Set { index, message } => self.messages[index] = message,
                WindowDiff::Remove { index } => {
                    self.messages.remove(index);
                }
                WindowDiff::Edges { before, after } => self.edges = (before, after),
            }
            assert!(self.messages.len() <= hearth_types::limits::WINDOW_MESSAGES);
        }
    }
}

/// A thing that can happen to a timeline.
#[derive(Debug, Clone)]
pub enum Step {
    Apply(Opened),
    SetDay(Day, Vec<Opened>),
    Unload(Day),
    Delivered(u8, u64),
}

/// An entry with everything that never changes about it drawn from its number.
fn fixed(n: u32, entries: u32) -> Opened {
    let r = n.wrapping_mul(2_654_435_761) >> 7;
    let hlc = Hlc::from_ms(u64::from(r % 4) * DAY_MS + u64::from(r % 97));
    let author = (r % 3) as u8;
    let mut e = entry(n, author, hlc, None, ContentBody::Message { text: format!("m{n}"), reply_to: None });
    if !n.is_multiple_of(3) {
        let aim = fixed(r % entries / 3 * 3, entries);
        // Some name the wrong day, some an entry that is not a message, some nothing at all.
        let target = match r % 23 {
            0 => Target { day: Day(aim.day.0 + 1), id: aim.id },
            1 => Target { day: aim.day, id: id(n - 1) },
            2 => Target { day: aim.day, id: id(1_000_000 + n) },
            _ => Target { day: aim.day, id: aim.id },
        };
        e.target = Some(target);
        e.content = Some(match r / 7 % 6 {
            0 | 1 => ContentBody::Edit { text: format!("e{n}") },
            2 => ContentBody::Delete,
            3 => ContentBody::Pin { on: (r / 64).is_multiple_of(2) },
            _ => ContentBody::React {
                emoji: ["x", "y", "z"][(r / 32 % 3) as usize].into(),
                on: !(r / 128).is_multiple_of(3),
            },
        });
        // Deletes are rarer than chance would have them.
        if e.content == Some(ContentBody::Delete) && !(r / 1024).is_multiple_of(3) {
            e.content = Some(ContentBody::Unknown { kind: 99 });
        }
    }
    e
}

/// The same entry as different moments know it: with or without its body, counting or not, by a moderator or not.
pub fn known(entries: u32) -> impl Strategy<Value = Opened> {
    (0..entries, 0u8..32).prop_map(move |(n, bits)| {
        let mut e = fixed(n, entries);
        if bits & 3 == 0 {
            e.content = None;
        }
        e.counts = bits & 12 != 0;
        e.manages = bits & 16 != 0;
        e
    })
}

pub fn step(entries: u32) -> impl Strategy<Value = Step> {
    let day = (0u32..5).prop_map(Day);
    prop_oneof![
        20 => known(entries).prop_map(Step::Apply),
        3 => (day.clone(), prop::collection::vec(known(entries), 0..entries as usize * 2)).prop_map(|(d, es)| Step::SetDay(d, es)),
        1 => day.prop_map(Step::Unload),
        1 => (0u8..3, 0u64..u64::from(entries)).prop_map(|(device, seq)| Step::Delivered(device, seq)),
    ]
}
