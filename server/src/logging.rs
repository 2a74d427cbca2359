//! Where log lines go: the workspace's `logs/` and standard error.
//!
//! It must never write to standard output, which belongs to MCP, and never make
//! a request wait for a disk or a reader of standard error: where lines come
//! faster than they can be written, they are dropped and counted.

mod daily_file;
pub mod follow;
mod tagged;

use std::fmt;
use std::io;
use std::path::PathBuf;

use thiserror::Error;
use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, Subscriber};
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::reload;

use crate::config::{Level, Log, LogFormat, Process, Verbosity};
use crate::workspace::Workspace;
use daily_file::DailyFile;
use tagged::Tagged;

/// Lines that wait to be written, for each destination; more are dropped and
/// counted. At some 200 bytes a line this is below a megabyte.
pub const MAX_WAITING_LINES: usize = 4096;

/// Libraries that say much at `info` about what is no operator's business.
const QUIET_LIBRARIES: [&str; 1] = ["rmcp"];

/// Why logging could not be set up.
#[derive(Debug, Error)]
pub enum LoggingError {
    /// The log file cannot be opened.
    #[error("cannot open a log file in {directory}: {source}")]
    File {
        /// The log directory.
        directory: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Something else in this process logs already.
    #[error("logging is set up already in this process")]
    Twice,
}

type FileFilter<S> = reload::Handle<Targets, S>;

/// Running logging. Dropping it writes out what waits, for at most about a second.
#[must_use = "dropping it ends logging"]
pub struct Logging {
    handle: LogHandle,
    _guards: Vec<WorkerGuard>,
}

impl Logging {
    /// For changing the level later.
    pub fn handle(&self) -> LogHandle {
        self.handle.clone()
    }
}

impl fmt::Debug for Logging {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Logging").field("handle", &self.handle).finish_non_exhaustive()
    }
}

/// Changes and watches logging at run time. Cheap to clone. The default one is of a
/// process that logs nothing to files.
#[derive(Clone, Default)]
pub struct LogHandle {
    filter: Option<FileFilter<tracing_subscriber::Registry>>,
    dropped: Vec<ErrorCounter>,
}

impl LogHandle {
    /// Sets how much goes to the log files. Has no effect on a shim, which has none.
    pub fn set_level(&self, level: Level) {
        if let Some(filter) = &self.filter {
            // The only failure is that logging has ended, and then no level matters.
            let _ = filter.reload(targets(level.into()));
        }
    }

    /// How many lines could not be written because too many waited.
    pub fn dropped_lines(&self) -> usize {
        self.dropped.iter().map(ErrorCounter::dropped_lines).sum()
    }
}

impl fmt::Debug for LogHandle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LogHandle")
            .field("dropped_lines", &self.dropped_lines())
            .finish_non_exhaustive()
    }
}

/// Starts logging for this process. Front and worker write to
/// `logs/<process>.<date>.log`, active and standby worker to the same file (each
/// line is one append, and names its process id). A shim writes to standard error
/// only: an MCP client may start hundreds, and each must stay small.
///
/// # Errors
/// When the log file cannot be opened or logging was started before.
pub fn start(process: Process, workspace: &Workspace, log: &Log) -> Result<Logging, LoggingError> {
    let (dispatch, logging) = build(process, workspace, log, io::stderr)?;
    tracing::dispatcher::set_global_default(dispatch).map_err(|_| LoggingError::Twice)?;
    Ok(logging)
}

fn build<W>(
    process: Process,
    workspace: &Workspace,
    log: &Log,
    stderr: W,
) -> Result<(Dispatch, Logging), LoggingError>
where
    W: for<'a> MakeWriter<'a> + Clone + Send + Sync + 'static,
{
    if process == Process::Shim {
        let layer = lines(log.format, stderr).with_filter(targets(log.stderr.into()));
        let handle = LogHandle { filter: None, dropped: Vec::new() };
        let logging = Logging { handle, _guards: Vec::new() };
        return Ok((Dispatch::new(tracing_subscriber::registry().with(layer)), logging));
    }
    let directory = workspace.logs();
    let file =
        DailyFile::open(&directory, &process.to_string(), log.retention_days, log.max_file_size.bytes())
            .map_err(|source| LoggingError::File { directory, source })?;
    let (file, file_guard) = in_background(file, "log-file");
    let (filter, filter_handle) = reload::Layer::new(targets(log.level.into()));
    let mut dropped = vec![file.error_counter()];
    let mut guards = vec![file_guard];
    let to_file = lines(log.format, file).with_filter(filter);
    let to_stderr = (log.stderr != Verbosity::Off).then(|| {
        let (writer, guard) = in_background(EachLine(stderr), "log-stderr");
        dropped.push(writer.error_counter());
        guards.push(guard);
        lines(log.format, writer).with_filter(targets(log.stderr.into()))
    });
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(to_file).with(to_stderr));
    let handle = LogHandle { filter: Some(filter_handle), dropped };
    Ok((dispatch, Logging { handle, _guards: guards }))
}

fn targets(level: LevelFilter) -> Targets {
    let quiet = level.min(LevelFilter::WARN);
    Targets::new().with_default(level).with_targets(QUIET_LIBRARIES.map(|library| (library, quiet)))
}

fn in_background<W: io::Write + Send + 'static>(writer: W, name: &str) -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default()
        .buffered_lines_limit(MAX_WAITING_LINES)
        .lossy(true)
        .thread_name(name)
        .finish(writer)
}

fn lines<S, W>(format: LogFormat, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(writer);
    match format {
        LogFormat::Human => layer.map_event_format(Tagged::human).boxed(),
        LogFormat::Json => layer.json().map_event_format(Tagged::json).boxed(),
    }
}

/// Standard error as a writer that a thread of its own can hold.
struct EachLine<W>(W);

impl<W: for<'a> MakeWriter<'a>> io::Write for EachLine<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        io::Write::write(&mut self.0.make_writer(), line)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::Write::flush(&mut self.0.make_writer())
    }
}

#[cfg(test)]
mod tests;
