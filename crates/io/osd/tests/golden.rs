//! Pictures of the overlay over a bright and a dark game, compared with the ones kept in `tests/golden`.
//!
//! `HEARTH_GOLDEN=renew` writes them anew. The processor paints, so they agree everywhere but for the last bit of sine and
//! root of the system's mathematics: up to [`NEAR`] of 255 in a channel passes.
#![allow(clippy::unwrap_used, clippy::panic)]

use hearth_osd::{Corner, Look, OverlayFrame, Person, Talk, Toast, paint};
use std::fs::File;
use std::path::PathBuf;

const NEAR: u8 = 2;
/// Side of a grain of noise, in pixels: coarse ones keep the files small.
const GRAIN: u32 = 4;
const NOW: u64 = 60_000;

fn person(name: &str, color: u32) -> Person {
    Person { name: name.into(), color, ..Person::default() }
}

fn speaks(name: &str, color: u32, level: f32) -> Person {
    Person { speaking: true, level, ..person(name, color) }
}

fn silent(name: &str, color: u32, for_ms: u64) -> Person {
    Person { silent_since_ms: Some(NOW - for_ms), ..person(name, color) }
}

fn three() -> OverlayFrame {
    OverlayFrame {
        at_ms: NOW,
        people: vec![
            silent("Lin", 0x3f_b0_9a, 800),
            speaks("Ada Lovelace", 0xe8_84_4a, 0.8),
            Person { muted: true, ..silent("Noor", 0x7c_8d_ea, 2_000) },
        ],
        talk: Talk::Ready,
        ..OverlayFrame::default()
    }
}

fn eight() -> OverlayFrame {
    OverlayFrame {
        at_ms: NOW,
        people: vec![
            silent("Lin", 0x3f_b0_9a, 500),
            speaks("Ada Lovelace", 0xe8_84_4a, 0.9),
            Person { muted: true, deafened: true, ..silent("Noor", 0x7c_8d_ea, 900) },
            speaks("the_one_with_the_very_long_name_of_all", 0x4c_a3_d9, 0.4),
            silent("Sam Okafor", 0xd9_a4_3b, 3_200),
            Person { muted: true, ..silent("A name that goes on and on", 0xb5_7c_dd, 1_500) },
            silent("Wil", 0xe0_73_9c, 3_300),
            silent("Jo", 0x7f_b2_5a, 2_600),
        ],
        toasts: vec![
            Toast { title: "Sam in #clips".into(), line: "@Ada that last round!".into(), until_ms: NOW + 900 },
            Toast {
                title: "Wil in #the-long-name-of-a-channel-that-nobody-reads".into(),
                line: "@Ada we start at eight, bring the map and the two people from yesterday if they have time"
                    .into(),
                until_ms: NOW + 4_000,
            },
        ],
        talk: Talk::Open,
    }
}

/// What lies beneath: x and y from 0 to 1, and a seed of the pixel.
type Game = fn(f32, f32, u32) -> [f32; 3];

/// Sky over a line of haze over sand.
fn beach(x: f32, y: f32, seed: u32) -> [f32; 3] {
    let grain = (noise(seed) * 6.0).floor() - 3.0;
    let (top, bottom, t) = if y < 0.55 {
        ([120.0, 184.0, 246.0], [236.0, 246.0, 255.0], y / 0.55)
    } else {
        ([250.0, 236.0, 200.0], [233.0, 205.0, 152.0], (y - 0.55) / 0.45)
    };
    std::array::from_fn(|n| top[n] + (bottom[n] - top[n]) * t + grain + 8.0 * x)
}

/// Near black, with a cold light in one corner.
fn cave(x: f32, y: f32, seed: u32) -> [f32; 3] {
    let light = (1.0 - ((x - 0.9).powi(2) + (y - 0.8).powi(2)).sqrt()).max(0.0);
    let grain = (noise(seed) * 14.0).floor();
    [8.0 + 26.0 * light + grain, 9.0 + 34.0 * light + grain, 12.0 + 48.0 * light + grain]
}

fn noise(seed: u32) -> f32 {
    let mut x = seed.wrapping_mul(0x9e37_79b9) ^ 0x85eb_ca6b;
    x ^= x >> 15;
    x = x.wrapping_mul(0x2c1b_3c6d);
    x ^= x >> 12;
    (x >> 8) as f32 / 16_777_216.0
}

/// The overlay in its corner of a piece of the game; RGB, with its width and height.
fn composed(frame: &OverlayFrame, look: &Look, game: Game) -> (u32, u32, Vec<u8>) {
    let picture = paint(frame, look, NOW);
    let (margin, least) = ((12.0 * look.scale) as u32, (120.0 * look.scale) as u32);
    let (pw, ph) = picture.as_ref().map_or((240 * look.scale as u32, 0), |p| (p.width, p.height));
    let (w, h) = (pw + 2 * margin, (ph + 2 * margin).max(least));
    let mut out = Vec::with_capacity((w * h * 3) as usize);
    for y in 0..h {
        for x in 0..w {
            let under = game(x as f32 / w as f32, y as f32 / h as f32, (y / GRAIN) * w + x / GRAIN);
            let (px, py) = (x.wrapping_sub(margin), y.wrapping_sub(margin));
            let over: [u8; 4] = match &picture {
                Some(p) if px < p.width && py < p.height => {
                    let at = ((py * p.width + px) * 4) as usize;
                    p.pixels[at..at + 4].try_into().unwrap()
                }
                _ => [0; 4],
            };
            let rest = 1.0 - f32::from(over[3]) / 255.0;
            out.extend((0..3).map(|n| (f32::from(over[n]) + under[n].clamp(0.0, 255.0) * rest).round() as u8));
        }
    }
    (w, h, out)
}

fn check(name: &str, frame: &OverlayFrame, look: &Look) {
    for (game_name, game) in [("bright", beach as Game), ("dark", cave as Game)] {
        let path: PathBuf =
            [env!("CARGO_MANIFEST_DIR"), "tests/golden", &format!("{name}-{game_name}.png")].iter().collect();
        let now = composed(frame, look, game);
        if std::env::var("HEARTH_GOLDEN").is_ok_and(|v| v == "renew") {
            write(&path, &now);
            continue;
        }
        let kept = read(&path);
        assert_eq!((now.0, now.1), (kept.0, kept.1), "{name} over {game_name} has another size");
        let far = now.2.iter().zip(&kept.2).filter(|(a, b)| a.abs_diff(**b) > NEAR).count();
        if far > 0 {
            let seen = std::env::temp_dir().join(format!("overlay-{name}-{game_name}.png"));
            write(&seen, &now);
            panic!("{name} over {game_name}: {far} values differ from {}; now: {}", path.display(), seen.display());
        }
    }
}

fn write(path: &PathBuf, (w, h, rgb): &(u32, u32, Vec<u8>)) {
    let mut encoder = png::Encoder::new(File::create(path).unwrap(), *w, *h);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::High);
    encoder.write_header().unwrap().write_image_data(rgb).unwrap();
}

fn read(path: &PathBuf) -> (u32, u32, Vec<u8>) {
    let file = File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut reader = png::Decoder::new(std::io::BufReader::new(file)).read_info().unwrap();
    let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut rgb).unwrap();
    rgb.truncate(info.buffer_size());
    (info.width, info.height, rgb)
}

#[test]
fn nobody() {
    check("nobody", &OverlayFrame::default(), &Look::default());
}

#[test]
fn three_people() {
    check("three", &three(), &Look::default());
    check("three-at-2", &three(), &Look { scale: 2.0, ..Look::default() });
}

#[test]
fn eight_people_and_toasts() {
    check("eight", &eight(), &Look::default());
    check("eight-at-2", &eight(), &Look { scale: 2.0, ..Look::default() });
}

#[test]
fn from_the_lower_right_corner_at_one_and_a_half() {
    check("eight-lower-right", &eight(), &Look { corner: Corner::BottomRight, scale: 1.5, ..Look::default() });
}

#[test]
fn to_be_dragged() {
    check("interactive", &three(), &Look { interactive: true, ..Look::default() });
}

#[test]
fn half_seen() {
    check("half-seen", &three(), &Look { opacity: 0.5, ..Look::default() });
}

/// Named twice, with nobody in a room.
fn mentions() -> OverlayFrame {
    let told = |title: &str, line: &str, until_ms| Toast { title: title.into(), line: line.into(), until_ms };
    let toasts = vec![
        told("Wil in #raid-night", "@Ada we start at eight, bring the map", NOW + 5_000),
        told("Sam in #clips", "@ada that last round!", NOW + 2_000),
    ];
    OverlayFrame { at_ms: NOW, toasts, ..OverlayFrame::default() }
}

#[test]
fn mentions_alone_small_and_large() {
    check("mentions-small", &mentions(), &Look { scale: 0.85, ..Look::default() });
    check("mentions", &mentions(), &Look::default());
    check("mentions-large", &mentions(), &Look { scale: 1.3, corner: Corner::BottomRight, ..Look::default() });
}

#[test]
fn three_people_small_and_large() {
    check("three-small", &three(), &Look { scale: 0.85, ..Look::default() });
    check("three-large", &three(), &Look { scale: 1.3, ..Look::default() });
}

#[test]
fn to_be_dragged_with_nobody_in_a_room() {
    check("interactive-alone", &OverlayFrame::default(), &Look { interactive: true, ..Look::default() });
}
