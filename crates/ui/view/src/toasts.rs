//! Short notices at the top right.

use crate::icons::{self, Icon};
use crate::spring::MOVE;
use crate::widgets;
use crate::{Frame, Intent, Intents, MainView, ToastLevel, UiState};
use egui::{FontId, Id, Rect, Sense, Stroke, StrokeKind, Ui, UiBuilder, WidgetInfo, WidgetType, pos2, vec2};

/// Notices shown at once; older ones wait.
const SHOWN: usize = 3;
const WIDTH: f32 = 340.0;

/// Draws them over all of `ui`, left of `right` so that no list is covered.
pub(crate) fn toasts_ui(
    ui: &mut Ui,
    right: f32,
    view: &MainView<'_>,
    state: &mut UiState,
    frame: &Frame<'_>,
    intents: &mut Intents,
) {
    if view.toasts.is_empty() {
        return;
    }
    let t = frame.tokens;
    let c = &t.color;
    let all = ui.max_rect();
    let mut over = ui.new_child(UiBuilder::new().id_salt("toasts").max_rect(all));
    let mut y = all.top() + t.size.header + 12.0;
    for toast in view.toasts.iter().rev().take(SHOWN) {
        let mut job = egui::text::LayoutJob::simple(
            toast.text.clone(),
            FontId::proportional(t.text_size.list + 0.5),
            c.text,
            WIDTH - 84.0,
        );
        job.wrap.max_rows = 6;
        for s in &mut job.sections {
            s.format.line_height = Some(20.0);
        }
        let galley = over.painter().layout_job(job);
        let size = vec2(WIDTH, galley.size().y + 28.0);
        let slide = state.springs.to(ui.ctx(), frame, ("toast", toast.id), 40.0, 0.0, MOVE);
        let place = state.springs.to(ui.ctx(), frame, ("toast-y", toast.id), y, y, MOVE);
        let rect = Rect::from_min_size(pos2((right - WIDTH - 16.0 + slide).round(), place.round()), size);
        over.set_opacity((1.0 - slide / 40.0).clamp(0.0, 1.0));
        let ground = over.interact(rect, Id::new(("toast", toast.id)), Sense::click());
        ground.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, &toast.text));
        over.painter().add(ui.visuals().popup_shadow.as_shape(rect, t.radius.card));
        over.painter().rect_filled(rect, t.radius.card, c.raised);
        over.painter().rect_stroke(
            rect,
            t.radius.card,
            Stroke::new(1.0, crate::tokens::contrast::mix(c.line, c.faint, 0.25)),
            StrokeKind::Inside,
        );
        let (icon, ink) = match toast.level {
            ToastLevel::Info => (Icon::Alert, c.muted),
            ToastLevel::Warning => (Icon::Alert, c.warn),
        };
        icons::icon(over.painter(), icon, pos2(rect.left() + 24.0, rect.top() + 24.0), 18.0, ink);
        over.painter().galley(pos2(rect.left() + 44.0, rect.top() + 14.0), galley, c.text);
        let close = Rect::from_center_size(pos2(rect.right() - 20.0, rect.top() + 22.0), vec2(28.0, 28.0));
        if widgets::icon_button(&mut over, t, close, Icon::Close, "Dismiss", false).clicked() {
            intents.push(Intent::DismissToast(toast.id));
        }
        y += size.y + 8.0;
    }
}
