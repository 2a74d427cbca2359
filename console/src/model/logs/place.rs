//! Places in the log, counted in rows as they are drawn: a line that is wrapped has
//! several, and one more where lines are missing before it. Moving costs as much as
//! the rows that are passed, whatever is kept.

use task_orchestrator_shared::admin::log::LogLine;

use super::Logs;
use super::wrapped::{Room, body, wrap};

/// A row of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line's number.
    pub line: u64,
    /// Which of its rows, from zero.
    pub row: usize,
}

/// How lines become rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Cells that the whole row has.
    pub cells: u16,
    /// Whether long lines are wrapped.
    pub wrap: bool,
}

/// What stands before the text of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Before {
    /// Cells of the time.
    pub time: u16,
    /// Cells of the process; none where there is no room for it.
    pub process: u16,
}

/// Cells of the level.
pub const LEVEL: u16 = 5;

impl Before {
    /// All of it, with a blank behind each.
    pub fn cells(self) -> u16 {
        let process = if self.process == 0 { 0 } else { self.process + 1 };
        self.time + 1 + LEVEL + 1 + process
    }
}

impl Shape {
    /// What stands before the text.
    pub fn before(self) -> Before {
        match self.cells {
            100.. => Before { time: 12, process: 14 },
            80.. => Before { time: 12, process: 6 },
            _ => Before { time: 8, process: 0 },
        }
    }

    /// The room for the part of the program.
    pub fn room(self) -> Room {
        match self.cells {
            100.. => Room::Whole,
            80.. => Room::WithoutCrate,
            _ => Room::Last,
        }
    }

    /// Cells for the text; at least one.
    pub fn text_cells(self) -> usize {
        usize::from(self.cells.saturating_sub(self.before().cells()).max(1))
    }
}

/// A row that is drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum Row<'a> {
    /// Lines are missing here; absent: nobody knows how many.
    Missing(Option<u64>),
    /// A part of a line.
    Part {
        /// The line.
        line: &'a LogLine,
        /// What of it is in this row.
        text: String,
        /// Bytes of that which name the part of the program.
        target: usize,
        /// Whether it is the first row of the line.
        is_first: bool,
    },
}

impl Logs {
    /// The last row of all; nothing where no line is shown.
    pub fn bottom(&self, shape: Shape) -> Option<Place> {
        self.last_row_of(self.shown.len().checked_sub(1)?, shape)
    }

    /// The row that is at the bottom of the screen.
    pub fn at(&self, shape: Shape) -> Option<Place> {
        match self.held {
            Some(held) => self.clamped(held.at, shape),
            None => self.bottom(shape),
        }
    }

    /// The last row of the page that is shown: none is emptier than it has to be.
    pub fn last_shown(&self, rows: usize, shape: Shape) -> Option<Place> {
        let at = self.at(shape)?;
        Some(if self.held.is_some() { at.max(self.first_page(rows, shape)?) } else { at })
    }

    /// The last row of a page that begins with the first row of all.
    pub fn first_page(&self, rows: usize, shape: Shape) -> Option<Place> {
        let line = *self.shown.front()?;
        Some(self.down(Place { line, row: 0 }, rows.saturating_sub(1), shape))
    }

    /// So many rows further up, or the first of all.
    pub fn up(&self, from: Place, rows: usize, shape: Shape) -> Place {
        let (mut at, mut row, mut left) = (self.index(from.line), from.row, rows);
        while left > row {
            let Some(above) = at.checked_sub(1) else { return self.place(at, 0) };
            left -= row + 1;
            at = above;
            row = self.rows(at, shape).saturating_sub(1);
        }
        self.place(at, row - left)
    }

    /// So many rows further down, or the last of all.
    pub fn down(&self, from: Place, rows: usize, shape: Shape) -> Place {
        let (mut at, mut row) = (self.index(from.line), from.row.saturating_add(rows));
        loop {
            let has = self.rows(at, shape).max(1);
            if row < has {
                return self.place(at, row);
            }
            if at + 1 >= self.shown.len() {
                return self.place(at, has - 1);
            }
            row -= has;
            at += 1;
        }
    }

    /// The rows of a page whose last one is at this place, from top to bottom.
    pub fn page(&self, bottom: Place, rows: usize, shape: Shape) -> Vec<Row<'_>> {
        let mut page = Vec::with_capacity(rows.min(256));
        let mut at = self.index(bottom.line);
        let mut until = bottom.row.saturating_add(1);
        while page.len() < rows {
            let parts = self.drawn(at, shape);
            let until_here = until.min(parts.len());
            page.extend(parts.into_iter().take(until_here).rev().take(rows - page.len()));
            let Some(above) = at.checked_sub(1) else { break };
            (at, until) = (above, usize::MAX);
        }
        page.reverse();
        page
    }

    fn clamped(&self, place: Place, shape: Shape) -> Option<Place> {
        let at = self.index(place.line);
        let last = self.last_row_of(at, shape)?;
        Some(if last.line == place.line { place.min(last) } else { last })
    }

    fn last_row_of(&self, at: usize, shape: Shape) -> Option<Place> {
        let line = *self.shown.get(at)?;
        Some(Place { line, row: self.rows(at, shape).saturating_sub(1) })
    }

    /// Where a line is among those that are shown, or the one before it.
    fn index(&self, line: u64) -> usize {
        self.shown.partition_point(|number| *number <= line).saturating_sub(1)
    }

    fn place(&self, at: usize, row: usize) -> Place {
        Place { line: self.shown.get(at).copied().unwrap_or_default(), row }
    }

    /// Lines that are missing before this one of those that are shown.
    fn missing(&self, at: usize) -> Option<Option<u64>> {
        let line = *self.shown.get(at)?;
        let from = at.checked_sub(1).and_then(|before| self.shown.get(before)).map_or(0, |before| before + 1);
        let mut gaps = self.gaps.range(from..=line).map(|(_, gap)| *gap);
        let first = gaps.next()?;
        Some(gaps.fold(first, |sum, gap| Some(sum?.saturating_add(gap?))))
    }

    fn line_at(&self, at: usize) -> Option<&LogLine> {
        self.line(*self.shown.get(at)?)
    }

    fn rows(&self, at: usize, shape: Shape) -> usize {
        let own = match self.line_at(at) {
            Some(line) if shape.wrap => wrap(&body(line, shape.room()).0, shape.text_cells()).len(),
            Some(_) => 1,
            None => 0,
        };
        own + usize::from(self.missing(at).is_some())
    }

    fn drawn(&self, at: usize, shape: Shape) -> Vec<Row<'_>> {
        let mut rows: Vec<Row<'_>> = self.missing(at).map(Row::Missing).into_iter().collect();
        let Some(line) = self.line_at(at) else { return rows };
        let (text, target) = body(line, shape.room());
        if !shape.wrap {
            rows.push(Row::Part { line, text, target, is_first: true });
            return rows;
        }
        for range in wrap(&text, shape.text_cells()) {
            let (is_first, start) = (range.start == 0, range.start);
            let text = text.get(range).unwrap_or_default().to_owned();
            let target = target.saturating_sub(start).min(text.len());
            rows.push(Row::Part { line, text, target, is_first });
        }
        rows
    }
}
