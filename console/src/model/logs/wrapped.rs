//! A line of the log as rows of so many cells. Pure.

use std::ops::Range;

use task_orchestrator_shared::admin::log::LogLine;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::model::words;

/// What a line says, and how many bytes of that name the part of the program: of its
/// path so much as there is room for.
pub fn body(line: &LogLine, room: Room) -> (String, usize) {
    let target = match room {
        Room::Whole => &line.target,
        Room::WithoutCrate => line.target.split_once("::").map_or(&*line.target, |(_, rest)| rest),
        Room::Last => line.target.rsplit("::").next().unwrap_or_default(),
    };
    if target.is_empty() {
        return (line.text.clone(), 0);
    }
    (format!("{target}: {}", line.text), target.len() + 1)
}

/// How much room there is for the path of a part of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// For all of it.
    Whole,
    /// For all but its beginning, which is the same for most.
    WithoutCrate,
    /// For its last name.
    Last,
}

/// The rows of a text, as parts of it: at most so many cells each, broken behind a space
/// where one is in the second half of the row. There is always one.
pub fn wrap(text: &str, cells: usize) -> Vec<Range<usize>> {
    let mut rows = Vec::new();
    let mut row = Row::default();
    for (at, letter) in text.grapheme_indices(true) {
        if letter.contains('\n') {
            rows.push(row.start..at);
            row = Row { start: at + letter.len(), ..Row::default() };
            continue;
        }
        let width = width_of(letter);
        if cells > 0 && row.used + width > cells && at > row.start {
            let next = row.broken(at, cells);
            rows.push(row.start..next.start);
            row = next;
        }
        row.used += width;
        if letter == " " {
            row.space = Some((at + 1, row.used));
        }
    }
    rows.push(row.start..text.len());
    rows
}

/// How many bytes of a text fit into so many cells.
pub fn cut(text: &str, cells: usize) -> usize {
    let mut used = 0;
    for (at, letter) in text.grapheme_indices(true) {
        used += width_of(letter);
        if used > cells {
            return at;
        }
    }
    text.len()
}

/// What is drawn for a control character is one cell wide, and nothing for a mark.
fn width_of(letter: &str) -> usize {
    words::clean(letter).width()
}

#[derive(Default)]
struct Row {
    /// The byte that it begins with.
    start: usize,
    /// Cells of it so far.
    used: usize,
    /// Behind the last space: the byte, and the cells up to there.
    space: Option<(usize, usize)>,
}

impl Row {
    /// The row behind this one, which is full before the byte `at`.
    fn broken(&self, at: usize, cells: usize) -> Self {
        match self.space {
            Some((byte, before)) if before * 2 > cells => {
                Self { start: byte, used: self.used - before, space: None }
            }
            _ => Self { start: at, used: 0, space: None },
        }
    }
}
