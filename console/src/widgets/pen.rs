//! Writes line below line into an area, as long as there is room. What does not fit is
//! not written: what matters most is said first.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::{Canvas, text};
use crate::symbols::Symbol;
use crate::theme::Tone;

/// A piece of a line, and how it is to be read.
pub type Part = (Tone, String);

/// Cells that a label takes, with what is between it and the fact.
const LABEL: u16 = 13;

/// Writes line below line.
#[derive(Debug)]
pub struct Pen<'p, 'c> {
    canvas: &'p mut Canvas<'c>,
    rest: Rect,
    label: u16,
}

impl<'p, 'c> Pen<'p, 'c> {
    /// From the first row of this area on.
    pub fn new(canvas: &'p mut Canvas<'c>, area: Rect) -> Self {
        let rest = canvas.clip(area);
        Self { canvas, rest, label: LABEL }
    }

    /// The same, with so many cells for labels.
    pub fn labels(self, label: u16) -> Self {
        Self { label, ..self }
    }

    /// What is drawn on.
    pub fn canvas(&mut self) -> &mut Canvas<'c> {
        self.canvas
    }

    /// Rows that are left.
    pub fn rows(&self) -> u16 {
        self.rest.height
    }

    /// Cells that a line has.
    pub fn width(&self) -> u16 {
        self.rest.width
    }

    /// What is left below.
    pub fn rest(&self) -> Rect {
        self.rest
    }

    /// How a sign is written.
    pub fn sign(&self, symbol: Symbol) -> &'static str {
        self.canvas.look().symbols.of(symbol)
    }

    /// The next row, for drawing something else into it; empty when there is none.
    pub fn take(&mut self) -> Rect {
        let [row, rest] = self.canvas.split_top(self.rest, 1);
        self.rest = rest;
        row
    }

    /// The next so many rows.
    pub fn take_rows(&mut self, rows: u16) -> Rect {
        let [taken, rest] = self.canvas.split_top(self.rest, rows);
        self.rest = rest;
        taken
    }

    /// A line of these pieces; returns what is left of the row.
    pub fn line<S: AsRef<str>>(&mut self, parts: impl IntoIterator<Item = (Tone, S)>) -> Rect {
        let mut at = self.take();
        for (tone, text) in parts {
            at = self.canvas.put(at, text.as_ref(), tone);
        }
        at
    }

    /// A line with a sign before it.
    pub fn signed(&mut self, symbol: Symbol, tone: Tone, text: &str) -> Rect {
        let sign = self.sign(symbol);
        self.line([(tone, sign), (tone, " "), (tone, text)])
    }

    /// A label, and what there is to say; returns what is left of the row.
    pub fn fact<S: AsRef<str>>(&mut self, label: &str, parts: impl IntoIterator<Item = (Tone, S)>) -> Rect {
        let row = self.take();
        let [name, mut at] = self.canvas.split_left(row, self.label.min(row.width / 2));
        self.canvas.put(name, label, Tone::Dim);
        for (tone, text) in parts {
            at = self.canvas.put(at, text.as_ref(), tone);
        }
        at
    }

    /// Cells that are left for a fact behind its label.
    pub fn fact_width(&self) -> u16 {
        self.rest.width.saturating_sub(self.label.min(self.rest.width / 2))
    }

    /// The first of these ways to say something that has room in so many cells; the last
    /// one where none has.
    pub fn fitting<const N: usize>(ways: [Vec<Part>; N], cells: u16) -> Vec<Part> {
        let cells = usize::from(cells);
        let fits = |way: &Vec<Part>| way.iter().map(|(_, text)| text.width()).sum::<usize>() <= cells;
        let at = ways.iter().position(fits).unwrap_or(N.saturating_sub(1));
        ways.into_iter().nth(at).unwrap_or_default()
    }

    /// A label, and the longest of these ways to say it that there is room for.
    pub fn fact_in<const N: usize>(&mut self, label: &str, ways: [Vec<Part>; N]) -> Rect {
        let way = Self::fitting(ways, self.fact_width());
        self.fact(label, way)
    }

    /// A text over as many lines as it takes, at most so many.
    pub fn text(&mut self, tone: Tone, text: &str, most: u16) {
        let [area, _] = self.canvas.split_top(self.rest, most);
        let left = text::wrapped(self.canvas, area, text, tone);
        self.take_rows(area.height - left.height.min(area.height));
    }

    /// A title with a rule behind it, where there is no room for a frame.
    pub fn title(&mut self, title: &str) {
        let rest = self.line([(Tone::Title, title), (Tone::Line, " ")]);
        let rule = self.sign(Symbol::Horizontal).repeat(usize::from(rest.width));
        self.canvas.put(rest, &rule, Tone::Line);
    }
}
