//! The log of one process over the files of its days.

use std::collections::VecDeque;
use std::io;
use std::path::Path;

use task_orchestrator_shared::admin::log::MAX_LOG_LINES;

use super::FollowError;
use super::batch::Batch;
use super::directory::{Days, path_of};
use super::tail::Tail;
use super::wanted::Wanted;

/// How much of a file's end is looked at for the newest lines, in bytes: more where
/// the filter finds too few in less.
const WINDOWS: [u64; 3] = [128 * 1024, 1024 * 1024, 6 * 1024 * 1024];

/// Files that are read at the same time: a line that was written to the old day's file
/// while the new day's was made is not lost.
const MOST_FILES: usize = 2;

/// Where its reader is.
#[derive(Debug)]
pub(super) struct ProcessLog {
    process: &'static str,
    /// Oldest first, at most [`MOST_FILES`].
    tails: VecDeque<Tail>,
}

impl ProcessLog {
    /// Its newest wanted lines, and its log from there on. Looks at `budget` bytes at most.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(super) fn open(
        directory: &Path,
        process: &'static str,
        days: &Days,
        wanted: &Wanted,
        most: usize,
        mut budget: u64,
    ) -> Result<(Self, Batch), FollowError> {
        let mut tails = VecDeque::new();
        let mut newest = Batch::of(most);
        for day in days.of_process(process).into_iter().rev() {
            if !tails.is_empty() && (newest.is_full() || budget == 0) {
                break;
            }
            let read = Tail::open(directory, process, day)
                .and_then(|mut tail| Ok((newest_of(&mut tail, wanted, most, &mut budget)?, tail)));
            let (lines, tail) = match read {
                Ok(read) => read,
                // Its time was over while it was looked for.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(FollowError::read(&path_of(directory, process, day))(error)),
            };
            newest.append(lines);
            if tails.is_empty() {
                tails.push_back(tail);
            }
        }
        Ok((Self { process, tails }, newest))
    }

    /// What was written since the last look.
    pub(super) fn look(&mut self, directory: &Path, days: &Days, wanted: &Wanted) -> Batch {
        let mut news = Batch::of(MAX_LOG_LINES);
        for tail in &mut self.tails {
            // Asked first: what the old file got until now is still read from it.
            let replaced = tail.is_replaced();
            let _ = tail.read(wanted, &mut news);
            if replaced && let Ok(mut new) = Tail::open(directory, self.process, tail.day()) {
                let _ = new.read(wanted, &mut news);
                *tail = new;
            }
        }
        let last = self.tails.back().map(Tail::day);
        for day in days.of_process(self.process).into_iter().filter(|day| last.is_none_or(|last| *day > last))
        {
            let Ok(mut tail) = Tail::open(directory, self.process, day) else { continue };
            let _ = tail.read(wanted, &mut news);
            self.tails.push_back(tail);
        }
        while self.tails.len() > MOST_FILES {
            self.tails.pop_front();
        }
        news
    }
}

/// The newest wanted lines of one file, whose reader stands at its end afterwards.
fn newest_of(tail: &mut Tail, wanted: &Wanted, most: usize, budget: &mut u64) -> io::Result<Batch> {
    let mut newest = Batch::of(most);
    for window in WINDOWS {
        let length = tail.len()?;
        let looked_at = length.min(window).min(*budget);
        *budget -= looked_at;
        tail.start_at(length - looked_at);
        newest = Batch::of(most);
        tail.read(wanted, &mut newest)?;
        if looked_at == length || newest.is_full() || *budget == 0 {
            break;
        }
    }
    Ok(newest)
}
