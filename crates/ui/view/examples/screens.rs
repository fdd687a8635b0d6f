//! Draws every screen to PNG without a graphics card or a window: `cargo run -p hearth-view --example screens [folder] [name part]`.

#[path = "../tests/support/cast.rs"]
mod cast;
#[path = "screens/raster.rs"]
mod raster;

use cast::Cast;
use egui::{Event, Key, Modifiers, MouseWheelUnit, PointerButton, Pos2, RawInput, Rect, pos2, vec2};
use hearth_ports::{Health, Noise};
use hearth_view::{
    Corner, Frame, Intent, Intents, KeyFor, KeysView, MicView, Motion, OnboardingState, OnboardingStep, OnboardingView,
    SyncView, Talk, ThemeChoice, Toast, ToastLevel, Tokens, UiState, main_ui, onboarding_ui,
};
use raster::Canvas;

/// A window that is not there.
struct Stage {
    ctx: egui::Context,
    canvas: Canvas,
    size: [usize; 2],
    scale: f32,
    tokens: Tokens,
    frames: u32,
    last: Vec<egui::epaint::ClippedShape>,
}

impl Stage {
    fn new(size: [usize; 2], scale: f32, theme: ThemeChoice) -> Self {
        Self {
            ctx: egui::Context::default(),
            canvas: Canvas::new(size[0], size[1]),
            size,
            scale,
            tokens: Tokens::built_in(theme),
            frames: 0,
            last: Vec::new(),
        }
    }
    /// One frame.
    fn frame(&mut self, events: Vec<Event>, draw: &mut dyn FnMut(&mut egui::Ui, &Frame<'_>)) {
        let size = vec2(self.size[0] as f32, self.size[1] as f32) / self.scale;
        let mut input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, size)),
            time: Some(f64::from(self.frames) / 60.0),
            focused: true,
            events,
            ..RawInput::default()
        };
        input.viewports.entry(egui::ViewportId::ROOT).or_default().native_pixels_per_point = Some(self.scale);
        self.frames += 1;
        let tokens = self.tokens.clone();
        let frame = Frame {
            now_ms: cast::NOW + u64::from(self.frames) * 16,
            utc_offset_min: 0,
            dt: 1.0 / 60.0,
            motion: Motion::Full,
            focused: true,
            tokens: &tokens,
        };
        let mut out = self.ctx.clone().run_ui(input, |ui| draw(ui, &frame));
        self.canvas.textures(&out.textures_delta);
        out.textures_delta.clear();
        self.last = out.shapes;
    }
    /// Paints the last frame and writes it out.
    fn save(&mut self, path: &std::path::Path) -> std::io::Result<()> {
        let shapes = self.ctx.tessellate(std::mem::take(&mut self.last), self.scale);
        self.canvas.clear(self.tokens.color.bg0);
        self.canvas.paint(&shapes, self.scale);
        self.canvas.save(path)
    }
}

fn click(at: Pos2) -> Vec<Vec<Event>> {
    let button =
        |pressed| Event::PointerButton { pos: at, button: PointerButton::Primary, pressed, modifiers: Modifiers::NONE };
    vec![vec![Event::PointerMoved(at)], vec![button(true)], vec![button(false)], vec![]]
}

fn key(key: Key) -> Vec<Vec<Event>> {
    vec![vec![Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers: Modifiers::NONE }], vec![]]
}

struct Shot {
    name: &'static str,
    size: [usize; 2],
    scale: f32,
    theme: ThemeChoice,
    cast: Cast,
    before: Vec<Vec<Event>>,
}

fn shot(name: &'static str, cast: Cast) -> Shot {
    Shot { name, size: [1280, 720], scale: 1.0, theme: ThemeChoice::Dark, cast, before: Vec::new() }
}

impl Shot {
    fn sized(mut self, w: usize, h: usize) -> Self {
        self.size = [w, h];
        self
    }
    fn light(mut self) -> Self {
        self.theme = ThemeChoice::Light;
        self
    }
    fn scaled(mut self, scale: f32) -> Self {
        self.scale = scale;
        self
    }
    fn after(mut self, events: Vec<Vec<Event>>) -> Self {
        self.before.extend(events);
        self
    }
    fn draw(mut self, folder: &std::path::Path) -> std::io::Result<()> {
        let mut stage = Stage::new(self.size, self.scale, self.theme);
        let (mut state, mut intents) = (UiState::default(), Intents::default());
        let mut events = vec![vec![]; 4];
        events.append(&mut self.before);
        events.extend(vec![vec![]; 40]);
        for list in events {
            let cast = &self.cast;
            stage.frame(list, &mut |ui, frame| {
                cast.with_view(|view| {
                    main_ui(ui, view, &mut state, frame, &mut intents);
                });
            });
            for intent in intents.drain() {
                match (intent, &self.cast.devices) {
                    (Intent::CreateInvite { .. }, _) => state.invite_ready(&cast::invite()),
                    (Intent::ListDevices, Some(devices)) => state.devices_ready(devices),
                    (Intent::ListDevices, None) => {
                        let why =
                            "This computer’s sound system does not answer. Restarting it, or the computer, may help.";
                        state.sound_failed(why);
                    }
                    _ => {}
                }
            }
        }
        stage.save(&folder.join(format!("{}.png", self.name)))
    }
}

fn onboarding(
    folder: &std::path::Path,
    name: &str,
    theme: ThemeChoice,
    step: OnboardingStep,
    offered: Option<&str>,
    events: Vec<Vec<Event>>,
    failed: Option<&str>,
) -> std::io::Result<()> {
    let mut stage = Stage::new([1280, 720], 1.0, theme);
    let (mut state, mut intents) = (OnboardingState::default(), Intents::default());
    if step == OnboardingStep::Identity {
        state.name = "Ada".to_owned();
    }
    let cast = Cast::usual();
    let mut all = vec![vec![]; 4];
    all.extend(events);
    all.extend(vec![vec![]; 30]);
    for list in all {
        let view = OnboardingView {
            step,
            me: (step == OnboardingStep::JoinOrCreate).then_some(&cast.me),
            offered_link: offered,
            backdrop: false,
        };
        stage.frame(list, &mut |ui, frame| {
            onboarding_ui(ui, &view, &mut state, frame, &mut intents);
        });
    }
    if let Some(why) = failed {
        state.failed(why);
        let view = OnboardingView { step, me: Some(&cast.me), offered_link: offered, backdrop: false };
        stage.frame(vec![], &mut |ui, frame| {
            onboarding_ui(ui, &view, &mut state, frame, &mut intents);
        });
    }
    stage.save(&folder.join(format!("{name}.png")))
}

fn main() -> std::io::Result<()> {
    let mut args = std::env::args().skip(1);
    let folder = std::path::PathBuf::from(args.next().unwrap_or_else(|| "target/screens".to_owned()));
    let part = args.next().unwrap_or_default();
    std::fs::create_dir_all(&folder)?;
    let (dark, light) = (ThemeChoice::Dark, ThemeChoice::Light);
    let link = "mesh://join#c2VjcmV0IG9mIGFuIGludml0ZSBsaW5rIGFzIGl0IGxvb2tz";
    let (one, two) = (OnboardingStep::Identity, OnboardingStep::JoinOrCreate);
    if "onboarding".contains(&part) || part.starts_with("onboarding") {
        onboarding(&folder, "onboarding-1", dark, one, None, vec![], None)?;
        onboarding(&folder, "onboarding-1-light", light, one, None, vec![], None)?;
        onboarding(&folder, "onboarding-2", dark, two, Some(link), vec![], None)?;
        onboarding(
            &folder,
            "onboarding-2-light",
            light,
            two,
            None,
            vec![],
            Some(
                "Nobody who could let you in answers right now. Ask for a new link, or try again when they are online.",
            ),
        )?;
    }
    let wheel = |y: f32| {
        vec![
            vec![Event::PointerMoved(pos2(700.0, 300.0))],
            vec![Event::MouseWheel {
                unit: MouseWheelUnit::Point,
                delta: vec2(0.0, y),
                modifiers: Modifiers::NONE,
                phase: egui::TouchPhase::Move,
            }],
        ]
    };
    let hover = |x: f32, y: f32| vec![vec![Event::PointerMoved(pos2(x, y))]];
    // From the gear in the dock, on the button of the test, and on the list of microphones.
    let gear = || click(pos2(201.0, 642.0));
    let tested = |open: bool| {
        let mut cast = Cast::in_call();
        cast.mic = MicView { level: if open { 0.62 } else { 0.24 }, open };
        cast
    };
    let chosen = || {
        let mut cast = tested(false);
        cast.choices.input = cast::LONG_MICROPHONE.into();
        cast.choices.output = "Wireless Headphones Pro".into();
        (cast.choices.talk, cast.choices.noise) = (Talk::Key, Noise::Strong);
        (cast.choices.echo, cast.choices.headphones) = (false, false);
        cast
    };
    let keyed = || {
        let mut cast = chosen();
        (cast.choices.mute_key, cast.choices.overlay_key) = ("F9".into(), "Ctrl+Shift+KeyO".into());
        cast.choices.overlay = Some(Corner::TopRight);
        let labels = ["Mouse button 5", "F9", "", "Ctrl+Shift+O"];
        cast.keys = KeysView { labels, everywhere: true, ..KeysView::default() };
        cast
    };
    let asked = || {
        let mut cast = keyed();
        (cast.keys.asked, cast.keys.taken) = (Some(KeyFor::Deafen), Some((KeyFor::Mute, KeyFor::Talk)));
        cast
    };
    // The sheet is as high as the window lets it be.
    let test_button = |h: f32| click(pos2(440.0 + (h - 720.0) * 0.89, 192.0));
    let microphones = |h: f32| click(pos2(500.0 + (h - 720.0) * 0.89, 142.0));
    let reply_key = vec![vec![Event::Text("and here is a longer answer that runs on, so that the field has to grow by a line or two before it is sent to everybody; it has to stay readable".into())]];
    let shots = vec![
        shot("main", Cast::usual()),
        shot("main-light", Cast::usual()).light(),
        shot("main-1920", Cast::usual()).sized(1920, 1080),
        shot("main-1920-light", Cast::usual()).sized(1920, 1080).light(),
        shot("main-940", Cast::usual()).sized(940, 560),
        shot("hover", Cast::usual()).after(hover(700.0, 500.0)),
        shot("scrolled", Cast::usual()).after(wheel(420.0)).after(hover(700.0, 250.0)),
        shot("unread", Cast::unread()),
        shot("unread-bar", Cast::unread_far()),
        shot("formatted", Cast::formatted()),
        shot("formatted-light", Cast::formatted()).light(),
        shot("writing", Cast::usual()).after(reply_key).after(key(Key::ArrowLeft)),
        shot("editing", Cast::usual()).after(key(Key::ArrowUp)),
        shot("empty", Cast::empty()),
        shot("no-community", Cast::no_community()),
        shot("offline", Cast::offline()),
        shot("offline-light", Cast::offline()).light(),
        shot("long-names", Cast::long_names()),
        shot("many-channels", Cast::many_channels()),
        shot("room-empty", Cast::voice()),
        shot("room-empty-940-light", Cast::voice()).sized(940, 560).light(),
        shot("call-list", Cast::in_call()),
        shot("call-list-light", Cast::in_call()).light(),
        shot("call-list-940", Cast::in_call()).sized(940, 560),
        shot("room-3", Cast::in_room()),
        shot("room-3-light", Cast::in_room()).light(),
        shot("room-3-940", Cast::in_room()).sized(940, 560),
        shot("room-25", Cast::crowd()),
        shot("room-25-light", Cast::crowd()).light(),
        shot("room-25-940", Cast::crowd()).sized(940, 560),
        shot("room-25-1920", Cast::crowd()).sized(1920, 1080),
        shot("room-talk", {
            let mut cast = Cast::in_room();
            (cast.choices.talk, cast.talking) = (Talk::Key, true);
            cast
        }),
        shot("room-deaf-long", {
            let mut cast = Cast::long_names();
            cast.channel = Some(5);
            cast.channels[5].0.name = "The room whose name goes on until the morning comes".into();
            cast.sits(2, 6);
            cast.sits(3, 6).muted = true;
            cast.sits(1, 6).deafened = true;
            cast.choices.talk = Talk::Key;
            cast
        }),
        shot("room-unjoined", {
            let mut cast = Cast::in_room();
            cast.voices.retain(|p| p.user != cast.me.user);
            cast.voices.iter_mut().for_each(|p| p.speaking = false);
            cast
        }),
        shot("call-volume", Cast::in_call()).after(click(pos2(180.0, 374.0))),
        shot("call-volume-light", Cast::in_call()).light().after(click(pos2(180.0, 374.0))),
        shot("room-volume", Cast::in_room()).after(click(pos2(814.0, 230.0))),
        shot("voice-settings", tested(true)).after(gear()).after(test_button(720.0)),
        shot("voice-settings-light", tested(true)).light().after(gear()).after(test_button(720.0)),
        shot("voice-settings-still", Cast::in_call()).after(gear()),
        shot("voice-settings-chosen", chosen()).after(gear()).after(test_button(720.0)),
        shot("voice-settings-chosen-light", chosen()).light().after(gear()).after(test_button(720.0)),
        shot("voice-settings-list", chosen()).after(gear()).after(microphones(720.0)),
        shot("voice-settings-list-light", chosen()).light().after(gear()).after(microphones(720.0)),
        shot("voice-settings-1920", tested(true))
            .sized(1920, 1080)
            .after(click(pos2(201.0, 1002.0)))
            .after(test_button(1080.0)),
        shot("voice-settings-1920-light", chosen())
            .sized(1920, 1080)
            .light()
            .after(click(pos2(201.0, 1002.0)))
            .after(test_button(1080.0)),
        shot("voice-settings-keys", keyed()).after(gear()).after(wheel(-330.0)),
        shot("voice-settings-keys-light", asked()).light().after(gear()).after(wheel(-330.0)),
        shot("voice-settings-overlay", keyed()).after(gear()).after(wheel(-2000.0)),
        shot("voice-settings-overlay-light", keyed()).light().after(gear()).after(wheel(-2000.0)),
        shot("voice-settings-keys-1920", asked()).sized(1920, 1080).after(click(pos2(201.0, 1002.0))),
        shot("voice-settings-940", tested(false)).sized(940, 560).after(click(pos2(201.0, 482.0))),
        shot("voice-settings-none", {
            let mut cast = Cast::in_call();
            cast.devices = Some(cast::devices(&[], &[]));
            cast
        })
        .after(gear()),
        shot("voice-settings-unknown-light", Cast { devices: None, ..Cast::in_call() }).light().after(gear()),
        shot("voice-settings-away", {
            let mut cast = Cast::in_call();
            cast.choices.input = cast::LONG_MICROPHONE.into();
            cast.devices = Some(cast::devices(&["USB Camera Mono"], &["Built-in Audio Analog Stereo"]));
            cast
        })
        .after(gear()),
        shot("room-loud", {
            let mut cast = Cast::in_room();
            for (who, level) in [(1, 0.4), (2, 0.6), (3, 0.85)] {
                let person = cast.voice_of(who);
                (person.speaking, person.muted, person.level) = (true, false, level);
            }
            cast
        }),
        shot("room-loud-light", {
            let mut cast = Cast::in_room();
            for (who, level) in [(1, 0.4), (2, 0.6), (3, 0.85)] {
                let person = cast.voice_of(who);
                (person.speaking, person.muted, person.level) = (true, false, level);
            }
            cast
        })
        .light(),
        shot("menu-me-call", Cast::in_call()).after(click(pos2(150.0, 684.0))),
        shot("toasts", {
            let mut cast = Cast::usual();
            cast.net.health = Health::Connecting;
            cast.sync = Some(SyncView { fetched: 620, missing: 380 });
            cast.toasts = vec![
                Toast { id: 1, level: ToastLevel::Info, text: "You are in. Say hi to The Night Shift.".into() },
                Toast {
                    id: 2,
                    level: ToastLevel::Warning,
                    text: "The disk is nearly full. New messages can’t be kept until there is room.".into(),
                },
            ];
            cast
        }),
        shot("menu-community", Cast::usual()).after(click(pos2(160.0, 24.0))),
        shot("menu-connection", Cast::offline()).after(click(pos2(150.0, 702.0))),
        shot("menu-me", Cast::usual()).after(click(pos2(150.0, 684.0))),
        shot("dialog-add", Cast::usual()).after(click(pos2(28.0, 162.0))),
        shot("dialog-invite", Cast::usual()).after(click(pos2(160.0, 24.0))).after(click(pos2(160.0, 76.0))),
        shot("dialog-invite-light", Cast::usual())
            .light()
            .after(click(pos2(160.0, 24.0)))
            .after(click(pos2(160.0, 76.0))),
        shot("dialog-add-light", Cast::usual()).light().after(click(pos2(28.0, 162.0))),
        shot("dialog-channel-light", Cast::usual())
            .light()
            .after(click(pos2(160.0, 24.0)))
            .after(click(pos2(160.0, 110.0))),
        shot("dialog-leave-light", Cast::usual())
            .light()
            .after(click(pos2(160.0, 24.0)))
            .after(click(pos2(160.0, 188.0))),
        shot("dialog-profile-light", Cast::usual())
            .light()
            .after(click(pos2(150.0, 684.0)))
            .after(click(pos2(160.0, 530.0))),
        shot("dialog-profile-940", Cast::usual())
            .sized(940, 560)
            .after(click(pos2(150.0, 524.0)))
            .after(click(pos2(160.0, 370.0))),
        shot("dialog-invite-940", Cast::usual())
            .sized(940, 560)
            .after(click(pos2(160.0, 24.0)))
            .after(click(pos2(160.0, 76.0))),
        shot("long-names-940", Cast::long_names()).sized(940, 560),
        shot("offline-940", Cast::offline()).sized(940, 560).light(),
        shot("main-scale-2", Cast::usual()).sized(2560, 1440).scaled(2.0),
        shot("main-scale-2-light", Cast::usual()).sized(2560, 1440).scaled(2.0).light(),
        shot("dialog-channel", Cast::usual()).after(click(pos2(160.0, 24.0))).after(click(pos2(160.0, 110.0))),
        shot("dialog-leave", Cast::usual()).after(click(pos2(160.0, 24.0))).after(click(pos2(160.0, 188.0))),
        shot("dialog-profile", Cast::usual()).after(click(pos2(150.0, 684.0))).after(click(pos2(160.0, 499.0))),
    ];
    for s in shots.into_iter().filter(|s| s.name.contains(&part)) {
        s.draw(&folder)?;
    }
    Ok(())
}
