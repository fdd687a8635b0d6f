//! What is told: reports to the others, warnings and advice to whoever drives the call.

use super::Call;
use crate::{CallMessage, Output, Report, Warning, advice, limits, report::LinkReport};
use hearth_ports::audio::Encoding;
use std::collections::{BTreeMap, VecDeque};

/// What was told already.
#[derive(Default)]
pub(crate) struct Told {
    warnings: BTreeMap<Warning, u64>,
    pub advice: Option<Encoding>,
    counter: u64,
}

impl Told {
    pub fn warn(&mut self, warning: Warning, now_us: u64, out: &mut VecDeque<Output>) {
        self.warnings.retain(|_, at| now_us < *at + limits::WARNING_US);
        if !self.warnings.contains_key(&warning) && self.warnings.len() < limits::WARNINGS {
            self.warnings.insert(warning, now_us);
            out.push_back(Output::Warning(warning));
        }
    }
}

impl Call {
    /// One's own report, to all; and what theirs mean for one's own voice.
    pub(super) fn report(&mut self) {
        let period = limits::REPORT_US * (self.members.len() as u64 / limits::REPORT_MEMBERS + 1);
        if self.agreed.own_report.is_some() && self.now < self.agreed.reported_us + period {
            return;
        }
        self.agreed.reported_us = self.now;
        self.watch_line();
        for h in self.hearing.values_mut() {
            let all = h.received + h.lost;
            if all >= 10 {
                let now = (h.lost * 1000 / all) as u16;
                h.loss_permille = ((u32::from(h.loss_permille) * 3 + u32::from(now)) / 4) as u16;
                (h.received, h.lost) = (0, 0);
            }
        }
        let links = self.members.values().filter_map(|p| {
            let peer = p.m.peer;
            let link = self.links.get(&peer).filter(|_| self.links.is_up(&peer));
            let voice = self.hearing.get(&p.m.device).map_or(0, |h| h.loss_permille);
            let failed = self.links.has_failed(&peer);
            (link.is_some() || failed || voice > 0).then_some(LinkReport {
                peer,
                rtt_ms: link.map(|l| l.rtt_ms),
                failed,
                loss_permille: link.map_or(0, |l| l.loss_permille),
                voice_loss_permille: voice,
            })
        });
        self.told.counter += 1;
        let may_relay = self.own.may_relay && self.leaving_us.is_none();
        let uptime_s = ((self.now - self.started_us) / 1_000_000).min(u64::from(u32::MAX)) as u32;
        let blank = Report::unsigned(self.told.counter, self.line.kbps(), may_relay, uptime_s, links.collect());
        let epoch_hash = self.agreed.epoch.map_or([0; 32], |e| e.hash());
        let uplink_known = self.line.is_known();
        let report = Report { epoch: self.epoch_number(), epoch_hash, uplink_known, ..blank };
        let report = report.sign(self.call, &self.key);
        self.say_to_all(&CallMessage::Report(report.clone()));
        self.agreed.own_report = Some(report);
        self.advise();
    }

    fn advise(&mut self) {
        let me = self.me.peer;
        let fresh = self.now.saturating_sub(limits::REPORT_FRESH_US);
        let mut losses: Vec<_> = self
            .talkers()
            .filter_map(|p| p.report.as_ref().filter(|(_, at)| *at >= fresh))
            .map(|(r, _)| r.link(&me).map_or(0, |l| l.voice_loss_permille.max(l.loss_permille)))
            .collect();
        let (direct, forward) = self.own_targets();
        let streams = direct.len() + if forward { self.talkers().count() * limits::STREAMS as usize } else { 0 };
        let advice = advice::encoding(&mut losses, streams, self.line.kbps());
        if self.told.advice != Some(advice) {
            self.told.advice = Some(advice);
            self.out.push_back(Output::Advice(advice));
        }
    }
}
