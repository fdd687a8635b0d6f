//! The main view: where its parts stand.

use crate::composer::{composer_ui, typing_wake};
use crate::dialogs::{Dialog, Kind, dialog_ui};
use crate::header::{self, header_ui};
use crate::icons::{self, Icon};
use crate::join_form::JoinForm;
use crate::room::room_ui;
use crate::timeline::timeline_ui;
use crate::widgets::{self, Rank};
use crate::{Activity, Frame, Intents, MainView, UiState};
use egui::{Id, Key, Rect, Stroke, Ui, UiBuilder, WidgetInfo, WidgetType, pos2, vec2};
use hearth_types::ChannelKind;

/// Draws the main view over the whole of `ui`: rail, channels, header, timeline, composer, people, dialogs and toasts.
pub fn main_ui(
    ui: &mut Ui,
    view: &MainView<'_>,
    state: &mut UiState,
    frame: &Frame<'_>,
    intents: &mut Intents,
) -> Activity {
    let t = frame.tokens;
    if !t.install(ui.ctx()) {
        return Activity { moving: true, wake_at_ms: None };
    }
    let c = &t.color;
    let all = ui.max_rect();
    let rail = Rect::from_min_size(all.min, vec2(t.size.rail, all.height()));
    let channels = Rect::from_min_size(rail.right_top(), vec2(t.size.channels, all.height()));
    let people = view.community.is_some().then_some(!state.people_hidden && all.width() >= t.size.people_from);
    let toggle = people.filter(|_| all.width() >= t.size.people_from);
    let right = if people == Some(true) { all.right() - t.size.people } else { all.right() };
    let head = Rect::from_min_max(channels.right_top(), pos2(right, all.top() + t.size.header));
    // Where a shader paints a room, nothing of ours covers it.
    let open = view.channel.filter(|ch| ch.kind == ChannelKind::Voice).filter(|_| view.voice.painted);
    match open.filter(|ch| !view.voice.in_room(ch.channel).is_empty()) {
        Some(_) => {
            let top = Rect::from_min_max(channels.right_top(), pos2(all.right(), head.bottom()));
            ui.painter().rect_filled(top, 0.0, c.bg2);
            ui.painter().rect_filled(Rect::from_min_max(pos2(right, head.bottom()), all.max), 0.0, c.bg2);
        }
        None => {
            ui.painter().rect_filled(all, 0.0, c.bg2);
        }
    }
    state.lounge = None;
    let mut activity = Activity::default();
    crate::voice::shortcuts(ui, view, intents);

    widgets::region(ui, "rail", rail, |ui| crate::rail::rail_ui(ui, view, state, frame, intents));
    widgets::region(ui, "channels", channels, |ui| crate::channels::channels_ui(ui, view, state, frame, intents));
    let head_all = Rect::from_min_max(head.min, pos2(all.right(), head.bottom()));
    if view.community.is_some() {
        widgets::region(ui, "header", head_all, |ui| header_ui(ui, view, state, frame, toggle, intents));
    }
    if people == Some(true) {
        let rect = Rect::from_min_max(pos2(right, head.bottom()), all.max);
        widgets::region(ui, "people", rect, |ui| crate::people::people_ui(ui, view, state, frame));
    }
    let mut rest = Rect::from_min_max(head.left_bottom(), pos2(right, all.bottom()));
    if let Some(words) = header::offline_words(view).filter(|_| view.community.is_some()) {
        let strip = Rect::from_min_size(rest.min, vec2(rest.width(), header::BANNER_H));
        header::offline_ui(ui, frame, strip, words);
        rest.min.y += header::BANNER_H;
    }
    match view.channel {
        Some(ch) if ch.kind == ChannelKind::Text => {
            let busy = state.dialog_open() || egui::Popup::is_any_open(ui.ctx());
            escape(ui, view, state, busy, intents);
            let high = state.composer.height(ui, view, frame, rest.width());
            let split = rest.bottom() - high;
            let list = Rect::from_min_max(rest.min, pos2(rest.right(), split));
            let foot = Rect::from_min_max(pos2(rest.left(), split), rest.max);
            activity = activity.and(widgets::region(ui, "timeline", list, |ui| {
                timeline_ui(ui, view, &mut state.timeline, &mut state.composer, frame, intents)
            }));
            widgets::region(ui, "composer", foot, |ui| {
                composer_ui(ui, view, &mut state.composer, frame, busy, intents)
            });
            activity.wake_at_ms = typing_wake(view, frame);
        }
        Some(ch) => widgets::region(ui, "room", rest, |ui| room_ui(ui, view, ch, state, frame, intents)),
        None if view.community.is_some() => {
            notice(ui, frame, rest, Icon::Hash, "No channel open", "Choose one on the left.");
        }
        None => no_community(ui, state, frame, Rect::from_min_max(channels.right_top(), all.max)),
    }
    let stroke = Stroke::new(1.0, c.line);
    ui.painter().vline(channels.right() - 0.5, all.y_range(), stroke);
    if let Some(message) = state.timeline.take_confirm_delete() {
        state.dialog = Some(Dialog::new(Kind::DeleteMessage { message }));
    }
    dialog_ui(ui, view, state, frame, intents);
    crate::toasts::toasts_ui(ui, right, view, state, frame, intents);
    state.tell_test(intents);
    activity.and(state.springs.finish(ui.ctx(), frame))
}

/// Esc, with nothing else for it to close, goes to the newest message.
fn escape(ui: &Ui, view: &MainView<'_>, state: &mut UiState, busy: bool, intents: &mut Intents) {
    let pressed = !busy && !state.composer.would_cancel() && ui.input(|i| i.key_pressed(Key::Escape));
    if pressed && !state.timeline.at_newest() {
        state.timeline.jump_to_newest(view.window.as_ref(), intents);
    }
}

fn notice(ui: &mut Ui, frame: &Frame<'_>, rect: Rect, icon: Icon, title: &str, text: &str) {
    let t = frame.tokens;
    let at = rect.center();
    ui.painter().circle_filled(at - vec2(0.0, 56.0), 32.0, t.color.raised);
    icons::icon(ui.painter(), icon, at - vec2(0.0, 56.0), 30.0, t.color.muted);
    widgets::text_at(
        ui.painter(),
        at,
        egui::Align2::CENTER_CENTER,
        title,
        widgets::bold(t.text_size.title + 2.0),
        t.color.text,
    );
    widgets::text_at(
        ui.painter(),
        at + vec2(0.0, 26.0),
        egui::Align2::CENTER_CENTER,
        text,
        egui::FontId::proportional(t.text_size.body),
        t.color.muted,
    );
    let r = ui.interact(Rect::from_center_size(at, vec2(300.0, 80.0)), Id::new("notice"), egui::Sense::hover());
    r.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, format!("{title}. {text}")));
}

fn no_community(ui: &mut Ui, state: &mut UiState, frame: &Frame<'_>, rect: Rect) {
    let t = frame.tokens;
    let at = rect.center() - vec2(0.0, 40.0);
    icons::hearth_mark(
        ui.painter(),
        at - vec2(0.0, 76.0),
        76.0,
        t.color.accent,
        crate::tokens::contrast::mix(t.color.accent, egui::Color32::WHITE, 0.65),
    );
    let mut inner = ui.new_child(
        UiBuilder::new()
            .id_salt("no-community")
            .max_rect(Rect::from_center_size(at + vec2(0.0, 90.0), vec2(340.0, 220.0)))
            .layout(egui::Layout::top_down(egui::Align::Center)),
    );
    widgets::heading(&mut inner, t, "No community yet", t.text_size.display);
    inner.add(egui::Label::new(
        egui::RichText::new("Join one with an invite link, or start your own.")
            .size(t.text_size.body)
            .color(t.color.muted),
    ));
    inner.add_space(t.space.lg);
    if widgets::button(&mut inner, t, Rank::Main, "Join with a link", true, Some(240.0)).clicked() {
        state.dialog = Some(Dialog::new(Kind::Add(JoinForm::fresh())));
    }
    if widgets::button(&mut inner, t, Rank::Quiet, "Start a community", true, Some(240.0)).clicked() {
        state.dialog = Some(Dialog::new(Kind::Add(JoinForm { creating: true, ..JoinForm::fresh() })));
    }
}
