//! Lines that go to the reader together. Its bounds are the reader's: of more lines
//! it keeps the newest and counts the others.

use std::collections::VecDeque;

use task_orchestrator_shared::admin::log::{LogLine, LogLines};

/// Most text in one batch, in bytes. Written as JSON a byte can become six, and the
/// whole has to fit on one line of the admin channel.
const MAX_BATCH_BYTES: usize = 512 * 1024;

/// What a line needs besides its texts.
const LINE_OVERHEAD: usize = 100;

/// A line with what puts it in order.
#[derive(Debug)]
struct Placed {
    /// Its time, or that of the line before it in its file.
    at: String,
    line: LogLine,
}

impl Placed {
    fn bytes(&self) -> usize {
        LINE_OVERHEAD + self.line.text.len() + self.line.target.len()
    }
}

/// The newest lines so far.
#[derive(Debug)]
pub(super) struct Batch {
    lines: VecDeque<Placed>,
    most: usize,
    bytes: usize,
    missed: u64,
}

impl Batch {
    /// An empty one that keeps so many lines.
    pub(super) fn of(most: usize) -> Self {
        Self { lines: VecDeque::new(), most, bytes: 0, missed: 0 }
    }

    /// The next line of a file. `at` is its time, or that of the line before.
    pub(super) fn push(&mut self, at: &str, line: LogLine) {
        self.place(Placed { at: at.to_owned(), line });
    }

    /// Lines that were left out unseen.
    pub(super) fn miss(&mut self, lines: u64) {
        self.missed = self.missed.saturating_add(lines);
    }

    /// Whether no older line would be kept.
    pub(super) fn is_full(&self) -> bool {
        self.missed > 0 || self.lines.len() >= self.most
    }

    /// The lines of another file, put between these by their times. Lines of one
    /// file stay in its order where their times are the same.
    pub(super) fn append(&mut self, other: Self) {
        let mut all: Vec<Placed> = self.lines.drain(..).chain(other.lines).collect();
        all.sort_by(|left, right| left.at.cmp(&right.at));
        self.bytes = 0;
        self.miss(other.missed);
        all.into_iter().for_each(|line| self.place(line));
    }

    /// The lines, oldest first.
    pub(super) fn finish(self) -> LogLines {
        LogLines { lines: self.lines.into_iter().map(|placed| placed.line).collect(), missed: self.missed }
    }

    fn place(&mut self, placed: Placed) {
        self.bytes += placed.bytes();
        self.lines.push_back(placed);
        while self.lines.len() > self.most || self.bytes > MAX_BATCH_BYTES {
            let Some(oldest) = self.lines.pop_front() else { break };
            self.bytes -= oldest.bytes();
            self.miss(1);
        }
    }
}
