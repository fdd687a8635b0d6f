//! Sounds of coming, going, muting and deafening: when there is one, and which.

use super::{Live, Voice, wants::Wants};
use hearth_ports::{
    VoiceSettings,
    audio::{AudioCommand, Cue},
};
use hearth_types::UserId;
use std::{collections::BTreeSet, time::Duration};
use tokio::time::Instant;

/// Who is in the room when one comes in is learned within this time, and is no news.
const SETTLING: Duration = Duration::from_secs(3);
/// Sound goes on so long after a call for the cue of its end: its length, and the largest delay of a device.
const RINGS: Duration = Duration::from_millis(600);

impl Voice {
    /// Plays a cue, where they are wanted. Who is deafened hears those of deafening alone.
    pub(super) async fn cue(&mut self, cue: Cue) {
        let heard = !self.wants.deafened || matches!(cue, Cue::Deafened | Cue::Undeafened);
        if self.wants.cues && heard {
            self.audio(AudioCommand::Cue(cue)).await;
        }
    }

    /// The cue of the end of a call.
    pub(super) async fn ring_out(&mut self, cue: Cue) {
        if self.wants.cues && !self.wants.deafened {
            self.cue(cue).await;
            self.rings_until = Some(Instant::now() + RINGS);
        }
    }

    pub(super) async fn rang_out(&mut self) {
        self.rings_until = None;
        self.sound().await;
    }
}

impl Wants {
    /// What is heard of these settings before they hold. Hearing says more than speaking.
    pub(super) fn cue_of(&self, settings: &VoiceSettings) -> Option<Cue> {
        let changed = |to: Option<bool>, is: bool| to.filter(|to| *to != is);
        let deafen = changed(settings.deafen, self.deafened);
        deafen
            .map(|on| if on { Cue::Deafened } else { Cue::Undeafened })
            .or_else(|| changed(settings.mute, self.muted).map(|on| if on { Cue::Muted } else { Cue::Unmuted }))
    }
}

impl Live {
    /// The people in the room besides oneself; one with two devices is one.
    pub(super) fn people(&self) -> BTreeSet<UserId> {
        self.members
            .values()
            .filter(|t| !t.member.relay && t.member.user != self.me.user)
            .map(|t| t.member.user)
            .collect()
    }

    /// What is heard of who came and went since they were `before`: nothing while one is just coming in.
    pub(super) fn come_and_gone(&self, before: &BTreeSet<UserId>, now: Duration) -> Vec<Cue> {
        if now < self.entered + SETTLING {
            return Vec::new();
        }
        let after = self.people();
        let went = before.difference(&after).map(|_| Cue::Went);
        after.difference(before).map(|_| Cue::Came).chain(went).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use hearth_crypto::{DeviceKey, Secret32};
    use hearth_ports::VoiceMember;
    use hearth_types::{ChannelId, DeviceId, PeerKey, SpaceId};

    const SECOND: Duration = Duration::from_secs(1);

    fn member(n: u8, device: u8, relay: bool) -> VoiceMember {
        VoiceMember {
            peer: PeerKey([device; 32]),
            device: DeviceId([device; 32]),
            user: UserId([n; 32]),
            since_ms: 0,
            muted: false,
            deafened: false,
            silenced: false,
            may_prioritise: false,
            relay,
            linked: true,
            seat: None,
        }
    }

    fn entered(at: Duration) -> Live {
        let key = DeviceKey::from_seed(&Secret32::new([7; 32]));
        let now_us = at.as_micros() as u64;
        let (space, channel) = (SpaceId([1; 32]), ChannelId([2; 32]));
        Live::new(space, channel, member(9, 9, false), key, false, (None, None), now_us).unwrap()
    }

    fn heard(live: &mut Live, roster: &[VoiceMember], now: Duration) -> Vec<Cue> {
        let before = live.people();
        live.roster(roster);
        live.come_and_gone(&before, now)
    }

    #[test]
    fn who_was_there_is_no_news_and_who_comes_later_is() {
        let mut live = entered(100 * SECOND);
        let (ada, bo) = (member(1, 1, false), member(2, 2, false));
        assert_eq!(heard(&mut live, &[ada], 100 * SECOND), []);
        assert_eq!(heard(&mut live, &[ada, bo], 102 * SECOND), [], "still being learned");
        assert_eq!(heard(&mut live, &[ada], 104 * SECOND), [Cue::Went]);
        assert_eq!(heard(&mut live, &[ada, bo], 105 * SECOND), [Cue::Came]);
        assert_eq!(heard(&mut live, &[ada, bo], 106 * SECOND), []);
    }

    #[test]
    fn a_second_device_and_a_computer_that_passes_on_are_nobody_new() {
        let mut live = entered(Duration::ZERO);
        let ada = member(1, 1, false);
        heard(&mut live, &[ada], SECOND);
        let later = 60 * SECOND;
        assert_eq!(heard(&mut live, &[ada, member(1, 3, false)], later), [], "Ada's telephone");
        assert_eq!(heard(&mut live, &[ada, member(9, 4, false)], later), [], "one's own");
        assert_eq!(heard(&mut live, &[ada, member(5, 5, true)], later), [], "a relay beside the room");
        assert_eq!(heard(&mut live, &[], later), [Cue::Went]);
    }

    #[test]
    fn muting_and_deafening_are_heard_once_and_only_as_changes() {
        let mut wants = Wants::default();
        let set = |mute, deafen| VoiceSettings { mute, deafen, ..VoiceSettings::default() };
        assert_eq!(wants.cue_of(&set(Some(false), Some(false))), None, "a new call is told what holds");
        assert_eq!(wants.cue_of(&set(Some(true), None)), Some(Cue::Muted));
        assert_eq!(wants.cue_of(&set(None, Some(true))), Some(Cue::Deafened));
        wants.set(&set(Some(true), Some(true)));
        assert_eq!(wants.cue_of(&set(Some(true), Some(true))), None);
        assert_eq!(wants.cue_of(&set(Some(false), Some(false))), Some(Cue::Undeafened), "one sound of two");
        wants.set(&set(None, Some(false)));
        assert_eq!(wants.cue_of(&set(Some(false), None)), Some(Cue::Unmuted));
        assert!(!wants.cues, "none before they are asked for");
    }

    #[test]
    fn speakers_stay_open_for_the_end_of_a_call_and_the_microphone_does_not() {
        use hearth_ports::audio::{AudioSink, AudioSource};
        let wants = Wants::default();
        let commands = |rings| wants.commands(false, rings);
        assert!(commands(true).contains(&AudioCommand::Sink(AudioSink::Device(None))));
        assert!(commands(true).contains(&AudioCommand::Source(AudioSource::None)));
        assert!(commands(false).contains(&AudioCommand::Sink(AudioSink::None)));
    }
}
