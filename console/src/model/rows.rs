//! A table as the model sees it: columns, rows, and in which order they are shown.
//! What a screen lists implements [`Rows`]; moving, sorting, filtering, copying and
//! drawing then work in the same way everywhere.

pub mod arrange;
pub mod audit;
pub mod backups;
pub mod config;
pub mod history;
pub mod letters;
pub mod sessions;
pub mod tasks;

use std::borrow::Cow;

pub use arrange::arranged;

use super::Model;
use super::list::ListState;
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

/// How a row stands in a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Branch {
    /// How many it stands below.
    pub depth: u16,
    /// Whether what belongs to it is shown; absent where nothing does.
    pub is_open: Option<bool>,
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

    /// The row that this one belongs to, which stands before it; nothing in a list that
    /// is no tree.
    fn parent(&self, _row: usize) -> Option<usize> {
        None
    }

    /// How it stands in the tree; nothing in a list that is none.
    fn branch(&self, _row: usize) -> Option<Branch> {
        None
    }

    /// How the row as a whole is to be read.
    fn tone(&self, _row: usize) -> Tone {
        Tone::Plain
    }
}

/// The place of the chosen row among those that are shown; the first where the
/// chosen one is not there any more.
pub fn place(rows: &dyn Rows, order: &[usize], list: &ListState) -> usize {
    let Some(chosen) = &list.chosen else { return 0 };
    let found = order.iter().position(|row| rows.key(*row) == chosen.as_str());
    found.unwrap_or_else(|| list.last_place.min(order.len().saturating_sub(1)))
}

/// The number of the chosen one of these rows, which the screen lists.
pub fn chosen(model: &Model, rows: &dyn Rows) -> Option<usize> {
    let fresh = ListState::default();
    let list = model.lists.get(&model.screen).unwrap_or(&fresh);
    let order = arranged(rows, list);
    order.get(place(rows, &order, list)).copied()
}

/// The columns of a screen, whether anything is known of its rows or not: what the
/// configuration may name. None where it lists nothing.
pub fn columns(screen: Screen) -> &'static [Column] {
    match screen {
        Screen::Connections => sessions::COLUMNS,
        Screen::Restarts => history::COLUMNS,
        Screen::State => backups::COLUMNS,
        Screen::Tasks => tasks::COLUMNS,
        Screen::DeadLetters => letters::COLUMNS,
        Screen::Audit => audit::COLUMNS,
        Screen::Configuration => config::COLUMNS,
        Screen::Overview | Screen::Logs => &[],
    }
}

/// What the screen lists; nothing where it lists nothing, or nothing is known.
pub fn of(model: &Model) -> Option<Box<dyn Rows + '_>> {
    match model.screen {
        Screen::Connections => Some(Box::new(sessions::Sessions::of(model.view()?.0))),
        Screen::Restarts => Some(Box::new(history::History::of(model, model.view()?.0))),
        Screen::State => Some(Box::new(backups::Backups(model.view()?.0.backups.as_deref()?))),
        Screen::Tasks => {
            let is_filtered = !model.lists.get(&model.screen).is_none_or(|list| list.filter.is_empty());
            Some(Box::new(tasks::Tasks::of(model.tasks.value()?, &model.closed, is_filtered)))
        }
        Screen::DeadLetters => Some(Box::new(letters::Letters(model.view()?.0.dead_letters.as_deref()?))),
        Screen::Audit => Some(Box::new(audit::Audit::of(model)?)),
        Screen::Configuration => Some(Box::new(config::Config(model.config.value()?))),
        Screen::Overview | Screen::Logs => None,
    }
}
