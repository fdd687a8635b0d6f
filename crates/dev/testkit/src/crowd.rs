//! Long histories: a community whose people have talked for weeks.

use crate::{Community, Dice, Person};
use hearth_types::{ContentBody, Target, time::DAY_MS};
use hearth_wire::CheckedEntry;
use std::collections::VecDeque;

/// Messages that replies and reactions choose from.
const RECENT: usize = 300;
/// Entries of a batch, about.
const BATCH: usize = 1_000;

/// How long a history, and whose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrowdConfig {
    /// Messages, all in `general`. Amendments come on top: about 12 reactions, 4 edits and 1 deletion to 100 messages.
    pub messages: u64,
    /// Days they spread over evenly, from `start_ms` on.
    pub days: u32,
    /// People, the founder among them. One device may write `limits::DAY_SCOPE_ENTRIES` a day; the rest goes unsaid.
    pub people: usize,
    /// Everything follows from it.
    pub seed: u64,
    /// Unix milliseconds of the founding.
    pub start_ms: u64,
}

impl CrowdConfig {
    /// 100,000 messages of 25 people over the 20 days before `end_ms`.
    pub fn large(end_ms: u64) -> Self {
        Self { messages: 100_000, days: 20, people: 25, seed: 1, start_ms: end_ms.saturating_sub(20 * DAY_MS) }
    }
}

/// Yields a history in batches, oldest first. The first batch holds the founding and everybody's joining.
pub struct Crowd {
    config: CrowdConfig,
    community: Community,
    dice: Dice,
    said: u64,
    /// Newest messages: author, whether it may still be amended, where.
    recent: VecDeque<(usize, Target)>,
}

impl Crowd {
    /// Founds the community and lets everybody in.
    pub fn new(config: CrowdConfig) -> Self {
        Self::led_by(Person::new(config.seed, 0), config)
    }
    /// The same with a founder whose keys come from elsewhere.
    pub fn led_by(founder: Person, config: CrowdConfig) -> Self {
        let mut community = Community::found_by(founder, config.seed, "Testing ground", config.start_ms);
        for n in 1..config.people.max(1) {
            // An hour's worth of admissions a member, then the next one admits.
            community.join((n - 1) / 50, config.start_ms);
        }
        let dice = Dice::new(config.seed ^ 0x5eed);
        Self { config, community, dice, said: 0, recent: VecDeque::new() }
    }
    /// The community: genesis, keys, channels, people. Write on it once the history is taken.
    pub fn community(&self) -> &Community {
        &self.community
    }
    /// The community, to go on with.
    pub fn into_community(self) -> Community {
        self.community
    }

    fn say(&mut self) {
        let c = self.config;
        let span = u64::from(c.days) * DAY_MS;
        let step = (span / c.messages.max(1)).max(1);
        let now_ms = c.start_ms
            + 1_000
            + (u128::from(span.saturating_sub(1_000 + step)) * u128::from(self.said) / u128::from(c.messages.max(1)))
                as u64
            + self.dice.below(step);
        self.said += 1;
        let general = self.community.general;
        let by = self.dice.leaning(c.people.max(1));
        let reply_to = if self.dice.chance(12) { self.some_recent().map(|(_, target)| target) } else { None };
        let text = self.dice.text();
        let Some(message) = self.community.send(by, now_ms, general, &text, reply_to) else { return };
        self.recent.push_back((by, message));
        if self.recent.len() > RECENT {
            self.recent.pop_front();
        }
        let Some((author, target)) = self.some_recent() else { return };
        let reader = self.dice.leaning(c.people.max(1));
        let amendment = match self.dice.below(100) {
            0..12 => Some((
                reader,
                ContentBody::React {
                    emoji: ["👍", "❤️", "😂", "🎉", "👀"][self.dice.leaning(5)].into(),
                    on: self.dice.chance(95),
                },
            )),
            12..16 => Some((author, ContentBody::Edit { text: self.dice.text() })),
            16 => Some((author, ContentBody::Delete)),
            _ => None,
        };
        if let Some((by, content)) = amendment {
            self.community.amend(by, now_ms, general, target, content);
        }
    }

    fn some_recent(&mut self) -> Option<(usize, Target)> {
        let n = self.dice.leaning(self.recent.len());
        self.recent.iter().rev().nth(n).copied()
    }
}

impl Iterator for Crowd {
    type Item = Vec<CheckedEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut batch = self.community.take();
        while self.said < self.config.messages && batch.len() < BATCH {
            self.say();
            batch.append(&mut self.community.take());
        }
        (!batch.is_empty()).then_some(batch)
    }
}
