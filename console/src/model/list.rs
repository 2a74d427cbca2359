//! Where one is in a list: what is chosen, how it is sorted, what is filtered out.
//! The chosen row is kept by its key, so that it stays chosen when rows move.

use std::collections::BTreeSet;

use super::filter::Filter;

/// Which way a column is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The least first.
    Up,
    /// The most first.
    Down,
}

/// Where one is in a list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListState {
    /// The key of the chosen row; absent: the first.
    pub chosen: Option<String>,
    /// Where it was last, for when it is gone.
    pub last_place: usize,
    /// The first row that is shown.
    pub top: usize,
    /// The first line of the details that is shown where they stand alone.
    pub detail_top: usize,
    /// The column that it is sorted by, and which way.
    pub sort: Option<(&'static str, Direction)>,
    /// What is shown.
    pub filter: Filter,
    /// Columns that are not shown, by their ids.
    pub hidden: BTreeSet<&'static str>,
    /// Rows that are marked, by their keys: two to compare.
    pub marked: Vec<String>,
}

/// Most rows that can be marked.
pub const MAX_MARKED: usize = 2;

/// The first row of a page on which the row at `at` is, as near to `top` as can be.
pub fn sight(top: usize, at: usize, page: usize, count: usize) -> usize {
    let page = page.max(1);
    top.min(at).max((at + 1).saturating_sub(page)).min(count.saturating_sub(page))
}

impl ListState {
    /// Sorts by this column; the same again turns it round, and a third time ends it.
    pub fn sort_by(&mut self, column: &'static str) {
        self.sort = match self.sort {
            Some((id, Direction::Down)) if id == column => Some((column, Direction::Up)),
            Some((id, Direction::Up)) if id == column => None,
            _ => Some((column, Direction::Down)),
        };
    }

    /// Marks a row, or not any more; the oldest mark goes when there are too many.
    pub fn mark(&mut self, key: &str) {
        if let Some(at) = self.marked.iter().position(|marked| marked == key) {
            self.marked.remove(at);
            return;
        }
        if self.marked.len() == MAX_MARKED {
            self.marked.remove(0);
        }
        self.marked.push(key.to_owned());
    }
}
