//! One message and what has been done to it.

use crate::Opened;
use hearth_ports::ReactionView;
use hearth_types::{ContentBody, Day, DeviceId, EntryId, Hlc, UserId, limits};
use std::collections::{BTreeMap, btree_map::Entry};

/// Where a message stands in the list: its stamp, or the moment it was first folded if the stamp lies in the future.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Stamp or, for one from the future, the clock when it was first seen.
    pub hlc: Hlc,
    /// Breaks ties.
    pub id: EntryId,
}

/// When something was said: later ones win.
type Stamp = (Hlc, EntryId);

/// A message with its amendments folded in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Id of its entry.
    pub id: EntryId,
    /// Who wrote it.
    pub author: UserId,
    /// On which device.
    pub device: DeviceId,
    /// Place in that device's log.
    pub seq: u64,
    /// Day it is kept under.
    pub day: Day,
    /// Where it is shown.
    pub place: Place,
    /// Written by this device.
    pub own: bool,
    /// What it answers.
    pub reply_to: Option<EntryId>,
    original: Option<String>,
    edit: Option<(Stamp, String)>,
    deleted: bool,
    pin: Option<(Stamp, bool)>,
    /// The register of each (emoji, user).
    reactions: BTreeMap<(String, UserId), (Stamp, bool)>,
}

impl Message {
    /// A message entry that stands; its content may be missing or of a later build.
    pub(crate) fn new(entry: &Opened, place: Place) -> Self {
        let (original, reply_to) = match &entry.content {
            Some(ContentBody::Message { text, reply_to }) => (Some(text.clone()), reply_to.map(|t| t.id)),
            _ => (None, None),
        };
        Self {
            id: entry.id,
            author: entry.author,
            device: entry.device,
            seq: entry.seq,
            day: entry.day,
            place,
            own: entry.own,
            reply_to,
            original,
            edit: None,
            deleted: false,
            pin: None,
            reactions: BTreeMap::new(),
        }
    }

    /// Folds one amendment in. Any order gives the same message. True if it made a difference.
    pub(crate) fn amend(&mut self, entry: &Opened) -> bool {
        let stamp = (entry.hlc, entry.id);
        match &entry.content {
            _ if !entry.counts => false,
            Some(ContentBody::Edit { text }) if entry.author == self.author => {
                let wins = self.edit.as_ref().is_none_or(|(latest, _)| *latest < stamp);
                if wins {
                    self.edit = Some((stamp, text.clone()));
                }
                wins
            }
            Some(ContentBody::Delete) if entry.author == self.author || entry.manages => {
                !std::mem::replace(&mut self.deleted, true)
            }
            Some(ContentBody::Pin { on }) if entry.manages => {
                let wins = self.pin.is_none_or(|(latest, _)| latest < stamp);
                if wins {
                    self.pin = Some((stamp, *on));
                }
                wins
            }
            Some(ContentBody::React { emoji, on }) => match self.reactions.entry((emoji.clone(), entry.author)) {
                Entry::Vacant(place) => {
                    place.insert((stamp, *on));
                    true
                }
                Entry::Occupied(mut register) => {
                    let wins = register.get().0 < stamp;
                    if wins {
                        register.insert((stamp, *on));
                    }
                    wins
                }
            },
            _ => false,
        }
    }

    /// What it says now; none when deleted, or when its key or body is not here.
    pub fn text(&self) -> Option<&str> {
        if self.deleted {
            return None;
        }
        self.edit.as_ref().map(|(_, text)| text).or(self.original.as_ref()).map(String::as_str)
    }
    /// Its author changed it.
    pub fn edited(&self) -> bool {
        self.edit.is_some() && !self.deleted
    }
    /// Its author or a moderator deleted it. The row stays.
    pub fn deleted(&self) -> bool {
        self.deleted
    }
    /// A moderator pinned it.
    pub fn pinned(&self) -> bool {
        !self.deleted && self.pin.is_some_and(|(_, on)| on)
    }
    /// Whether there is something to read, or nothing by intent.
    pub fn readable(&self) -> bool {
        self.deleted || self.edit.is_some() || self.original.is_some()
    }
    /// Reactions that stand, by the earliest that stands of each emoji, then by emoji; people in the order they reacted.
    /// At most `limits::REACTIONS` emojis.
    pub fn reactions(&self) -> Vec<ReactionView> {
        if self.deleted {
            return Vec::new();
        }
        let mut groups: BTreeMap<&str, Vec<(Stamp, UserId)>> = BTreeMap::new();
        for ((emoji, user), (stamp, on)) in &self.reactions {
            if *on {
                groups.entry(emoji).or_default().push((*stamp, *user));
            }
        }
        let mut groups: Vec<_> = groups
            .into_iter()
            .map(|(emoji, mut people)| {
                people.sort_unstable();
                (people.first().map(|(stamp, _)| stamp.0), emoji, people)
            })
            .collect();
        groups.sort_unstable();
        groups.truncate(limits::REACTIONS);
        let named = |(_, emoji, people): (_, &str, Vec<(Stamp, UserId)>)| ReactionView {
            emoji: emoji.to_owned(),
            users: people.into_iter().map(|(_, user)| user).collect(),
        };
        groups.into_iter().map(named).collect()
    }
}
