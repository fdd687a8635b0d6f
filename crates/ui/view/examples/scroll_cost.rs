//! Prints what a frame costs while 100,000 messages scroll by: `cargo run --release -p hearth-view --example scroll_cost`.

#[path = "../tests/support/cast.rs"]
mod cast;

use cast::Cast;
use egui::{Event, Modifiers, MouseWheelUnit, Pos2, RawInput, Rect, pos2, vec2};
use hearth_ports::{Anchor, MessageView};
use hearth_view::{Frame, Intent, Intents, Motion, ThemeChoice, Tokens, UiState, main_ui};
use std::time::Instant;

/// Loads at most 200 messages centred at `at`, as a node does.
fn window_around(cast: &mut Cast, channel: &[MessageView], at: usize) {
    let end = (at + 100).min(channel.len());
    let start = end.saturating_sub(200);
    cast.messages = channel[start..end].to_vec();
    (cast.before, cast.after) = (start > 0, end < channel.len());
}

fn main() {
    let channel: Vec<MessageView> = (0..100_000u64)
        .map(|n| {
            let text = "a sentence of middling length ".repeat(1 + (n % 6) as usize);
            cast::message(1_000_000 + n, 1 + n * 7 % 5, cast::NOW - (100_000 - n) * 17_000, &format!("{n} {text}"))
        })
        .collect();
    let tokens = Tokens::built_in(ThemeChoice::Dark);
    for (name, points) in [("still", 0.0), ("30 points a frame", 30.0), ("700 points a frame", 700.0)] {
        let ctx = egui::Context::default();
        let (mut cast, mut state, mut intents) = (Cast::usual(), UiState::default(), Intents::default());
        window_around(&mut cast, &channel, channel.len());
        let (mut ui_us, mut mesh_us, mut rows, mut moves) = (vec![], vec![], 0, 0);
        for n in 0..1_000u32 {
            let wheel = Event::MouseWheel {
                unit: MouseWheelUnit::Point,
                delta: vec2(0.0, points),
                modifiers: Modifiers::NONE,
                phase: egui::TouchPhase::Move,
            };
            let input = RawInput {
                screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(1280.0, 720.0))),
                time: Some(f64::from(n) / 60.0),
                events: vec![Event::PointerMoved(pos2(700.0, 300.0)), wheel],
                ..RawInput::default()
            };
            let frame = Frame {
                now_ms: cast::NOW,
                utc_offset_min: 0,
                dt: 1.0 / 60.0,
                motion: Motion::Full,
                focused: true,
                tokens: &tokens,
            };
            let start = Instant::now();
            let mut out = ctx.run_ui(input, |ui| {
                cast.with_view(|view| main_ui(ui, view, &mut state, &frame, &mut intents));
            });
            let drawn = start.elapsed();
            out.textures_delta.clear();
            let start = Instant::now();
            let meshes = ctx.tessellate(out.shapes, out.pixels_per_point);
            if n > 20 {
                ui_us.push(drawn.as_micros());
                mesh_us.push(start.elapsed().as_micros());
                rows = rows.max(state.timeline.laid_out());
            }
            std::hint::black_box(meshes);
            for intent in intents.drain() {
                if let Intent::MoveWindow { anchor: Anchor::Message(id) } = intent
                    && let Some(at) = channel.iter().position(|m| m.message == id)
                {
                    moves += 1;
                    window_around(&mut cast, &channel, at);
                }
            }
        }
        ui_us.sort_unstable();
        mesh_us.sort_unstable();
        let at = |v: &[u128], part: usize| v[(v.len() - 1) * part / 100];
        println!(
            "{name}: ui p50 {} us, p95 {} us; tessellation p50 {} us; at most {rows} rows laid out; window moved {moves} times",
            at(&ui_us, 50),
            at(&ui_us, 95),
            at(&mesh_us, 50),
        );
    }
}
