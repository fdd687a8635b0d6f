//! What a frame costs the main World, `First` to `Last`, and what it costs to give it to the renderer, in processor time;
//! how much is drawn, and what the graphics card holds. Draws off-screen.
//!
//! The renderer has threads of its own, and a software one keeps every core busy: time on the wall would mostly tell how
//! long the main World waited for a core. So its systems run on one thread here, and that thread's clock counts.

use crate::support::{
    fake_node::{FakeNode, State},
    furnished,
};
use bevy::{
    core_pipeline::core_2d::Transparent2d,
    ecs::schedule::{Schedules, SingleThreadedExecutor},
    prelude::*,
    render::{Render, RenderApp, RenderSystems, render_phase::ViewSortedRenderPhases, renderer::RenderDevice},
    window::ExitCondition,
    winit::WinitPlugin,
};
use bevy_egui::{
    EguiContexts, EguiInput, EguiPlugin, EguiPreUpdateSet, EguiPrimaryContextPass, EguiRenderOutput, egui,
};
use hearth_bridge::WakeUp;
use hearth_desktop::{AppConfig, Surface, app};
use rustix::time::{ClockId, clock_gettime};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

const WARM_UP: usize = 120;
const FRAMES: usize = 600;

#[derive(Resource, Default)]
struct Stopwatch {
    started: Option<Duration>,
    frames: Vec<Duration>,
    /// Draws of the face: one for each piece with a clip or a texture of its own.
    face: usize,
}

/// What this thread has used so far.
fn used() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap()
}

fn timed(app: &mut App) {
    app.init_resource::<Stopwatch>()
        .add_systems(First, |mut watch: ResMut<Stopwatch>| watch.started = Some(used()))
        .add_systems(Last, |mut watch: ResMut<Stopwatch>, faces: Query<&EguiRenderOutput>| {
            if let Some(started) = watch.started.take() {
                watch.frames.push(used() - started);
            }
            watch.face = faces.iter().map(|output| output.paint_jobs.len()).sum();
        });
}

fn drawn(state: State) -> App {
    let wake_up = WakeUp::default();
    let (_fake, handle) = FakeNode::start(state, wake_up.waker());
    let surface = Surface::Picture { file: "never.png".into(), size: (1280, 720) };
    let mut app = app(AppConfig { surface, wake_up, ..AppConfig::default() }, handle);
    // Without this order a picture would be taken and the app end.
    app.insert_resource(hearth_desktop::offscreen::KeepRunning);
    app
}

fn client(messages: usize) -> App {
    drawn(furnished::crowded(messages, 40).0)
}

/// A room with so many people, of whom up to three speak.
fn lounge(people: usize) -> App {
    let state = furnished::lounge(people, 3.min(people.saturating_sub(1)), hearth_room::BuiltIn::Fireside);
    let room = state.seats.first().map(|seat| (seat.community, seat.channel)).unwrap();
    let mut app = drawn(state);
    app.world_mut().resource_mut::<hearth_ui::Selection>().last_channels.insert(room.0, room.1);
    app
}

/// What is seen of the renderer, which runs beside the main World.
struct Renderer {
    /// Things of two dimensions beneath the face, one draw each.
    beneath: Arc<AtomicUsize>,
    extracts: Arc<Mutex<Vec<Duration>>>,
}

impl Renderer {
    /// Before the app is finished, as the renderer leaves for a thread of its own then.
    fn watch(app: &mut App) -> Self {
        let beneath = Arc::new(AtomicUsize::new(0));
        let extracts = Arc::new(Mutex::new(Vec::with_capacity(WARM_UP + FRAMES)));
        let render = app.sub_app_mut(RenderApp);
        let counted = beneath.clone();
        let count = move |phases: Res<ViewSortedRenderPhases<Transparent2d>>| {
            counted.store(phases.values().map(|phase| phase.items.len()).sum(), Relaxed);
        };
        render.add_systems(Render, count.in_set(RenderSystems::PhaseSort));
        let mut extract = render.take_extract().unwrap();
        let timed = extracts.clone();
        render.set_extract(move |main, render| {
            let started = used();
            extract(main, render);
            timed.lock().unwrap().push(used() - started);
        });
        Self { beneath, extracts }
    }
}

/// What the card holds, in MB.
fn on_the_card(app: &App) -> f64 {
    let report = app.world().resource::<RenderDevice>().wgpu_device().generate_allocator_report();
    report.map_or(f64::NAN, |report| report.total_allocated_bytes as f64 / 1e6)
}

fn empty() -> App {
    let mut app = App::new();
    let no_window = WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() };
    app.add_plugins(DefaultPlugins.set(no_window).disable::<WinitPlugin>())
        .add_plugins(EguiPlugin::default())
        .add_plugins(hearth_desktop::offscreen::PicturePlugin { file: "never.png".into(), size: (1280, 720) })
        .insert_resource(hearth_desktop::offscreen::KeepRunning)
        .init_state::<hearth_ui::Screen>()
        .add_systems(EguiPrimaryContextPass, |mut contexts: EguiContexts| -> Result {
            let _ = contexts.ctx_mut()?;
            Ok(())
        });
    app
}

fn run(name: &str, mut app: App, wheel: f32) {
    timed(&mut app);
    let renderer = Renderer::watch(&mut app);
    if wheel != 0.0 {
        app.add_systems(
            PreUpdate,
            (move |mut inputs: Query<&mut EguiInput>| {
                for mut input in &mut inputs {
                    let middle = egui::pos2(640.0, 360.0);
                    input.0.events.push(egui::Event::PointerMoved(middle));
                    input.0.events.push(egui::Event::MouseWheel {
                        unit: egui::MouseWheelUnit::Point,
                        delta: egui::vec2(0.0, wheel),
                        phase: egui::TouchPhase::Move,
                        modifiers: egui::Modifiers::NONE,
                    });
                }
            })
            .after(EguiPreUpdateSet::ProcessInput)
            .before(EguiPreUpdateSet::BeginPass),
        );
    }
    app.finish();
    app.cleanup();
    for (_, schedule) in app.world_mut().resource_mut::<Schedules>().iter_mut() {
        schedule.set_executor(SingleThreadedExecutor::new());
    }
    for _ in 0..WARM_UP + FRAMES {
        app.update();
    }
    let at = |mut frames: Vec<Duration>| {
        frames.drain(..WARM_UP.min(frames.len()));
        frames.sort();
        let at = |share: usize| frames[(frames.len() - 1) * share / 100].as_secs_f64() * 1e3;
        format!("p50 {:.2} ms, p99 {:.2} ms", at(50), at(99))
    };
    let main = at(std::mem::take(&mut app.world_mut().resource_mut::<Stopwatch>().frames));
    let extract = at(std::mem::take(&mut renderer.extracts.lock().unwrap()));
    let (beneath, face) = (renderer.beneath.load(Relaxed), app.world().resource::<Stopwatch>().face);
    let card = on_the_card(&app);
    println!("{name:<38} {main}; to the renderer {extract}; {beneath} + {face} draws, {card:.1} MB on the card");
}

/// Each in a process of its own, so that none warms the caches of the next.
pub const SCENES: [&str; 8] =
    ["frame-empty", "frame-still", "frame-scroll", "frame-small", "lounge-1", "lounge-8", "lounge-25", "lounge-100"];

/// Draws a scene and prints its figures; false when there is no such scene.
pub fn scene(name: &str) -> bool {
    match name {
        "frame-empty" => run("empty app", empty(), 0.0),
        "frame-still" => run("100,000 messages, still", client(100_000), 0.0),
        "frame-scroll" => run("100,000 messages, scrolling", client(100_000), 120.0),
        "frame-small" => run("1,000 messages, scrolling", client(1_000), 120.0),
        _ => match name.strip_prefix("lounge-").and_then(|people| people.parse().ok()) {
            Some(people) => run(&format!("a room with {people}, up to three speak"), lounge(people), 0.0),
            None => return false,
        },
    }
    true
}
