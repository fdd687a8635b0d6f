//! A window without a window: the screens with a small make-believe node behind them.

use crate::cast::{self, Cast};
use egui::{Event, Modifiers, MouseWheelUnit, Pos2, Vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::NodeT;
use hearth_ports::{Anchor, IdentityView, SendState};
use hearth_view::{
    Activity, Frame, Intent, Intents, Motion, OnboardingState, OnboardingStep, OnboardingView, ThemeChoice, Tokens,
    UiState, main_ui, onboarding_ui,
};

/// Which screen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Screen {
    Onboarding(OnboardingStep),
    Main,
}

/// Everything behind the window.
pub struct World {
    pub screen: Screen,
    pub cast: Cast,
    pub ui: UiState,
    pub onboarding: OnboardingState,
    pub tokens: Tokens,
    pub log: Vec<Intent>,
    pub activity: Activity,
    pub focused: bool,
    pub motion: Motion,
    pub now_ms: u64,
    pub offered: Option<String>,
    /// The whole channel, when the window is only a part of it.
    pub channel: Vec<hearth_ports::MessageView>,
}

impl World {
    pub fn new(screen: Screen, cast: Cast) -> Self {
        Self {
            screen,
            cast,
            ui: UiState::default(),
            onboarding: OnboardingState::default(),
            tokens: Tokens::built_in(ThemeChoice::Dark),
            log: vec![],
            activity: Activity::default(),
            focused: true,
            motion: Motion::Full,
            now_ms: cast::NOW,
            offered: None,
            channel: vec![],
        }
    }
    fn draw(&mut self, ui: &mut egui::Ui) {
        self.now_ms += 16;
        let frame = Frame {
            now_ms: self.now_ms,
            utc_offset_min: 0,
            dt: 0.016,
            motion: self.motion,
            focused: self.focused,
            tokens: &self.tokens,
        };
        let mut intents = Intents::default();
        self.activity = match self.screen {
            Screen::Onboarding(step) => {
                let view = OnboardingView {
                    step,
                    me: Some(&self.cast.me),
                    offered_link: self.offered.as_deref(),
                    backdrop: false,
                };
                onboarding_ui(ui, &view, &mut self.onboarding, &frame, &mut intents)
            }
            Screen::Main => {
                let state = &mut self.ui;
                self.cast.with_view(|view| main_ui(ui, view, state, &frame, &mut intents))
            }
        };
        for intent in intents.drain() {
            self.apply(&intent);
            self.log.push(intent);
        }
    }
    /// What a node would do about it.
    fn apply(&mut self, intent: &Intent) {
        match intent {
            Intent::SetIdentity { name, color } => {
                self.cast.me = IdentityView { user: self.cast.me.user, name: name.clone(), color: *color };
                self.screen = Screen::Onboarding(OnboardingStep::JoinOrCreate);
            }
            Intent::CreateCommunity { name } if self.screen != Screen::Main => {
                let me = self.cast.me.clone();
                self.cast = Cast::empty();
                self.cast.me = me;
                self.cast.communities[0].0.name.clone_from(name);
                self.onboarding.done();
                self.ui.focus_composer();
                self.screen = Screen::Main;
            }
            Intent::Send { text, reply_to, .. } => {
                let mut m = cast::message(10_000 + self.log.len() as u64, 1, self.now_ms, text);
                m.reply_to = *reply_to;
                m.state = SendState::Saved;
                self.cast.messages.push(m);
            }
            Intent::MoveWindow { anchor } => {
                let at = match anchor {
                    Anchor::Message(id) => self.channel.iter().position(|m| m.message == *id),
                    Anchor::Unread => {
                        self.cast.mark.and_then(|id| self.channel.iter().position(|m| m.message == id)).map(|i| i + 1)
                    }
                    Anchor::Newest => None,
                };
                if !self.channel.is_empty() {
                    self.window_around(at.unwrap_or(self.channel.len()));
                }
            }
            Intent::OpenNewest if !self.channel.is_empty() => self.window_around(self.channel.len()),
            Intent::SelectChannel(channel) => {
                self.cast.channel = self.cast.channels.iter().position(|c| c.0.channel == *channel);
            }
            Intent::JoinVoice(channel) => {
                let room = self.cast.channels.iter().position(|c| c.0.channel == *channel).unwrap_or(0);
                self.cast.sits(1, room as u64 + 1);
            }
            Intent::Sit(spot) => self.cast.voice_of(1).seat = Some(*spot),
            Intent::Whisper(users) => self.cast.whisper.clone_from(users),
            Intent::SetPlan { channel, plan } => {
                self.cast.channels.iter_mut().filter(|c| c.0.channel == *channel).for_each(|c| c.0.plan = *plan);
            }
            Intent::LeaveVoice => self.cast.voices.retain(|p| p.user != self.cast.me.user),
            Intent::SetMute(on) => self.cast.voice_of(1).muted = *on,
            Intent::SetDeafen(on) => self.cast.voice_of(1).deafened = *on,
            Intent::SetVolume { user, gain } => {
                self.cast.voices.iter_mut().filter(|p| p.user == *user).for_each(|p| p.volume = *gain);
            }
            Intent::MuteMember { user, on } => {
                self.cast.voices.iter_mut().filter(|p| p.user == *user).for_each(|p| p.silenced = *on);
            }
            Intent::SetVoice(choices) => self.cast.choices.clone_from(choices),
            Intent::ListDevices => match &self.cast.devices {
                Some(devices) => self.ui.devices_ready(devices),
                None => {
                    self.ui.sound_failed("This computer’s sound system does not answer.");
                }
            },
            Intent::CreateInvite { .. } => self.ui.invite_ready(&cast::invite()),
            _ => {}
        }
    }
    /// Loads at most 200 messages of the whole channel, centred at `at`.
    pub fn window_around(&mut self, at: usize) {
        let end = (at + 100).min(self.channel.len());
        let start = end.saturating_sub(200);
        self.cast.messages = self.channel[start..end].to_vec();
        self.cast.before = start > 0;
        self.cast.after = end < self.channel.len();
    }
}

/// The window.
pub struct Stage(pub Harness<'static, World>);

impl Stage {
    pub fn of(world: World, size: [f32; 2]) -> Self {
        let mut stage = Self(
            Harness::builder()
                .with_size(Vec2::from(size))
                .with_max_steps(200)
                .build_ui_state(|ui, world: &mut World| world.draw(ui), world),
        );
        stage.wait(6);
        stage
    }
    pub fn main(cast: Cast) -> Self {
        Self::of(World::new(Screen::Main, cast), [1280.0, 720.0])
    }
    pub fn wait(&mut self, frames: usize) {
        self.0.run_steps(frames);
    }
    pub fn world(&self) -> &World {
        self.0.state()
    }
    pub fn world_mut(&mut self) -> &mut World {
        self.0.state_mut()
    }
    pub fn log(&self) -> &[Intent] {
        &self.world().log
    }
    pub fn key(&mut self, key: egui::Key) {
        self.0.key_press(key);
        self.wait(3);
    }
    pub fn key_with(&mut self, modifiers: Modifiers, key: egui::Key) {
        self.0.key_press_modifiers(modifiers, key);
        self.wait(3);
    }
    pub fn write(&mut self, text: &str) {
        self.0.event(Event::Text(text.into()));
        self.wait(2);
    }
    pub fn point(&mut self, x: f32, y: f32) {
        self.0.hover_at(Pos2::new(x, y));
        self.wait(2);
    }
    /// Turns the wheel; positive shows older messages.
    pub fn wheel(&mut self, points: f32) {
        self.0.event(Event::MouseWheel {
            unit: MouseWheelUnit::Point,
            delta: Vec2::new(0.0, points),
            modifiers: Modifiers::NONE,
            phase: egui::TouchPhase::Move,
        });
        self.wait(1);
    }
    /// Another frame is due soon.
    pub fn restless(&self) -> bool {
        let Activity { moving, wake_at_ms } = self.world().activity;
        moving || wake_at_ms.is_some_and(|at| at < self.world().now_ms + 100)
    }
    /// Lets every spring and the wheel come to rest.
    pub fn settle(&mut self) {
        for _ in 0..120 {
            self.wait(1);
            if !self.restless() {
                break;
            }
        }
        self.wait(20);
    }
    /// Clicks what a screen reader calls `name`.
    pub fn click(&mut self, name: &str) {
        use egui_kittest::kittest::Queryable;
        self.0.get_by_label(name).click();
        self.wait(4);
    }
    pub fn has(&self, name: &str) -> bool {
        self.names().iter().any(|(_, n)| n == name)
    }
    /// Role and name of everything a screen reader finds.
    pub fn names(&self) -> Vec<(String, String)> {
        self.0
            .root()
            .children_recursive()
            .map(|n| {
                let node = n.accesskit_node();
                let name = node.label().or_else(|| node.value()).unwrap_or_default();
                (format!("{:?}", node.role()), name)
            })
            .collect()
    }
    /// Every word painted.
    pub fn painted(&self) -> String {
        fn collect(shape: &egui::Shape, out: &mut String) {
            match shape {
                egui::Shape::Text(t) => {
                    out.push_str(t.galley.text());
                    out.push('\n');
                }
                egui::Shape::Vec(all) => all.iter().for_each(|s| collect(s, out)),
                _ => {}
            }
        }
        let mut out = String::new();
        self.0.output().shapes.iter().for_each(|s| collect(&s.shape, &mut out));
        out
    }
}
