//! Who should relay: the same answer for the same reports, whatever their order (research, 5.3).

use crate::{CallId, Report, limits};
use hearth_crypto::hash;
use hearth_types::PeerKey;
use std::{cmp::Reverse, collections::BTreeMap};

/// A candidate and its score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ranked {
    /// Who.
    pub peer: PeerKey,
    /// Sixteenths.
    pub score: u32,
    /// May relay, and its line can carry the room.
    pub carries: bool,
    /// Carries, and nobody's link to it failed.
    pub fit: bool,
}

/// Best first: the fit before the others, then by score, then by a hash that changes with every epoch.
///
/// `reports` are everybody's, by peer, oneself and volunteers included; `talkers` is how many will listen.
pub fn rank(call: CallId, epoch: u64, talkers: usize, reports: &BTreeMap<PeerKey, Report>) -> Vec<Ranked> {
    let mut all: Vec<_> = reports
        .iter()
        .map(|(peer, own)| {
            let need = need_kbps(talkers);
            let seen: Vec<_> = reports
                .iter()
                .filter(|(other, _)| *other != peer)
                .filter_map(|(_, report)| report.link(peer))
                .collect();
            let cut_off = seen.iter().any(|l| l.failed);
            let carries = own.may_relay && own.uplink_kbps >= need + need / 2;
            let fit = carries && !cut_off;
            let tie = hash("hearth/call/rank/1", &[&call.0, &epoch.to_be_bytes(), &peer.0]);
            let mut rtts: Vec<u16> = seen.iter().filter_map(|l| l.rtt_ms).collect();
            rtts.sort_unstable();
            let loss =
                seen.iter().map(|l| u32::from(l.loss_permille.min(1000))).sum::<u32>() / seen.len().max(1) as u32;
            let score = score(own, need, rtts.get(rtts.len() / 2).copied(), loss);
            (Ranked { peer: *peer, score, carries, fit }, tie)
        })
        .collect();
    all.sort_by_key(|(r, tie)| (Reverse(r.fit), Reverse(r.score), *tie));
    all.into_iter().map(|(r, _)| r).collect()
}

/// What a relay of so many sends, kbit/s.
pub fn need_kbps(talkers: usize) -> u32 {
    (talkers.saturating_sub(1) as u32).saturating_mul(limits::STREAMS * limits::STREAM_KBPS)
}

/// Hash over the reports a ranking rests on.
pub fn reports_hash(reports: &BTreeMap<PeerKey, Report>) -> [u8; 32] {
    let hashes: Vec<_> = reports.values().map(Report::hash).collect();
    let parts: Vec<&[u8]> = hashes.iter().map(|h| &h[..]).collect();
    hash("hearth/call/reports/1", &parts)
}

/// 0.4 spare uplink, 0.3 nearness, 0.2 stability, 0.1 reserve (whether it may relay at all), in sixteenths. A peer
/// nobody has a link to counts as half as near as can be, and a line that is only assumed as half as wide at most.
fn score(own: &Report, need: u32, rtt_ms: Option<u16>, loss_permille: u32) -> u32 {
    let uplink = (u64::from(own.uplink_kbps) * 1000 / u64::from(need.max(1) * 3)).min(1000) as u32;
    let uplink = if own.uplink_known { uplink } else { uplink.min(500) };
    let near = rtt_ms.map_or(500, |ms| 1000 - u32::from(ms).min(200) * 5);
    // Ten minutes are as good as an hour; a loss of a tenth is as bad as can be.
    let stable = (own.uptime_s.min(600) * 1000 / 600) * (100 - loss_permille.min(100)) / 100;
    let reserve = if own.may_relay { 1000 } else { 0 };
    (uplink * 4 + near * 3 + stable * 2 + reserve) * 16 / 10_000
}
