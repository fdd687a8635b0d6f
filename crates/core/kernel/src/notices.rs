//! Who is there and who types: signed notices with an end, never stored.

use crate::{
    author::unknown_channel,
    kernel::{Kernel, Timer},
};
use hearth_ports::{NodeEvent, NodeReply, Presence, Verdict};
use hearth_types::{ChannelId, Playing, SpaceId, UserId, limits};
use hearth_wire::{Ephemeral, Signal};

impl Kernel {
    /// Says in every community whether one is there, and sees that it is said again before it lapses.
    pub(crate) fn publish_presence(&mut self) {
        let state = match self.presence {
            Presence::Offline => 0,
            Presence::Idle => 1,
            Presence::Online => 2,
        };
        let playing = self.playing_of(self.user);
        if playing.is_some() {
            self.played_until_ms = self.now + limits::PRESENCE_MS;
        }
        for space in self.spaces.keys().copied().collect::<Vec<_>>() {
            self.notify(space, limits::PRESENCE_MS, Signal::Presence(state));
            // The end of a game is said as long as somebody may still believe in it.
            if self.now < self.played_until_ms {
                self.notify(space, limits::PRESENCE_MS, Signal::Playing(playing.clone()));
            }
        }
        self.presence_changed(self.user);
        self.reset_timer(Timer::Presence, limits::PRESENCE_MS / 3);
    }

    pub(crate) fn presence_set(&mut self, presence: Option<Presence>, playing: Option<Option<Playing>>) {
        self.presence = presence.unwrap_or(self.presence);
        if let Some(playing) = playing {
            self.playing = playing;
        }
        self.publish_presence();
    }

    pub(crate) fn notify(&mut self, space: SpaceId, lasts_ms: u64, signal: Signal) {
        // Rises across restarts too, since the clock does.
        self.notice_counter = (self.notice_counter + 1).max(self.now << 8);
        let notice = Ephemeral::sign(space, self.notice_counter, self.now + lasts_ms, signal, &self.keys.device);
        self.publish_notice(space, notice);
    }

    pub(crate) fn typing_send(&mut self, request: u64, channel: ChannelId) {
        let Some(space) = self.space_of_channel(channel) else { return self.reply(request, Err(unknown_channel())) };
        self.notify(space, limits::TYPING_MS, Signal::Typing(channel));
        self.reply(request, Ok(NodeReply::Done));
    }

    pub(crate) fn notice(&mut self, space: SpaceId, notice: Ephemeral) -> Verdict {
        let now = self.now;
        let own = self.keys.device.id();
        let Some(s) = self.spaces.get_mut(&space) else { return Verdict::Ignore };
        let Some(user) = s.replica.user_of(&notice.device).filter(|u| s.replica.is_member(u)) else {
            return Verdict::Ignore;
        };
        if !notice.holds(space) {
            return Verdict::Reject;
        }
        if notice.device == own {
            return Verdict::Ignore;
        }
        // An old notice that somebody sends again says nothing about its author's clock.
        if s.notices.get(&notice.device).is_some_and(|n| notice.counter <= n.counter) {
            return Verdict::Ignore;
        }
        if matches!(notice.signal, Signal::Presence(_)) {
            self.clock_sample(user, notice.expires_at_ms);
        }
        let Some(s) = self.spaces.get_mut(&space) else { return Verdict::Ignore };
        // A counter in the far future would silence its author for good: the lease is what counts.
        let until_ms = notice.expires_at_ms.min(now + limits::PRESENCE_MS * 2);
        let state = s.notices.entry(notice.device).or_default();
        state.counter = notice.counter;
        if notice.expires_at_ms <= now {
            return Verdict::Ignore;
        }
        match notice.signal {
            Signal::Presence(value) => {
                state.state = value.min(2);
                state.until_ms = until_ms;
                self.presence_changed(user);
            }
            Signal::Typing(channel) => {
                if now >= state.typing_quiet_until_ms && s.replica.state().channels.contains_key(&channel) {
                    state.typing_quiet_until_ms = now + limits::TYPING_EVERY_MS / 2;
                    self.event(NodeEvent::Typing { channel, user, until_ms: now + limits::TYPING_MS });
                }
            }
            Signal::Voice(place) => {
                let until_ms = until_ms.min(now + limits::VOICE_MS);
                self.voice_notice(space, notice.device, place, until_ms);
            }
            Signal::Playing(playing) => {
                // The end of a game is always taken, another one not too often: it is said again in any case.
                let other = playing.is_some() && playing.as_ref() != state.playing.as_ref().map(|(playing, _)| playing);
                if !other || now >= state.playing_quiet_until_ms {
                    if other {
                        state.playing_quiet_until_ms = now + limits::PLAYING_EVERY_MS;
                    }
                    state.playing = playing.map(|playing| (playing, until_ms));
                    self.presence_changed(user);
                }
            }
            Signal::Unknown(_) => {}
        }
        Verdict::Accept
    }

    /// What a presence notice says of its author's clock. Three members agree on the time; one alone only raises a doubt.
    fn clock_sample(&mut self, user: UserId, expires_at_ms: u64) {
        let theirs = expires_at_ms.saturating_sub(limits::PRESENCE_MS);
        let off = i64::try_from(theirs).unwrap_or(i64::MAX) - i64::try_from(self.wall).unwrap_or(i64::MAX);
        if self.clocks.len() < limits::CLOCK_SAMPLES || self.clocks.contains_key(&user) {
            self.clocks.insert(user, off);
        }
        let mut sorted: Vec<i64> = self.clocks.values().copied().collect();
        sorted.sort_unstable();
        let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0);
        let far = median.unsigned_abs() > limits::CLOCK_SKEW_WARN_MS;
        if far {
            let message = "The clock of this computer differs from everybody else's by more than five minutes. Set it right, so that your messages stand in their place.";
            self.warn_once("clock", message);
        }
        let most = i64::try_from(limits::CLOCK_CORRECT_MS).unwrap_or(i64::MAX);
        self.clock_off_ms = if far && sorted.len() >= 3 { median.clamp(-most, most) } else { 0 };
    }

    /// Somebody's presence over all devices and communities: what they say while it lasts, or a link to them.
    pub(crate) fn presence_of(&self, user: UserId) -> Presence {
        if user == self.user {
            return self.presence;
        }
        let mut best = Presence::Offline;
        for s in self.spaces.values() {
            for (device, n) in s.notices.iter().filter(|(_, n)| n.until_ms > self.now) {
                if s.replica.user_of(device) == Some(user) {
                    best = best.min(presence(n.state));
                }
            }
            // A link is proof enough, unless they said that they are idle or want to be unseen.
            for link in s.links.values().filter(|l| l.proven) {
                let Some(device) = link.device else { continue };
                let said = s.notices.get(&device).filter(|n| n.until_ms > self.now).map(|n| presence(n.state));
                if s.replica.user_of(&device) == Some(user) {
                    best = best.min(said.unwrap_or(Presence::Online));
                }
            }
        }
        best
    }

    /// What somebody plays, by their device that said so last; nothing for who is unseen.
    pub(crate) fn playing_of(&self, user: UserId) -> Option<Playing> {
        if self.presence_of(user) == Presence::Offline {
            return None;
        }
        if user == self.user {
            return self.playing.clone();
        }
        let said = self.spaces.values().flat_map(|s| {
            let theirs = s.notices.iter().filter(move |(device, _)| s.replica.user_of(device) == Some(user));
            theirs.filter_map(|(_, n)| n.playing.as_ref().filter(|(_, until)| *until > self.now))
        });
        said.max_by_key(|(_, until)| *until).map(|(playing, _)| playing.clone())
    }

    pub(crate) fn presence_changed(&mut self, user: UserId) {
        let (presence, playing) = (self.presence_of(user), self.playing_of(user));
        let now = (presence, playing.clone());
        if self.told_presence.get(&user).unwrap_or(&(Presence::Offline, None)) != &now {
            self.told_presence.insert(user, now);
            self.event(NodeEvent::PresenceChanged { user, presence, playing });
        }
    }

    /// Own lease is renewed; others' that ran out end.
    pub(crate) fn presence_due(&mut self) {
        self.publish_presence();
        self.presence_ends();
    }

    pub(crate) fn presence_ends(&mut self) {
        for user in self.told_presence.keys().copied().collect::<Vec<_>>() {
            self.presence_changed(user);
        }
    }
}

fn presence(state: u8) -> Presence {
    match state {
        0 => Presence::Offline,
        1 => Presence::Idle,
        _ => Presence::Online,
    }
}
