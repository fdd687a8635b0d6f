//! The open community: its name and menu, its channels, and oneself at the foot.

use crate::dialogs::{Dialog, Kind};
use crate::icons::{self, Icon};
use crate::join_form::JoinForm;
use crate::widgets::{self, bold, medium};
use crate::{ChannelItem, Frame, Intent, Intents, MainView, ThemeChoice, UiState, avatar, voice};
use egui::{FontId, Id, Popup, Rect, ScrollArea, Sense, Stroke, Ui, UiBuilder, WidgetInfo, WidgetType, pos2, vec2};
use hearth_ports::{Health, Presence};
use hearth_types::{ChannelKind, Permissions};

const FOOTER_H: f32 = 56.0;
const SECTION_H: f32 = 36.0;
const ROW_GAP: f32 = 2.0;

/// Draws the list into all of `ui`.
pub fn channels_ui(ui: &mut Ui, view: &MainView<'_>, state: &mut UiState, frame: &Frame<'_>, intents: &mut Intents) {
    let t = frame.tokens;
    let rect = ui.max_rect();
    ui.painter().rect_filled(rect, 0.0, t.color.bg1);
    let head = Rect::from_min_size(rect.min, vec2(rect.width(), t.size.header));
    let foot = Rect::from_min_max(pos2(rect.left(), rect.bottom() - FOOTER_H), rect.max);
    let dock = Rect::from_min_max(pos2(rect.left(), foot.top() - crate::dock::height(view)), foot.right_top());
    let list = Rect::from_min_max(head.left_bottom(), dock.right_top());
    header(ui, view, state, frame, head);
    if view.community.is_some() {
        widgets::region(ui, "channel-list", list, |ui| channel_list(ui, view, state, frame, intents));
    }
    if view.voice.call.is_some() {
        widgets::region(ui, "dock", dock, |ui| crate::dock::dock_ui(ui, view, state, frame, intents));
    }
    footer(ui, view, state, frame, foot, intents);
}

fn header(ui: &mut Ui, view: &MainView<'_>, state: &mut UiState, frame: &Frame<'_>, rect: Rect) {
    let t = frame.tokens;
    let c = &t.color;
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, c.line));
    let Some(head) = view.community else {
        icons::hearth_mark(
            ui.painter(),
            pos2(rect.left() + 25.0, rect.center().y),
            22.0,
            c.accent,
            crate::tokens::contrast::mix(c.accent, egui::Color32::WHITE, 0.65),
        );
        widgets::line_at(
            ui.painter(),
            rect.left() + 43.0,
            rect.center().y,
            "Hearth",
            bold(t.text_size.title),
            c.text,
            120.0,
        );
        return;
    };
    let r =
        ui.interact(rect, Id::new("community-menu"), Sense::click()).on_hover_cursor(egui::CursorIcon::PointingHand);
    r.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, format!("{}, community menu", head.name)));
    let open = Popup::is_id_open(ui.ctx(), Popup::default_response_id(&r));
    if r.hovered() || open {
        ui.painter().rect_filled(Rect::from_min_max(rect.min, rect.max - vec2(0.0, 1.0)), 0.0, c.hover);
    }
    widgets::line_at(
        ui.painter(),
        rect.left() + 16.0,
        rect.center().y,
        &head.name,
        bold(t.text_size.title - 0.5),
        c.text,
        rect.width() - 56.0,
    );
    icons::icon(
        ui.painter(),
        if open { Icon::Close } else { Icon::Chevron },
        pos2(rect.right() - 22.0, rect.center().y),
        16.0,
        c.muted,
    );
    widgets::focus_ring(ui.painter(), &r, rect.shrink(3.0), t.radius.control, t);
    let can = head.permissions;
    Popup::menu(&r).gap(4.0).show(|ui| {
        ui.set_width(208.0);
        ui.spacing_mut().item_spacing.y = 2.0;
        let mut ask = None;
        if can.allow(Permissions::CREATE_INVITE) && widgets::menu_item(ui, t, Some(Icon::Link), "Invite people", false)
        {
            ask = Some(Kind::invite(head));
        }
        if can.allow(Permissions::MANAGE_CHANNELS)
            && widgets::menu_item(ui, t, Some(Icon::Plus), "Create channel", false)
        {
            ask = Some(Kind::channel(head, ChannelKind::Text));
        }
        if can.allow(Permissions::MANAGE_COMMUNITY)
            && widgets::menu_item(ui, t, Some(Icon::Pencil), "Rename community", false)
        {
            ask = Some(Kind::Rename { community: head.community, name: head.name.clone() });
        }
        widgets::menu_line(ui, t);
        if widgets::menu_item(ui, t, Some(Icon::Door), "Leave community", true) {
            ask = Some(Kind::Leave { community: head.community, name: head.name.clone() });
        }
        if let Some(kind) = ask {
            state.dialog = Some(Dialog::new(kind));
        }
    });
}

fn channel_list(ui: &mut Ui, view: &MainView<'_>, state: &mut UiState, frame: &Frame<'_>, intents: &mut Intents) {
    let t = frame.tokens;
    let width = ui.max_rect().width();
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing = egui::Vec2::ZERO;
        ui.set_width(width);
        for (kind, title) in [(ChannelKind::Text, "Text channels"), (ChannelKind::Voice, "Voice rooms")] {
            let some = view.channels.iter().any(|i| i.channel.kind == kind);
            if !some && !can_make(view) {
                continue;
            }
            section(ui, view, state, frame, kind, title);
            for item in view.channels.iter().filter(|i| i.channel.kind == kind) {
                let (slot, _) = ui.allocate_exact_size(vec2(width, t.size.row + ROW_GAP), Sense::hover());
                if ui.is_rect_visible(slot) {
                    channel(ui, view, item, state, frame, slot, intents);
                }
                if kind == ChannelKind::Voice {
                    voice::rows_ui(ui, view, item.channel.channel, state, frame, intents);
                }
            }
        }
        ui.add_space(t.space.lg);
    });
}

fn can_make(view: &MainView<'_>) -> bool {
    view.community.is_some_and(|h| h.permissions.allow(Permissions::MANAGE_CHANNELS))
}

fn section(ui: &mut Ui, view: &MainView<'_>, state: &mut UiState, frame: &Frame<'_>, kind: ChannelKind, title: &str) {
    let t = frame.tokens;
    let (rect, r) = ui.allocate_exact_size(vec2(ui.available_width(), SECTION_H), Sense::hover());
    r.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, title));
    let y = rect.bottom() - 13.0;
    widgets::line_at(
        ui.painter(),
        rect.left() + 16.0,
        y,
        title,
        medium(t.text_size.meta),
        t.color.faint,
        rect.width() - 60.0,
    );
    if let Some(head) = view.community.filter(|_| can_make(view)) {
        let at = Rect::from_center_size(pos2(rect.right() - 22.0, y), vec2(24.0, 24.0));
        let name = if kind == ChannelKind::Text { "Create text channel" } else { "Create voice room" };
        if widgets::icon_button(ui, t, at, Icon::Plus, name, false).clicked() {
            state.dialog = Some(Dialog::new(Kind::channel(head, kind)));
        }
    }
}

fn channel(
    ui: &mut Ui,
    view: &MainView<'_>,
    item: &ChannelItem<'_>,
    state: &mut UiState,
    frame: &Frame<'_>,
    slot: Rect,
    intents: &mut Intents,
) {
    let t = frame.tokens;
    let c = &t.color;
    let ch = item.channel;
    let open = view.channel.is_some_and(|o| o.channel == ch.channel);
    let rect = Rect::from_min_size(
        slot.min + vec2(t.space.sm, ROW_GAP / 2.0),
        vec2(slot.width() - 2.0 * t.space.sm, t.size.row),
    );
    let r = ui
        .interact(rect, Id::new(("channel", ch.channel)), Sense::click())
        .on_hover_cursor(egui::CursorIcon::PointingHand);
    let sort = if ch.kind == ChannelKind::Text { "channel" } else { "voice room" };
    let unread = if item.unread > 0 { format!(", {} unread", item.unread) } else { String::new() };
    let inside = view.voice.call_in(ch.channel).is_some();
    let people = match (view.voice.in_room(ch.channel).len(), inside) {
        (0, false) => String::new(),
        (1, true) | (0, true) => ", you are in it".into(),
        (n, true) => format!(", you are in it with {}", n - 1),
        (n, false) => format!(", {n} inside"),
    };
    let words = format!("{}, {sort}{unread}{people}", ch.name);
    r.widget_info(|| WidgetInfo::selected(WidgetType::Button, true, open, &words));
    let hot = r.hovered() || r.contains_pointer();
    if open {
        ui.painter().rect_filled(rect, t.radius.control + 2.0, c.selected);
    } else if hot {
        ui.painter().rect_filled(rect, t.radius.control + 2.0, c.hover);
    }
    let bright = open || inside || item.unread > 0;
    let y = rect.center().y;
    let glyph = if ch.kind == ChannelKind::Text { Icon::Hash } else { Icon::Speaker };
    let glyph_ink = match (inside, open) {
        (true, _) => c.ok,
        (_, true) => c.muted,
        _ => c.faint,
    };
    icons::icon(ui.painter(), glyph, pos2(rect.left() + 17.0, y), 17.0, glyph_ink);
    let mut right = rect.right() - 10.0;
    if item.mentions > 0 {
        right -= widgets::badge(ui.painter(), pos2(right + 2.0, y), item.mentions, c.accent, c.on_accent) + 4.0;
    }
    let editable = can_make(view) && (hot || open) && item.mentions == 0;
    if editable {
        right -= 26.0;
    }
    let font = if bright { medium(t.text_size.list + 1.0) } else { FontId::proportional(t.text_size.list + 1.0) };
    let ink = if bright {
        c.text
    } else if hot {
        mix_up(c)
    } else {
        c.muted
    };
    widgets::line_at(ui.painter(), rect.left() + 33.0, y, &ch.name, font, ink, right - rect.left() - 35.0);
    if item.unread > 0 && !open {
        ui.painter().circle_filled(pos2(slot.left(), y), 4.0, c.text);
    }
    widgets::focus_ring(ui.painter(), &r, rect, t.radius.control + 2.0, t);
    if editable {
        let at = Rect::from_center_size(pos2(rect.right() - 16.0, y), vec2(24.0, 24.0));
        let gear = ui
            .interact(at, Id::new(("channel-edit", ch.channel)), Sense::click())
            .on_hover_cursor(egui::CursorIcon::PointingHand);
        gear.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, format!("Edit {}", ch.name)));
        icons::icon(ui.painter(), Icon::Pencil, at.center(), 15.0, if gear.hovered() { c.text } else { c.faint });
        widgets::focus_ring(ui.painter(), &gear, at, t.radius.control, t);
        if gear.clicked() {
            state.dialog = Some(Dialog::new(Kind::EditChannel {
                channel: ch.channel,
                name: ch.name.clone(),
                topic: ch.topic.clone(),
            }));
            return;
        }
    }
    if r.clicked() && ch.kind == ChannelKind::Voice {
        voice::enter(view, ch.channel, intents);
    } else if r.clicked() && !open {
        intents.push(Intent::SelectChannel(ch.channel));
    } else if r.clicked() {
        state.composer.focus();
    }
}

fn mix_up(c: &crate::tokens::Colors) -> egui::Color32 {
    crate::tokens::contrast::mix(c.muted, c.text, 0.5)
}

/// The dot's colour and its shortest words.
pub(crate) fn health(h: Health, frame: &Frame<'_>) -> (egui::Color32, &'static str) {
    let c = &frame.tokens.color;
    match h {
        Health::Fine => (c.ok, "Connected"),
        Health::Connecting => (c.warn, "Connecting…"),
        Health::Alone => (c.warn, "Nobody reachable"),
        Health::NoNetwork => (c.danger, "No network"),
    }
}

fn footer(ui: &mut Ui, view: &MainView<'_>, state: &mut UiState, frame: &Frame<'_>, rect: Rect, intents: &mut Intents) {
    let t = frame.tokens;
    let c = &t.color;
    let ground = crate::tokens::contrast::mix(c.bg1, c.bg0, 0.6);
    ui.painter().rect_filled(rect, 0.0, ground);
    let mut inner = ui.new_child(UiBuilder::new().id_salt("footer").max_rect(rect));
    let ui = &mut inner;
    let (dot, words) = health(view.net.health, frame);
    let y = rect.center().y;
    let me =
        Rect::from_min_max(pos2(rect.left() + 6.0, rect.top() + 7.0), pos2(rect.right() - 6.0, rect.bottom() - 7.0));
    let r = ui.interact(me, Id::new("me"), Sense::click()).on_hover_cursor(egui::CursorIcon::PointingHand);
    r.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, format!("{}, profile and settings", view.me.name)));
    let hot = r.hovered() || Popup::is_id_open(ui.ctx(), Popup::default_response_id(&r));
    let under = if hot { c.hover } else { ground };
    if under != ground {
        ui.painter().rect_filled(me, t.radius.control + 2.0, under);
    }
    avatar::person_with_presence(
        ui.painter(),
        pos2(me.left() + 22.0, y),
        32.0,
        &view.me.name,
        view.me.color,
        Presence::Online,
        under,
        t,
    );
    let x = me.left() + 48.0;
    widgets::line_at(
        ui.painter(),
        x,
        y - 8.0,
        &view.me.name,
        medium(t.text_size.list + 0.5),
        c.text,
        me.right() - x - 26.0,
    );
    icons::icon(ui.painter(), Icon::More, pos2(me.right() - 14.0, y - 8.0), 15.0, c.faint);
    let line = Rect::from_min_max(pos2(x - 4.0, y), pos2(me.right() - 4.0, y + 18.0));
    let net = ui.interact(line, Id::new("connection"), Sense::click()).on_hover_cursor(egui::CursorIcon::PointingHand);
    net.widget_info(|| {
        WidgetInfo::labeled(WidgetType::Button, true, format!("Connection: {words}. {}", view.net.sentence))
    });
    ui.painter().circle_filled(pos2(x + 3.5, y + 9.0), 3.5, dot);
    let ink = if net.hovered() { c.text } else { c.muted };
    widgets::line_at(
        ui.painter(),
        x + 12.0,
        y + 9.0,
        words,
        FontId::proportional(t.text_size.meta),
        ink,
        line.right() - x - 12.0,
    );
    widgets::focus_ring(ui.painter(), &r, me, t.radius.control + 2.0, t);
    widgets::focus_ring(ui.painter(), &net, line, t.radius.control, t);
    Popup::menu(&net).gap(12.0).show(|ui| {
        ui.set_width(236.0);
        egui::Frame::NONE.inner_margin(8).show(ui, |ui| {
            ui.with_layout(egui::Layout::top_down(egui::Align::Min), |ui| {
                ui.horizontal(|ui| {
                    let (at, _) = ui.allocate_exact_size(vec2(10.0, 20.0), Sense::hover());
                    ui.painter().circle_filled(at.center(), 4.0, dot);
                    widgets::heading(ui, t, words, t.text_size.body);
                });
                widgets::paragraph(ui, t, &view.net.sentence, c.muted);
            });
        });
    });
    Popup::menu(&r).gap(4.0).show(|ui| {
        ui.set_width(214.0);
        ui.spacing_mut().item_spacing.y = 2.0;
        if widgets::menu_item(ui, t, Some(Icon::Pencil), "Edit profile", false) {
            state.dialog = Some(Dialog::new(Kind::Profile { name: view.me.name.clone(), color: view.me.color }));
        }
        if widgets::menu_item(ui, t, Some(Icon::Plus), "Add a community", false) {
            state.dialog = Some(Dialog::new(Kind::Add(JoinForm::fresh())));
        }
        let (icon, text, to) = if t.dark {
            (Icon::Sun, "Light theme", ThemeChoice::Light)
        } else {
            (Icon::Moon, "Dark theme", ThemeChoice::Dark)
        };
        if widgets::menu_item(ui, t, Some(icon), text, false) {
            intents.push(Intent::SetTheme(to));
        }
        if widgets::menu_item(ui, t, Some(Icon::Gear), "Voice settings", false) {
            state.dialog = Some(Dialog::new(Kind::Voice(Default::default())));
        }
        widgets::menu_line(ui, t);
        if widgets::menu_item(ui, t, Some(Icon::Door), "Quit Hearth", false) {
            intents.push(Intent::Quit);
        }
    });
}
