//! A table as the model sees it: columns, rows, and in which order they are shown.
//! What a screen lists implements [`Rows`]; moving, sorting, filtering, copying and
//! drawing then work in the same way everywhere.

use std::borrow::Cow;

use super::Model;
use super::filter::Filter;
use super::list::{Direction, ListState};
use super::value::Value;
use crate::screen::Screen;
use crate::theme::Tone;

/// How wide a column is, in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// Always so wide.
    Fixed(u16),
    /// At least so wide; what is left is divided among these.
    Least(u16),
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name in filters and in the configuration.
    pub id: &'static str,
    /// What stands above it.
    pub title: &'static str,
    /// How wide it is.
    pub width: Width,
    /// Where there is no room for all, those with the highest number go first;
    /// 0 stays as long as one cell is there.
    pub priority: u8,
}

/// What a screen lists.
pub trait Rows {
    /// The columns.
    fn columns(&self) -> &'static [Column];

    /// How many rows there are.
    fn count(&self) -> usize;

    /// Names the row whatever its place is.
    fn key(&self, row: usize) -> Cow<'_, str>;

    /// What stands in a column of it.
    fn value(&self, row: usize, column: usize) -> Value<'_>;

    /// How the row as a whole is to be read.
    fn tone(&self, _row: usize) -> Tone {
        Tone::Plain
    }
}

/// The rows that are shown, in their order, as their numbers in [`Rows`].
pub fn arranged(rows: &dyn Rows, list: &ListState) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows.count()).filter(|row| matches(rows, *row, &list.filter)).collect();
    let Some((id, direction)) = list.sort else { return order };
    let Some(column) = rows.columns().iter().position(|column| column.id == id) else { return order };
    // Stable, so that rows of equal values do not change places from frame to frame.
    order.sort_by(|one, two| {
        let (one, two) = (rows.value(*one, column), rows.value(*two, column));
        match (one.is_missing(), two.is_missing()) {
            (true, true) => std::cmp::Ordering::Equal,
            (true, false) => std::cmp::Ordering::Greater,
            (false, true) => std::cmp::Ordering::Less,
            (false, false) if direction == Direction::Down => two.order(&one),
            (false, false) => one.order(&two),
        }
    });
    order
}

/// The place of the chosen row among those that are shown; the first where the
/// chosen one is not there any more.
pub fn place(rows: &dyn Rows, order: &[usize], list: &ListState) -> usize {
    let Some(chosen) = &list.chosen else { return 0 };
    let found = order.iter().position(|row| rows.key(*row) == chosen.as_str());
    found.unwrap_or_else(|| list.last_place.min(order.len().saturating_sub(1)))
}

fn matches(rows: &dyn Rows, row: usize, filter: &Filter) -> bool {
    filter.is_empty()
        || filter.matches(
            |id| rows.columns().iter().position(|column| column.id == id).map(|at| rows.value(row, at)),
            || (0..rows.columns().len()).map(|column| rows.value(row, column)).collect(),
        )
}

/// The columns of a screen, whether anything is known of its rows or not: what the
/// configuration may name. None where it lists nothing.
pub fn columns(screen: Screen) -> &'static [Column] {
    match screen {
        Screen::Overview
        | Screen::Connections
        | Screen::Restarts
        | Screen::State
        | Screen::Tasks
        | Screen::DeadLetters
        | Screen::Logs
        | Screen::Audit
        | Screen::Configuration => &[],
    }
}

/// What the screen lists; nothing where it lists nothing, or nothing is known.
pub fn of(model: &Model) -> Option<Box<dyn Rows + '_>> {
    match model.screen {
        Screen::Overview
        | Screen::Connections
        | Screen::Restarts
        | Screen::State
        | Screen::Tasks
        | Screen::DeadLetters
        | Screen::Logs
        | Screen::Audit
        | Screen::Configuration => None,
    }
}
