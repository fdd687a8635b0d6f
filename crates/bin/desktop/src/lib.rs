//! The desktop client as an [`App`]: the very same one for the window, for pictures without a display, and for tests.
//!
//! This crate puts plugins together and owns the command line, the local socket and the exit codes. It must never draw,
//! decide or remember anything itself: that is `plugins/`. Start with [`app`].

pub mod control;
pub mod instance;
pub mod node;
pub mod offscreen;
pub mod scheme;

use bevy::{
    app::PluginGroupBuilder,
    log::LogPlugin,
    prelude::*,
    render::{
        RenderPlugin,
        error_handler::{ErrorType, RenderErrorHandler, RenderErrorPolicy},
        settings::{MemoryHints, RenderCreation, WgpuSettings},
    },
    window::{ExitCondition, PresentMode, WindowResolution},
    winit::{EventLoopProxyWrapper, WinitPlugin, WinitUserEvent},
};
use bevy_egui::EguiPlugin;
use hearth_bridge::{BridgePlugin, Door, WakeUp};
use hearth_hotkeys::Source;
use hearth_keys::KeysPlugin;
use hearth_lounge::LoungePlugin;
use hearth_overlay::OverlayPlugin;
use hearth_playing::PlayingPlugin;
use hearth_ui::{BackdropPlugin, EguiFix, PowerPlugin, Screen, UiConfig, UiPlugin, power::Alarm};
use hearth_world::{NodeEnded, WorldPlugin};
use std::path::PathBuf;

/// Size of a new window, in points.
pub const WINDOW_SIZE: (u32, u32) = (1280, 720);
/// Below this the layout no longer holds.
pub const WINDOW_MIN: (f32, f32) = (940.0, 560.0);

/// Where the picture goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Surface {
    /// A window.
    Window {
        /// Starts out of sight; a second start brings it up.
        hidden: bool,
        /// Points.
        size: (u32, u32),
    },
    /// One PNG, without any display.
    Picture {
        /// Where to write it.
        file: PathBuf,
        /// Pixels.
        size: (u32, u32),
    },
}

/// How the client is put together.
pub struct AppConfig {
    /// Where the picture goes.
    pub surface: Surface,
    /// How the face starts.
    pub ui: UiConfig,
    /// What the node's waker was made of.
    pub wake_up: WakeUp,
    /// Requests over the local socket.
    pub control: Option<control::Inbox>,
    /// The fixes of `plugins/ui/egui_fix`; off only in the test that proves they are needed.
    pub egui_fix: bool,
}

impl Default for AppConfig {
    fn default() -> Self {
        Self {
            surface: Surface::Window { hidden: false, size: WINDOW_SIZE },
            ui: UiConfig::default(),
            wake_up: WakeUp::default(),
            control: None,
            egui_fix: true,
        }
    }
}

/// The client, over a node that runs or one that is still starting. `run` it.
pub fn app(config: AppConfig, door: impl Into<Door>) -> App {
    let door = door.into();
    let AppConfig { surface, ui, wake_up, control, egui_fix } = config;
    let mut app = App::new();
    match &surface {
        Surface::Window { hidden, size } => {
            app.add_plugins(engine().set(WindowPlugin { primary_window: Some(window(*hidden, *size)), ..default() }));
        }
        Surface::Picture { .. } => {
            let no_window = WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() };
            app.add_plugins(engine().set(no_window).disable::<WinitPlugin>());
        }
    }
    if let Some(proxy) = app.world().get_resource::<EventLoopProxyWrapper>() {
        let proxy = (**proxy).clone();
        wake_up.connect(move || {
            // Fails only once the loop has ended, when there is nothing left to wake.
            let _ = proxy.send_event(WinitUserEvent::WakeUp);
        });
    }
    if let Surface::Window { .. } = surface {
        app.add_plugins((
            KeysPlugin { wake_up: wake_up.clone(), source: Source::Desktop },
            OverlayPlugin,
            PlayingPlugin { wake_up: wake_up.clone(), folder: None },
        ));
    }
    let ring = wake_up.clone();
    app.add_plugins(EguiPlugin::default())
        .add_plugins(PowerPlugin { alarm: Alarm::new(move || ring.wake()) })
        .insert_resource(RenderErrorHandler(survive))
        .add_plugins((
            WorldPlugin,
            BridgePlugin { door, wake_up: Some(wake_up) },
            UiPlugin { config: ui },
            BackdropPlugin,
            LoungePlugin,
        ))
        .add_systems(PostUpdate, give_up);
    if egui_fix {
        app.add_plugins(EguiFix);
    }
    if let Some(inbox) = control {
        app.add_plugins(control::ControlPlugin { inbox });
    }
    if let Surface::Picture { file, size } = surface {
        app.add_plugins(offscreen::PicturePlugin { file, size });
    }
    app
}

/// The engine as the client has it; also below the empty window that figures are compared with.
pub fn engine() -> PluginGroupBuilder {
    DefaultPlugins
        .set(LogPlugin { filter: "warn,wgpu_hal=error,bevy_egui=error,hearth=info".into(), ..default() })
        .set(RenderPlugin { render_creation: RenderCreation::Automatic(Box::new(gpu())), ..default() })
}

/// Without a node there is nothing to show; whoever started it has said why.
fn give_up(mut ended: MessageReader<NodeEnded>, screen: Res<State<Screen>>, mut exit: MessageWriter<AppExit>) {
    if ended.read().next().is_some() && *screen.get() == Screen::Opening {
        exit.write(AppExit::from_code(1));
    }
}

/// The client's window.
pub fn window(hidden: bool, size: (u32, u32)) -> Window {
    Window {
        title: "Hearth".into(),
        name: Some("hearth".into()),
        resolution: WindowResolution::new(size.0, size.1),
        resize_constraints: WindowResizeConstraints { min_width: WINDOW_MIN.0, min_height: WINDOW_MIN.1, ..default() },
        // Fifo would make a hidden window hold up the whole program on Wayland (bevy#25562).
        present_mode: PresentMode::Mailbox,
        visible: !hidden,
        ..default()
    }
}

fn gpu() -> WgpuSettings {
    WgpuSettings { memory_hints: MemoryHints::MemoryUsage, ..default() }
}

/// A chat outlives a reset of the graphics driver.
fn survive(
    error: &bevy::render::error_handler::RenderError,
    main_world: &mut World,
    _render_world: &mut World,
) -> RenderErrorPolicy {
    match error.ty {
        ErrorType::DeviceLost => RenderErrorPolicy::Recover(RenderCreation::Automatic(Box::new(gpu()))),
        ErrorType::OutOfMemory => {
            main_world.write_message(AppExit::error());
            RenderErrorPolicy::StopRendering
        }
        _ => RenderErrorPolicy::StopRendering,
    }
}
