//! The screens before the main view: who are you, and where to. One card that slides.

use crate::dialogs::swatches;
use crate::icons;
use crate::join_form::{JoinForm, join_form_ui};
use crate::spring::MOVE;
use crate::tokens::contrast::mix;
use crate::widgets::{self, Rank, bold};
use crate::{Activity, Frame, Intent, Intents, OnboardingState, OnboardingStep, OnboardingView, avatar};
use egui::{Color32, Id, Rect, Sense, Stroke, Ui, UiBuilder, pos2, vec2};
use hearth_ports::IdentityView;
use hearth_types::limits;

const CARD_W: f32 = 420.0;

/// Draws onboarding over the whole of `ui`. The background is left transparent when `view.backdrop` is set.
pub fn onboarding_ui(
    ui: &mut Ui,
    view: &OnboardingView<'_>,
    state: &mut OnboardingState,
    frame: &Frame<'_>,
    intents: &mut Intents,
) -> Activity {
    let t = frame.tokens;
    if !t.install(ui.ctx()) {
        return Activity { moving: true, wake_at_ms: None };
    }
    let all = ui.max_rect();
    if !view.backdrop {
        ui.painter().rect_filled(all, 0.0, t.color.bg0);
    }
    let fresh = state.shown != Some(view.step);
    if fresh {
        state.shown = Some(view.step);
        if view.step == OnboardingStep::JoinOrCreate {
            let link = std::mem::take(&mut state.form.link);
            state.form = JoinForm { link, ..JoinForm::fresh() };
        }
    }
    let target = if view.step == OnboardingStep::Identity { 0.0 } else { 100.0 };
    let slide = state.springs.to(ui.ctx(), frame, "step", target, target, MOVE);
    let height: f32 = if view.step == OnboardingStep::Identity { 470.0 } else { 440.0 };
    let top = (all.center().y - height / 2.0 - 16.0).max(all.top() + 16.0).round();
    brand(ui, frame, pos2(all.center().x, top - 8.0));
    let card = Rect::from_min_size(
        pos2((all.center().x - CARD_W / 2.0).round(), top + 40.0),
        vec2(CARD_W, all.bottom() - top - 56.0),
    );
    // What left stands off to one side; what is asked for now comes to rest in the middle.
    let off = ((slide - target) * 0.6).round();
    let fade = (1.0 - (slide - target).abs() / 100.0).clamp(0.0, 1.0);
    let mut inner = ui.new_child(
        UiBuilder::new()
            .id_salt(("card", view.step == OnboardingStep::Identity))
            .max_rect(card.translate(vec2(-off, 0.0))),
    );
    inner.set_opacity(fade);
    let sheet = egui::Frame::NONE
        .fill(t.color.bg2)
        .stroke(Stroke::new(1.0, t.color.line))
        .corner_radius(t.radius.sheet)
        .shadow(inner.visuals().window_shadow)
        .inner_margin(t.space.xxl);
    sheet.show(&mut inner, |ui| {
        ui.set_width(CARD_W - 2.0 * t.space.xxl);
        ui.spacing_mut().item_spacing.y = t.space.sm;
        match view.step {
            OnboardingStep::Identity => identity(ui, view.me, state, frame, fresh, intents),
            OnboardingStep::JoinOrCreate => {
                let name = view.me.map_or("", |m| m.name.as_str());
                let title = if state.form.creating { "Start a community".to_owned() } else { format!("Hello, {name}") };
                widgets::heading(ui, t, if name.is_empty() { "Where to?" } else { &title }, t.text_size.display);
                let about = if state.form.creating {
                    "Give it a name. You can change it later."
                } else {
                    "Join your people with an invite link, or light a fire of your own."
                };
                widgets::paragraph(ui, t, about, t.color.muted);
                ui.add_space(t.space.md);
                if join_form_ui(ui, t, &mut state.form, view.offered_link, true, intents) {
                    if state.form.creating {
                        state.form.creating = false;
                        state.form.fresh = true;
                    } else {
                        intents.push(Intent::Back);
                    }
                }
            }
        }
    });
    state.springs.finish(ui.ctx(), frame)
}

fn identity(
    ui: &mut Ui,
    me: Option<&IdentityView>,
    state: &mut OnboardingState,
    frame: &Frame<'_>,
    fresh: bool,
    intents: &mut Intents,
) {
    let t = frame.tokens;
    let mut color = state.color.unwrap_or_else(|| first_color(me));
    widgets::heading(ui, t, "Who are you?", t.text_size.display);
    widgets::paragraph(
        ui,
        t,
        "This is how people see you. No account, no e-mail, no password: you live on this computer.",
        t.color.muted,
    );
    ui.add_space(t.space.sm);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 80.0), Sense::hover());
    avatar::person(ui.painter(), rect.center() - vec2(0.0, 4.0), 68.0, &state.name, color);
    let (_, enter) = widgets::field(
        ui,
        t,
        Id::new("identity-name"),
        "Name",
        "What should people call you?",
        &mut state.name,
        limits::NAME_CHARS,
        fresh,
    );
    ui.add_space(t.space.xs);
    swatches(ui, frame, &mut color);
    state.color = Some(color);
    ui.add_space(t.space.md);
    let ready = !state.name.trim().is_empty();
    let go = widgets::button(ui, t, Rank::Main, "Continue", ready, Some(ui.available_width())).clicked();
    if (go || enter) && ready {
        intents.push(Intent::SetIdentity { name: state.name.trim().to_owned(), color });
    }
}

/// The colour before one was chosen: not the same for everybody, or all newcomers would look alike.
fn first_color(me: Option<&IdentityView>) -> u32 {
    match me {
        Some(me) if !me.name.is_empty() => me.color,
        Some(me) => avatar::SWATCHES[usize::from(me.user.0[0]) % avatar::SWATCHES.len()],
        None => avatar::SWATCHES[0],
    }
}

/// Mark and word, the mark's middle at `at`.
fn brand(ui: &Ui, frame: &Frame<'_>, at: egui::Pos2) {
    let t = frame.tokens;
    let galley = ui.painter().layout_no_wrap("Hearth".to_owned(), bold(t.text_size.display), t.color.text);
    let width = galley.size().x + 34.0;
    let x = at.x - width / 2.0;
    icons::hearth_mark(
        ui.painter(),
        pos2(x + 12.0, at.y),
        34.0,
        t.color.accent,
        mix(t.color.accent, Color32::from_rgb(0xff, 0xf0, 0xd8), 0.75),
    );
    ui.painter().galley(pos2(x + 34.0, at.y - galley.size().y / 2.0 + 1.0).round(), galley, t.color.text);
}
