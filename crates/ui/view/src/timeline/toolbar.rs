//! What can be done with the message under the pointer.

use super::{Rows, TimelineState};
use crate::composer::Composer;
use crate::icons::Icon;
use crate::widgets;
use crate::{Frame, Intent, Intents, MainView, WindowView};
use egui::{
    FontId, Id, Popup, Rect, Response, Sense, Stroke, StrokeKind, Ui, UiBuilder, WidgetInfo, WidgetType, pos2, vec2,
};
use hearth_ports::MessageView;
use hearth_types::Permissions;

/// Reactions offered without a search; all are in the fonts that ship.
pub const QUICK: [&str; 12] = ["👍", "❤", "😂", "🎉", "🔥", "👀", "😮", "😢", "👎", "✅", "💯", "🚀"];
const BUTTON: f32 = 30.0;

#[allow(clippy::too_many_arguments)]
pub fn toolbar_ui(
    ui: &mut Ui,
    view: &MainView<'_>,
    window: &WindowView<'_>,
    rows: &Rows<'_>,
    hot: Option<(usize, f64)>,
    rect: Rect,
    state: &mut TimelineState,
    composer: &mut Composer,
    frame: &Frame<'_>,
    intents: &mut Intents,
) {
    state.toolbar = None;
    let index = match state.menu_row {
        Some(id) => window.messages.iter().position(|m| m.message == id),
        None => hot.map(|h| h.0),
    };
    let Some((index, m)) = index.and_then(|i| Some((i, window.messages.get(i)?))) else {
        state.menu_row = None;
        return;
    };
    let (Some(row), Some(place)) = (rows.seen(index), state.visible.iter().find(|p| p.message == m.message)) else {
        state.menu_row = None;
        return;
    };
    if m.deleted {
        state.menu_row = None;
        return;
    }
    let t = frame.tokens;
    let c = &t.color;
    let mine = m.author == view.me.user;
    let can = view.community.map_or(Permissions::NONE, |h| h.permissions);
    let react = can.allow(Permissions::ADD_REACTIONS) && m.readable;
    let mut buttons = Vec::new();
    if react {
        buttons.push((Icon::Smile, "React"));
    }
    if can.allow(Permissions::SEND_MESSAGES) {
        buttons.push((Icon::Reply, "Reply"));
    }
    if mine && m.readable {
        buttons.push((Icon::Pencil, "Edit"));
    }
    buttons.push((Icon::More, "More"));
    let row_top = rect.top() + (place.y - row.above()) as f32 + row.lead();
    let width = BUTTON * buttons.len() as f32 + 6.0;
    let y = (row_top - 14.0).max(rect.top() + 2.0);
    let plate = Rect::from_min_size(pos2(rect.right() - 20.0 - width, y), vec2(width, BUTTON + 4.0));
    let mut over = ui.new_child(UiBuilder::new().id_salt(("toolbar", m.message)).max_rect(plate));
    // It takes the clicks that fall between its buttons, so that they do not reach the text below.
    let ground = over.interact(plate, Id::new("toolbar-ground"), Sense::click());
    over.painter().rect_filled(plate, t.radius.control + 2.0, c.raised);
    over.painter().rect_stroke(
        plate,
        t.radius.control + 2.0,
        Stroke::new(1.0, crate::tokens::contrast::mix(c.line, c.faint, 0.2)),
        StrokeKind::Outside,
    );
    let mut open = false;
    for (n, (icon, name)) in buttons.iter().enumerate() {
        let at =
            Rect::from_min_size(pos2(plate.left() + 3.0 + BUTTON * n as f32, plate.top() + 2.0), vec2(BUTTON, BUTTON));
        let response = widgets::icon_button(&mut over, t, at, *icon, name, false);
        match icon {
            Icon::Smile => open |= picker(&response, view, m, frame, intents),
            Icon::Reply if response.clicked() => composer.reply_to(m.message),
            Icon::Pencil if response.clicked() => composer.edit(m),
            Icon::More => open |= more(&response, view, m, mine, can, state, composer, frame, intents),
            _ => {}
        }
    }
    state.toolbar = Some((m.message, ground.rect));
    state.menu_row = open.then_some(m.message);
}

fn picker(response: &Response, view: &MainView<'_>, m: &MessageView, frame: &Frame<'_>, intents: &mut Intents) -> bool {
    let t = frame.tokens;
    Popup::menu(response)
        .show(|ui| {
            ui.set_width(6.0 * 38.0);
            ui.spacing_mut().item_spacing = vec2(2.0, 2.0);
            ui.horizontal_wrapped(|ui| {
                for emoji in QUICK {
                    let on = m.reactions.iter().any(|r| r.emoji == emoji && r.users.contains(&view.me.user));
                    let (at, r) = ui.allocate_exact_size(vec2(36.0, 36.0), Sense::click());
                    r.widget_info(|| WidgetInfo::selected(WidgetType::Button, true, on, format!("React with {emoji}")));
                    if r.hovered() || r.has_focus() || on {
                        ui.painter().rect_filled(at, t.radius.control, t.color.selected);
                    }
                    ui.painter().text(
                        at.center(),
                        egui::Align2::CENTER_CENTER,
                        emoji,
                        FontId::proportional(20.0),
                        t.color.text,
                    );
                    if r.clicked() {
                        intents.push(Intent::React { message: m.message, emoji: emoji.to_owned(), on: !on });
                        ui.close();
                    }
                }
            });
        })
        .is_some()
}

#[allow(clippy::too_many_arguments)]
fn more(
    response: &Response,
    view: &MainView<'_>,
    m: &MessageView,
    mine: bool,
    can: Permissions,
    state: &mut TimelineState,
    composer: &mut Composer,
    frame: &Frame<'_>,
    intents: &mut Intents,
) -> bool {
    let t = frame.tokens;
    let _ = view;
    Popup::menu(response)
        .show(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            if can.allow(Permissions::SEND_MESSAGES) && widgets::menu_item(ui, t, Some(Icon::Reply), "Reply", false) {
                composer.reply_to(m.message);
            }
            if m.readable && widgets::menu_item(ui, t, Some(Icon::Copy), "Copy text", false) {
                intents.push(Intent::CopyText(m.text.clone()));
            }
            if can.allow(Permissions::MANAGE_MESSAGES)
                && widgets::menu_item(ui, t, Some(Icon::Pin), if m.pinned { "Unpin" } else { "Pin" }, false)
            {
                intents.push(Intent::Pin { message: m.message, on: !m.pinned });
            }
            if mine || can.allow(Permissions::MANAGE_MESSAGES) {
                widgets::menu_line(ui, t);
                if widgets::menu_item(ui, t, Some(Icon::Trash), "Delete message", true) {
                    state.confirm_delete = Some(m.message);
                }
            }
        })
        .is_some()
}
