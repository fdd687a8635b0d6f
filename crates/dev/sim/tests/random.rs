//! Random lives: whatever people and machines do, once the network is whole again all agree and nothing is lost.
//!
//! `SEEDS=300 cargo test -p hearth-sim --test random` runs more; `SEED=7` runs one. A plan that fails is written to
//! `tests/plans/`, and every plan there is run again with the others.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/steps.rs"]
mod steps;

use hearth_crypto::{Entropy, HashEntropy, hash};
use hearth_ports::{MessageView, NodeCommand, NodeReply};
use hearth_sim::World;
use hearth_types::{ChannelId, ChannelKind, EntryId, SpaceId};
use std::{collections::BTreeMap, fmt::Write, path::PathBuf};
use steps::*;

/// One thing that happens. The numbers choose among what there is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Act {
    Send { who: u64, channel: u64 },
    Edit { who: u64, message: u64 },
    Delete { who: u64, message: u64 },
    React { who: u64, message: u64 },
    Channel { who: u64 },
    Kill { who: u64 },
    Boot { who: u64 },
    Partition { groups: u64 },
    Heal,
    Skew { who: u64, minutes: u64 },
    Wait { ms: u64 },
}

struct Plan {
    seed: u64,
    hosts: usize,
    acts: Vec<Act>,
}

impl Plan {
    fn of(seed: u64) -> Self {
        let mut entropy = HashEntropy::new(hash("hearth/random/1", &[&seed.to_be_bytes()]));
        let mut n = move |below: u64| u64::from_be_bytes(entropy.array()) % below;
        let hosts = 3 + n(3) as usize;
        let acts = (0..40)
            .map(|_| match n(24) {
                0..=8 => Act::Send { who: n(99), channel: n(99) },
                9..=10 => Act::Edit { who: n(99), message: n(999) },
                11 => Act::Delete { who: n(99), message: n(999) },
                12..=13 => Act::React { who: n(99), message: n(999) },
                14 => Act::Channel { who: n(99) },
                15 => Act::Kill { who: n(99) },
                16..=17 => Act::Boot { who: n(99) },
                18 => Act::Partition { groups: n(1 << 16) },
                19 => Act::Heal,
                20 => Act::Skew { who: n(99), minutes: n(121) },
                _ => Act::Wait { ms: 1 + n(4_000) },
            })
            .collect();
        Self { seed, hosts, acts }
    }
    fn write(&self) -> String {
        let mut out = format!("seed {}\nhosts {}\n", self.seed, self.hosts);
        for act in &self.acts {
            let line = match act {
                Act::Send { who, channel } => format!("send {who} {channel}"),
                Act::Edit { who, message } => format!("edit {who} {message}"),
                Act::Delete { who, message } => format!("delete {who} {message}"),
                Act::React { who, message } => format!("react {who} {message}"),
                Act::Channel { who } => format!("channel {who}"),
                Act::Kill { who } => format!("kill {who}"),
                Act::Boot { who } => format!("boot {who}"),
                Act::Partition { groups } => format!("partition {groups}"),
                Act::Heal => "heal".into(),
                Act::Skew { who, minutes } => format!("skew {who} {minutes}"),
                Act::Wait { ms } => format!("wait {ms}"),
            };
            writeln!(out, "{line}").unwrap();
        }
        out
    }
    fn read(text: &str) -> Self {
        let mut plan = Self { seed: 0, hosts: 3, acts: Vec::new() };
        for line in text.lines().filter(|l| !l.trim().is_empty()) {
            let mut words = line.split_whitespace();
            let name = words.next().unwrap();
            let mut n = || words.next().unwrap().parse::<u64>().unwrap();
            match name {
                "seed" => plan.seed = n(),
                "hosts" => plan.hosts = n() as usize,
                "send" => plan.acts.push(Act::Send { who: n(), channel: n() }),
                "edit" => plan.acts.push(Act::Edit { who: n(), message: n() }),
                "delete" => plan.acts.push(Act::Delete { who: n(), message: n() }),
                "react" => plan.acts.push(Act::React { who: n(), message: n() }),
                "channel" => plan.acts.push(Act::Channel { who: n() }),
                "kill" => plan.acts.push(Act::Kill { who: n() }),
                "boot" => plan.acts.push(Act::Boot { who: n() }),
                "partition" => plan.acts.push(Act::Partition { groups: n() }),
                "heal" => plan.acts.push(Act::Heal),
                "skew" => plan.acts.push(Act::Skew { who: n(), minutes: n() }),
                "wait" => plan.acts.push(Act::Wait { ms: n() }),
                other => panic!("a plan says {other}"),
            }
        }
        plan
    }
}

/// What was acknowledged: by message, its author, channel, last acknowledged text, and whether it was deleted.
struct Said {
    author: usize,
    channel: ChannelId,
    text: String,
    deleted: bool,
}

struct Life {
    w: World,
    up: Vec<bool>,
    space: SpaceId,
    channels: Vec<ChannelId>,
    said: BTreeMap<EntryId, Said>,
    order: Vec<EntryId>,
}

impl Life {
    fn start(plan: &Plan) -> Self {
        let mut w = World::new(plan.hosts, plan.seed);
        let (space, general) = found(&mut w, 0);
        let (link, _) = invite(&mut w, 0, space, None);
        (1..plan.hosts).for_each(|i| join(&mut w, i, &link));
        agree(&mut w, &(0..plan.hosts).collect::<Vec<_>>(), space, 60_000);
        w.gossip_loss = 30;
        let up = vec![true; plan.hosts];
        Self { w, up, space, channels: vec![general], said: BTreeMap::new(), order: Vec::new() }
    }
    fn pick(&self, who: u64) -> Option<usize> {
        let up: Vec<usize> = (0..self.up.len()).filter(|i| self.up[*i]).collect();
        (!up.is_empty()).then(|| up[(who as usize) % up.len()])
    }
    fn message(&self, n: u64) -> Option<EntryId> {
        (!self.order.is_empty()).then(|| self.order[(n as usize) % self.order.len()])
    }
    fn act(&mut self, step: usize, act: Act) {
        match act {
            Act::Send { who, channel } => {
                let Some(i) = self.pick(who) else { return };
                let channel = self.channels[(channel as usize) % self.channels.len()];
                let text = format!("{step} by {i}");
                let sent = self.w.ask(i, NodeCommand::MessageSend { channel, text: text.clone(), reply_to: None });
                if let Ok(NodeReply::Message { message }) = sent {
                    self.said.insert(message, Said { author: i, channel, text, deleted: false });
                    self.order.push(message);
                }
            }
            Act::Edit { message, .. } => {
                // Only its author may, and only while up; a text is then the last one it said.
                let Some(message) = self.message(message) else { return };
                let author = self.said[&message].author;
                let text = format!("{step} edited");
                if self.up[author]
                    && self.w.ask(author, NodeCommand::MessageEdit { message, text: text.clone() }).is_ok()
                {
                    self.said.get_mut(&message).unwrap().text = text;
                }
            }
            Act::Delete { message, .. } => {
                let Some(message) = self.message(message) else { return };
                let author = self.said[&message].author;
                if self.up[author] && self.w.ask(author, NodeCommand::MessageDelete { message }).is_ok() {
                    self.said.get_mut(&message).unwrap().deleted = true;
                }
            }
            Act::React { who, message } => {
                let (Some(i), Some(message)) = (self.pick(who), self.message(message)) else { return };
                let _ = self.w.ask(i, NodeCommand::MessageReact { message, emoji: "👍".into(), on: true });
            }
            Act::Channel { who: _ } => {
                let create = NodeCommand::ChannelCreate {
                    community: self.space,
                    name: format!("room {step}"),
                    kind: ChannelKind::Text,
                    sealed: false,
                };
                if self.up[0]
                    && let Ok(NodeReply::Channel { channel }) = self.w.ask(0, create)
                {
                    self.channels.push(channel);
                }
            }
            Act::Kill { who } => {
                if let Some(i) = self.pick(who) {
                    self.w.kill(i);
                    self.up[i] = false;
                }
            }
            Act::Boot { who } => {
                let down: Vec<usize> = (0..self.up.len()).filter(|i| !self.up[*i]).collect();
                if !down.is_empty() {
                    let i = down[(who as usize) % down.len()];
                    self.w.boot(i);
                    self.up[i] = true;
                }
            }
            Act::Partition { groups } => {
                let (a, b): (Vec<usize>, Vec<usize>) = (0..self.up.len()).partition(|i| groups >> i & 1 == 0);
                self.w.partition(&[&a, &b]);
            }
            Act::Heal => self.w.heal(),
            Act::Skew { who, minutes } => {
                let i = (who as usize) % self.up.len();
                self.w.skew(i, (minutes as i64 - 60) * 60_000);
            }
            Act::Wait { ms } => self.w.run(ms),
        }
    }
    fn end(&mut self, plan: &Plan) {
        let all: Vec<usize> = (0..self.up.len()).collect();
        self.w.heal();
        for i in &all {
            if !self.up[*i] {
                self.w.boot(*i);
            }
        }
        for j in &all[1..] {
            self.w.discover(0, *j);
        }
        self.w.run(1_000);
        agree(&mut self.w, &all, self.space, 90_000);
        for channel in self.channels.clone() {
            let seen: Vec<_> = all.iter().map(|i| list(&mut self.w, *i, channel)).collect();
            // What claims to be from the future stands where it came in, so only true clocks make one order.
            let clocks_true = !plan.acts.iter().any(|a| matches!(a, Act::Skew { .. }));
            let words = |i: usize| -> Vec<_> {
                let word = |m: &MessageView| (m.message, m.text.clone(), m.deleted, m.edited, m.reactions.len());
                let mut all: Vec<_> = seen[i].iter().map(word).collect();
                if !clocks_true {
                    all.sort();
                }
                all
            };
            for i in &all {
                assert_eq!(words(0), words(*i), "0 and {i} show different things");
            }
            let shown: BTreeMap<EntryId, _> = seen[0].iter().map(|m| (m.message, m)).collect();
            for (id, said) in self.said.iter().filter(|(_, s)| s.channel == channel) {
                let m = shown.get(id).unwrap_or_else(|| panic!("{} was acknowledged and is lost", said.text));
                assert_eq!(m.deleted, said.deleted, "deleting {}", said.text);
                if !said.deleted {
                    assert_eq!(m.text, said.text, "the last text that was acknowledged");
                }
            }
        }
    }
}

fn live(plan: &Plan) {
    let mut life = Life::start(plan);
    for (step, act) in plan.acts.iter().enumerate() {
        life.act(step, *act);
    }
    life.end(plan);
}

fn folder() -> PathBuf {
    PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("tests/plans")
}

#[test]
fn after_any_life_all_agree_and_nothing_acknowledged_is_lost() {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
    let seeds = match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SEEDS").unwrap_or(30),
    };
    for seed in seeds {
        let plan = Plan::of(seed);
        if std::panic::catch_unwind(|| live(&plan)).is_err() {
            let path = folder().join(format!("seed-{seed}.txt"));
            std::fs::create_dir_all(folder()).unwrap();
            std::fs::write(&path, plan.write()).unwrap();
            panic!("seed {seed} fails; its plan is saved in tests/plans");
        }
    }
}

#[test]
fn plans_that_failed_once_hold() {
    let mut plans: Vec<PathBuf> =
        std::fs::read_dir(folder()).into_iter().flatten().filter_map(|e| Some(e.ok()?.path())).collect();
    plans.retain(|p| p.extension().is_some_and(|e| e == "txt"));
    plans.sort();
    for path in plans {
        live(&Plan::read(&std::fs::read_to_string(&path).unwrap()));
    }
}

#[test]
fn a_saved_plan_is_the_plan() {
    let plan = Plan::of(5);
    let again = Plan::read(&plan.write());
    assert_eq!((plan.seed, plan.hosts, &plan.acts), (again.seed, again.hosts, &again.acts));
}
