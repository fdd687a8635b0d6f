//! The communities, at the far left.

use crate::dialogs::{Dialog, Kind};
use crate::icons::{self, Icon};
use crate::join_form::JoinForm;
use crate::spring::SNAP;
use crate::tokens::contrast::{ink_on, mix, rgb};
use crate::{Frame, Intent, Intents, MainView, UiState, avatar, widgets};
use egui::{CornerRadius, Id, Rect, ScrollArea, Sense, Ui, WidgetInfo, WidgetType, pos2, vec2};

/// Draws the rail into all of `ui`.
pub fn rail_ui(ui: &mut Ui, view: &MainView<'_>, state: &mut UiState, frame: &Frame<'_>, intents: &mut Intents) {
    let t = frame.tokens;
    let rect = ui.max_rect();
    ui.painter().rect_filled(rect, 0.0, t.color.bg0);
    ui.spacing_mut().item_spacing.y = t.space.sm;
    ScrollArea::vertical()
        .scroll_bar_visibility(egui::scroll_area::ScrollBarVisibility::AlwaysHidden)
        .auto_shrink(false)
        .show(ui, |ui| {
            ui.add_space(t.space.sm - 4.0);
            for item in view.communities {
                community(ui, view, item, state, frame, intents);
            }
            add(ui, state, frame);
            ui.add_space(t.space.sm);
        });
}

fn community(
    ui: &mut Ui,
    view: &MainView<'_>,
    item: &crate::CommunityItem<'_>,
    state: &mut UiState,
    frame: &Frame<'_>,
    intents: &mut Intents,
) {
    let t = frame.tokens;
    let c = &t.color;
    let id = item.head.community;
    let open = view.community.is_some_and(|h| h.community == id);
    let (slot, _) = ui.allocate_exact_size(vec2(t.size.rail, t.size.rail_icon), Sense::hover());
    if !ui.is_rect_visible(slot) {
        return;
    }
    let rect = Rect::from_center_size(slot.center(), vec2(t.size.rail_icon, t.size.rail_icon));
    let r = ui.interact(rect, Id::new(("rail", id)), Sense::click()).on_hover_cursor(egui::CursorIcon::PointingHand);
    let unread = if item.unread > 0 { format!(", {} unread", item.unread) } else { String::new() };
    r.widget_info(|| WidgetInfo::selected(WidgetType::Button, true, open, format!("{}{unread}", item.head.name)));
    let hot = r.hovered() || r.has_focus();
    let tint = rgb(avatar::swatch_of(id.as_bytes()));
    let (fill, ink) = if open || hot {
        (tint, ink_on(tint))
    } else {
        (mix(if t.dark { c.raised } else { c.bg2 }, tint, 0.14), c.text)
    };
    let radius = state.springs.to(
        ui.ctx(),
        frame,
        ("rail-radius", id),
        t.radius.rail,
        if open || hot { t.radius.rail_active } else { t.radius.rail },
        SNAP,
    );
    avatar::community(ui.painter(), rect, radius, &item.head.name, fill, ink);
    let tall = if open {
        28.0
    } else if hot {
        16.0
    } else if item.unread > 0 {
        8.0
    } else {
        0.0
    };
    let tall = state.springs.to(ui.ctx(), frame, ("rail-pip", id), tall, tall, SNAP);
    if tall > 0.5 {
        let pip = Rect::from_center_size(pos2(slot.left(), slot.center().y), vec2(6.0, tall));
        ui.painter().rect_filled(pip, CornerRadius::same(3), c.text);
    }
    if item.mentions > 0 {
        let at = pos2(rect.right() + 5.0, rect.bottom() - 6.0);
        let around =
            Rect::from_min_max(at - vec2(if item.mentions > 9 { 26.0 } else { 20.0 }, 11.0), at + vec2(2.0, 11.0));
        ui.painter().rect_filled(around, 11.0, c.bg0);
        widgets::badge(ui.painter(), at, item.mentions, c.accent, c.on_accent);
    }
    widgets::focus_ring(ui.painter(), &r, rect, t.radius.rail_active, t);
    if r.clicked() {
        intents.push(Intent::SelectCommunity(id));
    }
    widgets::tip(r, t, &item.head.name);
}

fn add(ui: &mut Ui, state: &mut UiState, frame: &Frame<'_>) {
    let t = frame.tokens;
    let c = &t.color;
    let (slot, _) = ui.allocate_exact_size(vec2(t.size.rail, t.size.rail_icon), Sense::hover());
    let rect = Rect::from_center_size(slot.center(), vec2(t.size.rail_icon, t.size.rail_icon));
    let r = ui.interact(rect, Id::new("rail-add"), Sense::click()).on_hover_cursor(egui::CursorIcon::PointingHand);
    r.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, "Add a community"));
    let hot = r.hovered() || r.has_focus();
    ui.painter().rect_filled(
        rect,
        if hot { t.radius.rail_active } else { t.radius.rail },
        if hot { c.accent } else { c.bg2 },
    );
    icons::icon(ui.painter(), Icon::Plus, rect.center(), 20.0, if hot { c.on_accent } else { c.link });
    widgets::focus_ring(ui.painter(), &r, rect, t.radius.rail_active, t);
    if r.clicked() {
        state.dialog = Some(Dialog::new(Kind::Add(JoinForm::fresh())));
    }
    widgets::tip(r, t, "Add a community");
}
