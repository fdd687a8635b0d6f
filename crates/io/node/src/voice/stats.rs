//! `voice.stats`: how the call runs, in numbers.

use super::live::{Live, Talker};
use hearth_ports::{
    UplinkBy, VoicePeerStats, VoiceStatsView, VoiceUplink,
    rtc::{MediaRoute, MediaState},
};

impl Live {
    pub(crate) fn stats(&self) -> VoiceStatsView {
        VoiceStatsView {
            channel: self.channel,
            topology: self.way(),
            relay: self.relay(),
            safety_code: self.call.safety_code(),
            bitrate: self.bitrate,
            uplink: self.uplink(),
            peers: self.members.values().filter(|t| !t.member.relay).map(|t| self.peer_stats(t)).collect(),
        }
    }

    fn uplink(&self) -> VoiceUplink {
        let line = self.call.line();
        let by = match () {
            () if line.said => UplinkBy::Said,
            () if line.measured => UplinkBy::Measured,
            () => UplinkBy::Assumed,
        };
        VoiceUplink { kbps: line.kbps, by, probe_bytes: line.probe_bytes }
    }

    fn peer_stats(&self, t: &Talker) -> VoicePeerStats {
        let s = t.stats;
        let all = s.received + s.lost;
        VoicePeerStats {
            user: t.member.user,
            peer: t.member.peer,
            loss: if all == 0 { 0.0 } else { s.lost as f32 / all as f32 },
            jitter_ms: s.jitter_ms,
            delay_ms: s.delay_ms,
            concealed: s.concealed,
            played: s.played,
            bitrate: t.bitrate,
            route: self.route(t),
            proven: t.proven,
        }
    }

    fn route(&self, t: &Talker) -> Option<String> {
        let relay = self.topology.and_then(|t| t.relay);
        if relay.is_some_and(|r| r != t.member.peer && r != self.me.peer) {
            return Some("relay".into());
        }
        match self.states.get(&t.member.peer)? {
            MediaState::Connected(MediaRoute::Lan) => Some("lan".into()),
            MediaState::Connected(MediaRoute::Direct) => Some("direct".into()),
            MediaState::Connected(MediaRoute::Turn) => Some("turn".into()),
            _ => None,
        }
    }
}
