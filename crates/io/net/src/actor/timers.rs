//! What is to happen later, in order.

use libp2p::{PeerId, swarm::ConnectionId};
use std::{collections::BTreeMap, time::Duration};
use tokio::time::Instant;

/// Something to look at again. Each checks whether it still applies, so none is ever called off.
#[derive(Debug, Clone, Copy)]
pub enum Timer {
    /// Close a peer's connections beside the one of its link.
    Reap(PeerId),
    /// Close a connection that led to no link.
    Settle(ConnectionId),
    /// Make a link of a connection that outlived the last one.
    Revive(PeerId),
    /// Try an attempt's further addresses.
    NextStage(u64),
    /// An attempt's time is over.
    GiveUp(u64),
    /// See whether there is a network at all.
    Interfaces,
    /// Close strangers' links that nobody uses.
    IdleSweep,
    /// Look for connections on which nothing comes any more.
    SilenceSweep,
}

/// The timers that are set.
#[derive(Default)]
pub struct Timers {
    set: BTreeMap<(Instant, u64), Timer>,
    count: u64,
}

impl Timers {
    /// Sets one.
    pub fn after(&mut self, delay: Duration, timer: Timer) {
        self.count += 1;
        self.set.insert((Instant::now() + delay, self.count), timer);
    }
    /// When to look next.
    pub fn next(&self) -> Instant {
        let far = || Instant::now() + Duration::from_secs(3_600);
        self.set.first_key_value().map_or_else(far, |((at, _), _)| *at)
    }
    /// The next one whose time has come.
    pub fn due(&mut self, now: Instant) -> Option<Timer> {
        let first = self.set.first_entry()?;
        if first.key().0 > now { None } else { Some(first.remove()) }
    }
}
