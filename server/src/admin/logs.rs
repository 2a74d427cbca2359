//! Where the lines of the log come from, as the admin channel sees it. Knows no
//! file and no format.

use futures::future::BoxFuture;
use task_orchestrator_shared::admin::log::{LogFilter, LogLine, LogLines};
use thiserror::Error;

/// Why the log cannot be followed.
#[derive(Debug, Error)]
pub enum LogSourceError {
    /// The filter is wrong, such as a regular expression that is none.
    #[error("{0}")]
    Filter(String),
    /// The log cannot be read.
    #[error("{0}")]
    Unreadable(String),
}

/// A log that can be followed.
pub trait LogSource: Send + Sync + 'static {
    /// The newest lines that the filter lets through, at most as many as it says,
    /// and who will tell of more. May block: it is called where that holds nobody up.
    ///
    /// # Errors
    ///
    /// [`LogSourceError`].
    fn open(&self, filter: &LogFilter) -> Result<(Vec<LogLine>, Box<dyn Follow>), LogSourceError>;
}

/// Tells of lines as they are written.
pub trait Follow: Send + 'static {
    /// The next ones, at least one or a count of missed ones. Must be cancel safe,
    /// must keep a bounded number for a reader who does not come, and must not block.
    fn next(&mut self) -> BoxFuture<'_, LogLines>;
}
