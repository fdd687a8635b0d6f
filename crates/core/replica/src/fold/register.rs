//! A register: versions that name what they replace. Nothing here looks at a clock.

use hearth_types::{EntryId, limits};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

/// What no standing version replaces wins, then senior rank, then larger id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Register {
    /// Versions nothing replaces: rank of the act, and rank below which a replacer has to be, if that matters.
    heads: BTreeMap<EntryId, (u16, Option<u16>)>,
    /// The same, the winner first.
    order: BTreeSet<(u16, Reverse<EntryId>)>,
    /// Most senior rank that replaces a version, here or still to come.
    replaced: BTreeMap<EntryId, u16>,
}

impl Register {
    /// Adds a version by an act of `rank`. Only an act strictly senior to `guard` replaces it, if there is one.
    pub(crate) fn add(&mut self, id: EntryId, rank: u16, guard: Option<u16>, replaces: &[EntryId]) {
        for old in replaces {
            let senior = self.replaced.entry(*old).or_insert(rank);
            *senior = rank.min(*senior);
            if let Some((made, guard)) = self.heads.get(old).copied()
                && reaches(*senior, guard)
            {
                self.heads.remove(old);
                self.order.remove(&(made, Reverse(*old)));
            }
        }
        if !self.replaced.get(&id).is_some_and(|senior| reaches(*senior, guard)) {
            self.heads.insert(id, (rank, guard));
            self.order.insert((rank, Reverse(id)));
        }
    }

    pub(crate) fn winner(&self) -> Option<EntryId> {
        self.order.first().map(|(_, id)| id.0)
    }

    /// The winner and what stands beside it, as many as one act can replace.
    pub(crate) fn heads(&self) -> Vec<EntryId> {
        self.order.iter().take(limits::REPLACES).map(|(_, id)| id.0).collect()
    }
}

fn reaches(rank: u16, guard: Option<u16>) -> bool {
    guard.is_none_or(|guard| rank < guard)
}
