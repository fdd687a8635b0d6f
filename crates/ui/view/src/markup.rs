//! The little markup people type: bold, italic, strike, code, code blocks, quotes and links. Everything else is text.
//!
//! Parsing never fails and never reorders text: an unclosed mark stands as it was typed.

use crate::Tokens;
use crate::tokens::{BOLD, ITALIC};
use egui::{Align, Color32, FontFamily, FontId, Stroke, TextFormat, text::LayoutJob};
use std::ops::Range;

/// A piece of a body with a frame of its own.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// Running text, with what may be clicked in it.
    Text(LayoutJob, Vec<Link>),
    /// A fenced code block.
    Code(LayoutJob),
    /// Lines after `>`.
    Quote(LayoutJob, Vec<Link>),
}

/// A web link inside a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Characters of the job's text.
    pub chars: Range<usize>,
    /// Where it goes: http or https only.
    pub url: String,
}

#[derive(Clone, Copy, Default)]
struct Style {
    bold: bool,
    italic: bool,
    strike: bool,
    code: bool,
}

/// Splits a message into blocks, ready to be wrapped at a width.
pub fn blocks(text: &str, tokens: &Tokens, ink: Color32) -> Vec<Block> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find("```") {
        let Some(after) = rest.get(open + 3..) else { break };
        let Some(close) = after.find("```") else { break };
        prose(rest.get(..open).unwrap_or(""), tokens, ink, &mut out);
        let inside = after.get(..close).unwrap_or("");
        // A first line of one word names a language.
        let code = match inside.split_once('\n') {
            Some((first, code)) if !first.contains(' ') => code,
            _ => inside,
        };
        let code = code.trim_matches('\n');
        if !code.is_empty() {
            let mut job = LayoutJob::default();
            job.append(code, 0.0, format(tokens, ink, Style { code: true, ..Style::default() }, false));
            out.push(Block::Code(job));
        }
        rest = after.get(close + 3..).unwrap_or("");
    }
    prose(rest, tokens, ink, &mut out);
    if out.is_empty() {
        out.push(Block::Text(LayoutJob::default(), Vec::new()));
    }
    out
}

fn prose(text: &str, tokens: &Tokens, ink: Color32, out: &mut Vec<Block>) {
    let text = if out.is_empty() { text } else { text.strip_prefix('\n').unwrap_or(text) };
    let text = text.trim_end_matches('\n');
    if text.is_empty() {
        return;
    }
    let mut run = String::new();
    let mut quoted = false;
    let mut flush = |run: &mut String, quoted: bool| {
        if !run.is_empty() {
            let (job, links) = inline(run, tokens, if quoted { tokens.color.muted } else { ink });
            out.push(if quoted { Block::Quote(job, links) } else { Block::Text(job, links) });
            run.clear();
        }
    };
    for (at, line) in text.split('\n').enumerate() {
        let quote = line.strip_prefix("> ");
        if at > 0 && quote.is_some() != quoted {
            flush(&mut run, quoted);
        } else if at > 0 {
            run.push('\n');
        }
        quoted = quote.is_some();
        run.push_str(quote.unwrap_or(line));
    }
    flush(&mut run, quoted);
}

/// One run of text with inline marks.
pub fn inline(text: &str, tokens: &Tokens, ink: Color32) -> (LayoutJob, Vec<Link>) {
    let mut job = LayoutJob::default();
    let mut links = Vec::new();
    let mut style = Style::default();
    let mut plain = String::new();
    let mut rest = text;
    let mut before = None::<char>;
    let push = |job: &mut LayoutJob, plain: &mut String, style: Style| {
        if !plain.is_empty() {
            job.append(plain, 0.0, format(tokens, ink, style, true));
            plain.clear();
        }
    };
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix('`')
            && let Some(end) = after.find('`').filter(|e| *e > 0)
        {
            push(&mut job, &mut plain, style);
            job.append(after.get(..end).unwrap_or(""), 0.0, format(tokens, ink, Style { code: true, ..style }, true));
            rest = after.get(end + 1..).unwrap_or("");
            before = Some('`');
            continue;
        }
        if rest.starts_with("https://") || rest.starts_with("http://") {
            let url = url_at(rest);
            if url.len() > 8 {
                push(&mut job, &mut plain, style);
                let start = job.text.chars().count();
                job.append(url, 0.0, format(tokens, tokens.color.link, style, true));
                links.push(Link { chars: start..job.text.chars().count(), url: url.to_owned() });
                rest = rest.get(url.len()..).unwrap_or("");
                before = url.chars().last();
                continue;
            }
        }
        if let Some((mark, is)) = mark_at(rest, before) {
            let open = match is {
                Mark::Bold => &mut style.bold,
                Mark::Italic => &mut style.italic,
                Mark::Strike => &mut style.strike,
            };
            let after = rest.get(mark.len()..).unwrap_or("");
            let opens = !*open && after.chars().next().is_some_and(|n| !n.is_whitespace()) && closes(after, mark);
            let ends = *open && before.is_some_and(|b| !b.is_whitespace());
            if opens || ends {
                let mut shown = style;
                match is {
                    Mark::Bold => shown.bold = ends,
                    Mark::Italic => shown.italic = ends,
                    Mark::Strike => shown.strike = ends,
                }
                push(&mut job, &mut plain, shown);
                match is {
                    Mark::Bold => style.bold = opens,
                    Mark::Italic => style.italic = opens,
                    Mark::Strike => style.strike = opens,
                }
                rest = after;
                before = mark.chars().last();
                continue;
            }
        }
        plain.push(c);
        before = Some(c);
        rest = rest.get(c.len_utf8()..).unwrap_or("");
    }
    push(&mut job, &mut plain, style);
    (job, links)
}

#[derive(Clone, Copy)]
enum Mark {
    Bold,
    Italic,
    Strike,
}

fn mark_at(rest: &str, before: Option<char>) -> Option<(&'static str, Mark)> {
    if rest.starts_with("**") {
        Some(("**", Mark::Bold))
    } else if rest.starts_with("~~") {
        Some(("~~", Mark::Strike))
    } else if rest.starts_with('*') {
        Some(("*", Mark::Italic))
    } else if rest.starts_with('_') {
        // Underscores inside a word belong to the word.
        let next = rest.chars().nth(1);
        let inside = before.is_some_and(char::is_alphanumeric) && next.is_some_and(char::is_alphanumeric);
        (!inside).then_some(("_", Mark::Italic))
    } else {
        None
    }
}

/// Whether `mark` occurs later on the same paragraph behind something that is not a space.
fn closes(after: &str, mark: &str) -> bool {
    let line = after.split('\n').next().unwrap_or("");
    let mut from = 0;
    while let Some(at) = line.get(from..).and_then(|l| l.find(mark)) {
        let at = from + at;
        let behind = line.get(..at).and_then(|l| l.chars().last());
        let single_of_double = mark == "*" && line.get(at..).is_some_and(|l| l.starts_with("**"));
        if behind.is_some_and(|b| !b.is_whitespace()) && !single_of_double {
            return true;
        }
        from = at + if single_of_double { 2 } else { mark.len() };
    }
    false
}

fn url_at(rest: &str) -> &str {
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`')).unwrap_or(rest.len());
    let mut url = rest.get(..end).unwrap_or("");
    while let Some(last) = url.chars().last() {
        let unmatched = last == ')' && !url.contains('(');
        if matches!(last, '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_') || unmatched {
            url = url.get(..url.len() - last.len_utf8()).unwrap_or("");
        } else {
            break;
        }
    }
    url
}

fn format(tokens: &Tokens, ink: Color32, style: Style, framed: bool) -> TextFormat {
    let size = tokens.text_size.body;
    let family = if style.code {
        FontFamily::Monospace
    } else if style.bold {
        FontFamily::Name(BOLD.into())
    } else if style.italic {
        FontFamily::Name(ITALIC.into())
    } else {
        FontFamily::Proportional
    };
    let font_id = FontId::new(if style.code { size - 1.5 } else { size }, family);
    TextFormat {
        font_id,
        color: ink,
        // A lower line, centred in the row, puts the smaller letters of code on the baseline of the words beside them.
        line_height: Some(match (style.code, framed) {
            (true, true) => tokens.body_line() - 4.0,
            (true, false) => tokens.body_line() - 2.0,
            _ => tokens.body_line(),
        }),
        background: if style.code && framed { tokens.color.code_bg } else { Color32::TRANSPARENT },
        italics: style.italic && (style.bold || style.code),
        strikethrough: if style.strike { Stroke::new(1.0, ink) } else { Stroke::NONE },
        valign: Align::Center,
        ..TextFormat::default()
    }
}

/// Text without its marks on one line, for quoted lines.
pub fn one_line(text: &str, tokens: &Tokens) -> String {
    let mut out = String::new();
    for block in blocks(text.get(..text.floor_char_boundary(400)).unwrap_or(text), tokens, Color32::WHITE) {
        let (Block::Text(job, _) | Block::Code(job) | Block::Quote(job, _)) = block;
        if !out.is_empty() {
            out.push(' ');
        }
        out.extend(job.text.chars().map(|c| if c == '\n' { ' ' } else { c }));
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::ThemeChoice;

    fn shown(text: &str) -> String {
        let tokens = Tokens::built_in(ThemeChoice::Dark);
        let (job, _) = inline(text, &tokens, Color32::WHITE);
        job.sections
            .iter()
            .map(|s| {
                let part = job.text.get(s.byte_range.start.0..s.byte_range.end.0).unwrap();
                match &s.format.font_id.family {
                    FontFamily::Monospace => format!("<c>{part}</c>"),
                    FontFamily::Name(n) if **n == *BOLD => format!("<b>{part}</b>"),
                    FontFamily::Name(_) => format!("<i>{part}</i>"),
                    FontFamily::Proportional if s.format.strikethrough != Stroke::NONE => format!("<s>{part}</s>"),
                    FontFamily::Proportional if s.format.color == tokens.color.link => format!("<a>{part}</a>"),
                    FontFamily::Proportional => part.to_owned(),
                }
            })
            .collect()
    }

    #[test]
    fn marks_shape_text_and_vanish() {
        assert_eq!(shown("a **b** *c* _d_ ~~e~~ `f`"), "a <b>b</b> <i>c</i> <i>d</i> <s>e</s> <c>f</c>");
        assert_eq!(shown("see https://example.org/a_b_(c)."), "see <a>https://example.org/a_b_(c)</a>.");
    }

    #[test]
    fn what_is_not_closed_stands_as_typed() {
        for text in ["2 * 3 * 4", "snake_case_name", "**", "a ** b", "*open", "`", "``", "~~x", "http://", "5*5=25"] {
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn blocks_are_split_and_nothing_is_lost() {
        let tokens = Tokens::built_in(ThemeChoice::Dark);
        let found = blocks("hi\n```rust\nlet x = 1;\n```\n> quoted\nend", &tokens, Color32::WHITE);
        let texts: Vec<_> = found
            .iter()
            .map(|b| match b {
                Block::Text(j, _) => format!("t:{}", j.text),
                Block::Code(j) => format!("c:{}", j.text),
                Block::Quote(j, _) => format!("q:{}", j.text),
            })
            .collect();
        assert_eq!(texts, ["t:hi", "c:let x = 1;", "q:quoted", "t:end"]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_shown(text in "[a-z*_~`> \n:/.é😀-]{0,80}") {
            let tokens = Tokens::built_in(ThemeChoice::Dark);
            let letters = |s: &str| s.chars().filter(|c| c.is_alphabetic()).collect::<String>();
            let all: String = blocks(&text, &tokens, Color32::WHITE)
                .into_iter()
                .map(|b| { let (Block::Text(j, _) | Block::Code(j) | Block::Quote(j, _)) = b; j.text })
                .collect();
            if !text.contains("```") {
                proptest::prop_assert_eq!(letters(&all), letters(&text));
            }
        }
    }
}
