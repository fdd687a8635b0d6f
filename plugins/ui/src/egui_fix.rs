//! What bevy_egui 0.42 needs to be let sleep, to be clicked after sleeping, and to be used by a screen reader.
//!
//! All of it goes with the upgrade to 0.43. Each fault and its evidence:
//! - `ModifiersChanged` is pushed every frame, and any event makes egui repaint at once (bevy_egui#505): dropped when equal.
//! - Repaints asked for with a delay are forgotten: they go to the wake timer.
//! - The first click after a sleep looks like a long press, because time stood still (bevy_egui#352): time comes from
//!   `Instant`, and a click may take as long as it likes.
//! - Requests of assistive technology reach nobody: forwarded as egui events.
//! - Keys that came in one frame are all meant for the widget that had the keyboard before them, so Tab then Return presses
//!   nothing: what follows a key that moves the keyboard waits for the next frame but one.
//! - A button meets what is under the pointer at the end of the frame: who presses and drags within one slow frame drags
//!   nothing. What moves after a button waits for the next frame.
//! - Modifiers are those at the end of the frame: Ctrl+V pressed and let go within one slow frame types a "v". A modifier
//!   that changes after another key was pressed waits for the next frame.
//! - A blinking caret wakes the program twice a second for nothing: it does not blink.

use crate::power::Alarm;
use bevy::{
    a11y::ActionRequest,
    ecs::message::{MessageCursor, MessageUpdateSystems, Messages},
    input::keyboard::KeyboardInput,
    prelude::*,
};
use bevy_egui::{
    EguiContext, EguiInput, EguiPreUpdateSet, PrimaryEguiContext,
    egui::{self, Key},
};
use hearth_world::FrameNeed;
use std::{collections::VecDeque, time::Instant};

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
            .add_systems(First, one_chord_a_frame.after(MessageUpdateSystems))
            .add_systems(
                PreUpdate,
                (true_time, still_caret, forward_action_requests, drop_stale_modifiers, one_step_a_frame)
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

fn is_modifier(key: KeyCode) -> bool {
    use KeyCode::*;
    matches!(key, ShiftLeft | ShiftRight | ControlLeft | ControlRight | AltLeft | AltRight | SuperLeft | SuperRight)
}

/// Takes the keys off the front that one set of modifiers holds for.
fn chord(waiting: &mut VecDeque<KeyboardInput>) -> Vec<KeyboardInput> {
    let mut pressed = false;
    let cut = waiting.iter().position(|key| {
        let modifier = is_modifier(key.key_code);
        pressed |= !modifier && key.state.is_pressed();
        modifier && pressed
    });
    let end = if waiting.len() > HELD_EVENTS { waiting.len() } else { cut.unwrap_or(waiting.len()) };
    waiting.drain(..end).collect()
}

fn one_chord_a_frame(
    mut messages: ResMut<Messages<KeyboardInput>>,
    mut cursor: Local<MessageCursor<KeyboardInput>>,
    mut waiting: Local<VecDeque<KeyboardInput>>,
    need: Res<FrameNeed>,
) {
    let came: Vec<KeyboardInput> = cursor.read(&messages).cloned().collect();
    if came.is_empty() && waiting.is_empty() {
        return;
    }
    waiting.extend(came.iter().cloned());
    let now = chord(&mut waiting);
    if now != came {
        messages.clear();
        messages.write_batch(now);
        cursor.clear(&messages);
    }
    if !waiting.is_empty() {
        need.now();
    }
}

/// Events that wait at most; beyond, nothing waits.
const HELD_EVENTS: usize = 256;

/// What waits for the frames after a key that moves the keyboard.
#[derive(Default)]
struct Held {
    events: Vec<egui::Event>,
    rest: u8,
}

impl Held {
    /// What this frame gets of what waited and what came.
    fn next(&mut self, came: Vec<egui::Event>) -> Vec<egui::Event> {
        let mut events = std::mem::take(&mut self.events);
        events.extend(came);
        if events.len() > HELD_EVENTS {
            self.rest = 0;
            return events;
        }
        if self.rest > 0 {
            self.rest -= 1;
            self.events = events;
            return Vec::new();
        }
        let moves = |event: &egui::Event| {
            matches!(event, egui::Event::Key { key: Key::Tab | Key::Enter | Key::Escape, pressed: true, .. })
        };
        let button = |event: &egui::Event| matches!(event, egui::Event::PointerButton { .. });
        let moved = |event: &egui::Event| matches!(event, egui::Event::PointerMoved(_));
        let key = events.iter().position(moves);
        let held = events.iter().position(button).filter(|at| events.iter().skip(*at).any(moved));
        if let Some(at) = key.into_iter().chain(held).min() {
            self.events = events.split_off(at + 1);
            // A widget learns one frame later that it lost the keyboard, and what Return opens is there by then.
            self.rest = u8::from(key == Some(at));
        }
        events
    }
}

fn one_step_a_frame(
    mut inputs: Query<&mut EguiInput, With<PrimaryEguiContext>>,
    mut held: Local<Held>,
    need: Res<FrameNeed>,
) {
    for mut input in &mut inputs {
        let came = std::mem::take(&mut input.0.events);
        input.0.events = held.next(came);
        if !held.events.is_empty() {
            need.now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::{Event, Modifiers};

    fn press(key: Key) -> Event {
        Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers: Modifiers::NONE }
    }

    #[test]
    fn a_chord_within_one_frame_keeps_its_modifier() {
        use bevy::input::{ButtonState, keyboard::Key as Logical};
        let key = |code, state| KeyboardInput {
            key_code: code,
            logical_key: Logical::Dead(None),
            state,
            text: None,
            repeat: false,
            window: Entity::PLACEHOLDER,
        };
        let (down, up) = (ButtonState::Pressed, ButtonState::Released);
        let typed = [
            key(KeyCode::KeyA, down),
            key(KeyCode::KeyA, up),
            key(KeyCode::ControlLeft, down),
            key(KeyCode::KeyV, down),
            key(KeyCode::KeyV, up),
            key(KeyCode::ControlLeft, up),
            key(KeyCode::KeyB, down),
        ];
        let mut app = App::new();
        app.add_message::<KeyboardInput>().init_resource::<FrameNeed>().add_systems(PreUpdate, one_chord_a_frame);
        app.init_resource::<Seen>().add_systems(
            Update,
            |mut keys: MessageReader<KeyboardInput>, mut seen: ResMut<Seen>| {
                seen.0.push(keys.read().cloned().collect());
            },
        );
        app.world_mut().resource_mut::<Messages<KeyboardInput>>().write_batch(typed.clone());
        (0..5).for_each(|_| app.update());
        let frames = &app.world().resource::<Seen>().0;
        assert_eq!(frames.concat(), typed, "each once, in order");
        assert_eq!(frames[..4], [typed[..2].to_vec(), typed[2..5].to_vec(), typed[5..].to_vec(), vec![]]);
    }

    #[derive(Resource, Default)]
    struct Seen(Vec<Vec<KeyboardInput>>);

    #[test]
    fn what_follows_a_key_that_moves_the_keyboard_waits() {
        let mut held = Held::default();
        let text = || Event::Text("a".into());
        let came = vec![text(), press(Key::Tab), press(Key::Enter), text()];
        assert_eq!(held.next(came), [text(), press(Key::Tab)]);
        assert_eq!(held.next(vec![]), [], "the widget that lost the keyboard learns it now");
        assert_eq!(held.next(vec![]), [press(Key::Enter)]);
        assert_eq!(held.next(vec![text()]), [], "what Return opens is not there yet");
        assert_eq!(held.next(vec![]), [text(), text()]);
        assert_eq!(held.next(vec![]), []);
    }

    #[test]
    fn what_moves_after_a_button_waits() {
        let mut held = Held::default();
        let to = |x: f32| Event::PointerMoved(egui::pos2(x, 0.0));
        let button = |x: f32, pressed| {
            let (pos, button) = (egui::pos2(x, 0.0), egui::PointerButton::Primary);
            Event::PointerButton { pos, button, pressed, modifiers: Modifiers::NONE }
        };
        let came = vec![to(1.0), button(1.0, true), to(2.0), to(3.0), button(3.0, false), to(9.0)];
        assert_eq!(held.next(came), [to(1.0), button(1.0, true)]);
        assert_eq!(held.next(vec![]), [to(2.0), to(3.0), button(3.0, false)]);
        assert_eq!(held.next(vec![]), [to(9.0)]);
        let click = vec![to(1.0), button(1.0, true), button(1.0, false)];
        assert_eq!(held.next(click.clone()), click, "a click is whole");
        assert_eq!(held.next(vec![]), []);
    }

    #[test]
    fn too_much_input_does_not_wait() {
        let mut held = Held::default();
        let many = vec![press(Key::Tab); HELD_EVENTS + 1];
        assert_eq!(held.next(many.clone()).len(), many.len());
        assert_eq!(held.next(vec![]), []);
    }
}
