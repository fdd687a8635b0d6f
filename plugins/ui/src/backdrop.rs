//! The slow light behind onboarding: one quad, one material, ten frames a second while somebody looks at it.
//!
//! [`BackdropPlugin`] installs: `Material2d` for [`Backdrop`], one entity, systems in `HearthSystems::Animate`.

use crate::{Look, MainCamera, Screen};
use bevy::{
    asset::{load_internal_asset, uuid_handle},
    prelude::*,
    reflect::TypePath,
    render::render_resource::{AsBindGroup, ShaderType},
    shader::{Shader, ShaderRef},
    sprite_render::{Material2d, Material2dPlugin},
    window::PrimaryWindow,
};
use bevy_egui::egui;
use hearth_view::{Motion, Tokens};
use hearth_world::{FrameNeed, HearthSystems};
use std::time::{Duration, Instant};

const SHADER: Handle<Shader> = uuid_handle!("6b1f2a52-7a5e-4b0e-9a63-5d2c1e8f0b77");

/// How often it moves.
pub const AMBIENT_FRAME: Duration = Duration::from_millis(100);

/// What the shader reads.
#[derive(ShaderType, Debug, Clone, Copy, Default)]
pub struct BackdropUniform {
    /// Surface, linear.
    pub surface: Vec4,
    /// Ember light, linear.
    pub ember: Vec4,
    /// Cool light, linear.
    pub cool: Vec4,
    /// Size in pixels, seconds, strength.
    pub size_time_strength: Vec4,
}

/// The material.
#[derive(Asset, TypePath, AsBindGroup, Debug, Clone, Default)]
pub struct Backdrop {
    /// What the shader reads.
    #[uniform(0)]
    pub uniform: BackdropUniform,
}

impl Material2d for Backdrop {
    fn fragment_shader() -> ShaderRef {
        SHADER.into()
    }
}

/// Installs the backdrop.
pub struct BackdropPlugin;

impl Plugin for BackdropPlugin {
    fn build(&self, app: &mut App) {
        load_internal_asset!(app, SHADER, "../../../shaders/backdrop.wgsl", Shader::from_wgsl);
        app.add_plugins(Material2dPlugin::<Backdrop>::default())
            .add_systems(Startup, hang_up)
            .add_systems(Update, animate.in_set(HearthSystems::Animate));
    }
}

#[derive(Component)]
struct Hanging {
    since: Instant,
}

fn hang_up(mut commands: Commands, mut meshes: ResMut<Assets<Mesh>>, mut materials: ResMut<Assets<Backdrop>>) {
    commands.spawn((
        Hanging { since: Instant::now() },
        Mesh2d(meshes.add(Rectangle::default())),
        MeshMaterial2d(materials.add(Backdrop::default())),
        Transform::from_xyz(0.0, 0.0, -1.0),
    ));
}

fn animate(
    mut hanging: Query<(&Hanging, &MeshMaterial2d<Backdrop>, &mut Transform, &mut Visibility)>,
    camera: Query<&Camera, With<MainCamera>>,
    window: Option<Single<&Window, With<PrimaryWindow>>>,
    mut materials: ResMut<Assets<Backdrop>>,
    mut clear: ResMut<ClearColor>,
    screen: Res<State<Screen>>,
    look: Res<Look>,
    need: Res<FrameNeed>,
) {
    let (surface, ember, cool, strength) = palette(&look.tokens);
    let wanted = Color::LinearRgba(surface);
    if clear.0 != wanted {
        clear.0 = wanted;
    }
    let shown = *screen.get() != Screen::Main;
    let size = camera.iter().find_map(Camera::logical_viewport_size).unwrap_or(Vec2::new(1280.0, 720.0));
    let still = look.motion == Motion::Reduced || window.as_ref().is_some_and(|window| !window.focused);
    for (hanging, material, mut transform, mut visibility) in &mut hanging {
        let visible = if shown { Visibility::Visible } else { Visibility::Hidden };
        visibility.set_if_neq(visible);
        if !shown {
            continue;
        }
        transform.set_if_neq(Transform::from_xyz(0.0, 0.0, -1.0).with_scale(size.extend(1.0)));
        let seconds = if look.motion == Motion::Reduced { 0.0 } else { hanging.since.elapsed().as_secs_f32() };
        if let Some(mut material) = materials.get_mut(&material.0) {
            material.uniform = BackdropUniform {
                surface: surface.to_vec4(),
                ember: ember.to_vec4(),
                cool: cool.to_vec4(),
                size_time_strength: Vec4::new(size.x, size.y, seconds, strength),
            };
        }
        if !still {
            need.within(AMBIENT_FRAME);
        }
    }
}

/// Surface, ember, cool, strength.
fn palette(tokens: &Tokens) -> (LinearRgba, LinearRgba, LinearRgba, f32) {
    let linear = |c: egui::Color32| Color::srgb_u8(c.r(), c.g(), c.b()).to_linear();
    let cool = if tokens.dark { Color::srgb_u8(0x3b, 0x5b, 0x8c) } else { Color::srgb_u8(0xc4, 0xdc, 0xf8) };
    // On a light wall the accent itself would be a stain: its light is paler.
    let ember = if tokens.dark { linear(tokens.color.accent) } else { Color::srgb_u8(0xff, 0xc2, 0x85).to_linear() };
    let strength = if tokens.dark { 1.0 } else { 1.8 };
    // Light on grey paper is mud, so a light wall is the brightest paper there is.
    let wall = if tokens.dark { tokens.color.bg0 } else { tokens.color.bg2 };
    (linear(wall), ember, cool.to_linear(), strength)
}
