//! One message: measured once per frame, then painted.

mod paint;

use crate::civil::Civil;
use crate::icons::Icon;
use crate::markup::{self, Block, Link};
use crate::widgets::medium;
use crate::{Frame, MainView, Tokens, WindowView, avatar};
use egui::{Color32, FontId, Galley, Rect, Ui, vec2};
use hearth_ports::{MessageView, SendState};
use hearth_types::{EntryId, UserId};
use std::sync::Arc;

/// Left edge of text.
pub const GUTTER: f32 = 72.0;
const RIGHT: f32 = 48.0;
const GROUP_MS: u64 = 7 * 60_000;
const REPLY_H: f32 = 22.0;
const HEAD_H: f32 = 22.0;
const PILL_H: f32 = 24.0;
const DIVIDER_H: f32 = 40.0;
const INTRO_H: f32 = 132.0;
const CODE_PAD: f32 = 10.0;
const FORMER: &str = "Former member";

enum Part {
    Text(Arc<Galley>, Vec<Link>),
    Quote(Arc<Galley>, Vec<Link>),
    Code(Arc<Galley>),
    Note(Arc<Galley>, Option<Icon>),
}

impl Part {
    fn height(&self) -> f32 {
        match self {
            Self::Text(g, _) | Self::Quote(g, _) | Self::Note(g, _) => g.size().y,
            Self::Code(g) => g.size().y + 2.0 * CODE_PAD + 8.0,
        }
    }
}

/// A message laid out.
pub struct Row {
    id: EntryId,
    intro: bool,
    day: Option<String>,
    unread: bool,
    head: bool,
    reply: bool,
    parts: Vec<Part>,
    pills: Vec<Pill>,
    above: f32,
    body: f32,
    below: f32,
}

struct Pill {
    at: egui::Vec2,
    width: f32,
    index: usize,
}

impl Row {
    pub fn id(&self) -> EntryId {
        self.id
    }
    /// Points from the row's top to its text.
    pub fn above(&self) -> f64 {
        f64::from(self.above)
    }
    /// All of it.
    pub fn height(&self) -> f64 {
        f64::from(self.above + self.body + self.below)
    }
    /// Points from the row's top to what lights up under the pointer.
    pub fn lead(&self) -> f32 {
        f32::from(u8::from(self.intro)) * INTRO_H + if self.day.is_some() || self.unread { DIVIDER_H } else { 0.0 }
    }
}

/// How a row is painted.
pub struct Paint {
    pub rect: Rect,
    pub top: f64,
    pub flash: f32,
    pub active: bool,
}

/// The rows of a window, laid out when first asked for.
pub struct Rows<'a> {
    ctx: egui::Context,
    view: &'a MainView<'a>,
    window: WindowView<'a>,
    frame: &'a Frame<'a>,
    line_at: Option<usize>,
    width: f32,
    today: Civil,
    rows: Vec<Option<Row>>,
    laid_out: usize,
    spare: Row,
}

impl<'a> Rows<'a> {
    pub fn new(
        ui: &Ui,
        view: &'a MainView<'a>,
        window: &WindowView<'a>,
        line_at: Option<usize>,
        frame: &'a Frame<'a>,
        width: f32,
    ) -> Self {
        let mut rows = Vec::new();
        rows.resize_with(window.messages.len(), || None);
        Self {
            ctx: ui.ctx().clone(),
            view,
            window: *window,
            frame,
            line_at,
            width,
            today: Civil::from_ms(frame.now_ms, frame.utc_offset_min),
            rows,
            laid_out: 0,
            spare: Row {
                id: EntryId([0; 32]),
                intro: false,
                day: None,
                unread: false,
                head: false,
                reply: false,
                parts: Vec::new(),
                pills: Vec::new(),
                above: 0.0,
                body: 0.0,
                below: 0.0,
            },
        }
    }
    pub fn laid_out(&self) -> usize {
        self.laid_out
    }
    pub fn message(&self, i: usize) -> Option<&'a MessageView> {
        self.window.messages.get(i)
    }
    pub fn measured(&self) -> impl Iterator<Item = (EntryId, f64)> + '_ {
        self.rows.iter().flatten().map(|r| (r.id, r.height()))
    }
    /// The row at `i`, laid out now if it was not.
    pub fn get(&mut self, i: usize) -> &Row {
        if self.rows.get(i).is_some_and(Option::is_none) {
            let row = self.measure(i);
            self.laid_out += 1;
            if let Some(slot) = self.rows.get_mut(i) {
                *slot = row;
            }
        }
        self.rows.get(i).and_then(Option::as_ref).unwrap_or(&self.spare)
    }
    /// The row at `i`, if it was laid out.
    pub fn seen(&self, i: usize) -> Option<&Row> {
        self.rows.get(i).and_then(Option::as_ref)
    }

    fn tokens(&self) -> &'a Tokens {
        self.frame.tokens
    }
    fn civil(&self, m: &MessageView) -> Civil {
        Civil::from_ms(m.at, self.frame.utc_offset_min)
    }
    /// Name and colour of an author.
    pub fn who(&self, user: UserId) -> (&'a str, u32) {
        match self.view.member(user) {
            Some(m) => (&m.name, m.color),
            None if user == self.view.me.user => (&self.view.me.name, self.view.me.color),
            None => (FORMER, avatar::swatch_of(user.as_bytes())),
        }
    }

    fn measure(&self, i: usize) -> Option<Row> {
        let m = self.window.messages.get(i)?;
        let before = i.checked_sub(1).and_then(|p| self.window.messages.get(p));
        let t = self.tokens();
        let intro = i == 0 && !self.window.before;
        let day =
            before.is_none_or(|b| self.civil(b).day != self.civil(m).day).then(|| self.civil(m).day_name(self.today));
        let unread = self.line_at == Some(i);
        let reply = m.reply_to.is_some() && !m.deleted;
        let follows = before
            .is_some_and(|b| b.author == m.author && m.at.saturating_sub(b.at) < GROUP_MS && b.deleted == m.deleted);
        let head = !follows || reply || day.is_some() || unread;
        let divided = day.is_some() || unread;
        let gap = match (head, divided || intro) {
            (true, true) => 4.0,
            (true, false) => t.space.lg,
            (false, _) => 2.0,
        };
        let lead = if intro { INTRO_H } else { 0.0 } + if divided { DIVIDER_H } else { 0.0 };
        let above = lead + gap + if reply { REPLY_H } else { 0.0 } + if head { HEAD_H } else { 0.0 };
        let width = (self.width - GUTTER - RIGHT).max(40.0);
        let parts = self.parts(m, width);
        let body = parts.iter().map(Part::height).sum::<f32>().max(t.body_line());
        let (pills, below) = self.pills(m, width);
        Some(Row { id: m.message, intro, day, unread, head, reply, parts, pills, above, body, below: below + 2.0 })
    }

    fn parts(&self, m: &MessageView, width: f32) -> Vec<Part> {
        let t = self.tokens();
        let lay = |mut job: egui::text::LayoutJob, width: f32| {
            job.wrap.max_width = width;
            self.ctx.fonts_mut(|f| f.layout_job(job))
        };
        let note = |text: &str, icon: Option<Icon>| {
            let mut job = egui::text::LayoutJob::simple(
                text.to_owned(),
                FontId::new(t.text_size.body, egui::FontFamily::Name(crate::tokens::ITALIC.into())),
                t.color.faint,
                width,
            );
            for s in &mut job.sections {
                s.format.line_height = Some(t.body_line());
                s.format.valign = egui::Align::Center;
            }
            Part::Note(lay(job, width - if icon.is_some() { 22.0 } else { 0.0 }), icon)
        };
        if m.deleted {
            return vec![note("This message was deleted.", None)];
        }
        if !m.readable {
            return vec![note(
                "You can’t read this message yet. It opens by itself as soon as somebody who can read it is around.",
                Some(Icon::Lock),
            )];
        }
        let ink = if m.state == SendState::Saved { t.color.muted } else { t.color.text };
        let mut blocks = markup::blocks(&m.text, t, ink);
        if m.edited {
            let tail = egui::TextFormat {
                font_id: FontId::proportional(t.text_size.meta),
                color: t.color.faint,
                line_height: Some(t.body_line()),
                valign: egui::Align::Center,
                ..Default::default()
            };
            match blocks.last_mut() {
                Some(Block::Text(job, _)) => job.append("edited", 6.0, tail),
                _ => {
                    let mut job = egui::text::LayoutJob::default();
                    job.append("edited", 0.0, tail);
                    blocks.push(Block::Text(job, Vec::new()));
                }
            }
        }
        blocks
            .into_iter()
            .map(|b| match b {
                Block::Text(job, links) => Part::Text(lay(job, width), links),
                Block::Quote(job, links) => Part::Quote(lay(job, width - 16.0), links),
                Block::Code(job) => Part::Code(lay(job, width - 2.0 * CODE_PAD - 4.0)),
            })
            .collect()
    }

    fn pills(&self, m: &MessageView, width: f32) -> (Vec<Pill>, f32) {
        let mut pills = Vec::new();
        let (mut x, mut y) = (0.0, 6.0);
        for (index, r) in m.reactions.iter().enumerate().filter(|(_, r)| !r.users.is_empty()) {
            let count = r.users.len().to_string();
            let emoji = self.ctx.fonts_mut(|f| {
                f.layout_no_wrap(r.emoji.clone(), FontId::proportional(15.0), Color32::PLACEHOLDER).size().x
            });
            let number = self.ctx.fonts_mut(|f| f.layout_no_wrap(count, medium(12.0), Color32::PLACEHOLDER).size().x);
            let pill = (emoji.min(120.0) + number + 22.0).max(44.0).ceil();
            if x > 0.0 && x + pill > width {
                x = 0.0;
                y += PILL_H + 4.0;
            }
            pills.push(Pill { at: vec2(x, y), width: pill, index });
            x += pill + 6.0;
        }
        let below = if pills.is_empty() { 0.0 } else { y + PILL_H + 4.0 };
        (pills, below)
    }
}
