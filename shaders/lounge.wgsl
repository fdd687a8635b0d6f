// A voice room seen from above: floor, zones, walls, seats, a fire, and light around those who speak.
// Every shape is a quad of one mesh; its number picks the shape. Light is in the distance functions: no second pass.

struct Item {
    // Middle and reach, in points.
    rect: vec4<f32>,
    // What it is, and three numbers about it.
    kind: vec4<f32>,
    color: vec4<f32>,
}

struct Lounge {
    // Size of the window in points, seconds, pixels to a point.
    window: vec4<f32>,
    // Corners of the stage, in points.
    stage: vec4<f32>,
    // Around the room; 1 in the last number where it is dark.
    ground: vec4<f32>,
    items: array<Item, 192>,
}

@group(#{MATERIAL_BIND_GROUP}) @binding(0) var<uniform> lounge: Lounge;

const FLOOR: i32 = 1;
const ZONE: i32 = 2;
const WALL: i32 = 3;
const SEAT: i32 = 4;
const FIRE: i32 = 5;
const RANGE: i32 = 6;
const PERSON: i32 = 7;
const BUBBLE: i32 = 8;

struct Corner {
    @builtin(position) clip: vec4<f32>,
    // Points from the shape's middle.
    @location(0) local: vec2<f32>,
    @location(1) @interpolate(flat) item: u32,
}

@vertex
fn vertex(@location(0) position: vec3<f32>) -> Corner {
    let n = u32(position.z + 0.5);
    let item = lounge.items[n];
    var half = item.rect.zw;
    var middle = item.rect.xy;
    if (i32(item.kind.x) == FLOOR) {
        // The floor is as large as the stage; its own reach only says where it is lit.
        half = 0.5 * (lounge.stage.zw - lounge.stage.xy);
        middle = 0.5 * (lounge.stage.zw + lounge.stage.xy);
    }
    let at = middle + position.xy * half;
    var out: Corner;
    let ndc = at / lounge.window.xy * 2.0 - 1.0;
    out.clip = vec4<f32>(ndc.x, -ndc.y, 0.5, 1.0);
    if (item.kind.x == 0.0) {
        out.clip = vec4<f32>(2.0, 2.0, 0.5, 1.0);
    }
    out.local = at - item.rect.xy;
    out.item = n;
    return out;
}

// Interleaved gradient noise (Jimenez 2014), one value a pixel.
fn dither(pixel: vec2<f32>) -> f32 {
    return fract(52.9829189 * fract(dot(pixel, vec2<f32>(0.06711056, 0.00583715))));
}

// 1 within the edge of a shape, 0 outside, soft over a pixel.
fn within(d: f32) -> f32 {
    return clamp(0.5 - d * lounge.window.w, 0.0, 1.0);
}

// A line of so many points around an edge.
fn line(d: f32, width: f32) -> f32 {
    return within(abs(d) - 0.5 * width);
}

// The floor and the light on it.
fn ground_at(local: vec2<f32>, item: Item, pixel: vec2<f32>) -> vec4<f32> {
    let dark = lounge.ground.a;
    let p = local / max(item.rect.zw, vec2<f32>(1.0));
    let round = exp(-1.6 * dot(p, p));
    var colour = lounge.ground.rgb;
    // The floor is a little lighter than what is around it, and fades into it.
    let floor = mix(colour * 0.965, colour * 1.32 + vec3<f32>(0.0022, 0.0018, 0.0016), dark);
    colour = mix(colour, floor, round);
    // The room: a floor with rounded corners and the faintest of edges.
    let q = abs(local) - item.rect.zw + vec2<f32>(28.0);
    let wall = length(max(q, vec2<f32>(0.0))) + min(max(q.x, q.y), 0.0) - 28.0;
    let lift = mix(colour * 0.975, colour * 1.10 + vec3<f32>(0.0010, 0.0009, 0.0008), dark);
    colour = mix(colour, lift, within(wall));
    colour = mix(colour, mix(colour * 0.90, colour * 1.55 + vec3<f32>(0.002), dark), line(wall, 1.0) * 0.8);
    let reach = 0.55 * item.rect.w;
    let way = (local - item.kind.yz) / max(reach, 1.0);
    let d2 = dot(way, way);
    let heat = item.kind.w;
    let t = lounge.window.z;
    let flicker = 1.0 + 0.05 * heat * sin(t * 7.1) + 0.04 * heat * sin(t * 11.7 + 1.3);
    let light = (0.20 + 0.55 * heat) * flicker * (0.55 * exp(-d2 * 1.1) + 0.45 * exp(-d2 * 5.0));
    colour = mix(colour, item.color.rgb, light * mix(0.24, 0.19, dark));
    let step = 2.2 / 255.0 * pow(max(colour, vec3<f32>(0.0)), vec3<f32>(0.545));
    colour += (dither(pixel) - 0.5) * step;
    return vec4<f32>(colour, 1.0);
}

fn zone_at(local: vec2<f32>, item: Item) -> vec4<f32> {
    let radius = item.rect.z - 1.0;
    let r = length(local);
    let d = r - radius;
    let edge = item.kind.y;
    // A rug: a little colour, more of it towards the rim, and a seam within.
    let fill = within(d) * (0.035 + 0.055 * smoothstep(0.2, 1.0, r / radius));
    let rim = line(d, 1.2) * 0.34 * edge;
    let seam = line(d + 7.0, 1.0) * 0.13 * edge;
    return vec4<f32>(item.color.rgb, max(fill, max(rim, seam)));
}

fn wall_at(local: vec2<f32>, item: Item) -> vec4<f32> {
    let along = item.kind.yz;
    let q = vec2<f32>(dot(local, along), dot(local, vec2<f32>(-along.y, along.x)));
    let long = item.color.a;
    let d = length(vec2<f32>(max(abs(q.x) - long, 0.0), q.y)) - 3.0;
    // Its shadow falls towards the viewer.
    let s = local - vec2<f32>(0.0, 5.0);
    let u = vec2<f32>(dot(s, along), dot(s, vec2<f32>(-along.y, along.x)));
    let e = length(vec2<f32>(max(abs(u.x) - long, 0.0), u.y)) - 3.0;
    let shadow = 0.35 * exp(-max(e, 0.0) * 0.28) * mix(0.35, 1.0, lounge.ground.a);
    let body = within(d);
    return vec4<f32>(item.color.rgb * body, mix(shadow, 1.0, body));
}

fn bubble_at(local: vec2<f32>, item: Item) -> vec4<f32> {
    let along = item.kind.yz;
    let wide = item.kind.w;
    let q = vec2<f32>(dot(local, along), dot(local, vec2<f32>(-along.y, along.x)));
    let d = length(vec2<f32>(max(abs(q.x) - item.color.a, 0.0), q.y)) - wide;
    let fill = within(d) * (0.05 + 0.10 * smoothstep(-wide, 0.0, d));
    return vec4<f32>(item.color.rgb, max(fill, line(d + 1.0, 1.4) * 0.55));
}

fn seat_at(local: vec2<f32>, item: Item) -> vec4<f32> {
    let d = length(local) - (item.rect.z - 1.5);
    let lit = item.kind.y;
    let fill = within(d) * (0.07 + 0.25 * lit);
    let rim = line(d, 1.2) * (0.26 + 0.64 * lit);
    return vec4<f32>(item.color.rgb, max(fill, rim));
}

fn hash(p: vec2<f32>) -> f32 {
    let q = fract(p * vec2<f32>(0.1031, 0.1030) + 0.07);
    let k = q + dot(q, q.yx + 33.33);
    return fract((k.x + k.y) * k.x * k.y);
}

// Smooth noise, 0 to 1.
fn noise(p: vec2<f32>) -> f32 {
    let i = floor(p);
    let f = fract(p);
    let u = f * f * (3.0 - 2.0 * f);
    let low = mix(hash(i), hash(i + vec2<f32>(1.0, 0.0)), u.x);
    let high = mix(hash(i + vec2<f32>(0.0, 1.0)), hash(i + vec2<f32>(1.0, 1.0)), u.x);
    return mix(low, high, u.y);
}

const STONES: f32 = 11.0;

fn fire_at(local: vec2<f32>, item: Item) -> vec4<f32> {
    let size = item.rect.z;
    let p = local / size;
    let r = length(p);
    let heat = item.kind.y;
    let t = lounge.window.z;
    let dark = lounge.ground.a;
    // A ring of stones, lit from within.
    let turn = (atan2(p.y, p.x) / 6.2831853 + 0.5) * STONES;
    let stone = floor(turn);
    let odd = hash(vec2<f32>(stone * 7.3, 3.1));
    let middle = 0.60 + 0.03 * (odd - 0.5);
    let off = vec2<f32>((fract(turn) - 0.5) * 6.2831853 / STONES * middle, r - middle);
    let stone_d = (length(off * vec2<f32>(0.86, 1.0)) - 0.105 - 0.028 * odd) * size;
    let lit = (0.10 + 0.55 * heat) * smoothstep(0.10, -0.10, r - middle);
    let rock = mix(vec3<f32>(0.20, 0.185, 0.17), vec3<f32>(0.022, 0.020, 0.018), dark) * (0.8 + 0.5 * odd);
    let rock_lit = mix(rock, item.color.rgb, lit);
    let stones = within(stone_d);
    // Flames over embers.
    let drift = 0.6 * noise(p * 5.0 + vec2<f32>(1.7, t * 1.1)) + 0.4 * noise(p * 9.0 + vec2<f32>(t * 0.5, t * 1.9 + 5.0));
    let body = clamp(1.0 - r / (0.40 + 0.16 * heat) + (drift - 0.5) * (0.55 + 0.65 * heat), 0.0, 1.0);
    let flame = smoothstep(0.02, 0.42, body) * (0.55 + 0.45 * heat);
    var hot = mix(vec3<f32>(0.30, 0.028, 0.008), item.color.rgb, smoothstep(0.05, 0.40, body));
    hot = mix(hot, vec3<f32>(1.0, 0.62, 0.20), smoothstep(0.35, 0.75, body) * (0.35 + 0.65 * heat));
    hot = mix(hot, vec3<f32>(1.0, 0.90, 0.66), smoothstep(0.62, 1.0, body) * heat);
    let glow = exp(-r * r * 4.2) * (0.16 + 0.42 * heat) * (1.0 - smoothstep(0.8, 1.0, r));
    let over = max(flame, stones);
    let alpha = max(over, glow);
    let body_colour = mix(rock_lit, hot, clamp(flame * (1.0 - 0.6 * stones), 0.0, 1.0));
    let colour = mix(item.color.rgb, body_colour, over / max(alpha, 0.001));
    return vec4<f32>(colour, alpha);
}

fn range_at(local: vec2<f32>, item: Item) -> vec4<f32> {
    let radius = item.rect.z - 1.0;
    let r = length(local) / radius;
    let dashes = smoothstep(0.35, 0.5, abs(fract(atan2(local.y, local.x) * 12.0) - 0.5) * 2.0);
    let rim = line(length(local) - radius, 1.4) * 0.5 * dashes;
    let fill = within(length(local) - radius) * 0.06 * (1.0 - r * r);
    return vec4<f32>(item.color.rgb, max(fill, rim) * item.kind.y);
}

fn person_at(local: vec2<f32>, item: Item) -> vec4<f32> {
    let radius = item.kind.y;
    let shown = item.kind.z;
    let loud = item.kind.w;
    let r = length(local);
    let out = r - radius;
    let reach = item.rect.z - radius;
    // Nothing is left of it at the quad's edge.
    let fade = 1.0 - smoothstep(0.55, 1.0, out / reach);
    // A shadow under everybody, so that they stand on the floor.
    let s = length(local - vec2<f32>(0.0, 3.0)) - radius;
    let shadow = 0.38 * exp(-max(s, 0.0) * 0.22) * mix(0.45, 1.0, lounge.ground.a);
    let glow = shown * (0.22 + 0.40 * loud) * exp(-max(out, 0.0) / (0.38 * radius * (0.7 + 0.7 * loud)));
    let wide = 2.0 + 2.2 * loud;
    let ring = shown * line(out - 2.0 - 0.5 * wide - 0.04 * radius * loud, wide);
    // Two ripples run outwards, more of them the louder.
    let t = lounge.window.z;
    var ripples = 0.0;
    if (t > 0.0) {
        for (var n = 0; n < 2; n++) {
            let run = fract(t * 0.62 + 0.5 * f32(n));
            let at = 4.0 + run * reach * 0.8;
            let thin = 1.0 - run;
            ripples += thin * thin * line(out - at, 1.6) * 0.55;
        }
    }
    ripples *= shown * smoothstep(0.05, 0.6, loud);
    let light = clamp((glow + ripples) * fade + ring, 0.0, 1.0);
    let alpha = max(light, shadow * (1.0 - light) * fade);
    // On light ground a dark green would only look dirty: its light is the same green, bright.
    let most = max(max(item.color.r, item.color.g), max(item.color.b, 0.001));
    let bright = mix(item.color.rgb / most * 0.62, item.color.rgb, max(lounge.ground.a, ring));
    let colour = mix(vec3<f32>(0.0), bright, light / max(alpha, 0.001));
    return vec4<f32>(colour, alpha);
}

@fragment
fn fragment(in: Corner) -> @location(0) vec4<f32> {
    let item = lounge.items[in.item];
    let at = in.clip.xy / lounge.window.w;
    if (any(at < lounge.stage.xy) || any(at > lounge.stage.zw)) {
        discard;
    }
    switch i32(item.kind.x) {
        case 1: { return ground_at(in.local, item, in.clip.xy); }
        case 2: { return zone_at(in.local, item); }
        case 3: { return wall_at(in.local, item); }
        case 4: { return seat_at(in.local, item); }
        case 5: { return fire_at(in.local, item); }
        case 6: { return range_at(in.local, item); }
        case 8: { return bubble_at(in.local, item); }
        case 7: { return person_at(in.local, item); }
        default: { discard; }
    }
    return vec4<f32>(0.0);
}
