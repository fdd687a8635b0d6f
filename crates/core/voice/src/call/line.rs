//! What one's own line can send: said by somebody, measured by trains of padding, shown while one relays, or assumed.

use super::Call;
use crate::{
    CallMessage, Warning, limits,
    rank::need_kbps,
    uplink::{Arriving, Finding, ProbeFrame, Seen, judge},
};
use hearth_ports::rtc::{MediaFrame, MediaRoute, RtcCommand};
use hearth_types::PeerKey;
use std::collections::{BTreeMap, VecDeque};

/// What is known of the line, and what it cost to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// What it is taken to send, kbit/s.
    pub kbps: u32,
    /// Measured.
    pub measured: bool,
    /// Somebody said so.
    pub said: bool,
    /// Bytes sent to measure it, as they are on the wire.
    pub probe_bytes: u64,
}

#[derive(Default)]
pub(crate) struct OwnLine {
    said_kbps: Option<u32>,
    measured_kbps: Option<u32>,
    /// The rate that the last row of trains was to show.
    aimed_kbps: u32,
    narrow_times: u64,
    next_us: u64,
    /// Rate of the next train, and what the last one found where it was of the same rate and in doubt.
    row: Option<(u32, Option<u32>)>,
    train: Option<Train>,
    trains: u32,
    probe_bytes: u64,
    /// Bytes of frames sent since the last report, and the kbit/s of the reports before.
    sent_bytes: u64,
    sent_since_us: u64,
    sent_kbps: VecDeque<u32>,
    busy_bad: u32,
    busy_good: u32,
}

/// A train under way.
struct Train {
    id: u32,
    kbps: u32,
    beside_kbps: u32,
    start_us: u64,
    count: u16,
    sent: u16,
    peers: Vec<PeerKey>,
    seen: BTreeMap<PeerKey, (u16, u32)>,
}

impl Train {
    /// When the packet is due.
    fn due_us(&self, index: u16) -> u64 {
        self.start_us + limits::PROBE_US * u64::from(index) / u64::from(self.count.max(1))
    }
    fn to(&self, index: u16) -> Option<PeerKey> {
        self.peers.get(usize::from(index) % self.peers.len().max(1)).copied()
    }
}

impl OwnLine {
    pub fn new(said_kbps: Option<u32>, next_us: u64) -> Self {
        Self { said_kbps, next_us, ..Self::default() }
    }
    pub fn kbps(&self) -> u32 {
        self.said_kbps.or(self.measured_kbps).unwrap_or(limits::UPLINK_KBPS)
    }
    pub fn is_known(&self) -> bool {
        self.said_kbps.or(self.measured_kbps).is_some()
    }
    pub fn say(&mut self, kbps: u32) {
        self.said_kbps = Some(kbps);
        (self.row, self.train) = (None, None);
    }
    /// Another network: nothing is known of it.
    pub fn forget(&mut self, next_us: u64) {
        *self =
            Self { said_kbps: self.said_kbps, trains: self.trains, probe_bytes: self.probe_bytes, ..Self::default() };
        self.next_us = next_us;
    }
    pub fn sends(&mut self, peers: usize, payload: usize) {
        self.sent_bytes += (peers * (payload + limits::WIRE_BYTES)) as u64;
    }
    /// When the next packet of a train is due.
    pub fn wake_us(&self) -> Option<u64> {
        let train = self.train.as_ref().filter(|t| t.sent < t.count)?;
        Some(train.due_us(train.sent).max(train.start_us + limits::PROBE_PACE_US))
    }
    fn narrow(&mut self, kbps: u32, now_us: u64) {
        self.measured_kbps = Some(kbps);
        self.narrow_times += 1;
        self.row = None;
        self.next_us = now_us + limits::PROBE_AGAIN_US * self.narrow_times;
    }
    /// It carried `kbps`; what was assumed stands where that is more.
    fn carried(&mut self, kbps: u32) {
        self.measured_kbps = Some(kbps.max(limits::UPLINK_KBPS));
        self.narrow_times = 0;
        self.row = None;
    }
}

impl Call {
    /// What is known of one's own line.
    pub fn line(&self) -> Line {
        let line = &self.line;
        let said = line.said_kbps.is_some();
        Line { kbps: line.kbps(), measured: !said && line.measured_kbps.is_some(), said, probe_bytes: line.probe_bytes }
    }

    /// Sends what is due of a train, judges one that is answered, begins one where that disturbs nobody.
    pub(super) fn tend_line(&mut self) {
        let now = self.now;
        let Some(train) = &mut self.line.train else { return };
        if self.leaving_us.is_some() {
            self.line.train = None;
            return;
        }
        let mut due = Vec::new();
        while train.sent < train.count && train.due_us(train.sent) <= now {
            let index = train.sent;
            let at_us = (now - train.start_us) as u32;
            let frame = ProbeFrame { train: train.id, index, count: train.count, at_us };
            due.extend(train.to(index).map(|peer| (peer, frame)));
            train.sent += 1;
        }
        let answered = train.seen.len() == train.peers.len();
        let over = train.sent == train.count && (answered || now >= train.start_us + limits::PROBE_ANSWER_US);
        for (peer, frame) in due {
            self.line.probe_bytes += (limits::PROBE_BYTES + limits::WIRE_BYTES) as u64;
            let frame = MediaFrame { slot: 0, timestamp: 0, level: 127, voice: false, payload: frame.to_bytes() };
            self.out.push_back(crate::Output::Rtc(RtcCommand::Send { peers: vec![peer], frame }));
        }
        if over {
            self.judge_train();
        }
    }

    fn judge_train(&mut self) {
        let now = self.now;
        let Some(train) = self.line.train.take() else { return };
        let (rate, before) = self.line.row.take().unwrap_or((train.kbps, None));
        self.line.next_us = now + limits::PROBE_PAUSE_US;
        if train.seen.is_empty() {
            // Nobody answers: old, or gone. Another row, later.
            self.line.next_us = now + limits::PROBE_AGAIN_US;
            return;
        }
        let sent =
            |peer: &PeerKey| (train.count / 2..train.count).filter(|n| train.to(*n) == Some(*peer)).count() as u16;
        let told = train.seen.iter();
        let seen: Vec<_> =
            told.map(|(p, (came, grown_us))| Seen { sent: sent(p), came: *came, grown_us: *grown_us }).collect();
        match judge(rate, &seen) {
            Finding::Carries if rate >= self.line.aimed_kbps => self.line.carried(rate),
            Finding::Carries => {
                self.line.row = Some(((rate * 2).min(self.line.aimed_kbps), None));
            }
            // A busy receiver looks like a narrow line, once.
            Finding::Narrow { kbps, certain: false } if before.is_none() => {
                self.line.row = Some((rate, Some(kbps)));
            }
            // What an earlier train of a lower rate had carried may have been a burst allowance: it says nothing.
            Finding::Narrow { kbps, .. } => self.line.narrow(before.unwrap_or(0).max(kbps) + train.beside_kbps, now),
        }
    }

    /// Once a tick: whether to send a train now.
    pub(super) fn consider_line(&mut self) {
        self.answer_trains();
        let now = self.now;
        let talkers = self.talker_count();
        let need = need_kbps(talkers.max(limits::MESH_MAX + 1));
        let aim = (need * limits::PROBE_AIM).min(limits::PROBE_MAX_KBPS);
        let line = &self.line;
        // A line that showed enough for this room is left alone; a narrow one is tried again now and then.
        let wanted = line.row.is_some()
            || line.measured_kbps.is_none()
            || line.narrow_times > 0
            || line.aimed_kbps < aim && line.kbps() < need + need / 2;
        let may = self.own.may_relay && !self.own.relay_only && self.leaving_us.is_none();
        if line.said_kbps.is_some() || line.train.is_some() || now < line.next_us || !wanted || !may {
            return;
        }
        if talkers < limits::PROBE_FROM || self.agreed.transition.is_some() {
            return;
        }
        let kbps = line.row.map_or(aim >> limits::PROBE_STEPS, |(rate, _)| rate);
        let beside_kbps = line.sent_kbps.back().copied().unwrap_or(0);
        if beside_kbps > aim / 4 || self.loss_seen().is_some_and(|loss| loss >= limits::PROBE_LOSS) {
            return;
        }
        let straight = |p: &PeerKey| matches!(self.links.route(p), Some(MediaRoute::Lan | MediaRoute::Direct));
        let mut peers: Vec<_> = self.members.keys().copied().filter(straight).collect();
        peers.truncate(limits::PROBE_PEERS);
        if peers.len() < limits::PROBE_PEERS_MIN {
            return;
        }
        let bits = (limits::PROBE_BYTES + limits::WIRE_BYTES) as u64 * 8;
        let count = u64::from(kbps) * limits::PROBE_US / (1000 * bits);
        let count = count.clamp(2 * peers.len() as u64, u64::from(limits::PROBE_PACKETS)) as u16;
        if self.line.row.is_none() {
            self.line.row = Some((kbps, None));
            self.line.aimed_kbps = aim;
        }
        self.line.trains += 1;
        let (id, seen) = (self.line.trains, BTreeMap::new());
        self.line.train = Some(Train { id, kbps, beside_kbps, start_us: now, count, sent: 0, peers, seen });
        self.tend_line();
    }

    /// What others see of one's own packets, at the median of them.
    fn loss_seen(&self) -> Option<u16> {
        let me = self.me.peer;
        let fresh = self.now.saturating_sub(limits::REPORT_FRESH_US);
        let reports = self.members.values().filter_map(|p| p.report.as_ref().filter(|(_, at)| *at >= fresh));
        let mut seen: Vec<_> =
            reports.filter_map(|(r, _)| r.link(&me)).filter(|l| l.rtt_ms.is_some()).map(|l| l.loss_permille).collect();
        seen.sort_unstable();
        seen.get(seen.len() / 2).copied()
    }

    /// With every report: a relay at work shows what its line carries, without a byte more.
    pub(super) fn watch_line(&mut self) {
        let passed_us = self.now - self.line.sent_since_us;
        let kbps = std::mem::take(&mut self.line.sent_bytes) * 8000 / passed_us.max(1);
        self.line.sent_since_us = self.now;
        self.line.sent_kbps.push_back(kbps.min(u64::from(u32::MAX)) as u32);
        if self.line.sent_kbps.len() > limits::BUSY_REPORTS as usize {
            self.line.sent_kbps.pop_front();
        }
        let loss = self.loss_seen();
        let line = &mut self.line;
        // What is told of loss is a mean over some seconds, so it is set against the most that was sent in them.
        let most = line.sent_kbps.iter().max().copied().unwrap_or(0);
        let (Some(loss), true) = (loss, self.agreed.epoch.and_then(|e| e.relay) == Some(self.me.peer)) else {
            (line.busy_bad, line.busy_good) = (0, 0);
            return;
        };
        if most < limits::BUSY_KBPS || line.said_kbps.is_some() {
            (line.busy_bad, line.busy_good) = (0, 0);
        } else if loss >= limits::BUSY_LOSS {
            (line.busy_bad, line.busy_good) = (line.busy_bad + 1, 0);
        } else if loss < limits::PROBE_LOSS {
            (line.busy_bad, line.busy_good) = (0, line.busy_good + 1);
        }
        let through = (u64::from(most) * u64::from(1000 - loss.min(1000)) / 1000) as u32;
        if line.busy_bad >= limits::BUSY_REPORTS {
            line.busy_bad = 0;
            line.narrow(through.min(line.kbps()), self.now);
        } else if line.busy_good >= 2 * limits::BUSY_REPORTS && line.measured_kbps.is_none() {
            line.carried(most);
        }
    }

    /// A packet of somebody's train.
    pub(super) fn heard_probe(&mut self, via: PeerKey, frame: ProbeFrame) {
        let now = self.now;
        let Some(p) = self.members.get_mut(&via) else { return };
        if !p.probes.take(limits::PROBES_PER_SECOND, limits::PROBES_BURST, now) {
            return self.warn(Warning::Flood { peer: via });
        }
        match &mut p.train {
            Some(train) if train.train == frame.train => train.take(frame, now),
            // One train at a time is answered.
            Some(train) if !train.told => {}
            train => *train = Some(Arriving::new(frame, now)),
        }
    }

    fn answer_trains(&mut self) {
        let mut answers = Vec::new();
        for (peer, p) in &mut self.members {
            if let Some(train) = p.train.as_mut().filter(|t| !t.told && t.is_over(self.now)) {
                train.told = true;
                let (came, grown_us) = train.seen();
                answers.push((*peer, CallMessage::Probed { train: train.train, came, grown_us }));
            }
        }
        for (peer, answer) in answers {
            self.say(peer, &answer);
        }
    }

    pub(super) fn heard_probed(&mut self, peer: PeerKey, train: u32, came: u16, grown_us: u32) {
        if let Some(t) = self.line.train.as_mut().filter(|t| t.id == train && t.peers.contains(&peer)) {
            t.seen.insert(peer, (came, grown_us));
        }
    }
}
