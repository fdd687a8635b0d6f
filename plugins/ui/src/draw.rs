//! Draws the screen that is due, and collects what the person wishes.

use crate::{Look, Prefs, Scene, Screen, Selection, Toasts, Voices, WallClock};
use bevy::{core_pipeline::tonemapping::Tonemapping, prelude::*, window::PrimaryWindow};
use bevy_egui::{EguiContext, PrimaryEguiContext, egui};
use hearth_ports::{Health, NetStatus};
use hearth_view::{
    Activity, ChannelItem, CommunityItem, Frame, Intents, MainView, OnboardingState, OnboardingView, UiState,
    VoiceView, WindowView, main_ui, onboarding_ui,
};
use hearth_world::{FrameNeed, Me, Network};
use std::time::{Duration, Instant};

/// The camera that everything is drawn through.
#[derive(Component)]
pub struct MainCamera;

/// What only the screens know.
#[derive(Resource, Default)]
pub struct Faces {
    /// Onboarding.
    pub onboarding: OnboardingState,
    /// Main view.
    pub main: UiState,
    /// A link to offer in whichever form comes next.
    pub offered_link: Option<String>,
}

/// Wishes of this frame.
#[derive(Resource, Default)]
pub struct Wishes(pub Intents);

/// The camera. Smoothing of edges is egui's and the shaders' own affair.
pub fn spawn_camera(mut commands: Commands, existing: Query<(), With<MainCamera>>) {
    if existing.is_empty() {
        commands.spawn((MainCamera, Camera2d, Msaa::Off, Tonemapping::None));
    }
}

/// Draws.
#[expect(clippy::too_many_arguments, reason = "a view reads much and writes little")]
pub fn draw(
    mut context: Single<&mut EguiContext, With<PrimaryEguiContext>>,
    window: Option<Single<&Window, With<PrimaryWindow>>>,
    screen: Res<State<Screen>>,
    scene: Res<Scene>,
    voices: Res<Voices>,
    prefs: Res<Prefs>,
    selection: Res<Selection>,
    toasts: Res<Toasts>,
    me: Res<Me>,
    network: Res<Network>,
    look: Res<Look>,
    clock: Res<WallClock>,
    need: Res<FrameNeed>,
    mut faces: ResMut<Faces>,
    mut wishes: ResMut<Wishes>,
    mut last: Local<Option<Instant>>,
) {
    let ctx = context.get_mut().clone();
    let now_ms = clock.now_ms();
    let now = Instant::now();
    let frame = Frame {
        now_ms,
        utc_offset_min: look.utc_offset_min,
        dt: last.replace(now).map_or(0.0, |before| (now - before).as_secs_f32()),
        motion: look.motion,
        focused: window.is_none_or(|window| window.focused),
        tokens: &look.tokens,
    };
    if !look.tokens.install(&ctx) {
        need.now();
        return;
    }
    let room = egui::UiBuilder::new().layer_id(egui::LayerId::background()).max_rect(ctx.content_rect());
    let mut ui = egui::Ui::new(ctx.clone(), egui::Id::new("hearth"), room);
    let faces = &mut *faces;
    let activity = match (screen.get(), &me.0) {
        (Screen::Main, Some(me)) => {
            let communities: Vec<CommunityItem> = scene
                .communities
                .iter()
                .map(|c| CommunityItem { head: &c.line, unread: c.unread, mentions: c.mentions })
                .collect();
            let channels: Vec<ChannelItem> = scene
                .channels
                .iter()
                .map(|c| ChannelItem { channel: &c.line, unread: c.unread, mentions: c.mentions })
                .collect();
            let members: Vec<_> = scene.members.iter().collect();
            let community = communities.iter().find(|c| Some(c.head.community) == selection.community).map(|c| c.head);
            let open = channels.iter().find(|c| Some(c.channel.channel) == selection.channel);
            let unknown = not_known_yet();
            let view = MainView {
                me,
                communities: &communities,
                community,
                channels: &channels,
                channel: open.map(|c| c.channel),
                members: &members,
                members_revision: scene.members_revision,
                roles: &[],
                window: scene.loaded.channel.map(|channel| WindowView {
                    channel,
                    messages: &scene.loaded.messages,
                    before: scene.loaded.before,
                    after: scene.loaded.after,
                    mark: selection.opened_mark,
                    unread: open.map_or(0, |c| c.unread),
                }),
                typing: &scene.typing,
                voice: VoiceView {
                    people: &voices.people,
                    call: voices.call.as_ref().map(|call| call.view(&voices.whisper)),
                    choices: &prefs.values.voice,
                    keys: voices.keys.view(),
                    talking: voices.talking,
                    no_overlay: voices.no_overlay.as_deref(),
                    no_games: voices.no_games.as_deref(),
                    mic: voices.mic,
                    painted: look.lounge,
                },
                net: network.0.as_ref().unwrap_or(&unknown),
                sync: scene.sync,
                toasts: &toasts.shown,
            };
            main_ui(&mut ui, &view, &mut faces.main, &frame, &mut wishes.0)
        }
        (screen, me) => match screen.onboarding() {
            Some(step) => {
                let offered_link = faces.offered_link.as_deref();
                let view = OnboardingView { step, me: me.as_ref(), offered_link, backdrop: true };
                onboarding_ui(&mut ui, &view, &mut faces.onboarding, &frame, &mut wishes.0)
            }
            None => Activity::default(),
        },
    };
    if activity.moving {
        need.now();
    }
    if let Some(at) = activity.wake_at_ms {
        need.within(Duration::from_millis(at.saturating_sub(now_ms)));
    }
}

/// Before the node has spoken.
fn not_known_yet() -> NetStatus {
    NetStatus {
        health: Health::Connecting,
        sentence: "Looking for the others.".into(),
        links: 0,
        members_linked: 0,
        listen: Vec::new(),
    }
}
