//! A small software rasteriser of egui's triangles: textured, premultiplied, blended in gamma space as egui's own backends do.

use egui::epaint::{ClippedPrimitive, ImageData, Primitive, Vertex};
use egui::{Color32, TextureId, TexturesDelta};
use std::collections::HashMap;
use std::io;
use std::path::Path;

struct Texture {
    size: [usize; 2],
    pixels: Vec<Color32>,
}

/// Pixels, and the textures they are painted with.
pub struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<[f32; 3]>,
    textures: HashMap<TextureId, Texture>,
}

impl Canvas {
    pub fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![[0.0; 3]; width * height], textures: HashMap::new() }
    }
    pub fn clear(&mut self, color: Color32) {
        self.pixels.fill([f32::from(color.r()), f32::from(color.g()), f32::from(color.b())]);
    }
    /// Takes over what egui says about its textures.
    pub fn textures(&mut self, delta: &TexturesDelta) {
        for (id, patches) in &delta.set {
            for patch in patches {
                let ImageData::Color(image) = &patch.image;
                match patch.pos {
                    None => {
                        self.textures.insert(*id, Texture { size: image.size, pixels: image.pixels.clone() });
                    }
                    Some([x, y]) => {
                        let Some(texture) = self.textures.get_mut(id) else { continue };
                        for row in 0..image.size[1] {
                            let from = row * image.size[0];
                            let to = (y + row) * texture.size[0] + x;
                            texture.pixels[to..to + image.size[0]]
                                .copy_from_slice(&image.pixels[from..from + image.size[0]]);
                        }
                    }
                }
            }
        }
        for id in &delta.free {
            self.textures.remove(id);
        }
    }
    pub fn paint(&mut self, shapes: &[ClippedPrimitive], scale: f32) {
        for shape in shapes {
            let Primitive::Mesh(mesh) = &shape.primitive else { continue };
            let edge = |v: f32, max: usize| ((v * scale).round().max(0.0) as usize).min(max);
            let clip = [
                edge(shape.clip_rect.min.x, self.width),
                edge(shape.clip_rect.min.y, self.height),
                edge(shape.clip_rect.max.x, self.width),
                edge(shape.clip_rect.max.y, self.height),
            ];
            let Some(texture) = self.textures.get(&mesh.texture_id) else { continue };
            for t in mesh.indices.chunks_exact(3) {
                let v = [t[0], t[1], t[2]].map(|i| mesh.vertices[i as usize]);
                triangle(&mut self.pixels, self.width, clip, texture, v, scale);
            }
        }
    }
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let file = io::BufWriter::new(std::fs::File::create(path)?);
        let mut encoder = png::Encoder::new(file, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let bytes: Vec<u8> = self.pixels.iter().flatten().map(|v| v.round().clamp(0.0, 255.0) as u8).collect();
        let mut writer = encoder.write_header().map_err(io::Error::other)?;
        writer.write_image_data(&bytes).map_err(io::Error::other)
    }
}

fn triangle(pixels: &mut [[f32; 3]], width: usize, clip: [usize; 4], texture: &Texture, v: [Vertex; 3], scale: f32) {
    let p = v.map(|v| [f64::from(v.pos.x * scale), f64::from(v.pos.y * scale)]);
    let cross = |a: [f64; 2], b: [f64; 2], c: [f64; 2]| (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
    let area = cross(p[0], p[1], p[2]);
    if area == 0.0 || !area.is_finite() {
        return;
    }
    let low = |i: usize, least: usize| (p[0][i].min(p[1][i]).min(p[2][i]).floor().max(0.0) as usize).max(least);
    let high = |i: usize, most: usize| (p[0][i].max(p[1][i]).max(p[2][i]).ceil().max(0.0) as usize).min(most);
    // A shared edge belongs to one of its two triangles: top and left edges are inside, the others are not.
    let inside = |w: f64, a: [f64; 2], b: [f64; 2]| {
        let (dx, dy) = ((b[0] - a[0]) * area.signum(), (b[1] - a[1]) * area.signum());
        w > 0.0 || (w == 0.0 && (dy < 0.0 || (dy == 0.0 && dx > 0.0)))
    };
    for y in low(1, clip[1])..high(1, clip[3]) {
        for x in low(0, clip[0])..high(0, clip[2]) {
            let at = [x as f64 + 0.5, y as f64 + 0.5];
            let w = [cross(p[1], p[2], at) / area, cross(p[2], p[0], at) / area, cross(p[0], p[1], at) / area];
            if !(inside(w[0], p[1], p[2]) && inside(w[1], p[2], p[0]) && inside(w[2], p[0], p[1])) {
                continue;
            }
            let w = w.map(|w| w as f32);
            let mixed = |f: &dyn Fn(&Vertex) -> f32| f(&v[0]) * w[0] + f(&v[1]) * w[1] + f(&v[2]) * w[2];
            let texel = sample(texture, mixed(&|v| v.uv.x), mixed(&|v| v.uv.y));
            let ink = [
                mixed(&|v| f32::from(v.color.r())),
                mixed(&|v| f32::from(v.color.g())),
                mixed(&|v| f32::from(v.color.b())),
                mixed(&|v| f32::from(v.color.a())),
            ];
            let alpha = ink[3] * texel[3] / 255.0;
            let out = &mut pixels[y * width + x];
            for i in 0..3 {
                out[i] = ink[i] * texel[i] + out[i] * (1.0 - alpha);
            }
        }
    }
}

/// Bilinear, 0 to 1.
fn sample(t: &Texture, u: f32, v: f32) -> [f32; 4] {
    let (x, y) = (u * t.size[0] as f32 - 0.5, v * t.size[1] as f32 - 0.5);
    let (fx, fy) = (x - x.floor(), y - y.floor());
    let at = |dx: i64, dy: i64| {
        let px = (x.floor() as i64 + dx).clamp(0, t.size[0] as i64 - 1) as usize;
        let py = (y.floor() as i64 + dy).clamp(0, t.size[1] as i64 - 1) as usize;
        t.pixels[py * t.size[0] + px].to_array().map(|c| f32::from(c) / 255.0)
    };
    let (a, b, c, d) = (at(0, 0), at(1, 0), at(0, 1), at(1, 1));
    std::array::from_fn(|i| (a[i] * (1.0 - fx) + b[i] * fx) * (1.0 - fy) + (c[i] * (1.0 - fx) + d[i] * fx) * fy)
}
