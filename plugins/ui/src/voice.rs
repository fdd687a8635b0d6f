//! Voice rooms: what is drawn of them, the key that opens the microphone, and settings that hold in every room.

mod keys;

pub use keys::KeysState;

use crate::{Faces, Look, Prefs, Selection, Wishes, control::Toggle};
use bevy::{ecs::system::SystemParam, prelude::*, window::PrimaryWindow};
use hearth_ports::{NodeCommand, VoiceAsk, VoiceSettings, audio::Gate};
use hearth_room::Spot;
use hearth_types::{ChannelId, SpaceId, UserId};
use hearth_view::{CallView, Intent, MicView, Motion, Talk, VoiceChoices, VoicePerson};
use hearth_world as world;
use hearth_world::{EntityIndex, Me, Microphone, NodeDoor, Revisions};

/// Held to be heard, under push to talk: beside the hand, and no letter comes of it.
pub const TALK_KEY: KeyCode = KeyCode::ControlRight;

/// Somebody in the call one is in, for what is shown outside of the window.
#[derive(Debug, Clone, PartialEq)]
pub struct InCall {
    /// Who.
    pub user: UserId,
    /// Name.
    pub name: String,
    /// 0xRRGGBB.
    pub color: u32,
    /// Speaks now.
    pub speaking: bool,
    /// How loud, 0.0 to 1.0, where levels are told.
    pub level: f32,
    /// Says nothing, by their own or others' doing.
    pub muted: bool,
    /// Hears nothing.
    pub deafened: bool,
}

/// The call one is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    community: SpaceId,
    community_name: String,
    channel: ChannelId,
    channel_name: String,
    muted: bool,
    deafened: bool,
    silenced: bool,
    others: usize,
    relay: Option<String>,
}

impl Call {
    /// Lends it to the view, with those whom alone one speaks to.
    pub fn view<'a>(&'a self, whisper: &'a [UserId]) -> CallView<'a> {
        CallView {
            community: self.community,
            community_name: &self.community_name,
            channel: self.channel,
            channel_name: &self.channel_name,
            muted: self.muted,
            deafened: self.deafened,
            silenced: self.silenced,
            others: self.others,
            relay: self.relay.as_deref(),
            whisper,
        }
    }
}

/// What is drawn of voice.
#[derive(Resource, Debug, Default)]
pub struct Voices {
    /// People in the rooms of the open community, by room, then by name.
    pub people: Vec<VoicePerson>,
    /// The call one is in.
    pub call: Option<Call>,
    /// Everybody in it.
    pub in_call: Vec<InCall>,
    /// One's own keys.
    pub keys: KeysState,
    /// The overlay takes the mouse.
    pub overlay_free: bool,
    /// Why there is no overlay, if there is none on this computer.
    pub no_overlay: Option<String>,
    /// Why games are not heard, or not all, if so.
    pub no_games: Option<String>,
    /// The key is held.
    pub talking: bool,
    /// Whom alone one speaks to in this call; empty for everybody.
    pub whisper: Vec<UserId>,
    /// The key is held by a word from outside: `hearth ctl ptt toggle`.
    held_by_word: bool,
    /// One's own microphone, once a test has heard it.
    pub mic: MicView,
    /// Levels as they were when the test began.
    silent_at: u64,
    /// Levels are told.
    metered: bool,
    built: Option<(Revisions, Option<SpaceId>)>,
    /// Room whose call knows one's settings.
    told: Option<ChannelId>,
    /// Muted and deafened as one last was in a call.
    silence: (bool, bool),
}

impl Voices {
    /// What turns it the other way, in a call. Who hears nothing says nothing either, so speaking again brings hearing back.
    pub fn toggled(&mut self, what: Toggle) -> Option<VoiceSettings> {
        let call = self.call.as_ref()?;
        self.held_by_word ^= what == Toggle::Ptt;
        let plain = VoiceSettings::default();
        Some(match what {
            Toggle::Ptt => VoiceSettings { ptt: Some(self.held_by_word), gate: Some(Gate::PushToTalk), ..plain },
            Toggle::Mute if call.deafened => VoiceSettings { deafen: Some(false), mute: Some(false), ..plain },
            Toggle::Mute => VoiceSettings { mute: Some(!call.muted), ..plain },
            Toggle::Deafen => VoiceSettings { deafen: Some(!call.deafened), ..plain },
            Toggle::Overlay => plain,
        })
    }
}

type People = (
    &'static world::VoiceStream,
    &'static world::InRoom,
    &'static world::Muted,
    &'static world::Deafened,
    &'static world::Silenced,
    &'static world::Seat,
    &'static world::Speaking,
);

/// The part of the World that voice is made of.
#[derive(SystemParam)]
pub struct Rooms<'w, 's> {
    index: Res<'w, EntityIndex>,
    me: Res<'w, Me>,
    people: Query<'w, 's, People>,
    rooms: Query<
        'w,
        's,
        (
            &'static world::Channel,
            &'static world::DisplayName,
            &'static world::VoiceStreams,
            Option<&'static world::CallPath>,
            &'static world::Furnished,
        ),
    >,
    names: Query<'w, 's, &'static world::DisplayName>,
    colors: Query<'w, 's, &'static world::AvatarColor>,
}

impl Rooms<'_, '_> {
    fn name(&self, community: SpaceId, user: UserId) -> &str {
        let entity = self.index.member(community, user);
        entity.and_then(|entity| self.names.get(entity).ok()).map_or("", |name| &name.0)
    }
    fn in_open(&self, community: SpaceId, prefs: &Prefs) -> Vec<VoicePerson> {
        let here = self.index.voices().filter(|(home, ..)| *home == community);
        let mut rows: Vec<(ChannelId, String, VoicePerson)> = here
            .filter_map(|(_, user, entity)| {
                let (_, room, muted, deafened, silenced, seat, speaking) = self.people.get(entity).ok()?;
                let channel = self.rooms.get(room.0).ok()?.0.0;
                let person = VoicePerson {
                    channel,
                    user,
                    muted: muted.0,
                    deafened: deafened.0,
                    silenced: silenced.0,
                    seat: seat.0,
                    speaking: speaking.on,
                    level: speaking.level,
                    volume: prefs.volume(user),
                };
                Some((channel, self.name(community, user).to_lowercase(), person))
            })
            .collect();
        rows.sort_by(|a, b| (a.0, &a.1, a.2.user).cmp(&(b.0, &b.1, b.2.user)));
        rows.into_iter().map(|(.., person)| person).collect()
    }
    /// Levels of people that stay who they are.
    fn levels(&self, people: &mut [VoicePerson], community: SpaceId) {
        for person in people {
            let entity = self.index.voice(community, person.user);
            if let Some((.., now)) = entity.and_then(|entity| self.people.get(entity).ok()) {
                person.level = now.level;
            }
        }
    }
    /// The best seat that nobody else has in the room one is in.
    fn free_seat(&self) -> Option<Spot> {
        let me = self.me.0.as_ref()?.user;
        let (.., entity) = self.index.voices().find(|(_, user, _)| *user == me)?;
        let (_, room, ..) = self.people.get(entity).ok()?;
        let (_, _, inside, _, furnished) = self.rooms.get(room.0).ok()?;
        let others = inside.iter().filter(|other| *other != entity);
        let taken: Vec<Spot> = others.filter_map(|other| self.people.get(other).ok()?.5.0).collect();
        Some(furnished.0.plan().free(&taken))
    }
    /// Everybody in the room one is in.
    fn in_call(&self, call: &Call) -> Vec<InCall> {
        let here = self.index.voices().filter(|(home, ..)| *home == call.community);
        let mut all: Vec<InCall> = here
            .filter_map(|(_, user, entity)| {
                let (_, room, muted, deafened, silenced, _, speaking) = self.people.get(entity).ok()?;
                let inside = self.rooms.get(room.0).ok()?.0.0 == call.channel;
                let member = self.index.member(call.community, user);
                let color = member.and_then(|entity| self.colors.get(entity).ok()).map_or(0, |color| color.0);
                inside.then(|| InCall {
                    user,
                    name: self.name(call.community, user).to_owned(),
                    color,
                    speaking: speaking.on,
                    level: speaking.level,
                    muted: muted.0 || silenced.0,
                    deafened: deafened.0,
                })
            })
            .collect();
        all.sort_by_key(|person| (person.name.to_lowercase(), person.user));
        all
    }
    fn call(&self) -> Option<Call> {
        let me = self.me.0.as_ref()?.user;
        let (community, _, entity) = self.index.voices().find(|(_, user, _)| *user == me)?;
        let (_, room, muted, deafened, silenced, ..) = self.people.get(entity).ok()?;
        let (channel, name, inside, path, _) = self.rooms.get(room.0).ok()?;
        let home = self.index.community(community)?;
        Some(Call {
            community,
            community_name: self.names.get(home).map(|name| name.0.clone()).unwrap_or_default(),
            channel: channel.0,
            channel_name: name.0.clone(),
            muted: muted.0,
            deafened: deafened.0,
            silenced: silenced.0,
            others: inside.iter().count().saturating_sub(1),
            relay: path.and_then(|path| path.relay).map(|user| self.name(community, user).to_owned()),
        })
    }
}

/// Puts it together again where it is stale.
pub fn rebuild(
    mut voices: ResMut<Voices>,
    rooms: Rooms,
    selection: Res<Selection>,
    revisions: Res<Revisions>,
    prefs: Res<Prefs>,
    faces: Res<Faces>,
    heard: Res<Microphone>,
) {
    if !faces.main.testing() {
        voices.mic = MicView::default();
        voices.silent_at = revisions.levels;
    } else if voices.silent_at != revisions.levels {
        voices.mic = MicView { level: heard.level, open: heard.open };
    }
    // Messages come and go without a change here.
    let now = (Revisions { windows: 0, ..*revisions }, selection.community);
    if voices.built == Some(now) && !prefs.is_changed() {
        return;
    }
    // Levels of people that stay who they are change nothing else.
    let louder =
        voices.built.map(|(revisions, community)| (Revisions { levels: now.0.levels, ..revisions }, community));
    voices.built = Some(now);
    if let (true, false, Some(community)) = (louder == Some(now), prefs.is_changed(), now.1) {
        rooms.levels(&mut voices.people, community);
        voices.in_call = voices.call.as_ref().map(|call| rooms.in_call(call)).unwrap_or_default();
        return;
    }
    voices.people = selection.community.map(|community| rooms.in_open(community, &prefs)).unwrap_or_default();
    voices.call = rooms.call();
    voices.in_call = voices.call.as_ref().map(|call| rooms.in_call(call)).unwrap_or_default();
}

/// The node is told at start how one is heard and hears; later, of every change.
pub fn tell_choices(prefs: Res<Prefs>, mut node: NodeDoor) {
    node.send(NodeCommand::Voice(VoiceAsk::Set(wanted(&prefs.values.voice))));
}

/// A new call does not know who is muted, oneself among them, nor where one sits: it is told.
pub fn settle_in(mut voices: ResMut<Voices>, rooms: Rooms, prefs: Res<Prefs>, mut node: NodeDoor) {
    let now = voices.call.as_ref().map(|call| (call.channel, (call.muted, call.deafened)));
    let room = now.map(|(channel, _)| channel);
    if voices.told == room {
        if let Some((_, silence)) = now.filter(|(_, silence)| *silence != voices.silence) {
            voices.silence = silence;
        }
        return;
    }
    voices.told = room;
    // The next call knows of no whisper.
    voices.whisper.clear();
    if room.is_some() {
        let (muted, deafened) = voices.silence;
        let volume = prefs.values.volumes.keys().map(|user| (*user, prefs.volume(*user))).collect();
        let (mute, deafen, position) = (Some(muted), Some(deafened), rooms.free_seat());
        let settings = VoiceSettings { mute, deafen, volume, position, ..VoiceSettings::default() };
        node.send(NodeCommand::Voice(VoiceAsk::Set(settings)));
    }
}

/// Everything that was chosen, as the node takes it.
pub fn wanted(choices: &VoiceChoices) -> VoiceSettings {
    VoiceSettings {
        input: Some(choices.input.clone()),
        output: Some(choices.output.clone()),
        gate: Some(gate(choices.talk)),
        noise: Some(choices.noise),
        echo: Some(choices.echo),
        gain: Some(choices.gain),
        headphones: Some(choices.headphones),
        lend: Some(choices.lend),
        cues: Some(choices.cues),
        ..VoiceSettings::default()
    }
}

/// When the microphone is open.
pub fn gate(talk: Talk) -> Gate {
    match talk {
        Talk::Voice => Gate::Voice,
        Talk::Key => Gate::PushToTalk,
        Talk::Always => Gate::Continuous,
    }
}

/// Reads the key, in a call and in a test of the microphone. Losing the keyboard lets go of it.
pub fn talk(
    mut voices: ResMut<Voices>,
    mut wishes: ResMut<Wishes>,
    prefs: Res<Prefs>,
    faces: Res<Faces>,
    keys: Option<Res<ButtonInput<KeyCode>>>,
    window: Option<Single<&Window, With<PrimaryWindow>>>,
) {
    if voices.keys.everywhere {
        // It went to the node when it was pressed, past the frame.
        let held = voices.keys.held || voices.held_by_word && voices.call.is_some();
        if voices.talking != held {
            voices.talking = held;
        }
        return;
    }
    let focused = window.is_none_or(|window| window.focused);
    let pressed = keys.is_some_and(|keys| keys.pressed(TALK_KEY));
    let taken_in = voices.call.is_some() || faces.main.testing();
    let held = pressed && focused && taken_in && prefs.values.voice.talk == Talk::Key;
    if held != voices.talking {
        voices.talking = held;
        wishes.0.push(Intent::PushToTalk(held));
    }
}

/// Asks for levels only while they move something that somebody looks at: a ring in a window that has the focus. In a
/// silent room none are told, so that none wake the program. (A test of the microphone has its own.)
pub fn meter(
    mut voices: ResMut<Voices>,
    look: Res<Look>,
    window: Option<Single<&Window, With<PrimaryWindow>>>,
    mut node: NodeDoor,
) {
    let seen = window.is_none_or(|window| window.focused && window.visible) && look.motion == Motion::Full;
    let on = seen && voices.people.iter().any(|person| person.speaking);
    if on != voices.metered {
        voices.metered = on;
        node.send(NodeCommand::Voice(VoiceAsk::Meter { on }));
    }
}

#[cfg(test)]
mod tests;
