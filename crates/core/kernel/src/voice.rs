//! Who is in which voice room: signed notices with an end, and the way between the members of a call.

use crate::{
    admit::Dirty,
    author::{bad, not_allowed, unknown_channel},
    kernel::{Kernel, Output, Timer},
    third::Ways,
};
use hearth_ports::{NodeEvent, NodeReply, VoiceAsk, VoiceMember, VoiceMemberView, VoiceOrder, VoiceSay, VoiceSettings};
use hearth_replica::Replica;
use hearth_room::BuiltIn;
use hearth_types::{ChannelId, ChannelKind, DeviceId, PeerKey, Permissions, SpaceId, UserId, limits};
use hearth_wire::{Frame, Signal, VoicePlace};
use std::collections::BTreeMap;

/// A notice is given again after this part of its lease.
const NOTICES_A_LEASE: u64 = 4;

/// A call that did not end by then hangs; a hand-over takes 2 s at most.
const LEAVE_MS: u64 = 2_500;

/// With so many inside, the next to come makes a relay necessary: whoever lends its line gets ready.
const LEND_FROM: usize = 8;
/// With fewer than so many it is not needed any more.
const LEND_TO: usize = 6;

/// Somebody who moves says so after this, and no oftener.
const MOVED_MS: u64 = 250;

/// The room this node is in.
pub(crate) struct OwnVoice {
    pub space: SpaceId,
    pub place: VoicePlace,
    /// Oneself and the roster, as last given to the voice engine.
    me: VoiceMember,
    pub told: Vec<VoiceMember>,
    pub ways: Ways,
}

impl Kernel {
    pub(crate) fn voice_join(&mut self, request: u64, channel: ChannelId) {
        let Some(space) = self.space_of_channel(channel) else { return self.reply(request, Err(unknown_channel())) };
        let Some(s) = self.spaces.get(&space) else { return };
        let kind = s.replica.state().channels.get(&channel).map(|c| c.fields.kind);
        if kind != Some(ChannelKind::Voice) {
            return self.reply(request, Err(bad("This is a text channel. Pick a voice room to talk.")));
        }
        if !s.replica.may(&self.user, Permissions::CONNECT) {
            return self.reply(request, Err(not_allowed()));
        }
        if self.room().is_some_and(|v| v.place.channel == channel) {
            return self.reply(request, Ok(NodeReply::Done));
        }
        self.enter(space, channel, false);
        self.reply(request, Ok(NodeReply::Done));
    }

    /// The room that this node's user is in.
    fn room(&self) -> Option<&OwnVoice> {
        self.voice.as_ref().filter(|v| !v.place.relay)
    }

    /// Goes into a room or, as its relay, beside it; out of any other.
    fn enter(&mut self, space: SpaceId, channel: ChannelId, relay: bool) {
        let (muted, deafened) = self.room().map_or((false, false), |v| (v.place.muted, v.place.deafened));
        let seat = self.seat.filter(|_| !relay);
        self.voice_out(true);
        self.voice_left();
        let Some(s) = self.spaces.get(&space) else { return };
        let place = VoicePlace { channel, peer: self.keys.peer, since_ms: self.now, muted, deafened, relay, seat };
        let me = voice_member(&s.replica, place, self.keys.device.id(), self.user, true);
        let ways = Ways::new(&mut self.entropy);
        self.voice = Some(OwnVoice { space, place, me, told: Vec::new(), ways });
        self.order(VoiceOrder::Enter { space, channel, me, plan: self.plan(space, channel) });
        self.publish_voice();
        self.voice_news(space);
    }

    /// While in no room, is the relay of the largest one that wants one.
    fn lend(&mut self) {
        if self.room().is_some() || self.voice_leaving.is_some() {
            return;
        }
        let at = self.voice.as_ref().map(|v| (v.space, v.place.channel));
        let inside = |space: &SpaceId, channel: &ChannelId| {
            let notices = self.spaces.get(space).into_iter().flat_map(|s| s.notices.values());
            notices.filter_map(|n| n.voice).filter(|(p, _)| p.channel == *channel && !p.relay).count()
        };
        let stays = self.lends && at.is_some_and(|(space, channel)| inside(&space, &channel) >= LEND_TO);
        if stays {
            return;
        }
        let rooms = self.spaces.values().filter(|s| self.lends && !s.leaving).flat_map(|s| {
            let rooms = s.replica.state().channels.iter().filter(|(_, c)| c.fields.kind == ChannelKind::Voice);
            let may = s.replica.may(&self.user, Permissions::CONNECT);
            rooms.filter(move |_| may).map(|(channel, _)| (s.id, *channel))
        });
        let wanted = rooms.map(|(s, c)| (inside(&s, &c), s, c)).filter(|(n, ..)| *n >= LEND_FROM).max();
        match wanted {
            Some((_, space, channel)) => self.enter(space, channel, true),
            None => self.voice_out(true),
        }
    }

    pub(crate) fn voice_leave(&mut self, request: u64) {
        if self.room().is_some() {
            self.voice_out(true);
        }
        self.reply(request, Ok(NodeReply::Done));
    }

    /// Goes out of the room, if in one; `asked` when that was wished.
    pub(crate) fn voice_out(&mut self, asked: bool) {
        let Some(own) = self.voice.take() else { return };
        self.order(VoiceOrder::Exit { asked });
        // A relay hands over first: whoever is told that it is out closes its way through it.
        let space = own.space;
        self.voice_leaving = Some(own);
        self.reset_timer(Timer::VoiceLeft, LEAVE_MS);
        self.voice_news(space);
    }

    /// Says that one is out, once the engine is, or did not say so in time.
    pub(crate) fn voice_left(&mut self) {
        if let Some(own) = self.voice_leaving.take() {
            self.notify(own.space, limits::VOICE_MS, Signal::Voice(None));
        }
    }

    pub(crate) fn voice_ask(&mut self, request: u64, ask: VoiceAsk) {
        if let VoiceAsk::Set(settings) = &ask {
            self.voice_set(settings);
        }
        self.order(VoiceOrder::Ask { request, ask });
    }

    fn voice_set(&mut self, settings: &VoiceSettings) {
        if let Some(lends) = settings.lend {
            self.lends = lends;
            self.lend();
        }
        if let Some(seat) = settings.position {
            self.seat = Some(seat.map(centimetres));
            let moved = self.voice.as_mut().filter(|own| !own.place.relay && own.place.seat != self.seat);
            if let Some(own) = moved {
                own.place.seat = self.seat;
                let space = own.space;
                self.set_timer(Timer::Voice, MOVED_MS);
                self.voice_news(space);
            }
        }
        let Some(own) = &mut self.voice else { return };
        let before = own.place;
        own.place.muted = settings.mute.unwrap_or(own.place.muted);
        own.place.deafened = settings.deafen.unwrap_or(own.place.deafened);
        let (changed, space) = (own.place != before, own.space);
        if changed {
            self.publish_voice();
            self.voice_news(space);
        }
    }

    pub(crate) fn voice_say(&mut self, say: VoiceSay) {
        let Some(space) = self.call_space() else { return };
        match say {
            VoiceSay::Left => self.voice_left(),
            VoiceSay::Message { peer, bytes } => {
                let proven = self.spaces.get(&space).and_then(|s| s.links.get(&peer)).is_some_and(|l| l.proven);
                if proven {
                    self.send(peer, &Frame::Call { space, message: bytes });
                } else {
                    self.say_by_third(peer, bytes);
                }
            }
        }
    }

    /// Where the room is that one is in, or still on the way out of.
    fn call_space(&self) -> Option<SpaceId> {
        self.voice_leaving.as_ref().or(self.voice.as_ref()).map(|v| v.space)
    }

    /// A member's word about the call; only what is said to the room one is in goes on.
    pub(crate) fn call_frame(&mut self, peer: PeerKey, space: SpaceId, bytes: Vec<u8>) {
        let link = self.spaces.get(&space).and_then(|s| s.links.get(&peer)).filter(|l| l.proven);
        let Some(device) = link.and_then(|l| l.device) else { return self.fault(peer, 1) };
        if self.call_space() == Some(space) {
            self.ways_overtaken(&device);
            self.order(VoiceOrder::Message { peer, device, bytes });
        }
    }

    /// Says where one's voice is, and sees that it is said again before it lapses.
    pub(crate) fn publish_voice(&mut self) {
        let Some((space, place)) = self.voice.as_ref().map(|v| (v.space, v.place)) else { return };
        self.notify(space, limits::VOICE_MS, Signal::Voice(Some(place)));
        self.reset_timer(Timer::Voice, limits::VOICE_MS / NOTICES_A_LEASE);
        // Who is in the room and not linked is tried as often as the notice is given again.
        let told: Vec<PeerKey> = self.voice.iter().flat_map(|v| &v.told).map(|m| m.peer).collect();
        self.dial_now(&told);
    }

    /// A notice about a room; whoever just came in is answered soon.
    pub(crate) fn voice_notice(&mut self, space: SpaceId, device: DeviceId, place: Option<VoicePlace>, until_ms: u64) {
        let Some(s) = self.spaces.get_mut(&space) else { return };
        let Some(known) = s.notices.get_mut(&device) else { return };
        let entered = place.is_some()
            && known
                .voice
                .is_none_or(|(old, until)| until <= self.now || Some(old.since_ms) != place.map(|p| p.since_ms));
        known.voice = place.map(|p| (p, until_ms));
        self.voice_news(space);
        self.reset_timer(Timer::VoiceEnds, limits::VOICE_MS / 2);
        // Whoever came in should not wait for the next turn to see who is here.
        if entered && self.voice.as_ref().is_some_and(|v| v.space == space) {
            self.reset_timer(Timer::Voice, 50);
        }
    }

    /// Notices that ran out.
    pub(crate) fn voice_ends(&mut self) {
        let mut any = false;
        for space in self.spaces.keys().copied().collect::<Vec<_>>() {
            self.voice_news(space);
            any |= self.spaces.get(&space).is_some_and(|s| s.notices.values().any(|n| n.voice.is_some()));
        }
        if any {
            self.reset_timer(Timer::VoiceEnds, limits::VOICE_MS / 4);
        }
    }

    /// Tells drivers who went in or out, and the voice engine who is in its room.
    pub(crate) fn voice_news(&mut self, space: SpaceId) {
        let now = self.now;
        let Some(s) = self.spaces.get_mut(&space) else { return };
        for n in s.notices.values_mut() {
            n.voice = n.voice.filter(|(_, until)| *until > now);
        }
        let s = &*s;
        let rooms = &s.replica.state().channels;
        // The room was deleted.
        let own = self.voice.as_ref().filter(|own| own.space == space);
        if own.is_some_and(|own| !rooms.contains_key(&own.place.channel)) {
            return self.voice_out(false);
        }
        let mut here: Vec<(DeviceId, UserId, VoicePlace)> = s
            .notices
            .iter()
            .filter_map(|(device, n)| {
                let (place, _) = n.voice.filter(|(p, _)| rooms.contains_key(&p.channel))?;
                let user = s.replica.user_of(device).filter(|u| s.replica.is_member(u))?;
                Some((*device, user, place))
            })
            .collect();
        here.truncate(limits::VOICE_MEMBERS * 4);
        if let Some(own) = self.voice.as_ref().filter(|v| v.space == space) {
            let place = own.place;
            let mut roster: Vec<VoiceMember> = here
                .iter()
                .filter(|(_, _, p)| p.channel == place.channel && p.peer != place.peer)
                .take(limits::VOICE_MEMBERS)
                .map(|(device, user, p)| {
                    let mut m = voice_member(&s.replica, *p, *device, *user, false);
                    m.linked = s.is_linked(&m) || own.ways.via(&m).is_some();
                    m
                })
                .collect();
            // The link says which device a peer is; without one, whoever named that peer first is believed.
            let known = |m: &VoiceMember| own.told.iter().any(|t| (t.peer, t.device) == (m.peer, m.device));
            roster.sort_by_key(|m| (m.peer, !s.is_linked(m), !m.linked, !known(m), m.device));
            roster.dedup_by_key(|m| m.peer);
            let peers: Vec<PeerKey> = roster.iter().map(|m| m.peer).collect();
            let all_linked = roster.iter().all(|m| s.is_linked(m));
            let me = voice_member(&s.replica, place, self.keys.device.id(), self.user, true);
            if let Some(own) = self.voice.as_mut().filter(|own| own.me != me) {
                own.me = me;
                self.order(VoiceOrder::Me(me));
            }
            let news = self.voice.as_mut().is_some_and(|own| {
                let news = own.told != roster;
                own.told.clone_from(&roster);
                news
            });
            if news {
                self.order(VoiceOrder::Roster(roster));
                self.dial_now(&peers);
                if !all_linked {
                    self.set_timer(Timer::Ways, limits::PASS_AFTER_MS);
                }
            }
            here.push((self.keys.device.id(), self.user, place));
        }
        self.tell_voice(space, here);
        self.lend();
    }

    fn tell_voice(&mut self, space: SpaceId, here: Vec<(DeviceId, UserId, VoicePlace)>) {
        let Some(s) = self.spaces.get(&space) else { return };
        let view = |user: UserId, p: &VoicePlace, inside: bool| VoiceMemberView {
            community: space,
            channel: p.channel,
            user,
            inside,
            muted: p.muted,
            deafened: p.deafened,
            silenced: silenced(&s.replica, &user),
            seat: p.seat,
        };
        // Of several devices in rooms, the one that came last is where the person is.
        let mut people: BTreeMap<UserId, &VoicePlace> = BTreeMap::new();
        for (_, user, place) in here.iter().filter(|(_, _, place)| !place.relay) {
            let newest = people.entry(*user).or_insert(place);
            if place.since_ms > newest.since_ms {
                *newest = place;
            }
        }
        let now: BTreeMap<(SpaceId, UserId), VoiceMemberView> =
            people.into_iter().map(|(user, p)| ((space, user), view(user, p, true))).collect();
        let mut told = Vec::new();
        for (key, old) in self.told_voice.range((space, UserId([0; 32]))..=(space, UserId([255; 32]))) {
            if now.get(key).is_none_or(|new| new.channel != old.channel) {
                told.push(VoiceMemberView { inside: false, ..*old });
            }
        }
        told.extend(now.iter().filter(|(key, new)| self.told_voice.get(key) != Some(new)).map(|(_, new)| *new));
        self.told_voice.retain(|(s, _), _| *s != space);
        self.told_voice.extend(now);
        for view in told {
            self.event(NodeEvent::VoiceMember(view));
        }
    }

    /// What a voice room is like.
    pub(crate) fn plan(&self, space: SpaceId, channel: ChannelId) -> BuiltIn {
        let settings = self.spaces.get(&space).map(|s| &s.replica.state().settings);
        settings.and_then(|all| all.get(&plan_key(channel))).and_then(|key| BuiltIn::from_key(key)).unwrap_or_default()
    }

    pub(crate) fn channel_plan(&mut self, request: u64, channel: ChannelId, plan: BuiltIn) {
        let Some(space) = self.space_of_channel(channel) else { return self.reply(request, Err(unknown_channel())) };
        let kind =
            self.spaces.get(&space).and_then(|s| s.replica.state().channels.get(&channel)).map(|c| c.fields.kind);
        if kind != Some(ChannelKind::Voice) {
            return self.reply(request, Err(bad("Only a voice room has seats to arrange.")));
        }
        self.setting(request, space, &plan_key(channel), plan.key());
    }

    /// A setting changed: perhaps the seats of a room.
    pub(crate) fn plans_changed(&mut self, space: SpaceId) {
        let Some(s) = self.spaces.get(&space) else { return };
        let rooms = s.replica.state().channels.iter().filter(|(_, c)| c.fields.kind == ChannelKind::Voice);
        let rooms: Vec<ChannelId> = rooms.map(|(channel, _)| *channel).collect();
        self.dirty.extend(rooms.into_iter().map(|channel| Dirty::Channel(space, channel)));
        if let Some(channel) = self.voice.as_ref().filter(|own| own.space == space).map(|own| own.place.channel) {
            self.order(VoiceOrder::Plan(self.plan(space, channel)));
        }
    }

    pub(crate) fn order(&mut self, order: VoiceOrder) {
        self.out.push_back(Output::Voice(order));
    }
}

fn voice_member(replica: &Replica, p: VoicePlace, device: DeviceId, user: UserId, linked: bool) -> VoiceMember {
    VoiceMember {
        peer: p.peer,
        device,
        user,
        since_ms: p.since_ms,
        muted: p.muted,
        deafened: p.deafened,
        silenced: silenced(replica, &user),
        may_prioritise: replica.may(&user, Permissions::PRIORITY_SPEAKER),
        relay: p.relay,
        linked,
        seat: p.seat,
    }
}

/// The setting that says what a room is like. A key holds 64 bytes, so the room's id is cut.
fn plan_key(channel: ChannelId) -> String {
    let id = channel.to_string();
    format!("plan.{}", id.get(..48).unwrap_or(&id))
}

fn centimetres(metres: f32) -> i16 {
    (metres * 100.0).round() as i16
}

/// Whether nobody is to hear `user`.
fn silenced(replica: &Replica, user: &UserId) -> bool {
    !replica.may(user, Permissions::SPEAK) || replica.state().members.get(user).is_some_and(|m| m.muted)
}
