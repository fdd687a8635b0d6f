//! Paints a voice room beneath its names: one mesh, one material, one draw, however many sit there.
//!
//! What is painted is [`hearth_view::lounge::Scene`], made by the view in the same frame that the sound's positions come
//! from. This crate must never decide where anybody sits or who is lit. Start with [`LoungePlugin`].
//!
//! [`LoungePlugin`] installs: `Material2d` for [`Lounge`], one entity, one system after `HearthSystems::View`; it says in
//! [`hearth_ui::Look`] that rooms are painted.

mod uniform;

pub use uniform::{Item, Uniform, uniform};

use bevy::{
    asset::{RenderAssetUsages, load_internal_asset, uuid_handle},
    camera::visibility::NoFrustumCulling,
    mesh::{Indices, MeshVertexBufferLayoutRef, PrimitiveTopology},
    prelude::*,
    reflect::TypePath,
    render::render_resource::{AsBindGroup, RenderPipelineDescriptor, SpecializedMeshPipelineError},
    shader::{Shader, ShaderRef},
    sprite_render::{AlphaMode2d, Material2d, Material2dKey, Material2dPlugin},
};
use bevy_egui::EguiPrimaryContextPass;
use hearth_ui::{Faces, Look, MainCamera, Screen, WallClock};
use hearth_view::{Motion, lounge::SHAPES_MAX};
use hearth_world::HearthSystems;

const SHADER: Handle<Shader> = uuid_handle!("1c0f8e43-5d7b-4f35-8d5e-0f2a6f0c9d31");
/// Between the wall behind everything and what egui draws.
const DEPTH: f32 = -0.5;

/// The material.
#[derive(Asset, TypePath, AsBindGroup, Debug, Clone, Default)]
pub struct Lounge {
    /// What the shader reads.
    #[uniform(0)]
    pub uniform: Uniform,
}

impl Material2d for Lounge {
    fn vertex_shader() -> ShaderRef {
        SHADER.into()
    }
    fn fragment_shader() -> ShaderRef {
        SHADER.into()
    }
    fn alpha_mode(&self) -> AlphaMode2d {
        AlphaMode2d::Blend
    }
    fn specialize(
        descriptor: &mut RenderPipelineDescriptor,
        layout: &MeshVertexBufferLayoutRef,
        _key: Material2dKey<Self>,
    ) -> Result<(), SpecializedMeshPipelineError> {
        descriptor.vertex.buffers = vec![layout.0.get_layout(&[Mesh::ATTRIBUTE_POSITION.at_shader_location(0)])?];
        Ok(())
    }
}

/// Paints rooms.
pub struct LoungePlugin;

impl Plugin for LoungePlugin {
    fn build(&self, app: &mut App) {
        load_internal_asset!(app, SHADER, "../../../shaders/lounge.wgsl", Shader::from_wgsl);
        app.add_plugins(Material2dPlugin::<Lounge>::default())
            .add_systems(Startup, furnish)
            .add_systems(EguiPrimaryContextPass, paint.after(HearthSystems::View));
    }
    fn finish(&self, app: &mut App) {
        if let Some(mut look) = app.world_mut().get_resource_mut::<Look>() {
            look.lounge = true;
        }
    }
}

#[derive(Component)]
struct Stage;

/// One quad for every shape there can be; which one it is stands in the third coordinate.
fn quads() -> Mesh {
    let corners = [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]];
    let positions: Vec<[f32; 3]> =
        (0..SHAPES_MAX).flat_map(|n| corners.map(|[x, y]: [f32; 2]| [x, y, n as f32])).collect();
    let indices = (0..SHAPES_MAX as u32).flat_map(|n| [0, 1, 2, 0, 2, 3].map(|i| 4 * n + i)).collect();
    Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, positions)
        .with_inserted_indices(Indices::U32(indices))
}

fn furnish(mut commands: Commands, mut meshes: ResMut<Assets<Mesh>>, mut materials: ResMut<Assets<Lounge>>) {
    commands.spawn((
        Stage,
        Mesh2d(meshes.add(quads())),
        MeshMaterial2d(materials.add(Lounge::default())),
        Transform::from_xyz(0.0, 0.0, DEPTH),
        Visibility::Hidden,
        NoFrustumCulling,
    ));
}

fn paint(
    mut stage: Query<(&MeshMaterial2d<Lounge>, &mut Visibility), With<Stage>>,
    camera: Query<&Camera, With<MainCamera>>,
    mut materials: ResMut<Assets<Lounge>>,
    faces: Res<Faces>,
    screen: Res<State<Screen>>,
    look: Res<Look>,
    clock: Res<WallClock>,
    mut painted: Local<Option<Uniform>>,
) {
    let scene = faces.main.lounge.as_ref().filter(|_| *screen.get() == Screen::Main);
    let window = camera.iter().find_map(Camera::logical_viewport_size).unwrap_or(Vec2::new(1280.0, 720.0));
    let density = camera.iter().find_map(Camera::target_scaling_factor).unwrap_or(1.0);
    for (material, mut visibility) in &mut stage {
        let Some(scene) = scene else {
            visibility.set_if_neq(Visibility::Hidden);
            *painted = None;
            continue;
        };
        visibility.set_if_neq(Visibility::Visible);
        let seconds = if look.motion == Motion::Reduced { 0.0 } else { uniform::seconds(clock.now_ms()) };
        let now = uniform(scene, window, density, seconds);
        // A room that stands still is not sent to the card again.
        if painted.as_ref() == Some(&now) {
            continue;
        }
        if let Some(mut material) = materials.get_mut(&material.0) {
            material.uniform = now.clone();
            *painted = Some(now);
        }
    }
}
