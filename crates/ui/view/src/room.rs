//! A voice room, opened: the place itself, and the way in and out.

use crate::dock::{self, Shape};
use crate::icons::{self, Icon};
use crate::widgets::{self, Rank};
use crate::{Frame, Intent, Intents, MainView, UiState, lounge, voice};
use egui::{Align2, FontId, Id, Rect, Sense, Ui, UiBuilder, WidgetInfo, WidgetType, pos2, vec2};
use hearth_ports::ChannelView;
use hearth_types::Permissions;

const GAP: f32 = 12.0;
const FOOT_H: f32 = 112.0;
const DISC: f32 = 46.0;

/// Draws the room into all of `ui`.
pub(crate) fn room_ui(
    ui: &mut Ui,
    view: &MainView<'_>,
    channel: &ChannelView,
    state: &mut UiState,
    frame: &Frame<'_>,
    intents: &mut Intents,
) {
    let t = frame.tokens;
    let all = ui.max_rect();
    let people = view.voice.in_room(channel.channel);
    let split = all.bottom() - FOOT_H;
    let stage = Rect::from_min_max(all.min, pos2(all.right(), split));
    let may = view.community.is_some_and(|h| h.permissions.allow(Permissions::MANAGE_CHANNELS));
    if people.is_empty() {
        empty(ui, view, channel, frame, all, intents);
    } else {
        lounge::lounge_ui(ui, view, channel, state, frame, stage, intents);
        foot(ui, view, channel, frame, Rect::from_min_max(pos2(all.left(), split), all.max), intents);
    }
    lounge::plan_menu(ui, channel, may, frame, all.min + vec2(t.space.md, t.space.md), intents);
}

/// Leaving and muting when one is in the room, else joining.
fn foot(ui: &mut Ui, view: &MainView<'_>, channel: &ChannelView, frame: &Frame<'_>, rect: Rect, intents: &mut Intents) {
    let t = frame.tokens;
    let c = &t.color;
    let line = pos2(rect.center().x, rect.bottom() - 26.0);
    let y = rect.top() + 24.0 + DISC / 2.0;
    let Some(call) = view.voice.call_in(channel.channel) else {
        let at = Rect::from_center_size(pos2(rect.center().x, y), vec2(200.0, 36.0));
        join(ui, view, channel, frame, at, intents);
        return;
    };
    let slot = |n: f32| Rect::from_center_size(pos2(rect.center().x + n * (DISC + GAP), y), vec2(DISC, DISC));
    dock::senses(ui, &call, frame, Shape::Disc, [slot(-1.0), slot(0.0)], intents);
    dock::leave(ui, frame, Shape::Disc, slot(1.0), intents);
    let (_, _, sentence) = dock::condition(view, &call, frame);
    let words = match dock::hint(view, &call) {
        Some(hint) if !call.muted && !call.deafened => hint,
        _ => sentence,
    };
    let heard = view.voice.talking && view.voice.push_to_talk() && !call.muted && !call.deafened;
    let ink = if heard { c.speak } else { c.faint };
    let at = widgets::text_at(
        ui.painter(),
        line,
        Align2::CENTER_CENTER,
        &words,
        FontId::proportional(t.text_size.list),
        ink,
    );
    let r = ui.interact(at, Id::new("room-line"), Sense::hover());
    r.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, &words));
}

fn join(ui: &mut Ui, view: &MainView<'_>, channel: &ChannelView, frame: &Frame<'_>, at: Rect, intents: &mut Intents) {
    let mut inner = ui.new_child(UiBuilder::new().id_salt("join").max_rect(at));
    let may = voice::may_enter(view);
    if widgets::button(&mut inner, frame.tokens, Rank::Main, "Join", may, Some(at.width())).clicked() {
        intents.push(Intent::JoinVoice(channel.channel));
    }
}

fn empty(
    ui: &mut Ui,
    view: &MainView<'_>,
    channel: &ChannelView,
    frame: &Frame<'_>,
    rect: Rect,
    intents: &mut Intents,
) {
    let t = frame.tokens;
    let at = rect.center() - vec2(0.0, 16.0);
    ui.painter().circle_filled(at - vec2(0.0, 60.0), 34.0, t.color.raised);
    icons::icon(ui.painter(), Icon::Speaker, at - vec2(0.0, 60.0), 30.0, t.color.muted);
    let (title, text) = ("Nobody is here yet.", "Sit down, others see you.");
    let bold = widgets::bold(t.text_size.title + 2.0);
    widgets::text_at(ui.painter(), at, Align2::CENTER_CENTER, title, bold, t.color.text);
    let body = FontId::proportional(t.text_size.body);
    widgets::text_at(ui.painter(), at + vec2(0.0, 26.0), Align2::CENTER_CENTER, text, body, t.color.muted);
    let r = ui.interact(Rect::from_center_size(at, vec2(300.0, 80.0)), Id::new("room-empty"), Sense::hover());
    r.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, format!("{title} {text}")));
    join(ui, view, channel, frame, Rect::from_center_size(at + vec2(0.0, 78.0), vec2(200.0, 36.0)), intents);
}
