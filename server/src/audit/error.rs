//! Why the audit cannot be written or read.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

/// Why the audit cannot be written or read. It can be cloned, because one failure
/// answers everybody who waits for the same write.
#[derive(Debug, Clone, Error)]
pub enum AuditError {
    /// The system refused.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was being done, as a verb.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// The system's reason.
        source: Arc<io::Error>,
    },
    /// The key cannot be used.
    #[error("the audit's key {path} cannot be used: {problem}")]
    Key {
        /// The file.
        path: PathBuf,
        /// Why not.
        problem: String,
    },
    /// Too much waits to be written.
    #[error("the record cannot be written: {0} records wait already")]
    Full(usize),
    /// A record that is longer than any may be.
    #[error("the record cannot be written: it would be longer than {0} bytes")]
    TooLong(usize),
    /// The audit was closed.
    #[error("the record cannot be written: the audit is closed")]
    Closed,
    /// The system gives no random numbers for a key.
    #[error("no random numbers for the audit's key: {0}")]
    Random(String),
    /// A reader found the files changing under it again and again.
    #[error("the files of the audit change too often to be read")]
    Restless,
}

impl AuditError {
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source: Arc::new(source) }
    }

    /// Whether the files belong to somebody else, who has to be asked.
    pub fn is_permission(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied)
    }

    /// Whether there is nothing yet.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}
