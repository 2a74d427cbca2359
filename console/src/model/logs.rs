//! The lines of the log that are kept, which of them are shown, and where one is in
//! them. Bounded: [`MAX_KEPT`] lines of [`MAX_KEPT_BYTES`] together; the oldest go.

pub mod found;
pub mod place;
pub mod wrapped;

use std::collections::{BTreeMap, VecDeque};

use task_orchestrator_shared::admin::log::{LogFilter, LogLevel, LogLine, LogLines, MAX_LOG_LINES};

use super::filter::Filter;
use super::rows::{Column, Width};
use super::value::Value;
use place::Place;

/// Most lines that are kept.
pub const MAX_KEPT: usize = 5000;

/// Most bytes that they have together.
pub const MAX_KEPT_BYTES: usize = 4 << 20;

/// The lines of the log that are kept, and where one is in them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Logs {
    /// Oldest first.
    lines: VecDeque<LogLine>,
    /// The number of the first line that is kept, counted from the first that came.
    first: u64,
    bytes: usize,
    /// Lines that are missing before the line of this number; absent: nobody knows how many.
    gaps: BTreeMap<u64, Option<u64>>,
    /// The numbers of the lines that the filter lets through, in order.
    shown: VecDeque<u64>,
    /// The filter that `shown` is of.
    applied: Filter,
    /// Whether the lines that begin are an answer to another question than those that are kept.
    replaces: bool,
    /// Where one stays; absent: the newest line is followed.
    pub held: Option<Held>,
    /// Lines that the server left out, as too many came.
    pub missed: u64,
    /// Which lines the server is asked for.
    pub level: Option<LogLevel>,
    /// About which session.
    pub session: Option<String>,
    /// Which of them are shown.
    pub filter: Filter,
    /// Whether long lines are wrapped.
    pub wrap: bool,
    /// Whether the server was asked for lines.
    pub is_followed: bool,
    /// Why no more lines come, where that is so.
    pub ended: Option<String>,
}

/// Where one stays while lines go on to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// What is in the last row.
    pub at: Place,
    /// The number that the next line had when one stopped following.
    pub since: u64,
    /// Whether that is so only as long as the view is frozen.
    pub while_frozen: bool,
}

/// What can be filtered by.
pub const COLUMNS: &[&str] = &["level", "process", "target", "text"];

/// The same for the filter, in the same order.
const VALUES: [Column; 4] = [value("level"), value("process"), value("target"), value("text")];

const fn value(id: &'static str) -> Column {
    Column { id, title: "", width: Width::Least(1), priority: 0 }
}

impl Logs {
    /// What to ask the server for.
    pub fn wanted(&self) -> LogFilter {
        LogFilter {
            level: self.level,
            session: self.session.clone(),
            tail: u32::try_from(MAX_LOG_LINES).unwrap_or(u32::MAX),
            ..LogFilter::default()
        }
    }

    /// Other lines are asked for than before: once they begin, those that are kept go.
    pub fn ask_anew(&mut self) {
        self.replaces = true;
        self.held = None;
    }

    /// Whether the lines that are kept are of what was asked for before.
    pub fn is_asked_anew(&self) -> bool {
        self.replaces
    }

    /// The newest lines, oldest first. Where they go on from those that are kept they are
    /// joined to them, so that who reads further up is not torn away by a lost connection.
    pub fn begin(&mut self, lines: Vec<LogLine>) {
        self.ended = None;
        if std::mem::take(&mut self.replaces) {
            self.clear();
        }
        let known = self.lines.back().and_then(|last| lines.iter().rposition(|line| line == last));
        if known.is_none() && !self.lines.is_empty() && !lines.is_empty() {
            self.gaps.insert(self.end(), None);
        }
        self.push(lines.into_iter().skip(known.map_or(0, |known| known + 1)));
    }

    /// More lines, and how many are missing before them.
    pub fn take(&mut self, lines: LogLines) {
        if lines.missed > 0 {
            self.missed = self.missed.saturating_add(lines.missed);
            let end = self.end();
            let gap = self.gaps.entry(end).or_insert(Some(0));
            *gap = gap.map(|before| before.saturating_add(lines.missed));
        }
        self.push(lines.lines);
    }

    fn push(&mut self, lines: impl IntoIterator<Item = LogLine>) {
        for line in lines {
            self.bytes += size_of(&line);
            if matches(&self.applied, &line) {
                self.shown.push_back(self.end());
            }
            self.lines.push_back(line);
            while self.lines.len() > MAX_KEPT || self.bytes > MAX_KEPT_BYTES {
                self.drop_oldest();
            }
        }
    }

    fn drop_oldest(&mut self) {
        let Some(line) = self.lines.pop_front() else { return };
        self.bytes = self.bytes.saturating_sub(size_of(&line));
        if self.shown.front() == Some(&self.first) {
            self.shown.pop_front();
        }
        // What was missing before a line that is gone is not between two lines any more.
        self.gaps.remove(&self.first);
        self.first += 1;
    }

    fn clear(&mut self) {
        self.first = self.end();
        self.lines.clear();
        self.shown.clear();
        self.gaps.clear();
        (self.bytes, self.missed, self.held) = (0, 0, None);
    }

    /// Applies the filter, where it is another one than before.
    pub fn refilter(&mut self) {
        if self.filter == self.applied {
            return;
        }
        self.applied = self.filter.clone();
        let numbers = self.first..;
        let matching = numbers.zip(&self.lines).filter(|(_, line)| matches(&self.applied, line));
        self.shown = matching.map(|(number, _)| number).collect();
    }

    /// How many lines are kept.
    pub fn count(&self) -> usize {
        self.lines.len()
    }

    /// How many of them are shown.
    pub fn shown(&self) -> usize {
        self.shown.len()
    }

    /// The number behind that of the newest line.
    pub fn end(&self) -> u64 {
        self.first + self.lines.len() as u64
    }

    /// The line of this number, while it is kept.
    pub fn line(&self, number: u64) -> Option<&LogLine> {
        let at = number.checked_sub(self.first)?;
        self.lines.get(usize::try_from(at).ok()?)
    }

    /// Lines below this place that came since one stopped following.
    pub fn new_below(&self, place: Place) -> usize {
        let Some(held) = self.held else { return 0 };
        let from = held.since.max(place.line.saturating_add(1));
        self.shown.len() - self.shown.partition_point(|number| *number < from)
    }

    /// The text of what is shown, a line each, no more than so many bytes of the newest.
    pub fn as_text(&self, bytes: usize) -> String {
        let mut room = bytes;
        let mut lines: Vec<String> = Vec::new();
        for line in self.shown.iter().rev().filter_map(|number| self.line(*number)) {
            let level = line.level.map_or("", LogLevel::as_str);
            let text = [line.at.as_str(), level, &line.process, &line.target, &line.text].join("\t");
            if text.len() + 1 > room {
                break;
            }
            room -= text.len() + 1;
            lines.push(text);
        }
        lines.reverse();
        lines.join("\n")
    }
}

fn size_of(line: &LogLine) -> usize {
    std::mem::size_of::<LogLine>() + line.at.len() + line.process.len() + line.target.len() + line.text.len()
}

fn matches(filter: &Filter, line: &LogLine) -> bool {
    filter.matches_row(&VALUES, |at| {
        Value::text(match at {
            0 => line.level.map_or("", LogLevel::as_str),
            1 => &line.process,
            2 => &line.target,
            _ => &line.text,
        })
    })
}

#[cfg(test)]
mod tests;
