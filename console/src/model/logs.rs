//! The lines of the log that are shown. Bounded: [`MAX_KEPT`] lines; the oldest go.

use std::collections::VecDeque;

use task_orchestrator_shared::admin::log::{LogFilter, LogLevel, LogLine};

use super::filter::Filter;

/// Most lines that are kept.
pub const MAX_KEPT: usize = 5000;

/// The lines of the log that are shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Logs {
    /// Oldest first.
    pub lines: VecDeque<LogLine>,
    /// The number of the first line that is kept, counted from the first that came.
    pub first: u64,
    /// The number of the line that is at the bottom of the screen; absent: the newest.
    pub held_at: Option<u64>,
    /// Lines that the server or the console left out, as too many came.
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

impl Logs {
    /// What to ask the server for.
    pub fn wanted(&self) -> LogFilter {
        LogFilter { level: self.level, session: self.session.clone(), ..LogFilter::default() }
    }

    /// More lines.
    pub fn push(&mut self, lines: impl IntoIterator<Item = LogLine>) {
        for line in lines {
            if self.lines.len() == MAX_KEPT {
                self.lines.pop_front();
                self.first += 1;
            }
            self.lines.push_back(line);
        }
    }

    /// The newest lines take the place of all.
    pub fn begin(&mut self, lines: Vec<LogLine>) {
        self.first += self.lines.len() as u64;
        self.lines.clear();
        self.held_at = None;
        self.ended = None;
        self.missed = 0;
        self.push(lines);
    }

    /// The number behind that of the newest line.
    pub fn end(&self) -> u64 {
        self.first + self.lines.len() as u64
    }

    /// Lines that came since one stopped following.
    pub fn below(&self) -> u64 {
        self.held_at.map_or(0, |held| self.end().saturating_sub(held + 1))
    }
}

/// What can be filtered by.
pub const COLUMNS: &[&str] = &["level", "process", "target", "text"];
