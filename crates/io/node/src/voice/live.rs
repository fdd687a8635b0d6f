//! One call under way, and what is remembered of it for whoever asks.

use hearth_crypto::{DeviceKey, HashEntropy};
use hearth_ports::{
    NodeEvent, VoiceMember, VoiceTopology,
    audio::{AudioCommand, OwnFrame, Place, TalkerId, TalkerStats},
    rtc::{MediaState, RtcEvent},
};
use hearth_room::{BuiltIn, Carried, Plan, Spot};
use hearth_types::{ChannelId, DeviceId, PeerKey, SpaceId, UserId};
use hearth_voice::{Call, CallConfig, CallId, Input, OpenedFrame, Output, Topology, Warning};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

pub(crate) struct Live {
    pub call: Call,
    pub bitrate: u32,
    pub(super) channel: ChannelId,
    pub(super) me: VoiceMember,
    pub(super) members: BTreeMap<DeviceId, Talker>,
    pub(super) topology: Option<Topology>,
    pub(super) states: BTreeMap<PeerKey, MediaState>,
    /// Whom alone one speaks to.
    pub(super) whisper: Option<Vec<UserId>>,
    whispered: Option<BTreeSet<DeviceId>>,
    next_talker: TalkerId,
    speaking: bool,
    plan: Plan,
    /// When one came in, since the node began.
    pub(super) entered: Duration,
}

/// Somebody else in the room.
pub(super) struct Talker {
    pub member: VoiceMember,
    pub id: TalkerId,
    pub position: Option<[i16; 2]>,
    /// The audio side knows of it.
    pub placed: bool,
    pub proven: bool,
    pub stats: TalkerStats,
    /// Bytes since the last stats, and bit/s of the second before.
    pub bytes: u64,
    pub bitrate: u32,
}

impl Live {
    pub(crate) fn new(
        space: SpaceId,
        channel: ChannelId,
        me: VoiceMember,
        key: DeviceKey,
        relay_only: bool,
        (said_kbps, measured_kbps): (Option<u32>, Option<u32>),
        now_us: u64,
    ) -> Result<Self, getrandom::Error> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)?;
        let config = CallConfig {
            call: CallId::new(space, channel),
            me: me.into(),
            key,
            entropy: HashEntropy::new(seed),
            uplink_kbps: said_kbps,
            measured_kbps,
            may_relay: true,
            relay_only,
        };
        Ok(Self {
            call: Call::new(config, now_us),
            bitrate: 0,
            channel,
            me,
            members: BTreeMap::new(),
            topology: None,
            states: BTreeMap::new(),
            whisper: None,
            whispered: None,
            next_talker: 0,
            speaking: false,
            plan: BuiltIn::default().plan(),
            entered: Duration::from_micros(now_us),
        })
    }

    /// In a room that is like this.
    pub(crate) fn furnished(mut self, plan: BuiltIn) -> Self {
        self.plan = plan.plan();
        self
    }

    /// What others let one do changed.
    pub(crate) fn allowed(&mut self, me: VoiceMember) -> Input {
        self.me = me;
        Input::Allowed { speak: !me.silenced, prioritise: me.may_prioritise }
    }

    /// Follows the roster; gives who is gone.
    pub(crate) fn roster(&mut self, roster: &[VoiceMember]) -> Vec<TalkerId> {
        let gone: Vec<DeviceId> =
            self.members.keys().filter(|d| !roster.iter().any(|m| m.device == **d)).copied().collect();
        let gone = gone.iter().filter_map(|d| self.members.remove(d)).map(|t| t.id).collect();
        for member in roster {
            let next = &mut self.next_talker;
            let talker = self.members.entry(member.device).or_insert_with(|| {
                *next += 1;
                Talker {
                    member: *member,
                    id: *next,
                    position: None,
                    placed: false,
                    proven: false,
                    stats: TalkerStats::default(),
                    bytes: 0,
                    bitrate: 0,
                }
            });
            // A move of somebody who is silent; who speaks says it with every frame.
            if talker.member.seat != member.seat {
                talker.position = member.seat;
            }
            talker.member = *member;
        }
        gone
    }

    /// Who hears one's whisper, if that is news.
    pub(crate) fn whisper_news(&mut self) -> Option<Input> {
        let to = self.whisper.as_ref().map(|users| self.devices_of(users));
        let news = to != self.whispered;
        self.whispered.clone_from(&to);
        news.then_some(Input::Whisper(to))
    }

    /// Remembers what the transport tells on its way to the call.
    pub(crate) fn noticed(&mut self, input: &Input) {
        if let Input::Rtc(RtcEvent::State { peer, state }) = input {
            self.states.insert(*peer, state.clone());
        }
    }

    /// Whether one began or stopped to speak oneself.
    pub(crate) fn own(&mut self, frame: &OwnFrame) -> Option<NodeEvent> {
        // Nobody hears who was silenced.
        let on = frame.voice && !self.me.silenced;
        let news = on != self.speaking;
        self.speaking = on;
        news.then(|| self.speaks(self.me.user, on, frame.level))
    }

    /// A frame to play: whose, and whether the audio side must hear of a new place first.
    pub(crate) fn frame(&mut self, frame: &OpenedFrame) -> (TalkerId, bool) {
        let Some(talker) = self.members.get_mut(&frame.talker) else { return (TalkerId::MAX, false) };
        let moved = !talker.placed || talker.position != frame.position;
        talker.position = frame.position;
        talker.placed = true;
        talker.bytes += frame.opus.len() as u64;
        (talker.id, moved)
    }

    /// What the audio side is to know of a talker. Who sits nowhere is heard from the middle; for a listener who sits
    /// nowhere, the room is open.
    pub(crate) fn place(
        &self,
        device: DeviceId,
        own: Option<Spot>,
        volume: &BTreeMap<UserId, f32>,
    ) -> Option<[AudioCommand; 2]> {
        let talker = self.members.get(&device).filter(|t| t.placed)?;
        let there = talker.position.map(|at| at.map(|x| f32::from(x) / 100.0));
        let (place, amount) = match (there, own) {
            (Some(there), Some(own)) => {
                let Carried { place, occlusion } = self.plan.carry(there, own);
                (Some(place), occlusion)
            }
            (there, _) => (there, 0.0),
        };
        let volume = volume.get(&talker.member.user).copied().unwrap_or(1.0);
        let talker = talker.id;
        let place = place.map(|[x, y]| Place { x, y });
        Some([AudioCommand::Talker { talker, volume, place }, AudioCommand::Occlusion { talker, amount }])
    }

    pub(crate) fn audio_stats(&mut self, stats: Vec<(TalkerId, TalkerStats)>) {
        for (id, stats) in stats {
            if let Some(talker) = self.members.values_mut().find(|t| t.id == id) {
                talker.stats = stats;
                talker.bitrate = (std::mem::take(&mut talker.bytes) * 8).min(u64::from(u32::MAX)) as u32;
            }
        }
    }

    /// What a driver is told of an output that only informs.
    pub(crate) fn tell(&mut self, output: Output) -> Option<NodeEvent> {
        match output {
            Output::Speaking { talker, on, level } => {
                let user = self.members.get(&talker)?.member.user;
                Some(self.speaks(user, on, level))
            }
            Output::Proven { talker, proven } => {
                self.members.get_mut(&talker)?.proven = proven;
                None
            }
            Output::Topology(topology) => {
                self.topology = Some(topology);
                Some(NodeEvent::VoiceRelay { channel: self.channel, topology: self.way(), relay: self.relay() })
            }
            Output::Warning(warning) => Some(NodeEvent::Warning { code: "call", message: self.sentence(warning) }),
            _ => None,
        }
    }

    fn sentence(&self, warning: Warning) -> String {
        let someone = |peer: &PeerKey| {
            let inside = self.members.values().any(|t| t.member.peer == *peer && !t.member.relay);
            if inside { "Somebody in this room" } else { "A computer that passes voices on" }
        };
        match warning {
            Warning::Flood { peer } => format!("{} sends far too much. What is too much is dropped.", someone(&peer)),
            Warning::Forged { via, .. } | Warning::SpokeAsAnother { via, .. } => {
                format!("{} tried to speak as somebody else. It was not played.", someone(&via))
            }
            Warning::Unsigned { .. } => "A voice in this room is not proven to be who it claims to be.".into(),
            Warning::BadFrames { via } => format!("{} sends sound that cannot be opened.", someone(&via)),
            Warning::BadMessage { peer } => {
                format!("{} sends something this Hearth does not understand.", someone(&peer))
            }
            Warning::RelayLost { .. } => {
                "The computer that passed the voices on is gone. Another one takes over.".into()
            }
        }
    }

    fn speaks(&self, user: UserId, speaking: bool, level: u8) -> NodeEvent {
        // 127 is silence, 0 the loudest there is; a meter shows the upper 60 dB.
        let level = (1.0 - f32::from(level) / 60.0).clamp(0.0, 1.0);
        NodeEvent::VoiceSpeaking { channel: self.channel, user, speaking, level }
    }

    pub(super) fn way(&self) -> VoiceTopology {
        match self.topology.and_then(|t| t.relay) {
            Some(_) => VoiceTopology::Relay,
            None => VoiceTopology::Mesh,
        }
    }

    pub(super) fn relay(&self) -> Option<UserId> {
        let relay = self.topology.and_then(|t| t.relay)?;
        if relay == self.me.peer {
            return Some(self.me.user);
        }
        self.members.values().find(|t| t.member.peer == relay).map(|t| t.member.user)
    }

    /// The devices here of these people.
    pub(crate) fn devices_of(&self, users: &[UserId]) -> BTreeSet<DeviceId> {
        self.members.iter().filter(|(_, t)| users.contains(&t.member.user)).map(|(device, _)| *device).collect()
    }

    /// Whose levels these are.
    pub(crate) fn levels(&self, talkers: &[(TalkerId, f32)]) -> Vec<(UserId, f32)> {
        let user = |id: TalkerId| self.members.values().find(|t| t.id == id).map(|t| t.member.user);
        talkers.iter().filter_map(|(id, level)| Some((user(*id)?, *level))).collect()
    }

    pub(crate) fn devices(&self) -> Vec<DeviceId> {
        self.members.keys().copied().collect()
    }
    pub(crate) fn talkers(&self) -> Vec<TalkerId> {
        self.members.values().filter(|t| t.placed).map(|t| t.id).collect()
    }
    pub(crate) fn peers(&self) -> Vec<PeerKey> {
        self.states.keys().copied().collect()
    }
}
