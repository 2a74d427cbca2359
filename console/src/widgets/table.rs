//! Draws whatever implements [`Rows`]: a line that tells where one is, titles of columns,
//! and as many rows as there is room for. Looks at no row that is not shown but for
//! filtering and sorting.

mod cell;
mod columns;

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::Canvas;
use crate::model::known::Freshness;
use crate::model::list::{Direction, ListState, sight};
use crate::model::rows::{Rows, arranged, place};
use crate::model::{Model, words};
use crate::msg::Hit;
use crate::symbols::Symbol;
use crate::theme::Tone;
use cell::Cell;
use columns::Placed;

pub use cell::sign_of;

/// Cells in front of every row: whether it is chosen, and whether it is marked.
const SIGNS: u16 = 2;

/// What is drawn, and what is said where there is nothing.
#[derive(Clone, Copy)]
pub struct Table<'a> {
    /// What the rows are.
    pub title: &'a str,
    /// They; nothing where they are not known.
    pub rows: Option<(&'a dyn Rows, Freshness)>,
    /// Why they are not known, in a sentence: [`crate::model::absent::why`].
    pub absent: &'a str,
    /// What it means that there are none, in a sentence.
    pub nothing: &'a str,
}

impl std::fmt::Debug for Table<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Table").field("title", &self.title).finish_non_exhaustive()
    }
}

impl Table<'_> {
    /// Draws it, as the list of the screen that is shown stands. Returns the number of the
    /// chosen row in [`Rows`], for its details.
    pub fn draw(&self, model: &Model, canvas: &mut Canvas<'_>, area: Rect) -> Option<usize> {
        let area = canvas.clip(area);
        let fresh = ListState::default();
        let list = model.lists.get(&model.screen).unwrap_or(&fresh);
        let [head, body] = canvas.split_top(area, 1);
        canvas.page(body.height.saturating_sub(1));
        let Some((rows, freshness)) = self.rows else {
            canvas.put(head, self.title, Tone::Title);
            say(canvas, body, Symbol::Unknown, self.absent);
            return None;
        };
        let drawn = Drawing { model, list, rows, order: arranged(rows, list) };
        let room = body.width.saturating_sub(SIGNS);
        let columns = columns::placed(rows.columns(), &list.hidden, room);
        drawn.head(canvas, head, self.title, freshness, columns.len());
        drawn.body(canvas, body, columns, self.nothing);
        if !freshness.is_live() {
            canvas.fade(body);
        }
        drawn.chosen()
    }
}

/// A sentence where rows would be.
fn say(canvas: &mut Canvas<'_>, area: Rect, symbol: Symbol, sentence: &str) {
    let sign = canvas.look().symbols.of(symbol);
    let [_, below] = canvas.split_top(area, u16::from(area.height > 1));
    let at = canvas.put(below, &format!("  {sign} "), Tone::Dim);
    super::text::wrapped(canvas, Rect { height: below.height, ..at }, sentence, Tone::Plain);
}

struct Drawing<'a> {
    model: &'a Model,
    list: &'a ListState,
    rows: &'a dyn Rows,
    order: Vec<usize>,
}

impl Drawing<'_> {
    fn place(&self) -> usize {
        place(self.rows, &self.order, self.list)
    }

    fn chosen(&self) -> Option<usize> {
        self.order.get(self.place()).copied()
    }

    /// Where one is: `Connections 12/1000`, the order, the filter, how many columns there is no
    /// room for, and how old it is.
    fn head(&self, canvas: &mut Canvas<'_>, area: Rect, title: &str, freshness: Freshness, columns: usize) {
        let area = self.stamp(canvas, area, freshness);
        let shown = self.order.len();
        let at = if shown == 0 { 0 } else { self.place() + 1 };
        let mut left = canvas.put(area, title, Tone::Title);
        left = canvas.put(left, &format!(" {at}/{shown}"), Tone::Plain);
        let between = format!(" {} ", canvas.look().symbols.of(Symbol::Between));
        if !self.list.filter.text.trim().is_empty() {
            let total = self.rows.count();
            left = canvas.put(left, &between, Tone::Dim);
            let text = format!("filter {} shows {shown} of {total}", self.list.filter.text.trim());
            left = canvas.put(left, &text, Tone::Warn);
        }
        if let Some((column, direction)) = self.sorted() {
            left = canvas.put(left, &between, Tone::Dim);
            let sign = canvas.look().symbols.of(direction_sign(direction));
            left = canvas.put(left, &format!("by {column} {sign}"), Tone::Plain);
        }
        if !self.list.marked.is_empty() {
            left = canvas.put(left, &between, Tone::Dim);
            left = canvas.put(left, &format!("{} marked", self.list.marked.len()), Tone::Plain);
        }
        let missing = self.rows.columns().len().saturating_sub(columns);
        let more = words::counted(missing as u64, "column more", "columns more");
        if missing > 0 && shown > 0 && usize::from(left.width) > more.len() + 2 {
            canvas.put_right(left, &more, Tone::Dim);
        }
    }

    /// How old it is, at the right; returns what is left.
    fn stamp(&self, canvas: &mut Canvas<'_>, area: Rect, freshness: Freshness) -> Rect {
        let Freshness::Stale(at) = freshness else { return area };
        let time = words::time(at.wall, self.model.now.wall, &self.model.settings.zone);
        canvas.put_right(area, &format!("  as of {time}"), Tone::Warn)
    }

    fn sorted(&self) -> Option<(&'static str, Direction)> {
        let (id, direction) = self.list.sort?;
        let column = self.rows.columns().iter().find(|column| column.id == id)?;
        Some((column.title, direction))
    }

    fn body(&self, canvas: &mut Canvas<'_>, area: Rect, mut columns: Vec<Placed>, nothing: &str) {
        if self.rows.count() == 0 {
            return say(canvas, area, Symbol::NotApplicable, nothing);
        }
        if self.order.is_empty() {
            let count = words::counted(self.rows.count() as u64, "row", "rows");
            let sentence =
                format!("The filter {} hides all of {count}: esc ends it.", self.list.filter.text.trim());
            return say(canvas, area, Symbol::NotApplicable, &sentence);
        }
        let [titles, page] = canvas.split_top(area, 1);
        let at = self.place();
        let top = sight(self.list.top, at, usize::from(page.height), self.order.len());
        let shown = self.order.iter().copied().enumerate().skip(top).take(usize::from(page.height));
        let shown: Vec<(usize, usize)> = shown.collect();
        for column in &mut columns {
            let mut values = shown.iter().map(|(_, row)| self.rows.value(*row, column.number));
            column.is_right = values.any(|value| value.is_figure());
        }
        self.titles(canvas, titles, &columns);
        for (line, (number, row)) in shown.iter().enumerate() {
            let area = canvas.row(page, u16::try_from(line).unwrap_or(u16::MAX));
            self.row(canvas, area, &columns, *row, *number == at);
        }
    }

    fn titles(&self, canvas: &mut Canvas<'_>, area: Rect, columns: &[Placed]) {
        for column in columns {
            let place = place_of(canvas, area, column);
            let sorted = self.list.sort.filter(|(id, _)| *id == column.column.id);
            let mut title = column.column.title.to_owned();
            if let Some((_, direction)) = sorted {
                let sign = canvas.look().symbols.of(direction_sign(direction));
                // Where there is no room for both, the title loses its end: the sign tells more.
                let room = usize::from(place.width).saturating_sub(1);
                title = title.chars().take(room).chain(sign.chars()).collect();
            }
            let tone = if sorted.is_some() { Tone::Key } else { Tone::Title };
            if column.is_right {
                canvas.put_right(place, &title, tone);
            } else {
                canvas.put(place, &title, tone);
            }
            canvas.hit(place, Hit::Column(column.column.id));
        }
    }

    fn row(&self, canvas: &mut Canvas<'_>, area: Rect, columns: &[Placed], row: usize, is_chosen: bool) {
        let key = self.rows.key(row);
        let symbols = canvas.look().symbols;
        if self.list.marked.iter().any(|marked| *marked == key) {
            let [_, sign] = canvas.split_left(area, 1);
            canvas.put(sign, symbols.of(Symbol::Marked), Tone::Key);
        }
        let tone = self.rows.tone(row);
        for column in columns {
            let place = place_of(canvas, area, column);
            let value = self.rows.value(row, column.number);
            let place = if column.number == 0 { self.branch(canvas, place, row) } else { place };
            let cell = Cell::of(&value, place.width, self.model, symbols);
            cell.draw(canvas, place, column.is_right, tone);
        }
        if is_chosen {
            canvas.put(area, symbols.of(Symbol::Chosen), Tone::Key);
            // One look from side to side, whatever the cells' own: it is one thing.
            let look = canvas.look();
            let style = Style::reset().patch(look.base()).patch(look.style(Tone::Chosen));
            canvas.restyle(area, style);
        }
        canvas.hit(area, Hit::Row(key.into_owned()));
    }
}

impl Drawing<'_> {
    /// How the row stands in the tree: indented, with a sign where something belongs to it.
    fn branch(&self, canvas: &mut Canvas<'_>, place: Rect, row: usize) -> Rect {
        let Some(branch) = self.rows.branch(row) else { return place };
        // However deep, something of the title is left.
        let indent = branch.depth.saturating_mul(2).min(place.width / 2);
        let [_, place] = canvas.split_left(place, indent);
        let sign = match branch.is_open {
            Some(true) => canvas.look().symbols.of(Symbol::Open),
            Some(false) => canvas.look().symbols.of(Symbol::Closed),
            None => " ",
        };
        canvas.put(place, &format!("{sign} "), Tone::Dim)
    }
}

fn place_of(canvas: &Canvas<'_>, area: Rect, column: &Placed) -> Rect {
    let [_, right] = canvas.split_left(area, SIGNS.saturating_add(column.left));
    let [place, _] = canvas.split_left(right, column.width);
    place
}

fn direction_sign(direction: Direction) -> Symbol {
    match direction {
        Direction::Up => Symbol::Up,
        Direction::Down => Symbol::Down,
    }
}

#[cfg(test)]
mod tests;
