//! What one's own line can send: said by somebody, measured by trains of padding, shown while one relays, or assumed.

use super::Call;
use crate::{
    CallMessage, Warning, limits,
    rank::need_kbps,
    uplink::{Arriving, ProbeFrame, Seen, carried_kbps},
};
use hearth_crypto::Entropy;
use hearth_ports::rtc::{MediaFrame, MediaRoute, RtcCommand};
use hearth_types::PeerKey;
use std::collections::{BTreeMap, VecDeque};

/// What is known of the line, and what it cost to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// What it is taken to send, kbit/s.
    pub kbps: u32,
    /// Measured here or in an earlier call on this line.
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
    /// Rate of the next train, and what the last one showed where it was of the same rate and less came.
    row: Option<(u32, Option<u32>)>,
    train: Option<Train>,
    trains: u32,
    probe_bytes: u64,
    /// When one last spoke.
    spoke_us: Option<u64>,
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
    start_us: u64,
    sent: usize,
    peers: Vec<PeerKey>,
    /// Which of `peers` gets each packet. At random, since a line that drops every third packet drops them in turn too.
    deal: Vec<u8>,
    seen: BTreeMap<PeerKey, (u16, u32)>,
}

impl Train {
    fn is_sent(&self) -> bool {
        self.sent >= self.deal.len()
    }
    fn due_us(&self, index: usize) -> u64 {
        limits::PROBE_US * index as u64 / self.deal.len().max(1) as u64
    }
    fn to(&self, index: usize) -> Option<PeerKey> {
        let at = *self.deal.get(index)?;
        self.peers.get(usize::from(at) % self.peers.len().max(1)).copied()
    }
    fn seen_by(&self, peer: &PeerKey, (came, grown_us): (u16, u32)) -> Seen {
        let half = self.deal.len() / 2..self.deal.len();
        let sent = half.filter(|index| self.to(*index).as_ref() == Some(peer)).count() as u32;
        Seen { sent, came: u32::from(came), grown_us }
    }
}

impl OwnLine {
    pub fn new(said_kbps: Option<u32>, measured_kbps: Option<u32>, next_us: u64) -> Self {
        Self { said_kbps, measured_kbps, next_us, ..Self::default() }
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
        let Self { said_kbps, trains, probe_bytes, spoke_us, .. } = *self;
        *self = Self { said_kbps, trains, probe_bytes, spoke_us, next_us, ..Self::default() };
    }
    pub fn spoke(&mut self, now_us: u64) {
        self.spoke_us = Some(now_us);
    }
    pub fn sends(&mut self, peers: usize, payload: usize) {
        self.sent_bytes += (peers * (payload + limits::WIRE_BYTES)) as u64;
    }
    /// When packets of a train are due.
    pub fn wake_us(&self) -> Option<u64> {
        let train = self.train.as_ref().filter(|t| !t.is_sent())?;
        Some(train.start_us + train.due_us(train.sent).next_multiple_of(limits::PROBE_PACE_US))
    }
    fn narrow(&mut self, kbps: u32, now_us: u64) {
        self.measured_kbps = Some(kbps);
        self.narrow_times += 1;
        self.next_us = now_us + limits::PROBE_AGAIN_US * self.narrow_times;
    }
    /// It carried `kbps`; what was assumed stands where that is more.
    fn carried(&mut self, kbps: u32) {
        self.measured_kbps = Some(kbps.max(limits::UPLINK_KBPS));
        self.narrow_times = 0;
    }
    fn judge(&mut self, train: &Train, now_us: u64) {
        let (rate, before) = self.row.take().unwrap_or((train.kbps, None));
        let seen: Vec<_> = train.seen.iter().map(|(peer, seen)| train.seen_by(peer, *seen)).collect();
        let Some(kbps) = carried_kbps(rate, &seen) else {
            self.next_us = now_us + limits::PROBE_AGAIN_US;
            return;
        };
        self.next_us = now_us + limits::PROBE_PAUSE_US;
        if u64::from(kbps) * 1000 < u64::from(rate) * u64::from(limits::PROBE_SHARE) {
            // Busy receivers and trains that meet look like a narrow line, once.
            match before {
                None => self.row = Some((rate, Some(kbps))),
                Some(before) => self.narrow(before.max(kbps), now_us),
            }
        } else if rate < self.aimed_kbps {
            self.row = Some(((rate * 2).min(self.aimed_kbps), None));
        } else {
            self.carried(kbps);
        }
    }
}

impl Call {
    /// What is known of one's own line.
    pub fn line(&self) -> Line {
        let line = &self.line;
        let said = line.said_kbps.is_some();
        Line { kbps: line.kbps(), measured: !said && line.measured_kbps.is_some(), said, probe_bytes: line.probe_bytes }
    }

    /// Sends what is due of a train, and judges one that is answered.
    pub(super) fn tend_line(&mut self) {
        let now = self.now;
        let busy = self.line_is_busy();
        let Some(train) = &mut self.line.train else { return };
        if busy && !train.is_sent() {
            self.line.train = None;
            self.line.next_us = now + limits::PROBE_PAUSE_US;
            return;
        }
        let at_us = now - train.start_us;
        let count = train.deal.len() as u16;
        let mut due = Vec::new();
        while !train.is_sent() && train.due_us(train.sent) <= at_us {
            let frame = ProbeFrame { train: train.id, index: train.sent as u16, count, at_us: at_us as u32 };
            due.extend(train.to(train.sent).map(|peer| (peer, frame)));
            train.sent += 1;
        }
        let answered = train.seen.len() == train.peers.len();
        let over = train.is_sent() && (answered || at_us >= limits::PROBE_ANSWER_US);
        for (peer, frame) in due {
            self.line.probe_bytes += (limits::PROBE_BYTES + limits::WIRE_BYTES) as u64;
            let frame = MediaFrame { slot: 0, timestamp: 0, level: 127, voice: false, payload: frame.to_bytes() };
            self.out.push_back(crate::Output::Rtc(RtcCommand::Send { peers: vec![peer], frame }));
        }
        if over && let Some(train) = self.line.train.take() {
            self.line.judge(&train, now);
        }
    }

    /// Whether a voice needs the line now: one's own, or one that is passed on.
    fn line_is_busy(&self) -> bool {
        let spoke = self.line.spoke_us.is_some_and(|at| self.now < at + limits::PROBE_QUIET_US);
        let passes_on = self.is_relay() || self.now < self.agreed.ex_relay_until || !self.refugees().is_empty();
        let changes = self.agreed.transition.is_some() || self.agreed.heart.suspect.is_some();
        spoke || passes_on || changes || self.leaving_us.is_some()
    }

    /// Once a tick: whether to send a train now.
    pub(super) fn consider_line(&mut self) {
        self.answer_trains();
        let now = self.now;
        let talkers = self.talker_count();
        let line = &self.line;
        if line.said_kbps.is_some() || line.train.is_some() || now < line.next_us || talkers < limits::PROBE_FROM {
            return;
        }
        let need = need_kbps(talkers.max(limits::MESH_MAX + 1));
        let aim = (need * limits::PROBE_AIM).min(limits::PROBE_MAX_KBPS);
        // A line that showed enough for this room is left alone; a narrow one is tried again now and then.
        let wanted = line.row.is_some()
            || line.measured_kbps.is_none()
            || line.narrow_times > 0
            || line.aimed_kbps < aim && line.kbps() < need + need / 2;
        if !wanted || !self.own.may_relay || self.own.relay_only || self.line_is_busy() {
            return;
        }
        let straight = |p: &PeerKey| matches!(self.links.route(p), Some(MediaRoute::Lan | MediaRoute::Direct));
        let mut peers: Vec<_> = self.members.keys().copied().filter(straight).collect();
        if peers.len() < limits::PROBE_PEERS_MIN {
            return;
        }
        while peers.len() > limits::PROBE_PEERS {
            let at = usize::from(u16::from_be_bytes(self.entropy.array())) % peers.len();
            peers.swap_remove(at);
        }
        if self.line.row.is_none() {
            self.line.aimed_kbps = aim;
        }
        let (kbps, _) = *self.line.row.get_or_insert((aim / 2, None));
        let bits = (limits::PROBE_BYTES + limits::WIRE_BYTES) as u64 * 8;
        let count = u64::from(kbps) * limits::PROBE_US / (1000 * bits);
        let mut deal = vec![0; count.min(u64::from(limits::PROBE_PACKETS)) as usize];
        self.entropy.fill(&mut deal);
        self.line.trains += 1;
        let (id, seen) = (self.line.trains, BTreeMap::new());
        self.line.train = Some(Train { id, kbps, start_us: now, sent: 0, peers, deal, seen });
        self.tend_line();
    }

    /// What others see of one's own packets, at the median of them; nothing where too few say.
    fn loss_seen(&self) -> Option<u16> {
        let me = self.me.peer;
        let fresh = self.now.saturating_sub(limits::REPORT_FRESH_US);
        let reports = self.members.values().filter_map(|p| p.report.as_ref().filter(|(_, at)| *at >= fresh));
        let mut seen: Vec<_> =
            reports.filter_map(|(r, _)| r.link(&me)).filter(|l| l.rtt_ms.is_some()).map(|l| l.loss_permille).collect();
        seen.sort_unstable();
        seen.get(seen.len().saturating_sub(1) / 2).copied().filter(|_| seen.len() >= limits::PROBE_PEERS_MIN)
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
        let loss = self.loss_seen().filter(|_| self.is_relay());
        let line = &mut self.line;
        // What is told of loss is a mean over some seconds, so it is set against the most that was sent in them.
        let most = line.sent_kbps.iter().max().copied().unwrap_or(0);
        let Some(loss) = loss.filter(|_| most >= limits::BUSY_KBPS && line.said_kbps.is_none()) else {
            (line.busy_bad, line.busy_good) = (0, 0);
            return;
        };
        if loss >= limits::BUSY_LOSS {
            (line.busy_bad, line.busy_good) = (line.busy_bad + 1, 0);
        } else if loss < limits::BUSY_GOOD {
            (line.busy_bad, line.busy_good) = (0, line.busy_good + 1);
        }
        if line.busy_bad >= limits::BUSY_REPORTS {
            line.busy_bad = 0;
            let through = u64::from(most) * u64::from(1000 - loss.min(1000)) / 1000;
            line.narrow((through as u32).min(line.kbps()), self.now);
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

    /// The first answer of a receiver stands.
    pub(super) fn heard_probed(&mut self, peer: PeerKey, train: u32, came: u16, grown_us: u32) {
        if let Some(t) = self.line.train.as_mut().filter(|t| t.id == train && t.peers.contains(&peer)) {
            t.seen.entry(peer).or_insert((came, grown_us));
        }
    }
}
