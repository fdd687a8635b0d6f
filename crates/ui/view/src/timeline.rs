//! The message list. Only what is seen is laid out, however long the channel is.
//!
//! There is no offset from the top of the channel: a place in it is "this message's text starts so many points below the
//! viewport's top edge" ([`Place`], in f64). Rows are laid out from there up and down until the viewport is full, so
//! nothing unseen can move what is seen: not a window that shifts, not a width that changes, not a height guessed wrong.

mod bars;
mod row;
mod toolbar;

use crate::composer::Composer;
use crate::spring::{MOVE, SOFT, Spring};
use crate::{Activity, Frame, Intent, Intents, MainView, WindowView};
use egui::Ui;
use hearth_ports::{Anchor, MessageView};
use hearth_types::{ChannelId, EntryId, limits};
use row::Rows;
use std::collections::HashMap;

/// Rows beyond the viewport below which more are asked for.
const RUNWAY_ROWS: usize = 50;
/// Space under the newest message.
const FOOT: f64 = 24.0;

/// A place in a channel: the text of `message` starts `y` points below the viewport's top edge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Which message.
    pub message: EntryId,
    /// Points below the top edge; negative when it starts above.
    pub y: f64,
}

/// Where the new-messages line stands.
#[derive(Debug, Clone, Copy, PartialEq)]
struct UnreadLine {
    after: Option<EntryId>,
    count: u32,
    dismissed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Jump {
    Unread,
    Message(EntryId),
}

/// Scroll position and everything else the list remembers between frames.
#[derive(Debug, Default)]
pub struct TimelineState {
    channel: Option<ChannelId>,
    loaded: bool,
    unpinned: bool,
    adrift: bool,
    place: Option<Place>,
    visible: Vec<Place>,
    heights: HashMap<(EntryId, u32), f32>,
    line: Option<UnreadLine>,
    asked: Option<(EntryId, EntryId)>,
    marked: Option<EntryId>,
    jump: Option<Jump>,
    flash: Option<(EntryId, Spring)>,
    entering: Spring,
    newest: Option<EntryId>,
    menu_row: Option<EntryId>,
    toolbar: Option<(EntryId, egui::Rect)>,
    confirm_delete: Option<EntryId>,
    bar_grab: Option<f32>,
    laid_out: usize,
}

impl TimelineState {
    /// Rows laid out in the last frame: the cost of the list.
    pub fn laid_out(&self) -> usize {
        self.laid_out
    }
    /// Heights remembered, at most `limits::UI_HEIGHTS` and one window.
    pub fn heights_kept(&self) -> usize {
        self.heights.len()
    }
    /// What was seen in the last frame, from the top.
    pub fn visible(&self) -> &[Place] {
        &self.visible
    }
    /// Whether it stands at the newest message.
    pub fn at_newest(&self) -> bool {
        !self.unpinned
    }
    /// Back to the newest message.
    pub fn jump_to_newest(&mut self, window: Option<&WindowView<'_>>, intents: &mut Intents) {
        if self.adrift || window.is_some_and(|w| w.after) {
            intents.push(Intent::OpenNewest);
            self.adrift = false;
            self.asked = None;
        }
        self.unpinned = false;
        self.place = None;
        self.jump = None;
    }
    /// A message that a person wants deleted; taken once, for the confirmation.
    pub(crate) fn take_confirm_delete(&mut self) -> Option<EntryId> {
        self.confirm_delete.take()
    }
    fn show(&mut self, target: EntryId, height: f64) {
        self.place = Some(Place { message: target, y: (height * 0.35).round() });
        self.unpinned = true;
        self.jump = None;
    }
}

/// Draws the list into all of `ui`.
pub fn timeline_ui(
    ui: &mut Ui,
    view: &MainView<'_>,
    state: &mut TimelineState,
    composer: &mut Composer,
    frame: &Frame<'_>,
    intents: &mut Intents,
) -> Activity {
    let rect = ui.max_rect();
    let channel = view.channel.map(|c| c.channel);
    if state.channel != channel {
        *state = TimelineState { channel, heights: std::mem::take(&mut state.heights), ..TimelineState::default() };
    }
    let Some(window) = view.window.filter(|w| Some(w.channel) == channel) else {
        bars::loading(ui, rect, frame);
        return Activity::default();
    };
    follow_unread(state, &window, frame);
    if window.messages.is_empty() {
        state.visible.clear();
        state.laid_out = 0;
        bars::nothing_here(ui, rect, view, frame);
        state.loaded = true;
        return Activity::default();
    }
    let line_at = line_index(state.line, &window);
    let mut rows = Rows::new(ui, view, &window, line_at, frame, rect.width());
    let height = f64::from(rect.height());

    enter_newest(ui, state, &window, &mut rows, frame);
    let scrolled = bars::wheel_and_keys(ui, rect, state, frame);
    resolve_jump(state, &window, line_at, height, intents);
    let (first, last) = settle(state, &window, &mut rows, height, scrolled, intents);
    ask_for_more(state, &window, first, last, intents);
    mark_read(state, &window, frame, intents);

    let lift = f64::from(state.entering.x);
    let mut y = match state.visible.first() {
        Some(p) => p.y - rows.get(first).above() + lift,
        None => 0.0,
    };
    let flash = step_flash(ui, state, frame);
    // The toolbar juts into the row above: a pointer on it still means the message it belongs to.
    if let Some((id, _)) = state.toolbar.filter(|(_, plate)| ui.rect_contains_pointer(*plate)) {
        state.menu_row = Some(id);
    }
    let mut hot = None;
    for i in first..=last {
        let row = rows.get(i);
        let top = y;
        y += row.height();
        let paint = row::Paint {
            rect,
            top,
            flash: flash.filter(|f| f.0 == row.id()).map_or(0.0, |f| f.1),
            active: state.menu_row == Some(row.id()),
        };
        if rows.paint(ui, i, paint, state, intents) {
            hot = Some((i, top));
        }
    }
    toolbar::toolbar_ui(ui, view, &window, &rows, hot, rect, state, composer, frame, intents);
    bars::scroll_bar(ui, rect, &window, &rows, first, state, frame);
    let up = bars::unread_bar(ui, rect, view, &window, line_at, first, state, frame, intents);
    let down = bars::newest_pill(ui, rect, &window, state, frame, intents);
    state.laid_out = rows.laid_out();
    remember(state, &rows, rect.width());
    state.loaded = true;
    let moving = state.entering.x != 0.0 || state.flash.is_some() || up || down;
    Activity { moving, wake_at_ms: None }
}

/// Freezes the new-messages line when the channel is opened or messages arrive unseen.
fn follow_unread(state: &mut TimelineState, window: &WindowView<'_>, frame: &Frame<'_>) {
    let unseen = !state.loaded || !frame.focused || state.unpinned;
    if window.unread > 0 && unseen {
        match &mut state.line {
            Some(line) => line.count = line.count.max(window.unread),
            None => state.line = Some(UnreadLine { after: window.mark, count: window.unread, dismissed: false }),
        }
    }
}

/// Index of the first unread message, if it is loaded.
fn line_index(line: Option<UnreadLine>, window: &WindowView<'_>) -> Option<usize> {
    let line = line?;
    let at = match line.after {
        None if window.before => return None,
        None => 0,
        Some(mark) => window.messages.iter().position(|m| m.message == mark)? + 1,
    };
    (at < window.messages.len()).then_some(at)
}

/// While pinned, a new message slides in from below.
fn enter_newest(ui: &Ui, state: &mut TimelineState, window: &WindowView<'_>, rows: &mut Rows<'_>, frame: &Frame<'_>) {
    let newest = window.messages.last().map(|m| m.message);
    let follows = state.loaded && !state.unpinned && !window.after;
    if let Some(old) = state.newest.filter(|o| follows && Some(*o) != newest)
        && let Some(at) = window.messages.iter().rposition(|m| m.message == old)
    {
        let added: f64 = (at + 1..window.messages.len()).rev().take(4).map(|i| rows.get(i).height()).sum();
        state.entering = Spring { x: (state.entering.x + added as f32).min(400.0), v: state.entering.v };
    }
    state.newest = newest;
    if ui.ctx().current_pass_index() == 0 {
        state.entering = match frame.motion {
            crate::Motion::Full => state.entering.step(0.0, MOVE, frame.dt),
            crate::Motion::Reduced => Spring::default(),
        };
    }
    if state.unpinned {
        state.entering = Spring::default();
    }
}

fn resolve_jump(
    state: &mut TimelineState,
    window: &WindowView<'_>,
    line_at: Option<usize>,
    height: f64,
    intents: &mut Intents,
) {
    let Some(jump) = state.jump else { return };
    let found = match jump {
        Jump::Unread => line_at.and_then(|i| window.messages.get(i)).map(|m| m.message),
        Jump::Message(id) => window.messages.iter().find(|m| m.message == id).map(|m| m.message),
    };
    if let Some(id) = found {
        state.show(id, height);
        state.flash = Some((id, Spring::at(100.0)));
    } else if state.asked.is_none_or(|a| Some(a) != edges(window)) {
        state.asked = edges(window);
        state.adrift = true;
        let anchor = match jump {
            Jump::Unread => Anchor::Unread,
            Jump::Message(id) => Anchor::Message(id),
        };
        intents.push(Intent::MoveWindow { anchor });
    }
}

fn edges(window: &WindowView<'_>) -> Option<(EntryId, EntryId)> {
    Some((window.messages.first()?.message, window.messages.last()?.message))
}

/// Finds which rows are seen and where. Writes `state.visible` and `state.place`; gives the first and last index.
fn settle(
    state: &mut TimelineState,
    window: &WindowView<'_>,
    rows: &mut Rows<'_>,
    height: f64,
    scrolled: f64,
    intents: &mut Intents,
) -> (usize, usize) {
    let end = window.messages.len() - 1;
    let index_of = |id: EntryId| window.messages.iter().position(|m| m.message == id);
    let mut start = None;
    if state.unpinned {
        let known = state.place.into_iter().chain(state.visible.iter().copied());
        start = known.filter_map(|p| Some((index_of(p.message)?, p.y))).next();
    }
    // `top` is where row `first` begins, gaps and head included.
    let (mut first, mut top) = match start {
        Some((i, y)) => (i, y - rows.get(i).above()),
        None => (end, height - FOOT - rows.get(end).height()),
    };
    if state.unpinned && start.is_none() {
        state.unpinned = window.after;
    }
    top += scrolled;
    while first > 0 && top > 0.0 {
        first -= 1;
        top -= rows.get(first).height();
    }
    while first < end && top + rows.get(first).height() <= 0.0 {
        top += rows.get(first).height();
        first += 1;
    }
    let mut last = first;
    let mut bottom = top + rows.get(first).height();
    while last < end && bottom < height {
        last += 1;
        bottom += rows.get(last).height();
    }
    // Never past the newest message, and never past the oldest one while there is more than a screenful.
    let gap_below = if last == end { (height - FOOT) - bottom } else { 0.0 };
    if gap_below > 0.0 || (last == end && !state.unpinned && scrolled <= 0.0) {
        top += gap_below;
        while first > 0 && top > 0.0 {
            first -= 1;
            top -= rows.get(first).height();
        }
    }
    if first == 0 && top > 0.0 {
        let mut whole = 0.0;
        last = 0;
        loop {
            whole += rows.get(last).height();
            if last == end || whole >= height {
                break;
            }
            last += 1;
        }
        // Less than a screenful stands at the foot, beside the composer.
        let short = last == end && whole < height - FOOT && !window.before;
        top = if short { height - FOOT - whole } else { 0.0 };
    }
    let bottom = (first..=last).fold(top, |y, i| y + rows.get(i).height());
    let at_end = last == end && bottom <= height - FOOT + 1.0;
    if at_end && !window.after && state.jump.is_none() {
        if state.unpinned || state.adrift {
            state.unpinned = false;
            if std::mem::take(&mut state.adrift) {
                intents.push(Intent::OpenNewest);
            }
        }
    } else if !at_end && (scrolled != 0.0 || window.after) {
        state.unpinned = true;
    }
    state.visible.clear();
    let mut y = top;
    for i in first..=last {
        let row = rows.get(i);
        state.visible.push(Place { message: row.id(), y: y + row.above() });
        y += row.height();
    }
    // The place is the first message whose text starts inside the viewport: it is what the reader looks at.
    state.place = state.visible.iter().find(|p| p.y >= 0.0).or(state.visible.first()).copied();
    (first, last)
}

fn ask_for_more(state: &mut TimelineState, window: &WindowView<'_>, first: usize, last: usize, intents: &mut Intents) {
    let near_top = window.before && first < RUNWAY_ROWS;
    let near_end = window.after && window.messages.len() - 1 - last < RUNWAY_ROWS;
    let now = edges(window);
    if (near_top || near_end) && state.asked != now && state.jump.is_none() {
        let middle = first + (last - first) / 2;
        if let Some(m) = window.messages.get(middle) {
            state.asked = now;
            // A pinned list stays the node's own newest window until the reader scrolls.
            if state.unpinned {
                state.adrift = true;
                intents.push(Intent::MoveWindow { anchor: Anchor::Message(m.message) });
            } else {
                state.asked = None;
            }
        }
    }
}

fn mark_read(state: &mut TimelineState, window: &WindowView<'_>, frame: &Frame<'_>, intents: &mut Intents) {
    let seen = frame.focused && !state.unpinned && !window.after && window.unread > 0;
    let newest = window
        .messages
        .last()
        .map(|m| m.message)
        .filter(|m| seen && window.mark != Some(*m) && state.marked != Some(*m));
    if let Some(message) = newest {
        state.marked = Some(message);
        intents.push(Intent::MarkRead { channel: window.channel, message });
    }
}

fn step_flash(ui: &Ui, state: &mut TimelineState, frame: &Frame<'_>) -> Option<(EntryId, f32)> {
    let (id, spring) = state.flash?;
    let next = if ui.ctx().current_pass_index() == 0 { spring.step(0.0, SOFT, frame.dt * 0.35) } else { spring };
    state.flash = (next.x > 0.5).then_some((id, next));
    Some((id, (next.x / 100.0).clamp(0.0, 1.0)))
}

fn remember(state: &mut TimelineState, rows: &Rows<'_>, width: f32) {
    if state.heights.len() >= limits::UI_HEIGHTS {
        state.heights.clear();
    }
    for (id, height) in rows.measured() {
        state.heights.insert((id, width as u32), height as f32);
    }
}

/// Best known height of a message that may not have been laid out at this width.
fn height_or_guess(state: &TimelineState, message: &MessageView, width: f32) -> f32 {
    state.heights.get(&(message.message, width as u32)).copied().unwrap_or_else(|| {
        let per_line = (width - 90.0).max(80.0) / 7.0;
        24.0 + (message.text.len() as f32 / per_line).floor() * 21.0
    })
}
