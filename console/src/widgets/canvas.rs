//! The buffer with the look of things: the only way in which a screen draws.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::model::words;
use crate::msg::Hit;
use crate::symbols::Symbol;
use crate::theme::{Look, Tone};
use crate::view::Drawn;

/// The buffer with the look of things.
#[derive(Debug)]
pub struct Canvas<'a> {
    look: Look,
    buffer: &'a mut Buffer,
    drawn: Drawn,
}

impl<'a> Canvas<'a> {
    /// On this buffer.
    pub fn new(look: Look, buffer: &'a mut Buffer) -> Self {
        Self { look, buffer, drawn: Drawn { page_rows: 1, ..Drawn::default() } }
    }

    /// How things look.
    pub fn look(&self) -> Look {
        self.look
    }

    /// The part of an area that is on the buffer.
    pub fn clip(&self, area: Rect) -> Rect {
        area.intersection(self.buffer.area)
    }

    /// So many rows of it, and the rest below.
    pub fn split_top(&self, area: Rect, rows: u16) -> [Rect; 2] {
        let rows = rows.min(area.height);
        let top = Rect { height: rows, ..area };
        [top, Rect { y: area.y.saturating_add(rows), height: area.height - rows, ..area }]
    }

    /// What is above so many rows, and they.
    pub fn split_bottom(&self, area: Rect, rows: u16) -> [Rect; 2] {
        self.split_top(area, area.height.saturating_sub(rows))
    }

    /// So many columns of it, and the rest to the right.
    pub fn split_left(&self, area: Rect, columns: u16) -> [Rect; 2] {
        let columns = columns.min(area.width);
        let left = Rect { width: columns, ..area };
        [left, Rect { x: area.x.saturating_add(columns), width: area.width - columns, ..area }]
    }

    /// Row number `row` of an area; an empty one where there is none.
    pub fn row(&self, area: Rect, row: u16) -> Rect {
        let height = u16::from(row < area.height);
        Rect { y: area.y.saturating_add(row.min(area.height)), height, ..area }
    }

    /// Writes into the first row of an area, and returns what is left of that row. What
    /// does not fit is cut off, with a sign for it. What gives orders is not written.
    pub fn put(&mut self, area: Rect, text: &str, tone: Tone) -> Rect {
        self.put_styled(area, text, self.look.style(tone))
    }

    /// The same in a style of its own.
    pub fn put_styled(&mut self, area: Rect, text: &str, style: Style) -> Rect {
        let area = self.clip(area);
        if area.is_empty() {
            return Rect { width: 0, ..area };
        }
        let shown = self.fit(&words::clean(text), area.width);
        let (end, _) = self.buffer.set_stringn(area.x, area.y, &shown, usize::from(area.width), style);
        Rect { x: end, width: area.right().saturating_sub(end), height: 1, ..area }
    }

    /// A text as far as it fits into so many cells, with a sign where it was cut off.
    pub fn fit(&self, text: &str, cells: u16) -> String {
        let cells = usize::from(cells);
        if text.width() <= cells {
            return text.to_owned();
        }
        let more = self.look.symbols.of(Symbol::More);
        let room = cells.saturating_sub(more.width());
        let (mut fitting, mut used) = (String::new(), 0);
        for letter in text.graphemes(true) {
            let width = letter.width();
            if used + width > room {
                break;
            }
            fitting.push_str(letter);
            used += width;
        }
        fitting.push_str(more);
        fitting
    }

    /// The end of a text as far as it fits: of a path, whose end says most.
    pub fn fit_end(&self, text: &str, cells: u16) -> String {
        end_of(text, cells, self.look.symbols.of(Symbol::More)).into_owned()
    }

    /// Writes at the right end of the first row of an area; returns what is left of it.
    pub fn put_right(&mut self, area: Rect, text: &str, tone: Tone) -> Rect {
        let text = words::clean(text);
        let width = u16::try_from(text.width()).unwrap_or(u16::MAX).min(area.width);
        let [left, right] = self.split_left(area, area.width - width);
        self.put(right, &text, tone);
        left
    }

    /// A frame with a title, and what is within.
    pub fn frame(&mut self, area: Rect, title: &str, tone: Tone) -> Rect {
        let area = self.clip(area);
        if area.width < 2 || area.height < 2 {
            return Rect { width: 0, height: 0, ..area };
        }
        let look = self.look;
        let sign = |symbol| look.symbols.of(symbol);
        let line = sign(Symbol::Horizontal).repeat(usize::from(area.width - 2));
        let top = format!("{}{line}{}", sign(Symbol::TopLeft), sign(Symbol::TopRight));
        let bottom = format!("{}{line}{}", sign(Symbol::BottomLeft), sign(Symbol::BottomRight));
        self.put(self.row(area, 0), &top, Tone::Line);
        self.put(self.row(area, area.height - 1), &bottom, Tone::Line);
        for row in 1..area.height - 1 {
            let row = self.row(area, row);
            self.put(row, sign(Symbol::Vertical), Tone::Line);
            self.put_right(row, sign(Symbol::Vertical), Tone::Line);
        }
        if !title.is_empty() && area.width > 4 {
            let place = Rect { x: area.x + 2, width: area.width - 4, height: 1, ..area };
            let text = self.fit(&format!(" {title} "), place.width);
            self.put(place, &text, tone);
        }
        Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 }
    }

    /// Nothing is there any more.
    pub fn clear(&mut self, area: Rect) {
        let area = self.clip(area);
        for place in area.positions() {
            if let Some(cell) = self.buffer.cell_mut(place) {
                cell.reset();
            }
        }
        self.restyle(area, self.look.base());
    }

    /// Everything there looks like this as well.
    pub fn restyle(&mut self, area: Rect, style: Style) {
        let area = self.clip(area);
        self.buffer.set_style(area, style);
    }

    /// What is there is old: it was so, and may not be so any more.
    pub fn fade(&mut self, area: Rect) {
        let dim = self.look.style(Tone::Dim).add_modifier(Modifier::DIM);
        self.restyle(area, dim);
    }

    /// What was drawn elsewhere, from its row `top` on.
    pub fn copy(&mut self, area: Rect, from: &Buffer, top: u16) {
        let area = self.clip(area);
        for place in area.positions() {
            let (column, row) = (place.x - area.x, (place.y - area.y).saturating_add(top));
            let there = from.cell(Position::new(column, row));
            if let (Some(there), Some(cell)) = (there, self.buffer.cell_mut(place)) {
                *cell = there.clone();
            }
        }
    }

    /// This was drawn there, for the mouse.
    pub fn hit(&mut self, area: Rect, hit: Hit) {
        self.drawn.hits.add(area, hit);
    }

    /// The cursor is there.
    pub fn cursor(&mut self, place: Position) {
        if self.buffer.area.contains(place) {
            self.drawn.cursor = Some(place);
        }
    }

    /// A page of the list or the prompt has so many rows.
    pub fn page(&mut self, rows: u16) {
        self.drawn.page_rows = usize::from(rows);
    }

    /// What drawing has shown.
    pub fn finish(self) -> Drawn {
        self.drawn
    }
}

/// As much of the end as there is room for, with this sign where something is before it.
pub(super) fn end_of<'a>(text: &'a str, cells: u16, more: &str) -> Cow<'a, str> {
    let cells = usize::from(cells);
    if text.width() <= cells {
        return Cow::Borrowed(text);
    }
    let room = cells.saturating_sub(more.width());
    let mut used = 0;
    let end: Vec<&str> = text
        .graphemes(true)
        .rev()
        .take_while(|letter| {
            used += letter.width();
            used <= room
        })
        .collect();
    let end: String = end.into_iter().rev().collect();
    format!("{more}{end}").into()
}
