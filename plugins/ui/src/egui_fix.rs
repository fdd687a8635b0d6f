//! What bevy_egui 0.42 needs to be let sleep, to be clicked after sleeping, and to be used by a screen reader.
//!
//! All of it goes with the upgrade to 0.43. Each fault and its evidence:
//! - `ModifiersChanged` is pushed every frame, and any event makes egui repaint at once (bevy_egui#505): dropped when equal.
//! - Repaints asked for with a delay are forgotten: they go to the wake timer.
//! - The first click after a sleep looks like a long press, because time stood still (bevy_egui#352): time comes from
//!   `Instant`, and a click may take as long as it likes.
//! - Requests of assistive technology reach nobody: forwarded as egui events.
//! - A blinking caret wakes the program twice a second for nothing: it does not blink.

use crate::power::Alarm;
use bevy::{a11y::ActionRequest, prelude::*};
use bevy_egui::{EguiContext, EguiInput, EguiPreUpdateSet, PrimaryEguiContext, egui};
use std::time::Instant;

/// Installs the fixes.
pub struct EguiFix;

impl Plugin for EguiFix {
    fn build(&self, app: &mut App) {
        app.add_message::<ActionRequest>()
            .insert_resource(Started(Instant::now()))
            .add_systems(
                PreUpdate,
                tune_new_contexts.after(EguiPreUpdateSet::InitContexts).before(EguiPreUpdateSet::ProcessInput),
            )
            .add_systems(
                PreUpdate,
                (true_time, still_caret, forward_action_requests, drop_stale_modifiers)
                    .chain()
                    .after(EguiPreUpdateSet::ProcessInput)
                    .before(EguiPreUpdateSet::BeginPass),
            );
    }
}

#[derive(Resource)]
struct Started(Instant);

fn tune_new_contexts(mut contexts: Query<&mut EguiContext, Added<EguiContext>>, alarm: Option<Res<Alarm>>) {
    for mut context in &mut contexts {
        let ctx = context.get_mut();
        ctx.options_mut(|options| options.input_options.max_click_duration = f64::INFINITY);
        if let Some(alarm) = alarm.as_deref().cloned() {
            ctx.set_request_repaint_callback(move |info| alarm.ring_in(info.delay));
        }
    }
}

fn true_time(mut inputs: Query<&mut EguiInput>, started: Res<Started>) {
    for mut input in &mut inputs {
        input.0.time = Some(started.0.elapsed().as_secs_f64());
    }
}

/// Each frame, because a theme may bring its own style.
fn still_caret(mut contexts: Query<&mut EguiContext>) {
    for mut context in &mut contexts {
        let ctx = context.get_mut();
        if ctx.global_style().visuals.text_cursor.blink {
            ctx.all_styles_mut(|style| style.visuals.text_cursor.blink = false);
        }
    }
}

fn forward_action_requests(
    mut requests: MessageReader<ActionRequest>,
    mut inputs: Query<&mut EguiInput, With<PrimaryEguiContext>>,
) {
    for request in requests.read() {
        for mut input in &mut inputs {
            input.0.events.push(egui::Event::AccessKitActionRequest(request.0.clone()));
        }
    }
}

fn drop_stale_modifiers(mut contexts: Query<(&mut EguiInput, &mut EguiContext)>) {
    for (mut input, mut context) in &mut contexts {
        let held = context.get_mut().input(|state| state.modifiers);
        input.0.events.retain(|event| !matches!(event, egui::Event::ModifiersChanged(m) if *m == held));
    }
}
