//! Lines of which each part has a tone of its own, and labelled facts.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::Canvas;
use crate::symbols::{Symbol, Symbols};
use crate::theme::Tone;

/// A line in parts.
pub type Line = Vec<(Tone, String)>;

/// A line of one part.
pub fn line(tone: Tone, text: impl Into<String>) -> Line {
    vec![(tone, text.into())]
}

/// A label and what it stands before.
#[derive(Debug, Clone)]
pub struct Fact {
    /// What it is.
    pub label: &'static str,
    /// How it is to be read.
    pub tone: Tone,
    /// What is so.
    pub text: String,
}

impl Fact {
    /// An ordinary one.
    pub fn of(label: &'static str, text: impl Into<String>) -> Self {
        Self { label, tone: Tone::Plain, text: text.into() }
    }

    /// The same in this tone.
    pub fn toned(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }

    /// One that may not be known, which has a sign of its own.
    pub fn known(label: &'static str, text: Option<impl Into<String>>, symbols: Symbols) -> Self {
        match text {
            Some(text) => Self::of(label, text),
            None => Self::of(label, symbols.of(Symbol::Unknown)).toned(Tone::Dim),
        }
    }
}

/// Facts as lines, their labels all of one width.
pub fn facts(facts: &[Fact]) -> Vec<Line> {
    let width = facts.iter().map(|fact| fact.label.width()).max().unwrap_or(0);
    let line =
        |fact: &Fact| vec![(Tone::Dim, format!("{:<width$}  ", fact.label)), (fact.tone, fact.text.clone())];
    facts.iter().map(line).collect()
}

/// Draws lines from the line `top` on, as many as there is room for.
pub fn lines(canvas: &mut Canvas<'_>, area: Rect, lines: &[Line], top: usize) {
    let area = canvas.clip(area);
    let shown = lines.iter().skip(top).zip(0..area.height);
    for (line, row) in shown {
        let mut left = canvas.row(area, row);
        for (tone, text) in line {
            left = canvas.put(left, text, *tone);
        }
    }
    let below = lines.len().saturating_sub(top.saturating_add(usize::from(area.height)));
    if below > 0 && area.height > 0 {
        let last = canvas.row(area, area.height - 1);
        canvas.put_right(last, &format!(" {} more", below), Tone::Dim);
    }
}

/// A rule from side to side with a title; returns what is below it.
pub fn ruled(canvas: &mut Canvas<'_>, area: Rect, title: &str) -> Rect {
    let [rule, below] = canvas.split_top(canvas.clip(area), 1);
    let sign = canvas.look().symbols.of(Symbol::Horizontal);
    canvas.put(rule, &sign.repeat(usize::from(rule.width)), Tone::Line);
    let [_, at] = canvas.split_left(rule, 1);
    if !title.is_empty() {
        canvas.put(at, &format!(" {title} "), Tone::Title);
    }
    below
}

/// A bar of so many cells. Only what is whole looks whole, and what is begun looks begun.
pub fn bar(part: u64, whole: u64, cells: u16, symbols: Symbols) -> String {
    let cells = usize::from(cells);
    let full = if whole == 0 { 0.0 } else { part.min(whole) as f64 / whole as f64 * cells as f64 };
    let full = (full as usize).max(usize::from(part > 0)).min(cells);
    let (done, left) = (symbols.of(Symbol::Full), symbols.of(Symbol::Empty));
    format!("{}{}", done.repeat(full), left.repeat(cells - full))
}
