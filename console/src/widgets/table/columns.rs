//! Which columns there is room for, and where they stand.

use std::collections::BTreeSet;

use crate::model::rows::{Column, Width};

/// Cells between two columns.
const GAP: u16 = 1;

/// A column with its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placed {
    /// It.
    pub column: Column,
    /// Its number in `Rows`.
    pub number: usize,
    /// Cells to the left of it.
    pub left: u16,
    /// How wide it is.
    pub width: u16,
    /// Whether it has figures, which stand at its right.
    pub is_right: bool,
}

/// Those that are wanted and fit into so many cells. Where not all do, those with the
/// highest priority number go first; what is left over is divided among the wide ones.
pub(super) fn placed(columns: &[Column], hidden: &BTreeSet<&'static str>, room: u16) -> Vec<Placed> {
    let wanted = columns.iter().enumerate().filter(|(_, column)| !hidden.contains(column.id));
    let mut wanted: Vec<(usize, Column, u16)> =
        wanted.map(|(number, column)| (number, *column, least(column.width))).collect();
    while taken(&wanted) > u32::from(room) {
        let last = wanted.iter().enumerate().filter(|(_, (_, column, _))| column.priority > 0);
        let Some((at, _)) = last.max_by_key(|(at, (_, column, _))| (column.priority, *at)) else { break };
        wanted.remove(at);
    }
    widen(&mut wanted, room);
    let mut left = 0u16;
    wanted
        .into_iter()
        .map(|(number, column, width)| {
            let placed = Placed { column, number, left, width, is_right: false };
            left = left.saturating_add(width).saturating_add(GAP);
            placed
        })
        .collect()
}

fn least(width: Width) -> u16 {
    match width {
        Width::Fixed(width) | Width::Least(width) => width,
    }
}

fn taken(columns: &[(usize, Column, u16)]) -> u32 {
    let gaps = u32::try_from(columns.len().saturating_sub(1)).unwrap_or(u32::MAX);
    columns.iter().map(|(_, _, width)| u32::from(*width)).sum::<u32>().saturating_add(gaps * u32::from(GAP))
}

fn widen(columns: &mut [(usize, Column, u16)], room: u16) {
    let spare = u32::from(room).saturating_sub(taken(columns));
    let wide = |column: &Column| matches!(column.width, Width::Least(_));
    let count = u32::try_from(columns.iter().filter(|(_, column, _)| wide(column)).count()).unwrap_or(0);
    if count == 0 {
        return;
    }
    let mut odd = spare % count;
    for (_, _, width) in columns.iter_mut().filter(|(_, column, _)| wide(column)) {
        let more = spare / count + u32::from(odd > 0);
        odd = odd.saturating_sub(1);
        *width = width.saturating_add(u16::try_from(more).unwrap_or(u16::MAX));
    }
}
