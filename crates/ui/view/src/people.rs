//! Who is in the open community.

use crate::dialogs::{Dialog, Kind};
use crate::icons::{self, Icon};
use crate::widgets::{self, Rank, medium};
use crate::{Frame, MainView, UiState, avatar};
use egui::{FontId, Id, Rect, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, WidgetType, pos2, vec2};
use hearth_ports::{MemberView, Presence};
use hearth_types::{Permissions, SpaceId};

const ROW_H: f32 = 42.0;
const SECTION_H: f32 = 36.0;

/// The order of the list, made anew only when members change.
#[derive(Debug, Default)]
pub struct PeopleOrder {
    made_for: Option<(SpaceId, u64, usize)>,
    here: Vec<usize>,
    away: Vec<usize>,
}

impl PeopleOrder {
    fn refresh(&mut self, view: &MainView<'_>) {
        let now = view.community.map(|h| (h.community, view.members_revision, view.members.len()));
        if self.made_for == now {
            return;
        }
        self.made_for = now;
        let mut all: Vec<(bool, String, usize)> = view
            .members
            .iter()
            .enumerate()
            .map(|(i, m)| (m.presence == Presence::Offline, m.name.to_lowercase(), i))
            .collect();
        all.sort();
        self.here = all.iter().filter(|m| !m.0).map(|m| m.2).collect();
        self.away = all.iter().filter(|m| m.0).map(|m| m.2).collect();
    }
}

/// Draws the list into all of `ui`.
pub fn people_ui(ui: &mut Ui, view: &MainView<'_>, state: &mut UiState, frame: &Frame<'_>) {
    let t = frame.tokens;
    let rect = ui.max_rect();
    ui.painter().rect_filled(rect, 0.0, t.color.bg1);
    state.people.refresh(view);
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing = egui::Vec2::ZERO;
        ui.set_width(rect.width());
        for (list, title) in [(&state.people.here, "Online"), (&state.people.away, "Offline")] {
            if list.is_empty() {
                continue;
            }
            let (slot, r) = ui.allocate_exact_size(vec2(rect.width(), SECTION_H), Sense::hover());
            let text = format!("{title} · {}", list.len());
            r.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, &text));
            widgets::line_at(
                ui.painter(),
                slot.left() + 16.0,
                slot.bottom() - 13.0,
                &text,
                medium(t.text_size.meta),
                t.color.faint,
                slot.width() - 32.0,
            );
            for member in list.iter().filter_map(|i| view.members.get(*i)) {
                let (slot, _) = ui.allocate_exact_size(vec2(rect.width(), ROW_H), Sense::hover());
                if ui.is_rect_visible(slot) {
                    person(ui, view, member, frame, slot);
                }
            }
        }
        if let Some(head) =
            view.community.filter(|h| view.members.len() <= 1 && h.permissions.allow(Permissions::CREATE_INVITE))
        {
            ui.add_space(t.space.lg);
            let (slot, _) = ui.allocate_exact_size(vec2(rect.width(), 130.0), Sense::hover());
            let mut inner =
                ui.new_child(UiBuilder::new().id_salt("invite-first").max_rect(slot.shrink2(vec2(t.space.lg, 0.0))));
            widgets::paragraph(
                &mut inner,
                t,
                "It’s quiet in here. Send a link to the people you want around.",
                t.color.muted,
            );
            inner.add_space(t.space.sm);
            let width = inner.available_width();
            if widgets::button(&mut inner, t, Rank::Main, "Invite people", true, Some(width)).clicked() {
                state.dialog = Some(Dialog::new(Kind::invite(head)));
            }
        }
        ui.add_space(t.space.lg);
    });
}

fn person(ui: &mut Ui, view: &MainView<'_>, m: &MemberView, frame: &Frame<'_>, slot: Rect) {
    let t = frame.tokens;
    let c = &t.color;
    let rect = slot.shrink2(vec2(t.space.sm, 1.0));
    let r = ui.interact(rect, Id::new(("person", m.user)), Sense::hover());
    let roles: Vec<&str> = view.roles.iter().filter(|r| m.roles.contains(&r.role)).map(|r| r.name.as_str()).collect();
    let word = match m.presence {
        Presence::Online => "online",
        Presence::Idle => "away",
        Presence::Offline => "offline",
    };
    let owner = if m.owner { ", owner" } else { "" };
    // Who is away plays nothing, whatever was said.
    let plays = m.playing.as_ref().filter(|_| m.presence != Presence::Offline).map(|p| format!("Playing {}", p.name()));
    let second = plays.clone().or_else(|| (!roles.is_empty()).then(|| roles.join(", ")));
    let game = plays.as_ref().map_or(String::new(), |plays| format!(", {plays}"));
    r.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, format!("{}, {word}{owner}{game}", m.name)));
    let hot = r.hovered();
    let ground = if hot { c.hover } else { c.bg1 };
    if hot {
        ui.painter().rect_filled(rect, t.radius.control + 2.0, ground);
    }
    let y = rect.center().y;
    avatar::person_with_presence(
        ui.painter(),
        pos2(rect.left() + 8.0 + t.size.avatar_list / 2.0, y),
        t.size.avatar_list,
        &m.name,
        m.color,
        m.presence,
        ground,
        t,
    );
    let x = rect.left() + 8.0 + t.size.avatar_list + 12.0;
    let away = m.presence == Presence::Offline;
    let name_y = if second.is_none() { y } else { y - 8.0 };
    let room = rect.right() - x - if m.owner { 26.0 } else { 8.0 };
    let used = widgets::line_at(
        ui.painter(),
        x,
        name_y,
        &m.name,
        medium(t.text_size.list + 1.0),
        if away { c.faint } else { c.text },
        room,
    );
    if m.owner {
        icons::icon(ui.painter(), Icon::Crown, pos2(x + used + 13.0, name_y), 13.0, c.warn);
    }
    if let Some(second) = &second {
        let (font, ink) = (FontId::proportional(t.text_size.meta), if plays.is_some() { c.muted } else { c.faint });
        widgets::line_at(ui.painter(), x, y + 9.0, second, font, ink, rect.right() - x - 8.0);
    }
    if let Some((plays, game)) = plays.zip(m.playing.as_ref()) {
        let since = game.since_ms().and_then(|since| lasting(frame.now_ms.checked_sub(since)?));
        let lines: Vec<&str> = [Some(plays.as_str()), game.details(), since.as_deref()].into_iter().flatten().collect();
        widgets::tip(r, t, &lines.join("\n"));
    }
}

/// How long a game lasts by now; nothing for what cannot be believed.
fn lasting(ms: u64) -> Option<String> {
    let minutes = ms / 60_000;
    match (minutes / 60, minutes % 60) {
        (0, 0) => None,
        (0, minutes) => Some(format!("for {minutes} min")),
        (hours, minutes) => (hours < 100).then(|| format!("for {hours} h {minutes} min")),
    }
}
