//! One picture of the client, drawn without any display.

use bevy::{
    app::ScheduleRunnerPlugin,
    camera::RenderTarget,
    core_pipeline::tonemapping::Tonemapping,
    prelude::*,
    render::{
        render_resource::{TextureFormat, TextureUsages},
        view::screenshot::{Screenshot, ScreenshotCaptured},
    },
};
use bevy_egui::{EguiGlobalSettings, PrimaryEguiContext};
use hearth_ui::{MainCamera, Screen};
use hearth_world::HearthSystems;
use std::{path::PathBuf, time::Duration};

/// Updates before the picture is taken, so that fonts, textures and pipelines are there and springs have come to rest.
const SETTLE_UPDATES: u32 = 90;
/// Updates without a picture after which the attempt is given up.
const GIVE_UP_UPDATES: u32 = 1_800;

/// Installs a camera that draws to an image, a loop without a window, and the end after one picture.
pub struct PicturePlugin {
    /// Where to write the PNG.
    pub file: PathBuf,
    /// Pixels.
    pub size: (u32, u32),
}

/// Present: no picture is taken and the loop goes on, for measurements.
#[derive(Resource)]
pub struct KeepRunning;

#[derive(Resource)]
struct Order {
    file: PathBuf,
    size: (u32, u32),
    target: Handle<Image>,
    settled: u32,
    updates: u32,
}

impl Plugin for PicturePlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(Order {
            file: self.file.clone(),
            size: self.size,
            target: Handle::default(),
            settled: 0,
            updates: 0,
        })
        .add_plugins(ScheduleRunnerPlugin::run_loop(Duration::from_millis(16)))
        .add_systems(PreStartup, set_up.before(bevy_egui::EguiStartupSet::InitContexts))
        .add_systems(Last, take.after(HearthSystems::Govern));
    }
}

fn set_up(
    mut commands: Commands,
    mut order: ResMut<Order>,
    mut images: ResMut<Assets<Image>>,
    mut egui: ResMut<EguiGlobalSettings>,
) {
    egui.auto_create_primary_context = false;
    let mut image = Image::new_target_texture(order.size.0, order.size.1, TextureFormat::Rgba8UnormSrgb, None);
    image.texture_descriptor.usage |= TextureUsages::COPY_SRC;
    order.target = images.add(image);
    commands.spawn((
        MainCamera,
        Camera2d,
        Msaa::Off,
        Tonemapping::None,
        RenderTarget::Image(order.target.clone().into()),
        PrimaryEguiContext,
    ));
}

fn take(
    mut commands: Commands,
    mut order: ResMut<Order>,
    screen: Res<State<Screen>>,
    keep_running: Option<Res<KeepRunning>>,
    mut exit: MessageWriter<AppExit>,
) {
    if keep_running.is_some() {
        return;
    }
    order.updates += 1;
    if *screen.get() != Screen::Opening {
        order.settled += 1;
    }
    if order.settled == SETTLE_UPDATES {
        let file = order.file.clone();
        commands.spawn(Screenshot::image(order.target.clone())).observe(
            move |picture: On<ScreenshotCaptured>, mut exit: MessageWriter<AppExit>| {
                exit.write(match write(&picture.image, &file) {
                    Ok(()) => AppExit::Success,
                    Err(why) => {
                        eprintln!("The picture could not be written to {}: {why}", file.display());
                        AppExit::from_code(1)
                    }
                });
            },
        );
    }
    if order.updates == GIVE_UP_UPDATES {
        eprintln!("No picture could be drawn: the graphics driver gave nothing back.");
        exit.write(AppExit::from_code(1));
    }
}

fn write(image: &Image, file: &std::path::Path) -> Result<(), String> {
    let picture = image.clone().try_into_dynamic().map_err(|e| e.to_string())?;
    picture.to_rgb8().save(file).map_err(|e| e.to_string())
}
