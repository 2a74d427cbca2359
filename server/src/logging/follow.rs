//! The log as it is and as it grows, for whoever wants to read it: the newest lines
//! of front and worker in the order of their times, then what is appended.
//!
//! The files are looked at every [`LOOK_EVERY`] instead of asking the kernel to tell
//! of changes: looking works the same on every file system, network and overlay ones
//! included, and finds files that were cut, removed or replaced without a case each.
//!
//! It must never log anything itself: its reader would be told of it, and so on. It
//! keeps no more than one batch of lines in memory, whatever is written: what nobody
//! has asked for yet stays in the files.

mod batch;
mod directory;
mod line;
mod process;
mod tail;
mod wanted;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use task_orchestrator_shared::admin::log::{LogFilter, LogLine, LogLines, MAX_LOG_LINES};
use thiserror::Error;
use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior, interval};

use batch::Batch;
use directory::Days;
use process::ProcessLog;
use wanted::Wanted;

/// How often the files are looked at.
pub const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Longest regular expression, in bytes.
pub const MAX_PATTERN_BYTES: usize = 1000;

/// Longest id of a session, in bytes.
pub const MAX_SESSION_BYTES: usize = 200;

/// Most that is looked at for the newest lines, over all files, in bytes. Older lines
/// are not found then, however few were.
pub const MAX_LOOKED_AT: u64 = 16 * 1024 * 1024;

/// The processes that have log files, as the files are called.
const PROCESSES: [&str; 2] = ["front", "worker"];

/// Why the log cannot be read.
#[derive(Debug, Error)]
pub enum FollowError {
    /// The regular expression cannot be used.
    #[error("the pattern cannot be used: {0}")]
    Pattern(String),
    /// The session's id is too long to be one.
    #[error("a session's id has at most {MAX_SESSION_BYTES} bytes, and this one has {0}")]
    Session(usize),
    /// A file or the directory cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl FollowError {
    fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }

    /// Whether this user may not read the files.
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Read { source, .. } if source.kind() == io::ErrorKind::PermissionDenied)
    }
}

/// Gives the lines that are written after those that it was opened with.
#[derive(Debug)]
pub struct Follower {
    /// Shared only with the thread that reads at the moment.
    files: Arc<Mutex<Files>>,
    /// A look that has begun. Kept here, so that a caller who stops waiting loses nothing.
    look: Option<JoinHandle<LogLines>>,
    looks: Option<Interval>,
}

impl Follower {
    /// The newest lines that the filter takes, oldest first, and the follower of what
    /// comes after them. A directory that is not there yet has no lines.
    ///
    /// Blocks while it reads from the disk, at most [`MAX_LOOKED_AT`]: asynchronous
    /// callers use a blocking thread.
    ///
    /// # Errors
    /// A filter that makes no sense, or files that cannot be read.
    pub fn open(directory: &Path, filter: &LogFilter) -> Result<(Vec<LogLine>, Self), FollowError> {
        let wanted = Wanted::new(filter)?;
        let most = usize::try_from(filter.tail).map_or(MAX_LOG_LINES, |tail| tail.min(MAX_LOG_LINES));
        let days = Days::of(directory).map_err(FollowError::read(directory))?;
        let budget = MAX_LOOKED_AT / PROCESSES.len() as u64;
        let mut newest = Batch::of(most);
        let mut logs = Vec::with_capacity(PROCESSES.len());
        for process in PROCESSES {
            let (log, lines) = ProcessLog::open(directory, process, &days, &wanted, most, budget)?;
            newest.append(lines);
            logs.push(log);
        }
        let files = Files { directory: directory.to_owned(), wanted, logs };
        let follower = Self { files: Arc::new(Mutex::new(files)), look: None, looks: None };
        Ok((newest.finish().lines, follower))
    }

    /// The next lines, as soon as there are any: at most [`MAX_LOG_LINES`], and of more
    /// the newest. Ends only with its caller. Cancel safe.
    pub async fn next(&mut self) -> LogLines {
        loop {
            if let Some(look) = &mut self.look {
                let seen = look.await;
                self.look = None;
                // A look that did not end well has left its files where they were.
                if let Ok(seen) = seen
                    && (seen.missed > 0 || !seen.lines.is_empty())
                {
                    return seen;
                }
            }
            self.looks.get_or_insert_with(looks).tick().await;
            let files = Arc::clone(&self.files);
            self.look = Some(tokio::task::spawn_blocking(move || {
                files.lock().unwrap_or_else(PoisonError::into_inner).look()
            }));
        }
    }
}

fn looks() -> Interval {
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    looks
}

#[derive(Debug)]
struct Files {
    directory: PathBuf,
    wanted: Wanted,
    logs: Vec<ProcessLog>,
}

impl Files {
    /// What was written since the last look. What cannot be read now is read at a later
    /// one: there is nobody to tell but the log itself.
    fn look(&mut self) -> LogLines {
        let days = Days::of(&self.directory).unwrap_or_default();
        let mut news = Batch::of(MAX_LOG_LINES);
        for log in &mut self.logs {
            news.append(log.look(&self.directory, &days, &self.wanted));
        }
        news.finish()
    }
}

#[cfg(test)]
mod tests;
