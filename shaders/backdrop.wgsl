// The light of a hearth on a dark wall: two slow glows from below and one cool one above, with a dither against banding.
// No texture, no loop over octaves: cheap enough for a software renderer at ten frames a second.

#import bevy_sprite::mesh2d_vertex_output::VertexOutput

struct Backdrop {
    surface: vec4<f32>,
    ember: vec4<f32>,
    cool: vec4<f32>,
    // Size in pixels, seconds, strength.
    size_time_strength: vec4<f32>,
}

@group(#{MATERIAL_BIND_GROUP}) @binding(0) var<uniform> backdrop: Backdrop;

fn glow(p: vec2<f32>, centre: vec2<f32>, radius: vec2<f32>) -> f32 {
    let d = (p - centre) / radius;
    return exp(-dot(d, d));
}

// Interleaved gradient noise (Jimenez 2014), one value a pixel.
fn dither(pixel: vec2<f32>) -> f32 {
    return fract(52.9829189 * fract(dot(pixel, vec2<f32>(0.06711056, 0.00583715))));
}

@fragment
fn fragment(mesh: VertexOutput) -> @location(0) vec4<f32> {
    let size = backdrop.size_time_strength.xy;
    let t = backdrop.size_time_strength.z;
    let strength = backdrop.size_time_strength.w;
    let aspect = size.x / max(size.y, 1.0);
    // Height runs from 0 at the bottom to 1; width in the same unit, 0 in the middle.
    let p = vec2<f32>((mesh.uv.x - 0.5) * aspect, 1.0 - mesh.uv.y);

    let sway = vec2<f32>(0.05 * sin(t * 0.23), 0.03 * sin(t * 0.31 + 1.0));
    let breath = 1.0 + 0.06 * sin(t * 0.47) + 0.03 * sin(t * 1.13 + 2.0);
    let fire = glow(p, vec2<f32>(0.0, -0.28) + sway, vec2<f32>(0.95, 0.52) * breath);
    let heart = glow(p, vec2<f32>(0.0, -0.20) + 1.6 * sway, vec2<f32>(0.42, 0.30) * breath);
    let night = glow(p, vec2<f32>(-0.75 + 0.04 * sin(t * 0.11), 1.15), vec2<f32>(0.9, 0.7));

    var colour = backdrop.surface.rgb;
    colour = mix(colour, backdrop.cool.rgb, 0.16 * strength * night);
    colour = mix(colour, backdrop.ember.rgb, strength * (0.20 * fire + 0.22 * heart));
    // One step of an 8-bit sRGB channel, in linear light at this brightness.
    let step = 2.2 / 255.0 * pow(max(colour, vec3<f32>(0.0)), vec3<f32>(0.545));
    colour += (dither(mesh.position.xy) - 0.5) * step;
    return vec4<f32>(colour, 1.0);
}
